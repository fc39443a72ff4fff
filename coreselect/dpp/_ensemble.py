"""L-ensembles: determinantal processes of random size, and of fixed size k.

``P(S)`` is proportional to ``det(L_S)``. With the eigenvectors V of L and its
eigenvalues, either process is a mixture: a set J of eigenvectors is chosen first, then
the projection process of ``V_J`` is sampled. J takes eigenvector j with the odds
``lambda_j``, independently; for the size k, on condition that J has k members. Rows are
proposed by their lengths in the leading eigenvectors, whatever J is, and accepted by
those in J: what is needed of all rows is computed once.
"""

import numpy as np
from scipy.special import expit

from coreselect._filling import scaled
from coreselect._kernels.dpp import (
    binomial_choice,
    binomial_marginals,
    binomial_table,
)
from coreselect._random import DRAW, draw_seed, stream
from coreselect._threads import one_blas_thread, run_chunks
from coreselect._validation import check_count, check_nonnegative
from coreselect.dpp._projection import MANY_ROWS, ProjectionDPP, made_orthonormal
from coreselect.dpp._proposals import Bounds, fill
from coreselect.linalg import principal_whitening, whiten
from coreselect.rows import open as open_rows

_ATTEMPTS = 32  # sets of eigenvectors that are drawn at a time
_EPS = float(np.finfo(np.float64).eps)
_TIED = 1e-7  # logarithms of eigenvalues no further apart are tied
_LEVEL = 4.0  # logarithms of eigenvalues whose eigenvectors bound lengths together
_CLEAR = 1e-5  # smallest over largest eigenvalue that one Gram matrix shows well
_GRAM_ROWS = 8192  # rows of a part of a Gram matrix
_VALUES = 2**20  # of the factor that are worked on at a time: these stay in cache
_ROUNDS = 40  # how often, before the table is made that needs no luck


