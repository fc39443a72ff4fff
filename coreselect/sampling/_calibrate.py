"""The public function `calibrate`: weights that meet known totals."""

from __future__ import annotations

import logging
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from coreselect._filling import scaled
from coreselect._numbers import orthonormal_in_order, power_of_two, to_dense
from coreselect._typing import Column, RowsLike
from coreselect._validation import OneOf, check_vector, is_number
from coreselect.rows import open as open_rows
from coreselect.sampling._reweighting import (
    linear,
    logit,
    nearest_totals,
    raking,
    reweigh,
)
from coreselect.selection import Record, Selection, check_selection

logger = logging.getLogger("coreselect.sampling")

_DEPENDENT = 1e-10  # relative to a column: less than this beside others is rounding
_CONSISTENT = 1e-9  # relative: totals of dependent columns may differ by this
_REACHED = 1e-6  # relative: accuracy of the linear program that names columns


def calibrate(
    selection: Selection,
    X: RowsLike,
    totals: ArrayLike | None = None,
    *,
    method: Literal["raking", "linear", "logit"] = "raking",
    bounds: tuple[float, float] | None = None,
    sample_weight: Column = None,
) -> Selection:
    """Change the weights of a selection as little as possible to meet known totals.

    The new weights give ``weights @ X[indices] == totals``. Estimates of totals that
    are related to the columns of X gain precision; those of others change little.

    Parameters
    ----------
    selection : Selection
        Rows of weight 0 keep it.
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        The columns to calibrate on, anything that `coreselect.rows.open` takes: all
        rows, or only the selected ones in the order of ``selection.indices``. Add a
        column of ones to keep the total weight.
    totals : array-like of shape (n_features,), optional
        Totals to meet; needed if X holds only the selected rows. By default the
        weighted totals of all rows.
    method : {"raking", "linear", "logit"}, default="raking"
        The ratio of new to old weight, as a function of a linear combination u of the
        columns:

        - ``"raking"``: ``exp(u)``. New weights are positive.
        - ``"linear"``: ``1 + u``, the regression estimator of survey sampling; an error
          if a weight becomes negative.
        - ``"logit"``: a logistic function of u between `bounds`.
    bounds : tuple of two floats, optional
        Smallest and largest ratio, for ``method="logit"`` alone: the first at least 0
        and below 1, the second above 1.
    sample_weight : array-like of shape (n_rows,), str or None
        Input weights of all rows, or the column that holds them: those with which the
        selection was made. Used for the totals of all rows.

    Returns
    -------
    Selection
        The same rows. Its record ends with the calibration, and its ``design`` holds
        the columns, from which standard errors take the residuals.

    Raises
    ------
    ValueError
        If no weights meet the totals, naming the columns; if ``"linear"`` gives a
        negative weight; if the weights are calibrated already; or if the selection was
        made with input weights, and these are needed but not given.

    See Also
    --------
    draw : With ``balance=``, it draws rows that nearly meet the totals from the start,
        without bias.

    Notes
    -----
    One pass over the data, or none if `totals` are given. Then O(m p^2) per step of
    Newton's method, mostly below ten steps, for m rows and p columns. Memory O(m p).
    Columns that depend on earlier ones are left out, if their totals agree; a log
    record counts them.

    Estimates with calibrated weights are biased; the bias falls as 1 / m, faster than
    the standard error. Large corrections make weights unequal: compare the
    ``effective_sample_size`` before and after, and use few columns. Never calibrate on
    the metric that is then reported: its estimate would be the known total, whatever
    was selected.

    References
    ----------
    .. [1] J.-C. Deville and C.-E. Särndal, "Calibration estimators in survey sampling",
       Journal of the American Statistical Association 87(418), 1992,
       :doi:`10.1080/01621459.1992.10475217`.

    Examples
    --------
    Rows 0 and 2 stand for two rows each. They are to have the total weight 4 and the
    total 10 in the second column, as all rows have.

    >>> from coreselect import Selection, calibrate
    >>> X = [[1, 1], [1, 2], [1, 3], [1, 4]]
    >>> calibrate(Selection([0, 2], [2.0, 2.0], 4), X).weights.round(9)
    array([1., 3.])
    """
    law, low, high = _law_of(method, bounds)
    rows = open_rows(X, sample_weight=sample_weight)
    block, totals, exponent = _read(selection, rows, totals)
    design = selection.design
    if design is not None and design.calibrated is not None:
        raise ValueError(
            "the weights of selection are calibrated already; calibrate the selection "
            "as it was drawn, on all columns at once."
        )
    # Weights and columns near one, so that no square overflows.
    weights, unit = scaled(selection.weights)
    if not weights.any():
        raise ValueError("selection holds no row of positive weight to calibrate.")
    columns = to_dense(block.X)
    scale = power_of_two(np.abs(columns).max(axis=0))
    targets = np.ldexp(totals * scale, exponent - unit)
    ratio, basis, nearest = _solve(weights, columns * scale, targets, law, low, high)
    names = rows.feature_names or list(range(rows.n_features))
    if nearest:
        totals = np.ldexp(totals, exponent)
        nearest = {j: np.ldexp(v / scale[j], unit) for j, v in nearest.items()}
        raise ValueError(_unreachable(totals, nearest, names, len(selection), bounds))
    _refuse_negative(ratio, selection)
    limits = None if bounds is None else [low, high]
    step = Record("calibrate", {"method": method, "bounds": limits, "columns": names})
    record = selection.record
    return Selection(
        selection.indices,
        selection.weights * ratio,
        selection.n_total,
        record=step if record is None else record.then(step),
        design=design and design.calibrated_on(basis),
    )


