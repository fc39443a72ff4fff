"""Kernels of thinning, with bounds of any quality."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect._kernels.nearest import NO_ROW, Points
from coreselect._kernels.thinning import Kept, find_kept, settle
from tests._kernels import reference_thinning as reference

X = np.random.default_rng(0).integers(0, 6, (90, 2)).astype(float)
EXACT = -((X[:, None] - X) ** 2).sum(axis=2)
BOUNDS = {"exact": EXACT, "loose": EXACT + 3, "unknown": EXACT * np.nan}


@pytest.mark.parametrize("quality", BOUNDS)
def test_rows_are_settled_in_turn(quality):
    bounds, points = BOUNDS[quality].astype(np.float32), Points(X, None, None)
    for most in (100, 4):
        found = np.full(90, NO_ROW)
        new = settle(bounds, points, np.arange(90), 2.0, found, 0, most)
        kept, places = reference.thin(X, range(90), 2.0, most)
        assert_array_equal(new, kept)
        assert_array_equal(np.where(found == NO_ROW, -1, found), places)


@pytest.mark.parametrize("quality", BOUNDS)
def test_the_first_kept_row_within_the_limit_is_found(quality):
    rows, others = np.arange(60, 90), np.arange(60)
    found = np.full(30, NO_ROW)
    found[5] = 0  # known already
    find_kept(
        BOUNDS[quality][60:, :60].astype(np.float32),
        Points(X, None, None),
        rows,
        Kept(others, others + 7),
        1.0,
        found,
    )
    near = EXACT[60:, :60] >= -1
    wanted = np.where(near.any(axis=1), near.argmax(axis=1) + 7, NO_ROW)
    wanted[5] = 0
    assert_array_equal(found, wanted)
