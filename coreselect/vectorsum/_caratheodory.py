"""Fast Carathéodory sets: the same weighted sum with few of the vectors.

Carathéodory's theorem: the weighted sum and the total weight of n vectors of length q
are also those of at most ``q + 1`` of the vectors, with other weights. To find these
fast, rows are split into groups of consecutive rows, and the theorem is applied to the
group means. Groups without weight are dropped with all their rows, and the remaining
rows are grouped again (Maalouf, Jubran, Feldman 2019).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coreselect._kernels.vectorsum import exchange, group_sums
from coreselect._numbers import to_dense
from coreselect._typing import Column, Floats, Integers, RowsLike
from coreselect._validation import naming
from coreselect.vectorsum._vectors import open_vectors

_GROUPS = 16  # groups of rows per vector that may stay, in one pass
_NUMBERS = 2**22  # entries of the vectors held at a time: 32 MB
_MOST_BYTES = 2**32
_SMALLEST, _FARTHEST = 1e-280, 1e250  # least weight; largest ratio of two weights
_FEW = 2  # vectors per vector that may stay, up to which groups do not pay
_EXACT = 2e-14  # relative error up to which weights are not polished
_LARGE = 3e-13  # relative error above which pivots by weight are tried


def caratheodory(V: RowsLike, weights: Column = None) -> tuple[Integers, Floats]:
    """Find few vectors, with weights, whose weighted sum equals that of all vectors.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector per row; anything that `coreselect.rows.open` takes.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers, at most ``rank + 1`` of them. The rank (at most
        n_columns) is that of V with centred columns. It is a numerical rank: if V is
        the product of two matrices, rounding may add one or two.
    weights : ndarray of float64 of shape (m,)
        Positive, with the same total and the same weighted sum of vectors.

    Raises
    ------
    TypeError, ValueError
        If V is not finite, weights are negative, not finite or all zero, or the largest
        weight is more than 1e250 times the smallest.

    See Also
    --------
    frank_wolfe : Approximately the same sum with any number of vectors.
    least_squares_coreset : The same for products of columns, without building them.

    Notes
    -----
    Exact up to rounding: the error of each column's sum is about 1e-14 of
    ``sum(w * |v|)``, and up to 1e-12 for difficult weights and columns. The same holds
    for every linear combination of the columns and a constant. Nothing is guaranteed
    for other functions of the rows.

    Pivots are the largest entries of the vectors. If this leaves a sum with an error
    above 3e-13, everything is repeated with pivots by entry times weight. It happens if
    columns are non-zero in few rows and weights differ by a factor of about 1e8.

    With q columns: O(n q + q^3 log(n / q)) time, and 32 MB of memory (or 4 q^2 numbers)
    beside the rows. The first pass reads all rows, each later one a small part of them.
    The method is deterministic; the chosen rows depend on the order of the rows.

    References
    ----------
    .. [1] A. Maalouf, I. Jubran, D. Feldman, "Fast and accurate least-mean-squares
       solvers", NeurIPS 2019, :arxiv:`1906.04705`.

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
        # Blocks of sparse rows are small enough to be made dense.
        return group_sums(to_dense(X), np.ascontiguousarray(weight), size, lead)

    with naming("V"):
        indices, found = thin(rows, sums_of, rows.n_features)
    return (indices if rows.kept is None else rows.kept[indices]), found


def thin(rows, sums_of, n_columns, support=None):
    """Find few rows whose vectors have the weighted sum of those of all rows.

    `sums_of(X, y, weight, size, lead)` returns the result of the kernel `group_sums`
    for the vectors of these rows, which have `n_columns` entries. Rows have positive
    weights; with `support`, only these row numbers are used. The result is ascending
    row numbers and weights.
    """
    weights = rows.each_weight()
    if support is not None:
        weights = weights[support]
    most = n_columns + 1
    _require_room(len(weights), most)
    _require_range(weights)
    # Pivots by entry are usually accurate; those by weight are tried if they are not.
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
    """Reduce the rows in passes, until at most `most` are left."""
    # A pass replaces groups of rows by their means, and one elimination among the means
    # drops all rows of most groups. Mostly one group in eight to sixteen stays, so
    # there are few passes, and each reads a small part of the rows of the one before.
    # The sums of the first pass are the target of the last.
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
        # All rows of a group that keeps weight share it in proportion to theirs.
        inside = (kept[:, None] * size + np.arange(size)).ravel()
        factor = np.repeat(shares / totals[kept], size)[inside < n]
        inside = inside[inside < n]
        support, weights = support[inside], weights[inside] * factor
    polished = _polish(means[kept], shares, target, magnitude, by_weight)
    return _Found(support[kept], *polished)


