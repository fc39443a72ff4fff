"""Rows farther apart than a radius, such that every other row is near one of them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

import numpy as np

from coreselect._typing import (
    Checks,
    Column,
    Features,
    Integers,
    Quotas,
    RowsLike,
    Seed,
    Size,
)
from coreselect._validation import OneOf, Real, check_vector
from coreselect.base import (
    GivenRules,
    Holds,
    LearnedAttribute,
    RankSelector,
    SelectorTags,
)
from coreselect.coverage import METRICS, Cells, space_of, thin


class _Thinned(NamedTuple):
    """Kept rows in order, and the weight that each of them absorbs."""

    kept: Integers
    weight: Any


class RadiusSelector(RankSelector):
    """Keep rows that are farther apart than a radius; near-duplicates are dropped.

    Rows are taken in order. A row is kept if no row that was kept before is within the
    radius; otherwise the first such row absorbs it. So kept rows are pairwise farther
    apart than the radius, and every other row is within the radius of the row that
    absorbs it.

    Parameters
    ----------
    radius : float
        Rows at most this far apart are near, in the unit of the features that are seen:
        standard deviations with ``features="auto"``. Positive. Distances above it by
        less than a relative 1e-9 are within it.
    metric : {"euclidean", "cosine"}, default="euclidean"
        With ``"cosine"``, the distance of two rows is one minus the cosine of the angle
        between them: rows with a similarity of at least ``1 - radius`` are near.
    order : {"central", "first"}, default="central"
        Which rows come first. ``"central"``: those nearest to the centre of their own
        cluster, of about 256 rows. ``"first"``: those with a low number.
    n_select : int or float, optional
        Largest number of rows, or fraction in (0, 1] of all rows: the first ones that
        are kept. None, the default, keeps as many as there are, and only then both
        promises hold. With fewer, rows may be left without a near one: see
        `n_uncovered_`. As for every selector, the number of all rows selects all of
        them, near-duplicates too: see `n_near_`.
    quotas : dict, optional
        Refused: see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Not used: nothing is drawn.

    Attributes
    ----------
    selection_ : Selection
        The kept rows, first ones first; in row order if all rows are kept. The weight
        of a row is the total input weight of the rows that it absorbs, itself included,
        so all weights add up to the total unless `n_select` leaves rows out.
    absorbed_by_ : ndarray of int64 of shape (n_rows,)
        The number of the row that absorbs each row; that of a kept row is its own. -1
        for rows of weight 0, and for rows that are near none of `n_select` rows.
    n_uncovered_ : int
        Number of rows of positive weight that are near none of the kept rows; 0 unless
        `n_select` leaves rows out.
    n_near_ : int
        Number of kept rows that would be dropped; 0 unless `n_select` asks for all
        rows.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If the radius is not positive, or a row is zero under cosine.

    See Also
    --------
    KCenterSelector : As small a radius as a given number of rows can have.

    Notes
    -----
    *Guarantee.* If `n_select` is None, it holds in both directions. Connected
    components of near rows do not give it: along a chain of near rows they merge rows
    that are far apart. Nor does the rule to drop every row that has a near one before
    it [1]_: the near row may be dropped itself.

    *Cost.* At most O(n m d) for m kept rows, in float32 products; whatever is decided
    is computed in float64. Rows are sorted into cells, and only cells that may hold
    near rows are compared. X is read into memory; beside it, memory is O(n).

    The result is the same for dense and sparse rows and any number of threads. Columns
    in large units decide all distances: bring them to one scale first.

    References
    ----------
    .. [1] A. Abbas, K. Tirumala, D. Simig, S. Ganguli, A. S. Morcos, "SemDeDup:
       data-efficient learning at web-scale through semantic deduplication", 2023,
       :arxiv:`2303.09540`.

    Examples
    --------
    >>> from coreselect import RadiusSelector
    >>> X = [[0.0], [0.9], [1.8], [2.7], [5.0]]
    >>> fitted = RadiusSelector(1.0, order="first").fit(X)
    >>> fitted.selection_.indices, fitted.selection_.weights
    (array([0, 2, 4]), array([2., 2., 1.]))
    >>> fitted.absorbed_by_
    array([0, 0, 2, 2, 4])
    """

    cli_name = "radius"
    passes = "3, and all rows in memory"
    cost = "O(n m d) at most, m kept rows"
    holds = Holds(per_row=40, whole=True, copies=40)
    use_when = "Near-duplicates must go; every dropped row must have a kept one near."
    parameter_checks: Checks = {
        "radius": Real(0, strict=True),
        "metric": OneOf(*METRICS),
        "order": OneOf("central", "first"),
    }
    named_sizes = (None,)
    row_values = ("scores",)
    no_rules = "the radius alone says how many rows are kept, and which may be"
    absorbed_by_: Any = LearnedAttribute()
    n_uncovered_: Any = LearnedAttribute()
    n_near_: Any = LearnedAttribute()

    def __init__(
        self,
        radius: float,
        *,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        order: Literal["central", "first"] = "central",
        n_select: Size | None = None,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select,
            quotas=quotas,
            features=features,
            random_state=random_state,
        )
        self.radius = radius
        self.metric = metric
        self.order = order

    @classmethod
    def examples(cls):
        return [cls(0.7), cls(0.5, n_select=10, order="first")]

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        scores: Column = None,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Keep rows that are farther apart than the radius.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes; read into memory.
        y : array-like of shape (n_rows,), str or None
            Not used.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are neither kept nor absorbed.
        scores : array-like of shape (n_rows,) or str, optional
            Priority of each row, or the column that holds it: rows of high scores come
            first. `order` decides about equal scores.
        groups, cost, include, exclude : array-like, optional
            As for `ScoreSelector.fit`; only `exclude` is possible.

        Returns
        -------
        self
            With `selection_`, `absorbed_by_`, `n_uncovered_` and `n_near_`.
        """
        rules = GivenRules(groups, cost, include, exclude)
        return self._fit(X, y, sample_weight, rules=rules, per_row={"scores": scores})

    def _checked_values(self, name, values, n_rows):
        # Any numbers: what counts is their order.
        values = check_vector(values, n_rows, name)
        return np.unique(values, return_inverse=True)[1]

    def _learn(self, rows, size, rng):
        space = space_of(rows, self.metric)
        X, weight = space.points(rows.whole().X), rows.each_weight()
        cells = Cells(X, weight)
        order = cells.order() if self.order == "central" else np.arange(rows.n_rows)
        if "scores" in rows.per_row:
            order = order[np.argsort(-rows.per_row["scores"][order], kind="stable")]
        every = self._fitted.size == rows.n_rows  # all rows were asked for
        most = rows.n_rows if size is None or every else size
        kept, places = thin(X, order, space.squares(self.radius), cells, most)
        found = places >= 0
        weights = np.bincount(places[found], weight[found], len(kept))
        absorbed = np.where(found, np.append(kept, 0)[places], -1)
        self.n_uncovered_, self.n_near_ = int((~found).sum()), 0
        if every:
            self.n_near_ = rows.n_rows - len(kept)
            absorbed, found = np.arange(rows.n_rows), True
        numbers = self._fitted.numbers(np.arange(rows.n_rows))
        self.absorbed_by_ = np.full(self._fitted.n_total, -1)
        self.absorbed_by_[numbers] = np.where(found, numbers[absorbed], -1)
        return _Thinned(kept, weights)

    def _find_size(self, rows):
        return len(self._state.kept)

    def _rank(self, thinned, size, rng):
        return thinned.kept[:size], thinned.weight[:size]

    def _selector_tags(self):
        return SelectorTags(unbiased=False, exact_size=False)
