"""A small picture of weights for notebooks, as SVG that needs no package."""

import numpy as np

_WIDTH, _HEIGHT = 240, 48
_MOST_STEPS = 120  # more could not be told apart


def picture_of_weights(weights):
    """Return an SVG of weights, heaviest first; empty text if there are none.

    Parameters
    ----------
    weights : ndarray of shape (n_selected,)
    """
    largest = weights.max(initial=0.0)
    if largest == 0:
        return ""
    # Divide first: the sum of huge weights can overflow.
    shares = np.sort(weights / largest)[::-1]
    steps = min(len(shares), _MOST_STEPS)
    # Weights within a step are averaged, so that the area keeps its meaning.
    ends = np.linspace(0, len(shares), steps + 1).astype(int)
    heights = np.add.reduceat(shares, ends[:-1]) / np.diff(ends)
    x = _WIDTH * ends / len(shares)
    y = _HEIGHT * (1 - heights)
    path = "".join(
        f"L{left:.4g},{level:.4g}H{right:.4g}"
        for left, right, level in zip(x[:-1], x[1:], y, strict=True)
    )
    mean = _HEIGHT * (1 - shares.mean())
    return (
        f'<svg viewBox="0 -1 {_WIDTH} {_HEIGHT + 2}" width="{_WIDTH}" '
        f'height="{_HEIGHT + 2}" role="img" fill="currentColor" '
        'stroke="currentColor"><title>The weights, heaviest first; the dashed line '
        "is their mean</title>"
        f'<path d="M0,{_HEIGHT}{path}V{_HEIGHT}Z" fill-opacity=".3" stroke="none"/>'
        f'<path d="M0,{mean:.4g}H{_WIDTH}" stroke-dasharray="4 3"/></svg>'
    )
