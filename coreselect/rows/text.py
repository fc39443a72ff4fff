"""Rows of CSV and TSV files, which pyarrow parses anew for every pass.

The types of the columns are those of all their cells: a column of whole numbers that
has a fraction in its last line is one of floats. Only what is parsed at a time, about
16 MB of text, is in memory; features that take less than one block, 32 MB, are parsed
once and kept.
"""

import re
from functools import lru_cache

from coreselect._files import require, require_same, suffix_of
from coreselect.rows.columns import refuse_repeats
from coreselect.rows.tables import TableHolder

TEXT = (".csv", ".tsv")
KEPT_BYTES = 2**25  # of features as numbers
BLOCK_BYTES = 2**24  # bytes of text parsed at once, which also limits the longest row
_NOT_UTF8 = (
    "its text is not UTF-8; convert it first, for example with iconv -f LATIN1 -t "
    "UTF-8 (or -f UTF-16)"
)
_CONVERSION = re.compile(r"In CSV column #(\d+):.*conversion error")
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


def delimiter_of(path, delimiter=None):
    """Return the delimiter of a text file: by default a tab in TSV, else a comma."""
    if delimiter is None:
        return "\t" if suffix_of(path) == ".tsv" else ","
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character, got {delimiter!r}.")
    return delimiter


class TextHolder(TableHolder):
    """Rows of a text file with a header line.

    A first column without a name, as pandas writes an index, is not a feature by
    default. Blank cells and NA are missing, in columns of text as in numeric ones.
    """

    _kept = None  # the features as one array, if they are few

    def _examine(self, delimiter=None):
        self.delimiter = delimiter_of(self._path, delimiter)
        schema, n_rows = _scanned(self._path, self._stamp, self.delimiter)
        if not n_rows:
            raise ValueError(f"{self._path!r} has a header but no rows.")
        refuse_repeats(schema.names, name=repr(self._path))
        self.index = schema.names[:1] if schema.names[0] == "" else ()
        return schema, n_rows

    def _batches(self, columns):
        require_same(self._path, self._stamp)
        types = dict(zip(self.schema.names, self.schema.types, strict=True))
        text = _open(self._path, self.delimiter, columns=columns, types=types)
        yield from _read(text, self._path, self.delimiter)

    def blocks(self, bounds):
        size = 8 * self.n_rows * self.n_features
        if self._kept is None and self.numeric and size <= KEPT_BYTES:
            (self._kept,) = super().blocks([(0, self.n_rows)])
            self._kept.flags.writeable = False  # blocks are views of it
        if self._kept is None:
            yield from super().blocks(bounds)
            return
        for start, stop in bounds:
            require_same(self._path, self._stamp)
            yield self._kept[start:stop]

    def gather(self, indices):
        if self._kept is None:
            return super().gather(indices)
        require_same(self._path, self._stamp)
        return self._kept[indices]

    def _hint(self):
        (name,) = self.schema.names[:1]
        for delimiter, said in _DELIMITERS.items():
            if delimiter != self.delimiter and delimiter in name:
                return f" If {said} separates its cells, pass delimiter={delimiter!r}."
        return ""


def _open(path, delimiter, **how):
    """Return pyarrow's reader of the batches of a text file."""
    try:
        return _parser(path, delimiter, **how)
    except ValueError as error:
        raise _readable(path, delimiter, error) from error


def _parser(path, delimiter, *, columns=None, types=None, skip=0, threads=True):
    csv = require("pyarrow.csv", "io")
    reading = csv.ReadOptions(
        block_size=BLOCK_BYTES, skip_rows_after_names=skip, use_threads=threads
    )
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    converting = csv.ConvertOptions(
        strings_can_be_null=True, column_types=types, include_columns=columns
    )
    return csv.open_csv(path, reading, parsing, converting)


def _read(text, path, delimiter):
    """Yield batches; errors of their conversion to the wanted types go through."""
    while True:
        try:
            batch = next(text, None)
        except ValueError as error:
            if _CONVERSION.search(str(error)):
                raise
            raise _readable(path, delimiter, error) from error
        if batch is None:
            return
        yield batch


@lru_cache(maxsize=16)
def _scanned(path, stamp, delimiter):
    """Return the schema of a text file and its number of rows.

    pyarrow takes the types from the first block. If a later one does not fit, the file
    is read again with types that fit both. `stamp` tells versions of the file apart.
    """
    types = None
    while True:
        n_rows = 0
        text = _open(path, delimiter, types=types)
        schema = text.schema
        try:
            schema.names  # noqa: B018 - raises if they are not UTF-8
            for batch in _read(text, path, delimiter):
                n_rows += len(batch)
            return schema, n_rows
        except UnicodeDecodeError as error:
            raise ValueError(f"cannot read {path!r}: {_NOT_UTF8}") from error
        except ValueError as error:
            found = _CONVERSION.search(str(error))
            if not found:
                raise
            here = _open(path, delimiter, skip=n_rows).schema
            wider = list(map(_wider, schema.types, here.types))
            if wider == schema.types:  # the rows read here are others
                wider[int(found[1])] = require("pyarrow", "io").binary()
            types = dict(zip(schema.names, wider, strict=True))


def _wider(a, b):
    """Return a type that holds the values of both types of cells."""
    arrow = require("pyarrow", "io")
    order = [arrow.int64(), arrow.float64()]
    times = [arrow.date32(), arrow.timestamp("s"), arrow.timestamp("ns")]
    if a == b or arrow.types.is_null(b):
        return a
    if arrow.types.is_null(a):
        return b
    for kinds in (order, times):
        if a in kinds and b in kinds:
            return max(a, b, key=kinds.index)
    return arrow.binary() if arrow.binary() in (a, b) else arrow.string()


def _readable(path, delimiter, error):
    """Return an error that says what is wrong with a text file, and in which row."""
    with open(path, "rb") as file:
        start = file.read(2)
    why = str(error)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        why = _NOT_UTF8
    elif "Expected" in why:
        why = _ragged(path, delimiter) or why
    return ValueError(f"cannot read {path!r}: {why}")


def _ragged(path, delimiter):
    """Return which row has another number of cells than the header.

    Only the parser without threads counts rows.
    """
    try:
        names = _parser(path, delimiter, threads=False).schema.names
        types = dict.fromkeys(names, require("pyarrow", "io").binary())
        for _ in _parser(path, delimiter, types=types, threads=False):
            pass
    except ValueError as error:
        if found := _RAGGED.search(str(error)):
            row, wanted, cells = found.groups()
            return (
                f"row {row}, with the header as row 1, has {cells} cell(s), but the "
                f"header has {wanted}"
            )
    return None
