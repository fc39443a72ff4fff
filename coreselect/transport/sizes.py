"""The number of rows to choose: the minimum of the transport distance over the size.

The distance from equally weighted rows to the targets first falls, while targets still
lack rows near them, and rises once the nearest rows are used up. Measured on the
targets that chose the rows, it would be too small. So each fold chooses rows with a
small part of the targets and measures the distance to the others.

Sizes grow by a fifth, so the number of transport problems grows with the logarithm of
the number of rows. In a fold, sizes also grow by at least one row per target of the
fold, since the distance fluctuates within such a step. For the same reason no search
ends before there is one row per target.
"""

import numpy as np
from scipy.spatial.distance import cdist

from coreselect.transport.distance import transport

_NEAR = 1.03  # sizes within this factor of the least distance count as equally good
_BETTER = 1 - 1e-9  # a distance is lower only below this factor of the least so far
_START = 64  # least number of rows that are put in order at a time
_GROWTH = 1.2  # from one size to the next
PATH = np.dtype([("size", np.int64), ("distance", np.float64)])


def grid(most, first=1, step=1):
    """Return sizes from `first` to `most` that grow by a fifth, and at least `step`."""
    sizes, size = [], first
    while size < most:
        sizes.append(size)
        size = max(size + step, int(size * _GROWTH))
    return [*sizes, most]


def trace(matching, strategy, targets, patience, at_least=0):
    """Compute the transport distance for growing sizes until it no longer falls.

    The targets of `matching` choose the rows; the distance is measured to `targets`.
    The search stops after `patience` sizes without a new minimum, but not before the
    size `at_least` (0 for a fold). The result is an array of dtype PATH.
    """
    # Below one row per target, the distance goes up and down with the order of targets,
    # so the search does not stop there.
    path, best, waited = [], np.inf, 0
    measure = _Measure(matching, strategy, targets)
    one_each = min(len(matching.targets.Z), matching.n_rows)
    later = grid(matching.n_rows, one_each, 1 if at_least else one_each)
    for size in grid(one_each)[:-1] + later:
        path.append((size, measure(size)))
        waited = 0 if path[-1][1] < best * _BETTER else waited + 1
        best = min(best, path[-1][1])
        if waited >= patience and size >= max(at_least, one_each):
            break
    return np.array(path, dtype=PATH)


class _Measure:
    """Computes the transport distance of the first rows of an order; caches costs."""

    def __init__(self, matching, strategy, targets):
        self._matching, self._strategy, self._targets = matching, strategy, targets
        self._cost = np.empty((0, len(targets.Z)))

    def __call__(self, size):
        # The rows for a size are the first of those for a larger one, so the costs of
        # four times as many rows serve the next sizes too.
        if size > len(self._cost):
            most = min(self._matching.n_rows, max(_START, 4 * size))
            rows = self._strategy(self._matching, most)[:most]
            self._cost = cdist(self._matching.embedded(rows), self._targets.Z)
        weights = np.full(size, 1 / size)
        return transport(weights, self._targets.share, self._cost[:size])[0]


def estimate_size(matching, strategy, n_splits, patience, rng):
    """Estimate how many rows to choose: the size, its path, and the sizes of the folds.

    The targets are split into `n_splits` folds, or as many as there are targets. The
    path, an array of dtype PATH, is that for all targets. A single target has no folds.
    """
    # The median of the folds says how large a selection serves targets that did not
    # choose it. The path for all targets is flat around its minimum: among the sizes
    # that are nearly as good, the one closest to this median is taken.
    m = len(matching.targets.Z)
    folds = np.array_split(rng.permutation(m), min(n_splits, m)) if m > 1 else []
    fold_sizes = []
    for fold in folds:
        fold = np.sort(fold)
        others = np.setdiff1d(np.arange(m), fold)
        measured = matching.part(others).targets
        path = trace(matching.part(fold), strategy, measured, patience)
        fold_sizes.append(_least(path))
    middle = float(np.median(fold_sizes)) if fold_sizes else 1.0
    path = trace(matching, strategy, matching.targets, patience, int(np.ceil(middle)))
    near = path["size"][path["distance"] <= _NEAR * path["distance"].min()]
    size = near[np.argmin(np.abs(near - middle))]
    return int(size), path, np.array(fold_sizes, dtype=np.int64)


def _least(path):
    """Return the size of the least distance, the smallest one if there are ties."""
    least = path["distance"].min()
    return int(path["size"][path["distance"] <= least / _BETTER][0])
