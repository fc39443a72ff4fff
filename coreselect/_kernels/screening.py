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

    `shift`, of shape (d,), was subtracted from the centres and is subtracted from the
    rows `X` (n, d), both in float64; then rows are multiplied by `scale`. `centers` (k,
    d), in float32, are in these units, none longer than one; k is even. `halves` (k,)
    holds half their squared norms, infinite for padding. `slack` is more than twice
    ``(d + 4) 2**-24``.
    """
    # Rows in the tail of the last tile keep the values of an earlier tile: they are
    # scored, so that all loops have full width, and never read.
    n, d = X.shape
    out = np.full(n, -1, dtype=np.int64)
    width = min(_TILE, n)
    tile = np.zeros((d, width), dtype=np.float32)
    scores = np.empty((2, width), dtype=np.float32)
    found = np.empty((3, width), dtype=np.float32)
    updated = np.empty((3, width), dtype=np.float32)
    n_unsure = 0
    for start in range(0, n, _TILE):
        # Where centres are tied or far off, float32 settles little, and trying costs
        # more than it saves: all other rows then stay at -1.
        if start == _TRIED * _TILE and n_unsure > start // 2:
            break
        size = min(_TILE, n - start)
        # Shifted and scaled in float64, then rounded once: the bound counts on it.
        for r in range(size):
            for j in range(d):
                tile[j, r] = np.float32((X[start + r, j] - shift[j]) * scale)
        found[:2] = np.inf
        found[2] = 0.0
        for c in range(0, centers.shape[0], 2):
            _score(tile, centers[c : c + 2], halves[c : c + 2], scores)
            _keep_best_two(scores, np.float32(c), found, updated)
            found, updated = updated, found
        norms = scores[0]
        norms[:] = 0.0
        for j in range(d):
            for r in range(width):
                norms[r] += tile[j, r] * tile[j, r]
        for r in range(size):
            # The gap of the two best scores is half that of the squared distances. Both
            # scores together err by less than slack * reach, and a squared distance is
            # at most reach**2: beyond both margins, neither rounding nor a tie can name
            # another centre. NaN and infinity fail this test and count as unsure.
            reach = np.sqrt(np.float64(norms[r])) + 1.0
            if found[1, r] - found[0, r] > slack * reach + _TIE * reach * reach:
                out[start + r] = np.int64(found[2, r])
            else:
                n_unsure += 1
    return out


@jit(fastmath=SUMS)
def _score(tile, pair, halves, scores):
    """Write half the squared norms of two centres less their products with the rows."""
    # Four columns and two centres at a time: each value of the tile that is loaded
    # serves two centres, and each sum is loaded and stored a fourth as often.
    d, n = tile.shape
    even, odd = scores[0], scores[1]
    for r in range(n):
        even[r] = halves[0]
        odd[r] = halves[1]
    by_four = d - d % 4
    for j in range(0, by_four, 4):
        x0, x1, x2, x3 = tile[j], tile[j + 1], tile[j + 2], tile[j + 3]
        a0, a1, a2, a3 = pair[0, j], pair[0, j + 1], pair[0, j + 2], pair[0, j + 3]
        b0, b1, b2, b3 = pair[1, j], pair[1, j + 1], pair[1, j + 2], pair[1, j + 3]
        for r in range(n):
            even[r] -= (x0[r] * a0 + x1[r] * a1) + (x2[r] * a2 + x3[r] * a3)
            odd[r] -= (x0[r] * b0 + x1[r] * b1) + (x2[r] * b2 + x3[r] * b3)
    for j in range(by_four, d):
        x, a, b = tile[j], pair[0, j], pair[1, j]
        for r in range(n):
            even[r] -= x[r] * a
            odd[r] -= x[r] * b


@jit(fastmath=SUMS)
def _keep_best_two(scores, c, found, updated):
    """Update the best score, the second best and the best centre's number of each row.

    Centres c and c + 1 enter. Numbers are floats, exact below 2**24, as the scores are.
    """
    # Without a branch, this compiles to vectors. The second best value is the least of
    # the old one, the larger new one, and whichever of best and smaller new one lost.
    # If it were written where it is read, unchanged values would be left out by masked
    # stores, and these are slow on AVX2.
    after = c + np.float32(1.0)
    for r in range(scores.shape[1]):
        even, odd = scores[0, r], scores[1, r]
        best, second, number = found[0, r], found[1, r], found[2, r]
        first = even <= odd
        low = even if first else odd
        high = odd if first else even
        entering = c if first else after
        closer = low < best
        other = best if closer else low
        other = other if other < high else high
        updated[0, r] = low if closer else best
        updated[1, r] = other if other < second else second
        updated[2, r] = entering if closer else number


def warmup():
    """Compile the kernels of this file that other rooms call."""
    rows, single = np.full((2, 2), 0.5), np.zeros((2, 2), dtype=np.float32)
    sure_nearest(rows, rows[0], 1.0, single, single[0], 0.0)
