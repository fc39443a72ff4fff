"""Results of blocks: values of rows put together, others merged in a fixed order.

Only the numbers of the blocks decide the order of merging.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import numpy as np

from coreselect._scratch import by_parts, empty, parts


def merge_in_pairs(parts: Iterable[tuple[int, Any]], merge: Callable[..., Any]) -> Any:
    """Merge the results of blocks as a binary tree over their numbers.

    Parameters
    ----------
    parts : iterable of (int, object)
        Numbers of blocks, ascending, and their results. Numbers may be missing.
    merge : callable
        ``merge(a, b)`` merges the results of earlier blocks and of later ones.

    Returns
    -------
    object
        None if there are no parts.

    Examples
    --------
    >>> from coreselect.rows import merge_in_pairs
    >>> merge_in_pairs(enumerate("abcdefg"), lambda a, b: f"({a}{b})")
    '(((ab)(cd))((ef)g))'
    """
    held = merge_some(parts, merge, 0, inf)
    return held[0][1] if held else None


def merge_some(
    parts: Iterable[tuple[int, Any]], merge: Callable[..., Any], first: int, stop: float
) -> list[tuple[int, Any]]:
    """Merge the results of the blocks ``first`` to ``stop - 1`` as far as is known.

    Returns
    -------
    list of (int, object)
        Numbers of blocks and results, to be merged with others by `merge_in_pairs`,
        which gives what it gives for the results of single blocks.
    """
    # As in a binary counter: results are held until those of the next ones of the same
    # level are there, at most two a level. The results of 2**k aligned blocks are
    # merged with each other first, so whoever has them all may do so beforehand.
    held: list[tuple[int, Any]] = []

    def settle(end):
        """Merge what no block before `end` comes between."""
        while len(held) > 1:
            low, high = _aligned(held[-2][0], held[-1][0])
            if low < first or high > end:
                return
            (_, earlier), (number, later) = held[-2:]
            held[-2:] = [(number, merge(earlier, later))]

    for number, part in parts:
        settle(number)  # where numbers are missing
        held.append((number, part))
        settle(number + 1)
    settle(stop)
    return held


def _aligned(first, second):
    """Return the bounds of the smallest run of 2**k aligned blocks that holds both."""
    level = (first ^ second).bit_length()
    low = second >> level << level
    return low, low + (1 << level)


def values_of(rows, part):
    """Return the values that a function gave for some rows, given by a slice."""
    part = np.asarray(part)
    if part.shape[:1] != (rows.stop - rows.start,):
        raise ValueError(
            f"map: fn must return one value per row; it returned an array of "
            f"shape {part.shape} for {rows.stop - rows.start} rows."
        )
    return part


# How the results of consecutive blocks become one result, which may be done elsewhere.
# `found` are triples: the number of a block, its rows, and what a function returned.


def merged(
    merge: Callable[..., Any], found: Any, first: int, stop: int
) -> list[tuple[int, Any]]:
    """Fold what a function of `Rows.reduce` returns."""
    parts = ((number, part) for number, _, part in found)
    return merge_some(parts, merge, first, stop)


def stacked(found: Any, first: int, stop: int) -> Any:
    """Fold what a function of `Rows.map` returns."""
    parts = [values_of(rows, part) for _, rows, part in found]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def both(merge: Callable[..., Any], found: Any, first: int, stop: int) -> Any:
    """Fold what a function of `Rows.map_reduce` returns."""
    values = []

    def parts():
        for number, rows, (value, part) in found:
            values.append((number, rows, value))
            yield number, rows, part

    folded = merged(merge, parts(), first, stop)
    return stacked(values, first, stop), folded


class PerRow:
    """Values of all rows, entered block by block; None before the first one."""

    def __init__(self, n_rows, *, in_file=False):
        self._n_rows = n_rows
        self._in_file = in_file  # whether the rows are, so that there may be many
        self.values = None

    def filled(self, results):
        """Enter values of all rows and return them."""
        for rows, part in results:
            self.enter(rows, part)
            del part  # before the next block is read
        return self.values

    def enter(self, rows, part):
        """Enter the values of some rows, given by a slice."""
        part = values_of(rows, part)
        if self.values is None:
            shape, tabular = (self._n_rows, *part.shape[1:]), part.ndim > 1
            self.values = empty(shape, part.dtype, of_file=self._in_file and tabular)
        # A later block may need a wider dtype, such as floats after integers.
        elif part.dtype != self.values.dtype:
            wide = np.result_type(self.values, part)
            if wide != self.values.dtype:
                self.values = by_parts(lambda values: values, self.values, dtype=wide)
        home = self.values[rows]
        for some in parts(part, home):
            home[some] = part[some]
