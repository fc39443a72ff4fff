"""Scores of methods against the number of rows they were given."""

from typing import Any, Self

import narwhals.stable.v2 as nw
import numpy as np

from coreselect.plot._axes import GREY, axes_of, styles, tidy
from coreselect.rows.columns import require_column
from coreselect.rows.frames import as_frame, is_frame

_NEEDED = ("method", "size", "score")
_ALL_ROWS = "all rows"
_UNIFORM = "uniform"


class ComparisonDisplay:
    """Score of every compared method against the number of selected rows.

    Bands are one standard deviation over the seeds. Uniform sampling is grey, and a
    dotted line marks the score of all training rows.

    Parameters
    ----------
    curves : dict of str to ndarray of shape (n_sizes, 3)
        For each method its sizes, ascending, the mean scores and their standard
        deviations (NaN where unknown).
    full : float or None, default=None
        Score of all training rows.
    score_name : str, default="score"
        What the vertical axis shows.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        One line for each method.

    See Also
    --------
    coreselect.compare : Makes the results.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import compare
    >>> from coreselect.plot import ComparisonDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> found = compare(X, X.sum(axis=1), methods=["leverage"], sizes=[20, 50])
    >>> display = ComparisonDisplay.from_results(found)  # doctest: +SKIP
    >>> display.figure_.savefig("comparison.png")  # doctest: +SKIP
    """

    def __init__(
        self, curves: Any, full: float | None = None, *, score_name: str = "score"
    ) -> None:
        self.curves = curves
        self.full = full
        self.score_name = score_name

    @classmethod
    def from_results(cls, comparison: Any, *, ax: Any = None) -> Self:
        """Plot the results of a comparison.

        Parameters
        ----------
        comparison : Comparison or data frame
            What `coreselect.compare` returned, or a frame with the columns method, size
            and score, and perhaps sd. Rows without a score, such as those of methods
            that failed, are left out. The row of the method ``"all rows"`` is that of
            all training rows.
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        ComparisonDisplay
        """
        name = "score"
        if is_frame(comparison, "comparison"):
            table = nw.from_native(as_frame(comparison), eager_only=True)
            for column in _NEEDED:
                require_column(column, table.columns, "comparison")
            results = list(table.iter_rows(named=True))
        elif hasattr(comparison, "summary"):
            name, results = comparison.score, comparison.rows()
        else:
            raise TypeError(
                "comparison must be what coreselect.compare returned, or a data "
                f"frame, got {type(comparison).__name__}."
            )
        full, curves = _parts(results)
        return cls(curves, full, score_name=name).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw one line for each method.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        ComparisonDisplay
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        self.lines_ = {}
        looks = styles([name for name in self.curves if name != _UNIFORM])
        looks[_UNIFORM] = {"color": GREY, "marker": "o", "linestyle": (0, (6, 2))}
        for name, points in self.curves.items():
            sizes, score, sd = points.T
            (line,) = self.ax_.plot(sizes, score, ms=5, label=name, **looks[name])
            self.lines_[name] = line
            sd = np.nan_to_num(sd)
            self.ax_.fill_between(
                sizes, score - sd, score + sd, color=line.get_color(), alpha=0.15, lw=0
            )
        if self.full is not None:
            self.ax_.axhline(self.full, color="0.35", ls=":", lw=1.5, label="all rows")
        self.ax_.set(xlabel="selected rows", ylabel=self.score_name)
        self._mark_sizes()
        if self.ax_.get_legend_handles_labels()[0]:
            self.ax_.legend(frameon=False, fontsize="small")
        tidy(self.ax_)
        return self

    def _mark_sizes(self):
        from matplotlib.ticker import NullLocator

        sizes = sorted(
            {size for points in self.curves.values() for size in points.T[0]}
        )
        if not sizes or sizes[0] <= 0:
            return
        self.ax_.set_xscale("log")
        # Ticks where something was measured, unless they would run into one another.
        if len(sizes) <= 6:
            self.ax_.set_xticks(sizes, [f"{size:,.10g}" for size in sizes])
            self.ax_.xaxis.set_minor_locator(NullLocator())


def _parts(results):
    """Return the score of all rows, or None, and the points of every other method."""
    full, curves = None, {}
    for row in results:
        values = [row["size"], row["score"], row.get("sd")]
        point = [np.nan if value is None else float(value) for value in values]
        if not np.isfinite(point[1]):
            continue
        if row["method"] == _ALL_ROWS:
            full = point[1]
        else:
            curves.setdefault(str(row["method"]), []).append(point)
    return full, {name: np.array(sorted(points)) for name, points in curves.items()}
