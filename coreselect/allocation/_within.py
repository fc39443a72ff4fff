"""Rows of one group, drawn so that smaller samples are parts of larger ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from coreselect._typing import Floats, Integers
from coreselect.base import BaseSelector, RankSelector, ScoreSelector


def check_inner(name: str, value: Any) -> None:
    """Raise unless a selector can draw growing samples; None is one that can."""
    if value is None or isinstance(value, (ScoreSelector, RankSelector)):
        if getattr(value, "stratify", False):
            raise ValueError(
                f"{name}={value!r} has stratify=True, whose samples do not grow row by "
                "row; use stratify=False, and name the classes in groups."
            )
        return
    why = "" if isinstance(value, BaseSelector) else ", not its class or anything else"
    raise TypeError(
        f"{name} must be None, or a selector that scores or ranks rows{why}, got "
        f"{value!r}: rows that were taken must stay when more are drawn."
    )


class Uniform(NamedTuple):
    """A random order of the rows of a group, and their weights."""

    order: Integers
    weight: Floats

    @property
    def most(self) -> int:
        """The number of rows that can be drawn."""
        return len(self.order)

    def draw(self, size: int) -> tuple[Integers, Floats]:
        """Return row numbers and weights: input weight times number over size."""
        rows = self.order[:size]
        return rows, self.weight[:size] * (len(self.order) / max(size, 1))


class Chosen(NamedTuple):
    """A fitted selector of the rows of a group."""

    selector: BaseSelector
    rows: Integers
    most: int

    def draw(self, size: int) -> tuple[Integers, Floats]:
        """Return row numbers and weights as the selector gives them."""
        selection = self.selector.select(size)
        return self.rows[selection.indices], selection.weights


def within_group(
    rows: Any, numbers: Integers, selector: Any, most: int, rng: Any
) -> Any:
    """Return what draws up to `most` of some rows.

    A selector that scores rows draws by priority: with the same random numbers, the
    rows of the largest ``score / uniform`` of a smaller sample are in a larger one.
    """
    if selector is None:
        order = rng.permutation(numbers)
        return Uniform(order, rows.each_weight()[order])
    seed, size = int(rng.integers(2**63)), min(most, len(numbers))
    inner = clone(selector).set_params(n_select=size, random_state=seed)
    if isinstance(inner, RankSelector):
        return Chosen(inner.fit(rows.subset(numbers)), numbers, size)
    inner.set_params(design="priority").fit(rows.subset(numbers))
    return Chosen(inner, numbers, min(size, int(np.count_nonzero(inner.scores_))))
