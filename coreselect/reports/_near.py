"""Distances: from all rows to the selected ones, and among these."""

from typing import NamedTuple

import numpy as np

from coreselect.neighbors import nearest_centers, nearest_neighbors

_MOST_PAIRS = 2 * 10**8  # of rows and selected ones
_MOST_SELECTED = 5000  # in a search for copies
_NEAR = 0.01  # of the typical distance of two rows
_SHOWN = 8
COVERED = (0.5, 0.9, 0.99, 1.0)


class Coverage(NamedTuple):
    """Distances to the nearest selected row, in units of the typical distance.

    Attributes
    ----------
    selected : list of float
        Quantiles `COVERED` over rows.
    uniform : list of float or None
        The same for a uniform sample of as many rows; None if too many were drawn.
    n_rows : int
        Number of rows whose distance was computed.
    """

    selected: list
    uniform: list | None
    n_rows: int


class Copies(NamedTuple):
    """Selected rows that nearly repeat another selected one.

    Attributes
    ----------
    n_near, n_equal : int
        Number of rows with another one nearby, and with an equal one.
    pairs : list of (int, int, float)
        The closest pairs: row numbers, and distance in units of the typical one.
    n_rows : int
        Number of selected rows that were searched.
    """

    n_near: int
    n_equal: int
    pairs: list
    n_rows: int


def typical_distance(view):
    """Return the median distance between two rows; 0 if most rows are equal."""
    rng = np.random.default_rng(0)
    n = len(view.rows)
    a, b = rng.integers(n, size=(2, 2000))
    return float(np.median(np.linalg.norm(view.rows[a] - view.rows[b], axis=1)[a != b]))


def coverage_of(view, unit):
    """Return the `Coverage` of the rows of a view by the chosen ones."""
    m = len(view.chosen)
    rows = view.rows[: max(500, _MOST_PAIRS // m)]
    selected = nearest_centers(rows, view.chosen)[1]
    uniform = None
    if 2 * m <= len(view.rows):
        rng = np.random.default_rng(1)
        drawn = rng.permutation(len(view.rows))
        others = view.rows[drawn] if view.sample.is_whole else view.rows[drawn[m:]]
        others = others[: len(rows)]
        uniform = nearest_centers(others, view.rows[drawn[:m]])[1]
    found = [
        None if far is None else (np.quantile(far, COVERED) / unit).tolist()
        for far in (selected, uniform)
    ]
    return Coverage(*found, len(rows))


def copies_of(view, indices, unit):
    """Return the `Copies` among the chosen rows of a view; `indices` numbers them."""
    chosen = view.chosen
    if len(chosen) > _MOST_SELECTED:
        rng = np.random.default_rng(2)
        kept = np.sort(rng.choice(len(chosen), _MOST_SELECTED, replace=False))
        chosen, indices = chosen[kept], indices[kept]
    nearest, far = (found[:, 0] for found in nearest_neighbors(chosen, 1))
    near = np.flatnonzero(far < _NEAR * unit)
    pairs = {}
    for i in near[np.argsort(far[near], kind="stable")]:
        pair = sorted((int(indices[i]), int(indices[nearest[i]])))
        pairs.setdefault(tuple(pair), float(far[i] / unit))
    shown = [(*pair, distance) for pair, distance in list(pairs.items())[:_SHOWN]]
    return Copies(len(near), int(np.count_nonzero(far == 0)), shown, len(chosen))
