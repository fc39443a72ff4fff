"""l_p sensitivities: the largest share that a row can have in ``|A x|_p**p``.

``sigma_i = max_x |a_i'x|**p / |A x|_p**p``; for p = 2 these are leverage scores. Lewis
weights w bound them: ``sigma_i <= w_i`` for p <= 2 and ``sigma_i <= d**(p/2 - 1) w_i``
for p >= 2.
"""

from __future__ import annotations

import warnings
from functools import partial
from math import log
from typing import Any, Literal, NamedTuple

import numpy as np

from coreselect._numbers import among_all
from coreselect._random import draw_seed
from coreselect._scratch import by_parts
from coreselect._threads import threads_for
from coreselect._typing import Checks, Column, Floats, RowsLike, Seed
from coreselect._validation import Boolean, OneOf
from coreselect.linalg import _shares
from coreselect.linalg._passes import unweighted_rows
from coreselect.linalg._whitenings import Orthonormalizer
from coreselect.linalg.leverage import block_leverage, leverage_whitening
from coreselect.linalg.lewis import POWER, learn_lewis, sensitivity_factor
from coreselect.rows import Block, Rows
from coreselect.rows import open as open_rows
from coreselect.sampling.designs import draw_with_seed

SENSITIVITY_CHECKS: Checks = {
    "p": POWER,
    "method": OneOf("exact", "approximate"),
    "fit_intercept": Boolean(),
}

_SLACK = 1.5  # factor by which an embedding may exceed |A x|_p**p
_EMBEDDING = 2  # rows of the embedding per r log(r + 2)
_FEWEST = 400  # least number of rows of the embedding
TOLERANCE = 1e-7  # between the bounds of an exact sensitivity
ITERATIONS = {"exact": 300, "embedded": 5}
_VERTEX_WORK = 2e9  # limit for the residuals at all vertices, for p < 1


def lp_sensitivities(
    X: RowsLike,
    p: float,
    *,
    method: Literal["exact", "approximate"] = "exact",
    fit_intercept: bool = False,
    sample_weight: Column = None,
    random_state: Seed = None,
) -> Floats:
    """Compute the l_p sensitivity of every row, ``max |a_i'x|**p / |A x|_p**p``.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    p : float
        Between 0.001 and 1000.
    method : {"exact", "approximate"}
        - ``"exact"``: leverage scores for p = 2, reweighted least squares for other
          p > 1, and an interior point method for p = 1. Iterations stop when a lower
          and an upper bound differ by less than 1e-7, relatively, or after 300
          iterations; the lower bound is returned. For p < 1, where the problem is not
          convex, all vertices are tried, for up to 3 columns. One optimisation problem
          of the size of the data is solved per row.
        - ``"approximate"``: overestimates, see Notes. The same problems on rows drawn
          by Lewis weights, stopped early.
    fit_intercept : bool, default=False
        Whether to append a column of ones.
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight m counts as m copies, and gets the sum of their sensitivities.
    random_state : None, int, RandomState or Generator
        Used by ``"approximate"`` only.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        Sensitivities in [0, 1]. They are 0 for zero rows, and 1 for rows outside the
        span of all others.

    Raises
    ------
    ValueError
        If p is not between 0.001 and 1000. For ``"exact"`` with p < 1, if there are
        more than 3 columns or too many rows to try all vertices.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the two bounds of ``"exact"`` are more than 1e-6 apart. This happens for p
        other than 1 within about 0.01 of it, and for p above 40.

    See Also
    --------
    total_sensitivity, max_sensitivity : Solve fewer problems than one per row.
    lewis_weights : Overestimates for p <= 2, at the cost of a few passes.

    Notes
    -----
    Exact: O(n^2 d^2) times the number of iterations (10 to 40), with the data in
    memory. Approximate: ``m = 2 d log(d + 2) max(1, d**(p/2 - 1))`` rows are drawn, but
    at least 400. This takes O(n m d^2) time, and O(m d + d^2) memory for each of the
    problems solved at the same time. The values depend on the order of the rows.

    Approximate values are 1.5 times the upper bounds for the drawn and reweighted rows
    S A, clipped at 1 and at the bound by Lewis weights. None of them is too small if
    ``|S A x|_p**p <= 1.5 |A x|_p**p`` for all x. With at most m rows, all rows are used
    and the values are exact, or upper bounds if iterations do not converge. For p < 1,
    they are the bounds by Lewis weights.

    References
    ----------
    .. [1] S. Padmanabhan, D. P. Woodruff, Q. Zhang, "Computing approximate l_p
       sensitivities", NeurIPS 2023, :arxiv:`2311.04158`.

    Examples
    --------
    >>> from coreselect.linalg import lp_sensitivities
    >>> lp_sensitivities([[1.0, 0.0], [0.0, 3.0], [0.0, 1.0]], 1).round(6)
    array([1.  , 0.75, 0.25])
    """
    values: dict[str, Any] = {"p": p, "method": method, "fit_intercept": fit_intercept}
    for name, check in SENSITIVITY_CHECKS.items():
        check(name, values[name])
    rows = open_rows(X, sample_weight=sample_weight).near_one()[0]
    view = rows.subset()
    seed = draw_seed(random_state)
    with threads_for(view):
        problem, bounds = learn_sensitivities(view, seed=seed, **values)
        view = view.keeping(bounds=bounds)
        found = view.map(partial(block_sensitivities, problem=problem))
    return among_all(found, view.kept, rows.n_rows)


