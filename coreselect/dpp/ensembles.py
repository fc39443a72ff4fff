"""L-ensembles of kernels and of features, and their functions.

``P(S)`` is proportional to ``det(L_S)``, for sets of any size or of a fixed size k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coreselect._filling import scaled
from coreselect._numbers import largest_entry
from coreselect._random import DRAW, draw_seed, stream
from coreselect._scratch import by_parts, empty, largest, parts, release, where
from coreselect._threads import one_blas_thread
from coreselect._typing import Column, Floats, Integers, RowsLike, Seed
from coreselect._validation import check_count, check_nonnegative
from coreselect.dpp._mixture import Ensemble
from coreselect.dpp.bases import basis_of
from coreselect.linalg import principal_whitening
from coreselect.rows import open as open_rows

_EPS = float(np.finfo(np.float64).eps)
_TIED = 1e-7  # logarithms of eigenvalues no further apart are tied
_CLEAR = 1e-5  # smallest over largest eigenvalue that one Gram matrix shows well
_GRAM_ROWS = 8192  # rows of a part of a Gram matrix


def ensemble(L, features, quality):
    """Return the `Ensemble` of a kernel matrix or of features."""
    if (L is None) == (features is None):
        raise ValueError("pass either L, a kernel matrix, or features, not both.")
    if features is None:
        L, eps = check_kernel(L, "L")
        if quality is None:
            return of_kernel(L, None, eps=eps, name="L")
        quality, exponent = scaled(check_nonnegative(quality, len(L), "quality"))
        return of_kernel(L, quality, eps=eps, name="L").times(exponent)
    rows, exponent = weighted(open_rows(features, name="features"), quality)
    return of_rows(rows).times(exponent)


def of_rows(rows, *, fit_intercept=False):
    """Return the `Ensemble` of ``X X'``, X the rows times the roots of weights."""
    # The left singular vectors of X are the eigenvectors of X X', which is never
    # formed; squared singular values are the eigenvalues.
    whitening, singular = principal_whitening(rows, fit_intercept=fit_intercept)
    kept = singular > 0
    whitening = whitening._replace(transform=whitening.transform[:, kept])
    vectors = basis_of(rows, whitening)
    log_values = 2 * np.log(singular[kept])
    return Ensemble(canonical(vectors, log_values), log_values)


def of_features(features):
    """Return the `Ensemble` of ``features @ features.T`` for a tall array.

    The array is kept, and may be scaled by a power of two.
    """
    # The eigenvectors come from the Gram matrix of the features and are not formed.
    # Rounding hides small eigenvalues of one Gram matrix; a second one, of the features
    # in the axes of the first, resolves them.
    most = max(largest_entry(features[rows]) for rows in parts(features))
    exponent = int(np.frexp(most)[1])
    if abs(exponent) > 200:
        for rows in parts(features):
            np.ldexp(features[rows], -exponent, out=features[rows])
    else:
        exponent = 0
    values, axes = _leading(_gram(features))
    log_values = np.log(values)
    axes = axes / np.sqrt(values)
    # Below this ratio, small eigenvalues need the second Gram matrix.
    if len(values) and values[-1] < _CLEAR * values[0]:
        lengths, turn = _leading(_gram(features, axes), 0.01)
        roots = np.sqrt(lengths)
        with one_blas_thread():
            inner = roots[:, None] * turn.T * np.sqrt(values)
            left, singular, _ = np.linalg.svd(inner, full_matrices=False)
        axes = axes @ (turn / roots @ left)
        log_values = 2 * np.log(singular)
    axes = canonical(axes, log_values, features)
    return Ensemble(features, log_values, axes).times(exponent)


def _gram(features, axes=None):
    """Return the Gram matrix of features, optionally in other axes."""
    # Parts of fixed size, so that sums do not depend on memory or threads.
    gram = 0.0
    for start in range(0, len(features), _GRAM_ROWS):
        part = features[start : start + _GRAM_ROWS]
        part = part if axes is None else part @ axes
        gram += part.T @ part
        release(features)
    return gram


def _leading(gram, noise=None):
    """Return the descending eigenvalues above rounding noise, and eigenvectors."""
    with one_blas_thread():
        values, vectors = np.linalg.eigh(gram)
    noise = rank_noise(len(gram)) if noise is None else noise
    kept = np.flatnonzero(values > noise * values[-1])[::-1]
    return values[kept], vectors[:, kept]


