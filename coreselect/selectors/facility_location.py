"""Facility location: the rows that all others resemble the most.

``f(S) = sum_i w_i max(s_ij for j in S)`` is the weighted sum, over all rows i, of the
similarity s to the most similar selected row. It is monotone and submodular, so that
greedy picks reach at least ``1 - 1/e`` of the optimum [Nemhauser, Wolsey and Fisher
1978]; a dual bound proves far more on the data at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import Integer, OneOfOrCallable, OrNone, Real
from coreselect.base import Holds, LearnedAttribute
from coreselect.coverage import (
    SIMILARITIES,
    Bounds,
    BudgetBounds,
    CoverageCertificate,
    Greedy,
    source_of,
)
from coreselect.sampling import draw
from coreselect.selectors._picks import PickSelector


class FacilityLocationSelector(PickSelector):
    """Select the rows that all rows resemble the most, with a proven quality.

    The value of a selection is the weighted sum, over all rows, of the similarity to
    the most similar selected row. Each pick raises it the most (exact greedy facility
    location [1]_), and `certificate_` says how far from the optimum the result can be.

    Parameters
    ----------
    n_select : int, float or None, default=100
        Number of rows, or a fraction in (0, 1] of them; None with a `budget`.
    similarity : {"euclidean", "cosine", "rbf"} or callable, default="euclidean"
        How similar two rows are: ``1 / (1 + D)`` with the Euclidean distance D,
        ``max(0, cos)``, or ``exp(-gamma D**2)``. A callable ``f(served, chosen)`` takes
        two arrays of n and m rows (CSR if X is sparse), and returns the n x m matrix of
        what each row of the first gains from each of the second; it need not be
        symmetric. Its negative values count as 0, as negative cosines do: a row must
        not be served worse than by no row at all.
    gamma : float, optional
        Parameter of ``"rbf"``; None means 1 / the median squared distance of at most
        1,000 rows.
    n_clients : int, optional
        The value is summed over this many rows, drawn with probabilities in proportion
        to their weights, instead of over all rows. The cost then falls to n_clients / n
        of it; every row can be selected still.
    n_neighbors : int, optional
        Similarities count only between a row and its `n_neighbors` nearest rows. None
        means all pairs.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows may cost together. `fit` takes the `cost` of each. This is in
        place of a size, so `n_select` must be None. Not beside `quotas`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Used to draw clients only.

    Attributes
    ----------
    selection_ : Selection
        The rows in the order of their choice. The weight of a row is the total input
        weight of the rows that are most similar to it, so weights add up to the total.
        They make a quantisation of the data, not unbiased estimates of sums. If all
        rows are selected, they keep their own weights, in row order.
    value_ : float
        The value of the selection; with `n_clients` that on the clients that chose it,
        which is optimistic; with `n_neighbors` that of the listed pairs only.
    full_value_ : float
        The value on all rows and pairs; other than `value_` only with `n_clients` or
        `n_neighbors`. It is computed from all rows, so it has no standard error.
    fresh_value_, fresh_value_std_ : float
        An unbiased estimate of `full_value_` from as many other clients, and its
        standard error: what `n_clients` rows can tell. Only with `n_clients`.
    gains_ : ndarray of shape (n_selected,)
        By how much each pick raised the value.
    certificate_ : CoverageCertificate
        The value and an upper bound of the largest value of so many rows, for the same
        clients and pairs. Computed when it is first read; see `certificate`.
    gamma_ : float or None
        The gamma of ``"rbf"``.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If a row is zero and the similarity is the cosine, distances are infinite in
        float64, `gamma` is out of scale with X, `n_clients` is more than the number of
        rows, or a callable returns a wrong shape.

    See Also
    --------
    GreedyDPPSelector : Rows as unlike each other as possible.
    KMeansSensitivitySelector : Draws rows, with unbiased weights.
    coreselect.coverage.coverage_bound : The certificate of any rows.

    Notes
    -----
    O(n^2 d) in float32 products, with n_clients in place of one n; memory O(n d), and
    at most 0.5 GB for the pairs that still matter. No n x n matrix is made. All rows
    are held in memory. Decisions are made in float64, and do not depend on threads or
    blocks. Gains within 1e-9 of the best are ties, and the lowest row comes first.
    Copies of selected rows come last, with weight 0.

    Rows of `include` are chosen first. Rows of `exclude` count in no value: they need
    not be served. With `quotas`, each pick is the best row among the groups that have
    places left: at least half of the optimum, and certified for the same quotas.

    With a `budget`, two greedy searches spend it: one by gain per cost, the other by
    gain alone. The better one has at least ``(1 - 1/e) / 2`` of the optimum [3]_, and
    is certified for the same budget. Rows that add nothing are not bought. Time and
    memory are twice those without a budget.

    Scales of columns decide what is similar: standardise them first. For rows that
    should be far from each other, or for the largest distance to a selected row, other
    methods fit better: facility location follows the mass of the data and ignores rare
    outliers.

    References
    ----------
    .. [1] G. L. Nemhauser, L. A. Wolsey, M. L. Fisher, "An analysis of approximations
       for maximizing submodular set functions I", Mathematical Programming 14, 1978,
       :doi:`10.1007/BF01588971`.
    .. [2] G. Cornuejols, M. L. Fisher, G. L. Nemhauser, "Location of bank accounts to
       optimize float", Management Science 23, 1977, :doi:`10.1287/mnsc.23.8.789`.
    .. [3] J. Leskovec, A. Krause, C. Guestrin, C. Faloutsos, J. VanBriesen, N. Glance,
       "Cost-effective outbreak detection in networks", KDD 2007,
       :doi:`10.1145/1281192.1281239`.

    Examples
    --------
    >>> from coreselect import FacilityLocationSelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> selector = FacilityLocationSelector(3).fit(X)
    >>> selector.selection_.indices, selector.selection_.weights
    (array([1, 4, 5]), array([3., 2., 1.]))
    >>> print(selector.certificate_)
    facility location: 4.5 with 3 rows; no 3 rows reach more than 4.5 (proven share of
    the best 1).
    """

    cli_name = "facility-location"
    passes = "all rows in memory"
    cost = "O(n^2 d) in float32"
    holds = Holds(per_row=40, whole=True, copies=64)
    use_when = (
        "A few rows that stand for all others, such as rows to label, with a proven "
        "share of the optimum."
    )
    parameter_checks: Checks = {
        **PickSelector.parameter_checks,
        "similarity": OneOfOrCallable(*SIMILARITIES),
        "gamma": OrNone(Real(0, strict=True)),
        "n_clients": OrNone(Integer(1)),
        "n_neighbors": OrNone(Integer(1)),
    }
    gamma_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = 100,
        *,
        similarity: Literal["euclidean", "cosine", "rbf"]
        | Callable[..., Any] = "euclidean",
        gamma: float | None = None,
        n_clients: int | None = None,
        n_neighbors: int | None = None,
        quotas: Quotas = None,
        budget: float | None = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select,
            quotas=quotas,
            budget=budget,
            features=features,
            random_state=random_state,
        )
        self.similarity = similarity
        self.gamma = gamma
        self.n_clients = n_clients
        self.n_neighbors = n_neighbors

    @classmethod
    def examples(cls):
        return [
            cls(n_select=10),
            cls(n_select=5, similarity="rbf", n_neighbors=4),
        ]

    @property
    def full_value_(self) -> float:
        chosen = self._learned_for("full_value_")
        return float(self._in_own_unit(chosen.full_values[len(self.selection_)]))

    @property
    def fresh_value_(self) -> float:
        fresh, values = self._fresh("fresh_value_")
        return float(self._in_own_unit(fresh.estimate(values)))

    @property
    def fresh_value_std_(self) -> float:
        fresh, values = self._fresh("fresh_value_std_")
        if len(fresh) == 1:
            raise AttributeError(
                "fresh_value_std_ needs at least 2 clients, got n_clients=1."
            )
        return float(self._in_own_unit(fresh.estimate(values, return_std=True)[1]))

    def _fresh(self, name):
        """Return the fresh clients, and their similarities to the selection."""
        chosen = self._learned_for(name)
        if chosen.fresh is None:
            raise AttributeError(
                f"this {type(self).__name__} has no {name}: it was fitted without "
                "n_clients, so value_ is about all rows."
            )
        return chosen.fresh, chosen.served.best[chosen.fresh.indices]

    @property
    def certificate_(self) -> CoverageCertificate:
        self._learned_for("certificate_")
        return self.certificate()

    def certificate(self, size: Size | None = None) -> CoverageCertificate:
        """Return what the first picks reach, and what no rows of their number exceed.

        Parameters
        ----------
        size : int or float, optional
            Number of rows, at most that of `fit`, which is the default.

        Returns
        -------
        CoverageCertificate
            With a `budget`, the bound is for all rows that cost at most as much as the
            first picks; by default, for the whole budget.

        Notes
        -----
        The bound is a Lagrangian dual bound, computed at the first call for all sizes.
        It takes about as long as the selection.
        """
        n, fitted, chosen = self._prefix(size), self._fitted, self._learned()
        budget = fitted.rules.budget
        if budget is not None and n < fitted.size:
            budget = float(fitted.rules.cost[chosen.order[:n]].sum())
        found = chosen.certificate(n, fitted.exponent, budget)
        seen = []
        if self.n_clients is not None:
            seen.append(f"{self.n_clients} drawn clients")
        if self.n_neighbors is not None:
            seen.append(f"{self.n_neighbors} nearest rows of each")
        if seen:
            full = float(self._in_own_unit(chosen.full_values[n]))
            quantity = f"{found.quantity} ({', '.join(seen)})"
            found = replace(found, quantity=quantity, full_value=full)
        return replace(found, conditions=fitted.rules.conditions)

    def _check_parameters(self):
        super()._check_parameters()
        if self.n_neighbors is not None and callable(self.similarity):
            raise ValueError(
                f"n_neighbors={self.n_neighbors} needs one of the similarities "
                f"{', '.join(SIMILARITIES)}, but similarity is a function; leave "
                "n_neighbors out."
            )

    def _learn(self, rows, size, rng):
        weight, clients = rows.each_weight(), None
        own, fresh = weight, None
        if self.n_clients is not None:
            drawn, fresh = self._clients(weight, rng), self._clients(weight, rng)
            clients, own = drawn
        source = source_of(rows, self.similarity, self.gamma, own, clients)
        self.gamma_ = source.gamma
        if self.n_neighbors is not None:
            source = source.nearest(self.n_neighbors, clients)
        search = self._searched(Greedy(source), size)
        chosen = search.chosen(self._bounds(search))
        if self.n_clients is not None or self.n_neighbors is not None:
            everyone = source_of(rows, self.similarity, self.gamma, weight)
            chosen.serve_all(everyone, fresh)
        return chosen

    def _bounds(self, search):
        """Return what bounds the best rows under the rules of this fit."""
        rules = self._fitted.rules
        if rules.budget is not None:
            return BudgetBounds(rules.purse(), search.order)
        return Bounds(search.source.n_rows, len(search.order), self._turns())

    def _clients(self, weight, rng):
        if self.n_clients > len(weight):
            raise ValueError(
                f"n_clients={self.n_clients} is more than the {len(weight)} rows of "
                "positive weight; use fewer, or leave n_clients out."
            )
        return draw(weight, self.n_clients, base_weight=weight, random_state=rng)
