"""The complexity mu of two classes: how far they are from being linearly separable.

With ``z_i = y_i x_i`` and classes -1 and 1, ``mu = sup |(Z b)+|_1 / |(Z b)-|_1`` over
all b (Munteanu et al.). By duality, it is the smallest m for which there are factors
``c_i`` between 1 and m with ``sum c_i z_i = 0``. It is infinite if and only if some b
separates the classes, at least weakly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import linprog

from coreselect._threads import threads_for
from coreselect._typing import Column, Floats, Integers, RowsLike
from coreselect._validation import Boolean
from coreselect.linalg._passes import unweighted_rows
from coreselect.linalg.leverage import leverage_whitening
from coreselect.rows import Rows
from coreselect.rows import open as open_rows

_SEPARABLE = 2e-7  # 1 / mu up to this counts as zero; the solver's tolerance is 1e-7


class SeparableWarning(UserWarning):
    """Warns that a linear function separates the classes, so that mu is infinite."""


def mu_complexity(
    X: RowsLike,
    y: ArrayLike,
    *,
    fit_intercept: bool = False,
    sample_weight: Column = None,
) -> float:
    """Compute the complexity mu of two classes for linear classification.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or str
        Two classes.
    fit_intercept : bool, default=False
        Whether to append a column of ones.
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight m counts as m copies.

    Returns
    -------
    float
        At least 1; infinite if the classes are separable, at least weakly: for some b,
        no row is on the wrong side, and not all rows are on the boundary. Values above
        5e6 count as infinite.

    Raises
    ------
    ValueError
        If y does not hold two classes.
    TypeError
        If the classes cannot be sorted.

    Notes
    -----
    The data are held in memory. A linear program with n + 1 unknowns and n + d
    constraints gives ``1 / mu`` with an error of up to 1e-7. For 2000 rows, this takes
    about a second with up to 50 columns, and about ten seconds with 200; the time grows
    faster than n. Coresets for logistic regression need a number of rows that grows
    with mu [1]_. Swapping the classes, or multiplying X by an invertible matrix, does
    not change mu.

    References
    ----------
    .. [1] A. Munteanu, C. Schwiegelshohn, C. Sohler, D. P. Woodruff, "On coresets for
       logistic regression", NeurIPS 2018, :arxiv:`1805.08571`.

    Examples
    --------
    >>> from coreselect.linalg import mu_complexity
    >>> mu_complexity([[1.0], [1.0], [1.0]], [1, 1, 0])
    2.0
    """
    Boolean()("fit_intercept", fit_intercept)
    rows = open_rows(X, y, sample_weight)
    if rows.y is None:
        raise ValueError("y is missing: mu is defined for two classes.")
    view = rows.near_one()[0].subset()
    with threads_for(view):
        return mu_of_rows(view, two_classes(view.y), fit_intercept)


def two_classes(y: Integers) -> Floats:
    """Return -1.0 and 1.0 for two classes."""
    if y.ndim != 1:
        raise ValueError(f"y must hold one class per row, got shape {y.shape}.")
    try:
        classes, codes = np.unique(y, return_inverse=True)
    except TypeError:
        raise TypeError(
            "y mixes types that cannot be sorted; convert it to strings first."
        ) from None
    if len(classes) != 2:
        raise ValueError(
            f"y must hold two classes, got {len(classes)}: {classes[:5].tolist()}."
        )
    return np.where(codes == 1, 1.0, -1.0)


def mu_of_rows(rows: Rows, signs: Floats, fit_intercept: bool) -> float:
    """Return mu of rows of positive weight with classes -1.0 and 1.0."""
    whitening = leverage_whitening(rows, fit_intercept=fit_intercept)
    block = rows.whole()
    Z = unweighted_rows(block, whitening) * signs[:, None]
    return balance(Z, np.array(block.weight))


def balance(Z: Floats, weight: Floats) -> float:
    """Return the smallest m such that ``sum weight c z = 0`` for some c in [1, m]^n."""
    # In terms of c / m, the program finds the largest k such that factors in [k, 1]
    # balance the rows. Its unknowns are the factors and k.
    kept = Z.any(axis=1)  # rows of zeros add nothing for any b
    Z, weight = Z[kept], weight[kept]
    n = len(Z)
    if n == 0:
        return 1.0
    A = Z * (weight / weight.max())[:, None]
    # Weights and columns are scaled to size one, as the solver's tolerance is absolute.
    lengths = np.linalg.norm(A, axis=0)
    A = A / np.where(lengths > 0, lengths, 1.0)
    columns = np.vstack([A, np.zeros((1, A.shape[1]))]).T
    at_least = sparse.hstack([-sparse.eye_array(n), np.ones((n, 1))], format="csr")
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_eq=columns,
        b_eq=np.zeros(Z.shape[1]),
        A_ub=at_least,
        b_ub=np.zeros(n),
        bounds=[(0, 1)] * n + [(0, 1)],
        method="highs-ipm",
    )
    if found.x is None:
        raise RuntimeError(f"the linear program for mu: {found.message}")
    smallest = found.x[-1]
    return float("inf") if smallest <= _SEPARABLE else float(max(1.0, 1 / smallest))
