"""Estimators that do not count a row of weight w as w rows, and remedies.

The tables name estimators of scikit-learn; a test measures them. `settle` corrects the
weights where that is possible, and warns about the rest.
"""

import logging
import warnings

import numpy as np
from sklearn import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from coreselect._weighting import accepted_keywords, members_of

logger = logging.getLogger("coreselect.estimators")

# They make one step per row, with a share of the penalty in each: with weights of mean
# one, they minimise the same cost as on all rows.
PER_STEP = {"SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron"}

# They count rows without their weights here, which no other weights could correct.
COUNT_ROWS = {
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        "the bins, min_samples_leaf and early stopping",
    ),
    **dict.fromkeys(
        (
            "AdaBoostRegressor",
            "BaggingClassifier",
            "BaggingRegressor",
            "IsolationForest",
            "RandomForestClassifier",
            "RandomForestRegressor",
            "RandomTreesEmbedding",
        ),
        "the rows drawn for each member",
    ),
    **dict.fromkeys(
        ("NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR"),
        "the rows in the variance that gamma='scale' uses",
    ),
    "MiniBatchKMeans": "the rows of a batch",
    "RANSACRegressor": "the rows drawn in a trial, and those near its model",
}

# Transformers that take no weights, but learn the same from a row as from its copies.
INDIFFERENT = {
    "AdditiveChi2Sampler",
    "GaussianRandomProjection",
    "LabelBinarizer",
    "LabelEncoder",
    "MaxAbsScaler",
    "MinMaxScaler",
    "MissingIndicator",
    "MultiLabelBinarizer",
    "OneHotEncoder",
    "OrdinalEncoder",
    "PolynomialCountSketch",
    "PolynomialFeatures",
    "RBFSampler",
    "SkewedChi2Sampler",
    "SparseRandomProjection",
}


class MisreadWeightsWarning(UserWarning):
    """An estimator does not count a row of weight w as w rows."""


def settle(estimator, keywords, row_weights, y, weight, *, stacklevel):
    """Return a clone that counts rows by their weights, and the keywords of its `fit`.

    ``class_weight="balanced"`` becomes the factors that all rows give, and estimators
    in `PER_STEP` get weights of mean one. A `MisreadWeightsWarning` names what remains:
    steps that take no weights, members of a vote in `PER_STEP`, and balanced classes
    inside estimators that rename or split classes.

    Parameters
    ----------
    keywords : list of str
        As `weight_keywords` returns them.
    row_weights : ndarray of shape (n_selected,)
    y, weight : ndarray of shape (n_rows,) or None
        Targets and weights of all rows.
    """
    if not keywords:
        return clone(estimator), {}
    model = with_class_factors(estimator, y, weight)
    params = dict.fromkeys(keywords, row_weights)
    params[keywords[-1]] = readable(estimator, row_weights)
    problems = _balanced_inside(model)
    if np.ptp(row_weights) > 1e-9 * row_weights.max():
        problems += [
            f"{name} takes no weights: it learns from the selected rows as if all "
            "counted the same"
            for name in _blind_steps(estimator)
        ]
    last = _last(estimator)
    if not _is(last, PER_STEP):
        problems += [
            f"{type(member).__name__} in {type(last).__name__} needs weights of mean "
            "one, as its step is per row, and other members do not"
            for member in members_of(last)
            if _is(_last(member), PER_STEP)
        ]
    tell(problems, stacklevel + 1)
    for things in {COUNT_ROWS[name] for name in _names(last) if name in COUNT_ROWS}:
        logger.info("%s counts %s without their weights", type(last).__name__, things)
    return model, params


def tell(problems, stacklevel):
    """Give one warning about all the problems, if there are any."""
    if problems:
        warnings.warn(
            f"{'; '.join(problems)}. weights='resample' repeats rows in proportion to "
            "their weights, which every estimator reads.",
            MisreadWeightsWarning,
            stacklevel=stacklevel + 1,
        )


