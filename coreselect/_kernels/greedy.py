"""Kernels that greedily select rows near targets."""

import numpy as np

from coreselect._kernels._jit import SUMS, jit

TIE = 1e-9  # gains this close to the best one, relatively, are ties
_NOTHING = 1e-12  # gains below this share of the total distance count as zero
_LAZY = 16  # rows that a step evaluates in the order of their bounds, before a sweep


@jit
def take_turns(lists, n_rows, size):
    """Let the targets choose, in turn, their nearest row that is not taken yet.

    `lists`, of shape (m, k), holds row numbers for every target, nearest first. The
    result is at most `size` rows in the order of choice; fewer if a list is used up.
    """
    # at[j] only moves forward, past rows that were taken. So all turns together read
    # every list once.
    m, k = lists.shape
    taken = np.zeros(n_rows, dtype=np.bool_)
    at = np.zeros(m, dtype=np.int64)
    out = np.empty(size, dtype=np.int64)
    count = 0
    while count < size:
        for j in range(m):
            while at[j] < k and taken[lists[j, at[j]]]:
                at[j] += 1
            if at[j] == k:
                return out[:count].copy()
            out[count] = lists[j, at[j]]
            taken[out[count]] = True
            count += 1
            if count == size:
                break
    return out


@jit(fastmath=SUMS)
def _gain(cost, share, served):
    # A selection of values, not a branch, so that the loop compiles to vectors.
    total = 0.0
    for j in range(cost.shape[0]):
        saved = served[j] - cost[j]
        total += share[j] * (saved if saved > 0.0 else 0.0)
    return total


@jit
def facility(cost, share, size):
    """Choose rows greedily so that every target is near a chosen row.

    This is greedy facility location with lazy evaluation. The gain of a row is how much
    it lowers ``sum(share * distance to the nearest chosen row)``, with distances `cost`
    (n, m) and the shares (m,) of the targets. When no row has a gain any more, all
    targets count as unserved and the search starts again. The result is `size` rows, at
    most n, in the order of choice; among equal gains, the lowest row comes first.
    """
    # Gains only fall (submodularity), so bound[i], the gain of row i when it was last
    # computed, bounds its gain now; fresh[i] is the step of that computation. A step
    # first computes the rows of the largest bounds, then sweeps over all that may still
    # tie with the best. So every tie is computed, and the lowest row wins. Bounds are
    # infinite before the first computation, and negative once a row is chosen.
    n, m = cost.shape
    farthest = np.zeros(m)
    for i in range(n):
        for j in range(m):
            farthest[j] = max(farthest[j], cost[i, j])
    served = farthest.copy()
    least = _NOTHING * _gain(np.zeros(m), share, farthest)
    bound = np.full(n, np.inf)
    fresh = np.full(n, -1)
    out = np.empty(size, dtype=np.int64)
    fruitless = False  # nothing was gained since the last restart
    step = 0
    while step < size:
        # In most steps, the best row is among the first few bounds. If it is not found
        # within _LAZY rows, one sweep is cheaper than further searches for the largest.
        best = -1.0
        for _ in range(_LAZY):
            i = -1
            for row in range(n):
                if fresh[row] != step and bound[row] > (bound[i] if i >= 0 else -1.0):
                    i = row
            if i < 0 or bound[i] < best * (1.0 - TIE) or bound[i] == np.inf:
                break
            bound[i] = _gain(cost[i], share, served)
            fresh[i] = step
            best = max(best, bound[i])
        for row in range(n):
            if fresh[row] != step and bound[row] >= best * (1.0 - TIE):
                bound[row] = _gain(cost[row], share, served)
                fresh[row] = step
                best = max(best, bound[row])
        # Targets are all served as well as they can be. The remaining picks serve them
        # once more, from the start; two restarts in a row would never end.
        if best <= least and not fruitless:
            served[:] = farthest
            for row in range(n):
                if bound[row] >= 0.0:  # not chosen yet
                    bound[row] = np.inf
                fresh[row] = -1
            fruitless = True
            continue
        fruitless = best <= least
        chosen = 0
        while not (fresh[chosen] == step and bound[chosen] >= best * (1.0 - TIE)):
            chosen += 1
        out[step] = chosen
        bound[chosen] = -2.0
        for j in range(m):
            served[j] = min(served[j], cost[chosen, j])
        step += 1
    return out


def warmup():
    """Compile the kernels of this file that other rooms call."""
    take_turns(np.zeros((1, 1), dtype=np.int64), 1, 1)
    facility(np.full((2, 2), 0.5), np.full(2, 0.5), 1)
