"""Rows and targets as a training in rounds needs them."""

import numpy as np
from scipy import sparse
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils import get_tags

from coreselect._validation import as_array
from coreselect.rows import take_rows


def classes_for(estimator, y):
    """Return the classes of all rows, in the form that `partial_fit` takes.

    For several outputs, a list with the classes of each; for a multilabel estimator and
    indicators, the numbers of the columns.
    """
    by_column = isinstance(estimator, MultiOutputClassifier) and len(np.shape(y)) > 1
    if not is_wide(y) and not by_column:
        return np.unique(y)
    if isinstance(estimator, OneVsRestClassifier):
        raise ValueError(
            "y has several outputs, but the partial_fit of OneVsRestClassifier takes "
            "one class per row; use MultiOutputClassifier."
        )
    # A multilabel estimator takes indicators of labels as one target, and calls the
    # labels by their numbers; others treat each column as a target of its own.
    outputs = _as_columns(y)
    tags = get_tags(estimator).classifier_tags
    if tags is not None and tags.multi_label and set(np.unique(outputs)) <= {0, 1}:
        return np.arange(outputs.shape[1])
    return [np.unique(column) for column in outputs.T]


def unusual(y):
    """Return why an estimator may refuse targets; "" if there is no reason."""
    if y is None:
        return ""
    if is_wide(y):
        return (
            f"y has {np.shape(y)[1]} columns; MultiOutputClassifier and "
            "MultiOutputRegressor train one estimator per column"
        )
    first = np.ravel(y)[:1]
    if (np.ravel(y) == first).all():
        return f"all values of y are {first[0]!r}"
    return ""


def take(rows, indices):
    return None if rows is None else take_rows(rows, indices)


def with_rows(data, name):
    """Return `data` as something that rows can be taken from: lists become arrays."""
    if data is None and name != "X":
        return None
    if len(getattr(data, "shape", ())):
        return data
    array = as_array(data, name)
    if not array.ndim:
        raise ValueError(f"{name} must hold rows, got {data!r}.")
    return array


def is_wide(y):
    return len(np.shape(y)) > 1 and np.shape(y)[1] > 1


def _as_columns(y):
    return y.toarray() if sparse.issparse(y) else np.asarray(y)
