"""Neighbours and votes of rows with nominal columns, which hold codes from zero."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels import nominal as kernels
from coreselect._numbers import power_of_two
from coreselect._threads import count_threads, run_rounds

_RUN = 1024  # rows whose neighbours a thread finds at a time


def ranges_of(categories):
    """Return where the codes of each column begin, if all columns are numbered on."""
    return np.concatenate([[0], np.cumsum([len(values) for values in categories])])


def mixed_neighbors(X, codes, gap, n_neighbors):
    """Find the nearest other rows of every row.

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
    # Differences decide, so the unit comes from ranges, not from offsets. It brings the
    # largest squared difference near one.
    largest = max(np.ptp(X, axis=0).max(initial=0.0), gap)
    unit = power_of_two(largest)
    columns = np.ascontiguousarray(X.T, dtype=np.float64) * unit
    codes = np.ascontiguousarray(codes.T, dtype=np.uint32)
    price = float(np.square(gap * unit))
    return _search(kernels.mixed_neighbors, len(X), n_neighbors, columns, codes, price)


def one_hot(codes, bounds, value):
    """Return one-hot codes as a CSR, with `value` in place of one."""
    # Each row has one entry per nominal column, so the arrays of CSR can be written
    # down.
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
        From `ranges_of`.
    classes : ndarray of int of shape (n,)
    n_classes : int
    weight : ndarray of shape (n,), optional

    Returns
    -------
    ndarray of shape (bounds[-1], n_classes)
        Zero for codes that no row has.
    """
    # One place for every code of every column and class: a single count fills them all.
    places = (codes + bounds[:-1]) * n_classes + classes[:, None]
    weights = None if weight is None else np.repeat(weight, codes.shape[1])
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
        """Find the nearest other rows of every row.

        Returns
        -------
        ndarray of int64 of shape (n, n_neighbors)
            Nearest first; of rows at the same distance, the lowest.
        """
        codes = self.codes
        # Codes that no row of the class has are left out, so that the table of shares
        # stays small enough for the processor's cache.
        own = [np.unique(column, return_inverse=True) for column in codes.T]
        values = [
            start + found for start, (found, _) in zip(self.bounds, own, strict=False)
        ]
        bounds = ranges_of(values)
        shares = self.shares[np.concatenate(values)]
        columns = [start + code for start, (_, code) in zip(bounds, own, strict=False)]
        columns = np.array(columns, dtype=np.uint32)
        kernel = kernels.vdm_neighbors
        return _search(kernel, len(codes), n_neighbors, columns, bounds, shares)

    def distances(self, start, stop):
        """Return the distances of some rows to all, in the sums of imbalanced-learn."""
        total = np.zeros((stop - start, len(self.codes)))
        # Column by column and class by class in this order, so that sums have the same
        # rounding errors, and ties the same winners, as in imbalanced-learn.
        for c, first in enumerate(self.bounds[:-1]):
            values = self.shares[first + self.codes[:, c]]
            gaps = np.abs(values[None] - values[start:stop, None])
            total += np.sum(gaps, axis=-1) ** 2
        return total


def _search(kernel, n, n_neighbors, *tables):
    """Return the lists of n rows that a kernel finds, on all threads."""
    distances = np.full((n, n_neighbors), np.inf)
    lists = np.zeros((n, n_neighbors), dtype=np.int64)

    def search(start, stop):
        kernel(*tables, start, distances[start:stop], lists[start:stop])

    runs = [(start, min(n, start + _RUN)) for start in range(0, n, _RUN)]
    run_rounds(search, [runs], count_threads())
    return lists


def vote(codes, lists, voters, uniforms):
    """Choose the most frequent code of each list of rows; ties are broken at random.

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
        For each new row, the number of a row that has the chosen code.
    """
    # Winners come as row numbers, not as codes: recipes then know nothing of the
    # encoder, and `take` copies the user's own values.
    donors, counts = kernels.most_frequent(codes, lists)
    starts = np.cumsum(counts) - counts
    chosen = np.floor(uniforms * counts[voters]).astype(np.int64)
    return donors[starts[voters] + chosen]
