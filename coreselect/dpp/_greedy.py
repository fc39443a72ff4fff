"""Greedy MAP inference for DPPs, and kernels whose rows are computed on demand."""

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import linear_kernel
from sklearn.utils.extmath import safe_sparse_dot

from coreselect._kernels import clusters as kernels
from coreselect._kernels.norms import row_sq_norms
from coreselect._threads import run_chunks
from coreselect._validation import OneOf, OrNone, Real, check_count, check_nonnegative
from coreselect.dpp._ensemble import check_kernel, rank_noise
from coreselect.rows import open as open_rows

KERNELS = ("rbf", "linear")
TIE = 1e-9  # relative; gains this close to the best are ties

_NOTHING = 1e-10  # residuals below this share of the diagonal mean dependent rows
_MEDIAN_OF = 101  # rows whose median is the origin of dense data
_CHUNK = 64  # rows whose diagonal entries a callable kernel computes at a time
_NARROW = 64  # columns up to which squared differences are as fast as a product
_PROVEN = 1e-11  # largest relative error of an entry due to expanding a square
_FEW = 4  # below this many rows, distances are computed one row after another
_VALUES = 2**20  # kernel entries handled at a time, so that they stay in cache


class KernelRows:
    """A kernel between rows of data that computes its rows on demand.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    kernel : {"rbf", "linear"} or callable
        A callable takes two arrays of n and m rows and returns an n x m matrix.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``; ``1 / n_features`` by
        default.
    quality : array-like of shape (n_rows,), optional
        Non-negative; entries become ``quality_i k(x_i, x_j) quality_j``.

    See Also
    --------
    map_dpp, dpp_mcmc : Accept it in place of a kernel matrix.

    Notes
    -----
    A row takes one pass over the data, O(n d) time and O(n) memory. For the rbf kernel,
    differences are squared and added up, so that an offset of the data costs no digits.
    Squares are expanded only if this changes no entry by more than 1e-11 of its value.

    Examples
    --------
    >>> from coreselect.dpp import KernelRows
    >>> KernelRows([[0.0], [1.0]], gamma=1.0).row(0)
    array([1.        , 0.36787944])
    """

    def __init__(self, X, *, kernel="rbf", gamma=None, quality=None):
        self._rows = open_rows(X)
        self.n_rows = self._rows.n_rows
        if not callable(kernel):
            OneOf(*KERNELS)("kernel", kernel)
        OrNone(Real(0, strict=True))("gamma", gamma)
        self.kernel = kernel
        self.gamma = 1.0 / self._rows.n_features if gamma is None else gamma
        self._centre = None
        self.quality = None
        if quality is not None:
            self.quality = check_nonnegative(quality, self.n_rows, "quality")

    def between(self, X, Z):
        """Return the kernel matrix between two sets of rows, without quality."""
        X, Z = _double(X), _double(Z)
        if self.kernel == "rbf":
            out = self._sq_distances(X, Z)
            out *= -self.gamma
            return np.exp(out, out=out)
        if self.kernel == "linear":
            return linear_kernel(X, Z, dense_output=True)
        out = np.asarray(self.kernel(X, Z), dtype=np.float64)
        if out.shape != (X.shape[0], Z.shape[0]):
            raise ValueError(
                f"kernel must return an array of shape {(X.shape[0], Z.shape[0])} for "
                f"{X.shape[0]} and {Z.shape[0]} rows, got shape {out.shape}."
            )
        if not np.isfinite(out).all() and _finite(X) and _finite(Z):
            raise ValueError("kernel must return finite numbers, got NaN or inf.")
        return out

    def in_chunks(self, work, n, width):
        """Call ``work(start, stop)`` for parts of `n` rows of `width` entries."""
        # A callable is not called from threads, for which it may not be safe.
        size = max(256, min(8192, _VALUES // max(width, 1)))
        if not callable(self.kernel):
            run_chunks(work, n, size)
            return
        for start in range(0, n, size):
            work(start, min(start + size, n))

    def _sq_distances(self, X, Z):
        """Return the squared distances between two sets of rows."""
        n_features = X.shape[1]
        if sparse.issparse(X) or n_features > _NARROW:
            moved = [self._near_origin(rows) for rows in (X, Z)]
            a, b = map(_sq_norms, moved)
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
        if self._centre is None:
            self._centre = self._middle()
        return X - self._centre

    def _middle(self):
        """Return the median of every feature over some rows; its entries are in X."""
        few = np.unique(np.linspace(0, self.n_rows - 1, _MEDIAN_OF).astype(np.int64))
        few = few[: len(few) - 1 + len(few) % 2]  # odd: no entry is a mean of two
        return np.median(_double(self.gather(few)), axis=0)

    def gather(self, numbers):
        """Return the data of some rows."""
        return self._rows.gather(numbers).X

    def columns(self, numbers, data=None):
        """Return some columns of the kernel: an array of shape (n_rows, m)."""
        numbers = np.asarray(numbers)
        Z = self.gather(numbers) if data is None else data
        out = self._rows.map(lambda block: self.between(block.X, Z))
        if self.quality is not None:
            out *= self.quality[:, None] * self.quality[numbers]
        return out

    def row(self, number):
        """Return one row of the kernel: its entries with all rows."""
        return self.columns([number]).ravel()

    def own(self, X):
        """Return the diagonal entries of rows, without quality."""
        if self.kernel == "rbf":
            return np.ones(X.shape[0])
        if self.kernel == "linear":
            return _sq_norms(_double(X))
        parts = []
        for start in range(0, X.shape[0], _CHUNK):
            few = X[start : start + _CHUNK]
            parts.append(np.diagonal(symmetric(self.between(few, few))))
        return np.concatenate(parts)

    def diagonal(self):
        """Return the diagonal of the kernel."""
        with np.errstate(over="ignore", invalid="ignore"):
            out = self._rows.map(lambda block: self.own(block.X))
            if self.quality is not None:
                out = out * self.quality**2
        if not np.isfinite(out).all():
            self._rows.check_finite()
            row = int(np.argmin(np.isfinite(out)))
            raise ValueError(
                f"kernel gives {out[row]:g} for row {row} and itself; scale X"
                + (" or quality." if self.quality is not None else ".")
            )
        return out


def _double(X):
    return X.astype(np.float64, copy=False)


def _sq_norms(X):
    if not sparse.issparse(X):
        return row_sq_norms(X)
    with np.errstate(over="ignore"):
        return np.asarray(X.multiply(X).sum(axis=1)).ravel()


def _squared_gaps(X, Z):
    """Return squared distances, from differences wherever expanded squares cancel."""
    if not sparse.issparse(X):
        if len(Z) >= _FEW:
            return kernels.sq_distances(X, np.ascontiguousarray(Z.T))
        own = np.zeros(len(X), dtype=np.int64)
        return np.stack([kernels.own_sq_distances(X, z[None], own) for z in Z], axis=1)
    parts = []
    stripe = max(1, 4 * _VALUES // Z.shape[1])  # rows that become dense columns
    for start in range(0, Z.shape[0], stripe):
        columns = np.ascontiguousarray(Z[start : start + stripe].toarray().T)
        parts.append(kernels.csr_sq_distances(X.data, X.indices, X.indptr, columns))
    return np.hstack(parts)


def _finite(X):
    return np.isfinite(X.data if sparse.issparse(X) else X).all()


def symmetric(matrix):
    """Return a symmetric matrix, averaging out rounding; raise if it is not one."""
    gaps = abs(matrix - matrix.T)
    i, j = np.unravel_index(np.argmax(gaps), gaps.shape)
    if gaps[i, j] > 1e-6 * abs(matrix).max():
        raise ValueError(
            "kernel must be symmetric, but gives "
            f"{matrix[i, j]:.6g} for two rows and {matrix[j, i]:.6g} the other way."
        )
    return (matrix + matrix.T) / 2


class Dense:
    """A kernel matrix with the interface of `KernelRows` that `greedy` needs."""

    def __init__(self, L, quality, eps=0.0):
        self.nothing = max(_NOTHING, rank_noise(len(L), eps) if eps > 1e-10 else 0.0)
        self.L = L if quality is None else quality[:, None] * L * quality
        self.n_rows = len(L)

    def row(self, number):
        return self.L[number].copy()

    def block(self, numbers, others):
        return self.L[np.ix_(numbers, others)]

    def diagonal(self):
        return np.diagonal(self.L).copy()


def source(L, features, quality):
    """Return the `KernelRows` or `Dense` of a kernel, a matrix or features."""
    if (L is None) == (features is None):
        raise ValueError("pass either L, a kernel, or features, not both.")
    if features is not None:
        return KernelRows(features, kernel="linear", quality=quality)
    if isinstance(L, (KernelRows, Dense)):
        if quality is not None:
            raise ValueError("quality: pass it to KernelRows, which makes the kernel.")
        return L
    L, eps = check_kernel(L, "L")
    if quality is not None:
        quality = check_nonnegative(quality, len(L), "quality")
    return Dense(L, quality, eps)


def map_dpp(L=None, k=None, *, features=None, quality=None):
    """Pick k rows greedily, each the one that increases ``det(L_S)`` most.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows) or KernelRows, optional
        A kernel matrix, or data with a kernel whose rows are computed as they are
        picked.
    k : int
        At most the rank of L.
    features : {array-like, sparse matrix} of shape (n_rows, n_features), optional
        Alternative to L, for the kernel ``features @ features.T``.
    quality : array-like of shape (n_rows,), optional
        Non-negative; the kernel becomes ``quality_i L_ij quality_j``.

    Returns
    -------
    ndarray of int64 of shape (k,)
        Rows in the order of choice: the first m are the result for ``k=m``. Gains
        within a relative 1e-9 of the best are ties, and the lowest row is picked.

    Raises
    ------
    ValueError
        If the rank of L is less than k, L is not symmetric, or a negative eigenvalue of
        L shows up during the picks.

    See Also
    --------
    sample_kdpp : Draws rows at random.

    Notes
    -----
    A Cholesky factorisation with pivots [1]_: O(n k^2) time and O(n k) memory, in
    addition to k rows of the kernel. If no row can lower the determinant (all
    eigenvalues are at least 1), ``log det`` is at least ``1 - 1/e`` of the maximum;
    otherwise, there is no guarantee.

    References
    ----------
    .. [1] L. Chen, G. Zhang, E. Zhou, "Fast greedy MAP inference for determinantal
       point process", NeurIPS 2018.

    Examples
    --------
    >>> from coreselect.dpp import map_dpp
    >>> map_dpp(features=[[2.0, 0.0], [2.0, 0.1], [0.0, 1.0]], k=2)
    array([1, 2])
    """
    k = check_count(k, "k")
    found = greedy(source(L, features, quality), k)
    if len(found) < k:
        raise ValueError(
            f"k={k} is more than the rank {len(found)} of the kernel: all other rows "
            f"depend on that many rows; ask for at most {len(found)}."
        )
    return found


def greedy(kernel, k):
    """Pick up to k rows, as many as are independent.

    Parameters
    ----------
    kernel : KernelRows or Dense
        Gives rows and a diagonal.
    k : int
    """
    # left[i] is the squared distance of row i to the span of the rows chosen, in the
    # feature space of the kernel: the factor by which picking i multiplies the
    # determinant. Each pick adds a row to the Cholesky factor and updates `left`.
    left = kernel.diagonal()
    largest = left.max()
    if left.min() < 0:
        raise ValueError(
            f"the kernel must be positive semidefinite, but its diagonal holds "
            f"{left.min():.6g}."
        )
    # A power of two keeps squares from overflow without changing digits.
    scale = 2.0 ** -np.frexp(largest)[1]
    left *= scale
    nothing = getattr(kernel, "nothing", _NOTHING) * left
    k = min(k, len(left))
    factor = np.empty((k, len(left)))
    chosen = np.empty(k, dtype=np.int64)
    for t in range(k):
        gains = np.where(left > nothing, left, -np.inf)
        best = gains.max()
        if best == -np.inf:
            return chosen[:t]
        pick = int(np.argmax(gains >= best * (1 - TIE)))
        step = kernel.row(pick)
        step *= scale
        step -= factor[:t, pick] @ factor[:t]
        step /= np.sqrt(left[pick])
        factor[t] = step
        left -= step * step
        left[chosen[:t]] = left[pick] = -np.inf
        chosen[t] = pick
        least = left.min(where=left > -np.inf, initial=0.0) / scale
        if least < -1e-6 * largest:
            raise ValueError(
                "the kernel must be positive semidefinite, but beyond the rows picked "
                f"its diagonal becomes {least:.6g}, so an eigenvalue is negative."
            )
    return chosen
