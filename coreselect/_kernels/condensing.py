"""Kernel of Hart's condensed nearest neighbour rule.

For every row of the class, the kernel maintains the distances of its k nearest rows in
the store and whether each is of the other class. A row that joins the store updates
these lists, so that a vote is a count over k flags and no neighbours are searched.
"""

import numpy as np

from coreselect._kernels._jit import jit
from coreselect._kernels.nearest import Points, sq_distance


@jit
def _admit(Z, squares, foreign, row, first):
    """Insert a row into the sorted lists of the rows from `first` on, behind ties."""
    # Lists are ascending, so the last entry turns away most rows. Entries that are
    # farther move one place on; an entry at the same distance keeps its place, as in a
    # search that visits rows in their order.
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
    """Return the rows of a class that join the store, in the order of joining.

    The store starts with the other class and the rows `seeds`. The n rows `Z` of the
    class are visited in turn. A row that its k nearest rows in the store misclassify
    joins.

    `squares` (n, k) holds squared distances to the k nearest rows of the other class,
    ascending, infinite if there are fewer; `foreign` (n, k) tells whether an entry is
    of the other class. Both are written to. Row ``passed_over[i]`` is not visited any
    more once row i is in the store: i itself, or another row to reproduce a known
    defect; n means none. With `wins_ties`, the class wins a tied vote.
    """
    # Invariant: the lists of all rows that are still to be visited hold their k nearest
    # rows in the store. Every row of the store was compared with these rows once, when
    # it joined, so the cost is a distance per pair, whatever the number of votes.
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
        # Rows up to this one are not visited again: their lists need no update.
        _admit(Z, squares, foreign, row, row + 1)
        if passed_over[row] < n:
            done[passed_over[row]] = True
        order[size] = row
        size += 1
    return order[:size]


def warmup():
    """Compile the kernels of this file that other rooms call."""
    squares, passed_over = np.full((2, 1), np.inf), np.arange(2)
    foreign = np.zeros((2, 1), dtype=bool)
    rows = Points(np.eye(2), None, None)
    condense(rows, squares, foreign, passed_over[:1], passed_over, False)
