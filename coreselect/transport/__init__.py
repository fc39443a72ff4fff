"""Distances between sets of rows: whitening, nearest rows, optimal transport.

`whiten` makes features comparable, `nearest` finds the rows closest to each target,
and `ot_distance` says how far a set of rows is from another as a whole. POT solves the
transport problems; it is imported only when one is solved.
"""

from coreselect.transport.distance import dual_potentials, ot_distance, row_values
from coreselect.transport.neighbours import nearest
from coreselect.transport.whitening import Whitening, whiten

__all__ = [
    "Whitening",
    "dual_potentials",
    "nearest",
    "ot_distance",
    "row_values",
    "whiten",
]
