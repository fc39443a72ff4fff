"""CSV and TSV files: pyarrow reads the numbers, but rows are written as text.

The selected rows are copied cell by cell and never turned into numbers, so a cell `007`
stays `007`.
"""

import csv
from contextlib import contextmanager

from coreselect import rows
from coreselect._files import require

from .parquet import filled, write_table
from .source import Source

_BLOCK_BYTES = 2**24  # bytes of text read at once, which also limits the longest row
_NOT_UTF8 = (
    "its text is not UTF-8; convert it first, for example with iconv -f LATIN1 -t "
    "UTF-8 (or -f UTF-16)"
)
_LONGEST_CELL = 2**31 - 1  # the csv module's own limit is 128 KiB


class TextSource(Source):
    """A text file with a header line; its table of numbers is held in memory."""

    def __init__(self, path, delimiter):
        super().__init__(path)
        self.delimiter = delimiter
        self.table = self._read()
        try:
            self.names = self.table.column_names
        except UnicodeDecodeError as error:
            raise ValueError(f"cannot read {str(path)!r}: {_NOT_UTF8}") from error
        if not self.table.num_rows:
            raise ValueError(f"{str(path)!r} has a header but no rows.")
        self.check_unique()
        self.types = {field.name: str(field.type) for field in self.table.schema}
        self.numeric = rows.numeric_columns(self.table)
        # pandas writes an index without a name as a first column without one.
        self.index = self.names[:1] if self.names[0] == "" else []
        self.n_rows = self.table.num_rows

    def _read(self):
        reader = require("pyarrow.csv", "io")
        parsing = reader.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)
        try:
            reading = reader.ReadOptions(block_size=_BLOCK_BYTES)
            # Blank cells and NA are missing, in columns of text as in numeric ones.
            missing = reader.ConvertOptions(strings_can_be_null=True)
            return reader.read_csv(self.path, reading, parsing, missing)
        except ValueError as error:
            with open(self.path, "rb") as file:
                start = file.read(2)
            why = _NOT_UTF8 if start in (b"\xff\xfe", b"\xfe\xff") else error
            raise ValueError(f"cannot read {str(self.path)!r}: {why}") from error

    def rows(self, columns=None, exclude=(), target=None, weights=None):
        return rows.open(self.table, target, weights, columns=columns)

    def values(self, name):
        return filled(self.table.column(name), name)

    def read_all(self):
        return self.table

    def copies_text(self, path):
        return path.suffix.lower() in (".csv", ".tsv")

    def write(self, path, at, added, dropped, record):
        if not self.copies_text(path):
            parts = [rows.take_rows(self.table, at)]
            write_table(path, self.table.schema, parts, added, dropped, record)
            return
        with self._copy(path) as (lines, writer):
            keep = [i for i, name in enumerate(self.names) if name not in dropped]
            header = next(lines)
            if header != self.names:
                self._misread(f"a header of {len(header)} names")
            writer.writerow([*(header[i] for i in keep), *added])
            chosen = zip(
                at.tolist(), *(v.tolist() for v in added.values()), strict=True
            )
            # The file is read once; `position` is the next chosen row, and `more` are
            # the values of the added columns there.
            position, *more = next(chosen, (None,))
            count = 0
            for count, cells in enumerate(lines, start=1):
                if count - 1 == position:
                    writer.writerow([*(cells[i] for i in keep), *more])
                    position, *more = next(chosen, (None,))
            if count != self.n_rows:
                self._misread(f"{count} rows")

    def dialect(self, path):
        """Return the delimiter and the line ending for a text file at `path`."""
        same = path.suffix.lower() == self.path.suffix.lower()
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        ending = "\r\n" if self._first_line().endswith(b"\r\n") else "\n"
        return {
            "delimiter": self.delimiter if same else delimiter,
            "lineterminator": ending,
        }

    def case_of(self, name):
        """Return `str.lower`, `str.title` or `str.upper`: the case of the booleans."""
        how = {"encoding": "utf-8-sig", "errors": "surrogateescape", "newline": ""}
        with open(self.path, **how) as file:
            lines = csv.reader(file, delimiter=self.delimiter)
            at = next(lines).index(name)
            word = next((cells[at] for cells in lines if cells and cells[at]), "")
        cases = (case for case in (str.title, str.upper) if case(word) == word)
        return next(cases, str.lower)

    def _first_line(self):
        with open(self.path, "rb") as file:
            return file.readline()

    @contextmanager
    def _copy(self, path):
        """Yield the rows of this file as lists of cells, and a writer for `path`."""
        start = self._first_line()
        encoding = "utf-8-sig" if start.startswith(b"\xef\xbb\xbf") else "utf-8"
        how = {"encoding": encoding, "errors": "surrogateescape", "newline": ""}
        limit = csv.field_size_limit(_LONGEST_CELL)
        try:
            with open(self.path, **how) as source, open(path, "w", **how) as target:
                lines = csv.reader(source, delimiter=self.delimiter)
                writer = csv.writer(target, **self.dialect(path))
                yield (cells for cells in lines if cells), writer
        except (csv.Error, IndexError) as error:
            raise ValueError(
                f"cannot copy rows of {str(self.path)!r}: {error}"
            ) from error
        finally:
            csv.field_size_limit(limit)

    def _misread(self, found):
        raise ValueError(
            f"{str(self.path)!r} reads in two ways, as {self.n_rows} rows of "
            f"{len(self.names)} columns and as {found}; check its quotes, or convert "
            "it to Parquet."
        )
