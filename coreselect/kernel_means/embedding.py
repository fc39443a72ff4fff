"""The mean of all rows in the feature space of a kernel, without a kernel matrix.

With ``mu_i = sum_j w_j k(x_i, x_j) / W``, rows S of weights v that add up to one have a
mean at the squared distance ``v'Kv - 2 v'mu_S + sum_i w_i mu_i / W`` from that of all
rows. This distance is the maximum mean discrepancy (MMD).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from coreselect._typing import Column, Floats, Integers, RowsLike
from coreselect._validation import OneOfOrCallable, OrNone, Real
from coreselect.neighbors import KernelRows, rbf_gamma, refuse_width
from coreselect.neighbors.lists import as_matrix, rescaled
from coreselect.rows import open as open_rows

_COLUMNS = 1024  # kernel values of a row that are added up at a time
_WIDTH = 4 * _COLUMNS  # so that blocks of them fit in cache
Kernel = Literal["rbf"] | Callable[..., Any]


class KernelMean:
    """The weighted mean of all rows in the feature space of a kernel.

    Parameters
    ----------
    kernel : KernelRows
    weight : ndarray of shape (n_rows,)
    gamma : float or None
        In the units of the user's rows, which may differ from those of `kernel`.

    Attributes
    ----------
    values : ndarray of shape (n_rows,)
        The product of each row and the mean.
    square : float
        The squared length of the mean.
    diagonal : ndarray of shape (n_rows,)
        Of the kernel.
    total : float
        The sum of the weights.
    """

    def __init__(
        self, kernel: KernelRows, weight: Floats, gamma: float | None = None
    ) -> None:
        self.kernel, self.gamma, self.n_rows = kernel, gamma, kernel.n_rows
        self.total = float(weight.sum())
        self.values = _row_sums(kernel, weight, gamma) / self.total
        self.square = float((weight * self.values).sum() / self.total)
        self.diagonal = kernel.diagonal()

    def column(self, row: int) -> Floats:
        """Return the kernel values of one row with all rows."""
        return self.kernel.row(row)

    def gram(self, rows: Integers) -> Floats:
        """Return the kernel matrix of some rows."""
        X = self.kernel.gather(rows)
        return self.kernel.between(X, X) if len(rows) else np.zeros((0, 0))


def kernel_of(
    rows: Any, kernel: Kernel = "rbf", gamma: float | None = None, *, copy: bool = False
) -> tuple[KernelRows, float | None]:
    """Return the kernel between `Rows`, and gamma for the rows of the user.

    Parameters
    ----------
    rows : Rows
    kernel : "rbf" or callable
    gamma : float or None
    copy : bool, default=False
        Whether the kernel must not depend on later changes of the user's data.
    """
    X, weight = as_matrix(rows.whole().X, "X"), rows.each_weight()
    if callable(kernel):
        return KernelRows(X.copy() if copy else X, kernel=kernel), None
    X, unit, _ = rescaled(X)
    counted = X if weight.all() else X[np.flatnonzero(weight)]
    gamma, factor = rbf_gamma(gamma, counted.shape[0], counted.__getitem__, unit)
    return KernelRows(X.copy() if copy and unit == 1.0 else X, gamma=factor), gamma


def mean_of(
    rows: Any, kernel: Kernel = "rbf", gamma: float | None = None
) -> KernelMean:
    """Return the `KernelMean` of `Rows`.

    Raises
    ------
    ValueError
        If all kernel values of different rows are 0, or all are 1.
    """
    found, gamma = kernel_of(rows, kernel, gamma)
    return KernelMean(found, rows.each_weight(), gamma)


def mean_embedding(
    X: RowsLike,
    *,
    kernel: Kernel = "rbf",
    gamma: float | None = None,
    sample_weight: Column = None,
) -> Floats:
    """Return the weighted mean of the kernel values of every row with all rows.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    kernel : "rbf" or callable, default="rbf"
        A callable takes two arrays of n and m rows (CSR if X is sparse) and
        returns an n x m matrix.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``; None means 1 / the
        median squared distance of at most 1,000 rows.
    sample_weight : array-like of shape (n_rows,), str or None
        Weights of the rows, or the column that holds them.

    Returns
    -------
    ndarray of shape (n_rows,)
        ``mu_i = sum_j w_j k(x_i, x_j) / sum_j w_j``. It is large where rows are dense.

    Raises
    ------
    ValueError
        If `gamma` is out of scale with X, or a callable returns a wrong shape.

    See Also
    --------
    coreselect.metrics.mean_discrepancy : Distance between such means.

    Notes
    -----
    O(n^2 d) time and O(n d) memory, in float64. All rows are held in memory. The result
    does not depend on threads.

    Examples
    --------
    >>> from coreselect.kernel_means import mean_embedding
    >>> mean_embedding([[0.0], [1.0], [5.0]], gamma=1.0).round(4)
    array([0.456 , 0.456 , 0.3333])
    """
    OneOfOrCallable("rbf")("kernel", kernel)
    OrNone(Real(0, strict=True))("gamma", gamma)
    rows, _ = open_rows(X, sample_weight=sample_weight).near_one()
    return mean_of(rows, kernel, gamma).values


def _row_sums(kernel, weight, gamma):
    """Return the weighted sums of the rows of the kernel matrix."""
    X, n = kernel.whole(), kernel.n_rows
    out = np.zeros(n)
    seen = {"between": callable(kernel.kernel), "zero": False}

    def work(start, stop):
        Z = X[start:stop]
        # Sums over columns are cut at fixed places, so blocks change no digit.
        for at in range(0, n, _COLUMNS):
            columns = slice(at, at + _COLUMNS)
            values = kernel.between(Z, X[columns])
            if not seen["between"]:
                seen["between"] = bool(((values > 0) & (values < 1)).any())
                seen["zero"] |= not values.all()
            values *= weight[columns]
            out[start:stop] += values.sum(axis=1)

    kernel.alone.in_chunks(work, n, _WIDTH)
    if not seen["between"]:
        refuse_width(X, seen["zero"], gamma)
    return out
