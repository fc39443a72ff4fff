"""A classifier that predicts for other class shares than it was trained on."""

from __future__ import annotations

from numbers import Number
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from coreselect._inner import inner_has
from coreselect._typing import Array, Column, Floats, RowsLike
from coreselect._validation import as_array, check_target, check_weights, naming
from coreselect.calibration._shift import check_shares, shift_priors
from coreselect.rows import Rows, count_rows
from coreselect.rows.take import native_column


class PriorShiftCalibrator(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Train on resampled classes, then predict for the shares of the data.

    After training on resampled classes, the predicted probabilities of a rare class are
    too high. Each is multiplied by the share of the class in the data over its share in
    the training, and they are scaled to add up to one: a shift of the logits, exact if
    resampling changed nothing but the shares (see `shift_priors`).

    Parameters
    ----------
    estimator : classifier
        A clone of it is fitted; it needs `predict_proba`. To use a classifier that is
        fitted already, wrap it in `sklearn.frozen.FrozenEstimator` and give
        `trained_priors`.
    resampler : resampler, default=None
        A clone of it resamples the rows in `fit`: a resampler of this package or of
        imbalanced-learn. None: `estimator` is trained on all rows.
    priors : None or dict, default=None
        Shares of the classes where predictions are wanted, in any unit. None: the
        (weighted) shares in the rows given to `fit`.
    trained_priors : None, "balanced" or dict, default=None
        Shares of the classes in the training. None: the (weighted) shares in the
        resampled rows. ``"balanced"``: equal shares, as with
        ``class_weight="balanced"``. A dict: for other class weights, and for a
        classifier that is fitted already or resamples by itself.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier, whose probabilities are not shifted.
    resampler_ : resampler
        The fitted resampler, or None.
    classes_ : ndarray of shape (n_classes,)
        Classes of the rows given to `fit`.
    priors_, trained_priors_ : ndarray of float64 of shape (n_classes,)
        Shares of the classes, adding up to one.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.

    See Also
    --------
    shift_priors : The same for given probabilities.
    sklearn.calibration.CalibratedClassifierCV : Learns a map from held-out rows, which
        also corrects errors that have nothing to do with shares.

    Notes
    -----
    Cost: that of resampling and fitting, and O(n_classes) per row in prediction.

    For two classes the shift is monotone: it does not change a ranking by probability
    (ROC, average precision), and a threshold moves with it. `predict` returns the class
    of largest probability, which makes the fewest errors; a rare class is then seldom
    predicted. If errors differ in cost, set a threshold on `predict_proba`.

    A sampler that makes rows (SMOTE) or chooses them by their features (cleaning,
    NearMiss) changes more than the shares. Calibrate on held-out rows to correct that.

    The weights from a resampler of this package go to `estimator` if it takes weights,
    and count in the shares: with ``weights="prior"`` of an under-sampler nothing is
    left to shift. With ``sample_weight``, the resampler must be one of this package.

    Examples
    --------
    >>> from coreselect.calibration import PriorShiftCalibrator
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = make_classification(2000, weights=[0.9], class_sep=0.5, random_state=0)
    >>> weighted = LogisticRegression(class_weight="balanced")
    >>> model = PriorShiftCalibrator(weighted, trained_priors="balanced").fit(X, y)
    >>> share = (y == 1).mean()
    >>> before = model.estimator_.predict_proba(X)[:, 1].mean()
    >>> after = model.predict_proba(X)[:, 1].mean()
    >>> bool(abs(after - share) < 0.01 < 0.1 < before - share)
    True
    """

    def __init__(
        self,
        estimator: Any,
        resampler: Any = None,
        *,
        priors: dict[Any, float] | None = None,
        trained_priors: dict[Any, float] | Literal["balanced"] | None = None,
    ) -> None:
        self.estimator = estimator
        self.resampler = resampler
        self.priors = priors
        self.trained_priors = trained_priors

    def fit(self, X: RowsLike, y: ArrayLike, sample_weight: Column = None) -> Self:
        """Resample, fit the classifier, and keep the shares of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_rows, n_features)
            All rows.
        y : array-like of shape (n_rows,)
            Classes.
        sample_weight : array-like of shape (n_rows,), optional
            A row of weight w counts as w rows.

        Returns
        -------
        self : PriorShiftCalibrator

        Raises
        ------
        ValueError
            If `priors` or `trained_priors` lack a class, no row of a class is left
            after resampling, or weights cannot be passed on.
        """
        self._check_parts()
        if isinstance(X, Rows):
            y, sample_weight = (X.y, X.weight) if y is None else (y, sample_weight)
            X = X.take(np.arange(X.n_rows))
        if X is None:
            raise ValueError("X must hold rows, got None.")
        with naming("X"):
            n_rows = count_rows(X)
        y = labels = _labels(y, n_rows)
        weight = check_weights(sample_weight, len(labels))
        self.classes_, codes = np.unique(labels, return_inverse=True)
        here = np.bincount(codes, weight, len(self.classes_)).astype(np.float64)
        X_train, y_train, w_train = self._resample(X, y, weight)
        fit_params = {} if w_train is None else {"sample_weight": w_train}
        self.estimator_ = clone(self.estimator).fit(X_train, y_train, **fit_params)
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        self.priors_ = self._given(self.priors, here, "priors")
        trained = np.zeros(len(here))
        found, codes = np.unique(
            _labels(y_train, count_rows(y_train)), return_inverse=True
        )
        counts = np.bincount(codes, w_train, len(found))
        trained[np.searchsorted(self.classes_, found)] = counts
        given = self.trained_priors
        if isinstance(given, str):  # "balanced"
            given, trained = None, np.ones(len(here))
        self.trained_priors_ = self._given(given, trained, "trained_priors")
        self._check_classes()
        return self

    def _check_parts(self):
        for name, thing, verb in (
            ("estimator", self.estimator, "fit"),
            ("resampler", self.resampler, "fit_resample"),
        ):
            if name == "resampler" and thing is None:
                continue
            if isinstance(thing, type) or not hasattr(thing, verb):
                raise TypeError(f"{name} must have a {verb} method, got {thing!r}.")
        if not hasattr(self.estimator, "predict_proba"):
            raise TypeError(
                f"estimator must have predict_proba, got {self.estimator!r}; "
                "use a classifier with probabilities, or wrap it in "
                "sklearn.calibration.CalibratedClassifierCV."
            )
        for name, word in (("priors", None), ("trained_priors", "balanced")):
            value = getattr(self, name)
            by_word = isinstance(value, str) and value == word
            if not (value is None or by_word or isinstance(value, dict)):
                options = "None" if word is None else f"None, {word!r}"
                raise TypeError(
                    f"{name} must be {options} or a dict with a share for every class, "
                    f"got {value!r}."
                )

    def _resample(self, X, y, weight):
        """Return the rows to fit on, their classes and their weights."""
        takes_weights = has_fit_parameter(self.estimator, "sample_weight")
        if weight is not None and not takes_weights:
            raise ValueError(
                f"{type(self.estimator).__name__} takes no sample_weight in fit; use a "
                "classifier that does, or leave the weights out."
            )
        self.resampler_ = None if self.resampler is None else clone(self.resampler)
        if self.resampler is None:
            return X, y, weight
        if not (takes_weights and hasattr(self.resampler, "fit_select")):
            if weight is None:
                return *self.resampler_.fit_resample(X, y), None
            raise ValueError(
                f"{type(self.resampler).__name__} takes no sample_weight; use a "
                "resampler of coreselect, or leave the weights out."
            )
        found = self.resampler_.fit_select(X, y, sample_weight=weight)
        weights = np.array(found.weights)
        # Equal weights would change nothing but the time of the fit.
        alike = weight is None and len(weights) and np.ptp(weights) == 0
        return *found.take(X, y), None if alike else weights

    def _given(self, shares, counted, name):
        """Return shares that add up to one: those of a dict, or else the counts."""
        if shares is not None:
            known = self.classes_.tolist()
            if unknown := [label for label in shares if label not in known]:
                raise ValueError(
                    f"{name} names the class {unknown[0]!r}, which y does not have; "
                    f"its classes are {known}."
                )
            if missing := [label for label in known if label not in shares]:
                raise ValueError(
                    f"{name} lacks the class {missing[0]!r} of y; give it a share, or "
                    "0 if it cannot occur."
                )
            counted = check_shares([shares[label] for label in known], len(known), name)
        return counted / counted.sum()

    def _check_classes(self):
        """Raise unless the classifier knows every class with a positive prior."""
        missing = (self.priors_ > 0) & (
            (self.trained_priors_ == 0) | ~np.isin(self.classes_, self._inner_classes())
        )
        if missing.any():
            label = self.classes_[missing].tolist()[0]
            raise ValueError(
                f"the classifier has not been trained on the class {label!r} of y: the "
                "resampler left none of its rows. Use another resampler, or give this "
                "class the share 0 in priors={...}."
            )

    def _inner_classes(self):
        return getattr(self.estimator_, "classes_", self.classes_)

    @available_if(inner_has("predict_proba"))
    def predict_proba(self, X: RowsLike) -> Floats:
        """Return probabilities for the shares in `priors_`.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_rows, n_features)

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        X = X.take(np.arange(X.n_rows)) if isinstance(X, Rows) else X
        inner = np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)
        # The classifier may know fewer classes than the rows, or unknown ones.
        classes = self._inner_classes()
        proba = np.zeros((len(inner), len(self.classes_)))
        known = np.isin(classes, self.classes_)
        proba[:, np.searchsorted(self.classes_, classes[known])] = inner[:, known]
        return shift_priors(proba, self.trained_priors_, self.priors_)

    @available_if(inner_has("predict_proba"))
    def predict_log_proba(self, X: RowsLike) -> Floats:
        """Return the logarithm of what `predict_proba` returns."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: RowsLike) -> Array:
        """Return the class of largest probability for every row.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        tags.non_deterministic = inner.non_deterministic
        return tags


def _labels(y, n_rows):
    """Return classes as an array with one value per row."""
    if y is None:
        raise ValueError(
            "PriorShiftCalibrator requires y to be passed, but the target y is None."
        )
    labels = as_array(native_column(y), "y")
    check_target(labels, n_rows)
    if labels.ndim == 2 and labels.shape[1] > 1:  # one-hot, as resamplers take it
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise ValueError(
                "y should be a 1d array of classes, or one-hot, got an array of shape "
                f"{labels.shape}."
            )
        return labels.argmax(axis=1)
    # Objects that are all numbers get a numeric dtype, as estimators give them.
    if labels.dtype.kind == "O" and all(isinstance(v, Number) for v in labels.flat):
        labels = np.array(labels.tolist())
    with naming("y"):
        check_classification_targets(labels)
    return column_or_1d(labels, warn=True)
