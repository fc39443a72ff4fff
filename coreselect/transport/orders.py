"""Strategies: orders in which rows are chosen for targets, best first.

Every strategy is a function ``(problem, size) -> rows``: the numbers of at least `size`
rows, best first. The first `size` are the beginning of those for a larger size.

- ``rounds``: every target's nearest row, then every target's second nearest, ...; in
  each round in the order of ``facility``.
- ``round_robin``: targets take turns, each takes its nearest row that is left.
- ``facility``: greedy on the mean distance to the nearest chosen row.
- ``ot``: greedy on the optimal transport distance of the chosen rows, equally weighted.
- ``mean_score``: rows by their mean similarity to the targets.
"""

import numpy as np
from scipy.spatial.distance import cdist

from coreselect._kernels.greedy import TIE, facility, take_turns
from coreselect._kernels.norms import row_sq_norms
from coreselect.transport.distance import transport
from coreselect.transport.neighbours import GRID, Targets, nearest_lists

_LIST_ENTRIES = 2**25  # of nearest rows, 16 bytes each
_COST_ENTRIES = 2**24  # of distances of candidates to targets, 8 bytes each
_LIST_START = 3  # times size / targets: the length of the first lists
_TRIES = 50  # rows by either criterion that a step of `ot` may try exactly


