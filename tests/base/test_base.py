"""What every selector shares: sizes, weights, seeds, containers, the three seams."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from coreselect import (
    BaseSelector,
    ChristoffelSelector,
    DPPSelector,
    DroppedWeightsWarning,
    GroupSamplingSelector,
    LawSelector,
    LeverageSelector,
    LewisSelector,
    LightweightSelector,
    OutsidePopulationWarning,
    ProjectionDPPSelector,
    RandomUnderSampler,
    RankSelector,
    ScoreSelector,
    UniformSelector,
    VolumeRescaledSelector,
    VolumeSelector,
    draw,
)
from coreselect.rows import open as open_rows
from tests.testing import methods


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((50, 3))


@pytest.fixture
def y():
    return np.repeat(["a", "b", "c"], [25, 15, 10])


# --- the score seam ---


def test_a_score_selector_draws_its_scores(X):
    fitted = methods.NormSelector(7, random_state=3).fit(X)
    assert_allclose(fitted.scores_, (X**2).sum(axis=1))
    assert fitted.selection_ == draw(fitted.scores_, 7, random_state=3)


@pytest.mark.parametrize("design", ["systematic", "priority", "multinomial"])
def test_a_score_selector_passes_on_design_and_strata(X, y, design):
    fitted = methods.NormSelector(7, design=design, stratify=True, random_state=3)
    fitted.fit(X, y)
    wanted = draw(fitted.scores_, 7, design=design, strata=y, random_state=3)
    assert fitted.selection_ == wanted


def test_input_weights_enter_the_weights_that_come_out(X):
    weight = np.linspace(1, 3, 50)
    fitted = UniformSelector(10, random_state=0).fit(X, sample_weight=weight)
    assert_allclose(fitted.scores_, weight)
    assert_allclose(fitted.sample_weight_, weight.sum() / 10)  # w / (10 w / sum w)


def test_stratify_keeps_class_shares_within_one_row(X, y):
    fitted = UniformSelector(12, stratify=True, random_state=0).fit(X, y)
    for r in range(50):
        labels = y[fitted.select(random_state=r).indices]
        counts = [(labels == c).sum() for c in "abc"]
        assert counts[0] == 6  # of 25 / 50 * 12
        assert counts[1] in (3, 4)
        assert counts[2] in (2, 3)


def test_stratify_without_y_says_what_to_do(X):
    with pytest.raises(ValueError, match="stratify=True needs y: pass the classes"):
        UniformSelector(5, stratify=True).fit(X)


def test_per_row_data_follows_the_rows(X):
    quality = np.arange(50.0)
    weight = np.where(np.arange(50) % 5 == 0, 0.0, 2.0)
    rows = open_rows(X, sample_weight=weight, block_rows=8)
    fitted = methods.QualitySelector(9, random_state=0).fit(rows, quality=quality)
    assert_allclose(fitted.scores_, weight * quality)
    with pytest.raises(ValueError, match="quality has 3 values for 50 rows"):
        methods.QualitySelector(9).fit(X, quality=[1, 2, 3])


# --- the law and the rank seam ---


def test_a_law_selector_weighs_by_hits_over_expected_hits(X):
    fitted = methods.WindowSelector(5, random_state=0).fit(X)
    assert_allclose(fitted.sample_weight_, 10.0)
    weight = np.linspace(1, 2, 50)
    fitted.fit(X, sample_weight=weight)
    assert_allclose(fitted.sample_weight_, 10 * weight[fitted.sample_indices_])


def test_laws_and_ranks_do_not_see_rows_of_weight_zero(X):
    weight = np.ones(50)
    weight[::2] = 0
    for selector in (methods.WindowSelector(20), methods.FarthestSelector(20)):
        selection = selector.fit_select(X, sample_weight=weight)
        assert len(selection) == 20
        assert (selection.indices % 2 == 1).all()


def test_a_rank_selector_keeps_best_first_and_its_own_weights(X):
    fitted = methods.FarthestSelector(5).fit(X)
    distances = ((X - X.mean(axis=0)) ** 2).sum(axis=1)
    assert_array_equal(fitted.sample_indices_, np.argsort(-distances)[:5])
    assert_allclose(fitted.sample_weight_, 10.0)
    assert_array_equal(fitted.select(3).indices, fitted.sample_indices_[:3])


def test_a_rank_selector_refuses_more_than_it_ranked(X):
    fitted = methods.FarthestSelector(5).fit(X)
    with pytest.raises(ValueError, match=r"n_select=6 .* fit again with n_select=6"):
        fitted.select(6)


@pytest.mark.parametrize(
    "base", [BaseSelector, ScoreSelector, LawSelector, RankSelector]
)
def test_a_seam_without_its_hook_says_which(base, X):
    with pytest.raises(TypeError, match=r"must (subclass|define)"):
        base(5).fit(X)


# --- sizes and seeds ---


def test_fractions_are_rounded_half_up(X):
    assert len(UniformSelector(0.25).fit_select(X)) == 13  # of 12.5
    assert len(UniformSelector(1.0).fit_select(X)) == 50


def test_all_rows_keep_their_own_weights_whatever_the_scores(X):
    X[3] = 0  # a leverage score of zero
    weight = np.linspace(0, 1, 50)
    selection = LeverageSelector(49).fit_select(X, sample_weight=weight)
    assert_array_equal(selection.indices, np.arange(1, 50))
    assert_array_equal(selection.weights, weight[1:])


def test_rows_of_score_zero_are_never_drawn(X):
    X[3] = 0
    with pytest.warns(OutsidePopulationWarning, match="1 of 50 rows"):
        fitted = LeverageSelector(49).fit(X)
    for r in range(20):
        assert 3 not in fitted.select(random_state=r).indices
    assert len(fitted.select(49)) == 49


def test_repeats_are_counted_even_beyond_the_number_of_rows(X):
    fitted = UniformSelector(500, design="multinomial", random_state=0).fit(X)
    hits = fitted.sample_weight_ * 10
    assert_allclose(hits.sum(), 500)
    assert hits.max() > 10


def test_select_needs_no_data_and_repeats_itself(X):
    fitted = UniformSelector(10, random_state=0).fit(X)
    assert fitted.select() is fitted.selection_
    assert fitted.select(10) == fitted.selection_
    assert fitted.select(5) == fitted.select(5)
    assert fitted.select(random_state=1) != fitted.select(random_state=2)
    assert len(fitted.select(0.5)) == 25


def test_select_before_fit_says_so():
    with pytest.raises(NotFittedError):
        UniformSelector().select()


def test_select_keeps_to_what_was_fitted(X, y):
    fitted = UniformSelector(10, random_state=0).fit(X)
    before = fitted.select(5)
    fitted.set_params(design="bogus", stratify=True)
    assert fitted.select(5) == before


def test_scores_that_are_all_zero_say_what_to_do(X):
    with pytest.raises(ValueError, match=r"every row gets the score zero .*alpha=1e"):
        LeverageSelector(5, alpha=1e308).fit(X * 1e-10)


def test_rows_that_can_never_be_drawn_are_counted_and_warned_of(X):
    """The dropped level of dummies is a row of zeros: leverage never draws it."""
    level = np.repeat([0, 1, 2], [20, 15, 15])
    dummies = (level[:, None] == [1, 2]).astype(float)
    weight = np.where(level == 0, 1.0, 2.0)
    weight[0] = 0.0
    with pytest.warns(OutsidePopulationWarning, match=r"19 of 49 .*24.1 % .*intercept"):
        fitted = LeverageSelector(10, random_state=0).fit(dummies, None, weight)
    assert fitted.n_outside_ == 19
    assert_allclose(fitted.outside_weight_, 19 / 79)
    for silent in (
        LeverageSelector(10, fit_intercept=True),
        UniformSelector(10),
        LeverageSelector(50),  # all rows are selected
    ):
        assert silent.fit(dummies, None, weight).n_outside_ in (0, 19)


@pytest.mark.parametrize(
    "selector",
    [
        DPPSelector(2, kernel="linear"),
        ProjectionDPPSelector(),
        VolumeSelector(3),
        VolumeRescaledSelector(5),
        ChristoffelSelector(5),
        LewisSelector(5),
    ],
    ids=repr,
)
def test_laws_count_rows_of_zeros_too(X, selector):
    X[:7] = 0
    with pytest.warns(OutsidePopulationWarning, match="7 of 50"):
        assert selector.fit(X).n_outside_ == 7


def test_beyond_the_rank_volume_sampling_draws_rows_of_zeros(X):
    X[:7] = 0
    assert VolumeSelector(8).fit(X).n_outside_ == 0


def test_group_sampling_leaves_no_weight_outside():
    """Rows that cannot be drawn are part of the weight of their seed."""
    X = np.repeat([[0.0], [10.0], [11.0]], [50, 25, 25], axis=0)
    fitted = GroupSamplingSelector(10, n_clusters=3, random_state=0).fit(X)
    assert fitted.n_outside_ == 0
    assert_allclose(fitted.sample_weight_.sum(), 100)


class WrongScores(ScoreSelector):
    """Returns from its hook what it is told to."""

    def __init__(self, n_select=5, *, result=None):
        super().__init__(n_select)
        self.result = result

    def _scores(self, block, state):
        return self.result(len(block.weight))


class WrongLaw(LawSelector):
    """Returns from its hook what it is told to."""

    def __init__(self, n_select=5, *, result=None):
        super().__init__(n_select)
        self.result = result

    def _sample(self, state, size, rng):
        return self.result(size)


class WrongRank(RankSelector):
    """Returns from its hook what it is told to."""

    def __init__(self, n_select=5, *, result=None):
        super().__init__(n_select)
        self.result = result

    def _rank(self, state, size, rng):
        return self.result(size)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda n: np.full(n, np.nan), "contains NaN"),
        (lambda n: np.full(n, np.inf), "contains infinity"),
        (lambda n: np.full(n, -1.0), "must not be negative"),
        (lambda n: np.ones((n, 1)), "1-dimensional"),
        (lambda n: np.ones(n + 1), "51 values for 50 rows"),
        (lambda n: np.array(["a"] * n), "must hold numbers"),
        (lambda n: np.ones(n, complex), "complex"),
        (lambda n: None, "1-dimensional"),
    ],
)
def test_scores_are_looked_at_once(X, result, words):
    with pytest.raises(ValueError, match=rf"WrongScores\._scores.*{words}"):
        WrongScores(result=result).fit(X)


@pytest.mark.parametrize("wrong", [WrongLaw, WrongRank])
@pytest.mark.parametrize(
    ("indices", "value", "words"),
    [
        (np.array([0, 1, 50]), 1.0, "range"),
        (np.array([0, 1, -1]), 1.0, "range"),
        (np.array([0, 1, 1]), 1.0, "repeat"),
        (np.array([0.5, 1, 2]), 1.0, "row numbers"),
        (np.array([0, 1, 2]), np.nan, "NaN"),
        (np.array([0, 1, 2]), -1.0, "negative"),
        (np.array([0, 1, 2]), np.ones(2), "shape"),
    ],
)
def test_laws_and_ranks_are_looked_at_once(X, wrong, indices, value, words):
    values = (value, 1.0) if wrong is WrongLaw else (value,)
    with pytest.raises(ValueError, match=rf"Wrong.*\._(sample|rank).*{words}"):
        wrong(result=lambda size: (indices, *values)).fit(X)


@pytest.mark.parametrize("wrong", [WrongLaw, WrongRank])
@pytest.mark.parametrize("result", [None, np.arange(3), (np.arange(3),), "abc"])
def test_laws_and_ranks_return_tuples(X, wrong, result):
    with pytest.raises(TypeError, match=r"_(sample|rank).*must be a tuple \(indices, "):
        wrong(result=lambda size: result).fit(X)


def test_hits_that_were_never_expected_are_refused(X):
    wrong = WrongLaw(result=lambda size: (np.arange(3), 1, 0))
    with pytest.raises(ValueError, match=r"WrongLaw\._sample.*expected_hits of 0"):
        wrong.fit(X)


def test_weights_of_every_size_stay_what_they_are(X):
    """Hooks see weights near one; what comes out is in the unit that went in."""
    weight = np.full(50, 1e-310)
    weight[3] = 1e300
    chosen = LightweightSelector(50).fit_select(X, None, weight)
    assert_array_equal(chosen.weights, weight)
    fitted = UniformSelector(7, random_state=0).fit(X, None, np.full(50, 1e-310))
    assert_array_equal(fitted.scores_, np.full(50, 1e-310))
    assert_allclose(fitted.sample_weight_, 50 / 7 * 1e-310)
    ranked = methods.FarthestSelector(5).fit(X, None, np.full(50, 1e300))
    assert_allclose(ranked.sample_weight_, 1e301)


@pytest.mark.parametrize("design", ["poisson", "priority", "multinomial"])
def test_designs_without_order_refuse_to_stratify_by_numbers(X, design):
    with pytest.raises(ValueError, match="design='pivotal' or 'systematic' or 'bal"):
        UniformSelector(5, stratify=True, design=design).fit(X, X[:, 0])


def test_masked_weights_and_weights_that_overflow_are_refused(X):
    masked = np.ma.array(np.ones(50), mask=np.arange(50) < 5)
    with pytest.raises(TypeError, match="sample_weight must not be a masked array"):
        UniformSelector(5).fit(X, sample_weight=masked)
    with pytest.raises(TypeError, match="y must not be a masked array"):
        UniformSelector(5).fit(X, masked)
    with pytest.raises(ValueError, match="sample_weight is too large: its sum overf"):
        UniformSelector(5).fit(X, sample_weight=np.full(50, 1e308))


def test_a_time_that_is_missing_in_y_is_refused(X):
    y = np.arange(50).astype("datetime64[D]")
    y[3] = "NaT"
    with pytest.raises(ValueError, match=r"Input y contains 1 missing values \(NaT\)"):
        UniformSelector(5).fit(X, y)


def test_unseeded_fits_differ(X):
    seen = {tuple(UniformSelector(5).fit_select(X).indices) for _ in range(20)}
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"n_select": -1}, ValueError, "n_select must not be negative, got -1"),
        ({"n_select": 0.0}, ValueError, r"n_select must be in \(0, 1\]"),
        ({"n_select": 1.5}, ValueError, r"n_select must be in \(0, 1\].*got 1.5"),
        ({"n_select": True}, TypeError, "n_select must be a number, got True"),
        ({"n_select": "ten"}, TypeError, "n_select must be a number, got 'ten'"),
        ({"design": "best"}, ValueError, "design must be one of .*got 'best'"),
        ({"stratify": "yes"}, TypeError, "stratify must be True or False, got 'yes'"),
        ({"random_state": -1}, ValueError, "random_state must not be negative"),
    ],
)
def test_bad_parameters_are_named_at_fit(X, params, error, words):
    selector = UniformSelector().set_params(**params)  # stored without a check
    with pytest.raises(error, match=words):
        selector.fit(X)


# --- containers and verbs ---


def test_fit_resample_warns_when_unequal_weights_are_lost(X, y):
    with pytest.warns(
        DroppedWeightsWarning, match="sample_weight_, in the order of the rows"
    ):
        methods.NormSelector(10, random_state=0).fit_resample(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        UniformSelector(10, random_state=0).fit_resample(X, y)


def test_fit_resample_keeps_frames(X, y):
    frame = pd.DataFrame(X, columns=list("uvw"), index=np.arange(50) + 1000)
    labels = pd.Series(y, index=frame.index, name="label")
    selector = UniformSelector(10, random_state=0)
    X_res, y_res = selector.fit_resample(frame, labels)
    pd.testing.assert_frame_equal(X_res, frame.iloc[selector.sample_indices_])
    pd.testing.assert_series_equal(y_res, labels.iloc[selector.sample_indices_])
    assert_array_equal(selector.feature_names_in_, list("uvw"))
    selector.fit(X)
    assert not hasattr(selector, "feature_names_in_")


def test_a_target_column_of_a_frame_is_no_feature(X, y):
    frame = pd.DataFrame(X, columns=list("uvw")).assign(label=y)
    selector = UniformSelector(10, random_state=0)
    X_res, y_res = selector.fit_resample(frame, "label")
    assert selector.n_features_in_ == 3
    assert_array_equal(y_res, y[selector.sample_indices_])
    assert list(X_res.columns) == ["u", "v", "w"]
    weighted = frame.assign(w8=1.0)
    X_res, _ = selector.fit_resample(weighted, "label", sample_weight="w8")
    assert list(X_res.columns) == ["u", "v", "w"]
    X_res, y_res = selector.fit_resample(open_rows(weighted, "label", "w8"), None)
    assert list(X_res.columns) == ["u", "v", "w"]
    assert_array_equal(y_res, y[selector.sample_indices_])
    assert selector.n_features_in_ == 3


@pytest.mark.parametrize("cls", [UniformSelector, RandomUnderSampler])
def test_arrays_of_a_file_that_are_named_are_no_columns(tmp_path, X, cls):
    path, labels = tmp_path / "data.npz", np.arange(50) % 3 // 2
    np.savez(path, X=X, label=labels)
    wanted = cls(random_state=0).fit_resample(X, labels)
    for args in ((path, "label"), (open_rows(path, "label"), None)):
        for got, right in zip(
            cls(random_state=0).fit_resample(*args), wanted, strict=True
        ):
            assert_array_equal(got, right)


def test_a_parquet_file_gives_the_same_rows(tmp_path, X, y):
    frame = pd.DataFrame(X, columns=list("uvw")).assign(
        label=y, weight=1 + X[:, 0] ** 2
    )
    path = tmp_path / "data.parquet"
    frame.to_parquet(path, row_group_size=7)
    selector = LeverageSelector(10, random_state=0)
    wanted = selector.fit(X, sample_weight=frame["weight"]).selection_
    got = selector.fit(path, y="label", sample_weight="weight").selection_
    assert_array_equal(got.indices, wanted.indices)
    assert_allclose(got.weights, wanted.weights, rtol=1e-12)
    assert selector.n_features_in_ == 3
    taken = got.take(path).to_pandas()
    pd.testing.assert_frame_equal(
        taken, frame.iloc[got.indices].reset_index(drop=True), check_dtype=False
    )


def test_imbalanced_learn_takes_selectors_in_its_pipeline(X, y):
    pipeline = pytest.importorskip("imblearn.pipeline")
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = pipeline.make_pipeline(
        UniformSelector(20, stratify=True, random_state=0),
        linear_model.LogisticRegression(),
    )
    model.fit(X, y)
    assert len(model[0].sample_indices_) == 20
    assert model.predict(X).shape == (50,)


def test_weights_can_be_requested_for_fit_resample_whatever_was_imported():
    """imbalanced-learn makes the method known to scikit-learn; so do we, before."""
    script = (
        "import sys, sklearn\n"
        "sklearn.set_config(enable_metadata_routing=True)\n"
        "from coreselect import SMOTE, UniformSelector, DPPSelector\n"
        "assert not any(name.startswith('imblearn') for name in sys.modules)\n"
        "UniformSelector().set_fit_resample_request(sample_weight=True)\n"
        "DPPSelector().set_fit_resample_request(sample_weight=True, quality=True)\n"
        "smote = SMOTE().set_fit_resample_request(sample_weight=True)\n"
        "print(smote.get_metadata_routing().fit_resample.requests)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "{'sample_weight': True}"


def test_requested_weights_reach_the_selector_in_a_pipeline(X, y):
    pipeline = pytest.importorskip("imblearn.pipeline")
    weight = np.tile([0.0, 1.0], 25)
    with sklearn.config_context(enable_metadata_routing=True):
        selector = UniformSelector(10, random_state=0).set_fit_request(
            sample_weight=True
        )
        last = DummyClassifier().set_fit_request(sample_weight=False)
        model = pipeline.make_pipeline(selector, last)
        with pytest.raises(ValueError, match="fit_resample"):  # not dropped in silence
            model.fit(X, y, sample_weight=weight)
        selector.set_fit_resample_request(sample_weight=True)
        model.fit(X, y, sample_weight=weight)
        assert weight[model[0].sample_indices_].all()


def test_tags_say_what_is_promised():
    tags = get_tags(UniformSelector(design="poisson"))
    assert tags.selector_tags.unbiased
    assert not tags.selector_tags.exact_size
    assert get_tags(UniformSelector(design="multinomial")).selector_tags.repeats
    assert not get_tags(methods.FarthestSelector()).selector_tags.unbiased
    assert tags.sampler_tags.sample_indices
    assert tags.input_tags.sparse


def test_leverage_attributes(X):
    fitted = LeverageSelector(5, random_state=0).fit(X)
    assert fitted.rank_ == 3
    assert_allclose(fitted.effective_dimension_, 3)
    fitted.set_params(alpha=10.0, fit_intercept=True).fit(X)
    assert fitted.rank_ == 4
    assert_allclose(fitted.effective_dimension_, fitted.scores_.sum())
    assert fitted.effective_dimension_ < 4


def test_leverage_of_nothing_but_zeros_says_what_to_use():
    with pytest.raises(ValueError, match=r"every row of X .* use UniformSelector"):
        LeverageSelector(2).fit(np.zeros((5, 2)))


def test_leverage_keeps_a_row_that_uniform_sampling_misses():
    """One row of score one: always selected, with its own weight."""
    X = np.zeros((500, 2))
    X[:, 0] = 1
    X[250] = [0, 1]
    fitted = LeverageSelector(10).fit(X)
    for r in range(100):
        selection = fitted.select(random_state=r)
        assert_allclose(selection.weights[selection.indices == 250], [1.0])


def test_nonfinite_rows_are_refused_even_where_no_pass_reads_them(X):
    X[17, 2] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN: 1 x NaN in column 2"):
        methods.WindowSelector(5).fit(X)
