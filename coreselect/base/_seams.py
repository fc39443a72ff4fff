"""The three kinds of methods: scores that are drawn, joint laws, and orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._random import DRAW, stream
from coreselect._typing import AutoSize, Checks, Design, Features, Seed
from coreselect._validation import Boolean, OneOf, check_nonnegative
from coreselect.base._fitted import LearnedAttribute
from coreselect.base._selector import BaseSelector
from coreselect.base._tags import SelectorTags
from coreselect.sampling import DESIGNS
from coreselect.sampling.designs import EXACT_SIZE, draw_with_seed, weigh
from coreselect.sampling.groups import class_codes
from coreselect.selection import Selection, check_indices


def _checked(selector, hook, returns, found):
    """Check what a hook returned: row numbers, and one value for each of them."""
    # Hooks are written by others, so their errors name the class and the hook. The unit
    # of weights and the row numbers of the user are put back only after this check.
    name = f"what {type(selector).__name__}.{hook} returns"
    wanted = returns.split(", ")
    if not isinstance(found, (tuple, list)) or len(found) != len(wanted):
        raise TypeError(f"{name} must be a tuple ({returns}), got {found!r}.")
    try:
        indices = check_indices(found[0], selector._fitted.n_rows)
        values = [np.broadcast_to(v, indices.shape) for v in found[1:]]
        checked = [
            check_nonnegative(v, len(indices), value)
            for v, value in zip(values, wanted[1:], strict=True)
        ]
        if hook.startswith("_sample") and not checked[-1].all():
            raise ValueError("a row that was hit has expected_hits of 0.")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return indices, *checked


class Learned:
    """What `_learn` returns if the scores also need values that it found for each row.

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
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write two hooks. ``_learn(rows, rng)`` returns a state.
    ``_scores(block, state)`` returns one non-negative score for each row of the block;
    the score of a row of weight w (``block.weight``) is that of its w copies together.
    If the scores also need values that were learned for each row, `_learn` returns
    ``Learned(state, *values)``, and `_scores` gets the values of its block as further
    arguments. All scores are kept as ``scores_``; rows of weight 0 get 0.
    """

    parameter_checks: Checks = {
        "stratify": Boolean(),
        "design": OneOf(*DESIGNS),
    }
    scores_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
        stratify: bool = False,
        design: Design = "pivotal",
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(n_select, features=features, random_state=random_state)
        self.stratify = stratify
        self.design = design

    @classmethod
    def examples(cls):
        return [cls(n_select=10, design=design) for design in DESIGNS]

    def _scores(self, block: Any, state: Any) -> Any:
        """Return the scores of the rows of a block."""
        raise TypeError(f"{type(self).__name__} must define _scores(block, state).")

    def _strata(self, rows):
        return class_codes(rows.y, rows.n_rows) if self.stratify else None

    def _keep(self, rows, state):
        name = f"what {type(self).__name__}._scores(block, state) returns"
        per_row = ()
        if isinstance(state, Learned):
            state, per_row = state.state, state.values

        def checked(block, *values):
            scores = self._scores(block, state, *values)
            return check_nonnegative(scores, len(block.weight), name)

        # All scores are kept, 8 bytes per row, so that `select` draws any size without
        # X.
        scores = rows.map(checked, *per_row)
        if not scores.any():
            raise ValueError(
                f"every row gets the score zero from {self!r}, so none can be drawn; "
                "use UniformSelector, or check the scale of X and the parameters."
            )
        self.scores_ = self._fitted.among_all(scores)
        super()._keep(rows, None)

    def _kept_scores(self):
        """Return the scores of the rows of positive weight."""
        kept = self._fitted.kept
        return self.scores_ if kept is None else self.scores_[kept]

    def _inside(self, state):
        return self._kept_scores() > 0

    def _choose(self, size, seed):
        self._learned()
        fitted = self._fitted
        weight = fitted.weight
        if weight is not None and fitted.kept is not None:
            weight = weight[fitted.kept]
        drawn = draw_with_seed(
            self._kept_scores(), size, self.design, fitted.strata, weight, seed
        )
        rows = fitted.numbers(drawn.indices)
        return Selection(rows, drawn.weights, fitted.n_total, design=drawn.design)

    def _selector_tags(self):
        return SelectorTags(
            exact_size=self.design in EXACT_SIZE,
            repeats=self.design == "multinomial",
        )


class LawSelector(BaseSelector):
    """Base of methods that draw whole subsets, by a joint law of the rows.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write two hooks. ``_learn(rows, rng)`` returns a state.
    ``_sample(state, size, rng)`` returns ``(indices, hits, expected_hits)``: unique row
    numbers, how often each row was drawn, and how often it is drawn on average. The
    weight of a row is its input weight times hits / expected hits.
    """

    def _sample(self, state: Any, size: int, rng: Any) -> Any:
        """Draw `size` rows."""
        raise TypeError(f"{type(self).__name__} must define _sample(state, size, rng).")

    def _choose(self, size, seed, **options):
        drawn = self._sample(self._learned(), size, stream(seed, DRAW), **options)
        indices, hits, expected = _checked(
            self, "_sample(state, size, rng)", "indices, hits, expected_hits", drawn
        )
        fitted = self._fitted
        return weigh(
            fitted.numbers(indices), hits, expected, fitted.weight, fitted.n_total
        )


class RankSelector(BaseSelector):
    """Base of methods that order the rows or solve for their weights.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write two hooks. ``_learn(rows, size, rng)`` returns a state from which
    up to `size` rows can be ranked. ``_rank(state, size, rng)`` returns ``(indices,
    weights)`` of a selection, best row first; the docstring of the subclass says what
    the weights mean. A smaller selection holds the first rows of a larger one, so
    `select` makes any size up to that of `fit`. To rank all rows but one is enough
    after a fit that selects all of them.
    """

    # Every row can be selected.
    n_outside_ = 0
    outside_weight_ = 0.0

    def _learn(self, rows, size, rng):
        """Return what the method needs to rank `size` rows."""
        return

    def _rank(self, state: Any, size: int, rng: Any) -> Any:
        """Return the best rows and their weights."""
        raise TypeError(f"{type(self).__name__} must define _rank(state, size, rng).")

    def _fit_seen(self, rows, seed, **data):
        super()._fit_seen(rows, seed, **data)
        if self._largest() == 0:  # no later size needs the data
            self._unlearned = None
        return self

    def _largest(self):
        """Return the largest size to rank; None if the method finds its own size."""
        size, n_rows = self._fitted.size, self._fitted.n_rows
        return size if size is None else min(size, n_rows - 1)

    def _ask(self, rows, rng, data):
        return self._learn(rows, self._largest(), rng, **data)

    def _choose(self, size, seed):
        fitted = self._fitted
        if size > fitted.size:
            raise ValueError(
                f"n_select={size} is more than the {fitted.size} rows that were "
                f"ranked; fit again with n_select={size}."
            )
        return self._ranked_selection(
            self._rank(self._learned(), size, stream(seed, DRAW))
        )

    def _ranked_selection(self, found):
        """Return the `Selection` of what `_rank` found."""
        indices, weights = _checked(
            self, "_rank(state, size, rng)", "indices, weights", found
        )
        weights = self._in_own_unit(weights)
        return Selection(self._fitted.numbers(indices), weights, self._fitted.n_total)

    def _selector_tags(self):
        return SelectorTags(unbiased=False)
