"""Select rows, then fit any scikit-learn estimator on them with their weights."""

from coreselect._misread import MisreadWeightsWarning
from coreselect.estimators._coreset import CoresetEstimator, InterceptWarning
from coreselect.estimators._fit import ClassAddedWarning, fit_on_selection

__all__ = [
    "ClassAddedWarning",
    "CoresetEstimator",
    "InterceptWarning",
    "MisreadWeightsWarning",
    "fit_on_selection",
]
