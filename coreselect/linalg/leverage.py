"""Scores from linear algebra: leverage scores, exact and sketched.

The leverage score of row ``a_i`` of A, n x d, is ``a_i' (A'A + alpha I)^+ a_i``.
Every solver finds a matrix T, d x r, for which ``A T`` has orthonormal columns (for
alpha = 0), and then ``tau_i = |a_i' T|**2``: forming each row of ``A T`` anew keeps the
relative accuracy of the scores of tiny rows, which squared rows of a computed Q lose.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import cholesky, solve_triangular, svd

from coreselect._kernels.norms import row_sq_norms
from coreselect._random import LEARN, draw_seed, stream, words_by_row
from coreselect._validation import Boolean, OneOf, Real
from coreselect.linalg._passes import (
    CHUNK,
    chunks,
    column_scale,
    gram_matrix,
    products,
    r_factor,
    sparse_rows,
    whitened_columns,
)
from coreselect.rows import open as open_rows

__all__ = ["leverage_scores"]

SOLVERS = ("auto", "gram", "qr", "svd", "sketch")
LEVERAGE_CHECKS = {
    "alpha": Real(0),
    "fit_intercept": Boolean(),
    "solver": OneOf(*SOLVERS),
}

_WELL_CONDITIONED = 300.0  # one Gram matrix loses eps * condition**2: 2e-11
_FACTORABLE = 1e-13  # smallest over largest eigenvalue that a Cholesky factor can bear
_SKETCH_ROWS = 8  # rows of the sketch for each column
_SKETCH_NONZEROS = 4  # buckets that each row is added to
_MOST_BYTES = 2**32  # of a square of the columns, or of all rows where these are fewer
_JL_COLUMNS = 64  # columns of the projection after the sketch


class Whitening(NamedTuple):
    """What turns rows into leverage scores: ``tau = |row * scale @ transform|**2``.

    Attributes
    ----------
    transform : ndarray of shape (n_columns, r)
    scale : ndarray of shape (n_columns,) or None
        Powers of two that columns are multiplied by first; None where squares of the
        entries neither overflow nor underflow.
    fit_intercept : bool
        Whether the last column stands for ones.
    rank : int
        Numerical rank of the (weighted) rows, the column of ones included. From a
        ridged Gram matrix, directions below 3e-7 of the longest do not count.
    condition : float
        Condition number after scaling columns to norm one.
    solver : {"gram", "qr", "svd", "sketch"}
        What was used.
    """

    transform: np.ndarray
    scale: np.ndarray | None
    fit_intercept: bool
    rank: int
    condition: float
    solver: str


def leverage_scores(
    X,
    *,
    alpha=0.0,
    fit_intercept=False,
    sample_weight=None,
    solver="auto",
    random_state=None,
):
    """Compute the (ridge) leverage score of every row.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Anything that `coreselect.rows.open` takes; files are read block by block.
    alpha : float, default=0.0
        Ridge: ``tau_i = a_i' (A'A + alpha I)^-1 a_i``. With `fit_intercept`, the
        intercept is shrunk like the other coefficients.
    fit_intercept : bool, default=False
        Whether to append a column of ones (without building it).
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight w counts as w copies: its score is that of ``sqrt(w) a_i``, and
        each copy would have the w-th part.
    solver : {"auto", "gram", "qr", "svd", "sketch"}
        - ``"auto"``: exact. ``"gram"`` while its condition number allows, else
          ``"qr"``, or ``"svd"`` where columns depend on each other.
        - ``"gram"``: Cholesky factor of ``A'A``, with columns scaled to norm one. From
          condition 300 on, a second Gram matrix, of ``A R^-1`` [2]_, restores the
          accuracy of QR. Raises where ``A'A`` has no Cholesky factor.
        - ``"qr"``: R of blocks, merged; ``A R^-1``, corrected by its Gram matrix.
          Raises on dependent columns.
        - ``"svd"``: the same R, then its singular vectors; for any rank.
        - ``"sketch"``: approximate [1]_. A sparse embedding (OSNAP) of 8 rows per
          column stands for A, and 64 random directions for the columns of ``A T``.
          Scores are within a factor of about 2.5, with a further relative standard
          deviation of 18 % where there are over 64 columns. For several hundred dense
          columns and far more rows; for sparse rows the exact solvers are as fast.
          Weights of rows drawn by such scores stay unbiased.
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
        If X is not finite, or `solver` cannot do it (see there).

    Notes
    -----
    Cost O(n d^2 + d^3), for the sketch O(64 n d + 8 d^3); two passes over the data,
    four where the condition number asks for it. Memory O(d^2) beside a block (the
    sketch: 8 d^2). Fewer rows than columns cost O(n^2 d).
    Relative errors of all scores are about ``eps * condition``, eps = 2.2e-16 (exact
    solvers); they do not grow for tiny rows. Singular values below ``8 sqrt(d) eps`` of
    the largest, eps of the dtype of X, count as zero.

    References
    ----------
    .. [1] P. Drineas, M. Magdon-Ismail, M. W. Mahoney, D. P. Woodruff, "Fast
       approximation of matrix coherence and statistical leverage", JMLR 13, 2012.
    .. [2] Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa, T. Fukaya, "Roundoff error
       analysis of the CholeskyQR2 algorithm", ETNA 44, 2015.

    Examples
    --------
    >>> from coreselect.linalg import leverage_scores
    >>> leverage_scores([[1.0, 0.0], [0.0, 3.0], [0.0, 4.0]])
    array([1.  , 0.36, 0.64])
    """
    values = {"alpha": alpha, "fit_intercept": fit_intercept, "solver": solver}
    for name, check in LEVERAGE_CHECKS.items():
        check(name, values[name])
    rows = open_rows(X, sample_weight=sample_weight)
    whitening = leverage_whitening(rows, seed=draw_seed(random_state), **values)
    return rows.map(lambda block: block_leverage(block, whitening))


def leverage_whitening(rows, *, alpha, fit_intercept, solver, seed):
    """Learn from all rows what turns each into its leverage score.

    Parameters
    ----------
    rows : Rows
    alpha, fit_intercept, solver
        As in `leverage_scores`; `alpha` may also hold a number for each column.
    seed : int

    Returns
    -------
    Whitening
    """
    _require_room(rows.n_rows, rows.n_features + fit_intercept)
    if solver == "sketch":
        return _from_sketch(rows, alpha, fit_intercept, seed)
    wide = rows.n_rows < rows.n_features + fit_intercept
    if solver == "gram" or (solver == "auto" and not wide):
        found = _from_gram(rows, alpha, fit_intercept)
        if found is not None:
            return found
        if solver == "gram":
            raise ValueError(
                "solver='gram' needs columns that are far from dependent, but X'X has "
                "no accurate Cholesky factor; use solver='auto' or 'svd'."
            )
    scale = column_scale(rows, fit_intercept)
    factor = r_factor(rows, scale, fit_intercept)
    found = _from_r(factor, scale, alpha, fit_intercept, solver, rows.dtype)
    if found.condition <= _WELL_CONDITIONED or found.rank == 0:
        return found
    return _again(rows, found, _ridge(alpha, factor.shape[1], scale)) or found


def _require_room(n_rows, n_columns):
    """Raise where the one small matrix that is needed would not be small."""
    size = 8 * min(n_rows, n_columns) * n_columns
    if size > _MOST_BYTES:
        raise ValueError(
            f"X has {n_columns} columns: leverage scores need a matrix of "
            f"{size / 2**30:.3g} GiB beside the data. Reduce the columns first, for "
            "example with sklearn.decomposition.TruncatedSVD or "
            "sklearn.random_projection.SparseRandomProjection."
        )


def principal_whitening(rows, *, fit_intercept=False):
    """Whiten rows along their principal axes.

    Parameters
    ----------
    rows : Rows
    fit_intercept : bool
        Whether to append a column of ones.

    Returns
    -------
    whitening : Whitening
        `whiten` turns rows A (times the roots of their weights) into the left singular
        vectors of A, most important first.
    singular : ndarray of shape (r,)
        The singular values, to an absolute error of eps times the largest.
    """
    first = leverage_whitening(
        rows, alpha=0.0, fit_intercept=fit_intercept, solver="auto", seed=0
    )
    inner = whitened_columns(rows, first)
    if first.scale is not None:
        inner = inner / first.scale
    left, singular, _ = svd(inner, full_matrices=False)
    return first._replace(transform=first.transform @ left), singular


def whiten(block, whitening):
    """Return the rows of a `Block` whitened: an array of shape (n_rows, r)."""
    out = np.empty((block.X.shape[0], whitening.transform.shape[1]))
    for start, product in products(block, whitening):
        out[start : start + len(product)] = product
    return out


def block_leverage(block, whitening):
    """Return the leverage score of every row of a `Block`."""
    out = np.empty(block.X.shape[0])
    for start, product in products(block, whitening):
        out[start : start + len(product)] = row_sq_norms(product)
    return np.minimum(out, 1.0, out=out)


# --- from small matrices to the transform ------------------------------------------


def _tolerance(n_columns, dtype):
    return 8 * np.sqrt(n_columns) * np.finfo(dtype).eps


def _ridge(alpha, n_columns, scale):
    """Return what the ridge adds to the squared lengths of the scaled columns."""
    alpha = np.broadcast_to(np.asarray(alpha, dtype=np.float64), n_columns)
    if scale is None:
        return alpha
    # Where data are tiny beside the ridge, 1e300 means infinite: scores vanish.
    with np.errstate(over="ignore"):
        return np.minimum(np.sqrt(alpha) * scale, 1e150) ** 2


def _from_gram(rows, alpha, fit_intercept):
    """Whiten by a Cholesky factor of A'A, or return None where that is inaccurate."""
    scale = None
    gram = gram_matrix(rows, scale, fit_intercept)
    norms = np.diagonal(gram)
    if not np.isfinite(gram).all() or norms.min() < 1e-250 or norms.max() > 1e250:
        scale = column_scale(rows, fit_intercept)
        gram = gram_matrix(rows, scale, fit_intercept)
    ridge = _ridge(alpha, len(gram), scale)
    found = _by_cholesky(gram, ridge, scale, fit_intercept, rows.dtype)
    if found is None or found.condition <= _WELL_CONDITIONED:
        return found
    return _again(rows, found, ridge)


