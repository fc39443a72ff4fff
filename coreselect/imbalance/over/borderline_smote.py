"""Borderline-SMOTE: only rows near the border of their class are bases of new rows.

Let m' of the m nearest rows of a row be of other classes. The row is noise if m' = m,
in danger if m/2 <= m' < m, and safe otherwise (Han et al. 2005, section 3).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._typing import Checks, Integers, NeighborsLike, Seed, Strategy
from coreselect._validation import OneOf
from coreselect.imbalance._base.neighbors import (
    class_neighbors,
    count_others,
    neighbors_object,
    require_rows,
    with_searched,
)
from coreselect.imbalance.over.smote import SMOTE
from coreselect.neighbors import neighbor_lists


class BorderlineSMOTE(SMOTE):
    """Make new rows of a class near the border to other classes.

    Bases are the rows in danger: at least half of their `m_neighbors` nearest rows are
    of other classes, but not all [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn", no Generator.
    k_neighbors : int or object with ``kneighbors``
        Number of neighbours towards which new rows lie.
    m_neighbors : int or object with ``kneighbors``
        Number of neighbours that decide which rows are in danger.
    kind : {"borderline-1", "borderline-2"}
        Whether new rows lie towards rows of the class only, or also up to half the way
        towards rows of other classes.
    allocation : {"auto", "even", "pairs"}
        As for `SMOTE`.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances. It shrinks steps towards other
        classes twice, to an eighth of the way on average, and makes no rows for a class
        without rows in danger.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_
        As for `SMOTE`.
    in_danger_indices : dict of class to ndarray of int64
        The rows in danger.
    nn_k_, nn_m_ : object
        The neighbours objects of imbalanced-learn, not fitted.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If there are too few rows for `k_neighbors` or `m_neighbors`; the message names
        a number that fits.

    See Also
    --------
    SVMSMOTE : The border is found by a support vector machine.
    ADASYN : More new rows where there are more neighbours of other classes.

    Notes
    -----
    The search costs n T d operations for a class of T rows among n in d columns. `fit`
    holds T (d + k) numbers and a block of rows at a time; an object in place of a
    number of neighbours is fitted to all rows at once.

    Totals are exact: if a class has no rows in danger, all its rows are bases, with a
    warning. Weights and integers are treated as in `SMOTE`.

    New rows lie where classes overlap, which moves the decision towards the larger
    class. Where the overlap comes from wrong labels, new rows multiply these.

    References
    ----------
    .. [1] H. Han, W.-Y. Wang and B.-H. Mao. Borderline-SMOTE: A New Over-Sampling
       Method in Imbalanced Data Sets Learning. ICIC 2005, 878-887,
       :doi:`10.1007/11538059_91`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import BorderlineSMOTE
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.repeat([1, 0], [20, 80])
    >>> sampler = BorderlineSMOTE(random_state=0).fit(X, y)
    >>> sampler.select()
    Synthesis(100 of 100 rows kept, 60 new: interpolate)
    """

    cli_name = "borderline-smote"
    passes = "1, and 2 or 3 for each class that gets new rows"
    cost = "O(n T d)"
    use_when = "New rows should lie near the border between classes."
    parameter_checks: Checks = {"kind": OneOf("borderline-1", "borderline-2")}

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        k_neighbors: NeighborsLike = 5,
        m_neighbors: NeighborsLike = 10,
        kind: Literal["borderline-1", "borderline-2"] = "borderline-1",
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
        self.m_neighbors = m_neighbors
        self.kind = kind

    @classmethod
    def examples(cls):
        few = {"k_neighbors": 1, "m_neighbors": 3}
        return [cls(**few), cls(**few, kind="borderline-2")]

    def _holds(self, data):
        searched = [self.m_neighbors]
        if self.kind == "borderline-2":
            searched.append(self.k_neighbors)
        return with_searched(super()._holds(data), *searched)

    @property
    def in_danger_indices(self) -> dict[Any, Integers]:
        """The rows in danger, by class; named as in imbalanced-learn."""
        check_is_fitted(self)
        return self._in_danger

    def _begin(self, data, draws):
        super()._begin(data, draws)
        self.nn_m_ = neighbors_object(self.m_neighbors)
        self._in_danger = {}

    def _new_rows(self, data, label, rows, n_new, draws):
        X = data.X_of(rows)
        others, m = count_others("m_neighbors", self.m_neighbors, data, rows, X)
        danger = rows[(others >= m / 2) & (others < m)]
        why = "no row is near the border of its class"
        if len(danger) == 0 and not draws.fall_back(label, rows, why):
            return []
        # Users know the numbers of all rows, not of those of positive weight.
        self._in_danger[label] = danger if data.kept is None else data.kept[danger]
        bases = danger if len(danger) else rows
        targets, lists = self._lists(data, label, rows, X, bases)
        made = self._segments(data, draws, bases, targets, lists, n_new)
        if self.kind == "borderline-2":
            foreign = data.codes[made.neighbor] != data.code_of(label)
            made = draws.shortened(made, foreign)
        return [made]

    def _lists(self, data, label, rows, X, bases):
        """Return the rows that new ones may lie towards, and lists of their places."""
        places = np.searchsorted(rows, bases)
        if self.kind == "borderline-2":
            require_rows("k_neighbors", self.k_neighbors, data.n_rows, "X")
            found = data.neighbors_of(bases, X[places], self.k_neighbors)
            return np.arange(data.n_rows), found
        if len(bases) == len(rows):
            return rows, class_neighbors("k_neighbors", self.k_neighbors, X, label)
        # Only bases need lists: few rows are searched among those of the class.
        require_rows("k_neighbors", self.k_neighbors, len(rows), f"class {label}")
        found = neighbor_lists(self.k_neighbors, X, queries=X[places], exclude=places)
        return rows, found
