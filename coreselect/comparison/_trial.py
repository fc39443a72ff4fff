"""The splits, the features, the estimator and the score, which all fits share."""

import inspect
import numbers
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    KFold,
    StratifiedKFold,
    check_cv,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coreselect._validation import check_size, is_number, naming
from coreselect._weighting import accepted_keywords
from coreselect.base import as_transformer, check_features
from coreselect.features import TableFeatures
from coreselect.rows import open as open_rows
from coreselect.rows import take_rows
from coreselect.rows.seen import for_transformer, see_columns, see_through

_FEWEST_ROWS = 4
MOST_CLASSES = 50  # whole numbers with more distinct values are amounts, not classes
SIZES = (100, 500, 1000)


class Fold(NamedTuple):
    """One split: features and targets to train on, and those that are held out."""

    X_train: Any
    X_test: Any
    y_train: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Trial:
    """The splits, the estimator and the score, which all fits share."""

    folds: list
    estimator: Any
    name: str
    task: str | None
    stratified: bool
    scoring: Any = None
    features: str = ""

    @property
    def n_train(self):
        """The number of training rows, in the smallest fold."""
        return min(len(fold.y_train) for fold in self.folds)

    @property
    def n_classes(self):
        """The number of classes in the training rows, None for numbers."""
        if self.task != "classification":
            return None
        return len(np.unique(self.folds[0].y_train))

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

    def fit_all(self, fold):
        """Return the estimator fitted to all training rows of a fold."""
        try:
            return clone(self.estimator).fit(fold.X_train, fold.y_train)
        except (TypeError, ValueError) as error:
            hint = ""
            if hasattr(self.estimator, "steps") and self.features:
                hint = (
                    "; it is fitted to the features that methods see; to use its own "
                    "first steps for both, pass features=estimator[:-1] and "
                    "estimator=estimator[-1]"
                )
            raise ValueError(
                f"estimator: {self.name} cannot be fitted to all rows: "
                f"{str(error).rstrip('.')}{hint}."
            ) from error

    def score(self, model, fold):
        """Return the score of a fitted estimator on the held-out rows of a fold."""
        scorer = check_scoring(model, self.scoring)
        try:
            return float(scorer(model, fold.X_test, fold.y_test))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"scoring: {self.score_name} of {self.name} cannot be computed: {error}"
            ) from error

    def selector(self, cls):
        """Return a selector with the estimator and its intercept, if it takes them."""
        options = {"fit_intercept": self.fit_intercept, "estimator": self.estimator}
        accepted = inspect.signature(cls).parameters
        if missing := self.needed(cls):
            raise ValueError(
                f"methods: {cls.cli_name!r} has no default for {', '.join(missing)}, "
                f"so its name alone is not enough; in Python, pass {cls.__name__}("
                f"{', '.join(f'{name}=...' for name in missing)})."
            )
        return cls(**{k: v for k, v in options.items() if k in accepted})

    def needed(self, cls):
        """Return the parameters that `selector` has no value for."""
        parameters = inspect.signature(cls).parameters.items()
        return [k for k, p in parameters if p.default is p.empty and k != "estimator"]

    def check_sizes(self, sizes, name="sizes"):
        """Turn counts and fractions into counts of training rows, ascending.

        The default sizes are left out where there are fewer rows.
        """
        n = self.n_train
        if isinstance(sizes, tuple) and sizes == SIZES:
            sizes = [size for size in SIZES if size <= n] or SIZES[:1]
        sizes = [sizes] if np.ndim(sizes) == 0 else sizes
        if np.ndim(sizes) > 1:
            raise ValueError(f"{name} must be a list of numbers, got {sizes!r}.")
        counts = sorted({check_size(size, n, name) for size in sizes})
        if not counts:
            raise ValueError(f"{name} is empty; give at least one number of rows.")
        if counts[-1] > n:
            raise ValueError(
                f"{name} {counts[-1]}: there are only {n} training rows; "
                f"{len(self.folds[0].y_test)} rows are held out. Give smaller numbers, "
                "or fractions such as 0.1."
            )
        if counts[0] < 1:
            raise ValueError(f"{name} 0: there must be rows to train on.")
        return counts


def open_data(X, y, features):
    """Open rows as `features` needs them; return them, and a transformer or None."""
    check_features(features)
    rows = open_rows(X, y, numeric=False)
    transformer = as_transformer(features)
    # A sparse matrix holds numbers already, and would not stay sparse.
    is_auto = isinstance(features, str)
    if transformer is not None and not (is_auto and rows.is_sparse):
        return rows, transformer
    if features is None or is_auto:
        return open_rows(X, y), None
    return see_columns(rows, list(features)), None


