"""The nearest rows of every target, in one pass, and targets condensed to fewer.

Distances of all rows to all targets are never held: a float32 product of a block of
rows with the targets, with a margin for its rounding, says which few rows can enter
the list of a target; these are compared in float64. So lists depend neither on how the
rows are cut into blocks nor on the precision of the product.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect._kernels.nearest import push
from coreselect._kernels.norms import row_sq_norms
from coreselect._validation import check_count
from coreselect.neighbors._lists import (
    bounding_rows,
    bounding_targets,
    empty_lists,
    points,
    sorted_lists,
)
from coreselect.rows import open as open_rows
from coreselect.sampling import draw
from coreselect.transport.distance import METRICS, dense, unit_rows
from coreselect.transport.whitening import same_features

_PRODUCTS = 2**22  # entries of a product of rows and targets: 16 MB of float32
GRID = 2.0**34  # squared distances count in steps of 1 / GRID: closer ones are ties
_ROUNDS = 8  # Lloyd steps that condense targets
_LLOYD_ROWS = 32  # rows for each centre that these steps look at


class Targets(NamedTuple):
    """Targets with weights that add up to one, in the space of distances."""

    Z: np.ndarray
    share: np.ndarray


def nearest(X, X_target, k, *, metric="euclidean"):
    """Find the k nearest rows of every target, in one pass over the rows.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Anything that `coreselect.rows.open` takes; files are read block by block.
    X_target : like X, of shape (n_targets, n_features)
        Held in memory.
    k : int
        At least 1; at most `n_rows` are found.
    metric : {"euclidean", "chord"}
        As in `coreselect.transport.ot_distance`.

    Returns
    -------
    indices : ndarray of int64 of shape (n_targets, k)
        Nearest first; of equally near ones, the lowest row first.
    distances : ndarray of float64 of shape (n_targets, k)

    Raises
    ------
    ValueError
        If k is less than 1, or the data differ in their features or are not finite.

    Notes
    -----
    O(n m d) in float32 matrix products, memory O(m k) beside a block. Squared distances
    count in steps of 6e-11 of the largest squared length of a target: what is closer is
    a tie. Identical for any block size and any number of threads.

    Examples
    --------
    >>> from coreselect.transport import nearest
    >>> indices, distances = nearest([[0.0], [4.0], [5.0], [4.0]], [[4.25]], 2)
    >>> indices, distances
    (array([[1, 3]]), array([[0.25, 0.25]]))
    """
    if check_count(k, "k") < 1:
        raise ValueError("k must be at least 1, got 0.")
    if metric not in METRICS:
        names = ", ".join(map(repr, METRICS))
        raise ValueError(f"metric must be one of {names}, got {metric!r}.")
    rows, targets = open_rows(X), open_rows(X_target)
    same_features(rows, targets)

    origin = 0.0

    def embed(block):
        X = dense(block.X)
        return unit_rows(X) if metric == "chord" else X - origin

    T = targets.map(embed)
    if metric == "euclidean":  # from the middle of the targets, lengths are distances
        origin = T.mean(axis=0)
        T = T - origin
    indices, squares = nearest_lists(rows, embed, T, min(k, rows.n_rows))
    return indices, np.sqrt(squares)


def nearest_lists(rows, embed, T, k):
    """Return the k nearest rows of every target, and their squared distances.

    Parameters
    ----------
    rows : Rows
    embed : callable
        ``embed(block)``: the rows of a `Block` as a float64 array.
    T : ndarray of shape (m, d)
    k : int
        At most the number of rows.

    Returns
    -------
    indices : ndarray of int64 of shape (m, k)
        Nearest first, then by row number.
    squares : ndarray of float64 of shape (m, k)
    """
    m = len(T)
    # A power of two brings the longest target to length one, without rounding.
    longest = np.sqrt(row_sq_norms(T).max(initial=0.0))
    unit = np.ldexp(1.0, -np.frexp(longest)[1] + 1) if longest > 0 else 1.0
    targets = points(np.ascontiguousarray(T * unit))
    right = bounding_targets(targets.values)
    lists = empty_lists(m, k)
    step = max(256, _PRODUCTS // m)
    bounds = np.empty((step, m), dtype=np.float32)

    def enter(block):
        Z = embed(block)
        for start in range(0, len(Z), step):
            part = Z[start : start + step]
            part = np.ascontiguousarray(part if unit == 1.0 else part * unit)
            with np.errstate(over="ignore", invalid="ignore"):
                # Rows that are too long for float32 are looked at.
                np.matmul(bounding_rows(part), right, out=bounds[: len(part)])
            found = bounds[: len(part)]
            push(found, points(part), targets, lists, block.start + start, 1 / GRID)

    rows.reduce(enter, lambda a, b: None)
    indices, squares = sorted_lists(lists)
    return indices, squares / unit**2


def assign(Z, T):
    """Return for every target its nearest row of `Z`, the first of several."""
    out = np.empty(len(T), dtype=np.int64)
    step = max(1, 2**22 // max(1, len(Z)))
    longest = (float(row_sq_norms(rows).max(initial=0.0)) for rows in (T, Z))
    scale = max(1e-300, next(filter(None, longest), 1.0))
    for start in range(0, len(T), step):
        squares = cdist(T[start : start + step], Z, "sqeuclidean")
        # What lies closer together than a step of the grid is a tie.
        out[start : start + step] = np.rint(squares / scale * GRID).argmin(axis=1)
    return out


def condense(rows, embed, n_centers, rng):
    """Stand in for many weighted targets by a few weighted means (k-means).

    Parameters
    ----------
    rows : Rows
        The targets.
    embed : callable
        As in `nearest_lists`.
    n_centers : int
        At most the number of rows.
    rng : Generator

    Returns
    -------
    centers : ndarray of shape (at most n_centers, d)
    share : ndarray of shape (at most n_centers,)
        Adds up to one.

    Notes
    -----
    Lloyd's algorithm from rows drawn by weight, on at most 32 rows a centre; then one
    pass over all targets, after which every centre is the mean of those nearest to it.
    """
    weight = np.ones(rows.n_rows) if rows.weight is None else rows.weight
    few = min(rows.n_rows, _LLOYD_ROWS * n_centers)
    drawn = draw(weight, few, random_state=rng)
    sample = _embedded(rows, embed, drawn.indices)
    first = draw(drawn.weights, n_centers, random_state=rng).indices
    centers = sample[first]
    for _ in range(_ROUNDS):
        sums, masses = _sums(sample, drawn.weights, centers)
        full = masses > 0
        moved = centers.copy()
        moved[full] = sums[full] / masses[full, None]
        if np.array_equal(moved, centers):
            break
        centers = moved
    sums, masses = rows.reduce(
        lambda block: _sums(embed(block), block.weight, centers),
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
    )
    full = masses > 0
    return sums[full] / masses[full, None], masses[full] / masses.sum()


def _embedded(rows, embed, indices):
    return embed(rows.gather(indices))


def _sums(Z, weight, centers):
    """Return the weighted sum and the mass of the rows nearest to every centre."""
    member = np.empty(len(Z), dtype=np.int64)
    half = row_sq_norms(centers) / 2
    step = max(256, _PRODUCTS // len(centers))
    for start in range(0, len(Z), step):
        product = Z[start : start + step] @ centers.T
        product -= half
        member[start : start + step] = product.argmax(axis=1)
    masses = np.bincount(member, weight, len(centers))
    belongs = sparse.csr_array(
        (np.asarray(weight), (member, np.arange(len(Z)))), shape=(len(centers), len(Z))
    )
    return belongs @ Z, masses
