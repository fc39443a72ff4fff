"""How many rows: the transport distance by size, and its minimum over folds of targets.

The distance from equally weighted rows to the targets falls while rows are added that
targets miss, and rises once the rows nearest to them are used up. Measured on the
targets that chose the rows it would be too small, so that each fold chooses with a
small part of the targets and measures on the others.

It is measured at sizes that grow by a fifth, so that the number of transport problems
grows with the logarithm of the rows. In a fold they grow by one row for each of its
targets at least: of fewer the distance goes up and down. For the same reason no search
ends before there is a row for each target.
"""

import numpy as np
from scipy.spatial.distance import cdist

from coreselect.transport.distance import transport

_NEAR = 1.03  # of the least distance on the path: sizes that are as good
_BETTER = 1 - 1e-9
_START = 64  # rows that are put in order at first
_GROWTH = 1.2  # from one size to the next
PATH = np.dtype([("size", np.int64), ("distance", np.float64)])


def grid(most, first=1, step=1):
    """Return sizes from `first` to `most` that grow by a fifth, at least by `step`."""
    sizes, size = [], first
    while size < most:
        sizes.append(size)
        size = max(size + step, int(size * _GROWTH))
    return [*sizes, most]


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
        Not before that size; 0 for a fold.

    Returns
    -------
    ndarray of dtype PATH
    """
    path, best, waited = [], np.inf, 0
    measure = _Measure(problem, strategy, targets)
    one_each = min(len(problem.targets.Z), problem.n_rows)
    later = grid(problem.n_rows, one_each, 1 if at_least else one_each)
    for size in grid(one_each)[:-1] + later:
        path.append((size, measure(size)))
        waited = 0 if path[-1][1] < best * _BETTER else waited + 1
        best = min(best, path[-1][1])
        if waited >= patience and size >= max(at_least, one_each):
            break
    return np.array(path, dtype=PATH)


class _Measure:
    """The transport distance of the first rows of an order; costs are kept."""

    def __init__(self, problem, strategy, targets):
        self._problem, self._strategy, self._targets = problem, strategy, targets
        self._cost = np.empty((0, len(targets.Z)))

    def __call__(self, size):
        if size > len(self._cost):
            most = min(self._problem.n_rows, max(_START, 4 * size))
            rows = self._strategy(self._problem, most)[:most]
            self._cost = cdist(self._problem.embedded(rows), self._targets.Z)
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
