"""The two searches for exact lists of nearest rows: products of tiles, and a k-d tree.

Both add up squared differences in column order, so that they give the same lists.
"""

from itertools import combinations, pairwise, product

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from coreselect._kernels.nearest import Lists, cap, listed_sq_distances, push, push_both
from coreselect._threads import count_threads, run_rounds, tournament
from coreselect.neighbors.lists import (
    as_points,
    bounding_rows,
    bounding_targets,
    bounds_of,
    empty_lists,
    sorted_lists,
)

_TILE = 512  # rows of a tile: 1 MB of float32 bounds, which stays in the cache
_TREE_FEATURES = 6  # up to this many features, a k-d tree computes fewer distances
_TREE_MORE = 4  # extra neighbours asked of the tree, to detect ties
_FEW = 1000  # rows by which many duplicates are detected


def search_for(X):
    """Return the search that computes the fewest distances."""
    few = X.shape[1] <= _TREE_FEATURES
    return by_tree if few and not sparse.issparse(X) else by_products


def by_tree(X, Q, origin, k, barred, n_jobs):
    """Find the lists with a k-d tree, and those with unresolved ties with products."""
    # The tree reports more neighbours than needed. A list is settled if the farthest of
    # them is beyond its last entry by more than rounding: no other row can enter. The
    # tree breaks ties by its own order, and adds up distances in its own way. So its
    # distances only serve this test; those of the lists are computed again.
    targets = X if Q is None else Q
    width = min(k + 1 + _TREE_MORE, X.shape[0])
    if len(np.unique(X[:: max(1, len(X) // _FEW)], axis=0)) < min(_FEW, len(X)) // 2:
        # With many copies, lists end amid ties, and the tree's leaves do not split.
        return by_products(X, Q, origin, k, barred, n_jobs)
    tree = cKDTree(X)
    ranks = np.arange(1, width + 1)  # SciPy drops the axis of neighbours for k=1
    reach, found = tree.query(targets, ranks, workers=count_threads(n_jobs))
    squares = listed_sq_distances(as_points(X), as_points(targets), found)
    squares[found == barred[:, None]] = np.inf
    order = np.lexsort((found, squares))[:, :k]
    squares = np.take_along_axis(squares, order, axis=1)
    indices = np.take_along_axis(found, order, axis=1).astype(np.int64)
    settled = squares[:, -1] * (1 + 1e-9) < reach[:, -1] ** 2
    open_ = np.flatnonzero(~settled)
    if len(open_):
        indices[open_], squares[open_] = by_products(
            X, targets[open_], origin, k, barred[open_], n_jobs
        )
    return indices, squares


def by_products(X, Q, origin, k, barred, n_jobs):
    """Find the lists of Q, or of the rows of X, with products of tiles."""
    lists = empty_lists(X.shape[0] if Q is None else Q.shape[0], k)
    if Q is None:
        _all_pairs(X, origin, lists, n_jobs)
    else:
        lists.barred[:] = barred
        _queries(X, Q, origin, lists, n_jobs)
    return sorted_lists(lists)


def _all_pairs(X, origin, lists, n_jobs):
    """Fill the lists of all rows of X."""
    # The pairs of pieces in one round share no piece, as in a tournament, so threads
    # write to different lists. Lists are ordered by distance and row number, so that
    # the order of the rounds does not matter.
    Z, (left, right) = as_points(X), _sides(X, X, origin)

    def meet(these, those):
        room = _room()
        pairs = product(these, those)
        if these is those:
            for tile in these:  # `cap` needs empty lists, so these tiles go first
                bounds = _bounds(left, right, tile, tile, room)
                cap(bounds, Z, lists, tile.start)
                push_both(bounds, Z, lists, tile.start, tile.start)
            pairs = combinations(these, 2)
        for first, second in pairs:
            bounds = _bounds(left, right, first, second, room)
            push_both(bounds, Z, lists, first.start, second.start)

    tiles = _tiles(X.shape[0])
    if len(tiles) == 1:  # too few rows for threads
        meet(tiles, tiles)
        return
    # Pieces of at least two tiles: with fewer, threads wait more than they work.
    n_threads = max(1, min(count_threads(n_jobs), len(tiles) // 4))
    pieces = [tiles] if n_threads == 1 else _pieces(tiles, 2 * n_threads)
    rounds = [[(piece, piece) for piece in pieces]]
    if n_threads > 1:
        for pairs in tournament(len(pieces)):
            rounds.append([(pieces[a], pieces[b]) for a, b in pairs])
    run_rounds(meet, rounds, n_threads)


def _queries(X, Q, origin, lists, n_jobs):
    """Fill the lists of the queries."""
    # A job is a tile of queries, which meets all rows in their order: no two threads
    # write to the same list.
    left, right = _sides(X, Q, origin)
    blocks = [(first, as_points(X[first])) for first in _tiles(X.shape[0])]

    def look(second):
        room = _room()
        T = as_points(Q[second])
        part = Lists(*(values[second] for values in lists))
        for first, Z in blocks:
            bounds = _bounds(left, right, first, second, room)
            push(bounds, Z, T, part, first.start, 0.0)

    tiles = _tiles(Q.shape[0])
    if len(tiles) * len(blocks) == 1:
        look(tiles[0])
        return
    run_rounds(look, [[(tile,) for tile in tiles]], count_threads(n_jobs))


def _pieces(tiles, n):
    """Cut a list of tiles into n pieces of about the same length."""
    ends = np.linspace(0, len(tiles), n + 1).astype(int)
    return [tiles[a:b] for a, b in pairwise(ends)]


def _tiles(n):
    return [slice(start, min(n, start + _TILE)) for start in range(0, n, _TILE)]


def _sides(X, T, origin):
    """Return the factors of bounds, about the origin if rows are dense."""
    if not sparse.issparse(X):
        X, T = X - origin, T - origin
    return bounding_rows(X), bounding_targets(T)


def _bounds(left, right, first, second, room):
    """Return the bounds of two tiles, in `room`."""
    out = room[: first.stop - first.start, : second.stop - second.start]
    return bounds_of(left, right, out, first, second)


def _room():
    return np.empty((_TILE, _TILE), dtype=np.float32)
