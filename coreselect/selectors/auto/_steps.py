"""The steps of a Pipeline before its last, which are fitted once, to all rows.

If they were fitted to the few rows of every query, the scale of losses and penalties
would change from query to query, and costs could not be compared.
"""

import copy

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.pipeline import Pipeline

from coreselect._random import DRAW, stream
from coreselect._weighting import weight_keywords
from coreselect.losses import final_step

MOST_ROWS = 100_000  # the steps are fitted to at most this many rows


def fit_steps(estimator, rows, seed):
    """Fit the steps before the last to the rows, or to a large uniform draw of them.

    Returns
    -------
    list
        The fitted steps in order, those of inner pipelines included.
    """
    steps = _before_last(estimator)
    learning = [step for step in steps if not _passes(step)]
    if not learning:
        return steps
    indices = np.arange(rows.n_rows)
    if rows.n_rows > MOST_ROWS:
        drawn = stream(seed, DRAW).choice(rows.n_rows, MOST_ROWS, replace=False)
        indices = np.sort(drawn)
    block = rows.gather(indices)
    X, fitted = block.X, []
    for step in steps:
        if not _passes(step):
            try:
                step = clone(step).fit(X, block.y, **_weights(step, block.weight))
                X = step.transform(X)
            except Exception as error:
                kind = ValueError if isinstance(error, ValueError) else RuntimeError
                raise kind(
                    f"the step {type(step).__name__} before "
                    f"{type(final_step(estimator)).__name__}, fitted to "
                    f"{len(indices)} of {rows.n_rows} rows, failed: {error}"
                ) from error
        fitted.append(step)
    return fitted


def transform(steps, X):
    """Send rows through fitted steps."""
    for step in steps:
        if not _passes(step):
            X = step.transform(X)
    return X


def joined(estimator, steps, last):
    """Return the estimator with fitted steps and a fitted last one."""
    return _joined(estimator, iter(steps), last)


def _joined(estimator, steps, last):
    if not isinstance(estimator, Pipeline):
        return last
    model = copy.copy(estimator)
    model.steps = [(name, next(steps)) for name, _ in estimator.steps[:-1]]
    name, inner = estimator.steps[-1]
    model.steps.append((name, _joined(inner, steps, last)))
    return model


def refuse_names_of_columns(estimator):
    """Raise if a step selects columns by name, since it is given arrays."""
    for part in estimator.get_params(deep=True).values():
        if isinstance(part, ColumnTransformer):
            for name, _, columns in part.transformers:
                if _by_name(columns):
                    raise ValueError(
                        f"the transformer {name!r} takes columns by name, but an "
                        "estimator in AutoCoreset is given rows as arrays. Give the "
                        "numbers of the columns, or let the selector transform the "
                        "rows: AutoCoreset(last_step, features=transformer)."
                    )


def _by_name(columns):
    if isinstance(columns, slice):
        columns = [columns.start, columns.stop]
    if isinstance(columns, (str, make_column_selector)):
        return True
    return not callable(columns) and any(isinstance(c, str) for c in np.ravel(columns))


def _before_last(estimator):
    steps = []
    while isinstance(estimator, Pipeline):
        steps += [step for _, step in estimator.steps[:-1]]
        estimator = estimator.steps[-1][1]
    return steps


def _passes(step):
    return step is None or step == "passthrough"


def _weights(step, weight):
    """Return the weights of rows as keywords of the fit of a step, if it takes any."""
    try:
        return dict.fromkeys(weight_keywords(step, "auto", True), weight)
    except ValueError:
        return {}
