"""Carathéodory's theorem, fast: the same weighted sum with few of the vectors.

The weighted sum of n vectors of length q, and their total weight, are those of at most
``q + 1`` of the vectors. Groups of consecutive rows stand in for their rows: of the
means of some groups, as many as the theorem asks for keep weight, the others go with
all their rows; what is left is grouped anew (Maalouf, Jubran, Feldman 2019).
"""

from typing import NamedTuple

import numpy as np

from coreselect._kernels.vectorsum import exchange, group_sums
from coreselect._validation import naming
from coreselect.vectorsum._vectors import open_vectors, to_dense, weights_of

_GROUPS = 16  # groups of rows for each vector that may stay, in one pass
_NUMBERS = 2**22  # entries of the vectors held at a time: 32 MB
_MOST_BYTES = 2**32
_SMALLEST, _FARTHEST = 1e-280, 1e250  # weight; ratio of weights
_FEW = 2  # vectors for each that may stay, from which on groups do not pay
_EXACT = 2e-14  # a relative error that is small enough
_LARGE = 3e-13  # one above which pivots by weight may do better


def caratheodory(V, weights=None):
    """Find few of the vectors, with weights, that have the weighted sum of all.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector a row; anything that `coreselect.rows.open` takes.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers, at most ``rank + 1`` of them, where rank (at most
        n_columns) is the number of independent columns of V, less the mean of each:
        as rounding leaves it, which in a product of matrices can be one or two more.
    weights : ndarray of float64 of shape (m,)
        Positive, with the same total and the same weighted sum of vectors.

    Raises
    ------
    TypeError, ValueError
        If V is not finite, or weights are negative, not finite or all zero, or go
        further than from 1 to 1e250.

    See Also
    --------
    frank_wolfe : Nearly the same sum with as many vectors as asked for.
    least_squares_coreset : The same for products of columns, without building them.

    Notes
    -----
    Exact up to rounding: every column's sum to about 1e-14 of ``sum(w * |v|)``, and to
    1e-12 where weights and columns make that hard. So is the sum of every combination
    of the columns and a constant. Nothing is said about functions of the rows that are
    no such combination.

    Pivots are the largest entries of vectors. If a sum is off by more than 3e-13 that
    way, all is done again with the largest of entries times weight for pivots: it takes
    columns that few rows have, and weights that differ by a factor of about 1e8.

    O(n q + q^3 log(n / q)) time and 32 MB of memory (or 4 q^2 numbers) beside the
    rows. The first pass reads all rows, each later one a small part of them. Which rows
    are chosen depends on their order, and on nothing random.

    References
    ----------
    .. [1] A. Maalouf, I. Jubran, D. Feldman, "Fast and accurate least-mean-squares
       solvers", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.vectorsum import caratheodory
    >>> V = np.random.default_rng(0).standard_normal((1000, 3))
    >>> indices, weights = caratheodory(V)
    >>> len(indices), bool(np.allclose(weights @ V[indices], V.sum(axis=0)))
    (4, True)
    """
    rows = open_vectors(V, weights)

    def sums_of(X, y, weight, size, lead):
        # A pass over sparse rows makes them dense a little at a time.
        return group_sums(to_dense(X), np.ascontiguousarray(weight), size, lead)

    with naming("V"):
        indices, weights = thin(rows, sums_of, rows.n_features)
    return (indices if rows.kept is None else rows.kept[indices]), weights


def thin(rows, sums_of, n_columns, support=None):
    """Find few rows with the weighted sum of the vectors of all.

    Parameters
    ----------
    rows : Rows
        Without rows of weight 0.
    sums_of : callable
        ``sums_of(X, y, weight, size, lead)``: what the kernel `group_sums` returns,
        for the vectors that belong to these rows.
    n_columns : int
        Length of a vector.
    support : ndarray of int64, optional
        Rows to choose from; by default all.

    Returns
    -------
    indices : ndarray of int64, ascending
    weights : ndarray of float64
    """
    weights = weights_of(rows)
    if support is not None:
        weights = weights[support]
    most = n_columns + 1
    _require_room(len(weights), most)
    _require_range(weights)
    best = _in_passes(rows, sums_of, most, support, weights, False)
    if best.error > _LARGE:
        again = _in_passes(rows, sums_of, most, support, weights, True)
        best = again if again.error < best.error else best
    return best.indices, best.weights


class _Found(NamedTuple):
    """Rows, their weights, and the largest relative error of a sum."""

    indices: np.ndarray
    weights: np.ndarray
    error: float


def _in_passes(rows, sums_of, most, support, weights, by_weight):
    """Take fewer and fewer rows, until at most `most` are left."""
    target = magnitude = None
    while True:
        n = len(weights)
        size = _group_size(n, most)
        if support is None:
            totals, sums, sizes = _read(rows, sums_of, size, n)
        else:
            totals, sums, sizes = _fetch(rows, sums_of, size, support, weights)
        if target is None:
            _require_finite(sizes)
            target, magnitude = np.append(sums.sum(axis=0), totals.sum()), sizes
        means = sums / totals[:, None]
        kept, shares = _thin_points(means, totals, most, by_weight)
        if support is None:
            support = np.arange(n)
        if size == 1:
            break
        inside = (kept[:, None] * size + np.arange(size)).ravel()
        factor = np.repeat(shares / totals[kept], size)[inside < n]
        inside = inside[inside < n]
        support, weights = support[inside], weights[inside] * factor
    polished = _polish(means[kept], shares, target, magnitude, by_weight)
    return _Found(support[kept], *polished)


