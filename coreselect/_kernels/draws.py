"""Kernels of the sampling designs: one pass over the scores, uniforms passed in."""

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


@jit
def pivot(scores, scale, uniforms, first_row, carried, carry):
    """Apply ordered pivotal sampling to some consecutive rows.

    Row k has the inclusion probability ``p = min(1, scale * scores[k])`` and fights the
    carried row, whose probability is `carry`. If the two add up to at most one, the
    loser drops out and the winner carries the sum. Otherwise, one of them is selected
    and the other carries the excess over one. One uniform number decides each fight.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    scale : float
    uniforms : ndarray of shape (n,)
    first_row : int
        Number of the row that ``scores[0]`` belongs to.
    carried, carry : int, float
        The row carried so far and its probability; -1 and 0.0 at the start.

    Returns
    -------
    selected : ndarray of int64
        The rows selected in these fights, in the order of selection.
    carried, carry : int, float
    """
    # After every fight, the carried row stands for all rows so far that are undecided,
    # and `carry` is the fractional part of the sum of their probabilities. So selected
    # rows are spread evenly over the order, and every row keeps its probability.
    # Where the sum is one, both branches let the carried row win if u < carry: the
    # winner of the first is carried with probability one, that of the second is
    # selected and the other carried with probability zero. So rounding of a sum near
    # one does not change which rows are drawn.
    selected = np.empty(scores.shape[0], dtype=np.int64)
    n_selected = 0
    for k in range(scores.shape[0]):
        p = min(1.0, scale * scores[k])
        if p <= 0.0:
            continue
        total = carry + p
        if total <= 1.0:
            if uniforms[k] * total >= carry:
                carried = first_row + k
            carry = total
        else:
            if uniforms[k] * (2.0 - total) < 1.0 - p:
                selected[n_selected] = carried
                carried = first_row + k
            else:
                selected[n_selected] = first_row + k
            n_selected += 1
            carry = total - 1.0
    return selected[:n_selected].copy(), carried, carry


@jit
def pivot_groups(scores, scale, uniforms, starts):
    """Apply ordered pivotal sampling within groups of consecutive rows.

    Parameters
    ----------
    scores, uniforms : ndarray of shape (n,)
    scale : float
    starts : ndarray of int of shape (n_groups + 1,)
        Group g holds the rows from ``starts[g]`` up to ``starts[g + 1]``.

    Returns
    -------
    selected : ndarray of int64
    left : ndarray of int64
        The row that each group carries at its end; groups that carry none are absent.
    carries : ndarray of float64
        The probabilities of these rows.
    """
    # Within a group, the number selected is its summed probability, rounded down or up.
    # What the groups carry at their ends is drawn among by the caller, so that the
    # total is fixed too.
    n_groups = starts.shape[0] - 1
    selected = np.empty(scores.shape[0], dtype=np.int64)
    left = np.empty(n_groups, dtype=np.int64)
    carries = np.empty(n_groups)
    n_selected = 0
    n_left = 0
    for g in range(n_groups):
        start, stop = starts[g], starts[g + 1]
        found, carried, carry = pivot(
            scores[start:stop], scale, uniforms[start:stop], start, -1, 0.0
        )
        selected[n_selected : n_selected + found.shape[0]] = found
        n_selected += found.shape[0]
        if carried >= 0:
            left[n_left] = carried
            carries[n_left] = carry
            n_left += 1
    return selected[:n_selected].copy(), left[:n_left].copy(), carries[:n_left].copy()


@jit
def locate(scores, scale, thresholds):
    """Find the rows where the cumulative sum of ``scale * scores`` passes thresholds.

    Rows whose term reaches one are left out: the caller selects them with certainty.
    A scale of 0 stands for cumulative sums of `scores` itself, without rows left out.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    scale : float
    thresholds : ndarray of shape (m,), ascending

    Returns
    -------
    ndarray of int64 of shape (m,)
        Row ``k`` owns the thresholds ``t`` with ``sum before k <= t < sum with k``.
        Thresholds that lie beyond the end by rounding go to the last row that adds to
        the sum.
    """
    # Thresholds ascend as the sum does, so both are walked once: O(n + m), and no array
    # of cumulative sums.
    m = thresholds.shape[0]
    found = np.empty(m, dtype=np.int64)
    running = 0.0
    t = 0
    last = -1
    plain = scale == 0.0
    for k in range(scores.shape[0]):
        term = scores[k] if plain else scale * scores[k]
        # Leaving out whole units does not move the thresholds, which are a unit apart,
        # relative to the fractional part of the sum.
        if term <= 0.0 or (term >= 1.0 and not plain):
            continue
        running += term
        last = k
        while t < m and running > thresholds[t]:
            found[t] = k
            t += 1
    found[t:] = last
    return found
