"""The three seams: scores that are drawn, joint laws, and orders."""

import warnings

import numpy as np

from coreselect._random import DRAW, stream
from coreselect._validation import (
    Boolean,
    OneOf,
    check_nonnegative,
)
from coreselect.base._selector import BaseSelector
from coreselect.base._tags import SelectorTags
from coreselect.sampling import (
    DESIGNS,
    EXACT_SIZE,
    class_codes,
    draw_with_seed,
    ranked,
    weigh,
)
from coreselect.selection import check_indices


class UncertifiedWarning(UserWarning):
    """No size reached the error that ``n_select="auto"`` was asked for."""


def _checked(selector, hook, returns, drawn):
    """Return row numbers, and values for each of them, as a hook should give them."""
    name = f"what {type(selector).__name__}.{hook} returns"
    wanted = returns.split(", ")
    if not isinstance(drawn, (tuple, list)) or len(drawn) != len(wanted):
        raise TypeError(f"{name} must be a tuple ({returns}), got {drawn!r}.")
    try:
        indices = check_indices(drawn[0], selector._n_rows)
        values = [np.broadcast_to(v, indices.shape) for v in drawn[1:]]
        checked = [
            check_nonnegative(v, len(indices), what)
            for v, what in zip(values, wanted[1:], strict=True)
        ]
        if hook.startswith("_sample") and not checked[-1].all():
            raise ValueError("a row that was hit has expected_hits of 0.")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return indices, *checked


class Learned:
    """What `_learn` returns if the scores also need values of the rows.

    Parameters
    ----------
    state : object
        The state, which does not grow with the number of rows.
    *values : arrays of shape (n_rows,) or (n_rows, c)
        `_scores` gets the part of each that belongs to its block.
    """

    def __init__(self, state, *values):
        self.state, self.values = state, values


class ScoreSelector(BaseSelector):
    """Base of methods that give every row a score; rows are drawn by `coreselect.draw`.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    stratify : bool
        Whether the number of rows from each class of y is its expected number, rounded
        down or up at random.
    design : {"pivotal", "systematic", "poisson", "priority", "multinomial"}
        See `coreselect.draw`.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write ``_learn(rows, rng) -> state`` and ``_scores(block, state)``, an
    array with a non-negative number for each row of the block, its weight
    (``block.weight``) taken into account. Scores are kept as ``scores_``; rows of
    weight 0 get 0. If the scores also need values of the rows, `_learn` returns
    ``Learned(state, *values)``, and `_scores` gets the values of its block as further
    arguments.

    A subclass with ``own_sizes = ("auto",)`` and a parameter ``epsilon`` finds its
    size: the first on a fixed grid at which `coreselect.certify` gives at most that,
    kept as ``certificate_``; or ``_theory_size()``, if the subclass defines it.
    """

    parameter_checks = {
        "stratify": Boolean(),
        "design": OneOf(*DESIGNS),
    }

    def __init__(
        self, n_select=100, *, stratify=False, design="pivotal", random_state=None
    ):
        super().__init__(n_select, random_state=random_state)
        self.stratify = stratify
        self.design = design

    @classmethod
    def examples(cls):
        return [cls(n_select=10, design=design) for design in DESIGNS]

    def _scores(self, block, state):
        """Return the scores of the rows of a block."""
        raise TypeError(f"{type(self).__name__} must define _scores(block, state).")

    def _keep(self, rows, state):
        for earlier in ("certificate_", "_auto_size"):  # about other rows
            if hasattr(self, earlier):
                delattr(self, earlier)
        self._design = self.design  # as fitted, whatever set_params says later
        self._strata = class_codes(rows.y, rows.n_rows) if self.stratify else None
        name = f"what {type(self).__name__}._scores(block, state) returns"

        per_row = ()
        if isinstance(state, Learned):
            state, per_row = state.state, state.values

        def checked(block, *values):
            scores = self._scores(block, state, *values)
            return check_nonnegative(scores, len(block.weight), name)

        self.scores_ = self._of_all_rows(rows.map(checked, *per_row))
        if not self.scores_.any():
            raise ValueError(
                f"every row gets the score zero from {self!r}, so that none can be "
                "drawn; use UniformSelector, or look at the scale of X and parameters."
            )

    def _inside(self, state):
        return (self.scores_ if self._kept is None else self.scores_[self._kept]) > 0

    def _choose(self, size, seed):
        kept = slice(None) if self._kept is None else self._kept
        weight = None if self._base_weight is None else self._base_weight[kept]
        drawn = draw_with_seed(
            self.scores_[kept], size, self._design, self._strata, weight, seed
        )
        return ranked(self._numbers(drawn.indices), drawn.weights, self._n_total)

    def _check_parameters(self):
        super()._check_parameters()
        epsilon = getattr(self, "epsilon", None)
        if self._is_auto() and epsilon is None:
            raise ValueError(
                "n_select='auto' needs epsilon, the relative error to reach (such as "
                "epsilon=0.1), got epsilon=None."
            )
        if epsilon is not None and not self._is_auto():
            raise ValueError(
                f"epsilon={epsilon} sets the size of n_select='auto', but n_select is "
                f"{self.n_select}; give one of the two."
            )

    def _is_auto(self):
        return self._is_own_size(self.n_select)

    def _own_size(self):
        if not hasattr(self, "_auto_size"):
            raise ValueError(
                "n_select='auto' is the size that a fit with n_select='auto' and "
                f"epsilon found, but this was fitted with n_select={self._n_select}; "
                "fit again with these, or give a number."
            )
        return self._auto_size

    def _theory_size(self):
        """Return the size that theory asks for; None where a certificate decides."""
        return

    def _first_selection(self, rows):
        if not self._is_auto():
            return super()._first_selection(rows)
        size = self._theory_size()
        if size is not None:
            self._auto_size = min(self._n_rows, size)
            return self._select(self._auto_size, self._seed)
        return self._certified_selection(rows)

    def _certified_selection(self, rows):
        from coreselect.certificates import first_certified

        alpha = getattr(self, "alpha", 0.0)
        numeric = rows.y is not None and rows.y.dtype.kind in "biuf"
        if not numeric or self.stratify:
            objective = "pca"
        else:
            objective = "ridge" if alpha else "least_squares"
        self._auto_size, selection, self.certificate_ = first_certified(
            rows,
            lambda size: self._select(size, self._seed),
            epsilon=self.epsilon,
            objective=objective,
            fit_intercept=getattr(self, "fit_intercept", False),
            alpha=alpha,
        )
        if self.certificate_.epsilon > self.epsilon:
            warnings.warn(
                f"even {self._auto_size} draws have an error of "
                f"{self.certificate_.epsilon:.3g}, more than epsilon={self.epsilon}; "
                "use a design without repeats, such as 'pivotal'.",
                UncertifiedWarning,
                stacklevel=4,
            )
        return selection

    def _selector_tags(self):
        return SelectorTags(
            unbiased=not self._is_auto(),
            exact_size=self.design in EXACT_SIZE,
            repeats=self.design == "multinomial",
        )


