"""From a loss matrix to rows and weights, by one of the sums of `vectorsum`."""

from typing import NamedTuple

import numpy as np

from coreselect.sampling import draw
from coreselect.vectorsum import (
    caratheodory,
    frank_wolfe,
    median_of_means,
    norm_sampling,
)

SOLVERS = ("caratheodory", "frank_wolfe", "norm", "median_of_means")


class Problem(NamedTuple):
    """What the rows of a coreset are chosen from.

    Attributes
    ----------
    weight : ndarray of shape (n_rows,)
    codes : ndarray of int of shape (n_rows,) or None
        Class of every row; None where there are no classes.
    shares : ndarray of shape (n_classes,) or None
        The share of the rows that each class is to get; None: that of its weight.
    """

    weight: np.ndarray
    codes: np.ndarray | None
    shares: np.ndarray | None

    @property
    def n_classes(self):
        """The number of classes; one where there are none."""
        return 1 if self.codes is None else int(self.codes.max()) + 1

    def quotas(self, size):
        """Return how many rows each class gets: one at least, its rows at most.

        The rest is rounded down, and what is left goes to the largest remainders.
        """
        k = self.n_classes
        if size < k:
            raise ValueError(
                f"n_select={size} is less than the {k} classes of y, each of which "
                f"needs a row; use n_select of at least {k}."
            )
        if self.codes is None:
            return np.array([min(size, len(self.weight))])
        counts = np.bincount(self.codes)
        shares = self.shares
        if shares is None:
            shares = np.bincount(self.codes, self.weight)
        return _apportion(shares / shares.sum(), counts, min(size, len(self.codes)))

    def parts(self):
        """Return the rows of each class."""
        if self.codes is None:
            return [np.arange(len(self.weight))]
        order = np.argsort(self.codes, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.codes))[:-1])


def _apportion(shares, counts, size):
    """Split `size` by shares; every part gets from 1 to its count."""
    quotas = np.ones(len(shares), dtype=np.int64)
    while (left := size - int(quotas.sum())) > 0:
        open_ = quotas < counts
        wanted = np.where(open_, np.maximum(0.0, shares * size - quotas), 0.0)
        if not wanted.any():
            wanted = np.where(open_, shares + 1e-12, 0.0)
        wanted *= min(1.0, left / wanted.sum())
        whole = np.minimum(np.floor(wanted + 1e-9).astype(np.int64), counts - quotas)
        if not whole.any():
            first = np.argsort(-np.round(wanted, 9), kind="stable")
            first = first[open_[first]][:left]
            whole[first] = 1
        quotas += whole
    return quotas


def uniform(problem, size, rng):
    """Draw rows of every class in proportion to weight; weights add up to the total."""
    found = []
    for rows, quota in zip(problem.parts(), problem.quotas(size), strict=True):
        weight = problem.weight[rows]
        drawn = draw(weight, int(quota), base_weight=weight, random_state=rng)
        found.append((rows[drawn.indices], _filled(drawn.weights, weight.sum())))
    return _together(found)


def solve(problem, matrix, costs, size, solver, rng):
    """Choose at most `size` rows whose losses add up to those of all rows.

    Parameters
    ----------
    problem : Problem
    matrix : ndarray of shape (n_rows, n_queries)
        Losses.
    costs : list of float
        Cost of each query.
    size : int
        At least 1.
    solver : {"caratheodory", "frank_wolfe", "norm", "median_of_means"}
    rng : Generator

    Returns
    -------
    indices : ndarray of int64, ascending
    weights : ndarray of float64
        Positive; they add up to the total weight, of each class too.
    """
    if solver == "caratheodory":
        return _exact(problem, matrix, costs, size, rng)
    found = []
    for rows, quota in zip(problem.parts(), problem.quotas(size), strict=True):
        weight = problem.weight[rows]
        if quota >= len(rows):
            found.append((rows, weight))
            continue
        V = np.column_stack([matrix[rows], np.ones(len(rows))])
        if solver == "frank_wolfe":
            indices, weights = frank_wolfe(V, weight, int(quota))
        else:
            seed = int(rng.integers(2**63))
            sample = norm_sampling if solver == "norm" else median_of_means
            indices, weights = sample(V, weight, int(quota), random_state=seed)
        found.append((rows[indices], _filled(weights, weight.sum())))
    return _together(found)


def _exact(problem, matrix, costs, size, rng):
    """Carathéodory, within groups of random rows while rows allow several of them.

    A single group would get one row more than there are columns, however many are
    asked for: a few rows with large weights, right at the queries and nowhere else.
    """
    if problem.shares is None:
        problem.quotas(size)  # says whether classes are too many
        totals = _indicators(problem)
        found = [_in_groups(matrix, totals, problem.weight, costs, size, rng)]
        return _together(found)
    found = []
    for rows, quota in zip(problem.parts(), problem.quotas(size), strict=True):
        weight = problem.weight[rows]
        indices, weights = _in_groups(matrix[rows], None, weight, costs, quota, rng)
        found.append((rows[indices], weights))
    return _together(found)


def _indicators(problem):
    """Return a column for each class but the last, whose total weight is kept too."""
    if problem.n_classes == 1:
        return None
    return (problem.codes[:, None] == np.arange(problem.n_classes - 1)).astype(float)


def _in_groups(matrix, totals, weight, costs, size, rng):
    n = len(weight)
    if size >= n:
        return np.arange(n), weight
    n_totals = 0 if totals is None else totals.shape[1]
    n_columns = max(1, (size - n_totals) // 2)  # so that there are two groups, mostly
    n_columns = min(n_columns, len(costs), size - n_totals - 1)
    columns = cheapest(costs, n_columns)
    if n_columns + n_totals == 0:  # a single row
        V = matrix.sum(axis=1, keepdims=True) + 1
        seed = int(rng.integers(2**63))
        indices, weights = norm_sampling(V, weight, size, random_state=seed)
        return indices, _filled(weights, weight.sum())
    V = matrix[:, columns]
    if totals is not None:
        V = np.column_stack([V, totals])
    n_groups = min(size // (V.shape[1] + 1), n)
    if n_groups == 1:
        return caratheodory(V, weight)
    found = []
    for rows in np.array_split(rng.permutation(n), n_groups):
        indices, weights = caratheodory(V[rows], weight[rows])
        found.append((rows[indices], weights))
    return _together(found)


def cheapest(costs, n_columns):
    """Return the numbers of the queries with the lowest costs, in their own order.

    Costs within 1e-9 of each other are equal, and later queries go first.
    """
    costs = np.asarray(costs)
    scale = np.abs(costs).max(initial=0.0) or 1.0
    latest_first = np.argsort(np.round(costs[::-1] / scale, 9), kind="stable")
    return np.sort(len(costs) - 1 - latest_first[:n_columns])


def _filled(weights, total):
    """Scale weights to a total: like C * W / sum(u), it keeps penalties in place."""
    return weights * (total / weights.sum())


def _together(found):
    indices, weights = map(np.concatenate, zip(*found, strict=True))
    order = np.argsort(indices)
    return indices[order].astype(np.int64), weights[order]
