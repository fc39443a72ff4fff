"""Cluster centroids: replace the rows of a class by the means of its clusters."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.utils.validation import has_fit_parameter

from coreselect._numbers import in_units, to_dense
from coreselect._typing import Checks, Seed, Strategy
from coreselect._validation import OneOf
from coreselect.imbalance._base import BaseResampler, Resampled
from coreselect.imbalance._base.parameters import Estimator
from coreselect.imbalance._base.strategy import UNDER
from coreselect.neighbors import NearestCenters, nearest_neighbors, sq_distances_to_own
from coreselect.selection import Centroids, Selection, Synthesis


class _Clusters(NamedTuple):
    """Clusters of the rows of a class.

    Attributes
    ----------
    label : object
        The class.
    centers : ndarray of shape (n_clusters, n_features)
    values : ndarray of shape (n_clusters, n_features) or None
        The new rows; None: the means of the members.
    members : ndarray of int64
        Row numbers, cluster by cluster.
    sizes : ndarray of int64 of shape (n_clusters,)
    nearest : ndarray of int64 of shape (n_clusters,)
        The member nearest to each centre.
    """

    label: object
    centers: np.ndarray
    values: np.ndarray | None
    members: np.ndarray
    sizes: np.ndarray
    nearest: np.ndarray


class ClusterCentroids(BaseResampler):
    """Replace the rows of larger classes by the centroids of their clusters.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes lose rows, and how many rows they keep; "auto" brings all classes
        to the size of the smallest.
    random_state : None, int, RandomState or Generator
        For the clustering.
    estimator : clustering, optional
        A clustering with the parameter ``n_clusters`` and, after fit,
        ``cluster_centers_``, which is cloned; by default k-means.
    voting : {"auto", "hard", "soft"}, default="auto"
        "soft" makes new rows, the centroids; "hard" keeps the row of the class that is
        nearest to each of them. "auto" is "hard" for sparse rows and "soft" otherwise.
    weights : {"ones", "prior"}, default="ones"
        Weight of the row that stands for a cluster: one (with input weights, the mean
        weight of the cluster), or the total weight of the cluster.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        "coreselect" gives each class its own random numbers, makes the centroids of
        k-means exact means of their clusters, leaves no cluster empty, and keeps a
        member of each cluster if voting is "hard". "imblearn" follows imbalanced-learn
        0.14, which may repeat rows.

    Attributes
    ----------
    selection_ : Synthesis or Selection
        With soft voting the untouched classes and the centroids, otherwise the kept
        rows.
    sampling_strategy_ : dict
        Number of rows of each sampled class.
    sample_weight_ : ndarray of float64
        In the order of `fit_resample`.
    estimator_ : clustering
        Fitted to the last sampled class.
    voting_ : str
        The voting that was used.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Raises
    ------
    ValueError
        If the clustering has no parameter ``n_clusters``.
    RuntimeError
        If it has no ``cluster_centers_`` after fit.

    See Also
    --------
    KMeansSensitivitySelector : Real rows with a guarantee for k-means, far cheaper.
    RandomUnderSampler : Cheaper still.

    Notes
    -----
    `fit_resample` returns classes in sorted order. The cost is that of the clustering,
    O(n m d) per iteration for m centroids. With thousands of centroids this is the
    slowest under-sampler.

    With ``weights="prior"`` a centroid counts for all rows of its cluster. Weighted
    sums of the features over a class are then those of the class exactly (soft voting,
    the default clustering). Centroids have less spread than rows; without the weights,
    dense regions are thinned out and tails count as much as the middle. Integer columns
    stay integers: means are rounded. Under ``protocol="imblearn"`` they are truncated
    in frames and sparse rows, and arrays of integers become floats.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import ClusterCentroids
    >>> X = np.array([[0.0], [2.0], [3.0], [10.0], [5.0], [6.0]])
    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> sampler = ClusterCentroids(random_state=0, weights="prior").fit(X, y)
    >>> print(np.sort(sampler.selection_.take(X)[2:], axis=0).ravel().round(3))
    [ 1.667 10.   ]
    >>> print(sampler.sample_weight_.sum())
    6.0
    """

    cli_name = "cluster-centroids"
    cost = "k-means: O(n m d) an iteration"
    use_when = "Few weighted rows should stand for all rows of a large class."
    parameter_checks: Checks = {
        "estimator": Estimator(),
        "voting": OneOf("auto", "hard", "soft"),
    }
    _sampling_type = UNDER
    _exact = ("coreselect", "imblearn")

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        estimator: Any = None,
        voting: Literal["auto", "hard", "soft"] = "auto",
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.estimator = estimator
        self.voting = voting
        self.weights = weights
        self.protocol = protocol

    @classmethod
    def examples(cls):
        return [
            cls(),
            cls(voting="hard", weights="prior"),
            cls(voting="soft", protocol="imblearn"),
        ]

    def _selector_tags(self):
        tags = super()._selector_tags()
        # The clustering is scikit-learn's, and "auto" votes in another way for CSR.
        tags.layout_stable = False
        return tags

    def _resample(self, data, draws):
        self.voting_ = self.voting
        if self.voting == "auto":
            self.voting_ = "hard" if sparse.issparse(data.X) else "soft"
        self.estimator_ = self._clustering()
        found = [
            self._clusters(data, label, size, draws.of_class(data.code_of(label)))
            for label, size in self.sampling_strategy_.items()
            if size > 0
        ]
        sampled = [data.code_of(label) for label in self.sampling_strategy_]
        kept = np.flatnonzero(~np.isin(data.codes, sampled))
        if self.voting_ == "hard":
            return self._rows(data, kept, found, draws)
        return self._centroids(data, kept, found, draws)

    def _clustering(self):
        if self.estimator is None:
            return KMeans()
        estimator = clone(self.estimator)
        if "n_clusters" not in estimator.get_params():
            raise ValueError(
                "`estimator` should be a clustering estimator exposing a parameter "
                "`n_clusters` and a fitted parameter `cluster_centers_`."
            )
        return estimator

    def _clusters(self, data, label, size, draws):
        """Return the clusters of a class."""
        rows = data.rows_of(label)
        found, numbers = self._fitted(data, rows, size, draws)
        centers, X = to_dense(found), in_units(data.X[rows], 1.0)
        if numbers is None:
            numbers = NearestCenters(centers).find(X)[0]
        numbers, values = np.array(numbers), found
        if self.estimator is None:
            numbers, values = draws.means(numbers, found)
        sizes = np.bincount(numbers, minlength=len(centers))
        order = np.argsort(numbers, kind="stable")
        squares = sq_distances_to_own(X, centers, numbers)
        first = _first_nearest(squares, numbers, len(sizes))
        # Other clusterings may have centres without rows: any row may be near those.
        if not sizes.all():
            alone = centers[sizes == 0]
            first[sizes == 0] = nearest_neighbors(X, 1, queries=alone)[0][:, 0]
        return _Clusters(label, found, values, rows[order], sizes, rows[first])

    def _fitted(self, data, rows, size, draws):
        """Return the centres of a class, and the cluster of every row or None."""
        estimator, X = self.estimator_, data.X[rows]
        estimator.set_params(n_clusters=size)
        draws.seed_estimator(estimator, self.estimator)
        if self.estimator is None:
            X = draws.floats(X)
        if data.weight is None:
            estimator.fit(X)
        elif has_fit_parameter(estimator, "sample_weight"):
            estimator.fit(X, sample_weight=data.weight[rows])
        else:
            raise ValueError(
                f"estimator {type(estimator).__name__} takes no sample_weight; use one "
                "that does, or leave sample_weight out."
            )
        if not hasattr(estimator, "cluster_centers_"):
            raise RuntimeError(
                "`estimator` should be a clustering estimator exposing a fitted "
                "parameter `cluster_centers_`."
            )
        return estimator.cluster_centers_, getattr(estimator, "labels_", None)

    def _centroids(self, data, kept, found, draws):
        """Return the centroids, and the rows of the classes left alone."""
        parts, codes, weights = [], [data.codes[kept]], [data.weights_of(kept)]
        for clusters in found:
            parts.append(
                Centroids(
                    clusters.nearest,
                    clusters.members,
                    clusters.sizes,
                    None if data.weight is None else data.weight[clusters.members],
                    clusters.values,
                )
            )
            codes.append(np.full(len(clusters.sizes), data.code_of(clusters.label)))
            weights.append(self._weights(data, clusters))
        codes = np.concatenate(codes)
        synthesis = Synthesis(
            kept,
            parts,
            data.classes[codes[len(kept) :]],
            data.n_rows,
            np.concatenate(weights),
            truncate=draws.truncates,
        )
        return Resampled(synthesis, np.argsort(codes, kind="stable"))

    def _weights(self, data, clusters):
        """Return the weight of what stands for each cluster."""
        number = np.repeat(np.arange(len(clusters.sizes)), clusters.sizes)
        weight = data.weights_of(clusters.members)
        total = np.bincount(number, weight, len(clusters.sizes))
        if self.weights == "prior":
            return total
        return total / np.maximum(clusters.sizes, 1)

    def _rows(self, data, kept, found, draws):
        """Return a row for each cluster, and the rows of the classes left alone."""
        order, weights = [kept], [data.weights_of(kept)]
        for clusters in found:
            rows = data.rows_of(clusters.label)
            chosen = draws.representatives(
                data.X[rows], rows, clusters.centers, clusters.nearest
            )
            order.append(chosen)
            prior = self.weights == "prior"
            weights.append(
                self._weights(data, clusters) if prior else data.weights_of(order[-1])
            )
        # A row that stands for several clusters has the weights of all of them.
        order, weights = np.concatenate(order), np.concatenate(weights)
        by_class = np.argsort(data.codes[order], kind="stable")
        indices, place = np.unique(order, return_inverse=True)
        total = np.bincount(place, weights, len(indices))
        return Resampled(Selection(indices, total, data.n_rows), order[by_class])


def _first_nearest(distances, numbers, n_clusters):
    """Return the first row of each cluster that is nearest up to rounding, or -1."""
    # Distances that differ only by rounding are ties, which go to the first row: the
    # same one whatever the layout of the data and the processor.
    least = np.full(n_clusters, np.inf)
    np.minimum.at(least, numbers, distances)
    rows = np.flatnonzero(distances <= least[numbers] * (1 + 1e-9))[::-1]
    first = np.full(n_clusters, -1, dtype=np.int64)
    # NumPy assigns in order, so the last assignment, of the lowest row, stays.
    first[numbers[rows]] = rows
    return first
