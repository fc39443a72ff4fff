"""Exact coresets for least squares: every weighted product of two columns is kept."""

from itertools import pairwise

import numpy as np

from coreselect._kernels.vectorsum import group_sums
from coreselect._validation import check_vector
from coreselect.linalg import leverage_whitening, whitened_rows
from coreselect.rows import Block
from coreselect.rows import open as open_rows
from coreselect.sampling import ranked, stratum_codes
from coreselect.vectorsum._caratheodory import thin
from coreselect.vectorsum._vectors import weights_of

_PAIRS = 128  # rows of a group from which on its products are one matrix product


def least_squares_coreset(X, y, sample_weight=None, *, groups=None):
    """Find few rows with weights that have the squared error of all rows, exactly.

    For every coefficient vector and every intercept, the weighted sum of squared errors
    of the selected rows is that of all rows. So ordinary least squares, ridge, lasso
    and elastic net have the same solutions on them, at every penalty (of estimators
    that divide by the number of rows or by the total weight: this is kept too).

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Anything that `coreselect.rows.open` takes; files are read block by block.
    y : array-like of shape (n_rows,)
        Targets.
    sample_weight : array-like of shape (n_rows,), optional
        Non-negative; a row of weight w counts as w copies.
    groups : array-like of shape (n_rows,), optional
        A label for every row, such as the fold of a cross-validation: sums are kept
        within each group, so that fits to all groups but one and their errors on that
        one are exact too.

    Returns
    -------
    Selection
        At most ``(p + 2) (p + 3) / 2`` rows of each group, for p features: fewer where
        columns, or their products, depend on each other.

    Raises
    ------
    TypeError, ValueError
        If X, y or sample_weight are not finite numbers of the same length.

    See Also
    --------
    caratheodory : The same for any vectors.

    Notes
    -----
    The vectors are the products of two columns of ``(x, 1, y)``, in coordinates in
    which these columns are orthonormal. The relative error of the sum of squares is
    about 1e-14 for every coefficient vector at once, however dependent the columns;
    so much also where the fit is nearly perfect, of the part that rounding left.

    O(n p^2 + p^6 log n) time: a few passes over all rows, each like that of a Gram
    matrix, then parts of them. Products are held for 32 MB of rows at a time. Above 40
    features, the sums take longer than the passes (p^6): fit to all rows instead.

    References
    ----------
    .. [1] A. Maalouf, I. Jubran, D. Feldman, "Fast and accurate least-mean-squares
       solvers", NeurIPS 2019.

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
    rows.y = check_vector(rows.y, rows.n_rows, "y")
    n_total = rows.n_rows
    rows = rows.positive()
    sums_of, n_columns = _products(rows)
    if groups is None:
        indices, weights = thin(rows, sums_of, n_columns)
    else:
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
    return ranked(indices, weights, n_total)


def _products(rows):
    """Return what adds up products of whitened columns, and how many there are."""
    whitening = leverage_whitening(
        rows, alpha=0.0, fit_intercept=True, solver="auto", seed=0
    )

    def whitened(X, y, weight):
        block = Block(X, y, weight, 0)
        start = 0
        for Z in whitened_rows(block, whitening):
            part = slice(start, start + len(Z))
            start += len(Z)
            yield Z, np.sqrt(weight[part]) * y[part], part

    def moments(block):
        return sum(
            np.append(Z.T @ t, t @ t)
            for Z, t, _ in whitened(block.X, block.y, block.weight)
        )

    *along, square = rows.reduce(moments, np.add)

    def error(block):
        return sum(
            ((t - Z @ along) ** 2).sum()
            for Z, t, _ in whitened(block.X, block.y, block.weight)
        )

    left = np.sqrt(rows.reduce(error, np.add))
    # Of a perfect fit, rounding is what is left; it counts for no more than that.
    left = max(left, 1e-15 * np.sqrt(square)) or 1.0
    total = weights_of(rows).sum()
    rank = whitening.rank + 1
    upper = np.triu_indices(rank)

    def sums_of(X, y, weight, size, lead):
        n = X.shape[0]
        out = np.zeros((-(-(n + lead) // size), len(upper[0])))
        for Z, t, part in whitened(X, y, weight):
            B = np.sqrt(total) * np.column_stack([Z, (t - Z @ along) / left])
            first, sums = _group_products(B, size, lead + part.start, upper)
            out[first : first + len(sums)] += sums
        totals = group_sums(np.empty((n, 0)), np.array(weight), size, lead)[0]
        # Whitened columns have length one, so that no product adds up to more.
        return totals, out, np.full(out.shape[1], total)

    return sums_of, len(upper[0])


def _group_products(B, size, offset, upper):
    """Return the first group of some rows, and its and later groups' ``B'B``."""
    first, lead = divmod(offset, size)
    n_groups = -(-(lead + len(B)) // size)
    if size == 1:
        return first, B[:, upper[0]] * B[:, upper[1]]
    if size >= _PAIRS:
        edges = np.clip(np.arange(n_groups + 1) * size - lead, 0, len(B))
        grams = [B[a:b].T @ B[a:b] for a, b in pairwise(edges)]
        return first, np.array(grams)[:, upper[0], upper[1]]
    padded = np.zeros((n_groups * size, B.shape[1]))
    padded[lead : lead + len(B)] = B
    padded = padded.reshape(n_groups, size, -1)
    grams = padded.transpose(0, 2, 1) @ padded
    return first, grams[:, upper[0], upper[1]]
