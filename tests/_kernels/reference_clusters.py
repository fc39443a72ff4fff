"""Slow NumPy twins of the kernels on centres, and k-means costs written out."""

import itertools

import numpy as np


def sq_distances(X, columns):
    X = np.asarray(X, dtype=np.float64)
    return ((X[:, :, None] - columns[None]) ** 2).sum(axis=1)


def csr_sq_distances(data, indices, indptr, columns):
    return sq_distances(_dense(data, indices, indptr, len(columns)), columns)


def sq_distances_to_parts(X, parts, n, size):
    d = X.shape[1]
    points = [
        parts[start * d : min(start + size, n) * d].reshape(d, -1)
        for start in range(0, n, size)
    ]
    return sq_distances(X, np.hstack(points))


def own_sq_distances(X, centers, labels):
    return ((np.asarray(X, dtype=np.float64) - centers[labels]) ** 2).sum(axis=1)


def csr_own_sq_distances(data, indices, indptr, centers, labels):
    X = _dense(data, indices, indptr, centers.shape[1])
    return own_sq_distances(X, centers, labels)


def add_listed(starts, others, factors, lists, values, out):
    full = np.zeros((len(lists), lists.max() + 1))
    np.put_along_axis(full, lists, values, axis=1)
    links = _dense(factors, others, starts, len(lists))
    out += np.take_along_axis(links @ full, lists, axis=1)


def _dense(data, indices, indptr, d):
    X = np.zeros((len(indptr) - 1, d))
    for i, (start, stop) in enumerate(itertools.pairwise(indptr)):
        X[i, indices[start:stop]] = data[start:stop]
    return X


def nearest_of(distances):
    return distances.argmin(axis=1), distances.min(axis=1)


def sure_nearest(X, shift, scale, centers, halves, slack):
    """The same in 32 bits, one row at a time."""
    out = []
    for x in X:
        x = ((x - shift) * scale).astype(np.float32)
        scores = halves - (centers * x).sum(axis=1)
        best, second = np.sort(scores)[:2]
        reach = np.linalg.norm(x.astype(np.float64)) + 1
        sure = second - best > slack * reach + 1e-9 * reach**2
        out.append(scores.argmin() if sure else -1)
    return np.array(out)


def costs_with(trials, costs, weight):
    return (weight * np.minimum(trials, costs)).sum(axis=1)


def search_tree(X, blocks, children, numbers, beam):
    """The same walk, with lists; no ties."""
    d = X.shape[1]

    def members(entry):
        start, stop = children[entry]
        columns = blocks[start * d : stop * d].reshape(d, stop - start)
        return [(start + c, columns[:, c]) for c in range(stop - start)]

    out = []
    for x in X:
        frontier = [0]
        while numbers[frontier[0]] < 0:
            below = [pair for entry in frontier for pair in members(entry)]
            below.sort(key=lambda pair: ((x - pair[1]) ** 2).sum())
            frontier = [entry for entry, _ in below[:beam]]
        out.append(numbers[frontier[0]])
    return np.array(out)


def cost(X, centers, weight=None, power=2):
    """The weighted cost of rows with these centres."""
    distances = sq_distances(X, np.transpose(centers)).min(axis=1) ** (power / 2)
    return distances.sum() if weight is None else weight @ distances


def hard_instance(k, n_blocks):
    """k**n_blocks points whose clusterings by any digit are all optimal.

    Row i holds, for every block, ``[digit == j] - 1 / k`` for j = 0, ..., k - 1.

    Returns
    -------
    X : ndarray of shape (k**n_blocks, k * n_blocks)
    centers : list of ndarray of shape (k, k * n_blocks)
        The means of the clusters by each digit.
    """
    digits = np.array(list(itertools.product(range(k), repeat=n_blocks)))
    X = np.hstack([np.eye(k)[digits[:, b]] - 1 / k for b in range(n_blocks)])
    centers = [
        np.array([X[digits[:, b] == j].mean(axis=0) for j in range(k)])
        for b in range(n_blocks)
    ]
    return X, centers


def seed_law(X, weight, n_centers, power):
    """Probability of every sequence of seeds under D^z seeding without trials."""
    law = {(): 1.0}
    for _ in range(n_centers):
        following = {}
        for chosen, mass in law.items():
            chances = np.array(weight, dtype=float)
            if chosen:
                gaps = sq_distances(X, X[list(chosen)].T).min(axis=1)
                chances = chances * gaps ** (power / 2)
            for row in np.flatnonzero(chances):
                key = (*chosen, int(row))
                following[key] = mass * chances[row] / chances.sum()
        law = following
    return law
