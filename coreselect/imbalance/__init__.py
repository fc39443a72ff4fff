"""Resamplers for classes of unequal size: the SMOTE family and its relatives.

Over-samplers return a `coreselect.Synthesis`, under-samplers and cleaners a
`coreselect.Selection`; ``fit_resample`` gives the rows at once, as imbalanced-learn's
samplers do.
"""

from coreselect.imbalance._base import STRATEGY_NAMES as STRATEGY_NAMES
from coreselect.imbalance._base import BaseResampler as BaseResampler
from coreselect.imbalance._base import CleaningSampler as CleaningSampler
from coreselect.imbalance._base import OverSampler as OverSampler
from coreselect.imbalance._base import Resampled as Resampled
from coreselect.imbalance._base import SingleRowWarning as SingleRowWarning
from coreselect.imbalance._base import UnderSampler as UnderSampler
