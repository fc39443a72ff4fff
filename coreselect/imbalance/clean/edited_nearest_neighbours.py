"""Wilson's editing: drop rows that their neighbours disagree with (1972)."""

import numpy as np

from coreselect._validation import Integer, OneOf, OrNone
from coreselect.imbalance._base import CleaningSampler
from coreselect.imbalance._base.neighbors import neighbors_object
from coreselect.imbalance._base.parameters import Neighbors
from coreselect.imbalance.clean._cleaning import (
    Remaining,
    class_by_class,
    edit_once,
    n_neighbors_of,
)


class EditedNearestNeighbours(CleaningSampler):
    """Drop rows whose neighbours are of other classes.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (as "not minority"), "majority",
        "not majority", "all", or a list of classes.
    n_neighbors : int or object with ``kneighbors``
        Neighbours that are asked. An object counts the row itself among them: one with
        4 neighbours asks 3.
    kind_sel : {"all", "mode"}
        A row is kept if all its neighbours have its class, or if the most frequent
        class among them is its own (Wilson's rule [1]_; of equally frequent ones the
        first in order counts).
    n_jobs : int, optional
        Threads of the search; None: as many as the linear algebra uses. Set on an
        object, unless it is None.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept.

    Attributes
    ----------
    selection_ : Selection
    sampling_strategy_ : dict
        Its keys are the classes that rows are dropped from.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Class by class, as in imbalanced-learn.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    nn_ : object
        The neighbours object of imbalanced-learn, not fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Raises
    ------
    ValueError
        If there are no more than `n_neighbors` rows.

    See Also
    --------
    RepeatedEditedNearestNeighbours : Until nothing changes.
    AllKNN : With more and more neighbours.
    TomekLinks : Drops less.

    Notes
    -----
    O(n² d) in matrix products for many features, less for a few; memory O(n k).

    A row is not its own neighbour, but its copies are: imbalanced-learn takes out the
    first entry of each list instead, which among copies can be another row.

    Kind "all" is harsher than the paper's rule: with p the share of other classes among
    the neighbours, it keeps (1 - p)**k of the rows. Where classes overlap, a large
    class may lose most of its rows. Distances are Euclidean: scale the features first.

    References
    ----------
    .. [1] D. Wilson. Asymptotic Properties of Nearest Neighbor Rules Using Edited Data.
       IEEE Transactions on Systems, Man, and Cybernetics 2 (1972), 408-421.

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
    parameter_checks = {
        **CleaningSampler.parameter_checks,
        "n_neighbors": Neighbors(),
        "kind_sel": OneOf("all", "mode"),
        "n_jobs": OrNone(Integer()),
    }

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        n_neighbors=3,
        kind_sel="all",
        n_jobs=None,
        weights="ones",
    ):
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.n_neighbors = n_neighbors
        self.kind_sel = kind_sel
        self.n_jobs = n_jobs

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [cls(n_neighbors=1), cls(kind_sel="mode", weights="prior")]

    def _remaining(self, data, spare=0):
        self.nn_ = neighbors_object(self.n_neighbors)
        return Remaining("n_neighbors", self.n_neighbors, data, self.n_jobs, spare)

    def _strategy_now(self):
        """Return the strategy as `edit_once` takes it: names are read in each pass."""
        strategy = self.sampling_strategy
        return strategy if isinstance(strategy, str) else list(self.sampling_strategy_)

    def _kept_rows(self, data, draws):
        remaining = self._remaining(data)
        k = n_neighbors_of(self.n_neighbors)
        edit_once(data, remaining, list(self.sampling_strategy_), k, self.kind_sel)
        return class_by_class(data, np.flatnonzero(remaining.alive))
