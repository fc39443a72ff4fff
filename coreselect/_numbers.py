"""Arrays in safe units: powers of two, dense or CSR chunks, orthonormal columns.

Products with a power of two change no digits. So data are brought near one before
squares are formed, which then neither overflow nor vanish, and results are divided by
the same power.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from coreselect._scratch import empty, parts, release
from coreselect._typing import Floats, Integers, Matrix

_ROUNDING = 1e-12  # more than sums of many rows round, relative to their terms
CHUNK = 8192  # rows handled at a time
_VALUES = 2**20  # numbers handled at a time, so that they stay in cache


def chunk_size(width: int) -> int:
    """Return how many rows of `width` numbers to handle at a time."""
    return max(256, min(CHUNK, _VALUES // max(width, 1)))


def largest_entry(X: Matrix) -> float:
    """Return the largest absolute entry of a dense or CSR array; 0.0 if it is empty."""
    values = X.data if sparse.issparse(X) else X
    return float(max(values.max(initial=0.0), -values.min(initial=0.0)))


def exponent(number: Any) -> int:
    """Return e such that a positive number lies from ``2**(e - 1)`` to ``2**e``."""
    return int(np.frexp(number)[1])


def power_of_two(largest: Any, *, most: int = 1000) -> Any:
    """Return the power of two that brings a positive number near one.

    For an array, one power per entry. No power is above ``2**most``: a factor of a
    larger one would itself be near infinity.
    """
    _, exponents = np.frexp(largest)
    power = np.ldexp(1.0, np.clip(-exponents, -1000, most))
    return float(power) if np.ndim(power) == 0 else power


def in_unit(values: Any, exponent: int) -> Any:
    """Return values divided by ``2**exponent``, at most ``2**900``.

    They are added to sums of weights, or compared with them, that `Rows.near_one`
    divided likewise. Beside ``2**900``, weights near one are next to nothing.
    """
    if not exponent:
        return values
    with np.errstate(over="ignore"):
        values = np.asarray(values, dtype=np.float64)
        moved = np.minimum(np.ldexp(values, -exponent), 2.0**900)
    return float(moved) if np.ndim(moved) == 0 else moved


def unit_scale(rows: Any) -> Any:
    """Return the power of two that brings the largest entry of `Rows` near one."""
    largest = rows.reduce(lambda block: largest_entry(block.X), max)
    return power_of_two(largest, most=500)


def among_all(values: Any, kept: Integers | None, n_rows: int) -> Any:
    """Give values of the rows `kept` the length of all rows; zeros for the others."""
    if kept is None:
        return values
    out = empty((n_rows, *values.shape[1:]), values.dtype)
    for rows in parts(out):
        out[rows] = 0
    for rows in parts(kept, values):
        out[kept[rows]] = values[rows]
        release(out)
    return out


def to_dense(X: Matrix, scale: float = 1.0) -> Floats:
    """Return rows as a C-ordered float64 array, times `scale`."""
    if sparse.issparse(X):
        X = X.toarray()
    X = np.ascontiguousarray(X, dtype=np.float64)
    return X if scale == 1.0 else X * scale


def in_units(X: Matrix, scale: float) -> Matrix:
    """Return rows times `scale`: dense rows as `to_dense` does, CSR rows as CSR."""
    if not sparse.issparse(X):
        return to_dense(X, scale)
    return X if scale == 1.0 else X.astype(np.float64) * scale


def chunks(
    X: Matrix, scale: float = 1.0, size: int = CHUNK
) -> Iterator[tuple[int, Matrix]]:
    """Yield parts of `X` as `in_units` returns them, each with its first row number."""
    for start in range(0, X.shape[0], size):
        # Slices of CSR rows are copies, so a single chunk is not cut out.
        part = X if X.shape[0] <= size else X[start : start + size]
        yield start, in_units(part, scale)


def orthonormal_in_order(factor: Floats, tolerance: float) -> Floats:
    """Return a matrix T such that the columns of ``A T`` are orthonormal, for A = QR.

    Column k of ``A T`` is a combination of the first columns of A, with a positive
    coefficient for the last of these; LAPACK leaves such signs open. A column of A that
    has less than `tolerance` of its length beside those before it is left out: T has a
    row of zeros for it, and no column. So is one for which this is rounding.

    Parameters
    ----------
    factor : ndarray of shape (r, n_columns)
        R, or any matrix with ``R'R = A'A``.
    tolerance : float
        Relative to the length of a column.
    """
    lengths = np.sqrt((factor**2).sum(axis=0))
    basis, transform = np.zeros((len(factor), 0)), np.zeros((factor.shape[1], 0))
    for number, column in enumerate(factor.T):
        inside = basis.T @ column
        rest = column - basis @ inside
        left = basis.T @ rest  # what rounding leaves
        rest, inside = rest - basis @ left, inside + left
        beside = np.sqrt((rest**2).sum())
        # The column is this combination of those before it, and the rest. Its terms may
        # be much longer than itself, and then round more.
        combination = transform @ inside
        noise = _ROUNDING * (np.abs(combination) @ lengths)
        if beside > max(tolerance * lengths[number], noise):
            combination[number] -= 1.0
            basis = np.column_stack([basis, rest / beside])
            transform = np.column_stack([transform, -combination / beside])
    return transform
