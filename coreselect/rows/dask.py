"""Rows of Dask collections.

Blocks are the same whatever the chunks are, so the same rows are selected as from
memory. Every pass computes the collection anew; `persist` keeps it on the workers.
Where there are workers, functions are sent to where the partitions are, which
`coreselect.rows._workers` does. Else a few partitions are computed at a time.
"""

import sys
from operator import getitem

import numpy as np
from scipy import sparse

from coreselect._budget import current_budget
from coreselect._files import require
from coreselect.rows.foreign import ForeignHolder
from coreselect.rows.tables import TableHolder, skip

_BYTES_AT_ONCE = 2**26  # of float64, in partitions that are computed together
_MANY_ROWS = 10**6  # that are taken as a collection
_CHUNK_ROWS = 2**18  # in each part of it


def is_dask_array(data):
    """Return whether `data` is an array of Dask of 2 dimensions."""
    return _is_of("dask.array", "Array", data) and data.ndim == 2


def is_dask_frame(data):
    """Return whether `data` is a data frame of Dask."""
    return _is_of("dask.dataframe", "DataFrame", data)


def is_dask_column(data):
    """Return whether `data` is a column of a data frame of Dask."""
    return _is_of("dask.dataframe", "Series", data)


def _is_of(module, kind, data):
    if type(data).__module__.partition(".")[0] != "dask" or module not in sys.modules:
        return False
    return isinstance(data, getattr(sys.modules[module], kind))


def open_dask_array(data, columns, exclude, roles, *, name="X", numeric=True):
    """Return the holder of the rows of an array of Dask."""
    rows = _DaskRows(data, name)
    return ForeignHolder(rows, columns, exclude, roles, name, numeric=numeric)


class NotHere(Exception):
    """A partition is needed that is not in this process."""


