"""What selectors and resamplers return: rows with weights, and recipes for new rows.

A `Selection` is row numbers, each with a weight. A `Synthesis` has kept rows and a
recipe for every new one (`Copies`, `Interpolations`, `Votes`, `Jitters`, `Centroids`),
which ``take`` applies to the data.
"""

from coreselect.selection._build import build as build
from coreselect.selection._centroids import Centroids as Centroids
from coreselect.selection._design import SamplingDesign as SamplingDesign
from coreselect.selection._jitters import Jitters as Jitters
from coreselect.selection._parts import Copies as Copies
from coreselect.selection._parts import Interpolations as Interpolations
from coreselect.selection._parts import Votes as Votes
from coreselect.selection._parts import merge_parts as merge_parts
from coreselect.selection._record import Record as Record
from coreselect.selection._record import record_of_draw as record_of_draw
from coreselect.selection._record import recorded as recorded
from coreselect.selection._selection import Selection as Selection
from coreselect.selection._selection import check_indices as check_indices
from coreselect.selection._selection import check_selection as check_selection
from coreselect.selection._synthesis import Synthesis as Synthesis
