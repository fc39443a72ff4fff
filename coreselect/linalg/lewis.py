"""Lewis weights, the l_p analogue of leverage scores, by a fixed-point iteration.

The l_p Lewis weights of A (n x d) are the unique positive ``w`` for which row i of
``W**(1/2 - 1/p) A`` has the leverage score ``tau_i(w) = w_i``. They add up to the rank.
The iteration ``w <- w (tau(w) / w)**(2p / (p + 2))`` finds them for every p > 0. Near
the solution, each step multiplies the error by ``|p - 2| / (p + 2)``.
"""

from __future__ import annotations

import warnings
from math import exp, log
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from scipy.linalg import cholesky

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import among_all
from coreselect._scratch import by_parts
from coreselect._threads import threads_for
from coreselect._typing import Checks, Column, Floats, RowsLike
from coreselect._validation import Boolean, Integer, Real
from coreselect.linalg._passes import products
from coreselect.linalg._whitenings import Orthonormalizer, inverse_upper
from coreselect.linalg.leverage import leverage_whitening
from coreselect.rows import Rows
from coreselect.rows import open as open_rows

POWER = Real(1e-3, 1e3)  # double precision is not enough for other powers
LEWIS_CHECKS: Checks = {
    "p": POWER,
    "fit_intercept": Boolean(),
    "tol": Real(0, strict=True),
    "max_iter": Integer(1),
}

# Ratio of the smallest to the largest eigenvalue of the Gram matrix of whitened rows:
_USABLE = 1e-10  # above this, one Cholesky step corrects the whitening
_ACCURATE = 1e-3  # above this, the corrected whitening only has rounding errors
_FLOOR = 1e-14  # smaller eigenvalues, relative to the largest, are noise
_LARGEST_MOVE = 600.0  # limit for changes of the log factor of a row: exp stays finite
_MORE_STEPS = 50  # at most, until the whitening is usable: each gains some digits
_ILL_CONDITIONED = (
    "the rows are too ill-conditioned for Lewis weights; scale or drop columns."
)


class LewisWeights(NamedTuple):
    """Lewis weights and their residual.

    Parameters
    ----------
    weights : ndarray of shape (n_rows,)
        With input weights, the sum over the copies of a row.
    residual : float
        Largest ``|log(tau_i / w_i)|``, where tau_i is the leverage score of row i
        rescaled by the weights: each w_i equals its tau_i up to this relative error.
    n_iter : int
        Number of iterations.
    rank : int
        Numerical rank of the rows, which the weights add up to.

    Examples
    --------
    >>> from coreselect.linalg import lewis_weights
    >>> lewis_weights([[1.0], [3.0]], p=1, full_output=True).rank
    1
    """

    weights: np.ndarray
    residual: float
    n_iter: int
    rank: int


class LewisState(NamedTuple):
    """The state of the iteration; ``logs`` of zero rows are ``-inf``.

    The logarithms of the Lewis weights are ``logs + level``. The leverage score of a
    row rescaled by its Lewis weight is ``|row @ transform|**2 * exp(power * (logs +
    level - log(weight)) - shift)``, with ``power = 1 - 2 / p``.
    """

    logs: np.ndarray
    level: float
    whitening: Orthonormalizer
    shift: float
    residual: float
    n_iter: int

    def weights(self) -> Floats:
        """Return the Lewis weights of all rows."""
        return by_parts(lambda logs: np.exp(logs + self.level), self.logs)


@overload
def lewis_weights(
    X: RowsLike,
    p: float,
    *,
    tol: float = ...,
    max_iter: int = ...,
    fit_intercept: bool = ...,
    sample_weight: Column = ...,
    full_output: Literal[True],
) -> LewisWeights: ...


@overload
def lewis_weights(
    X: RowsLike,
    p: float,
    *,
    tol: float = ...,
    max_iter: int = ...,
    fit_intercept: bool = ...,
    sample_weight: Column = ...,
    full_output: Literal[False] = False,
) -> Floats: ...


