"""The search of AutoCoreset: fits to uniform samples first, then fits to coresets."""

from typing import NamedTuple

import numpy as np

from coreselect.selectors.auto._queries import Columns
from coreselect.selectors.auto._solve import solve, uniform

_NOVEL = 0.1  # a query of larger novelty is informative, even if its cost is no lower
_AS_LOW = 1e-9  # costs within this relative distance count as equal
_CHECKS = 2  # further fits to a coreset that seems best, where fits may differ


class Candidate(NamedTuple):
    """A coreset, the solver that made it, and its error at held-out queries."""

    indices: np.ndarray
    weights: np.ndarray
    solver: str
    error: float


class Search:
    """The queries made so far, and the fits to coresets that add to them.

    Parameters
    ----------
    queries : Queries
    strata : Strata

    Attributes
    ----------
    models : list of fitted estimators
        Models whose losses are in the matrix.
    columns : Columns
        The matrix.
    held_out : ndarray of shape (n_rows, n_held_out)
    cost_path : list of float
        Cost of all rows after each fit to a coreset.
    """

    def __init__(self, queries, strata):
        self._queries = queries
        self._strata = strata
        self.models = []
        self.columns = Columns(strata.weight)
        self.held_out = np.empty((len(strata.weight), 0))
        self.cost_path = []

    @property
    def n_queries(self):
        """The number of fits, held-out ones included."""
        return self._queries.n_made

    def ask(self, indices, weights, origin):
        """Fit to some rows, add a column; return its cost and whether it is novel."""
        query = self._queries.make(indices, weights, origin)
        self.models.append(query.model)
        return query.cost, self.columns.add(query) > _NOVEL

    def ask_uniform(self, size, n_init, n_held_out, rng):
        """Fit to uniform draws: `n_init` for the matrix, then the held-out ones."""
        held_out = []
        origin = "uniformly drawn rows"
        for k in range(n_init + n_held_out):
            drawn = uniform(self._strata, size, rng)
            if k < n_init:
                self.ask(*drawn, origin)
            else:
                held_out.append(self._queries.make(*drawn, origin).column)
        if held_out:
            self.held_out = np.column_stack(held_out)

    def try_exact(self, indices, weights):
        """Fit to an exact coreset, which needs no search, and return it."""
        cost, _ = self.ask(indices, weights, "the exact coreset")
        self.cost_path.append(cost)
        error = self.error(indices, weights)
        return Candidate(indices, weights, "least_squares", error)

    def run(self, size, solvers, patience, most, rng):
        """Fit to coresets until none is better; return the best `Candidate`."""
        # Each fit to a coreset adds its losses to the matrix, so the next coreset is
        # right at these parameters too: the search approaches the best parameters, and
        # the costs there become exact.
        # A fit that is no better but has losses of a new kind improves the matrix, so
        # patience only counts fits that bring nothing new.
        best, lowest, waited = None, np.inf, 0
        while best is None or (waited < patience and self.n_queries < most):
            candidate = self._solve(size, solvers, rng)
            origin = f"a coreset by {candidate.solver!r}"
            cost, novel = self.ask(candidate.indices, candidate.weights, origin)
            if _is_lower(cost, lowest):
                cost = self._checked(candidate, cost, lowest, most)
            self.cost_path.append(cost)
            if best is None or _is_lower(cost, lowest):
                best, lowest, waited = candidate, cost, 0
            elif not novel:
                waited += 1
        return best

    def _checked(self, candidate, cost, lowest, most):
        """Return the highest cost of several fits to one coreset.

        With local minima, a single fit may be good by chance. The other fits are
        queries too, so the next coreset gets the costs at these minima right.
        """
        for _ in range(_CHECKS if self._queries.may_differ else 0):
            if self.n_queries >= most:
                break
            origin = f"the same coreset by {candidate.solver!r}"
            again, _ = self.ask(candidate.indices, candidate.weights, origin)
            cost = max(cost, again)
            if not _is_lower(cost, lowest):
                break
        return cost

    def _solve(self, size, solvers, rng):
        """Return the coreset of the solver with the least error at held-out queries."""
        # Held-out queries decide, since every solver fits the queries of the matrix. A
        # later solver must be clearly better, so that rounding does not choose between
        # two.
        found = []
        for solver in solvers:
            coreset = solve(self._strata, self.columns.losses, size, solver, rng)
            found.append(Candidate(*coreset, solver, self.error(*coreset)))
        best = found[0]
        for candidate in found[1:]:
            if candidate.error < best.error * (1 - _AS_LOW):
                best = candidate
        return best

    def error(self, indices, weights):
        """Return the rms relative error of a coreset's cost at held-out queries."""
        if not self.held_out.shape[1]:
            return float("nan")
        cost = (self._strata.weight[:, None] * self.held_out).sum(axis=0)
        gap = weights @ self.held_out[indices] - cost
        relative = np.divide(gap, cost, out=np.zeros(len(cost)), where=cost > 0)
        return float(np.sqrt(np.mean(relative**2)))


def _is_lower(cost, lowest):
    return cost < lowest - _AS_LOW * abs(lowest) if np.isfinite(lowest) else True
