"""What an estimator is fitted on: which rows, how often, with which weights."""

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    StackingRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from coreselect import (
    ClassAddedWarning,
    CoresetEstimator,
    LeverageSelector,
    RandomUnderSampler,
    Selection,
    UniformSelector,
)
from coreselect._weighting import multiplicities
from coreselect.estimators import fit_on_selection
from tests.estimators.recorders import (
    CountingSelector,
    Recorder,
    RecordingClassifier,
    WeightRecorder,
    numbered,
)


@pytest.mark.parametrize("with_input_weights", [False, True])
def test_weights_give_weighted_least_squares(regression, with_input_weights):
    X, y = regression
    w = np.random.default_rng(0).exponential(size=len(X))
    model = CoresetEstimator(
        LinearRegression(fit_intercept=False), LeverageSelector(40, random_state=0)
    ).fit(X, y, w if with_input_weights else None)
    indices, weights = model.selector_.selection_
    root = np.sqrt(weights)
    expected = np.linalg.lstsq(
        X[indices] * root[:, None], y[indices] * root, rcond=None
    )[0]
    assert_allclose(model.estimator_.coef_, expected)
    unweighted = np.linalg.lstsq(X[indices], y[indices], rcond=None)[0]
    assert not np.allclose(expected, unweighted, rtol=1e-4)


def test_a_pipeline_gives_weights_to_every_step_that_takes_them(regression):
    X, y = regression
    pipeline = make_pipeline(StandardScaler(), "passthrough", Ridge())
    model = CoresetEstimator(
        pipeline, LeverageSelector(40, fit_intercept=True, random_state=0)
    ).fit(X, y)
    indices, weights = model.selector_.selection_
    mean = np.average(X[indices], axis=0, weights=weights)
    assert_allclose(model.estimator_[0].mean_, mean)
    scaled = model.estimator_[0].transform(X[indices])
    ridge = Ridge().fit(scaled, y[indices], sample_weight=weights)
    assert_allclose(model.estimator_[-1].coef_, ridge.coef_)


def test_a_pipeline_gives_weights_to_the_pipeline_inside_it(regression):
    X, y = regression
    inner = Pipeline([("scale", StandardScaler()), ("ridge", Ridge())])
    model = CoresetEstimator(
        Pipeline([("all", inner)]),
        LeverageSelector(40, fit_intercept=True, random_state=0),
    ).fit(X, y)
    indices, weights = model.selector_.selection_
    mean = np.average(X[indices], axis=0, weights=weights)
    assert_allclose(model.estimator_[0][0].mean_, mean)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda ridge: GridSearchCV(ridge, {"alpha": [1.0]}, cv=2),
        lambda ridge: TransformedTargetRegressor(ridge),
        lambda ridge: VotingRegressor([("one", ridge), ("two", "drop")]),
        lambda ridge: GridSearchCV(make_pipeline(ridge), {"ridge__alpha": [1]}, cv=2),
    ],
    ids=["search", "target", "vote", "search of a pipeline"],
)
def test_estimators_that_hold_others_hand_the_weights_on(regression, wrap):
    X, y = regression
    selector = LeverageSelector(40, fit_intercept=True, random_state=0)
    plain = CoresetEstimator(Ridge(), selector).fit(X, y)
    assert_allclose(
        CoresetEstimator(wrap(Ridge()), selector).fit(X, y).predict(X), plain.predict(X)
    )


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (KNeighborsRegressor(), "KNeighborsRegressor"),
        (make_pipeline(StandardScaler(), KNeighborsRegressor()), "KNeighborsRegressor"),
        (GridSearchCV(KNeighborsRegressor(), {"n_neighbors": [1]}), "GridSearchCV"),
        (VotingRegressor([("a", Ridge()), ("b", KNeighborsRegressor())]), "Voting"),
        (StackingRegressor([("a", Ridge())], KNeighborsRegressor()), "Stacking"),
        (Pipeline([("scale", StandardScaler()), ("no", "passthrough")]), "Pipeline"),
    ],
)
def test_an_estimator_without_weights_is_an_error_with_two_ways_out(
    regression, estimator, named
):
    model = CoresetEstimator(estimator, CountingSelector(20, random_state=0))
    before = CountingSelector.fits
    with pytest.raises(ValueError, match=rf"(?s){named}.*'resample'.*'ignore'"):
        model.fit(*regression)
    assert CountingSelector.fits == before  # known before any data are read
    model.set_params(weights="resample").fit(*regression)
    model.set_params(weights="ignore").fit(*regression)


