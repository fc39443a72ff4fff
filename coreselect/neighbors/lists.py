"""Running lists of the nearest rows, and the bounds that decide who may enter them.

A float32 product of rows and targets gives minus their squared distance, up to
rounding. Shifted by more than all its rounding errors, it becomes a proven bound. So
`push` computes a distance in float64 only where a row may enter a list, and the lists
are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from coreselect._kernels.nearest import NO_ROW, Lists, Points
from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import exponent, largest_entry
from coreselect._typing import Floats, Matrix
from coreselect._validation import as_array, naming
from coreselect.neighbors.centers import sq_norms
from coreselect.rows.columns import require_numbers
from coreselect.rows.matrices import check_sparse

_FEW = 1000  # rows whose median is taken as that of all rows
_MOST_POWER = 1000  # largest power of two for subnormal numbers, short of infinity
_FAR = 1e30  # squared norm above which float32 products may overflow


def as_points(X):
    """Return dense or CSR rows in the form that the kernels need."""
    if sparse.issparse(X):
        return Points(X.data, X.indices, X.indptr)
    return Points(X, None, None)


def empty_lists(n_targets, k):
    """Return empty lists of the k nearest rows, for kernels to fill."""
    return Lists(
        np.full((n_targets, k), np.inf),
        np.full((n_targets, k), NO_ROW),
        np.full(n_targets, -1, dtype=np.int64),
    )


def sorted_lists(lists):
    """Return row numbers and squared distances, nearest first, ties by row number."""
    order = np.lexsort((lists.rows, lists.squares))
    return (
        np.take_along_axis(lists.rows, order, axis=1),
        np.take_along_axis(lists.squares, order, axis=1),
    )


def without_own(found, own):
    """Remove a given number from every list, or the last entry if it is not there."""
    # If a row has more copies than the list holds, the row itself may be missing. Then
    # the last entry is dropped, so that all lists have the same length.
    at = found == np.asarray(own)[:, None]
    missing = ~at.any(axis=1)
    at[missing, -1] = True
    return found[~at].reshape(found.shape[0], found.shape[1] - 1)


def bounding_rows(Z):
    """Return the factor of rows that `bounds_of` multiplies, for dense or CSR rows.

    The product ``[2 z, -|z|**2, 1] @ [t, 1, -|t|**2]`` is minus the squared distance.
    """
    # The product of CSR rows is computed in float64; only its entries are rounded.
    if sparse.issparse(Z):
        return Z, shrunk(sq_norms(Z), 0)
    # All rounding errors together are at most a share of |z|**2 + |t|**2. `shrunk`
    # makes the norms smaller by that share, so that the product is a bound in float32.
    # The two extra columns let a single matrix product add the norms.
    left = np.empty((Z.shape[0], Z.shape[1] + 2), dtype=np.float32)
    with np.errstate(over="ignore"):
        np.multiply(Z, 2.0, out=left[:, :-2], casting="same_kind")
    left[:, -2] = shrunk(row_sq_norms(Z), Z.shape[1])
    left[:, -1] = 1.0
    return left


def bounding_targets(T):
    """Return the factor of targets, as columns; see `bounding_rows`."""
    if sparse.issparse(T):
        return T, shrunk(sq_norms(T), 0)
    right = np.empty((T.shape[1] + 2, T.shape[0]), dtype=np.float32)
    with np.errstate(over="ignore"):
        right[:-2] = T.T
    right[-2] = 1.0
    right[-1] = shrunk(row_sq_norms(T), T.shape[1])
    return right


def bounds_of(left, right, out, rows=slice(None), targets=slice(None)):
    """Write float32 bounds, at least minus the squared distances, to `out`.

    `left` and `right` come from `bounding_rows` and `bounding_targets`; the slices
    choose some rows and targets. A bound that is not known is NaN.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(left, np.ndarray):
            return np.matmul(left[rows], right[:, targets], out=out)
        # As for dense rows: 2 a'b - |a|**2 - |b|**2, with the norms already negative.
        (A, a), (B, b) = left, right
        product = (A[rows] @ B[targets].T).toarray()
        product *= 2.0
        product += a[rows, None]
        product += b[targets]
        out[:] = product
        return out


def shrunk(squares, n_terms):
    """Return minus the squared norms, reduced by more than all rounding errors."""
    # With u = 2**-24, the share is 4 (n_terms + 8) u. The terms of a product have a
    # size of at most 2 (|z|**2 + |t|**2) together, so adding them up is off by about
    # 2 (n_terms + 2) u of these norms. The constant covers subnormal numbers.
    out = -squares * (1.0 - (n_terms + 8) * 2.0**-22) + 1e-36
    out[squares > _FAR] = np.nan  # no bound: kernels compute these in float64
    return out


def scaled_rows(X):
    """Return float64 rows times a power of two for which squares do not overflow."""
    return rescaled(as_matrix(X, "X"))[0]


def rescaled(X: Matrix, queries: Matrix | None = None) -> tuple[Matrix, float, Floats]:
    """Return X times a power of two, that power, and an origin among the rows.

    Typical rows get about length one, unless squares of the longest row or query would
    then overflow.
    """
    # First scale by the largest entry, so that squares are safe; then by the median
    # distance from the origin, so that outliers do not make typical rows tiny.
    power = min(-exponent(largest_entry(X)), _MOST_POWER)
    safe = X * np.ldexp(1.0, power)
    origin = origin_of(safe)
    squares = sq_norms_about(safe, origin)
    del safe  # as large as X
    typical = np.sqrt(np.median(squares[squares > 0])) if squares.any() else 1.0
    wanted = min(power + min(-exponent(typical), 500), _MOST_POWER)
    if queries is not None:
        wanted = min(wanted, 500 - exponent(largest_entry(queries)))
    unit = np.ldexp(1.0, wanted)
    return X if unit == 1.0 else X * unit, unit, origin * np.ldexp(1.0, wanted - power)


def origin_of(X):
    """Return the median of some rows, which is robust to outliers."""
    # Rows near the origin have short products, which float32 gives with small absolute
    # errors: bounds are then tight. CSR rows cannot be moved without becoming dense.
    if sparse.issparse(X):
        return 0.0
    return np.median(X[:: max(1, len(X) // _FEW)], axis=0)


def sq_norms_about(X, origin):
    """Return the squared distances of rows to the origin; of CSR rows, to zero."""
    return sq_norms(X) if sparse.issparse(X) else row_sq_norms(X - origin)


def as_matrix(X: Any, name: str) -> Matrix:
    """Return finite float64 rows: C-ordered, or CSR with sorted columns."""
    # The kernels merge the columns of two CSR rows as sorted lists, so columns must
    # ascend and occur once.
    if sparse.issparse(X):
        check_sparse(X, name)
        X = sparse.csr_array(X, dtype=np.float64)
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        values = X.data
    else:
        X = as_array(X, name)
        if X.dtype.kind not in "biufO":
            raise TypeError(f"{name} must hold numbers, got dtype {X.dtype}.")
        if X.dtype == object and X.ndim == 2:
            require_numbers(X, name=name)
        with naming(name):
            values = X = np.ascontiguousarray(X, dtype=np.float64)
    if len(X.shape) != 2:
        raise ValueError(f"{name} must have two dimensions, got {len(X.shape)}.")
    if X.shape[1] == 0:
        raise ValueError(f"{name} must have at least one column, got shape {X.shape}.")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    return X
