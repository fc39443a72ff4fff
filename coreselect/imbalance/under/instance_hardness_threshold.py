"""Instance hardness: drop rows that a classifier gets wrong (Smith et al. 2014)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, check_cv, cross_val_predict
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from coreselect._typing import Checks, Seed, Strategy
from coreselect._validation import Integer, naming
from coreselect._weighting import routing_enabled
from coreselect.imbalance._base import UnderSampler
from coreselect.imbalance._base.parameters import Estimator


def check_folds(name, value):
    """Raise unless `value` says how to split rows into folds."""
    if isinstance(value, (str, bytes, type, dict, np.ndarray)):
        raise TypeError(
            f"{name} must be a number of folds, a splitter or a list of splits, got "
            f"{value!r}."
        )
    if not hasattr(value, "split") and not hasattr(value, "__iter__"):
        Integer(2)(name, value)


class InstanceHardnessThreshold(UnderSampler):
    """Keep the rows of larger classes that a classifier finds easy.

    The hardness of a row is one minus the probability that a classifier, fitted without
    the row in cross-validation, gives to its class [1]_. The easiest rows of a class
    are kept.

    Parameters
    ----------
    estimator : classifier, optional
        A classifier with ``predict_proba``, which is cloned; by default a random forest
        of 100 trees.
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes lose rows, and how many rows they keep; "auto" brings all classes
        to the size of the smallest.
    random_state : None, int, RandomState or Generator
        For the folds, and for the estimator.
    cv : int, splitter or iterable of splits, default=5
        A number of folds, stratified and shuffled, or how to split.
    n_jobs : int, optional
        Number of folds fitted at the same time.
    weights : {"ones", "prior"}, default="ones"
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        "coreselect" keeps exactly as many rows as asked for, the first of equally hard
        ones. "imblearn" follows imbalanced-learn 0.14 and keeps all rows above a
        percentile, which are more if there are ties.

    Attributes
    ----------
    selection_ : Selection
        The kept rows in ascending order.
    sampling_strategy_ : dict
        Number of rows to keep of each sampled class.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers class by class, ascending in each.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    hardness_ : ndarray of float64 of shape (n_rows,)
        Hardness of every row of positive weight.
    estimator_ : classifier
        The classifier that was cloned for every fold; it is not fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Raises
    ------
    ValueError
        If no class has as many rows as there are folds.

    See Also
    --------
    EditedNearestNeighbours : Drops rows that their neighbours contradict; cheaper.

    Notes
    -----
    The classifier is fitted once per fold. Labels may be of any kind. The classifier is
    given the input weights, if it accepts ``sample_weight``.

    The kept rows look better separated than the data are. So neither the accuracy on
    them nor the probabilities of a classifier fitted to them can be trusted;
    ``weights="prior"`` corrects the class shares alone.

    References
    ----------
    .. [1] M. R. Smith, T. Martinez, C. Giraud-Carrier, "An instance level analysis of
       data complexity", Machine Learning 95 (2014), 225-256,
       :doi:`10.1007/s10994-013-5422-z`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from coreselect import InstanceHardnessThreshold
    >>> X, y = np.arange(12.0).reshape(-1, 1), np.array(["a"] * 8 + ["b"] * 4)
    >>> y[0] = "b"
    >>> sampler = InstanceHardnessThreshold(
    ...     estimator=LogisticRegression(), cv=2, sampling_strategy={"b": 4}
    ... )
    >>> 0 in sampler.fit(X, y).sample_indices_
    False
    """

    _exact = ("coreselect",)
    cli_name = "instance-hardness"
    cost = "a fit per fold"
    use_when = "Mislabelled or hopeless rows of the large class should go."
    parameter_checks: Checks = {
        "estimator": Estimator(("fit", "predict_proba")),
        "cv": check_folds,
    }

    def __init__(
        self,
        *,
        estimator: Any = None,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        cv: Any = 5,
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.estimator = estimator
        self.random_state = random_state
        self.cv = cv
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        from sklearn.naive_bayes import GaussianNB

        return [
            cls(estimator=GaussianNB(), cv=2),
            cls(estimator=GaussianNB(), cv=2, protocol="imblearn"),
        ]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is not None:
            tags.input_tags.sparse = get_tags(self.estimator).input_tags.sparse
        return tags

    def _kept_rows(self, data, draws):
        probability = self._probabilities(data, draws)
        self.hardness_ = 1.0 - probability

        def keep(label, rows, draws):
            size = self.sampling_strategy_[label]
            return rows[draws.highest(probability[rows], size)]

        return self._class_by_class(data, draws, keep)

    def _probabilities(self, data, draws):
        """Return the predicted probability of every row's own class."""
        # One state serves the classifier first and then the folds, as in
        # imbalanced-learn; scikit-learn takes no Generator.
        random = draws.legacy()
        self.estimator_ = self._classifier(random, draws)
        params = None
        if data.weight is not None:
            self._require_weights()
            params = {"sample_weight": data.weight}
        found = cross_val_predict(
            self.estimator_,
            data.X,
            data.y,
            cv=self._folds(data, random),
            n_jobs=self.n_jobs,
            method="predict_proba",
            params=params,
        )
        return found[np.arange(data.n_rows), data.codes]

    def _classifier(self, random, draws):
        if self.estimator is not None:
            estimator = clone(self.estimator)
            _seed_all(estimator, random)
            return estimator
        state = draws.classifier_state(random)
        forest = RandomForestClassifier(random_state=state, n_jobs=self.n_jobs)
        return (
            forest.set_fit_request(sample_weight=True) if routing_enabled() else forest
        )

    def _folds(self, data, random):
        if isinstance(self.cv, (int, np.integer)):
            return StratifiedKFold(self.cv, shuffle=True, random_state=random)
        if hasattr(self.cv, "split"):
            return check_cv(self.cv, data.y, classifier=True)
        with naming("cv"):
            splits = [(train, test) for train, test in self.cv]
            if not splits:
                raise ValueError("cv is a list without splits.")
            return [tuple(_places(rows, data) for rows in split) for split in splits]

    def _require_weights(self):
        if not has_fit_parameter(self.estimator_, "sample_weight"):
            raise ValueError(
                f"estimator {type(self.estimator_).__name__} takes no sample_weight; "
                "use one that does, or leave sample_weight out."
            )


def _places(rows, data):
    """Translate numbers, or a mask, of all rows into row numbers of `data`."""
    # A user's splits number all rows; `data` lacks those of weight 0.
    rows = np.arange(data.n_total)[rows]
    if data.kept is None:
        return rows
    places = np.full(data.n_total, -1)
    places[data.kept] = np.arange(len(data.kept))
    return places[rows][places[rows] >= 0]


def _seed_all(estimator, random):
    """Set every `random_state` of an estimator and its parts, in order of names."""
    # In the order of names, so that a pipeline gets the same seeds as in
    # imbalanced-learn.
    names = sorted(estimator.get_params(deep=True))
    estimator.set_params(
        **{
            name: random.randint(np.iinfo(np.int32).max)
            for name in names
            if name == "random_state" or name.endswith("__random_state")
        }
    )
