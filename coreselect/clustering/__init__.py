"""Clustering coresets: seed centres and sensitivity scores.

The *cost* of a set C of centres is ``sum(w_i * min over c in C of |x_i - c|**z)``. The
power z is 2 for k-means and 1 for k-median. The *sensitivity* of a row is its largest
possible share of the cost, over all sets of k centres.
"""

from coreselect.clustering._scores import POWER as POWER
from coreselect.clustering._scores import SEARCH as SEARCH
from coreselect.clustering._scores import Clusters as Clusters
from coreselect.clustering._scores import block_lightweight as block_lightweight
from coreselect.clustering._scores import lightweight_scores, sensitivities
from coreselect.clustering._scores import score_lines as score_lines
from coreselect.clustering._scores import weighted as weighted
from coreselect.clustering._seeding import seed as seed
from coreselect.clustering._seeding import seed_centers
from coreselect.clustering._spread import spread_of as spread_of

__all__ = ["lightweight_scores", "seed_centers", "sensitivities"]
