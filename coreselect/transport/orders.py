"""Strategies: orders in which rows are chosen for targets, best first.

Every strategy is a function ``(matching, size) -> rows`` that returns the numbers of at
least `size` rows, best first. The order for a smaller size is the beginning of that for
a larger one.

- ``rounds``: every target's nearest row, then every target's second nearest, ...;
  within a round, in the order of ``facility``.
- ``round_robin``: targets take turns; each takes its nearest remaining row.
- ``facility``: greedily minimises the mean distance to the nearest chosen row.
- ``ot``: greedily minimises the transport distance of the equally weighted chosen rows.
- ``mean_score``: rows by their mean similarity to the targets.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.spatial.distance import cdist

from coreselect._kernels.greedy import TIE, facility, take_turns
from coreselect._kernels.norms import row_sq_norms
from coreselect.neighbors import NearestCenters, nearest_lists
from coreselect.neighbors.targets import GRID
from coreselect.transport.distance import transport
from coreselect.transport.neighbours import Targets

LIST_ENTRIES = 2**25  # entries of all neighbour lists, 16 bytes each
_COST_ENTRIES = 2**24  # distances of candidates to targets, 8 bytes each
_LIST_START = 3  # the first lists have this many times size / targets entries
_TRIES = 50  # rows by each criterion that a step of `ot` may try exactly


class Matching:
    """Rows to choose from and targets to choose for, with the distances between them.

    Parameters
    ----------
    rows : Rows
    embed : callable
        ``embed(block)`` returns float64 rows whose Euclidean distances count.
    targets : Targets
    """

    def __init__(self, rows, embed, targets, whole=None, members=None):
        self.rows = rows
        self.embed = embed
        self.targets = targets
        self.n_rows = rows.n_rows
        self._whole, self._members = whole, members
        self._lists = self._matrix = None

    def part(self, members):
        """Return the matching for some of the targets; lists and costs are shared."""
        # The nearest rows of a target are the same in every fold.
        Z, share = self.targets
        share = share[members] / share[members].sum()
        targets = Targets(Z[members], share)
        return Matching(self.rows, self.embed, targets, self, members)

    def lists(self, k):
        """Return the k nearest rows of every target, an array of shape (m, k)."""
        k = min(k, self.longest_list())
        if self._whole is not None:
            return self._whole.lists(k)[self._members]
        if self._lists is None or self._lists.shape[1] < k:
            self._lists, _ = nearest_lists(self.rows, self.embed, self.targets.Z, k)
        return self._lists[:, :k]

    def longest_list(self):
        """Return how many rows a neighbour list can hold: all, if memory allows."""
        if self._whole is not None:
            return self._whole.longest_list()
        return min(self.n_rows, max(1, LIST_ENTRIES // len(self.targets.Z)))

    def embedded(self, rows):
        """Return embedded rows."""
        return self.embed(self.rows.gather(rows))

    def costs(self, size):
        """Return candidates and their distances to the targets.

        Candidates are all rows if their distances fit in memory, else the rows nearest
        to each target and to the mean of the targets.
        """
        if self._whole is not None:
            candidates, cost = self._whole.costs(size)
            return candidates, np.ascontiguousarray(cost[:, self._members])
        if self._matrix is None or len(self._matrix[0]) < min(size, self.n_rows):
            candidates = self._candidates(size)
            self._matrix = candidates, cdist(self.embedded(candidates), self.targets.Z)
        return self._matrix

    def _candidates(self, size):
        m = len(self.targets.Z)
        most = max(size, _COST_ENTRIES // m)
        if self.n_rows <= most:
            return np.arange(self.n_rows)
        # Rows near the mean of the targets may be in no list, but serve all targets.
        central = np.argsort(-self.scores(), kind="stable")[: most // 4]
        near = rounds(self, most)
        near = near[~np.isin(near, central)][: most - len(central)]
        return np.union1d(near, central)

    def scores(self):
        """Return one score per row, which falls as its mean squared distance rises."""
        center = self.targets.share @ self.targets.Z
        embed = self.embed
        scores = self.rows.map(lambda block: _similarity(embed(block), center))
        return _ranks(scores)

    def distances(self):
        """Return the squared distance of every row to its nearest target, rounded."""
        index, embed = NearestCenters(self.targets.Z), self.embed
        return _ranks(self.rows.map(lambda block: index.find(embed(block))[1]))


def _similarity(Z, center):
    return Z @ center - row_sq_norms(Z) / 2


def rounds(matching, size):
    """Order rows by layers: all nearest rows, all second nearest, and so on.

    A row belongs to the first layer in which it occurs. Within a layer, rows are in the
    order of `facility`: if only a part of the layer fits, it serves all targets.
    """

    def order(found):
        m, k = found.shape
        layer = np.tile(np.arange(k), m)
        # By layer, then by row: the first place of a row is in its layer.
        by = np.lexsort((found.ravel(), layer))
        _, first = np.unique(found.ravel()[by], return_index=True)
        first.sort()
        rows, layers = found.ravel()[by][first], layer[by][first]
        # Only layers up to the one that completes `size` need to be put in order.
        ends = np.flatnonzero(np.diff(layers, append=k)) + 1
        enough = np.searchsorted(ends, size)
        return _greedy_layers(matching, rows, ends[: enough + 1])

    return _from_lists(matching, size, order)


def _greedy_layers(matching, rows, ends):
    """Put the rows of the layers that end at `ends` in the order of `facility`."""
    # A prefix of the order serves a smaller size, so each layer is ordered by itself,
    # as if it were the last.
    T, share = matching.targets
    Z = matching.embedded(rows[: ends[-1]])
    parts, start = [], 0
    for end in ends:
        cost = cdist(Z[start:end], T)
        parts.append(rows[start:end][facility(cost, share, end - start)])
        start = end
    return np.concatenate([*parts, rows[start:]])


def round_robin(matching, size):
    """Order rows by turns of the targets, the heaviest target first.

    In its turn, a target takes its nearest row that no other target has taken.
    """
    turn = np.argsort(_ranks(-matching.targets.share), kind="stable")

    def order(found):
        lists = np.ascontiguousarray(found[turn])
        most = min(matching.n_rows, max(size, 2 * len(turn)))
        return take_turns(lists, matching.n_rows, most)

    return _from_lists(matching, size, order)


def _from_lists(matching, size, order):
    """Order rows by neighbour lists, which are lengthened until they give enough."""
    # Lists of different targets share rows, so they must be longer than size / targets.
    # How much longer depends on the data: the length is multiplied by four until it is
    # enough, so that the last search costs more than all before.
    size = min(size, matching.n_rows)
    k = _LIST_START * -(-size // len(matching.targets.Z)) + 8
    while True:
        rows = order(matching.lists(k))
        if len(rows) >= size:
            return rows
        if k >= matching.longest_list():
            return _filled(matching, rows)
        k *= 4


def _filled(matching, rows):
    """Append all other rows by their distance to the nearest target."""
    left = np.setdiff1d(np.arange(matching.n_rows), rows)
    if len(left) == 0:
        return rows
    return np.append(rows, left[np.argsort(matching.distances()[left], kind="stable")])


def mean_score(matching, size):
    """Order rows by their mean similarity to all targets."""
    return np.argsort(-matching.scores(), kind="stable")[:size]


def facility_greedy(matching, size):
    """Order rows greedily by the mean distance of targets to the nearest chosen row."""
    candidates, cost = matching.costs(size)
    size = min(size, len(candidates))
    return candidates[facility(cost, matching.targets.share, size)]


def ot_greedy(matching, size):
    """Order rows greedily by the transport distance of the equally weighted rows.

    The dual potentials of the last step give a lower bound on the distance after adding
    any row. Candidates are the 50 rows with the least bounds and the 50 with the
    largest gains in `facility`. Their exact distances are computed in the order of the
    bounds, until a bound exceeds the best distance found.
    """
    # The first row is alone, so its distance is its mean cost: no problem is solved.
    candidates, cost = matching.costs(size)
    size = min(size, len(candidates))
    share = matching.targets.share
    bound, served = cost @ share, np.full(len(share), np.inf)
    chosen, left = [], np.ones(len(cost), dtype=bool)
    pick = _lowest(np.arange(len(cost)), bound)
    while True:
        chosen.append(pick)
        left[pick] = False
        served = np.minimum(served, cost[pick])
        if len(chosen) == size:
            return candidates[chosen]
        _, u, v = transport(np.full(len(chosen), 1 / len(chosen)), share, cost[chosen])
        # `u`, and `reach` for the new row, are feasible prices of the problem with one
        # row more; the value of feasible prices is at most the distance.
        reach = (cost - v).min(axis=1)
        bound = (u.sum() + reach) / (len(chosen) + 1) + share @ v
        gain = np.maximum(served - cost, 0) @ share
        rows = np.flatnonzero(left)
        either = np.union1d(_first_of(rows, bound), _first_of(rows, -gain))
        tried = either[np.argsort(_ranks(bound[either]), kind="stable")]
        pick = _best(tried, bound, cost, share, chosen)


def _ranks(values):
    """Return values rounded to the grid, so that ties are equal on every machine."""
    return np.rint(values / (np.abs(values).max(initial=0.0) or 1.0) * GRID)


def _first_of(rows, values):
    """Return the `_TRIES` rows of least value, in order; ties by row number."""
    return rows[np.argsort(_ranks(values[rows]), kind="stable")[:_TRIES]]


def _best(tried, bound, cost, share, chosen):
    """Return the row to add with the least exact distance.

    Rows whose lower bound is above the least distance so far are skipped.
    """
    # `tried` is in the order of the bounds, so the first rows tend to be the best, and
    # most problems behind them need not be solved.
    values = np.full(len(tried), np.inf)
    weights = np.full(len(chosen) + 1, 1 / (len(chosen) + 1))
    for k, row in enumerate(tried):
        if bound[row] < values.min() * (1 + TIE):
            values[k], *_ = transport(weights, share, cost[[*chosen, row]])
    return _lowest(tried, values)


def _lowest(rows, values):
    """Return the lowest row number whose value ties with the least."""
    return int(rows[values <= values.min() * (1 + TIE)].min())


Order: TypeAlias = Literal["rounds", "round_robin", "facility", "ot", "mean_score"]
STRATEGIES: dict[Order, Callable[..., Any]] = {
    "rounds": rounds,
    "round_robin": round_robin,
    "facility": facility_greedy,
    "ot": ot_greedy,
    "mean_score": mean_score,
}
