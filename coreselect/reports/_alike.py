"""How alike a selection and all rows are, column by column."""

import datetime
import math
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._numbers import power_of_two
from coreselect.reports._columns import Layout, layout_of, tally, values_of

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST_LINES = 40  # columns shown
_MOST_SHARES = 8  # values shown of a column
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Line(NamedTuple):
    """A mean, or a share, in all rows and in the selection.

    Attributes
    ----------
    column : str
    value : str or None
        The value whose share it is; None for means.
    is_target : bool
    all_rows, spread, weighted, raw : str
        In all rows, their standard deviation, in the selection with its weights, and
        without.
    difference : float
        The weighted mean or share less that of all rows, in standard deviations.
    quantiles : list of (str, str)
        In all rows and in the selection.
    """

    column: str
    value: str | None
    is_target: bool
    all_rows: str
    spread: str
    weighted: str
    raw: str
    difference: float
    quantiles: list


class Alike(NamedTuple):
    """Differences of a selection and all rows.

    Attributes
    ----------
    means, shares : list of Line
    n_left : int
        Number of further columns, whose differences are smaller.
    n_columns : int
        Number of columns that are compared.
    not_compared : list of (str, str)
        Columns that are not compared, and why.
    differences : ndarray
        All differences, in standard deviations.
    uniform : float or None
        Standard deviation that each of these has for a uniform sample of as many rows;
        None for empty selections.
    layout : Layout
    complete : list of int
        Which of the numeric columns of `layout` are features that hold finite numbers
        only; dates are not among them.
    """

    means: list
    shares: list
    n_left: int
    n_columns: int
    not_compared: list
    differences: np.ndarray
    uniform: float | None
    layout: Layout
    complete: list

    @property
    def root_mean_square(self):
        """The root mean square of the differences, or None."""
        known = self.differences[np.isfinite(self.differences)]
        return float(np.sqrt(np.mean(known**2))) if len(known) else None

    @property
    def verdict(self):
        """Whether the selection is closer than uniform samples, as words.

        A root mean square of k independent differences varies by ``1 / sqrt(2 k)`` of
        itself. A ratio within twice of this is noise.
        """
        noise = 2 / math.sqrt(2 * self.n_columns)
        ratio = self.root_mean_square / self.uniform
        if abs(ratio - 1) < noise:
            few = ", as far as so few columns can tell"
            return "about as close" + (few if self.n_columns < 10 else "")
        return "closer" if ratio < 1 else "farther"


def alike(rows, selection, sample, target):
    """Compare a selection with all rows, in one pass over them.

    Parameters
    ----------
    rows : Rows
        Opened with ``numeric=False``.
    selection : Selection
    sample : coreselect.plot.view.Sample
        Some of the rows, and the selected ones. Its rows give the quantiles.
    target : str
        The name of the target.

    Returns
    -------
    Alike
    """
    # Sums must not overflow, whatever the units of weights and columns.
    rows, _ = rows.near_one()
    y, weight = rows.y, rows.each_weight()
    own = selection.weights * power_of_two(selection.weights.max(initial=0.0))
    parts = [None if y is None else y[at] for at in (sample.numbers, selection.indices)]
    # In memory, all rows tell the kind of a column (one text among numbers is enough);
    # a file has types, so the sample tells it.
    known = sample.rows if rows.in_file else rows.whole().X
    layout = layout_of(known, y if known is not sample.rows else parts[0], target)
    drawn = values_of(layout, sample.rows, parts[0])
    unit = power_of_two(drawn.largest())
    total = rows.reduce(
        lambda block: tally(values_of(layout, block.X, block.y), block.weight, unit),
        lambda a, b: a.merge(b),
    )
    some = len(selection) > 0
    chosen = values_of(layout, sample.chosen, parts[1]) if some else _none_of(drawn)
    sums = (
        total,
        tally(chosen, own, unit),
        tally(chosen, np.ones(len(selection)), unit),
    )
    weights = weight[sample.numbers], own
    means = _means(layout, sums, unit, (drawn, chosen), weights)
    shares = _shares(layout, sums, unit)
    lines = [*means, *shares]
    complete = [
        j
        for j, place in enumerate(layout.numeric)
        if place < layout.n_features
        and layout.kinds[place] in ("number", "boolean")
        and total.lost[j] == 0
    ]
    return Alike(
        *_most_different(means, shares),
        _not_compared(layout, total),
        np.array([line.difference for line in lines]),
        _of_uniform(len(selection), weight),
        layout,
        complete,
    )


def _none_of(values):
    return values._replace(
        numbers=values.numbers[:0], words=[column[:0] for column in values.words]
    )


def _of_uniform(n_selected, weight):
    """Return the standard deviation of a standardised difference of a uniform sample.

    Without weights, (1/m) (N - m) / (N - 1) is its variance for any column. With them,
    it is about as much larger as their squares vary.
    """
    n = np.count_nonzero(weight)
    if not n_selected or not n:
        return None
    if n == 1:
        return 0.0
    shares = weight / weight.max()
    spread = n * (shares**2).sum() / shares.sum() ** 2
    return math.sqrt(spread * max(0.0, (n - n_selected) / (n - 1)) / n_selected)


