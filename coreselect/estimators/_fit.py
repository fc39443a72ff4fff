"""Fit an estimator on selected rows: which rows, how often, and with which weights.

A selection stands for all rows if row i counts ``w_i`` times. An estimator that takes
``sample_weight`` is given ``w``. For others, row i is repeated ``floor(m w_i / W)``
times, with ``W = sum(w)``, and a systematic draw on the remainders adds rows up to m in
all. On average, row i is repeated ``m w_i / W`` times.
"""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

import coreselect.rows
from coreselect._misread import settle
from coreselect._typing import Checks, Column, RowsLike
from coreselect._validation import OneOf, naming
from coreselect._weighting import multiplicities, weight_keywords
from coreselect.base import columns_named
from coreselect.rows import Rows, drop_columns, take_rows
from coreselect.rows.frames import is_frame
from coreselect.rows.seen import for_transformer
from coreselect.rows.sources import is_stored
from coreselect.selection import Selection, check_selection

PARAMETER_CHECKS: Checks = {
    "weights": OneOf("auto", "resample", "ignore"),
    "missing_classes": OneOf("add", "raise"),
}

_REPEATS = 10  # weights="resample" fits on at most this many rows per selected row


class ClassAddedWarning(UserWarning):
    """No row of a class was selected, so one of its rows was added."""


def fit_on_selection(
    estimator: Any,
    selection: Selection,
    X: RowsLike,
    y: Column = None,
    sample_weight: Column = None,
    *,
    weights: Literal["auto", "resample", "ignore"] = "auto",
    missing_classes: Literal["add", "raise"] = "add",
    estimator_params: dict[str, Any] | None = None,
) -> Any:
    """Fit a clone of an estimator on selected rows with their weights.

    This is what `CoresetEstimator` does after its selector has selected.

    Parameters
    ----------
    estimator : scikit-learn estimator
        A clone of it is fitted; it stays as it is.
    selection : Selection
        Made from the rows of `X`.
    X : array-like, sparse matrix, data frame or path of shape (n_rows, n_features)
        All rows, not only the selected ones. The estimator gets the columns of numbers
        of a file; it gets all columns, as a frame of pandas, if X is
        ``coreselect.rows.open(path, y, numeric=False)``.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
        Targets of all rows; for a file or a frame, also the name of a column.
    sample_weight : array-like of shape (n_rows,), str or None
        The input weights that the selection was made with. The weights of the selection
        contain them already; they are only used for ``weights="ignore"`` and for rows
        that `missing_classes` adds.
    weights : {"auto", "resample", "ignore"}, default="auto"
        See `CoresetEstimator`.
    missing_classes : {"add", "raise"}, default="add"
        See `CoresetEstimator`.
    estimator_params : dict, optional
        Keywords of the estimator's `fit`, passed as they are, such as ``eval_set``.

    Returns
    -------
    estimator
        The fitted clone.

    Raises
    ------
    ValueError
        If the selection is empty or was made from another number of rows, the estimator
        takes no weights, or a class is missing and `missing_classes` is ``"raise"``.

    Warns
    -----
    ClassAddedWarning
        If a class was missing and `missing_classes` is ``"add"``.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import Selection
    >>> from coreselect.estimators import fit_on_selection
    >>> from sklearn.dummy import DummyRegressor
    >>> selection = Selection([0, 3], [3.0, 1.0], n_total=4)
    >>> y = np.array([1.0, 7.0, 7.0, 5.0])
    >>> fit_on_selection(DummyRegressor(), selection, np.eye(4), y).predict([[0] * 4])
    array([2.])
    """
    check_parameters(weights=weights, missing_classes=missing_classes)
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(f"estimator must be an estimator with fit, got {estimator!r}.")
    check_keywords("estimator_params", estimator_params)
    data = open_data(X, y, sample_weight)
    return fit_selected(
        estimator,
        selection,
        data,
        weights=weights,
        missing_classes=missing_classes,
        estimator_params=estimator_params,
    ).model


def check_parameters(**values):
    """Raise unless the value of every parameter is one of its options."""
    for name, value in values.items():
        PARAMETER_CHECKS[name](name, value)


def check_selector(selector, advice=""):
    """Raise unless `selector` has the method that all selectors have."""
    if isinstance(selector, type) or not hasattr(selector, "fit_select"):
        raise TypeError(
            f"selector must be a selector of coreselect, got {selector!r}{advice}."
        )