def canonical(vectors, log_values, factor=None):
    """Make the eigenvectors of tied eigenvalues depend on their eigenspace only.

    `vectors` is overwritten; it holds axes of a `factor`, if there is one.
    """
    # In a group of ties, any rotation is valid, and rounding decides which one comes
    # out. So each axis is chosen by a row: the one with the longest residual from the
    # axes before, the lowest row among ties.
    cuts = np.flatnonzero(~(-np.diff(log_values) <= _TIED)) + 1
    for group in np.split(np.arange(len(log_values)), cuts):
        if len(group) < 2:
            continue
        axes = _axes_by_rows(vectors if factor is None else factor, vectors, group)
        for rows in parts(vectors):
            vectors[rows][:, group] = vectors[rows][:, group] @ axes.T
    return vectors


def _axes_by_rows(factor, vectors, group):
    """Return orthonormal axes of a group of tied eigenvectors, each chosen by a row."""
    table, left = empty((len(factor), len(group))), empty(len(factor))
    for rows in parts(table, left, factor):
        own = factor[rows]
        part = own[:, group] if factor is vectors else own @ vectors[:, group]
        table[rows] = part
        left[rows] = np.einsum("ij,ij->i", part, part)
    axes = np.zeros((len(group), len(group)))
    for t in range(len(group)):
        near = largest(left) * (1 - 1e-6)
        axis = table[where(lambda rows: left[rows] >= near, left)[0]]  # noqa: B023
        for _ in range(2):  # once loses orthogonality if the residual is short
            axis = axis - axes[:t].T @ (axes[:t] @ axis)
        axes[t] = axis / np.linalg.norm(axis)
        for rows in parts(left, table):
            left[rows] -= (table[rows] @ axes[t]) ** 2
    return axes


def weighted(rows, quality):
    """Return rows weighted by ``quality**2 / 4**exponent``, and the exponent."""
    # Quality enters the kernel on both sides, so its square is a weight of the row.
    if quality is None:
        return rows, 0
    quality, exponent = scaled(check_nonnegative(quality, rows.n_rows, "quality"))
    return rows.reweighted(by_parts(_squared, quality, rows.weight)), exponent


def _squared(quality, weight):
    return quality**2 if weight is None else quality**2 * weight


def check_kernel(L, name):
    """Return a kernel matrix as float64, and the eps of its original type.

    Raise unless it is square and symmetric.
    """
    # The tolerance follows the type that the entries were computed in: a kernel that
    # was rounded to float32 is symmetric, and semidefinite, only up to that rounding.
    rows = open_rows(L, name=name)
    if rows.n_rows != rows.n_features:
        # Selectors call it X, and functions L.
        way_out = "another kernel" if name == "X" else "features=..."
        raise ValueError(
            f"{name} must be square, with one row and one column per row of the data, "
            f"got shape ({rows.n_rows}, {rows.n_features}); use {way_out} if these are "
            "features."
        )
    X = rows.whole().X
    dense = X.toarray() if rows.is_sparse else X
    eps = float(np.finfo(dense.dtype).eps) if dense.dtype.kind == "f" else _EPS
    tolerance = _tolerance(eps)
    dense = np.asarray(dense, dtype=np.float64)
    gaps = abs(dense - dense.T)
    i, j = np.unravel_index(np.argmax(gaps), gaps.shape)
    if gaps[i, j] > tolerance * abs(dense).max():
        raise ValueError(
            f"{name} must be symmetric, but entry ({i}, {j}) is {dense[i, j]:.6g} and "
            f"entry ({j}, {i}) is {dense[j, i]:.6g}; pass ({name} + {name}.T) / 2 if "
            "that is meant."
        )
    return dense, eps


def _tolerance(eps):
    """Return the relative size of rounding errors in entries and eigenvalues."""
    return 1e-8 if eps <= _EPS else 1e-4


def rank_noise(n, eps=_EPS):
    """Return the size of a zero eigenvalue after rounding, relative to the largest."""
    return 8 * np.sqrt(n) * eps


def of_kernel(L, quality, *, eps, name):
    """Return the `Ensemble` of a symmetric matrix; raise for negative eigenvalues."""
    if quality is not None:
        L = quality[:, None] * L * quality
    # Eigenvalues are kept as logarithms, and the matrix is scaled first. So kernels of
    # any scale work, whose determinants would overflow or vanish.
    scale = abs(L).max()
    if scale == 0:
        return Ensemble(np.empty((len(L), 0)), np.empty(0))
    values, vectors = np.linalg.eigh(L / scale)
    if values[0] < -_tolerance(eps) * max(values[-1], -values[0]):
        raise ValueError(
            f"{name} must be positive semidefinite, but has the eigenvalue "
            f"{values[0] * scale:.6g} (its largest is {values[-1] * scale:.6g}); is "
            "it a kernel?"
        )
    noise = rank_noise(len(L), eps) * values[-1]
    kept = np.flatnonzero(values > noise)[::-1]
    log_values = np.log(values[kept])
    vectors = canonical(np.ascontiguousarray(vectors[:, kept]), log_values)
    return Ensemble(vectors, log_values + np.log(scale))


