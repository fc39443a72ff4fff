"""The nearest rows of every target, in one pass, and k-means of many targets.

Distances of all rows to all targets are never held. A float32 product of a block of
rows with the targets gives lower bounds on distances, with a margin for its rounding
error. Only the few rows whose bound can enter the list of a target are compared in
float64. So the neighbour lists depend neither on the bounds of blocks nor on the
precision of the product.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect._kernels.nearest import push
from coreselect._kernels.norms import row_sq_norms
from coreselect._validation import Integer, OneOf
from coreselect.neighbors._lists import (
    bounding_rows,
    bounding_targets,
    empty_lists,
    points,
    sorted_lists,
)
from coreselect.rows import open as open_rows
from coreselect.sampling import draw
from coreselect.transport.distance import METRICS, to_dense, unit_rows
from coreselect.transport.whitening import same_features

_PRODUCTS = 2**22  # entries of a product of rows and targets: 16 MB of float32
GRID = 2.0**34  # squared distances are rounded to multiples of 1 / GRID before ties
MOST_POWER = 480  # with entries above 2**480, squared lengths times GRID may overflow
_LARGEST = float(np.finfo(np.float64).max)
_ROUNDS = 8  # Lloyd iterations of k-means
_LLOYD_ROWS = 32  # rows per centre that these iterations use


class Targets(NamedTuple):
    """Embedded targets (whitened and scaled) with weights that add up to one."""

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
        Number of rows per target, at least 1; at most `n_rows` are returned.
    metric : {"euclidean", "chord"}
        As in `coreselect.transport.ot_distance`.

    Returns
    -------
    indices : ndarray of int64 of shape (n_targets, k)
        Nearest first; ties by row number.
    distances : ndarray of float64 of shape (n_targets, k)

    Raises
    ------
    ValueError
        If k is less than 1, or the data differ in their features or are not finite.

    Notes
    -----
    Cost O(n m d) in float32 matrix products; memory O(m k) plus a block. Squared
    distances are rounded to steps of 6e-11 of the largest squared length of a target,
    and equal ones are ties. Results are identical for any block size and any number of
    threads.

    Examples
    --------
    >>> from coreselect.transport import nearest
    >>> indices, distances = nearest([[0.0], [4.0], [5.0], [4.0]], [[4.25]], 2)
    >>> indices, distances
    (array([[1, 3]]), array([[0.25, 0.25]]))
    """
    Integer(1)("k", k)
    OneOf(*METRICS)("metric", metric)
    rows, targets = open_rows(X), open_rows(X_target, name="X_target")
    same_features(rows, targets)

    origin = 0.0

    def embed(block):
        X = to_dense(block.X)
        with np.errstate(over="ignore"):
            return unit_rows(X) if metric == "chord" else X - origin

    T = targets.map(embed)
    # Lengths from the mean of the targets are of the size of distances, so float32
    # products lose no digits to an offset that all rows share.
    if metric == "euclidean":
        origin = (T / len(T)).sum(axis=0) if np.abs(T).max() > 1e300 else T.mean(axis=0)
        T = T - origin
    return nearest_lists(rows, embed, T, min(k, rows.n_rows))


def nearest_lists(rows, embed, T, k):
    """Return the k nearest rows of every target, and their distances.

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
    distances : ndarray of float64 of shape (m, k)
    """
    largest = 0.0

    def measured(block):
        nonlocal largest
        Z = embed(block)
        largest = max(largest, float(np.abs(Z).max(initial=0.0)))
        return require_near(Z)

    # Scaled by `unit`, the longest target has length one to two. If squares of rows
    # could overflow in this unit, all is done again in a smaller one.
    unit = _unit(require_near(T))
    found = _lists_in(unit, rows, measured, T, k)
    room = MOST_POWER - int(np.frexp(largest)[1])
    if np.frexp(unit)[1] > room:
        found = _lists_in(np.ldexp(1.0, room), rows, embed, T, k)
    return found


