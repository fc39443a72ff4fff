"""Passes over blocks of rows: products with a matrix, the Gram matrix, and R of A = QR.

Dense blocks are handled in chunks that stay in cache. CSR blocks are made dense only
chunk by chunk, if at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from coreselect._numbers import CHUNK, power_of_two
from coreselect._threads import one_blas_thread
from coreselect._typing import Floats, Matrix
from coreselect.rows import Block, Rows, merge_in_pairs

if TYPE_CHECKING:
    from coreselect.linalg._whitenings import Orthonormalizer


# Products of up to _NARROW columns are formed for fewer rows at a time, so that they
# stay in a core's own cache.
_NARROW = 128
_NARROW_STRIP = 2048


def weighted_chunks(block, scale, fit_intercept):
    """Yield row numbers and float64 chunks: weighted, scaled, ones appended."""
    # A row of weight w enters as its root times the row, so that Gram matrices are
    # weighted. Products of entries with the scale come last: a power of two, exact.
    roots = None if _all_ones(block.weight) else np.sqrt(block.weight)
    n, d = block.X.shape
    for start in range(0, n, CHUNK):
        X = block.X[start : start + CHUNK]
        if sparse.issparse(X):
            X = X.toarray()
        if fit_intercept:
            chunk = np.ones((len(X), d + 1))
            chunk[:, :d] = X
        else:
            chunk = X.astype(np.float64, copy=False)
        if roots is not None:
            chunk = chunk * roots[start : start + CHUNK, None]
        yield start, chunk if scale is None else chunk * scale


def sparse_rows(block: Block, scale: Floats | None, fit_intercept: bool) -> Matrix:
    """Return a CSR block with rows weighted, columns scaled and ones appended."""
    n = block.X.shape[0]
    A = sparse.csr_array(block.X, dtype=np.float64)
    if fit_intercept:
        A = sparse.hstack([A, sparse.csr_array(np.ones((n, 1)))], format="csr")
    if not _all_ones(block.weight):
        A = sparse.diags_array(np.sqrt(block.weight)) @ A
    return A if scale is None else A @ sparse.diags_array(scale)


def _all_ones(weight):
    # Default weights are a single one, broadcast with a stride of zero.
    return weight.strides == (0,) and len(weight) and weight[0] == 1.0


def products(block: Block, whitening: Orthonormalizer) -> Iterator[tuple[int, Floats]]:
    """Yield ``rows @ transform`` in chunks; each overwrites the one before."""
    # One buffer is written again and again. A new array per chunk would have its pages
    # cleared by the system first, which takes time that counts beside a narrow product.
    transform, scale, fit_intercept, *_ = whitening
    if not sparse.issparse(block.X):
        width = transform.shape[1]
        strip = _NARROW_STRIP if width <= _NARROW else CHUNK
        buffer = np.empty((min(strip, block.X.shape[0]), width))
        for start, chunk in weighted_chunks(block, scale, fit_intercept):
            for at in range(0, len(chunk), strip):
                rows = chunk[at : at + strip]
                yield start + at, np.matmul(rows, transform, out=buffer[: len(rows)])
        return
    A = sparse_rows(block, scale, fit_intercept)
    for start in range(0, A.shape[0], CHUNK):
        yield start, A[start : start + CHUNK] @ transform


def whitened_rows(block: Block, whitening: Orthonormalizer) -> Iterator[Floats]:
    """Yield the rows of a block in the coordinates of a whitening, in chunks."""
    for _, product in products(block, whitening):
        yield product.copy()


def unweighted_rows(block: Block, whitening: Orthonormalizer) -> Floats:
    """Return the whitened rows of a block as one array, ignoring their weights."""
    ones = np.broadcast_to(1.0, len(block.weight))
    return np.concatenate(list(whitened_rows(block._replace(weight=ones), whitening)))


def whitened_columns(rows, whitening):
    """Return ``T'A'A``: the columns of A in the coordinates of ``A T``.

    A has the column scale of the whitening.
    """
    transform, scale, fit_intercept, *_ = whitening

    def of_block(block):
        if sparse.issparse(block.X):
            A = sparse_rows(block, scale, fit_intercept)
            return (A.T @ (A @ transform)).T
        return sum(
            (chunk @ transform).T @ chunk
            for _, chunk in weighted_chunks(block, scale, fit_intercept)
        )

    return rows.reduce(of_block, np.add)


def gram_matrix(rows: Rows, scale: Floats | None, fit_intercept: bool) -> Floats:
    """Return A'A."""

    def of_block(block):
        with np.errstate(over="ignore", invalid="ignore"):  # callers check the result
            if sparse.issparse(block.X):
                A = sparse_rows(block, scale, fit_intercept)
                return (A.T @ A).toarray()
            return sum(c.T @ c for _, c in weighted_chunks(block, scale, fit_intercept))

    return rows.reduce(of_block, _add)


@np.errstate(over="ignore", invalid="ignore")
def _add(a, b):
    return a + b


def column_scale(rows: Rows, fit_intercept: bool) -> Floats:
    """Return powers of two that bring the largest entry of each column near one."""

    def largest(block):
        X = abs(block.X)
        if sparse.issparse(X):
            X = sparse.diags_array(np.sqrt(block.weight)) @ X.astype(np.float64)
            found = X.max(axis=0).toarray().ravel()
        else:
            found = (X * np.sqrt(block.weight)[:, None]).max(axis=0)
        return np.append(found, np.sqrt(block.weight.max())) if fit_intercept else found

    return power_of_two(rows.reduce(largest, np.maximum))


def r_factor(rows: Rows, scale: Floats, fit_intercept: bool) -> Floats:
    """Return R of A = QR, with no more rows than A."""
    # Chunks of a block are joined as a binary tree, like blocks. So rounding grows with
    # the logarithm of the number of rows, and a zero singular value stays near eps.

    def of_block(block):
        chunks = weighted_chunks(block, scale, fit_intercept)
        factors = (np.linalg.qr(chunk, mode="r") for _, chunk in chunks)
        return merge_in_pairs(enumerate(factors), stack)

    def stack(upper, lower):
        return np.linalg.qr(np.vstack([upper, lower]), mode="r")

    # Threads gain nothing on narrow columns, and wait for each other on a busy machine.
    narrow = rows.n_features <= _NARROW
    with one_blas_thread() if narrow else nullcontext():
        return rows.reduce(of_block, stack)
