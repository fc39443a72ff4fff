"""The sum and the maximum of all l_p sensitivities, from a few of them.

Lewis weights bound the sensitivities. So rows drawn by these weights estimate the sum,
and the rows of the largest bounds contain the maximum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coreselect._random import draw_seed, stream
from coreselect._typing import Column, RowsLike, Seed
from coreselect._validation import Boolean, Integer, Real
from coreselect.linalg._shares import share_bounds
from coreselect.linalg.lewis import POWER, learn_lewis, sensitivity_factor
from coreselect.linalg.sensitivities import (
    ITERATIONS,
    TOLERANCE,
    orthonormal,
    power_rows,
)
from coreselect.rows import open as open_rows


class Interval(NamedTuple):
    """Lower and upper bound of a number.

    Parameters
    ----------
    lower : float
    upper : float

    Examples
    --------
    >>> from coreselect.linalg import max_sensitivity
    >>> found = max_sensitivity([[1.0], [3.0]], 1)
    >>> round(found.lower, 6), round(found.upper, 6)
    (0.75, 0.75)
    """

    lower: float
    upper: float


class Estimate(NamedTuple):
    """An estimate and its standard error.

    Parameters
    ----------
    value : float
    standard_error : float

    Examples
    --------
    >>> from coreselect.linalg import total_sensitivity
    >>> found = total_sensitivity([[1.0], [3.0]], 1, random_state=0)
    >>> round(found.value, 6), round(found.standard_error, 6)
    (1.0, 0.0)
    """

    value: float
    standard_error: float


def total_sensitivity(
    X: RowsLike,
    p: float,
    *,
    n_solves: int = 100,
    fit_intercept: bool = False,
    sample_weight: Column = None,
    random_state: Seed = None,
) -> Estimate:
    """Estimate the sum of all l_p sensitivities from a sample of rows.

    Parameters
    ----------
    X, p
        As in `lp_sensitivities`, for p from 1 to 1000.
    n_solves : int, default=100
        Number of rows drawn with probability proportional to their Lewis weights.
    fit_intercept, sample_weight
        As in `lp_sensitivities`.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    Estimate
        Unbiased estimate and its standard error.

    See Also
    --------
    lp_sensitivities : The sensitivities of all rows.

    Notes
    -----
    For a row drawn with probability proportional to its Lewis weight w_i, ``rank *
    sigma_i / w_i`` is an unbiased estimate, within a factor of ``d**|1 - p/2|``. So
    about ``d**|1 - p/2| / epsilon**2`` rows give a relative error of epsilon [1]_.

    References
    ----------
    .. [1] S. Padmanabhan, D. P. Woodruff, Q. Zhang, "Computing approximate l_p
       sensitivities", NeurIPS 2023, :arxiv:`2311.04158`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.linalg import total_sensitivity
    >>> X = np.random.default_rng(0).standard_normal((500, 3))
    >>> found = total_sensitivity(X, 1, random_state=0)
    >>> bool(3**0.5 <= found.value <= 3)
    True
    """
    Integer(1)("n_solves", n_solves)
    solver, weights = _solver(X, p, fit_intercept, sample_weight)
    if not weights.any():
        return Estimate(0.0, 0.0)
    rng = stream(draw_seed(random_state), 0)
    chance = np.cumsum(weights)
    drawn = np.searchsorted(chance, rng.random(n_solves) * chance[-1])
    # Rows that are drawn more than once are solved once.
    rows, back = np.unique(np.minimum(drawn, len(weights) - 1), return_inverse=True)
    ratio = chance[-1] * (solver(rows)[0] / weights[rows])[back]
    error = ratio.std(ddof=1) / np.sqrt(n_solves) if n_solves > 1 else np.inf
    return Estimate(float(ratio.mean()), float(error))


def max_sensitivity(
    X: RowsLike,
    p: float,
    *,
    max_solves: int = 1000,
    fit_intercept: bool = False,
    sample_weight: Column = None,
) -> Interval:
    """Find the largest l_p sensitivity without computing all sensitivities.

    Parameters
    ----------
    X, p
        As in `lp_sensitivities`, for p from 1 to 1000.
    max_solves : int, default=1000
        Largest number of rows whose sensitivity is computed.
    fit_intercept, sample_weight
        As in `lp_sensitivities`.

    Returns
    -------
    Interval
        Bounds of the maximum; equal up to 1e-7, unless `max_solves` was too small.

    See Also
    --------
    lp_sensitivities : The sensitivities of all rows.

    Notes
    -----
    Rows are solved in descending order of their bounds by Lewis weights, until the next
    bound is below the largest sensitivity found. Even after a single solve, the result
    is within a factor of ``d**|1 - p/2|``.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.linalg import max_sensitivity
    >>> X = np.random.default_rng(0).standard_normal((500, 3))
    >>> found = max_sensitivity(X, 1)
    >>> bool(found.upper <= found.lower * 1.001)
    True
    """
    Integer(1)("max_solves", max_solves)
    solver, weights = _solver(X, p, fit_intercept, sample_weight)
    rank = round(weights.sum())
    bounds = np.minimum(1.0, 1.01 * weights * sensitivity_factor(rank, p))
    order = np.argsort(-bounds, kind="stable")
    # Every row that is not solved has a sensitivity of at most its bound, and the
    # largest of these bounds is that of the next row in the order.
    lower, upper = 0.0, 0.0
    for start in range(0, min(len(order), max_solves), 16):
        at = order[start : min(start + 16, max_solves)]
        low, high = solver(at)
        lower, upper = max(lower, low.max()), max(upper, high.max())
        following = start + len(at)
        rest = bounds[order[following]] if following < len(order) else 0.0
        if rest <= lower:
            break
    return Interval(float(lower), float(min(1.0, max(upper, rest))))


def _solver(X, p, fit_intercept, sample_weight):
    """Return a function from row numbers to bounds of sensitivities, and weights."""
    Real(1, POWER.maximum)("p", p)
    Boolean()("fit_intercept", fit_intercept)
    rows = open_rows(X, sample_weight=sample_weight).near_one()[0].subset()
    lewis = learn_lewis(
        rows, p=p, fit_intercept=fit_intercept, tol=1e-8, max_iter=1000, warn=False
    )
    weights = lewis.weights()
    if lewis.whitening.rank == 0:
        return lambda at: (np.zeros(len(at)), np.zeros(len(at))), weights
    # The data are whitened once; then every problem costs a few r x r systems.
    A = power_rows(rows.whole(), lewis.whitening, p)
    _, A = orthonormal(lewis.whitening, A)

    def solve(at):
        if p == 2:
            return weights[at], weights[at]
        found = share_bounds(A, A[at], p, n_iter=ITERATIONS["exact"], tol=TOLERANCE)
        return np.minimum(found, 1.0)

    return solve, weights
