"""The nearest rows of every target, in one pass over rows that may lie on disk.

Distances of all rows to all targets are never held: see `NearestLists`. The lists
depend neither on the bounds of blocks nor on the precision of the products.
"""

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect._kernels.nearest import NO_ROW, push
from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import chunks, exponent, to_dense
from coreselect.neighbors.lists import (
    as_points,
    bounding_rows,
    bounding_targets,
    bounds_of,
    empty_lists,
    sorted_lists,
)

_PRODUCTS = 2**22  # entries of a product of rows and targets: 16 MB of float32
GRID = 2.0**34  # squared distances are rounded to multiples of 1 / GRID before ties
MOST_POWER = 480  # with entries above 2**480, squared lengths times GRID may overflow
_LONG = 16  # length of lists for which rows are sampled beforehand
_SHARE = 16  # one row in so many is sampled
_SAMPLED = 2**15  # but no more rows than these
_LARGEST = float(np.finfo(np.float64).max)


class NearestLists:
    """Running lists of the k nearest rows of every target, fed block by block.

    Parameters
    ----------
    T : ndarray of float64 or CSR array of shape (n_targets, n_features)
        Targets. Products in float32 keep most digits if they are centred and have
        lengths of about one; see `scaled_rows`.
    k : int
        Length of the lists.
    step : float, default=0.0
        Squared distances are rounded to multiples of `step`, so that near ties are ties
        on every machine. 0 rounds nothing.
    within : float or ndarray of shape (n_targets,), default=inf
        Squared distances, rounded to `step`, beyond which no row enters a list.

    Notes
    -----
    A row costs one float32 product with all targets. Its float64 distance is computed
    only where a proven bound is below the k-th distance of a list. So the lists are
    exact, whatever the order and the bounds of the blocks. Memory O(m k), and 16 MB (or
    64 bytes per target, if that is more).

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.neighbors import NearestLists
    >>> lists = NearestLists(np.array([[4.0]]), 2)
    >>> lists.offer(np.array([[0.0], [5.0]]), 0)
    >>> lists.offer(np.array([[4.5], [9.0]]), 2)
    >>> lists.sorted()
    (array([[2, 1]]), array([[0.25, 1.  ]]))
    """

    def __init__(self, T, k, step=0.0, within=np.inf):
        self._is_sparse = sparse.issparse(T)
        T = T if self._is_sparse else np.ascontiguousarray(T)
        self._targets, self._right = as_points(T), bounding_targets(T)
        self._lists = empty_lists(T.shape[0], k)
        self._lists.squares[:] = np.reshape(within, (-1, 1))
        self._step = step
        # At least 16 rows at a time, so that a product is worth its call.
        most = max(16, _PRODUCTS // T.shape[0])
        self._bounds = np.empty((most, T.shape[0]), np.float32)

    def offer(self, Z, start):
        """Offer consecutive rows to all lists.

        Parameters
        ----------
        Z : ndarray of float64 or CSR array of shape (n, n_features)
        start : int
            Number of the first row.
        """
        if self._is_sparse and not sparse.issparse(Z):
            Z = sparse.csr_array(Z)
        for at, part in chunks(Z, size=len(self._bounds)):
            part = part if self._is_sparse else to_dense(part)
            # Bounds that overflow or are NaN in float32 exclude no row.
            bounds = self._bounds[: part.shape[0]]
            bounds_of(bounding_rows(part), self._right, bounds)
            rows = as_points(part)
            push(bounds, rows, self._targets, self._lists, start + at, self._step)

    def sorted(self):
        """Return the lists so far, nearest first, then by row number.

        Returns
        -------
        indices : ndarray of int64 of shape (n_targets, k)
        sq_distances : ndarray of float64 of shape (n_targets, k)
            Infinite where a list is not full.
        """
        indices, squares = sorted_lists(self._lists)
        squares[indices == NO_ROW] = np.inf
        return indices, squares


def merge_lists(earlier, later, k):
    """Return the lists of the k nearest rows, given those of earlier and later rows.

    Parameters
    ----------
    earlier, later : pair of ndarrays of shape (n_targets, length)
        Sorted lists: see `NearestLists.sorted`.
    k : int

    Returns
    -------
    indices, sq_distances : ndarray of shape (n_targets, at most k)

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.neighbors import merge_lists
    >>> earlier = np.array([[1, 0]]), np.array([[4.0, 9.0]])
    >>> merge_lists(earlier, (np.array([[5, 7]]), np.array([[1.0, 4.0]])), 2)
    (array([[5, 1]]), array([[1., 4.]]))
    """
    indices, squares = (np.hstack(pair) for pair in zip(earlier, later, strict=True))
    # Row numbers ascend where squares are equal, and a stable sort keeps this.
    order = np.argsort(squares, axis=1, kind="stable")[:, :k]
    return tuple(np.take_along_axis(v, order, axis=1) for v in (indices, squares))


def nearest_lists(rows, embed, T, k):
    """Find the k nearest rows of every target in one pass, at any scale of the data.

    Parameters
    ----------
    rows : Rows
    embed : callable
        ``embed(block)``: the rows of a `Block` as a float64 array.
    T : ndarray of shape (m, d)
    k : int
        At most the number of rows.

    Returns
    -------
    indices : ndarray of int64 of shape (m, k)
        Nearest first, then by row number.
    distances : ndarray of float64 of shape (m, k)
    """
    # Scaled by `unit`, the longest target has length one to two. If squares of rows
    # could overflow in this unit, all is done again in a smaller one. The largest entry
    # of all rows is only known after the pass; it is seldom so large.
    unit = _unit(require_near(T))
    found, largest = _lists_in(unit, rows, embed, T, k)
    room = MOST_POWER - exponent(largest)
    if exponent(unit) > room:
        found, _ = _lists_in(np.ldexp(1.0, room), rows, embed, T, k)
    return found


def _unit(T):
    """Return the power of two that brings the longest row to a length of 1 to 2."""
    # In two steps: the largest entry first, so that the squares of the second step
    # neither overflow nor vanish.
    largest = np.abs(T).max(initial=0.0)
    if largest == 0:
        return 1.0
    power = min(-exponent(largest), 1023)
    longest = np.sqrt(row_sq_norms(T * np.ldexp(1.0, power)).max())
    return np.ldexp(1.0, min(power - exponent(longest) + 1, 1023))


def require_near(Z, most=_LARGEST):
    """Raise if embedded rows have NaN or entries above `most`; return them."""
    if not np.abs(Z).max(initial=0.0) <= most:
        raise ValueError(
            "X has rows that are farther from the targets than squares in float64 can "
            "hold; bring its columns to similar scales, or leave these rows out."
        )
    return Z


def _lists_in(unit, rows, embed, T, k):
    """Return the lists, computed with lengths times `unit`, and the largest entry."""
    targets = T * unit
    within = _probably_within(unit, rows, embed, targets, k)
    (indices, squares), largest = _pass(unit, rows, embed, targets, k, within)
    if indices.shape[1] < k or (indices[:, -1] == NO_ROW).any():
        (indices, squares), largest = _pass(unit, rows, embed, targets, k)
    return (indices, np.sqrt(squares) / unit), largest


def _pass(unit, rows, embed, targets, k, within=np.inf):
    """Return the lists of the rows within squared distances, and the largest entry."""

    def of_block(block):
        Z = require_near(embed(block))
        lists = NearestLists(targets, min(k, len(Z)), 1 / GRID, within)
        with np.errstate(over="ignore", invalid="ignore"):
            lists.offer(Z if unit == 1.0 else Z * unit, block.start)
        indices, squares = lists.sorted()
        width = np.count_nonzero((indices != NO_ROW).any(axis=0))
        found = indices[:, :width], squares[:, :width]
        return found, float(np.abs(Z).max(initial=0.0))

    def merge(a, b):
        return merge_lists(a[0], b[0], k), max(a[1], b[1])

    return rows.reduce(of_block, merge)


def _probably_within(unit, rows, embed, targets, k):
    """Return squared distances within which every target very likely has k rows.

    Each block would otherwise fill lists of its own, mostly with rows that others beat.
    """
    # Of the k nearest rows, a sample has r = k times its share on average. More than r
    # + 6 sqrt(r) + 8 are less likely than 1e-8; so the row of this rank is behind them.
    places = _sampled_places(rows.n_rows)
    n_sampled = len(places)
    hoped = k * n_sampled / rows.n_rows
    rank = int(hoped + 6 * np.sqrt(hoped) + 8)
    if k < _LONG or rank > n_sampled // 2:
        return np.inf
    sample = rows.subset(places)
    (_, squares), _ = _pass(unit, sample, embed, targets, rank)
    return squares[:, -1]


def _sampled_places(n_rows):
    # Multiples of the golden ratio lie evenly, yet agree with no period in the rows.
    multiples = np.arange(min(n_rows // _SHARE, _SAMPLED)) * (np.sqrt(1.25) - 0.5)
    return np.unique((multiples % 1 * n_rows).astype(np.int64))


def nearest_row_of_each(Z, T):
    """Return the first nearest row of `Z` for every row of `T`."""
    out = np.empty(len(T), dtype=np.int64)
    step = max(1, 2**22 // max(1, len(Z)))
    longest = (float(row_sq_norms(rows).max(initial=0.0)) for rows in (T, Z))
    scale = max(1e-300, next(filter(None, longest), 1.0))
    for start in range(0, len(T), step):
        squares = cdist(T[start : start + step], Z, "sqeuclidean")
        # Distances in the same step of the grid are ties, on every machine alike.
        out[start : start + step] = np.rint(squares / scale * GRID).argmin(axis=1)
    return out
