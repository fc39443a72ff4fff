"""Copy rows of text files cell by cell: a cell `007` stays `007`."""

import csv
import io
from contextlib import contextmanager

from coreselect._files import compression_of, require, suffix_of
from coreselect.rows.dialects import UTF8
from coreselect.rows.first_lines import delimiter_of, long_cells

_PART_ROWS = 2**16  # values of a column that are Python objects at a time


class TextCopy:
    """Copies rows of a text file to another one, which is UTF-8 and has a header.

    `dialect` is that of the file, and `n_rows` the number of rows, as pyarrow reads
    them: a file that the csv module reads in another way is refused.
    """

    def __init__(self, path, dialect, n_rows):
        self._path, self._dialect, self._n_rows = path, dialect, n_rows
        self._header = dialect.header or dialect.names

    def copy(self, path, at, added, dropped):
        """Write rows, with columns added and left out; their numbers ascend."""
        with self._opened(path) as (lines, writer):
            names = zip(self._dialect.names, self._header, strict=True)
            keep = [i for i, (name, _) in enumerate(names) if name not in dropped]
            writer.writerow([*(self._header[i] for i in keep), *added])
            columns = (map(self._cell, _values(v)) for v in added.values())
            chosen = zip(_values(at), *columns, strict=True)
            # The file is read once; `position` is the next chosen row, and `more` are
            # the values of the added columns there.
            position, *more = next(chosen, (None,))
            count = 0
            for count, cells in enumerate(lines, start=1):
                if count - 1 == position:
                    writer.writerow([*(cells[i] for i in keep), *more])
                    position, *more = next(chosen, (None,))
            if count != self._n_rows:
                self._misread(f"{count} rows")

    def append(self, path, columns):
        """Append rows to a file that `copy` wrote, given as lists of cells."""
        with self._target(path, "ab") as file:
            writer = csv.writer(file, **self._written(path))
            columns = (map(self._cell, values) for values in columns)
            writer.writerows(zip(*columns, strict=True))

    def case_of(self, name):
        """Return `str.lower`, `str.title` or `str.upper`: the case of the booleans."""
        at = self._dialect.names.index(name)
        with self._source() as lines:
            words = (cells[at] for cells in lines if cells and cells[at])
            word = next(words, "").strip()
        cases = (case for case in (str.title, str.upper) if case(word) == word)
        return next(cases, str.lower)

    def _cell(self, value):
        """Return a value of a new cell; numbers have the decimal mark of the file."""
        if self._dialect.decimal == "," and isinstance(value, float):
            return repr(value).replace(".", ",")
        return value

    def _written(self, path):
        """Return the delimiter and the line ending for a text file at `path`."""
        same = suffix_of(path) == suffix_of(self._path)
        ending = "\r\n" if self._first_line().endswith("\r\n") else "\n"
        return {
            "delimiter": self._dialect.delimiter if same else delimiter_of(path),
            "lineterminator": ending,
        }

    def _first_line(self):
        with self._text() as file:
            return file.readline()

    def _text(self):
        # Bytes that are not UTF-8 pass through as they are.
        encoding = self._dialect.encoding
        errors = "surrogateescape" if encoding in UTF8 else "strict"
        stream = self._dialect.open(self._path)
        return io.TextIOWrapper(stream, encoding, errors, newline="")

    @contextmanager
    def _source(self):
        """Yield the rows of this file, without the header, as lists of cells."""
        with self._text() as file, long_cells():
            for _ in range(self._dialect.skip):
                file.readline()
            yield csv.reader(file, delimiter=self._dialect.delimiter)

    @contextmanager
    def _target(self, path, mode):
        encoding = "utf-8-sig" if self._dialect.encoding == "utf-8-sig" else "utf-8"
        encoding = "utf-8" if mode == "ab" else encoding
        with open(path, mode) as file:
            if compression := compression_of(path):
                arrow = require("pyarrow", "io")
                # Compressed parts one after the other are the parts of one text.
                file = arrow.CompressedOutputStream(file, compression)
            how = {"errors": "surrogateescape", "newline": ""}
            with io.TextIOWrapper(file, encoding, **how) as text:
                yield text

    @contextmanager
    def _opened(self, path):
        """Yield the rows of this file as lists of cells, and a writer for `path`."""
        try:
            with self._source() as lines, self._target(path, "wb") as target:
                writer = csv.writer(target, **self._written(path))
                yield (cells for cells in lines if cells), writer
        except (csv.Error, IndexError) as error:
            raise ValueError(f"cannot copy rows of {self._path!r}: {error}") from error

    def _misread(self, found):
        raise ValueError(
            f"{self._path!r} can be read in two ways, as {self._n_rows} rows and as "
            f"{found}; check its quotes, or convert it to Parquet."
        )


def _values(column):
    """Yield the values of an array of NumPy or pyarrow as Python objects."""
    for start in range(0, len(column), _PART_ROWS):
        part = column[start : start + _PART_ROWS]
        yield from part.to_pylist() if hasattr(part, "to_pylist") else part.tolist()
