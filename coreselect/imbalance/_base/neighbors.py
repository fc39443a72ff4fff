"""Neighbours of the rows of a class."""

import numbers

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from coreselect._validation import warn_user
from coreselect.neighbors import neighbor_lists


class SingleRowWarning(UserWarning):
    """A class has a single row, which has no neighbours: new rows are copies of it."""


def neighbors_object(estimator):
    """Return the neighbours object that imbalanced-learn has, not fitted."""
    if isinstance(estimator, numbers.Integral):
        return NearestNeighbors(n_neighbors=int(estimator) + 1)
    return clone(estimator)


def alone(label):
    """Return the list of neighbours of a single row, itself alone, with a warning."""
    warn_user(
        f"class {label} has one row, which has no neighbours: its new rows are copies "
        "of it.",
        SingleRowWarning,
    )
    return np.zeros((1, 1), dtype=np.int64)


def class_neighbors(name, estimator, X, label):
    """Return the neighbours of every row of a class inside the class.

    Parameters
    ----------
    name : str
        Name of the parameter, for messages.
    estimator : int or object with ``kneighbors``
    X : {ndarray, CSR} of shape (n_rows, n_features)
        The rows of the class.
    label : object
        The class, for messages.

    Returns
    -------
    ndarray of int64 of shape (n_rows, n_neighbors)
        Positions in `X`. A class of one row has only itself, with a warning.
    """
    if X.shape[0] == 1:
        return alone(label)
    require_rows(name, estimator, X.shape[0], f"class {label}")
    return neighbor_lists(estimator, X)


def with_searched(holds, *estimators):
    """Return what a method holds that searches all rows for neighbours.

    Objects with ``kneighbors`` are fitted to all rows at once.
    """
    numbered = all(isinstance(given, numbers.Integral) for given in estimators)
    return holds if numbered else holds._replace(whole=True)


def count_others(name, estimator, data, rows, X):
    """Count the neighbours of some rows in other classes, and in all classes.

    Parameters
    ----------
    name : str
        Name of the parameter, for messages.
    estimator : int or object with ``kneighbors``
    data : LabelledRows
    rows : ndarray of int64 of shape (n_queries,)
        Row numbers, all of one class.
    X : {ndarray, CSR} of shape (n_queries, n_features)
        These rows.

    Returns
    -------
    others : ndarray of int64 of shape (n_queries,)
    n_neighbors : int
    """
    require_rows(name, estimator, data.n_rows, "X")
    lists = data.neighbors_of(rows, X, estimator)
    others = data.codes[lists] != data.codes[rows, np.newaxis]
    return np.count_nonzero(others, axis=1), lists.shape[1]


def require_rows(name, estimator, n_rows, where):
    """Raise unless there are enough rows for the number of neighbours."""
    # The words in brackets are scikit-learn's; imbalanced-learn's tests look for them.
    if not isinstance(estimator, numbers.Integral):
        k = getattr(estimator, "n_neighbors", None)
        if isinstance(k, numbers.Integral) and k > n_rows:
            raise ValueError(
                f"{name} is {estimator!r}, which needs at least {k} rows in {where}; "
                f"there are {n_rows}: use n_neighbors={n_rows} at most. (Expected "
                f"n_neighbors <= n_samples_fit, but n_neighbors = {k}, n_samples_fit = "
                f"{n_rows}.)"
            )
        return
    if n_rows > estimator:
        return
    raise ValueError(
        f"{name}={estimator} needs at least {estimator + 1} rows in {where}, which has "
        f"{n_rows}: use {name}={n_rows - 1} at most. (Expected n_neighbors <= "
        f"n_samples_fit, but n_neighbors = {estimator + 1}, n_samples_fit = {n_rows}.)"
    )


def most_frequent(labels):
    """Return the most frequent number of every row; ties go to the lowest."""
    # Sorted, equal numbers form runs, and the first of the longest runs has the lowest
    # number. The loop is over columns, of which there are few.
    labels = np.sort(labels, axis=1)
    best, run = labels[:, 0].copy(), np.ones(len(labels), dtype=np.int64)
    longest = run.copy()
    for j in range(1, labels.shape[1]):
        run = np.where(labels[:, j] == labels[:, j - 1], run + 1, 1)
        longer = run > longest
        best[longer], longest[longer] = labels[longer, j], run[longer]
    return best
