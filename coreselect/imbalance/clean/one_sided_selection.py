"""One-sided selection: rows near a border, but not on it (Kubat and Matwin 1997)."""

import numpy as np

from coreselect.imbalance.clean._cleaning import targeted
from coreselect.imbalance.clean._condensing import SmallestClass
from coreselect.imbalance.clean.condensed_nearest_neighbour import (
    CondensedNearestNeighbour,
)
from coreselect.imbalance.clean.tomek_links import linked


class OneSidedSelection(CondensedNearestNeighbour):
    """Keep rows that a few seeds misjudge, then drop those in Tomek links.

    Rows far inside a class go, and rows on its border [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes.
    random_state : None, int, RandomState or Generator
        Draws the seeds. Under protocol "imblearn", no Generator.
    n_neighbors : int, classifier or None
        How many of the nearest rows vote, among the seeds and the smallest class; None:
        one. Or a classifier such as `sklearn.neighbors.KNeighborsClassifier`.
    n_seeds_S : int
        Number of rows of a class that judge its other rows.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, n_features_in_, feature_names_in_
        As for `EditedNearestNeighbours`.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers class by class; in a targeted class the seeds, then the other rows.
    estimators_ : list of classifiers
        For each targeted class, fitted to the smallest class and the seeds.

    See Also
    --------
    CondensedNearestNeighbour : Every row judged wrongly becomes a judge too.
    TomekLinks : The second step alone.

    Notes
    -----
    The cost is O(n m d) for m rows in the smallest class, and a search for Tomek links
    among the rows that remain. Every row of a class is judged by the seeds and the
    smallest class alone. The seeds and the rows judged wrongly stay; then rows in Tomek
    links go.

    This balances nothing, and the kept rows depend on where the seeds happen to be.
    With one seed they are mostly the half of the class that is nearer to the smallest
    class than to the seed. Two draws can differ a lot: raise `n_seeds_S`.

    imbalanced-learn draws seeds with repeats. If the smallest class itself is targeted,
    it keeps only the seeds of it; here all its rows go on to the second step.

    References
    ----------
    .. [1] M. Kubat and S. Matwin. Addressing the Curse of Imbalanced Training Sets:
       One-sided Selection. ICML 1997, 179-186, ISBN 1-55860-486-3.

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
    use_when = "Rows far inside a large class, and those on the border, should go."

    def _kept_rows(self, data, draws):
        store = SmallestClass(data, self.n_neighbors, self.n_jobs, draws)
        self.estimators_ = []

        def keep(label, rows, draws):
            code = data.code_of(label)
            if not draws.condenses(code, store.smallest):
                return rows
            drawn = draws.seeds(len(rows), self.n_seeds_S)
            seeds, others = rows[drawn], np.delete(rows, drawn)
            wrong = store.misjudged(others, seeds, code)
            self.estimators_.append(store.fitted(seeds))
            return np.append(seeds, others[wrong])

        kept = self._class_by_class(data, draws, keep)
        # Links are those among the kept rows, so that every kept row may be in one.
        codes = data.codes[kept]
        classes = targeted(data, list(self.sampling_strategy_), codes)
        drop = linked(data.X[kept], codes, self.n_jobs) & np.isin(codes, classes)
        return kept[~drop]
