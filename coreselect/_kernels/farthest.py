"""Kernels of farthest-first picks: exact distances, and only where they can matter.

`near` holds the squared distance of every row to its nearest pick. It only falls, so
an old value bounds a later one from above. Squared distances are added up in column
order, as `nearest.sq_distance` does, so all kernels give the same last bits.
"""

from typing import Any, NamedTuple

import numpy as np

from coreselect._kernels._jit import jit
from coreselect._kernels.nearest import Points, sq_distance

_TIE = 1e-9  # relative; of squared distances that differ by less, the first wins
_NO_NANS = frozenset({"nnan", "nsz"})  # flags with which a maximum compiles to vectors
_LANES = 64  # picks whose bounds are tested together
_LEAF = 128  # rows of a cell, at most


class Pool(NamedTuple):
    """Candidates: rows far from all picks so far."""

    points: Any  # Points; dense rows are the columns of a matrix
    rows: np.ndarray  # their numbers, ascending
    near: np.ndarray
    codes: np.ndarray  # the number of each row's group


class Room(NamedTuple):
    """How many rows of each group must and may still be picked."""

    need: np.ndarray
    most: np.ndarray
    spare: np.ndarray  # of shape (1,): places that no group needs


class Outside(NamedTuple):
    """What is known of rows outside the pool; of candidates among these, for `free`."""

    near: float  # the largest
    free_near: float
    free_row: int  # the lowest row number within a tie of `free_near`


class Served(NamedTuple):
    """What is known of some rows and the picks so far."""

    near: np.ndarray  # squared distances to the nearest pick, infinite before the first
    label: np.ndarray  # the number of that pick, or -1
    weight: np.ndarray
    moved: np.ndarray  # [j, p + 1]: weight that left pick p for the j-th further pick
    nothing: float  # squared distances up to this are those of copies


class Cells(NamedTuple):
    """Boxes of a few rows each: leaves of a k-d tree."""

    order: np.ndarray  # row numbers, cell by cell
    starts: np.ndarray  # where each cell begins in `order`, and the end
    values: np.ndarray  # the coordinates of each cell, column by column
    low: np.ndarray  # corners of the boxes, of shape (n_features, n_cells)
    high: np.ndarray


@jit
def improve(bounds, rows, picks, served, first):
    """Let some rows know of further picks, which are numbered from `first`.

    ``bounds[i, j]``, in float32, is at least minus the squared distance of row i and
    pick j, or NaN if it is not known. `served` is that of the rows; it is written to.
    """
    # A pick can only be nearer if its bound is above minus `near`; the margins cover
    # the rounding of `near` to float32. As in `nearest.push`, most lanes are skipped at
    # the speed of vectors.
    n, m = bounds.shape
    near, label = served.near, served.label
    weight, moved = served.weight, served.moved
    for i in range(n):
        limit = np.float32(-(near[i] * (1.0 + 1e-6)) - 1e-36)
        for start in range(0, m, _LANES):
            stop = min(m, start + _LANES)
            lanes = bounds[i, start:stop]
            hits = np.int32(0)
            for j in range(stop - start):
                hits |= np.int32(0) if lanes[j] < limit else np.int32(1)
            if hits == 0:
                continue
            for j in range(start, stop):
                if bounds[i, j] < limit:
                    continue
                value = sq_distance(
                    rows.values, rows.columns, rows.starts, i,
                    picks.values, picks.columns, picks.starts, j,
                )  # fmt: skip
                if value < near[i]:
                    if _leaves(label[i], near[i], value):
                        moved[j, label[i] + 1] += weight[i]
                        label[i] = first + j
                    near[i] = value
                    limit = np.float32(-(value * (1.0 + 1e-6)) - 1e-36)


@jit
def _leaves(label, near, value):
    """Return whether a row leaves its pick for a nearer one: ties stay."""
    return label < 0 or value < near * (1.0 - _TIE)


