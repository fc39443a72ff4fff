"""Weighted means, variances and counts of the columns of any table, in one pass."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect.features.columns import as_kind, table_columns, texts

_MOST_VALUES = 10_000  # text with more distinct values identifies rows
_NUMBERS = ("number", "boolean", "date", "duration")


class Layout(NamedTuple):
    """The columns of a table and, after them, of its target.

    Attributes
    ----------
    names : list
        Names of all columns.
    kinds : list of str
        Their kinds, as in `coreselect.features.columns.Column`.
    n_features : int
        Number of columns before those of the target.
    """

    names: list
    kinds: list
    n_features: int

    @property
    def numeric(self):
        """Places of the columns of numbers, booleans, dates and durations."""
        return [i for i, kind in enumerate(self.kinds) if kind in _NUMBERS]

    @property
    def words(self):
        """Places of the columns of text."""
        return [i for i, kind in enumerate(self.kinds) if kind == "text"]


class Tally(NamedTuple):
    """Sums over some rows. Two of them merge exactly.

    Attributes
    ----------
    total : float
        Sum of the weights.
    weight, mean, scatter : ndarray of shape (n_numeric,)
        For the rows that have a value: sum of weights, mean, weighted sum of squared
        distances to the mean.
    lost : ndarray of shape (n_numeric,)
        Sum of the weights of the other rows.
    counts : list of (dict or None)
        For each text column the weight of every value, None standing for missing ones.
        None in place of a dict: too many values.
    n_known : ndarray of shape (n_words,)
        For each text column the number of rows that have a value.
    """

    total: float
    weight: np.ndarray
    mean: np.ndarray
    scatter: np.ndarray
    lost: np.ndarray
    counts: list
    n_known: np.ndarray

    @property
    def naming(self):
        """Places of text columns whose values identify rows: there are too many."""
        return {
            j
            for j, found in enumerate(self.counts)
            if found is None or (len(found) > 20 and self.n_known[j] < 2 * len(found))
        }

    def merge(self, other):
        """Return the tally of both."""
        weight = self.weight + other.weight
        share = np.divide(
            other.weight, weight, out=np.zeros(len(weight)), where=weight > 0
        )
        gap = other.mean - self.mean
        with np.errstate(over="ignore", invalid="ignore"):
            return Tally(
                self.total + other.total,
                weight,
                self.mean + share * gap,
                self.scatter + other.scatter + share * self.weight * gap**2,
                self.lost + other.lost,
                list(map(_added, self.counts, other.counts)),
                self.n_known + other.n_known,
            )


def layout_of(X, y, target):
    """Return the `Layout` of rows in the user's container and of their targets."""
    names, kinds = _described(X)
    n_features = len(names)
    if y is not None:
        _, of_target = _described(_two_dimensional(y))
        several = len(of_target) > 1
        names += [f"{target} {i}" if several else target for i in range(len(of_target))]
        kinds += of_target
    return Layout(names, kinds, n_features)


def _described(X):
    if sparse.issparse(X):
        return list(range(X.shape[1])), ["number"] * X.shape[1]
    names, column_of = table_columns(X)
    return list(names), [column_of(place).kind for place in range(len(names))]


def _two_dimensional(y):
    return y[:, None] if np.ndim(y) == 1 else y


class Values(NamedTuple):
    """The values of the columns of a `Layout`.

    Attributes
    ----------
    numbers : ndarray or sparse CSR of shape (n_rows, n_numeric)
        NaN where a value is missing.
    words : list of ndarray of objects of shape (n_rows,)
        None where a value is missing.
    """

    numbers: Any
    words: list

    def largest(self):
        """Return the largest absolute value of every numeric column; 0 if none."""
        sizes = abs(self.numbers)
        if sparse.issparse(sizes):
            return sizes.max(axis=0).toarray().ravel()
        return np.where(np.isnan(sizes), 0.0, sizes).max(axis=0, initial=0.0)


def values_of(layout, X, y=None):
    """Return the `Values` of rows; without y, those of the features alone."""
    parts = [] if y is None else [_two_dimensional(y)]
    found, start = {}, 0
    for part in [X, *parts]:
        stop = start + part.shape[1]
        if not sparse.issparse(part):
            _, column_of = table_columns(part)
            for place in range(start, stop):
                kind, name = layout.kinds[place], layout.names[place]
                if kind in (*_NUMBERS, "text"):
                    found[place] = as_kind(column_of(place - start), kind, name)
        start = stop
    words = [found.pop(place) for place in layout.words if place in found]
    numbers = [found[place] for place in layout.numeric if place in found]
    if sparse.issparse(X):
        numbers = [sparse.csr_array(column[:, None]) for column in numbers]
        return Values(sparse.hstack([X, *numbers], format="csr"), words)
    columns = np.column_stack(numbers) if numbers else np.empty((X.shape[0], 0))
    return Values(columns, words)


def tally(values, weight, unit):
    """Return the `Tally` of rows with these weights, of numbers times `unit`."""
    V, words = values
    V = V.multiply(unit).tocsr() if sparse.issparse(V) else V * unit
    if (weight == 0).any():
        some = weight > 0
        V, words, weight = V[some], [column[some] for column in words], weight[some]
    with np.errstate(over="ignore", invalid="ignore"):
        parts = (
            _sparse_moments(V, weight) if sparse.issparse(V) else _moments(V, weight)
        )
    counts = [_counted(column, weight) for column in words]
    n_known = np.array([sum(v is not None for v in column) for column in words], int)
    return Tally(float(weight.sum()), *parts, counts, n_known)


def _moments(V, weight):
    known = ~np.isnan(V)
    total = weight @ known
    divisor = np.where(total > 0, total, 1.0)
    # Divided before it is summed, a mean overflows only if a value does.
    mean = (weight[:, None] * np.where(known, V, 0) / divisor).sum(axis=0)
    scatter = weight @ np.where(known, V - mean, 0) ** 2
    return total, mean, scatter, weight @ ~known


def _sparse_moments(V, weight):
    total = np.full(V.shape[1], weight.sum())
    mean = weight @ V / np.where(total > 0, total, 1.0)
    squares = weight @ V.multiply(V)
    return total, mean, np.maximum(squares - total * mean**2, 0), 0 * total


def _counted(values, weight):
    # A dict finds the distinct values; only these become text.
    codes = {}
    at = np.fromiter(
        (codes.setdefault(value, len(codes)) for value in values),
        dtype=np.int64,
        count=len(values),
    )
    if len(codes) > _MOST_VALUES:
        return None
    sums = np.bincount(at, weights=weight, minlength=len(codes))
    found = {}
    for name, total in zip(texts(list(codes)), sums.tolist(), strict=True):
        found[name] = found.get(name, 0.0) + total
    return found


def _added(a, b):
    if a is None or b is None:
        return None
    both = {value: a.get(value, 0.0) + b.get(value, 0.0) for value in {**a, **b}}
    return both if len(both) <= _MOST_VALUES else None
