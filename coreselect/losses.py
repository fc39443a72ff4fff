"""The loss of every row under a fitted estimator, and the penalty of the estimator.

An estimator minimises the sum of a data term, which adds up over rows, and a penalty on
its parameters. `row_losses` returns the data term row by row, `penalty` the penalty.
Both are on the scale on which a row of weight w contributes w times its loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskElasticNet,
    Ridge,
)
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from coreselect._typing import Column, Floats, RowsLike
from coreselect._validation import Real, as_array, check_target, check_vector, naming
from coreselect.rows import count_rows
from coreselect.rows.take import native_column

__all__ = ["penalty", "row_losses"]


class KnownLoss(NamedTuple):
    """The loss and penalty of a class of estimators."""

    # loss(model, X, y) has one value per row; penalty(model, total_weight) is a number.
    loss: Callable
    penalty: Callable
    # Whether losses may be negative.
    signed: bool = False
    # Whether the estimator takes no weights, so that rows have to be repeated.
    repeats: bool = False
    # problem(model) names the parameters for which no loss is known, or returns "".
    problem: Callable = lambda model: ""


def row_losses(estimator: Any, X: RowsLike, y: Column = None) -> Floats:
    """Return the loss of every row under a fitted estimator, without the penalty.

    Parameters
    ----------
    estimator : fitted estimator
        LinearRegression, Ridge, Lasso, ElasticNet, BayesianRidge (squared error),
        LogisticRegression (negative log-likelihood), LinearSVC (hinge or its square,
        added up over one-against-rest problems), KMeans, MiniBatchKMeans (squared
        distance to the nearest centre), GaussianMixture (negative log-likelihood), PCA
        (squared reconstruction error), or a Pipeline that ends in one of these.
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
    y : array-like of shape (n_rows,), optional
        Targets, for estimators that need them.

    Returns
    -------
    ndarray of shape (n_rows,)
        Non-negative, except for GaussianMixture.

    Raises
    ------
    ValueError
        If no loss is known for the estimator or its parameters, or y is missing, not
        finite, or not what the estimator predicts for each row.
    NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    penalty : The term that the estimator adds to the weighted sum of these losses.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect.losses import row_losses
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 0.0, 3.0]
    >>> row_losses(LinearRegression().fit(X, y), X, y)
    array([0.25, 1.  , 0.25])
    """
    known = _known_of_fitted(estimator)
    last = final_step(estimator)
    needed = get_tags(last).target_tags.required
    if y is None and needed:
        raise ValueError(
            f"y is None, but the loss of {type(last).__name__} compares predictions "
            "with targets; pass the target of every row."
        )
    with naming("X"):
        n_rows = count_rows(as_array(X, "X") if np.ma.isMA(X) else X)
    y = check_target(native_column(y), n_rows)
    if needed:
        targets_of(last, y)
    with naming("X"):
        return known.loss(estimator, X, y)


def penalty(estimator: Any, total_weight: float) -> float:
    """Return the penalty that a fitted estimator adds to the sum of row losses.

    Parameters
    ----------
    estimator : fitted estimator
        One that `row_losses` knows.
    total_weight : float
        Sum of the weights of all rows. Needed because Lasso and ElasticNet minimise a
        mean.

    Returns
    -------
    float
        0 for estimators without a penalty, and for BayesianRidge, which estimates its
        penalty in every fit.

    Raises
    ------
    ValueError
        If no loss is known for the estimator or its parameters.
    NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    row_losses : The part of the cost that adds up over rows.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from coreselect.losses import penalty
    >>> model = Ridge(alpha=3.0, fit_intercept=False).fit([[1.0]], [4.0])
    >>> penalty(model, total_weight=1.0)  # 3 times the square of a slope of one
    3.0
    """
    Real(0)("total_weight", total_weight)
    return float(_known_of_fitted(estimator).penalty(estimator, total_weight))


def _known_of_fitted(estimator):
    with naming("estimator"):
        known = known_loss(estimator)
        check_is_fitted(estimator)
    return known


def known_loss(estimator):
    """Return the `KnownLoss` of an estimator, fitted or not; raise if there is none."""
    # Subclasses count as their class: they are taken to keep its cost. The exception
    # chooses its penalty by cross-validation.
    last = final_step(estimator)
    for cls, known in _KNOWN.items():
        if isinstance(last, cls) and not isinstance(last, LogisticRegressionCV):
            if problem := known.problem(last):
                raise ValueError(
                    f"no loss is known for {type(last).__name__} with {problem}; pass "
                    "loss=, a function (fitted_estimator, X, y) -> loss of every row."
                )
            return known if last is estimator else _after_steps(known)
    names = ", ".join(cls.__name__ for cls in _KNOWN)
    raise ValueError(
        f"no loss is known for {type(last).__name__}; pass loss=, a function "
        f"(fitted_estimator, X, y) -> loss of every row. Known are those of {names}, "
        "and of pipelines that end in one of them."
    )


def takes_repeats(estimator):
    """Return whether an estimator takes no weights, so that rows must be repeated."""
    return isinstance(final_step(estimator), (GaussianMixture, PCA))


def has_one_minimum(estimator):
    """Return whether fits of an estimator reach the global minimum of their cost."""
    linear = (*_SQUARED, LogisticRegression, LinearSVC, PCA)
    return isinstance(final_step(estimator), linear)


def targets_of(model, y):
    """Return the targets in the form that a fitted model uses.

    For a classifier, the position of the class of every row; for a regressor, float64
    of shape (n_rows, n_outputs).
    """
    if hasattr(model, "classes_"):
        return class_codes(model, y)
    Y = y[:, None] if y.ndim == 1 else y
    Y = np.column_stack([check_vector(column, len(Y), "y") for column in Y.T])
    n_outputs = getattr(model, "n_outputs_", None) or len(np.atleast_2d(model.coef_))
    if Y.shape[1] != n_outputs:
        raise ValueError(
            f"y has {Y.shape[1]} outputs, but the estimator was fitted to {n_outputs}."
        )
    return Y


def class_codes(model, y):
    """Return the position of the class of every row in ``model.classes_``."""
    classes, shape = model.classes_, np.shape(y)
    if len(shape) > 1 and shape[1] > 1:
        raise ValueError(f"y must be 1-dimensional for classes, got shape {shape}.")
    y = np.ravel(y)
    # `classes_` is sorted, so a search finds the place of every class. It also finds
    # one for a label that is not there, which the comparison shows.
    with naming("y"):
        codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
        unknown = classes[codes] != y
    if unknown.any():
        names = np.unique(y[unknown])[:10].tolist()
        raise ValueError(
            f"y holds classes that the estimator was not fitted to: {names}; it knows "
            f"{classes[:10].tolist()}. Fit it to rows of every class."
        )
    return codes


def final_step(estimator):
    """Return the last step of a (nested) pipeline, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _after_steps(known):
    """Return the loss of a pipeline, given the loss of its last step."""

    # The steps before the last one only transform rows; their own fit has no loss.
    def loss(model, X, y):
        while isinstance(model, Pipeline):
            for _, step in model.steps[:-1]:
                if step not in (None, "passthrough"):
                    X = step.transform(X)
            model = model.steps[-1][1]
        return known.loss(model, X, y)

    def penalty_of_last(model, total_weight):
        return known.penalty(final_step(model), total_weight)

    return known._replace(loss=loss, penalty=penalty_of_last)


