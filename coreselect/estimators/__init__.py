"""Select rows, then fit any scikit-learn estimator on them with their weights."""

from coreselect._misread import MisreadWeightsWarning
from coreselect.estimators._coreset import CoresetEstimator
from coreselect.estimators._fit import ClassAddedWarning, fit_on_selection

__all__ = [
    "ClassAddedWarning",
    "CoresetEstimator",
    "MisreadWeightsWarning",
    "fit_on_selection",
]
