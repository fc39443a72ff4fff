"""How good a selection is, and which of several classifiers is best: numbers.

Guarantees are in `coreselect.certificates`; these functions measure.
"""

from coreselect.metrics._roc import ROCHull, roc_convex_hull
from coreselect.metrics._selections import check_population as check_population
from coreselect.metrics._selections import (
    clustering_distortion,
    covering_radius,
    mean_discrepancy,
    relative_cost,
    subspace_distortion,
)

__all__ = [
    "ROCHull",
    "clustering_distortion",
    "covering_radius",
    "mean_discrepancy",
    "relative_cost",
    "roc_convex_hull",
    "subspace_distortion",
]
