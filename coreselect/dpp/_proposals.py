"""Rejection sampling of a projection process: what both its samplers are made of."""

from typing import NamedTuple

import numpy as np

from coreselect._kernels.dpp import accept

_BATCH = 4096  # most proposals at a time


class Bounds(NamedTuple):
    """Upper bounds of squared distances, by which rows are proposed.

    Attributes
    ----------
    values, sums : ndarray of shape (n_rows,)
        The bounds, and their cumulative sums.
    total : int
        What they add up to, but for rounding.
    """

    values: np.ndarray
    sums: np.ndarray
    total: int


def fill(chosen, basis, bounds, rows_of, rng):
    """Propose rows by their bounds until every place is filled.

    Parameters
    ----------
    chosen : ndarray of int64 of shape (size,)
        Rows chosen so far, then -1; filled in place.
    basis : ndarray of shape (m, m)
        Filled in place: an orthonormal basis of the span of the rows chosen.
    bounds : Bounds
        No less than what the rows chosen leave of the squared length of each row.
    rows_of : callable
        Takes row numbers and returns their m columns.
    rng : numpy Generator
    """
    count, places, m = int(np.count_nonzero(chosen >= 0)), len(chosen), len(basis)
    # As with coupons: more proposals than that come with probability exp(-50).
    left = int(bounds.total * (51 + np.log1p(m))) + _BATCH
    while count < places:
        if left <= 0:
            raise RuntimeError("a basis that is not orthonormal yields no sample.")
        # A proposal is accepted with probability (m - count) / total. Integers: the
        # last bits of a sum must not change how many numbers are drawn.
        wanted = (places - count) * bounds.total // (m - count) + 16
        uniforms = rng.random((2, min(wanted, _BATCH)))
        goals = uniforms[0] * bounds.sums[-1]
        numbers = np.searchsorted(bounds.sums, goals, side="right")
        numbers = np.minimum(numbers, len(bounds.sums) - 1)
        left -= len(numbers)
        levels = uniforms[1] * bounds.values[numbers]
        count = accept(rows_of(numbers), numbers, levels, chosen, basis)
