"""Projection processes: exact samples from an orthonormal basis.

For U of shape (n, m) with orthonormal columns, the projection process selects a set S
of m rows with probability ``det(U_S)**2``. Rows can be drawn one by one: the first with
probability ``|u_i|**2 / m``, each further one with probability proportional to its
squared distance to the span of those before. Both samplers propose rows by an upper
bound of these distances and accept with the ratio of the two. They differ in how often
the bound is updated.
"""

from __future__ import annotations

from typing import Any, Literal, Self, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from coreselect._kernels.dpp import take_out
from coreselect._random import DRAW, draw_seed, stream
from coreselect._scratch import by_parts, gathered, located, running
from coreselect._typing import Checks, Floats, Integers, Seed
from coreselect._validation import Integer, OneOf, Real, as_array, check_count
from coreselect.dpp._proposals import Bounds, fill
from coreselect.dpp.bases import orthonormal, sq_lengths

Method: TypeAlias = Literal["auto", "chain", "rejection"]
METHODS = get_args(Method)

MANY_ROWS = 10  # rows per column above which plain rejection is faster
_RENEW = 2  # the bound is updated each time that 1/2 of the free places are filled


class ProjectionDPP:
    """A projection DPP, prepared once to be sampled many times.

    Parameters
    ----------
    U : array-like of shape (n_rows, m)
        Orthonormal columns. If an entry of ``U'U - I`` exceeds 1e-8, they are replaced
        by an orthonormal basis of their span, which may have fewer columns.

    Attributes
    ----------
    basis : ndarray of shape (n_rows, m)
        The orthonormal columns.
    leverage : ndarray of shape (n_rows,)
        Squared norms of the rows of the basis, which are the inclusion probabilities.
        They add up to m.

    See Also
    --------
    sample_projection_dpp : The same for a single sample.

    Notes
    -----
    Checking the basis costs O(n m^2) once. Then ``"rejection"`` costs O(m^3 log m) per
    sample, for any n, and ``"chain"`` O(n m^2).

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import ProjectionDPP
    >>> U = np.linalg.qr(np.random.default_rng(0).standard_normal((100, 3)))[0]
    >>> process = ProjectionDPP(U)
    >>> [len(process.sample(random_state=seed)) for seed in (0, 1)]
    [3, 3]
    """

    def __init__(self, U: ArrayLike) -> None:
        self.basis = orthonormal(U)
        self._prepare()

    @classmethod
    def from_basis(cls, basis: Floats) -> Self:
        """Return the process of a basis that is known to be orthonormal."""
        process = object.__new__(cls)
        process.basis = basis
        process._prepare()
        return process

    def _prepare(self):
        self.leverage = sq_lengths(self.basis)
        self.sums = running(self.leverage)

    def sample(self, *, method: Method = "auto", random_state: Seed = None) -> Integers:
        """Draw one sample.

        Parameters
        ----------
        method : {"auto", "chain", "rejection"}
            See `sample_projection_dpp`.
        random_state : None, int, RandomState or Generator

        Returns
        -------
        ndarray of int64 of shape (m,), ascending
        """
        OneOf(*METHODS)("method", method)
        return np.sort(self.draw(stream(draw_seed(random_state), DRAW), method))

    def draw(self, rng: np.random.Generator, method: Method = "auto") -> Integers:
        """Draw m rows, in the order of their choice."""
        n, m = self.basis.shape
        if method == "auto":
            method = "rejection" if n > MANY_ROWS * m else "chain"
        chosen = np.full(m, -1, dtype=np.int64)
        basis = np.zeros((m, m))
        if method == "chain":
            self._chain(chosen, basis, rng)
        else:
            bounds = Bounds(self.leverage, self.sums, m)
            fill(chosen, basis, bounds, self.rows, rng)
        return chosen

    def rows(self, numbers: Integers) -> Floats:
        """Return some rows of the basis."""
        return gathered(self.basis, numbers)

    def _chain(self, chosen, basis, rng):
        """Draw rows, with the bounds updated to the exact distances now and then."""
        # The more places are filled, the looser the old bounds. An update costs O(n b
        # m) for b new rows. If each update follows when half of the free places are
        # filled, a proposal is accepted with probability 1/2 or more, and all updates
        # together cost O(n m**2).
        left, m = self.leverage.copy(), len(chosen)
        all_rows = np.ascontiguousarray(self.basis)
        known = 0
        while known < m:
            # Fill half of the free places by rejection, then update all distances.
            goal = known + -(-(m - known) // _RENEW)
            bounds = Bounds(left, np.cumsum(left), m - known)
            fill(chosen[:goal], basis, bounds, self.rows, rng)
            if goal < m:
                take_out(left, all_rows, basis[known:goal])
                left[chosen[:goal]] = 0.0
            known = goal


def whole(numbers: Any, name: str) -> Integers:
    """Return a copy of row numbers as int64; raise unless they are whole numbers."""
    numbers = as_array(numbers, name)
    good = numbers.dtype.kind in "iuf"
    if numbers.size and not (good and (numbers == np.floor(numbers)).all()):
        raise ValueError(
            f"{name} must hold whole numbers of rows, got an array of {numbers.dtype}."
        )
    return numbers.astype(np.int64)


def sample_projection_dpp(
    U: ArrayLike, *, method: Method = "auto", random_state: Seed = None
) -> Integers:
    """Draw as many rows as U has columns, with probability ``det(U_S)**2``.

    Parameters
    ----------
    U : array-like of shape (n_rows, m)
        Orthonormal columns, as in `ProjectionDPP`.
    method : {"auto", "chain", "rejection"}
        Algorithm; both sample the same distribution.

        - ``"chain"``: the conditional probabilities of all rows are updated each time
          that half of the remaining places are filled. O(n m^2).
        - ``"rejection"``: rows are proposed by their leverage scores, about ``m log m``
          of them. O(n m) once, then O(m^3 log m).
        - ``"auto"``: rejection if ``n > 10 m``, otherwise chain.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64 of shape (m,), ascending

    Raises
    ------
    ValueError
        If U is not finite or `method` is unknown.

    See Also
    --------
    ProjectionDPP : Prepared once for many samples.

    Notes
    -----
    Exact. The sample depends on ``U U'`` only: another basis of the same span gives the
    same rows for the same seed. The inclusion probability of a row is its leverage
    score ``|u_i|**2``. Rows of zeros are never selected; of equal rows, at most one is.

    References
    ----------
    .. [1] S. Barthelme, N. Tremblay, P.-O. Amblard, "A faster sampler for discrete
       determinantal point processes", AISTATS 2023, :arxiv:`2210.17358`.
    .. [2] J. B. Hough, M. Krishnapur, Y. Peres, B. Virag, "Determinantal processes and
       independence", Probability Surveys 3, 2006, :doi:`10.1214/154957806000000078`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import sample_projection_dpp
    >>> U = np.array([[1.0, 0.0], [0.0, 0.6], [0.0, 0.8]])
    >>> rows = sample_projection_dpp(U, random_state=0)
    >>> int(rows[0]), len(rows)  # row 0 is certain
    (0, 2)
    """
    OneOf(*METHODS)("method", method)
    return ProjectionDPP(U).sample(method=method, random_state=random_state)


# --- Volume-rescaled sampling: a projection process and independent rows --------------


class Draws:
    """Draws with repeats, for least squares in the span of a basis.

    Parameters
    ----------
    process : ProjectionDPP
    n_repeats : int
        Number of independent repetitions that the draws are split over.
    determinantal : bool
        Whether each repetition starts with a sample of the process. All other draws are
        independent, with probability proportional to leverage scores.
    """

    def __init__(self, process, n_repeats=1, *, determinantal=True):
        self.process = process
        self.n_repeats = n_repeats
        self.determinantal = determinantal

    def check(self, size, name):
        """Raise unless `size` draws can be split over the repetitions."""
        rank = self.process.basis.shape[1]
        least = self.n_repeats * rank if self.determinantal else min(1, rank)
        if 0 < size < least:
            raise ValueError(
                f"{name}={size} is less than the {least} draws that "
                f"{self.n_repeats} repetition(s) of rank {rank} need; ask for at least "
                f"{least}, or use fewer repetitions or features."
            )

    def sample(self, size, rng):
        """Return `size` row numbers, repeats included."""
        # Draws are split as evenly as possible: the first repetitions have one more.
        process, parts = self.process, []
        rank = process.basis.shape[1]
        if rank == 0 or size == 0:
            return np.empty(0, dtype=np.int64)
        for part in range(self.n_repeats):
            n_free = size // self.n_repeats + (part < size % self.n_repeats)
            if self.determinantal:
                parts.append(process.draw(rng))
                n_free -= rank
            found = located(process.sums, rng.random(n_free) * process.sums[-1])
            parts.append(np.minimum(found, len(process.sums) - 1))
        return np.concatenate(parts)

    def sample_stable(self, size, rng, min_eigenvalue, max_draws):
        """Draw again until the smallest eigenvalue of the Gram matrix is large enough.

        Return the rows, and the smallest eigenvalue of ``sum of u u' / expected hits``
        over the draws; None without `min_eigenvalue`.
        """
        # Conditioning on a good sample bounds the error of least squares, but the draws
        # are then no longer those of the law, so sums have a (small) bias.
        best = -np.inf
        for _ in range(max_draws):
            rows = self.sample(size, rng)
            if min_eigenvalue is None:
                return rows, None
            smallest = self.smallest_eigenvalue(rows)
            if smallest >= min_eigenvalue:
                return rows, smallest
            best = max(best, smallest)
        raise ValueError(
            f"none of max_draws={max_draws} samples of {size} draws has a Gram matrix "
            f"with all eigenvalues of at least min_eigenvalue={min_eigenvalue:g}; the "
            f"best has {best:.4g}. Ask for more draws, lower min_eigenvalue or raise "
            "max_draws."
        )

    def expected_hits(self, size, rows=None):
        """Return how often each row, or each of some rows, is drawn on average."""
        leverage, rank = self.process.leverage, self.process.basis.shape[1]
        if rows is not None:
            leverage = gathered(leverage, rows)
        times = size / rank if rank else 0.0
        return by_parts(lambda part: part * times, leverage)

    def smallest_eigenvalue(self, rows):
        """Return that of the weighted Gram matrix of draws, which is I on average."""
        process = self.process
        if not len(rows) or not process.basis.shape[1]:
            return 0.0
        root = np.sqrt(self.expected_hits(len(rows), rows))
        scaled = process.rows(rows) / root[:, None]
        return float(max(0.0, np.linalg.eigvalsh(scaled.T @ scaled)[0]))


CONDITION_CHECKS: Checks = {
    "min_eigenvalue": Real(0.0, 1.0),
    "max_draws": Integer(1),
    "n_repeats": Integer(1),
}


def sample_volume_rescaled(
    U: ArrayLike,
    size: int,
    *,
    n_repeats: int = 1,
    min_eigenvalue: float | None = None,
    max_draws: int = 100,
    random_state: Seed = None,
) -> Integers:
    """Draw rows, with repeats, for weighted least squares without bias.

    Parameters
    ----------
    U : array-like of shape (n_rows, m)
        Basis functions at the rows; made orthonormal as in `ProjectionDPP`.
    size : int
        Number of draws, repeats included: at least ``n_repeats * m`` (or 0).
    n_repeats : int, default=1
        Number of independent repetitions that draws are split over. With
        ``size = n_repeats * m``, these are repeated projection processes, which have a
        smaller error but a small bias of least squares.
    min_eigenvalue : float in [0, 1], optional
        Draw again until the weighted Gram matrix of the draws (the identity on average)
        has no eigenvalue below this. Weighted sums are then no longer unbiased.
    max_draws : int, default=100
        Largest number of samples to try.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64 of shape (size,), ascending
        Row numbers, with repeats. A row is drawn ``size / m * |u_i|**2`` times on
        average. The inverse of this number is its weight, for sums and least squares.

    Raises
    ------
    ValueError
        If `size` is too small, or no sample reaches `min_eigenvalue`. The message then
        gives the best value.

    Notes
    -----
    Each repetition is a sample of the projection process together with independent
    draws by leverage scores. With respect to independent draws, its density is
    proportional to ``det(G)``, where G is the weighted Gram matrix. With one repetition
    and no conditioning, weighted least squares is then unbiased; with independent draws
    alone, it is not [1]_. O(n m^2) once, O(m^3 log m + size) per sample.

    References
    ----------
    .. [1] M. Derezinski, M. K. Warmuth, D. Hsu, "Unbiased estimators for random design
       regression", JMLR 23, 2022, :arxiv:`1907.03411`.
    .. [2] A. Nouy, B. Michel, "Weighted least-squares approximation with determinantal
       point processes and generalized volume sampling", :arxiv:`2312.14057`, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import sample_volume_rescaled
    >>> U = np.linalg.qr(np.vander(np.linspace(-1, 1, 50), 3))[0]
    >>> len(sample_volume_rescaled(U, 7, random_state=0))
    7
    """
    size = check_count(size, "size")
    check_condition(min_eigenvalue, max_draws)
    CONDITION_CHECKS["n_repeats"]("n_repeats", n_repeats)
    draws = Draws(ProjectionDPP(U), n_repeats)
    draws.check(size, "size")
    rng = stream(draw_seed(random_state), DRAW)
    return np.sort(draws.sample_stable(size, rng, min_eigenvalue, max_draws)[0])


def check_condition(min_eigenvalue, max_draws):
    """Check a bound on the smallest eigenvalue and a number of attempts."""
    if min_eigenvalue is not None:
        CONDITION_CHECKS["min_eigenvalue"]("min_eigenvalue", min_eigenvalue)
    CONDITION_CHECKS["max_draws"]("max_draws", max_draws)
