"""Held-out scores of an estimator after training on all rows and on selections."""

import importlib
import inspect
import statistics
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coreselect._validation import check_size
from coreselect.estimators import fit_on_selection

from .errors import UsageError

MOST_CLASSES = 50  # of whole numbers; with more values they are amounts
_HELD_OUT = 0.25


@dataclass(frozen=True)
class Result:
    """Fits of one method at one size, one per seed."""

    method: str
    size: int
    n_rows: float
    select_seconds: float | None
    fit_seconds: float
    scores: list

    @property
    def mean(self):
        """The mean score."""
        return statistics.fmean(self.scores)

    @property
    def sd(self):
        """The standard deviation of the scores, None of a single one."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Trial:
    """What stays the same in all fits: the split, the estimator, the score."""

    X_train: Any
    X_test: Any
    y_train: np.ndarray
    y_test: np.ndarray
    estimator: Any
    name: str
    task: str
    stratified: bool

    @property
    def n_classes(self):
        """The number of classes in the training rows, None for numbers."""
        return len(np.unique(self.y_train)) if self.task == "classification" else None

    @property
    def score_name(self):
        """What the score method of the estimator returns, as far as known."""
        if is_classifier(self.estimator):
            return "accuracy"
        return "R2" if is_regressor(self.estimator) else "score"

    @property
    def fit_intercept(self):
        """Whether the estimator has an intercept: a parameter says no, or it has."""
        last = (
            self.estimator[-1] if hasattr(self.estimator, "steps") else self.estimator
        )
        return bool(getattr(last, "fit_intercept", True))

    def check_sizes(self, sizes):
        """Turn counts and fractions into counts of training rows."""
        n = len(self.y_train)
        counts = list(dict.fromkeys(check_size(size, n, "-n") for size in sizes))
        for count in counts:
            if count > n:
                raise ValueError(
                    f"-n {count}: there are only {n} training rows; {len(self.y_test)} "
                    "rows are held out."
                )
            if count < 1:
                raise ValueError("-n 0: there is nothing to train on without rows.")
        return counts


def all_rows(rows):
    """Return the features of all rows as one array."""
    return rows.gather(np.arange(rows.n_rows)).X


def prepare(X, y, estimator, task, seed):
    """Split the rows, and settle what is fitted to them, as a `Trial`."""
    y = _checked_target(y, X.shape[0])
    model, name = None, None
    if estimator != "auto":
        model, name = _estimator_at(estimator), estimator
        kinds = {"classification": is_classifier, "regression": is_regressor}
        task = task or next((k for k, check in kinds.items() if check(model)), None)
    task = task or _task(y)
    if task == "regression" and y.dtype.kind not in "biuf":
        raise ValueError(
            f"--target holds text ({str(y[0])!r}, ...), which is no number."
        )
    if model is None:
        model, name = _default_estimator(task, sparse.issparse(X))
    stratify = y if task == "classification" and _can_stratify(y) else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=_HELD_OUT, random_state=seed, stratify=stratify
    )
    parts = X[train], X[test], y[train], y[test]
    return Trial(*parts, model, name, task, stratify is not None)


def _checked_target(y, n_rows):
    """Return the target as an array of numbers or text, one a row, nothing missing."""
    y = np.asarray(y)
    if y.shape != (n_rows,):
        raise ValueError(f"--target has shape {y.shape}; there are {n_rows} rows.")
    missing = y != y if y.dtype.kind in "fO" else np.zeros(n_rows, dtype=bool)
    if y.dtype.kind == "O":
        missing = missing | np.equal(y, None)
    if missing.any():
        raise ValueError(
            f"--target: {np.count_nonzero(missing)} values are missing, the first "
            f"in row {int(np.argmax(missing))} (from 0)."
        )
    if y.dtype.kind == "O":
        y = np.array(y.tolist())
    if y.dtype.kind not in "biufU":
        raise ValueError(f"--target holds {y.dtype}; it must hold numbers or text.")
    return y


def _task(y):
    if y.dtype.kind in "bU":
        return "classification"
    few = y.dtype.kind in "iu" and len(np.unique(y)) <= MOST_CLASSES
    return "classification" if few else "regression"


def _can_stratify(y):
    counts = np.unique(y, return_counts=True)[1]
    return counts.min() > 1 and int(len(y) * _HELD_OUT) >= len(counts)


def _default_estimator(task, is_sparse):
    scaler = StandardScaler(with_mean=not is_sparse)
    if task == "classification":
        model = LogisticRegression(max_iter=1000)
        return make_pipeline(scaler, model), "StandardScaler, LogisticRegression"
    return make_pipeline(scaler, Ridge()), "StandardScaler, Ridge"


def _estimator_at(path):
    """Return an instance of the estimator that a dotted path names."""
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise UsageError(
            f"--estimator {path!r} is nothing that can be imported; give a dotted path "
            "such as sklearn.linear_model.Ridge"
        ) from None
    model = found() if inspect.isclass(found) else found
    if not (hasattr(model, "fit") and hasattr(model, "score")):
        raise UsageError(f"--estimator {path!r} has no fit and score methods")
    return clone(model)


def run(trial, classes, sizes, seeds, progress, *, strict):
    """Fit all rows, and every method at every size for every seed.

    Parameters
    ----------
    trial : Trial
    classes : dict of str to selector class
    sizes : list of int
    seeds : sequence of int
    progress : Line
    strict : bool
        Whether a method that fails ends the run; otherwise it is left out with a note.

    Returns
    -------
    full : Result
    results : list of Result
    notes : list of str
        Warnings and failures, one line a method and size.
    """
    progress.show("fitting all rows")
    notes, results = [], []
    with _noting(notes, "full"):
        start = time.perf_counter()
        model = clone(trial.estimator).fit(trial.X_train, trial.y_train)
        seconds = time.perf_counter() - start
    score = float(model.score(trial.X_test, trial.y_test))
    n = len(trial.y_train)
    full = Result("full", n, n, None, seconds, [score])
    for name, cls in classes.items():
        try:
            for size in sizes:
                progress.show(f"{name}: {size:,} rows, {len(seeds)} seeds")
                with _noting(notes, f"{name}, {size} rows"):
                    results.append(_fits(trial, name, cls, size, seeds))
        except (ValueError, TypeError) as error:
            if strict or name == "uniform":
                raise ValueError(f"{name}: {error}") from error
            notes.append(f"{name} is left out: {error}")
            results = [result for result in results if result.method != name]
    return full, results, notes


class _noting(warnings.catch_warnings):
    """Collect warnings of many fits as one note for each kind."""

    def __init__(self, notes, what):
        super().__init__(record=True)
        self._notes = notes
        self._what = what

    def __enter__(self):
        self._caught = super().__enter__()
        warnings.simplefilter("always")

    def __exit__(self, *details):
        super().__exit__(*details)
        kinds = {}
        for caught in self._caught:
            if not issubclass(caught.category, (DeprecationWarning, FutureWarning)):
                kinds.setdefault(caught.category.__name__, []).append(
                    str(caught.message)
                )
        for kind, messages in kinds.items():
            self._notes.append(f"{self._what}: {len(messages)} x {kind}: {messages[0]}")


def _fits(trial, name, cls, size, seeds):
    """Select and fit once per seed."""
    accepted = inspect.signature(cls).parameters
    options = {"fit_intercept": trial.fit_intercept, "estimator": trial.estimator}
    options = {k: v for k, v in options.items() if k in accepted}
    select_seconds, fit_seconds, counts, scores = [], [], [], []
    for seed in seeds:
        selector = cls(n_select=size, random_state=seed, **options)
        start = time.perf_counter()
        selection = selector.fit(trial.X_train, trial.y_train).selection_
        middle = time.perf_counter()
        model = fit_on_selection(
            trial.estimator, selection, trial.X_train, trial.y_train
        )
        end = time.perf_counter()
        select_seconds.append(middle - start)
        fit_seconds.append(end - middle)
        counts.append(len(selection))
        scores.append(float(model.score(trial.X_test, trial.y_test)))
    return Result(
        name,
        size,
        statistics.fmean(counts),
        statistics.median(select_seconds),
        statistics.median(fit_seconds),
        scores,
    )
