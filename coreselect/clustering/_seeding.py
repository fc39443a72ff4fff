"""D^z seeding: rows drawn as centres by their distance to those drawn before."""

from __future__ import annotations

from math import log
from typing import Literal, NamedTuple

import numpy as np

from coreselect._kernels import clusters as kernels
from coreselect._numbers import in_units, to_dense
from coreselect._random import LEARN, draw_seed, stream
from coreselect._typing import Column, Floats, RowsLike, Seed
from coreselect._validation import Integer
from coreselect.clustering._scores import (
    POWER,
    SEARCH,
    Clusters,
    block_lightweight,
    cluster,
    cluster_scores,
)
from coreselect.clustering._search import (
    assign_rows,
    assigned_type,
    projection,
    sample_size,
    to_search_space,
    uses_tree,
)
from coreselect.clustering._spread import spread_of
from coreselect.neighbors import DistancesToAll
from coreselect.rows import open as open_rows
from coreselect.sampling.designs import draw_with_seed

_TIE = 1e-9  # relative; costs that differ by less are equal
_ROUNDS = 6
_ENOUGH = 0.5  # a round whose cost exceeds this share of the previous one is the last


class Seeding(NamedTuple):
    """Seeds, and the rows assigned to them."""

    # Row numbers of the seeds, in the order in which they were drawn.
    indices: np.ndarray
    centers: np.ndarray
    clusters: Clusters
    # The weighted sum of distances to the power z, in units of the data.
    cost: float


def seed_centers(
    X: RowsLike,
    n_clusters: int,
    *,
    power: float = 2,
    search: Literal["auto", "exact", "tree"] = "auto",
    sample_weight: Column = None,
    random_state: Seed = None,
) -> Floats:
    """Choose rows as centres by weighted D^z seeding (k-means++ for power 2).

    Candidates are drawn with probability proportional to the weight of a row times its
    distance to the nearest centre so far, to the power z [1]_. Each time ``2 + log(k)``
    candidates are drawn, and the one that lowers the cost most becomes a centre.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    n_clusters : int
        Number of centres, at least 1.
    power : float, default=2
        The power z, from 1 to 16: 2 for k-means, 1 for k-median.
    search : {"auto", "exact", "tree"}
        How rows are assigned to centres between rounds; see `sensitivities`.
    sample_weight : array-like of shape (n_rows,), optional
        A row of weight w counts as w copies.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of float64 of shape (n_centers, n_features)
        Distinct rows of X: `n_clusters` of them, or all if there are fewer.

    Raises
    ------
    TypeError, ValueError
        If X is not finite, `n_clusters` is not an int of at least 1 or `power` is out
        of range.

    See Also
    --------
    sensitivities : Scores of all rows, given centres.

    Notes
    -----
    For up to k rows, all distinct rows are seeds: O(n d log n). For up to 2 m rows,
    where ``m = max(16384, 20 k)``, seeds are drawn among all rows: O(n k d log k).

    For more rows, seeds are drawn among a weighted sample of m rows. The first sample
    is drawn by lightweight scores; each further one by the sensitivities given the
    latest seeds. The rounds stop when one no longer halves the cost (mostly after two,
    at most six). As in k-means|| [2]_, a few passes over the data replace k passes, and
    rows that one round covers badly are likely to be drawn in the next. Memory
    O(m d + n); cost O((n + m log k) k d), or O((n log k + m k log k) d) with the tree.

    References
    ----------
    .. [1] D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding",
       SODA 2007, ISBN 978-0-89871-624-5.
    .. [2] B. Bahmani, B. Moseley, A. Vattani, R. Kumar, S. Vassilvitskii, "Scalable
       k-means++", VLDB 2012, :arxiv:`1203.6402`.

    Examples
    --------
    >>> from coreselect.clustering import seed_centers
    >>> X = [[0.0], [0.1], [5.0], [5.1], [9.0]]
    >>> len(seed_centers(X, 3, random_state=0))
    3
    >>> seed_centers([[1.0], [1.0]], 3)  # no more distinct rows than this
    array([[1.]])
    """
    Integer(1)("n_clusters", n_clusters)
    POWER("power", power)
    SEARCH("search", search)
    rows = open_rows(X, sample_weight=sample_weight).near_one()[0].subset()
    rng = stream(draw_seed(random_state), LEARN)
    return seed(rows, n_clusters, n_clusters, power, search, rng).centers


def seed(rows, n_centers, n_clusters, power, search, rng):
    """Find seeds among weighted rows and assign all rows to them; return a `Seeding`.

    Later rounds draw by scores for `n_clusters` centres, of which there may be fewer or
    more than the `n_centers` seeds.
    """
    # Which way is taken depends on numbers of rows and centres only, not on how the
    # rows are held.
    seeder = _Seeder(rows, n_centers, power, search, rng)
    size = sample_size(n_centers)
    if rows.n_rows <= n_centers:
        best = seeder.distinct()
    elif rows.n_rows <= 2 * size:
        best = seeder.attempt(np.arange(rows.n_rows), rows.weight, greedy=True)
    else:
        best = _rounds(rows, seeder, size, n_clusters, rng)
    indices, centers, clusters = best
    unit, scale = np.float64(seeder.spread.unit), seeder.spread.scale
    with np.errstate(over="ignore", divide="ignore"):
        cost = clusters.cost * (1.0 if power == 2 else unit ** (power / 2))
        cost = float(cost / np.float64(scale) ** power)
    return Seeding(indices, centers / scale, clusters, cost)


