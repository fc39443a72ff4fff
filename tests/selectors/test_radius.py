"""Rows farther apart than a radius, and who absorbs the others."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from coreselect import RadiusSelector
from coreselect.testing import check_selector

CHAIN = np.array([[0.0], [0.9], [1.8], [2.7], [5.0]])


def test_a_chain_of_near_rows_is_not_merged():
    """SemDeDup's rule would drop row 2 too, which is 1.8 away from row 0."""
    fitted = RadiusSelector(1.0, order="first").fit(CHAIN)
    assert fitted.sample_indices_.tolist() == [0, 2, 4]
    assert fitted.sample_weight_.tolist() == [2, 2, 1]
    assert fitted.absorbed_by_.tolist() == [0, 0, 2, 2, 4]


def test_central_rows_come_first_by_default():
    fitted = RadiusSelector(1.0).fit(CHAIN)
    assert fitted.absorbed_by_.tolist() == [0, 2, 2, 2, 4]
    weight = [1, 1, 1, 1, 100]  # the centre is near 4.87
    fitted = RadiusSelector(1.0).fit(CHAIN, sample_weight=weight)
    assert fitted.absorbed_by_.tolist() == [1, 1, 3, 3, 4]
    assert fitted.sample_indices_.tolist() == [4, 3, 1]


def test_scores_decide_who_survives():
    fitted = RadiusSelector(1.0, order="first").fit(CHAIN, scores=[0, 7, 0, -3.5, 7])
    assert fitted.sample_indices_.tolist() == [1, 4, 3]
    assert fitted.absorbed_by_.tolist() == [1, 1, 1, 3, 4]
    with pytest.raises(ValueError, match="scores has 4 values for 5 rows"):
        RadiusSelector(1.0).fit(CHAIN, scores=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="scores contains NaN"):
        RadiusSelector(1.0).fit(CHAIN, scores=[1, 2, 3, 4, np.nan])


def test_both_sides_of_the_guarantee():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 3))
    weight = rng.integers(0, 3, 900) * 0.5
    fitted = RadiusSelector(0.6).fit(X, sample_weight=weight)
    far = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))
    kept = fitted.sample_indices_
    assert (far[np.ix_(kept, kept)] + 9 * np.eye(len(kept)) > 0.6).all()
    inside = weight > 0
    assert_array_equal(fitted.absorbed_by_ >= 0, inside)
    by = fitted.absorbed_by_[inside]
    assert (far[inside, by] <= 0.6).all()
    assert_array_equal(fitted.absorbed_by_[kept], kept)
    total = np.bincount(by, weight[inside], minlength=900)
    assert_array_equal(fitted.sample_weight_, total[kept])
    assert fitted.sample_weight_.sum() == weight.sum()


def test_a_number_of_rows_keeps_the_first_ones():
    fitted = RadiusSelector(1.0, order="first", n_select=2).fit(CHAIN)
    assert fitted.sample_indices_.tolist() == [0, 2]
    assert fitted.absorbed_by_.tolist() == [0, 0, 2, 2, -1]
    assert fitted.select(1).weights.tolist() == [2]
    assert len(RadiusSelector(1.0, n_select=4).fit_select(CHAIN)) == 3
    everything = RadiusSelector(1.0, n_select=5).fit(CHAIN)
    assert everything.sample_weight_.tolist() == [1] * 5
    assert everything.absorbed_by_.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="fit again with n_select=4"):
        RadiusSelector(1.0).fit(CHAIN).select(4)


def test_what_a_number_of_rows_costs_is_counted():
    """Only without it are all rows near a kept one, and kept rows apart."""
    weight = [1, 1, 0, 1, 2]
    for size, n_rows, n_uncovered, n_near in (
        (None, 5, 0, 0),
        (5, 5, 0, 2),
        (1, 5, 3, 0),
        (2, 5, 1, 0),
        (1.0, 5, 0, 2),
        (2, 2, 0, 1),
    ):
        fitted = RadiusSelector(1.0, order="first", n_select=size).fit(CHAIN[:n_rows])
        found = fitted.n_uncovered_, fitted.n_near_
        assert found == (n_uncovered, n_near), (size, n_rows)
    apart = RadiusSelector(1.0, n_select=2).fit([[0.0], [5.0]])
    assert (apart.n_uncovered_, apart.n_near_) == (0, 0)
    fitted = RadiusSelector(1.0, order="first", n_select=1)
    assert fitted.fit(CHAIN, sample_weight=weight).n_uncovered_ == 2


def test_cosine_drops_rows_of_similar_direction():
    angles = np.radians([0, 20, 40, 90])
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    X *= np.array([1e180, 1, 1e-180, 3])[:, None]
    radius = 1 - np.cos(np.radians(20))  # within it, although rounding is on the edge
    for rows in (X, sparse.csr_array(X)):
        fitted = RadiusSelector(radius, metric="cosine", order="first").fit(rows)
        assert fitted.absorbed_by_.tolist() == [0, 0, 2, 3]
    with pytest.raises(ValueError, match="of zeros, the first is row 1"):
        RadiusSelector(0.1, metric="cosine").fit([[1.0, 1.0], [0.0, 0.0]])


def test_the_radius_counts_as_within_it():
    X = np.arange(30)[:, None] * 0.1  # gaps of 0.1, up to rounding
    assert len(RadiusSelector(0.1, order="first").fit_select(X)) == 15
    assert len(RadiusSelector(0.0999999, order="first").fit_select(X)) == 30


@pytest.mark.parametrize("radius", [0, -1.0, np.nan, np.inf, "far", None])
def test_a_radius_must_be_positive(radius):
    with pytest.raises((TypeError, ValueError), match="radius"):
        RadiusSelector(radius).fit(CHAIN)


def test_copies_are_dropped_at_any_scale():
    X = np.repeat(np.random.default_rng(0).normal(size=(50, 4)), 3, axis=0)
    for scale in (1.0, 1e-150, 1e150):
        fitted = RadiusSelector(1e-9 * scale, order="first").fit(X * scale)
        assert_array_equal(fitted.sample_indices_, np.arange(0, 150, 3))
        assert (fitted.sample_weight_ == 3).all()
    for huge in (1e180, 1.7e308):
        assert len(RadiusSelector(huge).fit_select(X)) == 1
        assert len(RadiusSelector(huge).fit_select(np.tile(X, (9, 1)))) == 1
    all_equal = RadiusSelector(1e-9).fit(np.full((40, 2), 0.1))
    assert all_equal.sample_weight_.tolist() == [40]


def test_other_rules_are_refused_by_name():
    with pytest.raises(ValueError, match="RadiusSelector cannot take include"):
        RadiusSelector(1.0, n_select=2).fit(CHAIN, include=[0])
    fitted = RadiusSelector(1.0, order="first").fit(CHAIN, exclude=[0])
    assert fitted.absorbed_by_.tolist() == [-1, 1, 1, 3, 4]


def test_selectors_by_cosine_keep_the_contract():
    """Not among the examples: scikit-learn's own checks pass rows of zeros."""
    check_selector(RadiusSelector(0.2, metric="cosine"))
