"""Rows that are useful and far apart: utility plus the smallest distance of a pair.

``f(S) = sum(u_i for i in S) + c min(|x_i - x_j| for i, j in S)``. For each distance t
of a geometric grid, rows are taken in order of utility if no row that was taken before
is nearer than t [1]_. Let the rows of some set S be at least 2 t apart. Then a row that
is taken is nearer than t to at most one of them. So as many rows can be taken as S has,
and their utility is at least that of S: hence the guarantee, and the upper bound.

References
----------
.. [1] M. Fahrbach, S. Ramalingam, M. Zadimoghaddam, S. Ahmadian, G. Citovsky, G.
   DeSalvo, "GIST: greedy independent set thresholding for max-min diversification with
   submodular utility", 2024, :arxiv:`2405.18754`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coreselect._numbers import exponent
from coreselect._typing import Floats, Integers
from coreselect.coverage.certificate import CoverageCertificate
from coreselect.coverage.farthest import Picks, farthest_first
from coreselect.coverage.thinning import Cells, first_apart
from coreselect.neighbors import DistancesToAll, nearest_neighbors

_STEP = 1.1  # ratio of two distances of the grid that follow each other
_LEAST = 0.1  # the grid ends where its distance is this share of the value or less
_TIE = 1e-9  # relative; of values that differ by less, the first one wins
_SLACK = 1 + 1e-8  # more than distances round


class Objective(NamedTuple):
    """What is maximised, in units in which nothing overflows.

    Attributes
    ----------
    utility : ndarray of shape (n_rows,)
    per_distance : float
        What a distance of one between points counts.
    exponent : int
        Values are divided by two to the power of this.
    """

    utility: Floats
    per_distance: float
    exponent: int

    @classmethod
    def of(cls, utility: Floats, trade_off: float, space: Any) -> Objective:
        """Return the objective for points of a `Space` without cosines."""
        factor, power = np.frexp(trade_off)
        power = int(power) - exponent(space.scale) + 1  # the scale is a power of 2
        unit = power if trade_off else exponent(utility.max())
        if utility.any():
            unit = max(unit, exponent(utility.max()))
        return cls(
            np.ldexp(utility, -unit), float(np.ldexp(factor, power - unit)), unit
        )

    def value(self, utility: Any, separation: Any) -> Any:
        """Return the value for sums of utilities; an infinite distance counts as 0."""
        far = np.where(np.isinf(separation), 0.0, separation)
        return utility + self.per_distance * far


class Dispersed(NamedTuple):
    """Rows in order, and what each of their prefixes reaches.

    Arrays have the shape (size + 1,), from the prefix of no row on.

    Attributes
    ----------
    picks : Picks
        The rows, and the weight of those nearest to each.
    separation : ndarray
        The smallest distance of two rows; infinite for less than two. It is not known
        for prefixes without all the rows that must be in.
    utility, value, bound : ndarray
        The sum of utilities, the value, and what no rows of their number exceed.
    exponent : int
        Of `Objective`; it applies to utilities, values and bounds.
    """

    picks: Picks
    separation: Floats
    utility: Floats
    value: Floats
    bound: Floats
    exponent: int

    def certificate(self, size: int) -> CoverageCertificate:
        """Return the certificate of the first `size` rows."""
        with np.errstate(over="ignore"):
            value, bound = (
                float(np.ldexp(values[size], self.exponent))
                for values in (self.value, self.bound)
            )
        return CoverageCertificate(value, bound, size, "diversity", False)


def disperse(
    rows: Any, space: Any, objective: Objective, size: int, musts: Integers
) -> Dispersed:
    """Choose `size` rows of large utility that are far apart.

    Parameters
    ----------
    rows : Rows
        Held in memory if there is a utility.
    space : Space
        Euclidean.
    objective : Objective
    size : int
    musts : ndarray of int64
        Rows that must be in; they come first.
    """
    runs = _farthest(rows, space, size, musts)
    caps = _caps(rows, space, runs, size, musts)
    if size == rows.n_rows:  # there are no other rows
        caps[size] = _separation(space.points(rows.gather(runs[0].order).X))
    if not objective.utility.any():
        return _plain(runs, caps, space, objective, len(musts))
    search = _Search(rows, space, objective, size, musts)
    for run in runs:
        search.offer(run.order)
    search.offer(np.concatenate([musts, search.highest]))
    search.over_distances(float(caps[size]))
    order, separation = search.ordered()
    picks = farthest_first(rows, space, order, size)
    utility = np.concatenate([[0.0], np.cumsum(objective.utility[order])])
    bound = search.bound(caps)
    return _finished(picks, separation, utility, bound, space, objective)


def _finished(picks, separation, utility, bound, space, objective):
    value = objective.value(utility, separation)
    bound = np.maximum(value, bound)
    separation[2:] = space.distances(separation[2:] ** 2)  # one row has none
    return Dispersed(picks, separation, utility, value, bound, objective.exponent)


def _farthest(rows, space, size, musts):
    """Return farthest-first picks from the middle, and from the row farthest from it.

    With rows that must be in, only those that start from these.
    """
    start = musts if len(musts) else np.array([space.central(rows)])
    runs = [farthest_first(rows, space, start, size)]
    if not len(musts) and size > 1:
        runs.append(farthest_first(rows, space, runs[0].order[1:2], size))
    return runs


def _caps(rows, space, runs, size, musts):
    """Return what the smallest distance is at most, for each number of rows."""
    # With a radius r after m - 1 picks, m - 1 balls of this radius hold all rows: of
    # any m rows, two are in the same ball, so they are at most 2 r apart.
    caps = np.full(size + 1, np.inf)
    for run in runs:
        caps[2:] = np.fmin(caps[2:], 2 * np.sqrt(run.squares[: size - 1]))
    if len(musts) > 1:
        points = space.points(rows.gather(musts).X)
        caps = np.minimum(caps, _separation(points))
    return caps


def _separation(points):
    """Return the smallest distance of two points; infinite if there is only one."""
    if points.shape[0] < 2:
        return np.inf
    return float(nearest_neighbors(points, 1)[1].min())


def _plain(runs, caps, space, objective, n_musts):
    """Return the farthest-first picks that are farther apart; there is no utility."""
    found, size = [], len(caps) - 1
    for run in runs:
        separation = np.full(size + 1, np.inf)
        separation[2:] = np.sqrt(run.squares[: size - 1])
        if n_musts > 1:  # their own distances bound those of all rows
            separation[n_musts] = caps[n_musts]
            separation[n_musts:] = np.fmin(separation[n_musts:], caps[n_musts])
        found.append(separation)
    best = int(found[-1][size] > found[0][size] * (1 + _TIE))
    bound = objective.value(0.0, caps * _SLACK)
    nothing = np.zeros(size + 1)
    return _finished(runs[best], found[best], nothing, bound, space, objective)


class _Search:
    """The best rows so far, and utilities that no rows so far apart exceed."""

    def __init__(self, rows, space, objective, size, musts):
        self.objective, self.size, self.musts = objective, size, musts
        self.X = space.points(rows.whole().X)
        self._cells = Cells(self.X, rows.each_weight())
        self._near = np.full(rows.n_rows, np.inf)
        if len(musts):
            self._near = farthest_first(rows, space, musts, len(musts)).near
        by_utility = np.argsort(-objective.utility, kind="stable")
        self._by_utility = by_utility[~np.isin(by_utility, musts)]
        self.highest = self._by_utility[: size - len(musts)]
        self._best, self._order = -np.inf, musts
        self._distances, self._most = [], []

    def offer(self, order):
        """Take `size` rows if they are better than those so far."""
        utility = self.objective.utility[order].sum()
        value = float(self.objective.value(utility, _separation(self.X[order])))
        if value > self._best * (1 + _TIE):
            self._best, self._order = value, order

    def over_distances(self, most):
        """Offer rows of large utility that are farther apart than each of a grid."""
        n_others = len(self.highest)
        distance = most if np.isfinite(most) else 0.0
        per_distance = self.objective.per_distance
        while 2 * per_distance * distance > _LEAST * self._best:
            square = distance**2 * (1 - 3 * _TIE)  # rows at that distance may stay
            order = self._by_utility
            order = order[self._near[order] > square * (1 + _TIE)]
            kept = first_apart(self.X, order, square, self._cells, n_others)
            self._note(distance, kept)
            if len(kept) == n_others:
                self.offer(np.concatenate([self.musts, kept]))
                if np.array_equal(kept, self.highest):
                    break
            distance /= _STEP

    def _note(self, distance, kept):
        self._distances.append(distance)
        self._most.append(self._sums(kept))

    def _sums(self, kept):
        """Return sums of utilities for each size; minus infinity if there are none."""
        first, utility = len(self.musts), self.objective.utility
        sums = np.full(self.size + 1, -np.inf)
        sums[first] = utility[self.musts].sum()
        sums[first + 1 :][: len(kept)] = sums[first] + np.cumsum(utility[kept])
        return sums

    def bound(self, caps):
        """Return what no rows exceed, for each size."""
        # Rows at least 2 t apart have at most the utility that was found for t, and for
        # each smaller distance of the grid. They are nearer than the next larger one.
        most = np.array([*self._most, self._sums(self.highest)])
        most = np.minimum.accumulate(most[::-1], axis=0)[::-1]
        far = 2 * _SLACK * np.array([np.inf, *self._distances])
        far = np.minimum(far[:, None], caps * _SLACK)
        far[:, :2] = np.inf  # one row has no distance
        return self.objective.value(most, far).max(axis=0)

    def ordered(self):
        """Return the rows in order, and the smallest distance in each prefix.

        Rows that must be in stay first, or else the most useful row; each further row
        is the one with which the value is largest. Copies come last.
        """
        rows = np.sort(self._order)  # ties go to the lowest row
        utility = self.objective.utility[rows]
        start = np.searchsorted(rows, self.musts)
        start = start if len(start) else [utility.argmax()]
        distances = DistancesToAll(self.X[rows])
        near, left = np.full(len(rows), np.inf), np.ones(len(rows), dtype=bool)
        order, separation = [], [np.inf]
        for t in range(len(rows)):
            if t < len(start):
                at = int(start[t])
            else:
                far = np.sqrt(np.minimum(near, separation[-1] ** 2))
                value = utility + self.objective.per_distance * far
                value[near == 0] = -1.0
                value[~left] = -np.inf
                best = value.max()
                at = int(np.argmax(value >= best - _TIE * abs(best)))
            order.append(at)
            separation.append(min(separation[-1], float(np.sqrt(near[at]))))
            left[at] = False
            near = np.minimum(near, distances.sq_distances([at])[0])
        return rows[order], np.array(separation)