def prepare(
    X,
    y,
    model,
    task,
    seed,
    *,
    transformer=None,
    name=None,
    scoring=None,
    cv=None,
    test_size=0.25,
    y_name="y",
):
    """Split the rows, and choose the estimator if `model` is None; return a `Trial`.

    If `task` is None, the kind of the estimator decides, else the values of y. `seed`
    is that of the split, `name` what the estimator is called (by default its class),
    and `y_name` the name of y in errors. A clone of the transformer is fitted to the
    training rows of every split.
    """
    # All methods see the same split, estimator and score: differences between them are
    # then due to the selected rows alone.
    y = _checked_target(y, X.shape[0], y_name)
    if model is not None:
        kinds = {"classification": is_classifier, "regression": is_regressor}
        task = task or next((k for k, check in kinds.items() if check(model)), None)
        name = name or _name_of(model)
    task = task or _task(y)
    if task == "regression" and y.dtype.kind not in "biuf":
        raise ValueError(
            f"{y_name} holds text ({str(y[0])!r}, ...), which is not a number."
        )
    if task == "classification":
        _check_classes(y, y_name)
    splits, stratified = _splits(y, task, seed, cv, test_size)
    seen = [_see(X, y, *split, transformer) for split in splits]
    folds, features = [fold for fold, _ in seen], seen[0][1]
    if model is None:
        is_scaled = isinstance(transformer, TableFeatures)
        model = _default_estimator(task, sparse.issparse(folds[0].X_train), is_scaled)
        name = _name_of(model)
    if not accepted_keywords(model):
        raise ValueError(
            f"estimator: {name} takes no weights of rows in fit, so those of a "
            "selection cannot reach it; compare with one that does."
        )
    with naming("scoring"):
        check_scoring(model, scoring)
    return Trial(folds, model, name, task, stratified, scoring, features)


def _splits(y, task, seed, cv, test_size):
    """Return (training rows, held-out rows) of every split, and whether by class."""
    by_class = task == "classification"
    if cv is None:
        stratify = y if by_class and _can_stratify(y, test_size) else None
        split = train_test_split(
            np.arange(len(y)), test_size=test_size, random_state=seed, stratify=stratify
        )
        return [split], stratify is not None
    with naming("cv"):
        if is_number(cv, numbers.Integral):
            kind = StratifiedKFold if by_class else KFold
            cv = kind(int(cv), shuffle=True, random_state=seed)
        found = list(check_cv(cv, y, classifier=by_class).split(np.zeros(len(y)), y))
    return found, True


def _see(X, y, train, test, transformer):
    """Return a fold as methods and estimator see it, and its features in words."""
    parts = take_rows(X, train), take_rows(X, test)
    if transformer is None:
        return Fold(*parts, y[train], y[test]), ""
    transformer = clone(transformer)
    with naming("features"):
        transformer.fit(for_transformer(parts[0]), y[train])
    parts = [see_through(open_rows(part, numeric=False), transformer) for part in parts]
    fold = Fold(*(rows.whole().X for rows in parts), y[train], y[test])
    return fold, str(getattr(transformer, "report_", type(transformer).__name__))


def _name_of(model):
    """Return the class of an estimator, or those of the steps of a pipeline."""
    steps = [step for _, step in getattr(model, "steps", ())]
    return ", ".join(type(step).__name__ for step in steps or [model])


def _checked_target(y, n_rows, name):
    """Return the target as an array of numbers or text, without missing values."""
    y = np.asarray(y)
    if y.shape != (n_rows,):
        raise ValueError(f"{name} has shape {y.shape}; there are {n_rows} rows.")
    if n_rows < _FEWEST_ROWS:
        raise ValueError(
            f"{name} has {n_rows} row{'s' * (n_rows > 1)}; to train on some and hold "
            f"out others, there must be at least {_FEWEST_ROWS}."
        )
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
    if y.dtype.kind == "f" and (infinite := np.isinf(y)).any():
        raise ValueError(
            f"{name}: {np.count_nonzero(infinite)} values are infinite, the first in "
            f"row {int(np.argmax(infinite))} (from 0)."
        )
    if y.dtype.kind not in "biufU":
        raise ValueError(f"{name} holds {y.dtype}; it must hold numbers or text.")
    return y


def _check_classes(y, name):
    n_classes = len(np.unique(y))
    if n_classes == 1:
        raise ValueError(
            f"{name} is {str(y[0])!r} in every row; there must be two classes or more."
        )
    if 2 * n_classes > len(y):
        raise ValueError(
            f"{name} has {n_classes} different values in {len(y)} rows; these are no "
            "classes to learn."
        )


def _task(y):
    # Whole numbers are classes if they are few: labels are often stored in that way.
    if y.dtype.kind in "bU":
        return "classification"
    few = y.dtype.kind in "iu" and len(np.unique(y)) <= MOST_CLASSES
    return "classification" if few else "regression"


def _can_stratify(y, test_size):
    counts = np.unique(y, return_counts=True)[1]
    return counts.min() > 1 and int(len(y) * test_size) >= len(counts)


def _default_estimator(task, is_sparse, is_scaled):
    model = LogisticRegression(max_iter=1000) if task == "classification" else Ridge()
    # The features that "auto" makes are standardised already.
    if is_scaled:
        return model
    return make_pipeline(StandardScaler(with_mean=not is_sparse), model)
