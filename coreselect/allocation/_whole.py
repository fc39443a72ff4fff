"""Whole numbers near the best real sizes, exactly the best ones if costs are equal."""

from __future__ import annotations

import numpy as np

from coreselect._typing import Integers
from coreselect.allocation._solve import Problem, whole_by_level

_TIE = 1e-9  # relative; among equally good groups, the one that lacks most is first
_TRIED = 10  # groups that are tried as source and as target if costs differ


def whole_sizes(problem: Problem, sizes: np.ndarray) -> Integers:
    """Round the best real sizes to whole numbers within the bounds and the budget.

    For a level: the lowest one that the budget pays for, whatever the costs. For sums,
    from the sizes rounded down, each further row goes to the group where it does most;
    then rows move between groups as long as that helps. Losses are convex, so if costs
    are equal, sizes that no such move improves are the best (Fox 1966).
    """
    search = _Search(problem, sizes)
    if problem.objective.is_level and search.counts.any():
        search.n = whole_by_level(problem, search.shared, search.low, search.high)
        search.fill()
        return search.n.astype(np.int64)
    search.take_back()
    search.fill()
    improve = search.exchange if np.ptp(problem.cost) else search.move
    for _ in range(10 * len(sizes)):
        if not improve():
            break
        search.fill()
    return search.n.astype(np.int64)


class _Search:
    """Whole sizes `n` within the bounds, which steps improve."""

    def __init__(self, problem, sizes):
        self.problem, self.sizes = problem, sizes
        self.shared = problem.shared(sizes.sum())
        counts = (problem.weight > 0) & (problem.sigma > 0)
        self.low = np.maximum(np.ceil(problem.low - _TIE), counts)
        self.high = np.floor(np.minimum(problem.high, problem.budget / problem.cost))
        self.high = np.maximum(self.high, self.low)
        self.counts = counts
        # Utilities are told apart near those of the worst group, whatever the aversion.
        gains = 1 - self.losses(sizes)[counts]
        self.unit = max(gains.min(initial=1.0), 1e-9)
        self.n = np.clip(np.floor(sizes + _TIE), self.low, self.high)

    def left(self):
        """Return the money that is left; a little less than a row's cost is a row."""
        return self.problem.budget * (1 + 1e-12) - self.problem.cost @ self.n

    def take_back(self):
        """Take rows back where they do least, until the budget pays for the others.

        Lower bounds that were rounded up may cost more than the budget has.
        """
        while self.left() < 0 and (spare := self.n > self.low).any():
            losses = self.gains(self.n - 1) / self.problem.cost
            self.n[np.argmin(np.where(spare, losses, np.inf))] -= 1

    def fill(self):
        """Give rows where they do most for their cost, while money is left."""
        cost = 1.0 if self.problem.objective.is_level else self.problem.cost
        while (free := (self.n < self.high) & (self.problem.cost <= self.left())).any():
            self.n[self.first_best(self.gains(self.n) / cost, free)] += 1

    def move(self):
        """Move the row that does least to where it does most; return whether it helps.

        For equal costs.
        """
        gains, losses = self.gains(self.n), self.gains(self.n - 1)
        spare = self.n > self.low
        if not spare.any():
            return False
        source = int(np.argmin(np.where(spare, losses, np.inf)))
        free = self.n < self.high
        free[source] = False
        if not free.any():
            return False
        target = self.first_best(gains, free)
        helps = gains[target] > losses[source] * (1 + _TIE)
        if helps:
            self.n[source] -= 1
            self.n[target] += 1
        return helps

    def exchange(self):
        """Give one group a row for some of another; return whether it helps."""
        cost, left, value = self.problem.cost, self.left(), self.value(self.n)
        best = None
        gains, losses = self.gains(self.n) / cost, self.gains(self.n - 1) / cost
        targets = np.argsort(
            np.where(self.n < self.high, -gains, np.inf), kind="stable"
        )
        sources = np.argsort(np.where(self.n > self.low, losses, np.inf), kind="stable")
        for target in targets[:_TRIED]:
            if self.n[target] >= self.high[target]:
                continue
            for source in sources[:_TRIED]:
                rows = max(1.0, np.ceil((cost[target] - left) / cost[source]))
                if source == target or self.n[source] - rows < self.low[source]:
                    continue
                trial = self.n.copy()
                trial[source] -= rows
                trial[target] += 1
                if (reached := self.value(trial)) < value * (1 - _TIE):
                    best, value = trial, reached
        if best is not None:
            self.n = best
        return best is not None

    def value(self, n):
        return self.problem.value(self.losses(n))

    def losses(self, n):
        return self.problem.floor + self.shared + self.problem.own(np.maximum(n, 0.0))

    def first_best(self, gains, free):
        """Return which of the groups that are free comes first."""
        most = gains[free].max()
        slack = _TIE * abs(most) if np.isfinite(most) else 0.0
        lacks = np.round(self.sizes - self.n, 9)
        return int(np.argmax(np.where(free & (gains >= most - slack), lacks, -np.inf)))

    def gains(self, n):
        """Return what one more row of each group does; for a level, its loss."""
        problem, now = self.problem, self.losses(n)
        if problem.objective.is_level:
            floor = problem.floor if problem.objective.kind == "regret" else 0.0
            return np.where(self.counts, now - floor, -np.inf)
        then = self.losses(n + 1)
        if problem.objective.kind == "utility":
            now, then = self.disutility(now), self.disutility(then)
        with np.errstate(invalid="ignore"):
            gains = np.where(np.isinf(now), np.inf, now - then)
            return np.where(self.counts, problem.weight * gains, 0.0)

    def disutility(self, losses):
        """Return minus the utility of Atkinson; infinity for losses of 1 or more."""
        aversion = self.problem.objective.aversion
        gain = (1 - losses) / self.unit
        inside = np.where(gain > 0, gain, 1.0)
        with np.errstate(over="ignore"):
            power = inside ** (1 - aversion)
        utility = np.log(inside) if aversion == 1 else power / (1 - aversion)
        return np.where(gain > 0, -utility, np.inf)
