"""Bases of resamplers: say which rows to make, or which to keep.

`BaseResampler` holds what all share: checks, strategies, weights, randomness, verbs and
tags. A method subclasses `OverSampler`, `UnderSampler` or `CleaningSampler`.
"""

from coreselect.imbalance._base._over import PROTOCOL as PROTOCOL
from coreselect.imbalance._base._over import OverSampler as OverSampler
from coreselect.imbalance._base._resampler import BaseResampler as BaseResampler
from coreselect.imbalance._base._resampler import Outcome as Outcome
from coreselect.imbalance._base._strategy import CLEAN as CLEAN
from coreselect.imbalance._base._strategy import OVER as OVER
from coreselect.imbalance._base._strategy import UNDER as UNDER
from coreselect.imbalance._base._under import WEIGHTS as WEIGHTS
from coreselect.imbalance._base._under import CleaningSampler as CleaningSampler
from coreselect.imbalance._base._under import UnderSampler as UnderSampler
