"""Choose rows and weights by a loss matrix, with one of the methods of `vectorsum`."""

from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from scipy.linalg import solve_triangular

from coreselect._quotas import largest_remainder, members
from coreselect.sampling import draw
from coreselect.vectorsum import (
    caratheodory,
    frank_wolfe,
    median_of_means,
    norm_sampling,
)

Solver: TypeAlias = Literal["caratheodory", "frank_wolfe", "norm", "median_of_means"]
SOLVERS = get_args(Solver)
_RCOND = 1e-12
_CONSTANT = 1e-13  # a variance below this share of the mean square is rounding error
DEPENDENT = 1e-6  # a residual below this share of a column's spread is rounding error


class Losses(NamedTuple):
    """The loss matrix.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_queries)
    costs : list of float
        Cost of all rows at each query.
    gram : ndarray of shape (n_queries + 1, n_queries + 1)
        Mean products, by weight, of a column of ones and the columns.
    """

    matrix: np.ndarray
    costs: list
    gram: np.ndarray


class Strata(NamedTuple):
    """The weights and classes of all rows, and how many rows each class gets.

    Attributes
    ----------
    weight : ndarray of shape (n_rows,)
    codes : ndarray of int of shape (n_rows,) or None
        Class of every row; None where there are no classes.
    shares : ndarray of shape (n_classes,) or None
        The share of the rows that each class gets; None means the share of its weight.
    """

    weight: np.ndarray
    codes: np.ndarray | None
    shares: np.ndarray | None

    @property
    def n_classes(self):
        """The number of classes; one where there are none."""
        return 1 if self.codes is None else int(self.codes.max()) + 1

    def quotas(self, size):
        """Return how many rows each class gets: at least one, at most all it has.

        Shares are rounded by largest remainders.
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
        return largest_remainder(shares, min(size, len(self.codes)), 1, counts)

    def parts(self):
        """Return the rows of each class."""
        if self.codes is None:
            return [np.arange(len(self.weight))]
        return members(self.codes)


def uniform(strata, size, rng):
    """Draw rows of each class by weight; new weights add up to the class's total."""
    found = []
    for rows, quota in zip(strata.parts(), strata.quotas(size), strict=True):
        weight = strata.weight[rows]
        drawn = draw(weight, int(quota), base_weight=weight, random_state=rng)
        found.append((rows[drawn.indices], _filled(drawn.weights, weight.sum())))
    return _together(found)


def solve(strata, losses, size, solver, rng):
    """Choose at most `size` rows whose losses add up to those of all rows.

    Parameters
    ----------
    strata : Strata
    losses : Losses
    size : int
        At least 1.
    solver : {"caratheodory", "frank_wolfe", "norm", "median_of_means"}
    rng : Generator

    Returns
    -------
    indices : ndarray of int64, ascending
    weights : ndarray of float64
        Positive; they add up to the total weight, in each class and overall.
    """
    if solver == "caratheodory":
        return _exact(strata, losses, size, rng)
    found = []
    for rows, quota in zip(strata.parts(), strata.quotas(size), strict=True):
        weight = strata.weight[rows]
        if quota >= len(rows):
            found.append((rows, weight))
            continue
        # The column of ones makes the solvers look at the number of rows, too.
        V = np.column_stack([losses.matrix[rows], np.ones(len(rows))])
        if solver == "frank_wolfe":
            indices, weights = frank_wolfe(V, weight, int(quota))
        else:
            seed = int(rng.integers(2**63))
            sample = norm_sampling if solver == "norm" else median_of_means
            indices, weights = sample(V, weight, int(quota), random_state=seed)
        found.append((rows[indices], _filled(weights, weight.sum())))
    return _together(found)


def _exact(strata, losses, size, rng):
    """Apply Carathéodory's theorem within several groups of random rows, if possible.

    A single group would give one row more than there are columns, whatever the size: a
    few rows with large weights, exact at the queries and far off elsewhere.
    """
    # Without quotas, class totals are further sums to keep, beside those of the losses;
    # with quotas, each class is thinned alone and keeps its total by itself.
    if strata.shares is None:
        strata.quotas(size)  # raises if there are more classes than rows
        totals = _indicators(strata)
        return _in_groups(losses, totals, strata.weight, size, rng)
    found = []
    for rows, quota in zip(strata.parts(), strata.quotas(size), strict=True):
        weight = strata.weight[rows]
        part = losses._replace(matrix=losses.matrix[rows])
        indices, weights = _in_groups(part, None, weight, int(quota), rng)
        found.append((rows[indices], weights))
    return _together(found)


