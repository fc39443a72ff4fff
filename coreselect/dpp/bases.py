"""Orthonormal bases of the columns of rows, which are gone over in parts.

A basis has one row for each row of the data. That of rows in a file, or under a memory
budget, lives in a scratch file if it is large.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cholesky

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import to_dense
from coreselect._scratch import empty, parts
from coreselect._typing import Floats
from coreselect.linalg import (
    Orthonormalizer,
    inverse_upper,
    leverage_whitening,
    whiten_block,
)
from coreselect.rows import Rows
from coreselect.rows import open as open_rows

_ORTHONORMAL = 1e-8  # largest entry of U'U - I that counts as rounding


def orthonormal(U: ArrayLike) -> Floats:
    """Return U as float64, with its columns made orthonormal if they are not."""
    rows = open_rows(U, name="U")
    if not _is_identity(rows.reduce(lambda block: _gram(to_dense(block.X)), np.add)):
        return rows_whitened(rows)
    if rows.in_file:
        return rows.map(lambda block: to_dense(block.X))
    return to_dense(rows.whole().X)


def rows_whitened(rows: Rows, *, fit_intercept: bool = False) -> Floats:
    """Return an orthonormal basis of the span of the columns (and a column of ones)."""
    return basis_of(rows, leverage_whitening(rows, fit_intercept=fit_intercept))


def basis_of(rows: Rows, whitening: Orthonormalizer) -> Floats:
    """Return the whitened rows, corrected so that ``U'U = I`` up to rounding."""

    def of_block(block):
        basis = whiten_block(block, whitening)
        return basis, _gram(basis)

    basis: Any
    basis, gram = rows.map_reduce(of_block, np.add)
    if _is_identity(gram):
        return basis
    # One Cholesky step from nearly orthonormal columns leaves an error of eps, as in
    # the second step of CholeskyQR2.
    if not np.isfinite(gram).all() or np.linalg.eigvalsh(gram)[0] < 0.5:
        raise ValueError("the columns of X are too close to dependent for float64.")
    correction = inverse_upper(cholesky(gram))
    for part in parts(basis):
        basis[part] = basis[part] @ correction
    return basis


def _gram(basis):
    with np.errstate(over="ignore", invalid="ignore"):
        return basis.T @ basis


def _is_identity(gram):
    with np.errstate(invalid="ignore"):
        gap = abs(gram - np.eye(len(gram)))
    return gap.max(initial=0.0) <= _ORTHONORMAL


def sq_lengths(basis: Floats) -> Floats:
    """Return the squared length of every row."""
    out = empty(len(basis))
    for part in parts(out, basis):
        out[part] = row_sq_norms(np.ascontiguousarray(basis[part]))
    return out
