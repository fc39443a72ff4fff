"""Kernel values between rows of data, computed block by block when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.metrics.pairwise import linear_kernel
from sklearn.utils.extmath import safe_sparse_dot

from coreselect._numbers import chunk_size, to_dense
from coreselect._threads import run_chunks
from coreselect._typing import Column, Floats, Integers, Matrix, RowsLike
from coreselect._validation import (
    OneOf,
    OrNone,
    Real,
    as_numbers,
    check_nonnegative,
    naming,
)
from coreselect.neighbors.centers import sq_distances, sq_distances_to_one, sq_norms
from coreselect.rows import open as open_rows

KERNELS = ("rbf", "linear")

_MEDIAN_OF = 101  # rows whose median is the origin of dense data
_CHUNK = 64  # rows whose diagonal entries a callable kernel computes at a time
_NARROW = 64  # columns up to which squared differences are as fast as a product
_PROVEN = 1e-11  # largest relative error of an entry due to expanding a square
_FEW = 4  # below this many rows, distances are computed one row after another
_STRIPE = 2**22  # entries of CSR rows that become dense columns at a time


class Kernel(NamedTuple):
    """A kernel without rows and their quality, for functions of blocks.

    Attributes
    ----------
    function : {"rbf", "linear"} or callable
    gamma : float
    centre : ndarray of shape (n_features,) or None
        A row that others are near, where dense rows have many features.
    """

    function: Any
    gamma: float
    centre: Floats | None

    def between(self, X: Matrix, Z: Matrix) -> Floats:
        """Return the kernel matrix between two sets of rows."""
        X, Z = _double(X), _double(Z)
        if self.function == "rbf":
            out = self._sq_distances(X, Z)
            out *= -self.gamma
            return np.exp(out, out=out)
        if self.function == "linear":
            return linear_kernel(X, Z, dense_output=True)
        out = matrix_of(self.function, X, Z, "kernel")
        # NaN in the data is named by the pass that reads it, not blamed on the kernel.
        if not np.isfinite(out).all() and _finite(X) and _finite(Z):
            raise ValueError("kernel must return finite numbers, got NaN or inf.")
        return out

    def own(self, X: Matrix) -> Floats:
        """Return the diagonal entries of rows."""
        if self.function == "rbf":
            return np.ones(X.shape[0])
        if self.function == "linear":
            return sq_norms(_double(X))
        # A callable gives matrices only, of which the diagonal is used: small square
        # ones.
        parts = []
        for start in range(0, X.shape[0], _CHUNK):
            few = X[start : start + _CHUNK]
            parts.append(np.diagonal(symmetric(self.between(few, few))))
        return np.concatenate(parts)

    def in_chunks(self, work: Callable[[int, int], Any], n: int, width: int) -> None:
        """Call ``work(start, stop)`` for parts of `n` rows of `width` entries."""
        # A callable is not called from threads, for which it may not be safe.
        size = chunk_size(width)
        if not callable(self.function):
            run_chunks(work, n, size)
            return
        for start in range(0, n, size):
            work(start, min(start + size, n))

    def _sq_distances(self, X, Z):
        """Return the squared distances between two sets of rows."""
        # |x|**2 - 2 x'z + |z|**2 is one matrix product, but loses digits where x is
        # near z, or both are far from the origin. It is used if a bound proves that no
        # kernel value suffers; otherwise differences are squared.
        n_features = X.shape[1]
        if sparse.issparse(X) or n_features > _NARROW:
            moved = [self._near_origin(rows) for rows in (X, Z)]
            a, b = map(sq_norms, moved)
            # Each of three sums of products has an error of at most d eps / 2 of the
            # sum of its terms. An error in the exponent is a relative one of an entry.
            error = (n_features + 4) * np.finfo(np.float64).eps * (a.max() + b.max())
            if self.gamma * error <= _PROVEN:
                out = safe_sparse_dot(moved[0], moved[1].T, dense_output=True)
                out *= -2.0
                out += a[:, None]
                out += b
                return np.maximum(out, 0.0, out=out)
        return _squared_gaps(X, Z)

    def _near_origin(self, X):
        """Centre dense rows so that an offset costs few digits; keep sparse rows."""
        if sparse.issparse(X):
            return X
        return X - self.centre


class KernelRows:
    """A kernel between rows of data that computes its rows on demand.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    kernel : {"rbf", "linear"} or callable
        A callable takes two arrays of n and m rows (CSR if X is sparse) and
        returns an n x m matrix.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``; ``1 / n_features`` by
        default.
    quality : array-like of shape (n_rows,), optional
        Non-negative; entries become ``quality_i k(x_i, x_j) quality_j``.

    See Also
    --------
    coreselect.dpp.map_dpp : Accepts it in place of a kernel matrix.
    coreselect.dpp.dpp_mcmc : Accepts it, too.

    Notes
    -----
    A row takes one pass over the data, O(n d) time and O(n) memory. For the rbf kernel,
    differences are squared and added up, so that an offset of the data costs no digits.
    Squares are expanded only if this changes no entry by more than 1e-11 of its value.

    Examples
    --------
    >>> from coreselect.neighbors import KernelRows
    >>> KernelRows([[0.0], [1.0]], gamma=1.0).row(0)
    array([1.        , 0.36787944])
    """

    def __init__(
        self,
        X: RowsLike,
        *,
        kernel: Literal["rbf", "linear"] | Callable[..., Any] = "rbf",
        gamma: float | None = None,
        quality: Column = None,
    ) -> None:
        self.rows = open_rows(X)
        self.n_rows = self.rows.n_rows
        if not callable(kernel):
            OneOf(*KERNELS)("kernel", kernel)
        OrNone(Real(0, strict=True))("gamma", gamma)
        self.kernel = kernel
        self.gamma = 1.0 / self.rows.n_features if gamma is None else gamma
        self.quality = None
        if quality is not None:
            self.quality = check_nonnegative(quality, self.n_rows, "quality")

    @cached_property
    def alone(self) -> Kernel:
        """The kernel without the rows, which functions of blocks may hold."""
        wide = self.rows.n_features > _NARROW and not self.rows.is_sparse
        centre = self._middle() if wide and self.kernel == "rbf" else None
        return Kernel(self.kernel, self.gamma, centre)

    def between(self, X: Matrix, Z: Matrix) -> Floats:
        """Return the kernel matrix between two sets of rows, without quality."""
        return self.alone.between(X, Z)

    def _middle(self):
        """Return the median of every feature over some rows; its entries are in X."""
        # The median of an odd number of rows has entries of X itself: subtracting it is
        # exact for rows near it, whatever the offset they share.
        few = np.unique(np.linspace(0, self.n_rows - 1, _MEDIAN_OF).astype(np.int64))
        few = few[: len(few) - 1 + len(few) % 2]
        return np.median(_double(self.gather(few)), axis=0)

    def gather(self, numbers: Integers) -> Matrix:
        """Return the data of some rows."""
        return self.rows.gather(numbers).X

    def whole(self) -> Matrix:
        """Return the data of all rows."""
        return self.rows.whole().X

    def columns(self, numbers: ArrayLike) -> Floats:
        """Return some columns of the kernel: an array of shape (n_rows, m)."""
        numbers = np.asarray(numbers)
        kernel, Z = self.alone, self.gather(numbers)
        out = self.rows.map(lambda block: kernel.between(block.X, Z))
        if self.quality is not None:
            out *= self.quality[:, None] * self.quality[numbers]
        return out

    def row(self, number: int) -> Floats:
        """Return one row of the kernel: its entries with all rows."""
        return self.columns([number]).ravel()

    def diagonal(self) -> Floats:
        """Return the diagonal of the kernel."""
        kernel = self.alone

        def of_block(block):
            with np.errstate(over="ignore", invalid="ignore"):
                return kernel.own(block.X)

        out = self.rows.map(of_block)
        if self.quality is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                out = out * self.quality**2
        if not np.isfinite(out).all():
            self.rows.check_finite()
            row = int(np.argmin(np.isfinite(out)))
            raise ValueError(
                f"kernel gives {out[row]:g} for row {row} and itself; scale X"
                + (" or quality." if self.quality is not None else ".")
            )
        return out


def matrix_of(function: Any, X: Matrix, Z: Matrix, name: str) -> Floats:
    """Return what a function of the user gives for two sets of rows, checked.

    NaN and infinity are left to the caller.
    """
    shape, found = (X.shape[0], Z.shape[0]), function(X, Z)
    if sparse.issparse(found):
        found = found.toarray()
    with naming(f"the result of {name}"):
        found = np.asarray(found)
    if found.shape != shape:
        raise ValueError(
            f"{name} must return an array of shape {shape} for {shape[0]} and "
            f"{shape[1]} rows, got shape {found.shape}."
        )
    return as_numbers(found, f"the result of {name}").astype(np.float64, copy=False)


def _double(X):
    return X.astype(np.float64, copy=False)


def _squared_gaps(X, Z):
    """Return squared distances, from differences wherever expanded squares cancel."""
    if not sparse.issparse(X):
        if len(Z) >= _FEW:
            return sq_distances(X, Z)
        return np.stack([sq_distances_to_one(X, z) for z in Z], axis=1)
    stripe = max(1, _STRIPE // Z.shape[1])
    parts = [Z[start : start + stripe] for start in range(0, Z.shape[0], stripe)]
    return np.hstack([sq_distances(X, to_dense(part)) for part in parts])


def _finite(X):
    return np.isfinite(X.data if sparse.issparse(X) else X).all()


def symmetric(matrix):
    """Return a symmetric matrix, averaging out rounding; raise if it is not one."""
    # A callable may compute in float32, where the two triangles differ in last digits.
    gaps = abs(matrix - matrix.T)
    i, j = np.unravel_index(np.argmax(gaps), gaps.shape)
    if gaps[i, j] > 1e-6 * abs(matrix).max():
        raise ValueError(
            "kernel must be symmetric, but gives "
            f"{matrix[i, j]:.6g} for two rows and {matrix[j, i]:.6g} the other way."
        )
    return (matrix + matrix.T) / 2
