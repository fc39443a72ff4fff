"""Slow twins of nearest-row search and of the samplers that clean."""

import numpy as np


def nearest(X, queries, k, exclude):
    """Every query's k nearest rows by sorting all distances: (indices, distances)."""
    squares = np.zeros((len(queries), len(X)))
    for column in range(X.shape[1]):  # in this order: sums round
        gap = X[:, column] - queries[:, column, None]
        squares += gap * gap
    squares[exclude >= 0, exclude[exclude >= 0]] = np.inf
    order = np.argsort(squares, axis=1, kind="stable")[:, :k]
    return order, np.sqrt(np.take_along_axis(squares, order, axis=1))


def condense(squares_to_others, gaps, seeds, k, passed_over, wins_ties):
    """Hart's rule with the votes counted anew from all distances for every row.

    `squares_to_others` are the squared distances of the rows of the class to all rows
    of the other one, `gaps` those among themselves.
    """
    n = len(gaps)
    store, done = list(seeds), {passed_over[row] for row in seeds}
    for row in range(n):
        if row in done:
            continue
        near = [(d, 0, i) for i, d in enumerate(squares_to_others[row])]
        near += [(gaps[row, j], 1, i) for i, j in enumerate(store)]
        own = sum(is_own for _, is_own, _ in sorted(near)[:k])
        if 2 * own > k or (2 * own == k and wins_ties):
            continue
        store.append(row)
        done.add(passed_over[row])
    return store


def edit(X, y, alive, classes, k, kind):
    """The rows that Wilson's editing leaves, from all distances."""
    left = np.flatnonzero(alive)
    lists = left[nearest(X[left], X[left], k, np.arange(len(left)))[0]]
    kept = []
    for row, near in zip(left, y[lists], strict=True):
        labels, counts = np.unique(near, return_counts=True)
        agrees = (
            (near == y[row]).all()
            if kind == "all"
            else labels[counts.argmax()] == y[row]
        )
        if agrees or y[row] not in classes:
            kept.append(row)
    return np.array(kept)


def tomek_links(X, y):
    """Pairs of rows of two classes, no row nearer to either than the other is."""
    squares = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    return {
        (a, b)
        for a in range(len(X))
        for b in range(len(X))
        if y[a] != y[b]
        and squares[a, b] <= squares[a].min()
        and squares[a, b] <= squares[b].min()
    }
