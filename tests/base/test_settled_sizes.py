"""No row and all rows are selected without learning; what needs it learns later."""

import pickle
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from coreselect import (
    RS2,
    TAROT,
    AutoCoreset,
    DPPSelector,
    LeverageSelector,
    UniformSelector,
    VolumeRescaledSelector,
)
from tests.testing import methods


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((50, 40))


def test_all_rows_need_no_scores_that_could_fail():
    selection = LeverageSelector(10).fit_select(np.zeros((5, 2)))
    assert_array_equal(selection.indices, np.arange(5))


def test_a_later_select_learns_what_a_fit_of_that_size_does(X):
    wanted = LeverageSelector(10, random_state=3).fit(X)
    for size in (0, 50, 1.0):
        fitted = LeverageSelector(size, random_state=3).fit(X)
        assert "scores_" not in vars(fitted)
        assert fitted.select(10) == wanted.selection_
        assert_array_equal(fitted.scores_, wanted.scores_)


def test_attributes_are_learned_when_asked_for(X):
    X[3] = 0
    fitted = LeverageSelector(50).fit(X)
    assert (fitted.rank_, fitted.n_outside_) == (40, 1)
    assert_allclose(fitted.effective_dimension_, 40)
    assert not hasattr(fitted, "certificate_")


def test_attributes_of_data_that_have_none_are_absent():
    fitted = LeverageSelector(5).fit(np.zeros((5, 2)))
    assert not hasattr(fitted, "scores_")
    with pytest.raises(AttributeError, match=r"has no rank_: every row of X .* zero"):
        fitted.rank_  # noqa: B018
    with pytest.raises(ValueError, match="use UniformSelector"):
        fitted.select(2)
    with pytest.raises(AttributeError, match="fit sets it"):
        LeverageSelector().rank_  # noqa: B018


def test_rows_outside_the_population_are_not_warned_of(X):
    """All rows are selected, so that none is left out of a sum."""
    X[3] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = LeverageSelector(50).fit(X)
        assert len(fitted.select(20)) == 20


def test_later_parameters_change_nothing_that_is_learned_late(X):
    fitted = LeverageSelector(50, random_state=0).fit(X)
    fitted.set_params(alpha=1e9, design="multinomial", random_state=7)
    assert fitted.select(10) == LeverageSelector(10, random_state=0).fit_select(X)
    assert fitted.get_params()["alpha"] == 1e9


def test_later_parameters_of_an_estimator_inside_change_nothing_either(X):
    y = X @ np.arange(40.0)
    few = {"n_init": 2, "patience": 1, "max_queries": 5, "random_state": 0}
    wanted = AutoCoreset(Ridge(), 50, **few).fit(X, y).select(20)
    fitted = AutoCoreset(Ridge(), 50, **few).fit(X, y)
    fitted.set_params(estimator__alpha=1e6)
    assert fitted.select(20) == wanted
    assert fitted.estimator.alpha == 1e6


def test_a_new_fit_forgets_what_an_earlier_one_learned(X):
    fitted = LeverageSelector(10).fit(X)
    fitted.set_params(n_select=50).fit(2.0 * X[:, :3])
    assert fitted.rank_ == 3
    sampler = RS2(10, random_state=0).fit(X)
    sampler.round(0)
    sampler.set_params(n_select=50).fit(X)
    assert_array_equal(np.sort(sampler.round(0)), np.arange(50))


def test_pickles_hold_no_data(X):
    fitted = LeverageSelector(50, random_state=0).fit(X)
    stored = pickle.dumps(fitted)
    assert len(stored) < X.nbytes / 2
    assert pickle.loads(stored).select(9) == fitted.select(9)


def test_a_file_that_is_gone_leaves_the_selection(X, tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, X)
    fitted = LeverageSelector(50).fit(path)
    path.unlink()
    assert not hasattr(fitted, "scores_")
    assert "scores_" not in dir(fitted)
    assert pickle.loads(pickle.dumps(fitted)).select() == fitted.selection_
    with pytest.raises(FileNotFoundError, match=r"rows\.npy"):
        fitted.select(9)


@pytest.mark.parametrize("name", ["ot_distance_", "path_", "plan_", "whitening_"])
def test_a_file_that_is_gone_hides_attributes_that_are_computed_late(name, X, tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, X)
    fitted = TAROT(50).fit(path)
    path.unlink()
    with pytest.raises(AttributeError, match=rf"TAROT has no {name}: .*rows\.npy"):
        getattr(fitted, name)


def test_a_fit_that_fails_leaves_nothing_of_an_earlier_one(X):
    fitted = LeverageSelector(50).fit(X)
    with pytest.raises(ValueError, match="not compatible with arrays of"):
        fitted.fit([["a"]])
    assert not hasattr(fitted, "scores_")


def test_pickles_of_what_cannot_be_learned_say_so():
    fitted = LeverageSelector(5).fit(np.zeros((5, 2)))
    restored = pickle.loads(pickle.dumps(fitted))
    assert restored.selection_ == fitted.selection_
    with pytest.raises(ValueError, match="n_select=5 and learned nothing; fit again"):
        restored.select(2)


def test_data_are_let_go_once_they_are_learned_from(X):
    fitted = LeverageSelector(50).fit(X)
    assert fitted._unlearned is not None
    fitted.select(5)
    assert fitted._unlearned is None
    assert methods.FarthestSelector(0).fit(X)._unlearned is None  # ranks nothing ever


def test_a_rank_is_asked_for_one_row_less_than_all(X):
    asked = []

    class Asked(methods.FarthestSelector):
        def _learn(self, rows, size, rng):
            asked.append(size)
            return super()._learn(rows, size, rng)

    fitted = Asked(50).fit(X)
    assert asked == []
    assert_array_equal(fitted.select(7).indices, Asked(7).fit_select(X).indices)
    assert asked == [49, 7]
    with pytest.raises(ValueError, match="fit again with n_select=3"):
        Asked(0).fit(X).select(3)


def test_threads_that_ask_at_once_learn_once(X):
    asked = []

    class Slow(methods.NormSelector):
        def _learn(self, rows, rng):
            asked.append(1)
            time.sleep(0.05)

    fitted = Slow(50, random_state=0).fit(X)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fitted.select(5), range(4)))
    assert len(asked) == 1
    assert all(selection == found[0] for selection in found)


def test_draws_with_repeats_are_drawn_whatever_their_number(X):
    for selector in (
        UniformSelector(50, design="multinomial", random_state=0),
        VolumeRescaledSelector(50, random_state=0),
    ):
        assert len(selector.fit_select(X)) < 50
        assert len(selector.set_params(n_select=0).fit_select(X)) == 0


def test_inclusion_probabilities_of_settled_sizes(X):
    weight = np.arange(50) % 2
    fitted = DPPSelector(5).fit(X, None, weight)
    assert_array_equal(fitted.inclusion_probabilities(25), weight)
    assert_array_equal(fitted.inclusion_probabilities(0), np.zeros(50))
    late = DPPSelector(25).fit(X, None, weight)
    assert_allclose(late.inclusion_probabilities(5), fitted.inclusion_probabilities(5))


def test_what_is_wrong_with_the_data_is_said_all_the_same(X):
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="1 x NaN in column 2"):
        LeverageSelector(50).fit(X)
    with pytest.raises(ValueError, match="stratify=True needs y"):
        UniformSelector(50, stratify=True).fit(X)
    with pytest.raises(ValueError, match="quality must not be negative"):
        DPPSelector(50).fit(X, quality=-np.ones(50))
