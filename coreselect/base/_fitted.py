"""The record of what `fit` was given, and attributes that are learned on demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from coreselect._numbers import among_all
from coreselect._typing import Floats, Integers
from coreselect._validation import check_draws, check_size
from coreselect.sampling.designs import everything, weigh
from coreselect.sampling.rules import NO_RULES, Rules
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
        Number of all rows, and of those that the method learns from: those of positive
        weight, without `musts`.
    kept : ndarray of int64 or None
        Numbers of the rows that the method learns from; None if these are all rows.
    weight : ndarray of shape (n_total,) or None
        Weights of all rows as they were given.
    exponent : int
        Hooks see the weights divided by ``2**exponent``, which are near one.
    strata : ndarray of int of shape (n_rows,) or None
        Class of every row that the method learns from, if each class gets its share.
    record : Record
        How selections are made; they carry it.
    rules : Rules
        What selections must respect, about the rows of positive weight.
    musts : ndarray of int64
        Numbers of the rows that must be in but that the method does not learn from.
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
    rules: Rules
    musts: Integers

    def without_rows(self) -> AsFitted:
        """Return the same without what is kept for every row."""
        return self._replace(
            kept=None, weight=None, strata=None, rules=NO_RULES, musts=self.musts[:0]
        )

    def resolve(self, n_select: int, name: str = "n_select") -> int:
        """Return how many of the rows that a method learns from `n_select` asks for."""
        n_rows = self.n_rows + len(self.musts)
        size = check_size(n_select, n_rows, name)
        if self.repeats:
            check_draws(size, name)
        else:
            size = min(size, n_rows)
        self.rules.check_size(size, n_select, name)
        return size - len(self.musts)

    def is_settled(self, size: int) -> bool:
        """Return whether no rows or all rows are selected, whatever the method."""
        return size == 0 or (size == self.n_rows and not self.repeats)

    def settled(self, size: int) -> Selection:
        """Return the selection of none or all of the rows that a method learns from."""
        if size == 0:
            return self.with_musts([], [], [])
        return everything(self.weight, self.n_total)

    def with_musts(
        self, indices: Any, hits: Any, expected_hits: Any, design: Any = None
    ) -> Selection:
        """Return the `Selection` of drawn rows and of those that must be in.

        A `design` is about the drawn rows, which then ascend.
        """
        rows = np.append(self.numbers(indices), self.musts)
        certain = np.ones(len(self.musts))
        hits = np.append(hits, certain)
        expected_hits = np.append(expected_hits, certain)
        if design is not None and len(self.musts):
            design = _with_certain(design, np.argsort(rows), expected_hits, hits)
        return weigh(rows, hits, expected_hits, self.weight, self.n_total, design)

    def chances(self, values: Floats) -> Floats:
        """Return expected hits of all rows, from those that a method found."""
        chances = self.among_all(values)
        chances[self.musts] = 1.0
        return chances

    def numbers(self, indices: Integers) -> Integers:
        """Turn numbers among the rows learned from into those among all rows."""
        indices = np.asarray(indices, dtype=np.int64)
        return indices if self.kept is None else self.kept[indices]

    def among_all(self, values: Floats) -> Floats:
        """Give values of the rows learned from the length of all rows."""
        return among_all(values, self.kept, self.n_total)


def _with_certain(design, order, expected, hits):
    """Return the design of drawn rows and of certain ones after them, in an order."""
    n_certain = len(expected) - len(design)
    strata = design.strata
    if strata is not None or design.hits is not None:
        strata = np.zeros(len(design), int) if strata is None else strata
        strata = np.append(strata, np.full(n_certain, -1))[order]
    vectors = design.vectors
    if vectors is not None:  # rows that are certain are drawn with no other
        none = np.zeros((n_certain, vectors.shape[1]))
        vectors = np.vstack([vectors, none])[order]
    return replace(
        design,
        expected=expected[order],
        hits=None if design.hits is None else hits[order],
        strata=strata,
        vectors=vectors,
    )


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
