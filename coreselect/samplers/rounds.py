"""Rounds of random subsets, each a function of a seed and the number of the round only.

Without replacement, an endless sequence of permutations (cycles) is cut into blocks of
`size` rows, the rounds. A block that begins in cycle c - 1 and ends in cycle c must not
hold a row twice. So cycle c is rearranged at its beginning: rows that the block holds
already move behind the rows that fill the block. The end of a cycle is never
rearranged, so a round depends on two cycles and on no earlier round. This needs ``2 *
size <= n``; for larger rounds, the rows that are *left out* are cut in this way.
"""

from dataclasses import dataclass
from math import isqrt

import numpy as np

from coreselect._kernels.permutations import locate_permuted, permute
from coreselect._quotas import largest_remainder, members
from coreselect._random import DRAW, draw_seed, stream

# Up to this size a permutation is drawn as a whole; parts of larger, keyed ones are
# computed as they are needed.
EXPLICIT = 65_536
_N_STEPS = 4  # of two half-steps; three leave pairs visibly uneven for small n

# Kinds of streams of the seed of the rounds.
_CYCLE, _ROUND, _ORDER = range(3)


def seed_of_rounds(seed):
    """Return the seed of the rounds for the seed of a fit or of a sampler."""
    return draw_seed(stream(seed, DRAW))


class Explicit:
    """A permutation of ``range(n)``, drawn as a whole."""

    def __init__(self, n, rng):
        self._rows = rng.permutation(n)

    def rows(self, start, stop):
        """Return the rows at some positions."""
        return self._rows[start:stop].copy()  # a view would keep the whole in memory

    def positions(self, rows):
        """Return the positions of rows."""
        places = np.empty(len(self._rows), dtype=np.int64)
        places[self._rows] = np.arange(len(self._rows))
        return places[rows]