def _indicators(strata):
    """Return the indicators of all classes but the last.

    Their sums are the class totals. The total of the last class is kept as well, since
    the total weight of all rows is kept.
    """
    if strata.n_classes == 1:
        return None
    return (strata.codes[:, None] == np.arange(strata.n_classes - 1)).astype(float)


def _in_groups(losses, totals, weight, size, rng):
    n = len(weight)
    if size >= n:
        return np.arange(n), weight
    # At most half as many columns as rows leaves two groups or more, mostly.
    n_totals = 0 if totals is None else totals.shape[1]
    n_columns = max(1, (size - n_totals) // 2)
    columns = independent(losses, min(n_columns, size - n_totals - 1))
    if len(columns) + n_totals == 0:  # only one row is wanted, or all losses are zero
        V = losses.matrix.sum(axis=1, keepdims=True) + 1
        seed = int(rng.integers(2**63))
        indices, weights = norm_sampling(V, weight, size, random_state=seed)
        return indices, _filled(weights, weight.sum())
    V = np.ascontiguousarray(losses.matrix[:, columns])
    if totals is not None:
        V = np.column_stack([V, totals])
    # A group needs one row more than there are columns. Random groups spread the rows
    # over the data, which makes them right beyond the queries in the matrix.
    n_groups = min(size // (V.shape[1] + 1), n)
    if n_groups == 1:
        return caratheodory(V, weight)
    found = []
    for rows in np.array_split(rng.permutation(n), n_groups):
        indices, weights = caratheodory(V[rows], weight[rows])
        found.append((rows[indices], weights))
    return _together(found)


def independent(losses, n_columns):
    """Return the queries of lowest cost that are no combinations of cheaper ones.

    Costs within 1e-9 of each other count as equal; the later query then goes first.
    """
    costs = np.asarray(losses.costs)
    scale = np.abs(costs).max(initial=0.0) or 1.0
    latest_first = np.argsort(np.round(costs[::-1] / scale, 9), kind="stable")
    means, own = losses.gram[0, 1:], np.diag(losses.gram)[1:]
    covariance = losses.gram[1:, 1:] - np.outer(means, means)
    # Cholesky factor of the covariance of the chosen columns, which grows by one row
    # per chosen column. `left` is the variance of a candidate that the chosen ones do
    # not explain; a candidate is skipped where only rounding error is left.
    factor = np.zeros((n_columns, n_columns))
    chosen = []
    for column in len(costs) - 1 - latest_first:
        k = len(chosen)
        if k == n_columns:
            break
        spread = covariance[column, column]
        row = solve_triangular(factor[:k, :k], covariance[chosen, column], lower=True)
        left = spread - row @ row
        if left > max(DEPENDENT**2 * spread, _CONSTANT * own[column]):
            factor[k, :k], factor[k, k] = row, np.sqrt(left)
            chosen.append(column)
    return np.sort(np.array(chosen, dtype=np.int64))


def residual_share(gram, with_others, own):
    """Return the share of a column's spread that other columns do not explain.

    Parameters
    ----------
    gram : ndarray of shape (q + 1, q + 1)
        Mean products of a column of ones (first) and q columns.
    with_others : ndarray of shape (q + 1,)
        Mean products of the same columns with the column in question.
    own : float
        Mean square of that column.

    Returns
    -------
    float
        Root mean square residual over the standard deviation, between 0 and 1; 0 for a
        constant column.
    """
    # Least squares by means of products: the columns themselves are not read again.
    spread = own - with_others[0] ** 2
    if spread <= _CONSTANT * own:
        return 0.0
    # Columns are scaled to mean square one, since their losses may differ in size.
    scale = np.sqrt(np.diag(gram))
    scale[scale == 0] = 1.0
    scaled = gram / np.outer(scale, scale)
    coefficients = np.linalg.lstsq(scaled, with_others / scale, rcond=_RCOND)[0]
    left = max(0.0, own - coefficients @ (with_others / scale))
    return float(min(1.0, np.sqrt(left / spread)))


def _filled(weights, total):
    """Scale weights to a total, which keeps the strength of penalties."""
    return weights * (total / weights.sum())


def _together(found):
    indices, weights = map(np.concatenate, zip(*found, strict=True))
    order = np.argsort(indices)
    return indices[order].astype(np.int64), weights[order]
