"""Greedy search for set functions of which only values can be asked.

`lazy_greedy` chooses the first rows; `bidirectional_greedy` ranks all rows from both
ends, as the attribution method LiMA does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from coreselect._typing import Floats, Integers
from coreselect._validation import Integer, check_count, check_vector, warn_user
from coreselect.coverage.lazy import NOISE, TIE, LazyBounds, least_tie

_NO_ROWS = np.empty(0, dtype=np.int64)


class RisingGainWarning(UserWarning):
    """A gain rose as rows were added, so lazy greedy may have missed a better row."""


def lazy_greedy(
    value: Callable[[list[Integers]], Any], n: int, size: int
) -> tuple[Integers, Floats]:
    """Maximise a set function greedily, with as few evaluations as is safe.

    Each step adds the row that raises the value the most. If gains only fall as rows
    are added (submodularity), the result is that of trying every row in every step.

    Parameters
    ----------
    value : callable
        ``value(sets)`` takes a list of arrays of row numbers and returns the value of
        each set. The empty set is asked for, too.
    n : int
        Number of rows.
    size : int
        Number of rows to choose, at most `n`.

    Returns
    -------
    order : ndarray of int64 of shape (size,)
        The rows in the order of their choice.
    gains : ndarray of float64 of shape (size,)
        By how much each raised the value; negative gains are possible.

    Raises
    ------
    ValueError
        If `size` is more than `n`, or `value` does not return one finite number per
        set.

    Warns
    -----
    RisingGainWarning
        If a gain rises: then the function is not submodular, and other rows may be
        better.

    Notes
    -----
    The first step evaluates all rows, in one call. Later steps evaluate up to 32 sets
    per call. If the function is monotone and submodular, the value is at least ``1 -
    1/e`` of the best of this size. Gains within 1e-9 of the best are ties, and the
    lowest row comes first.

    References
    ----------
    .. [1] M. Minoux, "Accelerated greedy algorithms for maximizing submodular set
       functions", Optimization Techniques, 1978, :doi:`10.1007/BFb0006528`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.coverage import lazy_greedy
    >>> words = [{"a", "b", "c"}, {"c", "d"}, {"a", "d", "e"}]
    >>> def n_words(sets):
    ...     return [len(set().union(*(words[i] for i in rows))) for rows in sets]
    >>> lazy_greedy(n_words, 3, 2)
    (array([0, 2]), array([3., 2.]))
    """
    size = check_count(size, "size", most=check_count(n, "n"))
    asked = _Asked(value)
    total, order, gains = asked([_NO_ROWS])[0], _NO_ROWS, []
    search = LazyBounds(asked.extended(order, np.arange(n)) - total)

    def evaluate(rows):
        found = asked.extended(order, rows) - total
        asked.warn_of_rise(found, search.bounds[rows], total)
        return found

    for step in range(size):
        known = (lambda rows: search.bounds[rows]) if step == 0 else evaluate
        row, gain = search.best(known, value=total, can_fall=True)
        search.open[row] = False
        order, total = np.append(order, row), total + gain
        gains.append(gain)
    return order, np.array(gains)


def bidirectional_greedy(
    value: Callable[[list[Integers]], Any],
    n: int,
    size: int | None = None,
    *,
    pending: int = 8,
) -> tuple[Integers, Floats]:
    """Rank rows by a set function from both ends: the best first, the worst last.

    Each step appends the row that raises the value of the front set the most to the
    front. Of the `pending` rows that raise it the least, the one that raises the value
    of the back set the least goes to the back. So every step ranks two rows, and about
    half as many sets are evaluated as by greedy search for a full ranking.

    Parameters
    ----------
    value : callable
        ``value(sets)`` takes a list of arrays of row numbers and returns the value of
        each set. The empty set is asked for, too.
    n : int
        Number of rows.
    size : int, optional
        How many of the first rows of the ranking to return; by default all `n`.
    pending : int, default=8
        Number of rows that may go to the back in a step.

    Returns
    -------
    order : ndarray of int64 of shape (size,)
        The ranking, best first.
    gains : ndarray of float64 of shape (size,)
        By how much each row raised the value of the set, front or back, that it came
        to.

    Raises
    ------
    ValueError
        If `size` is more than `n`, `pending` is below 1, or `value` does not return one
        finite number per set.

    Warns
    -----
    RisingGainWarning
        If a gain rises as the front grows: then rows that went to the back early may
        deserve a better place.

    Notes
    -----
    About ``n**2 / 4 + n pending / 2`` evaluations for a full ranking. For a sum of
    values of single rows, the ranking is their sorted order. For other functions, only
    the first half of the ranking is greedy. If gains tie, within 1e-9, the lowest row
    goes to the front and the highest to the back.

    Examples
    --------
    >>> from coreselect.coverage import bidirectional_greedy
    >>> worth = [3.0, 9.0, 1.0, 5.0]
    >>> def total(sets):
    ...     return [sum(worth[i] for i in rows) for rows in sets]
    >>> bidirectional_greedy(total, 4)
    (array([1, 3, 0, 2]), array([9., 5., 3., 1.]))
    """
    n = check_count(n, "n")
    size = n if size is None else check_count(size, "size", most=n)
    Integer(1)("pending", pending)
    asked = _Asked(value)
    sets = [_NO_ROWS, _NO_ROWS]
    gains: list[list[float]] = [[], []]
    totals = [asked([_NO_ROWS])[0]] * 2
    left, before = np.arange(n), np.full(n, np.inf)

    def move(end, row, gain):
        sets[end] = np.append(sets[end], row)
        gains[end].append(gain)
        totals[end] += gain
        return left[left != row]

    while len(left) and len(sets[0]) < size:
        found = asked.extended(sets[0], left) - totals[0]
        asked.warn_of_rise(found, before[left], totals[0])
        before[left] = found
        best = found.max()
        row = left[np.argmax(found >= least_tie(best, totals[0]))]
        left = move(0, row, before[row])
        if len(left):
            worst = left[np.lexsort((-left, before[left]))][:pending]
            found = asked.extended(sets[1], worst) - totals[1]
            ties = worst[-found >= least_tie(-found.min(), totals[1])]
            row = ties.max()
            left = move(1, row, found[worst == row][0])
    order = np.concatenate([sets[0], sets[1][::-1]])
    return order[:size], np.array(gains[0] + gains[1][::-1])[:size]


class _Asked:
    """A set function of the user, with its results checked."""

    def __init__(self, value):
        if not callable(value):
            raise TypeError(
                "value must be a function that takes a list of arrays of row numbers, "
                f"got {value!r}."
            )
        self._value, self._warned = value, False

    def __call__(self, sets):
        found = self._value(sets)
        return check_vector(found, len(sets), "what value(sets) returns", of="sets")

    def extended(self, rows, others):
        """Return the values of a set with each of some other rows."""
        return self([np.append(rows, row) for row in others])

    def warn_of_rise(self, found: Floats, before: Floats, value: float) -> None:
        """Warn, once, if gains are larger than before by more than rounding."""
        limit = before + TIE * np.abs(before) + NOISE * abs(value)
        if self._warned or not (found > limit).any():
            return
        self._warned, at = True, int(np.argmax(found > limit))
        warn_user(
            f"a gain rose from {before[at]:.6g} to {found[at]:.6g} as rows were added: "
            "the function is not submodular, so a better row may have been missed. "
            "Compare with other searches if that matters.",
            RisingGainWarning,
        )
