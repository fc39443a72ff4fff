"""Parquet files, which are never loaded whole, and the writer for all tables."""

import numpy as np

from coreselect import rows
from coreselect._files import require
from coreselect.rows.files import parquet_columns
from coreselect.rows.take import native_column

from .record import KEY, listed_in, loaded, recorded, recorded_origin
from .source import Source

_CHUNK_BYTES = 2**26  # bytes of rows held in memory while writing


class ParquetSource(Source):
    """A Parquet file."""

    def __init__(self, path):
        super().__init__(path)
        self._table = None
        self.numeric, self.schema = parquet_columns(str(path))
        self.names = self.schema.names
        self.types = {field.name: str(field.type) for field in self.schema}
        self.check_unique()
        parquet = require("pyarrow.parquet", "io")
        with parquet.ParquetFile(path) as file:
            self.n_rows = file.metadata.num_rows
            size = sum(
                file.metadata.row_group(g).total_byte_size
                for g in range(file.metadata.num_row_groups)
            )
        self._row_bytes = size / max(1, self.n_rows)
        metadata = self.schema.metadata or {}
        text = metadata.get(KEY.encode(), b"")
        self.earlier = recorded(text, self.names)
        self.origin = recorded_origin(text, self.names)
        pandas = loaded(metadata.get(b"pandas", b""))
        self.index = listed_in(pandas, "index_columns", self.names)

    def rows(self, columns=None, exclude=(), target=None, weights=None):
        return rows.open(self.path, target, weights, columns=columns)

    def values(self, name):
        parquet = require("pyarrow.parquet", "io")
        with parquet.ParquetFile(self.path) as file:
            return filled(file.read(columns=[name]).column(0), name)

    def read_all(self):
        """Return the whole table, which is read once."""
        parquet = require("pyarrow.parquet", "io")
        if self._table is None:
            self._table = parquet.read_table(self.path)
        return self._table

    def _parts(self, at):
        """Yield tables of the rows `at`, of bounded size."""
        step = int(np.clip(_CHUNK_BYTES / max(1.0, self._row_bytes), 256, 2**18))
        for start in range(0, max(1, len(at)), step):
            yield rows.take_rows(self.path, at[start : start + step])

    def write(self, path, at, added, dropped, record):
        write_table(path, self.schema, self._parts(at), added, dropped, record)


def filled(column, name):
    """Return a column of a table as an array; raise if values are missing."""
    if n_missing := column.null_count:
        first = column.is_null().index(True).as_py()
        raise ValueError(
            f"column {name!r}: {n_missing} values are missing, the first in row "
            f"{first}; remove these rows, or fill in the values first."
        )
    return native_column(column)


def write_table(path, schema, parts, added, dropped, record):
    """Write a table given in parts, with some columns added and some left out.

    Parameters
    ----------
    path : Path
        A Parquet, CSV or TSV file; its suffix tells which.
    schema : pyarrow.Schema
        The schema of the parts, with the metadata to keep.
    parts : iterable of pyarrow.Table
    added, dropped, record
        See `Source.write`.
    """
    arrow = require("pyarrow", "io")
    kept = [field for field in schema if field.name not in dropped]
    more = {name: arrow.array(values) for name, values in added.items()}
    fields = [arrow.field(name, values.type) for name, values in more.items()]
    metadata = {**(schema.metadata or {}), KEY.encode(): record.encode()}
    wanted = arrow.schema([*kept, *fields], metadata=metadata)
    start = 0
    with _writer(path, wanted) as writer:
        for part in parts:
            columns = [part.column(field.name) for field in kept]
            columns += [v.slice(start, part.num_rows) for v in more.values()]
            start += part.num_rows
            table = arrow.Table.from_arrays(columns, schema=wanted)
            writer.write_table(table.unify_dictionaries())


def _writer(path, schema):
    if path.suffix.lower() in (".parquet", ".pq"):
        return require("pyarrow.parquet", "io").ParquetWriter(path, schema)
    csv = require("pyarrow.csv", "io")
    tab = path.suffix.lower() == ".tsv"
    options = csv.WriteOptions(delimiter="\t" if tab else ",")
    return _TextWriter(csv.CSVWriter(path, _flat(schema), write_options=options))


class _TextWriter:
    """A CSV writer that casts columns to types that text can hold."""

    def __init__(self, writer):
        self._writer = writer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._writer.close()

    def write_table(self, table):
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
                f"column {field.name!r} holds {kind}, which text cannot; "
                "write a .parquet file."
            )
        fields.append(arrow.field(field.name, kind))
    return arrow.schema(fields)