def lewis_weights(
    X: RowsLike,
    p: float,
    *,
    tol: float = 1e-8,
    max_iter: int = 1000,
    fit_intercept: bool = False,
    sample_weight: Column = None,
    full_output: bool = False,
) -> Floats | LewisWeights:
    """Compute the l_p Lewis weight of every row, for p from 0.001 to 1000.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    p : float
        Between 0.001 and 1000. Lewis weights for p = 2 are leverage scores.
    tol : float, default=1e-8
        The iteration stops when ``max |log(tau_i / w_i)|`` is below `tol`.
    max_iter : int, default=1000
        Largest number of iterations; each is one pass over the data.
    fit_intercept : bool, default=False
        Whether to append a column of ones (without building it).
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight m counts as m copies, and gets the sum of their Lewis weights.
    full_output : bool, default=False
        Whether to return the residual, number of iterations and rank, too.

    Returns
    -------
    ndarray of float64 of shape (n_rows,) or LewisWeights
        Weights in [0, 1] that add up to the rank of X, up to `tol`. Zero rows have
        weight 0.

    Raises
    ------
    TypeError, ValueError
        If p is not a number from 0.001 to 1000, or X is not finite.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the residual stays above `tol`: after `max_iter` iterations, or because of
        rounding errors (for condition numbers near ``tol / 2.2e-16``).

    See Also
    --------
    leverage_scores : The case p = 2, without iterations.
    lp_sensitivities : The largest share of a row in ``|A x|_p**p``.

    Notes
    -----
    Each iteration is one pass, O(n d^2), which computes both the leverage scores for
    the old weights and the Gram matrix for the new ones. It takes about ``log(r / tol)
    / log((p + 2) / |p - 2|)`` iterations, where r, often near 10, is the residual of
    equal weights: 19 for p = 1, 13 for p = 3, 103 for p = 20, and more than `max_iter`
    from about p = 190 on and below p = 0.02. Memory is O(n + d^2) beside a block. Sums
    run over whitened rows and weights are stored as logarithms, so that tiny weights
    have the same relative accuracy as large ones.

    The map ``w -> (a' M(w) a)**(p / 2)`` of Cohen and Peng [1]_ contracts ``log w`` by
    ``|1 - p / 2|``, for p < 4. For p >= 2, the iteration here is an average of this map
    with the identity, so it converges from any start for 2 <= p < 4. For other p,
    convergence is observed (p from 0.1 to 300, ten kinds of rows) but not proved. So
    the exponent is halved if the residual grows three times in a row, which for p < 2
    leads to the range where convergence is proved. The last pass computes the residual
    of the returned weights in any case.

    References
    ----------
    .. [1] M. B. Cohen, R. Peng, "l_p row sampling by Lewis weights", STOC 2015,
       :arxiv:`1412.0588`.
    .. [2] M. Fazel, Y. T. Lee, S. Padmanabhan, A. Sidford, "Computing Lewis weights to
       high precision", SODA 2022, :arxiv:`2110.15563`.

    Examples
    --------
    >>> from coreselect.linalg import lewis_weights
    >>> lewis_weights([[1.0, 0.0], [0.0, 3.0], [0.0, 1.0]], p=1).round(6)
    array([1.  , 0.75, 0.25])
    """
    values: dict[str, Any] = {
        "p": p,
        "fit_intercept": fit_intercept,
        "tol": tol,
        "max_iter": max_iter,
    }
    for name, check in LEWIS_CHECKS.items():
        check(name, values[name])
    Boolean()("full_output", full_output)
    rows = open_rows(X, sample_weight=sample_weight).near_one()[0]
    view = rows.subset()
    with threads_for(view):
        state = learn_lewis(view, **values)
    weights = among_all(state.weights(), view.kept, rows.n_rows)
    if not full_output:
        return weights
    return LewisWeights(weights, state.residual, state.n_iter, state.whitening.rank)


def sensitivity_factor(rank: int, p: float) -> float:
    """Return ``max(1, rank**(p/2 - 1))``: sensitivities are at most this times w."""
    return exp(min(700.0, max(0.0, (p / 2 - 1) * log(max(1, rank)))))


