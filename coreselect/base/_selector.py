"""What all selectors share: checks, sizes, weights, randomness, verbs, tags."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._random import LEARN, draw_seed, stream
from coreselect._threads import threads_for
from coreselect._validation import (
    check_size,
    check_size_type,
    check_vector,
    warn_user,
)
from coreselect.base._estimator import RowEstimator
from coreselect.rows import open as open_rows
from coreselect.sampling import everything, weigh
from coreselect.selection import Record, recorded


class OutsidePopulationWarning(UserWarning):
    """Rows of positive weight can never be selected: weighted sums leave them out."""


class BaseSelector(RowEstimator):
    """Rows with weights go in, fewer rows with weights come out.

    Subclass `ScoreSelector`, `LawSelector` or `RankSelector`, not this class.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    random_state : None, int, RandomState or Generator
    """

    select_checks: dict = {}  # of further keywords of `select`
    # What n_select may be beside a number, "auto" or None: see `_own_size`.
    own_sizes: tuple = ()
    # Keywords of `fit` that take further rows with the features of X, and their names
    # on the command line.
    row_keywords: dict = {}

    def __init__(self, n_select=100, *, random_state=None):
        self.n_select = n_select
        self.random_state = random_state

    @classmethod
    def examples(cls):
        return [cls(n_select=10)]

    def fit(self, X, y=None, sample_weight=None):
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

        Returns
        -------
        self
            With `selection_`; `n_outside_` is the number of rows of positive weight
            that can never be drawn, though not given a quality of 0, and
            `outside_weight_` their share of the weight.

        Warns
        -----
        OutsidePopulationWarning
            If there are such rows, and not all rows are selected.
        """
        return self._fit(X, y, sample_weight)

    def select(self, n_select=None, *, random_state=None):
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
        seed = self._seed if random_state is None else draw_seed(random_state)
        made = self._select(self._n_select if n_select is None else n_select, seed)
        return recorded(made, self._record.but(random_state, n_select=n_select))

    def _resampled(self, X, y, sample_weight, **fit_params):
        rows = open_rows(X, y, sample_weight)
        selection = self.fit_select(rows, **fit_params)
        given = None if isinstance(y, str) else y
        targets = selection.take(rows.y if given is None else given)
        return rows.take(selection.indices), targets

    def _fit(self, X, y, sample_weight, *, per_row=None, **data):
        """Do what every `fit` does.

        Parameters
        ----------
        per_row : dict of str to array-like or None
            Further numbers a row; `_learn` finds them in ``rows.per_row``.
        **data
            Whatever else a method was given; passed on to `_learn`.
        """
        self._check_parameters()
        self._promised = self._selector_tags()
        rows = open_rows(X, y, sample_weight)
        for name, values in (per_row or {}).items():
            if values is not None:
                rows.per_row[name] = check_vector(values, rows.n_rows, name)
        self._set_features(rows.n_features, rows.feature_names)
        self._seed = draw_seed(self.random_state)
        self._n_select = self.n_select  # as fitted, whatever set_params says later
        self._n_total = rows.n_rows
        self._base_weight = rows.weight
        self._record = Record.of(self, rows.weight is not None)
        # Hooks see weights near one; draws weigh by those that were given.
        view, self._weight_exponent = rows.near_one()
        view = view.subset()
        self._kept, self._n_rows = view.kept, view.n_rows
        with threads_for(view):
            state = self._learn(view, stream(self._seed, LEARN), **data)
            self._keep(view, state)
            rows.check_finite()
            self.selection_ = recorded(self._first_selection(rows), self._record)
        self._count_outside(view, self._inside(state))
        self.sample_indices_ = self.selection_.indices
        self.sample_weight_ = self.selection_.weights
        return self

    def _in_own_unit(self, values):
        """Bring sums of weights that a hook found back to the unit that was given."""
        with np.errstate(over="ignore"):
            return np.ldexp(values, self._weight_exponent)

    def _near_one_too(self, parameter):
        """Bring a parameter that is added to sums of weights to the unit of hooks."""
        if not self._weight_exponent:
            return parameter
        with np.errstate(over="ignore"):
            moved = np.ldexp(float(parameter), -self._weight_exponent)
        return float(min(moved, 2.0**900))  # beside it, weights are next to nothing

    def _count_outside(self, view, inside):
        """Count the rows that can never be drawn, and warn of them."""
        self.n_outside_, self.outside_weight_ = 0, 0.0
        for values in view.per_row.values():
            if inside is not None:  # a quality of 0 is meant to leave a row out
                inside = inside | (values == 0)
        if inside is None or inside.all():
            return
        self.n_outside_ = int(np.count_nonzero(~inside))
        self.outside_weight_ = self.n_outside_ / view.n_rows
        if view.weight is not None:
            self.outside_weight_ = float(view.weight[~inside].sum() / view.weight.sum())
        if inside.any() and len(self.selection_) < self._n_rows:
            way_out = "Use a selector without such rows"
            if getattr(self, "fit_intercept", True) is False:
                way_out += ", or fit_intercept=True if the features are all zero there"
            warn_user(
                f"{type(self).__name__} can never draw {self.n_outside_} of "
                f"{view.n_rows} rows ({100 * self.outside_weight_:.3g} % of the "
                "weight): weighted sums over the selection stand for those over the "
                f"other rows. {way_out}.",
                OutsidePopulationWarning,
            )

    def _check_parameters(self):
        if not self._is_own_size(self.n_select):
            check_size_type(self.n_select)
        super()._check_parameters()

    def _first_selection(self, rows):
        """Make the selection of `fit`."""
        return self._select(self.n_select, self._seed)

    def _select(self, n_select, seed, **options):
        """Apply the rules on sizes, in their order, then ask the method.

        `options` are further keywords of a method's `select`.
        """
        size = self._size(n_select)
        if size is None:
            return self._choose(None, seed, **options)
        if size == 0:
            return weigh([], [], [], None, self._n_total)
        if size >= self._n_rows and not self._promised.repeats:
            return everything(self._base_weight, self._n_total)
        return self._choose(size, seed, **options)

    def _is_own_size(self, n_select):
        named = n_select is None or isinstance(n_select, str)
        return named and n_select in self.own_sizes

    def _size(self, n_select):
        """Return the number of rows that `n_select` stands for; None: a random one."""
        if self._is_own_size(n_select):
            return self._own_size()
        return check_size(n_select, self._n_rows)

    def _numbers(self, indices):
        """Turn numbers among the rows of positive weight into those among all rows."""
        indices = np.asarray(indices, dtype=np.int64)
        return indices if self._kept is None else self._kept[indices]

    def _of_all_rows(self, values):
        """Return values of the rows of positive weight for all rows; others get 0."""
        if self._kept is None:
            return values
        out = np.zeros(self._n_total)
        out[self._kept] = values
        return out

    # --- what a seam fills in ---

    def _learn(self, rows, rng):
        """Return what the method needs of all rows: any number of passes."""
        return

    def _keep(self, rows, state):
        """Keep what `select` needs once the data are gone."""
        self._state = state

    def _inside(self, state):
        """Return which rows of positive weight can be drawn at all; None: every row."""
        return

    def _own_size(self):
        """Return what a size in `own_sizes` stands for; None if it is random."""
        return

    def _choose(self, size, seed):
        """Return a `Selection` of `size` rows, fewer than there are."""
        raise TypeError(
            f"{type(self).__name__} must subclass ScoreSelector, LawSelector or "
            "RankSelector."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
