"""Distances between sets of rows: whitening, nearest rows, optimal transport.

`whiten` makes features comparable, `nearest` finds the rows closest to each target, and
`ot_distance` measures how far one set of rows is from another. POT solves the transport
problems; it is imported on first use.
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
