"""Balls that cover all rows but some outliers, and radii that leave these out.

The greedy algorithm of [1]_, on farthest-first picks that stand for the rows nearest to
them [2]_.

References
----------
.. [1] M. Charikar, S. Khuller, D. M. Mount, G. Narasimhan, "Algorithms for facility
   location problems with outliers", SODA 2001, ISBN 978-0-89871-490-6.
.. [2] M. Ceccarello, A. Pietracaprina, G. Pucci, "Solving k-center clustering (with
   outliers) in MapReduce and streaming, almost as accurately as sequentially",
   PVLDB 12, 2019, :arxiv:`1802.09205`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._numbers import chunks
from coreselect._typing import Floats, Integers
from coreselect.neighbors import sq_distances

_TIE = 1e-9  # relative


def cover_with_balls(
    squares: Floats, weight: Floats, size: int, outliers: float
) -> Integers:
    """Choose centres of balls that leave out at most a weight, with a small radius.

    For a radius r, each centre is the row with the largest weight within r that is not
    covered yet; then rows within 3 r are covered. The smallest r that suffices is at
    most the best radius of all, so that all rows but the outliers are within three
    times the best radius.

    Parameters
    ----------
    squares : ndarray of shape (n, n)
        Squared distances.
    weight : ndarray of shape (n,)
    size : int
        Number of centres.
    outliers : float
        Largest weight that may be left out.

    Returns
    -------
    ndarray of int64
        At most `size` rows, in the order of choice; fewer if these cover all rows.
    """
    radii = np.unique(squares)  # the best radius is one of these, up to ties
    radii = radii[np.append(True, radii[1:] > radii[:-1] * (1 + _TIE))]
    low, high = 0, len(radii) - 1  # the last one covers everything
    while low < high:
        middle = (low + high) // 2
        _, left = _balls(squares, weight, size, radii[middle])
        if left <= outliers * (1 + _TIE):
            high = middle
        else:
            low = middle + 1
    return _balls(squares, weight, size, radii[high])[0]


def _balls(squares, weight, size, radius):
    """Return centres for a squared radius, and the weight that they leave."""
    inside = squares <= radius * (1 + _TIE)
    covered = squares <= 9 * radius * (1 + _TIE)
    gains = inside @ weight
    nothing = _TIE * weight.sum()
    left = np.ones(len(weight), dtype=bool)
    found = []
    while len(found) < size and gains.max() > nothing:
        best = int(np.argmax(gains >= gains.max() * (1 - _TIE)))
        found.append(best)
        newly = np.flatnonzero(left & covered[best])
        left[newly] = False
        gains -= inside[:, newly] @ weight[newly]
    return np.array(found, dtype=np.int64), float(weight[left].sum())


def squares_without(rows: Any, space: Any, centers: Floats, outliers: float) -> Floats:
    """Return the squared radius of each prefix of centres, outliers left out.

    One pass: O(n m d) for m centres.

    Parameters
    ----------
    rows : Rows
    space : Space
    centers : ndarray of shape (m, n_features)
        As points.
    outliers : float
        Weight of the farthest rows that is left out.

    Returns
    -------
    ndarray of shape (m,)
    """
    room = outliers * (1 + _TIE)

    def of_block(block):
        tails = [(np.empty(0), np.empty(0))] * len(centers)
        for start, X in chunks(block.X):
            squares = sq_distances(space.points(X), centers)
            np.minimum.accumulate(squares, axis=1, out=squares)
            weight = block.weight[start : start + len(squares)]
            tails = [
                _tail(tail, (column, weight), room)
                for tail, column in zip(tails, squares.T, strict=True)
            ]
        return tails

    def merge(a, b):
        return [_tail(x, y, room) for x, y in zip(a, b, strict=True)]

    tails = rows.reduce(of_block, merge)
    return np.array([values[-1] for values, _ in tails])


def _tail(a, b, room):
    """Return the largest values of two parts, up to a weight, and one more."""
    # The last value is the radius so far. It only grows with more rows, so smaller
    # values of later rows do not matter.
    values, weight = a
    further = np.ones(len(b[0]), dtype=bool)
    if weight.sum() > room:
        further = b[0] > values[-1]
        if not further.any():
            return a
    values = np.concatenate([values, b[0][further]])
    weight = np.concatenate([weight, b[1][further]])
    order = np.argsort(-values, kind="stable")
    values, weight = values[order], weight[order]
    stop = 1 + int(np.searchsorted(np.cumsum(weight), room, side="right"))
    return values[:stop], weight[:stop]


def places_left(weight: Floats, outliers: float) -> int:
    """Return how many of some rows remain at least if a weight of them is left out."""
    lightest = np.cumsum(np.sort(weight))
    room = outliers * (1 + _TIE)
    return len(weight) - int(np.searchsorted(lightest, room, side="right"))
