"""The nearest rows of every target in a metric, and k-means of many targets."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._numbers import to_dense
from coreselect._typing import Floats, Integers, RowsLike
from coreselect._validation import Integer, OneOf
from coreselect.neighbors import NearestCenters, nearest_lists
from coreselect.rows import open as open_rows
from coreselect.sampling import draw
from coreselect.transport.distance import METRICS, unit_rows
from coreselect.transport.whitening import same_features

_ROUNDS = 8  # Lloyd iterations of k-means
_LLOYD_ROWS = 32  # rows per centre that these iterations use


class Targets(NamedTuple):
    """Embedded targets (whitened and scaled) with weights that add up to one."""

    Z: np.ndarray
    share: np.ndarray


def nearest(
    X: RowsLike,
    X_target: RowsLike,
    k: int,
    *,
    metric: Literal["euclidean", "chord"] = "euclidean",
) -> tuple[Integers, Floats]:
    """Find the k nearest rows of every target, in one pass over the rows.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
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


def weighted_means(rows, embed, n_centers, rng):
    """Replace many weighted targets by at most `n_centers` weighted means (k-means).

    `embed` is as in `nearest_lists`. The result is the centres, an array of shape (k,
    d), and their shares, which add up to one. Lloyd's algorithm starts from rows drawn
    by weight and runs on at most 32 rows per centre. Then one pass over all targets
    moves every centre to the mean of those nearest to it.
    """
    # The centres stand for the targets, so they need not be the best clusters: a few
    # iterations on a sample are enough. That the last pass uses all targets matters:
    # shares and means are then exact, and so is the mean of all centres.
    weight = rows.each_weight()
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
    """Return the weighted sum and total weight of the rows nearest to every centre."""
    member, _ = NearestCenters(centers).find(Z)
    masses = np.bincount(member, weight, len(centers))
    # Row c of this matrix has the weights of the members of centre c.
    belongs = sparse.csr_array(
        (np.asarray(weight), (member, np.arange(len(Z)))), shape=(len(centers), len(Z))
    )
    return belongs @ Z, masses
