"""L-ensembles: determinantal processes of random size, and of fixed size k.

``P(S)`` is proportional to ``det(L_S)``. Both processes are mixtures: first a set J of
eigenvectors of L is chosen, then the projection process of ``V_J`` is sampled, where V
are the eigenvectors. Eigenvector j is in J independently, with odds ``lambda_j``; for a
fixed size k, given that J has k members. Rows are proposed by their lengths in
the leading eigenvectors, which do not depend on J, and accepted by their lengths in J.
So the only quantities that need all rows are computed once.
"""

import numpy as np
from scipy.special import expit

from coreselect._kernels.dpp import (
    binomial_choice,
    binomial_marginals,
    binomial_table,
)
from coreselect._numbers import chunk_size
from coreselect._random import DRAW, stream
from coreselect._scratch import empty, gathered, parts, release, running
from coreselect._threads import run_chunks
from coreselect.dpp._proposals import Bounds, fill
from coreselect.dpp.projection import MANY_ROWS, ProjectionDPP

_ATTEMPTS = 32  # sets of eigenvectors that are drawn at a time
_LEVEL = 4.0  # width, in log eigenvalues, of the groups that share a bound
_ROUNDS = 40  # number of such batches before the exact table is used
_HALVINGS = 100  # of an interval of log eigenvalues, which has no more bits


