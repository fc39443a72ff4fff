"""Metrics for selections, and the ROC convex hull for comparing classifiers.

These functions measure a given selection; guarantees are in `coreselect.certificates`.
They read the columns of X that are numbers. For what a selector with `features` saw,
pass ``selector.features_.transform(X)``.
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
from coreselect.metrics._selections import near_one as near_one

__all__ = [
    "ROCHull",
    "clustering_distortion",
    "covering_radius",
    "mean_discrepancy",
    "relative_cost",
    "roc_convex_hull",
    "subspace_distortion",
]