def _require_room(n, most):
    """Raise if the matrix of the vectors in an elimination would be too large."""
    size = 8 * min(n, _FEW * most) * most
    if size > _MOST_BYTES:
        raise ValueError(
            f"an exact sum of vectors with {most - 1} entries (p features have "
            f"(p + 2) (p + 3) / 2 products) needs a matrix of {size / 2**30:.3g} GiB. "
            "Use fewer columns, or give up exactness: frank_wolfe and norm_sampling "
            "work for any size."
        )


def _require_range(weights):
    """Raise if weights differ too much for one row to take over that of another."""
    least, largest = weights.min(initial=np.inf), weights.max(initial=0.0)
    if least < max(_SMALLEST, largest / _FARTHEST):
        raise ValueError(
            f"weights go from {least:.3g} to {largest:.3g}, too wide a range for sums "
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
    """Return the group size, a power of two that limits the number of groups."""
    # As many groups as fit in 32 MB, but 4 to 16 per vector that may stay. Their size
    # is a power of two, which divides the parts that `_fetch` gathers.
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

    # A block may begin and end within a group: `lead` tells the kernel how many of its
    # rows came before, and the two parts of a group are added here.
    parts = rows.reduce(of_block, lambda a, b: a + b)
    n_groups = -(-n // size)
    totals, sums = np.zeros(n_groups), np.zeros((n_groups, parts[0][2].shape[1]))
    for first, total, part, _ in parts:
        totals[first : first + len(total)] += total
        sums[first : first + len(total)] += part
    return totals, sums, sum(part[3] for part in parts)


def _fetch(rows, sums_of, size, support, weights):
    """Return the sums of groups of some rows, gathered one part at a time."""
    # `step` is a multiple of the size of a group, both powers of two: no group is cut.
    step = max(size, 2**16)
    parts = []
    for start in range(0, len(support), step):
        block = rows.gather(support[start : start + step])
        weight = weights[start : start + step]
        parts.append(sums_of(block.X, block.y, weight, size, 0))
    totals, sums, magnitude = zip(*parts, strict=True)
    return np.concatenate(totals), np.concatenate(sums), sum(magnitude)


def _thin_points(points, weights, most, by_weight):
    """Return the points that keep weight, at most `most`, and their weights."""
    # The same grouping once more, in memory: an elimination costs the number of points
    # times the square of `most`, so it is done among about twice `most` groups at a
    # time.
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
    """Return the points that keep weight, and weights of the same total and sum."""
    # Pivots are the largest entries of the points, or, with `by_weight`, the largest
    # shares in the sum of a column. With the former, the rounding errors of a heavy row
    # can exceed the whole sum of a column that is non-zero in light rows only.
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
    """Return weighted rows, with columns divided by about their largest entry."""
    # Products of entries and weights may leave the range of float64, so the exponents
    # are added up separately; columns are divided by a power of two.
    digits, exponents = np.frexp(A)
    digits_of_weights, more = np.frexp(weights)
    exponents += more[:, None]
    largest = np.where(digits != 0, exponents, np.iinfo(exponents.dtype).min)
    return np.ldexp(
        digits * digits_of_weights[:, None], exponents - largest.max(axis=0)
    )


def _polish(points, weights, target, magnitude, by_weight):
    """Correct rounding errors; return the weights and the remaining error.

    Errors are relative to the sums of absolute values.
    """
    # The sums are corrected by the smallest change of the weights; with `by_weight`, by
    # the smallest relative change, so that small weights are not distorted.
    scale = magnitude / target[-1]
    scale = np.where(scale > 0, scale, 1.0)
    A = _with_ones(points / scale)
    b = np.append(1.0, target[:-1] / target[-1] / scale)
    shares = weights / target[-1]
    gap = b - shares @ A
    error = np.abs(gap).max()
    # Digits that are lost when terms cancel cannot be restored by any weights.
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
