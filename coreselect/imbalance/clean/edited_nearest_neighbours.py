"""Wilson's editing: drop rows that their neighbours disagree with (1972)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coreselect._typing import Checks, CleaningStrategy, NeighborsLike
from coreselect._validation import OneOf
from coreselect.imbalance._base import CleaningSampler
from coreselect.imbalance._base.neighbors import neighbors_object
from coreselect.imbalance.clean._cleaning import (
    RemainingNeighbors,
    class_by_class,
    edit_once,
    n_neighbors_of,
)


class EditedNearestNeighbours(CleaningSampler):
    """Drop rows whose neighbours are of other classes.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes.
    n_neighbors : int or object with ``kneighbors``
        Number of neighbours that judge a row. An object counts the row itself too: one
        with 4 neighbours has 3 that judge.
    kind_sel : {"all", "mode"}
        "all" keeps a row if all its neighbours have its class. "mode" keeps it if its
        class is the most frequent one among them (Wilson's rule [1]_; ties go to the
        first class in order).
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses. Also
        set on an object, unless it is None.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.

    Attributes
    ----------
    selection_ : Selection
    sampling_strategy_ : dict
        Its keys are the classes that rows are dropped from.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers class by class, as in imbalanced-learn.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    nn_ : object
        The neighbours object of imbalanced-learn, not fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Raises
    ------
    ValueError
        If there are at most `n_neighbors` rows.

    See Also
    --------
    RepeatedEditedNearestNeighbours : Until nothing changes.
    AllKNN : With more and more neighbours.
    TomekLinks : Drops less.

    Notes
    -----
    The search costs O(n² d) in matrix products, less for a few features; memory is O(n
    k).

    A row is not its own neighbour, but copies of it are. imbalanced-learn removes the
    first entry of each list instead, which can be another row if there are copies.

    "all" is harsher than the paper's rule. If a share p of the neighbours is of other
    classes, it keeps (1 - p)**k of the rows. Where classes overlap, a large class may
    lose most of its rows. Distances are Euclidean, so scale the features first.

    References
    ----------
    .. [1] D. Wilson. Asymptotic Properties of Nearest Neighbor Rules Using Edited Data.
       IEEE Transactions on Systems, Man, and Cybernetics 2 (1972), 408-421,
       :doi:`10.1109/TSMC.1972.4309137`.

    Examples
    --------
    >>> from coreselect import EditedNearestNeighbours
    >>> X = [[0.0], [1.0], [2.0], [5.0], [6.0], [6.5], [7.0]]
    >>> y = [0, 0, 0, 1, 1, 0, 1]
    >>> EditedNearestNeighbours(n_neighbors=2).fit(X, y).sample_indices_
    array([0, 1, 2, 3, 4, 6])
    """

    cli_name = "edited-nearest-neighbours"
    cost = "O(n² d)"
    use_when = "A large class reaches into a small one, and its rows there are noise."
    parameter_checks: Checks = {"kind_sel": OneOf("all", "mode")}

    def __init__(
        self,
        *,
        sampling_strategy: CleaningStrategy = "auto",
        n_neighbors: NeighborsLike = 3,
        kind_sel: Literal["all", "mode"] = "all",
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.n_neighbors = n_neighbors
        self.kind_sel = kind_sel
        self.n_jobs = n_jobs

    @classmethod
    def examples(cls):
        return [cls(n_neighbors=1), cls(kind_sel="mode", weights="prior")]

    def _remaining(self, data, spare=0):
        self.nn_ = neighbors_object(self.n_neighbors)
        return RemainingNeighbors(self.n_neighbors, data, self.n_jobs, spare)

    def _strategy_now(self):
        """Return the strategy as `edit_once` takes it: names are read in each pass."""
        strategy = self.sampling_strategy
        return strategy if isinstance(strategy, str) else list(self.sampling_strategy_)

    def _kept_rows(self, data, draws):
        remaining = self._remaining(data)
        k = n_neighbors_of(self.n_neighbors)
        edit_once(data, remaining, list(self.sampling_strategy_), k, self.kind_sel)
        return class_by_class(data, np.flatnonzero(remaining.alive))
