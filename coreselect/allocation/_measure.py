"""Losses of groups after training on subsets that vary the groups independently.

If all groups shrink together, the loss that a group's own rows lower cannot be told
from the loss that all rows lower. So in some subsets all groups have a share of their
rows, and in others one group has a share and the others have all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer

from coreselect._quotas import members
from coreselect._random import stream
from coreselect._typing import Floats
from coreselect._validation import check_size, naming

_HELD_OUT = 4  # one of so many rows of each group measures the loss
FEWEST = 8  # rows of a group
_N_SIZES = 5
_FEWEST_SIZES = 3
LOW = 20  # rows of a group in the smallest subset, if there are enough
_NOISE = 0.1  # relative error of losses, if there is one repeat
_DIGITS = 6  # to which losses are rounded, so that their last bits decide nothing


class Measured(NamedTuple):
    """Mean losses over repeats.

    Attributes
    ----------
    sizes : ndarray of shape (n_points, n_groups)
        Rows of each group that the estimator was trained on.
    losses, errors : ndarray of shape (n_points, n_groups)
        Mean losses of the held-out rows of each group, and their standard errors but
        for those that all points share.
    levels : ndarray of shape (n_groups,)
        Standard errors that all points share.
    """

    sizes: Floats
    losses: Floats
    errors: Floats
    levels: Floats


def measure(
    estimator, rows_of, codes, names, *, loss, sizes, n_repeats, seed, n_columns
):
    """Train on subsets of each repeat, and measure the losses of every group.

    Parameters
    ----------
    rows_of : callable
        ``rows_of(indices)`` returns X and y of rows; y may be None.
    codes : ndarray of int of shape (n_rows,)
        Group of each row, 0, 1, ...
    names : list
        Names of the groups.
    loss : callable
        ``loss(model, X, y)`` returns the mean loss of rows.
    sizes : list of int or float, or None
        Rows of a group to train on, or shares of them.
    """
    inside = members(codes)
    for name, rows in zip(names, inside, strict=True):
        if len(rows) < FEWEST:
            raise ValueError(
                f"groups: {name!r} has {len(rows)} rows, too few for a learning curve; "
                f"at least {FEWEST} are needed. Merge it with another group."
            )
    n_held = [len(rows) // _HELD_OUT for rows in inside]
    most = np.array([len(rows) - n for rows, n in zip(inside, n_held, strict=True)])
    plans, failure = _plans(sizes, most, n_columns), None
    losses = np.full((n_repeats, len(plans), len(names)), np.nan)
    for repeat in range(n_repeats):
        rng = stream(seed, repeat)
        orders = [rng.permutation(rows) for rows in inside]
        held = [order[:n] for order, n in zip(orders, n_held, strict=True)]
        pools = [order[n:] for order, n in zip(orders, n_held, strict=True)]
        for number, plan in enumerate(plans):
            # Smaller subsets are parts of larger ones, which cancels most of the noise.
            chosen = [pool[:n] for pool, n in zip(pools, plan, strict=True)]
            try:
                model = _fitted(estimator, *rows_of(np.concatenate(chosen)))
            except ValueError as error:  # few rows may hold a single class
                failure = error
                continue
            for group, rows in enumerate(held):
                losses[repeat, number, group] = _checked(loss(model, *rows_of(rows)))
    usable = np.isfinite(losses).all(axis=(0, 2))
    if np.count_nonzero(usable) < _FEWEST_SIZES:
        raise ValueError(
            f"estimator could not be trained on most subsets of X: {failure}"
        ) from failure
    plans, losses = plans[usable], losses[:, usable]
    return _with_errors(plans, losses)


def _plans(sizes, most, n_columns):
    """Return the sizes of the groups in all subsets, (n_points, n_groups)."""
    if sizes is None:
        # Near as many rows as columns, some losses have a peak.
        low = np.maximum(LOW, np.maximum(most / 16, 2 * n_columns / len(most)))
        low = np.minimum(low, np.maximum(most // 4, 1))
        steps = np.round(np.geomspace(low, most, _N_SIZES)).astype(np.int64)
    else:
        if 0 in sizes:
            raise ValueError(
                f"sizes={sizes!r} holds 0, but a model needs at least one row of each "
                "group to train on; leave 0 out."
            )
        steps = [[min(check_size(s, n, "sizes"), n) for n in most] for s in sizes]
        steps = np.sort(np.maximum(steps, 1), axis=0)
    if len(np.unique(steps, axis=0)) < _FEWEST_SIZES:
        raise ValueError(
            f"sizes={sizes!r} gives fewer than three different sizes of groups of "
            f"{most.min()} to {most.max()} rows to train on; give at least three."
        )
    together = list(steps)
    for group in range(len(most)):
        for step in steps[:, group]:
            plan = most.copy()
            plan[group] = step
            together.append(plan)
    return np.unique(np.array(together), axis=0)


def _fitted(estimator, X, y):
    with naming("estimator"):
        return clone(estimator).fit(X) if y is None else clone(estimator).fit(X, y)


def _checked(loss):
    if not loss >= 0 or not np.isfinite(loss):
        raise ValueError(
            f"scoring gave a loss of {loss!r}, but losses must be finite and not "
            "negative; a function must return minus the loss."
        )
    return float(f"{loss:.{_DIGITS}g}")


def _with_errors(plans, losses):
    """Return the means over repeats, with standard errors.

    The held-out rows of a repeat raise or lower all its losses alike. This is an error
    of the level of the curve, not of its shape, and is told apart from the others.
    """
    n_repeats = len(losses)
    mean = losses.mean(axis=0)
    least = 1e-6 * (mean.max() or 1.0)
    if n_repeats == 1:
        errors, levels = _NOISE * mean, 0 * mean[0]
    else:
        by_repeat = losses.mean(axis=1)
        levels = by_repeat.std(axis=0, ddof=1) / np.sqrt(n_repeats)
        around = losses - by_repeat[:, np.newaxis]
        variance = around.var(axis=0, ddof=1) / n_repeats
        # A few repeats tell little about the error of one point. It grows with the
        # loss, so points of similar losses are taken together.
        errors = np.empty_like(mean)
        for group, losses_of_group in enumerate(mean.T):
            order = np.argsort(losses_of_group)
            errors[order, group] = np.sqrt(_smooth(variance[order, group]))
    return Measured(plans.astype(np.float64), mean, np.maximum(errors, least), levels)


def _smooth(values):
    """Return means over each value and its neighbours."""
    window = np.ones(2 * (len(values) // 6) + 1)
    sums = np.convolve(values, window, mode="same")
    return sums / np.convolve(np.ones(len(values)), window, mode="same")


def loss_of(estimator: Any, scoring: Any) -> Any:
    """Return a function of a model, X and y that measures the loss.

    Raises
    ------
    ValueError
        If `scoring` is not the name of a scorer.
    """
    if scoring is None:
        return _error_rate if is_classifier(estimator) else _squared_error
    if not isinstance(scoring, str):
        if not callable(scoring):
            raise TypeError(
                "scoring must be None, the name of a scorer of scikit-learn, or a "
                f"function of a model, X and y, got {scoring!r}."
            )
        return lambda model, X, y: -scoring(model, X, y)
    with naming("scoring"):
        scorer = get_scorer(scoring)
    best = 0.0 if scoring.startswith("neg_") else 1.0
    return lambda model, X, y: best - scorer(model, X, y)


def _error_rate(model, X, y):
    return np.mean(model.predict(X) != y)


def _squared_error(model, X, y):
    return np.mean((model.predict(X) - y) ** 2)
