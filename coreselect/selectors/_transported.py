"""What `TAROT` keeps, and the check of its parameter `whitening`."""

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


class WhiteningOption(OneOf):
    """The check of `whitening`: a method, a fitted `Whitening`, or None."""

    def __call__(self, name, value):
        if value is not None and not isinstance(value, Whitening):
            super().__call__(name, value)