def _by_cholesky(gram, ridge, scale, fit_intercept, dtype):
    """Whiten by the Cholesky factor of a Gram matrix; None where there is none."""
    used = np.flatnonzero(np.diagonal(gram))  # columns of zeros add nothing
    if not len(used):
        return None
    gram_used = gram[np.ix_(used, used)]
    smallest = max(_FACTORABLE, _tolerance(len(gram), dtype) ** 2)
    lengths, kept, eigenvalues = equilibrate(gram_used + np.diag(ridge[used]))
    if eigenvalues[0] <= smallest * eigenvalues[-1]:
        return None
    condition = float(np.sqrt(eigenvalues[-1] / eigenvalues[0]))
    transform = np.zeros((len(gram), len(used)))
    transform[used] = inverse_upper(cholesky(kept)) / lengths[:, None]
    if ridge.any():
        eigenvalues = equilibrate(gram_used)[2]
    rank = int(np.count_nonzero(eigenvalues > smallest * eigenvalues[-1]))
    return Whitening(transform, scale, fit_intercept, rank, condition, "gram")


def _again(rows, first, ridge):
    """Correct a whitening by the Gram matrix of the rows it whitened (CholeskyQR2).

    What remains is the rounding of each row's own product. Return None where the first
    whitening is too far off.
    """

    def of_block(block):
        return sum(B.T @ B for _, B in products(block, first))

    T = first.transform
    gram = rows.reduce(of_block, np.add) + (T.T * ridge) @ T
    eigenvalues = np.linalg.eigvalsh(gram)
    if eigenvalues[0] < 0.5 or eigenvalues[-1] > 2:
        return None
    return first._replace(transform=T @ inverse_upper(cholesky(gram)))