@jit
def _from_one(values, columns, starts, at, out):
    """Write the squared distances of one row of a pool to all its rows."""
    if values.ndim == 2:
        # The innermost loop runs over rows, so that it compiles to vectors and each sum
        # still adds up in column order.
        d, n = values.shape
        out[:] = 0.0
        for j in range(d):
            x = values[j, at]
            for i in range(n):
                gap = values[j, i] - x
                out[i] += gap * gap
    else:
        for i in range(out.shape[0]):
            out[i] = sq_distance(
                values, columns, starts, i, values, columns, starts, at
            )


@jit
def pick_in_pool(pool, room, outside, nothing, known, radii):
    """Pick farthest rows in a pool for as long as these are the farthest of all rows.

    `known` is the place in the pool of the first pick. Rows whose `near` is at most
    `nothing` are not picked. The result holds places in the pool; ``radii[t]`` becomes
    the largest `near` of all rows before pick t, and its length bounds the number of
    picks. `pool.near` and `room` are written to.
    """
    # Values outside the pool are old, so they are too large, never too small: as long
    # as the largest one in the pool is not below them, it is the largest of all. Among
    # ties, the pick is the lowest row, so no lower row outside may be tied.
    near, codes, points = pool.near, pool.codes, pool.points
    far = np.empty(len(near))
    found = np.empty(len(radii), dtype=np.int64)
    count = 0
    while count < len(found):
        largest, free = _max(near), -1.0
        for i in range(len(near)):
            if near[i] > free and _may(room, codes[i]):
                free = near[i]
        at = known
        if count == 0:  # all values are up to date
            largest = max(largest, outside.near)
        else:
            if largest < outside.near or free < outside.free_near or free <= nothing:
                break
            at = 0
            limit = free * (1.0 - _TIE)
            while near[at] < limit or not _may(room, codes[at]):
                at += 1
            if outside.free_near >= limit and outside.free_row < pool.rows[at]:
                break
        found[count] = at
        radii[count] = largest
        count += 1
        take_place(room, codes[at])
        _from_one(points.values, points.columns, points.starts, at, far)
        for i in range(len(near)):
            near[i] = min(near[i], far[i])
    return found[:count].copy()


@jit
def _may(room, code):
    return room.need[code] > 0 or (room.spare[0] > 0 and room.most[code] > 0)


@jit
def take_place(room, code):
    """Count one more pick of a group."""
    if room.need[code] > 0:
        room.need[code] -= 1
    else:
        room.spare[0] -= 1
    room.most[code] -= 1


@jit
def split(X):
    """Cut the rows of `X` into cells: halves at the mean of the widest column."""
    n, d = X.shape
    order = np.arange(n)
    starts = np.empty(n + 1, dtype=np.int64)
    low, high = np.empty((n, d)), np.empty((n, d))
    stack = [(0, n)]
    count = 0
    while len(stack) > 0:
        start, stop = stack.pop()
        # The box is also needed to find the widest column.
        for j in range(d):
            low[count, j] = high[count, j] = X[order[start], j]
        for at in range(start, stop):
            i = order[at]
            for j in range(d):
                low[count, j] = min(low[count, j], X[i, j])
                high[count, j] = max(high[count, j], X[i, j])
        widest = np.argmax(high[count] - low[count])
        middle = start
        if stop - start > _LEAF and high[count, widest] > low[count, widest]:
            mean = 0.0
            for at in range(start, stop):
                mean += X[order[at], widest] / (stop - start)
            for at in range(start, stop):
                i = order[at]
                if X[i, widest] < mean:
                    order[at] = order[middle]
                    order[middle] = i
                    middle += 1
        if start < middle < stop:
            stack.append((middle, stop))
            stack.append((start, middle))
        else:  # few rows, or all equal up to rounding
            starts[count] = start
            count += 1
    starts[count] = n
    values = np.empty(n * d)
    for cell in range(count):
        start, size = starts[cell], starts[cell + 1] - starts[cell]
        for j in range(d):
            for at in range(size):
                values[start * d + j * size + at] = X[order[start + at], j]
    low, high = low[:count].T.copy(), high[:count].T.copy()
    return Cells(order, starts[: count + 1].copy(), values, low, high)


