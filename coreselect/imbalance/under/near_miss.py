"""NearMiss: keep rows by their distance to the smallest class (Mani and Zhang 2003)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from coreselect._numbers import largest_entry, power_of_two, to_dense
from coreselect._typing import Checks, NeighborsLike, Strategy
from coreselect._validation import Integer, warn_user
from coreselect.imbalance._base import UnderSampler
from coreselect.imbalance._base.parameters import Neighbors
from coreselect.neighbors import nearest_neighbors, sq_distances

_BLOCK = 4096  # rows whose distances are found at a time
_TARGETS = 256


class NearMiss(UnderSampler):
    """Keep the rows of larger classes that are near the smallest class.

    Version 1 keeps the rows with the smallest mean distance to their `n_neighbors`
    nearest rows of the smallest class; version 2, to their `n_neighbors` farthest ones.
    Version 3 considers only the `n_neighbors_ver3` nearest rows of every row of the
    smallest class, and keeps those with the *largest* mean distance to their
    `n_neighbors` nearest rows of it [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes lose rows, and how many rows they keep; "auto" brings all classes
        to the size of the smallest.
    version : {1, 2, 3}, default=1
    n_neighbors : int or object with ``kneighbors``, default=3
    n_neighbors_ver3 : int or object with ``kneighbors``, default=3
        Only for version 3.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}, default="ones"
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        What version 3 does if it has too few candidates. "coreselect" considers more
        neighbours of every row until there are enough. "imblearn" keeps fewer rows,
        with a warning; of several smallest classes it takes the one that comes first in
        y, not the first in order. Rows at equal distances may differ from
        imbalanced-learn's under either protocol.

    Attributes
    ----------
    selection_ : Selection
        The kept rows in ascending order.
    sampling_strategy_ : dict
        Number of rows to keep of each sampled class.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers class by class; in sampled classes in the order of their distances.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    nn_, nn_ver3_ : object
        The neighbours objects of imbalanced-learn.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    RandomUnderSampler : Cheaper, and often as good.
    TomekLinks : Drops rows that are too near, instead of keeping them.

    Notes
    -----
    The cost is O(n m d) for m rows in the smallest class; memory is O(n n_neighbors).
    The result is deterministic, and the lowest of rows at equal distances is kept.
    Distances take all columns as they are: scale them first.

    Versions 1 and 2 keep rows *because* they are near the other class, so noise and
    outliers come first. ``weights="prior"`` corrects the class shares, not this choice
    inside a class.

    References
    ----------
    .. [1] I. Mani, I. Zhang, "kNN approach to unbalanced data distributions: a case
       study involving information extraction", Workshop on Learning from Imbalanced
       Datasets, ICML, 2003, as described by G. Lemaitre, F. Nogueira, C. K. Aridas,
       "Imbalanced-learn", JMLR 18, 2017, :arxiv:`1609.06570`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import NearMiss
    >>> X, y = np.arange(8.0).reshape(-1, 1), np.array([0] * 6 + [1] * 2)
    >>> NearMiss(n_neighbors=2).fit(X, y).sample_indices_
    array([5, 4, 6, 7])
    """

    _exact = ("coreselect",)
    cli_name = "near-miss"
    cost = "O(n m d)"
    use_when = "The rows of a large class that matter lie next to the small one."
    parameter_checks: Checks = {
        "version": Integer(1, 3),
        "n_neighbors_ver3": Neighbors(),
    }

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        version: Literal[1, 2, 3] = 1,
        n_neighbors: NeighborsLike = 3,
        n_neighbors_ver3: NeighborsLike = 3,
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.version = version
        self.n_neighbors = n_neighbors
        self.n_neighbors_ver3 = n_neighbors_ver3
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        few = {"n_neighbors": 1, "n_neighbors_ver3": 1}
        return [
            *(cls(version=version, **few) for version in (1, 2, 3)),
            cls(version=3, protocol="imblearn", **few),
        ]

    def _kept_rows(self, data, draws):
        self.nn_ = self._object(self.n_neighbors)
        if self.version == 3:
            self.nn_ver3_ = self._object(self.n_neighbors_ver3)
        near = data.X[data.codes == draws.smallest_class(data.codes)]

        def keep(label, rows, draws):
            size = self.sampling_strategy_[label]
            return rows[self._chosen(data.X[rows], near, size, draws)]

        return self._class_by_class(data, draws, keep)

    def _object(self, neighbors):
        """Return the neighbours object; for a number, one of scikit-learn."""
        if not hasattr(neighbors, "kneighbors"):
            return NearestNeighbors(n_neighbors=int(neighbors), n_jobs=self.n_jobs)
        neighbors = clone(neighbors)
        if self.n_jobs is not None:
            neighbors.set_params(n_jobs=self.n_jobs)
        return neighbors

    def _chosen(self, X, near, size, draws):
        """Return positions in X, rows of a class, in the order of their distances."""
        rows = np.arange(X.shape[0])
        if self.version == 3:
            rows = self._candidates(X, near, size, draws)
        if self.version == 2:
            distances = self._farthest(near, X).sum(axis=1)
        else:
            distances = self._nearest("n_neighbors", near, X[rows])[1].sum(axis=1)
        # Among the candidates of version 3, those far from the smallest class are kept.
        sign = -1 if self.version == 3 else 1
        order = np.argsort(sign * distances, kind="stable")
        return rows[order[:size]]

    def _candidates(self, X, near, size, draws):
        """Return the rows of X that are nearest to some row of the smallest class."""
        k = None
        while True:
            lists = self._nearest("n_neighbors_ver3", X, near, k)[0]
            found = np.unique(lists)
            # A user's object may return shorter lists than it was asked for, so the
            # next number is at least twice the length of these.
            if draws.is_enough(len(found), size) or k == X.shape[0]:
                break
            k = min(2 * max(k or 1, lists.shape[1]), X.shape[0])
        if len(found) < size:
            warn_user(
                f"{size} rows were asked for, but only {len(found)} are near rows of "
                "the smallest class: these are kept. Raise n_neighbors_ver3, or use "
                "protocol='coreselect', which looks at more neighbors."
            )
        return found

    def _nearest(self, name, X, queries, k=None):
        """Return the nearest rows of X and their distances, as a parameter says."""
        neighbors = self.nn_ if name == "n_neighbors" else self.nn_ver3_
        k = neighbors.n_neighbors if k is None else k
        if hasattr(getattr(self, name), "kneighbors"):
            return neighbors.fit(X).kneighbors(queries, n_neighbors=k)[::-1]
        if k > X.shape[0]:
            raise ValueError(
                f"{name}={k} is more than the {X.shape[0]} rows that may be neighbors; "
                f"use {name}={X.shape[0]} at most. (Expected n_neighbors <= "
                f"n_samples_fit, but n_neighbors = {k}, n_samples_fit = {X.shape[0]}.)"
            )
        return nearest_neighbors(X, k, queries=queries, n_jobs=self.n_jobs)

    def _farthest(self, near, X):
        """Return the distances of every row of X to its farthest rows of `near`."""
        k = self.nn_.n_neighbors
        if hasattr(self.n_neighbors, "kneighbors"):
            found = self.nn_.fit(near).kneighbors(X, n_neighbors=near.shape[0])
            return found[0][:, -k:]
        if k > near.shape[0]:
            self._nearest("n_neighbors", near, X)  # which raises
        unit = power_of_two(max(largest_entry(near), largest_entry(X)))
        X = X if unit == 1.0 else X * unit
        # Tile by tile, the k largest distances so far are merged with those to further
        # rows, so that memory does not grow with the number of these.
        found = np.full((X.shape[0], k), -1.0)
        for first in range(0, near.shape[0], _TARGETS):
            targets = to_dense(near[first : first + _TARGETS], unit)
            for start in range(0, X.shape[0], _BLOCK):
                part = slice(start, start + _BLOCK)
                both = np.hstack([found[part], sq_distances(X[part], targets)])
                found[part] = np.partition(both, -k, axis=1)[:, -k:]
        return np.sqrt(np.sort(found, axis=1)) / unit
