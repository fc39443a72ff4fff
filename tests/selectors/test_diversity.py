"""Diversity: useful rows that are far from each other."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect import DiversitySelector, KCenterSelector
from coreselect.metrics import covering_radius

LINE = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]])


@pytest.mark.parametrize(("size", "apart"), [(2, 20.0), (3, 8.0), (4, 2.0), (5, 1.0)])
def test_the_largest_separation_on_a_line(size, apart):
    fitted = DiversitySelector(size).fit(LINE)
    assert fitted.separation_ == fitted.value_ == apart
    assert fitted.utility_ == 0


def test_picks_are_farthest_first_and_so_are_prefixes():
    X = np.random.default_rng(0).normal(size=(400, 3))
    fitted = DiversitySelector(30).fit(X)
    order = fitted.sample_indices_
    for size in (2, 11, 29):
        # The next row is as far as the radius, which is then the separation.
        rows = fitted.select(size)
        assert_array_equal(rows.indices, order[:size])
        radius = covering_radius(rows, X)
        gaps = np.sqrt(((X[order[size]] - X[rows.indices]) ** 2).sum(axis=1))
        assert np.isclose(gaps.min(), radius)
        assert np.isclose(fitted.certificate(size + 1).value, radius)


def test_never_nearer_than_the_rows_of_k_center():
    for seed in range(20):
        X = np.random.default_rng(seed).normal(size=(300, 5))
        radius = KCenterSelector(20).fit(X).radius_[18]
        assert DiversitySelector(20).fit(X).separation_ >= radius


def test_utility_and_trade_off_choose():
    utility = [0, 9, 0, 9, 0, 0]
    fitted = DiversitySelector(3).fit(LINE, utility=utility)
    assert fitted.sample_indices_.tolist() == [1, 5, 3]
    assert (fitted.utility_, fitted.separation_, fitted.value_) == (18, 6, 24)
    far = DiversitySelector(3, trade_off=100).fit(LINE, utility=utility)
    assert sorted(far.sample_indices_.tolist()) == [0, 4, 5]
    useful = DiversitySelector(3, trade_off=0).fit(LINE, utility=[1, 2, 3, 0, 0, 0])
    assert useful.sample_indices_.tolist() == [2, 1, 0]
    assert useful.value_ == useful.certificate_.bound == 6


def test_weights_are_those_of_the_nearest_rows():
    weight = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    fitted = DiversitySelector(3).fit(LINE, None, weight, utility=[0, 9, 0, 9, 0, 0])
    assert fitted.sample_indices_.tolist() == [1, 5, 3]
    assert fitted.sample_weight_.tolist() == [7, 32, 24]
    assert fitted.select(2).weights.tolist() == [31, 32]
    assert fitted.select(1).weights.tolist() == [63]


def test_one_row_has_no_distance():
    fitted = DiversitySelector(1).fit(LINE, utility=[0, 1, 2, 3, 9, 4])
    assert fitted.sample_indices_.tolist() == [4]
    assert fitted.value_ == fitted.certificate_.bound == 9
    assert fitted.separation_ == np.inf


def test_copies_come_last_with_weight_0():
    X = np.repeat([[0.0, 1.0], [3.0, 1.0], [9.0, 9.0]], 3, axis=0)
    for utility in (None, [5, 9, 1, 0, 0, 0, 0, 0, 3]):
        fitted = DiversitySelector(6).fit(X, utility=utility)
        order = fitted.sample_indices_
        assert len(np.unique(X[order[:3]], axis=0)) == 3
        assert fitted.sample_weight_.tolist() == [3, 3, 3, 0, 0, 0]
        assert fitted.separation_ == 0
    same = DiversitySelector(2).fit(np.ones((5, 2)), utility=[0, 0, 1, 0, 3])
    assert same.sample_indices_.tolist() == [4, 2]
    assert DiversitySelector(2).fit(np.ones((5, 2))).sample_indices_.tolist() == [0, 1]


def test_all_rows_have_a_value_too():
    fitted = DiversitySelector(6).fit(LINE, utility=np.arange(6))
    assert fitted.sample_indices_.tolist() == list(range(6))
    assert (fitted.utility_, fitted.separation_, fitted.value_) == (15, 1, 16)
    assert fitted.certificate_.share == pytest.approx(1)
    assert fitted.select(1).indices.tolist() == [5]
    assert DiversitySelector(6).fit(LINE).certificate_.share == pytest.approx(1)


def test_rows_that_must_be_in_come_first():
    for utility in (None, [0, 0, 0, 5, 0, 0]):
        fitted = DiversitySelector(4).fit(LINE, utility=utility, include=[4, 2])
        assert fitted.sample_indices_[:2].tolist() == [2, 4]
        assert fitted.separation_ <= 6
    fitted = DiversitySelector(3).fit(LINE, exclude=[5], utility=[0, 0, 0, 0, 0, 9])
    assert 5 not in fitted.sample_indices_
    assert fitted.utility_ == 0
    with pytest.raises(ValueError, match="DiversitySelector cannot take quotas"):
        DiversitySelector(3, quotas={"a": 1}).fit(LINE, groups=list("aabbab"))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="trade_off must be"):
        DiversitySelector(2, trade_off=-1.0).fit(LINE)
    for bad in ([1, 2], np.full(6, np.nan), -np.ones(6), np.full(6, np.inf)):
        with pytest.raises(ValueError, match="utility"):
            DiversitySelector(2).fit(LINE, utility=bad)
    with pytest.raises(ValueError, match="utility='u' names a column, but X is an"):
        DiversitySelector(2).fit(LINE, utility="u")
    fitted = DiversitySelector(2).fit(LINE)
    with pytest.raises(ValueError, match="fit again with n_select=4"):
        fitted.certificate(4)


def test_rows_of_a_file_are_those_in_memory(tmp_path):
    pytest.importorskip("pyarrow")
    import pandas as pd

    X = np.random.default_rng(0).normal(size=(2000, 8))
    path = tmp_path / "rows.parquet"
    pd.DataFrame(X, columns=list("abcdefgh")).to_parquet(path)
    utility = np.random.default_rng(1).random(2000)
    for given in (None, utility):
        wanted = DiversitySelector(30).fit_select(X, utility=given)
        assert DiversitySelector(30).fit_select(str(path), utility=given) == wanted
