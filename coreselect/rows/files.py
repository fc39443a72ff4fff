"""Holders of rows in files: Parquet is read by batch, npy by memory map."""

import os
from contextlib import contextmanager

import numpy as np

from coreselect._files import existing, require, suffix_of
from coreselect.rows.arrays import ArrayHolder
from coreselect.rows.columns import (
    are_integers,
    choose_columns,
    describe_column,
    is_number,
    is_single,
    listed,
    not_numbers,
    refuse_columns,
    refuse_nulls,
    refuse_repeats,
    require_shape,
)
from coreselect.rows.frames import arrow_numbers
from coreselect.rows.take import check_indices, native_column, take_arrow

_BATCH_ROWS = 65_536
_BATCH_BYTES = 2**24  # of float64; wide files are read in batches of fewer rows
_BUFFER_BYTES = 2**25  # bytes read ahead, in all columns together


def open_file(path, columns, exclude, roles, *, numeric=True, name="X"):
    """Return the holder of the rows of a file, chosen by its suffix."""
    path = existing(path, name)
    suffix = suffix_of(path)
    if suffix in (".parquet", ".pq"):
        return ParquetHolder(path, columns, exclude, roles, name, numeric=numeric)
    if suffix == ".npy":
        for argument, value in (("columns", columns), ("exclude", exclude)):
            if value is not None:
                raise ValueError(f"{argument}={value!r}: {path!r} has no column names.")
        return NpyHolder(path, name, numeric=numeric)
    raise ValueError(
        f"{name}={path!r}: cannot read files of type {suffix!r} row by row; use "
        ".parquet or .npy, or load it and pass the table."
    )


def count_file(path):
    """Return the number of rows of a file."""
    if suffix_of(path) == ".npy":
        return len(_open_npy(existing(path, "X"), "X"))
    return open_file(path, None, None, {}, numeric=False).n_rows


def take_file(path, indices):
    """Return rows of a file with all its columns, in the order of `indices`."""
    if suffix_of(path) == ".npy":
        stored = _open_npy(existing(path, "X"), "X")
        return np.asarray(stored)[check_indices(indices, len(stored))]
    return open_file(path, None, None, {}, numeric=False).take(indices)


def _open_npy(path, name):
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except PermissionError:
        raise
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{name}={path!r} cannot be read as a npy file: {error}"
        ) from error


class NpyHolder(ArrayHolder):
    """Rows of a npy file, read by a memory map; raises if the file changes."""

    def __init__(self, path, name="X", *, numeric=True):
        self._path, self._stamp = path, _stamp(path)
        super().__init__(_open_npy(path, name), name, numeric=numeric)

    def again(self, *, numeric):
        _require_same(self._path, self._stamp)
        return NpyHolder(self._path, self._name, numeric=numeric)

    def blocks(self, bounds):
        _require_same(self._path, self._stamp)
        for block in super().blocks(bounds):
            yield block
            _require_same(self._path, self._stamp)

    def gather(self, indices):
        _require_same(self._path, self._stamp)
        return super().gather(indices)

    def take(self, indices):
        _require_same(self._path, self._stamp)
        return super().take(indices)


