"""Bases of resamplers, which say which rows to make or to keep.

`BaseResampler` holds what all share: checks, strategies, weights, randomness, verbs and
tags. A method subclasses `OverSampler`, `UnderSampler` or `CleaningSampler`.
"""

from coreselect.imbalance._base.neighbors import SingleRowWarning as SingleRowWarning
from coreselect.imbalance._base.over import OverSampler as OverSampler
from coreselect.imbalance._base.resampler import BaseResampler as BaseResampler
from coreselect.imbalance._base.resampler import Resampled as Resampled
from coreselect.imbalance._base.strategy import CLEAN as CLEAN
from coreselect.imbalance._base.strategy import OVER as OVER
from coreselect.imbalance._base.strategy import STRATEGY_NAMES as STRATEGY_NAMES
from coreselect.imbalance._base.strategy import UNDER as UNDER
from coreselect.imbalance._base.under import CleaningSampler as CleaningSampler
from coreselect.imbalance._base.under import UnderSampler as UnderSampler
