"""What a resampler is given: checked rows, labels and weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from coreselect._files import is_path
from coreselect._validation import (
    as_array,
    check_target,
    check_weights,
    naming,
)
from coreselect.rows import Rows, count_rows, drop_columns, take_rows
from coreselect.rows import open as open_rows
from coreselect.rows.columns import column_types, integer_dtype
from coreselect.rows.frames import as_frame, is_frame, is_thin, thin_matrix
from coreselect.rows.matrices import check_sparse
from coreselect.rows.take import as_table, native_column


@dataclass
class Data:
    """Rows with labels; those of weight 0 are left out.

    Attributes
    ----------
    load : callable
        Returns `X`: an ndarray or CSR of shape (n_rows, n_features), float32 or float64
        for methods that compute with the features; for the others (`_numeric` False) a
        frame, or an array of any dtype.
    y : ndarray of shape (n_rows,)
        Labels; of one-hot labels the numbers of their columns.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    codes : ndarray of int64 of shape (n_rows,)
        ``y == classes[codes]``.
    weight : ndarray of shape (n_rows,) or None
        None: ones.
    kept : ndarray of int64 or None
        Numbers of these rows among all rows, if some are left out.
    n_total : int
        Number of all rows.
    feature_names : list of str or None
    n_features : int
    integral : bool
        Whether an array or frame that methods compute with came as integers alone.
    """

    load: Callable[[], Any]
    y: np.ndarray
    classes: np.ndarray
    codes: np.ndarray
    weight: np.ndarray | None
    kept: np.ndarray | None
    n_total: int
    feature_names: list | None
    n_features: int
    integral: bool = False

    @cached_property
    def X(self):
        """The rows; of a file whose features are not computed with, read when asked."""
        return self.load()

    @property
    def n_rows(self):
        """Number of rows."""
        return len(self.y)

    def code_of(self, label):
        """Return the number of a class."""
        (found,) = np.flatnonzero(self.classes == label)
        return int(found)

    def rows_of(self, label):
        """Return the numbers of the rows of a class, ascending."""
        return np.flatnonzero(self.codes == self.code_of(label))

    def weights_of(self, rows):
        """Return the weights of some rows."""
        return np.ones(len(rows)) if self.weight is None else self.weight[rows]


def open_data(sampler, X, y, sample_weight, *, numeric, sparse_input=True):
    """Check what a resampler was given and return it as `Data`.

    Parameters
    ----------
    sampler : estimator
        For its name in messages.
    X, y, sample_weight
        What `fit` takes.
    numeric : bool
        Whether the features must be finite numbers.
    sparse_input : bool
        Whether X may be sparse.
    """
    X = as_frame(X)
    if y is None and isinstance(X, Rows):
        y = X.y
    if y is None:
        raise ValueError(
            f"This {type(sampler).__name__} estimator requires y to be passed, but the "
            "target y is None."
        )
    if sparse.issparse(X) and not sparse_input:
        raise TypeError(
            f"{type(sampler).__name__} takes no sparse X; pass X.toarray()."
        )
    labels = None
    if not isinstance(y, str):  # of wrong labels before wrong lengths
        labels = as_array(native_column(y), "y")
        labels = check_labels(check_target(labels, len(np.atleast_1d(labels))))
    if numeric:
        source = _open_numbers(X, y, sample_weight)
    elif isinstance(X, Rows) or is_path(X):
        source = _open_file(X, y, sample_weight)
    else:
        source = _open_table(X, y, sample_weight)
    labels = check_labels(source.y) if labels is None else labels
    weight, kept, n_total = source.weight, None, len(labels)
    if weight is not None and not weight.all():
        kept = np.flatnonzero(weight)
        labels, weight = labels[kept], weight[kept]
    return Data(
        partial(source.load, kept),
        labels,
        *_encode(labels),
        weight,
        kept,
        n_total,
        source.names,
        source.n_features,
        source.integral,
    )


class _Source(NamedTuple):
    """Rows before those of weight 0 are left out."""

    load: Callable  # of the numbers of the rows to load; None: all
    y: np.ndarray
    weight: np.ndarray | None
    names: list | None
    n_features: int
    integral: bool = False


def _roles(y, sample_weight):
    return [name for name in (y, sample_weight) if isinstance(name, str)]


def _open_numbers(X, y, sample_weight):
    """Check rows of finite numbers; they become an array or CSR of floats."""
    names, integral = None, _is_integral(X, _roles(y, sample_weight))
    if is_frame(X) and X.shape[1] and is_thin(X):
        names = _names_of(X)
        X = thin_matrix(X).tocsr()
    rows = open_rows(X, y, sample_weight)
    whole = rows.subset().whole().X
    names = rows.feature_names if names is None else names
    return _Source(
        lambda kept: whole, rows.y, rows.weight, names, rows.n_features, integral
    )


def _is_integral(X, roles):
    """Tell whether all features in memory are integers."""
    if isinstance(X, Rows) or is_path(X):
        return False
    if is_frame(X):
        found = [integer_dtype(t) for c, t in column_types(X).items() if c not in roles]
        return all(dtype is not None and dtype.kind in "iu" for dtype in found)
    known = isinstance(X, np.ndarray) or sparse.issparse(X)
    return (X if known else as_array(native_column(X), "X")).dtype.kind in "iu"


def _names_of(table):
    """Return the names of the columns of a frame, if all are strings."""
    if not is_frame(table):
        return None
    names = table.column_names if hasattr(table, "column_names") else table.columns
    return list(names) if all(isinstance(name, str) for name in names) else None


def _open_file(X, y, sample_weight):
    """Check rows of any content in a file, or opened; they are read when asked for."""
    rows, out = open_rows(X, y, sample_weight), _roles(y, sample_weight)
    if isinstance(X, Rows) and X.columns is not None:
        names = column_types(take_rows(X, np.arange(0)))
        out = [name for name in names if name not in X.columns]

    def load(kept):
        kept = np.arange(rows.n_rows) if kept is None else kept
        taken = drop_columns(take_rows(X, kept), out)
        return taken if hasattr(taken, "shape") else np.asarray(taken)  # of a list

    head = load(np.arange(1))
    return _Source(load, rows.y, rows.weight, _names_of(head), head.shape[1])


def _open_table(X, y, sample_weight):
    """Check rows of any content: frames stay, all else becomes an array."""
    roles = _roles(y, sample_weight)
    if is_frame(X):
        columns = list(X.column_names if hasattr(X, "column_names") else X.columns)
        for name in roles:
            if name not in columns:
                raise ValueError(f"there is no column {name!r}; there are {columns}.")
        y, sample_weight = (
            X[name] if isinstance(name, str) else name for name in (y, sample_weight)
        )
        X = drop_columns(X, roles)
    elif roles:
        raise ValueError(
            f"{roles[0]!r} names a column, but X is an array and has none; pass the "
            "values, or pass X as a data frame or a file."
        )
    else:
        if sparse.issparse(X):
            check_sparse(X)
        with naming("X"):
            if isinstance(X, (list, tuple)):
                X = as_table(X)
            elif not sparse.issparse(X):
                X = as_array(X, "X")
            X = check_array(
                X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False
            )
    n_rows = count_rows(X)
    if n_rows == 0 or X.shape[1] == 0:
        what = "sample(s)" if n_rows == 0 else "feature(s)"
        raise ValueError(
            f"X: Found array with 0 {what} (shape={tuple(X.shape)}) while a minimum of "
            "1 is required."
        )

    def load(kept):
        return X if kept is None else take_rows(X, kept)

    y = check_target(native_column(y), n_rows)
    weight = check_weights(native_column(sample_weight), n_rows)
    return _Source(load, y, weight, _names_of(X), X.shape[1])


def _encode(labels):
    """Return the classes, sorted, and the number of the class of every row."""
    if _is_narrow(labels):
        low = int(labels.min())
        above = labels.astype(np.int64) - low
        found = np.bincount(above) > 0
        classes = (np.flatnonzero(found) + low).astype(labels.dtype)
        return classes, (np.cumsum(found) - 1)[above]
    if labels.dtype.kind not in "OU":
        classes = np.unique(labels)
        return classes, np.searchsorted(classes, labels)
    values = labels.tolist()  # without sorting every text
    found = sorted(set(values))
    number = {label: code for code, label in enumerate(found)}
    classes = np.array(found, dtype=labels.dtype)
    return classes, np.fromiter(map(number.__getitem__, values), np.int64, len(values))


def _is_narrow(labels):
    """Return whether labels are integers of a small range: classes, not amounts."""
    if labels.ndim != 1 or labels.dtype.kind != "i" or len(labels) == 0:
        return False
    return int(labels.max()) - int(labels.min()) < len(labels) // 2


def check_labels(y):
    """Return labels as a 1-dimensional array; one-hot ones as column numbers."""
    y = as_array(y, "y")
    if _is_narrow(y):
        return y
    kinds = set(map(type, y.ravel().tolist())) if y.dtype == object else {y.dtype.type}
    if y.dtype == object and not kinds & {str, bytes}:  # numbers of nullable columns
        y = np.array(y.tolist())
    if y.ndim == 2 and y.shape[1] == 1:
        y = y.ravel()
    if y.ndim == 1 and kinds <= {str, np.str_}:
        return y
    if kinds & {str, bytes} and len(kinds) > 1:
        names = sorted(kind.__name__ for kind in kinds)
        raise ValueError(
            f"y has labels of several types, {names}; make them all strings."
        )
    kind = type_of_target(y)
    if kind not in ("binary", "multiclass"):
        with naming("y"):
            check_classification_targets(y)
    if kind == "multilabel-indicator":
        if (y.sum(axis=1) > 1).any():
            raise ValueError(
                "Binary, multiclass and one-hot targets are supported. Multilabel and "
                "multioutput targets are not supported."
            )
        return y.argmax(axis=1)
    if y.ndim > 1:
        raise ValueError(
            "Multilabel and multioutput targets are not supported. y should be a 1d "
            f"array, got an array of shape {y.shape} instead."
        )
    return y