class Problem:
    """Rows to choose from and targets to choose for, in the space of distances.

    Parameters
    ----------
    rows : Rows
    embed : callable
        ``embed(block)``: float64 rows whose Euclidean distances count.
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
        """Return the problem for some of the targets; what was computed is shared."""
        Z, share = self.targets
        share = share[members] / share[members].sum()
        targets = Targets(Z[members], share)
        return Problem(self.rows, self.embed, targets, self, members)

    def lists(self, k):
        """Return the k nearest rows of every target, an array of shape (m, k)."""
        k = min(k, self.longest_list())
        if self._whole is not None:
            return self._whole.lists(k)[self._members]
        if self._lists is None or self._lists.shape[1] < k:
            self._lists, _ = nearest_lists(self.rows, self.embed, self.targets.Z, k)
        return self._lists[:, :k]

    def longest_list(self):
        """Return how many rows a list can hold: all, if memory allows."""
        if self._whole is not None:
            return self._whole.longest_list()
        return min(self.n_rows, max(1, _LIST_ENTRIES // len(self.targets.Z)))

    def embedded(self, rows):
        """Return rows in the space of distances."""
        return self.embed(self.rows.gather(rows))

    def costs(self, size):
        """Return candidates and their distances to the targets.

        All rows where that many distances fit; else the nearest rows of every target.
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
        # Also the rows of the compromise, which may be nearest to no target.
        central = np.argsort(-self.scores(), kind="stable")[: most // 4]
        near = rounds(self, most)
        near = near[~np.isin(near, central)][: most - len(central)]
        return np.union1d(near, central)

    def scores(self):
        """Return a number per row that falls as its mean squared distance rises."""
        center = self.targets.share @ self.targets.Z
        scores = self.rows.map(lambda block: _similarity(self.embed(block), center))
        return _ranks(scores)

    def distances(self):
        """Return the squared distance of every row to its nearest target, in steps."""
        T = self.targets.Z
        half = row_sq_norms(T) / 2

        def least(block):
            Z = self.embed(block)
            out = np.empty(len(Z))
            for start in range(0, len(Z), 1024):
                product = Z[start : start + 1024] @ T.T - half
                out[start : start + 1024] = -2 * product.max(axis=1)
            return out + row_sq_norms(Z)

        squares = self.rows.map(least)
        return _ranks(squares)


def _similarity(Z, center):
    return Z @ center - row_sq_norms(Z) / 2


def rounds(problem, size):
    """Whole layers: all nearest rows, all second nearest, ...; within one, greedily.

    A row belongs to the first layer that it appears in. Within a layer rows come in the
    order of `facility`, so that one that does not fit is cut where targets are served.
    """

    def order(found):
        m, k = found.shape
        layer = np.tile(np.arange(k), m)
        # By layer, then by row: the first place of a row is in its layer.
        by = np.lexsort((found.ravel(), layer))
        _, first = np.unique(found.ravel()[by], return_index=True)
        first.sort()
        rows, layers = found.ravel()[by][first], layer[by][first]
        ends = np.flatnonzero(np.diff(layers, append=k)) + 1
        enough = np.searchsorted(ends, size)
        return _greedy_layers(problem, rows, ends[: enough + 1])

    return _from_lists(problem, size, order)


def _greedy_layers(problem, rows, ends):
    """Put the rows of every layer in the order of `facility`; later rows stay."""
    T, share = problem.targets
    Z = problem.embedded(rows[: ends[-1]])
    parts, start = [], 0
    for end in ends:
        cost = cdist(Z[start:end], T)
        parts.append(rows[start:end][facility(cost, share, end - start)])
        start = end
    return np.concatenate([*parts, rows[start:]])


def round_robin(problem, size):
    """Targets take turns, the heaviest first; each takes its nearest row left."""
    turn = np.argsort(_ranks(-problem.targets.share), kind="stable")

    def order(found):
        lists = np.ascontiguousarray(found[turn])
        most = min(problem.n_rows, max(size, 2 * len(turn)))
        return take_turns(lists, problem.n_rows, most)

    return _from_lists(problem, size, order)


def _from_lists(problem, size, order):
    """Order rows by lists that are made longer until enough rows stand in them."""
    size = min(size, problem.n_rows)
    k = _LIST_START * -(-size // len(problem.targets.Z)) + 8
    while True:
        rows = order(problem.lists(k))
        if len(rows) >= size:
            return rows
        if k >= problem.longest_list():
            return _filled(problem, rows)
        k *= 4


def _filled(problem, rows):
    """Append all other rows by their distance to the nearest target."""
    left = np.setdiff1d(np.arange(problem.n_rows), rows)
    if len(left) == 0:
        return rows
    return np.append(rows, left[np.argsort(problem.distances()[left], kind="stable")])


def mean_score(problem, size):
    """Rows by their mean similarity to all targets: the rows of the compromise."""
    return np.argsort(-problem.scores(), kind="stable")[:size]


def facility_greedy(problem, size):
    """Greedy on the mean distance of a target to its nearest chosen row."""
    candidates, cost = problem.costs(size)
    size = min(size, len(candidates))
    return candidates[facility(cost, problem.targets.share, size)]


def ot_greedy(problem, size):
    """Greedy on the transport distance of the chosen rows, all of equal weight.

    The dual potentials of the last step bound the distance with any row added from
    below. Tried exactly are the 50 rows of the least bound and the 50 that `facility`
    would gain most from, in the order of the bound, until it is no better than the best
    distance found.
    """
    candidates, cost = problem.costs(size)
    size = min(size, len(candidates))
    share = problem.targets.share
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
        reach = (cost - v).min(axis=1)
        bound = (u.sum() + reach) / (len(chosen) + 1) + share @ v
        gain = np.maximum(served - cost, 0) @ share
        rows = np.flatnonzero(left)
        either = np.union1d(_first_of(rows, bound), _first_of(rows, -gain))
        tried = either[np.argsort(_ranks(bound[either]), kind="stable")]
        pick = _best(tried, bound, cost, share, chosen)


def _ranks(values):
    """Return numbers that order values as they are, and those that are ties alike."""
    return np.rint(values / (np.abs(values).max(initial=0.0) or 1.0) * GRID)


def _first_of(rows, values):
    """Return the rows of the least values, of equal ones the first, in that order."""
    return rows[np.argsort(_ranks(values[rows]), kind="stable")[:_TRIES]]


def _best(tried, bound, cost, share, chosen):
    """Return the best row to add by exact distances, as far as the bound allows."""
    values = np.full(len(tried), np.inf)
    weights = np.full(len(chosen) + 1, 1 / (len(chosen) + 1))
    for k, row in enumerate(tried):
        if bound[row] < values.min() * (1 + TIE):
            values[k], *_ = transport(weights, share, cost[[*chosen, row]])
    return _lowest(tried, values)


def _lowest(rows, values):
    """Return the first of the rows whose values are the least, ties aside."""
    return int(rows[values <= values.min() * (1 + TIE)].min())


STRATEGIES = {
    "rounds": rounds,
    "round_robin": round_robin,
    "facility": facility_greedy,
    "ot": ot_greedy,
    "mean_score": mean_score,
}
