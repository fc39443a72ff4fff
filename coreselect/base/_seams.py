"""Two of the three kinds of methods: joint laws, and orders."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._random import DRAW, stream
from coreselect._validation import check_nonnegative
from coreselect.base._memory import Holds
from coreselect.base._selector import BaseSelector
from coreselect.base._tags import SelectorTags
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


class LawSelector(BaseSelector):
    """Base of methods that draw whole subsets, by a joint law of the rows.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    quotas : dict, optional
        See `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Notes
    -----
    Subclasses write two hooks. ``_learn(rows, rng)`` returns a state.
    ``_sample(state, size, rng)`` returns ``(indices, hits, expected_hits)``: unique row
    numbers, how often each row was drawn, and how often it is drawn on average. The
    weight of a row is its input weight times hits / expected hits.

    A third hook is optional. ``_design(state, indices, hits, expected_hits)`` gets the
    drawn rows in ascending order, and returns their `SamplingDesign` (of
    `coreselect.selection`), from which a selection computes standard errors.

    Rows of `include` are added to those that are drawn from the other rows; the hooks
    see neither them nor their places in the size.
    """

    holds = Holds(per_row=40, blocks=2)
    row_rules: tuple[str, ...] = ("include", "exclude")
    no_rules = (
        "it draws all rows together, and cannot fix how many come from a group or what "
        "they cost"
    )
    musts_apart = True

    def _sample(self, state: Any, size: int, rng: Any) -> Any:
        """Draw `size` rows."""
        raise TypeError(f"{type(self).__name__} must define _sample(state, size, rng).")

    def _design(self, state: Any, indices: Any, hits: Any, expected: Any) -> Any:
        """Return how the rows were drawn, for standard errors; None if unknown."""
        return

    def _choose(self, size, seed, **options):
        state = self._learned()
        n_musts = len(self._fitted.musts)
        try:
            drawn = self._sample(state, size, stream(seed, DRAW), **options)
        except ValueError as error:
            if not n_musts:
                raise
            beside = f"n_select={size} is without the {n_musts} row(s) of include"
            raise ValueError(f"{error} (Here {beside}.)") from error
        indices, hits, expected = _checked(
            self, "_sample(state, size, rng)", "indices, hits, expected_hits", drawn
        )
        ascending = np.argsort(indices)
        drawn = [values[ascending] for values in (indices, hits, expected)]
        made = self._design(state, *drawn)
        return self._fitted.with_musts(*drawn, made)


class RankSelector(BaseSelector):
    """Base of methods that order the rows or solve for their weights.

    Parameters
    ----------
    n_select : int or float
        Number of rows, or a fraction in (0, 1] of them.
    quotas : dict, optional
        See `BaseSelector`.
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

    A subclass can respect `quotas` and `include` if it ranks rows first and weighs them
    then: it names them in ``row_rules``, and in place of ``order[:size]`` it takes
    ``self._first_of(order, size)``. Where these are given, `_learn` is asked to rank
    all rows but one.
    """

    no_rules = "it chooses rows and weights together"

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
        if size and self._fitted.rules.reorder:
            return n_rows - 1
        return size if size is None else min(size, n_rows - 1)

    def _first_of(self, ranking, size):
        """Return the first rows of a ranking that together respect quotas and musts."""
        fitted = self._fitted
        if fitted.rules.reorder and len(ranking) == fitted.n_rows - 1:
            last = np.setdiff1d(np.arange(fitted.n_rows), ranking)
            ranking = np.append(ranking, last)
        return fitted.rules.first_of(ranking, size)

    def _ask(self, rows, rng, data):
        return self._learn(rows, self._largest(), rng, **data)

    def _choose(self, size, seed):
        self._check_ranked(size, "n_select")
        return self._ranked_selection(
            self._rank(self._learned(), size, stream(seed, DRAW))
        )

    def _prefix(self, size):
        """Return the number of rows of a prefix, which is at most that of `fit`."""
        check_is_fitted(self, "selection_")
        found = self._size(size, "size")
        self._check_ranked(found, "size")
        return found

    def _check_ranked(self, size, name):
        """Raise if more rows are asked for than were ranked."""
        fitted = self._fitted
        if size > fitted.size:
            more = f"n_select={size}"
            if fitted.rules.budget is not None:
                more = "a larger budget"
            raise ValueError(
                f"{name}={size} is more than the {fitted.size} rows that were ranked; "
                f"fit again with {more}."
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
