"""Checking and opening the input of the functions in this package."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coreselect._numbers import to_dense
from coreselect._typing import Floats, Integers, RowsLike
from coreselect._validation import check_weights
from coreselect.rows import Rows
from coreselect.rows import open as open_rows


def open_vectors(V: RowsLike, weights: ArrayLike | None) -> Rows:
    """Return V as `Rows`, without rows of weight 0."""
    rows = open_rows(V, name="V")
    weights = check_weights(weights, rows.n_rows, "weights")
    if weights is not None:
        rows = rows.reweighted(weights)
    return rows.subset()


def dense_vectors(
    V: RowsLike, weights: ArrayLike | None
) -> tuple[Floats, Floats, Integers]:
    """Return V as a float64 array, its weights and row numbers.

    Rows of weight 0 are left out.
    """
    rows = open_vectors(V, weights)
    values = to_dense(rows.whole().X)
    numbers = np.arange(rows.n_rows) if rows.kept is None else rows.kept
    return values, rows.each_weight(), numbers
