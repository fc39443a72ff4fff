"""Sensitivity sampling for k-means and k-median."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from coreselect._typing import BalanceOn, Checks, Design, Features, Quotas, Seed, Size
from coreselect._validation import Integer, OrNone
from coreselect.base import Holds, Learned, LearnedAttribute, ScoreSelector
from coreselect.clustering import POWER, SEARCH, score_lines, seed
from coreselect.streams import StreamMixin

_FEW = 10  # clusters that a balanced draw balances the numbers of rows of


class KMeansSensitivitySelector(StreamMixin, ScoreSelector):
    """Select rows for k-means or k-median by their sensitivities.

    Seeds are found by weighted D^z seeding (k-means++ for z = 2). Rows are then drawn
    in proportion to an upper bound on their share of the cost of any k centres. It is
    large for rows far from the seeds and for rows in small clusters. Clustering the
    weighted rows is close to clustering all rows, even where small clusters lie far
    from the others [1]_.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of rows, or a fraction in (0, 1] of them.
    n_clusters : int, default=8
        k: the number of centres that the selected rows will be clustered with.
    power : float, default=2
        z, from 1 to 16: the cost of a row is its distance to the power z (2 for
        k-means, 1 for k-median).
    n_seeds : int or None
        Number of seeds; None means `n_clusters`. More seeds cost more and resolve finer
        structure; with fewer, scores come closer to those of `LightweightSelector`.
    search : {"auto", "exact", "tree"}
        How the nearest seed of a row is found: among all seeds, or approximately, by a
        tree whose cost hardly grows with their number. ``"auto"`` takes the tree for
        more than 512 seeds and many rows.
    stratify : bool, default=False
        Whether to draw within the classes of y: each class gets its expected number of
        rows, rounded down or up at random. If y holds numbers with fractions,
        rows are drawn in the order of y instead, which spreads them over its values.
    design : {"pivotal", "systematic", "balanced", "poisson", "priority", \
              "multinomial"}
        How rows are drawn; see `coreselect.draw`.
    balance_on : {"auto", "linear", "quadratic"}
        For ``design="balanced"``: the columns whose totals are kept; see
        `ScoreSelector`.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows cost together, on average. `fit` takes the `cost` of each. This
        is in place of a size, so `n_select` must be None; see `coreselect.draw`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        The selected rows, weighted by input weight / inclusion probability.
    scores_ : ndarray of shape (n_rows,)
        See `coreselect.clustering.sensitivities`.
    centers_ : ndarray of shape (n_seeds, n_features)
        The seeds: distinct rows. There are fewer than `n_seeds` if X has fewer.
    seed_cost_ : float
        The weighted cost of all rows with the seeds as centres.
    balance_columns_ : list of str
        Only for ``design="balanced"``: the columns that `selection_` balances.
    coreset_ : Coreset
        Only after `partial_fit`: the selected rows themselves.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    LightweightSelector : Cheaper, and enough where clusters are large.
    GroupSamplingSelector : Each seed also stands for the rows next to it.
    coreselect.clustering.seed_centers : How seeds are found.

    Notes
    -----
    Cost O(n k d), or O(n d log k) with the tree. Passes over the data: 4 for up to
    32,768 rows, usually 7 for more. Finding seeds costs another O(m k d log k) with
    m = max(16384, 20 k), which is most of the time for thousands of clusters. With
    Poisson or multinomial draws of expected size ``k / epsilon**2 * min(sqrt(k), 1 /
    epsilon**2)``, up to logarithms and a constant, the cost of *every* set of k centres
    is right within a factor ``1 +- epsilon`` [1]_. In practice 40 to 80 rows per centre
    are common. Where clusters are alike in size and width, uniform sampling does as
    well.

    The scores depend on the rows that were drawn as seeds; the weights are unbiased
    whichever these are. If there are no more distinct rows than seeds, every row is a
    seed, costs are zero, and the copies of each seed share one unit of score.

    References
    ----------
    .. [1] N. Bansal, V. Cohen-Addad, M. Prabhu, D. Saulpic, C. Schwiegelshohn,
       "Sensitivity sampling for k-means: worst case and stability optimal coreset
       bounds", FOCS 2024, :arxiv:`2405.01339`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import KMeansSensitivitySelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(10_000, 2))
    >>> X[:5] += 100  # a cluster of five rows
    >>> selector = KMeansSensitivitySelector(50, n_clusters=2, random_state=0).fit(X)
    >>> selector.sample_indices_[:2] < 5
    array([ True,  True])
    """

    cli_name = "kmeans"
    passes = "4 (mostly 7 from 32,768 rows on)"
    cost = "O(n k d); O(n d log k) for many clusters"
    holds = Holds(per_row=16)
    use_when = (
        "Before k-means or k-median, when some clusters are small or far from the rest."
    )
    parameter_checks: Checks = {
        **ScoreSelector.parameter_checks,
        "n_clusters": Integer(1),
        "power": POWER,
        "n_seeds": OrNone(Integer(1)),
        "search": SEARCH,
    }
    _balances_y = False
    centers_: Any = LearnedAttribute()
    seed_cost_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = 100,
        *,
        n_clusters: int = 8,
        power: float = 2,
        n_seeds: int | None = None,
        search: Literal["auto", "exact", "tree"] = "auto",
        stratify: bool = False,
        design: Design = "pivotal",
        balance_on: BalanceOn = "auto",
        quotas: Quotas = None,
        budget: float | None = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select,
            stratify=stratify,
            design=design,
            balance_on=balance_on,
            quotas=quotas,
            budget=budget,
            features=features,
            random_state=random_state,
        )
        self.n_clusters = n_clusters
        self.power = power
        self.n_seeds = n_seeds
        self.search = search

    @classmethod
    def examples(cls):
        return [
            *(e.set_params(n_clusters=3) for e in super().examples()),
            cls(n_select=10, n_clusters=3, power=1, n_seeds=6),
            cls(n_select=10, n_clusters=20, search="tree"),
        ]

    def _learn(self, rows, rng):
        seeding = seed(
            rows,
            self.n_seeds or self.n_clusters,
            self.n_clusters,
            self.power,
            self.search,
            rng,
        )
        self.centers_ = seeding.centers
        self.seed_cost_ = float(self._in_own_unit(seeding.cost))
        clusters = seeding.clusters
        return Learned(
            score_lines(clusters, self.n_clusters),
            labels=clusters.labels,
            costs=clusters.costs,
        )

    def _scores(self, block, lines):
        labels, costs = block.values["labels"], block.values["costs"]
        return lines.at(labels, costs) * block.weight

    def _balance(self, block, _):
        labels = block.values["labels"]
        indicators = labels[:, None] == np.arange(self._n_indicators())
        return np.hstack([indicators, super()._balance(block, None)])

    def _balance_names(self, features, targets):
        return [*(f"cluster {k}" for k in range(self._n_indicators())), *features]

    def _n_indicators(self):
        n_clusters = len(self.centers_)
        return n_clusters - 1 if n_clusters <= _FEW else 0

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.random_scores = True
        return tags