class Ensemble:
    """An L-ensemble by its eigenvectors and the logarithms of its eigenvalues.

    Parameters
    ----------
    factor : ndarray of shape (n_rows, m)
        The eigenvectors are ``factor @ axes``.
    log_values : ndarray of shape (rank,), descending
        Logarithms, because eigenvalues may exceed the range of a float.
    axes : ndarray of shape (m, rank), optional
        The identity by default.
    """

    def __init__(self, factor, log_values, axes=None):
        self.kernel_name = "the kernel"
        self.advice = "use a kernel of higher rank"
        self._factor = factor
        self._axes = axes
        self.log_values = log_values
        self._levels = None
        self._of_size = {}  # odds and marginals for the last size asked for

    def vectors(self, rows=slice(None), columns=slice(None)):
        """Return some rows of some eigenvectors."""
        whole = isinstance(rows, slice)
        factor = self._factor[rows] if whole else gathered(self._factor, rows)
        if self._axes is None:
            return factor[:, columns]
        return factor @ self._axes[:, columns]

    def reachable(self):
        """Return which rows are not zero in every eigenvector."""
        out = empty(len(self._factor), bool)
        for part in parts(out, self._factor):
            out[part] = self._factor[part].any(axis=1)
        return out

    def times(self, exponent):
        """Multiply the kernel by ``4**exponent``; return self."""
        self.log_values = self.log_values + 2 * np.log(2) * exponent
        return self

    @property
    def rank(self):
        """Number of positive eigenvalues."""
        return len(self.log_values)

    def check_size(self, size, name):
        """Raise if `size` is more than the rank."""
        if size > self.rank:
            raise ValueError(
                f"{name}={size} is more than the rank {self.rank} of "
                f"{self.kernel_name}, and no sample of the process has more rows than "
                f"that; ask for at most {self.rank}, or {self.advice}."
            )

    def sample(self, size, rng):
        """Draw rows in the order of their choice; `size=None` means any number."""
        # Separate streams: the number of eigenvalues, which rounding may change, must
        # not shift the random numbers that rows are drawn by.
        first, second = rng.integers(2**63, size=2)
        if size is None:
            uniforms = stream(int(first), DRAW).random(self.rank)
            chosen = np.flatnonzero(uniforms < expit(self.log_values))
        else:
            chosen = self._choose(size, int(first))
        rng = stream(int(second), DRAW)
        # With few rows per eigenvector, rejection would propose most rows anyway: all
        # rows are then computed in the chosen eigenvectors.
        if len(self._factor) <= MANY_ROWS * len(chosen):
            return ProjectionDPP.from_basis(self.vectors(columns=chosen)).draw(rng)
        rows = np.full(len(chosen), -1, dtype=np.int64)
        if len(chosen):
            basis = np.zeros((len(chosen), len(chosen)))
            bounds = self._bounds(chosen[-1])
            fill(rows, basis, bounds, lambda some: self.vectors(some, chosen), rng)
        return rows

    def _bounds(self, last):
        """Bound the lengths of rows in any of the eigenvectors up to number `last`."""
        # The bound is the length in the leading eigenvectors, up to `last` and a few
        # more. It is not that in all of them, because the eigenvectors of the smallest
        # eigenvalues may be noise.
        if self._levels is None:
            self._levels = self._find_levels()
        stops, lengths, sums = self._levels
        level = int(np.searchsorted(stops, last, side="right"))
        return Bounds(lengths[level], sums[level], int(stops[level]))

    def _find_levels(self):
        """Return sizes of sets of leading eigenvectors, and row lengths in each set."""
        # One set of bounds per factor e**4 of eigenvalues. A bound that covers more
        # eigenvectors than were chosen is looser, so that more proposals are rejected;
        # more levels would take n numbers each.
        steps = (self.log_values[0] - self.log_values) // _LEVEL
        stops = np.append(np.flatnonzero(np.diff(steps)) + 1, self.rank)
        starts = np.append(0, stops[:-1])
        lengths = empty((len(stops), len(self._factor)))

        def work(start, stop):
            squares = self.vectors(slice(start, stop)) ** 2
            parts = np.add.reduceat(squares, starts, axis=1)
            lengths[:, start:stop] = np.cumsum(parts, axis=1).T

        self._in_chunks(work, lengths)
        return stops, lengths, [running(level) for level in lengths]

    def _in_chunks(self, work, out):
        n, width = self._factor.shape

        def of_chunk(start, stop):
            work(start, stop)
            release(self._factor, out)

        run_chunks(of_chunk, n, chunk_size(width))

    def odds(self, size):
        """Return probabilities of choosing each eigenvector that add up to `size`.

        The size must be less than the rank.
        """
        # On condition that `size` are chosen, a common factor of the eigenvalues does
        # not matter. With this factor, `size` are chosen on average, so that the
        # condition often holds.
        return self._remember("odds", size, self._find_odds)

    def _find_odds(self, size):
        # Bisection for the logarithm of the factor: at `low` nearly none are chosen, at
        # `high` nearly all.
        low = -self.log_values[0] - 50.0
        high = -self.log_values[-1] + 50.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            total = expit(self.log_values + middle).sum()
            low, high = (middle, high) if total < size else (low, middle)
        return expit(self.log_values + middle)

    def _choose(self, size, seed):
        """Choose `size` eigenvectors by the product of their eigenvalues."""
        # Independent choices are repeated until `size` are chosen. If that never
        # happens, the table of the same conditional distribution is used.
        if size in (0, self.rank):
            return np.arange(size)
        odds = self.odds(size)
        for attempt in range(_ROUNDS):
            uniforms = stream(seed, DRAW, attempt).random((self.rank, _ATTEMPTS))
            tried = uniforms < odds[:, None]
            right = np.flatnonzero(np.count_nonzero(tried, axis=0) == size)
            if len(right):
                return np.flatnonzero(tried[:, right[0]])
        # This is reached by chance at times if there are tens of thousands of
        # eigenvectors: then few sets have exactly the size that is wanted.
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

    def _remember(self, name, size, compute):
        known = self._of_size.get(name)
        if known is None or known[0] != size:
            known = self._of_size[name] = size, compute(size)
        return known[1]

    def inclusion(self, size, rows=slice(None)):
        """Return the inclusion probabilities of some rows in a sample of `size`."""
        return np.minimum(1.0, self.squares_times(self.marginals(size), rows))

    def squares_times(self, along, rows):
        """Return the weighted sums of squared eigenvectors for some rows."""
        if not isinstance(rows, slice):
            return self.vectors(rows) ** 2 @ along
        out = empty(len(self._factor))

        def work(start, stop):
            out[start:stop] = self.vectors(slice(start, stop)) ** 2 @ along

        self._in_chunks(work, out)
        return out[rows]