def check_selector_params(selector, params, advice=""):
    """Raise if the fit of a selector does not take one of these keywords."""
    accepted = inspect.signature(selector.fit).parameters
    if any(p.kind is p.VAR_KEYWORD for p in accepted.values()):
        return
    taken = set(accepted) - {"X", "y", "sample_weight"}
    if unknown := sorted(set(params) - taken):
        raise TypeError(
            f"fit got {unknown}, which {type(selector).__name__}.fit does not take; "
            f"selector_params={{...}} may hold {sorted(taken)}."
            + advice.format(unknown[0])
        )


def check_keywords(name, given, own=("X", "y")):
    """Raise unless `given` is a dict of keywords, without those of `own`, or None."""
    if given is None:
        return
    if not (isinstance(given, Mapping) and all(isinstance(k, str) for k in given)):
        raise TypeError(
            f"{name} must be a dict from keywords of fit to values, got {given!r}."
        )
    if found := [keyword for keyword in own if keyword in given]:
        raise TypeError(f"{name} has {found}; pass {found[0]} to fit itself.")


class Data(NamedTuple):
    """All rows of a fit: as selectors read them, and in the user's own containers."""

    rows: Rows
    X: Any
    y: Any

    @property
    def in_file(self):
        """Whether X must be read before an estimator can be fitted on it."""
        return is_stored(self.X) or isinstance(self.X, Rows)

    def features(self, indices):
        """Return the feature columns of some rows of X."""
        if self.in_file:
            return for_transformer(self.rows.gather(indices).X)
        return self._without_roles(take_rows(self.X, indices))

    def target(self, indices):
        """Return the targets of some rows, in the user's container if there is one."""
        if self.y is not None and not isinstance(self.y, str):
            return take_rows(self.y, indices)
        return None if self.rows.y is None else self.rows.y[indices]

    def predict(self, estimator):
        """Return the predictions of all rows; a file is read block by block."""
        if self.in_file:
            return by_block(self.rows, estimator.predict)
        return estimator.predict(self._without_roles(self.X))

    def _without_roles(self, X):
        """Leave out the columns of a frame that hold the target or the weights."""
        return drop_columns(X, self.rows.named) if is_frame(X) else X


def open_data(X, y=None, sample_weight=None, *, raw=False, per_row=None):
    """Open the rows of a fit.

    Rows in memory stay as they are, since the estimator gets them as they are: what a
    selector cannot read, it refuses by itself. A file is read as numbers, or as it is:
    with `raw`, or if the user opened it with ``numeric=False``.
    """
    data = Data(None, X, y)
    raw = raw or not getattr(X, "numeric", True)
    numeric = data.in_file and not raw
    rows = coreselect.rows.open(X, y, sample_weight, numeric=numeric, per_row=per_row)
    return data._replace(rows=rows)


def open_for(selector, X, y, sample_weight, params):
    """Open the rows of a fit as a selector needs them.

    `params` are keywords of its `fit`. Those that name columns are read with the rows.

    Returns
    -------
    data : Data
    columns : dict
        The keywords that name columns.
    params : dict
        The other keywords.
    """
    columns = {}
    if "exclude" in getattr(selector, "row_rules", ()):
        columns = columns_named(selector, params)
    raw = getattr(selector, "features", None) is not None
    data = open_data(X, y, sample_weight, raw=raw, per_row=columns)
    return data, columns, {k: v for k, v in params.items() if k not in columns}


def by_block(rows, function):
    """Return ``function(X)`` for all rows, computed block by block."""
    # Results are gathered in a list and joined once: joining them in pairs would copy
    # each of them many times.
    parts = rows.reduce(
        lambda block: [function(for_transformer(block.X))], lambda a, b: a + b
    )
    return _join(parts)


def _join(parts):
    """Concatenate results for consecutive rows: arrays, or tuples or lists of them."""
    first = parts[0]
    if isinstance(first, (tuple, list)):
        return type(first)(_join(part) for part in zip(*parts, strict=True))
    if sparse.issparse(first):
        return sparse.vstack(parts, format=first.format)
    return np.concatenate(parts)


class Fit(NamedTuple):
    """A fitted clone of an estimator, and the rows that it was fitted on."""

    model: Any
    X: Any
    y: Any
    n_added: int  # rows that were added for classes without a selected row


