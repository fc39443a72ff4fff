"""Numbers for the groups of rows, and rows named by numbers or by a mask."""

import numpy as np
from sklearn.utils.multiclass import type_of_target

from coreselect._validation import as_array, check_target, naming
from coreselect.rows.take import check_indices


def stratum_codes(strata, n_rows, name):
    """Number the groups of rows 0, 1, ... in sorted order."""
    strata = as_array(strata, name)
    if strata.shape != (n_rows,):
        raise ValueError(
            f"{name} must hold one group for each of the {n_rows} rows, got an array "
            f"of shape {strata.shape}."
        )
    check_target(strata, n_rows, name)
    try:
        return np.unique(strata, return_inverse=True)[1]
    except TypeError:
        raise TypeError(
            f"{name} mixes types that cannot be sorted; convert it to strings first."
        ) from None


def class_codes(y, n_rows):
    """Number the classes of y 0, 1, ... in sorted order, for ``stratify=True``."""
    if y is None:
        raise ValueError(
            "stratify=True needs y: pass the classes, or use stratify=False."
        )
    if type_of_target(y).startswith("continuous"):
        raise ValueError(
            "stratify=True needs classes, but y holds numbers with fractions; cut "
            "them into classes (numpy.digitize), or use stratify=False."
        )
    return stratum_codes(y, n_rows, "y (with stratify=True)")


def row_mask(rows, n_rows, name):
    """Return rows that are given by numbers or by a mask as a mask; None means none."""
    mask = np.zeros(n_rows, dtype=bool)
    if rows is None:
        return mask
    rows = as_array(rows, name)
    if rows.dtype == bool:
        if rows.shape != (n_rows,):
            raise ValueError(
                f"{name} must hold one bool for each of the {n_rows} rows if it is a "
                f"mask, got an array of shape {rows.shape}."
            )
        return rows
    try:
        mask[check_indices(rows, n_rows, name, "scores")] = True
    except IndexError as error:  # these numbers are an argument, not an index
        raise ValueError(str(error)) from None
    return mask


def check_columns(values, n_rows, name):
    """Return finite numbers of rows as float64, of shape (n_rows, n_columns)."""
    array = as_array(values, name)
    if array.ndim not in (1, 2) or len(array) != n_rows:
        raise ValueError(
            f"{name} must hold one row for each of the {n_rows} rows, in one or more "
            f"columns; got an array of shape {array.shape}."
        )
    with naming(name):
        array = array.astype(np.float64, copy=False).reshape(n_rows, -1)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} must be finite, but {len(bad)} row(s) hold NaN or infinity, the "
            f"first is row {bad[0]}; impute or leave out these values."
        )
    return array
