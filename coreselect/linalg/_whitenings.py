"""Whitening transforms: a matrix T for which the columns of ``A T`` are orthonormal.

A first T comes from a small matrix: A'A, or R of A = QR. The rounding errors of either
grow with the number of rows that are added up at a time. So the rank is decided by the
products of the rows themselves. With columns of norm one and u = 1.1e-16, each product
``a_i v`` has a rounding error of at most ``8 sqrt(d) u |a_i| |v|``, except with
probability ``2 d exp(-32)`` [1]_. Over all rows, these errors have a norm of at most
``8 d u = 4 d eps``, however many rows there are.

References
----------
.. [1] N. J. Higham, T. Mary, "A new approach to probabilistic rounding error analysis",
   SIAM Journal on Scientific Computing 41(5), 2019, :doi:`10.1137/18M1226312`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.linalg import cholesky, solve_triangular, svd

from coreselect._numbers import CHUNK
from coreselect._random import LEARN, stream, words_by_row
from coreselect._typing import Floats
from coreselect.linalg._passes import (
    column_scale,
    gram_matrix,
    products,
    r_factor,
    sparse_rows,
    weighted_chunks,
)
from coreselect.rows import Rows

EPS = np.finfo(np.float64).eps

# One Gram matrix has a relative error of eps * condition**2, here 2e-11.
WELL_CONDITIONED = 300.0
_FACTORABLE = 1e-13  # least ratio of eigenvalues for a Cholesky factorisation
_ROUNDS = 6  # most corrections of R; dependent columns need two
_SKETCH_ROWS = 8  # rows of the sketch per column
_SKETCH_NONZEROS = 4  # buckets of the sketch that each row is added to
_JL_COLUMNS = 64  # columns of the random projection after the sketch


class Orthonormalizer(NamedTuple):
    """A whitening transform; leverage scores are ``|row * scale @ transform|**2``."""

    transform: np.ndarray  # of shape (n_columns, r)
    # Powers of two that columns are multiplied by first; None if squares of the entries
    # neither overflow nor underflow.
    scale: np.ndarray | None
    # Whether the last column is a column of ones.
    fit_intercept: bool
    # Numerical rank of the (weighted) rows, including the column of ones. With a ridge,
    # directions below about 2e-6 of the longest may not count.
    rank: int
    # Condition number after scaling columns to length one.
    condition: float
    # The solver that was used: "gram", "qr", "svd" or "sketch".
    solver: str


def ridge_of(alpha: ArrayLike, n_columns: int, scale: Floats | None) -> Floats:
    """Return the ridge in the units of the squared lengths of the scaled columns."""
    ridge = np.broadcast_to(np.asarray(alpha, dtype=np.float64), n_columns)
    if scale is None:
        return ridge
    # If the data are tiny beside the ridge, 1e300 stands for infinity: scores vanish.
    with np.errstate(over="ignore"):
        return np.minimum(np.sqrt(ridge) * scale, 1e150) ** 2


def inverse_upper(upper: Floats) -> Floats:
    """Return the inverse of an upper triangular matrix."""
    return solve_triangular(upper, np.eye(len(upper)))


# --- by a Gram matrix ---------------------------------------------------------------


def from_gram(
    rows: Rows, alpha: ArrayLike, fit_intercept: bool, trusted: float
) -> Orthonormalizer | None:
    """Whiten by a Cholesky factor of A'A, or return None if that is inaccurate.

    If the condition number is above `trusted`, a second pass corrects the result.
    """
    # Most data need no scaling, which would take a pass: it is done only if squared
    # lengths of columns come near the ends of the range.
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
    """Whiten by the Cholesky factor of a Gram matrix; return None if it has none.

    Eigenvalues of the Gram matrix have errors of up to `noise` times the largest.
    """
    # Columns are brought to length one first, so that one in small units does not look
    # dependent. No scaling has a condition number lower by more than the root of the
    # number of columns (van der Sluis).
    used = np.flatnonzero(np.diagonal(gram))  # without columns of zeros
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
    return Orthonormalizer(transform, scale, fit_intercept, rank, condition, "gram")


def _equilibrate(gram):
    """Return column lengths, the Gram matrix of unit columns, and its eigenvalues."""
    lengths = np.sqrt(np.diagonal(gram))
    gram = gram / np.outer(lengths, lengths)
    return lengths, gram, np.linalg.eigvalsh(gram)


def _gram_again(rows, first, ridge):
    """Return the Gram matrix of whitened rows, ridge included.

    It shows all errors of the whitening but the rounding of the products of rows.
    """

    def of_block(block):
        return sum(B.T @ B for _, B in products(block, first))

    T = first.transform
    return rows.reduce(of_block, np.add) + (T.T * ridge) @ T


def _corrected(first, gram):
    """Correct a whitening by the Gram matrix of whitened rows (CholeskyQR2).

    Return None if that matrix is too far from the identity.
    """
    # Near the identity, the Cholesky factor is accurate to eps, and so is the product
    # of both transforms.
    eigenvalues = np.linalg.eigvalsh(gram)
    if not (eigenvalues[0] >= 0.5 and eigenvalues[-1] <= 2):
        return None
    return first._replace(transform=first.transform @ inverse_upper(cholesky(gram)))


# --- by R ---------------------------------------------------------------------------


def from_r(
    rows: Rows, alpha: ArrayLike, fit_intercept: bool, solver: str, trusted: float
) -> Orthonormalizer:
    """Whiten by R, or by its singular vectors if columns are dependent.

    Up to a condition number of `trusted`, the result needs no correction by the rows.
    """
    # If the Gram matrix of the whitened rows is not near I, it gives a better R for the
    # next round. Directions in which R is zero up to rounding stay in T, raised to the
    # length that rounding may give them. They count if the rows turn out to be longer.
    scale = column_scale(rows, fit_intercept)
    factor: Any = r_factor(rows, scale, fit_intercept)
    n_columns = factor.shape[1]
    ridge = ridge_of(alpha, n_columns, scale)
    noise = EPS * min(rows.n_rows, CHUNK)
    rank, basis, factor = _with_ridge(factor, ridge, noise)
    tolerance = _tolerance(n_columns)
    found = Orthonormalizer(np.empty(0), scale, fit_intercept, 0, np.inf, "qr")
    for _ in range(_ROUNDS):
        parts, inverse = _by_r(factor, solver, tolerance)
        if basis is not None:
            parts["transform"] = basis @ parts["transform"]
        found = found._replace(**parts)
        kept: Orthonormalizer | None = found._replace(
            transform=found.transform[:, : found.rank]
        )
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
            "the columns of X are too close to dependent for float64: they cannot be "
            "made orthonormal. Scale or drop columns, or use a larger alpha."
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
    """Return the rank without the ridge, a basis, and R of [A; root of ridge] in it.

    The rank is None without a ridge, the basis None if it is the identity.
    """
    # With fewer rows than columns, no d x d matrix is made. Only the row space of the
    # penalised columns (each divided by the root of its ridge) matters, so the basis
    # spans this space, where the ridge is I, and the columns without a ridge.
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
    """Return whether the columns after the first `rank` hold rounding errors only."""
    # They were raised to the length of rounding. With their projection on the first
    # columns subtracted, rounding alone leaves them a length of at most 1.
    inside, across, outside = gram[:rank, :rank], gram[:rank, rank:], gram[rank:, rank:]
    if not outside.size:
        return True
    left = outside - across.T @ np.linalg.lstsq(inside, across, rcond=None)[0]
    return np.linalg.eigvalsh(left)[-1] <= 1.0


def _by_r(factor, solver, tolerance):
    """Return the fields of a whitening by R, and the inverse of its transform.

    Columns of the transform from `rank` on are directions whose relative length is at
    most `tolerance`.
    """
    # Independent columns: R itself is inverted, which keeps small entries accurate.
    # Otherwise, directions below the tolerance are kept too, raised to the length that
    # rounding may have there; the caller tests whether rows show more.
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
    """Scale columns to length one; return singular values, lengths, right vectors."""
    # R has the column lengths and singular values of A, so A itself is not needed.
    lengths = np.linalg.norm(factor, axis=0)
    lengths[lengths == 0] = 1.0
    _, singular, right = svd(factor / lengths, full_matrices=False)
    return singular, lengths, right


# --- by a sketch --------------------------------------------------------------------


def from_sketch(
    rows: Rows, alpha: ArrayLike, fit_intercept: bool, seed: int
) -> Orthonormalizer:
    """Whiten by a sparse embedding of the rows, then project onto a few directions."""
    scale = column_scale(rows, fit_intercept)
    n_columns = rows.n_features + fit_intercept
    n_buckets = _SKETCH_ROWS * n_columns + 64

    def embed(block):
        # Each row is added to a few buckets with random signs. The words belong to the
        # row number, so the sketch does not depend on the blocks.
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
            for start, chunk in weighted_chunks(block, scale, fit_intercept)
        )

    if rows.n_rows <= n_buckets:
        stand_in = r_factor(rows, scale, fit_intercept)
    else:
        stand_in = rows.reduce(embed, np.add)
    ridge = ridge_of(alpha, n_columns, scale)
    # A bucket adds up n / n_buckets rows one by one, with random signs, so that its
    # partial sums are a random walk.
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
        found = Orthonormalizer(
            transform if basis is None else basis @ transform,
            scale,
            fit_intercept,
            parts["rank"] if rank is None else rank,
            parts["condition"],
            "sketch",
        )
    # Only lengths of rows of A T are needed. Random directions keep squared lengths up
    # to a relative deviation of 18 %, and 64 of them replace all columns (Johnson and
    # Lindenstrauss).
    transform = found.transform
    if transform.shape[1] > _JL_COLUMNS:
        directions = stream(seed, LEARN, 1).standard_normal(
            (transform.shape[1], _JL_COLUMNS)
        )
        transform = transform @ directions / np.sqrt(_JL_COLUMNS)
    return found._replace(transform=transform, solver="sketch")
