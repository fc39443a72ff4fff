"""Passes of swaps: each chosen row, in turn, gives its place to the best row for it.

With equal weights, the best row for a place has the least ``sum k(x_s, .) / m + k(x, x)
/ (2 m) - mu`` over the other rows s. With weights of any kind, the other rows keep
theirs up to a factor. The row for the place, and its share of the sum, make the mean of
all rows nearest to the line between it and the mean of the others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from coreselect._typing import Booleans, Floats, Integers
from coreselect.kernel_means.embedding import KernelMean
from coreselect.kernel_means.herding import Chosen, Herd

_ALONE = 1e-6  # the others are not changed by a row that leaves them less of the sum


class _Places:
    """The places of chosen rows, which are filled anew one after the other."""

    def __init__(
        self,
        mean: KernelMean,
        herd: Herd,
        shares: Floats,
        fixed: Booleans | None,
        groups: Integers | None,
    ) -> None:
        self.order, self.shares = herd.order.copy(), shares
        self.chosen, self._mean = Chosen(mean), mean
        self._counted = np.flatnonzero(~herd.spare).tolist()
        self._fixed, self._groups = fixed, groups
        self._taken = np.zeros(mean.n_rows, dtype=bool)
        self._taken[self.order] = True
        for at in self._counted:
            self.chosen.enter(self.order[at], mean.column(self.order[at]), shares[at])

    def open(self) -> Iterator[tuple[int, Booleans]]:
        """Yield places whose row was taken out, and which rows may take them."""
        for at in self._counted:
            row = self.order[at]
            if self._fixed is not None and self._fixed[row]:
                continue
            self._column = self._mean.column(row)
            self.chosen.leave(row, self._column, self.shares[at])
            self._taken[row] = False
            may = self.chosen.fresh() & ~self._taken
            may[row] = True
            if self._groups is not None:
                may &= self._groups == self._groups[row]
            yield at, may

    def fill(self, at: int, score: Floats, shares: Floats | None = None) -> None:
        """Fill a place with the best row; the old one stays if no other is better.

        `shares` are those of each row if it is the one; the others share the rest.
        """
        row, column = self.order[at], self._column
        if score.max() > score[row] + self.chosen.tie:
            row = self.order[at] = self.chosen.first_best(score)
            column = self._mean.column(row)
        if shares is not None:
            self.scale(1.0 - shares[row])
            self.shares[at] = shares[row]
        self._taken[row] = True
        self.chosen.enter(row, column, self.shares[at])

    def scale(self, factor: float) -> None:
        """Multiply the shares of all rows."""
        self.shares *= factor
        self.chosen.sums *= factor


def swap(
    mean: KernelMean,
    herd: Herd,
    *,
    fixed: Booleans | None = None,
    groups: Integers | None = None,
) -> Herd:
    """Replace each row, in turn, by the best one in its place, with equal weights.

    Parameters
    ----------
    mean : KernelMean
    herd : Herd
    fixed : ndarray of bool of shape (n_rows,), optional
        Rows that stay.
    groups : ndarray of int of shape (n_rows,), optional
        A row is replaced by one of its own group.

    Notes
    -----
    O(n d) for each row. A row stays unless another is better by more than rounding, so
    the discrepancy never rises.
    """
    m = max(1, int((~herd.spare).sum()))
    places = _Places(mean, herd, np.ones(len(herd.order)), fixed, groups)
    alone = mean.values - mean.diagonal / (2 * m)
    for at, may in places.open():
        score = alone - places.chosen.sums / m
        places.fill(at, np.where(may, score, -np.inf))
    return herd._replace(order=places.order)


def swap_weighted(
    mean: KernelMean,
    herd: Herd,
    shares: Floats,
    *,
    fixed: Booleans | None = None,
    groups: Integers | None = None,
) -> Herd:
    """Replace each row, in turn, by the best one in its place, with its best weight.

    Parameters
    ----------
    mean : KernelMean
    herd : Herd
    shares : ndarray of shape (size,)
        The weights of the rows, of sum one.
    fixed, groups : ndarray of shape (n_rows,), optional
        As for `swap`.

    Notes
    -----
    O(n d) for each row. The discrepancy never rises.
    """
    places = _Places(mean, herd, shares.copy(), fixed, groups)
    own = mean.diagonal - 2.0 * mean.values + mean.square  # of rows minus the mean
    for at, may in places.open():
        rest = 1.0 - places.shares[at]
        if rest < _ALONE:
            places.fill(at, np.zeros(mean.n_rows))
            continue
        places.shares[at] = 0.0
        places.scale(1.0 / rest)
        # The mean of the others, minus that of all rows: its products with rows (also
        # minus the mean), and its squared length.
        inside = places.shares @ mean.values[places.order]
        products = places.chosen.sums - mean.values - inside + mean.square
        square = places.shares @ products[places.order]
        between = square - 2.0 * products + own
        best = np.clip((square - products) / np.where(between > 0, between, 1.0), 0, 1)
        left = (1.0 - best) ** 2 * square + 2.0 * best * (1.0 - best) * products
        left += best**2 * own
        places.fill(at, np.where(may, -left, -np.inf), best)
    return herd._replace(order=places.order)
