r"""Weights near given ones that meet given totals (Deville and Särndal 1992).

Let row i have weight :math:`d_i` and values :math:`x_i`. New weights are :math:`d_i
F(x_i^\top \lambda)` with one of three functions F with :math:`F(0) = F'(0) = 1`. The
multipliers :math:`\lambda` that give :math:`\sum d_i F(x_i^\top \lambda) x_i = T`
minimise the convex function :math:`\sum d_i \Phi(x_i^\top \lambda) - T^\top \lambda`,
where :math:`\Phi' = F`. Newton's method with a line search finds them.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from coreselect._typing import Array

_EPS = np.finfo(np.float64).eps
_STEPS = 100  # of Newton; totals at the edge of what is possible take about 40
_TRIALS = 60  # of a line search
_FARTHEST = 1000.0  # change of an exponent in one step


def raking(u):
    """Return Phi, F and F' of the ratio ``exp(u)``, which is always positive."""
    with np.errstate(over="ignore"):
        ratio = np.exp(u)
        return np.expm1(u), ratio, ratio


def linear(u):
    """Return Phi, F and F' of the ratio ``1 + u``."""
    return u + u**2 / 2, 1 + u, np.ones(len(u))


def logit(low, high):
    """Return a function like `raking` whose ratios lie between two bounds."""
    width = high - low
    steep = width / ((1 - low) * (high - 1))
    start = np.log((1 - low) / (high - 1))  # where the ratio is 1

    def law(u):
        v = steep * u + start
        share = 1 / (1 + np.exp(-np.clip(v, -700, 700)))
        integral = low * u + width / steep * np.logaddexp(0, v)
        return integral, low + width * share, width * steep * share * (1 - share)

    return law


class _Point(NamedTuple):
    """The function that is minimised at some multipliers; `gap` is minus its slope."""

    multipliers: Array
    value: float
    gap: Array
    ratio: Array
    curvature: Array  # F'
    noise: float  # rounding error of the value


def reweigh(weights, columns, totals, law):
    """Return the ratios of new weights to old ones, and whether they meet the totals.

    Parameters
    ----------
    weights : ndarray of shape (n_rows,)
        Positive, near one.
    columns : ndarray of shape (n_rows, n_columns)
        Orthonormal under the weights, so that Newton starts with a Hessian of one.
    totals : ndarray of shape (n_columns,)
    law : callable
        `raking`, `linear` or what `logit` returns.

    Notes
    -----
    Totals are met when none is off by more than the error of computing it: a sum of n
    terms is off by at most n eps times the sum of their absolute values, and a ratio by
    ``(p + 2) eps |x|' |multipliers|`` of itself, for p columns.
    """
    n, p = columns.shape
    sizes = np.abs(columns)

    def evaluate(multipliers):
        integral, ratio, curvature = law(columns @ multipliers)
        value = weights @ integral - totals @ multipliers
        noise = weights @ np.abs(integral) + np.abs(totals) @ np.abs(multipliers)
        gap = totals - columns.T @ (weights * ratio)
        return _Point(multipliers, value, gap, ratio, curvature, n * _EPS * noise)

    point = evaluate(np.zeros(p))
    for _ in range(_STEPS):
        error = n + (p + 2) * (sizes @ np.abs(point.multipliers))
        error = _EPS * (sizes.T @ (weights * np.abs(point.ratio) * error))
        if (np.abs(point.gap) <= error).all():
            return point.ratio, True
        hessian = columns.T @ (columns * (weights * point.curvature)[:, None])
        # Where all ratios are at a bound, or next to 0, the Hessian vanishes.
        hessian.flat[:: p + 1] += 1e-14 * np.trace(hessian) + np.finfo(np.float64).tiny
        with np.errstate(over="ignore", invalid="ignore"):
            try:
                step = cho_solve(cho_factor(hessian), point.gap)
            except np.linalg.LinAlgError:
                break
            change = np.abs(columns @ step).max()
            if not 0 < change < np.inf:
                break
            point = _advance(evaluate, point, step, _FARTHEST / change)
    return point.ratio, False


def _advance(evaluate, point, step, most):
    """Return a point along a step where the function and its slope fell enough.

    These are the strong Wolfe conditions: with less, Newton may jump to and fro between
    the ends of F. `most` is the largest length.
    """
    down = point.gap @ step
    low, high, length = 0.0, np.inf, min(1.0, most)
    for _ in range(_TRIALS):
        there = evaluate(point.multipliers + length * step)
        left = there.gap @ step
        enough = point.value - there.value >= 1e-4 * length * down - point.noise
        if not enough or left < -0.5 * down:
            high = length
        elif left > 0.5 * down and length < most:
            low = length
        else:
            break
        length = min(2 * low, most) if high == np.inf else (low + high) / 2
    return there


def nearest_totals(weights, columns, totals, low, high):
    """Return the totals nearest to given ones that some weights give.

    Parameters
    ----------
    weights, columns, totals
        As in `reweigh`, but the columns need not be orthonormal.
    low, high : float
        Bounds of the ratio of new weights to old ones; `high` may be infinite.

    Returns
    -------
    totals : ndarray of shape (n_columns,)
        With the least sum of distances, each in standard deviations of its column. So
        the total of a column of ones gives way last.
    """
    from scipy.optimize import linprog

    p = columns.shape[1]
    terms = columns.T * weights
    units = np.abs(terms).sum(axis=1)
    means = terms.sum(axis=1) / weights.sum()
    squares = weights @ (columns - means) ** 2 / weights.sum()
    spreads = np.maximum(np.sqrt(squares), 1e-3 * np.abs(means))
    price = units / (spreads * weights.sum())
    each = np.eye(p)
    found = linprog(
        np.concatenate([np.zeros(len(weights)), price, price]),
        A_eq=np.hstack([terms / units[:, None], each, -each]),
        b_eq=totals / units,
        bounds=[(low, high)] * len(weights) + [(0, None)] * (2 * p),
    )
    if found.x is None:
        return totals
    above, below = found.x[-2 * p : -p], found.x[-p:]
    return totals - units * (above - below)
