"""Exact nearest rows, dense and sparse.

`nearest_neighbors` finds them, `neighbor_lists` also asks a neighbours object of
scikit-learn's kind. All resamplers and the transport selector search with the same
kernels.
"""

from coreselect.neighbors._lists import without_own as without_own
from coreselect.neighbors._search import nearest_neighbors, neighbor_lists

__all__ = ["nearest_neighbors", "neighbor_lists"]
