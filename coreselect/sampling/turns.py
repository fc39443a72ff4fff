"""Picking rows one after the other, so that rules are met in the end."""

from __future__ import annotations

from typing import Any

import numpy as np


class Turns:
    """Which rows may be picked next, so that the rules are met in the end.

    Parameters
    ----------
    musts : ndarray of bool of shape (n_rows,) or None
    codes : ndarray of int of shape (n_rows,) or None
        The group of each row; None without quotas.
    need, room : ndarray of shape (n_groups,)
        How many rows, beside those that must be in, each group must still get, and may.
    spare : float
        How many places are left beside those.
    """

    def __init__(
        self,
        musts: Any = None,
        codes: Any = None,
        need: Any = None,
        room: Any = None,
        spare: Any = None,
    ) -> None:
        self.musts = None if musts is None or not musts.any() else musts.copy()
        self.codes, self.need, self.room, self.spare = codes, need, room, spare

    def open_rows(self) -> Any:
        """Return which rows may be picked; None means any."""
        if self.musts is not None:
            return self.musts
        if self.codes is None:
            return None
        wanted = (self.need > 0) | (self.spare > 0)
        return (wanted & (self.room > 0))[self.codes]

    def is_open(self, row: int) -> bool:
        """Return whether a row may be picked that need not be in."""
        if self.codes is None:
            return True
        code = self.codes[row]
        return (self.need[code] > 0 or self.spare > 0) and self.room[code] > 0

    def take(self, row: int) -> None:
        """Pick a row."""
        if self.musts is not None and self.musts[row]:
            self.musts[row] = False
            if not self.musts.any():
                self.musts = None
        elif self.codes is not None:
            code = self.codes[row]
            if self.need[code] > 0:
                self.need[code] -= 1
            else:
                self.spare -= 1
            self.room[code] -= 1


class Purse(Turns):
    """Which rows may be picked next, so that a budget pays for all of them.

    Parameters
    ----------
    musts : ndarray of bool of shape (n_rows,) or None
    cost : ndarray of shape (n_rows,)
        Positive; rows that cost nothing have the `least`.
    budget : float
    least : float, default=0.0

    Attributes
    ----------
    left : float
        What is left of the budget.
    for_free : float
        The sum of costs of the rows that cost nothing.
    """

    def __init__(
        self, musts: Any, cost: Any, budget: float, least: float = 0.0
    ) -> None:
        super().__init__(musts)
        self.cost, self.left = cost, budget
        self.for_free = float(np.count_nonzero(cost <= least) * least)

    def open_rows(self) -> Any:
        return self.cost <= self.left if self.musts is None else self.musts

    def take(self, row: int) -> None:
        super().take(row)
        self.left -= self.cost[row]
