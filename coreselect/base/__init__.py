"""The three seams: a method says what it learns and how it scores, samples or ranks.

`BaseSelector` holds everything that methods share: checks, sizes, weights, randomness,
the scikit-learn and imbalanced-learn verbs. A method subclasses one of

- `ScoreSelector`: a number per row, drawn by `coreselect.draw`;
- `LawSelector`: a joint law over subsets, which it samples by itself;
- `RankSelector`: an order of the rows, or a solution with weights of its own.
"""

from coreselect.base._auto_size import CertifiedSize as CertifiedSize
from coreselect.base._auto_size import TheorySize as TheorySize
from coreselect.base._auto_size import UncertifiedWarning as UncertifiedWarning
from coreselect.base._estimator import DroppedWeightsWarning as DroppedWeightsWarning
from coreselect.base._estimator import RowEstimator as RowEstimator
from coreselect.base._estimator import set_features as set_features
from coreselect.base._features import as_transformer as as_transformer
from coreselect.base._features import check_features as check_features
from coreselect.base._features import see as see
from coreselect.base._fitted import LearnedAttribute as LearnedAttribute
from coreselect.base._inclusion import InclusionMixin as InclusionMixin
from coreselect.base._memory import DataSize as DataSize
from coreselect.base._memory import Holds as Holds
from coreselect.base._memory import estimate_memory as estimate_memory
from coreselect.base._memory import within_budget as within_budget
from coreselect.base._outside import (
    OutsidePopulationWarning as OutsidePopulationWarning,
)
from coreselect.base._rules import GivenRules as GivenRules
from coreselect.base._rules import columns_named as columns_named
from coreselect.base._scores import Learned as Learned
from coreselect.base._scores import ScoreSelector as ScoreSelector
from coreselect.base._seams import LawSelector as LawSelector
from coreselect.base._seams import RankSelector as RankSelector
from coreselect.base._selector import BaseSelector as BaseSelector
from coreselect.base._tags import SamplerTags as SamplerTags
from coreselect.base._tags import SelectorTags as SelectorTags
