"""Farthest-first picks in a few passes over the data: exact, whatever holds the rows.

The distance of a row to its nearest pick only falls. So the rows that are far now, a
pool of some hundred, hold the next picks for as long as the farthest of them is farther
than all other rows were when they were last looked at. Then one pass tells all rows of
all these picks [1]_. Few columns: rows are cut into boxes, and a pick is compared with
the rows of boxes that it can be near.

References
----------
.. [1] T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance",
   Theoretical Computer Science 38, 1985, :doi:`10.1016/0304-3975(85)90224-5`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels import farthest as kernels
from coreselect._kernels.farthest import Outside, Pool, Room, Served
from coreselect._numbers import to_dense
from coreselect._typing import Floats, Integers
from coreselect.neighbors.lists import (
    as_points,
    bounding_rows,
    bounding_targets,
    bounds_of,
)

_TIE = 1e-9  # relative; of squared distances that differ by less, the lowest row wins
_POOL = 1024  # rows in the first pool
_VALUES = 2**22  # most numbers in a pool
_SLICE = 256  # picks that rows are compared with at a time
_BOUNDS = 2**18  # float32 bounds at a time: 1 MB, which stays in cache
_CELL_FEATURES = 6  # up to this many columns, boxes leave out most rows
_CELL_VALUES = 2**24  # most numbers of all rows that are held for boxes
_COARSE = np.int64(-(2**22))  # mask that leaves floats a relative precision of 1e-9


class Picks(NamedTuple):
    """Rows in the order of their picks.

    Attributes
    ----------
    order : ndarray of int64 of shape (size,)
    squares : ndarray of shape (size,)
        The largest squared distance of a row to its nearest pick, after each pick. NaN
        after all given picks but the last.
    weight : ndarray of shape (size,)
        Weight of the rows nearest to each pick, after the last one.
    moved : tuple of three ndarrays
        Earlier picks, later ones, and the weight that the later ones took over.
    near : ndarray of shape (n_rows,)
        Squared distance of every row to its nearest pick.
    """

    order: Integers
    squares: Floats
    weight: Floats
    moved: tuple[Integers, Integers, Floats]
    near: Floats

    def weights(self, size: int) -> Floats:
        """Return the weight of the rows nearest to each of the first `size` picks."""
        # What later picks took over is added up, and not subtracted from the total: so
        # no digits are lost.
        earlier, later, moved = self.moved
        back = (later >= size) & (earlier < size)
        returned = np.bincount(earlier[back], moved[back], minlength=size)
        return self.weight[:size] + returned


def farthest_first(
    rows: Any,
    space: Any,
    start: Integers,
    size: int,
    codes: Integers | None = None,
    room: Any = None,
) -> Picks:
    """Pick `size` rows, each the farthest one from those before.

    Parameters
    ----------
    rows : Rows
    space : Space
    start : ndarray of int64
        The first picks, at least one.
    size : int
        Number of picks with these. If there are fewer distinct rows, copies come last,
        lowest row first.
    codes : ndarray of int64 of shape (n_rows,), optional
        The group of every row.
    room : Room, optional
        How many rows of each group there must and may be, with the first picks.
    """
    run = _Run(rows, space, start, size)
    small = rows.n_rows * rows.n_features <= _CELL_VALUES
    if codes is None and rows.n_features <= _CELL_FEATURES and small:
        run.in_cells()
    else:
        if codes is None:
            codes = np.zeros(rows.n_rows, dtype=np.int64)
            room = Room(np.zeros(1), np.full(1, np.inf), np.full(1, float(size)))
        run.in_pools(codes, Room(*(values.copy() for values in room)))
    return run.finish(codes)


class _Run:
    """The state of a search: picks so far, and what every row knows of them."""

    def __init__(self, rows, space, start, size):
        self.rows, self.space, self.size = rows, space, size
        self.order, self.n_given = [int(row) for row in start], len(start)
        self.squares = [np.nan] * (len(start) - 1)  # after each start row but the last
        self.near = np.full(rows.n_rows, np.inf)
        self.label = np.full(rows.n_rows, -1)
        self.moved = []
        self.room = None

    def in_cells(self):
        """Pick rows that are held in memory, as points in boxes."""
        space, n_picks = self.space, len(self.order)
        X = self.rows.map(lambda block: space.points(to_dense(block.X)))
        cells = kernels.split(X)
        most = np.full(len(cells.starts) - 1, np.inf)
        order = np.full(self.size, -1)
        order[:n_picks] = self.order
        self.order, self.squares = [], []
        weight = self.rows.each_weight()[cells.order]
        for first in range(0, self.size, _SLICE):
            part = order[first : first + _SLICE]
            moved = np.zeros((len(part), first + len(part) + 1))
            served = Served(self.near, self.label, weight, moved, space.nothing)
            squares = kernels.pick_in_cells(X, cells, most, served, part, first)
            self.order.extend(part[: len(squares)].tolist())
            self.squares.extend(squares.tolist())
            self._note(moved, first)
            if len(squares) < len(part):
                break
        for values in (self.near, self.label):
            values[cells.order] = values.copy()

    def in_pools(self, codes, room):
        """Pick rows in pools of those far away, with one pass for each pool."""
        self.room = room
        for row in self.order:
            kernels.take_place(room, codes[row])
        n_pool = _POOL
        most = max(_POOL, _VALUES // self.rows.n_features)
        picked = self.space.points(self.rows.gather(self.order).X)
        while True:
            pool = self._sweep(picked, codes, min(n_pool, most))
            n_left = self.size - len(self.order)
            found = self._pick(pool, codes, n_left) if n_left else []
            if not len(found):
                self.squares.append(float(self.near.max()))
                return
            picked = pool.X[found]
            if len(found) < n_pool // 8:
                n_pool *= 2

    def _pick(self, pool, codes, n_left):
        """Pick rows in a pool; return their places in it."""
        near, room = self.near, self.room
        may = (room.need > 0) | ((room.spare > 0) & (room.most > 0))
        free = near if may.all() else np.where(may[codes], near, -1.0)
        largest = free.max()
        if largest <= self.space.nothing:
            return []
        known = np.argmax(free >= largest * (1 - _TIE))
        pool = self._with_row(pool, known, codes)
        outside = np.ones(len(near), dtype=bool)
        outside[pool.rows] = False
        farthest = near.max(where=outside, initial=-1.0)
        tied = free.max(where=outside, initial=-1.0)
        ties = outside & (free >= tied * (1 - _TIE))
        beyond = Outside(float(farthest), float(tied), int(np.argmax(ties)))
        X = pool.X if sparse.issparse(pool.X) else np.ascontiguousarray(pool.X.T)
        candidates = Pool(as_points(X), pool.rows, pool.near.copy(), codes[pool.rows])
        squares = np.empty(n_left)
        at = int(np.searchsorted(pool.rows, known))
        nothing = self.space.nothing
        found = kernels.pick_in_pool(candidates, room, beyond, nothing, at, squares)
        self.order.extend(pool.rows[found].tolist())
        self.squares.extend(squares[: len(found)].tolist())
        return found

    def _with_row(self, pool, row, codes):
        """Return the pool with a row that it must hold."""
        if row in pool.rows:
            return pool
        X = self.space.points(self.rows.gather([row]).X)
        more = _Far(np.array([row]), self.near[[row]], codes[[row]], X)
        return _joined(pool, more)

    def _sweep(self, picked, codes, n_pool):
        """Tell all rows of the last picks; return the rows that are farthest then."""
        first = len(self.order) - picked.shape[0]
        may = (self.room.need > 0) | ((self.room.spare > 0) & (self.room.most > 0))
        tell = _Teller(self.space, picked, first, n_pool, may)
        rows = self.rows.keeping(near=self.near, label=self.label, codes=codes)
        served, told = rows.map_reduce(tell, tell.merge)
        self.near = np.ascontiguousarray(served[:, 0])
        self.label = served[:, 1].astype(np.int64)
        for at, moved in zip(tell.starts, told.moved, strict=True):
            self._note(moved, first + at)
        return told.far

    def _note(self, moved, first):
        """Keep which weights moved from earlier picks to those from `first` on."""
        later, earlier = np.nonzero(moved[:, 1:])
        self.moved.append((earlier, later + first, moved[later, earlier + 1]))

    def finish(self, codes):
        """Return the `Picks`, with copies of picks in the places that are left."""
        order = np.array(self.order + self._copies(codes), dtype=np.int64)
        squares = np.full(len(order), self.squares[-1])
        squares[: len(self.squares)] = self.squares
        squares[: self.n_given - 1] = np.nan
        weight = np.bincount(self.label, self.rows.each_weight(), minlength=len(order))
        moved = tuple(map(np.concatenate, zip(*self.moved, strict=True)))
        return Picks(order, squares, weight, moved, self.near)

    def _copies(self, codes):
        n_left = self.size - len(self.order)
        left = np.ones(self.rows.n_rows, dtype=bool)
        left[self.order] = False
        found = []
        for row in np.flatnonzero(left)[: None if self.room else n_left]:
            if len(found) == n_left:
                break
            if self.room is not None:
                code = codes[row]
                room = self.room
                if not (room.need[code] or (room.spare[0] and room.most[code])):
                    continue
                kernels.take_place(room, code)
            found.append(int(row))
        return found


class _Far(NamedTuple):
    """Rows far from all picks: their numbers, ascending, and points."""

    rows: np.ndarray
    near: np.ndarray
    codes: np.ndarray
    X: Any

    def among(self, keep):
        return _Far(*(values[keep] for values in self))


class _Told(NamedTuple):
    """What a pass finds beside what it tells every row."""

    moved: list  # an array for each slice of the picks
    far: _Far


class _Teller:
    """Tells the rows of a block of further picks."""

    def __init__(self, space, picked, first, n_pool, may):
        self._space, self._picked, self._first = space, picked, first
        self._n_pool, self._may = n_pool, may
        n_picked = picked.shape[0]
        self.starts = list(range(0, n_picked, _SLICE))
        self._slices = list(pairwise([*self.starts, n_picked]))
        self._origin = 0.0 if sparse.issparse(picked) else space.mean
        self._right = bounding_targets(self._centred(picked))
        width = min(_SLICE, n_picked)
        self._size = max(64, _BOUNDS // width)
        self._shape = self._size, width

    def _centred(self, X):
        # Near the origin, products are short and float32 bounds tight. Rows of CSR
        # cannot be moved without becoming dense.
        return X if sparse.issparse(X) else X - self._origin

    def __call__(self, block):
        near, label = block.values["near"].copy(), block.values["label"].copy()
        codes = block.values["codes"]
        weight = np.ascontiguousarray(block.weight)
        moved = [
            np.zeros((stop - start, self._first + stop + 1))
            for start, stop in self._slices
        ]
        bounds = np.empty(self._shape, dtype=np.float32)
        for at in range(0, len(near), self._size):
            here = slice(at, at + self._size)
            part = self._space.points(block.X[here])
            left = bounding_rows(self._centred(part))
            for cut, moves in zip(self._slices, moved, strict=True):
                served = Served(near[here], label[here], weight[here], moves, 0.0)
                self._improve(part, left, slice(*cut), served, bounds)
        numbers = np.arange(block.start, block.start + len(near))
        keep = self._farthest(near, codes)
        X = self._space.points(block.X[keep])
        far = _Far(numbers[keep], near[keep], codes[keep], X)
        # Labels travel as floats beside the distances, exact up to 2**53.
        return np.column_stack([near, label]), _Told(moved, far)

    def _improve(self, part, left, cut, served, bounds):
        bounds = bounds[: part.shape[0], : cut.stop - cut.start]
        if not bounds.flags.c_contiguous:
            bounds = np.empty(bounds.shape, dtype=np.float32)
        bounds_of(left, self._right, bounds, targets=cut)
        picks = as_points(self._picked[cut])
        kernels.improve(bounds, as_points(part), picks, served, self._first + cut.start)

    def _farthest(self, near, codes):
        """Return the places of the rows that a pool may need, ascending."""
        keep = _largest(near, self._n_pool)
        if not self._may.all():
            free = np.where(self._may[codes], near, -1.0)
            keep = np.union1d(keep, _largest(free, self._n_pool))
        return keep

    def merge(self, a, b):
        far = _joined(a.far, b.far)
        far = far.among(self._farthest(far.near, far.codes))
        moved = [x + y for x, y in zip(a.moved, b.moved, strict=True)]
        return _Told(moved, far)


def _largest(values, size):
    """Return the places of the largest values; of values up to ties, the first ones."""
    if len(values) <= size:
        return np.arange(len(values))
    coarse = (values.view(np.int64) & _COARSE).view(np.float64)
    least = np.partition(coarse, len(values) - size)[len(values) - size]
    above = np.flatnonzero(coarse > least)
    return np.sort(
        np.concatenate([above, np.flatnonzero(coarse == least)[: size - len(above)]])
    )


def _joined(a, b):
    """Return rows of two parts, in the order of their numbers."""
    stack = sparse.vstack if sparse.issparse(a.X) else np.concatenate
    X = stack([a.X, b.X])
    if sparse.issparse(X):
        X = X.tocsr()
    both = _Far(*map(np.concatenate, zip(a[:3], b[:3], strict=True)), X)
    return both.among(np.argsort(both.rows))
