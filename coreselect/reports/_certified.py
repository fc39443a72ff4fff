"""The certificate of a selection in a report, or why there is none."""

import numpy as np

from coreselect.certificates import certify
from coreselect.comparison import MOST_CLASSES
from coreselect.reports._columns import values_of
from coreselect.rows import open as open_rows

_MOST_COLUMNS = 300
_MOST_VALUES = 2**25  # numbers that are held at once: 256 MB


def certified(rows, selection, found, target):
    """Certify a selection on the numeric columns that have all values.

    Parameters
    ----------
    rows : Rows
        Opened with ``numeric=False``.
    selection : Selection
    found : Alike
        It knows these columns.
    target : str
        Name of ``rows.y``.

    Returns
    -------
    certificate : Certificate or None
    text : str
        What was certified, or why nothing was.
    """
    complete = found.complete
    if not len(selection):
        return None, "An empty selection has no certificate."
    if not complete:
        return None, "No feature is numeric without missing values."
    if len(complete) > _MOST_COLUMNS:
        return None, (
            f"There are {len(complete):,} numeric features; the page certifies up to "
            f"{_MOST_COLUMNS}. Use coreselect.certify."
        )
    numbers = _numeric(rows, found)
    if numbers is None:
        return None, (
            "Some columns are not numeric or lack values, and the rest is too large to "
            "be held in memory. Use coreselect.certify with the columns that count."
        )
    objective, what = "pca", "all directions of"
    numbers.y = rows.y if _holds_amounts(rows.y) else None
    if numbers.y is not None:
        objective, what = "least_squares", f"all linear models of {target!r} on"
    try:
        certificate = certify(
            selection, numbers, objective=objective, fit_intercept=True
        )
    except ValueError as error:
        return None, str(error)
    left = rows.n_features - len(complete)
    columns = f"{len(complete):,} numeric column" + ("s" if len(complete) > 1 else "")
    more = f"; {left:,} others do not count here" if left else ""
    return certificate, f"It covers {what} the {columns}, with an intercept{more}."


def _numeric(rows, found):
    """Return the complete columns as `Rows` of numbers, None if they are too many."""
    layout, complete = found.layout, found.complete
    if rows.is_sparse or len(complete) == rows.n_features:
        return open_rows(rows)
    if rows.n_rows * len(complete) > _MOST_VALUES:
        return None
    values = rows.map(lambda block: values_of(layout, block.X).numbers[:, complete])
    return open_rows(values, sample_weight=rows.weight)


def _holds_amounts(y):
    if y is None or y.dtype.kind not in "iuf":
        return False
    return y.dtype.kind == "f" or len(np.unique(y)) > MOST_CLASSES
