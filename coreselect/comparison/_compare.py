"""Fits on selections by several methods, for several sizes and seeds."""

import inspect
import logging
import numbers
import statistics
import time
import warnings

from sklearn.base import clone

import coreselect
from coreselect._random import draw_seed
from coreselect._validation import Integer, Real, is_number
from coreselect.base import BaseSelector
from coreselect.comparison._results import Comparison, Result
from coreselect.comparison._trial import prepare
from coreselect.estimators import fit_on_selection
from coreselect.rows import open as open_rows

logger = logging.getLogger("coreselect.comparison")


def compare(
    X,
    y,
    estimator=None,
    *,
    methods=None,
    sizes=(100, 500, 1000),
    n_seeds=5,
    scoring=None,
    test_size=0.25,
    random_state=0,
):
    """Fit an estimator on selections by several methods and score it on held-out rows.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Anything that `coreselect.rows.open` takes. All rows are held in memory.
    y : array-like of shape (n_rows,) or str
        Classes or numbers; or the column of X that holds them.
    estimator : scikit-learn estimator, optional
        By default standardised features, then logistic regression for classes and
        ridge regression for numbers.
    methods : list or dict, optional
        Selectors, their classes, or names such as ``"leverage"`` and
        ``"LeverageSelector"``; or a dict of a name to one of these.
        Uniform sampling always joins. By default all selectors; those that fail are
        left out with a note.
    sizes : sequence of int or float
        Numbers of rows to select, or fractions of the training rows.
    n_seeds : int
        Number of selections per method and size.
    scoring : str or callable, optional
        As in scikit-learn; by default the estimator's own ``score``.
    test_size : float
        Fraction of the rows that are held out.
    random_state : None, int, RandomState or Generator
        An int is the seed of the split and the first of the seeds of the selections.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is asked for, or a method that was named fails.

    Notes
    -----
    Selectors given by name or class get the intercept and the estimator of the
    comparison, where they have such a parameter. Progress goes to the logger
    ``coreselect.comparison``.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import compare
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_t(3, size=(2000, 4))
    >>> y = X @ [1.0, 2.0, 0.0, -1.0] + rng.normal(size=2000)
    >>> found = compare(X, y, methods=["leverage"], sizes=[50], n_seeds=10)
    >>> found.best(50)
    'leverage'
    """
    if estimator is not None and not hasattr(estimator, "fit"):
        raise TypeError(
            f"estimator must be a scikit-learn estimator or None, got {estimator!r}."
        )
    Integer(1)("n_seeds", n_seeds)
    Real(0, 1, strict=True)("test_size", test_size)
    rows = open_rows(X, y)
    seed = draw_seed(random_state) % 2**31  # raises if it cannot be a random state
    if is_number(random_state, numbers.Integral):
        seed = int(random_state)
    trial = prepare(
        rows.whole().X,
        rows.y,
        estimator,
        None,
        seed,
        scoring=scoring,
        test_size=test_size,
    )
    selectors = choose_methods(methods, trial)
    counts = trial.check_sizes(sizes)
    seeds = range(seed, seed + n_seeds)
    return run(trial, selectors, counts, seeds, strict=methods is not None)


def choose_methods(methods, trial):
    """Return the selectors to compare by name, uniform sampling first.

    `methods` is what `compare` takes.
    """
    known = {cls.cli_name: cls for cls in coreselect.all_selectors().values()}
    if methods is None:
        methods = list(known)
    elif isinstance(methods, (str, BaseSelector)):
        methods = [methods]
    classes = {cls.__name__: cls for cls in known.values()} | known
    if not isinstance(methods, (dict, list, tuple)):
        raise TypeError(f"methods must be a list or a dict, got {methods!r}.")
    if not isinstance(methods, dict):
        methods = dict(enumerate(methods))
    found = {"uniform": trial.selector(known["uniform"])}
    for name, method in methods.items():
        is_name = isinstance(method, str) and method in classes
        method = classes[method] if is_name else method
        if inspect.isclass(method) and issubclass(method, BaseSelector):
            made = trial.selector(method)
        elif isinstance(method, BaseSelector):
            made = clone(method)
        else:
            raise ValueError(
                f"methods must hold selectors or names among {', '.join(known)}; got "
                f"{method!r}."
            )
        found[made.cli_name if isinstance(name, int) else name] = made
    return found


def run(trial, selectors, sizes, seeds, *, strict, tell=logger.info):
    """Fit all rows, and every method at every size for every seed.

    If `strict`, a method that fails ends the run; otherwise it is left out with a note.
    ``tell(text)`` is called before each piece of work.
    """
    tell("fitting all rows")
    notes, results = [], []
    with _noting(notes, "full"):
        start = time.perf_counter()
        model = clone(trial.estimator).fit(trial.X_train, trial.y_train)
        seconds = time.perf_counter() - start
    n = len(trial.y_train)
    full = Result("full", n, n, None, seconds, [trial.score(model)])
    for name, selector in selectors.items():
        try:
            for size in sizes:
                tell(f"{name}: {size:,} rows, {len(seeds)} seeds")
                with _noting(notes, f"{name}, {size} rows"):
                    results.append(_fits(trial, name, selector, size, seeds))
        # One method that cannot handle these data does not spoil the others, unless it
        # was asked for by name. Without uniform, there is nothing to compare with.
        except (ValueError, TypeError) as error:
            if strict or name == "uniform":
                raise ValueError(f"{name}: {error}") from error
            notes.append(f"{name} is left out: {error}")
            results = [result for result in results if result.method != name]
    if trial.n_classes and not trial.stratified:
        notes.append(
            "classes with few rows: the held-out rows are drawn from all classes alike"
        )
    return Comparison(
        full,
        results,
        notes,
        trial.task,
        trial.name,
        trial.score_name,
        n,
        len(trial.y_test),
        trial.X_train.shape[1],
        trial.n_classes,
        len(seeds),
    )


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


def _fits(trial, name, selector, size, seeds):
    """Select and fit once per seed."""
    select_seconds, fit_seconds, counts, scores = [], [], [], []
    for seed in seeds:
        # A new clone for every seed, so that no fit can lean on an earlier one.
        fresh = clone(selector).set_params(n_select=size, random_state=seed)
        start = time.perf_counter()
        selection = fresh.fit(trial.X_train, trial.y_train).selection_
        middle = time.perf_counter()
        model = fit_on_selection(
            trial.estimator, selection, trial.X_train, trial.y_train
        )
        end = time.perf_counter()
        select_seconds.append(middle - start)
        fit_seconds.append(end - middle)
        counts.append(len(selection))
        scores.append(trial.score(model))
    return Result(
        name,
        size,
        statistics.fmean(counts),
        statistics.median(select_seconds),
        statistics.median(fit_seconds),
        scores,
    )
