"""SVM-SMOTE: bases are the support vectors of a class.

Support vectors in danger (see `borderline_smote`) go towards neighbours inside the
class; safe ones away from them, into the room that the class may claim (Nguyen, Cooper
and Kamei 2011). A fraction from Beta(10, 10) of the new rows is of the first sort.
"""

import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC
from sklearn.utils.validation import has_fit_parameter

from coreselect._random import LEARN, stream
from coreselect._validation import Real
from coreselect.imbalance._base.neighbors import (
    Estimator,
    Neighbors,
    class_neighbors,
    count_others,
    neighbors_object,
    warn_of_fallback,
)
from coreselect.imbalance.over.smote import (
    SMOTE,
    along_segments,
    along_segments_imblearn,
)
from coreselect.selection import Interpolations


class SVMSMOTE(SMOTE):
    """Make new rows of a class around its support vectors.

    Of support vectors whose surroundings are mixed, new rows lie towards neighbours
    inside the class; of the others, away from them, by at most `out_step` of the
    distance [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As of `SMOTE`.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn" no Generator.
    k_neighbors : int or object with ``kneighbors``
        Neighbours inside the class.
    m_neighbors : int or object with ``kneighbors``
        Neighbours that decide which support vectors are noise (all are of other
        classes) or in danger (at least half).
    svm_estimator : object with ``fit`` and, then, ``support_``
        None: ``sklearn.svm.SVC(gamma="scale")``.
    out_step : float in [0, 1]
        How far new rows may lie beyond a safe support vector.
    allocation : {"auto", "even", "pairs"}
        As of `SMOTE`.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances. If there are no safe support
        vectors, or none in danger, the share of these is lost, and if all are noise
        there is an error.

    Attributes
    ----------
    selection_ : Synthesis
        All rows, and the recipes of the new ones.
    sampling_strategy_ : dict
        Class to number of new rows.
    sample_weight_ : ndarray of float64
        Weight of each row of `fit_resample`.
    svm_estimator_ : object
        The fitted support vector machine.
    nn_k_, nn_m_ : object
        The neighbours objects of imbalanced-learn, not fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Raises
    ------
    RuntimeError
        If `svm_estimator` has no ``support_`` after fit.
    ValueError
        If there are too few rows for `k_neighbors` or `m_neighbors`; the message says
        which number would do.

    See Also
    --------
    BorderlineSMOTE : The border is found by neighbours alone.

    Notes
    -----
    Cost: that of the support vector machine, between n squared and n cubed, and the
    neighbours of the support vectors. Totals are exact: the share of an empty sort goes
    to the other; if all support vectors of a class are noise, all serve as bases, new
    rows lie towards neighbours, as in `SMOTE`, and a warning says so. Weights and
    integers are treated as there; ``sample_weight`` is passed to the support vector
    machine if it takes it.

    Not for large data: take another method beyond some ten thousand rows.

    References
    ----------
    .. [1] H. M. Nguyen, E. W. Cooper and K. Kamei. Borderline over-sampling for
       imbalanced data classification. International Journal of Knowledge Engineering
       and Soft Data Paradigms 3 (2011), 4-21.

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
    use_when = "Few rows in all, and a border that an SVM finds."
    parameter_checks = {
        **SMOTE.parameter_checks,
        "m_neighbors": Neighbors(),
        "svm_estimator": Estimator(),
        "out_step": Real(0, 1),
    }

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        random_state=None,
        k_neighbors=5,
        m_neighbors=10,
        svm_estimator=None,
        out_step=0.5,
        allocation="auto",
        protocol="coreselect",
    ):
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
        """Return instances that the checks run on; small data suffice for them."""
        return [cls(k_neighbors=1, m_neighbors=3)]

    def _begin(self, data):
        super()._begin(data)
        self.nn_m_ = neighbors_object(self.m_neighbors)
        if self.svm_estimator is not None:
            self.svm_estimator_ = clone(self.svm_estimator)
        elif self._is_imblearn():
            self.svm_estimator_ = SVC(gamma="scale", random_state=self._legacy_state())
        else:
            self.svm_estimator_ = SVC(gamma="scale")
        if self._is_imblearn():
            self._random = self._legacy_random()
        else:
            own_seed(self.svm_estimator_, stream(self._seed, LEARN))
            self._fit_svm(data)

    def _fit_svm(self, data):
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

    def _new_rows(self, data, label, rows, n_new):
        if self._is_imblearn():
            self._fit_svm(data)  # for every class: it may draw random numbers
        support = np.asarray(self.svm_estimator_.support_, dtype=np.int64)
        support = support[data.codes[support] == data.code_of(label)]
        support = support if len(support) or self._is_imblearn() else rows
        others, m = count_others("m_neighbors", self.m_neighbors, data, support)
        danger = (others >= m / 2) & (others < m)
        inward, outward = support[danger], support[others < m / 2]
        lists = class_neighbors("k_neighbors", self.k_neighbors, data.X[rows], label)
        if self._is_imblearn():
            return self._as_imblearn(rows, lists, inward, outward, n_new)
        rng = self._stream(data, label)
        n_inward = int(rng.beta(10, 10) * (n_new + 1))
        if not len(inward) and not len(outward):
            why = "all neighbours of its support vectors are of other classes"
            warn_of_fallback(
                label, why, "between these and their neighbours in the class"
            )
            inward = support
        if not len(inward) or not len(outward):
            n_inward = n_new if len(inward) else 0
        parts = []
        for bases, n, step in (
            (inward, n_inward, 1.0),
            (outward, n_new - n_inward, -self.out_step),
        ):
            if n:
                weights, pairs = data.weights_of(bases), self.allocation == "pairs"
                own = lists[np.searchsorted(rows, bases)]
                made = along_segments(rng, bases, rows, own, n, weights, pairs)
                parts.append(Interpolations(made.base, made.neighbor, step * made.step))
        return parts

    def _as_imblearn(self, rows, lists, inward, outward, n_new):
        if not len(inward) and not len(outward):
            raise ValueError(
                "All support vectors have neighbours of other classes only, so they "
                "count as noise. SVM-SMOTE is not adapted to your dataset: use another "
                "method of the SMOTE family, or protocol='coreselect'."
            )
        n_inward = int(self._random.beta(10, 10) * (n_new + 1))
        parts = []
        for bases, n, step in (
            (inward, n_inward, 1.0),
            (outward, n_new - n_inward, -self.out_step),
        ):
            if len(bases):
                own = lists[np.searchsorted(rows, bases)]
                random = self._legacy_random()
                parts.append(along_segments_imblearn(random, bases, rows, own, n, step))
        return parts


def own_seed(estimator, rng):
    """Give an estimator whose ``random_state`` is None one of ours."""
    if estimator.get_params().get("random_state", 0) is None:
        estimator.set_params(random_state=int(rng.integers(2**31)))
