"""Hart's condensed nearest neighbour rule (1968).

The rule keeps a row of a class only if nearest neighbours would otherwise take it for a
row of the smallest class. The neighbours are the rows of the class kept so far, and all
rows of the smallest class.
"""

from __future__ import annotations

from typing import Any, Literal

from coreselect._typing import Checks, CleaningStrategy, Seed
from coreselect._validation import Integer, OrNone
from coreselect.imbalance._base import CleaningSampler
from coreselect.imbalance._base.parameters import Classifier
from coreselect.imbalance.clean._condensing import SmallestClass


class CondensedNearestNeighbour(CleaningSampler):
    """Keep only the rows of a class that nearest neighbours need to tell it apart.

    A store begins with some rows of the class and all rows of the smallest class. The
    other rows are judged by the store in turn, and those judged wrongly are added to it
    [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes.
    random_state : None, int, RandomState or Generator
        Draws the first rows of the store. Under protocol "imblearn", no Generator.
    n_neighbors : int, classifier or None
        How many of the nearest rows in the store vote; None: one. A classifier, such as
        `sklearn.neighbors.KNeighborsClassifier`, is fitted anew whenever a row is
        added.
    n_seeds_S : int
        Number of rows of the class that the store begins with.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances, including its defect; see Notes.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, n_features_in_, feature_names_in_
        As for `EditedNearestNeighbours`.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers class by class; in a condensed class the rows as they entered the
        store.
    estimators_ : list of classifiers
        For each condensed class, fitted to its store.

    See Also
    --------
    OneSidedSelection : Judges all rows by the first store, then drops Tomek links.

    Notes
    -----
    A class of n_c rows, of which m are kept, costs O(n_c m d) beside the distances to
    the smallest class; memory is O(n_c).

    With one neighbour, the store judges all rows of its two classes rightly, except
    rows with a copy in the other class. One pass is enough: later rows are of the same
    class, so a row that was judged rightly stays so. The store is not the smallest
    possible, has no given size, and depends on the order of the rows. It keeps noise,
    which is always misjudged: clean first, or use `OneSidedSelection`.

    imbalanced-learn skips the row at position i of the class if row number i of the
    data is in the store, and so loses misjudged rows; protocol "imblearn" reproduces
    this. It also draws the first rows with repeats. If the smallest class itself is to
    be condensed, it keeps only the first rows of it; here all its rows are kept.

    References
    ----------
    .. [1] P. Hart. The Condensed Nearest Neighbor Rule. IEEE Transactions on
       Information Theory 14 (1968), 515-516, :doi:`10.1109/TIT.1968.1054155`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import CondensedNearestNeighbour
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> y = np.repeat([0, 1], [15, 5])
    >>> sampler = CondensedNearestNeighbour(random_state=0).fit(X, y)
    >>> kept = sampler.sample_indices_
    >>> bool((sampler.estimators_[0].predict(X) == y).all()), len(kept) < 20
    (True, True)
    """

    cli_name = "condensed-nearest-neighbour"
    cost = "O(n m d)"
    use_when = "A nearest-neighbour classifier should judge as before from fewer rows."
    parameter_checks: Checks = {
        "n_neighbors": OrNone(Classifier()),
        "n_seeds_S": Integer(1),
    }

    def __init__(
        self,
        *,
        sampling_strategy: CleaningStrategy = "auto",
        random_state: Seed = None,
        n_neighbors: Any = None,
        n_seeds_S: int = 1,
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.random_state = random_state
        self.n_neighbors = n_neighbors
        self.n_seeds_S = n_seeds_S
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        return [cls(), cls(protocol="imblearn"), cls(n_seeds_S=2, weights="prior")]

    def _kept_rows(self, data, draws):
        store = SmallestClass(data, self.n_neighbors, self.n_jobs, draws)
        self.estimators_ = []

        def keep(label, rows, draws):
            code = data.code_of(label)
            if draws.condenses(code, store.smallest):
                seeds = draws.seeds(len(rows), self.n_seeds_S)
                rows = rows[store.condensed(rows, seeds, code)]
                self.estimators_.append(store.fitted(rows))
            return rows

        return self._class_by_class(data, draws, keep)
