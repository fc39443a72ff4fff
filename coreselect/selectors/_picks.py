"""Bases of the selectors that choose one row after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._typing import Floats
from coreselect.base import RankSelector
from coreselect.coverage import source_of


class TurnSelector(RankSelector):
    """Base of methods whose order of rows respects quotas and musts by itself.

    Subclasses choose rows by `_turns`. They return from `_learn` an object with
    ``order`` and ``weights(size)``.
    """

    row_rules = ("quotas", "include", "exclude")
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
    ``weights(size)``, such as `coreselect.coverage.Chosen`.
    """

    @property
    def value_(self) -> float:
        values = self._chosen("value_").values
        return float(self._in_own_unit(values[len(self.selection_)]))

    @property
    def gains_(self) -> Floats:
        gains = self._chosen("gains_").gains
        return self._in_own_unit(gains[: len(self.selection_)])

    def _chosen(self, name: str) -> Any:
        check_is_fitted(self, "selection_")
        return self._learned_for(name)

    def _wanted(self, rows, size):
        """Return how many rows to choose, so that a selection of all has its value."""
        return size + (self._fitted.size == rows.n_rows)

    def _source(self, rows):
        """Return similarities to all rows, by the parameters; keep their gamma."""
        source = source_of(rows, self.similarity, self.gamma, rows.each_weight())
        self.gamma_ = source.gamma
        return source