def equilibrate(gram):
    """Return lengths of columns, the Gram matrix at length one, its eigenvalues."""
    lengths = np.sqrt(np.diagonal(gram))
    gram = gram / np.outer(lengths, lengths)
    return lengths, gram, np.linalg.eigvalsh(gram)


def inverse_upper(upper):
    return solve_triangular(upper, np.eye(len(upper)))


def _from_r(factor, scale, alpha, fit_intercept, solver, dtype):
    """Whiten by R or, where columns depend on each other, by its singular vectors."""
    n_columns = factor.shape[1]
    tolerance = _tolerance(n_columns, dtype)
    singular, lengths, right = _column_svd(factor)
    rank = int(np.count_nonzero(singular > tolerance * singular[0]))
    if np.any(alpha) and len(factor) < n_columns:
        return _from_wide_r(factor, _ridge(alpha, n_columns, scale), rank)._replace(
            scale=scale, fit_intercept=fit_intercept
        )
    if np.any(alpha):
        factor = np.linalg.qr(
            np.vstack([factor, np.diag(np.sqrt(_ridge(alpha, n_columns, scale)))]),
            mode="r",
        )
        singular, lengths, right = _column_svd(factor)
    used = np.flatnonzero(singular > tolerance * singular[0])
    dependent = len(used) < n_columns
    if dependent and solver == "qr":
        raise ValueError(
            f"solver='qr' needs independent columns, but X has rank {rank} with "
            f"{n_columns} columns; use solver='auto' or 'svd'."
        )
    condition = float(singular[0] / singular[-1]) if singular[-1] else np.inf
    if dependent or solver == "svd":
        transform, solver = right[used].T / singular[used], "svd"
    else:
        transform, solver = inverse_upper(factor / lengths), "qr"
    transform = transform / lengths[:, None]
    return Whitening(transform, scale, fit_intercept, rank, condition, solver)


