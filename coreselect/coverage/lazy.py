"""Lazy greedy: gains only fall, so a gain that was computed earlier bounds it now.

A step evaluates the candidates of the largest bounds, until no other bound can matter
[Minoux 1978]. The order is that of plain greedy: every candidate that may be the best,
or tie with it, is evaluated.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Self

import numpy as np

from coreselect._typing import Booleans, Floats
from coreselect.sampling.turns import Purse, Turns

TIE = 1e-9  # gains this close to the best, relatively, are ties
NOISE = 1e-13  # share of the value that rounding of a gain may be
NOTHING = 1e-12  # gains below this share of the value count as zero
_BATCH = 32  # candidates evaluated at a time
_FEW = 4  # candidates whose gains are computed in float64 at a time


def least_tie(best: Any, value: float) -> Any:
    """Return the least gain that ties with the best one, at a value so far."""
    return best - TIE * abs(best) - NOISE * (abs(value) + abs(best))


class LazyBounds:
    """Bounds of the gains of all candidates, which fall as rows are chosen.

    Parameters
    ----------
    bounds : ndarray of float64 of shape (n,)
        Upper bounds for all candidates.

    Attributes
    ----------
    open : ndarray of bool of shape (n,)
        The candidates that may be chosen; those chosen are closed by the caller.
    """

    def __init__(self, bounds: Floats) -> None:
        self.bounds, self.open = bounds, np.ones(len(bounds), dtype=bool)

    def best(
        self,
        evaluate: Any,
        confirm: Any = None,
        value: float = 0.0,
        allowed: Booleans | None = None,
        *,
        can_fall: bool = False,
        cost: Floats | None = None,
    ) -> tuple[int, float]:
        """Find the open candidate of the largest gain, the lowest among ties.

        Parameters
        ----------
        evaluate : callable
            Returns the gains of an array of candidates; upper bounds of them if there
            is `confirm`.
        confirm : callable, optional
            Returns the gains themselves.
        value : float
            Of the rows chosen so far.
        allowed : ndarray of bool of shape (n,), optional
            Which open candidates may be chosen now; all by default.
        can_fall : bool
            Whether gains can be negative. If not, gains below 1e-12 of the value count
            as zero, and the lowest open candidate is next if there is no larger one.
        cost : ndarray of shape (n,), optional
            Positive. If given, the candidate of the largest gain divided by its cost is
            found.

        Returns
        -------
        candidate : int
        gain : float
        """
        bounds, exact = self.bounds, confirm is None
        price: Any = 1.0 if cost is None else cost

        def rate(rows):
            return bounds[rows] if cost is None else bounds[rows] / cost[rows]

        open_ = self.open if allowed is None else self.open & allowed
        known = np.zeros(len(bounds), dtype=np.int8)  # 1: evaluated, 2: exact
        floor = -np.inf if can_fall else NOTHING * value
        best, least = -np.inf, floor
        while True:
            may = np.flatnonzero(open_ & (known < 2) & (bounds > least))
            if not len(may):
                break
            if len(may) > _BATCH:
                may = may[np.argpartition(-rate(may), _BATCH - 1)[:_BATCH]]
            may = may[np.lexsort((may, -rate(may)))]
            if known[may[0]]:
                few = may[known[may] == 1][:_FEW]
                bounds[few], known[few] = confirm(few), 2
            else:
                few = may[known[may] == 0]
                bounds[few] = evaluate(few)
                known[few] = 1 + exact
            sure = few[(known[few] == 2) & (bounds[few] > floor)]
            if len(sure):
                best = max(best, float(rate(sure).max()))
                least = np.maximum(least_tie(best * price, value), floor)
        if best == -np.inf:
            # Nothing is gained any more: the lowest row is next.
            first = int(np.argmax(open_))
            return first, max(0.0, float((confirm or evaluate)(np.array([first]))[0]))
        ties = open_ & (known == 2) & (bounds >= least)
        chosen = int(np.argmax(ties))
        return chosen, float(bounds[chosen])


class Search:
    """Rows that are chosen one after the other.

    Subclasses write ``find(allowed, cost)``, which returns a row and its gain as
    `LazyBounds.best` does, and extend `add`.

    Parameters
    ----------
    bounds : ndarray of shape (n_rows,)
        Upper bounds of the first gains.

    Attributes
    ----------
    order, gains : list
        Picks, and by how much each raised the value.
    value : float
    """

    def __init__(self, bounds: Floats) -> None:
        self.lazy = LazyBounds(bounds)
        self.order: list[int] = []
        self.gains: list[float] = []
        self.value = 0.0

    def again(self) -> Self:
        """Return another search from the start, if no row has been chosen yet."""
        other = copy(self)
        other.order, other.gains = [], []
        other.lazy = LazyBounds(self.lazy.bounds.copy())
        return other

    def find(self, allowed: Any, cost: Any = None) -> tuple[int, float]:
        """Return the best row that is allowed, and its gain; subclasses write it."""
        raise NotImplementedError

    def add(self, row: int, gain: float) -> None:
        """Choose a row."""
        self.lazy.open[row] = False
        self.order.append(row)
        self.gains.append(gain)
        self.value += gain

    def run(self, size: int, turns: Turns | None = None) -> Self:
        """Choose `size` rows, each when it is its turn."""
        turns = turns or Turns()
        while len(self.order) < size:
            row, gain = self.find(turns.open_rows())
            self.add(row, gain)
            turns.take(row)
        return self

    def spend(self, purse: Purse, *, per_cost: bool) -> Self:
        """Choose rows until none is left that adds something and can be paid."""
        while (allowed := purse.open_rows() & self.lazy.open).any():
            is_free = purse.musts is None
            row, gain = self.find(allowed, purse.cost if per_cost and is_free else None)
            if is_free and gain <= NOTHING * abs(self.value):
                break
            self.add(row, gain)
            purse.take(row)
        return self


def within_budget(search: Any, rules: Any) -> Any:
    """Return a search after it has spent the budget of some `Rules`.

    It is the better of two: by gain per cost, and by gain alone. The second begins with
    the best single row, so the better one has (1 - 1/e) / 2 of the optimum [Khuller,
    Moss and Naor 1999; Leskovec et al. 2007].
    """
    by_gain = search.again().spend(rules.purse(), per_cost=False)
    per_cost = search.spend(rules.purse(), per_cost=True)
    better = -least_tie(-per_cost.value, 0.0)
    return by_gain if by_gain.value > better else per_cost