def _means(layout, sums, unit, values, weights):
    total, weighted, _ = sums
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        spread = np.sqrt(total.scatter / total.weight)
        gap = weighted.mean - total.mean
        difference = np.where(gap == 0, 0.0, gap / spread)
    difference[weighted.weight == 0] = np.nan
    lines = []
    for j, place in enumerate(layout.numeric):
        kind = layout.kinds[place]
        if kind == "boolean":
            continue
        centers = [
            shown(part.mean[j] / unit[j] if part.weight[j] > 0 else np.nan, kind)
            for part in sums
        ]
        lines.append(
            Line(
                str(layout.names[place]),
                None,
                place >= layout.n_features,
                centers[0],
                shown(spread[j] / unit[j], kind, is_length=True),
                *centers[1:],
                float(difference[j]),
                _Quantiles(values, weights, j, kind),
            )
        )
    return lines


class _Quantiles(NamedTuple):
    """Quantiles of a column, computed if it is shown."""

    values: tuple
    weights: tuple
    place: int
    kind: str

    def pairs(self):
        """Return quantiles in all rows and in the selection, as text."""
        found = []
        for part, weight in zip(self.values, self.weights, strict=True):
            column = part.numbers[:, [self.place]]
            column = column.toarray() if sparse.issparse(column) else column
            found.append(_quantiles(column[:, 0], weight))
        return [
            tuple(shown(q, self.kind) for q in pair)
            for pair in zip(*found, strict=True)
        ]


def _quantiles(values, weight):
    """Return weighted quantiles: the first value that has the share of the weight."""
    known = ~np.isnan(values) & (weight > 0)
    values, weight = values[known], weight[known]
    if not len(values):
        return [np.nan] * len(QUANTILES)
    order = np.argsort(values, kind="stable")
    shares = np.cumsum(weight[order] / weight.max())
    at = np.searchsorted(shares / shares[-1], np.array(QUANTILES) * (1 - 1e-12))
    return values[order][np.minimum(at, len(values) - 1)]


def _shares(layout, sums, unit):
    """Return lines for booleans, values of text and missing values."""
    lines = []
    total = sums[0]
    for j, place in enumerate(layout.words):
        counts = [part.counts[j] for part in sums]
        if j in total.naming or any(found is None for found in counts):
            continue
        lines += _shares_of(layout, place, counts, [part.total for part in sums])
    for j, place in enumerate(layout.numeric):
        known = [part.weight[j] for part in sums]
        if layout.kinds[place] == "boolean":
            held = [{"True": part.mean[j] / unit[j] * part.weight[j]} for part in sums]
            lines += _shares_of(layout, place, held, known)
        if total.lost[j] > 0:
            lost = [{None: part.lost[j]} for part in sums]
            lines += _shares_of(layout, place, lost, [part.total for part in sums])
    return lines


def _shares_of(layout, place, counts, totals):
    lines = []
    for value in sorted(counts[0], key=counts[0].get, reverse=True)[:_MOST_SHARES]:
        share = [
            held.get(value, 0.0) / total if total else math.nan
            for held, total in zip(counts, totals, strict=True)
        ]
        spread = math.sqrt(max(0.0, share[0] * (1 - share[0])))
        gap = share[1] - share[0]
        lines.append(
            Line(
                str(layout.names[place]),
                "missing" if value is None else str(value),
                place >= layout.n_features,
                _percent(share[0]),
                "",
                _percent(share[1]),
                _percent(share[2]),
                0.0 if gap == 0 or spread == 0 else gap / spread,
                None,
            )
        )
    return lines


def _most_different(means, shares):
    """Return the lines to show, the number of columns left out, and that of all."""
    largest = {}
    for line in [*means, *shares]:
        key = (not line.is_target, line.column)
        size = abs(line.difference) if math.isfinite(line.difference) else 0.0
        largest[key] = max(largest.get(key, 0.0), size)
    # The target is always shown, and the columns that differ most.
    kept = sorted(largest, key=lambda key: (key[0], -largest[key]))[:_MOST_LINES]
    found = [
        [line for line in lines if (not line.is_target, line.column) in kept]
        for lines in (means, shares)
    ]
    found[0] = [line._replace(quantiles=line.quantiles.pairs()) for line in found[0]]
    # The target first, the others as in the table.
    found = [sorted(lines, key=lambda line: not line.is_target) for lines in found]
    return *found, len(largest) - len(kept), len(largest)


def _not_compared(layout, total):
    """Return names of columns that are not compared, with reasons."""
    many = {layout.words[j] for j in total.naming}
    reasons = {"missing": "no values", "nested": "nested values"}
    return [
        (str(name), "too many different values" if i in many else reasons[kind])
        for i, (name, kind) in enumerate(zip(layout.names, layout.kinds, strict=True))
        if i in many or kind in reasons
    ]


def shown(value: Any, kind: str = "number", *, is_length: bool = False) -> str:
    """Return a value of a column as text.

    Parameters
    ----------
    value : float
    kind : {"number", "boolean", "date", "duration"}
    is_length : bool, default=False
        Whether the value is a distance between two values.

    Returns
    -------
    str
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else f"{value}".replace("inf", "∞")
    if kind == "duration" or (kind == "date" and is_length):
        size = abs(value)
        for unit, seconds in (("days", 86400), ("h", 3600), ("min", 60)):
            if size >= seconds:
                return f"{value / seconds:.4g} {unit}"
        return f"{value:.4g} s"
    if kind == "date":
        try:
            date = _EPOCH + datetime.timedelta(seconds=float(value))
        except OverflowError:
            return f"{value:.4g} s"
        return f"{date:%Y-%m-%d}"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"


def _percent(share):
    return "–" if math.isnan(share) else f"{100 * share:.3g} %"
