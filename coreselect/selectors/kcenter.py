"""k-center: rows such that no row is far from a selected one."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._numbers import to_dense
from coreselect._typing import Checks, Features, Floats, Quotas, Seed, Size
from coreselect._validation import OneOf, Real
from coreselect.base import Holds, LearnedAttribute, RankSelector, SelectorTags
from coreselect.coverage import (
    METRICS,
    CoverageCertificate,
    Room,
    cover_with_balls,
    farthest_first,
    places_left,
    space_of,
    squares_without,
)
from coreselect.neighbors import sq_distances

_FEWEST = 1024  # farthest-first picks that stand for all rows if there are outliers
_MOST = 2048


class _Covered(NamedTuple):
    """Rows in order, and for each prefix its radius and a bound on the best one."""

    picks: Any
    radius: Floats
    bound: Floats


class KCenterSelector(RankSelector):
    """Select rows such that no row is far from a selected one: farthest-first picks.

    The first row is the one nearest to the mean. Each further row is the one that is
    farthest from all rows picked before [1]_. The *radius* is the largest distance of
    any row to the nearest selected one. With Euclidean distances and neither outliers
    nor rules, it is at most twice the smallest radius that as many rows can have.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of rows, or a fraction in (0, 1] of them.
    metric : {"euclidean", "cosine"}, default="euclidean"
        With ``"cosine"``, the distance of two rows is one minus the cosine of the angle
        between them.
    n_outliers : float, default=0
        Weight of rows that may be left out of the radius; without weights, their
        number. Rows are then chosen as centres of balls that cover the others [2]_.
    start : {"center", "random"}, default="center"
        The first row: that nearest to the weighted mean (of rows of length one under
        cosine), or a random one, drawn by weight.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Used for ``start="random"`` only.

    Attributes
    ----------
    selection_ : Selection
        The rows, in the order of their picks. The weight of a row is the total input
        weight of the rows that are nearest to it, so all weights add up to the total;
        among picks at the same distance, the earlier one counts. If all rows are
        selected, they keep their own weights, in row order.
    radius_ : ndarray of shape (n_selected,)
        The radius of the first row, of the first two rows, and so on. With `include`,
        it is NaN before the last of these rows.
    certificate_ : CoverageCertificate
        The radius, a lower bound on that of any selection of as many rows, and their
        ratio.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If a row is zero under cosine, distances are infinite in float64, `n_outliers`
        is not less than the total weight, or it is given beside `quotas` or `include`.

    See Also
    --------
    RadiusSelector : As many rows as a given radius needs.
    coreselect.metrics.covering_radius : The radius of any selection.

    Notes
    -----
    The rows are exactly those that a loop in float64 picks: float32 only decides which
    distances need not be computed. Ties, up to 1e-9 of the squared distance, go to the
    lowest row. Copies of selected rows come last, lowest row first, with weight 0.

    *Cost.* O(n k d), most of it in float32 products, and less where there are few
    columns. Some ten passes over the data, not one for each pick, so files work; memory
    O(n). Rows in up to six columns are held in memory.

    *Guarantee.* With a radius r after k picks, these and the farthest row are k + 1
    rows at least r apart, so two of them share a center of any solution: no k centers
    have a radius below r / 2 (r / 4 under cosine). With outliers, the radius is at most
    three times the best if there are at most 1,024 rows. For more, balls are found
    among 1,024 to 2,048 farthest-first picks that stand for the other rows: a
    heuristic. The bound holds in any case; it is 0 if there are very many outliers.

    *Rules.* Rows of `include` come first, and the others are far from these too. Rows
    of `exclude` do not count in the radius: they may be far from all picks. With
    `quotas`, each pick is the farthest row among the groups that have places left; the
    bound is that of rows without quotas. Another size may then need other rows: fit
    again if `select` says so.

    *When not to use it.* The farthest rows are often outliers. To label a few rows that
    teach a model most, rows in dense regions serve better, as k-means or facility
    location choose them. Columns in large units decide all distances: bring them to one
    scale first.

    References
    ----------
    .. [1] T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance",
       Theoretical Computer Science 38, 1985, :doi:`10.1016/0304-3975(85)90224-5`.
    .. [2] M. Charikar, S. Khuller, D. M. Mount, G. Narasimhan, "Algorithms for facility
       location problems with outliers", SODA 2001, ISBN 978-0-89871-490-6.

    Examples
    --------
    >>> from coreselect import KCenterSelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> fitted = KCenterSelector(3).fit(X)
    >>> fitted.selection_.indices, fitted.selection_.weights
    (array([3, 5, 0]), array([2., 1., 3.]))
    >>> fitted.radius_
    array([13.,  7.,  2.])
    >>> print(fitted.certificate_)
    radius: 2 with 3 rows; no 3 rows reach less than 1 (proven share of the best 0.5).
    """

    cli_name = "kcenter"
    passes = "about 10, few more for many rows"
    cost = "O(n k d), k selected rows"
    holds = Holds(per_row=40, blocks=2)
    use_when = "No row may be far from a selected one: rare kinds of rows must be in."
    parameter_checks: Checks = {
        "metric": OneOf(*METRICS),
        "n_outliers": Real(0),
        "start": OneOf("center", "random"),
    }
    radius_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size = 100,
        *,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        n_outliers: float = 0,
        start: Literal["center", "random"] = "center",
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.metric = metric
        self.n_outliers = n_outliers
        self.start = start

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=5, n_outliers=3)]

    def certificate(self, size: Size | None = None) -> CoverageCertificate:
        """Return how good the first `size` rows are, with a proof.

        Parameters
        ----------
        size : int or float, optional
            Number of rows, at most that of `fit`, which is the default.

        Returns
        -------
        CoverageCertificate
        """
        n = self._prefix(size)
        if not n:
            raise ValueError("size=0: no rows have no radius; ask for at least one.")
        value = bound = 0.0
        if n < self._fitted.n_rows:
            covered = self._learned()
            value, bound = float(covered.radius[n - 1]), float(covered.bound[n - 1])
        conditions = self._fitted.rules.conditions
        return CoverageCertificate(
            value, bound, n, "radius", True, conditions=conditions
        )

    @property
    def certificate_(self) -> CoverageCertificate:
        """The certificate of `selection_`."""
        check_is_fitted(self, "selection_")
        if not len(self.selection_):
            self._learned_for("certificate_")
        return self.certificate()

    def _learn(self, rows, size, rng):
        outliers = self._near_one_too(self.n_outliers)
        if outliers and outliers >= rows.total_weight:
            raise ValueError(
                f"n_outliers={self.n_outliers} is not less than the total weight of "
                "the rows: none would have to be near a selected row; lower it."
            )
        rules = self._fitted.rules
        space = space_of(rows, self.metric)
        start = self._first_rows(rows, space, rules, rng)
        if outliers:
            covered = _without_outliers(rows, space, start, size, outliers)
        else:
            covered = _farthest(rows, space, start, size, self._groups_with_room(rules))
        self.radius_ = covered.radius
        if size < self._fitted.size:  # all rows but one were ranked
            self.radius_ = np.append(covered.radius, 0.0)
        return covered

    @property
    def row_rules(self) -> tuple[str, ...]:  # type: ignore[override]
        rules = () if self.n_outliers else ("quotas", "include")
        return (*rules, "exclude")

    @property
    def no_rules(self) -> str:  # type: ignore[override]
        if self.n_outliers:
            return f"with n_outliers={self.n_outliers}, balls choose the rows"
        return "it picks a fixed number of rows, whatever they cost"

    def _largest(self):
        size, n_rows = self._fitted.size, self._fitted.n_rows
        return min(size, max(n_rows - 1, 1))

    def _groups_with_room(self, rules):
        """Return the group of every row, and how many rows of each may be picked."""
        if rules.quotas is None:
            return ()
        size = self._fitted.size
        need, most = rules.whole_bounds(size)
        return rules.groups.codes, Room(need, most, np.array([size - need.sum()]))

    def _first_rows(self, rows, space, rules, rng):
        if rules.n_musts:
            return np.flatnonzero(rules.musts)
        may = rules.turns(self._fitted.size).open_rows()
        may = True if may is None else may
        if self.start == "center":
            return np.array([space.central(rows, may)])
        sums = np.cumsum(rows.each_weight() * may)
        at = np.searchsorted(sums, rng.random() * sums[-1], side="right")
        return np.array([min(at, np.searchsorted(sums, sums[-1]))])

    def _rank(self, covered, size, rng):
        order = covered.picks.order[:size]
        if not np.array_equal(self._first_of(covered.picks.order, size), order):
            raise ValueError(
                f"n_select={size} rows that meet the quotas are not the first of those "
                f"that were picked for {self._fitted.size}; fit again with "
                f"n_select={size}."
            )
        return order, covered.picks.weights(size)

    def _selector_tags(self):
        return SelectorTags(unbiased=False, unit_free=not self.n_outliers)


def _farthest(rows, space, start, size, groups):
    """Return farthest-first picks as `_Covered`."""
    picks = free = farthest_first(rows, space, start, size, *groups)
    if groups:  # picks by quotas may be near each other, and prove little
        free = farthest_first(rows, space, start, size)
    bound = space.distances(free.squares / 4)
    return _Covered(picks, space.distances(picks.squares), bound)


def _without_outliers(rows, space, start, size, outliers):
    """Return centres of balls around all rows but outliers, as `_Covered`."""
    weight = rows.each_weight()
    n_outliers = rows.n_rows - places_left(weight, outliers)
    n_picks = min(max(_FEWEST, size + n_outliers + 1), _MOST, rows.n_rows)
    n_picks = max(n_picks, min(size, rows.n_rows))
    picks = farthest_first(rows, space, start, n_picks)
    # Balls around the picks, in row order: ties go to the lowest row.
    by_row = np.argsort(picks.order)
    points = to_dense(space.points(rows.gather(picks.order[by_row]).X))
    squares = sq_distances(points, points)
    found = cover_with_balls(squares, picks.weight[by_row], size, outliers)
    order = picks.order[by_row[found]]
    others = picks.order[~np.isin(picks.order, order)]
    order = np.concatenate([order, others[: size - len(order)]])
    centers = to_dense(space.points(rows.gather(order).X))
    radius = squares_without(rows, space, centers, outliers)
    bound = _bounds(picks, weight[picks.order], size, outliers)
    assigned = farthest_first(rows, space, order, size)
    return _Covered(assigned, space.distances(radius), space.distances(bound / 4))


def _bounds(picks, weight, size, outliers):
    """Return squared distances that rows of any solution are apart, for each size."""
    # The first s + 1 picks are at least r(s) apart, the radius of the first s. If k + 1
    # of them are left whatever the outliers are, two share a centre.
    left = np.array(
        [places_left(weight[: s + 1], outliers) for s in range(1, len(weight))]
    )
    bounds = np.zeros(size)
    for k in range(1, size + 1):
        enough = np.flatnonzero(left >= k + 1)
        if len(enough):
            bounds[k - 1] = picks.squares[enough[0]]
    return bounds
