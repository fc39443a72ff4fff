"""k-means SMOTE: SMOTE inside those clusters of all rows where the class is common.

Take a cluster with n_c rows of the class, at a mean distance D from each other. It gets
new rows in proportion to its sparsity ``D**e / n_c`` (Last, Douzas and Bacao 2017).
"""

from __future__ import annotations

import numbers
from math import log
from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances_chunked

from coreselect._typing import Checks, NeighborsLike, Seed, Strategy
from coreselect._validation import OrWord, Real
from coreselect.base import RowEstimator
from coreselect.imbalance._base.neighbors import class_neighbors
from coreselect.imbalance._base.parameters import EstimatorOrCount
from coreselect.imbalance.over.smote import SMOTE


class KMeansSMOTE(SMOTE):
    """Make new rows of a class inside clusters where it is common.

    All rows are clustered. New rows are made by `SMOTE` inside the clusters in which
    the class has more than `k_neighbors` rows and at least a share of
    `cluster_balance_threshold`. Sparse clusters get more new rows than dense ones [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn", no Generator.
    k_neighbors : int or object with ``kneighbors``
        Number of neighbours of a row of the class inside its cluster.
    n_jobs : int, optional
        Number of jobs for the distances inside clusters, as in scikit-learn.
    kmeans_estimator : None, int or object with ``fit`` and ``predict``
        The clustering, or the number of clusters of k-means. None: 8 clusters.
    cluster_balance_threshold : "auto" or float
        Least share of the class in a cluster. "auto": half of its share of all new
        rows.
    density_exponent : "auto" or float
        Exponent e of the mean distance. "auto": ``0.16 log_1.6(n_c)**1.8``.
    allocation : {"auto", "even", "pairs"}
        As for `SMOTE`, inside a cluster.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances. It rounds the number of new rows
        up in every cluster, and raises an error if no cluster qualifies.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, nn_k_
        As for `SMOTE`.
    kmeans_estimator_ : object
        The clustering, fitted if new rows were made.
    cluster_balance_threshold_ : "auto" or float
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If there are fewer rows than clusters, or a class has too few rows for
        `k_neighbors`.

    See Also
    --------
    SMOTE : Without clusters.

    Notes
    -----
    The cost is that of the clustering and, inside each cluster, of the distances
    between all rows of the class, in chunks. Totals are exact (largest remainders over
    clusters). If no cluster qualifies, the whole class is treated as one, with a
    warning. Weights and integers are treated as in `SMOTE`. The clustering is given
    ``sample_weight`` too.

    References
    ----------
    .. [1] F. Last, G. Douzas and F. Bacao. Oversampling for Imbalanced Learning Based
       on K-Means and SMOTE. :arxiv:`1711.00837` (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import KMeansSMOTE
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 2)) + np.repeat([[0, 0], [9, 9]], [20, 80], axis=0)
    >>> y = np.repeat([1, 0], [20, 80])
    >>> KMeansSMOTE(kmeans_estimator=2, random_state=0).fit(X, y).select()
    Synthesis(100 of 100 rows kept, 60 new: interpolate)
    """

    cli_name = "kmeans-smote"
    passes = "several (all rows in memory)"
    cost = "k-means, then O(T² d)"
    holds = RowEstimator.holds  # not one class at a time
    use_when = "A class has several clusters of different density."
    parameter_checks: Checks = {
        "kmeans_estimator": EstimatorOrCount(),
        "cluster_balance_threshold": OrWord(Real(), "auto"),
        "density_exponent": OrWord(Real(), "auto"),
    }

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        k_neighbors: NeighborsLike = 2,
        n_jobs: int | None = None,
        kmeans_estimator: Any = None,
        cluster_balance_threshold: float | Literal["auto"] = "auto",
        density_exponent: float | Literal["auto"] = "auto",
        allocation: Literal["auto", "even", "pairs"] = "auto",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            k_neighbors=k_neighbors,
            allocation=allocation,
            protocol=protocol,
        )
        self.n_jobs = n_jobs
        self.kmeans_estimator = kmeans_estimator
        self.cluster_balance_threshold = cluster_balance_threshold
        self.density_exponent = density_exponent

    @classmethod
    def examples(cls):
        return [cls(k_neighbors=1, kmeans_estimator=2)]

    def _begin(self, data, draws):
        super()._begin(data, draws)
        given = self.kmeans_estimator
        if given is None or isinstance(given, numbers.Integral):
            clusters = {} if given is None else {"n_clusters": given}
            self.kmeans_estimator_, given = MiniBatchKMeans(**clusters), None
        else:
            self.kmeans_estimator_ = clone(given)
        draws.seed_estimator(self.kmeans_estimator_, given)
        # With a single cluster there is nothing to choose: it qualifies, as in SMOTE.
        self.cluster_balance_threshold_ = self.cluster_balance_threshold
        if getattr(self.kmeans_estimator_, "n_clusters", 0) == 1:
            self.cluster_balance_threshold_ = -np.inf

    def _clusters(self, data, draws):
        """Return the cluster of every row."""
        weight = {} if data.weight is None else {"sample_weight": data.weight}
        own = isinstance(self.kmeans_estimator_, MiniBatchKMeans)
        X = draws.floats(data.X) if own else data.X
        return self.kmeans_estimator_.fit_predict(X, **weight)

    def _new_rows(self, data, label, rows, n_new, draws):
        clusters = draws.result(self._clusters, data, draws)
        groups = self._groups(clusters, rows, n_new)
        if not groups:
            threshold = self.cluster_balance_threshold
            draws.fall_back(
                label,
                rows,
                "no cluster has more than k_neighbors of its rows and the share of "
                f"them that cluster_balance_threshold={threshold!r} asks for; lower "
                "one of these, or ask for more clusters",
                error=RuntimeError(
                    f"No cluster has enough rows of class {label}. Lower "
                    "cluster_balance_threshold or k_neighbors, or ask for more "
                    "clusters."
                ),
            )
            groups = [rows]
        lists = [
            class_neighbors("k_neighbors", self.k_neighbors, data.X[group], label)
            for group in groups
        ]
        logs = [self._log_sparsity(draws.floats(data.X[group])) for group in groups]
        shares = _shares(np.array(logs), groups)
        counts = draws.share_out(n_new, shares, np.ceil)
        return [
            self._segments(data, draws, group, group, found, n)
            for group, found, n in zip(groups, lists, counts, strict=True)
            if n
        ]

    def _groups(self, clusters, rows, n_new):
        """Return the rows of the class in each cluster that qualifies."""
        threshold = self.cluster_balance_threshold_
        if isinstance(threshold, str):
            threshold = n_new / sum(self.sampling_strategy_.values()) / 2
        # The share of the class is that in the cluster, not that of the cluster in the
        # class: new rows then stay out of the other classes.
        sizes = np.bincount(clusters)
        own = np.bincount(clusters[rows], minlength=len(sizes))
        enough = own >= max(2, self.nn_k_.n_neighbors)
        shares = own / np.maximum(sizes, 1)
        chosen = np.flatnonzero(enough & (shares >= threshold))
        return [rows[clusters[rows] == cluster] for cluster in chosen]

    def _log_sparsity(self, X):
        n = X.shape[0]
        if n == 1:
            return 0.0
        # The square matrix of distances may not fit in memory, its chunks do. D**e / n
        # may overflow for many columns; its logarithm does not.
        chunks = pairwise_distances_chunked(
            X, metric="euclidean", n_jobs=self.n_jobs, reduce_func=_sums
        )
        mean = sum(map(float, map(np.sum, chunks))) / (n**2 - n)
        exponent = self.density_exponent
        if isinstance(exponent, str):
            exponent = log(n, 1.6) ** 1.8 * 0.16
        return exponent * log(mean) - log(n) if mean > 0 else -np.inf


def _shares(logs, groups):
    """Return shares of groups from the logarithms of their sparsities."""
    if np.isneginf(logs).all():  # in each, all rows are equal: by their numbers
        return np.array([len(group) for group in groups], dtype=np.float64)
    return np.exp(logs - logs.max())


def _sums(chunk, start):
    """Return the sum of the distances of each row of a chunk."""
    return chunk.sum(axis=1)
