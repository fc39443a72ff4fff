"""Probabilities for the class shares of the data, of a classifier trained on others."""

from coreselect.calibration._calibrator import PriorShiftCalibrator
from coreselect.calibration._shift import shift_priors

__all__ = ["PriorShiftCalibrator", "shift_priors"]
