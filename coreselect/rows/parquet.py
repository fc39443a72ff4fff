"""Rows of Parquet files."""

import json
from contextlib import contextmanager

import numpy as np

from coreselect._files import require, require_same
from coreselect.rows.columns import index_names
from coreselect.rows.tables import TableHolder

_BATCH_ROWS = 65_536
_BATCH_BYTES = 2**24  # of float64; wide files are read in batches of fewer rows
_BUFFER_BYTES = 2**25  # bytes read ahead, in all columns together


@contextmanager
def _readable(path):
    """Turn pyarrow's errors in this block into one that says the file may be damaged.

    Only reads belong inside: errors of what is done with the data are not the file's.
    """
    arrow = require("pyarrow", "io")
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, OSError) as error:
        raise ValueError(
            f"{path!r} cannot be read as Parquet (truncated or damaged?): {error}"
        ) from error


@contextmanager
def _open_parquet(path, n_columns=1):
    """Open a Parquet file to read `n_columns` of its columns.

    Columns are read through buffers: by default pyarrow loads a row group whole.
    """
    parquet = require("pyarrow.parquet", "io")
    size = min(2**20, max(2**14, _BUFFER_BYTES // max(1, n_columns)))
    with _readable(path):
        file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=size)
    with file:
        yield file


def _read(file, path, *arguments):
    """Yield the batches of a Parquet file; only errors while reading are translated."""
    batches = file.iter_batches(*arguments)
    while True:
        with _readable(path):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


class ParquetHolder(TableHolder):
    """Rows of a Parquet file."""

    def _examine(self):
        with _open_parquet(self._path) as file:
            meta = file.metadata
            groups = [meta.row_group(g) for g in range(meta.num_row_groups)]
            self._edges = np.cumsum([0, *(group.num_rows for group in groups)])
            self._n_leaves = meta.num_columns
            self.index = _index_of(file.schema_arrow)
            return file.schema_arrow, int(self._edges[-1])

    @contextmanager
    def _opened(self, n_columns):
        """Open the file again; raise if it changed since these rows were opened."""
        require_same(self._path, self._stamp)
        with _open_parquet(self._path, n_columns) as file:
            yield file

    def _batches(self, columns):
        n_columns = self._n_leaves if columns is None else len(columns)
        with self._opened(n_columns) as file:
            yield from _read(file, self._path, _batch_rows(n_columns), None, columns)

    def _parts(self, columns, ascending):
        """Yield batches of the row groups that hold some of these rows."""
        groups = np.unique(np.searchsorted(self._edges, ascending, "right") - 1)
        n_columns = self._n_leaves if columns is None else len(columns)
        size = _batch_rows(n_columns)
        with self._opened(n_columns) as file:
            for group in map(int, groups):
                first = self._edges[group]
                for batch in _read(file, self._path, size, [group], columns):
                    yield first, batch
                    first += len(batch)


def _index_of(schema):
    """Return the columns that hold the index of a pandas frame."""
    unnamed = index_names(schema.names)
    try:
        found = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (LookupError, ValueError, TypeError, RecursionError):
        return unnamed  # not written by pandas
    known = isinstance(found, list)
    return [n for n in schema.names if n in unnamed or (known and n in found)]


def _batch_rows(n_columns):
    """Return the number of rows to read at a time."""
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // (8 * max(1, n_columns))))
