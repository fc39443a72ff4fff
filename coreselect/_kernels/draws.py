"""Kernels of the sampling designs: one pass over the scores, uniforms passed in."""

from typing import NamedTuple

import numpy as np

from coreselect._kernels._jit import SUMS, jit


@jit(fastmath=SUMS)
def split_large(scores, threshold, capacity):
    """Return the scores of at least `threshold`, and the sum of the others.

    `capacity` is at least the number of scores that reach the threshold.
    """
    # The scale is found among the few scores that could reach probability one; of all
    # others, only the sum matters. So a pass replaces a sort of all scores.
    large = np.empty(capacity)
    n_large = 0
    rest = 0.0
    for k in range(scores.shape[0]):
        if scores[k] >= threshold:
            large[n_large] = scores[k]
            n_large += 1
        else:
            rest += scores[k]
    return large[:n_large].copy(), rest


class Carried(NamedTuple):
    """What pivotal sampling carries in each group, from part to part of the rows.

    Attributes
    ----------
    rows : ndarray of int64 of shape (n_groups,)
        The undecided row; -1 if there is none yet.
    chances : ndarray of shape (n_groups,)
        Its probability.
    """

    rows: np.ndarray
    chances: np.ndarray


def start_pivot(n_groups):
    """Return what groups carry before the first row."""
    return Carried(np.full(n_groups, -1), np.zeros(n_groups))


@jit
def pivot(scores, scale, uniforms, codes, first_row, carried):
    """Apply ordered pivotal sampling to some consecutive rows, within their groups.

    Row k has the inclusion probability ``p = min(1, scale * scores[k])`` and fights the
    carried row of its group ``codes[k]``. If their probabilities add up to at most one,
    the loser drops out and the winner carries the sum. Otherwise, one of them is
    selected and the other carries the excess over one. One uniform number decides each
    fight.

    ``scores[0]`` belongs to the row `first_row`. If `codes` is None, all rows are in
    group 0. Changes `carried`; returns the selected rows in the order of the fights.
    """
    # After every fight, the carried row stands for all rows of the group so far that
    # are undecided, and its probability is the fractional part of the sum of theirs. So
    # selected rows are spread evenly over the order, every row keeps its probability,
    # and the number selected from a group is its sum, rounded down or up. What the
    # groups carry in the end is drawn among by the caller.
    # Where the sum is one, both branches let the carried row win if u < carry: the
    # winner of the first is carried with probability one, that of the second is
    # selected and the other carried with probability zero. So rounding of a sum near
    # one does not change which rows are drawn.
    selected = np.empty(scores.shape[0], dtype=np.int64)
    n_selected = 0
    group, row, carry = 0, carried.rows[0], carried.chances[0]
    for k in range(scores.shape[0]):
        p = min(1.0, scale * scores[k])
        if p <= 0.0:
            continue
        if codes is not None and codes[k] != group:
            carried.rows[group], carried.chances[group] = row, carry
            group = codes[k]
            row, carry = carried.rows[group], carried.chances[group]
        total = carry + p
        if total <= 1.0:
            if uniforms[k] * total >= carry:
                row = first_row + k
            carry = total
        else:
            if uniforms[k] * (2.0 - total) < 1.0 - p:
                selected[n_selected] = row
                row = first_row + k
            else:
                selected[n_selected] = first_row + k
            n_selected += 1
            carry = total - 1.0
    carried.rows[group], carried.chances[group] = row, carry
    return selected[:n_selected].copy()


class Search(NamedTuple):
    """Where the search for the rows of ascending thresholds stands, in each group.

    Attributes
    ----------
    running : ndarray of shape (n_groups,)
        The sum of all terms of earlier groups, and of the terms so far of this group.
    following, stop : ndarray of int64 of shape (n_groups,)
        The number of the next threshold, and of the first one of later groups.
    last : ndarray of int64 of shape (n_groups,)
        The last row of a positive term; -1 if there is none yet.
    found : ndarray of int64 of shape (n_thresholds,)
        The rows of the thresholds.
    """

    running: np.ndarray
    following: np.ndarray
    stop: np.ndarray
    last: np.ndarray
    found: np.ndarray


def start_search(thresholds, totals=None):
    """Return a `Search` in groups whose terms add up to `totals`; by default in one."""
    if totals is None:
        totals = np.array([np.inf])
    ends = np.cumsum(totals)
    last = np.flatnonzero(totals)[-1:].sum()  # 0 if there are no terms
    owners = np.minimum(np.searchsorted(ends, thresholds, side="right"), last)
    bounds = np.searchsorted(owners, np.arange(len(totals) + 1))
    found = np.full(len(thresholds), -1)
    running = np.append(0.0, ends[:-1])
    none = np.full(len(totals), -1)
    return Search(running, bounds[:-1].copy(), bounds[1:], none, found)


@jit
def locate(scores, scale, codes, first_row, thresholds, search):
    """Find the rows where the cumulative sum of ``scale * scores`` passes thresholds.

    The sum runs over the rows of one group after those of another. Row k owns the
    thresholds with ``sum before k <= t < sum with k``. Rows whose term reaches one are
    left out: the caller selects them with certainty. A scale of 0 stands for sums of
    `scores` itself, without rows left out.

    ``scores[0]`` belongs to the row `first_row`. If `codes` is None, all rows are in
    group 0. Changes `search`.
    """
    # Thresholds ascend as the sum does, so both are walked once, and no array of
    # cumulative sums is made. A group owns the thresholds between its ends, whatever
    # the rounding of its running sum: see `rows_found`.
    group = 0
    running, t, stop = search.running[0], search.following[0], search.stop[0]
    plain = scale == 0.0
    for k in range(scores.shape[0]):
        term = scores[k] if plain else scale * scores[k]
        # Leaving out whole units does not move the thresholds, which are a unit apart,
        # relative to the fractional part of the sum.
        if term <= 0.0 or (term >= 1.0 and not plain):
            continue
        if codes is not None and codes[k] != group:
            search.running[group], search.following[group] = running, t
            group = codes[k]
            running, t = search.running[group], search.following[group]
            stop = search.stop[group]
        running += term
        search.last[group] = first_row + k
        while t < stop and running > thresholds[t]:
            search.found[t] = first_row + k
            t += 1
    search.running[group], search.following[group] = running, t


def rows_found(search):
    """Return the rows of all thresholds, after all rows were walked over.

    Thresholds that are beyond the end of a group by rounding go to its last row.
    """
    for group in np.flatnonzero(search.following < search.stop):
        beyond = slice(search.following[group], search.stop[group])
        search.found[beyond] = search.last[group]
    return search.found


def warmup():
    """Compile the kernels of this file that other rooms call."""
    half = np.full(4, 0.5)
    split_large(half, 0.5, 4)
    for codes in (None, np.zeros(4, dtype=np.int64)):
        pivot(half, 1.0, half, codes, 0, start_pivot(1))
        locate(half, 1.0, codes, 0, half, start_search(half))
