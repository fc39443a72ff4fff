"""The ROC convex hull against its definition."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial import ConvexHull

from coreselect.metrics import roc_convex_hull

# Chawla et al. (2002), table for the oil data, SMOTE at 500 %: accuracy on the minority
# and on the majority, in percent, by degree of under-sampling.
OIL = np.array(
    """64.7 94.2 62.8 91.3 64.0 89.1 89.5 78.9 83.7 73.0 78.3 68.7 84.2 68.1 83.3 57.8
    85.0 57.8 81.7 56.7 89.0 55.0 95.5 44.2 98.0 35.5 98.0 40.0 96.0 32.8 90.7
    33.3""".split(),
    dtype=float,
).reshape(-1, 2)


@pytest.mark.parametrize("seed", range(20))
def test_vertices_are_those_of_the_convex_hull(seed):
    """The hull of the points and three corners, without the corner (1, 0)."""
    rng = np.random.default_rng(seed)
    fpr, tpr = np.sort(rng.random((2, 30)), axis=0)
    hull = roc_convex_hull(fpr, tpr)
    points = np.vstack([np.column_stack([fpr, tpr]), [[0, 0], [1, 1], [1, 0]]])
    wanted = ConvexHull(points)
    names = np.append(np.arange(30), [-1, -1])
    vertices = [v for v in wanted.vertices if v < 32]
    assert sorted(hull.indices) == sorted(names[vertices])
    assert_allclose(hull.auc, wanted.volume, rtol=1e-12)
    assert (np.diff(hull.fpr) >= 0).all()
    assert (np.diff(hull.slopes) < 0).all()


def test_published_points():
    """The printed area, 0.8537, is that of the curve but for its rounding."""
    tpr, fpr = OIL[:, 0] / 100, 1 - OIL[:, 1] / 100
    hull = roc_convex_hull(fpr, tpr)
    order = np.argsort(fpr, kind="stable")
    x = np.concatenate([[0], fpr[order], [1]])
    y = np.concatenate([[0], tpr[order], [1]])
    curve = np.diff(x) @ (y[1:] + y[:-1]) / 2
    assert_allclose(curve, 0.8537, atol=0.01)
    assert curve < hull.auc < 0.9
    # Every point lies on or below the hull.
    assert (np.interp(fpr, hull.fpr, hull.tpr) >= tpr - 1e-12).all()


def test_no_points_are_chance():
    hull = roc_convex_hull([], [])
    assert_array_equal(hull.fpr, [0, 1])
    assert_array_equal(hull.indices, [-1, -1])
    assert hull.auc == 0.5


def test_points_below_chance_are_no_vertices():
    assert roc_convex_hull([0.5], [0.2]).auc == 0.5


def test_perfect_point_and_the_vertical_edge():
    hull = roc_convex_hull([0.0, 0.0, 1.0], [0.4, 1.0, 0.9])
    assert_array_equal(hull.indices, [-1, 1, -1])
    assert hull.auc == 1
    assert_array_equal(hull.slopes, [np.inf, 0])


def test_points_on_an_edge_are_no_vertices():
    """Thirds are not exact: rounding must not make a vertex of them."""
    for n in (3, 7, 49, 1000):
        rates = np.arange(1, n) / n
        assert_array_equal(roc_convex_hull(rates, rates).indices, [-1, -1])
        bent = roc_convex_hull(rates / 3, 0.9 * rates)
        assert len(bent.indices) == 3


def test_a_point_barely_above_an_edge_is_a_vertex():
    """One row in 10 million of each class."""
    step = 1e-7
    hull = roc_convex_hull([0.5], [0.5 + step])
    assert_array_equal(hull.indices, [-1, 0, -1])
    assert_allclose(hull.auc, 0.5 + step / 2, rtol=1e-12)


def test_equal_points_count_once_and_the_first_is_named():
    hull = roc_convex_hull([0.2, 0.2, 0.0, 1.0], [0.7, 0.7, 0.0, 1.0])
    assert_array_equal(hull.indices, [2, 0, 3])


def test_best_vertex_costs_least():
    """Against the cost of every vertex, over slopes from 0 to steep."""
    rng = np.random.default_rng(0)
    hull = roc_convex_hull(*np.sort(rng.random((2, 40)), axis=0))
    for slope in np.geomspace(1e-3, 1e3, 50):
        cost = slope * hull.fpr + 1 - hull.tpr
        assert_allclose(cost[hull.best(slope)], cost.min(), rtol=1e-12)
    assert hull.best(0) == len(hull.fpr) - 1


def test_a_tie_goes_to_fewer_positives():
    hull = roc_convex_hull([0.25], [0.75])
    assert_array_equal(hull.slopes, [3, 1 / 3])
    assert hull.best(3.0) == 0


@pytest.mark.parametrize(
    ("fpr", "tpr", "message"),
    [
        ([0.1, 50.0], [0.5, 0.6], r"fpr must lie in \[0, 1\], got 50.0 at position 1"),
        ([0.1], [-0.1], r"tpr must lie in \[0, 1\], got -0.1"),
        ([0.1], [np.nan], "tpr contains NaN"),
        ([0.1, 0.2], [0.1], "tpr has 1 values for 2 values of fpr"),
        ([[0.1]], [0.1], "fpr must be 1-dimensional"),
        (["a"], [0.1], "fpr must hold numbers"),
    ],
)
def test_bad_rates(fpr, tpr, message):
    with pytest.raises(ValueError, match=message):
        roc_convex_hull(fpr, tpr)


def test_bad_slope():
    with pytest.raises(ValueError, match="slope must be"):
        roc_convex_hull([], []).best(-1)
