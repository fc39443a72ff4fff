"""Draw rows by their scores: sampling designs, inclusion probabilities, weights.

A sampling design turns scores into a random set of rows. A row that is hit `hits` times
where `expected_hits` were expected gets the weight ``base_weight * hits /
expected_hits``. So weighted sums over the rows are unbiased under every design.

Inclusion probabilities are ``min(1, c * score)``, with the c that makes them add up to
the size ("water-filling").
"""

from coreselect.sampling._balancing import visiting_order as visiting_order
from coreselect.sampling._calibrate import calibrate
from coreselect.sampling._draw import draw, inclusion_probabilities
from coreselect.sampling.designs import DESIGNS

__all__ = ["DESIGNS", "calibrate", "draw", "inclusion_probabilities"]
