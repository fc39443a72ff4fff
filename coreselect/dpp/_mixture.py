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

from coreselect._kernels.dpp import (
    binomial_choice,
    binomial_marginals,
    binomial_table,
)
from coreselect._random import DRAW, stream
from coreselect._threads import run_chunks
from coreselect.dpp._projection import MANY_ROWS, ProjectionDPP
from coreselect.dpp._proposals import Bounds, fill

_ATTEMPTS = 32  # sets of eigenvectors that are drawn at a time
_LEVEL = 4.0  # logarithms of eigenvalues whose eigenvectors bound lengths together
_ROUNDS = 40  # how often, before the table is made that needs no luck
_VALUES = 2**20  # of the factor that are worked on at a time: these stay in cache


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

    def reachable(self):
        """Return which rows are not zero in every eigenvector."""
        return self._factor.any(axis=1)

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