def _require_room(n, most):
    """Raise where the matrix of the vectors that weight moves between is not small."""
    size = 8 * min(n, _FEW * most) * most
    if size > _MOST_BYTES:
        raise ValueError(
            f"an exact sum of vectors with {most - 1} entries (of p features, there "
            f"are (p + 2) (p + 3) / 2 products) needs a matrix of {size / 2**30:.3g} "
            "GiB. Take fewer columns, or give up exactness: frank_wolfe and "
            "norm_sampling do with any size."
        )


def _require_range(weights):
    """Raise where one row could not take over the weight of another."""
    least, largest = weights.min(initial=np.inf), weights.max(initial=0.0)
    if least < max(_SMALLEST, largest / _FARTHEST):
        raise ValueError(
            f"weights go from {least:.3g} to {largest:.3g}, which is too far for sums "
            "that are exact in every column: leave out the rows of the smallest "
            "weights (set these to 0), or multiply all by a constant; the smallest "
            f"must be at least {_SMALLEST:g}, and {1 / _FARTHEST:g} of the largest."
        )


def _require_finite(magnitude):
    if not np.isfinite(magnitude).all():
        column = int(np.argmin(np.isfinite(magnitude)))
        raise ValueError(
            f"the sum of column {column} overflows; divide it by a constant first "
            "(the rows found do not depend on the scale of a column)."
        )


def _group_size(n, most):
    """Return the power of two that leaves neither too many groups nor too few."""
    groups = np.clip(_NUMBERS // most, 4 * most, _GROUPS * most)
    size = 1
    while n > groups * size:
        size *= 2
    return size


def _read(rows, sums_of, size, n):
    """Return the sums of groups of all rows, in one pass."""

    def of_block(block):
        lead = block.start % size
        part = sums_of(block.X, block.y, block.weight, size, lead)
        return [(block.start // size, *part)]

    parts = rows.reduce(of_block, lambda a, b: a + b)
    n_groups = -(-n // size)
    totals, sums = np.zeros(n_groups), np.zeros((n_groups, parts[0][2].shape[1]))
    for first, total, part, _ in parts:
        totals[first : first + len(total)] += total
        sums[first : first + len(total)] += part
    return totals, sums, sum(part[3] for part in parts)


def _fetch(rows, sums_of, size, support, weights):
    """Return the sums of groups of some rows, fetched a part at a time."""
    step = max(size, 2**16)
    parts = []
    for start in range(0, len(support), step):
        block = rows.gather(support[start : start + step])
        weight = weights[start : start + step]
        parts.append(sums_of(block.X, block.y, weight, size, 0))
    totals, sums, magnitude = zip(*parts, strict=True)
    return np.concatenate(totals), np.concatenate(sums), sum(magnitude)


def _thin_points(points, weights, most, by_weight):
    """Return which points keep weight, at most `most`, and how much."""
    kept = np.arange(len(points))
    while len(kept) > _FEW * most:
        size = -(-len(kept) // (2 * most))
        totals, sums, _ = group_sums(points[kept], weights, size, 0)
        groups, shares = _eliminate(sums / totals[:, None], totals, by_weight)
        inside = (groups[:, None] * size + np.arange(size)).ravel()
        factor = np.repeat(shares / totals[groups], size)[inside < len(kept)]
        inside = inside[inside < len(kept)]
        kept, weights = kept[inside], weights[inside] * factor
    found, shares = _eliminate(points[kept], weights, by_weight)
    return kept[found], shares


def _with_ones(points):
    return np.column_stack([np.ones(len(points)), points])


def _eliminate(points, weights, by_weight):
    """Return which points keep weight, and how much; total and sum stay the same.

    Pivots are the largest entries of the points, or, `by_weight`, the largest shares
    in the sum of a column. With the former, the rounding errors of a heavy row go
    beyond the whole sum of a column that is zero there and not zero in light rows.
    """
    A = _with_ones(points)
    if by_weight:
        owner, shares = exchange(_shares_of_largest(A, weights), np.ones(len(A)))
        shares *= weights[owner]
    else:
        owner, shares = exchange(A, weights)
    order = np.argsort(owner)
    order = order[shares[order] > 0]
    return owner[order], shares[order]


def _shares_of_largest(A, weights):
    """Return weighted rows with every column scaled, so that none leaves the range.

    Columns are divided by a power of two near their largest entry.
    """
    digits, exponents = np.frexp(A)
    digits_of_weights, more = np.frexp(weights)
    exponents += more[:, None]
    largest = np.where(digits != 0, exponents, np.iinfo(exponents.dtype).min)
    return np.ldexp(
        digits * digits_of_weights[:, None], exponents - largest.max(axis=0)
    )


def _polish(points, weights, target, magnitude, by_weight):
    """Take back rounding errors; return the weights and the error that is left.

    Errors are relative to the sums of absolute values. The smallest change of weights
    is made; `by_weight`, that of logarithms, for light rows are to change little too.
    """
    scale = magnitude / target[-1]
    scale = np.where(scale > 0, scale, 1.0)
    A = _with_ones(points / scale)
    b = np.append(1.0, target[:-1] / target[-1] / scale)
    shares = weights / target[-1]
    gap = b - shares @ A
    error = np.abs(gap).max()
    # Terms that cancel take digits away that no weights give back.
    lost = np.finfo(np.float64).eps * (shares @ np.abs(A)).max()
    if error <= _EXACT:
        return weights, max(error, lost)
    unit = shares if by_weight else np.ones(len(shares))
    step = unit * np.linalg.lstsq((A * unit[:, None]).T, gap, rcond=None)[0]
    better = shares + step
    left = np.abs(b - better @ A).max()
    if (better <= 0).any() or not left < error:
        return weights, max(error, lost)
    return better * target[-1], max(left, lost)
