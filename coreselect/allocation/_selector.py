"""Select rows of groups in rounds: measure the groups, fit their curves, decide."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin

from coreselect._quotas import members
from coreselect._typing import Checks, Column, Features, RowsLike, Seed, Size
from coreselect._validation import Integer, OrNone, Real, as_array, check_nonnegative
from coreselect.allocation._allocate import check_objective
from coreselect.allocation._curves import check_costs
from coreselect.allocation._taking import Taking, sequence_of
from coreselect.allocation._within import check_inner, within_group
from coreselect.base import LearnedAttribute, RankSelector, SelectorTags
from coreselect.rows.take import native_column
from coreselect.sampling.groups import stratum_codes

_DEFAULT = 100  # rows without n_select and budget


def _check_objective(name, value):
    check_objective(value)


def _check_estimator(name, value):
    made = hasattr(value, "fit") and hasattr(value, "get_params")
    if value is None or (made and not isinstance(value, type)):
        return
    raise TypeError(
        f"{name} must be None or an estimator of scikit-learn, got {value!r}."
    )


class _State(NamedTuple):
    """What `select` needs.

    Attributes
    ----------
    drawers : list
        What draws rows of each group.
    sequence : ndarray of int64 of shape (n_taken,)
        The group of each row, in the order of taking.
    """

    drawers: list
    sequence: np.ndarray


class AllocationSelector(MetaEstimatorMixin, RankSelector):
    """Select rows of groups so that a model is good in all of them, within a budget.

    The first round takes the same number of rows from each group. Then models are
    trained on parts of the rows taken so far, and the loss of each group is measured on
    the other parts. Power laws are fitted to the losses: how the loss of a group falls
    with its own rows and with all rows. The next round takes the rows that make the
    objective least by these curves [1]_. Rows that were taken stay.

    Parameters
    ----------
    n_select : None, int or float, default=None
        Number of rows, or a fraction in (0, 1] of them. None: as many as `budget` pays
        for; without a budget, 100.
    budget : None or float, default=None
        What the rows may cost; for ``n_select=None``.
    estimator : None or estimator, default=None
        Clones of it are trained. None: logistic regression if y holds classes, and else
        ridge regression, on scaled features.
    selector : None or selector, default=None
        Draws the rows of a group: one that scores rows, such as `LeverageSelector`
        (which then draws by priority), or ranks them. None: every row of a group has
        the same chance. `n_select` and `random_state` of it are set.
    objective : {"mean", "worst", "regret"} or float, default="mean"
        See `allocate`. ``"mean"`` weighs each group by its share of the weight of all
        rows, so that it is the mean loss over them.
    rounds : int, default=4
        Number of rounds, each with an equal part of the budget; the first may take more
        so that each group has 20 rows. 1: equal sizes.
    features : None, list, transformer or "auto", default=None
        What `estimator` and `selector` see of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        The selected rows, ascending. Without `selector`, the weight of a row is its
        input weight times the number of rows of its group over that of its selected
        rows.
    groups_ : list
        Names of the groups.
    rounds_ : ndarray of int64 of shape (rounds, n_groups)
        Rows of each group after each round.
    curves_ : LearningCurves or None
        The curves of the last round; None if none could be fitted.
    allocation_ : Allocation or None
        The last decision; None if the budget does not pay for a row of each group.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    allocate : One decision, with known curves.
    RoundAllocator : For people who collect the rows.

    Notes
    -----
    **Weights make totals over all rows**, as if the sizes had been fixed: within a
    group every row has the inclusion probability size / number. But sizes depend on the
    losses of rows that were drawn, so that totals are not exactly unbiased (the tag
    `unbiased` is False). A model that is fitted with these weights minimises the loss
    over all rows, in which small groups count little. To train on what was allocated,
    leave the weights out: ``CoresetEstimator(..., weights="ignore")``. The losses are
    measured like this, too: input weights count in the objective and in the weights of
    the selection, not in the training.

    A smaller `select` takes the first rows of the same order. Losses are those of rows
    that were taken, held out from training; y of other rows is never read. If rows are
    labelled only after they were selected, `RoundAllocator` is simpler.

    Cost of each round but the first: up to 25 fits of `estimator` for each group and 25
    more, to at most as many rows as are selected. With one group there is nothing to
    decide, and nothing is fitted.

    If all groups share one model, sizes matter little: ``allocation_.notes`` says that
    there is no gain.

    References
    ----------
    .. [1] W. Cai, R. Encarnacion, B. Chern, S. Corbett-Davies, M. Bogen, S. Bergman,
       S. Goel, "Adaptive sampling strategies to construct equitable training datasets",
       FAccT 2022, :arxiv:`2202.01327`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.allocation import AllocationSelector
    >>> rng = np.random.default_rng(0)
    >>> north = np.arange(4000) % 10 > 0  # nine of ten rows
    >>> X = rng.normal(size=(4000, 5))
    >>> X = np.hstack([X * north[:, None], X * ~north[:, None]])
    >>> y = X.sum(axis=1) + np.where(north, 0.5, 3.0) * rng.normal(size=4000)
    >>> selector = AllocationSelector(400, objective="regret", random_state=0)
    >>> selector.fit(X, y, groups=np.where(north, "north", "south")).groups_
    ['north', 'south']
    >>> north_rows, south_rows = selector.rounds_[-1]
    >>> bool(south_rows > 1.5 * north_rows)
    True
    """

    cli_name = "allocation"
    passes = "1, and those of `selector`"
    cost = "25 fits per group and round"
    use_when = "A model must be good in every group, and rows cost money."
    parameter_checks: Checks = {
        "budget": OrNone(Real(0, strict=True)),
        "estimator": _check_estimator,
        "selector": check_inner,
        "objective": _check_objective,
        "rounds": Integer(1),
    }
    named_sizes = (None,)
    row_rules = ()
    groups_: Any = LearnedAttribute()
    rounds_: Any = LearnedAttribute()
    curves_: Any = LearnedAttribute()
    allocation_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = None,
        *,
        budget: float | None = None,
        estimator: Any = None,
        selector: Any = None,
        objective: Literal["mean", "worst", "regret"] | float = "mean",
        rounds: int = 4,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(n_select, features=features, random_state=random_state)
        self.budget = budget
        self.estimator = estimator
        self.selector = selector
        self.objective = objective
        self.rounds = rounds

    @classmethod
    def examples(cls):
        return [cls(n_select=20)]

    # The groups and the budget are not those of a draw, which base classes know.
    def fit(  # type: ignore[override]
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        groups: Column = None,
        cost: Column | dict[Any, float] = None,
    ) -> Self:
        """Take rows in rounds.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes.
        y : array-like of shape (n_rows,), str or None
            Targets, or the column of a file or frame that holds them; needed for more
            than one group.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are never selected.
        groups : array-like of shape (n_rows,) or str, optional
            Group of each row, or the column that holds it. By default all rows are one
            group.
        cost : dict of group to float, array-like of shape (n_rows,), str or float, \
                optional
            Cost of a row, above 0, the same for all rows of a group; or the column that
            holds it. Needs `budget`.

        Returns
        -------
        self
        """
        self._check_parameters()
        given = {"groups": groups, "cost": cost}
        columns = {k: v for k, v in given.items() if isinstance(v, str)}
        rows = self._open(X, y, sample_weight, per_row=columns)
        given |= {k: rows.per_row.pop(k) for k in given if k in rows.per_row}
        if given["cost"] is not None and self.budget is None:
            raise ValueError("cost changes nothing without budget; give a budget.")
        rows, seed = self._see(rows, None, None)
        names, codes = ["all"], np.zeros(rows.n_rows, dtype=np.int64)
        if given["groups"] is not None:
            groups = as_array(native_column(given["groups"]), "groups")
            codes = stratum_codes(groups, rows.n_rows, "groups")
            names = np.unique(groups).tolist()
        if len(names) > 1 and rows.y is None:
            raise ValueError("y is needed to measure the losses of groups; pass it.")
        costs = _costs(given["cost"], names, codes)
        return self._fit_seen(
            rows, seed, per_row={"codes": codes}, names=names, costs=costs
        )

    def _learn(self, rows, size, rng, *, names, costs):
        rows = rows.again()  # without the codes, which are no affair of `selector`
        codes = rows.per_row.pop("codes")
        present, codes = np.unique(codes, return_inverse=True)
        self.groups_ = [names[int(code)] for code in present]
        costs = costs[present.astype(np.int64)]
        if self.budget is None:
            wanted = min(_DEFAULT, rows.n_rows) if size is None else size
            money = float(wanted)
        else:
            money = self.budget
        inside = members(codes)
        limits = np.minimum(money / costs * (1 + 1e-12), rows.n_rows).astype(np.int64)
        drawers = [
            within_group(rows, numbers, self.selector, most, rng)
            for numbers, most in zip(inside, limits.tolist(), strict=True)
        ]
        weight = np.bincount(codes, rows.weight)
        search = Taking(self, rows, self.groups_, costs, drawers, weight, rng)
        history = search.run(money, self.rounds)
        self.rounds_ = np.array(history)
        self.curves_, self.allocation_ = search.curves, search.allocation
        return _State(drawers, sequence_of(history))

    def _find_size(self, rows):
        return len(self._state.sequence)

    def _rank(self, state, size, rng):
        counts = np.bincount(state.sequence[:size], minlength=len(state.drawers))
        drawn = [
            drawer.draw(count)
            for drawer, count in zip(state.drawers, counts.tolist(), strict=True)
            if count
        ]
        indices, weights = map(np.concatenate, zip(*drawn, strict=True))
        order = np.argsort(indices)
        return indices[order], weights[order]

    def _selector_tags(self):
        return SelectorTags(
            unbiased=False,
            exact_size=self.selector is None and self.budget is None,
            layout_stable=False,
        )


def _costs(cost, names, codes):
    """Return the cost of a row of each group."""
    if cost is None or isinstance(cost, dict) or np.ndim(cost) == 0:
        return check_costs(cost, names)
    cost = check_nonnegative(native_column(cost), len(codes), "cost")
    costs = np.zeros(len(names))
    costs[codes] = cost
    differs = cost != costs[codes]
    if differs.any():
        row = int(np.argmax(differs))
        raise ValueError(
            f"cost must be the same for all rows of a group, but group "
            f"{names[codes[row]]!r} has {cost[row]:g} (row {row}) and "
            f"{costs[codes[row]]:g}; split the group, or give the mean cost."
        )
    return check_costs(costs, names)
