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