def sample_dpp(
    L: ArrayLike | None = None,
    *,
    features: RowsLike | None = None,
    quality: Column = None,
    random_state: Seed = None,
) -> Integers:
    """Draw a random number of rows with probability proportional to ``det(L_S)``.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows), optional
        Symmetric and positive semidefinite.
    features : {array-like, sparse matrix} of shape (n_rows, n_features), optional
        Alternative to L: the kernel is ``features @ features.T`` and is never formed.
        `nystroem_features` makes features of any kernel.
    quality : array-like of shape (n_rows,), optional
        Non-negative; the kernel becomes ``quality_i L_ij quality_j``. Rows of greater
        quality are taken more often, rows of quality 0 never.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64, ascending
        The expected number of rows is the sum of ``lambda / (1 + lambda)`` over the
        eigenvalues of L. The sample may be empty.

    Raises
    ------
    ValueError
        If L is not symmetric or has a negative eigenvalue; the message names it.

    See Also
    --------
    sample_kdpp : A fixed number of rows.

    Notes
    -----
    Exact. O(n^3) for L, O(n d^2) for d features, mostly for the eigenvectors.

    References
    ----------
    .. [1] A. Kulesza, B. Taskar, "Determinantal point processes for machine learning",
       Foundations and Trends in Machine Learning 5, 2012, :arxiv:`1207.6083`.

    Examples
    --------
    >>> from coreselect.dpp import sample_dpp
    >>> L = [[9.0, 9.0, 0.0], [9.0, 9.0, 0.0], [0.0, 0.0, 9.0]]
    >>> sample_dpp(L, random_state=0)  # never both of rows 0 and 1
    array([0, 2])
    """
    process = ensemble(L, features, quality)
    return np.sort(process.sample(None, stream(draw_seed(random_state), DRAW)))


def sample_kdpp(
    L: ArrayLike | None = None,
    k: int | None = None,
    *,
    features: RowsLike | None = None,
    quality: Column = None,
    random_state: Seed = None,
) -> Integers:
    """Draw k rows with probability proportional to ``det(L_S)``.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows), optional
        As in `sample_dpp`.
    k : int
        At most the rank of L.
    features, quality
        As in `sample_dpp`.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64 of shape (k,), ascending

    Raises
    ------
    ValueError
        If k exceeds the rank; if L is not symmetric or has a negative eigenvalue.

    See Also
    --------
    kdpp_inclusion_probabilities : Inclusion probabilities of the rows.
    sample_dpp : A random number of rows.

    Notes
    -----
    Exact for any k and any eigenvalues, since no elementary symmetric polynomials are
    computed. Eigenvectors are chosen independently, with eigenvalues scaled so that k
    are chosen on average, until exactly k are chosen. If that takes too long, they are
    drawn from a table of the same conditional distribution. Rows are proposed by their
    lengths in the leading eigenvectors and accepted by their lengths in the chosen
    ones. O(n^3) for L, O(n d^2) for d features.

    Drawing rows one by one by their Schur complements in L gives another distribution,
    unless L is a projection.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import sample_kdpp
    >>> len(sample_kdpp(100 * np.eye(600), 200, random_state=0))
    200
    """
    k = check_count(k, "k")
    process = ensemble(L, features, quality)
    process.check_size(k, "k")
    return np.sort(process.sample(k, stream(draw_seed(random_state), DRAW)))


def kdpp_inclusion_probabilities(
    L: ArrayLike | None = None,
    k: int | None = None,
    *,
    features: RowsLike | None = None,
    quality: Column = None,
) -> Floats:
    """Compute the inclusion probabilities of rows in `sample_kdpp`.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows), optional
        As in `sample_dpp`.
    k : int
        At most the rank of L.
    features, quality
        As in `sample_dpp`.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        Probabilities that add up to k. If k is the rank, they are the leverage scores
        of the features.

    Raises
    ------
    ValueError
        As in `sample_kdpp`.

    Notes
    -----
    They are not the diagonal of ``c L (I + c L)^-1`` for any c. The cost is
    O(rank k^2), in addition to the eigenvectors.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import kdpp_inclusion_probabilities
    >>> kdpp_inclusion_probabilities(np.diag([1.0, 1.0, 2.0]), 1)
    array([0.25, 0.25, 0.5 ])
    """
    k = check_count(k, "k")
    process = ensemble(L, features, quality)
    process.check_size(k, "k")
    return process.inclusion(k)
