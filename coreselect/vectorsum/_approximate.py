"""Weighted subsets of vectors of any size whose sum is near that of all vectors."""

import numpy as np
from scipy.optimize import nnls

from coreselect._kernels.norms import row_sq_norms
from coreselect._random import DRAW, draw_seed, stream
from coreselect._validation import Integer, OneOf, check_size
from coreselect.sampling import DESIGNS, draw_with_seed
from coreselect.vectorsum._vectors import dense_vectors

_TIE = 1e-9  # relative; directions this near to the best are as good
_CONVERGED = 1e-13  # slope at which no vector is of use any more


def frank_wolfe(V, weights=None, size=100):
    """Find vectors whose weighted sum is near that of all, by Frank-Wolfe steps.

    The error is relative to the variance of the vectors: with their weighted mean mu
    and ``sigma**2`` the weighted mean of ``|v - mu|**2``, some m vectors have
    ``|sum(u v) - sum(w v)| <= c W sigma / sqrt(m)`` [1]_, whatever their number; in few
    dimensions the error falls much faster.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector a row. They are held in memory as float64. Lengths add up over
        columns, so give columns like scales first.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.
    size : int or float, default=100
        The most vectors to choose, or a fraction of them.

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers, at most `size`.
    weights : ndarray of float64 of shape (m,)
        Positive; their total is near that of the input weights, not equal to it.

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
    squared length, so that all lie in a ball; each step takes the vector that points
    most in the direction of what is missing. Then all weights are solved anew (least
    squares with non-negative weights), which makes the steps fully corrective: vectors
    may lose all weight, as by away steps, and the weights are the best for the vectors
    found.

    A step costs O(n q) and a small least squares problem; there are about as many
    steps as vectors. O(n q) memory. With `size` above q the sums are exact, in most
    cases.

    References
    ----------
    .. [1] D. Feldman, S. Ozer, D. Rus, "Coresets for vector summarization with
       applications to network graphs", ICML 2017.

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
    unit = np.abs(V).max() or 1.0
    lifted = np.ones((len(V), V.shape[1] + 1))
    centred = lifted[:, :-1]
    np.divide(V, unit, out=centred)
    centred -= shares @ centred
    spread = np.sqrt(shares @ row_sq_norms(centred))
    # Vectors that are equal up to rounding have no spread: any of them will do.
    centred /= spread if spread > 1e-15 else np.inf
    return lifted


def _steps(lifted, size):
    """Return at most `size` vectors, ascending, and their best non-negative weights."""
    atoms = lifted / row_sq_norms(lifted)[:, None]
    target = np.zeros(lifted.shape[1])
    target[-1] = 1.0
    active, shares, gap = np.empty(0, dtype=np.int64), np.empty(0), target
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
    best = values.max()
    return int(np.argmax(values >= best - _TIE * abs(best)))


def norm_sampling(
    V, weights=None, size=100, *, design="multinomial", random_state=None
):
    """Draw vectors by their length, so that weighted sums over them are unbiased.

    Row i is drawn with probability ``p_i = w_i |v_i| / sum(w |v|)``, in each of `size`
    independent draws; no other probabilities have a smaller mean squared error of the
    sum.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector a row; anything that `coreselect.rows.open` takes. Lengths add up
        over columns, so give columns like scales first.
    weights : array-like of shape (n_rows,), optional
        Non-negative; by default all ones.
    size : int or float, default=100
        Number of draws, or a fraction of the number of rows.
    design : {"multinomial", "pivotal", "systematic", "priority", "poisson"}
        ``"multinomial"``: independent draws; those that hit the same row count
        together, so that fewer than `size` rows may come back. The others draw
        different rows; see `coreselect.draw`.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    indices : ndarray of int64 of shape (m,)
        Ascending row numbers, at most `size`; never rows whose vector is zero.
    weights : ndarray of float64 of shape (m,)
        ``w_i * hits / (size * p_i)``. Their total is that of the input weights only on
        average, and less by the weights of vectors that are zero.

    Raises
    ------
    TypeError, ValueError
        If V is not finite, weights are negative, not finite or all zero, or `size` is
        negative.

    See Also
    --------
    caratheodory : Exact, and the total weight with it.

    Notes
    -----
    The mean squared error of the sum s is ``(sum(w |v|)**2 - |s|**2) / size`` for
    independent draws. One pass, O(n q) time, O(n) memory.

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
    """Return the lengths of vectors; squares neither overflow nor underflow."""
    _, exponent = np.frexp(np.abs(V).max())
    unit = np.ldexp(1.0, int(exponent) - 1)
    if 1e-100 < unit < 1e100:
        unit = 1.0
    return unit * np.sqrt(row_sq_norms(V if unit == 1 else V / unit))


def median_of_means(V, weights=None, size=100, *, n_groups=25, random_state=None):
    """Draw several groups of vectors uniformly; return the one in the middle.

    Each group has `size` independent draws by weight, and its mean is an estimate of
    the mean of all vectors. The group with the least median distance from the means of
    the others is taken: more than half of the groups would have to be far off for that
    one to be.

    Parameters
    ----------
    V : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_columns)
        One vector a row. Lengths add up over columns, so give columns like scales
        first.
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
        Ascending row numbers; fewer than `size` where a row was drawn twice.
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
    With probability ``1 - exp(-n_groups / 8)`` and more, the error of the mean is at
    most about ``6 sigma / sqrt(size)``, without any assumption on the tails of the
    vectors; a single group has that only with probability 35/36. The sum of all
    vectors is not used: methods that use it, as `caratheodory` does, get nearer to it.

    O(n) to draw a group, O(n_groups^2 q) for distances.

    References
    ----------
    .. [1] D. Hsu, S. Sabato, "Loss minimization and parameter estimation with heavy
       tails", JMLR 17, 2016.

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
    means = np.array([d.weights @ V[d.indices] for d in drawn])
    far = np.linalg.norm(means[:, None] - means, axis=2)
    medians = np.median(far, axis=1)
    middle = drawn[int(np.argmax(medians <= medians.min() * (1 + _TIE)))]
    return numbers[middle.indices], middle.weights.copy()
