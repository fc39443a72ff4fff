"""Methods that give every row a score."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from coreselect._filling import water_fill
from coreselect._scratch import by_parts, largest, taken
from coreselect._typing import (
    AutoSize,
    BalanceOn,
    Checks,
    Design,
    Features,
    Integers,
    Quotas,
    Seed,
)
from coreselect._validation import Boolean, OneOf, check_nonnegative
from coreselect.base._balance import MOST, Balance, features_of, learn_balance
from coreselect.base._fitted import LearnedAttribute
from coreselect.base._memory import Holds
from coreselect.base._rules import BUDGET
from coreselect.base._selector import BaseSelector
from coreselect.base._tags import SelectorTags
from coreselect.sampling import DESIGNS, visiting_order
from coreselect.sampling.designs import ORDERED, draw_with_seed
from coreselect.sampling.groups import check_columns, class_codes, is_continuous
from coreselect.selection import Selection


class _Kept(NamedTuple):
    """What a `ScoreSelector` keeps beside its scores.

    Attributes
    ----------
    visits : ndarray of int64 of shape (n_rows,) or None
        The rows in the order in which a draw visits them, if this is not their own.
    balance : Balance or None
    """

    visits: Integers | None
    balance: Balance | None


class Learned:
    """What `_learn` returns if the scores also need values that it found for each row.

    Parameters
    ----------
    state : object
        The state, which does not grow with the number of rows.
    **values : arrays of shape (n_rows,) or (n_rows, c)
        `_scores` finds the part of its block in ``block.values``, by name.
    """

    def __init__(self, state, **values):
        self.state, self.values = state, values


class ScoreSelector(BaseSelector):
    """Base of methods that give every row a score; rows are drawn by `coreselect.draw`.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    stratify : bool
        Whether the number of rows from each class of y is its expected number, rounded
        down or up at random. If y holds numbers with fractions, rows are drawn in the
        order of y instead, which spreads them over its values; only the designs
        "pivotal", "systematic" and "balanced" do so.
    design : {"pivotal", "systematic", "balanced", "poisson", "priority", \
              "multinomial"}
        See `coreselect.draw`.
    balance_on : {"auto", "linear", "quadratic"}
        For ``design="balanced"``: the columns whose weighted totals are almost those of
        all rows.

        - ``"linear"``: a column of ones, y and the features (or what else suits the
          method). If y holds numbers, it is one column; if it holds up to ten classes
          of another type, each class has a column of zeros and ones. With
          ``stratify=True``, y is left out.
        - ``"quadratic"``: also the products of any two of these. With them, the
          weighted Gram matrix of the rows is almost that of all rows.
        - ``"auto"``: the first 66 of the quadratic columns, and at most one for every
          two rows to draw: first the ones, then y, the features, squares, products.

        Every column is without what those before it explain. The other two take what
        they name, and raise an error in `fit` if `n_select` rows are too few for it; a
        later `select` of fewer rows balances as many of the columns as it can.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows cost together, on average. `fit` takes the `cost` of each. This
        is in place of a size, so `n_select` must be None; see `coreselect.draw`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write two hooks. ``_learn(rows, rng)`` returns a state.
    ``_scores(block, state)`` returns one non-negative score for each row of the block;
    the score of a row of weight w (``block.weight``) is that of its w copies together.
    If the scores also need values that were learned for each row, `_learn` returns
    ``Learned(state, name=values)``, and `_scores` finds those of its rows in
    ``block.values[name]``. All scores are kept as ``scores_``; rows of weight 0 get 0.

    A third hook may say what ``design="balanced"`` balances: ``_balance(block, state)``
    returns a column of numbers for each quantity, the most important first, of shape
    (n_rows, n_columns), not multiplied by the weights. Products are those of these
    columns. ``block.y`` then is an array of shape (n_rows, n_targets), or None.
    ``_balance_names(features, targets)`` may name the columns. Without this hook, y and
    the features are the columns. Two more passes over the rows make columns that are
    independent; these are kept, 8 bytes for each number. A draw balanced on p columns
    takes O(n p^2).

    Draws read the scores in parts. Balanced draws, numbers in y with ``stratify=True``,
    `quotas` and `cost` take further memory for each row, as in `coreselect.draw`.

    Hooks on blocks change nothing. They find the parameters and what `_learn` set on
    the selector, but no scores, nor anything else that grows with the number of rows.
    """

    row_rules = ("groups", "quotas", "cost", "include", "exclude")
    parameter_checks: Checks = {
        "budget": BUDGET,
        "stratify": Boolean(),
        "design": OneOf(*DESIGNS, "balanced"),
        "balance_on": OneOf("auto", "linear", "quadratic"),
    }
    # Whether a balanced draw balances y, and whether numbers in it are classes.
    _balances_y = True
    _y_holds_classes = False
    scores_: Any = LearnedAttribute()
    holds = Holds(per_row=24, blocks=2)

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
        stratify: bool = False,
        design: Design = "pivotal",
        balance_on: BalanceOn = "auto",
        quotas: Quotas = None,
        budget: float | None = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.budget = budget
        self.stratify = stratify
        self.design = design
        self.balance_on = balance_on

    @classmethod
    def examples(cls):
        drawn = [cls(n_select=10, design=design) for design in DESIGNS]
        return [*drawn, cls(n_select=30, design="balanced")]

    def _holds(self, data):
        holds = super()._holds(data)
        if self.design != "balanced":
            return holds
        n_columns = data.n_features + 2
        if self.balance_on != "linear":
            n_columns *= (n_columns + 1) / 2
        most = MOST if self.balance_on == "auto" else n_columns
        return holds._replace(per_row=holds.per_row + 8 * min(n_columns, most))

    def _scores(self, block: Any, state: Any) -> Any:
        """Return the scores of the rows of a block."""
        raise TypeError(f"{type(self).__name__} must define _scores(block, state).")

    def _balance(self, block: Any, state: Any) -> Any:
        """Return the columns of a block that ``design="balanced"`` balances."""
        most = MOST if self.balance_on == "auto" else None
        features = features_of(block, most)
        return features if block.y is None else np.hstack([block.y, features])

    def _balance_names(self, features: list[str], targets: list[str]) -> list[str]:
        """Return the names of the columns that `_balance` returns."""
        return [*targets, *features]

    def _balance_degree(self) -> float:
        """Return the power that products grow with, if rows are multiplied."""
        return 2.0

    def _without_rows(self):
        """Return a copy for functions of blocks, which holds no values of rows."""
        bare = object.__new__(type(self))
        vars(bare).update(vars(self), _fitted=self._fitted.without_rows())
        return bare

    def _strata(self, rows):
        if not self.stratify:
            return None
        if not is_continuous(rows.y):
            return class_codes(rows.y, rows.n_rows)
        if self.design not in ORDERED:
            raise ValueError(
                f"stratify=True with numbers in y visits the rows in the order of y, "
                f"which changes nothing under design={self.design!r}; use "
                f"design={' or '.join(map(repr, ORDERED))}, cut y into classes "
                "(numpy.digitize), or use stratify=False."
            )
        return None

    def _keep(self, rows, state):
        name = f"what {type(self).__name__}._scores(block, state) returns"
        if isinstance(state, Learned):
            state, rows = state.state, rows.keeping(**state.values)
        bare = self._without_rows()

        def checked(block):
            scores = bare._scores(block, state)
            return check_nonnegative(scores, len(block.weight), name)

        # All scores are kept, 8 bytes per row, so that `select` draws any size without
        # X.
        scores = rows.map(checked)
        if not largest(scores):
            raise ValueError(
                f"every row gets the score zero from {self!r}, so none can be drawn; "
                "use UniformSelector, or check the scale of X and the parameters."
            )
        self.scores_ = self._fitted.among_all(scores)
        visits = None
        if self.stratify and is_continuous(rows.y):
            visits = visiting_order(check_columns(rows.y, rows.n_rows, "y"))
        balance = None
        if self.design == "balanced":
            balance = learn_balance(bare, rows, state)
        super()._keep(rows, _Kept(visits, balance))

    @property
    def balance_columns_(self) -> list[str]:
        """Names of the columns that the selection of `fit` balances."""
        fitted = getattr(self, "_fitted", None)
        if fitted is None or fitted.params["design"] != "balanced":
            raise AttributeError(
                f"this {type(self).__name__} has no attribute 'balance_columns_'; fit "
                "sets it under design='balanced'."
            )
        size = fitted.size
        if fitted.is_settled(size):
            return []
        balance = self._learned_for("balance_columns_").balance
        return balance.names[: self._n_balanced(balance, size)]

    def _n_balanced(self, balance, size):
        """Return how many of the columns a selection of `size` rows balances."""
        fitted = self._fitted
        return balance.leading(
            self._n_open(size),
            0 if fitted.strata is None else fitted.strata.max() + 1,
            asked_for=size == fitted.size
            and not self._is_named(fitted.params["n_select"]),
        )

    def _n_open(self, size):
        """Return how many of the rows of a selection are not in with certainty."""
        rules = self._fitted.rules
        scores = rules.open_scores(self._kept_scores())
        chances = rules.chances(scores, size)
        if chances is not None:
            return int(chances[chances < 1].sum())
        left = size - rules.n_musts
        return left - water_fill(scores, left)[2]

    def _kept_scores(self):
        """Return the scores of the rows of positive weight."""
        kept = self._fitted.kept
        return self.scores_ if kept is None else taken(self.scores_, kept)

    def _inside(self, state):
        return by_parts(
            lambda score, must: (score > 0) | (False if must is None else must),
            *(self._kept_scores(), self._fitted.rules.musts),
            dtype=bool,
        )

    def _choose(self, size, seed):
        visits, balance = self._learned()
        fitted = self._fitted
        weight = fitted.weight
        if weight is not None and fitted.kept is not None:
            weight = taken(weight, fitted.kept)
        design, columns = self.design, None
        if balance is not None:
            n_columns = self._n_balanced(balance, size)
            # With nothing to balance, the order of rows at least spreads the sample.
            groups = fitted.rules.groups
            overlap = groups is not None and groups.overlap
            design = "balanced" if n_columns or overlap else "pivotal"
            columns = balance.columns[:, :n_columns]
            if visits is None and n_columns:
                visits = balance.visits(n_columns, self._kept_scores(), weight)
        with balance.explaining(size) if balance else nullcontext():
            drawn = draw_with_seed(
                self._kept_scores(),
                size,
                design,
                fitted.strata,
                weight,
                seed,
                visits=visits,
                columns=columns,
                rules=fitted.rules,
            )
        rows = fitted.numbers(drawn.indices)
        return Selection(rows, drawn.weights, fitted.n_total, design=drawn.design)

    def _selector_tags(self):
        return SelectorTags(
            exact_size=self.design not in ("poisson", "multinomial")
            and self.budget is None,
            repeats=self.design == "multinomial",
            bounded=self.design == "balanced" and self.balance_on != "auto",
        )
