"""Exact nearest rows, without a matrix of all distances.

A float32 product of a tile of rows with a tile of targets bounds their distances from
below, rounding included. Only if the bound beats the worst entry of a list is the
distance computed in float64, from the differences. So the lists are exact. They depend
neither on the tiles nor on the rounding of the product, and are the same for dense and
sparse rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import clone

from coreselect._typing import Floats, Integers, Matrix, RowsLike
from coreselect._validation import Integer, as_array, naming
from coreselect.neighbors.lists import as_matrix, rescaled, without_own
from coreselect.neighbors.tiles import search_for


def nearest_neighbors(
    X: RowsLike,
    n_neighbors: int,
    *,
    queries: RowsLike | None = None,
    exclude: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> tuple[Integers, Floats]:
    """Find the nearest rows of every row, or of every query.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
        The rows to search; finite.
    n_neighbors : int
        At least 1.
    queries : {array-like, sparse matrix} of shape (n_queries, n_features), optional
        By default, neighbours of every row of X are found among the other rows. A row
        is never its own neighbour, but a copy of it may be.
    exclude : array-like of int of shape (n_queries,), optional
        With `queries`: for each query, the number of a row of X that it must not find,
        or -1.
    n_jobs : int, optional
        Number of threads. None or -1: as many as the linear algebra uses.

    Returns
    -------
    indices : ndarray of int64 of shape (n_queries, n_neighbors)
        Nearest first; of rows at the same distance, the lowest row number first.
    distances : ndarray of float64 of shape (n_queries, n_neighbors)
        Euclidean distances.

    Raises
    ------
    ValueError
        If there are too few rows for `n_neighbors`, the features differ, values are not
        finite, or `exclude` is given without queries or holds a number that is not a
        row of X.

    Notes
    -----
    The cost is O(n m d) in float32 matrix products, or half of that without queries,
    where every pair is computed once. Memory is O(m k + (n + m) d). Dense rows with up
    to six features are searched by a k-d tree.

    Squared distances are sums of squared differences in float64, in column order, as in
    scikit-learn's trees. So equal rows are at distance zero, and the lists are
    identical for any number of threads and for dense and CSR input.

    Examples
    --------
    >>> from coreselect.neighbors import nearest_neighbors
    >>> indices, distances = nearest_neighbors([[0.0], [0.0], [3.0], [1.0]], 2)
    >>> indices.tolist()
    [[1, 3], [0, 3], [3, 0], [0, 1]]
    >>> distances[3]
    array([1., 1.])
    """
    if n_jobs is not None:
        Integer()("n_jobs", n_jobs)
    points = as_matrix(X, "X")
    if not points.shape[0]:
        raise ValueError("X has no rows.")
    Integer(1)("n_neighbors", n_neighbors)
    k = int(n_neighbors)
    if queries is None:
        if exclude is not None:
            raise ValueError(
                "exclude needs queries; without them, no row finds itself."
            )
        _check_enough(k, points.shape[0] - 1, " besides each row itself")
        Q, barred = None, np.arange(points.shape[0])
    else:
        Q = as_matrix(queries, "queries")
        if Q.shape[1] != points.shape[1]:
            raise ValueError(
                f"queries has {Q.shape[1]} features, but X has {points.shape[1]}."
            )
        barred = _excluded(exclude, Q.shape[0], points.shape[0])
        some = bool((barred >= 0).any())
        _check_enough(
            k, points.shape[0] - some, " that are not excluded" if some else ""
        )
        if sparse.issparse(Q) != sparse.issparse(points):
            Q = sparse.csr_array(Q) if sparse.issparse(points) else Q.toarray()
    # A power of two changes no digits: the results are those of the given rows.
    points, unit, origin = rescaled(points, Q)
    if Q is not None and unit != 1.0:
        Q = Q * unit
    search = search_for(points)
    indices, squares = search(points, Q, origin, k, barred, n_jobs)
    return indices, np.sqrt(squares) / unit


def neighbor_lists(
    estimator: Any,
    X: Matrix,
    queries: Matrix | None = None,
    exclude: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> Integers:
    """Find neighbours by a number of neighbours or a nearest-neighbours estimator.

    Parameters
    ----------
    estimator : int or object with ``kneighbors``
        A number of neighbours, or an estimator that is cloned and fitted to X. As in
        imbalanced-learn, its lists are taken to start with the row itself, so that an
        estimator with 6 neighbours gives 5.
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
    queries : {array-like, sparse matrix}, optional
    exclude : array-like of int, optional
        As in `nearest_neighbors`.
    n_jobs : int, optional
        Number of threads; also set on an estimator, unless it is None.

    Returns
    -------
    indices : ndarray of int64 of shape (n_queries, n_neighbors)

    Raises
    ------
    ValueError
        As in `nearest_neighbors`, or if an estimator finds one row, the row itself.

    Notes
    -----
    The row itself is removed from the list of an estimator by its number. If it is not
    in its list, which can happen among duplicates, the last entry is removed.

    Examples
    --------
    >>> from sklearn.neighbors import NearestNeighbors
    >>> from coreselect.neighbors import neighbor_lists
    >>> X = [[0.0], [1.0], [3.0]]
    >>> neighbor_lists(1, X).ravel()
    array([1, 0, 1])
    >>> neighbor_lists(NearestNeighbors(n_neighbors=2), X).ravel()
    array([1, 0, 1])
    """
    if isinstance(estimator, type) or not hasattr(estimator, "kneighbors"):
        Integer(1)("estimator", estimator)
        return nearest_neighbors(
            X, estimator, queries=queries, exclude=exclude, n_jobs=n_jobs
        )[0]
    # The user's estimator decides by its own metric and its own order of ties; only the
    # row itself is taken out of its lists.
    fitted = clone(estimator)
    if n_jobs is not None:
        fitted.set_params(n_jobs=n_jobs)
    as_matrix(X, "X")
    with naming("X"):
        fitted.fit(X)
    with naming("X" if queries is None else "queries"):
        rows = X if queries is None else queries
        found = np.asarray(fitted.kneighbors(rows, return_distance=False), np.int64)
    if found.shape[1] < 2:
        raise ValueError(
            f"{estimator!r} finds one row, which is the row itself: it needs "
            "n_neighbors=2 or more."
        )
    if queries is None:
        exclude = np.arange(found.shape[0])
    else:
        exclude = _excluded(exclude, found.shape[0], np.shape(X)[0])
    return without_own(found, exclude)


def _check_enough(k, available, why):
    if k > available:
        raise ValueError(
            f"n_neighbors={k} is more than the number of rows{why}: use at most "
            f"{available}."
        )


def _excluded(exclude: Any, n_queries: int, n_rows: int) -> Integers:
    if exclude is None:
        return np.full(n_queries, -1)
    exclude = as_array(exclude, "exclude")
    if exclude.shape != (n_queries,):
        raise ValueError(
            f"exclude must have shape ({n_queries},), one row number or -1 for each of "
            f"the queries, got {exclude.shape}."
        )
    if exclude.dtype.kind not in "iu":
        raise TypeError(f"exclude must hold row numbers, got {exclude.dtype}.")
    if n_queries and not (exclude.min() >= -1 and exclude.max() < n_rows):
        raise ValueError(f"exclude must hold numbers from -1 to {n_rows - 1}.")
    return exclude
