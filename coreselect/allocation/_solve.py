"""Real-valued sizes that make an objective of power laws least within a budget.

The loss of group g with n rows is ``base + sigma n**-power``. Each objective makes the
sizes of all groups functions of one number: of the value of money for sums, of the
level for the worst group. The cost of the sizes falls as that number grows, so it is
the root of an increasing function. Bounds clip the sizes, which keeps that so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root
from scipy.special import logsumexp

from coreselect._typing import Floats

_LARGEST = 700.0  # logarithm of the largest sizes
_FARTHEST = 1e6  # where roots are searched
_TOL = 1e-13
_SLACK = 1e-9  # a size this little above a whole number is that number
_LITTLE = 1e-9  # decides where nothing else does
_MOST_STEPS = 200


class Objective(NamedTuple):
    """What is made least: ``"mean"``, ``"worst"``, ``"regret"`` or ``"utility"``.

    Attributes
    ----------
    kind : str
    aversion : float
        Of ``"utility"``: the parameter of Atkinson, above 0.
    """

    kind: str
    aversion: float = 0.0

    @property
    def is_level(self) -> bool:
        """Whether the largest of some losses counts, not their sum."""
        return self.kind in ("worst", "regret")


class Problem(NamedTuple):
    """Groups with their curves and bounds; every array has shape (n_groups,).

    The loss of a group with n of N rows in all is ``floor + sigma n**-power + pooled
    N**-pooled_power``.
    """

    objective: Objective
    budget: float
    cost: Floats
    weight: Floats
    sigma: Floats
    power: Floats
    floor: Floats
    pooled: Floats
    pooled_power: Floats
    low: Floats
    high: Floats

    def shared(self, total: float) -> Floats:
        """Return the part of the losses that all rows lower."""
        with np.errstate(divide="ignore"):
            part = np.power(np.where(self.pooled > 0, total, 1.0), -self.pooled_power)
        return self.pooled * part

    def own(self, sizes: Floats) -> Floats:
        """Return the part of the losses that a group's own rows lower."""
        return self.sigma * self._falling(sizes, self.power)

    def _falling(self, sizes, power):
        """Return ``sizes**-power``; 1 for flat curves, also where there are no rows."""
        with np.errstate(divide="ignore"):
            return np.power(np.where(self.sigma > 0, sizes, 1.0), -power)

    def losses(self, sizes: Floats) -> Floats:
        """Return the loss of every group."""
        return self.floor + self.own(sizes) + self.shared(sizes.sum())

    def value(self, losses: Floats) -> float:
        """Return the objective."""
        counts = self.weight > 0
        if self.objective.is_level:
            floor = self.floor if self.objective.kind == "regret" else 0.0
            return float((losses - floor)[counts].max())
        weight, losses = self.weight[counts], losses[counts]
        if self.objective.kind == "mean":
            return float(weight @ losses)
        with np.errstate(divide="ignore"):
            gains = np.log(np.maximum(1 - losses, 0.0))
        shares = weight / weight.sum()
        rest = 1 - self.objective.aversion
        if rest == 0:
            return float(-np.expm1(shares @ gains))
        return float(-np.expm1(logsumexp(rest * gains, b=shares) / rest))

    def slopes(self, sizes: Floats) -> Floats:
        """Return how much one more row of each group lowers the objective.

        For the worst group: its loss.
        """
        slope = self.sigma * self.power * self._falling(sizes, self.power + 1)
        if self.objective.is_level:
            return slope
        if self.objective.kind == "utility":
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                slope *= np.power(1 - self.losses(sizes), -self.objective.aversion)
        counts = self.weight > 0
        return np.where(counts, self.weight, 0.0) * np.where(counts, slope, 0.0)

    def shared_slope(self, total: float) -> float:
        """Return how much one more row of any group lowers the sum of losses."""
        if self.objective.kind != "mean":
            return 0.0
        return float(self.weight @ (self.pooled_power * self.shared(total)) / total)


def solve(problem: Problem) -> Floats:
    """Return the best sizes, real numbers within the bounds.

    The budget must pay for the lower bounds.
    """
    if problem.cost @ problem.high <= problem.budget:
        return problem.high
    if problem.cost @ problem.low >= problem.budget:  # equal, but for rounding
        return problem.low
    counts = (problem.weight > 0) & (problem.sigma > 0)
    needed = np.where(counts, problem.high, problem.low)
    if problem.cost @ needed <= problem.budget:
        problem = _spread(problem._replace(low=needed))
    prices = problem.cost
    shares = (problem.pooled > 0).any() and np.ptp(problem.cost) > 0
    if shares and problem.objective.kind == "mean":
        prices = problem.cost - _bonus(problem)
    total = problem.budget / problem.cost.mean()
    for _ in range(_MOST_STEPS):
        sizes = _at_total(problem, problem.shared(total), prices)
        before, total = total, sizes.sum()
        if abs(total - before) <= _TOL * total:
            break
    return sizes


def _spread(problem):
    """Return a problem that spreads money where a group's own rows do nothing for it.

    If its rows help all groups, cheap ones are bought, and a little part that own rows
    lower makes sizes even. Otherwise sizes are equal. Groups without weight come last.
    """
    counts, ones = problem.weight > 0, np.ones(len(problem.weight))
    needed = np.where(counts, problem.high, problem.low)
    is_more = problem.cost @ needed <= problem.budget
    pooled = np.where(counts, problem.pooled, 0.0)
    return problem._replace(
        low=needed if is_more else problem.low,
        objective=Objective("mean" if pooled.any() else "worst"),
        weight=ones if is_more else np.where(counts, 1.0, 0.0),
        sigma=_LITTLE * (pooled.max() or 1.0) * ones,
        power=ones,
        floor=0 * ones,
        pooled=pooled,
    )


