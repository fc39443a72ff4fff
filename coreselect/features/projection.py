"""Random projections of wide rows to a few hundred columns.

They nearly keep inner products (Johnson and Lindenstrauss).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from coreselect._random import LEARN, draw_seed, words_by_row
from coreselect._typing import Floats, RowsLike, Seed
from coreselect._validation import Integer
from coreselect.rows import open as open_rows


def project(G: RowsLike, n_components: int, *, random_state: Seed = None) -> Floats:
    """Project rows to fewer columns, which nearly keeps their inner products.

    Parameters
    ----------
    G : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    n_components : int
        Columns of the result; 256 to 512 suffice for most purposes.
    random_state : None, int, RandomState or Generator
        The same seed gives the same projection; use one seed for rows and targets.

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_components)

    Notes
    -----
    A sparse embedding: half of every feature, with a random sign, is added to each of
    four columns drawn at random. Inner products are unbiased, and those of rows of
    length one have a standard deviation of at most ``sqrt(2 / n_components)``. O(4 n
    n_features).

    References
    ----------
    .. [1] D. Kane, J. Nelson, "Sparser Johnson-Lindenstrauss transforms", JACM 61,
       2014, :doi:`10.1145/2559902`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.features import project
    >>> G = np.random.default_rng(0).normal(size=(3, 10_000)) / 100
    >>> P = project(G, 400, random_state=0)
    >>> P.shape, bool(abs(P @ P.T - G @ G.T).max() < 0.2)
    ((3, 400), True)
    """
    check_components(n_components, optional=False)
    seed = draw_seed(random_state)
    return open_rows(G, name="G").map(
        lambda block: projected(block.X, n_components, seed)
    )


def check_components(n_components, optional=True):
    """Raise unless `n_components` is an int of at least 1, or None where it may be."""
    if not (optional and n_components is None):
        Integer(1)("n_components", n_components)


def _embedding(n_features, n_components, seed):
    """Return the sparse matrix by which rows are multiplied."""
    words = words_by_row(seed, (LEARN,), 0, n_features, 4)
    # The sign is the lowest bit and the column comes from the upper 53, so that both
    # are independent. Words belong to features: wider rows keep the columns of others.
    signs = np.where(words & 1, 0.5, -0.5)
    columns = ((words >> 11) * 2.0**-53 * n_components).astype(np.int64)
    features = np.repeat(np.arange(n_features), 4)
    return sparse.csr_array(
        (signs.ravel(), (features, columns.ravel())), shape=(n_features, n_components)
    )


def projected(X, n_components, seed):
    """Return rows times the random matrix of a seed, as a dense array."""
    embedding = _embedding(X.shape[1], n_components, seed)
    product = X @ embedding
    return product.toarray() if sparse.issparse(product) else np.asarray(product)
