"""Rows that can never be selected, although they have a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._scratch import parts, total
from coreselect._typing import Booleans
from coreselect._validation import warn_user
from coreselect.rows import Rows


class OutsidePopulationWarning(UserWarning):
    """Rows of positive weight can never be selected: weighted sums leave them out."""


def count_outside(view: Rows, inside: Booleans | None) -> tuple[int, float]:
    """Return the number of rows that can never be drawn, and their share of the weight.

    Parameters
    ----------
    view : Rows
        The rows of positive weight.
    inside : ndarray of bool of shape (n_rows,) or None
        Which rows can be drawn; None means all.
    """
    if inside is None:
        return 0, 0.0
    weight, per_row = view.weight, list(view.per_row.values())
    n_outside, weight_outside = 0, 0.0
    for rows in parts(inside, weight, *per_row):
        outside = ~inside[rows]
        for values in per_row:  # users leave rows out by a quality of 0
            outside &= values[rows] != 0
        n_outside += int(np.count_nonzero(outside))
        if weight is not None:
            weight_outside += float(weight[rows][outside].sum())
    if weight is None:
        return n_outside, n_outside / view.n_rows
    return n_outside, weight_outside / total(weight)


def warn_of_rows_outside(selector: Any) -> None:
    """Warn if a selection leaves out rows that it could never draw."""
    fitted = selector._fitted
    n_outside, n_rows = vars(selector).get("n_outside_", 0), fitted.n_rows
    if 0 < n_outside < n_rows and len(selector.selection_) < n_rows:
        advice = "Use a selector without such rows"
        if fitted.params.get("fit_intercept") is False:
            advice += ", or fit_intercept=True if the features are all zero there"
        warn_user(
            f"{type(selector).__name__} can never draw {n_outside} of {n_rows} rows "
            f"({100 * selector.outside_weight_:.3g} % of the weight): weighted sums "
            "over the selection estimate sums over the other rows only. "
            f"{advice}.",
            OutsidePopulationWarning,
        )
