"""Slow twins: similarities as a matrix, plain greedy, and the optimum by MILP."""

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp


def similarities(X, similarity="euclidean", gamma=1.0):
    if similarity == "cosine":
        X = X / np.sqrt((X**2).sum(axis=1))[:, None]
    squares = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    if similarity == "euclidean":
        return 1 / (1 + np.sqrt(squares))
    if similarity == "rbf":
        return np.exp(-gamma * squares)
    return np.maximum(0, 1 - squares / 2)


def greedy(S, weight, size, include=()):
    """Evaluate every candidate in every step; the lowest row among ties.

    Gains within 1e-9 of the best, or within 1e-13 of the value, are ties. All are if
    the best is below 1e-12 of the value.
    """
    served, value, order, gains = np.zeros(len(S)), 0.0, [], []
    for step in range(size):
        gain = weight @ np.maximum(S - served[:, None], 0)
        best = np.delete(gain, order).max()
        least = best - 1e-9 * best - 1e-13 * (value + best)
        ties = gain >= (least if best > 1e-12 * value else -np.inf)
        ties[order] = False
        pick = include[step] if step < len(include) else int(np.argmax(ties))
        order.append(pick)
        gains.append(gain[pick])
        value += gain[pick]
        served = np.maximum(served, S[:, pick])
    return np.array(order), np.array(gains)


def cluster_weights(S, weight, order):
    """The weight of the rows most similar to each pick; ties go to the earlier one."""
    best = S[:, order].max(axis=1, keepdims=True)
    owner = np.argmax(S[:, order] >= best * (1 - 1e-9), axis=1)
    return np.bincount(owner, weight, len(order))


def optimum(S, weight, size, groups=None, room=(), cost=None, musts=()):
    """The largest value of so many rows, from low to high of ``room[g]`` in each group.

    Without groups, fewer rows are no better, so exactly `size` are chosen. With costs,
    `size` is what the rows may cost together. Rows of `musts` are among them.
    """
    n, m = S.shape
    gain = np.concatenate([np.zeros(m), -(weight[:, None] * S).ravel()])
    chosen, served = np.ones((1, m)), sparse.csr_array((1, n * m))
    if cost is None:
        limits = [LinearConstraint(sparse.hstack([chosen, served]), size, size)]
    else:
        limits = [LinearConstraint(sparse.hstack([cost[None], served]), 0, size)]
    for group, (least, most) in enumerate(room):
        inside = (groups == group)[None].astype(float)
        limits.append(LinearConstraint(sparse.hstack([inside, served]), least, most))
    once = sparse.kron(sparse.eye_array(n), np.ones((1, m)))
    limits.append(LinearConstraint(sparse.hstack([np.zeros((n, m)), once]), 0, 1))
    opened = sparse.kron(np.ones((n, 1)), sparse.eye_array(m))
    links = sparse.hstack([-opened, sparse.eye_array(n * m)])
    limits.append(LinearConstraint(links, -np.inf, 0))
    whole = np.concatenate([np.ones(m), np.zeros(n * m)])
    least = np.zeros(m + n * m)
    least[list(musts)] = 1
    found = milp(gain, constraints=limits, bounds=Bounds(least, 1), integrality=whole)
    return -found.fun
