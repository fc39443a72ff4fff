"""Exact nearest neighbours of dense and sparse rows.

`nearest_neighbors` finds them; `neighbor_lists` also accepts an object with
``kneighbors``, such as those of scikit-learn. All resamplers and the transport selector
use the same kernels.
"""

from coreselect.neighbors._lists import without_own as without_own
from coreselect.neighbors._search import nearest_neighbors, neighbor_lists

__all__ = ["nearest_neighbors", "neighbor_lists"]
