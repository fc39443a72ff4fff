"""Answer as the fitted inner estimator does, for rows in memory and in files."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

import coreselect.rows
from coreselect._inner import InnerMixin, delegated, inner_has, inner_of
from coreselect._typing import Column, RowsLike
from coreselect._weighting import routing_enabled
from coreselect.estimators._fit import by_block
from coreselect.rows import Rows
from coreselect.rows.frames import is_frame
from coreselect.rows.seen import for_transformer
from coreselect.rows.sources import is_stored

# Methods whose keywords scikit-learn can route to the inner estimator.
ROUTED = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "inverse_transform",
    "score",
)


_ROWS = """array-like, sparse matrix, data frame or path of shape (n_rows, n_features)
            Any rows; a file is read block by block."""


def _delegated(name, summary):
    return delegated("CoresetEstimator", name, summary, _ROWS)


class DelegationMixin(InnerMixin):
    """Methods and attributes of `estimator_`, the fitted inner estimator.

    `fit` sets `estimator_`, `selector_`, `_features` (number and names of the columns
    that the estimator was given), `_from_file` (whether it was fitted on rows read from
    a file), `_numeric` (whether these were arrays of numbers) and `_roles` (the columns
    named as target and weights).
    """

    @property
    def n_features_in_(self):
        """Number of features seen in `fit`."""
        return self._features[0]

    @property
    def feature_names_in_(self):
        """Names of the features seen in `fit`."""
        if self._features[1] is None:
            raise AttributeError("feature_names_in_: X has no names of features.")
        return np.asarray(self._features[1], dtype=object)

    predict = _delegated("predict", "Predict a class, a value or a cluster for rows.")
    predict_proba = _delegated("predict_proba", "Predict class probabilities.")
    predict_log_proba = _delegated("predict_log_proba", "Predict their logarithms.")
    decision_function = _delegated("decision_function", "Score rows for each class.")
    score_samples = _delegated("score_samples", "Score each row by itself.")
    transform = _delegated("transform", "Transform rows.")
    inverse_transform = _delegated("inverse_transform", "Transform rows back.")

    # With metadata routing, a search passes weights to `score` without a request.
    __metadata_request__score = {"sample_weight": True}

    @available_if(inner_has("score"))
    def score(
        self, X: RowsLike, y: Column = None, sample_weight: Column = None, **params: Any
    ) -> float:
        """Score the inner estimator on any rows.

        Parameters
        ----------
        X : array-like, sparse matrix, data frame or path of shape (n_rows, n_features)
            The features of a file are loaded whole.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
            Targets; for a file or a frame, also the name of a column.
        sample_weight : array-like of shape (n_rows,), str or None
            Weights of these rows in the score; for a file or a frame, also the name of
            a column. A search passes them on.
        **params : dict
            Further keywords of the score of the inner estimator.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If weights are given and the inner estimator's score takes none.
        """
        check_is_fitted(self)
        weight = sample_weight
        if (rows := self._opened(X, y, sample_weight)) is not None:
            X, y, weight = for_transformer(rows.whole().X), rows.y, rows.weight
        elif isinstance(y, str) or isinstance(sample_weight, str):
            rows = coreselect.rows.open(X, y, sample_weight, numeric=False)
            y = rows.y if isinstance(y, str) else y
            weight = rows.weight if isinstance(sample_weight, str) else sample_weight
        params = self._routed("score", params)
        if weight is not None:
            self._check_score_weights()
            params = {**params, "sample_weight": weight}
        return self.estimator_.score(self._without_roles(X), y, **params)

    def _call(self, method, X, *args, **params):
        """Call a method of the fitted inner estimator with rows as it knows them."""
        check_is_fitted(self)
        params = self._routed(method, params)
        bound = getattr(self.estimator_, method)
        if (rows := self._opened(X)) is not None:
            return by_block(rows, lambda block: bound(block, *args, **params))
        return bound(self._without_roles(X), *args, **params)

    def _routed(self, method, params):
        """Return the keywords of a method that the inner estimator requests."""
        if params and method in ROUTED and routing_enabled():
            return process_routing(self, method, **params)["estimator"][method]
        return params

    def _check_score_weights(self):
        accepted = inspect.signature(self.estimator_.score).parameters.values()
        named = any(p.name == "sample_weight" for p in accepted)
        if not (named or any(p.kind is p.VAR_KEYWORD for p in accepted)):
            raise ValueError(
                f"score of {type(self.estimator_).__name__} takes no sample_weight. "
                "Leave it out, or give the search a scoring that takes it."
            )

    def _without_roles(self, X):
        """Leave out columns of a frame that `fit` was given as target or weights."""
        if not (self._roles and is_frame(X)):
            return X
        return coreselect.rows.drop_columns(X, self._roles)

    def _opened(self, X, y=None, sample_weight=None):
        """Return a file, or a frame in its place, as `Rows` of the features of `fit`.

        Rows that the user opened are used as they are.
        """
        if isinstance(X, Rows):
            return coreselect.rows.open(X, y, sample_weight, numeric=self._numeric)
        if not (is_stored(X) or (self._from_file and is_frame(X))):
            return None
        names = getattr(self, "feature_names_in_", None)
        columns = None if names is None else names.tolist()
        how = {"columns": columns, "numeric": self._numeric}
        return coreselect.rows.open(X, y, sample_weight, **how)

    def __getattr__(self, name):
        # Called only if the usual look-up failed. Copies and pickles ask for names
        # before the object has any attribute.
        if name.startswith(("predict_", "score_")) and not name.endswith("_"):
            inner = inner_of(self)
            if callable(getattr(inner, name, None)) and name not in vars(inner):
                return functools.partial(self._call, name)
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )
