"""Kernels of nearest-row search: running lists per target, hashes of rows."""

import math

import numpy as np

from coreselect._kernels._jit import SUMS, jit

GRID = 2.0**34  # squared distances count in steps of 1 / GRID: closer ones are ties
_LANES = 64  # targets that are looked at together


@jit(fastmath=SUMS)
def _sq_distance(x, t):
    total = 0.0
    for k in range(x.shape[0]):
        gap = x[k] - t[k]
        total += gap * gap
    return total


@jit
def _sift(best, rows, value, row):
    """Replace the worst entry (the root of a heap) by a better one."""
    k = best.shape[0]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= k:
            break
        other = child + 1
        if other < k and (
            best[other] > best[child]
            or (best[other] == best[child] and rows[other] > rows[child])
        ):
            child = other
        if best[child] < value or (best[child] == value and rows[child] < row):
            break
        best[at] = best[child]
        rows[at] = rows[child]
        at = child
    best[at] = value
    rows[at] = row


@jit
def push(upper, Z, T, best, rows, start):
    """Let some consecutive rows enter the lists of the nearest rows of every target.

    The list of a target is a heap with the worst entry at its root, ordered by squared
    distance and then by row number. A row is worth an exact look only if `upper` says
    that it may beat the root.

    Parameters
    ----------
    upper : ndarray of float32 of shape (n, m)
        At least ``2 x't - |x|**2`` for row x and target t.
    Z : ndarray of float64 of shape (n, d)
    T : ndarray of float64 of shape (m, d)
        Targets, of norm about one: squared distances are rounded to 1 / GRID.
    best : ndarray of float64 of shape (m, k), written to
        Squared distances; infinity where a list is not full.
    rows : ndarray of int64 of shape (m, k), written to
    start : int
        Number of the first row; larger than all numbers in the lists.
    """
    m = T.shape[0]
    norms = np.empty(m)
    limits = np.empty(m, dtype=np.float32)
    for j in range(m):
        norms[j] = 0.0
        for k in range(T.shape[1]):
            norms[j] += T[j, k] * T[j, k]
        limits[j] = _limit(norms[j], best[j, 0])
    for i in range(Z.shape[0]):
        for first in range(0, m, _LANES):
            last = min(m, first + _LANES)
            # In 32 bits, on slices, without a branch: this loop compiles to vectors.
            bounds, needed = upper[i, first:last], limits[first:last]
            hits = np.int32(0)
            for j in range(last - first):
                hits |= np.int32(0) if bounds[j] < needed[j] else np.int32(1)
            if hits == 0:
                continue
            for j in range(first, last):
                if upper[i, j] < limits[j]:
                    continue
                value = _sq_distance(Z[i], T[j])
                value = np.rint(value * GRID) / GRID
                if value < best[j, 0]:
                    _sift(best[j], rows[j], value, start + i)
                    limits[j] = _limit(norms[j], best[j, 0])


@jit
def _limit(norm, worst):
    """Return a float32 that `upper` must reach for a distance below `worst`."""
    limit = norm - worst
    if limit == -np.inf:
        return np.float32(-np.inf)
    return np.float32(limit - 1e-6 * (abs(limit) + 1.0))


@jit
def row_hashes(X):
    """Return a 64-bit hash of the values of every row: equal rows, equal hashes."""
    n, d = X.shape
    out = np.empty(n, dtype=np.uint64)
    for i in range(n):
        state = np.uint64(0x9E3779B97F4A7C15)
        for j in range(d):
            value = np.float64(X[i, j])
            if value != 0.0:
                fraction, exponent = math.frexp(value)
                bits = np.uint64(np.int64(fraction * 9007199254740992.0))
                state ^= bits ^ (np.uint64(exponent + 2048) << np.uint64(53))
            state ^= state >> np.uint64(32)
            state *= np.uint64(0xD6E8FEB86659FD93)
            state ^= state >> np.uint64(29)
            state *= np.uint64(0xBF58476D1CE4E5B9)
            state ^= state >> np.uint64(32)
        out[i] = state
    return out
