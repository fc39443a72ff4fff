"""Features for data selection: ordinary tables as numbers, gradients of models.

`TableFeatures` turns the columns of any table into numbers. The gradient of a model's
loss at each row says what the row would teach the model; wide gradients are projected
onto a few hundred columns.
"""

from coreselect.features.gradients import gradient_features
from coreselect.features.modules import torch_features
from coreselect.features.projection import project
from coreselect.features.tables import TableFeatures

__all__ = ["TableFeatures", "gradient_features", "project", "torch_features"]
