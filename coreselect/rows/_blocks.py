"""Blocks of rows, and runs of them: what a pass reads, here or in another process."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from coreselect._scratch import release
from coreselect._typing import Array, Floats
from coreselect.rows.take import take_array

# The size of blocks depends on nothing but the width of the data, so that sums, which
# are merged block by block, are the same for every container and on every machine.
_BLOCK_BYTES = 2**25  # size of a dense float64 block: 32 MB
_MOST_BYTES = 2**27  # limit for blocks of wide data


class Block(NamedTuple):
    """Consecutive rows.

    Attributes
    ----------
    X : ndarray or sparse CSR of shape (n_rows, n_features), float32 or float64
        If the rows were opened with ``numeric=False``: the feature columns in the
        user's kind of container, of any content.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), or None
    weight : ndarray of shape (n_rows,), float64
    start : int
        Number of the first row.
    values : dict of str to ndarray of shape (n_rows,) or (n_rows, c)
        The block's part of what is kept for every row; see `Rows.keeping`.
    """

    X: Any
    y: Array | None
    weight: Floats
    start: int
    values: dict[str, Array] = {}

    @property
    def rows(self) -> slice:
        """The places of these rows among all rows."""
        return slice(self.start, self.start + self.X.shape[0])


class Run(NamedTuple):
    """Consecutive blocks of a holder, and what is kept for their rows.

    Attributes
    ----------
    number : int
        That of the first block.
    bounds : list of (int, int)
        Of the blocks, as numbers of rows in the holder.
    rows : slice
        The places of the rows among all rows of a view.
    places : ndarray or None
        The row numbers of these rows in the holder; None means all in the bounds.
    y, weight : ndarray or None
    values : dict of str to ndarray
    finish : callable or None
        What is applied to each `Block` at last.
    """

    number: int
    bounds: list[tuple[int, int]]
    rows: slice
    places: Any
    y: Any
    weight: Any
    values: dict[str, Any]
    finish: Any = None

    def cut(self, cuts):
        """Yield this run, of all rows, as runs that begin at some of its blocks."""
        for first, last in pairwise([*map(int, cuts), len(self.bounds)]):
            bounds = self.bounds[first:last]
            ends = bounds[0][0], bounds[-1][1]
            if self.places is not None:
                ends = tuple(np.searchsorted(self.places, ends).tolist())
            rows = slice(*ends)
            given = self.places, self.y, self.weight
            kept = (None if array is None else array[rows] for array in given)
            values = {name: v[rows] for name, v in self.values.items()}
            yield Run(first, bounds, rows, *kept, values, self.finish)

    def blocks(self, holder):
        """Yield the number of each block, all its rows of X, and the `Block`."""
        start = 0
        for number, X in enumerate(holder.blocks(self.bounds)):
            part = X
            if self.places is not None:
                # `places` ascend, so the rows of a view in this block are a slice.
                first, last = self.bounds[number]
                low, high = np.searchsorted(self.places, (first, last))
                part = take_array(X, self.places[low:high] - first)
            stop = start + part.shape[0]
            yield self.number + number, X, self.block(part, start, stop)
            self.release()
            start = stop

    @property
    def kept(self):
        """The arrays of what is kept."""
        given = self.places, self.y, self.weight, *self.values.values()
        return [array for array in given if array is not None]

    def release(self):
        """Let go of the pages of scratch files that hold what is kept."""
        release(*self.kept)

    def block(self, X, start, stop):
        """Return rows of this run, of which X is given, as a `Block`."""
        if self.weight is None:
            # Takes no memory; its strides of 0 tell methods that there are no weights.
            weight = np.broadcast_to(1.0, stop - start)
        else:
            weight = self.weight[start:stop]
        y = None if self.y is None else self.y[start:stop]
        values = {name: v[start:stop] for name, v in self.values.items()}
        block = Block(X, y, weight, self.rows.start + start, values)
        return block if self.finish is None else self.finish(block)


def default_block_rows(n_features):
    """Return the number of rows per block, a power of two.

    A block has about `_BLOCK_BYTES` of float64. For wide data it has 256 rows, as long
    as these are at most `_MOST_BYTES`.
    """
    row_bytes = 8 * max(1, n_features)
    wanted = max(_BLOCK_BYTES // row_bytes, min(256, _MOST_BYTES // row_bytes), 1)
    return 1 << (wanted.bit_length() - 1)


def cut(n_rows, block_rows):
    return list(pairwise([*range(0, n_rows, block_rows), n_rows]))