class SensitivityProblem(NamedTuple):
    """The data that sensitivities of rows are computed with."""

    p: float
    whitening: Orthonormalizer
    # Some whitened rows that represent A, (m, r), and their initial weights in
    # reweighted least squares, (m,); None if no problems are solved block by block.
    rows: Any
    start: Floats | None
    # "embedded" for overestimates from these rows; "bounds" if the bounds of the rows
    # are the result; "leverage".
    method: str
    rank: int


def learn_sensitivities(
    rows: Rows, *, p: float, method: str, fit_intercept: bool, seed: int
) -> tuple[SensitivityProblem, Floats]:
    """Return the `SensitivityProblem` of rows of positive weight, and their bounds.

    The bounds, an array of shape (n_rows,), are from Lewis weights. They are the
    sensitivities where these come from all rows, which no function of blocks may hold.
    """
    if p == 2:
        whitening = leverage_whitening(rows, fit_intercept=fit_intercept)
        problem = SensitivityProblem(
            p, whitening, None, None, "leverage", whitening.rank
        )
        return problem, np.broadcast_to(1.0, rows.n_rows)
    lewis = _approximate_lewis(rows, p, fit_intercept)
    rank = lewis.whitening.rank
    if rank == 0 or (p < 1 and method == "approximate"):
        known = SensitivityProblem(p, lewis.whitening, None, None, "bounds", rank)
        return known, _bounds(lewis, p)
    if p < 1:
        _check_vertices(rows.n_rows, rank)
    size = max(_FEWEST, _EMBEDDING * rank * log(rank + 2) * sensitivity_factor(rank, p))
    if method == "exact":
        return _by_all_rows(rows, rows.whole(), p, method, fit_intercept)
    if rows.n_rows <= size:
        # No more rows than a sample would hold: not what `whole` is for.
        block = rows.gather(np.arange(rows.n_rows))
        return _by_all_rows(rows, block, p, method, fit_intercept)
    problem = _by_some_rows(rows, lewis, p, int(size), seed)
    return problem, _bounds(lewis, p)


def _approximate_lewis(rows, p, fit_intercept):
    """Return the `LewisState` of rows."""
    return learn_lewis(
        rows, p=p, fit_intercept=fit_intercept, tol=1e-3, max_iter=1000, warn=False
    )


def _bounds(lewis, p):
    """Return upper bounds of the sensitivities, by Lewis weights."""
    factor = sensitivity_factor(lewis.whitening.rank, p)

    def of(logs):
        return np.minimum(1.0, 1.01 * np.exp(logs + lewis.level) * factor)

    return by_parts(of, lewis.logs)


def _by_some_rows(rows, lewis, p, size, seed):
    """Return the problem of rows that are drawn by their Lewis weights."""
    weights = lewis.weights()
    drawn = draw_with_seed(weights, size, "pivotal", None, None, seed)
    A = power_rows(rows.gather(drawn.indices), lewis.whitening, p)
    A *= drawn.weights[:, None] ** (1 / p)
    whitening, A = orthonormal(lewis.whitening, A)
    start = _first_weights(weights[drawn.indices] * drawn.weights, p)
    rank = lewis.whitening.rank
    return SensitivityProblem(p, whitening, A, start, "embedded", rank)


