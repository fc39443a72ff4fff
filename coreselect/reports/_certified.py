"""The certificate of a selection in a report, or why there is none."""

import numpy as np

from coreselect.certificates import certify
from coreselect.comparison import MOST_CLASSES
from coreselect.rows import open as open_rows
from coreselect.rows.seen import see_columns

_MOST_COLUMNS = 300


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
    n, left = len(complete), rows.n_features - len(complete)
    columns = "the only numeric column" if n == 1 else f"the {n:,} numeric columns"
    more = f"; {_counted(left)} left out" if left else ""
    return certificate, f"It covers {what} {columns}, with an intercept{more}."


def _counted(n):
    return "1 other column is" if n == 1 else f"{n:,} other columns are"


def _numeric(rows, found):
    """Return the complete columns as `Rows` of numbers."""
    if rows.is_sparse or len(found.complete) == rows.n_features:
        return open_rows(rows)
    layout = found.layout
    return see_columns(rows, [layout.names[layout.numeric[j]] for j in found.complete])


def _holds_amounts(y):
    if y is None or y.dtype.kind not in "iuf":
        return False
    return y.dtype.kind == "f" or len(np.unique(y)) > MOST_CLASSES
