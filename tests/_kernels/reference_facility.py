"""Slow twins of the kernels of facility location."""

import numpy as np


def similarities(kind, factor, squares):
    if kind == 0:
        return 1 / (1 + np.sqrt(squares) * factor)
    return np.maximum(0, 1 - squares / 2) if kind == 1 else np.exp(-factor * squares)


def gains(S, weight, served):
    """Gains of the rows of S, candidates, for its columns, clients."""
    return np.maximum(S - served, 0) @ weight


def pairs(S, served):
    """The number of pairs of each candidate, their clients and similarities."""
    better = served < S
    return better.sum(axis=1), np.nonzero(better)[1], S[better]
