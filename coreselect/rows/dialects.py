"""How the text of a file encodes a table, as far as its first lines tell.

What the caller says comes first. Unusual findings become notes.
"""

import csv
from typing import NamedTuple

from coreselect.rows.cell_kinds import has_number, is_row, marks
from coreselect.rows.columns import listed
from coreselect.rows.first_lines import (
    DELIMITERS,
    delimiter_of,
    first_lines,
    long_cells,
    opened,
    rows_of,
    sniffed,
    top_of,
)

TOO_LONG = (
    "it has a row of more than 16 MB of text; are its quotes closed? If they are, "
    "convert it to Parquet"
)
NOT_UTF8 = (
    "is not UTF-8; pass encoding='latin-1', or encoding='cp1252' if Windows wrote it, "
    "or make it UTF-8 first, for example with iconv"
)
UTF8 = ("utf-8", "utf-8-sig")
_SAMPLE_BYTES = (2**18, 2**24)  # of the first lines; the last if a line is longer
_JUDGED_ROWS = 1000  # by the look of their numbers


class Dialect(NamedTuple):
    """How the text of a file encodes a table.

    `names` are those of the columns, and `header` the cells that name them, before
    repeated names were numbered; None if the file has no header. The first row is
    below `skip` lines. `commas` and `odd` are columns of text that hold numbers, as
    `marks` finds them. `warning` is about a header that looks like a row. `hint` says
    what may separate the cells of a file that has one column only.
    """

    compression: str | None
    encoding: str
    delimiter: str
    decimal: str
    skip: int
    header: list | None
    names: list
    trailing: bool  # every row ends with a delimiter, except the header
    notes: list
    commas: dict
    odd: dict
    warning: str
    hint: str

    def open(self, file):
        """Open a file, or its path, as a stream of bytes, unpacked as it is read."""
        return opened(file, self.compression)


def dialect_of(path, delimiter=None, decimal=None, header=True, encoding=None):
    """Return the `Dialect` of a text file; None stands for what its lines tell."""
    with long_cells():
        for size in _SAMPLE_BYTES:
            found = first_lines(path, size, encoding)
            top, said = top_of(found.lines)
            mark = delimiter or said or sniffed(path, found.lines[top:])
            rows = rows_of(found.lines, top, mark, found.whole)
            if len(rows) > 1 or found.whole:
                break
        else:
            raise ValueError(f"cannot read {path!r}: {TOO_LONG}")
        if not rows:
            raise ValueError(f"cannot read {path!r}: Empty CSV file, it has no line")
        if header and top:
            top = _with_commented_header(found.lines, top, mark, rows)
            rows = rows_of(found.lines, top, mark, found.whole)
    notes = _notes_on_text(path, found.encoding, delimiter, mark, top)
    cells = [cells for _, cells in rows]
    if header:
        head, trailing = _head_of(path, cells, notes)
        names = _told_apart(head, notes)
        skip, warning = rows[0][0], _warning(path, head, mark)
        del cells[0]
    else:
        names = [f"c{j}" for j in range(len(cells[0]))]
        notes.append(f"it has no header; its columns are named c0 to {names[-1]}")
        skip, head, trailing, warning = top, None, False, ""
    given, judged = decimal, cells[:_JUDGED_ROWS]
    decimal, commas, odd = marks(names, judged, mark, given)
    if decimal != (given or "."):
        notes.append("the decimal mark of its numbers is a comma (decimal=',')")
    if hint := _hint(names, rows, mark):
        notes.append(hint.strip(" .").replace("If", "it has one column; if", 1))
    form = found.compression, found.encoding, mark, decimal, skip, head, names, trailing
    return Dialect(*form, notes, commas, odd, warning, hint)


def _notes_on_text(path, encoding, delimiter, mark, top):
    notes = [] if encoding in UTF8 else [f"its encoding is {encoding}"]
    if delimiter is None and mark != delimiter_of(path):
        shown = DELIMITERS.get(mark, repr(mark))
        notes.append(f"{shown} separates its cells (delimiter={mark!r})")
    if top:
        notes.append(f"{top} line(s) above the header are passed over")
    return notes


def _with_commented_header(lines, top, delimiter, rows):
    """Return the number of lines above the header, which may start with #."""
    names = next(csv.reader(lines[top - 1 : top], delimiter=delimiter), [])
    first, *others = [cells for _, cells in rows]
    if not names or not names[0].startswith("#") or len(names) != len(first) > 1:
        return top
    named_below = not has_number(first) and any(map(has_number, others))
    return top if named_below else top - 1


def _head_of(path, rows, notes):
    """Return a name for every column, and whether rows end with a delimiter."""
    first, *rows = rows
    head = [cell.strip() for cell in first]
    try:
        "".join(head).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"cannot read {path!r}: its text {NOT_UTF8}") from error
    if not rows:
        raise ValueError(f"{path!r} has a header but no rows.")
    if {len(row) for row in rows} == {len(head) + 1}:
        if all(not row[-1].strip() for row in rows):
            notes.append("its rows end with a delimiter")
            return [*head, ""], True
        # R writes row names in this way. They are unique, unlike the cells that numbers
        # with a decimal comma leave when they are cut at it.
        if len(head) > 1 and len({row[0] for row in rows}) == len(rows) > 1:
            notes.append("its header has no name for the first column")
            return ["", *head], False
    return head, False


def _told_apart(head, notes):
    """Return unique names: repeated ones get a number at the end, as in pandas."""
    names = []
    for j, name in enumerate(head):
        new, k = name, 0
        while new in names or (k and new in head):
            k += 1
            new = f"{name}.{k}" if name else f"Unnamed: {j}" + f".{k - 1}" * (k > 1)
        names.append(new)
    if new := [repr(b) for a, b in zip(head, names, strict=True) if a != b]:
        notes.append(f"repeated names of columns are told apart: {listed(new)}")
    return names


def _warning(path, head, delimiter):
    if not is_row(head):
        return ""
    shown = delimiter.join(head)
    shown = shown if len(shown) < 50 else f"{shown[:47]}..."
    return (
        f"the first line of {path!r} names the columns, but looks like a row of "
        f"values: {shown!r}; if it is one, pass header=False."
    )


def _hint(names, rows, delimiter):
    """Return a sentence on what may separate the cells of a file of one column."""
    texts = [cells[0].strip() for _, cells in rows if len(names) == 1]
    for mark, said in {**DELIMITERS, " ": "a space"}.items():
        counts = {-1 if "  " in text else text.count(mark) for text in texts}
        if mark != delimiter and len(counts) == 1 and max(counts) > 0:
            return f" If {said} separates its cells, pass delimiter={mark!r}."
    widths = {len(text.split()) for text in texts}
    if len(widths) == 1 and widths != {1}:
        return " If runs of spaces separate its cells, make them commas: tr -s ' ' ','."
    return ""