def _rounds(rows, seeder, size, n_clusters, rng):
    """Find seeds in samples, each drawn by the scores that the latest seeds give."""
    spread = seeder.spread
    scores = rows.map(lambda block: block_lightweight(block, spread))
    best = previous = None
    for number in range(_ROUNDS):
        drawn = draw_with_seed(
            scores, size, "pivotal", None, rows.weight, int(rng.integers(2**63))
        )
        scores = None  # arrays of n numbers go as soon as they can
        # The first seeds only serve to draw a better sample: one trial each will do.
        latest = seeder.attempt(drawn.indices, drawn.weights, greedy=number > 0)
        cost = latest[2].cost
        # Later seeds may be worse by chance: the best ones are kept.
        if best is None or cost < best[2].cost:
            best = latest
        if cost == 0 or (previous is not None and cost > _ENOUGH * previous):
            break
        previous = cost
        scores = cluster_scores(rows.weight, latest[2], n_clusters)
        del latest
    return best


class _Seeder:
    """Finds seeds among some rows, and assigns all rows to them."""

    def __init__(self, rows, n_centers, power, search, rng):
        self.spread = spread_of(rows)
        self._rows, self._n_centers, self._power = rows, n_centers, power
        self._tree = uses_tree(search, rows.n_rows, n_centers)
        self._directions = None
        if self._tree:
            self._directions = projection(rows.n_features, n_centers, rng)
        self._rng = rng

    def distinct(self):
        """Return the same as `attempt`, with every distinct row as a seed."""
        rows, spread = self._rows, self.spread
        X = to_dense(rows.whole().X, spread.scale) + 0.0  # no -0.0
        _, first, labels = np.unique(X, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)  # seeds in the order of their rows
        labels = np.argsort(order)[labels.ravel()]
        first = first[order]
        assigned = np.zeros(rows.n_rows, assigned_type(len(first)))
        assigned["label"] = labels
        return first, X[first], cluster(rows.weight, assigned, len(first))

    def attempt(self, indices, weight, *, greedy):
        """Return the row numbers of seeds, the scaled seeds, and the `Clusters`."""
        rows, spread = self._rows, self.spread
        # A copy of all rows would take as long as a few seeds. One block may be held.
        one_block = rows.kept is None and rows.n_rows <= rows.block_rows
        every = one_block and len(indices) == rows.n_rows
        X = (rows.whole() if every else rows.gather(indices)).X
        X = in_units(X, spread.scale)
        space = X if self._directions is None else to_search_space(X, self._directions)
        # As many trials as in scikit-learn.
        n_trials = 2 + int(log(self._n_centers)) if greedy else 1
        found = draw_seeds(
            space,
            weight,
            self._n_centers,
            self._power,
            spread.unit,
            n_trials,
            self._rng,
        )
        centers = to_dense(X[found])
        assigned = assign_rows(
            rows,
            centers,
            spread.scale,
            self._tree,
            self._directions,
            power=self._power,
            unit=spread.unit,
        )
        return indices[found], centers, cluster(rows.weight, assigned, len(found))


def draw_seeds(X, weight, n_centers, power, unit, n_trials, rng):
    """Draw distinct rows by weighted D^z seeding with `n_trials` candidates per centre.

    `X` holds float64 rows, dense or CSR. Costs are ``(squared distance / unit)**(power
    / 2)``. The result holds at most `n_centers` row numbers, in the order of the draws;
    fewer if every row coincides with a seed.
    """
    # `costs` holds the cost of every row with the seeds so far. The first seed is drawn
    # by weight alone, as if all costs were one. Among candidates whose totals agree up
    # to 1e-9, the first one drawn wins: rounding does not choose a seed.
    weight = np.ones(X.shape[0]) if weight is None else weight
    infinite = np.full(X.shape[0], np.inf)
    costs = np.ones(X.shape[0])
    distances, found = DistancesToAll(X), []
    for _ in range(n_centers):
        sums = np.cumsum(weight * costs)
        if not sums[-1] > 0:
            break
        at = np.searchsorted(sums, rng.random(n_trials) * sums[-1], side="right")
        # Rounding may put a goal at the end of the sums: take the last row with a cost.
        at = np.minimum(at, np.searchsorted(sums, sums[-1]))
        trials = distances.sq_distances(at)
        if power != 2:
            trials = (trials / unit) ** (power / 2)
        totals = kernels.costs_with(trials, costs if found else infinite, weight)
        best = int(np.argmax(totals <= totals.min() * (1 + _TIE)))
        costs = np.minimum(costs if found else infinite, trials[best])
        found.append(at[best])
    return np.array(found, dtype=np.int64)
