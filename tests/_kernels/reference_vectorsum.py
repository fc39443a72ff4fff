"""Slow twins of vector summation, each by another route."""

import numpy as np


def group_sums(V, weight, size, lead):
    groups = (np.arange(len(V)) + lead) // size
    n_groups = -(-(len(V) + lead) // size)
    member = groups == np.arange(n_groups)[:, None]
    W = weight[:, None] * np.asarray(V, dtype=np.float64)
    return member @ weight, member @ W, np.abs(W).sum(axis=0)


def exchange(A, weights):
    """The same on the rows of A themselves, with an equation solved for every row."""
    left, owner = np.array(A), []
    for j in range(A.shape[1]):
        pivot = np.abs(left[:, j]).argmax()
        owner.append(pivot)
        left = left - np.outer(left[:, j] / left[pivot, j], left[pivot])
        left[owner] = 0
    owner = np.array(owner)
    u = weights[owner]
    for i in np.setdiff1d(np.arange(len(A)), owner):
        z = np.linalg.solve(A[owner].T, A[i])
        steps = -u / z
        down = np.where(z < 0, steps, np.inf)
        up = np.where(z > 0, steps, -np.inf)
        if down.min() >= weights[i]:
            u = u + weights[i] * z
            continue
        leaves = down.argmin()
        if (z > 0).any() and z[up.argmax()] > -z[leaves]:
            leaves = up.argmax()
        step = steps[leaves]
        u = u + step * z
        u[leaves], owner[leaves] = weights[i] - step, i
    return owner, u


def caratheodory(V, weights, keep_total=True):
    """Go along null vectors of the vectors until none is left."""
    A = np.column_stack([np.ones(len(V)), V]) if keep_total else np.asarray(V)
    kept, u = np.arange(len(V)), np.array(weights, dtype=np.float64)
    while True:
        _, s, rows = np.linalg.svd(A[kept].T)
        if np.count_nonzero(s > 1e-12 * s[0]) == len(kept):
            return kept, u
        z = rows[-1] if (rows[-1] > 0).any() else -rows[-1]
        ratio = np.where(z > 0, u / np.where(z > 0, z, 1), np.inf)
        u = u - ratio.min() * z
        u[ratio.argmin()] = 0
        kept, u = kept[u > 0], u[u > 0]


def middle(means):
    """The point with the least median distance from all."""
    medians = [np.median([np.linalg.norm(a - b) for b in means]) for a in means]
    return int(np.argmin(medians))