class Partitions:
    """Delayed partitions of rows, of which some are computed at a time.

    Attributes
    ----------
    edges : ndarray
        The number of the first row of each partition, and that of all rows.
    """

    def __init__(self, delayed, heights, row_bytes, name):
        self._delayed, self._name, self._row_bytes = delayed, name, row_bytes
        budget, together = current_budget(), _BYTES_AT_ONCE
        if budget is not None:
            together = min(together, budget.limit // 16)
        self._most = max(1, together // max(1, row_bytes))
        if heights is None:  # some are not known before they are computed
            size = require("dask", "dask").delayed(len)
            heights = self._compute([size(part) for part in delayed])
        self.edges = np.cumsum([0, *map(int, heights)])

    @property
    def bytes_at_once(self):
        """The bytes of rows that are read together at most, as float64."""
        most = np.diff(self.edges).max(initial=0)
        return self._row_bytes * max(int(most), min(self._most, int(self.edges[-1])))

    def of(self, rows):
        """Return the numbers of the partitions that hold rows."""
        return np.searchsorted(self.edges, rows, "right") - 1

    def read(self, first):
        """Yield all partitions from one on."""
        while first < len(self._delayed):
            last = first + 1
            while (
                last < len(self._delayed)
                and self.edges[last + 1] - self.edges[first] <= self._most
            ):
                last += 1
            found = self._compute(self._delayed[first:last])
            for number, part in enumerate(found, first):
                low, high = self.edges[number : number + 2]
                yield _rows_of(
                    part, slice(0, high - low), high - low, number, self._name
                )
            first = last

    def within(self, start, stop):
        """Return delayed parts that hold these rows and no others."""
        cut = require("dask", "dask").delayed(_rows_of, pure=False)
        found = []
        for number in range(self.of(start), self.of(stop - 1) + 1):
            low, high = self.edges[number : number + 2].tolist()
            if low < high:
                rows = slice(max(start, low) - low, min(stop, high) - low)
                wanted = high - low, number, self._name
                found.append(cut(self._delayed[number], rows, *wanted))
        return found

    def pick(self, ascending, take):
        """Return ``take(partition, rows)`` of all partitions that hold some rows.

        Partitions are computed where Dask runs them, and only these rows come back.
        """
        return self._compute(self._picked(ascending, take))

    def _picked(self, ascending, take):
        owners = self.of(ascending)
        delayed = require("dask", "dask").delayed(take)
        return [
            delayed(self._delayed[k], ascending[owners == k] - self.edges[k])
            for k in np.unique(owners).tolist()
        ]

    def chunks(self, indices, take, join):
        """Return delayed parts that hold rows, in the order of `indices`, and sizes.

        ``join(parts, places)`` joins what `take` returns, and orders the rows.
        """
        join = require("dask", "dask").delayed(join)
        chunks = np.split(indices, range(_CHUNK_ROWS, len(indices), _CHUNK_ROWS))
        found = (np.unique(chunk, return_inverse=True) for chunk in chunks)
        parts = [join(self._picked(rows, take), places) for rows, places in found]
        return parts, list(map(len, chunks))

    def _compute(self, delayed):
        return require("dask", "dask").compute(*delayed)


class Here:
    """The parts of partitions that a worker has, in place of `Partitions`."""

    def __init__(self, parts, start):
        self._parts = parts
        self.edges = np.cumsum([start, *(part.shape[0] for part in parts)])

    def of(self, rows):
        return np.searchsorted(self.edges, rows, "right") - 1

    def read(self, first):
        if first >= 0:
            yield from self._parts[first:]
        raise NotHere


def _rows_of(part, rows, n_rows, number, name):
    """Return rows of a partition; raise if it has another number of rows."""
    if part.shape[0] != n_rows:
        raise ValueError(
            f"{name}: partition {number} had {n_rows} rows, and has {part.shape[0]} "
            f"now. Its tasks return different rows each time; keep them with "
            f"{name}.persist()."
        )
    if rows == slice(0, n_rows):
        return part
    return getattr(part, "iloc", part)[rows]


class _DaskRows:
    """An array of Dask as a source of rows, a `coreselect.rows.Holder`."""

    feature_names = None

    def __init__(self, data, name):
        dask = require("dask", "dask")
        self._name, self.n_features, self.dtype = name, data.shape[1], data.dtype
        self._data = data  # Dask drops persisted data that no object refers to
        stripe = dask.delayed(_stripe)
        blocks = data.to_delayed()
        stripes = [stripe(list(row)) for row in blocks]
        heights = data.chunks[0]
        known = not np.isnan(heights).any()
        row_bytes = 8 * data.shape[1]
        self._parts = Partitions(stripes, heights if known else None, row_bytes, name)
        self.edges = self._parts.edges
        self.n_rows = int(self.edges[-1])
        # Arrays that are made from delayed objects do not tell what their blocks are.
        self.is_sparse = sparse.issparse(data._meta)
        if not self.is_sparse:
            issparse = dask.delayed(sparse.issparse)
            (self.is_sparse,) = dask.compute(issparse(blocks[0, 0]))

    @property
    def bytes_at_once(self):
        """See `Partitions`; 0 if it is not known, as few values may be stored."""
        return 0 if self.is_sparse else self._parts.bytes_at_once

    def __getstate__(self):
        return vars(self) | {"_data": None}  # workers get the parts that they need

    def blocks(self, bounds):
        bounds = list(bounds)
        first = int(self._parts.of(bounds[0][0])) if bounds else 0
        parts = self._parts.read(first)
        held, place = None, int(self._parts.edges[first])  # rows read; where they start
        for start, stop in bounds:
            found = []
            while start < stop:
                if held is None or place + held.shape[0] <= start:
                    place += 0 if held is None else held.shape[0]
                    held = next(parts)
                    continue
                end = min(stop, place + held.shape[0])
                found.append(held[start - place : end - place])
                start = end
            yield _joined(found)

    def gather(self, indices):
        if not len(indices):
            return self.gather(np.zeros(1, dtype=np.int64))[:0]
        ascending, places = np.unique(indices, return_inverse=True)
        return _joined(self._parts.pick(ascending, getitem))[places]

    def take(self, indices):
        if len(indices) < _MANY_ROWS:
            return self.gather(indices)
        array = require("dask.array", "dask")
        parts, sizes = self._parts.chunks(indices, getitem, _ordered)
        first, *_ = self.gather(indices[:1])
        meta = first[:0] if sparse.issparse(first) else np.empty((0, 0), self.dtype)
        shapes = ((size, self.n_features) for size in sizes)
        return array.concatenate(
            [
                array.from_delayed(part, shape, self.dtype, meta)
                for part, shape in zip(parts, shapes, strict=True)
            ]
        )

    def column(self, name, argument):
        raise ValueError(
            f"{argument}={name!r} names a column, but {self._name} is an array and has "
            "none; pass the values."
        )


def _stripe(blocks):
    """Return neighbouring blocks of the same rows as one."""
    if len(blocks) == 1:
        return blocks[0]
    if sparse.issparse(blocks[0]):
        return sparse.csr_array(sparse.hstack(blocks, format="csr"))
    return np.hstack(blocks)


def _ordered(parts, places):
    return _joined(parts)[places]


def _joined(parts):
    if len(parts) == 1:
        return parts[0]
    if sparse.issparse(parts[0]):
        return sparse.csr_array(sparse.vstack(parts, format="csr"))
    return np.concatenate(parts)


class DaskFrameHolder(TableHolder):
    """Rows of a data frame of Dask, whose partitions become Arrow batches."""

    may_change = True

    def __init__(self, *data, **how):
        super().__init__(*data, **how)
        self._features = self._of(self.columns)

    def __getstate__(self):
        return vars(self) | {"_source": None, "_partitions": None}

    @property
    def edges(self):
        """Where partitions begin."""
        return self._partitions.edges

    @property
    def bytes_at_once(self):
        """See `Partitions`."""
        return self._features.bytes_at_once

    def _paths(self):
        return []

    def _examine(self):
        arrow = require("pyarrow", "io")
        meta = self._source._meta
        kinds, plain = meta.dtypes.items(), np.dtype(object)
        if objects := [name for name, kind in kinds if kind == plain]:
            raise ValueError(
                f"{self._name} has columns of Python objects: "
                f"{', '.join(map(repr, objects))}. Give them a type, for example with "
                f"{self._name}.astype({{{objects[0]!r}: 'string'}})."
            )
        schema = arrow.Schema.from_pandas(meta, preserve_index=False)
        row_bytes = 8 * meta.shape[1]
        parts = self._source.to_delayed()
        self._partitions = Partitions(parts, None, row_bytes, self._name)
        return schema, int(self._partitions.edges[-1])

    def _of(self, columns):
        """Return the partitions with some columns only."""
        parts, heights = self._source[list(columns)], np.diff(self._partitions.edges)
        row_bytes = 8 * len(columns)
        return Partitions(parts.to_delayed(), heights, row_bytes, self._name)

    def _batches(self, columns, start=0):
        arrow = require("pyarrow", "io")
        schema, parts = self.schema, self._partitions
        if columns is not None:
            schema = arrow.schema([schema.field(name) for name in columns])
            parts = self._features if columns == self.columns else self._of(columns)
        first = int(parts.of(start))
        found = (
            arrow.RecordBatch.from_pandas(part, schema, preserve_index=False)
            for part in parts.read(first)
        )
        return skip(found, start - parts.edges[first])

    def take(self, indices):
        """Return rows as a frame of pandas; a million or more as a collection."""
        return _taken(self._partitions, self._source._meta, indices)


class DaskColumn:
    """The rows of a column of a data frame of Dask."""

    def __init__(self, data):
        frame = data.to_frame()
        self._meta = frame._meta
        self._partitions = Partitions(frame.to_delayed(), None, 8, "the column")
        self.n_rows = int(self._partitions.edges[-1])

    def take(self, indices):
        """Return rows as a series of pandas; a million or more as one of Dask."""
        return _taken(self._partitions, self._meta, indices).iloc[:, 0]


def _taken(partitions, meta, indices):
    """Return rows of the partitions of a data frame."""
    if not len(indices):
        return meta
    if len(indices) >= _MANY_ROWS:
        frames = require("dask.dataframe", "dask")
        parts, _ = partitions.chunks(indices, _rows_of_frame, _ordered_frame)
        return frames.from_delayed(parts, meta, verify_meta=False)
    ascending, places = np.unique(indices, return_inverse=True)
    return _ordered_frame(partitions.pick(ascending, _rows_of_frame), places)


def _rows_of_frame(frame, rows):
    return frame.iloc[rows]


def _ordered_frame(parts, places):
    return require("pandas", "dask").concat(parts).iloc[places]
