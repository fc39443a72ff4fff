"""Exact coresets for least squares, which preserve products of any two columns."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from coreselect._kernels.vectorsum import group_sums
from coreselect._numbers import to_dense
from coreselect._typing import Column, RowsLike
from coreselect._validation import check_vector
from coreselect.rows import Block
from coreselect.rows import open as open_rows
from coreselect.sampling.groups import stratum_codes
from coreselect.selection import Selection
from coreselect.vectorsum._caratheodory import thin

_WELL_CONDITIONED = 30.0  # condition number up to which columns are not mixed
_HIDDEN = 1e-14  # relative; smaller squared lengths may be rounding errors
_TIE = 1e-9  # relative; columns whose squared lengths differ by less are ties
_LARGE = 2.0**969  # numbers up to this overflow in no difference to another number
_CHUNK = 4096  # rows whose products are formed at a time
_PAIRS = 256  # largest group size for which products are formed in a batch


def least_squares_coreset(
    X: RowsLike, y: ArrayLike, sample_weight: Column = None, *, groups: Column = None
) -> Selection:
    """Find few weighted rows that have exactly the squared error of all rows.

    For every coefficient vector and every intercept, the weighted sum of squared errors
    over the selected rows equals that over all rows. So ordinary least squares, ridge,
    lasso and elastic net have the same solutions on them, at every penalty. The total
    weight is preserved, too, for estimators that divide by it.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    y : array-like of shape (n_rows,)
        Targets.
    sample_weight : array-like of shape (n_rows,), optional
        Non-negative; a row of weight w counts as w copies.
    groups : array-like of shape (n_rows,), optional
        A label for every row, such as its fold in a cross-validation. Sums are then
        preserved within each group. So fits to all groups but one, and their errors on
        that group, are exact, too.

    Returns
    -------
    Selection
        At most ``(p + 2) (p + 3) / 2`` rows of each group, for p features; fewer if
        columns, or products of columns, are linearly dependent.

    Raises
    ------
    TypeError, ValueError
        If X, y or sample_weight are not finite numbers of the same length.

    See Also
    --------
    caratheodory : The same for any vectors.

    Notes
    -----
    The vectors are the products of two columns of ``(x, 1, y)``, after centring,
    scaling, and orthogonalising columns that are nearly dependent. So the sum of
    squares is exact to about 1e-13 of its value, at all coefficient vectors and also
    for nearly dependent columns.

    The cost is O(n p^2 + p^6 log n): three passes over all rows (four if columns are
    nearly dependent), and further passes over parts of them. Products are held for 32
    MB of groups of rows at a time, never for all rows. A single fit to all rows is
    faster. The coreset pays if many fits are made (penalties, cross-validation), or if
    the rows are stored or sent. Above about 40 features, p^6 dominates.

    References
    ----------
    .. [1] A. Maalouf, I. Jubran, D. Feldman, "Fast and accurate least-mean-squares
       solvers", NeurIPS 2019, :arxiv:`1906.04705`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect.vectorsum import least_squares_coreset
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((10_000, 2))
    >>> y = X @ [1.0, 2.0] + rng.standard_normal(10_000)
    >>> selection = least_squares_coreset(X, y)
    >>> len(selection)
    10
    >>> few = LinearRegression().fit(*selection.take(X, y), selection.weights)
    >>> bool(np.allclose(few.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-9))
    True
    """
    rows = open_rows(X, y, sample_weight)
    if rows.y is None:
        raise ValueError("y must hold a target for each row, got None.")
    rows.y = check_vector(rows.y, rows.n_rows, "y")
    n_total = rows.n_rows
    rows = rows.subset()
    sums_of, n_columns = _sums_of_products(_columns(rows))
    if groups is None:
        indices, weights = thin(rows, sums_of, n_columns)
    else:
        # Sums over groups add up to sums over all rows, so each group is thinned alone.
        codes = stratum_codes(groups, n_total, "groups")
        codes = codes if rows.kept is None else codes[rows.kept]
        found = [
            thin(rows, sums_of, n_columns, np.flatnonzero(codes == code))
            for code in np.unique(codes)
        ]
        indices, weights = map(np.concatenate, zip(*found, strict=True))
        order = np.argsort(indices)
        indices, weights = indices[order], weights[order]
    if rows.kept is not None:
        indices = rows.kept[indices]
    return Selection(indices, weights, n_total)


class _Columns(NamedTuple):
    """Maps rows to columns of length one: ``((x, 1, y) - shift) * scale @ mix``."""

    shift: np.ndarray
    scale: np.ndarray
    # Orthogonalises columns that are nearly dependent: (n_features + 2, n_columns).
    mix: np.ndarray | None = None

    @property
    def number(self):
        return len(self.scale) if self.mix is None else self.mix.shape[1]

    def of(self, block):
        """Yield chunks of the mapped rows, times the roots of their weights.

        Each chunk may overwrite the one before.
        """
        # One buffer for all chunks. Rows get the roots of their weights, as products of
        # two columns are formed from them.
        n, d = block.X.shape
        shift, scale, mix = self
        roots = None if (block.weight == 1.0).all() else np.sqrt(block.weight)
        buffer = np.empty((min(n, _CHUNK), d + 2))
        for start in range(0, n, _CHUNK):
            part = slice(start, start + _CHUNK)
            B = buffer[: n - start]
            np.subtract(to_dense(block.X[part]), shift[:d], out=B[:, :d])
            B[:, d] = 1.0
            np.subtract(block.y[part], shift[-1], out=B[:, -1])
            B *= scale
            if roots is not None:
                B *= roots[part, None]
            yield B if mix is None else B @ mix

    def gram(self, rows):
        """Return the Gram matrix of the columns over all rows."""

        def of_block(block):
            return sum(_products(B, _PAIRS, 0).sum(axis=0) for B in self.of(block))

        return rows.reduce(of_block, np.add)


def _columns(rows):
    """Return the shift, scale and mixing of the columns, found in passes over rows."""
    # Means first, then lengths, then dependence: each needs a pass over all rows, and
    # makes the rounding errors of the next one small.
    d, total = rows.n_features, rows.each_weight().sum()
    # Means are added up as deviations from the first row, so that constant columns,
    # less their means, are zero and not rounding errors.
    first = rows.gather([0])
    start = np.concatenate([to_dense(first.X)[0], [0.0], first.y]).astype(np.float64)
    start[np.abs(start) > _LARGE] = 0.0

    def moments(block):
        share, n = block.weight / total, len(block.y)
        parts = to_dense(block.X) - start[:d], block.y[:, None] - start[-1]
        found = [group_sums(part, share, n, 0)[1:] for part in parts]
        mean = np.concatenate([found[0][0][0], [0.0], found[1][0][0]])
        return np.array([mean, np.concatenate([found[0][1], [1.0], found[1][1]])])

    mean, size = rows.reduce(moments, np.add)
    mean += start
    size += np.abs(start)
    size[d] = 1.0
    columns = _Columns(mean, 1 / (np.where(size > 0, size, 1.0) * np.sqrt(total)))
    gram = columns.gram(rows)
    lengths = np.sqrt(gram.diagonal())
    lengths[lengths == 0] = np.inf
    columns = columns._replace(scale=columns.scale / lengths)
    gram /= np.outer(lengths, lengths)
    values = np.linalg.eigvalsh(gram)
    if values[-1] <= _WELL_CONDITIONED**2 * values[0]:
        return columns
    # The column of ones is orthogonal to the centred others; it is not mixed.
    others = np.arange(d + 2) != d
    mix = np.zeros((d + 2, d + 1))
    mix[others] = _orthonormal(gram[np.ix_(others, others)])[0]
    # Rounding hides short directions in the first Gram matrix; the second one, of the
    # mixed columns, resolves them.
    # Its columns are short, or about one long: rounding must not decide their order.
    again, lengths = _orthonormal(columns._replace(mix=mix).gram(rows), tie=0.5)
    mix = mix @ again[:, lengths > _HIDDEN]
    return columns._replace(mix=np.column_stack([mix, ~others]))


def _orthonormal(gram, tie=_TIE):
    """Return a matrix that makes columns orthonormal, and squared residual lengths."""
    # This is a pivoted Cholesky factorisation. Eigenvectors of equal eigenvalues would
    # be rotated by rounding; the pivots are the same on every machine: the column with
    # the longest residual first, ties by position, and all columns whose residuals may
    # be rounding errors last, in their order.
    q = len(gram)
    gram, mix, left = gram.copy(), np.eye(q), np.zeros(q)
    order = []
    scale = gram.diagonal().max() or 1.0
    for _ in range(q):
        rest = np.maximum(gram.diagonal(), _HIDDEN * scale)
        rest[order] = 0.0
        pivot = int(np.argmax(rest >= rest.max() * (1 - tie)))
        length = np.sqrt(rest[pivot])
        left[pivot] = max(gram[pivot, pivot], 0.0) / scale
        order.append(pivot)
        mix[:, pivot] /= length
        row = gram[pivot] / length
        row[order] = 0.0
        gram -= np.outer(row, row)
        mix -= np.outer(mix[:, pivot], row)
    return mix[:, order], left[order]


def _sums_of_products(columns):
    """Return a function that adds up products of columns, and their number."""
    upper = np.triu_indices(columns.number)

    def sums_of(X, y, weight, size, lead):
        n = X.shape[0]
        out = np.zeros((-(-(n + lead) // size), len(upper[0])))
        start = 0
        for B in columns.of(Block(X, y, weight, 0)):
            first, missing = divmod(lead + start, size)
            sums = _products(B, size, missing)[:, upper[0], upper[1]]
            out[first : first + len(sums)] += sums
            start += len(B)
        totals = group_sums(np.empty((n, 0)), np.array(weight), size, lead)[0]
        # Columns have length one, so the absolute products add up to at most one.
        return totals, out, np.ones(out.shape[1])

    return sums_of, len(upper[0])


def _products(B, size, lead):
    """Return ``B'B`` of groups of rows; the first group lacks `lead` rows."""
    # Small groups are padded to equal size and multiplied in one batch.
    n_groups = -(-(lead + len(B)) // size)
    if size > _PAIRS:
        edges = np.clip(np.arange(n_groups + 1) * size - lead, 0, len(B))
        return np.array([B[a:b].T @ B[a:b] for a, b in pairwise(edges)])
    if lead or len(B) % size:
        padded = np.zeros((n_groups * size, B.shape[1]))
        padded[lead : lead + len(B)] = B
        B = padded
    B = B.reshape(n_groups, size, -1)
    return B.transpose(0, 2, 1) @ B
