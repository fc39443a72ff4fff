"""Exact distances: nearest rows, nearest centres, neighbour lists, kernel values.

`nearest_neighbors` and `nearest_centers` search rows that are given at once;
`neighbor_lists` also accepts an object with ``kneighbors``, such as those of
scikit-learn. The other names are what methods are built from, for dense and CSR blocks
of rows alike: `NearestCenters`, `sq_distances` and its relatives (distances to
centres), `NearestLists` (lists of the k nearest rows, in one pass),
`neighbors_in_blocks` (the same for some rows among all), and `KernelRows` (blocks of
kernel values).

Products of rows are formed in float32, where they are fast. Whatever their rounding
errors could decide is computed again in float64, from differences. So results are
exact, and do not depend on blocks, threads or processors.
"""

from coreselect.neighbors.blocks import neighbors_in_blocks as neighbors_in_blocks
from coreselect.neighbors.centers import DistancesToAll as DistancesToAll
from coreselect.neighbors.centers import NearestCenters, nearest_centers
from coreselect.neighbors.centers import check_centers as check_centers
from coreselect.neighbors.centers import sq_distances as sq_distances
from coreselect.neighbors.centers import sq_distances_to_one as sq_distances_to_one
from coreselect.neighbors.centers import sq_distances_to_own as sq_distances_to_own
from coreselect.neighbors.kernels import KernelRows as KernelRows
from coreselect.neighbors.kernels import matrix_of as matrix_of
from coreselect.neighbors.lists import without_own as without_own
from coreselect.neighbors.search import nearest_neighbors, neighbor_lists
from coreselect.neighbors.targets import NearestLists as NearestLists
from coreselect.neighbors.targets import merge_lists as merge_lists
from coreselect.neighbors.targets import nearest_lists as nearest_lists
from coreselect.neighbors.widths import rbf_gamma as rbf_gamma
from coreselect.neighbors.widths import refuse_width as refuse_width

__all__ = ["NearestCenters", "nearest_centers", "nearest_neighbors", "neighbor_lists"]
