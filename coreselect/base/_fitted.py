"""The record of what `fit` was given, and attributes that are learned on demand."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coreselect._numbers import among_all
from coreselect._typing import Floats, Integers
from coreselect._validation import check_draws, check_size
from coreselect.sampling.designs import everything, weigh
from coreselect.selection import Record, Selection


class AsFitted(NamedTuple):
    """What `fit` was given, which no later `set_params` changes.

    Attributes
    ----------
    params : dict
        The constructor parameters.
    size : int or None
        Number of rows that `n_select` stands for; at most `n_rows`, unless rows are
        drawn with repeats. None until a method has found its own size, or if the size
        is random.
    seed : int
    repeats : bool
        Whether rows are drawn with repeats.
    n_total, n_rows : int
        Number of all rows, and of those of positive weight.
    kept : ndarray of int64 or None
        Numbers of the rows of positive weight; None if these are all rows.
    weight : ndarray of shape (n_total,) or None
        Weights of all rows as they were given.
    exponent : int
        Hooks see the weights divided by ``2**exponent``, which are near one.
    strata : ndarray of int of shape (n_rows,) or None
        Class of every row of positive weight, if each class gets its share.
    record : Record
        How selections are made; they carry it.
    """

    params: dict
    size: int | None
    seed: int
    repeats: bool
    n_total: int
    n_rows: int
    kept: np.ndarray | None
    weight: np.ndarray | None
    exponent: int
    strata: np.ndarray | None
    record: Record

    def resolve(self, n_select: int) -> int:
        """Return how many of the rows of positive weight `n_select` stands for."""
        size = check_size(n_select, self.n_rows)
        if not self.repeats:
            return min(size, self.n_rows)
        check_draws(size, "n_select")
        return size

    def is_settled(self, size: int) -> bool:
        """Return whether no rows or all rows are selected, whatever the method."""
        return size == 0 or (size == self.n_rows and not self.repeats)

    def settled(self, size: int) -> Selection:
        """Return the selection of no rows or of all rows."""
        if size == 0:
            return weigh([], [], [], None, self.n_total)
        return everything(self.weight, self.n_total)

    def numbers(self, indices: Integers) -> Integers:
        """Turn numbers among the rows of positive weight into those among all rows."""
        indices = np.asarray(indices, dtype=np.int64)
        return indices if self.kept is None else self.kept[indices]

    def among_all(self, values: Floats) -> Floats:
        """Give values of the rows of positive weight the length of all rows."""
        return among_all(values, self.kept, self.n_total)


class LearnedAttribute:
    """An attribute that `_learn` sets, and that is learned when it is first read.

    A `fit` that selects no rows or all rows learns nothing. Reading the attribute then
    learns from the same rows with the same seed; if that fails, there is no attribute.
    """

    # Python calls `__get__` only while the instance has no attribute of that name.

    def __set_name__(self, owner: Any, name: str) -> None:
        self._name = name

    def __get__(self, selector: Any, owner: Any = None) -> Any:
        if selector is None:
            return self
        if "_unlearned" in vars(selector):
            selector._learned_for(self._name)
        try:
            return vars(selector)[self._name]
        except KeyError:
            raise AttributeError(
                f"this {owner.__name__} has no attribute {self._name!r}; fit sets it."
            ) from None
