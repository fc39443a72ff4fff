"""How many rows of which group: a budget shared by learning curves.

A learning curve says how the loss of a group falls with the number of its rows:
``floor + sigma n**-power``. `allocate` shares a budget so that the sum of losses, the
worst one or something between is least.
"""

from coreselect.allocation._allocate import Allocation, allocate, neyman
from coreselect.allocation._learning import LearningCurves, learning_curves
from coreselect.allocation._rounds import RoundAllocator
from coreselect.allocation._selector import AllocationSelector

__all__ = [
    "Allocation",
    "AllocationSelector",
    "LearningCurves",
    "RoundAllocator",
    "allocate",
    "learning_curves",
    "neyman",
]
