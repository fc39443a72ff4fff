"""Herding: rows whose mean comes ever closer to that of all rows.

With t rows chosen, the next one has the largest ``mu - sum k(x_s, .) / (t + 1)``. For a
kernel with a constant diagonal, it lowers the discrepancy the most.
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


class Chosen:
    """What is known of the rows that are chosen at a time.

    Attributes
    ----------
    sums : ndarray of shape (n_rows,)
        Sums of the kernel values of each row with all that count, times their shares.
    tie : float
        Values that differ by less are ties.
    """

    def __init__(self, mean: KernelMean) -> None:
        self.sums = np.zeros(mean.n_rows)
        self.tie = _TIE * float(np.abs(mean.values).max(initial=0.0))
        self._diagonal = mean.diagonal
        self._copies = np.zeros(mean.n_rows, dtype=np.int64)

    def enter(self, row: int, column: Floats, share: float = 1.0) -> None:
        """Enter a row, with its column of the kernel."""
        self.sums += share * column
        self._copies += self._near(row, column)

    def leave(self, row: int, column: Floats, share: float = 1.0) -> None:
        """Take a row out that was entered with this share."""
        self.sums -= share * column
        self._copies -= self._near(row, column)

    def _near(self, row, column):
        both = self._diagonal[row] + self._diagonal
        near = both - 2.0 * column <= _COPY * both
        near[row] = True
        return near

    def fresh(self) -> Booleans:
        """Return which rows are neither chosen nor copies of chosen ones."""
        return self._copies == 0

    def first_best(self, score: Floats) -> int:
        """Return the first row with the largest score, up to a tie."""
        return int(np.argmax(score >= score.max() - self.tie))


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
    chosen, left = Chosen(mean), np.zeros(mean.n_rows, dtype=bool)
    left[slice(None) if among is None else among] = True
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
            row = chosen.first_best(np.where(fresh, score, -np.inf))
            chosen.enter(row, mean.column(row))
            n_counted += 1
        order[t], left[row] = row, False
        turns.take(row)
    return Herd(order, spare)
