"""`compare`: fits on selections by several methods, beside uniform sampling."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import get_tags

import coreselect
from coreselect._random import draw_seed
from coreselect._typing import Features, RowsLike, Seed, Size
from coreselect._validation import Integer, Real, is_number, warn_user
from coreselect._words import suggestion
from coreselect.base import BaseSelector
from coreselect.comparison._fits import fits
from coreselect.comparison._results import ALL_ROWS, UNIFORM, Comparison
from coreselect.comparison._trial import SIZES, open_data, prepare

# What is compared by default: fast on a hundred thousand rows.
_FAST = {
    "classification": (UNIFORM, "logistic", "kmeans"),
    "regression": (UNIFORM, "leverage", "kmeans"),
}


def compare(
    X: RowsLike,
    y: ArrayLike,
    estimator: Any = None,
    *,
    methods: Sequence[Any] | dict[str, Any] | None = None,
    sizes: Sequence[Size] = SIZES,
    n_seeds: int = 5,
    scoring: str | Callable[..., Any] | None = None,
    cv: Any = None,
    test_size: float = 0.25,
    features: Features = "auto",
    random_state: Seed = 0,
) -> Comparison:
    """Fit an estimator on selections by several methods and score it on held-out rows.

    Every method selects from the same training rows, for several sizes and seeds. The
    estimator is fitted to each selection with its weights. Uniform sampling and all
    training rows are always among the results, and the verdict (`Comparison.summary`)
    says how many rows each method needs beside uniform sampling, with an interval.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Anything that `coreselect.rows.open` takes. All rows are held in memory.
    y : array-like of shape (n_rows,) or str
        Classes or numbers; or the column of X that holds them.
    estimator : scikit-learn estimator, optional
        By default logistic regression for classes and ridge regression for numbers, on
        standardised features. It takes the weights of a selection.
    methods : list or dict, optional
        Selectors, their classes, or names such as ``"leverage"`` and
        ``"LeverageSelector"``; or a dict of a name to one of these. ``"all"`` stands
        for every method whose parameters have defaults and that takes negative numbers.
        Uniform sampling always joins.
        By default methods that are fast: ``"logistic"`` for classes, ``"leverage"`` for
        numbers, and ``"kmeans"``.
    sizes : sequence of int or float, default=(100, 500, 1000)
        Numbers of rows to select, or fractions of the training rows. Default sizes
        above the number of training rows are left out.
    n_seeds : int, default=5
        Number of selections per method and size, and split. Fewer than 5 give no
        interval.
    scoring : str or callable, optional
        As in scikit-learn, greater is better; by default the estimator's own ``score``.
    cv : int, splitter of scikit-learn or iterable of splits, optional
        Cross-validation in place of one split: scores are means over the folds. An int
        is the number of shuffled folds, by class for a classifier.
    test_size : float, default=0.25
        Fraction of the rows that are held out, if `cv` is None.
    features : "auto", None, list or transformer, default="auto"
        What methods and estimator see of the rows. ``"auto"`` is
        `coreselect.features.TableFeatures`, which makes numbers of categories, dates
        and missing values; a sparse matrix is taken as it is. None takes the columns of
        numbers as they are, and a list names columns. A transformer of scikit-learn is
        cloned and fitted to the training rows, as is ``"auto"``.
    random_state : None, int, RandomState or Generator, default=0
        An int is the seed of the split and the first of the seeds of the selections.

    Returns
    -------
    Comparison
        Shown as a table with the verdict below; `to_frame`, `plot`, `summary`, `best`.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or value, or the estimator cannot be fitted to
        all rows or to uniform samples.

    Warns
    -----
    UserWarning
        If it is interrupted (Ctrl-C) once the first selections are scored: the results
        so far are returned.

    See Also
    --------
    coreselect.certify : The error of one selection.

    Notes
    -----
    A method that fails gives a result with the reason, and the others go on. Selectors
    given by name or class get the intercept and the estimator of the comparison, where
    they have such a parameter. Each result goes to the logger ``coreselect.comparison``
    as soon as it is known.

    For the verdict, mean scores are made monotone and interpolated in the logarithm of
    the size. The factor is the number of rows that a method needs for the score that it
    and uniform sampling both reach, over the number that uniform sampling needs. Its
    95 % interval is a bootstrap over seeds, which are paired: split and seeds are the
    same for every method. The interval covers the chance in the selections, not that of
    the split, which `cv` reduces. Among many methods some look better by chance.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import compare
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(4000, 4))
    >>> X[:, 3] *= rng.random(4000) < 0.02  # few rows tell its coefficient
    >>> y = X @ [1.0, 2.0, 0.0, 20.0] + rng.normal(size=4000)
    >>> found = compare(X, y, methods=["leverage"], sizes=[20, 50, 100], n_seeds=10)
    >>> print(found.summary())
    All 3,000 training rows reach R2 0.961.
    leverage needs at most 0.2 of uniform's rows for R2 0.882 (95 % interval: up to
    0.86): 20 of its rows do what 100 uniform rows do.
    """
    if estimator is not None and (
        inspect.isclass(estimator) or not hasattr(estimator, "fit")
    ):
        raise TypeError(
            f"estimator must be a scikit-learn estimator or None, got {estimator!r}."
        )
    Integer(1)("n_seeds", n_seeds)
    Real(0, 1, strict=True)("test_size", test_size)
    seed = draw_seed(random_state) % 2**31  # raises if it cannot be a random state
    if is_number(random_state, numbers.Integral):
        seed = int(random_state)
    rows, transformer = open_data(X, y, features)
    trial = prepare(
        rows.whole().X,
        rows.y,
        estimator,
        None,
        seed,
        transformer=transformer,
        scoring=scoring,
        cv=cv,
        test_size=test_size,
    )
    selectors = choose_methods(methods, trial)
    counts = trial.check_sizes(sizes)
    found = []
    try:
        for result in fits(trial, selectors, counts, range(seed, seed + n_seeds)):
            found.append(result)
    except KeyboardInterrupt:
        if len(found) < 2:  # nothing is compared yet
            raise
        warn_user("compare was interrupted: results are missing.")
    target = y if isinstance(y, str) else "y"
    return gathered(trial, found, selectors, counts, n_seeds, target)


def choose_methods(methods, trial):
    """Return the selectors to compare by name, uniform sampling first.

    `methods` is what `compare` takes.
    """
    known = {cls.cli_name: cls for cls in coreselect.all_selectors().values()}
    if methods is None:
        methods = _FAST[trial.task or "regression"]
    elif isinstance(methods, (str, BaseSelector)):
        every = [name for name, cls in known.items() if _fits_any(cls, trial)]
        methods = every if methods == "all" else [methods]
    if not isinstance(methods, (dict, list, tuple)):
        raise TypeError(f"methods must be a list or a dict, got {methods!r}.")
    if not isinstance(methods, dict):
        methods = dict(enumerate(methods))
    found = {UNIFORM: trial.selector(known[UNIFORM])}
    for name, method in methods.items():
        made = _selector(method, known, trial)
        if isinstance(name, int):
            name = _free_name(made, method, found)
        if name == ALL_ROWS or (name == UNIFORM and made.cli_name != UNIFORM):
            raise ValueError(
                f"methods: the name {name!r} is taken; call {made!r} another name."
            )
        found[name] = made
    return found


def _fits_any(cls, trial):
    """Return whether a method needs no parameter, and no data without signs."""
    # Columns of tables are standardised, so that some numbers are negative.
    tags = get_tags(cls.examples()[0])
    return not trial.needed(cls) and not tags.input_tags.positive_only


def _selector(method, known, trial):
    """Return a selector: a clone of the given one, or one of the class or name."""
    if isinstance(method, BaseSelector):
        return clone(method)
    classes = {cls.__name__: cls for cls in known.values()} | known
    if isinstance(method, str):
        if method not in classes:
            raise ValueError(
                f"methods: there is no method {method!r}; choose from "
                f"{', '.join(known)}.{suggestion(method, classes)}"
            )
        method = classes[method]
    if inspect.isclass(method) and issubclass(method, BaseSelector):
        return trial.selector(method)
    raise ValueError(
        f"methods must hold selectors or names among {', '.join(known)}; got "
        f"{method!r}."
    )


def _free_name(made, method, found):
    """Return the name of a method in a list; instances of one class are numbered."""
    name = made.cli_name
    if name not in found or not isinstance(method, BaseSelector):
        return name
    if name == UNIFORM and made.get_params() == found[name].get_params():
        return name
    count = 2
    while f"{name} {count}" in found:
        count += 1
    return f"{name} {count}"


def gathered(trial, found, selectors, sizes, n_seeds, target="y"):
    """Return the results so far, that of all rows first, as a `Comparison`."""
    full, *results = found
    notes = []
    if trial.n_classes and not trial.stratified:
        notes.append(
            "classes with few rows: the held-out rows are drawn from all classes alike"
        )
    first = trial.folds[0]
    return Comparison(
        full,
        results,
        trial.task,
        trial.name,
        trial.score_name,
        trial.n_train,
        len(first.y_test),
        first.X_train.shape[1],
        trial.n_classes,
        n_seeds,
        features=trial.features,
        target=target,
        notes=notes,
        complete=len(results) == len(selectors) * len(sizes)
        and all(len(result.scores) in (0, n_seeds) for result in results),
    )
