"""Exact nearest rows of a few queries, in a pass over blocks of rows."""

from __future__ import annotations

import numpy as np

from coreselect._numbers import exponent, largest_entry
from coreselect._typing import Integers, Matrix
from coreselect.neighbors.lists import as_matrix, origin_of, rescaled
from coreselect.neighbors.targets import merge_lists
from coreselect.neighbors.tiles import search_for
from coreselect.rows import Rows

_MOST_POWER = 500  # with entries above 2**500, squares may overflow


def neighbors_in_blocks(
    rows: Rows, n_neighbors: int, queries: Matrix, exclude: Integers
) -> Integers:
    """Find the lists of `nearest_neighbors`, while one block is held at a time.

    Parameters
    ----------
    rows : Rows
        The rows to search.
    n_neighbors : int
        Less than the number of rows.
    queries : {ndarray, CSR} of shape (n_queries, n_features)
        CSR if the blocks are.
    exclude : ndarray of int64 of shape (n_queries,)
        For each query, the number of a row that it must not find.

    Returns
    -------
    indices : ndarray of int64 of shape (n_queries, n_neighbors)
        Nearest first; of rows at the same distance, the lowest row number first.
    """
    Q = as_matrix(queries, "queries")
    unit = rescaled(Q)[1]
    found, largest = _search(rows, n_neighbors, Q, exclude, unit)
    # Another pass follows if squares of rows would overflow in the unit of the queries,
    # or if these are zeros, which say nothing about the size of the rows.
    power = exponent(unit) - 1 if largest_entry(Q) else -exponent(largest)
    fitting = np.ldexp(1.0, min(power, _MOST_POWER - exponent(largest) - 1, 1000))
    if unit != fitting:
        found, _ = _search(rows, n_neighbors, Q, exclude, fitting)
    return found[0]


def _search(rows, k, Q, exclude, unit):
    """Return the lists, computed with rows times `unit`, and the largest entry."""
    # The blocks come to the queries: a function that held these would grow with them.
    Q = Q if unit == 1.0 else Q * unit
    found, largest = None, 0.0
    for block in rows.blocks():
        X = as_matrix(block.X, "X")
        largest = max(largest, largest_entry(X))
        if exponent(largest) + exponent(unit) > _MOST_POWER:
            continue  # squares may overflow: only `largest` counts
        X = X if unit == 1.0 else X * unit
        barred = exclude - block.start
        barred[(barred < 0) | (barred >= X.shape[0])] = -1
        n_found = min(k, X.shape[0])
        near, squares = search_for(X)(X, Q, origin_of(X), n_found, barred, None)
        part = near + block.start, squares
        found = part if found is None else merge_lists(found, part, k)
    return found, largest
