"""Instance hardness: drop what a classifier gets wrong (Smith et al., 2014)."""

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, check_cv, cross_val_predict
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from coreselect._validation import Integer, OrNone
from coreselect.imbalance._base import PROTOCOL, UnderSampler
from coreselect.imbalance._base.parameters import Estimator


def check_folds(name, value):
    """Raise unless `value` says how to split rows into folds."""
    if isinstance(value, (str, type, dict, np.ndarray)):
        raise TypeError(
            f"{name} must be a number of folds, a splitter or a list of splits, got "
            f"{value!r}."
        )
    if not hasattr(value, "split") and not hasattr(value, "__iter__"):
        Integer(2)(name, value)


class InstanceHardnessThreshold(UnderSampler):
    """Keep the rows of larger classes that a classifier finds easy.

    The hardness of a row is one minus the probability of its own class, predicted by a
    classifier that was fitted without it, in cross-validation [1]_. The easiest rows of
    a class are kept.

    Parameters
    ----------
    estimator : classifier, optional
        With ``predict_proba``; by default a random forest of 100 trees. It is cloned.
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes, and how many rows they shall have; "auto" brings all classes to
        the size of the smallest.
    random_state : None, int, RandomState or Generator
        For the folds, and for the estimator.
    cv : int, splitter or iterable of splits, default=5
        A number of folds, stratified and shuffled, or how to split.
    n_jobs : int, optional
        Number of folds fitted at the same time.
    weights : {"ones", "prior"}, default="ones"
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        Keep exactly as many rows as asked for, of equally hard ones the first; or all
        above a percentile, which are more where there are ties, with the random numbers
        of imbalanced-learn.

    Attributes
    ----------
    selection_ : Selection
        The kept rows in ascending order.
    sampling_strategy_ : dict
        Rows to keep of each class that is sampled.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Class by class, each in ascending order.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    hardness_ : ndarray of float64 of shape (n_rows,)
        Of every row with positive weight, in their order.
    estimator_ : classifier
        The one that was cloned for every fold; it is not fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If no class has as many rows as there are folds.

    See Also
    --------
    EditedNearestNeighbours : Drops rows that their neighbours contradict; cheaper.

    Notes
    -----
    The cost is that of fitting the classifier once a fold. Labels may be of any kind.
    Input weights go to the classifier, if it takes ``sample_weight``.

    What is kept looks better separated than the data are: the accuracy on kept rows
    says nothing, and neither do the probabilities of a classifier fitted to them,
    whatever their weights: ``weights="prior"`` corrects the class shares alone.

    References
    ----------
    .. [1] M. R. Smith, T. Martinez, C. Giraud-Carrier, "An instance level analysis of
       data complexity", Machine Learning 95 (2014), 225-256.

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
    parameter_checks = {
        **UnderSampler.parameter_checks,
        "estimator": Estimator(("fit", "predict_proba")),
        "cv": check_folds,
        "n_jobs": OrNone(Integer()),
        "protocol": PROTOCOL,
    }

    def __init__(
        self,
        *,
        estimator=None,
        sampling_strategy="auto",
        random_state=None,
        cv=5,
        n_jobs=None,
        weights="ones",
        protocol="coreselect",
    ):
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.estimator = estimator
        self.random_state = random_state
        self.cv = cv
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
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
        kept = []
        for label in data.classes:
            rows = data.rows_of(label)
            if label in self.sampling_strategy_:
                size = self.sampling_strategy_[label]
                rows = rows[draws.highest(probability[rows], size)]
            kept.append(rows)
        return np.concatenate(kept)

    def _probabilities(self, data, draws):
        """Return the predicted probability of every row's own class."""
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
        return RandomForestClassifier(random_state=state, n_jobs=self.n_jobs)

    def _folds(self, data, random):
        if isinstance(self.cv, (int, np.integer)):
            return StratifiedKFold(self.cv, shuffle=True, random_state=random)
        if hasattr(self.cv, "split"):
            return check_cv(self.cv, data.y, classifier=True)
        return [tuple(_places(rows, data) for rows in split) for split in self.cv]

    def _require_weights(self):
        if not has_fit_parameter(self.estimator_, "sample_weight"):
            raise ValueError(
                f"estimator {type(self.estimator_).__name__} takes no sample_weight; "
                "use one that does, or leave sample_weight out."
            )


def _places(rows, data):
    """Return numbers, or a mask, of all rows in the numbers of the rows of `data`."""
    rows = np.arange(data.n_total)[rows]
    if data.kept is None:
        return rows
    places = np.full(data.n_total, -1)
    places[data.kept] = np.arange(len(data.kept))
    return places[rows][places[rows] >= 0]


def _seed_all(estimator, random):
    """Set every `random_state` of an estimator and its parts, in order of names."""
    names = sorted(estimator.get_params(deep=True))
    estimator.set_params(
        **{
            name: random.randint(np.iinfo(np.int32).max)
            for name in names
            if name == "random_state" or name.endswith("__random_state")
        }
    )
