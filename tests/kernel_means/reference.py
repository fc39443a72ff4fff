"""Herding, swaps and weights by their definitions, on a matrix of kernel values."""

from itertools import combinations

import numpy as np
from scipy.spatial.distance import cdist


def kernel_matrix(X, gamma):
    X = np.asarray(X, dtype=np.float64)
    return np.exp(-gamma * cdist(X, X, "sqeuclidean"))


def squared_discrepancy(K, weight, rows, shares):
    """Return the squared distance of two weighted means, as that of one measure."""
    signed = -weight / weight.sum()
    np.add.at(signed, rows, shares)
    return signed @ K @ signed


def herding(K, weight, size):
    """Return rows in the order of herding; copies last, lowest row first."""
    mu = K @ weight / weight.sum()
    order = []
    while len(order) < size:
        score = mu - K[:, order].sum(axis=1) / (len(order) + 1)
        score[(K[:, order] == 1).any(axis=1)] = -np.inf
        if np.isinf(score.max()):
            order += np.setdiff1d(np.arange(len(K)), order).tolist()
            break
        order.append(int(np.argmax(score >= score.max() - 1e-9 * mu.max())))
    return order[:size]


def swapped(K, weight, order):
    """Replace each row by the one with the least discrepancy, evaluated anew."""
    order, m = list(order), len(order)
    tie = 2 / m * 1e-9 * (K @ weight / weight.sum()).max()
    equal = np.full(m, 1 / m)
    for at in range(m):
        others = order[:at] + order[at + 1 :]
        found = np.full(len(K), np.inf)
        for row in range(len(K)):
            if (K[row, others] < 1).all():
                found[row] = squared_discrepancy(K, weight, [*others, row], equal)
        if found.min() < found[order[at]] - tie:
            order[at] = int(np.argmax(found <= found.min() + tie))
    return order


def swapped_with_weights(K, weight, order, shares):
    """Give each place the row that is best on a line from it to the other rows."""
    n, order, shares = len(K), list(order), np.array(shares)
    tie = 1e-9 * (K @ weight / weight.sum()).max()
    for at in range(len(order)):
        others = np.delete(order, at)
        kept = np.delete(shares, at) / (1 - shares[at])
        at_most = np.full(n, np.inf)
        best = np.zeros(n)
        for row in range(n):
            if (K[row, others] < 1).all():
                # A parabola through three shares of the new row has its minimum here.
                a, b, c = (
                    squared_discrepancy(
                        K, weight, [*others, row], np.append(kept * (1 - t), t)
                    )
                    for t in (0, 0.5, 1)
                )
                bend = 2 * (a - 2 * b + c)
                t = (3 * a - 4 * b + c) / (2 * bend) if bend > 0 else 0
                best[row] = t = min(1, max(0, t))
                at_most[row] = a - (3 * a - 4 * b + c) * t + bend * t**2
        if at_most.min() < at_most[order[at]] - tie:
            order[at] = int(np.argmax(at_most <= at_most.min() + tie))
        shares = np.insert(kept * (1 - best[order[at]]), at, best[order[at]])
    return order


def best_weights(K, weight, rows):
    """Return the best weights of sum one, over all sets of rows that get some."""
    best, found = np.inf, None
    mu = (K @ weight / weight.sum())[rows]
    gram = K[np.ix_(rows, rows)]
    for size in range(1, len(rows) + 1):
        for kept in map(list, combinations(range(len(rows)), size)):
            # Stationary for the sum of one: gram v - mu is constant on these rows.
            system = np.ones((size + 1, size + 1))
            system[:size, :size], system[size, size] = gram[np.ix_(kept, kept)], 0
            shares = np.zeros(len(rows))
            shares[kept] = np.linalg.solve(system, np.append(mu[kept], 1.0))[:size]
            value = squared_discrepancy(K, weight, rows, shares)
            if (shares >= 0).all() and value < best:
                best, found = value, shares
    return found


def filled(K, weight, order, shares):
    """Fill places of weight 0 by rows along which the discrepancy falls fastest."""
    order, shares = list(order), np.array(shares)
    mu = K @ weight / weight.sum()
    for at in np.flatnonzero(shares * len(order) < 1e-6):
        shares[at] = 0
        # A small share of a row, and 1 minus it of all others, changes the square by
        # twice this times the share.
        slope = K[:, order] @ shares - mu
        slope -= shares @ slope[order]
        others = np.delete(order, at)
        slope[(K[:, others] == 1).any(axis=1)] = np.inf
        if slope.min() < min(0, slope[order[at]]) - 1e-9 * mu.max():
            order[at] = int(np.argmax(slope <= slope.min() + 1e-9 * mu.max()))
        row = order[at]
        a, b, c = (
            squared_discrepancy(
                K, weight, [*order, row], np.append(shares * (1 - t), t)
            )
            for t in (0, 0.5, 1)
        )
        bend = 2 * (a - 2 * b + c)
        t = np.clip((3 * a - 4 * b + c) / (2 * bend), 0, 1) if bend > 0 else 0
        shares *= 1 - t
        shares[at] = t
    return order
