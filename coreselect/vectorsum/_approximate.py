"""Weighted subsets of any size whose weighted sum approximates that of all vectors."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import largest_entry, power_of_two
from coreselect._random import DRAW, draw_seed, stream
from coreselect._typing import (
    Column,
    Floats,
    Integers,
    PlainDesign,
    RowsLike,
    Seed,
    Size,
)
from coreselect._validation import Integer, OneOf, check_size
from coreselect.sampling import DESIGNS
from coreselect.sampling.designs import draw_with_seed
from coreselect.vectorsum._vectors import dense_vectors

_TIE = 1e-9  # relative; slopes this close to the best are ties
_CONVERGED = 1e-13  # slope up to which no further vector helps


def frank_wolfe(
    V: RowsLike, weights: Column = None, size: Size = 100
) -> tuple[Integers, Floats]:
    """Approximate the weighted sum of vectors with few of them by Frank-Wolfe steps.

    Let mu be the weighted mean of the vectors, ``sigma**2`` the weighted mean of
    ``|v - mu|**2`` and W the total weight. For any number of vectors, some m of them
    have ``|sum(u v) - sum(w v)| <= c W sigma / sqrt(m)`` [1]_, with new weights u. In
    few dimensions, the error falls much faster with m.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector per row; held in memory as float64. Lengths add up over columns, so
        scale the columns to comparable size first.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.
    size : int or float, default=100
        Largest number of vectors to choose, or a fraction of all.

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers, at most `size`.
    weights : ndarray of float64 of shape (m,)
        Positive; their total is close, but not equal, to that of the input weights.

    Raises
    ------
    TypeError, ValueError
        If V is not finite, weights are negative, not finite or all zero, or `size` is
        below 1.

    See Also
    --------
    caratheodory : No error, with one vector more than there are columns.

    Notes
    -----
    Vectors are centred, scaled to sigma = 1, lifted to ``(v, 1)`` and divided by their
    squared length, so that all lie in a ball. Each step adds the vector with the
    largest product with the remaining error. Then all weights are computed again by
    non-negative least squares, so that they are the best for the vectors found
    (fully corrective Frank-Wolfe). Vectors may lose all weight, as in away steps.

    With q columns, a step costs O(n q) and a small least squares problem. There are
    about as many steps as vectors. Memory O(n q). If `size` is above q, the sums are
    exact in most cases.

    References
    ----------
    .. [1] D. Feldman, S. Ozer, D. Rus, "Coresets for vector summarization with
       applications to network graphs", ICML 2017, :arxiv:`1706.05554`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.vectorsum import frank_wolfe
    >>> V = np.random.default_rng(0).standard_normal((1000, 20)) + 1
    >>> indices, weights = frank_wolfe(V, size=10)
    >>> gap = weights @ V[indices] - V.sum(axis=0)
    >>> len(indices), bool(np.linalg.norm(gap) < 0.25 * 1000 * np.sqrt(20))
    (10, True)
    """
    V, weights, numbers = dense_vectors(V, weights)
    size = check_size(size, len(V), "size")
    if size < 1:
        raise ValueError(f"size must be at least 1 for frank_wolfe, got {size}.")
    if size >= len(V):
        return numbers, weights
    shares = weights / weights.sum()
    found, shares = _steps(_lifted(V, shares), size)
    return numbers[found], shares * weights.sum()


def _lifted(V, shares):
    """Return ``(v - mu, sigma) / sigma`` for every vector."""
    # The entry of one makes sums of lifted vectors carry their total weight, so that
    # the weights of a good approximation add up to about one.
    unit = np.abs(V).max() or 1.0
    lifted = np.ones((len(V), V.shape[1] + 1))
    centred = lifted[:, :-1]
    np.divide(V, unit, out=centred)
    centred -= shares @ centred
    spread = np.sqrt(shares @ row_sq_norms(centred))
    # If all vectors are equal up to rounding, any of them represents the others.
    centred /= spread if spread > 1e-15 else np.inf
    return lifted


def _steps(lifted, size):
    """Return at most `size` vectors, ascending, and their best non-negative weights."""
    # Divided by their squared lengths, long vectors do not win every step by their
    # length alone.
    atoms = lifted / row_sq_norms(lifted)[:, None]
    target = np.zeros(lifted.shape[1])
    target[-1] = 1.0
    active, shares, gap = np.empty(0, dtype=np.int64), np.empty(0), target
    # The target is the weighted mean of the lifted vectors, (0, ..., 0, 1). Vectors may
    # drop out again, so there can be more steps than vectors; the limit ends cycles.
    for _ in range(3 * size):
        slope = atoms @ gap
        ahead = _first_best(slope)
        if slope[ahead] <= _CONVERGED or ahead in active or len(active) == size:
            break
        active = np.append(active, ahead)
        shares, _ = nnls(lifted[active].T, target, maxiter=100 * len(active))
        active, shares = active[shares > 0], shares[shares > 0]
        gap = target - shares @ lifted[active]
    order = np.argsort(active)
    return active[order], shares[order]


def _first_best(values):
    # The first of those that are best up to rounding: the same row on every machine.
    best = values.max()
    return int(np.argmax(values >= best - _TIE * abs(best)))


def norm_sampling(
    V: RowsLike,
    weights: Column = None,
    size: Size = 100,
    *,
    design: PlainDesign = "multinomial",
    random_state: Seed = None,
) -> tuple[Integers, Floats]:
    """Draw vectors with probability proportional to their length.

    Each of `size` independent draws takes row i with probability
    ``p_i = w_i |v_i| / sum(w |v|)``. Weighted sums of the drawn vectors are unbiased,
    and no other probabilities give them a smaller mean squared error.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector per row, with columns scaled as in `frank_wolfe`.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.
    size : int or float, default=100
        Number of draws, or a fraction of the number of rows.
    design : {"multinomial", "pivotal", "systematic", "priority", "poisson"}
        ``"multinomial"``: independent draws. Repeated draws of a row are merged, so
        fewer than `size` rows may be returned. The other sampling designs draw without
        replacement; see `coreselect.draw`.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers, at most `size`; never rows whose vector is zero.
    weights : ndarray of float64 of shape (m,)
        ``w_i * hits / (size * p_i)``. Their expected total is that of the input weights
        of the vectors that are not zero.

    Raises
    ------
    TypeError, ValueError
        If V is not finite, weights are negative, not finite or all zero, or `size` is
        negative.

    See Also
    --------
    caratheodory : Exact sum and total weight.

    Notes
    -----
    For independent draws, the mean squared error of the sum s is
    ``(sum(w |v|)**2 - |s|**2) / size``. One pass, O(n q) time, O(n) memory.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.vectorsum import norm_sampling
    >>> V = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 3.0]])
    >>> indices, weights = norm_sampling(V, size=40, random_state=0)
    >>> indices, float(weights @ np.linalg.norm(V[indices], axis=1))
    (array([0, 2]), 4.0)
    """
    OneOf(*DESIGNS)("design", design)
    V, weights, numbers = dense_vectors(V, weights)
    size = check_size(size, len(V), "size")
    scores = weights * _norms(V)
    drawn = draw_with_seed(scores, size, design, None, weights, draw_seed(random_state))
    return numbers[drawn.indices], drawn.weights.copy()


def _norms(V):
    """Return the lengths of vectors, without overflow or underflow of squares."""
    power = power_of_two(largest_entry(V))
    if 1e-100 < power < 1e100:
        return np.sqrt(row_sq_norms(V))
    return np.sqrt(row_sq_norms(V * power)) / power


def median_of_means(
    V: RowsLike,
    weights: Column = None,
    size: Size = 100,
    *,
    n_groups: int = 25,
    random_state: Seed = None,
) -> tuple[Integers, Floats]:
    """Draw several uniform samples of vectors and return the median of them.

    Each group consists of `size` independent draws by weight, and its mean estimates
    the mean of all vectors. The group whose mean has the least median distance to the
    means of the others is returned. It is far off only if half of the groups are.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector per row, with columns scaled as in `frank_wolfe`.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.
    size : int or float, default=100
        Number of draws in a group, or a fraction of the number of rows.
    n_groups : int, default=25
        Number of groups, at least 1.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers; fewer than `size` if a row was drawn twice.
    weights : ndarray of float64 of shape (m,)
        ``hits * W / size``: their total is W, that of the input weights.

    Raises
    ------
    TypeError, ValueError
        If V is not finite, weights are negative, not finite or all zero, or `size` is
        below 1.

    See Also
    --------
    norm_sampling : Draws by length instead.

    Notes
    -----
    With probability at least ``1 - exp(-n_groups / 8)``, the error of the mean is at
    most about ``6 sigma / sqrt(size)``, without any assumption on the tails of the
    vectors; a single group guarantees this only with probability 35/36. The sum of all
    vectors is not used. Methods that use it, such as `caratheodory`, are more accurate.

    The cost is O(n) per group, and O(n_groups^2 q) for distances with q columns.

    References
    ----------
    .. [1] D. Hsu, S. Sabato, "Loss minimization and parameter estimation with heavy
       tails", JMLR 17, 2016, :arxiv:`1307.1827`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.vectorsum import median_of_means
    >>> V = np.random.default_rng(0).standard_t(2, (1000, 3))
    >>> indices, weights = median_of_means(V, size=50, random_state=0)
    >>> float(weights.sum())
    1000.0
    """
    Integer(1)("n_groups", n_groups)
    V, weights, numbers = dense_vectors(V, weights)
    size = check_size(size, len(V), "size")
    if size < 1:
        raise ValueError(f"size must be at least 1 for median_of_means, got {size}.")
    seeds = stream(draw_seed(random_state), DRAW).integers(2**63, size=n_groups)
    drawn = [
        draw_with_seed(weights, size, "multinomial", None, weights, int(seed))
        for seed in seeds
    ]
    # Most groups are near the true mean, and so near each other; a group that is far
    # off is far from more than half of the others.
    means = np.array([d.weights @ V[d.indices] for d in drawn])
    far = np.linalg.norm(means[:, None] - means, axis=2)
    medians = np.median(far, axis=1)
    middle = drawn[int(np.argmax(medians <= medians.min() * (1 + _TIE)))]
    return numbers[middle.indices], middle.weights.copy()
