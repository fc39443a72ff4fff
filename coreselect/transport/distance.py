"""Optimal transport between weighted rows, solved by POT.

The distance between rows X with weights a and rows Y with weights b is the least cost
``sum(P * C)`` of a plan P >= 0 whose row sums are a and whose column sums are b. C
holds the distances between rows, not squared. The dual potentials (u, v) are prices of
mass: ``u_i + v_j <= C_ij``, with equality wherever the plan moves mass.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import power_of_two, to_dense
from coreselect._typing import Floats
from coreselect._validation import OneOf, check_nonnegative
from coreselect.rows import open as open_rows
from coreselect.transport.whitening import same_features

METRICS = ("euclidean", "chord")
SOLVERS = ("exact", "sinkhorn", "lazy")

# Limit for the network simplex; POT's default is too low for 10,000 rows.
_PIVOTS = 100_000_000
_SWEEPS = 100_000  # limit for Sinkhorn, which reaches its tolerance long before
_TOLERANCE = 1e-7  # total error of the marginals
_BLUR = 0.005  # entropic regularisation, relative to the mean cost


def ot_distance(
    X: ArrayLike,
    Y: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    metric: Literal["euclidean", "chord"] = "euclidean",
    solver: Literal["exact", "sinkhorn", "lazy"] = "exact",
) -> float:
    """Compute the optimal transport distance between two sets of weighted rows.

    Parameters
    ----------
    X : array-like of shape (n, n_features)
        Or anything else that `coreselect.rows.open` takes; it must fit in memory.
    Y : array-like of shape (m, n_features)
    a : array-like of shape (n,), optional
        Non-negative weights of the rows of X; only their ratios count. None means equal
        weights.
    b : array-like of shape (m,), optional
        Weights of the rows of Y.
    metric : {"euclidean", "chord"}
        The cost of moving one unit of mass: the Euclidean distance of the rows, or of
        the rows scaled to length one, ``sqrt(2 - 2 cos)``. (A row of zeros is not
        scaled; its distance from all others is 1.)
    solver : {"exact", "sinkhorn", "lazy"}
        - ``"exact"``: network simplex on the matrix of costs.
        - ``"lazy"``: the same without that matrix, in O(n + m) memory and about twice
          the time. Needs POT 0.9.7.
        - ``"sinkhorn"``: the cost of the entropic plan with a regularisation of 0.5 %
          of the mean cost, iterated until the error of its marginals is 1e-7. It is
          above the exact distance, usually by less than one per cent.

    Returns
    -------
    float
        The 1-Wasserstein distance.

    Raises
    ------
    ValueError
        If weights are negative, not finite or all zero, or if X and Y differ in their
        number of features.
    RuntimeError
        If the solver did not converge.

    Notes
    -----
    The exact solver takes between O(n m) and O(n m (n + m)) time, about 0.1 s for
    1,000 by 1,000 rows, and several times 8 n m bytes of memory.

    Examples
    --------
    >>> from coreselect.transport import ot_distance
    >>> ot_distance([[0.0], [2.0]], [[1.0]])
    1.0
    >>> ot_distance([[0.0], [2.0]], [[2.0]], a=[1, 3])
    0.5
    """
    OneOf(*SOLVERS)("solver", solver)
    X, Y, a, b, unit = _checked(X, Y, a, b, metric)
    if solver == "lazy":
        return unit * _lazy(X, Y, a, b)
    solve = _sinkhorn if solver == "sinkhorn" else _exact
    return unit * solve(a, b, cdist(X, Y))


def dual_potentials(
    X: ArrayLike,
    Y: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    metric: Literal["euclidean", "chord"] = "euclidean",
) -> tuple[Floats, Floats]:
    """Compute the dual potentials of an optimal transport problem.

    Parameters
    ----------
    X, Y, a, b, metric
        As in `ot_distance`.

    Returns
    -------
    u : ndarray of shape (n,)
        Prices at the rows of X, with ``u_i + v_j <= C_ij``.
    v : ndarray of shape (m,)
        Prices at the rows of Y; ``a @ u + b @ v`` is the distance.

    See Also
    --------
    row_values : The effect of a row on the distance, free of the arbitrary constant.

    Notes
    -----
    Potentials are not weights: a constant may be added to u and subtracted from v, so
    their ratios and signs mean nothing. Here it is chosen so that u and v have the same
    mean.

    Examples
    --------
    >>> from coreselect.transport import dual_potentials
    >>> u, v = dual_potentials([[0.0], [3.0]], [[1.0]])
    >>> u - u[0], float(u.mean() + v.mean())
    (array([0., 1.]), 1.5)
    """
    X, Y, a, b, unit = _checked(X, Y, a, b, metric)
    _, u, v = transport(a, b, cdist(X, Y))
    gap = (u.mean() - v.mean()) / 2
    return unit * (u - gap), unit * (v + gap)


def row_values(
    X: ArrayLike,
    Y: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    metric: Literal["euclidean", "chord"] = "euclidean",
) -> Floats:
    """Compute how much each row of X adds to its distance from Y.

    Parameters
    ----------
    X, Y, a, b, metric
        As in `ot_distance`; X needs two rows of positive weight.

    Returns
    -------
    ndarray of shape (n,)
        Calibrated values [1]_: the dual potential of a row minus the weighted mean of
        those of the others. Low values are good: moving mass from the other rows to
        this one changes the distance at this rate. Without row i, the distance changes
        by about ``-a_i * value_i`` (for weights that add up to one).

    Notes
    -----
    This is the first-order effect, exact as long as the optimal basis does not change.

    References
    ----------
    .. [1] H. A. Just, F. Kang, T. Wang, Y. Zeng, M. Ko, M. Jin, R. Jia, "LAVA: data
       valuation without pre-specified learning algorithms", ICLR 2023,
       :arxiv:`2305.00054`.

    Examples
    --------
    >>> from coreselect.transport import row_values
    >>> row_values([[0.0], [1.0], [9.0]], [[0.0], [1.0]]).argmax()  # the outlier
    np.int64(2)
    """
    # Mass cannot appear: what row i gets, the others give, in proportion to their
    # weights. So the value of a row is its price less the mean price of the others.
    X, Y, a, b, unit = _checked(X, Y, a, b, metric)
    if (a > 0).sum() < 2:
        raise ValueError(
            f"X has {(a > 0).sum()} row of positive weight; the value of a row "
            "compares it with the others, so two are needed."
        )
    _, u, _ = transport(a, b, cdist(X, Y))
    others = np.maximum(1 - a, np.finfo(float).tiny)
    return unit * (u - (a @ u - a * u) / others)


def transport(a, b, cost):
    """Solve a transport problem exactly; return the distance and dual potentials u, v.

    The weights a and b add up to one; `cost` has the shape (len(a), len(b)).
    """
    if cost.shape[0] == 1 or cost.shape[1] == 1 or not cost.any():
        return _only_plan(a, b, cost)
    import ot

    # The two totals differ by rounding error, which would make the problem infeasible.
    b = b * (a.sum() / b.sum())
    value, log = ot.emd2(a, b, cost, numItermax=_PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(
            f"the transport problem of {cost.shape[0]} by {cost.shape[1]} rows was not "
            f"solved ({log['warning']}); use solver='sinkhorn', or fewer rows."
        )
    return max(0.0, float(value)), log["u"], log["v"]


def _exact(a, b, cost):
    return transport(a, b, cost)[0]


def _only_plan(a, b, cost):
    """Solve a problem that has only one plan, or whose costs are all zero."""
    # The prices returned satisfy u_i + v_j <= C_ij, with equality where mass moves.
    value = float(a @ cost @ b)
    if cost.shape[1] == 1:
        return value, cost[:, 0].copy(), np.zeros(1)
    return value, np.zeros(len(a)), cost.min(axis=0)


def _lazy(X, Y, a, b):
    import ot

    if not hasattr(ot, "emd2_lazy"):
        raise RuntimeError(
            f"solver='lazy' needs POT 0.9.7 or newer, found {ot.__version__}; "
            "pip install --upgrade pot, or use solver='exact'."
        )
    # As in `transport`, the totals must agree to the last bit.
    b = b * (a.sum() / b.sum())
    value, log = ot.emd2_lazy(
        X, Y, a, b, metric="euclidean", numItermax=_PIVOTS, log=True
    )
    if log.get("warning") is not None:
        raise RuntimeError(f"the transport problem was not solved ({log['warning']}).")
    return max(0.0, float(value))


def _sinkhorn(a, b, cost):
    """Return the cost of the entropic plan, iterated to `_TOLERANCE`."""
    import ot

    if not cost.any():
        return 0.0
    # The regularisation is a share of the mean cost, so that units of the data do not
    # matter. The iteration runs on logarithms, which do not underflow where costs are
    # far above the regularisation. Rows of weight zero have no logarithm.
    kept_a, kept_b = a > 0, b > 0
    cost = cost[np.ix_(kept_a, kept_b)]
    a, b = a[kept_a], b[kept_b]
    plan, log = ot.bregman.sinkhorn_log(
        a,
        b,
        cost,
        reg=_BLUR * float(cost.mean()),
        numItermax=_SWEEPS,
        stopThr=_TOLERANCE,
        log=True,
        warn=False,
    )
    if not log["err"][-1] <= _TOLERANCE:
        raise RuntimeError(
            f"Sinkhorn's iteration did not converge in {_SWEEPS} sweeps (marginals off "
            f"by {log['err'][-1]:.2g}); use solver='exact'."
        )
    return float((plan * cost).sum())


# --- inputs ---------------------------------------------------------------------------


def _checked(
    X: Any, Y: Any, a: Any, b: Any, metric: str
) -> tuple[Floats, Floats, Floats, Floats, float]:
    OneOf(*METRICS)("metric", metric)
    rows, others = open_rows(X), open_rows(Y, name="Y")
    same_features(rows, others, "Y")
    X, Y = (to_dense(r.whole().X) for r in (rows, others))
    if metric == "chord":
        X, Y = unit_rows(X), unit_rows(Y)
    largest = max(np.abs(X).max(initial=0.0), np.abs(Y).max(initial=0.0))
    power = power_of_two(largest)  # squares of rows neither overflow nor vanish
    a, b = shares(a, len(X), "a"), shares(b, len(Y), "b")
    return X * power, Y * power, a, b, 1 / power


def shares(weights: Any, n_rows: int, name: str) -> Floats:
    """Return weights divided by their sum; None means equal weights."""
    if weights is None:
        return np.full(n_rows, 1 / n_rows)
    weights = check_nonnegative(weights, n_rows, name)
    if not weights.any():
        raise ValueError(f"{name} is zero for every row; all weights are zero.")
    weights = weights / weights.max()  # sums of huge weights overflow
    return weights / weights.sum()


def unit_rows(X):
    """Scale rows to length one; rows of zeros stay as they are."""
    # Nearly all data take one pass. If squares overflow or vanish, every row is first
    # divided by its own largest entry.
    squares = row_sq_norms(X)
    if not np.isfinite(squares).all() or (squares < 1e-200).any():
        largest = np.abs(X).max(axis=1, initial=0.0)
        X = X / np.where(largest > 0, largest, 1.0)[:, None]
        squares = row_sq_norms(X)
    lengths = np.sqrt(squares)
    return X / np.where(lengths > 0, lengths, 1.0)[:, None]
