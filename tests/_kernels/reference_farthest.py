"""Slow twins of farthest-first picks."""

import numpy as np

TIE = 1e-9


def sq_distances_from(X, row):
    """Squared distances to one row, added up in column order."""
    total = np.zeros(len(X))
    for column in X.T:
        total += (column - column[row]) ** 2
    return total


def farthest_first(X, start, size):
    """Pick rows one by one; return their order and the squared radius after each."""
    near = np.full(len(X), np.inf)
    order, squares = [], []
    for t in range(size):
        if t < len(start):
            row = start[t]
        elif near.max() == 0:
            row = np.setdiff1d(np.arange(len(X)), order).min()
        else:
            row = int(np.argmax(near >= near.max() * (1 - TIE)))
        order.append(int(row))
        near = np.minimum(near, sq_distances_from(X, row))
        squares.append(near.max())
    return np.array(order), np.array(squares)


def weights(X, order, weight):
    """Weight of the rows nearest to each pick; ties stay with the earlier pick."""
    near, label = np.full(len(X), np.inf), np.full(len(X), -1)
    for t, row in enumerate(order):
        far = sq_distances_from(X, row)
        label[(far < near * (1 - TIE)) | (label < 0)] = t
        near = np.minimum(near, far)
    return np.bincount(label, weight, minlength=len(order))
