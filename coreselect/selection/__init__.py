"""What a selector or a resampler returns: rows with weights, and recipes for new rows.

`Selection` is row numbers with a weight each. `Synthesis` has, beside kept rows, a
recipe for every new one (`Copies`, `Interpolations`, `Votes`, `Jitters`, `Centroids`),
applied to the data by ``take``.
"""

from coreselect.selection._centroids import Centroids as Centroids
from coreselect.selection._jitters import Jitters as Jitters
from coreselect.selection._parts import Copies as Copies
from coreselect.selection._parts import Interpolations as Interpolations
from coreselect.selection._parts import Votes as Votes
from coreselect.selection._selection import Selection as Selection
from coreselect.selection._synthesis import Synthesis as Synthesis
