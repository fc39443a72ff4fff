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
from coreselect.transport.distance import METRICS, dense, unit_rows
from coreselect.transport.whitening import same_features

_PRODUCTS = 2**22  # entries of a product of rows and targets: 16 MB of float32
GRID = 2.0**34  # squared distances count in steps of 1 / GRID: closer ones are ties
MOST_POWER = 480  # of two: sums of squares of longer rows, in steps, may overflow
_LARGEST = float(np.finfo(np.float64).max)
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
    Integer(1)("k", k)
    OneOf(*METRICS)("metric", metric)
    rows, targets = open_rows(X), open_rows(X_target, name="X_target")
    same_features(rows, targets)

    origin = 0.0

    def embed(block):
        X = dense(block.X)
        with np.errstate(over="ignore"):
            return unit_rows(X) if metric == "chord" else X - origin

    T = targets.map(embed)
    if metric == "euclidean":  # from the middle of the targets, lengths are distances
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

    # The longest target has length one, unless squares of the rows then overflow.
    unit = _unit(require_near(T))
    found = _lists_in(unit, rows, measured, T, k)
    room = MOST_POWER - int(np.frexp(largest)[1])
    if np.frexp(unit)[1] > room:
        found = _lists_in(np.ldexp(1.0, room), rows, embed, T, k)
    return found


def _unit(T):
    """Return the power of two that brings the longest row to length one or two."""
    largest = np.abs(T).max(initial=0.0)
    if largest == 0:
        return 1.0
    power = min(-int(np.frexp(largest)[1]), 1023)
    longest = np.sqrt(row_sq_norms(T * np.ldexp(1.0, power)).max())
    return np.ldexp(1.0, min(power - int(np.frexp(longest)[1]) + 1, 1023))


def require_near(Z, most=_LARGEST):
    """Raise if rows in the space of distances are NaN or hold more than `most`."""
    if not np.abs(Z).max(initial=0.0) <= most:
        raise ValueError(
            "X has rows that are farther from the targets than squares in float64 can "
            "hold; bring its columns to similar scales, or leave these rows out."
        )
    return Z


def _lists_in(unit, rows, embed, T, k):
    """Return what `nearest_lists` does, by squares of lengths times `unit`."""
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
                # Rows that are too long for float32 are looked at.
                np.matmul(bounding_rows(part), right, out=bounds[: len(part)])
            found = bounds[: len(part)]
            push(found, points(part), targets, lists, block.start + start, 1 / GRID)

    rows.reduce(enter, lambda a, b: None)
    indices, squares = sorted_lists(lists)
    return indices, np.sqrt(squares) / unit


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
    grid = GRID / (half.max() or 1.0)  # what lies closer together is a tie
    step = max(256, _PRODUCTS // len(centers))
    for start in range(0, len(Z), step):
        product = Z[start : start + step] @ centers.T
        product -= half
        product *= grid
        member[start : start + step] = np.rint(product, out=product).argmax(axis=1)
    masses = np.bincount(member, weight, len(centers))
    belongs = sparse.csr_array(
        (np.asarray(weight), (member, np.arange(len(Z)))), shape=(len(centers), len(Z))
    )
    return belongs @ Z, masses