def readable(estimator, row_weights):
    """Return the weights for `fit`: of mean one if the estimator is in `PER_STEP`."""
    if not _is(_last(estimator), PER_STEP):
        return row_weights
    return row_weights * (len(row_weights) / row_weights.sum())


def with_class_factors(estimator, y, weight):
    """Return a clone whose balanced class weights are those that all rows give.

    A class c gets the factor ``W / (k W_c)``, with W the weight of all rows, W_c that
    of its rows and k the number of classes. Nothing changes unless `y` is one class per
    row.
    """
    model = clone(estimator)
    key = _path(model) + "class_weight"
    if y is None or not isinstance(_deep(model).get(key), str) or _is_wide(y):
        return model
    y = np.ravel(y) if weight is None else np.ravel(y)[weight > 0]
    weight = None if weight is None else weight[weight > 0]
    classes, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, weight)
    factors = totals.sum() / (len(classes) * totals)
    factors = dict(zip(classes.tolist(), factors.tolist(), strict=True))
    return model.set_params(**{key: factors})


def blind_steps(estimator, weight):
    """Return the problems that unequal weights of all rows make for earlier steps."""
    if weight is None or np.ptp(weight) <= 1e-9 * weight.max():
        return []
    return [f"{name} takes no weights" for name in _blind_steps(estimator)]


def _blind_steps(estimator):
    """Return the names of the steps that need weights but take none."""
    if not isinstance(estimator, Pipeline):
        return []
    names = []
    for _, step in estimator.steps[:-1]:
        names += _blind(step)
    return list(dict.fromkeys(names + _blind_steps(estimator.steps[-1][1])))


def _blind(step):
    """Return the names of the parts of a step that learn and take no weights."""
    if not hasattr(step, "fit"):
        return []
    for parts in ("transformers", "transformer_list"):  # of columns, or of a union
        if hasattr(step, parts):
            return [
                type(part[1]).__name__
                for part in getattr(step, parts)
                if _learns(part[1])
            ]
    if isinstance(step, Pipeline):
        return [name for _, inner in step.steps for name in _blind(inner)]
    if not _learns(step) or accepted_keywords(step):
        return []
    return [type(step).__name__]


def _learns(step):
    """Return whether a transformer learns anything that copies of rows change."""
    if not hasattr(step, "fit") or _is(step, INDIFFERENT):
        return False
    if isinstance(step, Pipeline):
        return any(_learns(inner) for _, inner in step.steps)
    return get_tags(step).requires_fit


def _balanced_inside(model):
    """Return a problem for each balanced `class_weight` that was not replaced."""
    path = _path(model)
    return [
        f"class_weight={value!r} of {key} is computed on the selected rows, and may "
        "count them without their weights"
        for key, value in _deep(model).items()
        if key.endswith("class_weight") and key.startswith(path)
        if isinstance(value, str)
    ]


def _path(estimator):
    """Return the prefix of the parameters of the estimator that gets y and weights.

    It is inside pipelines (their last step) and searches, which pass them on unchanged.
    """
    path = ""
    while True:
        if isinstance(estimator, Pipeline):
            name, estimator = estimator.steps[-1]
        elif hasattr(estimator, "estimator") and hasattr(estimator, "refit"):
            name, estimator = "estimator", estimator.estimator
        else:
            return path
        path += f"{name}__"


def _last(estimator):
    """Return the innermost estimator that gets the weights."""
    while True:
        inner = getattr(estimator, "estimator", getattr(estimator, "regressor", None))
        if isinstance(estimator, Pipeline):
            inner = estimator.steps[-1][1]
        if not hasattr(inner, "fit"):
            return estimator
        estimator = inner


def _deep(estimator):
    return estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}


def _is_wide(y):
    return y.ndim > 1 and y.shape[1] > 1


def _names(estimator):
    """Return the names of the classes of scikit-learn that an estimator belongs to."""
    return {
        cls.__name__
        for cls in type(estimator).__mro__
        if cls.__module__.startswith("sklearn.")
    }


def _is(estimator, names):
    return bool(_names(estimator) & names)
