"""Kernels that thin rows: each row is kept, or lies near one that was kept before.

``bounds[i, j]``, in float32, is at least minus the squared distance of two rows, or NaN
if it is not known. A distance is computed in float64 only if its bound is at least
minus the limit; a margin covers the rounding of the limit to float32.
"""

from typing import NamedTuple

import numpy as np

from coreselect._kernels._jit import jit
from coreselect._kernels.nearest import NO_ROW, Points, sq_distance

_LANES = 64  # kept rows whose bounds are tested together


class Kept(NamedTuple):
    """Rows that were kept, and which one in the order of all kept rows each is."""

    rows: np.ndarray
    places: np.ndarray  # ascending


@jit
def _hits(bounds, least):
    # Without a branch, so that it compiles to vectors.
    hits = np.int32(0)
    for j in range(len(bounds)):
        hits |= np.int32(0) if bounds[j] < least else np.int32(1)
    return hits > 0


@jit
def find_kept(bounds, points, rows, kept, limit, found):
    """Lower ``found[i]`` to the first place of a kept row within the limit of row i.

    `rows` are numbers among `points`; `limit` is a squared distance.
    """
    least = np.float32(-(limit * (1.0 + 1e-6)) - 1e-36)
    m = bounds.shape[1]
    for i in range(len(rows)):
        start = 0
        while start < m and kept.places[start] < found[i]:
            stop = min(m, start + _LANES)
            if _hits(bounds[i, start:stop], least):
                for j in range(start, stop):
                    if bounds[i, j] < least or kept.places[j] >= found[i]:
                        continue
                    value = sq_distance(
                        points.values, points.columns, points.starts, rows[i],
                        points.values, points.columns, points.starts, kept.rows[j],
                    )  # fmt: skip
                    if value <= limit:
                        found[i] = kept.places[j]
            start = stop


@jit
def settle(bounds, points, rows, limit, found, place, most):
    """Keep each of some rows in turn, unless it is near one of those kept before it.

    ``found[i]`` becomes the place of row i, which counts from `place`, or that of the
    first row of these that is near. At most `most` rows are kept; others stay at
    `NO_ROW`. The result holds the positions of the kept rows.
    """
    least = np.float32(-(limit * (1.0 + 1e-6)) - 1e-36)
    own = np.zeros(len(rows), dtype=np.bool_)
    count = 0
    for i in range(len(rows)):
        start = 0
        while start < i and found[i] == NO_ROW:
            stop = min(i, start + _LANES)
            if _hits(bounds[i, start:stop], least):
                for j in range(start, stop):
                    if bounds[i, j] < least or not own[j]:
                        continue
                    value = sq_distance(
                        points.values, points.columns, points.starts, rows[i],
                        points.values, points.columns, points.starts, rows[j],
                    )  # fmt: skip
                    if value <= limit:
                        found[i] = found[j]
                        break
            start = stop
        if found[i] == NO_ROW and count < most:
            found[i] = place + count
            own[i] = True
            count += 1
    return np.flatnonzero(own)


def warmup():
    """Compile the kernels of this file that other rooms call."""
    points, rows = Points(np.eye(2), None, None), np.arange(2)
    bounds, found = np.zeros((2, 2), dtype=np.float32), np.full(2, NO_ROW)
    find_kept(bounds, points, rows, Kept(rows, rows), 1.0, found)
    settle(bounds, points, rows, 1.0, found, 0, 2)
