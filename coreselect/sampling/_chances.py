"""Inclusion probabilities for totals that need not be whole, and for several groups."""

import numpy as np
from scipy.optimize import linprog

from coreselect._filling import scaled

_SWEEPS = 2_000  # over the groups, before bounds are taken to be impossible
_CLOSE = 1e-11  # of a sum, relative to its bound: as good as met


def fill(scores, total, cost=None):
    """Return ``min(1, c * scores)`` with the c such that they cost `total` together.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,)
        Non-negative.
    total : float
        At least 0. If all rows of positive score cost no more, all get 1.
    cost : ndarray of shape (n_rows,), optional
        Positive; by default every row costs 1.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    chances = np.zeros(len(scores))
    rows = np.flatnonzero(scores)
    if total <= 0:
        return chances
    cost = np.ones(len(scores)) if cost is None else cost
    if cost[rows].sum() <= total:
        chances[rows] = 1.0
        return chances
    # With the rows above one set to one, c can only grow; so each round sets further
    # rows to one, until none is above.
    while len(rows):
        near = scaled(scores[rows])[0]  # what remains may be tiny
        price = near @ cost[rows]
        if price == 0:  # too cheap beside the others for a float
            chances[rows] = 1.0
            break
        chance = near * (total / price)
        certain = chance >= 1.0
        if not certain.any():
            chances[rows] = chance
            break
        chances[rows[certain]] = 1.0
        total = total - cost[rows[certain]].sum()
        rows = rows[~certain]
        if total <= 0:  # by rounding
            break
    return chances


def rake(scores, total, cost, groups, low, high):
    """Return chances in proportion to scores, up to a factor for every group.

    They cost `total` together, and add up to a number from ``low[g]`` to ``high[g]`` in
    group g. Of all chances that do, they are nearest to those without groups, by their
    relative entropy.

    Parameters
    ----------
    scores, total, cost
        As for `fill`.
    groups : Groups
    low, high : ndarray of shape (n_groups,)

    Raises
    ------
    ValueError
        If no chances meet the bounds; it names the group furthest from its bounds.
    """
    certain = np.zeros(len(scores), dtype=bool)
    if cost is None:
        possible, certain = _decided(scores > 0, total, groups, low, high)
        scores = np.where(possible & ~certain, scores, 0.0)
        total = total - np.count_nonzero(certain)
        sums = groups.totals(certain)
        low, high = np.maximum(low - sums, 0.0), high - sums
    chances = _raked(scores, total, cost, groups, low, high)
    return np.where(certain, 1.0, chances)


def _raked(scores, total, cost, groups, low, high):
    """Do what `rake` does, for bounds that leave every chance room to change."""
    # The chances are min(1, score times the factors of the row's groups). Each step
    # finds the best factor of one group while the others stay, which is coordinate
    # ascent on the concave dual problem. The factor of a group with a lower bound is at
    # least one, and with an upper bound at most one; it is one if neither is reached.
    scores = scaled(scores)[0].copy()
    factors = np.ones(len(low))
    rows_of = dict(groups.members())
    bound = [code for code in rows_of if low[code] > 0 or high[code] < np.inf]
    for _ in range(_SWEEPS):
        chances = fill(scores, total, cost)
        sums = groups.totals(chances)
        off = np.maximum(low - sums, sums - high)[bound]
        if not len(bound) or off.max() <= _CLOSE * max(1.0, sums.sum()):
            moved = [abs(np.log(factors[code])) > 1e-9 for code in bound]
            inside = [low[c] + 1e-9 < sums[c] < high[c] - 1e-9 for c in bound]
            if not np.any(np.logical_and(moved, inside)):
                return chances
        scores *= _factor(scores, chances)
        for code in bound:
            rows = rows_of[code]
            plain = scores[rows] / factors[code]
            target = np.clip(np.minimum(1, plain).sum(), low[code], high[code])
            factors[code] = _factor(plain, fill(plain, target))
            scores[rows] = plain * factors[code]
    worst = bound[int(np.argmax(off))]
    raise _impossible(groups.labels[worst], low[worst], high[worst], sums[worst])


def _decided(open_rows, total, groups, low, high):
    """Return which rows may be drawn, and which must be, to meet the bounds.

    Raises if no chances meet them.
    """
    # Rows of the same groups are as one cell, whose chances add up to at most its
    # number of rows.
    matrix = groups.indicators(slice(None))
    packed = np.packbits(np.column_stack([open_rows, matrix]), axis=1)
    _, first, cell, counts = np.unique(
        packed, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    counts = np.where(open_rows[first], counts, 0).astype(float)
    member = matrix[first].T.astype(float)
    bounded = np.isfinite(high)
    sides = np.vstack([-member, member[bounded]])
    ends = np.append(-low, high[bounded])
    total = min(total, counts.sum())
    n, ones = len(counts), np.ones(len(counts))
    # First, each group may miss its bounds by an amount; the amounts are made small.
    miss = np.eye(groups.n)
    found = linprog(
        np.append(0 * ones, np.ones(groups.n)),
        A_ub=np.hstack([sides, -np.vstack([miss, miss[bounded]])]),
        b_ub=ends,
        A_eq=np.append(ones, np.zeros(groups.n))[None],
        b_eq=[total],
        bounds=[(0, count) for count in counts] + [(0, None)] * groups.n,
    ).x
    if found[n:].max() > 1e-6:
        worst = int(np.argmax(found[n:]))
        sums = member @ found[:n]
        raise _impossible(groups.labels[worst], low[worst], high[worst], sums[worst])
    # Then, which sums x of cells can be above 0 and below the count? With all numbers
    # times a free t, those that can are at least one away from both at once.
    eye, none = np.eye(n), np.zeros((n, n))
    found = linprog(
        np.concatenate([0 * ones, -ones, -ones, [1e-9]]),  # x, above, below, t
        A_ub=np.vstack(
            [
                np.hstack([sides, np.zeros((len(sides), 2 * n)), -ends[:, None]]),
                np.hstack([-eye, eye, none, np.zeros((n, 1))]),
                np.hstack([eye, none, eye, -counts[:, None]]),
            ]
        ),
        b_ub=np.zeros(len(sides) + 2 * n),
        A_eq=np.concatenate([ones, 0 * ones, 0 * ones, [-total]])[None],
        b_eq=[0],
        bounds=[(0, None)] * n + [(0, 1)] * (2 * n) + [(1, None)],
    ).x
    above, below = found[n : 2 * n] > 0.5, found[2 * n : 3 * n] > 0.5
    cell = cell.ravel()
    return above[cell] & open_rows, ~below[cell] & open_rows


def _impossible(label, low, high, got):
    return ValueError(
        f"quotas cannot be met together: group {label!r} should get {low:g} to "
        f"{high:g} rows (beside those of include), but the other quotas and the size "
        f"leave {got:.6g}; change its quota, or that of a group that overlaps it."
    )


def _factor(scores, chances):
    """Return c of ``chances = min(1, c * scores)``."""
    below = (chances < 1) & (chances > 0)
    if below.any():
        row = np.argmax(np.where(below, chances, 0.0))
        return chances[row] / scores[row]
    positive = scores[scores > 0]
    return 1 / positive.min() if len(positive) else 1.0