def fitted_numbers(model, y=None, sample_weight=None, n_rows=100):
    model.fit(numbered(n_rows), y, sample_weight)
    return Counter(model.estimator_.X_[:, 0].astype(int).tolist())


def test_resample_repeats_rows_by_their_weights():
    """4 rows of 100 weigh 3, 1, 1, 1: of m = 40 copies 20, 6 or 7, 6 or 7, 6 or 7."""
    w = np.zeros(100)
    w[[7, 20, 41, 99]] = 3, 1, 1, 1
    selector = UniformSelector(1.0, random_state=0)
    counts = fitted_numbers(
        CoresetEstimator(Recorder(), selector, weights="resample"), None, w
    )
    assert set(counts) == {7, 20, 41, 99}
    assert counts[7] == 20
    assert sorted([counts[20], counts[41], counts[99]]) == [6, 7, 7]


def test_resample_never_makes_more_rows_than_there_were():
    """30 of 100 rows: m = min(100, 300), and each row weighs 100 / 30."""
    model = CoresetEstimator(
        Recorder(), UniformSelector(30, random_state=0), weights="resample"
    )
    counts = fitted_numbers(model)
    assert sum(counts.values()) == 100
    assert set(counts.values()) == {3, 4}
    assert counts == fitted_numbers(model)  # the same seed, the same rows


def rounded(weights, n_rows, seed):
    """A wrong way: whole numbers nearest to the shares."""
    return np.rint(n_rows * weights / weights.sum()).astype(int)


@pytest.mark.parametrize(
    ("resample", "right"), [(multiplicities, True), (rounded, False)]
)
def test_resample_is_unbiased(resample, right):
    """Mean counts of R = 2000 draws against m w / W: |z| < 4.5 for every row."""
    weights = np.array([0.3, 0.7, 1.0, 2.45, 5.55])
    shares = 17 * weights / 10
    counts = np.array([resample(weights, 17, seed) for seed in range(2000)])
    assert not right or (counts.sum(axis=1) == 17).all()
    assert np.all((np.floor(shares) <= counts) & (counts <= np.ceil(shares)))
    chance = shares % 1
    z = (counts.sum(axis=0) - 2000 * shares) / np.sqrt(2000 * chance * (1 - chance))
    assert (np.abs(z) < 4.5).all() == right


@pytest.mark.parametrize("n_rows", [1, 3, 7, 49, 1000])
def test_resample_copies_equal_weights_equally_often(n_rows):
    """Shares that are whole but for rounding; the draw on what is left adds up."""
    counts = multiplicities(np.full(n_rows, 1 / 3), 10 * n_rows, 0)
    assert_array_equal(counts, np.full(n_rows, 10))


def test_resample_draws_by_the_random_state_of_the_selector():
    """All rows are selected whatever the seed, so only their copies can differ."""
    w = np.linspace(1, 2, 50)
    model = CoresetEstimator(Recorder(), UniformSelector(1.0), weights="resample")
    copies = []
    for seed in (0, 1, 0):
        model.set_params(selector__random_state=seed).fit(numbered(50), None, w)
        copies.append(model.estimator_.X_[:, 0].tolist())
    assert copies[0] == copies[2] != copies[1]


def test_ignore_drops_the_weights_of_the_selection_and_keeps_the_rows_own():
    X, own = numbered(50), np.linspace(1, 2, 50)
    model = CoresetEstimator(
        WeightRecorder(), UniformSelector(10, random_state=0), weights="ignore"
    )
    assert model.fit(X).estimator_.sample_weight_ is None
    model.fit(X, sample_weight=own)
    assert_array_equal(
        model.estimator_.sample_weight_, own[model.selector_.sample_indices_]
    )
    with pytest.raises(ValueError, match=r"Recorder.*weights='ignore' passes on"):
        model.set_params(estimator=Recorder()).fit(X, sample_weight=own)


