"""Rows of Parquet files."""

import json
from contextlib import contextmanager
from itertools import groupby

import numpy as np

from coreselect._files import require, require_same
from coreselect._folders import located
from coreselect.rows.columns import column_types, index_names
from coreselect.rows.tables import KEY, TableHolder, skip

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
    """Rows of a Parquet file, or of several that have the same columns."""

    def _paths(self):
        return located(self._source, self._name)

    def _examine(self):
        schemas, heights, self._groups = [], [], []  # of all files, one after another
        for path in self._stamps:
            with _open_parquet(path) as file:
                meta = file.metadata
                groups = range(meta.num_row_groups)
                heights += [meta.row_group(group).num_rows for group in groups]
                self._groups += [(path, group) for group in groups]
                self._n_leaves = meta.num_columns
                schemas.append(file.schema_arrow)
        self.edges = np.cumsum([0, *heights])
        self.index = index_of(schemas[0])
        return self._joined(schemas), int(self.edges[-1])

    def _joined(self, schemas):
        """Return the schema of all files; raise unless they have the same columns."""
        first, *others = schemas
        if not others:
            return first
        paths = list(self._stamps)
        for path, schema in zip(paths[1:], others, strict=True):
            if why := difference(first, schema):
                raise ValueError(
                    f"{self._name}: {path!r} {why} in {paths[0]!r}. Files that are one "
                    "table need the same columns, of the same types, in one order."
                )
        # Only nulls tell whether a column may have any, and each file has a record of
        # its own.
        fields = [field.with_nullable(True) for field in first]
        metadata = dict(first.metadata or {})
        metadata.pop(KEY.encode(), None)
        return require("pyarrow", "io").schema(fields, metadata=metadata)

    def _require_same(self):
        if self._paths() != list(self._stamps):
            raise ValueError(
                f"{self._said}: other files are there now than when it was opened; "
                "open it again."
            )
        super()._require_same()

    def _read(self, columns, runs):
        """Yield batches of runs of row groups, each with the number of its first row.

        Runs ascend, and each lies in one file.
        """
        n_columns = self._n_leaves if columns is None else len(columns)
        size = batch_rows(n_columns)
        for path, own in groupby(runs, key=lambda run: self._groups[run[0]][0]):
            require_same(path, self._stamps[path])
            with _open_parquet(path, n_columns) as file:
                for run in own:
                    first = self.edges[run[0]]
                    numbers = [self._groups[group][1] for group in run]
                    for batch in _read(file, path, size, numbers, columns):
                        require_same(path, self._stamps[path])
                        yield first, self._as_one(batch)
                        first += len(batch)

    def _as_one(self, batch):
        """Return a batch with the schema of all files."""
        if len(self._stamps) == 1:
            return batch
        arrow = require("pyarrow", "io")
        fields = [field.with_nullable(True) for field in batch.schema]
        return arrow.RecordBatch.from_arrays(batch.columns, schema=arrow.schema(fields))

    def _batches(self, columns, start=0):
        first = self._group_of(start)
        groups = range(first, len(self._groups))
        by_file = groupby(groups, key=lambda group: self._groups[group][0])
        runs = [list(run) for _, run in by_file]
        batches = (batch for _, batch in self._read(columns, runs))
        return skip(batches, start - self.edges[first])

    def _parts(self, columns, ascending):
        """Yield batches of the row groups that hold some of these rows."""
        groups = np.unique(self._group_of(ascending)).tolist()
        return self._read(columns, [[group] for group in groups])

    def where(self, start, stop):
        groups = range(self._group_of(start), self._group_of(stop - 1) + 1)
        return ", ".join(dict.fromkeys(repr(self._groups[g][0]) for g in groups))

    def _group_of(self, rows):
        return np.searchsorted(self.edges, rows, "right") - 1


def difference(first, other):
    """Return what the columns of a schema are that those of the first are not."""
    types, found = column_types(first), column_types(other)
    for name in other.names:
        if name not in types:
            return f"has the column {name!r}, which is not"
    for name, kind in types.items():
        if name not in found:
            return f"has no column {name!r}, which is"
        if kind != found[name]:
            return f"has the column {name!r} of type {found[name]}, which is {kind}"
    return "" if first.names == other.names else "has its columns in other order than"


def index_of(schema):
    """Return the columns that hold the index of a pandas frame."""
    unnamed = index_names(schema.names)
    try:
        found = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (LookupError, ValueError, TypeError, RecursionError):
        return unnamed  # not written by pandas
    known = isinstance(found, list)
    return [n for n in schema.names if n in unnamed or (known and n in found)]


def batch_rows(n_columns):
    """Return the number of rows to read at a time."""
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // (8 * max(1, n_columns))))
