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
