"""Select rows, then fit on them: any scikit-learn estimator, or a map of a kernel."""

from coreselect._misread import MisreadWeightsWarning
from coreselect.estimators._coreset import CoresetEstimator, InterceptWarning
from coreselect.estimators._fit import ClassAddedWarning, fit_on_selection
from coreselect.estimators._landmarks import Landmarks, inducing_points

__all__ = [
    "ClassAddedWarning",
    "CoresetEstimator",
    "InterceptWarning",
    "Landmarks",
    "MisreadWeightsWarning",
    "fit_on_selection",
    "inducing_points",
]