def learn_lewis(
    rows: Rows,
    *,
    p: float,
    fit_intercept: bool,
    tol: float,
    max_iter: int,
    warn: bool = True,
) -> LewisState:
    """Iterate until the residual is below `tol`; return a `LewisState`.

    `rows` have positive weights. Without `warn`, a residual above `tol` is accepted.
    """
    # The residual falls by the factor |p - 2| / (p + 2) in each iteration, slowly for p
    # far from 2. Patience grows with the number of iterations that the fall by a factor
    # e takes.
    state, accurate = _start(rows, p, fit_intercept), True
    if state.whitening.rank == 0:
        return state._replace(residual=0.0)
    # `usable` and `accurate` say how good the whitening of the last pass is: weights
    # only move by a usable one, and only an accurate one gives a valid residual.
    step, usable = 2 * p / (p + 2), True
    patience = 10 + 2 / (1 - abs(p - 2) / (p + 2))
    best, since_best, grown, last = np.inf, 0, 0, np.inf
    for _ in range(max_iter + 1):
        found = _pass(rows, state, p, step if usable else 0.0)
        if usable and accurate:
            state = state._replace(residual=found.residual)
            if found.residual < tol:
                return state
            since_best += 1
            # Rounding sets a floor: stop after many iterations without clear progress.
            if found.residual < 0.9 * best:
                best, since_best = found.residual, 0
            if since_best > patience or state.n_iter == max_iter:
                break
        if usable:
            grown = grown + 1 if found.residual > last else 0
            last = found.residual
            if grown == 3:
                step, grown = step / 2, 0
        transform, spread = _corrected(state.whitening.transform, found.gram)
        state = state._replace(
            logs=found.logs,
            level=found.level,
            whitening=state.whitening._replace(transform=transform),
            shift=found.shift,
            n_iter=state.n_iter + int(usable),
        )
        usable, accurate = spread > _USABLE, spread > _ACCURATE
    if warn:
        _warn(state, p, tol)
    return state


def rounds(rows: Rows, *, p: float, fit_intercept: bool, n_rounds: int) -> LewisState:
    """Return a `LewisState` after rounds of ``w <- (a' M(w) a)**(p / 2)`` from w = 1.

    The first round gives leverage scores to the power p / 2, up to a factor. Each
    further round multiplies the distance from the Lewis weights, in logarithms, by
    ``|1 - p / 2|``.
    """
    # Passes with an unusable whitening improve the whitening only, and do not count.
    state, usable = _start(rows, p, fit_intercept), True
    for _ in range(n_rounds + _MORE_STEPS):
        if state.n_iter == n_rounds or state.whitening.rank == 0:
            return state
        found = _pass(rows, state, p, p / 2 if usable else 0.0)
        transform, spread = _corrected(state.whitening.transform, found.gram)
        state = state._replace(
            logs=found.logs,
            level=found.level,
            whitening=state.whitening._replace(transform=transform),
            shift=found.shift,
            residual=found.residual,
            n_iter=state.n_iter + int(usable),
        )
        usable = spread > _USABLE
    raise ValueError(_ILL_CONDITIONED)


def _start(rows, p, fit_intercept):
    """Return the initial state: equal weights, whose whitening is that of leverage."""
    # The weights are equal and add up to the rank; a row of weight w gets w of them.
    whitening = leverage_whitening(rows, fit_intercept=fit_intercept)
    if rows.weight is None:
        logs = np.broadcast_to(0.0, rows.n_rows)
    else:
        logs = by_parts(np.log, rows.weight)
    if whitening.rank == 0:
        return LewisState(logs, -np.inf, whitening, 0.0, np.inf, 0)
    level = np.log(whitening.rank) - np.log(rows.total_weight)
    return LewisState(logs, level, whitening, (1 - 2 / p) * level, np.inf, 0)


class _PassResult(NamedTuple):
    """Result of a pass: the residual of the old weights, the rest for the new ones."""

    gram: np.ndarray
    residual: float
    logs: np.ndarray
    level: float
    shift: float


