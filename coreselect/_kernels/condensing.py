"""Kernel of Hart's condensed nearest neighbour rule."""

import numpy as np

from coreselect._kernels._jit import jit
from coreselect._kernels.nearest import sq_distance


@jit
def _admit(Z, squares, foreign, row, first):
    """Let a row enter the sorted lists of the rows from `first` on, behind ties."""
    n, k = squares.shape
    for j in range(first, n):
        value = sq_distance(
            Z.values, Z.columns, Z.starts, row, Z.values, Z.columns, Z.starts, j
        )
        if value >= squares[j, k - 1]:
            continue
        at = k - 1
        while at > 0 and squares[j, at - 1] > value:
            squares[j, at] = squares[j, at - 1]
            foreign[j, at] = foreign[j, at - 1]
            at -= 1
        squares[j, at] = value
        foreign[j, at] = False


@jit
def condense(Z, squares, foreign, seeds, passed_over, wins_ties):
    """Return the rows of a class that a store takes in, in their order.

    The store begins with another class and some seeds. Rows are looked at in turn; one
    that is outvoted by its k nearest rows in the store is taken in.

    Parameters
    ----------
    Z : Points
        The n rows of the class, in float64.
    squares : ndarray of float64 of shape (n, k), written to
        Squared distances to the k nearest rows of the other class, ascending, infinite
        where it has fewer.
    foreign : ndarray of bool of shape (n, k), written to
        Whether an entry is of the other class; True at first.
    seeds : ndarray of int64
        Rows to begin with.
    passed_over : ndarray of int64 of shape (n,)
        Row ``passed_over[i]`` is not looked at once row i is in the store: i itself,
        unless a defect is to be reproduced. Numbers beyond n are none.
    wins_ties : bool
        Whether the class wins a tied vote.
    """
    n, k = squares.shape
    done = np.zeros(n, dtype=np.bool_)
    order = np.empty(n + seeds.shape[0], dtype=np.int64)
    size = 0
    for row in seeds:
        _admit(Z, squares, foreign, row, 0)
        if passed_over[row] < n:
            done[passed_over[row]] = True
        order[size] = row
        size += 1
    for row in range(n):
        if done[row]:
            continue
        votes = 0
        for at in range(k):
            votes += 1 if foreign[row, at] else 0
        if 2 * votes < k or (2 * votes == k and wins_ties):
            continue
        _admit(Z, squares, foreign, row, row + 1)
        if passed_over[row] < n:
            done[passed_over[row]] = True
        order[size] = row
        size += 1
    return order[:size]
