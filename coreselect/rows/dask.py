"""Rows of Dask collections, of which a few partitions are computed at a time.

Blocks are the same whatever the chunks are, so the same rows are selected as from
memory. Every pass computes the collection anew; `persist` keeps it on the workers.
"""

import sys
from operator import getitem

import numpy as np
from scipy import sparse

from coreselect._files import require
from coreselect.rows.foreign import ForeignHolder
from coreselect.rows.tables import TableHolder, skip

_BYTES_AT_ONCE = 2**26  # of float64, in partitions that are computed together


def is_dask_array(data):
    """Return whether `data` is an array of Dask of 2 dimensions."""
    return _is_of("dask.array", "Array", data) and data.ndim == 2


def is_dask_frame(data):
    """Return whether `data` is a data frame of Dask."""
    return _is_of("dask.dataframe", "DataFrame", data)


def _is_of(module, kind, data):
    if type(data).__module__.partition(".")[0] != "dask" or module not in sys.modules:
        return False
    return isinstance(data, getattr(sys.modules[module], kind))


def open_dask_array(data, columns, exclude, roles, *, name="X", numeric=True):
    """Return the holder of the rows of an array of Dask."""
    rows = _DaskRows(data, name)
    return ForeignHolder(rows, columns, exclude, roles, name, numeric=numeric)


class _Partitions:
    """Delayed partitions of rows, of which some are computed at a time.

    Attributes
    ----------
    edges : ndarray
        The number of the first row of each partition, and that of all rows.
    """

    def __init__(self, delayed, heights, row_bytes, name):
        self._delayed, self._name = delayed, name
        self._most = max(1, _BYTES_AT_ONCE // max(1, row_bytes))
        if heights is None:  # some are not known before they are computed
            size = require("dask", "dask").delayed(len)
            heights = self._compute([size(part) for part in delayed])
        self.edges = np.cumsum([0, *map(int, heights)])

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
                wanted = self.edges[number + 1] - self.edges[number]
                if part.shape[0] != wanted:
                    raise ValueError(
                        f"{self._name}: partition {number} had {wanted} rows, and has "
                        f"{part.shape[0]} now. Its tasks give other rows each time; "
                        f"keep them with {self._name}.persist()."
                    )
                yield part
            first = last

    def pick(self, ascending, take):
        """Return ``take(partition, rows)`` of all partitions that hold some rows.

        Partitions are computed where Dask runs them, and only these rows come back.
        """
        owners = self.of(ascending)
        delayed = require("dask", "dask").delayed(take)
        return self._compute(
            [
                delayed(self._delayed[k], ascending[owners == k] - self.edges[k])
                for k in np.unique(owners).tolist()
            ]
        )

    def _compute(self, delayed):
        return require("dask", "dask").compute(*delayed)


class _DaskRows:
    """An array of Dask as a source of rows, a `coreselect.rows.Holder`."""

    feature_names = None

    def __init__(self, data, name):
        dask = require("dask", "dask")
        self._name, self.n_features, self.dtype = name, data.shape[1], data.dtype
        stripe = dask.delayed(_stripe)
        blocks = data.to_delayed()
        stripes = [stripe(list(row)) for row in blocks]
        heights = data.chunks[0]
        known = not np.isnan(heights).any()
        row_bytes = 8 * data.shape[1]
        self._parts = _Partitions(stripes, heights if known else None, row_bytes, name)
        self.n_rows = int(self._parts.edges[-1])
        # Arrays that are made from delayed objects do not tell what their blocks are.
        self.is_sparse = sparse.issparse(data._meta)
        if not self.is_sparse:
            issparse = dask.delayed(sparse.issparse)
            (self.is_sparse,) = dask.compute(issparse(blocks[0, 0]))

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
        return self.gather(indices)

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


def _joined(parts):
    if len(parts) == 1:
        return parts[0]
    if sparse.issparse(parts[0]):
        return sparse.csr_array(sparse.vstack(parts, format="csr"))
    return np.concatenate(parts)


class DaskFrameHolder(TableHolder):
    """Rows of a data frame of Dask, whose partitions become Arrow batches."""

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
        self._partitions = self._delayed(None, None)
        return schema, int(self._partitions.edges[-1])

    def _delayed(self, columns, heights):
        data = self._source if columns is None else self._source[list(columns)]
        row_bytes = 8 * data.shape[1]
        return _Partitions(data.to_delayed(), heights, row_bytes, self._name)

    def _batches(self, columns, start=0):
        arrow = require("pyarrow", "io")
        schema = self.schema
        if columns is not None:
            schema = arrow.schema([schema.field(name) for name in columns])
        parts = self._delayed(columns, np.diff(self._partitions.edges))
        first = int(parts.of(start))
        found = (
            arrow.RecordBatch.from_pandas(part, schema, preserve_index=False)
            for part in parts.read(first)
        )
        return skip(found, start - parts.edges[first])

    def take(self, indices):
        """Return rows as a frame of pandas."""
        pandas = require("pandas", "dask")
        if not len(indices):
            return self._source._meta
        ascending, places = np.unique(indices, return_inverse=True)
        parts = self._partitions.pick(ascending, _rows_of_frame)
        return pandas.concat(parts).iloc[places]


def _rows_of_frame(frame, rows):
    return frame.iloc[rows]
