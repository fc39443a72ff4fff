"""Numbers near the ends of float64, and a single row, for all methods of coverage."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import (
    DiversitySelector,
    FacilityLocationSelector,
    FeatureCoverageSelector,
    GraphCutSelector,
    KCenterSelector,
    RadiusSelector,
    SaturatedCoverageSelector,
)
from coreselect.coverage import coverage_bound

LARGE = np.array([[1.7, -1.6], [-1.7, 1.7], [1.0, 1.0], [-1.0, -1.5]]) * 1e308
BY_DISTANCE = (
    FacilityLocationSelector(2),
    GraphCutSelector(2),
    SaturatedCoverageSelector(2),
    KCenterSelector(2),
    DiversitySelector(2),
)


@pytest.mark.parametrize("selector", BY_DISTANCE, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("holder", [np.array, sparse.csr_array], ids=["dense", "csr"])
def test_distances_that_are_infinite_are_refused(selector, holder):
    """They would make all similarities 0, and a value of 0 look like the best."""
    with pytest.raises(ValueError, match=r"X holds numbers so large .* divide X"):
        selector.fit(holder(LARGE))
    selector.fit(holder(LARGE / 1e6))


def test_infinite_distances_have_no_certificate():
    with pytest.raises(ValueError, match="X holds numbers so large"):
        coverage_bound(LARGE, [0])


def test_directions_of_large_rows_are_defined():
    own = FacilityLocationSelector(2, similarity="cosine").fit(LARGE)
    near_one = FacilityLocationSelector(2, similarity="cosine").fit(LARGE / 1e308)
    assert_array_equal(own.sample_indices_, near_one.sample_indices_)


@pytest.mark.parametrize("exponent", [-1000, -1030, -1060])
def test_denormal_numbers_are_numbers(exponent):
    """Whole numbers times a power of two, so that none is rounded."""
    X = np.random.default_rng(0).integers(-9, 10, (30, 2)).astype(float)
    small, unit = np.ldexp(X, exponent), np.ldexp(1.0, exponent)
    centers = KCenterSelector(5).fit(X)
    own = KCenterSelector(5).fit(small)
    assert_array_equal(own.sample_indices_, centers.sample_indices_)
    assert_allclose(own.radius_, centers.radius_ * unit, atol=2.0**-1074)
    apart = DiversitySelector(5).fit(X, utility=X[:, 0] + 9)
    own = DiversitySelector(5).fit(small, utility=np.ldexp(X[:, 0] + 9, exponent))
    assert_array_equal(own.sample_indices_, apart.sample_indices_)
    assert_allclose(own.separation_, apart.separation_ * unit, atol=2.0**-1074)
    kept = RadiusSelector(4.0).fit(X)
    own = RadiusSelector(4.0 * unit).fit(small)
    assert_array_equal(own.sample_indices_, kept.sample_indices_)
    assert_array_equal(own.absorbed_by_, kept.absorbed_by_)


@pytest.mark.parametrize("size", [1, 3])
def test_a_single_row_has_its_value(size):
    X = [[4.0, 9.0]]
    location = FacilityLocationSelector(size).fit(X, sample_weight=[2.0])
    assert location.value_ == 2.0
    assert location.certificate_.bound == pytest.approx(2.0)
    assert_array_equal(location.gains_, [2.0])
    assert GraphCutSelector(size, trade_off=0.25).fit(X).value_ == 0.75
    assert SaturatedCoverageSelector(size, saturation=0.5).fit(X).value_ == 0.5
    assert FeatureCoverageSelector(size).fit(X).value_ == 5.0
    assert_array_equal(KCenterSelector(size).fit(X).radius_, [0.0])
    assert RadiusSelector(1.0).fit(X).absorbed_by_ == [0]
    assert DiversitySelector(size).fit(X, utility=[3.0]).value_ == 3.0


def test_negative_features_of_excluded_rows_do_not_count():
    X = [[1.0, -2.0], [0.0, 1.0], [0.0, 2.0]]
    fitted = FeatureCoverageSelector(1).fit(X, exclude=[0])
    assert_array_equal(fitted.sample_indices_, [2])


@pytest.mark.parametrize(
    "selector",
    [FacilityLocationSelector, GraphCutSelector, SaturatedCoverageSelector],
)
def test_widths_that_tell_no_rows_apart_are_refused(selector):
    """Only if no two rows have a similarity between 0 and 1."""
    X = np.random.default_rng(0).normal(size=(200, 3))
    for gamma, level in ((1e-300, 1), (5e-324, 1), (1e300, 0), (1e17, 0)):
        with pytest.raises(ValueError, match=rf"out of scale .* rows are {level}"):
            selector(3, similarity="rbf", gamma=gamma).fit(X)
    # Two rows that are near each other are enough, wherever they stand.
    X[101] = X[17] + 1e-9
    selector(3, similarity="rbf", gamma=1e17).fit(X)
    selector(3, similarity="rbf", gamma=1e300).fit(np.ones((5, 2)))
