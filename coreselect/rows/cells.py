"""Copy rows of text files cell by cell: a cell `007` stays `007`."""

import csv
from contextlib import contextmanager

from coreselect._files import suffix_of
from coreselect.rows.text import delimiter_of

_LONGEST_CELL = 2**31 - 1  # the csv module's own limit is 128 KiB
# Bytes that are not UTF-8 pass through as they are.
_READING = {"errors": "surrogateescape", "newline": ""}


class TextCopy:
    """Copies rows of a text file to another one.

    `names` are those of the columns, and `n_rows` the number of rows, as pyarrow reads
    them: a file that the csv module reads in another way is refused.
    """

    def __init__(self, path, delimiter, names, n_rows):
        self._path, self._delimiter = path, delimiter
        self._names, self._n_rows = names, n_rows

    def copy(self, path, at, added, dropped):
        """Write rows, with columns added and left out; their numbers ascend."""
        with self._opened(path) as (lines, writer):
            keep = [i for i, name in enumerate(self._names) if name not in dropped]
            header = next(lines)
            if header != self._names:
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
            if count != self._n_rows:
                self._misread(f"{count} rows")

    def append(self, path, columns):
        """Append rows to a file that `copy` wrote, given as lists of cells."""
        with open(path, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, **self._dialect(path))
            writer.writerows(zip(*columns, strict=True))

    def case_of(self, name):
        """Return `str.lower`, `str.title` or `str.upper`: the case of the booleans."""
        with open(self._path, encoding="utf-8-sig", **_READING) as file:
            lines = csv.reader(file, delimiter=self._delimiter)
            at = next(lines).index(name)
            word = next((cells[at] for cells in lines if cells and cells[at]), "")
        cases = (case for case in (str.title, str.upper) if case(word) == word)
        return next(cases, str.lower)

    def _dialect(self, path):
        """Return the delimiter and the line ending for a text file at `path`."""
        same = suffix_of(path) == suffix_of(self._path)
        ending = "\r\n" if self._first_line().endswith(b"\r\n") else "\n"
        return {
            "delimiter": self._delimiter if same else delimiter_of(path),
            "lineterminator": ending,
        }

    def _first_line(self):
        with open(self._path, "rb") as file:
            return file.readline()

    @contextmanager
    def _opened(self, path):
        """Yield the rows of this file as lists of cells, and a writer for `path`."""
        start = self._first_line()
        encoding = "utf-8-sig" if start.startswith(b"\xef\xbb\xbf") else "utf-8"
        how = {"encoding": encoding, **_READING}
        limit = csv.field_size_limit(_LONGEST_CELL)
        try:
            with open(self._path, **how) as source, open(path, "w", **how) as target:
                lines = csv.reader(source, delimiter=self._delimiter)
                writer = csv.writer(target, **self._dialect(path))
                yield (cells for cells in lines if cells), writer
        except (csv.Error, IndexError) as error:
            raise ValueError(f"cannot copy rows of {self._path!r}: {error}") from error
        finally:
            csv.field_size_limit(limit)

    def _misread(self, found):
        raise ValueError(
            f"{self._path!r} can be read in two ways, as {self._n_rows} rows of "
            f"{len(self._names)} columns and as {found}; check its quotes, or convert "
            "it to Parquet."
        )
