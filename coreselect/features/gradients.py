"""Gradients of linear models and networks of scikit-learn, in closed form.

For models that are linear in their last layer, the gradient of the loss of one row is
the product of the residual and the input of that layer, so no differentiation is
needed.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from coreselect._random import draw_seed
from coreselect._typing import Floats, RowsLike, Seed
from coreselect._validation import check_target
from coreselect.features.projection import check_components, projected
from coreselect.losses import targets_of
from coreselect.rows import open as open_rows
from coreselect.rows.sources import has_columns
from coreselect.rows.take import native_column

_ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "logistic": lambda z: 1 / (1 + np.exp(-np.clip(z, -700, 700))),
}


def gradient_features(
    estimator: Any,
    X: RowsLike,
    y: Any,
    *,
    n_components: int | None = None,
    random_state: Seed = None,
) -> Floats:
    """Compute the gradient of each row's loss in the last layer of a fitted model.

    Parameters
    ----------
    estimator : fitted estimator
        A `LinearRegression`, `Ridge`, `LogisticRegression`, `MLPRegressor` or
        `MLPClassifier` of scikit-learn.
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Columns of a frame or a file are found by name if the estimator was fitted to
        names.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Targets; the estimator must know their classes.
    n_components : int, optional
        Project the gradients to this number of columns; see `project`.
    random_state : None, int, RandomState or Generator
        Of the projection.

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_outputs * (n_inputs + 1))
        Or (n_rows, n_components). For each output: the residual times the inputs of the
        last layer, then the residual. These are the gradients of half the squared
        error, or of the log loss, in the coefficients and the intercept (if there is
        one). Penalties do not count.

    Raises
    ------
    TypeError
        For other estimators; a selector takes any array of features instead.
    ValueError
        If y holds classes that the estimator does not know, or has another number of
        outputs.

    Notes
    -----
    One pass; O(n d) for linear models, a forward pass for networks. A binary classifier
    has one output. Gradients of rows and targets are comparable only if they come from
    the same model; average those of several checkpoints.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect.features import gradient_features
    >>> X, y = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 6.0])
    >>> gradient_features(LinearRegression().fit(X, y), X, y).round(2)
    array([[-0.5, -0.5],
           [ 2. ,  1. ],
           [-1.5, -0.5]])
    """
    check_components(n_components)
    last = _last_layer(_nameless(estimator))
    rows = _open_for(estimator, X)
    y = check_target(native_column(y), rows.n_rows)
    if y is None:
        raise ValueError("y is None, but the gradient of a loss needs the targets.")
    targets = _targets(estimator, y)

    def of_block(block):
        inputs, outputs = last(_dense(block.X))
        residual = outputs - block.values["targets"]
        if getattr(estimator, "fit_intercept", True):
            inputs = np.column_stack([inputs, np.ones(len(inputs))])
        # One outer product of residuals and inputs per row, flattened.
        gradient = (residual[:, :, None] * inputs[:, None, :]).reshape(len(inputs), -1)
        if n_components is None:
            return gradient
        return projected(gradient, n_components, seed)

    seed = draw_seed(random_state)
    return rows.keeping(targets=targets).map(of_block)


def _dense(X):
    return (X.toarray() if sparse.issparse(X) else X).astype(np.float64, copy=False)


def _open_for(estimator, X):
    """Open rows with the columns that the estimator was fitted to, in that order."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return open_rows(X)
    if has_columns(X):
        return open_rows(X, columns=list(names))
    rows = open_rows(X)
    if rows.feature_names and list(rows.feature_names) != list(names):
        raise ValueError(
            f"X has the columns {rows.feature_names[:10]}, but the estimator was "
            f"fitted to {list(names)[:10]}."
        )
    return rows


def _nameless(estimator):
    """Return the estimator without its feature names: blocks of rows have none."""
    if not hasattr(estimator, "feature_names_in_"):
        return estimator
    estimator = copy(estimator)
    del estimator.feature_names_in_
    return estimator


def _last_layer(estimator):
    """Return a function from rows to the inputs and the outputs of the last layer."""
    if isinstance(estimator, (LinearRegression, Ridge)):
        check_is_fitted(estimator)
        return lambda X: (X, np.reshape(estimator.predict(X), (len(X), -1)))
    if isinstance(estimator, LogisticRegression):
        check_is_fitted(estimator)
        return lambda X: (X, _probabilities(estimator, X))
    if isinstance(estimator, (MLPClassifier, MLPRegressor)):
        check_is_fitted(estimator)
        return lambda X: _network(estimator, X)
    raise TypeError(
        f"gradients of {type(estimator).__name__} have no closed form here; for "
        "estimator, pass a linear or logistic regression or an MLP of scikit-learn, "
        "use torch_features, or give any array of features to the selector."
    )


def _probabilities(estimator, X):
    # With two classes, there is one output, and the two residuals would be each other's
    # negative.
    probabilities = estimator.predict_proba(X)
    return probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities


def _network(estimator, X):
    """Return the inputs of the last layer, and the outputs of a network."""
    # The gradient in the last layer is the outer product of its inputs and residuals.
    # scikit-learn does not return the inputs, so the hidden layers are applied here.
    hidden = X
    for weights, bias in zip(
        estimator.coefs_[:-1], estimator.intercepts_[:-1], strict=True
    ):
        hidden = _ACTIVATIONS[estimator.activation](hidden @ weights + bias)
    if isinstance(estimator, MLPClassifier):
        return hidden, _probabilities(estimator, X)
    return hidden, np.reshape(estimator.predict(X), (len(X), -1))


def _targets(estimator, y):
    """Return targets as an array of shape (n_rows, n_outputs)."""
    targets = targets_of(estimator, y)
    if not hasattr(estimator, "classes_"):
        return targets
    onehot = np.eye(len(estimator.classes_))[targets]
    return onehot[:, 1:] if len(estimator.classes_) == 2 else onehot
