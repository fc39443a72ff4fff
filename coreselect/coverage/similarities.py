"""Similarities between all rows and the clients that they serve, without a matrix.

A source of similarities offers the same methods whatever it computes them from: upper
bounds of the first gains, gains of some candidates, and the pairs of one or of all
candidates that still matter. A pair of a candidate and a client matters if its
similarity exceeds the one that the client has already.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._kernels import facility as kernels
from coreselect._kernels.facility import Clients, Shape
from coreselect._threads import run_chunks
from coreselect._typing import Floats, Integers
from coreselect.coverage.pairs import stored
from coreselect.coverage.space import (
    TOO_LARGE,
    largest_of_each,
    refuse_zero_rows,
    unit_rows,
)
from coreselect.neighbors import matrix_of, nearest_neighbors, rbf_gamma, refuse_width
from coreselect.neighbors.lists import (
    as_matrix,
    as_points,
    bounding_rows,
    bounding_targets,
    bounds_of,
    rescaled,
)

SIMILARITIES: tuple[str, ...] = ("euclidean", "cosine", "rbf")
_KINDS = dict(zip(SIMILARITIES, range(3), strict=True))
_BLOCK = 2**22  # pairs whose bounds are held at a time, in each thread
_SAMPLED = 64  # candidates that tell about all


def source_of(
    rows: Any,
    similarity: Any,
    gamma: float | None,
    weight: Floats | None = None,
    clients: Integers | None = None,
) -> Any:
    """Return the source of similarities between the rows of X.

    Parameters
    ----------
    rows : Rows
    similarity : {"euclidean", "cosine", "rbf"} or callable
    gamma : float or None
        For ``"rbf"``.
    weight : ndarray of shape (n_clients,), optional
    clients : ndarray of int, optional
        Numbers of the rows to serve; all rows by default.
    """
    X = as_matrix(rows.whole().X, "X")
    if similarity == "cosine":
        zero = np.flatnonzero(largest_of_each(X) == 0)
        if len(zero):
            refuse_zero_rows(len(zero), int(zero[0]), rows.kept, "similarity")
    n_clients = X.shape[0] if clients is None else len(clients)
    weight = np.ones(n_clients) if weight is None else np.ascontiguousarray(weight)
    kind = FromFunction if callable(similarity) else FromDistances
    return kind(X, similarity, gamma, weight, clients)


class FromDistances:
    """Similarities that fall with the distance: proven bounds first, then float64."""

    exact = False

    def __init__(self, X, similarity, gamma, weight, clients):
        kind = _KINDS[similarity]
        if similarity == "cosine":
            X, unit, origin = unit_rows(X), 1.0, 0.0
        else:
            X, unit, origin = rescaled(X)
        self.gamma = None
        if similarity == "rbf":
            self.gamma, factor = rbf_gamma(gamma, X.shape[0], X.__getitem__, unit)
        else:
            factor = 1.0 / float(unit)
            if factor == np.inf:
                raise ValueError(TOO_LARGE)
        self.n_rows, self.weight = X.shape[0], weight
        self.shape = Shape(kind, factor)
        T = X if clients is None else X[clients]
        self.Z, self._size = as_points(X), len(weight)
        self._T = self.Z if clients is None else as_points(T)
        self._left = bounding_rows(X - origin if self.Z.columns is None else X)
        self._right = bounding_targets(T - origin if self.Z.columns is None else T)
        self.X = X
        if similarity == "rbf":
            self._check_width()

    def _check_width(self):
        """Raise if no similarity lies between 0 and 1, although rows differ."""
        # If one row is at no distance that counts from all others, these are at none
        # from each other.
        n = self.n_rows
        zero = bool((self._among_all(np.arange(1)) == 0).any())
        step = max(1, _BLOCK // n)
        for start in range(0, n if zero else 1, step):
            values = self._among_all(np.arange(start, min(n, start + step)))
            if ((values > 0) & (values < 1)).any():
                return
        refuse_width(self.X, zero, self.gamma)

    def _among_all(self, rows):
        """Return the similarities of some rows to all rows."""
        return kernels.similarity_block(self.Z, rows, self.Z, self.shape, self.n_rows)

    def _clients(self, served):
        needed = -self._reach(served) * (1 + 1e-6) - 1e-36
        with np.errstate(over="ignore"):
            needed = needed.astype(np.float32)
        return Clients(self._T, self.weight, served, needed)

    def _reach(self, served):
        """Return squared distances beyond which no similarity exceeds `served`."""
        # The constants cover the rounding of similarities near one.
        kind, factor = self.shape
        with np.errstate(divide="ignore", over="ignore"):
            if kind == kernels.COSINE:
                return 2.0 * (1.0 - served) + 1e-14
            if kind == kernels.EUCLIDEAN:
                return ((1.0 / served - 1.0 + 1e-14) / factor) ** 2
            return (-np.log(served) + 1e-14) / factor

    def _groups(self, candidates):
        step = max(1, _BLOCK // max(1, len(self.weight)))
        for start in range(0, len(candidates), step):
            yield start, candidates[start : start + step]

    def _bounds(self, rows):
        out = np.empty((len(rows), len(self.weight)), dtype=np.float32)
        return bounds_of(self._left, self._right, out, rows)

    def first_gains(self):
        """Return upper bounds of the gains of all candidates, if none is chosen yet."""
        kind, factor = self.shape
        weight, out = self.weight.astype(np.float32), np.empty(self.n_rows)
        single = np.float32(min(factor, 1e30))
        total = self.weight.sum()

        def work(start, stop):
            bounds = self._bounds(np.arange(start, stop))
            kind_now = kind
            if kind == kernels.RBF:
                with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                    bounds *= single
                    np.exp(bounds, out=bounds)
                kind_now = kernels.GIVEN
            out[start:stop] = kernels.first_gains(bounds, weight, kind_now, single)

        step = max(1, _BLOCK // max(1, len(self.weight)))
        run_chunks(work, self.n_rows, step)
        # Sums over 64 terms and functions in float32 err by less than 1e-5 of the sum;
        # a cosine near zero by less than 1e-6.
        return out * (1 + 1e-5) + 1e-6 * total

    def gains(self, candidates, served):
        """Return upper bounds of the gains of some candidates."""
        return self._gains(candidates, served, False)

    def confirm(self, candidates, served):
        """Return the gains of some candidates, in float64."""
        return self._gains(candidates, served, True)

    def _gains(self, candidates, served, exact):
        out, clients = np.empty(len(candidates)), self._clients(served)
        for start, rows in self._groups(candidates):
            out[start : start + len(rows)] = kernels.gains(
                self._bounds(rows), self.Z, rows, clients, self.shape, exact
            )
        return out

    def column(self, candidate, served):
        """Return the clients that a candidate serves better, and how well."""
        _, found, values = self._pairs(np.array([candidate]), self._clients(served))
        return found, values

    def _pairs(self, rows, clients):
        """Return how many pairs of each candidate matter, their clients and values."""
        bounds = self._bounds(rows)
        most = kernels.count_pairs(bounds, clients.needed)
        starts = np.concatenate([[0], np.cumsum(most)])
        found = np.empty(starts[-1], dtype=np.int32)
        values = np.empty(starts[-1])
        counts = kernels.find_pairs(
            bounds, self.Z, rows, clients, self.shape, starts[:-1], found, values
        )
        if (counts < most).any():
            kept = np.arange(starts[-1]) - np.repeat(starts[:-1], most)
            kept = kept < np.repeat(counts, most)
            found, values = found[kept], values[kept]
        return counts, found, values

    def count(self, served):
        """Estimate, from some candidates, how many pairs matter."""
        rows = _spread(self.n_rows)
        needed, total = self._clients(served).needed, 0
        for _, group in self._groups(rows):
            total += int(kernels.count_pairs(self._bounds(group), needed).sum())
        return total * self.n_rows / len(rows)

    def store(self, served):
        """Return all pairs that matter."""
        clients = self._clients(served)
        step = max(1, _BLOCK // max(1, len(self.weight)))
        parts = [None] * -(-self.n_rows // step)

        def work(start, stop):
            parts[start // step] = self._pairs(np.arange(start, stop), clients)

        run_chunks(work, self.n_rows, step)
        return stored(parts, self.weight, served)

    def block(self, rows):
        """Return the similarities of some candidates to all clients, in float64."""
        return kernels.similarity_block(self.Z, rows, self._T, self.shape, self._size)

    def own_similarities(self):
        """Return the similarity of every row to itself."""
        return np.ones(self.n_rows)

    def nearest(self, n_neighbors, clients=None):
        """Return the pairs of clients with their nearest rows and with themselves."""
        n = self.n_rows
        k = min(n_neighbors, n - 1)
        own = np.arange(n) if clients is None else clients
        queries, exclude = (None, None) if clients is None else (self.X[clients], own)
        found, distances = nearest_neighbors(
            self.X, k, queries=queries, exclude=exclude
        )
        found = np.column_stack([own, found])
        squares = np.column_stack([np.zeros(len(own)), distances**2])
        # By candidate; a stable sort keeps clients ascending.
        order = np.argsort(found.ravel(), kind="stable")
        counts = np.bincount(found.ravel(), minlength=n)
        numbers = np.repeat(np.arange(len(own)), k + 1)[order]
        values = kernels.similarities(self.shape, squares.ravel()[order])
        return stored([(counts, numbers, values)], self.weight, np.zeros(len(own)))


class FromFunction:
    """Similarities by a function of the user, called for blocks of rows."""

    exact = True
    gamma = None

    def __init__(self, X, similarity, gamma, weight, clients):
        self.X, self._T = X, X if clients is None else X[clients]
        self.n_rows, self.weight, self._similarity = X.shape[0], weight, similarity

    def _ask(self, T, Z):
        """Return the similarities of some clients and candidates, checked."""
        values = matrix_of(self._similarity, T, Z, "similarity")
        if not np.isfinite(values).all():
            raise ValueError(
                "similarity must return finite numbers, got NaN or infinity."
            )
        # Coverage by a negative similarity would fall below that by no row at all.
        return np.maximum(values, 0.0)

    def _blocks(self, rows):
        """Yield similarities of candidates and consecutive clients."""
        n = len(self.weight)
        step = max(1, _BLOCK // max(1, len(rows)))
        Z = self.X[rows]
        for start in range(0, n, step):
            yield start, self._ask(self._T[start : start + step], Z)

    def _groups(self, candidates):
        for start in range(0, len(candidates), 1024):
            yield start, candidates[start : start + 1024]

    def first_gains(self):
        return self.gains(np.arange(self.n_rows), np.zeros(len(self.weight)))

    def gains(self, candidates, served):
        out = np.zeros(len(candidates))
        for at, rows in self._groups(candidates):
            for start, values in self._blocks(rows):
                here = slice(start, start + len(values))
                more = np.maximum(values - served[here, None], 0.0)
                out[at : at + len(rows)] += (more * self.weight[here, None]).sum(axis=0)
        return out

    def column(self, candidate, served):
        parts = [values for _, values in self._blocks(np.array([candidate]))]
        values = np.concatenate(parts).ravel()
        found = np.flatnonzero(values > served)
        return found, values[found]

    def block(self, rows):
        return np.concatenate([values for _, values in self._blocks(rows)]).T

    def own_similarities(self):
        rows = np.arange(self.n_rows)
        parts = [rows[start : start + 64] for start in range(0, len(rows), 64)]
        squares = [self._ask(self.X[part], self.X[part]) for part in parts]
        return np.concatenate([np.diagonal(square) for square in squares])

    def count(self, served):
        rows = _spread(self.n_rows)
        n_pairs = sum(
            np.count_nonzero(values > served[start : start + len(values), None])
            for start, values in self._blocks(rows)
        )
        return n_pairs * self.n_rows / len(rows)

    def store(self, served):
        parts = []
        for _, rows in self._groups(np.arange(self.n_rows)):
            kept = []
            for start, values in self._blocks(rows):
                better = values > served[start : start + len(values), None]
                candidate, client = np.nonzero(better.T)
                kept.append((candidate, client + start, values.T[better.T]))
            candidate, client, values = map(np.concatenate, zip(*kept, strict=True))
            order = np.lexsort((client, candidate))
            counts = np.bincount(candidate, minlength=len(rows))
            parts.append((counts, client[order], values[order]))
        return stored(parts, self.weight, served)


def _spread(n):
    """Return the numbers of some rows, in equal steps."""
    return np.unique(np.linspace(0, n - 1, _SAMPLED).astype(np.int64))
