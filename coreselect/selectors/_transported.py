"""What `TAROT` keeps, the check of `whitening`, and orders that respect rules."""

from typing import NamedTuple

import numpy as np

from coreselect._validation import OneOf
from coreselect.transport.inputs import Embedding
from coreselect.transport.neighbours import Targets
from coreselect.transport.whitening import Whitening


class State(NamedTuple):
    """What `select` needs: the order, its embedded rows, the targets.

    Embedded rows are whitened and scaled, so that Euclidean distances compare them.
    `total` is the total weight of all rows, `size` the size that "auto" found.
    """

    order: np.ndarray
    Z: np.ndarray
    targets: Targets
    total: float
    embed: Embedding
    size: int

    def points(self, rows):
        """Return embedded rows, all of which the order must hold."""
        by_number = np.argsort(self.order)
        return self.Z[by_number[np.searchsorted(self.order, rows, sorter=by_number)]]


class WhiteningOption(OneOf):
    """The check of `whitening`: a method, a fitted `Whitening`, or None."""

    def __call__(self, name, value):
        if value is not None and not isinstance(value, Whitening):
            super().__call__(name, value)


def ordered(strategy, matching, size, fitted, first_of):
    """Return rows in the order of a strategy, the best first.

    If `fitted` has rules that the first `size` rows may not respect, the rows are those
    of its own size that `first_of` finds.
    """
    apart = fitted.rules.reorder and not fitted.is_settled(fitted.size)
    # As far as rows may have to be passed over, and further where that is not enough.
    length, most = 2 * fitted.size if apart else size, fitted.n_rows - 1
    while True:
        length = min(length, most)
        order = strategy(matching, length)[:length]
        if length == most:  # all rows have a place: the one left comes last
            left = np.setdiff1d(np.arange(fitted.n_rows), order)
            order = np.append(order, left)
        if not apart:
            return order
        chosen = first_of(order, fitted.size)
        if len(chosen) == fitted.size or length == most:
            return chosen
        length *= 4
