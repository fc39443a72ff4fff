r"""Weights near given ones that meet given totals (Deville and Särndal 1992).

Let row i have weight :math:`d_i` and values :math:`x_i`. New weights are :math:`d_i
F(x_i^\top \lambda)` with one of three functions F with :math:`F(0) = F'(0) = 1`. The
multipliers :math:`\lambda` that give :math:`\sum d_i F(x_i^\top \lambda) x_i = T`
minimise the convex function :math:`\sum d_i \Phi(x_i^\top \lambda) - T^\top \lambda`,
where :math:`\Phi' = F`. Newton's method with a line search finds them.
"""

import numpy as np
from scipy.linalg import solve

_EPS = np.finfo(np.float64).eps
_STEPS = 100  # of Newton; totals at the edge of what is possible take about 40
_HALVINGS = 60
_LARGEST = 30.0  # change of an exponent in one step: the line search starts there


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
    at = np.zeros(p)
    integral, ratio, slope = law(np.zeros(n))
    for _ in range(_STEPS):
        new = weights * ratio
        gap = totals - columns.T @ new
        error = n + (p + 2) * (sizes @ np.abs(at))
        if (np.abs(gap) <= _EPS * (sizes.T @ (np.abs(new) * error))).all():
            return ratio, True
        hessian = columns.T @ (columns * (weights * slope)[:, None])
        # Where all ratios are at a bound, or next to 0, the Hessian vanishes.
        hessian.flat[:: p + 1] += 1e-14 * np.trace(hessian) + np.finfo(np.float64).tiny
        try:
            step = solve(hessian, gap, assume_a="pos", check_finite=False)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all():
            break
        value = weights @ integral - totals @ at
        noise = n * _EPS * (weights @ np.abs(integral) + np.abs(totals) @ np.abs(at))
        change = np.abs(columns @ step).max()
        length = min(1.0, _LARGEST / change) if change else 1.0
        for _ in range(_HALVINGS):
            to = at + length * step
            integral, ratio, slope = law(columns @ to)
            descent = 1e-4 * length * (gap @ step)
            if weights @ integral - totals @ to <= value - descent + noise:
                break
            length /= 2
        at = to
    return ratio, False


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
