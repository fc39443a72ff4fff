"""Total weight, mean and scatter of rows, at any scale of the data."""

from typing import NamedTuple

import numpy as np

from coreselect._numbers import chunks, power_of_two, to_dense, unit_scale
from coreselect.neighbors import sq_distances_to_one


class Spread(NamedTuple):
    """Total weight, mean and scatter of some rows; two of them merge exactly."""

    weight: float
    # The mean of the rows times `scale`, and the weighted sum of squared distances to
    # it. The scale is a power of two; 1.0 unless squares would overflow or underflow.
    mean: np.ndarray
    scatter: float
    scale: float

    @property
    def unit(self):
        """The mean squared distance to the mean, or one where that is zero."""
        return self.scatter / self.weight or 1.0


def spread_of(rows):
    """Return the `Spread` of all rows: one pass, or more if numbers are extreme."""
    # If squares overflow or underflow, the rows are scaled by their largest number. If
    # the scatter still vanishes, it is small beside the mean, so the rows are scaled by
    # their largest distance from it.
    found = _spread(rows, 1.0)
    if 1e-200 < found.scatter / found.weight < 1e200:
        return found
    found = _spread(rows, unit_scale(rows))
    if found.scatter / found.weight > 1e-200:
        return found

    def gap(block):
        X = to_dense(block.X, found.scale)
        return max(abs(X - found.mean).max(), 0.0)

    return _spread(rows, found.scale * power_of_two(rows.reduce(gap, max), most=500))


def _spread(rows, scale):
    def of_block(block):
        total = None
        for start, X in chunks(block.X, scale):
            weight = block.weight[start : start + X.shape[0]]
            # Chunks have a mean of their own, so that an offset of the data does not
            # cancel. BLAS cannot use broadcast weights.
            weight = np.ascontiguousarray(weight)
            W = weight.sum()
            with np.errstate(over="ignore", invalid="ignore"):
                mean = X.T @ weight / W
                scatter = float(weight @ sq_distances_to_one(X, mean))
            part = Spread(W, mean, scatter, scale)
            total = part if total is None else _merge(total, part)
        return total

    return rows.reduce(of_block, _merge)


@np.errstate(over="ignore", invalid="ignore")
def _merge(a, b):
    # Scatters add up, with that between the two means (Chan, Golub and LeVeque).
    weight = a.weight + b.weight
    gap = b.mean - a.mean
    between = a.weight * (b.weight / weight) * (gap @ gap)
    mean = a.mean + b.weight / weight * gap
    return Spread(weight, mean, a.scatter + b.scatter + between, a.scale)
