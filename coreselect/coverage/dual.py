"""Upper bounds of facility location, by Lagrangian duality.

For any ``u_i >= 0`` that a client is granted, a set S of k rows has
``f(S) <= sum_i w_i u_i + sum_{j in S} r_j(u)`` with the profits
``r_j(u) = sum_i w_i max(0, s_ij - u_i)``. So no k rows reach more than the first sum
plus the k largest profits [Cornuejols, Fisher and Nemhauser 1977]; within a budget,
those of a knapsack take their place. What the clients
have after some greedy picks is a good start for u; subgradient steps improve it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coreselect._typing import Floats, Integers
from coreselect.sampling.turns import Purse, Turns

_STEPS = 200
_FEWER = 50  # steps for sizes below that of the search
_PATIENCE = 8  # steps without progress after which steps become shorter
_STARTS = 12  # prefixes that are tried as a start
_ROUNDING = 1e-12  # relative; sums are far more exact


class Entered(NamedTuple):
    """An upper bound of the value of some sets.

    Attributes
    ----------
    bound : float
    chosen : ndarray of int
        The rows whose profits are in it.
    missing : float
        The share of the profit of the last one that is not.
    """

    bound: float
    chosen: Integers
    missing: float = 0.0

    def servers(self, pairs: Any, u: Floats) -> Floats:
        """Count, for every client, the chosen rows that give it more than u."""
        counts = pairs.count_servers(self.chosen, u)
        if self.missing:
            counts = counts - self.missing * pairs.count_servers(self.chosen[-1:], u)
        return counts


class Bounds:
    """Bounds for all sizes up to one, each a sum of clients and the best profits.

    Parameters
    ----------
    n_rows, size : int
        The number of candidates, and the largest size.
    turns : Turns
        Which candidates must be in, and how many of each group, before any pick.
    """

    def __init__(self, n_rows: int, size: int, turns: Turns) -> None:
        self.size = size
        self._least: Any = np.inf
        self._codes, self._need, self._room = turns.codes, turns.need, turns.room
        if turns.codes is not None:
            self._need, self._room = turns.need.copy(), turns.room.copy()
        musts = np.zeros(n_rows, bool) if turns.musts is None else turns.musts
        self._musts, self._free = np.flatnonzero(musts), np.flatnonzero(~musts)

    def enter(self, granted: float, profits: Floats, size: int) -> Entered:
        """Enter the bounds of some u: the granted sum, and the profits of all rows.

        Returns the bound for sets of `size` rows.
        """
        order = self._best(profits)
        totals = granted + np.cumsum(np.concatenate([[0.0], profits[order]]))
        chosen = order[:size]
        if size == self.size and self._codes is not None:
            chosen = self._with_needs(order, profits)
            totals = np.append(totals[:size], granted + profits[chosen].sum())
        self._least = np.minimum(self._least, totals[: self.size + 1])
        return Entered(float(totals[min(size, len(totals) - 1)]), chosen)

    def _best(self, profits):
        """Return rows that must be in, then the others of the largest profits."""
        free, wanted = self._free, self.size - len(self._musts)
        if self._codes is None and 0 < wanted < len(free):
            free = free[np.argpartition(-profits[free], wanted - 1)[:wanted]]
        free = free[np.argsort(-profits[free], kind="stable")]
        if self._codes is not None:
            self._ranks = _ranks(self._codes[free])
            inside = self._ranks < self._room[self._codes[free]]
            free, self._ranks = free[inside], self._ranks[inside]
        else:
            free = free[:wanted]
        return np.concatenate([self._musts, free])

    def _with_needs(self, order, profits):
        """Return the best rows of the largest size, with those that groups need."""
        # What each group needs are its best rows; the others are the best of the rest.
        free = order[len(self._musts) :]
        needed = self._ranks < self._need[self._codes[free]]
        others = free[~needed][: self.size - len(self._musts) - needed.sum()]
        return np.concatenate([self._musts, free[needed], others])

    def at(self, size: int) -> float:
        """Return the least bound for sets of a size."""
        return float(self._least[size]) * (1 + _ROUNDING)


class BudgetBounds:
    """Bounds for sets of rows that cost at most what the first picks cost.

    For all picks, this is the whole budget. Rows that cost nothing are in every set:
    purses let them cost a little, which all budgets pay for. No set has larger profits
    than a knapsack that takes rows by their profit per cost, and a part of the last
    one.

    Parameters
    ----------
    purse : Purse
        The budget, before any pick.
    order : list of int
    """

    def __init__(self, purse: Purse, order: list[int]) -> None:
        self.size, self._cost = len(order), purse.cost
        budgets = np.cumsum(np.concatenate([[0.0], purse.cost[order]])) + purse.for_free
        budgets[-1] = purse.left / (1 + _ROUNDING)  # which was added before
        musts = np.zeros(len(self._cost), bool) if purse.musts is None else purse.musts
        self._musts = np.flatnonzero(musts)
        paid = self._cost[musts].sum()
        self._left = np.maximum(budgets * (1 + _ROUNDING) - paid, 0.0)
        self._free = np.flatnonzero(~musts & (self._cost <= self._left[-1]))
        self._least = np.full(self.size + 1, np.inf)

    def enter(self, granted: float, profits: Floats, size: int) -> Entered:
        """Do what `Bounds.enter` does, for what the first `size` picks cost."""
        rates = profits[self._free] / self._cost[self._free]
        order = self._free[np.argsort(-rates, kind="stable")]
        granted += float(profits[self._musts].sum())
        costs = np.cumsum(np.concatenate([[0.0], self._cost[order]]))
        totals = granted + np.cumsum(np.concatenate([[0.0], profits[order]]))
        found = np.interp(self._left, costs, totals)
        self._least = np.minimum(self._least, found)
        left = self._left[size]
        whole = int(np.searchsorted(costs, left, side="right")) - 1
        chosen, missing = np.concatenate([self._musts, order[: whole + 1]]), 0.0
        if whole < len(order):
            missing = 1.0 - (left - costs[whole]) / self._cost[order[whole]]
        return Entered(float(found[size]), chosen, missing)

    def at(self, size: int) -> float:
        """Return the least bound for what the first picks cost."""
        return float(self._least[size]) * (1 + _ROUNDING)


def _ranks(codes):
    """Return how many earlier entries each one has that are equal to it."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(codes)])
    out = np.empty(len(codes), dtype=np.int64)
    out[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return out


def improve(pairs: Any, bounds: Any, picks: list[int], values: Floats) -> None:
    """Improve bounds for the size of a greedy search, its half, its quarter, ...

    Parameters
    ----------
    pairs : Stored
        The pairs that matter beyond what clients had before these picks.
    bounds : Bounds or BudgetBounds
    picks : list of int
    values : ndarray of shape (bounds.size + 1,)
        The value of every prefix of the search, from that of no picks on.
    """
    before, size = bounds.size - len(picks), bounds.size
    while size and size >= before:
        _improve(pairs, bounds, picks[: size - before], values[size], size)
        size //= 2


def _improve(pairs, bounds, picks, value, size):
    """Improve the bound for one size."""
    # u never falls below the base of the pairs, because pairs below it are not known.
    # Steps are as long as Polyak's, with lengths of u weighted as clients are: then a
    # row of weight 2 counts as the row twice.
    everyone = np.arange(len(pairs.starts) - 1)
    weight, u = pairs.weight, _best_start(pairs, bounds, picks, size, everyone)
    best, idle, factor = np.inf, 0, 1.0
    for _ in range(_STEPS if size == bounds.size else _FEWER):
        granted = float(weight @ u)
        profits = pairs.gains(everyone, u)
        entered = bounds.enter(granted, profits, size)
        bound = entered.bound
        idle = 0 if bound < best * (1 - 1e-7) else idle + 1
        best = min(best, bound)
        if idle == _PATIENCE:
            factor, idle = 0.6 * factor, 0
        step = 1.0 - entered.servers(pairs, u)
        length = float(weight @ step**2)
        if best <= value * (1 + 1e-9) or length == 0:
            return
        u = np.maximum(pairs.base, u - factor * (bound - value) / length * step)


def _best_start(pairs, bounds, picks, size, everyone):
    """Return what clients have after the picks of which the bound is least."""
    tried = set(np.linspace(0, len(picks), _STARTS).astype(int).tolist())
    u, best, least = pairs.served.copy(), pairs.served, np.inf
    for t in range(len(picks) + 1):
        if t:
            found, values = pairs.column(picks[t - 1], u)
            u[found] = values
        if t in tried:
            granted, profits = float(pairs.weight @ u), pairs.gains(everyone, u)
            bound = bounds.enter(granted, profits, size).bound
            if bound < least:
                best, least = u.copy(), bound
    return best
