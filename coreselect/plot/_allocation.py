"""Learning curves of groups, and how many rows each group gets."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from coreselect._typing import Floats, Integers
from coreselect.plot._axes import axes_of, styles, tidy


class AllocationDisplay:
    """Loss of each group against the number of its rows, with the sizes that it gets.

    Curves end at twice the largest size, or at the largest that was measured. A marker
    shows the size of the group and the loss to expect, and small dots the measured
    losses, if there are any.

    Parameters
    ----------
    groups : list
        Names of the groups.
    curves : dict of str to ndarray of shape (n_groups,)
        Columns sigma, power and floor: with n rows, the loss of a group is ``floor +
        sigma n**-power``.
    sizes : ndarray of int64 of shape (n_groups,)
        Rows of each group.
    predicted : ndarray of float64 of shape (n_groups,)
        Losses at these sizes.
    points : tuple of ndarray, optional
        Sizes and losses that were measured, each of shape (n_points, n_groups).

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of group to matplotlib Line2D
        One curve for each group.

    See Also
    --------
    coreselect.allocation.allocate : Makes the sizes.
    coreselect.allocation.learning_curves : Makes the curves.

    Examples
    --------
    >>> from coreselect.allocation import allocate
    >>> from coreselect.plot import AllocationDisplay
    >>> curves = [[1, 1], [4, 1]]
    >>> made = allocate(30, curves)
    >>> display = AllocationDisplay.from_allocation(made, curves)  # doctest: +SKIP
    >>> display.figure_.savefig("allocation.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        groups: list,
        curves: dict[str, Floats],
        sizes: Integers,
        predicted: Floats,
        *,
        points: tuple[Floats, Floats] | None = None,
    ) -> None:
        self.groups = groups
        self.curves = curves
        self.sizes = sizes
        self.predicted = predicted
        self.points = points

    @classmethod
    def from_allocation(cls, allocation: Any, curves: Any, *, ax: Any = None) -> Self:
        """Plot an allocation and the curves that it was made of.

        Parameters
        ----------
        allocation : Allocation
        curves : array-like of shape (n_groups, 2) or (n_groups, 3), or LearningCurves
            As given to `coreselect.allocation.allocate`. The part of the loss that rows
            of all groups lower is taken as it is at the sizes of the allocation.
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        AllocationDisplay
        """
        if not hasattr(allocation, "predicted") or isinstance(allocation, type):
            raise TypeError(
                "allocation must be what coreselect.allocation.allocate returned, got "
                f"{allocation!r}."
            )
        points = None
        if hasattr(curves, "sigma"):
            columns = {n: getattr(curves, n) for n in ("sigma", "power", "floor")}
            points = curves.sizes, curves.losses
        else:
            table = np.asarray(curves, dtype=np.float64)
            if table.ndim != 2 or len(table) != len(allocation.sizes):
                raise ValueError(
                    f"curves must hold the {len(allocation.sizes)} curves of the "
                    f"allocation, got an array of shape {table.shape}."
                )
            table = np.column_stack([table, np.zeros(len(table))])
            columns = dict(zip(("sigma", "power", "floor"), table.T, strict=False))
        # At its size, each curve goes through the predicted loss.
        with np.errstate(divide="ignore", invalid="ignore"):
            own = columns["sigma"] * allocation.sizes ** -columns["power"]
        own = np.where(columns["sigma"] > 0, own, 0.0)
        finite = np.isfinite(allocation.predicted)
        columns["floor"] = np.where(
            finite, allocation.predicted - own, columns["floor"]
        )
        made = cls(
            allocation.groups,
            columns,
            allocation.sizes,
            allocation.predicted,
            points=points,
        )
        return made.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw one curve for each group.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default that of a new figure of pyplot.

        Returns
        -------
        AllocationDisplay
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        self.lines_ = {}
        most = max(2.0 * self.sizes.max(), 2.0)
        if self.points is not None:
            most = max(most, self.points[0].max())
        for number, (group, look) in enumerate(styles(self.groups).items()):
            sigma, power, floor = (self.curves[n][number] for n in self.curves)
            size, loss = self.sizes[number], self.predicted[number]
            low = max(1.0, min(size, most / 2) / 8)
            n = np.geomspace(low, most, 200)
            (line,) = self.ax_.plot(
                n,
                floor + sigma * n**-power,
                color=look["color"],
                linestyle=look["linestyle"],
                label=f"{group}: {size:,} rows",
            )
            self.lines_[group] = line
            if np.isfinite(loss):
                self.ax_.plot(size, loss, look["marker"], color=look["color"], ms=8)
            if self.points is not None:
                sizes, losses = (array[:, number] for array in self.points)
                seen = sizes >= low
                self.ax_.plot(
                    sizes[seen], losses[seen], ".", color=look["color"], alpha=0.4, ms=4
                )
        self.ax_.set(xlabel="rows of the group", ylabel="loss", xscale="log")
        self.ax_.legend(frameon=False, fontsize="small")
        tidy(self.ax_)
        return self
