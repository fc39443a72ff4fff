"""The invariants of what a selector sees: `features`, and selectors that read none."""

import warnings

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from coreselect.base import DroppedWeightsWarning
from coreselect.testing._instances import (
    at_an_allowed_size,
    chosen,
    data_for,
    ensure,
    ensure_same,
    promises,
    seeded,
)


def _as_numbers(table):
    return table.astype(float)


def check_transformer(selector):
    """The rows are those of what a transformer makes; they come out as they are."""
    if "features" not in selector.get_params(deep=False):
        return
    X, y, weight = data_for(selector)
    text = X.astype(str).astype(object)
    reader = FunctionTransformer(_as_numbers)
    fitted = seeded(selector, features=reader).fit(text, y, weight)
    wanted = chosen(selector, X, y, weight)
    ensure_same(fitted.selection_, wanted, "features= gave other rows than its result")
    ensure(fitted.n_features_in_ == text.shape[1], "n_features_in_ is not that of X")
    if promises(selector).reads_features:
        ensure(
            fitted.features_ is not reader, "features= was fitted, not a clone of it"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedWeightsWarning)
        rows, _ = fitted.fit_resample(text, y)
    same = np.array_equal(rows, text[fitted.sample_indices_])
    ensure(same, "fit_resample returned what features= makes, not the rows of X")


def check_columns(selector):
    """Columns that features= does not name are not read."""
    if "features" not in selector.get_params(deep=False):
        return
    X, y, weight = data_for(selector)
    wanted = chosen(selector, X, y, weight)
    others = np.full(len(X), np.nan)
    more = np.column_stack([others, X[:, ::-1]])
    got = chosen(seeded(selector, features=[4, 3, 2, 1]), more, y, weight)
    ensure_same(got, wanted, "features= of columns gave other rows than these columns")


def check_anything(selector):
    """A selector that reads no features takes text, missing values and objects."""
    if promises(selector).reads_features:
        return
    X, y, weight = data_for(selector)
    wanted = chosen(selector, X, y, weight)
    table = X.astype(object)
    table[:, 1] = [None, "text", b"bytes", np.nan] * (len(X) // 4)
    for rows in (table, [str(row) for row in X]):
        got = chosen(selector, rows, y, weight)
        ensure_same(got, wanted, "reads_features is False, but X changes the rows", 0)


for _name, _check in list(globals().items()):
    if _name.startswith("check_"):
        globals()[_name] = at_an_allowed_size(_check)

FEATURES = [c for name, c in list(globals().items()) if name.startswith("check_")]
