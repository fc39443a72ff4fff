"""Graph cut: rows that resemble all rows, but not each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import OneOfOrCallable, OrNone, Real
from coreselect.base import Holds, LearnedAttribute
from coreselect.coverage import SIMILARITIES, FunctionSearch, GraphCut
from coreselect.selectors._picks import PickSelector


class GraphCutSelector(PickSelector):
    """Select rows that resemble all rows, but not each other.

    The value of a selection S is ``sum_i w_i sum_j s_ij - trade_off sum_jk s_jk``, with
    i over all rows, and j and k over S [1]_. Each pick raises it the most.

    Parameters
    ----------
    n_select : int, float or None, default=100
        Number of rows, or a fraction in (0, 1] of them; None with a `budget`.
    similarity : {"euclidean", "cosine", "rbf"} or callable, default="euclidean"
        See `FacilityLocationSelector`; a callable must be symmetric.
    gamma : float, optional
        Parameter of ``"rbf"``; None means 1 / the median squared distance of at most
        1,000 rows.
    trade_off : float, default=0.5
        How much selected rows that resemble each other cost. 0 takes the rows in the
        densest regions; up to 0.5, more rows never lower the value.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows may cost together. `fit` takes the `cost` of each. This is in
        place of a size, so `n_select` must be None. Not beside `quotas`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Not used.

    Attributes
    ----------
    selection_ : Selection
        The rows in the order of their choice. The weight of a row is the total input
        weight of the rows that are most similar to it. If all rows are selected, they
        keep their own weights, in row order.
    value_ : float
        The value of the selection.
    gains_ : ndarray of shape (n_selected,)
        By how much each pick raised the value.
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
        float64, or `gamma` is out of scale with X.

    See Also
    --------
    FacilityLocationSelector : Every row counts only its most similar selected row.

    Notes
    -----
    O(n^2 d) in float64; memory O(n d). All rows are held in memory. A row of weight w
    counts as w copies of which one can be selected. The value is submodular, and gains
    may be negative if `trade_off` is above 0.5. Gains within 1e-9 of the best are ties,
    and the lowest row comes first. With a `budget`, rows that lower the value are not
    bought. There is no certificate: use facility location where the quality must be
    proven.

    Copies of a row each add to the value, so copies of selected rows can be chosen
    before other rows. Rows of `exclude` count in no sum.

    The first sum draws all picks to the densest region, so a few dense clusters can
    take most of the rows.

    References
    ----------
    .. [1] J. Schreiber, J. Bilmes, W. S. Noble, "apricot: Submodular selection for data
       summarization in Python", JMLR 21, 2020, :arxiv:`1906.03543`.

    Examples
    --------
    >>> from coreselect import GraphCutSelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> GraphCutSelector(2).fit_select(X).indices
    array([1, 3])
    """

    cli_name = "graph-cut"
    passes = "all rows in memory"
    cost = "O(n^2 d)"
    holds = Holds(per_row=40, whole=True, copies=40)
    use_when = "Rows from dense regions that are unlike each other."
    parameter_checks: Checks = {
        **PickSelector.parameter_checks,
        "similarity": OneOfOrCallable(*SIMILARITIES),
        "gamma": OrNone(Real(0, strict=True)),
        "trade_off": Real(0),
    }
    gamma_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = 100,
        *,
        similarity: Literal["euclidean", "cosine", "rbf"]
        | Callable[..., Any] = "euclidean",
        gamma: float | None = None,
        trade_off: float = 0.5,
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
        self.trade_off = trade_off

    def _learn(self, rows, size, rng):
        source = self._source(rows)
        function = GraphCut(source, self._near_one_too(self.trade_off))
        search = FunctionSearch(function, rows.n_rows, can_fall=True)
        return self._searched(search, size).chosen()

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.unit_free = self.trade_off == 0
        return tags
