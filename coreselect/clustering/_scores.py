"""Scores for clustering: bounds on the share of a row in the cost of any centres."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from coreselect._numbers import among_all, chunks, power_of_two
from coreselect._random import LEARN, stream
from coreselect._scratch import by_parts, sums_by
from coreselect._typing import Column, Floats, RowsLike
from coreselect._validation import OneOf, Real
from coreselect.clustering._search import SEARCHES, assign_rows, projection, uses_tree
from coreselect.clustering._spread import spread_of
from coreselect.neighbors import check_centers, sq_distances_to_one
from coreselect.rows import open as open_rows

POWER = Real(1, 16)
SEARCH = OneOf(*SEARCHES)


class Clusters(NamedTuple):
    """Rows assigned to centres."""

    # Of rows, the centre, and the distance to it to the power z, in some unit.
    labels: np.ndarray
    costs: np.ndarray
    # For each cluster, its weight and its weighted cost.
    weights: np.ndarray
    totals: np.ndarray

    @property
    def cost(self):
        """Weighted cost of all rows."""
        return self.totals.sum()


def lightweight_scores(X: RowsLike, *, sample_weight: Column = None) -> Floats:
    """Compute the scores of lightweight coresets.

    Half of a score is the share of the row in the total weight W, half its share in the
    scatter S around the mean: ``w / (2 W) + w d(x, mean)**2 / (2 S)`` [1]_.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight w counts as w copies, which share its score.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        Non-negative scores that add up to one. If all rows are equal, they are the
        shares in the weight.

    Raises
    ------
    ValueError
        If X is not finite, or no row has positive weight.

    See Also
    --------
    sensitivities : For more than one centre.

    Notes
    -----
    O(n d), two passes over the data (more for numbers whose squares overflow). Twice
    the score is exactly the sensitivity for one centre.

    References
    ----------
    .. [1] O. Bachem, M. Lucic, A. Krause, "Scalable k-means clustering via lightweight
       coresets", KDD 2018, :arxiv:`1702.08248`.

    Examples
    --------
    >>> from coreselect.clustering import lightweight_scores
    >>> lightweight_scores([[0.0], [0.0], [0.0], [4.0]])
    array([0.16666667, 0.16666667, 0.16666667, 0.5       ])
    """
    rows = open_rows(X, sample_weight=sample_weight).near_one()[0]
    view = rows.subset()
    spread = spread_of(view)
    scores = view.map(lambda block: block_lightweight(block, spread))
    return among_all(scores, view.kept, rows.n_rows)


def block_lightweight(block, spread):
    """Return the lightweight scores of the rows of a block."""
    if not spread.scatter:  # all rows are equal
        return block.weight / spread.weight
    far = np.empty(block.X.shape[0])
    for start, X in chunks(block.X, spread.scale):
        far[start : start + X.shape[0]] = sq_distances_to_one(X, spread.mean)
    return block.weight / 2 * (1 / spread.weight + far / spread.scatter)


def sensitivities(
    X: RowsLike,
    centers: ArrayLike,
    *,
    power: float = 2,
    search: Literal["auto", "exact", "tree"] = "auto",
    sample_weight: Column = None,
) -> Floats:
    """Bound the sensitivity of every row for k-clustering, given good centres.

    A row of weight w at distance d from its centre has the score
    ``w (1 / W_c + d**z / T_c + k d**z / T + k (T_c / W_c) / T)``, where W_c is the
    weight of its cluster, T_c the cost of its cluster, and T the cost of all clusters.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    centers : array-like of shape (n_centers, n_features)
        Centres, such as those of `seed_centers`.
    power : float, default=2
        The power z, from 1 to 16: 2 for k-means, 1 for k-median.
    search : {"auto", "exact", "tree"}
        How the centre of a row is found. ``"tree"`` compares a row with a few dozen
        centres, however many there are, and may miss the nearest one. ``"auto"`` uses
        the tree for more than 512 centres and many rows.
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight w counts as w copies, which share its score.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        Non-negative scores that add up to 4 k if no cluster is empty or has cost zero.
        In a cluster of cost zero, the scores are ``w / W_c``.

    Raises
    ------
    ValueError
        If X or `centers` is not finite, their features differ, or `power` is out of
        range.

    See Also
    --------
    seed_centers : Finds centres.
    lightweight_scores : The same for one centre, the mean, in less time.

    Notes
    -----
    If the centres cost at most a times as much as the best k centres, the sensitivity
    of a row is at most ``4**(z - 1) * max(1, a / k)`` times its score. For any centres
    Q, ``d(x, Q)**z <= 2**(z - 1) (d(x, c)**z + d(c, Q)**z)``, and the second term is
    bounded by its mean over the cluster. The four terms are those of [1]_. Samples
    proportional to them reach the best known coreset sizes,
    ``k / epsilon**2 * min(sqrt(k), 1 / epsilon**2)`` up to logarithms.

    Cost O(n k d), or O(n d log k) with the tree; two passes over the data.

    References
    ----------
    .. [1] N. Bansal, V. Cohen-Addad, M. Prabhu, D. Saulpic, C. Schwiegelshohn,
       "Sensitivity sampling for k-means: worst case and stability optimal coreset
       bounds", FOCS 2024, :arxiv:`2405.01339`.

    Examples
    --------
    >>> from coreselect.clustering import sensitivities
    >>> sensitivities([[0.0], [2.0], [9.0], [9.0]], [[1.0], [9.0]])
    array([3. , 3. , 0.5, 0.5])
    """
    POWER("power", power)
    SEARCH("search", search)
    rows = open_rows(X, sample_weight=sample_weight).near_one()[0]
    centers = check_centers(centers, rows.n_features)
    view = rows.subset()
    spread = spread_of(view)
    scale, unit = spread.scale, spread.unit
    # Squared distances to centres that are very far away would overflow. Such centres
    # are never the nearest, unless all are; the rows then act like a single point.
    largest = abs(centers).max(axis=1)
    used = np.flatnonzero(np.log2(np.maximum(largest, 1.0)) + np.log2(scale) < 500)
    if not len(used):
        used, unit = np.flatnonzero(largest < 1e30 * largest.min()), 1.0
        scale = power_of_two(largest.min(), most=500)
    # Random directions come from a fixed seed: scores are a function of the data.
    tree = uses_tree(search, view.n_rows, len(used))
    directions = None
    if tree:
        directions = projection(view.n_features, len(used), stream(0, LEARN))
    seeds = centers[used] * scale
    assigned = assign_rows(view, seeds, scale, tree, directions, power=power, unit=unit)
    clusters = cluster(view.weight, assigned, len(used))
    scores = cluster_scores(view.weight, clusters, len(centers))
    return among_all(scores, view.kept, rows.n_rows)


def cluster(weight, assigned, n_centers):
    """Return the weights and costs of the clusters, as `Clusters`.

    `assigned` is what `assign_rows` returns.
    """
    labels, costs = assigned["label"], assigned["cost"]
    weights = sums_by(labels, n_centers, lambda weight: weight, weight)
    totals = sums_by(labels, n_centers, weighted, costs, weight)
    return Clusters(labels, costs, weights, totals)


def weighted(values, weight):
    """Return values of rows times their weights, if they have any."""
    return values if weight is None else values * weight


def cluster_scores(weight, clusters, n_clusters):
    """Return the scores of `sensitivities`; k may differ from the number of centres."""
    lines = score_lines(clusters, n_clusters)

    def of(costs, labels, weight):
        return weighted(lines.at(labels, costs), weight)

    return by_parts(of, clusters.costs, clusters.labels, weight)


class ScoreLines(NamedTuple):
    """The scores of `sensitivities` for weight one: linear in the cost of a row."""

    # One per cluster.
    bases: np.ndarray
    slopes: np.ndarray

    def at(self, labels, costs):
        """Return the scores of rows."""
        return self.bases[labels] + self.slopes[labels] * costs


def score_lines(clusters, n_clusters):
    """Return the `ScoreLines` of clusters; k may differ from their number."""
    # Empty clusters and clusters of cost zero add nothing.
    _, _, weights, totals = clusters
    balance = n_clusters / clusters.cost if clusters.cost else 0.0
    bases = _ratio(1.0, weights) + balance * _ratio(totals, weights)
    return ScoreLines(bases, _ratio(1.0, totals) + balance)


def _ratio(above, below):
    """Divide, with 0 where a cluster is empty or costs nothing."""
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)