class Ensemble:
    """An L-ensemble by its eigenvectors and the logarithms of its eigenvalues.

    Parameters
    ----------
    factor : ndarray of shape (n_rows, m)
        Times `axes`, the eigenvectors.
    log_values : ndarray of shape (rank,), descending
        Logarithms: eigenvalues may be larger or smaller than a float can be.
    axes : ndarray of shape (m, rank), optional
        The identity by default.
    """

    def __init__(self, factor, log_values, axes=None):
        self.what = "the kernel"
        self.way_out = "use a kernel of higher rank"
        self._factor = factor
        self._axes = axes
        self.log_values = log_values
        self._levels = None
        self._of_size = {}  # of the last size asked for: odds and marginals

    def vectors(self, rows=slice(None), columns=slice(None)):
        """Return some rows of some eigenvectors."""
        factor = self._factor[rows]
        if self._axes is None:
            return factor[:, columns]
        return factor @ self._axes[:, columns]

    def times(self, exponent):
        """Multiply the kernel by ``4**exponent``; return self."""
        self.log_values = self.log_values + 2 * np.log(2) * exponent
        return self

    @property
    def rank(self):
        """Number of positive eigenvalues."""
        return len(self.log_values)

    def check_size(self, size, name):
        """Raise if `size` rows are more than the rank."""
        if size > self.rank:
            raise ValueError(
                f"{name}={size} is more than the rank {self.rank} of {self.what}, and "
                f"no sample of the process has more rows than that; ask for at most "
                f"{self.rank}, or {self.way_out}."
            )

    def sample(self, size, rng):
        """Draw rows in the order of their choice; `size` None stands for any number."""
        # Whether the last eigenvalue is noise must not shift the numbers of the others.
        first, second = rng.integers(2**63, size=2)
        if size is None:
            uniforms = stream(int(first), DRAW).random(self.rank)
            chosen = np.flatnonzero(uniforms < expit(self.log_values))
        else:
            chosen = self._choose(size, int(first))
        rng = stream(int(second), DRAW)
        if len(self._factor) <= MANY_ROWS * len(chosen):
            return ProjectionDPP._of(self.vectors(columns=chosen))._draw(rng)
        rows = np.full(len(chosen), -1, dtype=np.int64)
        if len(chosen):
            basis = np.zeros((len(chosen), len(chosen)))
            bounds = self._bounds(chosen[-1])
            fill(rows, basis, bounds, lambda some: self.vectors(some, chosen), rng)
        return rows

    def _bounds(self, last):
        """Bound the lengths of rows in any eigenvectors up to the one numbered `last`.

        By their lengths in the leading ones, up to that one and a few more: not in all,
        because where the last eigenvalues are noise, so are their eigenvectors.
        """
        if self._levels is None:
            self._levels = self._find_levels()
        stops, lengths, sums = self._levels
        level = int(np.searchsorted(stops, last, side="right"))
        return Bounds(lengths[level], sums[level], int(stops[level]))

    def _find_levels(self):
        """Return numbers of leading eigenvectors, and lengths of rows in each."""
        steps = (self.log_values[0] - self.log_values) // _LEVEL
        stops = np.append(np.flatnonzero(np.diff(steps)) + 1, self.rank)
        starts = np.append(0, stops[:-1])
        lengths = np.empty((len(stops), len(self._factor)))

        def work(start, stop):
            squares = self.vectors(slice(start, stop)) ** 2
            parts = np.add.reduceat(squares, starts, axis=1)
            lengths[:, start:stop] = np.cumsum(parts, axis=1).T

        self._in_chunks(work)
        return stops, lengths, np.cumsum(lengths, axis=1)

    def _in_chunks(self, work):
        n, width = self._factor.shape
        run_chunks(work, n, max(256, min(8192, _VALUES // max(width, 1))))

    def odds(self, size):
        """Return chances of eigenvectors to be chosen that add up to `size` < rank.

        On condition that `size` are chosen, a common factor in the eigenvalues changes
        nothing; with this one the condition holds as often as can be.
        """
        return self._remember("odds", size, self._find_odds)

    def _find_odds(self, size):
        low = -self.log_values[0] - 50.0
        high = -self.log_values[-1] + 50.0
        while (middle := (low + high) / 2) not in (low, high):
            total = expit(self.log_values + middle).sum()
            low, high = (middle, high) if total < size else (low, middle)
        return expit(self.log_values + middle)

    def _choose(self, size, seed):
        """Choose `size` eigenvectors: sets in proportion to products of eigenvalues."""
        if size in (0, self.rank):
            return np.arange(size)
        odds = self.odds(size)
        for attempt in range(_ROUNDS):
            uniforms = stream(seed, DRAW, attempt).random((self.rank, _ATTEMPTS))
            tried = uniforms < odds[:, None]
            right = np.flatnonzero(np.count_nonzero(tried, axis=0) == size)
            if len(right):
                return np.flatnonzero(tried[:, right[0]])
        uniforms = stream(seed, DRAW, _ROUNDS).random(self.rank)
        return binomial_choice(odds, binomial_table(odds, size), uniforms)

    def marginals(self, size):
        """Return the probabilities that the eigenvectors are chosen."""
        if size is None:
            return expit(self.log_values)
        if size in (0, self.rank):
            return np.full(self.rank, float(size > 0))
        return self._remember(
            "marginals", size, lambda size: binomial_marginals(self.odds(size), size)
        )

    def _remember(self, what, size, compute):
        known = self._of_size.get(what)
        if known is None or known[0] != size:
            known = self._of_size[what] = size, compute(size)
        return known[1]

    def inclusion(self, size, rows=slice(None)):
        """Return the probabilities that a sample of `size` holds each of some rows."""
        return np.minimum(1.0, self.squares_times(self.marginals(size), rows))

    def squares_times(self, along, rows=slice(None)):
        """Return sums of the squared eigenvectors, weighted, for some rows."""
        if not isinstance(rows, slice):
            return self.vectors(rows) ** 2 @ along
        out = np.empty(len(self._factor))

        def work(start, stop):
            out[start:stop] = self.vectors(slice(start, stop)) ** 2 @ along

        self._in_chunks(work)
        return out[rows]


def ensemble(L, features, quality, *, name="L"):
    """Make an `Ensemble` of a kernel matrix or of features."""
    if (L is None) == (features is None):
        raise ValueError(f"pass either {name}, a kernel matrix, or features, not both.")
    if features is None:
        L, eps = check_kernel(L, name)
        if quality is None:
            return of_kernel(L, None, eps=eps, name=name)
        quality, exponent = scaled(check_nonnegative(quality, len(L), "quality"))
        return of_kernel(L, quality, eps=eps, name=name).times(exponent)
    rows, exponent = weighted(open_rows(features, name="features"), quality)
    return of_rows(rows).times(exponent)


def of_rows(rows, *, fit_intercept=False):
    """Make an `Ensemble` of ``X X'``, X the rows times the roots of their weights."""
    whitening, singular = principal_whitening(rows, fit_intercept=fit_intercept)
    kept = singular > 0
    whitening = whitening._replace(transform=whitening.transform[:, kept])
    vectors = made_orthonormal(rows.map(lambda block: whiten(block, whitening)))
    log_values = 2 * np.log(singular[kept])
    return Ensemble(canonical(vectors, log_values), log_values)


def of_features(features):
    """Make an `Ensemble` of ``features @ features.T`` of a tall array, which it keeps.

    The eigenvectors come from the Gram matrix of the features, and are not formed. What
    is short in one Gram matrix is blurred by rounding; a second one, of the features in
    the axes of the first, shows it. Features may be scaled by a power of two.
    """
    exponent = int(np.frexp(max(features.max(), -features.min()))[1])
    if abs(exponent) > 200:
        np.ldexp(features, -exponent, out=features)
    else:
        exponent = 0
    values, axes = _leading(_gram(features))
    log_values = np.log(values)
    axes = axes / np.sqrt(values)
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
    """Return the Gram matrix of features, in some axes."""
    gram = 0.0
    for start in range(0, len(features), _GRAM_ROWS):
        part = features[start : start + _GRAM_ROWS]
        part = part if axes is None else part @ axes
        gram += part.T @ part
    return gram


def _leading(gram, noise=None):
    """Return eigenvalues, descending, and eigenvectors; not those that are noise."""
    with one_blas_thread():
        values, vectors = np.linalg.eigh(gram)
    noise = rank_noise(len(gram)) if noise is None else noise
    kept = np.flatnonzero(values > noise * values[-1])[::-1]
    return values[kept], vectors[:, kept]


def canonical(vectors, log_values, factor=None):
    """Give tied eigenvalues the eigenvectors that depend on their space only.

    In a group of ties any rotation is as good, and which one comes out is a matter of
    rounding. Each new vector is the part of a row's that those before leave: of the
    row of which most is left, the lowest among equals. Overwrites `vectors`; these are
    axes of a `factor`, if there is one.
    """
    cuts = np.flatnonzero(~(-np.diff(log_values) <= _TIED)) + 1
    for group in np.split(np.arange(len(log_values)), cuts):
        if len(group) < 2:
            continue
        part = vectors[:, group] if factor is None else factor @ vectors[:, group]
        left = np.einsum("ij,ij->i", part, part)
        axes = np.zeros((len(group), len(group)))
        for t in range(len(group)):
            pick = int(np.argmax(left >= left.max() * (1 - 1e-6)))
            axis = part[pick]
            for _ in range(2):  # once more, for the digits
                axis = axis - axes[:t].T @ (axes[:t] @ axis)
            axes[t] = axis / np.linalg.norm(axis)
            left -= (part @ axes[t]) ** 2
        vectors[:, group] = vectors[:, group] @ axes.T
    return vectors


def weighted(rows, quality):
    """Return rows that count ``quality**2`` times, up to a factor, and the factor.

    It is ``4**exponent``: only the exponent is returned.
    """
    if quality is None:
        return rows, 0
    quality, exponent = scaled(check_nonnegative(quality, rows.n_rows, "quality"))
    weight = quality**2 if rows.weight is None else quality**2 * rows.weight
    return rows.reweighted(weight), exponent


def check_kernel(L, name):
    """Return a kernel matrix as float64, and the eps of the type that it came in.

    Raise unless it is square and symmetric.
    """
    rows = open_rows(L, name=name)
    if rows.n_rows != rows.n_features:
        raise ValueError(
            f"{name} must be square, a row and a column for each of the rows, got "
            f"shape ({rows.n_rows}, {rows.n_features}); pass features=... if these are "
            "features."
        )
    block = rows.gather(np.arange(rows.n_rows))
    dense = block.X.toarray() if rows.is_sparse else block.X
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
    """Return what counts as rounding, relatively, in entries and eigenvalues."""
    return 1e-8 if eps <= _EPS else 1e-4


def rank_noise(n, eps=_EPS):
    """Return what rounding leaves of a zero eigenvalue, relative to the largest."""
    return 8 * np.sqrt(n) * eps


def of_kernel(L, quality, *, eps=_EPS, name):
    """Make an `Ensemble` of a symmetric matrix; refuse negative eigenvalues."""
    if quality is not None:
        quality = check_nonnegative(quality, len(L), "quality")
        L = quality[:, None] * L * quality
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


def sample_dpp(L=None, *, features=None, quality=None, random_state=None):
    """Draw rows with probability proportional to ``det(L_S)``, as many as come.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows), optional
        Symmetric and positive semidefinite.
    features : {array-like, sparse matrix} of shape (n_rows, n_features), optional
        In place of L: the kernel is ``features @ features.T`` and is never formed.
        `nystroem_features` makes features of any kernel.
    quality : array-like of shape (n_rows,), optional
        Non-negative; the kernel becomes ``quality_i L_ij quality_j``. Rows of greater
        quality are taken more often, rows of quality 0 never.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64, ascending
        The expected number is the sum of ``lambda / (1 + lambda)`` over the eigenvalues
        of L; none at all is a legal outcome.

    Raises
    ------
    ValueError
        If L is not symmetric or has a negative eigenvalue; the message names it.

    See Also
    --------
    sample_kdpp : A fixed number of rows.

    Notes
    -----
    Exact. O(n^3) for L, O(n d^2) for d features, most of it to prepare.

    References
    ----------
    .. [1] A. Kulesza, B. Taskar, "Determinantal point processes for machine learning",
       Foundations and Trends in Machine Learning 5, 2012.

    Examples
    --------
    >>> from coreselect.dpp import sample_dpp
    >>> L = [[9.0, 9.0, 0.0], [9.0, 9.0, 0.0], [0.0, 0.0, 9.0]]
    >>> sample_dpp(L, random_state=0)  # never both of rows 0 and 1
    array([0, 2])
    """
    process = ensemble(L, features, quality)
    return np.sort(process.sample(None, stream(draw_seed(random_state), DRAW)))


def sample_kdpp(L=None, k=None, *, features=None, quality=None, random_state=None):
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
    kdpp_inclusion_probabilities : How likely each row is.
    sample_dpp : A random number of rows.

    Notes
    -----
    Exact, for any k and any eigenvalues: no elementary symmetric polynomial is formed.
    Eigenvectors are drawn independently, with eigenvalues scaled so that k come on
    average, until k come; should that not happen soon, from a table of the same
    conditional law. Rows are proposed by their lengths in the leading eigenvectors and
    accepted by those in the ones chosen. O(n^3) for L, O(n d^2) for d features.

    Picking rows one by one by their Schur complements in L is another law, unless L is
    a projection.

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


def kdpp_inclusion_probabilities(L=None, k=None, *, features=None, quality=None):
    """Compute the probability that `sample_kdpp` takes each row.

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
        They add up to k. For ``k = rank`` they are the leverage scores of the features.

    Raises
    ------
    ValueError
        As in `sample_kdpp`.

    Notes
    -----
    They are not the diagonal of ``c L (I + c L)^-1`` for any c. O(rank k^2) beyond the
    eigenvectors.

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
