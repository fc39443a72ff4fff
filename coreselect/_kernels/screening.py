"""Nearest centres in 32 bits, for the rows where rounding cannot change the answer.

For a given row, ``|c|**2 / 2 - x'c`` orders the centres as distances do. In units of
the longest centre, float32 gives it with an error of at most
``(d + 4) 2**-24 (|x| + 1 / 2)``. So the best centre is the nearest if it is ahead of
the second best by more than twice this bound; other rows are left to float64. Rows are
handled in transposed tiles of 256, so that the innermost loops run over rows.
"""

import numpy as np

from coreselect._kernels._jit import SUMS, jit

_TILE = 256  # rows
_TRIED = 4  # tiles after which the kernel stops if most rows were left to float64
_TIE = 1e-9  # relative; nearer ties are left to float64, where the first centre wins


@jit(fastmath=SUMS)
def sure_nearest(X, shift, scale, centers, halves, slack):
    """Return the nearest centre of every row, or -1 if float32 cannot decide.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    shift : ndarray of shape (d,)
        Subtracted from every row in float64, as it was from the centres.
    scale : float
        Factor of the shifted rows.
    centers : ndarray of float32 of shape (k, d), k even
        Centres in the units of the scaled rows, none longer than one.
    halves : ndarray of float32 of shape (k,)
        Half the squared norms of the centres; infinite for padding.
    slack : float
        More than twice ``(d + 4) 2**-24``.

    Returns
    -------
    ndarray of int64 of shape (n,)
    """
    n, d = X.shape
    out = np.full(n, -1, dtype=np.int64)
    width = min(_TILE, n)
    tile = np.zeros((d, width), dtype=np.float32)
    even, odd = np.empty(width, dtype=np.float32), np.empty(width, dtype=np.float32)
    best, second = np.empty(width, dtype=np.float32), np.empty(width, dtype=np.float32)
    labels = np.empty(width, dtype=np.int32)
    n_unsure = 0
    for start in range(0, n, _TILE):
        if start == _TRIED * _TILE and n_unsure > start // 2:
            break
        size = min(_TILE, n - start)
        for r in range(size):
            for j in range(d):
                tile[j, r] = np.float32((X[start + r, j] - shift[j]) * scale)
        best[:] = np.inf
        second[:] = np.inf
        labels[:] = 0
        for c in range(0, centers.shape[0], 2):
            even[:] = halves[c]
            odd[:] = halves[c + 1]
            _subtract_products(tile, centers[c], centers[c + 1], even, odd)
            _keep_best_two(even, odd, np.int32(c), best, second, labels)
        even[:] = 0.0
        for j in range(d):
            for r in range(width):
                even[r] += tile[j, r] * tile[j, r]
        for r in range(size):
            reach = np.sqrt(np.float64(even[r])) + 1.0
            # NaN and infinity fail this test, so that such rows count as unsure.
            if second[r] - best[r] > slack * reach + _TIE * reach * reach:
                out[start + r] = labels[r]
            else:
                n_unsure += 1
    return out


@jit(fastmath=SUMS)
def _subtract_products(tile, first, other, even, odd):
    """Subtract from `even` and `odd` the products of all rows with two centres."""
    # Four columns and two centres at a time: each value of the tile that is loaded
    # serves two centres, and each sum is loaded and stored a fourth as often.
    d, n = tile.shape
    by_four = d - d % 4
    for j in range(0, by_four, 4):
        x0, x1, x2, x3 = tile[j], tile[j + 1], tile[j + 2], tile[j + 3]
        a0, a1, a2, a3 = first[j], first[j + 1], first[j + 2], first[j + 3]
        b0, b1, b2, b3 = other[j], other[j + 1], other[j + 2], other[j + 3]
        for r in range(n):
            even[r] -= (x0[r] * a0 + x1[r] * a1) + (x2[r] * a2 + x3[r] * a3)
            odd[r] -= (x0[r] * b0 + x1[r] * b1) + (x2[r] * b2 + x3[r] * b3)
    for j in range(by_four, d):
        x, a, b = tile[j], first[j], other[j]
        for r in range(n):
            even[r] -= x[r] * a
            odd[r] -= x[r] * b


@jit(fastmath=SUMS)
def _keep_best_two(even, odd, c, best, second, labels):
    """Update the best two values of every row with centres c and c + 1."""
    # Without a branch, this compiles to vectors. The second best value is the least of
    # the old one, the larger new one, and whichever of best and smaller new one lost.
    after = np.int32(c + 1)
    for r in range(even.shape[0]):
        first = even[r] <= odd[r]
        low = even[r] if first else odd[r]
        high = odd[r] if first else even[r]
        closer = low < best[r]
        other = best[r] if closer else low
        other = other if other < high else high
        second[r] = other if other < second[r] else second[r]
        labels[r] = (c if first else after) if closer else labels[r]
        best[r] = low if closer else best[r]
