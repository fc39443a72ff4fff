"""Rejection sampling of a projection process, used by all its samplers."""

from typing import NamedTuple

import numpy as np

from coreselect._kernels.dpp import accept
from coreselect._scratch import gathered, located

_BATCH = 4096  # largest number of proposals at a time


class Bounds(NamedTuple):
    """Upper bounds of squared distances, by which rows are proposed."""

    values: np.ndarray
    sums: np.ndarray  # cumulative
    # The sum of the bounds, which is an integer but for rounding.
    total: int


def fill(chosen, basis, bounds, rows_of, rng):
    """Propose rows by their `Bounds` until every place is filled.

    `chosen` holds the rows chosen so far, then -1; `basis`, of shape (m, m), an
    orthonormal basis of their span. Both are filled in place. The bounds are those of
    squared distances to this span. `rows_of` maps row numbers to an array of shape (n,
    m).
    """
    count, places, m = int(np.count_nonzero(chosen >= 0)), len(chosen), len(basis)
    # As in the coupon collector's problem, more proposals than this are needed with
    # probability exp(-50).
    left = int(bounds.total * (51 + np.log1p(m))) + _BATCH
    while count < places:
        if left <= 0:
            raise RuntimeError("a basis that is not orthonormal yields no sample.")
        # A proposal is accepted with probability (m - count) / total, so this many are
        # enough on average, and a few more nearly always. The total is an integer, so
        # that rounding does not change how many random numbers are drawn.
        wanted = (places - count) * bounds.total // (m - count) + 16
        uniforms = rng.random((2, min(wanted, _BATCH)))
        goals = uniforms[0] * bounds.sums[-1]
        numbers = located(bounds.sums, goals)
        numbers = np.minimum(numbers, len(bounds.sums) - 1)
        left -= len(numbers)
        levels = uniforms[1] * gathered(bounds.values, numbers)
        count = accept(rows_of(numbers), numbers, levels, chosen, basis)
