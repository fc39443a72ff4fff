"""Kernels of facility location: gains of candidates for the clients they would serve.

A similarity is a falling function of a squared distance. A float32 product gives each
pair minus that distance, or a little more (see `coreselect.neighbors.lists`), hence an
upper bound of its similarity. A pair counts only if it may exceed what its client has
already; this is tested on the bounds. A NaN bound fails every comparison, so that its
pair is computed.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from coreselect._kernels._jit import SUMS, jit
from coreselect._kernels.nearest import sq_distance

EUCLIDEAN, COSINE, RBF, GIVEN = 0, 1, 2, 3
_LANES = 64  # clients whose bounds are tested together
_MANY = 8  # hits among these from which all are computed
_NO_COSINE = 1e-12  # smaller cosines are those of orthogonal rows, up to rounding


class Shape(NamedTuple):
    """Which function of the squared distance, and its factor."""

    kind: int
    factor: float


class Clients(NamedTuple):
    """Rows to serve.

    `weight` and `served`, the similarity that each has already, are of shape (n,).
    `needed`, in float32, holds the least bounds of pairs that may exceed `served`.
    """

    points: Any
    weight: np.ndarray
    served: np.ndarray
    needed: np.ndarray


@jit
def similarity(kind, factor, square):
    """Turn a squared distance into a similarity."""
    if kind == EUCLIDEAN:
        return 1.0 / (1.0 + math.sqrt(square) * factor)
    if kind == COSINE:  # rows have length one: |x - y|**2 = 2 - 2 cos
        value = 1.0 - square / 2.0
        return value if value > _NO_COSINE else 0.0
    return math.exp(-factor * square)


@jit
def similarities(shape, squares):
    """Turn squared distances (n,) into similarities."""
    out = np.empty(squares.shape[0])
    for i in range(squares.shape[0]):
        out[i] = similarity(shape.kind, shape.factor, squares[i])
    return out


@jit
def _pair(bound, Z, row, clients, client, shape, exact):
    """Return the similarity of a pair, or an upper bound of it."""
    if exact or bound != bound:
        T = clients.points
        square = sq_distance(
            T.values, T.columns, T.starts, client, Z.values, Z.columns, Z.starts, row
        )
    else:
        square = max(0.0, -np.float64(bound))
    return similarity(shape.kind, shape.factor, square)


@jit
def _hits(lanes, needed):
    # On 32 bits and slices, without a branch: this runs at the speed of vectors.
    hits = np.int32(0)
    for i in range(lanes.shape[0]):
        hits += np.int32(0) if lanes[i] < needed[i] else np.int32(1)
    return hits


@jit(fastmath=SUMS)
def _bounded_gain(lanes, weight, served, shape):
    # Where many pairs count, all are computed: vectors are faster than branches. A NaN
    # counts as distance zero.
    total = 0.0
    if shape.kind == COSINE:
        for i in range(lanes.shape[0]):
            value = 1.0 + np.float64(lanes[i]) / 2.0
            gain = (value if value < 1.0 else 1.0) - served[i]
            total += weight[i] * (gain if gain > 0.0 else 0.0)
    else:
        for i in range(lanes.shape[0]):
            square = -np.float64(lanes[i])
            square = square if square > 0.0 else 0.0
            gain = 1.0 / (1.0 + np.sqrt(square) * shape.factor) - served[i]
            total += weight[i] * (gain if gain > 0.0 else 0.0)
    return total


@jit
def gains(bounds, Z, rows, clients, shape, exact):
    """Return the gain of each candidate, or an upper bound of it unless `exact`.

    The gain is ``sum(weight * max(0, similarity - served))``. ``bounds[c, i]``, in
    float32, is that of candidate ``rows[c]`` of `Z` and client i.
    """
    m, n = bounds.shape
    out = np.empty(m)
    for c in range(m):
        total = 0.0
        for first in range(0, n, _LANES):
            last = min(n, first + _LANES)
            hits = _hits(bounds[c, first:last], clients.needed[first:last])
            if hits == 0:
                continue
            if hits > _MANY and not exact and shape.kind != RBF:
                total += _bounded_gain(
                    bounds[c, first:last],
                    clients.weight[first:last],
                    clients.served[first:last],
                    shape,
                )
                continue
            for i in range(first, last):
                if not bounds[c, i] < clients.needed[i]:
                    value = _pair(bounds[c, i], Z, rows[c], clients, i, shape, exact)
                    gain = value - clients.served[i]
                    if gain > 0.0:
                        total += clients.weight[i] * gain
        out[c] = total
    return out


@jit(fastmath=SUMS)
def first_gains(bounds, weight, kind, factor):
    """Return float32 sums of weighted similarities by bounds, if none is served yet.

    `weight` is in float32. For kind GIVEN, `bounds` holds similarities. A NaN counts as
    the largest similarity, one.
    """
    m, n = bounds.shape
    out = np.empty(m)
    one, zero, half = np.float32(1.0), np.float32(0.0), np.float32(0.5)
    for c in range(m):
        total = 0.0
        for first in range(0, n, _LANES):
            lanes = bounds[c, first : min(n, first + _LANES)]
            weights = weight[first : min(n, first + _LANES)]
            part = zero
            if kind == EUCLIDEAN:
                for i in range(lanes.shape[0]):
                    square = -lanes[i]
                    square = square if square > zero else zero
                    part += weights[i] / (one + np.sqrt(square) * factor)
            elif kind == COSINE:
                for i in range(lanes.shape[0]):
                    value = one + lanes[i] * half
                    value = value if value < one else one
                    part += weights[i] * (value if value > zero else zero)
            else:
                for i in range(lanes.shape[0]):
                    value = lanes[i]
                    part += weights[i] * (value if value < one else one)
            total += np.float64(part)
        out[c] = total
    return out


@jit
def count_pairs(bounds, needed):
    """Count the clients that each candidate may serve better."""
    m, n = bounds.shape
    out = np.zeros(m, dtype=np.int64)
    for c in range(m):
        count = np.int64(0)
        for i in range(n):
            count += np.int64(0) if bounds[c, i] < needed[i] else np.int64(1)
        out[c] = count
    return out


@jit
def find_pairs(bounds, Z, rows, clients, shape, starts, found, values):
    """Write the pairs whose similarity exceeds `served`, candidate by candidate.

    Candidate c writes client numbers to `found` and similarities to `values`, from
    ``starts[c]`` on. The result holds the number of its pairs.
    """
    m, n = bounds.shape
    out = np.empty(m, dtype=np.int64)
    for c in range(m):
        at = starts[c]
        for first in range(0, n, _LANES):
            last = min(n, first + _LANES)
            if not _hits(bounds[c, first:last], clients.needed[first:last]):
                continue
            for i in range(first, last):
                if not bounds[c, i] < clients.needed[i]:
                    value = _pair(bounds[c, i], Z, rows[c], clients, i, shape, True)
                    if value > clients.served[i]:
                        found[at] = i
                        values[at] = value
                        at += 1
        out[c] = at - starts[c]
    return out


@jit
def similarity_block(Z, rows, T, shape, n):
    """Return the similarities (m, n) of candidates `rows` of `Z` to n clients."""
    out = np.empty((rows.shape[0], n))
    for c in range(rows.shape[0]):
        for i in range(n):
            square = sq_distance(
                T.values,
                T.columns,
                T.starts,
                i,
                Z.values,
                Z.columns,
                Z.starts,
                rows[c],
            )
            out[c, i] = similarity(shape.kind, shape.factor, square)
    return out


@jit
def stored_gains(starts, found, values, rows, weight, served):
    """Return the gains of candidates whose pairs are stored, as by `find_pairs`."""
    out = np.empty(rows.shape[0])
    for c in range(rows.shape[0]):
        total = 0.0
        for at in range(starts[rows[c]], starts[rows[c] + 1]):
            i = found[at]
            gain = values[at] - served[i]
            if gain > 0.0:
                total += weight[i] * gain
        out[c] = total
    return out


@jit
def count_servers(starts, found, values, rows, served):
    """Count, for every client, the given candidates that exceed `served`."""
    out = np.zeros(served.shape[0])
    for c in range(rows.shape[0]):
        for at in range(starts[rows[c]], starts[rows[c] + 1]):
            if values[at] > served[found[at]]:
                out[found[at]] += 1.0
    return out


def warmup():
    """Compile the kernels of this file that other rooms call."""
    from coreselect._kernels.nearest import Points

    one, single = np.ones(2), np.zeros((2, 2), dtype=np.float32)
    points = Points(np.eye(2), None, None)
    clients = Clients(points, one, one, single[0])
    shape, rows = Shape(EUCLIDEAN, 1.0), np.arange(2)
    similarities(shape, one)
    gains(single, points, rows, clients, shape, True)
    first_gains(single, single[0], EUCLIDEAN, np.float32(1.0))
    starts, found = np.arange(0, 6, 2), np.zeros(4, dtype=np.int32)
    count_pairs(single, single[0])
    find_pairs(single, points, rows, clients, shape, starts, found, np.empty(4))
    similarity_block(points, rows, points, shape, 2)
    stored_gains(starts, found, np.ones(4), rows, one, one)
    count_servers(starts, found, np.ones(4), rows, one)