def _unit(T):
    """Return the power of two that brings the longest row to a length of 1 to 2."""
    largest = np.abs(T).max(initial=0.0)
    if largest == 0:
        return 1.0
    power = min(-int(np.frexp(largest)[1]), 1023)
    longest = np.sqrt(row_sq_norms(T * np.ldexp(1.0, power)).max())
    return np.ldexp(1.0, min(power - int(np.frexp(longest)[1]) + 1, 1023))


def require_near(Z, most=_LARGEST):
    """Raise if embedded rows have NaN or entries above `most`."""
    if not np.abs(Z).max(initial=0.0) <= most:
        raise ValueError(
            "X has rows that are farther from the targets than squares in float64 can "
            "hold; bring its columns to similar scales, or leave these rows out."
        )
    return Z


def _lists_in(unit, rows, embed, T, k):
    """Return the lists of `nearest_lists`, computed with lengths times `unit`.

    For each part of a block: a float32 product gives a lower bound for each pair of row
    and target. `push` computes the float64 distance only where the bound is below the
    k-th distance in the target's list, and enters the row there. The bounds include a
    margin for their rounding error, so no row of a list is missed.
    """
    m = len(T)
    targets = points(np.ascontiguousarray(T * unit))
    right = bounding_targets(targets.values)
    lists = empty_lists(m, k)
    step = max(256, _PRODUCTS // m)
    bounds = np.empty((step, m), dtype=np.float32)

    def enter(block):
        Z = embed(block)
        for start in range(0, len(Z), step):
            part = Z[start : start + step]
            with np.errstate(over="ignore", invalid="ignore"):
                part = np.ascontiguousarray(part if unit == 1.0 else part * unit)
                # Bounds that overflow or are NaN in float32 exclude no row.
                np.matmul(bounding_rows(part), right, out=bounds[: len(part)])
            found = bounds[: len(part)]
            push(found, points(part), targets, lists, block.start + start, 1 / GRID)

    rows.reduce(enter, lambda a, b: None)
    indices, squares = sorted_lists(lists)
    return indices, np.sqrt(squares) / unit


def nearest_row_of_each(Z, T):
    """Return the nearest row of `Z` for every target; ties go to the first."""
    out = np.empty(len(T), dtype=np.int64)
    step = max(1, 2**22 // max(1, len(Z)))
    longest = (float(row_sq_norms(rows).max(initial=0.0)) for rows in (T, Z))
    scale = max(1e-300, next(filter(None, longest), 1.0))
    for start in range(0, len(T), step):
        squares = cdist(T[start : start + step], Z, "sqeuclidean")
        # Distances in the same step of the grid are ties, on every machine alike.
        out[start : start + step] = np.rint(squares / scale * GRID).argmin(axis=1)
    return out


def weighted_means(rows, embed, n_centers, rng):
    """Replace many weighted targets by a few weighted means (k-means).

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
    Lloyd's algorithm, started from rows drawn by weight, on at most 32 rows per centre.
    Then one pass over all targets moves every centre to the mean of those nearest to
    it.
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
    """Return the weighted sum and total weight of the rows nearest to every centre.

    The nearest centre c of z maximises ``z @ c - |c|**2 / 2``, one matrix product.
    """
    member = np.empty(len(Z), dtype=np.int64)
    half = row_sq_norms(centers) / 2
    grid = GRID / (half.max() or 1.0)  # values in the same step are ties
    step = max(256, _PRODUCTS // len(centers))
    for start in range(0, len(Z), step):
        product = Z[start : start + step] @ centers.T
        product -= half
        product *= grid
        member[start : start + step] = np.rint(product, out=product).argmax(axis=1)
    masses = np.bincount(member, weight, len(centers))
    # Row c of this matrix has the weights of the members of centre c.
    belongs = sparse.csr_array(
        (np.asarray(weight), (member, np.arange(len(Z)))), shape=(len(centers), len(Z))
    )
    return belongs @ Z, masses
