"""Compare training on selected rows with training on all rows.

Every method selects from the same training rows, for several sizes and seeds. The
estimator is fitted to each selection with its weights, and scored on rows that were
held out before. Uniform sampling and all rows are always among the results.
"""

from coreselect.comparison._compare import choose_methods as choose_methods
from coreselect.comparison._compare import compare as compare
from coreselect.comparison._compare import gathered as gathered
from coreselect.comparison._fits import fits as fits
from coreselect.comparison._results import COLUMNS as COLUMNS
from coreselect.comparison._results import Comparison as Comparison
from coreselect.comparison._results import Result as Result
from coreselect.comparison._tables import Lines as Lines
from coreselect.comparison._trial import MOST_CLASSES as MOST_CLASSES
from coreselect.comparison._trial import SIZES as SIZES
from coreselect.comparison._trial import Trial as Trial
from coreselect.comparison._trial import open_data as open_data
from coreselect.comparison._trial import prepare as prepare
from coreselect.comparison._verdict import Verdict as Verdict

__all__ = ["Comparison", "Result", "Verdict", "compare"]
