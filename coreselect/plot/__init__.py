"""Pictures of selections, in the style of scikit-learn's displays (extra ``plot``).

A display is made by a class method, such as ``from_estimator`` or ``from_selection``,
which draws at once; ``plot(ax=...)`` draws again. Without axes, they make a figure of
pyplot.
"""

from coreselect.plot._allocation import AllocationDisplay
from coreselect.plot._comparison import ComparisonDisplay
from coreselect.plot._selection import SelectionDisplay
from coreselect.plot._transport import TransportDisplay
from coreselect.plot._weights import WeightDisplay

__all__ = [
    "AllocationDisplay",
    "ComparisonDisplay",
    "SelectionDisplay",
    "TransportDisplay",
    "WeightDisplay",
]
