"""Slow twins of the kernels on nominal columns, and votes written out."""

from collections import Counter

import numpy as np


def mixed_sq_distances(X, codes, price):
    X = np.asarray(X, dtype=np.float64)
    gaps = ((X[:, None] - X[None]) ** 2).sum(axis=-1)
    return gaps + price * (codes[:, None] != codes[None]).sum(axis=-1)


def vdm_distances(codes, classes):
    """Sum over columns of (sum over classes of |P(c | a) - P(c | b)|) squared."""
    n, q = codes.shape
    labels = np.unique(classes)

    def share(column, code, label):
        among = classes[codes[:, column] == code]
        return (among == label).mean()

    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for column in range(q):
                a, b = codes[i, column], codes[j, column]
                gap = sum(
                    abs(share(column, a, label) - share(column, b, label))
                    for label in labels
                )
                out[i, j] += gap**2
    return out


def nearest_others(distances, k):
    """The k nearest other rows of every row, ties by number."""
    rows = np.arange(len(distances))
    lists = [
        [j for j in np.lexsort((rows, distances[i])) if j != i][:k]
        for i in range(len(rows))
    ]
    return np.array(lists)


def most_frequent(codes, lists):
    donors, counts = [], []
    for rows in lists:
        votes = Counter(codes[rows].tolist())
        winners = sorted(c for c, n in votes.items() if n == max(votes.values()))
        donors += [next(r for r in rows if codes[r] == c) for c in winners]
        counts.append(len(winners))
    return np.array(donors), np.array(counts)
