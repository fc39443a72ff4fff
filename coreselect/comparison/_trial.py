"""The split, the estimator and the score, which all fits of a comparison share."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coreselect._validation import check_size

MOST_CLASSES = 50  # whole numbers with more distinct values are amounts, not classes


@dataclass(frozen=True)
class Trial:
    """The split, the estimator and the score, which all fits share."""

    X_train: Any
    X_test: Any
    y_train: np.ndarray
    y_test: np.ndarray
    estimator: Any
    name: str
    task: str
    stratified: bool
    scoring: Any = None

    @property
    def n_classes(self):
        """The number of classes in the training rows, None for numbers."""
        return len(np.unique(self.y_train)) if self.task == "classification" else None

    @property
    def score_name(self):
        """The name of the score, as far as it is known."""
        if self.scoring is not None:
            return getattr(self.scoring, "__name__", str(self.scoring))
        if is_classifier(self.estimator):
            return "accuracy"
        return "R2" if is_regressor(self.estimator) else "score"

    @property
    def fit_intercept(self):
        """Whether the estimator fits an intercept; True if it has no such parameter."""
        last = (
            self.estimator[-1] if hasattr(self.estimator, "steps") else self.estimator
        )
        return bool(getattr(last, "fit_intercept", True))

    def score(self, model):
        """Return the score of a fitted estimator on the held-out rows."""
        scorer = check_scoring(model, self.scoring)
        return float(scorer(model, self.X_test, self.y_test))

    def selector(self, cls):
        """Return a selector with the estimator and its intercept, if it takes them."""
        options = {"fit_intercept": self.fit_intercept, "estimator": self.estimator}
        accepted = inspect.signature(cls).parameters
        return cls(**{k: v for k, v in options.items() if k in accepted})

    def check_sizes(self, sizes, name="sizes"):
        """Turn counts and fractions into counts of training rows."""
        n = len(self.y_train)
        sizes = [sizes] if np.ndim(sizes) == 0 else sizes
        counts = list(dict.fromkeys(check_size(size, n, name) for size in sizes))
        if not counts:
            raise ValueError(f"{name} is empty; give at least one number of rows.")
        for count in counts:
            if count > n:
                raise ValueError(
                    f"{name} {count}: there are only {n} training rows; "
                    f"{len(self.y_test)} rows are held out."
                )
            if count < 1:
                raise ValueError(f"{name} 0: there must be rows to train on.")
        return counts


def prepare(
    X, y, model, task, seed, *, name=None, scoring=None, test_size=0.25, y_name="y"
):
    """Split the rows, and choose the estimator if `model` is None; return a `Trial`.

    If `task` is None, the kind of the estimator decides, else the values of y. `seed`
    is that of the split, `name` what the estimator is called (by default its class),
    and `y_name` the name of y in errors.
    """
    # All methods see the same split, estimator and score: differences between them are
    # then due to the selected rows alone.
    y = _checked_target(y, X.shape[0], y_name)
    if model is not None:
        kinds = {"classification": is_classifier, "regression": is_regressor}
        task = task or next((k for k, check in kinds.items() if check(model)), None)
        name = name or type(model).__name__
    task = task or _task(y)
    if task == "regression" and y.dtype.kind not in "biuf":
        raise ValueError(
            f"{y_name} holds text ({str(y[0])!r}, ...), which is not a number."
        )
    if model is None:
        model, name = _default_estimator(task, sparse.issparse(X))
    stratify = y if task == "classification" and _can_stratify(y, test_size) else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=test_size, random_state=seed, stratify=stratify
    )
    parts = X[train], X[test], y[train], y[test]
    return Trial(*parts, model, name, task, stratify is not None, scoring)


def _checked_target(y, n_rows, name):
    """Return the target as an array of numbers or text, without missing values."""
    y = np.asarray(y)
    if y.shape != (n_rows,):
        raise ValueError(f"{name} has shape {y.shape}; there are {n_rows} rows.")
    missing = y != y if y.dtype.kind in "fO" else np.zeros(n_rows, dtype=bool)
    if y.dtype.kind == "O":
        missing = missing | np.equal(y, None)
    if missing.any():
        raise ValueError(
            f"{name}: {np.count_nonzero(missing)} values are missing, the first "
            f"in row {int(np.argmax(missing))} (from 0)."
        )
    if y.dtype.kind == "O":
        y = np.array(y.tolist())
    if y.dtype.kind not in "biufU":
        raise ValueError(f"{name} holds {y.dtype}; it must hold numbers or text.")
    return y


def _task(y):
    # Whole numbers are classes if they are few: labels are often stored in that way.
    if y.dtype.kind in "bU":
        return "classification"
    few = y.dtype.kind in "iu" and len(np.unique(y)) <= MOST_CLASSES
    return "classification" if few else "regression"


def _can_stratify(y, test_size):
    counts = np.unique(y, return_counts=True)[1]
    return counts.min() > 1 and int(len(y) * test_size) >= len(counts)


def _default_estimator(task, is_sparse):
    scaler = StandardScaler(with_mean=not is_sparse)
    if task == "classification":
        model = LogisticRegression(max_iter=1000)
        return make_pipeline(scaler, model), "StandardScaler, LogisticRegression"
    return make_pipeline(scaler, Ridge()), "StandardScaler, Ridge"
