"""Leverage scores, exact and sketched.

The leverage score of row ``a_i`` of A (n x d) is ``a_i' (A'A + alpha I)^+ a_i``. Every
solver finds a d x r matrix T for which ``A T`` has orthonormal columns (if alpha = 0);
then ``tau_i = |a_i' T|**2``. Computing the rows of ``A T`` as products keeps the
relative accuracy of the scores of tiny rows, unlike squared rows of a computed Q.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svd

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import in_unit
from coreselect._random import draw_seed
from coreselect._threads import threads_for
from coreselect._typing import Checks, Column, Floats, RowsLike, Seed
from coreselect._validation import Boolean, OneOf, Real
from coreselect.linalg._passes import products, whitened_columns
from coreselect.linalg._whitenings import (
    WELL_CONDITIONED,
    Orthonormalizer,
    from_gram,
    from_r,
    from_sketch,
)
from coreselect.rows import Block, Rows
from coreselect.rows import open as open_rows

__all__ = ["leverage_scores"]

SOLVERS = ("auto", "gram", "qr", "svd", "sketch")
LEVERAGE_CHECKS: Checks = {
    "alpha": Real(0),
    "fit_intercept": Boolean(),
    "solver": OneOf(*SOLVERS),
}

_MOST_BYTES = 2**32  # limit for a matrix of columns x columns, or of all rows if fewer


def leverage_scores(
    X: RowsLike,
    *,
    alpha: float = 0.0,
    fit_intercept: bool = False,
    sample_weight: Column = None,
    solver: Literal["auto", "gram", "qr", "svd", "sketch"] = "auto",
    random_state: Seed = None,
) -> Floats:
    """Compute the (ridge) leverage score of every row.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    alpha : float, default=0.0
        Ridge: ``tau_i = a_i' (A'A + alpha I)^-1 a_i``. With `fit_intercept`, the
        intercept is shrunk like the other coefficients.
    fit_intercept : bool, default=False
        Whether to append a column of ones (without building it).
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight w counts as w copies: its score is that of ``sqrt(w) a_i``, the
        sum of the scores of the copies.
    solver : {"auto", "gram", "qr", "svd", "sketch"}
        - ``"auto"``: exact. ``"gram"`` if the condition number allows it, otherwise
          ``"qr"``, or ``"svd"`` for dependent columns.
        - ``"gram"``: Cholesky factor R of ``A'A``, with columns scaled to norm one. If
          the condition number is above 300, a second Gram matrix, that of ``A R^-1``
          [2]_, restores the accuracy of QR. Raises if ``A'A`` has no Cholesky factor.
        - ``"qr"``: R of A = QR, merged over blocks, corrected by the Gram matrix of
          ``A R^-1``. Raises for dependent columns.
        - ``"svd"``: singular vectors of the same R; for any rank.
        - ``"sketch"``: approximate [1]_. A sparse embedding (OSNAP) with 8 rows per
          column replaces A, and 64 random directions replace the columns of ``A T``.
          Scores are within a factor of about 2.5, with an additional relative standard
          deviation of 18 % for more than 64 columns. Use it for several hundred dense
          columns and far more rows; for sparse rows, the exact solvers are as fast.
          Weights of rows drawn by such scores remain unbiased.
    random_state : None, int, RandomState or Generator
        Used by ``"sketch"`` only.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        Scores in [0, 1] that add up to the numerical rank (alpha = 0) or to the
        effective dimension (alpha > 0).

    Raises
    ------
    ValueError
        If X is not finite, or its columns are too dependent for the `solver`.

    Notes
    -----
    The cost is O(n d^2 + d^3), for the sketch O(64 n d + 8 d^3), and O(n^2 d) for fewer
    rows than columns. It takes two passes over the data, or four if the condition
    number is high. Memory is O(d^2) beside a block, for the sketch 8 d^2.

    Exact solvers have relative errors of about ``eps * condition`` with eps = 2.2e-16,
    for tiny rows, too. The rank is that of columns scaled to length one: directions in
    which the rows have less than ``4 d eps`` of the largest length count as zero. This
    is the rounding of products in float64, which float32 rows are converted to.

    References
    ----------
    .. [1] P. Drineas, M. Magdon-Ismail, M. W. Mahoney, D. P. Woodruff, "Fast
       approximation of matrix coherence and statistical leverage", JMLR 13, 2012,
       :arxiv:`1109.3843`.
    .. [2] Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa, T. Fukaya, "Roundoff error
       analysis of the CholeskyQR2 algorithm", ETNA 44, 2015, and its continuation by T.
       Fukaya and others, :arxiv:`1809.11085`.

    Examples
    --------
    >>> from coreselect.linalg import leverage_scores
    >>> leverage_scores([[1.0, 0.0], [0.0, 3.0], [0.0, 4.0]])
    array([1.  , 0.36, 0.64])
    """
    values: dict[str, Any] = {
        "alpha": alpha,
        "fit_intercept": fit_intercept,
        "solver": solver,
    }
    for name, check in LEVERAGE_CHECKS.items():
        check(name, values[name])
    rows, exponent = open_rows(X, sample_weight=sample_weight).near_one()
    values["alpha"] = in_unit(alpha, exponent)
    with threads_for(rows):
        whitening = leverage_whitening(rows, seed=draw_seed(random_state), **values)
        return rows.map(lambda block: block_leverage(block, whitening))


def leverage_whitening(
    rows: Rows,
    *,
    fit_intercept: bool = False,
    alpha: ArrayLike = 0.0,
    solver: str = "auto",
    seed: int = 0,
    corrected: bool = False,
) -> Orthonormalizer:
    """Return the `Orthonormalizer` that gives the leverage scores of `Rows`.

    The arguments are those of `leverage_scores`, except that `alpha` may hold one value
    per column. With `corrected`, an exact whitening is corrected by another pass over
    the rows, whatever its condition number. Its only error is then the rounding of
    products of rows.
    """
    # The Gram matrix is fastest; R is for ill-conditioned columns. With fewer rows than
    # columns, the Gram matrix is certainly singular.
    trusted = 0.0 if corrected else WELL_CONDITIONED
    _require_room(rows.n_rows, rows.n_features + fit_intercept)
    if solver == "sketch":
        return from_sketch(rows, alpha, fit_intercept, seed)
    wide = rows.n_rows < rows.n_features + fit_intercept
    if solver == "gram" or (solver == "auto" and not wide):
        found = from_gram(rows, alpha, fit_intercept, trusted)
        if found is not None:
            return found
        if solver == "gram":
            raise ValueError(
                "solver='gram' needs columns that are far from dependent, but X'X has "
                "no accurate Cholesky factor; use solver='auto' or 'svd'."
            )
    return from_r(rows, alpha, fit_intercept, solver, trusted)


def _require_room(n_rows, n_columns):
    """Raise if a columns x columns (or rows x columns) matrix would be too large."""
    size = 8 * min(n_rows, n_columns) * n_columns
    if size > _MOST_BYTES:
        raise ValueError(
            f"X has {n_columns} columns: leverage scores need a matrix of "
            f"{size / 2**30:.3g} GiB beside the data. Reduce the columns first, for "
            "example with sklearn.decomposition.TruncatedSVD or "
            "sklearn.random_projection.SparseRandomProjection."
        )


def principal_whitening(rows, *, fit_intercept=False):
    """Return the whitening along the principal axes of `Rows`, and singular values.

    With A the rows times the roots of their weights (and a column of ones),
    `whiten_block` returns the left singular vectors of A, in the order of descending
    singular values. These have an absolute error of eps times the largest.
    """
    first = leverage_whitening(rows, fit_intercept=fit_intercept)
    # With A T orthonormal, A has the singular values of the r x d matrix T'A'A.
    inner = whitened_columns(rows, first)
    if first.scale is not None:
        inner = inner / first.scale
    left, singular, _ = svd(inner, full_matrices=False)
    return first._replace(transform=first.transform @ left), singular


def whiten_block(block: Block, whitening: Orthonormalizer) -> Floats:
    """Return the whitened rows of a `Block`, an array of shape (n_rows, r)."""
    out = np.empty((block.X.shape[0], whitening.transform.shape[1]))
    for start, product in products(block, whitening):
        out[start : start + len(product)] = product
    return out


def block_leverage(block: Block, whitening: Orthonormalizer) -> Floats:
    """Return the leverage score of every row of a `Block`."""
    # Norms of the products are taken chunk by chunk, while these are in cache; A T is
    # never held. Scores exceed one by rounding only.
    out = np.empty(block.X.shape[0])
    for start, product in products(block, whitening):
        out[start : start + len(product)] = row_sq_norms(product)
    return np.minimum(out, 1.0, out=out)