def _from_wide_r(factor, ridge, rank):
    """Whiten by R with fewer rows than columns, and a ridge, without a d x d matrix."""
    # With columns divided by the root of their ridge, A'A + I has eigenvalues 1 + s^2.
    roots = np.sqrt(np.maximum(ridge, 1e-300))
    _, singular, right = svd(factor / roots, full_matrices=False)
    transform = right.T / np.hypot(1.0, singular) / roots[:, None]
    condition = float(np.hypot(1.0, singular[0]))
    return Whitening(transform, None, False, rank, condition, "svd")


def _column_svd(factor):
    """Return singular values, lengths of columns, right vectors at length one."""
    lengths = np.linalg.norm(factor, axis=0)
    lengths[lengths == 0] = 1.0
    _, singular, right = svd(factor / lengths, full_matrices=False)
    return singular, lengths, right


def _from_sketch(rows, alpha, fit_intercept, seed):
    """Whiten by a sparse embedding of the rows, then project to a few directions."""
    scale = column_scale(rows, fit_intercept)
    n_columns = rows.n_features + fit_intercept
    n_buckets = _SKETCH_ROWS * n_columns + 64

    def embed(block):
        words = words_by_row(
            seed, (LEARN, 0), block.start, block.X.shape[0], _SKETCH_NONZEROS
        )
        signs = np.where(words & 1, 1.0, -1.0) / np.sqrt(_SKETCH_NONZEROS)
        buckets = ((words >> 11) * 2.0**-53 * n_buckets).astype(np.int64)
        columns = np.repeat(np.arange(len(words)), _SKETCH_NONZEROS)
        embedding = sparse.csr_array(
            (signs.ravel(), (buckets.ravel(), columns)), shape=(n_buckets, len(words))
        )
        if sparse.issparse(block.X):
            return (embedding @ sparse_rows(block, scale, fit_intercept)).toarray()
        return sum(
            embedding[:, start : start + CHUNK] @ chunk
            for start, chunk in chunks(block, scale, fit_intercept)
        )

    if rows.n_rows <= n_buckets:
        stand_in = r_factor(rows, scale, fit_intercept)
    else:
        stand_in = rows.reduce(embed, np.add)
    found = None
    if len(stand_in) >= n_columns:
        gram, ridge = stand_in.T @ stand_in, _ridge(alpha, n_columns, scale)
        found = _by_cholesky(gram, ridge, scale, fit_intercept, rows.dtype)
    if found is None:
        factor = np.linalg.qr(stand_in, mode="r")
        found = _from_r(factor, scale, alpha, fit_intercept, "svd", rows.dtype)
    transform = found.transform
    if transform.shape[1] > _JL_COLUMNS:
        directions = stream(seed, LEARN, 1).standard_normal(
            (transform.shape[1], _JL_COLUMNS)
        )
        transform = transform @ directions / np.sqrt(_JL_COLUMNS)
    return found._replace(transform=transform, solver="sketch")
