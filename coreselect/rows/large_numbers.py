"""Numbers of a text file that float64 does not hold: too many digits, or too large."""

import numpy as np

from coreselect._files import require
from coreselect.rows.columns import listed

_EXACT = 2.0**53  # up to this, float64 holds all whole numbers
_LARGE = r"^\s*[+-]?(\d{16,}|[\d.,]+[eE]\+?\d{3,})\s*$"


class LargeNumbers:
    """Which columns may hold such numbers, as far as the batches seen so far tell.

    Columns with fractions do not lose whole numbers that matter, such as identifiers.
    """

    def __init__(self):
        self._infinite = set()  # names of columns
        self._largest = {}  # size of a number in each column; None if it has fractions

    def see(self, batch):
        """Take the next rows, whose columns have the same types as those before."""
        is_float64 = require("pyarrow", "io").types.is_float64
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if not is_float64(field.type):
                continue
            values, name = column.to_numpy(zero_copy_only=False), field.name
            if np.isinf(values).any():
                self._infinite.add(name)
            if self._largest.setdefault(name, 0.0) is None:
                continue
            finite = values[np.isfinite(values)]
            if (finite != np.floor(finite)).any():
                self._largest[name] = None
            elif len(finite):
                most = float(np.abs(finite).max())
                self._largest[name] = max(self._largest[name], most)

    def notes(self, text):
        """Return a note on such columns; they are read once more from a `_Text`."""
        names = [
            name
            for name, most in self._largest.items()
            if name in self._infinite or (most is not None and most > _EXACT)
        ]
        if not (found := _not_held(text, names)):
            return []
        shown = listed([f"{name!r} ({cell!r})" for name, cell in found.items()])
        said = "columns hold numbers that float64 rounds to 16 digits or makes infinite"
        return [f"{said}: {shown}; to keep them as text, begin them with a letter"]


def _not_held(text, names):
    """Return the first number that float64 does not hold, by column."""
    found = {}
    if not names:
        return found
    arrow, compute = (require(name, "io") for name in ("pyarrow", "pyarrow.compute"))
    types = dict.fromkeys(names, arrow.string())
    for batch in text.batches(columns=names, types=types):
        for name in set(names).difference(found):
            column = batch.column(name)
            large = column.filter(compute.match_substring_regex(column, _LARGE))
            for cell in map(str.strip, large.to_pylist()):
                if not _is_held(cell):
                    found[name] = cell
                    break
        if len(found) == len(names):
            break
    return {name: found[name] for name in names if name in found}


def _is_held(cell):
    value = float(cell.replace(",", "."))
    return np.isfinite(value) and (not cell[1:].isdecimal() or int(cell) == value)
