"""Training in rounds: an estimator with `partial_fit` on a fresh subset each round."""

from coreselect.training._schedule import schedule_length
from coreselect.training._trainer import RepeatedSubsetTrainer

__all__ = ["RepeatedSubsetTrainer", "schedule_length"]
