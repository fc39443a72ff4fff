"""Distances from rows to centres, and the nearest centre of every row.

The functions take blocks of rows, as `coreselect.rows` hands them out: float64 arrays
or CSR. They serve inside ``rows.map`` and ``rows.reduce``, and check nothing again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from coreselect._kernels import clusters as kernels
from coreselect._kernels.norms import row_sq_norms
from coreselect._kernels.screening import sure_nearest
from coreselect._numbers import chunks, power_of_two, to_dense, unit_scale
from coreselect._typing import Floats, Integers, Matrix, RowsLike
from coreselect._validation import as_array
from coreselect.rows import open as open_rows

_CHUNK_VALUES = 2**16  # distances to all centres held at a time, so as to fit in cache
_COLUMNS = 256  # rows in each transposed part, so as to fit in cache


def sq_distances(X, centers):
    """Compute the squared distances of all rows to all centres.

    Parameters
    ----------
    X : ndarray or CSR array of shape (n_rows, n_features)
    centers : ndarray of float64 of shape (n_centers, n_features)

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_centers)

    Notes
    -----
    O(n k d) time, or O(nnz k) for CSR. Differences are squared and added up in float64,
    so a row is at distance zero from its copies, and an offset of the data costs no
    digits. Hand over blocks of rows if the result is too large.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.neighbors import sq_distances
    >>> sq_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]]))
    array([[ 0.],
           [25.]])
    """
    # Centres go to the kernels as columns: the innermost loop runs over centres.
    columns = np.ascontiguousarray(centers.T)
    if sparse.issparse(X):
        return kernels.csr_sq_distances(X.data, X.indices, X.indptr, columns)
    return kernels.sq_distances(X, columns)


def sq_distances_to_own(X, centers, labels):
    """Compute the squared distance of every row to the centre of its own label.

    Parameters
    ----------
    X : ndarray or CSR array of shape (n_rows, n_features)
    centers : ndarray of float64 of shape (n_centers, n_features)
    labels : ndarray of int64 of shape (n_rows,)

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
    """
    if sparse.issparse(X):
        return kernels.csr_own_sq_distances(
            X.data, X.indices, X.indptr, centers, labels
        )
    return kernels.own_sq_distances(X, centers, labels)


def sq_distances_to_one(X, center):
    """Compute the squared distance of every row to one centre, an array (n_features,).

    See Also
    --------
    sq_distances_to_own : One centre per row.
    """
    labels = np.zeros(X.shape[0], dtype=np.int64)
    center = np.ascontiguousarray(center[None], dtype=np.float64)
    return sq_distances_to_own(X, center, labels)


def sq_norms(X):
    """Compute the squared norms of dense or CSR rows; infinite where they overflow."""
    if not sparse.issparse(X):
        return row_sq_norms(X)
    with np.errstate(over="ignore"):
        return np.asarray(X.multiply(X).sum(axis=1), dtype=np.float64).ravel()


class DistancesToAll:
    """Distances from a few rows to all rows, for many calls.

    Parameters
    ----------
    X : ndarray of float64 or CSR array of shape (n_rows, n_features)
        A dense array is copied.
    """

    # Dense rows are stored as columns, in parts of a few hundred rows: the innermost
    # loop then runs over rows, and its working set stays in cache.

    def __init__(self, X):
        self._X = X
        self._parts = None
        if not sparse.issparse(X):
            self._parts, width = np.empty(X.size), X.shape[1]
            for start in range(0, len(X), _COLUMNS):
                part = X[start : start + _COLUMNS]
                room = self._parts[start * width :][: part.size]
                room.reshape(width, -1)[:] = part.T

    def sq_distances(self, at):
        """Compute the squared distances from some rows to all.

        Parameters
        ----------
        at : ndarray of int of shape (m,)
            Numbers of the rows to start from.

        Returns
        -------
        ndarray of float64 of shape (m, n_rows)
        """
        some = to_dense(self._X[at])
        if self._parts is None:
            return np.ascontiguousarray(sq_distances(self._X, some).T)
        parts = self._parts, len(self._X), _COLUMNS
        return kernels.sq_distances_to_parts(some, *parts)


class NearestCenters:
    """Finds the nearest of given centres for blocks of rows, exactly.

    Parameters
    ----------
    centers : array-like of shape (n_centers, n_features)
    scale : float, default=1.0
        Factor of rows and centres. A power of two, such as that of `unit_scale`, keeps
        squares of extreme data from overflow and changes no digits.

    Notes
    -----
    Most rows are settled by float32 products, which are proven not to err there. The
    others, and CSR rows, are compared with all centres in float64. So the result is
    exact, except that among centres whose distances agree up to 1e-9, the first counts.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.neighbors import NearestCenters
    >>> index = NearestCenters([[0.0], [10.0]])
    >>> index.find(np.array([[1.0], [7.0]]))
    (array([0, 1]), array([1., 9.]))
    """

    def __init__(self, centers: ArrayLike, scale: float = 1.0) -> None:
        self.scale = scale
        self.centers = centers = check_centers(centers) * scale
        k, d = centers.shape
        self._shift = centers.mean(axis=0)
        # The kernel needs centres no longer than one. They are centred first, so that
        # an offset of the data does not cost float32 its digits.
        gaps = centers - self._shift
        largest = float(abs(gaps).max(initial=0.0)) or 1.0
        longest = np.sqrt(((gaps / largest) ** 2).sum(axis=1).max())
        self._scale = _below_one(largest) * _below_one(longest)
        units = np.zeros((k + k % 2, d))  # the kernel takes centres in pairs
        units[:k] = gaps * self._scale
        halves = np.full(len(units), np.inf)
        halves[:k] = np.einsum("ij,ij->i", units[:k], units[:k]) / 2
        self._single = units.astype(np.float32), halves.astype(np.float32)
        # Two scores are compared, each wrong by at most (d + 4) 2**-24 (|x| + 1 / 2),
        # see `screening`. Beyond twice this bound (2, with a reserve of a quarter for
        # the rounding of the test itself), the order of the scores is that of the
        # distances.
        self._slack = 2.5 * (d + 4) * 2.0**-24

    def find(self, X: Matrix) -> tuple[Integers, Floats]:
        """Find the nearest centre of every row.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n_rows, n_features)
            Rows that were checked before, such as those of a block.

        Returns
        -------
        labels : ndarray of int64 of shape (n_rows,)
        sq_distances : ndarray of float64 of shape (n_rows,)
            Squared distances to these centres, times the square of `scale`.
        """
        labels, squares = np.empty(X.shape[0], dtype=np.int64), np.empty(X.shape[0])
        for start, part in chunks(X, self.scale):
            stop = start + part.shape[0]
            labels[start:stop], squares[start:stop] = self._find(part)
        return labels, squares

    def _find(self, X):
        if len(self.centers) == 1:
            labels = np.zeros(X.shape[0], dtype=np.int64)
            return labels, sq_distances_to_own(X, self.centers, labels)
        # Screening only finds the nearest centre of a row; the distance to it is always
        # computed in float64.
        if sparse.issparse(X):
            return self._among_all(X)
        labels = sure_nearest(X, self._shift, self._scale, *self._single, self._slack)
        squares = sq_distances_to_own(X, self.centers, np.maximum(labels, 0))
        unsure = np.flatnonzero(labels < 0)
        labels[unsure], squares[unsure] = self._among_all(X[unsure])
        return labels, squares

    def _among_all(self, X):
        """Compare rows with all centres in float64."""
        labels, squares = np.empty(X.shape[0], dtype=np.int64), np.empty(X.shape[0])
        size = max(64, _CHUNK_VALUES // len(self.centers))
        for start, part in chunks(X, size=size):
            stop = start + part.shape[0]
            found = kernels.nearest_of(sq_distances(part, self.centers))
            labels[start:stop], squares[start:stop] = found
        return labels, squares


def _below_one(largest):
    return power_of_two(largest, most=500)


def nearest_centers(X: RowsLike, centers: ArrayLike) -> tuple[Integers, Floats]:
    """Find the nearest centre of every row, and the distance to it.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    centers : array-like of shape (n_centers, n_features)

    Returns
    -------
    labels : ndarray of int64 of shape (n_rows,)
        Numbers of the nearest centres; the first one among those at the same distance.
    distances : ndarray of float64 of shape (n_rows,)
        Euclidean distances to them.

    Raises
    ------
    ValueError
        If X or `centers` is not finite, or their features differ.

    See Also
    --------
    NearestCenters : The same for blocks of rows, in a pass of your own.
    nearest_neighbors : More than one neighbour.

    Notes
    -----
    O(n k d), mostly in float32; exact, see `NearestCenters`. Two passes over the data.

    Examples
    --------
    >>> from coreselect.neighbors import nearest_centers
    >>> nearest_centers([[0.0], [5.0], [9.0]], [[1.0], [7.0]])
    (array([0, 1, 1]), array([1., 2., 2.]))
    """
    # Labels travel as floats beside the distances, exact up to 2**53.
    rows = open_rows(X)
    scale = unit_scale(rows)
    index = NearestCenters(check_centers(centers, rows.n_features), scale)
    found = rows.map(lambda block: np.column_stack(index.find(block.X)))
    return found[:, 0].astype(np.int64), np.sqrt(found[:, 1]) / scale


def check_centers(centers: Any, n_features: int | None = None) -> Floats:
    """Return centres as a C-ordered float64 array, or raise an error that names them.

    Parameters
    ----------
    centers : array-like of shape (n_centers, n_features)
    n_features : int, optional
        Number of features that the centres must have.

    Returns
    -------
    ndarray of float64 of shape (n_centers, n_features)
    """
    try:
        given = as_array(centers, "centers")
        if given.dtype.kind not in "biufO":
            raise TypeError(f"they are of dtype {given.dtype}")
        array = to_dense(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"centers must hold numbers ({error}).") from error
    wide = "n_features" if n_features is None else n_features
    fits = array.ndim == 2 and n_features in (None, array.shape[1])
    if not fits or not len(array):
        raise ValueError(
            f"centers must have shape (n_centers, {wide}), one row per centre "
            f"with as many features as X, got an array of shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("centers contains NaN or infinity; remove these centres.")
    return array
