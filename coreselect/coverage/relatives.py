"""Graph cut, saturated and feature coverage, by exact lazy greedy search.

All are sums over what a set of rows has in common with all rows. Their gains only
fall as rows are added, so `coreselect.coverage.lazy` applies.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Self

import numpy as np
from scipy import sparse

from coreselect._typing import Booleans, Floats, Integers, Matrix
from coreselect.coverage.facility import Served
from coreselect.coverage.lazy import Search

_ROWS = 32  # candidates whose similarities to all rows are held at a time


class Picks:
    """Rows in the order of their choice.

    Attributes
    ----------
    order : ndarray of int64 of shape (size,)
    gains : ndarray of shape (size,)
    values : ndarray of shape (size + 1,)
        The value of every prefix, from that of no row on.
    served : Served or None
        To which pick each row belongs.
    """

    def __init__(
        self,
        order: list[int],
        gains: list[float],
        source: Any = None,
        total: Any = None,
    ) -> None:
        self.order = np.array(order, dtype=np.int64)
        self.gains = np.array(gains)
        self.values = np.concatenate([[0.0], np.cumsum(self.gains)])
        self.served, self._total = None, total
        if source is not None:
            self.served, self._total = Served(source.n_rows), source.weight
            for pick in order:
                self.served.enter(source, pick)

    def weights(self, size: int) -> Floats:
        """Return the weights of the first picks.

        They are those of the rows most similar to each of them; equal weights if there
        is no similarity.
        """
        if self.served is None:
            return np.full(size, self._total / max(size, 1))
        return self.served.weights(size, self._total)


class GraphCut:
    """``sum_i w_i sum_j s_ij - trade_off sum_{j,k} s_jk`` over selected j and k."""

    def __init__(self, source: Any, trade_off: float) -> None:
        self.source, self._trade_off = source, trade_off
        self._within = source.own_similarities()
        self._sums = row_sums(source)

    def gains(self, rows: Integers) -> Floats:
        return self._sums[rows] - self._trade_off * self._within[rows]

    def add(self, row: int) -> None:
        # A later row meets this one twice in the sum over pairs.
        self._within = self._within + 2.0 * self.source.block(np.array([row]))[0]


class SaturatedCoverage:
    """``sum_i w_i min(sum_j s_ij, saturation sum_k w_k s_ik)`` over selected j."""

    def __init__(self, source: Any, saturation: float) -> None:
        self.source = source
        # Similarities are symmetric, so the sums over candidates are those over rows.
        self._room = saturation * row_sums(source)

    def gains(self, rows: Integers) -> Floats:
        weight = self.source.weight
        return np.concatenate(
            [
                (np.minimum(block, self._room) * weight).sum(axis=1)
                for _, block in blocks(self.source, rows)
            ]
        )

    def add(self, row: int) -> None:
        self._room = np.maximum(self._room - self.source.block(np.array([row]))[0], 0.0)


class FeatureCoverage:
    """``sum_u g(sum_j x_ju)`` over selected j, with a concave function g."""

    source = None

    def __init__(self, X: Matrix, concave: Any) -> None:
        self._X, self._concave = X, concave
        self._totals = np.zeros(X.shape[1])

    def gains(self, rows: Integers) -> Floats:
        out = np.empty(len(rows))
        step = max(1, 2**20 // self._X.shape[1])
        for start in range(0, len(rows), step):
            part = self._X[rows[start : start + step]]
            out[start : start + step] = self._gains(part)
        return out

    def _gains(self, X):
        if not sparse.issparse(X):
            more = self._concave(self._totals + X) - self._concave(self._totals)
            return more.sum(axis=1)
        # Features that a row has not got add nothing.
        totals = self._totals[X.indices]
        more = self._concave(totals + X.data) - self._concave(totals)
        return sparse.csr_array((more, X.indices, X.indptr), X.shape).sum(axis=1)

    def add(self, row: int) -> None:
        X = self._X[[row]]
        more = np.asarray(X.sum(axis=0), dtype=np.float64).ravel()
        self._totals = self._totals + more


class FunctionSearch(Search):
    """The greedy search for one of the functions above."""

    def __init__(self, function: Any, n: int, *, can_fall: bool = False) -> None:
        super().__init__(function.gains(np.arange(n)))
        self._function, self._can_fall = function, can_fall

    def again(self) -> Self:
        other = super().again()
        other._function = copy(self._function)
        return other

    def find(self, allowed: Booleans | None, cost: Any = None) -> tuple[int, float]:
        return self.lazy.best(
            self._function.gains,
            None,
            self.value,
            allowed,
            can_fall=self._can_fall and cost is None,  # no such row is bought
            cost=cost,
        )

    def add(self, row: int, gain: float) -> None:
        self._function.add(row)
        super().add(row, gain)

    def chosen(self, weight: Any = None) -> Picks:
        """Return the rows that were chosen; `weight` is that of all rows together.

        None: pick weights are those of the most similar rows.
        """
        return Picks(self.order, self.gains, self._function.source, weight)


def blocks(source: Any, rows: Integers) -> Any:
    """Yield the similarities of some candidates to all clients, part by part."""
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        yield start, source.block(part)


def row_sums(source: Any) -> Floats:
    """Return the weighted sum of the similarities of every row to all rows."""
    out = np.empty(source.n_rows)
    for start, block in blocks(source, np.arange(source.n_rows)):
        # Row by row, so that no BLAS decides the last bits.
        out[start : start + len(block)] = (block * source.weight).sum(axis=1)
    return out
