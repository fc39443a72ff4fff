"""Thinning: rows farther apart than a radius, such that all others are near one.

Rows are taken in order of priority. A row within the radius of one that was kept before
is dropped, and absorbed by the first of these; any other row is kept. So the kept rows
are a maximal set of rows that are pairwise farther apart than the radius.

Cells leave out most comparisons. Each row belongs to the nearest of some centres. Let x
be a row of cell a. If a row y of cell b is within the radius r of x, then
``|x - b|**2 - |x - a|**2 <= 2 r |a - b|``: the left side, a linear function of x, is at
most 0 at y. So x is compared with cell b only if this holds, and ``|x - b|`` is at most
r plus the radius of the cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from coreselect._kernels import thinning as kernels
from coreselect._kernels.nearest import NO_ROW
from coreselect._kernels.thinning import Kept
from coreselect._random import stream
from coreselect._typing import Floats, Integers, Matrix
from coreselect.neighbors import NearestCenters, sq_distances
from coreselect.neighbors.lists import (
    as_points,
    bounding_rows,
    bounding_targets,
    bounds_of,
)

_TIE = 1e-9  # relative; squared distances above the limit by less are within it
_BLOCK = 4096  # rows that are compared with all rows kept before
_TILE = 512  # rows on each side of a product: 1 MB of bounds, which stays in cache
_PER_CELL = 256  # rows in a cell, roughly
_MOST_CELLS = 1024
_LARGEST = 1e300  # squared radius of points near one, so that nothing overflows
_COARSE = np.int64(-(2**22))  # mask that leaves floats a relative precision of 1e-9


class Cells:
    """Rows by the nearest of some centres: means of the rows near random rows.

    Parameters
    ----------
    X : ndarray of float64 or CSR array of shape (n_rows, n_features)
        All CSR rows are in one cell.
    weight : ndarray of shape (n_rows,)
    """

    def __init__(self, X: Matrix, weight: Floats) -> None:
        n = X.shape[0]
        n_cells = max(1, min(n // _PER_CELL, _MOST_CELLS))
        if sparse.issparse(X):
            n_cells = 1
        # A fixed seed: cells decide about time, and about which rows are central.
        drawn = np.sort(stream(0).choice(n, n_cells, replace=False))
        labels = np.zeros(n, dtype=np.int64)
        if n_cells > 1:
            labels, _ = NearestCenters(X[drawn]).find(X)
        centers = means_of(X, weight, labels, n_cells)
        self.centers = centers
        self.labels, self.squares = NearestCenters(centers).find(X)
        self.radius = np.zeros(n_cells)
        np.maximum.at(self.radius, self.labels, np.sqrt(self.squares))
        # Near the origin, products are short and float32 bounds tight. Rows of CSR
        # cannot be moved without becoming dense.
        self.origin = 0.0 if sparse.issparse(X) else centers.mean(axis=0)
        self._between = np.sqrt(sq_distances(centers, centers))
        self._right = bounding_targets(centers - self.origin)

    def order(self) -> Integers:
        """Return the rows, those nearest to their own centre first."""
        coarse = (self.squares.view(np.int64) & _COARSE).view(np.float64)
        return np.argsort(coarse, kind="stable")

    def reached(self, rows: Integers, left: Any, radius: float) -> Any:
        """Return which cells may hold rows within the radius of some rows.

        `left` comes from ``bounding_rows(X[rows] - origin)``; the result has the shape
        (n, n_cells).
        """
        if len(self.centers) == 1:
            return np.ones((len(rows), 1), dtype=bool)
        bounds = np.empty((len(rows), len(self.centers)), dtype=np.float32)
        far = -bounds_of(left, self._right, bounds).astype(np.float64)
        far[np.isnan(far)] = -np.inf  # a bound that is not known
        own, square = self.labels[rows], self.squares[rows]
        # The slack covers ties between centres and the rounding of this test.
        slack = 1e-8 * (np.sqrt(square) + radius) ** 2
        side = 2 * radius * self._between[own]
        near = far - square[:, None] <= side * (1 + 1e-8) + slack[:, None]
        near &= np.sqrt(np.maximum(far, 0)) <= (self.radius + radius) * (1 + 1e-8)
        near[np.arange(len(rows)), own] = True
        return near


def means_of(X, weight, labels, n_cells):
    """Return the weighted mean of each cell; zeros for cells without rows."""
    member = sparse.csr_array(
        (weight, labels, np.arange(len(labels) + 1)), shape=(len(labels), n_cells)
    )
    total = np.asarray(member.sum(axis=0)).ravel()
    sums = member.T @ X
    if sparse.issparse(sums):
        sums = sums.toarray()
    return sums / np.where(total > 0, total, 1.0)[:, None]


def thin(
    X: Matrix, order: Integers, square: float, cells: Cells, most: int
) -> tuple[Integers, Integers]:
    """Keep rows that are farther apart than a radius, the first ones in an order.

    Parameters
    ----------
    X : ndarray of float64 or CSR array of shape (n_rows, n_features)
    order : ndarray of int64 of shape (n_rows,)
    square : float
        The squared radius. Distances above it by a relative 1e-9 are within it.
    cells : Cells
    most : int
        Largest number of rows to keep.

    Returns
    -------
    kept : ndarray of int64
        Row numbers, in the order given.
    places : ndarray of int64 of shape (n_rows,)
        For each row, the first kept row within the radius: its place in `kept`; -1 if
        there is none, because enough rows were kept.
    """
    search = _Search(X, min(square * (1 + _TIE), _LARGEST), cells)
    places = np.empty(X.shape[0], dtype=np.int64)
    for start in range(0, len(order), _BLOCK):
        rows = order[start : start + _BLOCK]
        places[rows] = search.offer(rows, most)
    places[places == NO_ROW] = -1
    return np.concatenate([np.empty(0, dtype=np.int64), *search.kept]), places


def first_apart(
    X: Matrix, order: Integers, square: float, cells: Cells, most: int
) -> Integers:
    """Return the rows that `thin` keeps, without a look at rows after the last one."""
    search = _Search(X, min(square * (1 + _TIE), _LARGEST), cells)
    for start in range(0, len(order), _BLOCK):
        if search.n_kept >= most:
            break
        search.offer(order[start : start + _BLOCK], most)
    return np.concatenate([np.empty(0, dtype=np.int64), *search.kept])


class _Search:
    """The rows kept so far, by cell."""

    def __init__(self, X, limit, cells):
        self._X, self._limit, self._cells = X, limit, cells
        self._points = as_points(X)
        counts = np.bincount(cells.labels, minlength=len(cells.centers))
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        # The kept rows of each cell, in the part of these arrays that its rows fill.
        self._rows, self._places = np.empty((2, X.shape[0]), dtype=np.int64)
        self._filled = self._starts[:-1].copy()
        self.kept, self.n_kept = [], 0

    def offer(self, rows, most):
        """Keep or drop further rows; return the places of the rows that absorb them."""
        found = np.full(len(rows), NO_ROW)
        left = bounding_rows(self._centred(rows))
        radius = np.sqrt(self._limit)
        near = self._cells.reached(rows, left, radius)
        for cell in np.flatnonzero(self._filled > self._starts[:-1]):
            here = slice(self._starts[cell], self._filled[cell])
            kept = Kept(self._rows[here], self._places[here])
            self._find(left, rows, np.flatnonzero(near[:, cell]), kept, found)
        first = self.n_kept
        recent = np.empty(0, dtype=np.int64)
        for start in range(0, len(rows), _TILE):
            at = start + np.flatnonzero(found[start : start + _TILE] == NO_ROW)
            kept = Kept(rows[recent], np.arange(first, first + len(recent)))
            self._find(left, rows, at, kept, found)
            at = at[found[at] == NO_ROW]
            new = at[self._settle(left, rows, at, found, most)]
            self.n_kept += len(new)
            recent = np.concatenate([recent, new])
        self._file(rows[recent], first)
        return found

    def _centred(self, rows):
        X = self._X[rows]
        return X if sparse.issparse(X) else X - self._cells.origin

    def _find(self, left, rows, at, kept, found):
        """Look for kept rows near the rows at some places."""
        bounds = np.empty((_TILE, _TILE), dtype=np.float32)
        for low in range(0, len(kept.rows), _TILE):
            some = Kept(*(values[low : low + _TILE] for values in kept))
            right = bounding_targets(self._centred(some.rows))
            for start in range(0, len(at), _TILE):
                here = at[start : start + _TILE]
                out = bounds.ravel()[: len(here) * len(some.rows)]
                out = out.reshape(len(here), len(some.rows))
                bounds_of(left, right, out, rows=here)
                best = found[here]
                kernels.find_kept(
                    out, self._points, rows[here], some, self._limit, best
                )
                found[here] = best

    def _settle(self, left, rows, at, found, most):
        """Keep rows at some places unless they are near each other."""
        if not len(at):
            return at
        right = bounding_targets(self._centred(rows[at]))
        bounds = np.empty((len(at), len(at)), dtype=np.float32)
        bounds_of(left, right, bounds, rows=at)
        best = found[at]
        room = most - self.n_kept
        new = kernels.settle(
            bounds, self._points, rows[at], self._limit, best, self.n_kept, room
        )
        found[at] = best
        return new

    def _file(self, rows, first):
        """Note kept rows in their cells."""
        self.kept.append(rows)
        cells = self._cells.labels[rows]
        by_cell = np.argsort(cells, kind="stable")
        counts = np.bincount(cells, minlength=len(self._filled))
        slots = np.repeat(self._filled - (np.cumsum(counts) - counts), counts)
        slots += np.arange(len(rows))
        self._rows[slots] = rows[by_cell]
        self._places[slots] = first + by_cell
        self._filled += counts
