"""What all selectors share: sizes, weights, randomness, and when they learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from coreselect._numbers import in_unit
from coreselect._random import draw_seed
from coreselect._threads import threads_for
from coreselect._typing import AutoSize, Column, Features, Quotas, RowsLike, Seed
from coreselect._validation import check_nonnegative, check_size_type
from coreselect.base._estimator import set_features
from coreselect.base._features import check_features, see, see_alike, with_inputs_of
from coreselect.base._fitted import AsFitted, LearnedAttribute
from coreselect.base._learning import LateLearner
from coreselect.base._memory import within_budget
from coreselect.base._outside import warn_of_rows_outside
from coreselect.base._rules import (
    NO_GIVEN,
    GivenRules,
    columns_named,
    crossed,
    population,
    with_rules,
)
from coreselect.rows import open as open_rows
from coreselect.rows.seen import named_columns as columns_called
from coreselect.rows.sources import has_columns
from coreselect.selection import Record, Selection, recorded


def _kept(params):
    """Return parameters that no later `set_params` reaches, not even inside them."""
    return {
        name: clone(value) if isinstance(value, BaseEstimator) else value
        for name, value in params.items()
    }


class BaseSelector(LateLearner):
    """Rows with weights go in, fewer rows with weights come out.

    Subclass `ScoreSelector`, `LawSelector` or `RankSelector`, not this class.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    quotas : dict, optional
        How many rows of which of the `groups` that `fit` is given:
        ``{"north": 100, "east": 0.2, "south": (10, 50), "west": (None, 0.3)}`` asks for
        100 rows, a fifth of the size, 10 to 50 rows, and at most three tenths of the
        size. Groups that are not named share the rest. Not every method can meet
        quotas; those that cannot say so in `fit`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows. The rows themselves stay as they are: in
        `Selection.take`, in `fit_resample` and for the estimator in `CoresetEstimator`.

        - None: the columns of numbers. Other columns of a frame or a file are left out,
          and a log record of level INFO names them.
        - A list: these columns, by name or by number. They must be numbers.
        - A transformer of scikit-learn: what it makes of all columns, which may hold
          text, categories, dates and missing values. `fit` fits a clone of it to X and
          y, without their weights; to 100,000 random rows if X is a file with more.
        - "auto": `coreselect.features.TableFeatures`, which makes numbers of the
          columns of any table.

        After `fit`, ``features_`` is the fitted transformer, or None if there is none.
        Certificates are about what the method sees.
    random_state : None, int, RandomState or Generator
    """

    select_checks: dict = {}  # of further keywords of `select`
    # What n_select may be besides a number: "auto" or None. See `_find_size`.
    named_sizes: tuple = ()
    # Keywords of `fit` that take other rows with the features of X, such as targets,
    # and the names of these on the command line; what the method does without them.
    row_arguments: dict = {}
    without_rows: str = ""
    # Keywords of `fit` that take a number per row, or the column that holds it.
    row_values: tuple[str, ...] = ()
    # The tag `rules`, and why the method cannot respect the others.
    row_rules: tuple[str, ...] = ("exclude",)
    no_rules = "the method chooses rows and weights by itself"
    musts_apart = False  # whether rows of `include` are kept from what is learned
    quotas: Quotas = None  # for subclasses without this parameter
    budget: float | None = None

    n_outside_: Any = LearnedAttribute()
    outside_weight_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        self.n_select = n_select
        self.quotas = quotas
        self.features = features
        self.random_state = random_state

    @classmethod
    def examples(cls):
        return [cls(n_select=10)]

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Learn from all rows and make a selection.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes.
        y : array-like of shape (n_rows,), str or None
            Targets, or the column of a file or frame that holds them.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are never selected.
        groups : array-like of shape (n_rows,) or str, optional
            Group of each row, or the column that holds them; for `quotas`. Without
            quotas, selectors that draw by scores give each group its expected number of
            rows, rounded down or up. Groups that overlap are columns of bools, of shape
            (n_rows, n_groups); they need ``design="balanced"``.
        cost : array-like of shape (n_rows,) or str, optional
            What each row costs, or the column that holds it; for `budget`.
        include : array-like of int, or of bool of shape (n_rows,), optional
            Numbers or mask of rows that must be in. They count in `n_select` and keep
            their input weight.
        exclude : array-like of int, or of bool of shape (n_rows,), optional
            Numbers or mask of rows that must not be in. They are treated as rows of
            weight 0: nothing is learned from them, and totals are those of the others.

        Returns
        -------
        self
            With `selection_`. `n_outside_` is the number of rows that can never be
            drawn although their weight is positive (and their quality, if the method
            takes one); `outside_weight_` is their share of the weight.

        Raises
        ------
        ValueError
            If the method cannot respect one of `groups`, `cost`, `include` and
            `exclude`; if no rows of the size that was asked for respect all of them.

        Warns
        -----
        OutsidePopulationWarning
            If there are such rows, and not all rows are selected.

        Notes
        -----
        If no rows or all rows are selected, nothing needs to be learned. The selector
        then keeps a reference to X. It learns from X as soon as a smaller `select` or
        an attribute such as ``scores_`` needs it, or when the selector is pickled; X
        must not change before.
        """
        rules = GivenRules(groups, cost, include, exclude)
        return self._fit(X, y, sample_weight, rules=rules)

    def select(
        self, n_select: AutoSize = None, *, random_state: Seed = None
    ) -> Selection:
        """Return the selection made by `fit`, or make another without the data.

        Parameters
        ----------
        n_select : int or float, optional
            Number of rows, or a fraction in (0, 1] of them; by default that of `fit`.
        random_state : None, int, RandomState or Generator
            None uses the seed of `fit`: the result is repeatable and equals
            `selection_` at the fitted size.

        Returns
        -------
        Selection
        """
        check_is_fitted(self, "selection_")
        if n_select is None and random_state is None:
            return self.selection_
        return self._select_anew(n_select, random_state)

    def _resampled(self, X, y, sample_weight, **fit_params):
        columns = columns_named(self, fit_params)
        rows = self._open(X, y, sample_weight, per_row=columns)
        for name in columns:
            del fit_params[name]
        selection = self.fit_select(rows, **fit_params)
        given = None if isinstance(y, str) else y
        targets = selection.take(rows.y if given is None else given)
        return rows.take(selection.indices), targets

    def _fit(self, X, y, sample_weight, *, rules=NO_GIVEN, per_row=None, **data):
        """Do what every `fit` does.

        Parameters
        ----------
        rules : GivenRules
        per_row : dict of str to array-like, str or None
            The `row_values`: one per row, or the name of a column. `_learn` finds them
            in ``rows.per_row``.
        **data
            What else the method was given; `_learn` gets it.
        """
        self._check_parameters()
        given = per_row or {}
        rows, seed = self._see(X, y, sample_weight, rules, given)
        named = {k: rows.per_row.pop(k) for k in given if k in rows.per_row}
        return self._fit_seen(rows, seed, per_row=given | named, **data)

    def _see(self, X, y, sample_weight, rules=NO_GIVEN, per_row=None):
        """Return the rows as the method sees them, and the seed of this fit."""
        self._forget()
        named = columns_named(self, rules._asdict() | (per_row or {}))
        rows = self._open(X, y, sample_weight, per_row=named)
        rows = with_rules(rows, self, rules)
        set_features(self, rows.n_features, rows.feature_names)
        seed = draw_seed(self.random_state)
        reads = self._selector_tags().reads_features
        rows, self.features_ = see(rows, self.features, seed, reads_features=reads)
        return within_budget(self, rows), seed

    def _open(self, X, y=None, sample_weight=None, **how):
        """Open rows; as numbers, unless the method reads none or a transformer does."""
        reads = self._selector_tags().reads_features
        how["numeric"] = reads and self.features is None
        return open_rows(X, y, sample_weight, **how)

    def _see_also(self, data, y, sample_weight, **how):
        """Return other rows as the method sees those of X; call `_see` first."""
        features, names = self.features, getattr(self, "feature_names_in_", None)
        if names is not None:
            names, by_name = names.tolist(), has_columns(data, how["name"])
            if self.features_ is None and features is not None:
                chosen = columns_called(features, names, len(names))
                features = chosen if by_name else [names.index(c) for c in chosen]
                names = chosen  # other columns may be missing
            if by_name:
                how["columns"] = names
        rows = self._open(data, y, sample_weight, **how)
        return see_alike(rows, features, self.features_)

    def _checked_values(self, name, values, n_rows):
        """Return one of `row_values` as a checked array."""
        return check_nonnegative(values, n_rows, name)

    def _fit_seen(self, rows, seed, *, per_row=None, **data):
        """Do what every `fit` does after `_see`."""
        for name, values in (per_row or {}).items():
            if values is not None:
                rows.per_row[name] = self._checked_values(name, values, rows.n_rows)
        # Hooks see weights near one; selections are weighed by those that were given.
        record = Record.of(self, rows.weight is not None)
        others, rules, musts = population(rows, self.musts_apart)
        view, exponent = others.near_one()
        view = view.subset()
        self._fitted = AsFitted(
            params=_kept(self.get_params(deep=False)),
            size=None,
            seed=seed,
            repeats=self._selector_tags().repeats,
            n_total=rows.n_rows,
            n_rows=view.n_rows,
            kept=view.kept,
            weight=rows.weight,
            exponent=exponent,
            strata=crossed(self._strata(view), rules, self.musts_apart),
            record=record,
            rules=rules,
            musts=musts,
        )
        self._unlearned = view, data
        with threads_for(view):
            if rules.budget is not None:
                size = self._size_of_budget()
            elif self._is_named(self.n_select):
                self._learn_now()
                size = self._find_size(rows)
            else:
                size = self._fitted.resolve(self.n_select)
            self._fitted = self._fitted._replace(size=size)
            if not self._fitted.is_settled(size) and "_state" not in vars(self):
                self._learn_now()
            rows.check_finite()
            made = self._select(None, self._seed)
            self.selection_ = recorded(made, self._fitted.record)
        warn_of_rows_outside(self)
        self.sample_indices_ = self.selection_.indices
        self.sample_weight_ = self.selection_.weights
        return self

    @property
    def _seed(self):
        """The seed of the fit."""
        return self._fitted.seed

    def _in_own_unit(self, values):
        """Return sums of the weights that hooks see in the user's unit of weights."""
        with np.errstate(over="ignore"):
            return np.ldexp(values, self._fitted.exponent)

    def _near_one_too(self, parameter):
        """Return a parameter that is added to sums of weights in the unit of hooks."""
        return in_unit(parameter, self._fitted.exponent)

    def _check_parameters(self):
        if self.budget is not None and self.n_select is not None:
            raise ValueError(
                f"n_select={self.n_select!r} and budget={self.budget!r} are both "
                "given; a budget takes the place of a size: use n_select=None."
            )
        if not self._is_named(self.n_select) and self.budget is None:
            if self.n_select is None and "budget" in self._get_param_names():
                raise TypeError(
                    "n_select must be a number, got None; give a number of rows, or "
                    "budget here and cost in fit."
                )
            check_size_type(self.n_select)
        check_features(self.features)
        super()._check_parameters()

    def _is_named(self, n_select):
        named = n_select is None or isinstance(n_select, str)
        return named and n_select in self.named_sizes

    def _size(self, n_select, name="n_select"):
        """Return the size that `n_select` stands for; None if it is random.

        ``n_select=None`` means the value of `fit`. Errors say `name`.
        """
        given = self._fitted.params["n_select"]
        if n_select is None or (self._is_named(n_select) and n_select == given):
            return self._fitted.size
        if self._is_named(n_select):
            raise ValueError(
                f"{name}={n_select!r} works only after a fit with it, but this was "
                f"fitted with n_select={given}; fit again with it, or give a number."
            )
        if self._fitted.rules.budget is not None and self._fitted.size is None:
            raise ValueError(
                f"{name}={n_select!r}: the size depends on budget={self.budget!r} of "
                "the fit; fit again with a size and without a budget."
            )
        return self._fitted.resolve(n_select, name)

    def _select(self, n_select, seed, **options):
        """Return a selection of no rows or all rows, or ask the method for one.

        `options` are further keywords of the method's `select`.
        """
        size = self._size(n_select)
        if self._fitted.is_settled(size):
            return self._fitted.settled(size)
        with self._as_fitted():
            return self._choose(size, seed, **options)

    def _select_anew(self, n_select, random_state, **options):
        """Return another selection than that of `fit`, with its record."""
        seed = self._seed if random_state is None else draw_seed(random_state)
        made = self._select(n_select, seed, **options)
        record = self._fitted.record.but(random_state, n_select=n_select, **options)
        return recorded(made, record)

    # --- what subclasses fill in ---

    def _learn(self, rows, rng):
        """Return what the method learns from all rows, in any number of passes."""
        return

    def _ask(self, rows, rng, data):
        """Call `_learn`."""
        return self._learn(rows, rng, **data)

    def _keep(self, rows, state):
        """Keep what `select` needs once the data are gone."""
        self._state = state

    def _strata(self, rows):
        """Return the class of every row, if each class is to get its share."""
        return

    def _inside(self, state):
        """Return which rows of positive weight can be drawn; None means every row."""

    def _find_size(self, rows):
        """Return the size for ``n_select="auto"`` or None; None if it is random."""
        return

    def _size_of_budget(self):
        """Return how many rows the budget pays for; None if it is random."""
        return

    def _choose(self, size, seed):
        """Return a `Selection` of `size` rows: at least one, and not all."""
        raise TypeError(
            f"{type(self).__name__} must subclass ScoreSelector, LawSelector or "
            "RankSelector."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.selector_tags.rules = self.row_rules
        return with_inputs_of(tags, self.features)
