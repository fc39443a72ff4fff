"""Rounds of collecting: spend a part of the budget, measure, decide anew."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from coreselect._validation import Real, check_nonnegative, is_number
from coreselect.allocation._allocate import (
    Allocation,
    check_objective,
    share_out,
)
from coreselect.allocation._curves import Curves, check_costs, per_group, refuse
from coreselect.allocation._fit import fit_power_law

_NOISE = 0.1  # relative error that losses are taken to have
_LEAST = 1e-6  # of the largest loss: below it, losses are as good as zero


class RoundAllocator:
    """Decide round by round of which group to collect more rows.

    For people who collect or label data. `ask` says how many rows of each group to
    collect next. Train on all rows so far, measure the loss of each group on rows that
    are held out, and `tell` these losses. Each `tell` adds a point to the learning
    curve of the group, and the next `ask` shares out the money so that, with what is
    there already, the objective is least.

    Parameters
    ----------
    budget : float
        What all rounds together may cost; without `cost`, the number of rows.
    cost : dict of group to float, or float, optional
        Cost of a row, above 0; 1 by default.
    weight : dict of group to float, optional
        How much the loss of each group counts; see `allocate`.
    objective : {"mean", "worst", "regret"} or float, default="mean"
        See `allocate`.
    lower : dict of group to int, or int, optional
        Fewest rows of each group, which the first round collects. Give each group 20
        rows, or twice as many as there are features.

    Attributes
    ----------
    groups : list
        Those that `cost`, `weight` and `lower` name, or else those of the first `tell`.
    sizes : dict of group to int
        Rows asked for so far.
    spent : float
        What they cost.
    allocation : Allocation or None
        The last decision; its `predicted` are the losses to expect.

    See Also
    --------
    AllocationSelector : The same where all rows are there already.
    allocate : One decision, with known curves.

    Notes
    -----
    The first round asks for the same number of rows from each group. Later rounds fit a
    power law to the losses of each group, which are taken to be 10 % off; with one
    point, its power is 0.75. Rows cannot be given back, so spend little in the first
    round: a quarter to a tenth of the budget. A group that is not measured keeps its
    curve.

    In a benchmark with losses that are 10 % off, six rounds came within 5 % of what
    could be reached if the curves were known (``python -m benchmarks.allocation``)
    [1]_.

    References
    ----------
    .. [1] W. Cai, R. Encarnacion, B. Chern, S. Corbett-Davies, M. Bogen, S. Bergman,
       S. Goel, "Adaptive sampling strategies to construct equitable training datasets",
       FAccT 2022, :arxiv:`2202.01327`.

    Examples
    --------
    >>> from coreselect.allocation import RoundAllocator
    >>> rounds = RoundAllocator(300, cost={"town": 1, "country": 1})
    >>> rounds.ask(100)
    {'town': 50, 'country': 50}
    >>> rounds.tell({"town": 0.02, "country": 0.08})
    >>> rounds.ask(200)
    {'town': 44, 'country': 156}
    """

    def __init__(
        self,
        budget: float,
        *,
        cost: dict[Any, float] | float | None = None,
        weight: dict[Any, float] | None = None,
        objective: Literal["mean", "worst", "regret"] | float = "mean",
        lower: dict[Any, int] | int | None = None,
    ) -> None:
        Real(0, strict=True)("budget", budget)
        check_objective(objective)
        self.budget = budget
        self.objective = objective
        self.spent = 0.0
        self.allocation: Allocation | None = None
        self.groups: list[Any] = []
        self.sizes: dict[Any, int] = {}
        self._given = {"cost": cost, "weight": weight, "lower": lower}
        for name, value in self._given.items():
            if not (value is None or isinstance(value, dict) or is_number(value)):
                raise TypeError(
                    f"{name} must be a dict of group to number, or a number for all "
                    f"groups, got {value!r}."
                )
        named = [d for d in self._given.values() if isinstance(d, dict)]
        if named:
            self._begin(list(dict.fromkeys(group for d in named for group in d)))
        else:  # of one group, to check numbers
            self._check(["any"])

    def _check(self, groups):
        """Return the costs, weights and lower bounds of groups."""
        cost = check_costs(self._given["cost"], groups)
        weight = per_group(self._given["weight"], groups, "weight", 1.0)
        refuse(weight, groups, "weight", weight < 0, "must not be negative")
        lower = per_group(self._given["lower"], groups, "lower", 0.0)
        refuse(lower, groups, "lower", lower < 0, "must not be negative")
        return cost, weight, lower

    def _begin(self, groups):
        self._cost, self._weight, self._lower = self._check(groups)
        self.groups = groups
        self.sizes = dict.fromkeys(groups, 0)
        self._points = {group: [] for group in groups}

    def ask(self, spend: float) -> dict[Any, int]:
        """Return how many more rows of each group to collect.

        Parameters
        ----------
        spend : float
            What they may cost: at most what is left of the budget.

        Returns
        -------
        dict of group to int

        Raises
        ------
        TypeError, ValueError
            If no group is known yet, or `spend` is not a number above 0, is more than
            what is left, or does not pay for the least rows of the first round.
        """
        Real(0, strict=True)("spend", spend)
        if not self.groups:
            raise ValueError(
                "no group is known yet: name the groups in cost, such as "
                "cost={'north': 1, 'south': 2}, or tell their losses first."
            )
        left = self.budget - self.spent
        if spend > left * (1 + 1e-12):
            raise ValueError(
                f"spend={spend:g} is more than the {left:g} that are left of the "
                f"budget of {self.budget:g}."
            )
        held = np.array([self.sizes[group] for group in self.groups], dtype=np.float64)
        made = share_out(
            self.spent + spend,
            cost=self._cost,
            lower=held if self.spent else self._lower,
            name="spend",
            **self._aim(),
        )
        more = made.sizes - held.astype(np.int64)
        self.sizes = dict(zip(self.groups, made.sizes.tolist(), strict=True))
        self.allocation, self.spent = made, made.cost
        return dict(zip(self.groups, more.tolist(), strict=True))

    def tell(self, losses: dict[Any, float]) -> None:
        """Take the losses that were measured with the rows so far.

        Parameters
        ----------
        losses : dict of group to float
            Mean losses over held-out rows of each group; not negative. Groups may be
            missing.

        Raises
        ------
        TypeError, ValueError
            If losses are not numbers, or a group is unknown.
        """
        if not isinstance(losses, dict) or not losses:
            raise TypeError(
                f"losses must be a dict of group to loss, got {losses!r}; for example "
                "{'north': 0.2, 'south': 0.3}."
            )
        values = check_nonnegative(list(losses.values()), None, "losses")
        if not self.groups:
            self._begin(list(losses))
        unknown = [group for group in losses if group not in self.sizes]
        if unknown:
            raise ValueError(
                f"losses names the group {unknown[0]!r}, but the groups are "
                f"{', '.join(map(repr, self.groups))}."
            )
        for group, loss in zip(losses, values.tolist(), strict=True):
            if self.sizes[group]:  # without rows, a loss is no point of a curve
                self._points[group].append((self.sizes[group], loss))

    def _aim(self):
        """Return the curves, the weights and the objective."""
        n_groups = len(self.groups)
        if not all(self._points.values()):  # flat curves give equal sizes
            ones, zeros = np.ones(n_groups), np.zeros(n_groups)
            flat = Curves(self.groups, ones, ones, zeros, zeros, ones)
            return {"curves": flat, "objective": "worst"}
        largest = max(loss for points in self._points.values() for _, loss in points)
        fits = []
        for group in self.groups:
            sizes, losses = np.array(self._points[group], dtype=np.float64).T
            errors = np.maximum(_NOISE * losses, _LEAST * (largest or 1.0))
            fits.append(fit_power_law(sizes, None, losses, errors, intervals=False))
        columns = np.array([fit[:-1] for fit in fits]).T
        return {
            "curves": Curves(self.groups, *columns),
            "weight": self._weight,
            "objective": self.objective,
        }
