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

    ``scores[0]`` belongs to the row `first_row`. At the start, `carried` is -1 and
    `carry` is 0.0. Return the rows selected in these fights, in that order, and the new
    carried row and probability.
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

    Group g holds the rows from ``starts[g]`` up to ``starts[g + 1]``. Return the
    selected rows, the rows that groups carry at their ends (if any), and their
    probabilities.
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

    The m thresholds ascend. Row k owns those with ``sum before k <= t < sum with k``;
    those beyond the end by rounding go to the last row that adds to the sum. Rows whose
    term reaches one are left out: the caller selects them with certainty. A scale of 0
    stands for cumulative sums of `scores` itself, without rows left out.
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


def warmup():
    """Compile the kernels of this file that other rooms call."""
    half = np.full(4, 0.5)
    split_large(half, 0.5, 4)
    pivot(half, 1.0, half, 0, -1, 0.0)
    pivot_groups(half, 1.0, half, np.array([0, 2, 4]))
    locate(half, 1.0, half)
