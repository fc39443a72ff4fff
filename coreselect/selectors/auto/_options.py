"""Checks of the parameters of AutoCoreset: estimators by name, quotas."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import (
    BayesianRidge,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from coreselect._validation import OneOf, Real
from coreselect._weighting import weight_keywords
from coreselect.losses import final_step, known_loss, takes_repeats

_QUERIES = 40, 100  # the limit is the number of rows, clipped to this range
NAMED: dict[str, Callable[[], Any]] = {
    "logistic": lambda: LogisticRegression(max_iter=1000),
    "linear": LinearRegression,
    "ridge": Ridge,
    "lasso": Lasso,
    "bayesian_ridge": BayesianRidge,
    "svm": LinearSVC,
    "kmeans": KMeans,
    "gaussian_mixture": GaussianMixture,
}
ON_SCALED = ("logistic", "svm")


class EstimatorOption(OneOf):
    """The name of an estimator, or an estimator."""

    def __call__(self, name, value):
        if isinstance(value, str):
            super().__call__(name, value)
        elif isinstance(value, type) or not hasattr(value, "fit"):
            raise TypeError(
                f"{name} must be a scikit-learn estimator such as LogisticRegression(),"
                f" or one of the names {', '.join(self.options)}; got {value!r}."
            )


class QuotaOption(OneOf):
    """A rule for the rows of each class, or a dict of shares."""

    def __call__(self, name, value):
        if not isinstance(value, dict):
            super().__call__(name, value)
            return
        for label, share in value.items():
            Real(0, strict=True)(f"{name}[{label!r}]", share)


def check_quota(quota, y):
    """Raise if a dict of shares has other classes than y."""
    classes = np.unique(y).tolist()
    if isinstance(quota, dict) and set(classes) != set(quota):
        raise ValueError(
            f"quota has the classes {list(quota)}, but those of y are {classes}; give "
            "a share for each."
        )


def resolved(estimator, is_sparse):
    """Return the estimator, or make the one that a name stands for."""
    if not isinstance(estimator, str):
        return estimator
    made = NAMED[estimator]()
    if estimator in ON_SCALED:
        return make_pipeline(StandardScaler(with_mean=not is_sparse), made)
    return made


def keywords_of(estimator, loss):
    """Return the keywords of the last step's fit that take weights."""
    if loss is None:
        known_loss(estimator)  # raises if no loss is known
    if takes_repeats(estimator):
        return []
    last = final_step(estimator)
    try:
        return weight_keywords(last, "auto", True)
    except ValueError:
        raise ValueError(
            f"{type(last).__name__} takes no sample_weight in fit, so it cannot be "
            "fitted to weighted rows. AutoCoreset needs an estimator that does, or a "
            "GaussianMixture or PCA."
        ) from None


def shares_of(quota, codes, y):
    """Return the share of each class that `quota` asks for; None for its own share."""
    if codes is not None and quota == "equal":
        return np.ones(codes.max() + 1)
    if codes is not None and isinstance(quota, dict):
        return np.array([quota[label] for label in np.unique(y).tolist()], dtype=float)
    return None


def most_queries(max_queries, size):
    """Return the largest number of queries for a selection of `size` rows."""
    if max_queries is not None:
        return max_queries
    return min(max(_QUERIES[0], size), _QUERIES[1])
