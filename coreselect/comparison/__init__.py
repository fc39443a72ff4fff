"""Compare training on selected rows with training on all rows.

Every method selects from the same training rows, for several sizes and seeds. The
estimator is fitted to each selection with its weights, and scored on rows that were
held out before. Uniform sampling and all rows are always among the results.
"""

from coreselect.comparison._compare import choose_methods as choose_methods
from coreselect.comparison._compare import compare as compare
from coreselect.comparison._compare import run as run
from coreselect.comparison._results import Comparison as Comparison
from coreselect.comparison._results import Result as Result
from coreselect.comparison._trial import MOST_CLASSES as MOST_CLASSES
from coreselect.comparison._trial import Trial as Trial
from coreselect.comparison._trial import prepare as prepare

__all__ = ["Comparison", "Result", "compare"]
