"""TAROT: choose the rows that match a target sample, by optimal transport.

The features of rows and targets are whitened together and scaled to length one. Rows
are chosen near the targets, as many as minimise the transport distance between the
chosen rows and the targets [Feng, Nie, Liu and Alahi, ICML 2025].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect._scratch import count
from coreselect._typing import Checks, Column, Features, Quotas, RowsLike, Seed, Size
from coreselect._validation import Boolean, Integer, OneOf
from coreselect.base import GivenRules, Holds, LearnedAttribute, RankSelector
from coreselect.neighbors.targets import nearest_row_of_each
from coreselect.selectors._transported import State, WhiteningOption, ordered
from coreselect.streams import NearestStreamMixin
from coreselect.transport.distance import METRICS, transport
from coreselect.transport.inputs import (
    MOST_TARGETS,
    Aim,
    aim_at,
    average_both,
    copies_of,
    drop,
    open_targets,
    shared_classes,
    warn_of_copies,
)
from coreselect.transport.orders import STRATEGIES, Matching, Order
from coreselect.transport.sizes import PATH, estimate_size, grid
from coreselect.transport.whitening import METHODS, Method, Whitening, fit_whitening

_OWN_SHARE = 10  # for "auto" without targets: rows for each mean that replaces them
_LAYERED = ("rounds", "round_robin")  # strategies that give every target a row first


class TAROT(NearestStreamMixin, RankSelector):
    """Select the rows that match a target sample.

    Features are whitened and scaled to length one. Rows are chosen near the targets by
    one of several strategies. With ``n_select="auto"``, their number minimises the
    optimal transport distance between chosen rows and targets [1]_.

    Parameters
    ----------
    n_select : "auto", int or float, default="auto"
        Number of rows, or a fraction in (0, 1] of them. "auto" estimates it by k-fold
        cross-validation over the targets: each fold chooses rows for one small part of
        the targets and measures the transport distance to the other targets.
    strategy : {"rounds", "round_robin", "facility", "ot", "mean_score"}
        How rows are chosen for the targets.

        - ``"rounds"``: every target's nearest row, then every target's second nearest,
          and so on, as in the paper; within a round, in the order of ``"facility"``.
        - ``"round_robin"``: targets take turns; each takes its nearest remaining row.
        - ``"facility"``: greedily minimises the mean distance of a target to its
          nearest chosen row (transport with free weights on the chosen rows). It saves
          at least ``1 - 1/e`` of what the best rows would save.
        - ``"ot"``: greedily minimises the transport distance of equally weighted rows.
          The best on average and the slowest: use it for a few hundred rows.
        - ``"mean_score"``: rows with the highest mean similarity to all targets. A
          baseline: with several groups of targets, it chooses rows between the groups.
    whitening : {"shrinkage", "cholesky", "pca"}, Whitening or None
        How features are whitened; see `coreselect.transport.whiten`. It is fitted to
        rows and targets together, unless a fitted `Whitening` is given (such as
        `whitening_` of an earlier selector).
    metric : {"chord", "euclidean"}
        Distance between whitened rows: after scaling them to length one, or without
        scaling.
    n_splits : int, default=10
        Number of folds of the targets for "auto"; at most the number of targets.
    patience : int, default=3
        "auto" stops after this many sizes without a new minimum of the distance.
    checkpoints : array-like of shape (n_checkpoints,), optional
        Weights of the arrays if X is a list of arrays. None means equal weights.
    target : {array-like, sparse matrix, data frame, path}, optional
        Used in place of `X_target` of `fit`, for a grid search: its folds would slice
        what is given to `fit`.
    exclude_duplicates : bool, default=False
        Whether to leave out rows that are copies of targets, like rows of weight 0.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Used for the folds, and for the means that replace many targets.

    Attributes
    ----------
    selection_ : Selection
        The selected rows, best first. The weight of a row is the total input weight
        times the share of the targets that it is nearest to; 0 if there are none. If
        all rows are selected, they keep their own weights.
    ot_distance_ : float
        Exact transport distance from the selected rows, all of equal weight, to the
        targets (or to the means that replace many targets). Computed on first use.
    path_ : ndarray with fields size and distance
        The same distance for sizes that grow by a fifth. If `n_select` is a number, the
        sizes end there and the distances are computed on first use.
    fold_sizes_ : ndarray of int64
        The best size of every fold; empty unless ``n_select="auto"``.
    plan_ : csr_array of shape (n_selected, n_targets)
        Entry (i, j) is the share of target j if selected row i is its nearest one. If
        no row is selected, there is no plan, path or distance.
    whitening_ : Whitening
        The fitted whitening.
    n_duplicates_ : int
        Number of rows of positive weight that are copies of targets.
    coreset_ : Coreset
        Only after `partial_fit`, which sets this, `selection_` and the attributes
        below: the selected rows themselves.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Warns
    -----
    TargetInPoolWarning
        If rows are copies of targets and `exclude_duplicates` is False.
    UserWarning
        If ``whitening="cholesky"`` is used with no more rows than features.

    See Also
    --------
    coreselect.transport.nearest : The nearest rows of each target.
    coreselect.transport.ot_distance : The distance between two sets of rows.

    Notes
    -----
    Weights are not inverse probabilities: sums over the selected rows estimate sums
    over targets, not over rows. Without targets, the rows themselves are the target, in
    the form of weighted k-means centres: `n_select` centres for the first two
    strategies, else at most 2,000. The selection is then a Wasserstein coreset. Give
    `n_select` in that case: all rows match themselves best, so "auto" may choose all.

    With y and `y_target`, no row of another class is nearer to a target than a row of
    its own class. With ``"facility"`` these may still come after others, if they gain
    nothing.

    With `quotas` or `include`, the rows of `include` come first, and rows of a group
    without places left are passed over, which takes a longer ranking.

    Cost with m targets: O(n d^2) for whitening and O(n m d) for the nearest rows, in
    float32 matrix products whose result is checked in float64. The distances of all
    rows are never held, except for ``"facility"`` and ``"ot"``: these hold up to 17
    million distances, and beyond that leave out the rows farthest from all targets.
    More than 2,000 targets are replaced by 2,000 weighted means.

    Do not use it for a target sample that is small or narrow: the rows then match its
    peculiarities. If there are many labelled rows of the target, train on those.

    References
    ----------
    .. [1] L. Feng, F. Nie, Y. Liu, A. Alahi, "TAROT: targeted data selection via
       optimal transport", ICML 2025, :arxiv:`2412.00420`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import TAROT
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(c, 1, (100, 2)) for c in ([0, 0], [9, 0], [0, 9])])
    >>> X_target = rng.normal([9, 0], 1, (20, 2))
    >>> selector = TAROT(10, random_state=0).fit(X, X_target=X_target)
    >>> np.unique(selector.sample_indices_ // 100)  # all from the second group
    array([1])
    >>> float(selector.sample_weight_.sum())
    300.0
    """

    cli_name = "tarot"
    passes = "4 (more for long lists)"
    cost = "O(n d^2 + n d targets)"
    holds = Holds(per_row=2, blocks=2, squares=5)
    use_when = (
        "There is a sample of the data that the model will be used on, and rows like "
        "it are wanted."
    )
    parameter_checks: Checks = {
        "strategy": OneOf(*STRATEGIES),
        "whitening": WhiteningOption(*METHODS),
        "metric": OneOf(*METRICS[::-1]),
        "n_splits": Integer(2),
        "patience": Integer(1),
        "exclude_duplicates": Boolean(),
    }
    row_rules = ("quotas", "include", "exclude")
    no_rules = "it ranks rows, whatever they cost"
    named_sizes = ("auto",)
    row_arguments = {"X_target": "target"}
    without_rows = (
        "the rows themselves are the target, so the selection stands for all of them"
    )
    _path: Any
    whitening_: Any = LearnedAttribute()
    fold_sizes_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | Literal["auto"] = "auto",
        *,
        strategy: Order = "rounds",
        whitening: Method | Whitening | None = "shrinkage",
        metric: Literal["chord", "euclidean"] = "chord",
        n_splits: int = 10,
        patience: int = 3,
        checkpoints: ArrayLike | None = None,
        target: RowsLike | None = None,
        exclude_duplicates: bool = False,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.strategy = strategy
        self.whitening = whitening
        self.metric = metric
        self.n_splits = n_splits
        self.patience = patience
        self.checkpoints = checkpoints
        self.target = target
        self.exclude_duplicates = exclude_duplicates

    @classmethod
    def examples(cls):
        return [
            *(cls(n_select=10, strategy=strategy) for strategy in STRATEGIES),
            cls(n_select=10, whitening="pca", metric="euclidean"),
        ]

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        X_target: RowsLike | None = None,
        y_target: Column = None,
        target_weight: Column = None,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Choose rows for the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes, or a list of arrays of that
            shape (features at several checkpoints), which are averaged.
        y : array-like of shape (n_rows,), str or None
            Classes of the rows; used with `y_target` only.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows; rows of weight 0 are never selected.
        X_target : like X, of shape (n_targets, n_features), optional
            The target sample. Columns of a frame or a file are found by their names, if
            X has names. None means that the rows themselves are the target.
        y_target : array-like of shape (n_targets,), str or None
            Classes of the targets; each must occur in y.
        target_weight : array-like of shape (n_targets,), str or None
            Non-negative weights of the targets.
        groups, cost, include, exclude : array-like, optional
            As for `ScoreSelector.fit`.

        Returns
        -------
        self
            With `selection_`.
        """
        self._check_parameters()
        given = self.target if X_target is None else X_target
        X, given = average_both(X, given, self.checkpoints)
        rules = GivenRules(groups, cost, include, exclude)
        rows, seed = self._see(X, y, sample_weight, rules)
        with self._stream_or_fit():
            name = "target" if X_target is None else "X_target"
            targets = open_targets(
                rows, given, y_target, target_weight, name, self._see_also
            )
            n_copies = 0
            if targets is not None:
                copies = copies_of(rows, targets)
                n_copies = count(lambda rows: copies[rows], copies)
                rows = self._without(copies, rows) if n_copies else rows
            classes = None
            if targets is not None and y_target is not None:
                classes = shared_classes(rows, targets, self.metric)
        self._fit_seen(rows, seed, targets=targets, classes=classes)
        self.n_duplicates_ = n_copies
        return self

    @property
    def ot_distance_(self) -> float:
        return self._distance(self._learned_for("ot_distance_"), len(self.selection_))

    @property
    def path_(self) -> Any:
        state = self._learned_for("path_")
        if self._path is None:
            sizes = grid(len(self.selection_))
            found = [(size, self._distance(state, size)) for size in sizes]
            self._path = np.array(found, dtype=PATH)
        return self._path

    @property
    def plan_(self) -> Any:
        # Selected rows need not have equal weights here: each target sends its share to
        # the nearest row, which is the best plan if the weights are free.
        state = self._learned_for("plan_")
        Z, targets = self._selected_rows(state), state.targets
        served_by = nearest_row_of_each(Z, targets.Z)
        entries = targets.share, (served_by, np.arange(len(targets.Z)))
        return sparse.csr_array(entries, shape=(len(Z), len(targets.Z)))

    def _without(self, copies, rows):
        """Warn that rows are copies of targets, or give them weight 0 on request."""
        if self.exclude_duplicates:
            return drop(rows, copies)
        warn_of_copies(copies)
        return rows

    def transport_parts(self) -> tuple[Any, Any, Callable[..., Any]]:
        """Return what `coreselect.plot.TransportDisplay` draws.

        Returns
        -------
        chosen : ndarray of shape (n_selected, n_components)
            The selected rows, embedded: whitened and scaled as `metric` says.
        targets : ndarray of shape (n_targets, n_components)
            The embedded targets.
        embed : callable
            ``embed(block)`` embeds other rows. If ``embed.classes`` is not None, it
            uses their classes too.
        """
        state = self._learned_for("transport_parts")
        return self._selected_rows(state), state.targets.Z, state.embed

    # --- the hooks ---

    def _find_size(self, rows):
        return self._state.size

    def _learn(self, rows, size, rng, *, targets, classes):
        # If the rows are their own targets, means of them are enough: one per ten rows
        # to find a size, and no more than rows to choose where each layer takes one row
        # per target.
        own = targets is None
        self.whitening_ = self.whitening
        if not isinstance(self.whitening, Whitening):
            populations = [rows] if own else [rows, targets]
            self.whitening_ = fit_whitening(populations, self.whitening)
        # If the rows are their own target, layers of one row per target give as many
        # rows as there are targets: more targets than rows wanted would be of no use.
        most = MOST_TARGETS
        if own and size is None:
            most = min(most, -(-rows.n_rows // _OWN_SHARE))
        elif own and self.strategy in _LAYERED:
            most = min(most, size, self._fitted.size)
        aim = targets
        if not isinstance(targets, Aim):
            of = rows if own else targets
            aim = aim_at(self.whitening_, self.metric, rows, of, classes, most, rng)
        matching = Matching(rows, aim.embed, aim.targets)
        strategy = STRATEGIES[self.strategy]
        self._path, self.fold_sizes_ = None, np.empty(0, dtype=np.int64)
        if size is None:
            size, self._path, self.fold_sizes_ = estimate_size(
                matching, strategy, self.n_splits, self.patience, rng
            )
            self._path["distance"] *= aim.embed.unit
        order = ordered(strategy, matching, size, self._fitted, self._first_of)
        total = rows.total_weight
        if aim.total is not None:
            total = self._near_one_too(aim.total)
        Z = matching.embedded(order)
        return State(order, Z, aim.targets, float(total), aim.embed, size)

    def _rank(self, state, size, rng):
        # Every target gives its share of the weight to the nearest selected row.
        rows = self._first_of(state.order, size)
        served_by = nearest_row_of_each(state.points(rows), state.targets.Z)
        shares = np.bincount(served_by, state.targets.share, size)
        return rows, state.total * shares

    # --- attributes that are computed when they are read ---

    def _distance(self, state, size):
        weights = np.full(size, 1 / size)
        cost = cdist(state.Z[:size], state.targets.Z)
        return state.embed.unit * transport(weights, state.targets.share, cost)[0]

    def _selected_rows(self, state):
        """Return the embedded selected rows, in the order of the selection."""
        state = state._replace(order=self._fitted.numbers(state.order))
        return state.points(self.selection_.indices)