def _bonus(problem):
    """Return what a row of any group is worth, as money, since all groups gain by it.

    A row then costs its price less this bonus, which is less than the lowest cost.
    """

    def excess(bonus):
        prices = problem.cost - bonus
        sizes = _at_total(problem, np.zeros(len(prices)), prices)
        worth = (problem.slopes(sizes) / prices).max()
        return bonus - problem.shared_slope(sizes.sum()) / worth

    most = problem.cost.min() * (1 - 1e-9)
    return most if excess(most) < 0 else brentq(excess, 0.0, most, xtol=1e-12 * most)


def _at_total(problem, shared, prices):
    """Return the sizes if the part that all rows lower is given."""
    kind = problem.objective.kind
    if problem.objective.is_level:
        base = shared if kind == "regret" else shared + problem.floor
        sizes = _by_level(problem, base)
    elif kind == "mean":
        sizes = _by_value_of_money(problem, prices)
    else:
        sizes = _by_utility(problem, problem.floor + shared)

    def clipped(t):
        return np.clip(sizes(t), problem.low, problem.high)

    return clipped(_root(lambda t: problem.cost @ clipped(t) / problem.budget))


def whole_by_level(
    problem: Problem, shared: Floats, low: Floats, high: Floats
) -> Floats:
    """Return the whole sizes of the lowest level that the budget pays for."""
    regret = problem.objective.kind == "regret"
    sizes = _by_level(problem, shared if regret else shared + problem.floor)

    def whole(t):
        return np.clip(np.ceil(sizes(t) - _SLACK), low, high)

    def is_paid(t):
        return problem.cost @ whole(t) <= problem.budget * (1 + 1e-12)

    below, above = -1.0, 1.0
    while is_paid(below) and below > -_FARTHEST:
        below *= 2
    while not is_paid(above) and above < _FARTHEST:
        above *= 2
    while above - below > 1e-14 * max(abs(above), abs(below), 1.0):
        middle = (above + below) / 2
        below, above = (below, middle) if is_paid(middle) else (middle, above)
    return whole(above)


def _by_value_of_money(problem, prices):
    """Return sizes as a function of the logarithm of the value of money.

    ``weight sigma power n**(-power - 1) = value * price``.
    """
    with np.errstate(divide="ignore"):
        height = np.log(problem.weight * problem.sigma * problem.power / prices)
    return lambda t: _exp((height - t) / (1 + problem.power))


def _by_level(problem, base):
    """Return sizes as a function of the logarithm of the level above a base.

    The level is above the base of every group that has no upper bound.
    """
    counts = (problem.weight > 0) & (problem.sigma > 0)
    unbounded = counts & np.isinf(problem.high)
    lowest = base[unbounded].max() if unbounded.any() else base[counts].min()
    with np.errstate(divide="ignore"):
        height = np.where(counts, np.log(problem.sigma), -np.inf)

    def sizes(t):
        above = (lowest - base) + _exp(t)
        with np.errstate(divide="ignore", invalid="ignore"):
            n = _exp((height - np.log(above)) / problem.power)
        return np.where(counts, np.where(above > 0, n, np.inf), 0.0)

    return sizes


def _by_utility(problem, base):
    """Return sizes as a function of the logarithm of the value of money.

    ``weight (1 - loss)**-aversion sigma power n**(-power - 1) = value * cost``. The
    left side falls from infinity, where the loss is 1, to 0.
    """
    counts = np.flatnonzero((problem.weight > 0) & (problem.sigma > 0))
    sigma, power, base = (a[counts] for a in (problem.sigma, problem.power, base))
    base = np.minimum(base, 1 - 1e-12)
    height = np.log(problem.weight[counts] * sigma * power / problem.cost[counts])
    least = np.log(sigma / (1 - base)) / power  # where the loss is 1

    aversion = problem.objective.aversion
    left, right = np.full(len(counts), -300.0), np.full(len(counts), _LARGEST)

    # n = exp(least) * (1 + exp(log_step)), which tells losses just below 1 apart.
    def excess(log_step, height, power, least, room):
        grown = np.logaddexp(0.0, log_step)
        below = room * -np.expm1(-power * grown)
        return height - (1 + power) * (least + grown) - aversion * np.log(below)

    def sizes(t):
        arguments = (height - t, power, least, 1 - base)
        found = find_root(excess, (left, right), args=arguments).x
        # Without a root between them, the end that is nearer to one.
        found = np.where(excess(left, *arguments) <= 0, left, found)
        found = np.where(excess(right, *arguments) >= 0, right, found)
        n = np.zeros(len(problem.sigma))
        n[counts] = _exp(least + np.logaddexp(0.0, found))
        return n

    return sizes


def _root(share: Callable[[float], float]) -> float:
    """Return where a falling function is 1."""

    def excess(t):
        return min(share(t), 2.0) - 1.0

    low, high = -1.0, 1.0
    while excess(low) < 0 and low > -_FARTHEST:
        low *= 2
    while excess(high) > 0 and high < _FARTHEST:
        high *= 2
    return brentq(excess, low, high, xtol=1e-15, maxiter=500)


def _exp(log_sizes):
    return np.exp(np.minimum(log_sizes, _LARGEST))
