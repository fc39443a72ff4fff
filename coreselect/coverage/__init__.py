"""Covering all rows by a few, and proofs of how good they are.

The *radius* of some rows is the largest distance of any row to the nearest of them.
*Facility location* sums, over all rows, the similarity to the most similar of them.
"""

from coreselect._kernels.farthest import Room as Room
from coreselect.coverage.certificate import CoverageCertificate
from coreselect.coverage.dispersion import Objective as Objective
from coreselect.coverage.dispersion import disperse as disperse
from coreselect.coverage.dual import Bounds as Bounds
from coreselect.coverage.dual import BudgetBounds as BudgetBounds
from coreselect.coverage.facility import Greedy as Greedy
from coreselect.coverage.farthest import farthest_first as farthest_first
from coreselect.coverage.lazy import within_budget as within_budget
from coreselect.coverage.location import coverage_bound, facility_location
from coreselect.coverage.outliers import cover_with_balls as cover_with_balls
from coreselect.coverage.outliers import places_left as places_left
from coreselect.coverage.outliers import squares_without as squares_without
from coreselect.coverage.prototypes import find_prototypes as find_prototypes
from coreselect.coverage.relatives import FeatureCoverage as FeatureCoverage
from coreselect.coverage.relatives import FunctionSearch as FunctionSearch
from coreselect.coverage.relatives import GraphCut as GraphCut
from coreselect.coverage.relatives import SaturatedCoverage as SaturatedCoverage
from coreselect.coverage.set_functions import (
    RisingGainWarning,
    bidirectional_greedy,
    lazy_greedy,
)
from coreselect.coverage.similarities import SIMILARITIES as SIMILARITIES
from coreselect.coverage.similarities import source_of as source_of
from coreselect.coverage.space import METRICS as METRICS
from coreselect.coverage.space import space_of as space_of
from coreselect.coverage.thinning import Cells as Cells
from coreselect.coverage.thinning import thin as thin

__all__ = [
    "CoverageCertificate",
    "RisingGainWarning",
    "bidirectional_greedy",
    "coverage_bound",
    "facility_location",
    "lazy_greedy",
]
