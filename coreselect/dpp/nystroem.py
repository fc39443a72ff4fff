"""Nystroem features of any kernel, with landmarks drawn by ridge leverage scores."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from coreselect._kernels.norms import row_sq_norms
from coreselect._random import LEARN, draw_seed, stream
from coreselect._scratch import parts, total
from coreselect._threads import one_blas_thread
from coreselect._typing import Column, RowsLike, Seed
from coreselect._validation import check_count
from coreselect.dpp.ensembles import rank_noise
from coreselect.neighbors.kernels import KernelRows, symmetric
from coreselect.sampling.designs import draw_with_seed

_CLEAR = 1e-10  # ratio of eigenvalues above which a Cholesky factor is accurate
_PANELS = 4  # panels of a triangular product: more would save little and be slower


class Nystroem(NamedTuple):
    """Features of a kernel and their error, as `nystroem_features` returns them.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_features)
        ``features @ features.T`` approximates the kernel from below: the difference is
        positive semidefinite.
    landmarks : ndarray of int64, ascending
        Numbers of the rows that the features are computed from.
    error : float
        Relative error of the trace of the kernel, in [0, 1]; 0 is exact.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import nystroem_features
    >>> features, landmarks, error = nystroem_features(np.eye(5), n_components=3)
    >>> features.shape, len(landmarks)
    ((5, 3), 3)
    """

    features: np.ndarray
    landmarks: np.ndarray
    error: float


def nystroem_features(
    X: RowsLike,
    *,
    kernel: Literal["rbf", "linear"] | Callable[..., Any] = "rbf",
    gamma: float | None = None,
    n_components: int = 100,
    quality: Column = None,
    random_state: Seed = None,
) -> Nystroem:
    """Compute features whose products approximate a kernel.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    kernel : {"rbf", "linear"} or callable
        As in `KernelRows`.
    gamma : float, optional
        Parameter of the rbf kernel; ``1 / n_features`` by default.
    n_components : int, default=100
        Number of landmarks. With as many as there are rows, the kernel is exact.
    quality : array-like of shape (n_rows,), optional
        Non-negative; the kernel becomes ``quality_i k(x_i, x_j) quality_j``.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    Nystroem
        Features, landmarks, and the relative error of the trace.

    Raises
    ------
    TypeError, ValueError
        If `n_components` is not a positive int, or the kernel cannot be computed.

    Notes
    -----
    Landmarks are drawn by recursive ridge leverage scores [1]_: half of the rows are
    chosen again and again, and each of these sets is scored by landmarks from the next
    smaller one. O(n m^2) time for m components, ``log2(n / m) + 2`` passes, O(n m)
    memory for the features.

    References
    ----------
    .. [1] C. Musco, C. Musco, "Recursive sampling for the Nystrom method", NeurIPS
       2017, :arxiv:`1605.07583`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import nystroem_features
    >>> X = np.linspace(0, 1, 500)[:, None]
    >>> found = nystroem_features(X, n_components=10, random_state=0)
    >>> found.features.shape[0], found.error < 1e-6
    (500, True)
    """
    if check_count(n_components, "n_components") == 0:
        raise ValueError("n_components must be at least 1, got 0.")
    seed = draw_seed(random_state)
    rows = KernelRows(X, kernel=kernel, gamma=gamma, quality=quality)
    return features_of(rows, n_components, seed)


def features_of(kernel, n_components, seed):
    """Return the `Nystroem` features of `KernelRows`, for a seed."""
    # With T T' the inverse of the kernel among landmarks, features are K(rows,
    # landmarks) T. The error is known exactly: the trace of what they do not explain.
    diagonal = kernel.diagonal()
    landmarks = _landmarks(kernel, diagonal, n_components, seed)
    data = kernel.gather(landmarks)
    transform, upper = _transform(symmetric(kernel.between(data, data)))
    alone = kernel.alone
    features = kernel.rows.map(
        lambda block: block_features(alone, block.X, data, transform, upper=upper)
    )
    missing = 0.0
    for rows in parts(features, diagonal, kernel.quality):
        part = features[rows]
        if kernel.quality is not None:
            part *= kernel.quality[rows, None]
        left = diagonal[rows] - np.einsum("ij,ij->i", part, part)
        missing += np.maximum(left, 0.0).sum()
    trace = total(diagonal)
    return Nystroem(features, landmarks, float(missing / trace) if trace else 0.0)


def block_features(kernel, X, landmarks, transform, *, upper=False):
    """Return the features of rows: kernel values with landmarks, times a matrix.

    `kernel` is one of `KernelRows.alone`. `upper` tells whether the matrix is upper
    triangular.
    """
    out = np.empty((X.shape[0], transform.shape[1]))

    def work(start, stop):
        between = kernel.between(X[start:stop], landmarks)
        _multiply(between, transform, out[start:stop], upper=upper)

    kernel.in_chunks(work, len(out), landmarks.shape[0])
    return out


def inverse_root(inner, jitter):
    """Return the inverse of the symmetric root of a kernel matrix.

    Its diagonal is first raised by `jitter` times its mean, so that the matrix may be
    singular: rows that are equal, or nearly so, share what one of them would explain.
    A matrix of zeros has the result zero.
    """
    # The symmetric root does not depend on the signs of eigenvectors, nor on their
    # choice where eigenvalues are equal. A jitter changes it smoothly; leaving out
    # small eigenvalues would let rounding decide which of them remain.
    with one_blas_thread():
        values, vectors = np.linalg.eigh(inner)
        _check_definite(values)
        raised = np.maximum(values, 0.0) + jitter * np.diagonal(inner).mean()
        if not raised[-1]:
            return np.zeros_like(inner)
        return (vectors / np.sqrt(raised)) @ vectors.T


def _transform(inner):
    """Return T with ``T T'`` the inverse of a kernel matrix; tell if it is triangular.

    Directions in which the matrix is zero up to rounding are left out.
    """
    # A triangular factor halves the work of the products with all rows, so it is used
    # unless the matrix is nearly singular. One thread: small factorisations do not gain
    # from more, and a fixed number gives the same last bits.
    with one_blas_thread():
        values = np.linalg.eigvalsh(inner)
        _check_definite(values)
        if values[0] > _CLEAR * values[-1]:
            return solve_triangular(cholesky(inner), np.eye(len(inner))), True
        values, vectors = np.linalg.eigh(inner)
    kept = values > rank_noise(len(values)) * values[-1]
    if not kept.any():
        return np.zeros((len(values), 1)), False
    return vectors[:, kept] / np.sqrt(values[kept]), False


def _multiply(rows, transform, out, *, upper):
    """Multiply rows by a matrix; if it is upper triangular, skip most of its zeros."""
    # Columns are cut into panels; panel j needs only the rows above its last diagonal
    # entry. Four panels skip 3/8 of the work and leave the products large.
    edges = np.linspace(0, transform.shape[1], _PANELS + 1 if upper else 2).astype(int)
    for start, stop in pairwise(edges):
        last = stop if upper else len(transform)
        np.matmul(rows[:, :last], transform[:last, start:stop], out=out[:, start:stop])


def _check_definite(values):
    """Raise if one of the ascending eigenvalues is negative beyond rounding."""
    if values[0] < -1e-8 * max(values[-1], -values[0]):
        raise ValueError(
            f"kernel must be positive semidefinite, but its matrix between "
            f"{len(values)} rows has the eigenvalue {values[0]:.6g}."
        )


def _landmarks(kernel, diagonal, size, seed):
    """Draw `size` rows by recursive ridge leverage scores, or all if `size >= n`."""
    n = kernel.n_rows
    if size >= n:
        return np.arange(n)
    rng = stream(seed, LEARN, 0)
    place = rng.permutation(n)  # each level holds the rows of the first places
    n_levels = int(np.ceil(np.log2(n / size)))
    chosen = np.flatnonzero(place < -(-n // 2**n_levels))
    root = np.ones(len(chosen))  # square roots of the weights of the chosen rows
    oversampling = max(1.0, np.log(size) / 2)  # as in [1]; twice that is no better
    for level in range(n_levels - 1, -1, -1):
        members = place < -(-n // 2**level)
        scores = _ridge_leverage(kernel, diagonal, members, chosen, root, size)
        if level == 0:
            return draw_with_seed(
                scores, size, "pivotal", None, None, int(rng.integers(2**63))
            ).indices
        # Between levels, rows are drawn independently, and weighted to stay unbiased.
        chances = np.minimum(1.0, oversampling * scores)
        found = np.flatnonzero(rng.random(n) < chances)
        if len(found):
            chosen, root = found, chances[found] ** -0.5
    raise AssertionError("a level 0 always comes")


def _ridge_leverage(kernel, diagonal, members, chosen, root, size):
    """Return the ridge leverage scores of members by landmarks; 0 for other rows."""
    # The part of k(x, x) that the landmarks do not explain, divided by the ridge,
    # overestimates the ridge leverage score, if there are enough landmarks. The ridge
    # is the sum of the eigenvalues that k components leave over, divided by k; it is
    # estimated from the weighted landmarks.
    data = kernel.gather(chosen)
    own = root if kernel.quality is None else root * kernel.quality[chosen]
    inner = symmetric(kernel.between(data, data)) * np.outer(own, own)
    k = int(np.ceil(size / (4 * np.log(max(size, 3)))))
    with one_blas_thread():
        values = np.linalg.eigvalsh(inner)
        _check_definite(values)
        # For a kernel of low rank, the sum is zero: a tiny ridge allows a factor.
        ridge = max(values[:-k].sum() / k, 1e-10 * values.sum() / k)
        if ridge <= 0:
            return members.astype(np.float64)
        identity = np.eye(len(inner))
        inverse = solve_triangular(cholesky(inner + ridge * identity), identity)
    inverse *= own[:, None]
    alone = kernel.alone

    def scores(block):
        out = np.zeros(block.X.shape[0])
        # Only members of this level are scored, each at the cost of one row of
        # products.
        numbers = np.flatnonzero(block.values["members"])
        if not len(numbers):
            return out
        X = block.X if len(numbers) == len(out) else block.X[numbers]
        explained = np.empty(len(numbers))

        def work(start, stop):
            product = np.empty((stop - start, len(inverse)))
            _multiply(alone.between(X[start:stop], data), inverse, product, upper=True)
            explained[start:stop] = row_sq_norms(product)

        alone.in_chunks(work, len(numbers), len(inverse))
        if "own" in block.values:
            explained *= block.values["own"][numbers] ** 2
        left = block.values["diagonal"][numbers] - explained
        out[numbers] = np.clip(left / ridge, 0.0, 1.0)
        return out

    rows = kernel.rows.keeping(members=members, diagonal=diagonal)
    if kernel.quality is not None:
        rows = rows.keeping(own=kernel.quality)
    return rows.map(scores)
