"""What the cells of a text file look like: numbers, with which marks, or text."""

import re
from itertools import pairwise

from coreselect.rows.columns import listed

_MISSING = {"", "na", "n/a", "#n/a", "nan", "null"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_WITH_COMMA = re.compile(rf"{_COMMA.pattern}|[+-]?\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
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
    """Return the decimal mark of the numbers in some rows, and notes on the columns.

    The notes are about columns of text that are meant as numbers.
    """
    columns = list(_columns(names, rows))
    commas, unclear, points = [], [], []
    for name, cells in columns:
        if all(map(_NUMBER.fullmatch, cells)):
            points += [name] if any("." in cell for cell in cells) else []
        elif all(map(_is_number_or_comma, cells)):
            found = [cell for cell in cells if "," in cell]
            is_unclear = all(map(_THOUSANDS.fullmatch, found))
            (unclear if is_unclear else commas).append((name, found[0]))
    notes = []
    if decimal is None and commas and not points and delimiter != ",":
        decimal = ","
        notes.append("the decimal mark of its numbers is a comma (decimal=',')")
    elif decimal is None and (found := [*commas, *unclear]):
        shown = listed([f"{name!r} ({cell})" for name, cell in found])
        notes.append(
            f"columns with commas in their numbers are text: {shown}; pass decimal=',' "
            "if these are decimal marks, or remove them if they are not"
        )
        columns = [(name, cells) for name, cells in columns if name not in dict(found)]
    decimal = decimal or "."
    odd = [(name, _odd_cell(cells, decimal)) for name, cells in columns]
    if shown := [f"{name!r} ({cell[:20]})" for name, cell in odd if cell]:
        notes.append(
            f"columns are text because not all cells are plain numbers: {listed(shown)}"
        )
    return decimal, notes


def _is_number_or_comma(cell):
    return any(kind.fullmatch(cell) for kind in (_NUMBER, _COMMA, _THOUSANDS))


def _odd_cell(cells, decimal):
    """Return the first cell that is no number in a column of numbers, or nothing."""
    plain = _NUMBER if decimal == "." else _WITH_COMMA
    odd = [cell for cell in cells if not plain.fullmatch(cell)]
    few = 0 < len(odd) * 2 < len(cells)
    return odd[0] if odd and (few or all(map(_DECORATED.fullmatch, odd))) else ""


def _columns(names, rows):
    """Yield the name of each column with its cells, except missing ones."""
    rows = [row for row in rows if len(row) == len(names)]
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        stripped = [cell.strip() for cell in column]
        yield name, [cell for cell in stripped if cell.lower() not in _MISSING]
