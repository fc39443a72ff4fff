"""Rows of CSV and TSV files, which pyarrow parses anew for every pass.

The types of the columns are those of all their cells: a column of whole numbers that
has a fraction in its last line is one of floats. Only a few MB of text are in memory at
a time. Features that take less than one block, 32 MB, are parsed once and kept.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from coreselect._files import require
from coreselect._validation import warn_user
from coreselect.rows.cell_kinds import notes_on_text
from coreselect.rows.columns import column_types, index_names, is_number, listed
from coreselect.rows.dialects import NOT_UTF8, TOO_LONG, UTF8, Dialect, dialect_of
from coreselect.rows.first_lines import check_reading
from coreselect.rows.large_numbers import LargeNumbers
from coreselect.rows.progress import logger, tell
from coreselect.rows.tables import TableHolder, skip

KEPT_BYTES = 2**25  # of features as numbers
BLOCK_BYTES = (2**20, 2**24)  # of text parsed at once; the last limits a row
_CONVERSION = re.compile(
    r"In CSV column #(\d+):.*conversion error(?:.*invalid value '([^']*)')?", re.S
)
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


class TextHolder(TableHolder):
    """Rows of a text file, whose `dialect` its first lines tell.

    Columns at the left without a name, as pandas writes an index, are not features by
    default. Blank cells and NA are missing, in columns of text as in numeric ones.
    """

    _kept = None  # the features as one array, if they are few

    def _examine(self, **how):
        given = check_reading(**how)
        self._text, schema, n_rows, self.notes = _scanned(
            self._source, self._stamps[self._source], given
        )
        self.dialect = self._text.dialect
        if self.dialect.warning:
            warn_user(self.dialect.warning)
        self.index = index_names(schema.names)
        return schema, n_rows

    @property
    def edges(self):
        return 0, self.n_rows

    def __getstate__(self):
        return vars(self) | {"_kept": None}

    def _batches(self, columns, start=0):
        return skip(self.read_as(self.schema, columns), start)

    def read_as(self, schema, columns=None):
        """Yield the batches of all rows, whose columns have the types of a schema."""
        self._require_same()
        yield from self._text.batches(columns=columns, types=column_types(schema))

    def blocks(self, bounds):
        # Parsing takes many times as long as a pass over numbers. What fits in a block
        # costs no more memory than the block, so it is kept.
        size = 8 * self.n_rows * self.n_features
        if self._kept is None and self.numeric and size <= KEPT_BYTES:
            (self._kept,) = super().blocks([(0, self.n_rows)])
            self._kept.flags.writeable = False  # blocks are views of it
        if self._kept is None:
            yield from super().blocks(bounds)
            return
        for start, stop in bounds:
            self._require_same()
            yield self._kept[start:stop]

    def gather(self, indices):
        if self._kept is None:
            return super().gather(indices)
        self._require_same()
        return self._kept[indices]

    def hint(self):
        return self.dialect.hint


class _Text(NamedTuple):
    """A text file, and how much of it is parsed at once."""

    path: str
    dialect: Dialect
    block_bytes: int

    def batches(self, **how):
        """Yield the batches; errors of the conversion of cells go through."""
        try:
            yield from self._reader(**how)
        except (ValueError, OSError) as error:
            if _CONVERSION.search(str(error)):
                raise
            raise self._readable(error) from error

    def schema(self, skip=0):
        """Return the schema of the first block, or of the one after `skip` rows."""
        try:
            return self._reader(skip=skip).schema
        except (ValueError, OSError) as error:
            raise self._readable(error) from error

    def _reader(self, *, file=None, columns=None, types=None, skip=0, threads=True):
        csv, dialect = require("pyarrow.csv", "io"), self.dialect
        return csv.open_csv(
            dialect.open(file or self.path),
            csv.ReadOptions(
                block_size=self.block_bytes,
                column_names=dialect.names,
                skip_rows=dialect.skip,
                skip_rows_after_names=skip,
                use_threads=threads,
                encoding="utf8" if dialect.encoding in UTF8 else dialect.encoding,
            ),
            csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
            csv.ConvertOptions(
                strings_can_be_null=True,
                column_types=types,
                include_columns=columns,
                decimal_point=dialect.decimal,
            ),
        )

    def scan(self):
        """Return the schema, the number of rows, and what notes are about.

        The latter are cells that made numbers text, cells that made other values text,
        both by column, and `LargeNumbers`.

        pyarrow takes the types from the first block. If a later one does not fit, the
        file is read again with types that fit both.
        """
        schema, odd, mixed = self.schema(), {}, {}
        while True:
            n_rows, last, large = 0, None, LargeNumbers()
            file = require("pyarrow", "io").OSFile(self.path)
            try:
                for batch in self.batches(file=file, types=column_types(schema)):
                    n_rows += len(batch)
                    large.see(batch)
                    tell(file.tell(), file.size(), "byte")
                    last = batch.column(batch.num_columns - 1)[-1:]
                self._require_closed_quotes(last)
                return schema, n_rows, (odd, mixed, large)
            except ValueError as error:
                found = _CONVERSION.search(str(error))
                if not found:
                    raise
            failed = int(found[1])
            kind = schema.types[failed]
            are_numbers = is_number(kind) and str(kind) != "bool"
            (odd if are_numbers else mixed)[schema.names[failed]] = found[2] or ""
            # The block that does not fit tells about all its columns at once.
            schema = _wider(schema, self.schema(skip=n_rows), failed)

    def _require_closed_quotes(self, last):
        """Raise if a quote takes in the rest of the file, given its last cell."""
        cell = str(last[0]) if last is not None and len(last) else ""
        if len(cell.splitlines()) <= 1:  # a quote that takes in no line
            return
        tail = b""
        with self.dialect.open(self.path) as stream:
            while data := stream.read(2**20):
                tail = (tail + data)[-(2**20) :]
        # Letters of UTF-16 have bytes of zero.
        if not tail.replace(b"\0", b"").rstrip().endswith(b'"'):
            start = cell.strip().partition("\n")[0][:20]
            raise ValueError(
                f"cannot read {self.path!r}: a quote before {start!r} is never closed; "
                "close it or remove it."
            )

    def _readable(self, error):
        """Return an error that says what is wrong with the file, and in which row."""
        why = str(error)
        if isinstance(error, UnicodeError):
            why = f"its encoding is not {self.dialect.encoding!r}: {why}"
        elif isinstance(error, OSError):
            why = f"it is truncated or damaged: {why}"
        elif "Expected" in why:
            why = self._ragged() or why
        elif "straddl" in why or "larger than block" in why:
            why = TOO_LONG
        return ValueError(f"cannot read {self.path!r}: {why}")

    def _ragged(self):
        """Return which row has another number of cells than the header.

        Only the parser without threads counts rows.
        """
        try:
            types = dict.fromkeys(self.dialect.names, require("pyarrow", "io").binary())
            for _ in self._reader(types=types, threads=False):
                pass
        except ValueError as error:
            if found := _RAGGED.search(str(error)):
                row, wanted, cells = found.groups()
                said = "the header has" if self.dialect.header else "the others have"
                first = "header" if self.dialect.skip == 1 else "first line"
                return (
                    f"row {row}, with the {first} as row 1, has {cells} cell(s), but "
                    f"{said} {wanted}"
                )
        return None


# Opening a file, counting its rows and taking some of them scan it once.
@lru_cache(maxsize=16)
def _scanned(path, stamp, given):
    """Return the `_Text` of a file, its schema, its number of rows, and notes on it.

    `stamp` tells versions of the file apart. pyarrow holds some 40 blocks at a time, so
    they are small unless a row is long.
    """
    dialect = dialect_of(path, *given)
    *smaller, largest = BLOCK_BYTES
    for block_bytes in smaller:
        try:
            text = _Text(path, dialect, block_bytes)
            schema, n_rows, unusual = text.scan()
            break
        except ValueError as error:
            if TOO_LONG not in str(error):
                raise
    else:
        text = _Text(path, dialect, largest)
        schema, n_rows, unusual = text.scan()
    if not n_rows:
        raise ValueError(f"{path!r} has a header but no rows.")
    if notes := _notes(text, schema, *unusual):
        logger.info("%s: %s", path, "; ".join(notes))
    return text, schema, n_rows, notes


def _notes(text, schema, odd, mixed, large):
    """Return notes on unusual things in a text file, once all its rows were read."""
    path, dialect, _ = text
    if dialect.trailing and str(schema.types[-1]) != "null":
        raise ValueError(
            f"cannot read {path!r}: its rows have one more cell than the header, which "
            "is not always empty; add a name for it to the header."
        )
    types = {name: str(kind) for name, kind in column_types(schema).items()}
    texts = [name for name, kind in types.items() if kind == "string"]
    odd = dialect.odd | odd
    notes = dialect.notes + notes_on_text(dialect.commas, odd, mixed, texts)
    if other := [repr(name) for name, kind in types.items() if kind == "binary"]:
        notes.append(f"the text in column {listed(other)} {NOT_UTF8}")
    return notes + large.notes(text)


def _wider(schema, later, failed):
    """Return the schema to try for cells of both; column `failed` gets another type."""
    arrow = require("pyarrow", "io")
    types = list(map(_wider_type, schema.types, later.types))
    if types[failed] == schema.types[failed]:
        # Blank lines are not counted, so `later` may come from rows whose types fit.
        # Any cell can be text, or at least bytes.
        is_text = types[failed] == arrow.string()
        types[failed] = arrow.binary() if is_text else arrow.string()
    return arrow.schema(list(zip(schema.names, types, strict=True)))


def joined_type(a, b):
    """Return the type that fits the cells of two files, which have these types."""
    arrow = require("pyarrow", "io")
    if {a, b} == {arrow.int64(), arrow.bool_()}:
        return arrow.string()  # not all numbers can stand for true and false
    return _wider_type(a, b)


def _wider_type(a, b):
    """Return the type to try for cells of which earlier ones are `a`, later ones `b`.

    This is pyarrow's own order, as far as a later type can hold earlier cells.
    """
    arrow = require("pyarrow", "io")
    numbers = [arrow.int64(), arrow.float64()]
    times = [arrow.date32(), arrow.timestamp("s"), arrow.timestamp("ns")]
    if a == b or arrow.types.is_null(b):
        return a
    if arrow.types.is_null(a):
        return b
    for kinds in (numbers, times):
        if a in kinds and b in kinds:
            return max(a, b, key=kinds.index)
    if {a, b} == {arrow.int64(), arrow.bool_()}:
        return arrow.bool_()  # 1 and 0 may stand for true and false
    return arrow.binary() if arrow.binary() in (a, b) else arrow.string()
