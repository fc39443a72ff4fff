"""Metrics of how good a selection is, one number each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from coreselect._numbers import in_unit, power_of_two, to_dense, unit_scale
from coreselect._typing import Column, Floats, RowsLike
from coreselect._validation import (
    Boolean,
    OneOfOrCallable,
    OrNone,
    Real,
    as_array,
    check_weights,
    naming,
)
from coreselect.linalg import leverage_whitening, whitened_rows
from coreselect.neighbors import KernelRows, NearestCenters, check_centers
from coreselect.rows import Block, Rows
from coreselect.rows import open as open_rows
from coreselect.selection import Selection, check_selection

_NUMBERS = 2**22  # kernel values held at a time: 32 MB


def relative_cost(
    selection: Selection,
    losses: ArrayLike,
    *,
    sample_weight: Column = None,
    return_std: bool = False,
) -> Any:
    """Return the weighted loss of a selection, divided by the loss of all rows.

    Parameters
    ----------
    selection : Selection
    losses : array-like of shape (n_rows,) or (n_rows, n_models)
        The loss of every row, for one model or several.
    sample_weight : array-like of shape (n_rows,), optional
        Weights of all rows.
    return_std : bool, default=False
        Whether to return a standard error too: the spread of the ratio over repeated
        draws, estimated from the selected rows alone.

    Returns
    -------
    ratio : float or ndarray of shape (n_models,)
        1 is perfect; also 1 if all losses are 0.
    std : float or ndarray of shape (n_models,)
        Only with `return_std`.

    Raises
    ------
    ValueError
        With `return_std`, if it is unknown how the rows were drawn; see
        `coreselect.Selection.estimate`.

    Notes
    -----
    The loss of all rows is known, so the standard error is that of the weighted loss of
    the selection, divided by it. The other metrics are maxima over models or distances,
    not ratios of totals, and have none.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.metrics import relative_cost
    >>> relative_cost(Selection([0, 2], [2.0, 2.0], 4), [1.0, 2.0, 3.0, 4.0])
    0.8
    """
    Boolean()("return_std", return_std)
    losses = as_array(losses, "losses")
    rows = open_rows(losses[:, None] if losses.ndim == 1 else losses, name="losses")
    rows.check_finite()
    losses = losses.astype(np.float64)
    weights = check_weights(sample_weight, len(losses))
    _check_rows(selection, len(losses), "losses", weights)
    selection, rows, _ = near_one(selection, rows.reweighted(weights))
    # The unit of a model's losses cancels, and their sums do not overflow without it.
    losses *= power_of_two(abs(losses).max(axis=0))
    # A model without any loss is estimated perfectly if the selection has none either.
    total = losses.sum(axis=0) if weights is None else rows.weight @ losses
    chosen = losses[selection.indices]
    part = selection.weights @ chosen
    divisor = np.where(total, total, 1.0)
    unknown = np.where(part == 0, 0.0, np.inf)
    ratio = np.where(total == 0, 1 + unknown, part / divisor)
    if not return_std:
        return float(ratio) if losses.ndim == 1 else ratio
    _, std = selection.estimate(chosen, return_std=True)
    std = np.where(total == 0, unknown, std / np.abs(divisor))
    return (float(ratio), float(std)) if losses.ndim == 1 else (ratio, std)


def subspace_distortion(
    selection: Selection,
    X: RowsLike,
    *,
    sample_weight: Column = None,
    fit_intercept: bool = False,
) -> float:
    """Return the largest relative error of a sum of squares ``|X b|**2``, over all b.

    Parameters
    ----------
    selection : Selection
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    sample_weight : array-like of shape (n_rows,), optional
        Weights of all rows.
    fit_intercept : bool, default=False
        Whether to append a column of ones.

    Returns
    -------
    float
        0 is perfect; at 1 or more, some direction may be lost.

    See Also
    --------
    coreselect.certify : Also for targets, ridge and centred features, with words.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.metrics import subspace_distortion
    >>> round(subspace_distortion(Selection([0], [2.0], 2), [[1.0], [2.0]]), 6)
    0.6
    """
    Boolean()("fit_intercept", fit_intercept)
    rows = open_rows(X, sample_weight=sample_weight)
    _check_rows(selection, rows.n_rows, "X", rows.weight)
    selection, rows, _ = near_one(selection, rows)
    whitening = leverage_whitening(rows.subset(), fit_intercept=fit_intercept)
    r = whitening.transform.shape[1]
    # All whitened rows have the Gram matrix I. The largest relative error over all b is
    # the spectral norm of the difference for the selection.
    gram = np.zeros((r, r))
    if len(selection):
        block = rows.gather(selection.indices)._replace(weight=selection.weights)
        gram += sum(B.T @ B for B in whitened_rows(block, whitening))
    return float(np.linalg.norm(gram - np.eye(r), 2)) if r else 0.0


def clustering_distortion(
    selection: Selection,
    X: RowsLike,
    centers: Any,
    *,
    power: float = 2.0,
    sample_weight: Column = None,
) -> float:
    """Return the largest factor by which a selection misjudges the cost of centres.

    Parameters
    ----------
    selection : Selection
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    centers : {array-like, data frame} of shape (k, n_features), or a list of such
        Candidate sets of centres. Include the centres fitted to the selection.
    power : float, default=2.0
        Power of the distances: 2 for k-means, 1 for k-medians.
    sample_weight : array-like of shape (n_rows,), optional
        Weights of all rows.

    Returns
    -------
    float
        Largest ``max(cost / estimate, estimate / cost)`` over the sets. 1 is perfect;
        infinite if exactly one of the two is 0.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.metrics import clustering_distortion
    >>> selection = Selection([0, 1], [1.0, 1.0], 3)
    >>> clustering_distortion(selection, [[0.0], [1.0], [1.0]], [[0.0]])
    2.0
    """
    Real(0, strict=True)("power", power)
    rows = open_rows(X, sample_weight=sample_weight)
    _check_rows(selection, rows.n_rows, "X", rows.weight)
    selection, rows, _ = near_one(selection, rows)
    # A list of rows is one set of centres, a list of tables several.
    with naming("centers"):
        if len(centers) == 0:
            raise ValueError("centers is empty; give at least one set of centres.")
        shaped = hasattr(centers, "ndim")
        single = centers.ndim == 2 if shaped else np.ndim(next(iter(centers))) == 1
        sets = [centers] if single else list(centers)
    sets = [check_centers(c, rows.n_features) for c in sets]
    scale = unit_scale(rows)  # cancels in ratios, keeps squares from overflow
    indexes = [NearestCenters(c, scale) for c in sets]

    def costs(block: Block) -> Floats:
        far = (index.find(block.X)[1] for index in indexes)
        return np.array([block.weight @ squares ** (power / 2) for squares in far])

    full = rows.reduce(costs, np.add)
    part = np.zeros(len(sets))
    if len(selection):
        chosen = rows.gather(selection.indices)._replace(weight=selection.weights)
        part = costs(chosen)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.fmax(full / part, part / full)
    return float(np.where((full == 0) & (part == 0), 1.0, ratio).max())


def mean_discrepancy(
    selection: Selection,
    X: RowsLike,
    *,
    kernel: Literal["rbf", "laplacian"] | Callable[..., Any] = "rbf",
    gamma: float | None = None,
    sample_weight: Column = None,
) -> float:
    """Return the maximum mean discrepancy between a selection and all rows.

    Parameters
    ----------
    selection : Selection
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Read into memory.
    kernel : {"rbf", "laplacian"} or callable, default="rbf"
        As in `sklearn.metrics.pairwise`. A callable takes two arrays of n and m rows
        (CSR if X is sparse) and returns an n x m matrix.
    gamma : float, optional
        Width of the kernel, such as the ``gamma_`` of `HerdingSelector`, which takes it
        from the distances. None means ``1 / n_features``, which suits standardised
        columns only.
    sample_weight : array-like of shape (n_rows,), optional
        Weights of all rows.

    Returns
    -------
    float
        Distance between the two weighted means in the feature space of the kernel, with
        both sets of weights scaled to sum one. 0 is perfect; infinite for an empty
        selection.

    Notes
    -----
    O(n^2 d) time and O(n) memory: suitable for up to some ten thousand rows.

    References
    ----------
    .. [1] A. Gretton, K. Borgwardt, M. Rasch, B. Schoelkopf, A. Smola, "A kernel
       two-sample test", JMLR 13, 2012, :arxiv:`0805.2368`.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.metrics import mean_discrepancy
    >>> X = [[0.0], [0.0], [1.0], [1.0]]
    >>> round(mean_discrepancy(Selection([0, 2], [2.0, 2.0], 4), X), 6)
    0.0
    """
    from sklearn.metrics.pairwise import laplacian_kernel

    OneOfOrCallable("rbf", "laplacian")("kernel", kernel)
    OrNone(Real(0, strict=True))("gamma", gamma)
    rows = open_rows(X, sample_weight=sample_weight)
    _check_rows(selection, rows.n_rows, "X", rows.weight)
    rows, _ = rows.near_one()
    if not selection.weights.any():
        return float("inf")
    block = rows.whole()
    # Each has its own unit, as both are divided by their sum.
    chosen = selection.weights * power_of_two(selection.weights.max())
    # The squared norm of one signed measure is the squared distance of the two means.
    signed = -block.weight / block.weight.sum()
    signed[selection.indices] += chosen / chosen.sum()
    used = np.flatnonzero(signed)
    # Kernel values are formed in stripes of rows, never all of them at once.
    points, signed = block.X[used], signed[used]
    total = 0.0
    step = max(1, _NUMBERS // max(1, len(used)))
    # An offset of the data costs the rbf kernel of scikit-learn its digits.
    between: Any
    if kernel == "laplacian":
        between = partial(laplacian_kernel, gamma=gamma)
    else:
        between = KernelRows(rows, kernel=kernel, gamma=gamma).between
    for start in range(0, len(used), step):
        values = between(points[start : start + step], points)
        total += signed[start : start + step] @ values @ signed
    return float(np.sqrt(max(0.0, total)))


def covering_radius(selection: Selection, X: RowsLike) -> float:
    """Return the largest distance from any row to its nearest selected row.

    Parameters
    ----------
    selection : Selection
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)

    Returns
    -------
    float
        Infinite for an empty selection.

    Notes
    -----
    O(n m d) for m selected rows, two passes over the data.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.metrics import covering_radius
    >>> covering_radius(Selection([0], [3.0], 3), [[0.0], [2.0], [5.0]])
    5.0
    """
    # Selected rows of any weight are centres, but rows of weight 0 in the population
    # need not be covered.
    rows = open_rows(X)
    _check_rows(selection, rows.n_rows, "X", rows.weight)
    if not len(selection):
        return float("inf")
    scale = unit_scale(rows)
    index = NearestCenters(to_dense(rows.gather(selection.indices).X), scale)
    squares = rows.subset().reduce(lambda block: index.find(block.X)[1].max(), max)
    return float(np.sqrt(squares) / scale)


def check_population(selection: Selection, weight: Floats | None) -> None:
    """Raise if a selected row has weight 0 in the population.

    It is not part of the sums over all rows, whose span may not contain it.
    """
    if weight is None:
        return
    outside = (weight[selection.indices] == 0) & (selection.weights > 0)
    if outside.any():
        row = int(selection.indices[np.argmax(outside)])
        raise ValueError(
            f"selection holds row {row}, whose sample_weight is 0, so it is not one of "
            "the rows to be summed over; pass the sample_weight that the selection was "
            "made with."
        )


def near_one(selection: Selection, rows: Rows) -> tuple[Selection, Rows, int]:
    """Return both with weights near one, and the exponent of the unit of the rows."""
    # Ratios of sums over the two have no unit.
    rows, exponent = rows.near_one()
    if exponent:
        weights = in_unit(selection.weights, exponent)
        selection = replace(selection, weights=weights)
    return selection, rows, exponent


def _check_rows(selection: Any, n_rows: int, name: str, weight: Floats | None) -> None:
    check_selection(selection, n_rows, name)
    check_population(selection, weight)
