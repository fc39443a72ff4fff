"""Covering all rows by a few: farthest-first picks, and proofs of how good they are.

The *radius* of some rows is the largest distance of any row to the nearest of them.
"""

from coreselect._kernels.farthest import Room as Room
from coreselect.coverage.certificate import CoverageCertificate
from coreselect.coverage.farthest import farthest_first as farthest_first
from coreselect.coverage.outliers import cover_with_balls as cover_with_balls
from coreselect.coverage.outliers import places_left as places_left
from coreselect.coverage.outliers import squares_without as squares_without
from coreselect.coverage.space import METRICS as METRICS
from coreselect.coverage.space import space_of as space_of

__all__ = ["CoverageCertificate"]
