"""Distances from rows to centres, for dense and CSR blocks alike."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels import clusters as kernels
from coreselect._kernels.screening import sure_nearest

CHUNK = 8192  # rows handled at a time
_CHUNK_VALUES = 2**16  # distances to all centres held at a time, so as to fit in cache
_COLUMNS = 256  # rows in each transposed part, so as to fit in cache


class Spread(NamedTuple):
    """Total weight, mean and scatter of some rows; two of them merge exactly.

    Attributes
    ----------
    weight : float
    mean : ndarray of shape (n_features,)
        Mean of the rows times `scale`.
    scatter : float
        Weighted sum of squared distances to the mean, in the same units.
    scale : float
        A power of two; 1.0 unless squares would overflow or underflow.
    """

    weight: float
    mean: np.ndarray
    scatter: float
    scale: float

    @property
    def unit(self):
        """The mean squared distance to the mean, or one where that is zero."""
        return self.scatter / self.weight or 1.0


def spread_of(rows):
    """Return the `Spread` of all rows: one pass, or more if numbers are extreme."""
    # If squares overflow or underflow, the rows are scaled by their largest number. If
    # the scatter still vanishes, it is small beside the mean, so the rows are scaled by
    # their largest distance from it.
    with np.errstate(over="ignore", invalid="ignore"):
        found = _spread(rows, 1.0)
        if 1e-200 < found.scatter / found.weight < 1e200:
            return found
    found = _spread(rows, power_of_two(rows.reduce(_largest, max)))
    if found.scatter / found.weight > 1e-200:
        return found

    def gap(block):
        X = dense(block.X, found.scale)
        return max(abs(X - found.mean).max(), 0.0)

    return _spread(rows, found.scale * power_of_two(rows.reduce(gap, max)))


def unit_scale(rows):
    """Return a power of two that brings the largest entry near one; takes one pass."""
    return power_of_two(rows.reduce(_largest, max))


def _largest(block):
    X = block.X.data if sparse.issparse(block.X) else block.X
    return float(max(X.max(initial=0.0), -X.min(initial=0.0)))


def power_of_two(largest):
    """Return the power of two that brings `largest` near one."""
    return float(np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -500, 1000)))


def _spread(rows, scale):
    def of_block(block):
        total = None
        for start, X in scaled_chunks(block.X, scale):
            weight = block.weight[start : start + X.shape[0]]
            weight = np.ascontiguousarray(weight)  # BLAS cannot use broadcast arrays
            W = weight.sum()
            mean = X.T @ weight / W
            part = Spread(W, mean, float(weight @ to_one(X, mean)), scale)
            total = part if total is None else _merge(total, part)
        return total

    return rows.reduce(of_block, _merge)


def _merge(a, b):
    # Scatters add up, with that between the two means (Chan, Golub and LeVeque).
    weight = a.weight + b.weight
    gap = b.mean - a.mean
    between = a.weight * (b.weight / weight) * (gap @ gap)
    mean = a.mean + b.weight / weight * gap
    return Spread(weight, mean, a.scatter + b.scatter + between, a.scale)


def dense(X, scale=1.0):
    """Return rows as a C-ordered float64 array, times `scale`."""
    if sparse.issparse(X):
        X = X.toarray()
    X = np.ascontiguousarray(X, dtype=np.float64)
    return X if scale == 1.0 else X * scale


def scaled(X, scale):
    """Return rows times `scale`: dense rows as `dense` does, CSR rows as CSR."""
    if not sparse.issparse(X):
        return dense(X, scale)
    return X if scale == 1.0 else X.astype(np.float64) * scale


def scaled_chunks(X, scale, size=CHUNK):
    """Yield parts of `X` as `scaled` returns them, each with its first row number."""
    for start in range(0, X.shape[0], size):
        yield start, scaled(X[start : start + size], scale)


def sq_distances(X, centers):
    """Return the squared distances of all rows (dense or CSR) to all centres."""
    columns = np.ascontiguousarray(centers.T)
    if sparse.issparse(X):
        return kernels.csr_sq_distances(X.data, X.indices, X.indptr, columns)
    return kernels.sq_distances(X, columns)


class DistancesToAll:
    """Computes distances from a few rows to all rows, many times.

    Dense rows are stored as columns, in parts of some hundred rows. So the innermost
    loop runs over rows, and its working set stays in cache.
    """

    def __init__(self, X):
        self._X = X
        self._parts = None
        if not sparse.issparse(X):
            cuts = range(0, len(X), _COLUMNS)
            self._parts = np.concatenate([X[c : c + _COLUMNS].T.ravel() for c in cuts])

    def sq_distances(self, at):
        """Return the squared distances from m rows to all n, of shape (m, n)."""
        some = dense(self._X[at])
        if self._parts is None:
            return np.ascontiguousarray(sq_distances(self._X, some).T)
        parts = self._parts, len(self._X), _COLUMNS
        return kernels.sq_distances_to_parts(some, *parts)


def to_own(X, centers, labels):
    """Return the squared distance of every row to the centre of its label."""
    if sparse.issparse(X):
        return kernels.csr_own_sq_distances(
            X.data, X.indices, X.indptr, centers, labels
        )
    return kernels.own_sq_distances(X, centers, labels)


def to_one(X, center):
    """Return the squared distance of every row to one centre."""
    labels = np.zeros(X.shape[0], dtype=np.int64)
    return to_own(X, np.ascontiguousarray(center[None], dtype=np.float64), labels)


class Nearest:
    """Finds the nearest centre of rows, for one part of the rows at a time.

    The result is exact; of centres at the same distance up to rounding, the first one
    counts. Most rows are settled in float32, with a bound on the error. All other rows,
    and CSR rows, are compared with all centres in float64.
    """

    def __init__(self, centers):
        k, d = centers.shape
        self._centers = centers
        self._shift = centers.mean(axis=0)
        # The kernel needs centres no longer than one. They are centred first, so that
        # an offset of the data does not cost float32 its digits.
        gaps = centers - self._shift
        largest = float(abs(gaps).max()) or 1.0
        longest = np.sqrt(((gaps / largest) ** 2).sum(axis=1).max())
        self._scale = power_of_two(largest) * power_of_two(longest)
        units = np.zeros((k + k % 2, d))  # the kernel takes centres in pairs
        units[:k] = gaps * self._scale
        halves = np.full(len(units), np.inf)
        halves[:k] = np.einsum("ij,ij->i", units[:k], units[:k]) / 2
        self._single = units.astype(np.float32), halves.astype(np.float32)
        self._slack = 2.5 * (d + 4) * 2.0**-24  # twice the error bound, and a reserve

    def find(self, X):
        """Return the number of the nearest centre and the squared distance to it."""
        if len(self._centers) == 1:
            return np.zeros(X.shape[0], dtype=np.int64), to_one(X, self._centers[0])
        if sparse.issparse(X):
            return self._among_all(X)
        labels = sure_nearest(X, self._shift, self._scale, *self._single, self._slack)
        distances = to_own(X, self._centers, np.maximum(labels, 0))
        unsure = np.flatnonzero(labels < 0)
        labels[unsure], distances[unsure] = self._among_all(X[unsure])
        return labels, distances

    def _among_all(self, X):
        labels = np.empty(X.shape[0], dtype=np.int64)
        distances = np.empty(X.shape[0])
        size = max(64, _CHUNK_VALUES // len(self._centers))
        for start, part in scaled_chunks(X, 1.0, size):
            stop = start + part.shape[0]
            found = kernels.nearest_of(sq_distances(part, self._centers))
            labels[start:stop], distances[start:stop] = found
        return labels, distances


def nearest(X, centers, scale=1.0):
    """Return the nearest centre of dense or CSR rows, and the squared distance to it.

    Rows and centres are multiplied by `scale` first.
    """
    index = Nearest(np.ascontiguousarray(centers, dtype=np.float64) * scale)
    labels, distances = np.empty(X.shape[0], dtype=np.int64), np.empty(X.shape[0])
    for start, part in scaled_chunks(X, scale):
        stop = start + part.shape[0]
        labels[start:stop], distances[start:stop] = index.find(part)
    return labels, distances
