"""Balls that leave outliers out, against their definitions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from coreselect.coverage import (
    cover_with_balls,
    places_left,
    space_of,
    squares_without,
)
from coreselect.rows import open as open_rows


def test_balls_cover_the_two_groups_and_leave_the_outlier():
    x = np.array([0.0, 1.0, 2.0, 7.0, 8.0, 20.0])
    squares = (x[:, None] - x) ** 2
    assert cover_with_balls(squares, np.ones(6), 2, 1.0).tolist() == [1, 3]
    # The outlier is too heavy to be left out.
    weight = np.array([1, 1, 1, 1, 1, 1.5])
    assert 5 in cover_with_balls(squares, weight, 2, 1.0)


def test_centres_are_fewer_where_these_cover_all():
    squares = np.zeros((3, 3))
    assert cover_with_balls(squares, np.ones(3), 2, 0.0).tolist() == [0]


@pytest.mark.parametrize("seed", range(10))
def test_radius_without_outliers_of_every_prefix(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(90, 3))
    weight = rng.integers(1, 4, 90) * 0.1
    rows = open_rows(X, sample_weight=weight, block_rows=25)
    space = space_of(rows, "euclidean")
    centers = X[[3, 50, 7, 8]]
    for outliers in (0.05, 0.3, 2.0):
        found = squares_without(rows, space, space.points(centers), outliers)
        for m in range(1, 5):
            far = np.sqrt(((X[:, None] - centers[:m]) ** 2).sum(axis=2)).min(axis=1)
            fits = [r for r in far if weight[far > r].sum() <= outliers + 1e-9]
            assert_allclose(space.distances(found[m - 1]), min(fits))


def test_the_lightest_rows_are_the_most_that_can_be_left_out():
    weight = np.array([3.0, 1.0, 1.0, 2.0])
    assert [places_left(weight, z) for z in (0, 1, 2, 3.9, 4, 7)] == [4, 3, 2, 2, 1, 0]