def _by_all_rows(rows, block, p, method, fit_intercept):
    """Solve the problems of all rows, which `block` holds."""
    # Iterations stop at a tolerance, before which the last bits of their start have
    # grown. So the start is found anew, from rows whose blocks nobody else has cut.
    weight = None if rows.weight is None else block.weight
    lewis = _approximate_lewis(
        open_rows(block.X, sample_weight=weight), p, fit_intercept
    )
    rank = lewis.whitening.rank
    if p < 1:
        A = unweighted_rows(block, lewis.whitening)
        whitening, A = orthonormal(lewis.whitening, A)
        found = _shares.by_vertices(A, p, np.array(block.weight))
        return SensitivityProblem(p, whitening, None, None, "bounds", rank), found
    whitening, A = orthonormal(lewis.whitening, power_rows(block, lewis.whitening, p))
    lower, upper = _shares.share_bounds(
        A,
        power_rows(block, whitening, p),
        p,
        n_iter=ITERATIONS["exact"],
        tol=TOLERANCE,
        weights=_first_weights(lewis.weights(), p),
    )
    known = SensitivityProblem(p, whitening, None, None, "bounds", rank)
    if method == "approximate":
        return known, np.minimum(upper, _bounds(lewis, p))
    _warn(lower, upper, p)
    return known, np.minimum(lower, 1.0)


def _first_weights(weights, p):
    """Return the weights that reweighted least squares begins with."""
    # With omega = w**(1 - 2 / p), the first system is that of the Lewis weights.
    return np.maximum(weights / weights.max(), 1e-30) ** (1 - 2 / p)


def power_rows(block: Block, whitening: Orthonormalizer, p: float) -> Floats:
    """Return the whitened rows of a block; a row of weight m is times ``m**(1/p)``."""
    weight = np.array(block.weight)
    return unweighted_rows(block, whitening) * (weight ** (1 / p))[:, None]


def orthonormal(
    whitening: Orthonormalizer, A: Floats
) -> tuple[Orthonormalizer, Floats]:
    """Return a whitening for which the rows that represent A are orthonormal."""
    # Shares do not depend on the basis of the columns. Orthonormal ones make the
    # systems well-conditioned and |z| <= |A z|_1 true, which bounds rest on.
    R = np.linalg.qr(A, mode="r")
    T = np.linalg.pinv(R)
    return whitening._replace(transform=whitening.transform @ T), A @ T


def _check_vertices(n_rows, rank):
    if rank > 3 or n_rows ** max(1, rank) > _VERTEX_WORK:
        raise ValueError(
            f"method='exact' with p < 1 tries all vertices, and {n_rows} rows of "
            f"rank {rank} have too many of them; use method='approximate', or at most "
            "3 columns and a few hundred rows."
        )


def block_sensitivities(block: Block, problem: SensitivityProblem) -> Floats:
    """Return the sensitivities of the rows of a `Block`.

    ``block.values["bounds"]`` holds the upper bounds of `learn_sensitivities` on them.
    """
    if problem.method == "leverage":
        return block_leverage(block, problem.whitening)
    bounds = block.values["bounds"]
    if problem.method == "bounds":
        return bounds
    _, upper = _shares.share_bounds(
        problem.rows,
        power_rows(block, problem.whitening, problem.p),
        problem.p,
        n_iter=ITERATIONS["embedded"],
        tol=0.01,
        weights=problem.start,
    )
    return np.minimum(_SLACK * upper, bounds)


def _warn(lower, upper, p):
    """Warn if iterations did not suffice, as for large p or p close to one."""
    from sklearn.exceptions import ConvergenceWarning

    wide = upper > lower * (1 + 10 * TOLERANCE)
    if not wide.any():
        return
    gap = (upper[wide] / np.maximum(lower[wide], 1e-300)).max() - 1
    warnings.warn(
        f"sensitivities for p={p} of {wide.sum()} rows are only known up to a "
        f"factor of 1 + {gap:.2g} after {ITERATIONS['exact']} iterations; the lower "
        "bound is returned. Iterations converge for p = 1 and p from about 1.01 to 40.",
        ConvergenceWarning,
        stacklevel=2,
    )
