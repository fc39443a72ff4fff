"""Where the selected rows lie among all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from coreselect._typing import RowsLike
from coreselect.features.columns import table_columns
from coreselect.plot._axes import GREY, axes_of, selection_of, selector_in, tidy
from coreselect.plot.view import directions_of, sample_of, view_of
from coreselect.rows import count_rows
from coreselect.rows import open as open_rows
from coreselect.rows.columns import require_column
from coreselect.selection import Selection, check_selection

_MOST_POINTS = 4000  # more points would hide one another
_MOST_VECTORS = 500  # more would make files of vectors large


class SelectionDisplay:
    """Selected rows among all rows: size shows weight, colour shows leverage.

    Rows are shown in the first two principal directions of their standardised features
    (those of `coreselect.features.TableFeatures`), or in two named columns.

    Parameters
    ----------
    rows : array-like of shape (n_shown, 2)
        Positions of some of the rows.
    chosen : array-like of shape (n_selected, 2)
        Positions of the selected rows.
    weights : array-like of shape (n_selected,)
        Their weights.
    leverage : array-like of shape (n_selected,) or None, default=None
        Their leverage scores.
    names : tuple of two str, default=("first principal direction", "second ...")
        Names of the axes.
    n_total : int or None, default=None
        Number of all rows, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    chosen_ : matplotlib PathCollection
        The selected rows.

    See Also
    --------
    WeightDisplay : How concentrated the weights are.

    Notes
    -----
    At most 4,000 rows are shown in the background, and at most 4,000 selected ones, the
    heaviest. Beyond 5,000 rows, directions and leverage are those of a random sample of
    this size.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LeverageSelector
    >>> from coreselect.plot import SelectionDisplay
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> selector = LeverageSelector(30, random_state=0).fit(X)
    >>> display = SelectionDisplay.from_estimator(selector, X)  # doctest: +SKIP
    >>> display.figure_.savefig("selection.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        rows: Any,
        chosen: Any,
        weights: ArrayLike,
        *,
        leverage: ArrayLike | None = None,
        names: Sequence[str] = (
            "first principal direction",
            "second principal direction",
        ),
        n_total: int | None = None,
    ) -> None:
        self.rows = rows
        self.chosen = chosen
        self.weights = weights
        self.leverage = leverage
        self.names = names
        self.n_total = n_total

    @classmethod
    def from_selection(
        cls,
        selection: Selection,
        X: RowsLike,
        *,
        columns: Sequence[Any] | None = None,
        ax: Any = None,
    ) -> Self:
        """Plot a selection.

        Parameters
        ----------
        selection : Selection
            Made from the rows of X.
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            All rows, of any content.
        columns : sequence of two str or int, optional
            Two numeric columns of X that are the axes.
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        SelectionDisplay
        """
        return cls._of(selection_of(selection), X, columns, ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: RowsLike,
        *,
        columns: Sequence[Any] | None = None,
        ax: Any = None,
    ) -> Self:
        """Plot the selection of a fitted selector.

        Parameters
        ----------
        estimator : selector or CoresetEstimator
            Fitted to X. If it has a transformer as `features`, directions are those of
            the transformed rows.
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            All rows, of any content.
        columns : sequence of two str or int, optional
            Two numeric columns of X that are the axes.
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        SelectionDisplay
        """
        selector = selector_in(estimator)
        transformer = getattr(selector, "features_", None)
        return cls._of(selection_of(selector.selection_), X, columns, ax, transformer)

    @classmethod
    def _of(cls, selection, X, columns, ax, transformer=None):
        rows = open_rows(X, numeric=False)
        check_selection(selection, rows.n_rows)
        view = view_of(sample_of(rows, selection.indices), transformer)
        return cls.from_view(view, selection, columns=columns).plot(ax=ax)

    @classmethod
    def from_view(
        cls, view: Any, selection: Selection, *, columns: Sequence[Any] | None = None
    ) -> Self:
        """Return the display of rows whose features are known, without drawing it.

        Parameters
        ----------
        view : coreselect.plot.view.View
        selection : Selection
            The selection whose rows `view` holds.
        columns : sequence of two str or int, optional
            Two numeric columns that are the axes.

        Returns
        -------
        SelectionDisplay
        """
        found = directions_of(view)
        leverage = None if view.projected else found.leverage(view.chosen, view.sample)
        if columns is None:
            places = [found.plane(values) for values in view[:2]]
            names: dict[str, Any] = {}
        else:
            places = [_columns(part, columns) for part in view.sample[:2]]
            names = {"names": tuple(map(str, columns))}
        return cls(
            places[0],
            places[1],
            selection.weights,
            leverage=leverage,
            n_total=selection.n_total,
            **names,
        )

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        SelectionDisplay
        """
        self.ax_ = axis = axes_of(ax)
        self.figure_ = axis.figure
        n_total = len(self.rows) if self.n_total is None else self.n_total
        background = np.asarray(self.rows)[:: -(-len(self.rows) // _MOST_POINTS) or 1]
        axis.scatter(
            *background.T,
            s=4,
            c=GREY,
            alpha=0.4,
            lw=0,
            rasterized=True,
            label=f"{n_total:,} rows",
        )
        weights = np.asarray(self.weights)
        # Heavy rows first, so that small marks are drawn on top of large ones.
        order = np.argsort(-weights, kind="stable")[:_MOST_POINTS]
        largest = weights.max(initial=0.0) or 1.0
        how: dict[str, Any] = {"c": "#0072b2"}
        if self.leverage is not None and len(order):
            how = {"c": np.asarray(self.leverage)[order], "cmap": "cividis"}
            how["norm"] = "log" if how["c"].min() > 0 else None
        self.chosen_ = axis.scatter(
            *np.asarray(self.chosen)[order].T,
            s=8 + 90 * (weights[order] / largest),
            alpha=0.85,
            edgecolors="0.25",
            linewidths=0.5,
            rasterized=len(order) > _MOST_VECTORS,
            label=f"{len(weights):,} selected; area shows weight",
            **how,
        )
        if "cmap" in how:
            bar = self.figure_.colorbar(self.chosen_, ax=axis, aspect=30)
            bar.set_label("leverage")
            bar.outline.set_visible(False)
            bar.solids.set_rasterized(True)
        axis.set(xlabel=self.names[0], ylabel=self.names[1])
        axis.legend(frameon=False, fontsize="small", loc="best")
        tidy(axis)
        return self


def _columns(rows, columns):
    """Return the values of two columns as an array of shape (n, 2)."""
    if isinstance(columns, str) or len(columns) != 2:
        raise ValueError(f"columns must name two columns, got {columns!r}.")
    if not count_rows(rows):
        return np.empty((0, 2))
    names, column_of = table_columns(rows.toarray() if sparse.issparse(rows) else rows)
    found = []
    for name in columns:
        require_column(name, names, "columns")
        column = column_of(names.index(name))
        if column.kind in ("text", "nested"):
            raise ValueError(
                f"columns: {name!r} is not numeric, so it cannot be an axis; choose "
                "another column."
            )
        found.append(column.values)
    return np.column_stack(found)