def fit_selected(
    estimator,
    selection,
    data,
    *,
    weights,
    missing_classes,
    routed=None,
    estimator_params=None,
    seed=None,
):
    """Fit a clone of `estimator`; return a `Fit`.

    `routed` and `estimator_params` are keywords of its `fit`. Values in `routed` with
    as many items as there are rows are cut to the selected rows; `estimator_params` are
    passed as they are. `seed` is for ``weights="resample"``; the default depends on the
    selected rows alone.
    """
    n_rows = data.rows.n_rows
    check_selection(selection, n_rows)
    keywords = weight_keywords(estimator, weights, data.rows.weight is not None)
    indices, row_weights = _rows_to_fit(selection, data.rows.weight, weights, seed)
    added = []
    # Without a row of each class, `predict_proba` would lack columns, and classes would
    # differ between the folds of a search.
    if is_classifier(estimator) and (lost := _lost_classes(data.rows, indices)):
        _report_lost(lost, selection, missing_classes)
        added = list(lost.values())
        indices = np.append(indices, added)
        row_weights = np.append(row_weights, _own_weights(data.rows.weight, added))
    params = {
        name: take_rows(value, indices) if _is_per_row(value, n_rows) else value
        for name, value in (routed or {}).items()
    }
    params |= estimator_params or {}
    clash = set(params) & {*keywords, "sample_weight"}
    if clash:
        raise ValueError(
            f"{sorted(clash)} was passed for {type(estimator).__name__}, whose weights "
            "are those of the selection; pass sample_weight to fit by that name."
        )
    y = data.rows.y if weights == "auto" else None  # else classes count as selected
    model, by_row = settle(
        estimator, keywords, row_weights, y, data.rows.weight, stacklevel=3
    )
    X, y = data.features(indices), data.target(indices)
    return Fit(model.fit(X, y, **params, **by_row), X, y, len(added))


def _is_per_row(value, n_rows):
    if isinstance(value, (list, tuple)):
        return len(value) == n_rows
    shape = getattr(value, "shape", None)
    return bool(shape) and shape[0] == n_rows


def _own_weights(weight, indices):
    return np.ones(len(indices)) if weight is None else weight[indices]


def _rows_to_fit(selection, own, weights, seed):
    """Return row numbers, repeated for ``weights="resample"``, and a weight for each.

    Rows of weight 0 are left out.
    """
    row_weights = selection.weights
    if weights == "ignore":
        row_weights = _own_weights(own, selection.indices)
    kept = row_weights > 0
    indices, row_weights = selection.indices[kept], row_weights[kept]
    if not len(indices):
        raise ValueError(
            f"no row to fit on: of {selection.n_total} rows the selection holds "
            f"{len(selection)}, none of positive weight. Select more (n_select)."
        )
    if weights == "resample":
        # More than ten rows per selected row make fits slower and hardly more accurate.
        n_rows = min(selection.n_total, _REPEATS * len(selection))
        if seed is None:
            seed = _seed(indices)
        counts = multiplicities(row_weights, n_rows, seed)
        indices = np.repeat(indices, counts)
        row_weights = np.ones(len(indices))
    return indices, row_weights


def _seed(indices):
    """Return a 128-bit seed that depends on the selected rows alone."""
    digest = hashlib.blake2b(indices.astype("<i8").tobytes(), digest_size=16)
    return int.from_bytes(digest.digest(), "little")


def _lost_classes(rows, indices):
    """Return the first row of positive weight of each class without a row in `indices`.

    Returns
    -------
    dict of class to int
        In sorted order; empty if targets are not classes or have several outputs.
    """
    y = rows.y
    if y is None or (y.ndim == 2 and y.shape[1] > 1):
        return {}
    y = y.ravel()
    if y.dtype.kind == "f" and np.any(y[indices] % 1):
        return {}  # continuous: the estimator says so better than we could
    with naming("y"):
        unseen = ~np.isin(y, np.unique(y[indices]))
    if rows.weight is not None:
        unseen &= rows.weight > 0
    candidates = np.flatnonzero(unseen)
    classes, first = np.unique(y[candidates], return_index=True)
    return dict(zip(classes.tolist(), candidates[first].tolist(), strict=True))


def _report_lost(lost, selection, missing_classes):
    names = ", ".join(map(repr, list(lost)[:10])) + (", ..." if len(lost) > 10 else "")
    classes = "class" if len(lost) == 1 else "the classes"
    message = f"none of the {len(selection)} selected rows is of {classes} {names}"
    ways_out = "select more rows (n_select) or stratify by y (stratify=True)"
    if missing_classes == "raise":
        raise ValueError(
            f"{message}; {ways_out}, or pass missing_classes='add' to add one row each."
        )
    warnings.warn(
        f"{message}; added one row each, with its own weight. To avoid this, "
        f"{ways_out}.",
        ClassAddedWarning,
        stacklevel=4,
    )
