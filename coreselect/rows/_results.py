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
    # As in a binary counter: results are held until those of the next ones of the same
    # level are there, at most two a level. The results of 2**k aligned blocks are
    # merged with each other first, so whoever has them all may do so beforehand.
    held: list[tuple[int, Any]] = []

    def settle(stop):
        """Merge what no block before `stop` comes between."""
        while len(held) > 1 and _end(held[-2][0], held[-1][0]) <= stop:
            (_, earlier), (number, later) = held[-2:]
            held[-2:] = [(number, merge(earlier, later))]

    for number, part in parts:
        settle(number)  # where numbers are missing
        held.append((number, part))
        settle(number + 1)
    settle(inf)
    return held[0][1] if held else None


def _end(first, second):
    """Return where the smallest run of 2**k aligned blocks that holds both ends."""
    level = (first ^ second).bit_length()
    return ((second >> level) + 1) << level


class PerRow:
    """Values of all rows, entered block by block; None before the first one."""

    def __init__(self, n_rows, *, in_file=False):
        self._n_rows = n_rows
        self._in_file = in_file  # whether the rows are, so that there may be many
        self.values = None

    def enter(self, rows, part):
        """Enter the values of some rows, given by a slice."""
        part = np.asarray(part)
        if part.shape[:1] != (rows.stop - rows.start,):
            raise ValueError(
                f"map: fn must return one value per row; it returned an array of "
                f"shape {part.shape} for {rows.stop - rows.start} rows."
            )
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
