"""Group sampling for k-means and k-median: rings around seeds, groups of rings."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from coreselect._scratch import by_parts, largest, sums_by
from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import Integer, OrNone
from coreselect.base import Holds, LawSelector, LearnedAttribute, SelectorTags
from coreselect.clustering import POWER, SEARCH, Clusters, seed, weighted
from coreselect.sampling.designs import draw_with_seed
from coreselect.streams import StreamMixin

_EPS = 1e-9  # added to logarithms, so that rounding moves no row to another ring
_GROUPS = 4  # groups in each ring, by the cost of a cluster's part of the ring


class _Groups(NamedTuple):
    """What `fit` keeps of the rows.

    Attributes
    ----------
    seeds : ndarray of int64 of shape (k,)
        Row numbers of the seeds.
    clusters : Clusters
    group : ndarray of int of shape (n_rows,)
        The group of every row; 0 for rows close to their seed.
    totals : ndarray of shape (n_groups,)
        The weighted cost of every group; 0 for group 0.
    weight : ndarray of shape (n_rows,) or None
        Input weights.
    """

    seeds: np.ndarray
    clusters: Clusters
    group: np.ndarray
    totals: np.ndarray
    weight: np.ndarray | None

    def weights(self, rows):
        """Return the weights of some rows."""
        return 1.0 if self.weight is None else self.weight[rows]


class GroupSamplingSelector(StreamMixin, LawSelector):
    """Select rows for k-means or k-median by group sampling.

    The ring of a row is its cost divided by the mean cost of its cluster, rounded down
    to a power of two. Rings of several clusters that have similar total costs form a
    group [1]_. Half of the draws are shared among groups by their cost, half equally.
    Within a group, rows are drawn in proportion to their cost. Rows inside the
    innermost ring are not drawn, nor are rows of groups whose share is less than one
    row: their seed is selected with their total weight.

    Parameters
    ----------
    n_select : int or float, default=100
        Largest number of rows, seeds included, or a fraction in (0, 1] of all rows.
    n_clusters : int, default=8
        k: the number of centres that the selected rows will be clustered with.
    power : float, default=2
        z, from 1 to 16: the cost of a row is its distance to the power z (2 for
        k-means, 1 for k-median).
    n_seeds : int or None
        Number of seeds; None means `n_clusters`.
    n_rings : int, default=8
        Number of rings on either side of a cluster's mean cost. Rows that cost less
        than ``2**-n_rings`` times the mean are represented by their seed.
    search : {"auto", "exact", "tree"}
        How nearest seeds are found; see `coreselect.clustering.sensitivities`.
    quotas : dict, optional
        Refused by `fit`: the draw cannot fix how many rows come from a group.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        Drawn rows with weight input weight / inclusion probability, and seeds with the
        total weight of the rows that they stand for.
    centers_ : ndarray of shape (n_seeds, n_features)
        The seeds: distinct rows. There are fewer than `n_seeds` if X has fewer.
    seed_cost_ : float
        The weighted cost of all rows with the seeds as centres.
    coreset_ : Coreset
        Only after `partial_fit`: the selected rows themselves.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    KMeansSensitivitySelector : Unbiased weights, with the same guarantees.

    Notes
    -----
    **The weights are biased**: a seed stands for rows that do not lie exactly at the
    seed, so the cost of centres close to it is underestimated, by at most the cost of
    these rows. No weight is lost: `n_outside_` is 0. In exchange, these rows add
    nothing to the variance of the draw. Cost and passes are those of
    `KMeansSensitivitySelector`. A size of ``k / epsilon**2 * min(1 / epsilon**z, k)``,
    up to logarithms, suffices for a relative error ``epsilon``, with rings out to ``(z
    / epsilon)**(2 z)`` [1]_.

    If there are not enough rows to draw, fewer than `n_select` are selected. If
    `n_select` is at most the number of seeds, only seeds are drawn, by the weight of
    their clusters.

    References
    ----------
    .. [1] V. Cohen-Addad, D. Saulpic, C. Schwiegelshohn, "A new coreset framework for
       clustering", STOC 2021, :arxiv:`2104.06133`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import GroupSamplingSelector
    >>> X = np.repeat([[0.0], [10.0], [11.0]], [500, 250, 250], axis=0)
    >>> selector = GroupSamplingSelector(10, n_clusters=3, random_state=0)
    >>> selector.fit_select(X).weights  # three values, counted
    array([500., 250., 250.])
    """

    cli_name = "group"
    passes = "3 (mostly 6 from 32,768 rows on)"
    cost = "O(n k d); O(n d log k) for many clusters"
    holds = Holds(per_row=16)
    use_when = "Before k-means or k-median, when many rows lie at or near a few points."
    parameter_checks: Checks = {
        "n_clusters": Integer(1),
        "power": POWER,
        "n_seeds": OrNone(Integer(1)),
        "n_rings": Integer(1),
        "search": SEARCH,
    }
    centers_: Any = LearnedAttribute()
    seed_cost_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size = 100,
        *,
        n_clusters: int = 8,
        power: float = 2,
        n_seeds: int | None = None,
        n_rings: int = 8,
        search: Literal["auto", "exact", "tree"] = "auto",
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.n_clusters = n_clusters
        self.power = power
        self.n_seeds = n_seeds
        self.n_rings = n_rings
        self.search = search

    @classmethod
    def examples(cls):
        return [
            cls(n_select=10, n_clusters=3),
            cls(n_select=10, n_clusters=3, power=1, n_seeds=6, n_rings=2),
        ]

    def _learn(self, rows, rng):
        n_seeds = self.n_seeds or self.n_clusters
        seeding = seed(rows, n_seeds, self.n_clusters, self.power, self.search, rng)
        self.centers_ = seeding.centers
        self.seed_cost_ = float(self._in_own_unit(seeding.cost))
        clusters, weight = seeding.clusters, rows.weight
        group = _sort(clusters, weight, self.n_clusters, self.n_rings)
        group[seeding.indices] = 0
        n_groups = int(largest(group)) + 1
        totals = sums_by(group, n_groups, weighted, clusters.costs, weight)
        totals[0] = 0.0
        return _Groups(seeding.indices, clusters, group, totals, weight)

    def _sample(self, state, size, rng):
        seeds, group, weight = state.seeds, state.group, state.weight
        draws = int(rng.integers(2**63))
        # Every seed is selected, so the other rows share what is left of the size. With
        # no room for others, seeds are drawn in proportion to the weights of clusters.
        if size <= len(seeds):
            masses = state.clusters.weights
            drawn = draw_with_seed(masses, size, "pivotal", None, masses, draws)
            chosen = seeds[drawn.indices]
            return chosen, drawn.weights, state.weights(chosen)
        room = size - len(seeds)
        pull = _pull(state.totals, room)
        scores = by_parts(
            lambda costs, group, weight: pull[group] * weighted(costs, weight),
            state.clusters.costs,
            group,
            weight,
        )
        drawn = draw_with_seed(scores, room, "pivotal", group, None, draws)
        # A seed stands for itself and for the rows of its cluster that cannot be drawn:
        # they are added to its weight. This is what biases costs near the seed.
        counted = sums_by(
            state.clusters.labels,
            len(seeds),
            lambda scores, weight: weighted(np.where(scores > 0, 0.0, 1.0), weight),
            scores,
            weight,
        )
        counted = counted / state.weights(seeds)
        standing = counted > 0
        return (
            np.concatenate([drawn.indices, seeds[standing]]),
            np.concatenate([drawn.weights, counted[standing]]),
            1.0,
        )

    def _selector_tags(self):
        return SelectorTags(unbiased=False, exact_size=False)


def _pull(totals, room):
    """Return a factor for each group; a row's score is its cost times that factor.

    Half of `room` is shared among groups by their cost, half equally. Groups whose
    share is less than one row get the factor 0.
    """
    # The equal half keeps cheap groups from being missed, the half by cost keeps the
    # variance low. A group that expects less than one row would often have none, and
    # then all of its weight would be lost.
    some = totals > 0
    if not some.any():
        return np.zeros(len(totals))
    # The equal half gives small groups a chance. A group that is left out is not lost:
    # its rows count for their seeds.
    shares = totals / totals.sum() + some / np.count_nonzero(some)
    least = min(2 / room, shares.max()) * (1 - _EPS)
    shares[shares < least] = 0.0
    return np.divide(shares, totals, out=np.zeros(len(totals)), where=some)


def _sort(clusters, weight, n_clusters, n_rings):
    """Return the group of every row; 0 for rows that are close to their seed.

    A ring of a cluster holds the rows whose cost is about the same power of two times
    the mean cost of the cluster. A group holds such rings of several clusters.
    """
    # The cost of a row is compared with the mean of its cluster, and the cost of a part
    # of a cluster with the mean of its ring, both up to a factor of two. So one factor
    # turns the costs in a group into scores. _EPS keeps costs at a power of two, up to
    # rounding, in one group.
    labels, costs, weights, totals = clusters
    n_centers, n_all_rings = len(weights), 2 * n_rings + 1
    means = np.divide(totals, weights, out=np.zeros(n_centers), where=weights > 0)

    def part_of(labels, costs):
        with np.errstate(divide="ignore", invalid="ignore"):
            ring = np.floor(np.log2(costs / means[labels]) + _EPS)
        inside = ~(ring >= -n_rings)  # rows on their seed, too
        ring = np.where(inside, 0, np.clip(ring, -n_rings, n_rings) + n_rings)
        return np.where(inside, 0, 1 + ring * n_centers + labels)

    n_parts = 1 + n_all_rings * n_centers
    part = by_parts(part_of, labels, costs, dtype=np.min_scalar_type(-n_parts))
    # Rings at the same distance are grouped by their total cost over the mean of these
    # totals, again by powers of two: so a large cluster does not hide a small one.
    parts = sums_by(part, n_parts, weighted, costs, weight)[1:]
    parts = parts.reshape(-1, n_centers)
    whole = parts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.floor(np.log2(whole / (n_clusters * parts)) + _EPS)
    step = np.clip(np.nan_to_num(step), -1, _GROUPS - 2) + 1
    group = 1 + np.arange(n_all_rings)[:, None] * _GROUPS + step
    group = np.append(0, group.ravel()).astype(int)
    kind = np.min_scalar_type(-1 - n_all_rings * _GROUPS)
    return by_parts(lambda part: group[part], part, dtype=kind)