def _stamp(path):
    """Return size, modification time and inode: they change when a file is written."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def _require_same(path, stamp):
    if _stamp(existing(path, "X")) != stamp:
        raise ValueError(
            f"{path!r} changed while it was read; open it again once nobody writes to "
            "it."
        )


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


def parquet_columns(path):
    """Return the names of the numeric columns of a Parquet file, and its schema."""
    with _open_parquet(existing(path, "X")) as file:
        schema = file.schema_arrow
    return _numeric_names(schema), schema


def _numeric_names(schema):
    return [field.name for field in schema if is_number(field.type)]


class ParquetHolder:
    """Rows of a Parquet file, read batch by batch and never loaded whole.

    If `numeric` is False, all columns are features, and blocks are pyarrow tables.
    """

    is_sparse = False
    dtype = None

    def __init__(
        self,
        path,
        columns=None,
        exclude=None,
        roles=None,
        name="X",
        *,
        numeric=True,
    ):
        self._path, self._name, self.numeric = path, name, numeric
        self._stamp = _stamp(path)
        with _open_parquet(path) as file:
            self._schema = file.schema_arrow
            meta = file.metadata
            sizes = [meta.row_group(g).num_rows for g in range(meta.num_row_groups)]
            self._n_leaves = meta.num_columns
        self._edges = np.cumsum([0, *sizes])
        self.n_rows = int(self._edges[-1])
        names = self._schema.names
        default = _numeric_names(self._schema) if numeric else names
        self._columns = choose_columns(names, columns, exclude, roles, default, of=name)
        self.n_features = len(self._columns)
        self.feature_names = self._columns
        types = dict(zip(names, self._schema.types, strict=True))
        kinds = [types[column] for column in self._columns]
        self.integral = are_integers(kinds)
        if not numeric:
            return
        refuse_repeats(names, [*self._columns, *(roles or {}).values()], name)
        refuse_columns(not_numbers(self._schema, self._columns), repr(path))
        self._require_columns()
        require_shape(self.n_rows, len(self._columns), name)
        self.dtype = np.dtype(np.float32 if all(map(is_single, kinds)) else np.float64)

    def again(self, *, numeric):
        """Return the same rows and columns, as numbers or as they are."""
        _require_same(self._path, self._stamp)
        return ParquetHolder(
            self._path, self._columns, name=self._name, numeric=numeric
        )

    def _require_columns(self):
        if not self._columns:
            shown = [f"{field.name!r} ({field.type})" for field in self._schema]
            raise ValueError(
                f"{self._path!r} has no numeric column to use as a feature; it has "
                f"{listed(shown)}."
            )

    @contextmanager
    def _opened(self, n_columns):
        """Open the file again; raise if it changed since these rows were opened."""
        _require_same(self._path, self._stamp)
        with _open_parquet(self._path, n_columns) as file:
            yield file

    def _batches(self, columns):
        with self._opened(len(columns)) as file:
            size = _batch_rows(len(columns))
            yield from _read(file, self._path, size, None, columns)

    def _numbers(self, data):
        """Return the feature columns of a record batch or table as one array."""
        place = {name: j for j, name in enumerate(data.schema.names)}
        places = [place[name] for name in self._columns]
        if any(data.column(j).null_count for j in places):
            refuse_nulls(self._count_nulls(), self._name)
        return arrow_numbers(data, places, self.dtype)

    def _count_nulls(self):
        counts = dict.fromkeys(self._columns, 0)
        for batch in self._batches(self._columns):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                counts[name] += column.null_count
        return {name: n for name, n in counts.items() if n}

    def blocks(self, bounds):
        """Yield the blocks in order, cut and joined from batches of the file.

        `held` has the rows that were read and belong to later blocks.
        """
        if not self.numeric:
            for start, stop in bounds:
                yield self._taken(self._columns, np.arange(start, stop))
            return
        batches = self._batches(self._columns)
        held = np.empty((0, self.n_features), dtype=self.dtype)
        for start, stop in bounds:
            block = np.empty((stop - start, self.n_features), dtype=self.dtype)
            filled = 0
            while True:
                n = min(len(held), len(block) - filled)
                block[filled : filled + n] = held[:n]
                held = held[n:]
                filled += n
                if filled == len(block):
                    break
                held = self._numbers(next(batches))
            yield block

    def _taken(self, columns, indices):
        """Return a pyarrow table of rows, in the order of `indices`.

        Only row groups with some of these rows are read. None means all columns.
        """
        arrow = require("pyarrow", "io")
        indices = check_indices(indices, self.n_rows, of=repr(self._path))
        ascending = np.unique(indices)
        groups = np.unique(np.searchsorted(self._edges, ascending, "right") - 1)
        n_columns = self._n_leaves if columns is None else len(columns)
        size = _batch_rows(n_columns)
        schema, parts = self._schema, []
        if columns is not None:
            schema = arrow.schema([schema.field(name) for name in columns])
        with self._opened(n_columns) as file:
            for group in map(int, groups):
                first = self._edges[group]
                for batch in _read(file, self._path, size, [group], columns):
                    low, high = np.searchsorted(ascending, (first, first + len(batch)))
                    if high > low:
                        parts.append(take_arrow(batch, ascending[low:high] - first))
                    first += len(batch)
        # Rows were read once and in ascending order: now repeat and order them.
        table = arrow.Table.from_batches(parts, schema=schema)
        if len(ascending) == len(indices) and np.array_equal(ascending, indices):
            return table
        return take_arrow(table, np.searchsorted(ascending, indices))

    def take(self, indices):
        return self._taken(None, indices)

    def gather(self, indices):
        found = self._taken(self._columns, indices)
        return self._numbers(found) if self.numeric else found

    def column(self, name, argument):
        """Return the column of the target or of the weights as an array."""
        arrow = require("pyarrow", "io")
        column = arrow.chunked_array(
            [batch.column(name) for batch in self._batches([name])]
        )
        if column.null_count:
            raise ValueError(describe_column(name, argument, column.null_count))
        if arrow.types.is_decimal(column.type):
            column = column.cast(arrow.float64())
        return native_column(column)


def _batch_rows(n_columns):
    """Return the number of rows to read at a time."""
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // (8 * max(1, n_columns))))
