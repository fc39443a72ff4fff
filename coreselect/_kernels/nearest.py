"""Kernels of nearest-row search: a running list of neighbours per target, row hashes.

A float32 matrix product gives every pair a bound, at least minus the squared distance.
A row whose bound is below minus the worst distance in a list cannot enter the list; a
margin of 1e-6 covers the rounding of that distance to float32. All other pairs are
computed again in float64, so the lists are exact. A NaN bound fails every comparison,
so that its pair is computed too.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from coreselect._kernels._jit import jit

NO_ROW = np.iinfo(np.int64).max
_LANES = 64  # targets whose bounds are tested together
_GROUPS = 16  # groups of rows; the best bound of each gives a first guess


class Points(NamedTuple):
    """Rows: a dense matrix, or the three arrays of a CSR matrix with sorted columns."""

    values: Any
    columns: Any
    starts: Any


class Lists(NamedTuple):
    """The nearest rows of every target, as heaps with the worst entry at the root.

    Entries are ordered by squared distance and then by row number, so that the result
    does not depend on the order in which rows arrive.
    """

    squares: np.ndarray  # float64 of shape (m, k), infinite where a list is not full
    rows: np.ndarray  # int64 of shape (m, k), NO_ROW where a list is not full
    barred: np.ndarray  # int64 of shape (m,): the row that a target excludes, or -1


@jit
def sq_distance(values, columns, starts, i, others, other_columns, other_starts, j):
    """Compute a squared distance, adding up in column order for dense and CSR alike."""
    # Zero differences change no sum, so both kinds of rows give the same last bits.
    total = 0.0
    if values.ndim == 2:
        for k in range(values.shape[1]):
            gap = values[i, k] - others[j, k]
            total += gap * gap
    else:
        a, a_end = starts[i], starts[i + 1]
        b, b_end = other_starts[j], other_starts[j + 1]
        while a < a_end or b < b_end:
            if b == b_end or (a < a_end and columns[a] < other_columns[b]):
                gap = values[a]
                a += 1
            elif a == a_end or other_columns[b] < columns[a]:
                gap = others[b]
                b += 1
            else:
                gap = values[a] - others[b]
                a += 1
                b += 1
            total += gap * gap
    return total


@jit
def _enter(best, rows, value, row):
    """Replace the worst entry (the root of a heap) by a row, if the row is better."""
    # The root is the worst entry, so one comparison turns away nearly every row. A new
    # entry sinks from the root: at each level, the worse child moves up, as long as it
    # is worse than the new entry. "Worse" is by distance, then by row number.
    if value > best[0] or (value == best[0] and row > rows[0]):
        return False
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
    return True


@jit
def _limit(worst, row, start, step):
    """Return the least float32 bound at which a row from `start` on may enter."""
    if worst == 0.0 and row < start:
        return np.float32(np.inf)  # full of exact copies with lower numbers
    # The limit is a float32 number below minus the worst distance. 1e-6 is above the
    # relative error of float32, 1e-36 above its subnormal numbers. Rounding to the grid
    # moves a distance by half a step at most; a whole one is left for it.
    return np.float32(-(worst * (1.0 + 1e-6)) - step - 1e-36)


@jit
def push(bounds, Z, T, lists, start, step):
    """Offer some consecutive rows to the neighbour lists of all targets.

    A distance is computed only if the bound of the row may beat the root of the list.
    ``bounds[i, j]``, in float32, is at least minus the squared distance of row i of `Z`
    and target j of `T`, or NaN if it is not known. Rows are numbered from `start`.
    `lists` are those of the targets; they are written to. With a positive `step`,
    squared distances are rounded to its multiples.
    """
    # `limits` follows the roots of the lists. As lists fill with near rows, limits
    # rise, and soon a float32 comparison turns away all but a few rows per target.
    n, m = bounds.shape
    limits = np.empty(m, dtype=np.float32)
    for j in range(m):
        limits[j] = _limit(lists.squares[j, 0], lists.rows[j, 0], start, step)
    for i in range(n):
        row = start + i
        for first in range(0, m, _LANES):
            last = min(m, first + _LANES)
            # Most pieces of targets have no hit, and this loop skips them at the speed
            # of vectors: it works on 32 bits, on slices, without a branch.
            lanes, needed = bounds[i, first:last], limits[first:last]
            hits = np.int32(0)
            for j in range(last - first):
                hits |= np.int32(0) if lanes[j] < needed[j] else np.int32(1)
            if hits == 0:
                continue
            for j in range(first, last):
                if bounds[i, j] < limits[j] or lists.barred[j] == row:
                    continue
                value = sq_distance(
                    Z.values, Z.columns, Z.starts, i, T.values, T.columns, T.starts, j
                )
                if step > 0.0:
                    value = np.rint(value / step) * step
                if _enter(lists.squares[j], lists.rows[j], value, row):
                    worst, last_row = lists.squares[j, 0], lists.rows[j, 0]
                    limits[j] = _limit(worst, last_row, start, step)


@jit
def cap(bounds, Z, lists, first_row):
    """Initialise the lists of some rows with a distance that k rows do not exceed.

    The k nearest rows are all within this distance, so only rows within it enter the
    list. A list that starts empty takes in five times as many rows. `bounds` (n, n) are
    as in `push`, between the rows from `first_row` on; the bound of a row with itself
    becomes minus infinity. `Z` holds all rows, `lists` their lists, which are empty.
    """
    # Positions modulo 16 make groups of rows. The best bounds of the k best groups
    # belong to k different rows; the largest of their exact distances is the start
    # value. The entries keep NO_ROW, so that the rows themselves can enter later.
    n, k = bounds.shape[0], lists.squares.shape[1]
    if n < 4 * _GROUPS or k >= _GROUPS:
        return
    best = np.empty(_GROUPS, dtype=np.float32)
    for i in range(n):
        bounds[i, i] = -np.inf
        best[:] = -np.inf
        for first in range(0, n - _GROUPS + 1, _GROUPS):
            lanes = bounds[i, first : first + _GROUPS]
            for group in range(_GROUPS):  # compiles to vectors; NaN stays out
                lane = lanes[group]
                best[group] = lane if lane > best[group] else best[group]
        worst, a = 0.0, first_row + i
        for _ in range(k):
            group = np.argmax(best)
            at = group
            while at < n and bounds[i, at] != best[group]:
                at += _GROUPS
            if at >= n or best[group] == -np.inf:  # NaN, or no group is left
                worst = np.inf
                break
            best[group] = -np.inf
            b = first_row + at
            value = sq_distance(
                Z.values, Z.columns, Z.starts, a, Z.values, Z.columns, Z.starts, b
            )
            worst = max(worst, value)
        lists.squares[a] = worst


@jit
def push_both(bounds, Z, lists, first_row, second_row):
    """Offer two pieces of the same rows to each other's lists, every pair once.

    `bounds` (n, m) are as in `push`, between the rows from `first_row` on and those
    from `second_row` on: two pieces that share no row, or the same piece twice. `Z`
    holds all rows, `lists` their lists; `barred` is ignored, as a row excludes only
    itself.
    """
    # A pair is computed if it may enter the list of a (limit `own`) or that of b (limit
    # `limits[j]`), hence the smaller of the two limits in the test of a lane.
    n, m = bounds.shape
    squares, rows = lists.squares, lists.rows
    limits = np.empty(m, dtype=np.float32)
    found = np.empty(_LANES, dtype=np.int64)
    for j in range(m):
        b = second_row + j
        limits[j] = _limit(squares[b, 0], rows[b, 0], first_row, 0.0)
    for i in range(n):
        a = first_row + i
        own = _limit(squares[a, 0], rows[a, 0], second_row, 0.0)
        begin = i + 1 if first_row == second_row else 0
        for first in range(begin, m, _LANES):
            last = min(m, first + _LANES)
            lanes, needed = bounds[i, first:last], limits[first:last]
            hits = np.int32(0)
            for j in range(last - first):
                least = own if own < needed[j] else needed[j]
                hits |= np.int32(0) if lanes[j] < least else np.int32(1)
            if hits == 0:
                continue
            # Hits are gathered without a branch: every position is written, and the
            # next one overwrites it unless it was a hit.
            count = 0
            for j in range(last - first):
                least = own if own < needed[j] else needed[j]
                found[count] = first + j
                count += 0 if lanes[j] < least else 1
            for j in found[:count]:
                mine, other = not bounds[i, j] < own, not bounds[i, j] < limits[j]
                if not (mine or other):
                    continue
                b = second_row + j
                value = sq_distance(
                    Z.values, Z.columns, Z.starts, a, Z.values, Z.columns, Z.starts, b
                )
                if mine and _enter(squares[a], rows[a], value, b):
                    own = _limit(squares[a, 0], rows[a, 0], second_row, 0.0)
                if other and _enter(squares[b], rows[b], value, a):
                    limits[j] = _limit(squares[b, 0], rows[b, 0], first_row, 0.0)


@jit
def listed_sq_distances(Z, T, rows):
    """Compute the squared distances of targets to the rows in their lists: (m, k)."""
    # The distances equal those of `push` to the last bit, whichever tree made the
    # lists. So both ways of searching order ties alike.
    m, k = rows.shape
    out = np.empty((m, k))
    for j in range(m):
        for at in range(k):
            i = rows[j, at]
            out[j, at] = sq_distance(
                Z.values, Z.columns, Z.starts, i, T.values, T.columns, T.starts, j
            )
    return out


@jit
def row_hashes(X):
    """Return a 64-bit hash of the values of every row: equal rows have equal hashes."""
    # Values are hashed by fraction and exponent: 0.0 and -0.0, and equal numbers of
    # different types, have the same hash. Each column is followed by a mixing step, so
    # that the hash depends on the order of the columns.
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


def warmup():
    """Compile the kernels of this file that other rooms call."""
    pair = np.full((2, 2), 0.5)
    single, rows = pair.astype(np.float32), Points(pair, None, None)
    lists = Lists(np.full((2, 1), np.inf), np.full((2, 1), 9), np.full(2, -1))
    push(single, rows, rows, lists, 0, 0.0)
    cap(single, rows, lists, 0)
    push_both(single, rows, lists, 0, 0)
    listed_sq_distances(rows, rows, np.zeros((2, 1), dtype=np.int64))
    with np.errstate(over="ignore"):  # without the compiler, NumPy warns of wrapping
        row_hashes(pair)
