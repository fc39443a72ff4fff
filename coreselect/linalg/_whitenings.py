"""From all rows to a matrix T for which the columns of ``A T`` are orthonormal.

A first T comes from a small matrix: A'A, or R of A = QR. The rounding of either grows
with the number of rows that are added up at a time. So the rows themselves decide which
directions v count: with columns of norm one, each product ``a_i v`` has a rounding
error of at most ``8 sqrt(d) u |a_i| |v|``, u = 1.1e-16, but in cases of probability
``2 d exp(-32)`` [1]_, and these errors have a norm of at most ``8 d u = 4 d eps`` over
all rows, however many there are.

References
----------
.. [1] N. J. Higham, T. Mary, "A new approach to probabilistic rounding error analysis",
   SIAM Journal on Scientific Computing 41(5), 2019.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import cholesky, solve_triangular, svd

from coreselect._random import LEARN, stream, words_by_row
from coreselect.linalg._passes import (
    CHUNK,
    chunks,
    column_scale,
    gram_matrix,
    products,
    r_factor,
    sparse_rows,
)

EPS = np.finfo(np.float64).eps

WELL_CONDITIONED = 300.0  # one Gram matrix loses eps * condition**2: 2e-11
_FACTORABLE = 1e-13  # smallest over largest eigenvalue that a Cholesky factor can bear
_ROUNDS = 6  # of correcting R, at most: two where columns depend on each other
_SKETCH_ROWS = 8  # rows of the sketch for each column
_SKETCH_NONZEROS = 4  # buckets that each row is added to
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
        Numerical rank of the (weighted) rows, the column of ones included. With a
        ridge, directions below about 2e-6 of the longest may not count.
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


def ridge_of(alpha, n_columns, scale):
    """Return what the ridge adds to the squared lengths of the scaled columns."""
    alpha = np.broadcast_to(np.asarray(alpha, dtype=np.float64), n_columns)
    if scale is None:
        return alpha
    # Where data are tiny beside the ridge, 1e300 means infinite: scores vanish.
    with np.errstate(over="ignore"):
        return np.minimum(np.sqrt(alpha) * scale, 1e150) ** 2


def inverse_upper(upper):
    """Return the inverse of an upper triangular matrix."""
    return solve_triangular(upper, np.eye(len(upper)))


# --- by a Gram matrix ---------------------------------------------------------------


def from_gram(rows, alpha, fit_intercept, trusted):
    """Whiten by a Cholesky factor of A'A, or return None where that is inaccurate.

    From a condition number of `trusted` on, rows correct it.
    """
    scale = None
    gram = gram_matrix(rows, scale, fit_intercept)
    norms = np.diagonal(gram)
    if not np.isfinite(gram).all() or norms.min() < 1e-250 or norms.max() > 1e250:
        scale = column_scale(rows, fit_intercept)
        gram = gram_matrix(rows, scale, fit_intercept)
    ridge = ridge_of(alpha, len(gram), scale)
    noise = EPS * min(rows.n_rows, CHUNK)
    found = _by_cholesky(gram, ridge, scale, fit_intercept, noise)
    if found is None or found.condition <= trusted:
        return found
    return _corrected(found, _gram_again(rows, found, ridge))


def _by_cholesky(gram, ridge, scale, fit_intercept, noise):
    """Whiten by the Cholesky factor of a Gram matrix; None where there is none.

    Eigenvalues of the Gram matrix itself are known up to `noise`, relatively.
    """
    used = np.flatnonzero(np.diagonal(gram))  # columns of zeros add nothing
    if not len(used):
        return None
    gram_used = gram[np.ix_(used, used)]
    lengths, kept, eigenvalues = _equilibrate(gram_used + np.diag(ridge[used]))
    if eigenvalues[0] <= _FACTORABLE * eigenvalues[-1]:
        return None
    condition = float(np.sqrt(eigenvalues[-1] / eigenvalues[0]))
    transform = np.zeros((len(gram), len(used)))
    transform[used] = inverse_upper(cholesky(kept)) / lengths[:, None]
    rank = len(used)
    if ridge.any():
        eigenvalues = _equilibrate(gram_used)[2]
        least = max(_FACTORABLE, noise) * eigenvalues[-1]
        rank = int(np.count_nonzero(eigenvalues > least))
    return Whitening(transform, scale, fit_intercept, rank, condition, "gram")


def _equilibrate(gram):
    """Return lengths of columns, the Gram matrix at length one, its eigenvalues."""
    lengths = np.sqrt(np.diagonal(gram))
    gram = gram / np.outer(lengths, lengths)
    return lengths, gram, np.linalg.eigvalsh(gram)


def _gram_again(rows, first, ridge):
    """Return the Gram matrix of the rows that a whitening whitened, ridge included.

    What it does not see is the rounding of each row's own product.
    """

    def of_block(block):
        return sum(B.T @ B for _, B in products(block, first))

    T = first.transform
    return rows.reduce(of_block, np.add) + (T.T * ridge) @ T


def _corrected(first, gram):
    """Correct a whitening by the Gram matrix it led to (CholeskyQR2).

    Return None where that is too far from the identity.
    """
    eigenvalues = np.linalg.eigvalsh(gram)
    if not (eigenvalues[0] >= 0.5 and eigenvalues[-1] <= 2):
        return None
    return first._replace(transform=first.transform @ inverse_upper(cholesky(gram)))


# --- by R ---------------------------------------------------------------------------


def from_r(rows, alpha, fit_intercept, solver, trusted):
    """Whiten by R, corrected by the rows; by singular vectors where columns depend.

    The rows that T whitened have the Gram matrix I, or tell a better R. Directions that
    R takes for dependent ride along, at the length that rounding can have. Without
    these, a condition number of up to `trusted` needs no correction.
    """
    scale = column_scale(rows, fit_intercept)
    factor = r_factor(rows, scale, fit_intercept)
    n_columns = factor.shape[1]
    ridge = ridge_of(alpha, n_columns, scale)
    noise = EPS * min(rows.n_rows, CHUNK)
    rank, basis, factor = _with_ridge(factor, ridge, noise)
    tolerance = _tolerance(n_columns)
    found = Whitening(np.empty(0), scale, fit_intercept, 0, np.inf, "qr")
    for _ in range(_ROUNDS):
        parts, inverse = _by_r(factor, solver, tolerance)
        if basis is not None:
            parts["transform"] = basis @ parts["transform"]
        found = found._replace(**parts)
        kept = found._replace(transform=found.transform[:, : found.rank])
        if found.rank == 0 or found.condition <= trusted:
            break
        gram = _gram_again(rows, found, ridge)
        inside = gram[: found.rank, : found.rank]
        kept = _corrected(kept, inside) if _nothing_beside(gram, found.rank) else None
        if kept is not None:
            break
        values, vectors = np.linalg.eigh(gram)
        roots = np.sqrt(np.maximum(values, 0.0))
        factor = np.linalg.qr(roots[:, None] * (vectors.T @ inverse), mode="r")
    if kept is None:
        raise ValueError(
            "the columns of X are too close to dependent for float64: no combinations "
            "of them are orthonormal. Scale or drop columns, or use a larger alpha."
        )
    if solver == "qr" and kept.rank < n_columns and basis is None:
        raise ValueError(
            f"solver='qr' needs independent columns, but X has rank {kept.rank} with "
            f"{n_columns} columns; use solver='auto' or 'svd'."
        )
    return kept if rank is None else kept._replace(rank=rank)


def _tolerance(n_columns):
    return 4 * n_columns * EPS


def _with_ridge(factor, ridge, noise):
    """Return rank without the ridge, columns to work in, and R of these with the ridge.

    Rank and columns are None where there is no ridge, or where all columns serve. With
    fewer rows than columns, no d x d matrix is made: penalised columns divided by the
    root of their ridge are replaced by what spans their rows.
    """
    if not ridge.any():
        return None, None, factor
    n_columns, singular = factor.shape[1], _column_svd(factor)[0]
    least = max(noise, _tolerance(n_columns)) * singular[0]
    rank, basis = int(np.count_nonzero(singular > least)), None
    if len(factor) < n_columns:
        free, penalised = np.flatnonzero(ridge == 0), np.flatnonzero(ridge)
        roots = np.sqrt(ridge[penalised])
        right = svd(factor[:, penalised] / roots, full_matrices=False)[2]
        basis = np.zeros((n_columns, len(right) + len(free)))
        basis[penalised, : len(right)] = right.T / roots[:, None]
        basis[free, len(right) + np.arange(len(free))] = 1.0
        factor = factor @ basis
        ridge = np.repeat([1.0, 0.0], [len(right), len(free)])
    factor = np.vstack([factor, np.diag(np.sqrt(ridge))])
    return rank, basis, np.linalg.qr(factor, mode="r")


def _nothing_beside(gram, rank):
    """Whether what lies outside the first columns is at most 1, with them taken out."""
    inside, across, outside = gram[:rank, :rank], gram[:rank, rank:], gram[rank:, rank:]
    if not outside.size:
        return True
    left = outside - across.T @ np.linalg.lstsq(inside, across, rcond=None)[0]
    return np.linalg.eigvalsh(left)[-1] <= 1.0


def _by_r(factor, solver, tolerance):
    """Return what R says of a whitening, and the inverse of its transform.

    Columns of the transform beyond `rank` are directions of at most `tolerance`.
    """
    singular, lengths, right = _column_svd(factor)
    least = tolerance * singular[0] or 1.0
    rank = int(np.count_nonzero(singular > least))
    condition = float(singular[0] / singular[-1]) if singular[-1] else np.inf
    if rank == factor.shape[1] and solver != "svd":
        transform, inverse, solver = inverse_upper(factor / lengths), factor, "qr"
    else:
        raised = np.maximum(singular, least)
        transform, solver = right.T / raised, "svd"
        inverse = raised[:, None] * right * lengths
    parts = {
        "transform": transform / lengths[:, None],
        "rank": rank,
        "condition": condition,
        "solver": solver,
    }
    return parts, inverse


def _column_svd(factor):
    """Return singular values, lengths of columns, right vectors at length one."""
    lengths = np.linalg.norm(factor, axis=0)
    lengths[lengths == 0] = 1.0
    _, singular, right = svd(factor / lengths, full_matrices=False)
    return singular, lengths, right


# --- by a sketch --------------------------------------------------------------------


def from_sketch(rows, alpha, fit_intercept, seed):
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
    ridge = ridge_of(alpha, n_columns, scale)
    # A bucket adds up n / n_buckets rows, one by one; its numbers are a random walk.
    noise = 4 * EPS * max(n_columns, len(stand_in) + np.sqrt(rows.n_rows))
    found = None
    if len(stand_in) >= n_columns:
        gram = stand_in.T @ stand_in
        found = _by_cholesky(gram, ridge, scale, fit_intercept, noise)
    if found is None:
        factor = np.linalg.qr(stand_in, mode="r")
        rank, basis, factor = _with_ridge(factor, ridge, noise)
        parts, _ = _by_r(factor, "svd", noise)
        transform = parts["transform"][:, : parts["rank"]]
        found = Whitening(
            transform if basis is None else basis @ transform,
            scale,
            fit_intercept,
            parts["rank"] if rank is None else rank,
            parts["condition"],
            "sketch",
        )
    transform = found.transform
    if transform.shape[1] > _JL_COLUMNS:
        directions = stream(seed, LEARN, 1).standard_normal(
            (transform.shape[1], _JL_COLUMNS)
        )
        transform = transform @ directions / np.sqrt(_JL_COLUMNS)
    return found._replace(transform=transform, solver="sketch")