class LawSelector(BaseSelector):
    """Base of methods whose law is joint over the rows.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write ``_learn(rows, rng) -> state`` and ``_sample(state, size, rng) ->
    (indices, hits, expected_hits)``: unique row numbers, how often each was hit, and
    how often each was expected to be. Weights are input weight x hits / expected hits.
    """

    def _sample(self, state, size, rng):
        """Draw from the law."""
        raise TypeError(f"{type(self).__name__} must define _sample(state, size, rng).")

    def _choose(self, size, seed, **options):
        rng = stream(seed, DRAW)
        drawn = self._sample(self._state, size, rng, **options)
        indices, hits, expected = _checked(
            self, "_sample(state, size, rng)", "indices, hits, expected_hits", drawn
        )
        return weigh(
            self._numbers(indices), hits, expected, self._base_weight, self._n_total
        )


class RankSelector(BaseSelector):
    """Base of methods that order the rows or solve for their weights.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write ``_learn(rows, rng) -> state`` and ``_rank(state, size, rng) ->
    (indices, weights)``, best row first, with weights that their docstring explains.
    `select` makes any size up to the fitted one.
    """

    def _rank(self, state, size, rng):
        """Return the best rows and their weights."""
        raise TypeError(f"{type(self).__name__} must define _rank(state, size, rng).")

    def _keep(self, rows, state):
        super()._keep(rows, state)
        self._fitted_size = self._size(self.n_select)

    def _choose(self, size, seed):
        if size > self._fitted_size:
            raise ValueError(
                f"n_select={size} is more than the {self._fitted_size} rows that were "
                f"ranked; fit again with n_select={size}."
            )
        found = self._rank(self._state, size, stream(seed, DRAW))
        return self._ranked_selection(found)

    def _ranked_selection(self, found):
        """Return the `Selection` of what `_rank` found."""
        indices, weights = _checked(
            self, "_rank(state, size, rng)", "indices, weights", found
        )
        weights = self._in_own_unit(weights)
        return ranked(self._numbers(indices), weights, self._n_total)

    def _selector_tags(self):
        return SelectorTags(unbiased=False)