# --- Losses ---------------------------------------------------------------------------


def _squared_error(model, X, y):
    predicted = model.predict(X)
    # A column of targets is one target, as in `fit`.
    gap = np.asarray(y, dtype=np.float64).reshape(predicted.shape) - predicted
    return gap**2 if gap.ndim == 1 else (gap**2).sum(axis=1)


def _log_loss(model, X, y):
    # Written with logaddexp and logsumexp, which neither overflow nor lose the digits
    # of small losses. One-against-rest models add up one problem per class.
    decision, codes = model.decision_function(X), class_codes(model, y)
    if decision.ndim == 1:
        losses = np.logaddexp(0, np.where(codes == 1, -decision, decision))
    elif _one_against_rest(model):
        losses = np.logaddexp(0, -_signs(codes, decision) * decision)
        return _sum_of_problems(losses, codes, class_factors(model, codes))
    else:
        own = np.take_along_axis(decision, codes[:, None], axis=1)[:, 0]
        losses = np.maximum(0, logsumexp(decision, axis=1) - own)
    return losses * class_factors(model, codes)


def _hinge(model, X, y):
    # One problem for two classes, else one against the rest for each class.
    decision, codes = model.decision_function(X), class_codes(model, y)
    if decision.ndim == 1:
        signs = np.where(codes == 1, 1.0, -1.0)
    else:
        signs = _signs(codes, decision)
    losses = np.maximum(0, 1 - signs * decision)
    if model.loss == "squared_hinge":
        losses **= 2
    factors = class_factors(model, codes)
    if losses.ndim == 1:
        return losses * factors
    return _sum_of_problems(losses, codes, factors)