def test_a_lost_class_is_added_by_its_first_row_with_its_own_weight(rare):
    X, y = rare
    w = np.linspace(1, 2, 100)
    selector = UniformSelector(6, random_state=0)
    model = CoresetEstimator(RecordingClassifier(), selector)
    with pytest.warns(ClassAddedWarning, match="class 'c'") as warned:
        model.fit(X, y, w)
    assert warned[0].filename == __file__  # where the user called fit
    indices, weights = model.selector_.selection_
    assert not {60, 80} & set(indices)
    assert_array_equal(model.estimator_.X_[:, 0], [*indices, 60])
    assert_array_equal(model.estimator_.sample_weight_, [*weights, w[60]])
    w[60] = 0  # counts as absent: the next row stands for the class
    with pytest.warns(ClassAddedWarning):
        model.fit(X, y, w)
    assert model.estimator_.X_[-1] == 80
    with pytest.warns(ClassAddedWarning):
        model.fit(X, y)
    assert model.estimator_.sample_weight_[-1] == 1


@pytest.mark.parametrize("weights", ["auto", "resample", "ignore"])
def test_classes_are_those_of_all_rows(rare, weights):
    X, y = rare
    model = CoresetEstimator(
        KNeighborsClassifier(1) if weights == "resample" else LogisticRegression(),
        UniformSelector(6, random_state=0),
        weights=weights,
    )
    with pytest.warns(ClassAddedWarning):
        model.fit(X, y)
    assert list(model.classes_) == ["a", "b", "c"]
    assert model.predict_proba(X).shape == (100, 3)


@pytest.mark.parametrize("weights", ["auto", "resample", "ignore"])
def test_a_class_of_rows_of_weight_0_alone_is_unknown(rare, weights):
    """Rows of weight 0 count as rows left out, for classes too."""
    X, y = rare
    weight = (y != "c").astype(float)
    model = CoresetEstimator(
        KNeighborsClassifier(1) if weights == "resample" else LogisticRegression(),
        UniformSelector(0.9, random_state=0),
        weights=weights,
    )
    known = model.fit(X, y, weight).classes_
    without = clone(model).fit(X[weight > 0], y[weight > 0]).classes_
    assert list(known) == list(without) == ["a", "b"]


def test_a_class_whose_copies_were_rounded_away_is_added_too():
    """Row 0 weighs 1 in 10**6: of m = 30 rows none is its, save the one added."""
    y = np.array([0, 1, 1])
    selection = Selection([0, 1, 2], [1e-6, 0.5, 0.5], 3)
    with pytest.warns(ClassAddedWarning):
        model = fit_on_selection(
            KNeighborsClassifier(1), selection, numbered(3), y, weights="resample"
        )
    assert_array_equal(model.predict(numbered(3)), y)


def test_every_lost_class_is_named_and_added():
    y = np.r_[np.zeros(90, dtype=int), np.arange(1, 11)]
    selection = Selection(np.arange(5), np.full(5, 20.0), 100)
    with pytest.warns(ClassAddedWarning, match="of the classes 1, 2, 3") as warned:
        fitted = fit_on_selection(RecordingClassifier(), selection, numbered(100), y)
    assert warned[0].filename == __file__
    assert_array_equal(fitted.X_[:, 0], [*range(5), *range(90, 100)])
    assert_array_equal(fitted.sample_weight_, [20] * 5 + [1] * 10)


def test_no_classes_are_looked_for_in_continuous_targets():
    X, y = numbered(40), np.arange(40) / 3
    model = CoresetEstimator(RecordingClassifier(), UniformSelector(10, random_state=0))
    assert len(model.fit(X, y).estimator_.y_) == 10
    with pytest.raises(ValueError, match="Unknown label type"):
        model.set_params(estimator=LogisticRegression()).fit(X, y)


