"""The neighbourhood cleaning rule (Laurikkala 2001)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import clone

from coreselect._typing import Checks, CleaningStrategy, NeighborsLike
from coreselect._validation import Real
from coreselect.imbalance._base import CleaningSampler
from coreselect.imbalance._base.neighbors import neighbors_object
from coreselect.imbalance.clean._cleaning import RemainingNeighbors, targeted
from coreselect.imbalance.clean.edited_nearest_neighbours import EditedNearestNeighbours


def check_editor(name, value):
    """Raise unless `value` is None or a sampler with ``fit_resample``."""
    if value is not None and not hasattr(value, "fit_resample"):
        raise TypeError(
            f"{name} must be None or a sampler with fit_resample such as "
            f"EditedNearestNeighbours(), got {value!r}."
        )


class NeighbourhoodCleaningRule(CleaningSampler):
    """Drop rows by editing, and the neighbours of misjudged rows of the smallest class.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes.
    edited_nearest_neighbours : object with ``fit_resample``, optional
        Drops the first rows, and tells ``sample_indices_``. None:
        `EditedNearestNeighbours` with ``kind_sel="mode"``.
    n_neighbors : int or object with ``kneighbors``
        Number of neighbours that judge a row. An object that is not a classifier counts
        the row itself too.
    threshold_cleaning : float
        Neighbours of misjudged rows are dropped only from classes with more rows than
        this share of the smallest class.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.
    protocol : {"coreselect", "imblearn"}
        Whether a row of the smallest class takes part in the vote on itself. In
        imbalanced-learn it does, so that fewer of them are misjudged.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, n_features_in_, feature_names_in_
        As for `EditedNearestNeighbours`.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers in ascending order.
    edited_nearest_neighbours_ : object
        The fitted object that dropped the first rows.
    classes_to_clean_ : list
        Classes that may lose neighbours of misjudged rows.
    nn_ : object
        The neighbours object of imbalanced-learn, not fitted.

    See Also
    --------
    EditedNearestNeighbours : The first step alone.

    Notes
    -----
    The searches cost O(n² d) in matrix products, less for a few features; memory is O(n
    k).

    Rows that most of their neighbours disagree with are dropped first (A1 in the paper
    [1]_). Then the neighbours of misjudged rows of the smallest class are dropped, if
    their class is large enough (A2). Both steps judge by all rows.

    References
    ----------
    .. [1] J. Laurikkala. Improving Identification of Difficult Small Classes by
       Balancing Class Distribution. AIME 2001, 63-66, :doi:`10.1007/3-540-48229-6_9`.

    Examples
    --------
    >>> from coreselect import NeighbourhoodCleaningRule
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [9.0], [9.5]]
    >>> y = [0, 0, 0, 0, 1, 0, 1, 1]
    >>> NeighbourhoodCleaningRule(n_neighbors=1).fit(X, y).sample_indices_
    array([0, 1, 2, 4, 6, 7])
    """

    cli_name = "neighbourhood-cleaning-rule"
    cost = "O(n² d)"
    use_when = "Rows of large classes around rows of a small one should go."
    parameter_checks: Checks = {
        "edited_nearest_neighbours": check_editor,
        "threshold_cleaning": Real(0, strict=True),
    }

    def __init__(
        self,
        *,
        sampling_strategy: CleaningStrategy = "auto",
        edited_nearest_neighbours: Any = None,
        n_neighbors: NeighborsLike = 3,
        threshold_cleaning: float = 0.5,
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.edited_nearest_neighbours = edited_nearest_neighbours
        self.n_neighbors = n_neighbors
        self.threshold_cleaning = threshold_cleaning
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        return [
            cls(),
            cls(protocol="imblearn", weights="prior"),
            cls(edited_nearest_neighbours=EditedNearestNeighbours(n_neighbors=2)),
        ]

    def _kept_rows(self, data, draws):
        # Both steps judge by all rows: the second does not see what the first dropped.
        keep = self._edited(data)
        keep[self._around(data, draws)] = False
        return np.flatnonzero(keep)

    def _edited(self, data):
        """Return which rows the first step keeps."""
        self.nn_ = neighbors_object(self.n_neighbors)
        editor = self.edited_nearest_neighbours
        if editor is None:
            editor = EditedNearestNeighbours(
                sampling_strategy=self.sampling_strategy,
                n_neighbors=self.n_neighbors,
                kind_sel="mode",
                n_jobs=self.n_jobs,
            )
        self.edited_nearest_neighbours_ = clone(editor)
        self.edited_nearest_neighbours_.fit_resample(data.X, data.y)
        keep = np.zeros(data.n_rows, dtype=bool)
        keep[self.edited_nearest_neighbours_.sample_indices_] = True
        return keep

    def _around(self, data, draws):
        """Return the neighbours that the second step drops."""
        smallest = draws.smallest_class(data.codes)
        rows = np.flatnonzero(data.codes == smallest)
        remaining = RemainingNeighbors(self.n_neighbors, data, self.n_jobs)
        lists = remaining.find(rows, self._n_neighbors())
        wrong = draws.misjudged(data, rows, lists, self.n_neighbors)
        around = np.unique(lists[wrong])
        return around[np.isin(data.codes[around], self._cleaned(data, smallest))]

    def _n_neighbors(self):
        if hasattr(self.n_neighbors, "kneighbors"):
            own = not hasattr(self.n_neighbors, "predict")
            return self.n_neighbors.n_neighbors - own
        return int(self.n_neighbors)

    def _cleaned(self, data, smallest):
        """Return the numbers of the classes that may lose neighbours."""
        sizes = np.bincount(data.codes)
        # Small classes lose no neighbours: the rule is meant to protect them.
        least = float(self.threshold_cleaning) * sizes[smallest]
        codes = targeted(data, list(self.sampling_strategy_), data.codes)
        codes = [code for code in codes if sizes[code] > least]
        self.classes_to_clean_ = [data.classes[code] for code in codes]
        return codes
