"""Pictures of selections, in the style of scikit-learn's displays (extra ``plot``).

A display is made by ``from_estimator``, ``from_selection`` or ``from_results``, which
draw at once; ``plot(ax=...)`` draws again. Without axes, they make a figure of pyplot.
"""

from coreselect.plot._comparison import ComparisonDisplay
from coreselect.plot._selection import SelectionDisplay
from coreselect.plot._transport import TransportDisplay
from coreselect.plot._weights import WeightDisplay

__all__ = [
    "ComparisonDisplay",
    "SelectionDisplay",
    "TransportDisplay",
    "WeightDisplay",
]
