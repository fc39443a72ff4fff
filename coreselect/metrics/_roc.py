"""The convex hull of classifiers in ROC space: the best classifier for given costs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Floats
from coreselect._validation import Real, check_vector


class ROCHull(NamedTuple):
    """The upper convex hull of points in ROC space, from (0, 0) to (1, 1).

    A classifier is optimal for some costs and class shares if and only if it lies on
    the hull.

    Parameters
    ----------
    fpr, tpr : ndarray of shape (n_vertices,)
        False and true positive rates of the vertices, ascending.
    indices : ndarray of int64 of shape (n_vertices,)
        Number of the point at each vertex; -1 for a corner that was added.
    auc : float
        Area under the hull.

    Examples
    --------
    >>> from coreselect.metrics import roc_convex_hull
    >>> hull = roc_convex_hull([0.1, 0.5], [0.6, 0.9])
    >>> hull.slopes.round(2).tolist()
    [6.0, 0.75, 0.2]
    """

    fpr: np.ndarray
    tpr: np.ndarray
    indices: np.ndarray
    auc: float

    @property
    def slopes(self) -> Floats:
        """Slopes of the edges, descending; infinite where an edge is vertical.

        The two ends of an edge have the same expected cost if its slope equals (cost of
        a false positive x share of negatives) / (cost of a false negative x share of
        positives).
        """
        with np.errstate(divide="ignore"):
            return np.diff(self.tpr) / np.diff(self.fpr)

    def best(self, slope: float) -> int:
        """Return the vertex of least expected cost.

        Parameters
        ----------
        slope : float
            (cost of a false positive x share of negatives) / (cost of a false negative
            x share of positives).

        Returns
        -------
        int
            Position among the vertices. If two have the same cost, the one with fewer
            predicted positives.
        """
        Real(0)("slope", slope)
        return int(np.count_nonzero(self.slopes > slope))


def roc_convex_hull(fpr: ArrayLike, tpr: ArrayLike) -> ROCHull:
    """Return the convex hull of classifiers in ROC space.

    Parameters
    ----------
    fpr, tpr : array-like of shape (n_points,)
        False and true positive rates of classifiers, in any order: one classifier at
        several thresholds, or trained on classes resampled in several ways.

    Returns
    -------
    ROCHull
        The vertices, the points they come from, and the area under the hull. The
        corners (0, 0) and (1, 1) always belong to the hull, since always predicting one
        class needs no classifier.

    Raises
    ------
    ValueError
        If a rate is outside [0, 1] or not finite, or lengths differ.

    Notes
    -----
    O(m log m) for m points (monotone chain algorithm). Points on an edge are not
    vertices, nor are points that only rounding lifts above it: they are never better
    than both ends of the edge. Among equal points, the first counts.

    More points never make the area smaller. So compare hulls of equal numbers of
    points, or compute their areas on data that was not used to choose the points.

    References
    ----------
    .. [1] F. Provost, T. Fawcett, "Robust classification for imprecise environments",
       Machine Learning 42, 2001, :doi:`10.1023/A:1007601015854`.
    .. [2] N. Chawla, K. Bowyer, L. Hall, W. Kegelmeyer, "SMOTE: synthetic minority
       over-sampling technique", JAIR 16, 2002, :doi:`10.1613/jair.953`.

    Examples
    --------
    >>> from coreselect.metrics import roc_convex_hull
    >>> hull = roc_convex_hull([0.1, 0.3, 0.5], [0.6, 0.6, 0.9])
    >>> hull.indices.tolist()
    [-1, 0, 2, -1]
    >>> round(hull.auc, 3)
    0.805
    """
    # Monotone chain: a point is dropped from the chain as soon as the path over it to
    # the next point does not turn right. Each point is added and dropped at most once.
    fpr = _rates(fpr, None, "fpr")
    tpr = _rates(tpr, len(fpr), "tpr")
    x, y = np.append(fpr, [0.0, 1.0]), np.append(tpr, [0.0, 1.0])
    index = np.append(np.arange(len(fpr)), [-1, -1])
    # Points are visited from left to right, those with equal fpr from low to high tpr.
    order = np.lexsort((np.arange(len(x)), y, x))
    chain: list[int] = []
    for i in order:
        if chain and x[chain[-1]] == x[i] and y[chain[-1]] == y[i]:
            continue
        while len(chain) > 1 and not _turns_right(x, y, chain[-2], chain[-1], i):
            chain.pop()
        chain.append(i)
    x, y = x[chain], y[chain]
    return ROCHull(x, y, index[chain], float(np.diff(x) @ (y[1:] + y[:-1]) / 2))


def _rates(values: Any, n: int | None, name: str) -> Floats:
    """Return rates as float64, checked to lie between 0 and 1."""
    rates = check_vector(values, n, name, of="values of fpr")
    if len(rates) and not (rates.min() >= 0 and rates.max() <= 1):
        row = int(np.argmax(np.abs(rates - 0.5)))
        raise ValueError(
            f"{name} must lie in [0, 1], got {rates[row]} at position {row}; divide "
            "percentages by 100."
        )
    return rates


def _turns_right(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    """Return whether the path a, b, c turns right by more than rounding errors."""
    # Twice the area of the triangle, less a bound on its rounding error: coordinates
    # are at most one, so every product is at most a length.
    dx, dy = x[b] - x[a], y[b] - y[a]
    ex, ey = x[c] - x[b], y[c] - y[b]
    rounding = 4 * np.finfo(np.float64).eps * (abs(dx) + abs(dy) + abs(ex) + abs(ey))
    return dx * ey - dy * ex < -rounding
