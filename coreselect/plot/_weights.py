"""How concentrated the weights of a selection are."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Floats
from coreselect.plot._axes import (
    COLOURS,
    GREY,
    axes_of,
    selection_of,
    selector_in,
    tidy,
)
from coreselect.selection import Selection


class WeightDisplay:
    """Share of the total weight that the heaviest selected rows hold.

    On the straight line all rows weigh the same. The further the curve lies above it,
    the fewer rows decide, and the smaller the effective sample size.

    Parameters
    ----------
    weights : array-like of shape (n_selected,)
        Not negative.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D
        The curve.

    See Also
    --------
    SelectionDisplay : Where the selected rows lie.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.plot import WeightDisplay
    >>> selection = Selection([0, 3, 4], [1.0, 1.0, 6.0], 8)
    >>> display = WeightDisplay.from_selection(selection)  # doctest: +SKIP
    >>> display.figure_.savefig("weights.png")  # doctest: +SKIP
    """

    def __init__(self, weights: ArrayLike) -> None:
        self.weights = np.asarray(weights, dtype=np.float64)

    @classmethod
    def from_selection(
        cls, selection: Selection, *, ax: Any = None, **kwargs: Any
    ) -> Self:
        """Plot the weights of a selection.

        Parameters
        ----------
        selection : Selection
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.
        **kwargs : dict
            Keywords of the line.

        Returns
        -------
        WeightDisplay
        """
        return cls(selection_of(selection).weights).plot(ax=ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Plot the weights of the selection of a fitted selector.

        Parameters
        ----------
        estimator : selector or CoresetEstimator
            Fitted.
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.
        **kwargs : dict
            Keywords of the line.

        Returns
        -------
        WeightDisplay
        """
        selection = selection_of(selector_in(estimator).selection_)
        return cls(selection.weights).plot(ax=ax, **kwargs)

    def shares(self) -> tuple[Floats, Floats]:
        """Return the points of the curve.

        Returns
        -------
        rows, weight : ndarray of shape (n_selected + 1,)
            Shares of the rows, heaviest first, and of the total weight that they hold.
            Without any weight, all rows count alike.
        """
        n = len(self.weights)
        rows = np.linspace(0, 1, n + 1)
        largest = self.weights.max(initial=0.0)
        if largest == 0:
            return rows, rows
        # Divided first, so that no sum of huge weights overflows.
        sums = np.cumsum(np.sort(self.weights / largest)[::-1])
        return rows, np.concatenate([[0.0], sums / sums[-1]])

    def plot(self, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.
        **kwargs : dict
            Keywords of the line.

        Returns
        -------
        WeightDisplay
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        rows, weight = self.shares()
        self.ax_.plot(
            [0, 100], [0, 100], color=GREY, linestyle=(0, (4, 3)), label="equal weights"
        )
        style = {"color": COLOURS[0], "linewidth": 2, "label": self._label()} | kwargs
        (self.line_,) = self.ax_.plot(100 * rows, 100 * weight, **style)
        self.ax_.fill_between(
            100 * rows, 100 * weight, 100 * rows, color=style["color"], alpha=0.15
        )
        self.ax_.set(
            xlabel="heaviest rows, % of the selected",
            ylabel="their share of the weight, %",
            xlim=(0, 100),
            ylim=(0, 101),
        )
        self.ax_.legend(frameon=False, loc="lower right")
        tidy(self.ax_)
        return self

    def _label(self):
        n = len(self.weights)
        size = Selection(np.arange(n), self.weights, n).effective_sample_size
        return f"{n:,} rows, effective {size:,.4g}"