def _law_of(method, bounds):
    """Return the function for the ratios of weights, and their bounds."""
    OneOf("raking", "linear", "logit")("method", method)
    if method != "logit":
        if bounds is not None:
            raise ValueError(
                f"bounds={bounds!r} is for method='logit', got method={method!r}."
            )
        return (raking if method == "raking" else linear), 0.0, None
    try:
        low, high = bounds
    except (TypeError, ValueError):
        low = high = None
    if not (is_number(low) and is_number(high) and 0 <= low < 1 < high < np.inf):
        raise ValueError(
            "method='logit' needs bounds=(low, high) of the ratio of new to old "
            f"weight, with 0 <= low < 1 < high, such as (0.3, 3), got {bounds!r}."
        )
    return logit(float(low), float(high)), float(low), float(high)


def _read(selection, rows, totals):
    """Return the selected rows, the totals, and the exponent of their unit."""
    selected_only = (
        isinstance(selection, Selection)
        and rows.n_rows == len(selection) != selection.n_total
    )
    if selected_only and totals is None:
        raise ValueError(
            f"totals are needed, as X holds only the {len(selection)} selected rows; "
            f"or pass all {selection.n_total} rows as X."
        )
    if not selected_only:
        check_selection(selection, rows.n_rows)
    chosen = np.arange(len(selection)) if selected_only else selection.indices
    if totals is not None:
        totals = check_vector(totals, rows.n_features, "totals", of="columns of X")
        return rows.gather(chosen), totals, 0
    record = selection.record
    if rows.weight is None and record is not None and record.input_weights:
        raise ValueError(
            "sample_weight is missing: the selection was made with input weights, and "
            "the totals of all rows must count them; pass them, or pass totals."
        )
    rows, exponent = rows.near_one()
    sums = rows.reduce(lambda block: block.X.T @ block.weight, np.add)
    return rows.gather(chosen), sums, exponent


def _solve(weights, columns, targets, law, low, high):
    """Return ratios of weights, the basis of the columns, and totals out of reach.

    The basis is orthonormal under the weights. The last is a dict from the numbers of
    columns whose totals cannot be met to the nearest totals that can.
    """
    used = weights > 0
    root = np.sqrt(weights[used])[:, None]
    upper = np.linalg.qr(columns[used] * root, mode="r")
    kept = np.flatnonzero(orthonormal_in_order(upper, _DEPENDENT).any(axis=1))
    if off := _inconsistent(upper, kept, targets):
        return None, None, off
    if len(kept) < len(targets):
        logger.info(
            "calibrate: %d of %d columns depend on the others in the selected rows and "
            "are left out",
            len(targets) - len(kept),
            len(targets),
        )
    columns, targets = columns[:, kept], targets[kept]
    triangle = np.linalg.qr(columns[used] * root, mode="r")
    basis = solve_triangular(triangle, columns.T, trans="T").T
    goal = solve_triangular(triangle, targets, trans="T")
    ratio = np.ones(len(weights))
    ratio[used], met = reweigh(weights[used], basis[used], goal, law)
    if met:
        return ratio, basis, {}
    found = nearest_totals(weights[used], columns[used], targets, low, high)
    units = weights @ np.abs(columns)
    far = np.abs(targets - found) > _REACHED * (units + np.abs(targets))
    if not far.any():  # at the edge of what is possible: the total that is worst
        found = (weights * ratio) @ columns
        far = np.arange(len(kept)) == np.argmax(np.abs(targets - found) / units)
    return ratio, basis, {int(kept[j]): found[j] for j in np.flatnonzero(far)}


def _inconsistent(upper, kept, targets):
    """Return dependent columns whose totals disagree, with the totals that would do.

    A column is a combination of those kept, in the selected rows, so its total is too.
    """
    out = np.setdiff1d(np.arange(len(targets)), kept)
    factors = np.linalg.lstsq(upper[:, kept], upper[:, out], rcond=None)[0]
    found = targets[kept] @ factors
    size = np.abs(targets[out]) + np.abs(targets[kept]) @ np.abs(factors)
    wrong = np.abs(targets[out] - found) > _CONSISTENT * size
    return dict(zip(out[wrong].tolist(), found[wrong], strict=True))


def _unreachable(totals, nearest, names, n_rows, bounds):
    """Return the message for totals that no weights meet."""
    parts = []
    for j, value in list(nearest.items())[:5]:
        side = "at most" if value < totals[j] else "at least"
        parts.append(
            f"totals[{j}] (column {names[j]!r}) is {totals[j]:.6g}, where {side} "
            f"{value:.6g} is possible"
        )
    limits = "" if bounds is None else f" with ratios within bounds={bounds!r}"
    wider = "" if bounds is None else ", widen the bounds"
    return (
        f"no positive weights of the {n_rows} selected rows{limits} give these totals: "
        f"{'; '.join(parts)}, with the other totals as they are. Select more rows"
        f"{wider}, or leave out columns."
    )


def _refuse_negative(ratio, selection):
    if (low := ratio.min()) < 0:
        row = selection.indices[np.argmin(ratio)]
        raise ValueError(
            f"method='linear' gives {np.count_nonzero(ratio < 0)} of {len(ratio)} rows "
            f"a negative weight (row {row}: {low:.3g} times the old one); use "
            "method='raking', whose weights are positive, or fewer columns."
        )