@jit
def pick_in_cells(X, cells, most, served, order, first):
    """Pick farthest rows, and compare each pick only with cells that it can be near.

    ``order[t]`` is a given row, or -1 for the farthest row; it is written to. Picks are
    numbered from `first`. `most` holds the largest `near` in each cell, `served` is
    that of all rows, in the order of the cells; both are written to. The result holds
    the largest `near` after each pick, up to the last row that is no copy of a pick.
    """
    # No row of a cell is nearer to a pick than its box. Both distances are added up in
    # the same order, and rounding keeps the order of two numbers: so the test is exact.
    gaps, far = np.empty(len(most)), np.empty(X.shape[0])
    radii = np.empty(len(order))
    largest = _max(most)
    for t in range(len(order)):
        if order[t] < 0:
            if largest <= served.nothing:
                return radii[:t].copy()
            order[t] = _farthest(cells, served.near, most)
        pick = X[order[t]]
        _box_distances(cells.low, cells.high, pick, gaps)
        for cell in range(len(most)):
            if gaps[cell] >= most[cell]:
                continue
            start, stop = cells.starts[cell], cells.starts[cell + 1]
            part = cells.values[start * len(pick) : stop * len(pick)]
            near, total = served.near[start:stop], far[: stop - start]
            if _cell_distances(part, pick, near, total) > 0:
                label, weight = served.label[start:stop], served.weight[start:stop]
                moved = served.moved[t]
                for at in range(stop - start):
                    if total[at] < near[at]:
                        if _leaves(label[at], near[at], total[at]):
                            moved[label[at] + 1] += weight[at]
                            label[at] = first + t
                        near[at] = total[at]
                most[cell] = _max(near)
        radii[t] = largest = _max(most)
    return radii


# Loops over few arrays, in functions of their own: so they compile to vectors.


@jit
def _box_distances(low, high, pick, out):
    """Write the squared distances of a row to the boxes."""
    out[:] = 0.0
    for j in range(len(pick)):
        x, lows, highs = pick[j], low[j], high[j]
        for cell in range(len(out)):
            below, above = lows[cell] - x, x - highs[cell]
            gap = below if below > above else above
            gap = gap if gap > 0.0 else 0.0
            out[cell] += gap * gap


@jit
def _cell_distances(values, pick, near, out):
    """Write the squared distances of a row to a cell; count those below `near`."""
    n = len(out)
    out[:] = 0.0
    for j in range(len(pick)):
        x, column = pick[j], values[j * n : (j + 1) * n]
        for at in range(n):
            gap = column[at] - x
            out[at] += gap * gap
    count = 0
    for at in range(n):
        count += 1 if out[at] < near[at] else 0
    return count


@jit(fastmath=_NO_NANS)
def _max(values):
    largest = 0.0
    for at in range(len(values)):
        largest = values[at] if values[at] > largest else largest
    return largest


@jit
def _farthest(cells, near, most):
    """Return the lowest row whose `near` is the largest, up to ties."""
    limit = _max(most) * (1.0 - _TIE)
    best = np.int64(len(near))
    for cell in range(len(most)):
        if most[cell] >= limit:
            for at in range(cells.starts[cell], cells.starts[cell + 1]):
                if near[at] >= limit and cells.order[at] < best:
                    best = cells.order[at]
    return best


def warmup():
    """Compile the kernels of this file that other rooms call."""
    X, numbers, codes = np.eye(2), np.arange(2), np.zeros(2, dtype=np.int64)
    rows = Points(X, None, None)
    far, none = np.full(2, np.inf), np.full(2, -1)
    served = Served(far, none, np.ones(2), np.zeros((2, 3)), 0.0)
    improve(np.zeros((2, 2), dtype=np.float32), rows, rows, served, 0)
    room = Room(np.zeros(1), np.full(1, 2.0), np.full(1, 2.0))
    pool = Pool(rows, numbers, far, codes)
    pick_in_pool(pool, room, Outside(0.0, 0.0, 2), 0.0, 0, np.empty(1))
    take_place(room, 0)
    cells = split(X)
    most = np.full(len(cells.starts) - 1, np.inf)
    pick_in_cells(X, cells, most, served, numbers, 0)
