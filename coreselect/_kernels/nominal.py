"""Kernels for rows with nominal columns: neighbours, and votes among neighbours.

Nominal values are codes (non-negative integers) and are never one-hot encoded, so that
the cost does not grow with the number of categories.
"""

import numpy as np

from coreselect._kernels._jit import jit

_TILE = 256  # rows whose distances to a query are computed together


@jit
def _insert(distance, number, distances, numbers):
    """Insert a neighbour into ascending lists, behind entries at the same distance."""
    # The caller knows that the last entry is farther; it falls off the end.
    place = distances.shape[0] - 1
    while place > 0 and distances[place - 1] > distance:
        distances[place] = distances[place - 1]
        numbers[place] = numbers[place - 1]
        place -= 1
    distances[place] = distance
    numbers[place] = number


@jit
def _offer(totals, size, first, own, distances, numbers):
    """Offer rows ``first, first + 1, ...``, except `own`, to the list of row `own`."""
    # Rows arrive in ascending order, so a strict comparison keeps the lowest of ties.
    last = numbers.shape[0] - 1
    bound = distances[last]
    for t in range(size):
        if totals[t] < bound and first + t != own:
            _insert(totals[t], first + t, distances, numbers)
            bound = distances[last]


@jit
def mixed_neighbors(columns, codes, price, start, distances, numbers):
    """Find the nearest neighbours of some rows with continuous and nominal columns.

    The squared distance of two rows is that of their continuous parts, given by
    `columns` (n_continuous, n), plus `price` for every column of `codes` (n_nominal, n)
    in which they differ. The queries are the rows from `start` on; no row is its own
    neighbour. The lists `distances` (squared, infinite at first) and `numbers`, of
    shape (n_queries, k), are filled nearest first; of rows at the same distance, the
    lowest comes first.
    """
    # Columns are stored one after another, so that the loops over the rows of a tile
    # read adjacent memory and compile to vectors. Differing columns are counted as
    # integers and priced once.
    d, n = columns.shape
    totals = np.empty(_TILE)
    differing = np.empty(_TILE, dtype=np.int32)
    for first in range(0, n, _TILE):  # rows of a tile stay in cache for all queries
        size = min(_TILE, n - first)
        for q in range(numbers.shape[0]):
            i = start + q
            totals[:size] = 0.0
            for c in range(d):
                x, tile = columns[c, i], columns[c, first : first + size]
                for t in range(size):
                    gap = tile[t] - x
                    totals[t] += gap * gap
            differing[:size] = 0
            for c in range(codes.shape[0]):
                own, others = codes[c, i], codes[c, first : first + size]
                for t in range(size):
                    differing[t] += np.int32(others[t] != own)
            for t in range(size):
                totals[t] += price * differing[t]
            _offer(totals, size, first, i, distances[q], numbers[q])


@jit
def vdm_neighbors(codes, bounds, shares, start, distances, numbers):
    """Find the nearest neighbours of some rows by the value difference metric.

    The distance of two rows is a sum over columns: the absolute differences between the
    class shares of their two values are added up over classes and squared. The codes of
    column c are ``bounds[c], ..., bounds[c + 1] - 1``; ``shares[code]`` holds the share
    of every class among the rows with this code. The rest is as in `mixed_neighbors`.
    """
    n_nominal, n = codes.shape
    n_classes = shares.shape[1]
    last = numbers.shape[1] - 1
    totals = np.empty(_TILE)
    steps = np.empty(shares.shape[0])
    for q in range(numbers.shape[0]):
        # Tabulate the distances from the query's own value to all values of its column:
        # then a pair of rows costs one look-up per column, whatever the classes.
        i = start + q
        for c in range(n_nominal):
            own = codes[c, i]
            for b in range(bounds[c], bounds[c + 1]):
                gap = 0.0
                for m in range(n_classes):
                    gap += abs(shares[own, m] - shares[b, m])
                steps[b] = gap * gap
        for first in range(0, n, _TILE):
            size = min(_TILE, n - first)
            totals[:size] = 0.0
            for c in range(n_nominal):
                others = codes[c, first : first + size]
                for t in range(size):
                    totals[t] += steps[others[t]]
            _offer(totals, size, first, i, distances[q], numbers[q])
            if distances[q, last] == 0.0:  # no later row can be nearer
                break


@jit
def most_frequent(codes, lists):
    """Find the most frequent codes in lists of row numbers, of shape (n_lists, length).

    For each list and each of its most frequent codes, ascending, `donors` holds the
    first row of the list with this code; `counts` holds how many such codes each list
    has.
    """
    n_lists, length = lists.shape
    donors = np.empty(n_lists * length, dtype=np.int64)
    counts = np.zeros(n_lists, dtype=np.int64)
    found = np.empty(length, dtype=np.int64)  # rows of a list, sorted by code
    end = 0
    for r in range(n_lists):
        for place in range(length):  # insertion sort: lists are short
            row = lists[r, place]
            p = place
            while p > 0 and codes[found[p - 1]] > codes[row]:
                found[p] = found[p - 1]
                p -= 1
            found[p] = row
        # Equal codes form a run now. A run longer than the best so far discards the
        # donors found before (`end` goes back to `first`), an equal one joins them.
        best, run, first = 0, 0, end
        for place in range(length):
            if place > 0 and codes[found[place]] == codes[found[place - 1]]:
                run += 1
            else:
                run = 1
            if run > best:
                best, end = run, first
            if run == best:
                donors[end] = found[place - run + 1]
                end += 1
        counts[r] = end - first
    return donors[:end].copy(), counts


def warmup():
    """Compile the kernels of this file that other rooms call."""
    codes, lists = np.zeros((1, 2), dtype=np.uint32), np.zeros((2, 1), dtype=np.int64)
    pair, bounds = np.full((2, 2), 0.5), np.array([0, 1])
    mixed_neighbors(pair, codes, 1.0, 0, np.full((2, 1), np.inf), lists)
    vdm_neighbors(codes, bounds, pair[:1], 0, np.full((2, 1), np.inf), lists)
    most_frequent(np.arange(2), lists)