class Keyed:
    """A keyed permutation of ``range(n)``; its parts are computed when asked for."""

    def __init__(self, n, rng):
        low = isqrt(n - 1) + 1
        keys = rng.integers(0, 2**64, size=2 * _N_STEPS, dtype=np.uint64)
        self._key = n, low, -(-n // low), keys

    def rows(self, start, stop):
        """Return the rows at some positions."""
        return permute(np.arange(start, stop), *self._key)

    def positions(self, rows):
        """Return the positions of rows."""
        return locate_permuted(rows, *self._key)


def permutation(n, rng):
    """Make a random permutation of ``range(n)``."""
    return (Explicit if n <= EXPLICIT else Keyed)(n, rng)


@dataclass(frozen=True)
class Walk:
    """Rounds without replacement of `size` of `n` rows."""

    n: int
    size: int
    seed: int
    group: int = 0

    def draw(self, number):
        """Return the rows of a round, and the expected hits of each."""
        return self._rows(number), self.size / max(1, self.n)

    def _rows(self, number):
        if 2 * self.size <= self.n:
            return self._block(number)
        left_out = Walk(self.n, self.n - self.size, self.seed, self.group)
        inside = np.ones(self.n, dtype=bool)
        inside[left_out._block(number)] = False
        rng = stream(self.seed, _ORDER, self.group, number)
        return rng.permutation(np.flatnonzero(inside))

    def _block(self, number):
        if self.size == 0:
            return np.empty(0, dtype=np.int64)
        cycle, start = divmod(number * self.size, self.n)
        stop = start + self.size
        if stop <= self.n:
            return self._arranged(cycle, start, stop)
        tail = self._cycle(cycle).rows(start, self.n)  # never rearranged
        return np.concatenate([tail, self._arranged(cycle + 1, 0, stop - self.n)])

    def _arranged(self, cycle, start, stop):
        """Return the rows at some positions of a cycle after its rearrangement."""
        # The block at the beginning of this cycle has `carried` rows at the end of the
        # cycle before, and needs as many others as fill it. They come first, in their
        # order; before the last of them, rows that the block holds already move behind.
        carried = cycle * self.n % self.size
        if carried == 0 or start >= self.size:
            return self._cycle(cycle).rows(start, stop)
        rows = self._cycle(cycle).rows(0, max(stop, self.size))
        first = rows[: self.size]
        places = self._cycle(cycle - 1).positions(first)
        taken = places >= self.n - carried
        filled = np.flatnonzero(~taken)[self.size - carried - 1] + 1
        order = np.argsort(taken[:filled], kind="stable")
        rows[:filled] = rows[:filled][order]
        return rows[start:stop]

    def _cycle(self, cycle):
        return permutation(self.n, stream(self.seed, _CYCLE, self.group, cycle))


@dataclass(frozen=True)
class Independent:
    """Independent rounds of `size` of `n` rows, no row twice in a round."""

    n: int
    size: int
    seed: int
    group: int = 0

    def draw(self, number):
        """Return the rows of a round, and the expected hits of each."""
        rng = stream(self.seed, _ROUND, self.group, number)
        return permutation(self.n, rng).rows(0, self.size), self.size / max(1, self.n)


@dataclass(frozen=True, eq=False)
class Weighted:
    """Independent rounds whose rows are drawn one by one in proportion to scores.

    Among the rows left, the next is i with probability proportional to its score s_i.
    These are the rows of the `size` smallest keys E_i / s_i, with exponential E_i
    (Gumbel top-k). Given the other keys, row i is in the round if ``E_i < s_i tau``,
    with tau the smallest key left out.
    """

    log_scores: np.ndarray
    size: int
    seed: int
    group: int = 0

    def draw(self, number):
        """Return the rows of a round, and the expected hits of each."""
        rng = stream(self.seed, _ROUND, self.group, number)
        rows, log_tau = smallest_keys(self.log_scores, self.size, rng)
        return rows, -np.expm1(-np.exp(self.log_scores[rows] + log_tau))


def smallest_keys(log_scores, size, rng):
    """Draw `size` rows one by one in proportion to scores, in the order drawn.

    Returns
    -------
    rows : ndarray of int64 of shape (size,)
    log_tau : float
        Logarithm of the smallest key left out; infinite if there is none.
    """
    keys = np.full(len(log_scores), np.inf)
    positive = log_scores > -np.inf
    uniform = rng.standard_exponential(len(keys))
    np.log(uniform, out=keys, where=positive)
    np.subtract(keys, log_scores, out=keys, where=positive)
    if size == np.count_nonzero(positive):
        return np.argsort(keys, kind="stable")[:size], np.inf
    near = np.argpartition(keys, size)
    rows = near[:size]
    return rows[np.argsort(keys[rows], kind="stable")], keys[near[size]]


class Rounds:
    """Rounds of `size` of `n` rows, which can be asked for in any order.

    Parameters
    ----------
    n, size : int
        ``size`` is at most `n`.
    replacement : bool
        Whether rounds are independent of each other.
    seed : int
    strata : ndarray of int of shape (n,), optional
    log_scores : ndarray of float of shape (n,), optional
        Logarithms of scores; needs `replacement`.
    numbers : ndarray of int of shape (n_strata,), optional
        Rows of each stratum in a round; by default shares by largest remainder.
    """

    def __init__(
        self, n, size, replacement, seed, strata=None, log_scores=None, numbers=None
    ):
        self.n, self.size, self.replacement, self.seed = n, size, replacement, seed
        self._members = None
        counts = np.array([n])
        if strata is not None:
            counts = np.bincount(strata)
            self._members = members(strata)
        if numbers is None:
            numbers = largest_remainder(counts, size)
        self._parts = []
        for group, (count, quota) in enumerate(
            zip(counts.tolist(), numbers.tolist(), strict=True)
        ):
            if log_scores is not None:
                inside = slice(None) if strata is None else self._members[group]
                part = Weighted(log_scores[inside], quota, seed, group)
            else:
                law = Independent if replacement else Walk
                part = law(count, quota, seed, group)
            self._parts.append(part)

    def draw(self, number):
        """Return the rows of a round in random order, and their expected hits."""
        drawn = [part.draw(number) for part in self._parts]
        if self._members is None:
            return drawn[0]
        rows = np.concatenate(
            [m[r] for m, (r, _) in zip(self._members, drawn, strict=True)]
        )
        expected = np.concatenate([np.broadcast_to(e, r.shape) for r, e in drawn])
        order = stream(self.seed, _ORDER, len(drawn), number).permutation(self.size)
        return rows[order], expected[order]

    def rows(self, number):
        """Return the rows of a round in random order."""
        return self.draw(number)[0]

    def coverage(self, n_rounds):
        """Return the fraction of the rows that are in the first `n_rounds` rounds."""
        if not self.replacement:
            parts = self._parts
            return sum(min(p.n, n_rounds * p.size) for p in parts) / self.n
        seen = np.zeros(self.n, dtype=bool)
        for number in range(n_rounds):
            seen[self.rows(number)] = True
            if seen.all():
                break
        return float(seen.mean())
