"""Saturated coverage: every row counts up to a share of what all rows give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import OneOfOrCallable, OrNone, Real
from coreselect.base import Holds, LearnedAttribute
from coreselect.coverage import (
    SIMILARITIES,
    FunctionSearch,
    SaturatedCoverage,
)
from coreselect.selectors._picks import PickSelector


class SaturatedCoverageSelector(PickSelector):
    """Select rows such that every row is similar enough to them together.

    The value of a selection S is ``sum_i w_i min(sum_j s_ij, saturation T_i)``, with j
    over S and the similarity ``T_i`` of row i to all rows together [1]_. A row that has
    its share counts no more. Each pick raises the value the most.

    Parameters
    ----------
    n_select : int, float or None, default=100
        Number of rows, or a fraction in (0, 1] of them; None with a `budget`.
    similarity : {"euclidean", "cosine", "rbf"} or callable, default="euclidean"
        See `FacilityLocationSelector`; a callable must be symmetric.
    gamma : float, optional
        Parameter of ``"rbf"``; None means 1 / the median squared distance of at most
        1,000 rows.
    saturation : float, default=0.25
        Share of ``T_i`` above which row i counts no more, above 0 and at most 1.
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
    O(n^2 d) in float64 for ``T``, and O(n d) for each gain that is computed later;
    memory O(n d). All rows are held in memory. The value is monotone and submodular, so
    it is at least ``1 - 1/e`` of the best of this size; with a `budget`, at least ``(1
    - 1/e) / 2`` of the best that it pays for [2]_. A row of weight w counts as w copies
    of which one can be selected. Gains within 1e-9 of the best are ties, and the lowest
    row comes first. While nothing is saturated, the picks are those of the largest
    ``T``, in the densest regions: with far fewer rows than `saturation` times their
    number, take facility location.

    Copies of a row each add to the value, so copies of selected rows can be chosen
    before other rows. Rows of `exclude` count in no sum.

    References
    ----------
    .. [1] J. Schreiber, J. Bilmes, W. S. Noble, "apricot: Submodular selection for data
       summarization in Python", JMLR 21, 2020, :arxiv:`1906.03543`.
    .. [2] J. Leskovec, A. Krause, C. Guestrin, C. Faloutsos, J. VanBriesen, N. Glance,
       "Cost-effective outbreak detection in networks", KDD 2007,
       :doi:`10.1145/1281192.1281239`.

    Examples
    --------
    >>> from coreselect import SaturatedCoverageSelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> SaturatedCoverageSelector(2).fit_select(X).indices
    array([1, 4])
    """

    cli_name = "saturated-coverage"
    passes = "all rows in memory"
    cost = "O(n^2 d)"
    holds = Holds(per_row=40, whole=True, copies=40)
    use_when = "Every row should have several similar rows, none more than enough."
    parameter_checks: Checks = {
        **PickSelector.parameter_checks,
        "similarity": OneOfOrCallable(*SIMILARITIES),
        "gamma": OrNone(Real(0, strict=True)),
        "saturation": Real(0, 1),
    }
    gamma_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = 100,
        *,
        similarity: Literal["euclidean", "cosine", "rbf"]
        | Callable[..., Any] = "euclidean",
        gamma: float | None = None,
        saturation: float = 0.25,
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
        self.saturation = saturation

    def _learn(self, rows, size, rng):
        source = self._source(rows)
        # Sums over all rows are in the unit of hooks, those over picks are not.
        function = SaturatedCoverage(source, self._in_own_unit(self.saturation))
        search = FunctionSearch(function, rows.n_rows)
        return self._searched(search, size).chosen()

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.unit_free = False
        return tags
