"""Slow twins of the search for useful rows that are far apart."""

from itertools import combinations

import numpy as np

TIE = 1e-9


def distances(X):
    """Return all distances of rows, in float64."""
    X = np.asarray(X, dtype=np.float64)
    squares = np.zeros((len(X), len(X)))
    for column in X.T:
        squares += (column[:, None] - column) ** 2
    return np.sqrt(squares)


def separation(far, rows):
    """Return the smallest distance of two of some rows."""
    return min((far[a, b] for a, b in combinations(rows, 2)), default=np.inf)


def value(far, utility, trade_off, rows):
    apart = separation(far, rows)
    return sum(utility[rows]) + trade_off * (apart if apart < np.inf else 0.0)


def best(far, utility, trade_off, size, musts=()):
    """Return the best rows by enumeration."""
    others = [row for row in range(len(far)) if row not in musts]
    sets = ([*musts, *rows] for rows in combinations(others, size - len(musts)))
    return max(sets, key=lambda rows: value(far, utility, trade_off, rows))


def first(values):
    """Return the place of the largest value, the first one up to ties."""
    return int(np.argmax(values >= max(values) - TIE * abs(max(values))))


def farthest(far, start, size):
    """Return farthest-first picks and the smallest distance after each of them."""
    order = [int(row) for row in start]
    while len(order) < size:
        near = far[:, order].min(axis=1) ** 2
        near[order] = -1.0
        order.append(first(near))
    return order


def independent(far, utility, distance, size, musts):
    """Take rows in order of utility that are at least a distance from those before."""
    order = list(musts)
    for row in np.argsort(-utility, kind="stable"):
        apart = all(far[row, other] >= distance * (1 - TIE) for other in order)
        if len(order) < size and row not in musts and apart:
            order.append(int(row))
    return order


def disperse(X, utility, trade_off, size, weight, musts=()):
    """Return the rows in order."""
    far, musts = distances(X), list(musts)
    mean = np.average(np.asarray(X, dtype=np.float64), axis=0, weights=weight)
    middle = first(-((X - mean) ** 2).sum(axis=1))
    runs = [farthest(far, musts or [middle], size)]
    if not musts and size > 1:
        runs.append(farthest(far, [runs[0][1]], size))
    if not utility.any():
        apart = [separation(far, run) for run in runs]
        return runs[-1] if apart[-1] > apart[0] * (1 + TIE) else runs[0]
    ranked = [r for r in np.argsort(-utility, kind="stable") if r not in musts]
    found = [*runs, [*musts, *ranked[: size - len(musts)]]]

    def reached(rows):
        return value(far, utility, trade_off, rows)

    # The radius before the last pick bounds all separations.
    caps = [far[:, run[:-1]].min(axis=1).max() for run in runs if len(run) > 1]
    if len(musts) < size and caps:
        distance = min(2 * min(caps), separation(far, musts))
        while 2 * trade_off * distance > 0.1 * max(map(reached, found)):
            rows = independent(far, utility, distance, size, musts)
            if len(rows) == size:
                found.append(rows)
                if rows == found[len(runs)]:
                    break
            distance /= 1.1
    chosen = found[0]
    for rows in found[1:]:
        if reached(rows) > reached(chosen) * (1 + TIE):
            chosen = rows
    return ordered(far, utility, trade_off, chosen, musts)


def ordered(far, utility, trade_off, rows, musts):
    """Return rows in the order in which each makes the value largest."""
    rows = sorted(int(row) for row in rows)
    order = list(musts) or [max(rows, key=lambda row: utility[row])]
    left = [row for row in rows if row not in order]
    while left:
        apart, near = separation(far, order), far[np.ix_(left, order)].min(axis=1)
        values = utility[left] + trade_off * np.minimum(near, apart)
        order.append(left.pop(first(np.where(near > 0, values, -1.0))))
    return order
