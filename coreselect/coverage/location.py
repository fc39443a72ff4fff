"""Facility location as functions: greedy rows, and a certificate for any rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Column, Floats, Integers, RowsLike
from coreselect._validation import OneOfOrCallable, OrNone, Real, check_count
from coreselect.coverage.certificate import CoverageCertificate
from coreselect.coverage.facility import Greedy, Served
from coreselect.coverage.similarities import SIMILARITIES, source_of
from coreselect.rows import open as open_rows
from coreselect.selection import check_indices


def facility_location(
    X: RowsLike,
    size: int,
    *,
    similarity: Literal["euclidean", "cosine", "rbf"]
    | Callable[..., Any] = "euclidean",
    gamma: float | None = None,
    sample_weight: Column = None,
) -> tuple[Integers, Floats]:
    """Choose rows greedily that all rows resemble the most.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    size : int
        Number of rows, at most that of rows of positive weight.
    similarity : {"euclidean", "cosine", "rbf"} or callable, default="euclidean"
        See `coreselect.FacilityLocationSelector`.
    gamma : float, optional
        Parameter of ``"rbf"``.
    sample_weight : array-like of shape (n_rows,), optional
        Non-negative weights of the rows; those of weight 0 are left out.

    Returns
    -------
    order : ndarray of int64 of shape (size,)
        The rows in the order of their choice.
    gains : ndarray of float64 of shape (size,)
        By how much each raised the value: the weighted sum, over all rows, of the
        similarity to the most similar chosen row.

    Raises
    ------
    ValueError
        If there are fewer rows than `size`, or a row is zero and the similarity is the
        cosine.

    See Also
    --------
    coreselect.FacilityLocationSelector : The same with weights and a certificate.

    Notes
    -----
    Exact greedy; O(n^2 d) in float32 products, without an n x n matrix.

    Examples
    --------
    >>> from coreselect.coverage import facility_location
    >>> facility_location([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]], 3)[0]
    array([1, 4, 5])
    """
    rows, numbers = _opened(X, similarity, gamma, sample_weight)
    size = check_count(size, "size", most=len(numbers))
    source, exponent = _source(rows, similarity, gamma)
    found = Greedy(source).run(size)
    return numbers[found.order], np.ldexp(np.array(found.gains), exponent)


def coverage_bound(
    X: RowsLike,
    indices: ArrayLike,
    *,
    similarity: Literal["euclidean", "cosine", "rbf"]
    | Callable[..., Any] = "euclidean",
    gamma: float | None = None,
    sample_weight: Column = None,
) -> CoverageCertificate:
    """Certify how well some rows, of whatever origin, stand for all rows.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    indices : array-like of int of shape (n_selected,)
        Unique row numbers, such as those of a `coreselect.Selection`.
    similarity : {"euclidean", "cosine", "rbf"} or callable, default="euclidean"
        See `coreselect.FacilityLocationSelector`.
    gamma : float, optional
        Parameter of ``"rbf"``.
    sample_weight : array-like of shape (n_rows,), optional
        Non-negative weights of the rows.

    Returns
    -------
    CoverageCertificate
        The value of the rows, and an upper bound of the largest value of as many.

    Raises
    ------
    ValueError
        If an index is not a row of X, or has weight 0.

    Notes
    -----
    Greedy facility location is run for the size, and its dual bound improved. It holds
    for any selection of the size.

    Examples
    --------
    >>> from coreselect.coverage import coverage_bound
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> print(coverage_bound(X, [0, 1, 2]))
    facility location: 3.362 with 3 rows; no 3 rows reach more than 4.5 (proven share
    of the best 0.747).
    """
    rows, numbers = _opened(X, similarity, gamma, sample_weight)
    chosen = check_indices(indices, rows.n_rows)
    lost = chosen[~np.isin(chosen, numbers)]
    if len(lost):
        raise ValueError(
            f"indices holds row {lost[0]}, which has weight 0; leave it out, or give "
            "it a positive weight."
        )
    source, exponent = _source(rows, similarity, gamma)
    served = Served(len(source.weight))
    places = np.searchsorted(numbers, chosen)
    value = sum(served.enter(source, place) for place in places)
    value = float(np.ldexp(value, exponent))
    found = Greedy(source).run(len(chosen)).chosen()
    bound = found.certificate(len(chosen), exponent).bound
    return CoverageCertificate(
        value, max(value, bound), len(chosen), "facility location", False
    )


def _opened(X, similarity, gamma, sample_weight):
    """Return rows, and the numbers of those of positive weight."""
    OneOfOrCallable(*SIMILARITIES)("similarity", similarity)
    OrNone(Real(0, strict=True))("gamma", gamma)
    rows = open_rows(X, None, sample_weight)
    kept = rows.subset().kept
    return rows, np.arange(rows.n_rows) if kept is None else kept


def _source(rows, similarity, gamma):
    """Return similarities for weights near one, and the exponent of their unit."""
    near, exponent = rows.subset().near_one()
    return source_of(near, similarity, gamma, near.weight), exponent
