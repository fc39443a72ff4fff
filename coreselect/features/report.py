"""What became of every column of a table."""

from typing import NamedTuple

from coreselect._words import printable

_SHOWN = 10  # names in a line


class ColumnReport(NamedTuple):
    """What became of one column.

    Attributes
    ----------
    column : str or int
        Its name, or its number in an array.
    became : {"number", "date", "duration", "boolean", "one-hot", "missing or not", \
"left out"}
    n_columns : int
        Number of columns of the result, with an indicator of missing values.
    why : str
        Why it was left out; else empty.
    """

    column: object
    became: str
    n_columns: int
    why: str = ""


class TableReport(tuple):
    """A `ColumnReport` for each column of a table, in its order.

    Printed, it has one line for each kind of column. ``pandas.DataFrame(report)`` makes
    a table of it.
    """

    __slots__ = ()

    def left_out(self):
        """Return the reasons why columns were left out, by column."""
        return {line.column: line.why for line in self if line.became == "left out"}

    def __repr__(self):
        lines = [
            self._line(became)
            for became in dict.fromkeys(line.became for line in self)
            if became != "left out"
        ]
        reasons = {}
        for column, why in self.left_out().items():
            reasons.setdefault(why, []).append(column)
        lines += [f"{_names(c)}: left out ({why})" for why, c in reasons.items()]
        return "\n".join(lines)

    def _line(self, became):
        found = [line for line in self if line.became == became]
        names = _names([line.column for line in found])
        n_columns = sum(line.n_columns for line in found)
        if became == "one-hot":
            each = ", ".join(str(line.n_columns) for line in found[:_SHOWN])
            more = f", ...: {n_columns}" if len(found) > _SHOWN else ""
            columns = "column" if n_columns == 1 else "columns"
            return f"{names}: one-hot ({each}{more} {columns})"
        if became not in _PLURALS:
            return f"{names}: {became}"
        kind = became if len(found) == 1 else _PLURALS[became]
        indicators = n_columns - len(found)
        more = f" ({indicators} with missing values)" if indicators else ""
        return f"{len(found)} {kind}{more}: {names}"


_PLURALS = {
    "number": "numbers",
    "date": "dates",
    "duration": "durations",
    "boolean": "booleans",
}


def _names(columns):
    more = ", ..." if len(columns) > _SHOWN else ""
    return ", ".join(printable(str(c)) for c in columns[:_SHOWN]) + more
