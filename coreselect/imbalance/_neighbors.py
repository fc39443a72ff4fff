"""Parameters that say how many neighbours, or how to find them."""

import numbers
from dataclasses import dataclass

from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from coreselect._validation import Integer
from coreselect.neighbors import neighbor_lists


@dataclass(frozen=True)
class Neighbors(Integer):
    """A constructor parameter: an int, or an object with ``kneighbors``."""

    minimum: float = 1

    def __call__(self, name, value):
        if not hasattr(value, "kneighbors"):
            super().__call__(name, value)


def neighbors_object(estimator):
    """Return the neighbours object that imbalanced-learn would show, not fitted."""
    if isinstance(estimator, numbers.Integral):
        return NearestNeighbors(n_neighbors=int(estimator) + 1)
    return clone(estimator)


def class_neighbors(name, estimator, X, label):
    """Return the neighbours of every row of a class inside the class.

    Parameters
    ----------
    name : str
        Of the parameter, for messages.
    estimator : int or object with ``kneighbors``
    X : {ndarray, CSR} of shape (n_rows, n_features)
        The rows of the class.
    label : object
        The class, for messages.

    Returns
    -------
    ndarray of int64 of shape (n_rows, n_neighbors)
        Positions in `X`.
    """
    require_rows(name, estimator, X.shape[0], f"class {label!r}")
    return neighbor_lists(estimator, X)


def require_rows(name, estimator, n_rows, where):
    """Raise unless rows have as many others as neighbours are asked for."""
    if not isinstance(estimator, numbers.Integral) or n_rows > estimator:
        return
    if n_rows < 2:
        way = "one row has no neighbours, so use RandomOverSampler for it"
    else:
        way = f"use {name}={n_rows - 1} at most"
    raise ValueError(
        f"{name}={estimator} needs at least {estimator + 1} rows in {where}, which has "
        f"{n_rows}: {way}. (Expected n_neighbors <= n_samples_fit, but n_neighbors = "
        f"{estimator + 1}, n_samples_fit = {n_rows}.)"
    )
