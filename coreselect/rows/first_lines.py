"""The first lines of a text file: bytes, encoding, lines, delimiter.

Compression and encoding are known by the first bytes, the delimiter by the number of
cells in the lines.
"""

import codecs
import csv
import io
import re
from contextlib import contextmanager
from typing import NamedTuple

from coreselect._files import require, suffix_of
from coreselect.rows.cell_kinds import has_number

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_SNIFFED_LINES = 200
_LONGEST_CELL = 2**31 - 1  # the csv module's own limit is 128 KiB
_PACKED = {
    rb"\x1f\x8b": "gzip",
    rb"BZh[1-9]1AY": "bz2",
    rb"\x28\xb5\x2f\xfd": "zstd",
    rb"\x04\x22\x4d\x18": "lz4",
}
_NOT_TEXT = {
    rb"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save it as CSV",
    rb"\xd0\xcf\x11\xe0": "an Excel workbook; save it as CSV",
    rb"PAR1": "a Parquet file; rename it to .parquet",
    rb"\x93NUMPY": "a NumPy array; rename it to .npy",
    rb"ARROW1|FEA1": "a Feather file; convert it to Parquet",
    rb"\xfd7zXZ": "an xz archive; unpack it",
    rb"%PDF-": "a PDF; export its table as CSV",
    rb"\s*[\[{]\s*[\"{\[]": "JSON; convert it to CSV",
    rb"(?i)\s*<(!doctype|html|\?xml)": "a web page or XML; download the table itself",
}
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it starts with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class FirstLines(NamedTuple):
    """The first lines of a file, and whether they are all."""

    lines: list
    whole: bool
    compression: str | None
    encoding: str


def check_reading(delimiter=None, decimal=None, header=True, encoding=None):
    """Return the options that say how text is read; raise on values they cannot have.

    Encodings get Python's name for them.
    """
    delimiter_of("", delimiter)
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal must be '.' or ',', got {decimal!r}.")
    if not isinstance(header, bool):
        raise TypeError(f"header must be True or False, got {header!r}.")
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
            "".encode(encoding)  # some codecs are not of text
        except (LookupError, TypeError) as error:
            raise ValueError(
                "encoding must be one that Python knows, such as 'utf-8', 'latin-1' "
                f"or 'utf-16', got {encoding!r}."
            ) from error
    return delimiter, decimal, header, encoding


def delimiter_of(path, delimiter=None):
    """Return the delimiter of a text file: by default a tab in TSV, else a comma."""
    if delimiter is None:
        return "\t" if suffix_of(path) == ".tsv" else ","
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character, got {delimiter!r}.")
    return delimiter


def opened(file, compression):
    """Open a file, or its path, as a stream of bytes, unpacked as it is read."""
    return require("pyarrow", "io").input_stream(file, compression=compression)


@contextmanager
def long_cells():
    """Let the csv module read cells of any length in this block."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def first_lines(path, size, encoding=None):
    """Return the `FirstLines` of a text file, from `size` bytes of text."""
    with open(path, "rb") as file:
        start = file.read(8)
    compression = next((_PACKED[p] for p in _PACKED if re.match(p, start)), None)
    try:
        with opened(path, compression) as stream:
            data = stream.read(size)
    except OSError as error:
        if compression is None:
            raise
        raise ValueError(
            f"cannot read {path!r} as {compression}: it is truncated or damaged: "
            f"{error}"
        ) from error
    whole = len(data) < size
    encoding = _encoding_of(path, data, encoding)
    # Cells that are not UTF-8 stay bytes.
    errors = "surrogateescape" if encoding in ("utf-8", "utf-8-sig") else "strict"
    try:
        text = codecs.getincrementaldecoder(encoding)(errors).decode(data, whole)
    except ValueError as error:
        raise ValueError(
            f"cannot read {path!r} with encoding={encoding!r}: {error}"
        ) from error
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return FirstLines(lines if whole else lines[:-1], whole, compression, encoding)


def _encoding_of(path, data, given):
    """Return the encoding of text; raise if the bytes are not text."""
    for pattern, what in _NOT_TEXT.items():
        if re.match(pattern, data):
            raise ValueError(f"{path!r} is named as text, but its content is {what}.")
    for mark, encoding in _BOMS.items():
        # `utf-8-sig`, `utf-16` and `utf-32` remove the mark; `utf-16-le` would not.
        if data.startswith(mark) and (given or encoding)[:6] in encoding:
            return encoding
    if given is not None:
        return given
    zeros = [data[start::2].count(0) for start in (0, 1)]
    if not any(zeros):
        return "utf-8"
    # Half of the bytes of Latin letters and digits are zero in UTF-16.
    few, many = sorted(zeros)
    if few * 20 < many and many * 4 > len(data):
        return "utf-16-le" if zeros[1] == many else "utf-16-be"
    raise ValueError(
        f"cannot read {path!r}: it has bytes of zero, so it is not text; if it is, "
        "pass its encoding, such as encoding='utf-16'."
    )


def rows_of(lines, top, delimiter, whole):
    """Return the rows below `top` lines, each with the number of the line that ends it.

    Blank lines are left out, and the last row too if the lines are not the whole file:
    a quoted cell may go on below.
    """
    reader = csv.reader(lines[top:], delimiter=delimiter)
    rows = [(top + reader.line_num, cells) for cells in reader if cells]
    return rows if whole else rows[:-1]


def top_of(lines):
    """Return the number of lines above the header, and the delimiter that they say."""
    delimiter = None
    for top, line in enumerate(lines):
        said = re.fullmatch(r'"?sep=(.)"?', line.strip("\r\n"), re.I)
        if said and not top:  # Excel's
            delimiter = said[1]
        elif not line.startswith("#"):
            return top, delimiter
    return 0, delimiter


def sniffed(path, lines):
    """Return the delimiter of some lines: one that gives rows of the same width."""
    own, known = delimiter_of(path), list(DELIMITERS)
    cut = len(lines) > _SNIFFED_LINES
    lines = [line for line in lines[:_SNIFFED_LINES] if line.strip()]
    tables = {mark: rows_of(lines, 0, mark, not cut) for mark in (own, *known)}
    fits = {mark: rows for mark, rows in tables.items() if _is_table(rows)}
    if fits:
        # `1,5;2,5` can be cut in two ways, but only one of them leaves numbers. In a
        # tie, the delimiter of the suffix comes first.
        return max(fits, key=lambda mark: _likeness(fits[mark]))
    # No delimiter gives rows of the same width: one column, or a few bad rows.
    widths = {m: len(next(csv.reader(lines, delimiter=m), [])) for m in known}
    try:
        found = csv.Sniffer().sniff("".join(lines), "".join(known)).delimiter
    except csv.Error:
        found = max(known, key=widths.get)
    return found if widths[own] == 1 < widths[found] else own


def _is_table(rows):
    widths = {len(cells) for _, cells in rows}
    return len(widths) == 1 and widths != {1}


def _likeness(rows):
    """Return the share of numbers in the cells of a table, and its width."""
    cells = [cell for _, row in rows for cell in row]
    return sum(has_number([cell]) for cell in cells) / len(cells), len(rows[0][1])
