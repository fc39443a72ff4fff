"""Passes of swaps: each chosen row, in turn, gives its place to the best row for it.

With equal weights, the best row for a place has the least ``sum k(x_s, .) / m + k(x, x)
/ (2 m) - mu`` over the other rows s. With weights of any kind, the other rows keep
theirs up to a factor. The row for the place, and its share of the sum, make the mean of
all rows nearest to the line between it and the mean of the others.

Places whose best weight is 0 are wasted while another row could get one: a row whose
product with the difference of the two means is less than that of the rows in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from coreselect._typing import Booleans, Floats, Integers
from coreselect.kernel_means.embedding import KernelMean
from coreselect.kernel_means.herding import Chosen, Herd
from coreselect.kernel_means.matched import Matched

_ALONE = 1e-6  # the others are not changed by a row that leaves them less of the sum
_EMPTY = 1e-6  # times the mean share: smaller shares count as 0
_ROUNDS = 5  # of filling places of weight 0; later ones lower the discrepancy little
_ROUNDING = 1e-4  # of a tie: smaller falls of the squared discrepancy do not count


class _Line(NamedTuple):
    """The mean of the rows in use minus that of all rows, and lines from it to rows.

    Attributes
    ----------
    products : ndarray of shape (n_rows,)
        Of each row, minus the mean of all rows, with this difference.
    square : float
        Its squared length.
    best : ndarray of shape (n_rows,)
        The share of each row with which the squared length becomes least.
    """

    products: Floats
    square: float
    best: Floats


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
        # Squared lengths of rows minus the mean.
        self.own = mean.diagonal - 2.0 * mean.values + mean.square
        self._taken = np.zeros(mean.n_rows, dtype=bool)
        self._taken[self.order] = True
        for at in self._counted:
            self.chosen.enter(self.order[at], mean.column(self.order[at]), shares[at])

    def open(self, among: Booleans | None = None) -> Iterator[tuple[int, Booleans]]:
        """Yield places whose row was taken out, and which rows may take them."""
        for at in self._counted:
            row = self.order[at]
            if among is not None and not among[at]:
                continue
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

    def line(self, at: int) -> _Line:
        """Return where the best points are on lines from the other rows to each row."""
        rest, self.shares[at] = 1.0 - self.shares[at], 0.0
        self.scale(1.0 / rest)
        values = self._mean.values
        inside = self.shares @ values[self.order]
        products = self.chosen.sums - values - inside + self._mean.square
        square = float(self.shares @ products[self.order])
        between = square - 2.0 * products + self.own
        best = np.clip((square - products) / np.where(between > 0, between, 1.0), 0, 1)
        return _Line(products, square, best)


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
    for at, may in places.open():
        if 1.0 - places.shares[at] < _ALONE:
            places.fill(at, np.zeros(mean.n_rows))
            continue
        products, square, best = places.line(at)
        left = (1.0 - best) ** 2 * square + 2.0 * best * (1.0 - best) * products
        left += best**2 * places.own
        places.fill(at, np.where(may, -left, -np.inf), best)
    return herd._replace(order=places.order)


def refill(
    mean: KernelMean,
    herd: Herd,
    *,
    fixed: Booleans | None = None,
    groups: Integers | None = None,
) -> Herd:
    """Fill places whose best weight is 0 by rows that get one.

    Parameters
    ----------
    mean : KernelMean
    herd : Herd
    fixed, groups : ndarray of shape (n_rows,), optional
        As for `swap`.

    Notes
    -----
    O(n d m + m^3) for each of five rounds. A round fills the places one after the
    other: by the row along which the discrepancy falls fastest, with the best share on
    the line to it. Then the best weights are computed anew. A round is kept only if the
    discrepancy falls, so it never rises.
    """
    matched = Matched(mean, herd, True)
    shares = matched.shares(len(herd.order))
    for _ in range(_ROUNDS):
        filled, tie = _filled(mean, herd, shares, fixed, groups)
        if (filled.order == herd.order).all():
            break
        later = Matched(mean, filled, True)
        found = later.shares(len(filled.order))
        if later.square(found) > matched.square(shares) - _ROUNDING * tie:
            break
        herd, matched, shares = filled, later, found
    return herd


def _filled(mean, herd, shares, fixed, groups):
    """Return rows with new ones in places of weight 0, and what differs by rounding."""
    places = _Places(mean, herd, shares.copy(), fixed, groups)
    for at, may in places.open(shares * len(shares) < _EMPTY):
        products, square, best = places.line(at)
        score = np.where(may, -products, -np.inf)
        # Where no row is better than those in use, the old one stays.
        row = places.order[at]
        score[row] = max(score[row], -square)
        places.fill(at, score, best)
    return herd._replace(order=places.order), places.chosen.tie
