"""Nearest centres in 32 bits, where that leaves no doubt.

For one row, ``|c|**2 / 2 - x'c`` orders centres as distances do. In 32 bits, with rows
and centres in units of the longest centre, it is off by at most
``(d + 4) 2**-24 (|x| + 1 / 2)``: a centre that is ahead of the next one by more than
twice this is the nearest. Rows are taken 256 at a time, column by column, so that the
innermost loops run over rows.
"""

import numpy as np

from coreselect._kernels._jit import SUMS, jit

_TILE = 256  # rows
_TRIED = 4  # tiles after which it is clear whether this pays
_TIE = 1e-9  # relative; centres nearer than this are left to 64 bits


@jit(fastmath=SUMS)
def sure_nearest(X, shift, scale, centers, halves, slack):
    """Return the nearest centre of every row that 32 bits can tell, else -1.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    shift : ndarray of shape (d,)
        Subtracted from every row in 64 bits, as it was from the centres.
    scale : float
        By which rows are multiplied then.
    centers : ndarray of float32 of shape (k, d), k even
        In the units of the rows, none longer than one.
    halves : ndarray of float32 of shape (k,)
        Half their squared norms; infinity for one that stands for no centre.
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
            # Not a number and infinity fail this, as they should.
            if second[r] - best[r] > slack * reach + _TIE * reach * reach:
                out[start + r] = labels[r]
            else:
                n_unsure += 1
    return out


@jit(fastmath=SUMS)
def _subtract_products(tile, first, other, even, odd):
    """Subtract from `even` and `odd` the products of all rows with two centres."""
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
    """Let centres c and c + 1 enter: without a branch, this compiles to vectors."""
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
