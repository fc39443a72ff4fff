"""Slow twins of the kernels of `coreselect.transport`, and independent computations."""

import numpy as np

MASK = 2**64 - 1


def nearest(Z, T, k):
    """Every target's k nearest rows by full sorting: (indices, squared distances)."""
    squares = ((T[:, None] - Z[None]) ** 2).sum(axis=2)
    rounded = np.rint(squares * 2.0**34) / 2.0**34
    order = np.argsort(rounded, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(rounded, order, axis=1)


def row_hash(row):
    """The hash of one row, with Python's integers."""
    state = 0x9E3779B97F4A7C15
    for value in row:
        if value != 0:
            fraction, exponent = np.frexp(float(value))
            state ^= int(fraction * 2**53) & MASK
            state ^= ((int(exponent) + 2048) << 53) & MASK
        state ^= state >> 32
        state = state * 0xD6E8FEB86659FD93 & MASK
        state ^= state >> 29
        state = state * 0xBF58476D1CE4E5B9 & MASK
        state ^= state >> 32
    return state


def take_turns(lists, n_rows, size):
    """Targets in turn take the first row of their list that is left."""
    taken = []
    while True:
        for wishes in lists:
            if len(taken) == size:
                return taken
            left = [row for row in wishes if row not in taken]
            if not left:
                return taken
            taken.append(left[0])


def facility(cost, share, size):
    """Greedy without laziness: every gain computed anew at every step."""
    farthest = cost.max(axis=0)
    served, chosen = farthest.copy(), []
    fruitless = False
    while len(chosen) < size:
        gains = np.maximum(served - cost, 0) @ share
        gains[chosen] = -1
        if gains.max() <= 1e-12 * (share @ farthest) and not fruitless:
            served, fruitless = farthest.copy(), True
            continue
        fruitless = gains.max() <= 1e-12 * (share @ farthest)
        chosen.append(int(np.flatnonzero(gains >= gains.max() * (1 - 1e-9))[0]))
        served = np.minimum(served, cost[chosen[-1]])
    return chosen


def zca(X):
    """Rows whitened by the symmetric root of their inverse covariance."""
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(X))
    return centred @ (vectors / np.sqrt(values)) @ vectors.T


def rounds(distances, share, size):
    """The paper's rounds on a full matrix of distances (targets by rows)."""
    order = np.argsort(distances, axis=1, kind="stable")
    chosen = []
    for k in range(distances.shape[1]):
        new = [row for row in np.unique(order[:, k]) if row not in chosen]
        if new:
            within = facility(distances[:, new].T, share, len(new))
            chosen += [new[i] for i in within]
        if len(chosen) >= size:
            return chosen[:size]
    return chosen
