"""What the displays share: axes, colours, markers."""

from sklearn.utils.validation import check_is_fitted

from coreselect._files import require
from coreselect.selection import Selection

# Okabe and Ito's colours, which colour-blind readers can tell apart. Every series also
# has a marker and a dash of its own, so that a black and white print can be read.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = "sD^vPXo"
DASHES = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
GREY = "#8a8f98"


def axes_of(ax):
    """Return `ax`, or the axes of a new figure of pyplot if it is None."""
    if ax is not None:
        return ax
    pyplot = require("matplotlib.pyplot", "plot")
    return pyplot.subplots(figsize=(5.2, 3.8), layout="constrained")[1]


def styles(names):
    """Return the keywords of a line for each name: colour, marker and dash."""
    return {
        name: {
            "color": COLOURS[i % len(COLOURS)],
            "marker": MARKERS[i % len(MARKERS)],
            "linestyle": DASHES[i % len(DASHES)],
        }
        for i, name in enumerate(names)
    }


def tidy(axis):
    """Remove the frame's right and upper sides."""
    axis.spines[["top", "right"]].set_visible(False)


def selection_of(selection):
    """Return a `Selection`; raise unless it is one."""
    if not isinstance(selection, Selection):
        raise TypeError(
            f"selection must be a Selection, got {type(selection).__name__}; a fitted "
            "selector goes to from_estimator."
        )
    return selection


def selector_in(estimator):
    """Return the fitted selector that an estimator is or holds."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            "estimator must be a fitted selector or CoresetEstimator, got "
            f"{estimator!r}."
        )
    check_is_fitted(estimator, ["selection_", "selector_"], all_or_any=any)
    return getattr(estimator, "selector_", estimator)
