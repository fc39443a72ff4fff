"""Bases of the selectors that choose one row after the other."""

from __future__ import annotations

import numpy as np

from coreselect._typing import Checks, Features, Floats, Quotas, Seed, Size
from coreselect._validation import OrNone, Real
from coreselect.base import RankSelector, SelectorTags
from coreselect.coverage import source_of, within_budget


class TurnSelector(RankSelector):
    """Base of methods whose order of rows respects quotas and musts by itself.

    Subclasses choose rows by `_turns`. They return from `_learn` an object with
    ``order`` and ``weights(size)``.
    """

    row_rules: tuple[str, ...] = ("quotas", "include", "exclude")
    no_rules = "it picks a fixed number of rows, whatever they cost"

    def _largest(self):
        # After all rows but one, the last has its place, too.
        return min(self._fitted.size, self._fitted.n_rows - 1)

    def _turns(self):
        return self._fitted.rules.turns(self._fitted.size)

    def _rank(self, chosen, size, rng):
        order = chosen.order[:size]
        if not np.array_equal(self._fitted.rules.first_of(chosen.order, size), order):
            raise ValueError(
                f"n_select={size}: quotas ask for other rows than the first {size} of "
                f"the {len(chosen.order)} that were chosen; fit again with "
                f"n_select={size}."
            )
        return order, chosen.weights(size)


class PickSelector(TurnSelector):
    """Base of greedy searches whose picks, gains and weights are kept.

    Subclasses return from `_learn` an object with ``order``, ``gains``, ``values`` and
    ``weights(size)``, such as `coreselect.coverage.facility.Chosen`.
    """

    row_rules = ("quotas", "cost", "include", "exclude")
    parameter_checks: Checks = {"budget": OrNone(Real(0, strict=True))}

    def __init__(
        self,
        n_select: Size | None = 100,
        *,
        quotas: Quotas = None,
        budget: float | None = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.budget = budget

    def _check_parameters(self):
        super()._check_parameters()
        if self.quotas is not None and self.budget is not None:
            raise ValueError(
                f"{type(self).__name__} cannot take quotas beside budget="
                f"{self.budget!r}: greedy picks may use up the budget before groups "
                "have their least; leave one of the two out."
            )

    @property
    def value_(self) -> float:
        values = self._learned_for("value_").values
        return float(self._in_own_unit(values[len(self.selection_)]))

    @property
    def gains_(self) -> Floats:
        gains = self._learned_for("gains_").gains
        return self._in_own_unit(gains[: len(self.selection_)])

    def _size_of_budget(self):
        self._learn_now()
        return len(self._state.order)

    def _largest(self):
        # All rows are ranked, too, so that a selection of all has a value. Under a
        # budget, the size is None until it is spent.
        return self._fitted.size

    def _searched(self, search, size):
        """Return a search after it chose `size` rows, or those that a budget pays."""
        rules = self._fitted.rules
        if rules.budget is not None:
            return within_budget(search, rules)
        return search.run(size, self._turns())

    def _source(self, rows):
        """Return similarities to all rows, by the parameters; keep their gamma."""
        source = source_of(rows, self.similarity, self.gamma, rows.each_weight())
        self.gamma_ = source.gamma
        return source

    def _selector_tags(self):
        return SelectorTags(unbiased=False, exact_size=self.budget is None)
