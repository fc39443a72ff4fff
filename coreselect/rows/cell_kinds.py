"""What the cells of a text file look like: numbers, with which marks, or text."""

import re
from itertools import pairwise

from coreselect.rows.columns import listed

_MISSING = {"", "na", "n/a", "#n/a", "nan", "null"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.I)
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_WITH_COMMA = re.compile(rf"{_COMMA.pattern}|[+-]?\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
# Numbers with what pyarrow does not read: thousands, percent, a currency.
_DECORATED = re.compile(
    r"[+-]?[$€£]?\s?(\d{1,3}([.,'\u00a0 ]\d{3})+|\d+)([.,]\d+)?\s?[%$€£]?"
)


def has_number(cells):
    """Return whether one of some cells is a number, with either decimal mark."""
    return any(
        _NUMBER.fullmatch(c.strip()) or _COMMA.fullmatch(c.strip()) for c in cells
    )


def is_row(header):
    """Return whether the names of the columns look like values of a row.

    Whole numbers that ascend, such as years or the names of pandas, are names.
    """
    found = [cell for cell in header if has_number([cell])]
    if not found:
        return False
    if not all(cell.isdecimal() for cell in found):
        return True
    values = list(map(int, found))
    if len(found) == len([cell for cell in header if cell]):
        return values != list(range(len(values)))
    return any(b <= a for a, b in pairwise(values))


def marks(names, rows, delimiter, decimal=None):
    """Return the decimal mark of the numbers in some rows, and two dicts of columns.

    Both hold columns of numbers that may be read as text, by name, with a cell that
    shows why: in the first a number with commas, in the second a cell that is not a
    number. The cell is empty if no such cell is in these rows, but one may be below.
    """
    commas, unclear, points, odd = {}, {}, False, {}
    columns = list(_columns(names, rows))
    for name, cells in columns:
        if all(map(_NUMBER.fullmatch, cells)):
            points |= any("." in cell for cell in cells)
        elif all(map(_is_number_or_comma, cells)):
            found = [cell for cell in cells if "," in cell]
            is_unclear = all(map(_THOUSANDS.fullmatch, found))
            (unclear if is_unclear else commas)[name] = found[0]
    if decimal is None and commas and not points and delimiter != ",":
        decimal = ","
    elif decimal is None:
        unclear |= commas
    for name, cells in columns:
        cell = _odd_cell(cells, decimal or ".")
        if cell is not None and name not in unclear:
            odd[name] = cell
    return decimal or ".", {} if decimal else unclear, odd


def notes_on_text(commas, odd, mixed, texts):
    """Return notes on those of the columns `texts` that hold other values as well.

    `commas` and `odd` are those of `marks`; `mixed` is such a dict for columns of
    dates, times or booleans.
    """
    notes = []
    if shown := _shown(commas, texts):
        notes.append(
            f"columns with commas in their numbers are text: {shown}; pass decimal=',' "
            "if these are decimal marks, or remove them if they are not"
        )
    if shown := _shown(odd, texts):
        notes.append(f"columns are text because some cells are not numbers: {shown}")
    if shown := _shown(mixed, texts):
        notes.append(
            "columns are text because some cells are not of the same kind as those "
            f"before: {shown}"
        )
    return notes


def _shown(cells, texts):
    found = {name: cell for name, cell in cells.items() if name in texts}
    # In quotes, as no cell is to be taken for the name of an argument.
    shown = [f"{n!r} ({cell[:20]!r})" if cell else repr(n) for n, cell in found.items()]
    return listed(shown)


def _is_number_or_comma(cell):
    return any(kind.fullmatch(cell) for kind in (_NUMBER, _COMMA, _THOUSANDS))


def _odd_cell(cells, decimal):
    """Return a cell that is not a number, if most are; None for a column of text."""
    plain = _NUMBER if decimal == "." else _WITH_COMMA
    odd = [cell for cell in cells if not plain.fullmatch(cell)]
    if len(odd) * 2 < len(cells) or (odd and all(map(_DECORATED.fullmatch, odd))):
        return odd[0] if odd else ""
    return None


def _columns(names, rows):
    """Yield the name of each column with its cells, except missing ones."""
    rows = [row for row in rows if len(row) == len(names)]
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        stripped = [cell.strip() for cell in column]
        yield name, [cell for cell in stripped if cell.lower() not in _MISSING]
