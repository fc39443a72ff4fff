"""Slow twin of thinning."""

import numpy as np

TIE = 1e-9


def thin(X, order, square, most):
    """Keep rows that are farther apart than a radius; say who absorbs each row."""
    kept, places = [], np.full(len(X), -1)
    for i in order:
        far = np.zeros(len(kept))
        for column in X.T:
            far += (column[kept] - column[i]) ** 2
        near = np.flatnonzero(far <= square * (1 + TIE))
        if len(near):
            places[i] = near[0]
        elif len(kept) < most:
            places[i] = len(kept)
            kept.append(i)
    return np.array(kept, dtype=np.int64), places
