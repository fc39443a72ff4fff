"""Chosen rows with the weights and the discrepancy of every number of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._typing import Floats
from coreselect.kernel_means.embedding import KernelMean
from coreselect.kernel_means.herding import Herd
from coreselect.kernel_means.weights import about_mean, simplex_weights

_BLOCK = 256  # rows whose kernel values with the rows before them are held at a time


class Matched:
    """Rows in the order of their choice, whose weighted mean is near that of all rows.

    Parameters
    ----------
    mean : KernelMean
        Not kept, as it holds the data.
    herd : Herd
    optimal : bool
        Whether weights are the best non-negative ones, or equal.

    Attributes
    ----------
    order : ndarray of int64 of shape (size,)

    Notes
    -----
    Memory O(m) for m rows with equal weights, O(m^2) with optimal ones.
    """

    def __init__(self, mean: KernelMean, herd: Herd, optimal: bool) -> None:
        self.order, self._spare = herd
        self._values, self._square = mean.values[self.order], mean.square
        self._total = mean.total
        self._gram: Any = None
        self._squares: Any = None
        if optimal:
            self._gram = mean.gram(self.order)
        else:
            self._squares = equal_squares(mean, herd)

    def weights(self, size: int) -> Floats:
        """Return the weights of the first rows, which add up to those of all rows."""
        return self.shares(size) * self._total

    def shares(self, size: int) -> Floats:
        """Return the weights of the first rows, divided by their sum."""
        out = np.zeros(size)
        counted = np.flatnonzero(~self._spare[:size])
        if self._gram is None:
            out[counted] = 1.0 / len(counted)
        else:
            gram = self._gram[np.ix_(counted, counted)]
            out[counted] = simplex_weights(gram, self._values[counted], self._square)
        return out

    def discrepancy(self, size: int) -> float:
        """Return the discrepancy of the first rows, with their weights."""
        if self._gram is None:
            square = self._squares[size - 1]
        else:
            square = self.square(self.shares(size))
        return float(np.sqrt(max(0.0, square)))

    def square(self, shares: Floats) -> float:
        """Return the squared discrepancy of the first rows with these shares.

        Only with optimal weights, for which the kernel matrix is kept.
        """
        size = len(shares)
        gram, values = self._gram[:size, :size], self._values[:size]
        return float(shares @ about_mean(gram, values, self._square) @ shares)


def equal_squares(mean: KernelMean, herd: Herd) -> Floats:
    """Return the squared discrepancy of the first rows with equal weights, for each t.

    Rows that are `spare` do not count.
    """
    counted = np.flatnonzero(~herd.spare)
    rows = herd.order[counted]
    within = np.empty(len(rows))
    X = mean.kernel.gather(rows)
    for start in range(0, len(rows), _BLOCK):
        stop = min(start + _BLOCK, len(rows))
        values = mean.kernel.between(X[start:stop], X[:stop])
        before = np.tril(values, start - 1).sum(axis=1)
        within[start:stop] = 2.0 * before + mean.diagonal[rows[start:stop]]
    t = np.arange(1, len(rows) + 1)
    products = np.cumsum(mean.values[rows])
    squares = np.cumsum(within) / t**2 - 2.0 * products / t + mean.square
    return squares[np.cumsum(~herd.spare) - 1]
