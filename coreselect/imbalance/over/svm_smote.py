"""SVM-SMOTE: bases are the support vectors of a class.

From support vectors in danger (see `borderline_smote`) new rows go towards neighbours
inside the class. From safe ones they go away from these neighbours, which extends the
class (Nguyen, Cooper and Kamei 2011). The share of new rows from support vectors in
danger is drawn from Beta(10, 10).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC
from sklearn.utils.validation import has_fit_parameter

from coreselect._typing import Checks, NeighborsLike, Seed, Strategy
from coreselect._validation import Real
from coreselect.base import RowEstimator
from coreselect.imbalance._base.neighbors import (
    class_neighbors,
    count_others,
    neighbors_object,
)
from coreselect.imbalance._base.parameters import Estimator
from coreselect.imbalance.over.smote import SMOTE


class SVMSMOTE(SMOTE):
    """Make new rows of a class around its support vectors.

    A new row from a support vector in danger lies between it and a neighbour inside the
    class. From any other support vector it lies away from the neighbour, by at most
    `out_step` of their distance [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn", no Generator.
    k_neighbors : int or object with ``kneighbors``
        Number of neighbours inside the class.
    m_neighbors : int or object with ``kneighbors``
        Number of neighbours that decide which support vectors are noise (all are of
        other classes) or in danger (at least half are).
    svm_estimator : object with ``fit`` and, then, ``support_``
        The support vector machine. None: ``sklearn.svm.SVC(gamma="scale")``.
    out_step : float in [0, 1]
        How far new rows may lie beyond a safe support vector.
    allocation : {"auto", "even", "pairs"}
        As for `SMOTE`.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances. Without safe support vectors, or
        without any in danger, it makes fewer rows; if all are noise, it raises an
        error.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_
        As for `SMOTE`.
    svm_estimator_ : object
        The support vector machine, fitted if new rows were made.
    nn_k_, nn_m_ : object
        The neighbours objects of imbalanced-learn, not fitted.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    RuntimeError
        If `svm_estimator` has no ``support_`` after fit.
    ValueError
        If there are too few rows for `k_neighbors` or `m_neighbors`; the message names
        a number that fits.

    See Also
    --------
    BorderlineSMOTE : The border is found by neighbours alone.

    Notes
    -----
    The support vector machine costs between n squared and n cubed operations, so use
    another method beyond some ten thousand rows. Totals are exact: if there are no
    support vectors in danger, or no safe ones, the others get all new rows. If all
    support vectors of a class are noise, all are bases of new rows towards neighbours,
    with a warning. Weights and integers are treated as in `SMOTE`. The support vector
    machine is given ``sample_weight`` if it accepts weights.

    References
    ----------
    .. [1] H. M. Nguyen, E. W. Cooper and K. Kamei. Borderline over-sampling for
       imbalanced data classification. International Journal of Knowledge Engineering
       and Soft Data Paradigms 3 (2011), 4-21, :doi:`10.1504/IJKESDP.2011.039875`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SVMSMOTE
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.repeat([1, 0], [20, 80])
    >>> SVMSMOTE(random_state=0).fit(X, y).select()
    Synthesis(100 of 100 rows kept, 60 new: interpolate)
    """

    cli_name = "svm-smote"
    passes = "several (all rows in memory)"
    cost = "O(n² d) to O(n³)"
    holds = RowEstimator.holds  # not one class at a time
    use_when = "There are few rows in all, and an SVM finds the border."
    parameter_checks: Checks = {
        "svm_estimator": Estimator(),
        "out_step": Real(0, 1),
    }

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        k_neighbors: NeighborsLike = 5,
        m_neighbors: NeighborsLike = 10,
        svm_estimator: Any = None,
        out_step: float = 0.5,
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
        self.svm_estimator = svm_estimator
        self.out_step = out_step

    @classmethod
    def examples(cls):
        return [cls(k_neighbors=1, m_neighbors=3)]

    def _begin(self, data, draws):
        super()._begin(data, draws)
        self.nn_m_ = neighbors_object(self.m_neighbors)
        given = self.svm_estimator
        self.svm_estimator_ = SVC(gamma="scale") if given is None else clone(given)
        draws.seed_estimator(self.svm_estimator_, given)

    def _support(self, data):
        """Fit the support vector machine, and return its support vectors."""
        weight = {}
        takes = has_fit_parameter(self.svm_estimator_, "sample_weight")
        if data.weight is not None and takes:
            weight = {"sample_weight": data.weight}
        self.svm_estimator_.fit(data.X, data.y, **weight)
        if not hasattr(self.svm_estimator_, "support_"):
            raise RuntimeError(
                "svm_estimator must be a support vector machine such as SVC, which has "
                f"support_ after fit, got {self.svm_estimator!r}. (imbalanced-learn: "
                "`svm_estimator` is required to exposed a `support_` fitted attribute.)"
            )
        return np.asarray(self.svm_estimator_.support_, dtype=np.int64)

    def _new_rows(self, data, label, rows, n_new, draws):
        support = draws.result(self._support, data)
        support = support[data.codes[support] == data.code_of(label)]
        support = draws.or_all(support, rows)
        # Support vectors all of whose neighbours are of other classes are noise, and in
        # neither part.
        others, m = count_others(
            "m_neighbors", self.m_neighbors, data, support, data.X[support]
        )
        danger = (others >= m / 2) & (others < m)
        inward, outward = support[danger], support[others < m / 2]
        lists = class_neighbors("k_neighbors", self.k_neighbors, data.X[rows], label)
        if not len(inward) and not len(outward):
            draws.fall_back(
                label,
                rows,
                "all neighbours of its support vectors are of other classes",
                "between these and their neighbours in the class",
                ValueError(
                    "All support vectors have neighbours of other classes only, so "
                    "they count as noise. SVM-SMOTE is not adapted to your dataset: "
                    "use another method of the SMOTE family, or protocol='coreselect'."
                ),
            )
            inward = support
        n_inward, n_outward = draws.two_parts(n_new, inward, outward)
        return [
            self._segments(
                data, draws, bases, rows, lists[np.searchsorted(rows, bases)], n, step
            )
            for bases, n, step in (
                (inward, n_inward, 1.0),
                (outward, n_outward, -self.out_step),
            )
            if n
        ]
