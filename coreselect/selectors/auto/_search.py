"""Queries by fits to uniform rows, then to coresets that the queries so far give."""

from typing import NamedTuple

import numpy as np

from coreselect.selectors.auto._queries import Columns
from coreselect.selectors.auto._solve import solve, uniform

_NEWS = 0.1  # of what a column changes, not explained by others: it teaches
_AS_LOW = 1e-9  # relative; costs this near to each other are equal


_CHECKS = 2  # further fits to a coreset that seems the best, where these may differ


class Tried(NamedTuple):
    """A coreset, the solver it comes from, and its error at held-out queries."""

    indices: np.ndarray
    weights: np.ndarray
    solver: str
    error: float


class Search:
    """What has been asked so far.

    Parameters
    ----------
    queries : Queries
    problem : Problem

    Attributes
    ----------
    models : list of fitted estimators
        Whose losses are in the matrix.
    columns : Columns
        The matrix.
    held_out : ndarray of shape (n_rows, n_held_out)
    cost_path : list of float
        Cost of all rows after each fit to a coreset.
    """

    def __init__(self, queries, problem):
        self._queries = queries
        self._problem = problem
        self.models = []
        self.columns = Columns(problem.weight)
        self.held_out = np.empty((len(problem.weight), 0))
        self.cost_path = []

    @property
    def n_queries(self):
        """The number of fits, held-out ones included."""
        return self._queries.n_made

    def ask(self, indices, weights, what):
        """Fit to some rows, add a column; return the cost, and whether it is news."""
        query = self._queries.make(indices, weights, what)
        self.models.append(query.model)
        return query.cost, self.columns.add(query) > _NEWS

    def ask_uniform(self, size, n_init, n_held_out, rng):
        """Fit to uniform draws: those of the matrix, then those held out."""
        held_out = []
        what = "uniformly drawn rows"
        for k in range(n_init + n_held_out):
            drawn = uniform(self._problem, size, rng)
            if k < n_init:
                self.ask(*drawn, what)
            else:
                held_out.append(self._queries.make(*drawn, what).column)
        if held_out:
            self.held_out = np.column_stack(held_out)

    def try_exact(self, indices, weights):
        """Fit to a coreset that needs no search; return it."""
        cost, _ = self.ask(indices, weights, "the exact coreset")
        self.cost_path.append(cost)
        error = self.error(indices, weights)
        return Tried(indices, weights, "least_squares", error)

    def run(self, size, solvers, patience, most, rng):
        """Fit to coresets until none is better; return the best, a `Tried`."""
        best, lowest, waited = None, np.inf, 0
        while best is None or (waited < patience and self.n_queries < most):
            tried = self._solve(size, solvers, rng)
            what = f"a coreset by {tried.solver!r}"
            cost, news = self.ask(tried.indices, tried.weights, what)
            if _is_lower(cost, lowest):
                cost = self._checked(tried, cost, lowest, most)
            self.cost_path.append(cost)
            if best is None or _is_lower(cost, lowest):
                best, lowest, waited = tried, cost, 0
            elif not news:
                waited += 1
        return best

    def _checked(self, tried, cost, lowest, most):
        """Return the highest cost of some fits to a coreset, which may differ.

        With local minima a single fit may be right by chance. What the others find are
        queries too: the next coreset knows what all rows cost there.
        """
        for _ in range(_CHECKS if self._queries.may_differ else 0):
            if self.n_queries >= most:
                break
            what = f"the same coreset by {tried.solver!r}"
            again, _ = self.ask(tried.indices, tried.weights, what)
            cost = max(cost, again)
            if not _is_lower(cost, lowest):
                break
        return cost

    def _solve(self, size, solvers, rng):
        """Return the coreset of the solver that does best at the held-out queries."""
        found = []
        for solver in solvers:
            coreset = solve(self._problem, self.columns.losses, size, solver, rng)
            found.append(Tried(*coreset, solver, self.error(*coreset)))
        best = found[0]
        for tried in found[1:]:
            if tried.error < best.error * (1 - _AS_LOW):
                best = tried
        return best

    def error(self, indices, weights):
        """Return the rms relative error of a coreset's cost at held-out queries."""
        if not self.held_out.shape[1]:
            return float("nan")
        cost = (self._problem.weight[:, None] * self.held_out).sum(axis=0)
        gap = weights @ self.held_out[indices] - cost
        relative = np.divide(gap, cost, out=np.zeros(len(cost)), where=cost > 0)
        return float(np.sqrt(np.mean(relative**2)))


def _is_lower(cost, lowest):
    return cost < lowest - _AS_LOW * abs(lowest) if np.isfinite(lowest) else True
