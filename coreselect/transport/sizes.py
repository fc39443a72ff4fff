"""How many rows: the transport distance by size, and its minimum over folds of targets.

The distance from equally weighted rows to the targets falls while rows are added that
targets miss, and rises once the rows nearest to them are used up. Measured on the
targets that chose the rows it would be too small, so that each fold chooses with a
small part of the targets and measures on the others.
"""

import numpy as np
from scipy.spatial.distance import cdist

from coreselect.transport.distance import transport

_NEAR = 1.03  # of the least distance on the path: sizes that are as good
_BETTER = 1 - 1e-9
PATH = np.dtype([("size", np.int64), ("distance", np.float64)])


def trace(problem, strategy, targets, patience, at_least=0):
    """Follow the transport distance by size until it no longer falls.

    Parameters
    ----------
    problem : Problem
        Its targets choose.
    strategy : callable
    targets : Targets
        Measured on.
    patience : int
        Steps without a new minimum after which to stop.
    at_least : int
        Not before that size.

    Returns
    -------
    ndarray of dtype PATH
    """
    path, best, waited = [], np.inf, 0
    size = max(64, 4 * len(problem.targets.Z), min(2 * at_least, problem.n_rows))
    while True:
        size = min(size, problem.n_rows)
        order = strategy(problem, size)
        done = path[-1][0] if path else 0
        measure = _Measure(problem, order.rows, targets)
        for step in order.steps[order.steps > done]:
            if step > size and step < len(order.rows):
                break
            distance = measure(step)
            path.append((int(step), distance))
            waited = 0 if distance < best * _BETTER else waited + 1
            best = min(best, distance)
            if waited >= patience and step >= at_least:
                return np.array(path, dtype=PATH)
        if len(order.rows) >= problem.n_rows or len(order.rows) < size:
            return np.array(path, dtype=PATH)
        size *= 4


class _Measure:
    """The transport distance of the first rows of an order; costs are kept."""

    def __init__(self, problem, rows, targets):
        self._problem, self._rows, self._targets = problem, rows, targets
        self._cost = np.empty((0, len(targets.Z)))

    def __call__(self, size):
        if size > len(self._cost):
            Z = self._problem.embedded(self._rows[: 2 * size])
            self._cost = cdist(Z, self._targets.Z)
        weights = np.full(size, 1 / size)
        return transport(weights, self._targets.share, self._cost[:size])[0]


def estimate_size(problem, strategy, n_splits, patience, rng):
    """Estimate how many rows to choose.

    Parameters
    ----------
    problem : Problem
    strategy : callable
    n_splits : int
        Number of folds of the targets; at most as many as there are targets.
    patience : int
    rng : Generator

    Returns
    -------
    size : int
    path : ndarray of dtype PATH
        Of all targets.
    fold_sizes : ndarray of int64
        The best size of every fold; empty for a single target.
    """
    m = len(problem.targets.Z)
    folds = np.array_split(rng.permutation(m), min(n_splits, m)) if m > 1 else []
    fold_sizes = []
    for fold in folds:
        fold = np.sort(fold)
        others = np.setdiff1d(np.arange(m), fold)
        measured = problem.part(others).targets
        path = trace(problem.part(fold), strategy, measured, patience)
        fold_sizes.append(_least(path))
    middle = float(np.median(fold_sizes)) if fold_sizes else 1.0
    path = trace(problem, strategy, problem.targets, patience, int(np.ceil(middle)))
    near = path["size"][path["distance"] <= _NEAR * path["distance"].min()]
    size = near[np.argmin(np.abs(near - middle))]
    return int(size), path, np.array(fold_sizes, dtype=np.int64)


def _least(path):
    """Return the smallest size whose distance is the least, ties aside."""
    least = path["distance"].min()
    return int(path["size"][path["distance"] <= least / _BETTER][0])
