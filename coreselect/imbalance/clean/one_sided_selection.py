"""One-sided selection: rows near a border, not on it (Kubat and Matwin 1997)."""

import numpy as np

from coreselect.imbalance.clean._cleaning import targeted
from coreselect.imbalance.clean._condensing import SmallestClass
from coreselect.imbalance.clean.condensed_nearest_neighbour import (
    CondensedNearestNeighbour,
)
from coreselect.imbalance.clean.tomek_links import linked


class OneSidedSelection(CondensedNearestNeighbour):
    """Keep rows that a few seeds misjudge, then drop those in Tomek links.

    What lies far inside a class goes, and what lies on its border [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (as "not minority"), "majority",
        "not majority", "all", or a list of classes.
    random_state : None, int, RandomState or Generator
        Draws the seeds. Under protocol "imblearn" no Generator.
    n_neighbors : int, classifier or None
        How many of the nearest rows vote among the seeds and the smallest class; None:
        one. Or a classifier such as `sklearn.neighbors.KNeighborsClassifier`.
    n_seeds_S : int
        Rows of a class that the others are judged by.
    n_jobs : int, optional
        Threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances.

    Attributes
    ----------
    selection_ : Selection
    sampling_strategy_ : dict
        Its keys are the classes that rows are dropped from.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Class by class; of a targeted one the seeds, then the other rows in order.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    estimators_ : list of classifiers
        For each targeted class, fitted to the smallest class and the seeds.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    CondensedNearestNeighbour : The judge learns from every row taken in.
    TomekLinks : The second step alone.

    Notes
    -----
    O(n m d) with m rows in the smallest class, and the search of Tomek links among the
    rows that remain. Every row of a class is judged by the seeds and the smallest class
    alone; those judged wrongly, and the seeds, stay; then members of Tomek links go.

    It balances nothing, and what is kept depends on where the seeds happen to be; with
    one seed, mostly the half of the class that is nearer to the smallest class than to
    it. Two draws can differ much: raise `n_seeds_S`.

    imbalanced-learn draws seeds with repeats and, where the smallest class itself is
    targeted, keeps only the seeds of it; here all its rows go on to the second step.

    References
    ----------
    .. [1] M. Kubat and S. Matwin. Addressing the Curse of Imbalanced Training Sets:
       One-sided Selection. ICML 1997, 179-186.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import OneSidedSelection
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> y = np.repeat([0, 1], [15, 5])
    >>> len(OneSidedSelection(random_state=0).fit(X, y).select()) < 20
    True
    """

    cli_name = "one-sided-selection"
    cost = "O(n m d)"
    use_when = "Rows far inside a large class, and those on the border, shall go."

    def _kept_rows(self, data, draws):
        store = SmallestClass(data, self.n_neighbors, self.n_jobs, draws)
        self.estimators_, kept = [], []
        for code, label in enumerate(data.classes):
            rows = np.flatnonzero(data.codes == code)
            wanted = label in self.sampling_strategy_
            if wanted and draws.condenses(code, store.smallest):
                drawn = draws.of_class(code).seeds(len(rows), self.n_seeds_S)
                seeds, others = rows[drawn], np.delete(rows, drawn)
                wrong = store.misjudged(others, seeds, code)
                self.estimators_.append(store.fitted(seeds))
                rows = np.append(seeds, others[wrong])
            kept.append(rows)
        kept = np.concatenate(kept)
        codes = data.codes[kept]
        classes = targeted(data, list(self.sampling_strategy_), codes)
        drop = linked(data.X[kept], codes, self.n_jobs) & np.isin(codes, classes)
        return kept[~drop]