def test_missing_classes_can_raise(rare):
    model = CoresetEstimator(
        LogisticRegression(),
        UniformSelector(6, random_state=0),
        missing_classes="raise",
    )
    with pytest.raises(ValueError, match=r"class 'c'.*missing_classes='add'"):
        model.fit(*rare)


def test_targets_with_several_outputs_are_fitted_as_they_are():
    X = numbered(40)
    Y = np.column_stack([np.arange(40) % 2, np.arange(40) == 39])
    model = CoresetEstimator(
        KNeighborsClassifier(1), UniformSelector(10, random_state=0), weights="ignore"
    ).fit(X, Y)
    rows = model.selector_.sample_indices_
    assert_array_equal(model.predict(X[rows]), Y[rows])


def test_fit_on_selection_fits_what_the_class_fits(classification):
    X, y = classification
    w = np.linspace(1, 2, len(X))
    model = CoresetEstimator(
        LogisticRegression(), LeverageSelector(60, fit_intercept=True, random_state=0)
    )
    model.fit(X, y, w)
    estimator = LogisticRegression()
    fitted = fit_on_selection(estimator, model.selector_.selection_, X, y, w)
    assert_array_equal(fitted.coef_, model.estimator_.coef_)
    assert not hasattr(estimator, "coef_")


def test_fit_on_selection_refuses_a_selection_of_other_rows():
    selection = Selection([0, 1], [1.0, 1.0], 5)
    with pytest.raises(ValueError, match=r"X has 4 rows, but .* made from 5"):
        fit_on_selection(Recorder(), selection, numbered(4), weights="ignore")


def test_rows_of_weight_zero_are_left_out():
    selection = Selection([3, 1, 2], [2.0, 0.0, 1.0], 4)
    fitted = fit_on_selection(WeightRecorder(), selection, numbered(4))
    assert_array_equal(fitted.X_[:, 0], [3, 2])
    assert_array_equal(fitted.sample_weight_, [2, 1])
    nothing = Selection([1], [0.0], 4)
    with pytest.raises(ValueError, match="no row to fit on"):
        fit_on_selection(WeightRecorder(), nothing, numbered(4))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "record batch"])
def test_a_selector_of_any_columns_leaves_them_to_the_estimator(library):
    """Text and NaN reach an estimator that takes them; so does a list of lists."""
    rng = np.random.default_rng(0)
    y = (np.arange(60) % 4 == 0).astype(int)
    number = np.where(np.arange(60) % 7 == 0, np.nan, rng.standard_normal(60) + y)
    columns = {"a": number, "t": np.array(list("xyz"))[np.arange(60) % 3]}
    frame = pd.DataFrame(columns | {"y": y, "w": np.ones(60)})
    if library != "pandas":
        make = pl.from_pandas if library == "polars" else pa.Table.from_pandas
        frame = make(frame)
    if library == "record batch":
        (frame,) = frame.to_batches()
    inner = RecordingClassifier()
    if library == "pandas":
        encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        inner = make_pipeline(encode, HistGradientBoostingClassifier(max_iter=2))
    model = CoresetEstimator(inner, RandomUnderSampler(random_state=0))
    model.fit(frame, "y", "w")
    assert list(model.feature_names_in_) == ["a", "t"]
    assert len(model.predict(frame)) == 60
    rows = model.selector_.sample_indices_
    assert np.bincount(y[rows]).tolist() == [15, 15]
    with pytest.raises(ValueError, match="y: there is no column 'z'"):
        model.fit(frame, "z")


def test_lists_are_resampled():
    X = np.random.default_rng(0).standard_normal((40, 2))
    y = np.arange(40) % 4 == 0
    resampler = RandomUnderSampler(random_state=0)
    wanted = CoresetEstimator(LogisticRegression(), resampler).fit(X, y)
    got = clone(wanted).fit(X.tolist(), y.tolist())
    assert_allclose(got.predict_proba(X.tolist()), wanted.predict_proba(X))
