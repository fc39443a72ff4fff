"""A comparison as an aligned table of text, line by line, and as HTML."""

from html import escape
from math import isnan

_HEADS = ("method", "size", "score", "vs uniform", "select s", "fit s", "note")
_LEFT = (0, 6)  # the columns that are aligned to the left
_WIDEST_NOTE = 60


class Lines:
    """Lines of a table whose rows come one by one.

    Parameters
    ----------
    score_name : str
    methods : list of str
        The names that the first column will hold.
    """

    def __init__(self, score_name, methods):
        self._heads = (*_HEADS[:2], score_name, *_HEADS[3:])
        longest = max(map(len, [*methods, _HEADS[0]]))
        score = max(len(score_name), len("-1.0000 ± 0.0000"))
        self._widths = (longest, 9, score, 10, 8, 8, 0)

    @property
    def head(self):
        """The line of column names."""
        return self._line(self._heads)

    def row(self, row):
        """Return the line of one dict of `Comparison.rows`."""
        return self._line(_cells(row))

    def _line(self, cells):
        sized = zip(cells, self._widths, strict=True)
        return "  ".join(
            cell.ljust(width) if j in _LEFT else cell.rjust(width)
            for j, (cell, width) in enumerate(sized)
        ).rstrip()


def as_text(rows, score_name):
    """Return dicts of `Comparison.rows` as an aligned table."""
    lines = Lines(score_name, [row["method"] for row in rows])
    return "\n".join([lines.head, *map(lines.row, rows)])


def as_html(heading, rows, score_name, summary):
    """Return a table with its heading and a summary as HTML."""
    heads = (*_HEADS[:2], score_name, *_HEADS[3:])
    body = "".join(_html_row("td", _cells(row)) for row in rows)
    said = "".join(f"<li>{escape(line)}</li>" for line in summary.splitlines())
    caption = escape(heading).replace("\n", "<br>")
    return (
        f"<table><caption>{caption}</caption><thead>{_html_row('th', heads)}</thead>"
        f"<tbody>{body}</tbody></table><ul>{said}</ul>"
    )


def _html_row(tag, cells):
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _cells(row):
    sd = "" if isnan(row["sd"]) else f" ± {row['sd']:.4f}"
    note = " ".join(row["note"].split())
    if len(note) > _WIDEST_NOTE:
        note = f"{note[: _WIDEST_NOTE - 3]}..."
    return (
        row["method"],
        f"{row['size']:,}",
        _number(row["score"], ".4f") + sd,
        "" if row["method"] == "uniform" else _number(row["difference"], "+.4f"),
        _number(row["select_seconds"], ".4f"),
        _number(row["fit_seconds"], ".4f"),
        note,
    )


def _number(value, form):
    return "" if isnan(value) else format(value, form)
