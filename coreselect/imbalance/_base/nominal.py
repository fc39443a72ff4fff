"""Neighbours and votes of rows with nominal columns, which hold codes from zero."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels import nominal as kernels
from coreselect._numbers import power_of_two
from coreselect._threads import count_threads, run_rounds

_RUN = 1024  # rows whose neighbours a thread finds at a time


def ranges_of(categories):
    """Return where the codes of each column begin if they are numbered on, and end."""
    return np.concatenate([[0], np.cumsum([len(values) for values in categories])])


def mixed_neighbors(X, codes, gap, n_neighbors):
    """Find the nearest other rows of all rows.

    Parameters
    ----------
    X : ndarray of shape (n, n_continuous)
    codes : ndarray of int of shape (n, n_nominal)
    gap : float
        Distance of two rows that differ in one nominal column only.
    n_neighbors : int

    Returns
    -------
    ndarray of int64 of shape (n, n_neighbors)
        Nearest first; of rows at the same distance, the lowest.
    """
    largest = max(np.ptp(X, axis=0).max(initial=0.0), gap)
    unit = power_of_two(largest)
    columns = np.ascontiguousarray(X.T, dtype=np.float64) * unit
    codes = np.ascontiguousarray(codes.T, dtype=np.uint32)
    distances = np.full((len(X), n_neighbors), np.inf)
    lists = np.zeros((len(X), n_neighbors), dtype=np.int64)
    price = float(np.square(gap * unit))

    def search(start, stop):
        found = distances[start:stop], lists[start:stop]
        kernels.mixed_neighbors(columns, codes, price, start, *found)

    _on_all_threads(search, len(X))
    return lists


def one_hot(codes, bounds, value):
    """Return codes as a CSR of `value` in the column of each code, else zero."""
    n, q = codes.shape
    columns = (codes + bounds[:-1]).ravel()
    starts = np.arange(0, n * q + 1, q)
    return sparse.csr_matrix(
        (np.full(n * q, value), columns, starts), shape=(n, bounds[-1])
    )


def class_shares(codes, bounds, classes, n_classes, weight=None):
    """Return the share of every class among the rows with a code.

    Parameters
    ----------
    codes : ndarray of int of shape (n, n_nominal)
    bounds : ndarray of int of shape (n_nominal + 1,)
        Of `ranges_of`.
    classes : ndarray of int of shape (n,)
    n_classes : int
    weight : ndarray of shape (n,), optional

    Returns
    -------
    ndarray of shape (bounds[-1], n_classes)
        Zero for codes that no row has.
    """
    places = (codes + bounds[:-1]) * n_classes + classes[:, None]
    weights = np.repeat(1.0 if weight is None else weight, codes.shape[1])
    if weight is None:
        weights = None
    counts = np.bincount(places.ravel(), weights, bounds[-1] * n_classes)
    counts = counts.reshape(-1, n_classes).astype(np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


class ValueDifferences(NamedTuple):
    """Rows and the value difference metric between them.

    Attributes
    ----------
    codes : ndarray of int of shape (n, n_nominal)
    bounds, shares : ndarray
        From `ranges_of` and `class_shares`.
    """

    codes: np.ndarray
    bounds: np.ndarray
    shares: np.ndarray

    def neighbors(self, n_neighbors):
        """Find the nearest other rows of all rows.

        Returns
        -------
        ndarray of int64 of shape (n, n_neighbors)
            Nearest first; of rows at the same distance, the lowest.
        """
        codes, n = self.codes, len(self.codes)
        own = [np.unique(column, return_inverse=True) for column in codes.T]
        values = [
            start + found for start, (found, _) in zip(self.bounds, own, strict=False)
        ]
        bounds = ranges_of(values)  # codes that these rows do not have are left out
        shares = self.shares[np.concatenate(values)]
        columns = [start + code for start, (_, code) in zip(bounds, own, strict=False)]
        columns = np.array(columns, dtype=np.uint32)
        distances = np.full((n, n_neighbors), np.inf)
        lists = np.zeros((n, n_neighbors), dtype=np.int64)

        def search(start, stop):
            found = distances[start:stop], lists[start:stop]
            kernels.vdm_neighbors(columns, bounds, shares, start, *found)

        _on_all_threads(search, n)
        return lists

    def distances(self, start, stop):
        """Return the distances of some rows to all, in the sums of imbalanced-learn."""
        total = np.zeros((stop - start, len(self.codes)))
        for c, first in enumerate(self.bounds[:-1]):
            values = self.shares[first + self.codes[:, c]]
            gaps = np.abs(values[None] - values[start:stop, None])
            total += np.sum(gaps, axis=-1) ** 2
        return total


def _on_all_threads(search, n):
    """Call ``search(start, stop)`` for runs of rows that make up ``range(n)``."""
    runs = [(start, min(n, start + _RUN)) for start in range(0, n, _RUN)]
    run_rounds(search, [runs], count_threads())


def vote(codes, lists, voters, uniforms):
    """Choose the most frequent code of lists of rows; of several, one at random.

    Parameters
    ----------
    codes : ndarray of int64 of shape (n,)
    lists : ndarray of int64 of shape (n_lists, length)
    voters : ndarray of int64 of shape (n_new,)
        Which list votes for each new row.
    uniforms : ndarray of shape (n_new,) or 0.0
        In [0, 1); zero takes the lowest code.

    Returns
    -------
    ndarray of int64 of shape (n_new,)
        A row with the chosen code each.
    """
    donors, counts = kernels.most_frequent(codes, lists)
    starts = np.cumsum(counts) - counts
    chosen = np.floor(uniforms * counts[voters]).astype(np.int64)
    return donors[starts[voters] + chosen]