def _sum_of_problems(losses, codes, factors):
    """Add up one-against-rest losses with class factors."""
    # A class factor only applies in the problem in which the class is the positive one.
    own = np.take_along_axis(losses, codes[:, None], axis=1)[:, 0]
    return losses.sum(axis=1) + (factors - 1) * own


def _signs(codes, decision):
    signs = np.full(decision.shape, -1.0)
    np.put_along_axis(signs, codes[:, None], 1.0, axis=1)
    return signs


def class_factors(model, codes):
    """Return the class weight of each row: 1 if the model has none."""
    if not model.class_weight:
        return 1.0
    factors = [model.class_weight.get(label, 1.0) for label in model.classes_.tolist()]
    return np.asarray(factors)[codes]


def _one_against_rest(model):
    return getattr(model, "multi_class", None) == "ovr" or model.solver == "liblinear"


def _sq_distance(model, X, y):
    return model.transform(X).min(axis=1).astype(np.float64) ** 2


def _negative_log_likelihood(model, X, y):
    return -model.score_samples(X)


def _reconstruction_error(model, X, y):
    gap = X - model.inverse_transform(model.transform(X))
    gap = np.asarray(gap, dtype=np.float64)
    return np.einsum("ij,ij->i", gap, gap)


# --- Penalties ------------------------------------------------------------------------


def _none(model, total_weight):
    return 0.0


def _ridge(model, total_weight):
    # `alpha` may hold one penalty per target, hence the sum over each row of `coef`.
    coef = np.atleast_2d(model.coef_).astype(np.float64)
    return (np.asarray(model.alpha) * (coef**2).sum(axis=1)).sum()


def _elastic_net(model, total_weight):
    # The estimator minimises half the mean of the squared errors plus alpha * halves,
    # which is multiplied by 2 * total_weight to match the sum of squared errors.
    coef, ratio = model.coef_.astype(np.float64), model.l1_ratio
    if isinstance(model, MultiTaskElasticNet):  # the norm couples all targets
        absolute = np.linalg.norm(coef, axis=0).sum()
    else:
        absolute = np.abs(coef).sum()
    halves = ratio * absolute + (1 - ratio) / 2 * (coef**2).sum()
    return 2 * total_weight * model.alpha * halves


def _logistic(model, total_weight):
    # The objective is divided by C, so that losses keep their scale and C divides the
    # penalty. liblinear treats the intercept as a coefficient of a constant feature.
    if model.penalty is None or np.isinf(model.C):
        return 0.0
    named = {"l1": 1.0, "l2": 0.0}
    ratio = named.get(model.penalty, model.l1_ratio or 0.0)
    coef = [model.coef_]
    if model.solver == "liblinear" and model.fit_intercept:
        coef.append(np.atleast_1d(model.intercept_) / model.intercept_scaling)
    return _mixed(coef, ratio) / model.C


def _linear_svc(model, total_weight):
    coef = [model.coef_]
    if model.fit_intercept:  # liblinear penalises the intercept too
        coef.append(np.atleast_1d(model.intercept_) / model.intercept_scaling)
    return _mixed(coef, 1.0 if model.penalty == "l1" else 0.0) / model.C


def _mixed(arrays, ratio):
    flat = np.concatenate([np.ravel(a) for a in arrays], dtype=np.float64)
    return ratio * np.abs(flat).sum() + (1 - ratio) / 2 * (flat**2).sum()


def _balanced(model):
    if model.class_weight == "balanced":
        return (
            "class_weight='balanced', whose factors depend on the rows of a fit (give "
            "class_weight a dict with the factors of all rows, n_rows / (n_classes * "
            "n_rows_of_class), and fit again)"
        )
    return ""


def _svc_problem(model):
    if model.multi_class == "crammer_singer":
        return "multi_class='crammer_singer'"
    return _balanced(model)


_SQUARED = (LinearRegression, Ridge, ElasticNet, BayesianRidge)
_KNOWN: dict[Any, KnownLoss] = {
    LinearRegression: KnownLoss(_squared_error, _none),
    Ridge: KnownLoss(_squared_error, _ridge),
    ElasticNet: KnownLoss(_squared_error, _elastic_net),  # Lasso is one
    BayesianRidge: KnownLoss(_squared_error, _none),
    LogisticRegression: KnownLoss(_log_loss, _logistic, problem=_balanced),
    LinearSVC: KnownLoss(_hinge, _linear_svc, problem=_svc_problem),
    KMeans: KnownLoss(_sq_distance, _none),
    MiniBatchKMeans: KnownLoss(_sq_distance, _none),
    GaussianMixture: KnownLoss(
        _negative_log_likelihood, _none, signed=True, repeats=True
    ),
    PCA: KnownLoss(_reconstruction_error, _none, repeats=True),
}
