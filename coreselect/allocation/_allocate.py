"""How many rows of which group: the best sizes under known learning curves."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Column, Floats, Integers
from coreselect._validation import OneOf, Real, check_nonnegative, is_number
from coreselect.allocation._curves import (
    as_curves,
    check_costs,
    per_group,
    refuse,
)
from coreselect.allocation._solve import Objective, Problem, solve
from coreselect.allocation._whole import whole_sizes

OBJECTIVES = ("mean", "worst", "regret")
_SMALL = 0.02  # a smaller gain over equal sizes is none: noise alone gives some
_MOSTLY = 0.5  # share of its floor from which on a group is said to be trapped
_MOST_ROWS = 10**12  # more cannot be told apart from one row more, where it matters


@dataclass(frozen=True, eq=False)
class Allocation:
    """How many rows of each group to take, and what losses to expect.

    Parameters
    ----------
    sizes : ndarray of int64 of shape (n_groups,)
        Whole numbers of rows within the bounds and the budget.
    predicted : ndarray of float64 of shape (n_groups,)
        Losses of the groups at these sizes.
    marginal : ndarray of float64 of shape (n_groups,)
        How much one more unit of money for a group would lower the objective, at the
        best real sizes. For ``"mean"`` and numbers, it is equal for all groups that no
        bound holds. For ``"worst"`` and ``"regret"``: how much it would lower the loss
        of the group.
    objective : str or float
    value : float
        The objective at `sizes`.
    relaxed : ndarray of float64 of shape (n_groups,)
        The best sizes if parts of rows could be taken.
    relaxed_value : float
        The objective at `relaxed`, which no whole numbers undercut.
    equal_value : float
        The objective if all groups got the same number of rows, as far as bounds allow.
    groups : list
        Names of the groups.
    cost : float
        What `sizes` cost.
    notes : tuple of str
        Sentences on what to beware of: no gain over equal sizes, or a group whose loss
        more rows hardly lower.

    See Also
    --------
    allocate : Makes it.

    Examples
    --------
    >>> from coreselect.allocation import allocate
    >>> print(allocate(30, [[1, 1], [4, 1]]))
    group  rows  loss
    0        10   0.1
    1        20   0.2
    mean: 0.3, with equal sizes 0.3333
    """

    sizes: Integers
    predicted: Floats
    marginal: Floats
    objective: str | float
    value: float
    relaxed: Floats = field(repr=False)
    relaxed_value: float = field(repr=False)
    equal_value: float = field(repr=False)
    groups: list = field(repr=False)
    cost: float = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def gain(self) -> float:
        """By which share of its value with equal sizes the objective falls."""
        if not self.equal_value > 0 or np.isinf(self.equal_value):
            return float(self.equal_value > self.value)
        return max(0.0, 1 - self.value / self.equal_value)

    def __str__(self):
        names = [str(group) for group in self.groups]
        width = max(5, *map(len, names))
        lines = [f"{'group':{width}}  rows  loss"]
        for name, size, loss in zip(names, self.sizes, self.predicted, strict=True):
            lines.append(f"{name:{width}}  {size:4}  {loss:.4g}".rstrip())
        reached = f"{self.value:.4g}, with equal sizes {self.equal_value:.4g}"
        return "\n".join([*lines, f"{self.objective}: {reached}", *self.notes])


def allocate(
    budget: float,
    curves: Any,
    *,
    cost: Column | dict[Any, float] = None,
    weight: Column | dict[Any, float] = None,
    objective: Literal["mean", "worst", "regret"] | float = "mean",
    lower: Column | dict[Any, float] = None,
    upper: Column | dict[Any, float] = None,
) -> Allocation:
    """Share a budget among groups so that a sum of losses, or the worst, is least.

    Parameters
    ----------
    budget : float
        What all rows together may cost; without `cost`, the number of rows.
    curves : array-like of shape (n_groups, 2) or (n_groups, 3), or LearningCurves
        A row with sigma, power and perhaps floor for every group: with n rows, its loss
        is ``floor + sigma n**-power``. Or what `learning_curves` returned.
    cost : number, array-like of shape (n_groups,) or dict, optional
        Cost of a row of each group, above 0; 1 by default. A dict names groups.
    weight : number, array-like of shape (n_groups,) or dict, optional
        How much the loss of each group counts; 1 by default. Shares of a population
        make ``"mean"`` the mean loss over it. For ``"worst"`` and ``"regret"``, only
        whether a weight is 0 matters.
    objective : {"mean", "worst", "regret"} or float, default="mean"
        - ``"mean"``: the sum of weight times loss.
        - ``"worst"``: the largest loss.
        - ``"regret"``: the largest excess of a loss over its floor, which no number of
          rows undercuts.
        - A number a of at least 0: one minus the equally distributed gain of Atkinson,
          with gain ``1 - loss``. The larger a, the more the worst groups count: 0 is
          ``"mean"``, and large numbers are near ``"worst"``. Losses must be below 1, as
          error rates are.
    lower, upper : number, array-like of shape (n_groups,) or dict, optional
        Least and largest number of rows of each group: rows that are there already, and
        rows that exist. By default 0 and no limit.

    Returns
    -------
    Allocation

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, a bound cannot be kept, or the budget does
        not pay for `lower` or for one row of every group that counts.

    See Also
    --------
    neyman : The allocation of survey sampling, a special case.
    learning_curves : Curves from data.

    Notes
    -----
    O(n_groups) for each of about 60 steps of a root search: the best real sizes have a
    closed form for a given value of money, ``n = (weight sigma power / (value
    cost))**(1 / (1 + power))``, or for a given level of the loss. `sizes` are the best
    whole numbers if all costs are equal [1]_, and for ``"worst"`` and ``"regret"``
    whatever they are. For sums under other costs, no move of rows between two groups
    that was tried improves them.

    The part of `learning_curves` that rows of all groups lower counts in `predicted`.
    For ``"mean"``, cheap rows are bought for its sake too; for other objectives it is
    held at the total of the result, which is exact for equal costs. Where only this
    part or nothing depends on rows, they are shared equally.

    A group with a high floor takes most of the budget under ``"worst"``: `notes` says
    so. ``"regret"`` leaves floors out. That is a choice about values, not about
    numbers: equal losses, equal excess and equal sizes are three kinds of fairness.

    References
    ----------
    .. [1] B. Fox, "Discrete optimization via marginal analysis", Management Science
       13(3), 1966, :doi:`10.1287/mnsc.13.3.210`.
    .. [2] E. Rolf, T. Worledge, B. Recht, M. I. Jordan, "Representation matters:
       assessing the importance of subgroup allocations in training data", ICML 2021,
       :arxiv:`2103.03399`.

    Examples
    --------
    >>> from coreselect.allocation import allocate
    >>> allocate(30, [[1, 1], [4, 1]]).sizes
    array([10, 20])
    >>> allocate(30, [[1, 1], [4, 1]], objective="worst").sizes
    array([ 6, 24])
    """
    return share_out(
        budget,
        curves,
        cost=cost,
        weight=weight,
        objective=objective,
        lower=lower,
        upper=upper,
    )


def neyman(
    weight: ArrayLike,
    deviation: ArrayLike,
    size: float,
    *,
    cost: Column = None,
) -> Allocation:
    """Share a sample among strata so that the variance of a mean is least.

    Parameters
    ----------
    weight : array-like of shape (n_groups,)
        Share of each stratum in the population.
    deviation : array-like of shape (n_groups,)
        Standard deviation of the values in each stratum.
    size : float
        Number of rows; with `cost`, what they may cost.
    cost : array-like of shape (n_groups,), optional
        Cost of a row of each stratum, above 0.

    Returns
    -------
    Allocation
        ``relaxed`` is in proportion to ``weight * deviation / sqrt(cost)``; `value` is
        the variance ``sum((weight * deviation)**2 / sizes)`` of the estimated mean, for
        draws with replacement.

    Raises
    ------
    TypeError, ValueError
        If numbers are negative or not finite, or `size` does not pay for a row of each
        stratum.

    See Also
    --------
    allocate : The same for any learning curves. Here sigma is ``(weight *
        deviation)**2``, and the power is 1.

    Notes
    -----
    O(n_groups). The formula is in [1]_ and, with costs, in [2]_. The whole numbers
    are the best ones for equal costs.

    References
    ----------
    .. [1] J. Neyman, "On the two different aspects of the representative method",
       Journal of the Royal Statistical Society 97(4), 1934, :doi:`10.2307/2342192`.
    .. [2] W. G. Cochran, "Sampling techniques", 3rd edition, Wiley, 1977, chapter 5,
       ISBN 978-0-471-16240-7.

    Examples
    --------
    >>> from coreselect.allocation import neyman
    >>> neyman([0.5, 0.3, 0.2], [2, 4, 10], 10).sizes
    array([2, 3, 5])
    """
    weight = check_nonnegative(weight, None, "weight")
    if not len(weight):
        raise ValueError("weight is empty; give the share of at least one stratum.")
    deviation = check_nonnegative(deviation, len(weight), "deviation")
    curves = np.column_stack([(weight * deviation) ** 2, np.ones(len(weight))])
    return share_out(size, curves, cost=cost, name="size")


def share_out(
    budget: float,
    curves: Any,
    *,
    objective: Any = "mean",
    name: str = "budget",
    **given: Any,
) -> Allocation:
    """Do what `allocate` does; `name` is that of the budget."""
    curves = as_curves(curves)
    problem = _problem(budget, curves, objective, name, **given)
    sizes = solve(problem)
    whole = whole_sizes(problem, sizes)
    predicted = problem.losses(whole)
    slopes = problem.slopes(sizes) + problem.shared_slope(sizes.sum())
    made = Allocation(
        sizes=whole,
        predicted=predicted,
        marginal=slopes / problem.cost,
        objective=objective,
        value=problem.value(predicted),
        relaxed=sizes,
        relaxed_value=problem.value(problem.losses(sizes)),
        equal_value=problem.value(problem.losses(equal_sizes(problem))),
        groups=list(curves.groups),
        cost=float(problem.cost @ whole),
    )
    return replace(made, notes=tuple(_notes(problem, made)))


def _problem(
    budget,
    curves,
    objective,
    name,
    *,
    cost=None,
    weight=None,
    lower=None,
    upper=None,
):
    """Check what is given, and raise if the budget does not pay for what must be."""
    Real(0, strict=True)(name, budget)
    groups = curves.groups
    cost = check_costs(cost, groups)
    if budget > _MOST_ROWS * cost.min():
        raise ValueError(
            f"{name}={budget:g} pays for {budget / cost.min():.3g} rows, more than the "
            f"{_MOST_ROWS:g} that are counted exactly; give a smaller one."
        )
    weight = per_group(weight, groups, "weight", 1.0)
    refuse(weight, groups, "weight", weight < 0, "must not be negative")
    if not weight.any():
        raise ValueError("weight is 0 for every group; give at least one a weight.")
    low = per_group(lower, groups, "lower", 0.0)
    refuse(low, groups, "lower", low < 0, "must not be negative")
    high = per_group(upper, groups, "upper", np.inf)
    refuse(high, groups, "upper", high < 0, "must not be negative")
    refuse(low, groups, "lower", low > high, "is above upper")
    counts = (weight > 0) & (curves.sigma > 0)
    refuse(high, groups, "upper", counts & (high < 1), "leaves no row to take")
    target = check_objective(objective)
    problem = Problem(target, float(budget), cost, weight, *curves[1:], low, high)
    if target.kind == "utility":
        problem = problem._replace(low=_below_one(problem))
    needed = cost * np.maximum(np.ceil(problem.low), counts)
    if needed.sum() > budget * (1 + 1e-12):
        most = int(np.argmax(needed))
        why = " with losses below 1" if target.kind == "utility" else ""
        remedy = "Raise it" + (", or lower the bounds" if (low > 1).any() else "")
        raise ValueError(
            f"{name}={budget:g} does not pay for the least rows of all groups"
            f"{why}, which cost {needed.sum():g}; those of group {groups[most]!r} cost "
            f"most, {needed[most]:g}. {remedy}."
        )
    return problem


def check_objective(objective):
    """Return the `Objective` that is given by its name or as a number."""
    if is_number(objective, numbers.Real):
        Real(0)("objective", objective)
        return Objective("utility" if objective else "mean", float(objective))
    OneOf(*OBJECTIVES)("objective", objective)
    return Objective(objective)


def _below_one(problem):
    """Return lower bounds from which on losses are below 1."""
    base = problem.floor + problem.shared(problem.budget / problem.cost.mean())
    counts = (problem.weight > 0) & (problem.sigma > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        least = (problem.sigma / (1 - base)) ** (1 / problem.power)
    # One part in 10**9 more: at a loss of exactly 1, utilities may be infinite.
    least = np.maximum(problem.low, np.where(counts, least * (1 + 1e-9), 0.0))
    wrong = (problem.weight > 0) & (base >= 1) | counts & ~(least <= problem.high)
    if wrong.any():
        group = int(np.argmax(wrong))
        raise ValueError(
            f"objective={problem.objective.aversion:g} needs losses below 1, as error "
            f"rates are, but that of group number {group} cannot fall below 1; divide "
            "losses by that of a constant prediction, or use objective='mean'."
        )
    return least


def equal_sizes(problem):
    """Return the same real number of rows for all groups, as far as bounds allow."""
    one, none = np.ones(len(problem.cost)), np.zeros(len(problem.cost))
    alike = {"weight": one, "sigma": one, "power": one, "floor": none, "pooled": none}
    return solve(problem._replace(objective=Objective("worst"), **alike))


def _notes(problem, made):
    """Yield sentences on what to beware of."""
    if made.gain < _SMALL:
        yield (
            f"No gain: with equal sizes the objective is {made.equal_value:.4g}, with "
            f"these {made.value:.4g}."
        )
    if problem.objective.kind == "worst":
        losses = np.where(problem.weight > 0, made.predicted, -np.inf)
        worst = int(np.argmax(losses))
        floor = problem.floor[worst]
        if floor > _MOSTLY * losses[worst]:
            share = problem.cost[worst] * made.sizes[worst] / made.cost
            yield (
                f"Group {made.groups[worst]!r} takes {100 * share:.0f} % of the money, "
                f"but its loss of {losses[worst]:.4g} cannot fall below {floor:.4g}, "
                "whatever its size; objective='regret' counts what rows can change."
            )
