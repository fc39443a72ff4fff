"""Hart's condensed nearest neighbour rule (1968).

Of a class only such rows are kept that the nearest of the rows kept so far, or of the
rows of the smallest class, would assign to the wrong one of the two.
"""

import numpy as np

from coreselect._validation import Integer, OrNone
from coreselect.imbalance._base import PROTOCOL, CleaningSampler
from coreselect.imbalance._base.parameters import Classifier
from coreselect.imbalance.clean._condensing import SmallestClass


class CondensedNearestNeighbour(CleaningSampler):
    """Keep the rows of a class without which nearest neighbours would judge wrongly.

    Rows of the class are looked at in turn; one that the store of rows kept so far and
    all rows of the smallest class misjudge is taken into the store [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (as "not minority"), "majority",
        "not majority", "all", or a list of classes.
    random_state : None, int, RandomState or Generator
        Draws the seeds. Under protocol "imblearn" no Generator.
    n_neighbors : int, classifier or None
        How many of the nearest rows in the store vote; None: one. Or a classifier such
        as `sklearn.neighbors.KNeighborsClassifier`, which is fitted anew whenever a
        row is taken in.
    n_seeds_S : int
        Rows of the class that the store begins with.
    n_jobs : int, optional
        Threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances, its defect included; see Notes.

    Attributes
    ----------
    selection_ : Selection
    sampling_strategy_ : dict
        Its keys are the classes that rows are dropped from.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Class by class; of a condensed one the seeds, then the rows as taken in.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    estimators_ : list of classifiers
        For each condensed class, fitted to its store.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    OneSidedSelection : One look at all rows against the seeds alone, then Tomek links.

    Notes
    -----
    O(n_c m d) for a class of n_c rows of which m are kept, beside the distances to the
    smallest class; memory O(n_c).

    With one neighbour, the store judges all rows of its two classes rightly, but for
    rows with a copy in the other class: a row that it judges rightly stays so, as only
    rows of the same class come in, and no second pass is needed. The store is neither
    the smallest that does so nor of a given size, and depends on the order of the rows.
    Noise is kept, as it is always misjudged: clean first, or use `OneSidedSelection`.

    imbalanced-learn passes over the row at position i of the class when row number i
    of the data is in the store, by which misjudged rows are lost; protocol "imblearn"
    reproduces this. It also draws seeds with repeats and, where the smallest class
    itself is to be condensed, keeps only the seeds of it; here all its rows are kept.

    References
    ----------
    .. [1] P. Hart. The Condensed Nearest Neighbor Rule. IEEE Transactions on
       Information Theory 14 (1968), 515-516.

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
    use_when = "A 1-nearest-neighbour classifier shall judge as before from fewer rows."
    parameter_checks = {
        **CleaningSampler.parameter_checks,
        "n_neighbors": OrNone(Classifier()),
        "n_seeds_S": Integer(1),
        "n_jobs": OrNone(Integer()),
        "protocol": PROTOCOL,
    }

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        random_state=None,
        n_neighbors=None,
        n_seeds_S=1,
        n_jobs=None,
        weights="ones",
        protocol="coreselect",
    ):
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.random_state = random_state
        self.n_neighbors = n_neighbors
        self.n_seeds_S = n_seeds_S
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [cls(), cls(protocol="imblearn"), cls(n_seeds_S=2, weights="prior")]

    def _kept_rows(self, data, draws):
        store = SmallestClass(data, self.n_neighbors, self.n_jobs, draws)
        self.estimators_, kept = [], []
        for code, label in enumerate(data.classes):
            rows = np.flatnonzero(data.codes == code)
            wanted = label in self.sampling_strategy_
            if wanted and draws.condenses(code, store.smallest):
                seeds = draws.of_class(code).seeds(len(rows), self.n_seeds_S)
                rows = rows[store.condense(rows, seeds, code)]
                self.estimators_.append(store.fitted(rows))
            kept.append(rows)
        return np.concatenate(kept)
