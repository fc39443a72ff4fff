"""Prototypes: rows near the centres of clusters that follow the neighbours of rows.

Rows i of weight m_i have shares z_ik in clusters k, which minimise, with centres c_k,

    E = sum_i m_i sum_k z_ik (a_ik + log z_ik) - (smoothness / 2) sum_k z_k' M W M z_k

where ``a_ik = |x_i - c_k|**2 / unit`` and M = diag(m). Rows i and j that are each among
the nearest of the other have a link ``l_ij = 1``; if only one of them is, ``l_ij =
0.5``. With ``d_i = sum_j l_ij m_j``, the entries of W are ``l_ij / sqrt(d_i d_j)``, and
1 / m_i on its diagonal. So M W M has no negative eigenvalue, and its term is concave in
z: it lies below its tangent. To minimise E with the tangent in its place lowers E, and
each row can do so by itself [1]_:

    z_i <- softmax(-a_i + smoothness sum_j W_ij m_j z_j)

A row has shares in the clusters of its nearest centres only, 16 at most.

References
----------
.. [1] I. M. Ziko, J. Dolz, E. Granger, I. Ben Ayed, "Laplacian regularized few-shot
   learning", ICML 2020, :arxiv:`2006.15486`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels.clusters import add_listed
from coreselect._kernels.nearest import listed_sq_distances, row_hashes
from coreselect._numbers import chunk_size, chunks, to_dense
from coreselect._typing import Floats, Integers, Matrix
from coreselect.clustering import seed_centers
from coreselect.coverage.thinning import means_of
from coreselect.neighbors import (
    NearestCenters,
    nearest_neighbors,
    sq_distances,
    sq_distances_to_one,
    sq_distances_to_own,
)
from coreselect.neighbors.lists import as_points

_TIE = 1e-9  # relative; of squared distances that differ by less, the lowest row wins
_MOST_ROUNDS = 100
_LISTED = 16  # clusters in which a row has shares
_UPDATES = 3  # of shares, before centres move
_ENOUGH = 1e-3  # a round that lowers E by less than this, per row, is the last
_GAPS = 4  # squared distances are in units such that a typical row has this gap


class Prototypes(NamedTuple):
    """Rows in the order of the weight of their clusters; copies come last.

    Attributes
    ----------
    order : ndarray of int64 of shape (size,)
    counts : ndarray of shape (n_clusters,)
        The weight of each cluster, in this order.
    points : ndarray or CSR array of shape (n_clusters, n_features)
        The rows of the clusters.
    """

    order: Integers
    counts: Floats
    points: Matrix

    def weights(self, size: int) -> Floats:
        """Return the weights of the first rows, which take over later clusters.

        A later cluster is taken over by the row that is nearest to its own.
        """
        weights = np.zeros(size)
        weights[: len(self.counts)] = self.counts[:size]
        if size < len(self.counts):
            centers = to_dense(self.points[:size])
            labels, _ = NearestCenters(centers).find(self.points[size:])
            weights += np.bincount(labels, self.counts[size:], size)
        return weights


def find_prototypes(
    rows: Any, space: Any, size: int, smoothness: float, n_neighbors: int, rng: Any
) -> Prototypes:
    """Find `size` rows, each for one cluster."""
    hashes = rows.map(lambda block: row_hashes(to_dense(space.points(block.X))))
    _, first, labels = np.unique(hashes, return_index=True, return_inverse=True)
    by_row = np.argsort(first)  # distinct rows in the order of the first of each
    first = first[by_row]
    weight: Any = np.bincount(np.argsort(by_row)[labels.ravel()], rows.each_weight())
    X = space.points(rows.gather(first).X)
    n_clusters = min(size, len(first))
    seeds = seed_centers(X, n_clusters, sample_weight=weight, random_state=rng)
    centers, labels = k_means(X, weight, seeds)
    if smoothness > 0 and n_clusters > 1:
        energy = Energy(X, weight, centers, smoothness, n_neighbors)
        centers, labels = energy.minimise(centers)
    found = typical_rows(X, centers, labels)
    counts: Any = np.bincount(labels, weight, len(found))
    clusters = np.lexsort((found, -counts))
    found = found[clusters]
    others = np.delete(first, found), np.delete(np.arange(rows.n_rows), first)
    order = np.concatenate([first[found], *others])[:size]
    return Prototypes(order, counts[clusters], X[found])


def k_means(X: Matrix, weight: Floats, centers: Floats) -> tuple[Floats, Integers]:
    """Move centres to the means of the rows nearest to them, until they stay.

    A centre without rows stays where it is. Returns centres, and the nearest of them
    for each row.
    """
    labels = NearestCenters(centers).find(X)[0]
    for _ in range(_MOST_ROUNDS):
        there = np.bincount(labels, minlength=len(centers)) > 0
        means = means_of(X, weight, labels, len(centers))
        centers = np.where(there[:, None], means, centers)
        before, labels = labels, NearestCenters(centers).find(X)[0]
        if np.array_equal(labels, before):
            break
    return centers, labels


def typical_rows(X: Matrix, centers: Floats, labels: Integers) -> Integers:
    """Return the row of each cluster that is nearest to its centre.

    For a cluster without rows, the nearest of the rows that are left.
    """
    squares = sq_distances_to_own(X, centers, labels)
    least = np.full(len(centers), np.inf)
    np.minimum.at(least, labels, squares)
    ties = np.flatnonzero(squares <= least[labels] * (1 + _TIE))
    clusters, places = np.unique(labels[ties], return_index=True)
    found = np.full(len(centers), -1)
    found[clusters] = ties[places]
    for cluster in np.flatnonzero(found < 0):
        squares = sq_distances_to_one(X, centers[cluster])
        squares[found[found >= 0]] = np.inf
        found[cluster] = np.argmax(squares <= squares.min() * (1 + _TIE))
    return found


def unit_of(squares: Floats, weight: Floats) -> float:
    """Return the unit of squared distances to centres, of shape (n_rows, n_listed).

    It is a quarter of the median gap between the nearest and the second nearest centre.
    """
    # The mean squared distance to the nearest centre would be too large a unit where
    # there are many columns: all centres are then about equally far, so all shares are
    # about equal, and the centres move to the mean of all rows. The mean gap would be
    # too large where some rows are very far away.
    nearest, second = np.partition(squares, 1, axis=1)[:, :2].T
    gaps = second - nearest
    order = np.argsort(gaps, kind="stable")
    sums = np.cumsum(weight[order])
    median = gaps[order[np.searchsorted(sums, sums[-1] / 2)]]
    return float(median or gaps @ weight / sums[-1] or 1.0) / _GAPS


def links_of(X: Matrix, weight: Floats, n_neighbors: int) -> Any:
    """Link distinct rows to the nearest others; half a link if it is one-sided.

    Returns the CSR array W M without its diagonal.
    """
    n = X.shape[0]
    k = min(n_neighbors, n - 1)
    nearest, _ = nearest_neighbors(X, k)
    ends = np.arange(0, n * k + 1, k)
    one_way = sparse.csr_array((np.ones(n * k), nearest.ravel(), ends), (n, n))
    both = sparse.csr_array(one_way + one_way.T) / 2
    root = 1 / np.sqrt(both @ weight)
    scale = sparse.diags_array(root)
    return sparse.csr_array(scale @ both @ sparse.diags_array(root * weight))


class Energy:
    """The energy of shares and centres, and how to lower it.

    Parameters
    ----------
    X : ndarray of float64 or CSR array of shape (n_rows, n_features)
        Distinct rows.
    weight : ndarray of shape (n_rows,)
    centers : ndarray of shape (n_clusters, n_features)
        Those near which rows have shares.
    smoothness : float
    n_neighbors : int

    Attributes
    ----------
    lists : ndarray of int64 of shape (n_rows, n_listed)
        The clusters in which each row has shares, ascending, so that the lowest one
        counts among ties.
    """

    def __init__(
        self,
        X: Matrix,
        weight: Floats,
        centers: Floats,
        smoothness: float,
        n_neighbors: int,
    ) -> None:
        self._X, self._weight, self._smoothness = X, weight, smoothness
        self._links = links_of(X, weight, n_neighbors)
        self._n_clusters = len(centers)
        n_listed = min(_LISTED, len(centers))
        alike = sparse.csr_array(centers) if sparse.issparse(X) else centers
        nearest, _ = nearest_neighbors(alike, n_listed, queries=X)
        self.lists = np.sort(nearest, axis=1)
        self._unit = 1.0
        self._unit = unit_of(self.costs(centers), weight)

    def costs(self, centers: Floats) -> Floats:
        """Return squared distances to the listed centres, in the unit."""
        if not sparse.issparse(self._X):
            points = as_points(centers), as_points(self._X)
            return listed_sq_distances(*points, self.lists) / self._unit
        parts = []
        for start, part in chunks(self._X, size=chunk_size(len(centers))):
            lists = self.lists[start : start + part.shape[0]]
            parts.append(np.take_along_axis(sq_distances(part, centers), lists, axis=1))
        return np.concatenate(parts) / self._unit

    def pull(self, shares: Floats) -> Floats:
        """Return ``smoothness sum_j W_ij m_j z_j`` for all rows."""
        links, out = self._links, shares.copy()  # the diagonal of W M is one
        parts = links.indptr, links.indices, links.data
        add_listed(*parts, self.lists, shares, out)
        return self._smoothness * out

    def value(self, costs: Floats, shares: Floats) -> float:
        """Return E."""
        logs = np.log(np.where(shares > 0, shares, 1.0))
        each = shares * (costs + logs - self.pull(shares) / 2)
        return float(self._weight @ each.sum(axis=1))

    def means(self, shares: Floats, centers: Floats) -> Floats:
        """Return the centres for which E is smallest; those of no row stay."""
        n, n_listed = shares.shape
        ends = np.arange(0, n * n_listed + 1, n_listed)
        parts = (shares * self._weight[:, None]).ravel(), self.lists.ravel(), ends
        member = sparse.csr_array(parts, (n, self._n_clusters))
        total = np.asarray(member.sum(axis=0))
        sums = member.T @ self._X
        sums = sums.toarray() if sparse.issparse(sums) else sums
        there = total > 0
        return np.where(
            there[:, None], sums / np.where(there, total, 1.0)[:, None], centers
        )

    def minimise(self, centers: Floats) -> tuple[Floats, Integers]:
        """Lower E, by shares and centres in turn.

        Returns centres, and the cluster in which each row has the largest share.
        """
        costs = self.costs(centers)
        shares, reached = shares_of(-costs), np.inf
        for _ in range(_MOST_ROUNDS):
            for _ in range(_UPDATES):
                fit = self.pull(shares) - costs
                shares = shares_of(fit)
            centers = self.means(shares, centers)
            costs = self.costs(centers)
            before, reached = reached, self.value(costs, shares)
            if before - reached < _ENOUGH * self._weight.sum():
                break
        best = np.argmax(fit >= fit.max(axis=1, keepdims=True) - _TIE, axis=1)
        return centers, self.lists[np.arange(len(best)), best]


def shares_of(fit: Floats) -> Floats:
    """Return the softmax of each row."""
    shares = np.exp(fit - fit.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
