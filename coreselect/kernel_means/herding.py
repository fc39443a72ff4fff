"""Herding: rows whose mean comes ever closer to that of all rows, and a swap pass.

With t rows chosen, the next one has the largest ``mu - sum k(x_s, .) / (t + 1)``. For a
kernel with a constant diagonal, it lowers the discrepancy the most. One pass over the
chosen rows then replaces each by the best row in its place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coreselect._typing import Booleans, Floats, Integers
from coreselect.kernel_means.embedding import KernelMean
from coreselect.sampling.turns import Turns

_TIE = 1e-9  # relative to the largest product with the mean
# Rows at a squared distance below this share of their squared lengths are copies.
_COPY = 1e-9


class Herd(NamedTuple):
    """Rows in the order of their choice.

    Attributes
    ----------
    order : ndarray of int64 of shape (size,)
    spare : ndarray of bool of shape (size,)
        Which of them are copies of others, and get the weight 0.
    """

    order: Integers
    spare: Booleans


class _Chosen:
    """What is known of the rows that are chosen at a time.

    Attributes
    ----------
    sums : ndarray of shape (n_rows,)
        Sums of the kernel values of each row with all that count.
    """

    def __init__(self, mean: KernelMean) -> None:
        self.mean, self.sums = mean, np.zeros(mean.n_rows)
        self._copies = np.zeros(mean.n_rows, dtype=np.int64)

    def enter(self, row: int, column: Floats, sign: int = 1) -> None:
        """Enter a row, or take it out if the sign is -1."""
        self.sums += sign * column
        diagonal = self.mean.diagonal
        near = diagonal[row] + diagonal - 2 * column <= _COPY * (
            diagonal[row] + diagonal
        )
        near[row] = True
        self._copies += sign * near

    def fresh(self) -> Booleans:
        """Return which rows are neither chosen nor copies of chosen ones."""
        return self._copies == 0


def herd(
    mean: KernelMean,
    size: int,
    turns: Turns | None = None,
    among: Integers | None = None,
) -> Herd:
    """Choose rows by herding.

    Parameters
    ----------
    mean : KernelMean
    size : int
    turns : Turns, optional
        Which rows may be picked next, and which must be in.
    among : ndarray of int, optional
        The rows to choose from; all of them by default.

    Notes
    -----
    O(n d) for each row. Values within 1e-9 of each other are ties, and the lowest row
    comes first. Copies of chosen rows come last, lowest row first.
    """
    turns = turns or Turns(None, None, None, None, None)
    chosen, left = _Chosen(mean), np.zeros(mean.n_rows, dtype=bool)
    left[slice(None) if among is None else among] = True
    tie = _TIE * float(np.abs(mean.values).max(initial=0.0))
    order, spare = np.empty(size, dtype=np.int64), np.zeros(size, dtype=bool)
    n_counted = 0
    for t in range(size):
        may = turns.open_rows()
        may = left if may is None else left & may
        fresh = may & chosen.fresh()
        spare[t] = not fresh.any()
        if spare[t]:
            row = int(np.argmax(may))
        else:
            score = mean.values - chosen.sums / (n_counted + 1)
            row = _first_best(np.where(fresh, score, -np.inf), tie)
            chosen.enter(row, mean.column(row))
            n_counted += 1
        order[t], left[row] = row, False
        turns.take(row)
    return Herd(order, spare)


def swap(
    mean: KernelMean,
    herd: Herd,
    *,
    fixed: Booleans | None = None,
    groups: Integers | None = None,
) -> Herd:
    """Replace each row, in turn, by the one with which the discrepancy is least.

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
    O(n d) for each row. All weights are equal. A row stays unless another is better by
    more than rounding, so the discrepancy never rises.
    """
    order = herd.order.copy()
    chosen, counted = _Chosen(mean), np.flatnonzero(~herd.spare)
    for row in order[counted]:
        chosen.enter(row, mean.column(row))
    taken = np.zeros(mean.n_rows, dtype=bool)
    taken[order] = True
    m, tie = len(counted), _TIE * float(np.abs(mean.values).max(initial=0.0))
    for at in counted:
        row = order[at]
        if fixed is not None and fixed[row]:
            continue
        column = mean.column(row)
        chosen.enter(row, column, -1)
        taken[row] = False
        may = chosen.fresh() & ~taken
        may[row] = True
        if groups is not None:
            may &= groups == groups[row]
        score = mean.values - chosen.sums / m - mean.diagonal / (2 * m)
        score[~may] = -np.inf
        if score.max() > score[row] + tie:
            row = _first_best(score, tie)
            column = mean.column(row)
        order[at], taken[row] = row, True
        chosen.enter(row, column)
    return herd._replace(order=order)


def _first_best(score, tie):
    """Return the first row whose score is the largest, up to a tie."""
    return int(np.argmax(score >= score.max() - tie))
