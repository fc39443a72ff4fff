"""Answer as the fitted inner estimator does, for rows in memory and in files."""

import functools
import inspect

from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

import coreselect.rows
from coreselect._files import is_path
from coreselect._weighting import routing_enabled
from coreselect.estimators._fit import by_block
from coreselect.rows import Rows
from coreselect.rows.frames import is_frame

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


def inner_has(*names):
    """Return a check for `available_if`: the inner estimator has these methods."""

    def check(self):
        inner = self._inner()
        return all(hasattr(inner, name) for name in names)

    return check


def _delegated(name, summary):
    """Make a method that the inner estimator answers, available if it has it."""

    def method(self, X, **params):
        return self._call(name, X, **params)

    method.__name__ = name
    method.__qualname__ = f"CoresetEstimator.{name}"
    method.__doc__ = f"""{summary}

        Available if the inner estimator has it.

        Parameters
        ----------
        X : array-like, sparse matrix, data frame or path of shape (n_rows, n_features)
            Any rows, opened or not; a file is read block by block.
        **params : dict
            Passed to the method of the inner estimator.

        Returns
        -------
        array of shape (n_rows,) or (n_rows, n_outputs)
            As the inner estimator returns it.
        """
    return available_if(inner_has(name))(method)


class DelegationMixin:
    """Methods and attributes of `estimator_`, the fitted inner estimator.

    `fit` sets `estimator_`, `selector_`, `_from_file` (whether the rows came as numbers
    out of a file) and `_roles` (the columns that were named as target and weights).
    """

    predict = _delegated("predict", "Predict a class, a value or a cluster for rows.")
    predict_proba = _delegated("predict_proba", "Predict class probabilities.")
    predict_log_proba = _delegated("predict_log_proba", "Predict their logarithms.")
    decision_function = _delegated("decision_function", "Score rows for each class.")
    score_samples = _delegated("score_samples", "Score each row by itself.")
    transform = _delegated("transform", "Transform rows.")
    inverse_transform = _delegated("inverse_transform", "Transform rows back.")

    # With routing on, a search hands weights on to `score` without being told to.
    __metadata_request__score = {"sample_weight": True}

    @available_if(inner_has("score"))
    def score(self, X, y=None, sample_weight=None, **params):
        """Score the inner estimator on any rows.

        Parameters
        ----------
        X : array-like, sparse matrix, data frame or path of shape (n_rows, n_features)
            Of a file, the features are loaded whole.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
            Targets; of a file or a frame, also the name of a column.
        sample_weight : array-like of shape (n_rows,), str or None
            Weights of these rows, for the score of the inner estimator; of a file or a
            frame, also the name of a column. A search passes them on.
        **params : dict
            Further keywords of the score of the inner estimator.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If weights are given and the inner estimator scores without.
        """
        check_is_fitted(self)
        weight = sample_weight
        if (rows := self._opened(X, y, sample_weight)) is not None:
            X, y, weight, _ = rows.whole()
            weight = None if rows.weight is None else weight
        elif isinstance(y, str) or isinstance(sample_weight, str):
            names = self.feature_names_in_.tolist()
            rows = coreselect.rows.open(X, y, sample_weight, columns=names)
            y = rows.y if isinstance(y, str) else y
            weight = rows.weight if isinstance(sample_weight, str) else sample_weight
        params = self._routed("score", params)
        if weight is not None:
            self._check_score_weights()
            params = {**params, "sample_weight": weight}
        return self.estimator_.score(self._without_roles(X), y, **params)

    @property
    def classes_(self):
        """Classes of all rows of positive weight, of a fitted classifier."""
        return self.estimator_.classes_

    @property
    def n_features_in_(self):
        """Number of features seen in `fit`."""
        return self.selector_.n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the features seen in `fit`."""
        return self.selector_.feature_names_in_

    def _inner(self):
        return vars(self).get("estimator_", vars(self).get("estimator"))

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
        """Leave out the columns of a frame that `fit` was told are no features."""
        if not (self._roles and is_frame(X)):
            return X
        return coreselect.rows.drop_columns(X, self._roles)

    def _opened(self, X, y=None, sample_weight=None):
        """Return the features seen in `fit` if X is a file, or a frame in its place.

        Rows that were opened by the user are what they are.
        """
        if isinstance(X, Rows):
            return coreselect.rows.open(X, y, sample_weight)
        if not (is_path(X) or (self._from_file and is_frame(X))):
            return None
        names = getattr(self, "feature_names_in_", None)
        columns = None if names is None else names.tolist()
        return coreselect.rows.open(X, y, sample_weight, columns=columns)

    def __getattr__(self, name):
        # Reached only where the usual look-up failed; copies and pickles ask for names
        # before there is any attribute.
        if name.startswith(("predict_", "score_")) and not name.endswith("_"):
            inner = self._inner()
            if callable(getattr(inner, name, None)) and name not in vars(inner):
                return functools.partial(self._call, name)
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )
