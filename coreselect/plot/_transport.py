"""Pictures of selections, in the style of scikit-learn's displays (extra ``plot``)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from coreselect._files import require
from coreselect._typing import Array, Floats, Matrix, RowsLike
from coreselect.rows import open as open_rows

__all__ = ["TransportDisplay"]

_MOST_POINTS = 5000  # more points would hide one another
_GREY, _BLUE, _RED = "0.8", "C0", "C3"


class TransportDisplay:
    """Plots of a selection by `TAROT`: which row serves which target, and its size.

    Made by `from_selector`. The left plot shows the rows, the targets and the chosen
    rows, with a line from each chosen row to the targets that it serves, in the first
    two principal directions of targets and chosen rows. The right plot shows the
    transport distance for every size, with the chosen size marked.

    Parameters
    ----------
    chosen : ndarray of shape (n_selected, 2)
        Positions of the chosen rows.
    targets : ndarray of shape (n_targets, 2)
        Positions of the targets.
    plan : sparse array of shape (n_selected, n_targets)
        The transport plan: the mass that each chosen row gives to each target.
    path : ndarray with fields size and distance
    candidates : ndarray of shape (n_rows, 2), optional
        Positions of the rows that were chosen from.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : ndarray of two matplotlib Axes

    See Also
    --------
    coreselect.TAROT : The selector.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import TAROT
    >>> from coreselect.plot import TransportDisplay
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> selector = TAROT(8).fit(X, X_target=X[:9] + 0.1)
    >>> display = TransportDisplay.from_selector(selector, X)  # doctest: +SKIP
    >>> display.figure_.savefig("transport.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        chosen: Floats,
        targets: Floats,
        plan: Matrix,
        path: Array,
        *,
        candidates: Floats | None = None,
    ) -> None:
        self.chosen = chosen
        self.targets = targets
        self.plan = plan
        self.path = path
        self.candidates = candidates

    @classmethod
    def from_selector(
        cls,
        selector: Any,
        X: RowsLike | None = None,
        y: ArrayLike | None = None,
        *,
        axes: Any = None,
    ) -> Self:
        """Plot the selection of a fitted selector.

        Parameters
        ----------
        selector : TAROT
            Fitted.
        X : array-like of shape (n_rows, n_features), optional
            The rows that were chosen from. At most 5,000 of them, evenly spaced, are
            shown.
        y : array-like of shape (n_rows,), optional
            Their classes; needed with X if the selector was fitted with `y_target`.
        axes : sequence of two matplotlib Axes, optional
            By default those of a new figure.

        Returns
        -------
        TransportDisplay
        """
        if not hasattr(selector, "transport_parts") or isinstance(selector, type):
            raise TypeError(f"selector must be a fitted TAROT, got {selector!r}.")
        check_is_fitted(selector, "selection_")
        if len(selector.selection_) == 0:
            raise ValueError("the selector chose no rows; there is nothing to draw.")
        chosen, targets, embed = selector.transport_parts()
        # The plane of largest variance of chosen rows and targets together: a plane
        # fixed by all rows might not show how the two differ.
        center = targets.mean(axis=0)
        _, _, right = np.linalg.svd(
            np.vstack([chosen, targets]) - center, full_matrices=False
        )
        plane = right[:2].T
        if plane.shape[1] < 2:
            plane = np.hstack([plane, np.zeros_like(plane)])
        candidates = None
        if X is not None:
            rows = open_rows(X, y)
            embed.whitening.check_features(rows.n_features)
            if embed.classes is not None and rows.y is None:
                raise ValueError(
                    "the selector was fitted with y_target, so that distances count "
                    "classes; pass y, the classes of the rows of X, as well."
                )
            step = -(-rows.n_rows // _MOST_POINTS)
            block = rows.gather(np.arange(0, rows.n_rows, step))
            candidates = (embed(block) - center) @ plane
        display = cls(
            (chosen - center) @ plane,
            (targets - center) @ plane,
            selector.plan_,
            selector.path_,
            candidates=candidates,
        )
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw both plots.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes, optional

        Returns
        -------
        TransportDisplay
        """
        pyplot = require("matplotlib.pyplot", "plot")
        if axes is None:
            _, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
        left, right = axes
        self._draw_plan(left)
        self._draw_path(right)
        self.figure_, self.axes_ = left.figure, np.array([left, right])
        return self

    def _draw_plan(self, axis):
        from matplotlib.collections import LineCollection

        if self.candidates is not None:
            axis.scatter(*self.candidates.T, s=6, c=_GREY, label="rows")
        plan = self.plan.tocoo()
        ends = np.stack([self.chosen[plan.row], self.targets[plan.col]], axis=1)
        axis.add_collection(LineCollection(ends, colors="0.5", linewidths=0.6))
        axis.scatter(*self.targets.T, s=16, c=_RED, marker="x", label="targets")
        axis.scatter(*self.chosen.T, s=18, c=_BLUE, label="chosen rows")
        axis.set(title="which row serves which target", xticks=[], yticks=[])
        axis.legend(frameon=False)

    def _draw_path(self, axis):
        size = len(self.chosen)
        axis.plot(self.path["size"], self.path["distance"], "o-", c="0.4", ms=3)
        at = np.interp(size, self.path["size"], self.path["distance"])
        axis.plot([size], [at], "o", c=_BLUE, ms=9, label=f"chosen: {size} rows")
        axis.set(
            title="transport distance to the targets",
            xlabel="rows",
            ylabel="distance",
            xscale="log",
        )
        axis.legend(frameon=False)
