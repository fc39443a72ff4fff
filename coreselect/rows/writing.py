"""Write tables and arrays to files, whole or not at all."""

import os
import zipfile
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect._files import (
    TEXT,
    atomic_path,
    compression_of,
    path_text,
    require,
    suffix_of,
)
from coreselect._validation import Boolean, as_array, naming
from coreselect.rows._rows import Rows
from coreselect.rows.files import TABLES
from coreselect.rows.first_lines import delimiter_of
from coreselect.rows.frames import as_frame, is_frame
from coreselect.rows.stored import ARRAYS
from coreselect.rows.tables import KEY, TableHolder
from coreselect.rows.take import as_table

_CHUNK_ROWS = 2**18  # rows that are written at a time
_CHUNK_BYTES = 2**26


def write(path: str | os.PathLike[str], table: Any, *, overwrite: bool = True) -> None:
    """Write a table or arrays to a file, whole or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        The suffix tells the format: ``.csv``, ``.tsv``, ``.parquet``, ``.npy`` or
        ``.npz``; text is compressed if ``.gz``, ``.bz2``, ``.zst`` or ``.lz4`` follows.
    table : data frame, array, sparse matrix, dict of arrays, or Rows
        For a table, a frame, a dict of columns, an array (its columns are called x0,
        x1, ...), or opened `Rows` (all their columns, a part at a time). For a ``.npy``
        file, an array. For a ``.npz`` file, a dict of arrays, or an array or sparse
        matrix, which is stored as ``X`` or as by `scipy.sparse.save_npz`.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError
        If `path` exists and `overwrite` is False.
    FileNotFoundError, IsADirectoryError, PermissionError
        If no file can be written there.
    TypeError, ValueError
        If the format is not known, or cannot hold the table.

    See Also
    --------
    coreselect.rows.open : Reads all these files.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from coreselect.rows import count_rows, write
    >>> with TemporaryDirectory() as folder:
    ...     write(Path(folder, "few.csv"), pd.DataFrame({"a": [1, 2]}))
    ...     count_rows(Path(folder, "few.csv"))
    2
    """
    path = path_text(path)
    Boolean()("overwrite", overwrite)
    if sparse.issparse(table) and isinstance(table, dict):  # SciPy's DOK is a dict
        table = table.tocsr()  # type: ignore[attr-defined]
    suffix = suffix_of(path)
    if suffix not in TABLES + ARRAYS:
        raise ValueError(
            f"path={path!r}: the suffix tells the format, one of "
            f"{', '.join(TABLES + ARRAYS)}."
        )
    with atomic_path(path, overwrite=overwrite) as temporary, naming("table"):
        if suffix in TABLES:
            try:
                write_table(temporary, *as_arrow(table))
            except NotImplementedError as error:  # pyarrow's, of a type it cannot write
                raise TypeError(f"a {suffix} file cannot hold it: {error}") from error
        elif suffix == ".npz":
            if not isinstance(table, dict):
                table = {"X": _as_array(table)}
            write_npz(temporary, table)
        else:
            with open(temporary, "wb") as file:  # NumPy would add a suffix to a name
                np.save(file, _dense(_as_array(table)), allow_pickle=False)


def as_arrow(table):
    """Return the schema of a table, and the parts that it is written in."""
    arrow = require("pyarrow", "io")
    if isinstance(table, Rows):
        return _rows_as_arrow(table)
    table = as_frame(table)
    if hasattr(table, "iloc") and table.ndim == 2:
        table = arrow.Table.from_pandas(table)
    elif isinstance(table, dict):
        table = arrow.table(table)
    elif is_frame(table):
        table = nw.from_native(table, eager_only=True).to_arrow()
    else:
        values = _dense(_as_array(table))
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim > 2 or values.dtype.kind == "c":
            raise ValueError(
                f"an array of shape {values.shape} and dtype {values.dtype} is written "
                "as a .npy or .npz file."
            )
        table = arrow.table({f"x{j}": column for j, column in enumerate(values.T)})
    return table.schema, [table]


def _rows_as_arrow(rows):
    holder = rows._holder
    if isinstance(holder, TableHolder) and rows._places is None:
        return holder.schema, holder.stream()
    numbers = rows._original(np.arange(rows.n_rows))
    if isinstance(holder, TableHolder):
        return holder.schema, holder.stream(numbers)
    schema, parts = as_arrow(holder.take(numbers[:0]))
    if any(str(kind) == "null" for kind in schema.types):
        # Columns of Python objects: their type depends on the values of all rows.
        return as_arrow(holder.take(numbers))
    cuts = range(_CHUNK_ROWS, rows.n_rows, _CHUNK_ROWS)
    parts = np.split(numbers, cuts)
    return schema, (as_arrow(holder.take(part))[1][0] for part in parts)


def _as_array(table):
    if sparse.issparse(table):
        return table
    if is_frame(table) or isinstance(table, (dict, Rows)):
        raise TypeError(
            f"a table of type {type(table).__name__} is written as a .csv, .tsv or "
            ".parquet file; for .npy and .npz, pass arrays."
        )
    if isinstance(table, (list, tuple)):
        return as_table(table)
    values = as_array(table, "table")
    if not values.ndim:
        raise TypeError(f"table must be a table or an array, got {table!r}.")
    return values