def _pass(rows, state, p, step):
    """Compute the residual, move the weights by `step`, and form their Gram matrix."""
    power = 1 - 2 / p
    whitening, level, shift = state.whitening, state.level, state.shift
    most = _LARGEST_MOVE / max(step * abs(power), 1e-9)

    def of_block(block):
        old, new = block.values["logs"], np.empty(len(block.weight))
        gram, residual, log_total = 0.0, 0.0, -np.inf
        for start, product in products(block, whitening):
            weight = block.weight[start : start + len(product)]
            copies = np.log(weight) if weight.strides != (0,) else 0.0
            v = old[start : start + len(product)] + level
            with np.errstate(divide="ignore"):
                log_norms = np.log(row_sq_norms(product))
            exponent = power * (v - copies)
            with np.errstate(invalid="ignore"):  # zero rows have infinite logarithms
                gap = exponent - shift + log_norms - v  # log(tau / w)
            zero = np.isneginf(log_norms)
            if has_zero := zero.any():
                gap[zero] = 0.0
            residual = max(residual, gap.max(), -gap.min())
            if step * residual * abs(power) > _LARGEST_MOVE:
                np.clip(gap, -most, most, out=gap)
            # In logarithms, w <- w (tau / w)**step.
            v = v + step * gap
            exponent = power * (v - copies) - shift
            if has_zero:
                v[zero] = exponent[zero] = -np.inf
            # The rows of the next Gram matrix, rescaled by the new weights.
            product *= np.exp(0.5 * exponent)[:, None]
            gram = gram + product.T @ product
            log_total = np.logaddexp(log_total, _log_sum(v))
            new[start : start + len(product)] = v
        return new, (gram, residual, log_total)

    def merge(a, b):
        return a[0] + b[0], max(a[1], b[1]), np.logaddexp(a[2], b[2])

    rows = rows.keeping(logs=state.logs)
    logs, (gram, residual, log_total) = rows.map_reduce(of_block, merge)
    # A common factor of the weights is known, as they add up to the rank. If it were
    # not set, its error would change sign and decay at the slowest rate of all.
    missing = np.log(whitening.rank) - log_total
    scale = np.trace(gram) / len(gram)  # so that the transform keeps its size
    shift = shift + np.log(scale) + power * missing
    return _PassResult(gram / scale, residual, logs, missing, shift)


def _log_sum(logs):
    """Return the logarithm of the sum of numbers that are given by logarithms."""
    largest = logs.max()
    if np.isneginf(largest):
        return largest
    return np.log(np.exp(logs - largest).sum()) + largest


def _corrected(transform, gram):
    """Whiten rows whose products with `transform` have this Gram matrix.

    Return the new transform, and the ratio of the smallest to the largest eigenvalue
    of `gram`. If the ratio is below 1e-10, the new transform does not yet whiten the
    rows, but comes closer to it.
    """
    if not np.isfinite(gram).all():
        raise ValueError(_ILL_CONDITIONED)
    eigenvalues, vectors = np.linalg.eigh(gram)
    spread = eigenvalues[0] / eigenvalues[-1]
    if spread > _USABLE:
        return transform @ inverse_upper(cholesky(gram)), spread
    kept = np.maximum(eigenvalues, _FLOOR * eigenvalues[-1])
    return transform @ (vectors / np.sqrt(kept)), spread


def _warn(state, p, tol):
    from sklearn.exceptions import ConvergenceWarning

    advice = "raise max_iter or tol."
    if state.residual <= 0.1:
        advice = "to draw rows, a residual of 0.1 is enough; otherwise, " + advice
    elif not np.isfinite(state.residual):
        advice = "the rows are too ill-conditioned: scale or drop columns."
    warnings.warn(
        f"Lewis weights for p={p} have the residual {state.residual:.2g} after "
        f"{state.n_iter} iterations, not below tol={tol}; {advice}",
        ConvergenceWarning,
        stacklevel=4,
    )