def _dense(values):
    if sparse.issparse(values):
        raise TypeError("table: a sparse matrix is written as a .npz file.")
    return values


def write_npz(path, arrays, *, matrix="X", compressed=False):
    """Write arrays to an empty npz file; the one called `matrix` may be sparse."""
    arrays = dict(arrays)
    compression = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    if sparse.issparse(X := arrays.get(matrix)):
        X = X.tocsr() if X.format in ("dok", "lil") else X  # which SciPy cannot save
        with open(path, "wb") as file:
            sparse.save_npz(file, X, compressed=compressed)
        del arrays[matrix]
    # The file may hold a sparse matrix already; the other arrays are appended.
    with zipfile.ZipFile(path, "a", compression) as archive:
        for name, values in arrays.items():
            if f"{name}.npy" in archive.namelist():
                raise ValueError(
                    f"the array {name!r} needs another name: a part of the sparse "
                    "matrix, or another array, is called so."
                )
            if sparse.issparse(values):
                raise TypeError(f"{name!r} is sparse; only {matrix!r} can be.")
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(
                    member, np.asanyarray(values), allow_pickle=False
                )


def write_table(path, schema, parts, added=None, dropped=(), record=None):
    """Write a table given in parts, with some columns added and some left out.

    Parameters
    ----------
    path : Path
        Its suffix tells the format.
    schema : pyarrow.Schema
        The schema of the parts, with the metadata to keep.
    parts : iterable of pyarrow.Table or RecordBatch
    added : dict of str to array, optional
        Columns to add, with one value per row.
    dropped : collection of str
    record : str, optional
        Text to keep in the metadata of a Parquet file.
    """
    arrow = require("pyarrow", "io")
    kept = [field for field in schema if field.name not in dropped]
    more = {
        name: values if hasattr(values, "slice") else arrow.array(values)
        for name, values in (added or {}).items()
    }
    fields = [arrow.field(name, values.type) for name, values in more.items()]
    metadata = dict(schema.metadata or {})
    if record is not None:
        metadata[KEY.encode()] = record.encode()
    wanted = arrow.schema([*kept, *fields], metadata=metadata)

    def complete():
        start = 0
        for part in parts:
            columns = [part.column(field.name) for field in kept]
            columns += [v.slice(start, part.num_rows) for v in more.values()]
            start += part.num_rows
            yield arrow.Table.from_arrays(columns, schema=wanted)

    with _writer(path, wanted) as writer:
        for table in _joined(complete()):
            # The parts may have different dictionaries; a file has one per column.
            writer.write_table(table.unify_dictionaries())


def _joined(tables):
    """Join small tables to ones of a size that is worth a row group."""
    arrow = require("pyarrow", "io")
    # Each table that is written becomes a row group. Groups of a few rows would make
    # the file large and slow to read.
    held, n_rows, n_bytes = [], 0, 0
    for table in tables:
        held.append(table)
        n_rows, n_bytes = n_rows + table.num_rows, n_bytes + table.nbytes
        if n_rows >= _CHUNK_ROWS or n_bytes >= _CHUNK_BYTES:
            yield arrow.concat_tables(held)
            held, n_rows, n_bytes = [], 0, 0
    if held:
        yield arrow.concat_tables(held)


def _writer(path, schema):
    if suffix_of(path) not in TEXT:
        return require("pyarrow.parquet", "io").ParquetWriter(path, schema)
    csv = require("pyarrow.csv", "io")
    options = csv.WriteOptions(delimiter=delimiter_of(path))
    how = {"compression": compression_of(path)}
    stream = require("pyarrow", "io").output_stream(os.fspath(path), **how)
    try:
        writer = csv.CSVWriter(stream, _flat(schema), write_options=options)
    except BaseException:
        stream.close()
        raise
    return _TextWriter(writer, stream)


class _TextWriter:
    """A CSV writer that casts columns to types that text can hold."""

    def __init__(self, writer, stream):
        self._writer, self._stream = writer, stream

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self._stream:
            self._writer.close()

    def write_table(self, table):
        if table.num_columns == 1 and table.column(0).null_count:
            raise ValueError(  # readers skip empty lines
                f"column {table.column_names[0]!r} is the only one and has missing "
                "values, which would be empty lines; write a .parquet file."
            )
        self._writer.write_table(table.cast(_flat(table.schema)))


def _flat(schema):
    """Return the schema of a table for text: no dictionaries; raise if it is nested."""
    arrow = require("pyarrow", "io")
    types = arrow.types
    fields = []
    for field in schema:
        kind = field.type
        if isinstance(kind, arrow.BaseExtensionType):
            kind = kind.storage_type
        if types.is_dictionary(kind):
            kind = kind.value_type
        if str(kind) in ("string_view", "binary_view"):
            kind = arrow.large_string() if str(kind)[0] == "s" else arrow.large_binary()
        if types.is_nested(kind):
            raise ValueError(
                f"column {field.name!r} holds {kind}, which text cannot hold; "
                "write a .parquet file."
            )
        fields.append(arrow.field(field.name, kind))
    return arrow.schema(fields)
