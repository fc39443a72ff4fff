"""`CoresetEstimator` on ordinary tables: what selectors see, what estimators get."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import coreselect.rows
from coreselect import (
    CoresetEstimator,
    LeverageSelector,
    RandomUnderSampler,
    UniformSelector,
)
from coreselect.estimators import fit_on_selection
from coreselect.features import TableFeatures
from tests.estimators.recorders import CountingSelector, WeightRecorder

# Means of imputation are those of the selected rows; the warning says so.
pytestmark = pytest.mark.filterwarnings("ignore:SimpleImputer takes no weights")


@pytest.fixture
def table():
    """300 rows with numbers, missing ones among them, a category, text and dates."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(300) < 0.1, np.nan, rng.normal(size=300)),
            "count": rng.integers(0, 9, 300),
            "kind": pd.Categorical(rng.choice(["a", "b", "c"], 300)),
            "name": [f"row {i}" for i in range(300)],
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(300), "D"),
        }
    )


@pytest.fixture
def target(table):
    return (table["size"].fillna(0) + (table["kind"] == "a")).to_numpy()


def leverage(**params):
    return LeverageSelector(60, fit_intercept=True, random_state=0, **params)


def imputing(columns=("size", "count")):
    """A model for raw tables, as a user would write it."""
    return make_pipeline(
        make_column_transformer(
            (SimpleImputer(), list(columns)),
            (OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        ),
        Ridge(),
    )


@pytest.mark.parametrize("convert", [lambda X: X, pl.from_pandas])
@pytest.mark.parametrize(
    "selector",
    [
        UniformSelector(60, random_state=0),
        leverage(features="auto"),
        leverage(features=["count"]),
        leverage(features=TableFeatures(max_categories=2)),
    ],
    ids=["uniform", "auto", "columns", "transformer"],
)
def test_the_estimator_gets_raw_rows_whatever_the_selector_sees(
    table, target, selector, convert
):
    X = convert(table)
    model = CoresetEstimator(WeightRecorder(), selector).fit(X, target)
    indices, weights = model.selector_.selection_
    given = model.estimator_.X_
    assert type(given) is type(X)
    given = given if isinstance(given, pd.DataFrame) else given.to_pandas()
    wanted = table.iloc[indices].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        given.reset_index(drop=True), wanted, check_dtype=False, check_categorical=False
    )
    assert_array_equal(model.estimator_.sample_weight_, weights)
    assert model.n_features_in_ == 5
    assert model.feature_names_in_.tolist() == list(table.columns)
    fitted = CoresetEstimator(imputing(), selector).fit(X, target)
    by_hand = fit_on_selection(imputing(), fitted.selector_.selection_, X, target)
    assert_allclose(fitted.predict(X), by_hand.predict(X))


def test_features_of_the_estimator_are_those_of_its_selector(table, target):
    for features in ("auto", ["count"], TableFeatures(max_categories=2)):
        above = CoresetEstimator(WeightRecorder(), leverage(), features=features)
        inside = CoresetEstimator(WeightRecorder(), leverage(features=features))
        above.fit(table, target)
        assert (
            above.selector_.selection_ == inside.fit(table, target).selector_.selection_
        )
        assert above.selector is not above.selector_
        assert above.selector.features is None
    above.set_params(selector__features="auto")
    said = (
        r"features=TableFeatures\(max_categories=2\) was given, .*features='auto'; give"
    )
    with pytest.raises(ValueError, match=said):
        above.fit(table, target)
    above.set_params(selector=RandomUnderSampler(), features="auto")
    with pytest.raises(
        TypeError, match=r"RandomUnderSampler has no parameter features"
    ):
        above.fit(table, target)


def test_without_features_columns_that_are_not_numbers_are_left_out(
    table, target, caplog
):
    """The selector says so once; the estimator gets them all the same."""
    table["size"] = table["size"].fillna(0)
    with caplog.at_level(logging.INFO, "coreselect"):
        model = CoresetEstimator(imputing(), leverage()).fit(table, target)
    (line,) = [r.getMessage() for r in caplog.records if "left out" in r.getMessage()]
    assert "3 of 5 columns are not numbers" in line
    alone = leverage().fit(table[["size", "count"]])
    assert model.selector_.selection_ == alone.selection_
    table.loc[0, "size"] = np.nan
    with pytest.raises(ValueError, match=r"1 in column 'size'.*features=.auto"):
        CoresetEstimator(imputing(), leverage()).fit(table, target)


def test_trees_take_raw_tables(table, target):
    X = table[["size", "count", "kind"]]
    trees = HistGradientBoostingRegressor(random_state=0, max_iter=20)
    for selector in (UniformSelector(150, random_state=0), leverage(features="auto")):
        selector.set_params(n_select=150)
        model = CoresetEstimator(trees, selector).fit(X, target)
        assert model.score(X, target) > 0.8


def test_a_grid_reaches_the_parameters_of_features(table, target):
    model = CoresetEstimator(imputing(), leverage(features=TableFeatures()))
    grid = {"selector__features__max_categories": [2, 3], "selector__n_select": [40]}
    search = GridSearchCV(model, grid, cv=2).fit(table, target)
    assert set(search.best_params_) == set(grid)
    model = CoresetEstimator(imputing(), leverage(), features=TableFeatures())
    search = GridSearchCV(model, {"features__max_categories": [2, 3]}, cv=2)
    widths = []
    for params in ({"features__max_categories": 2}, {"features__max_categories": 3}):
        fitted = model.set_params(**params).fit(table, target)
        widths.append(len(fitted.selector_.features_.get_feature_names_out()))
    assert widths == [6, 7]
    assert search.fit(table, target).best_score_ > 0.5


def test_the_cache_tells_features_apart(table, target, tmp_path):
    CountingSelector.fits = 0
    selector = CountingSelector(20, random_state=0)
    model = CoresetEstimator(WeightRecorder(), selector, memory=str(tmp_path))
    fits = []
    for features in (None, "auto", TableFeatures(), TableFeatures(5), "auto", None):
        model.set_params(features=features).fit(table, target)
        fits.append(CountingSelector.fits)
    assert fits == [1, 2, 3, 4, 4, 4]
    CountingSelector.fits = 0
    for C in (1, 2):
        inner = CountingSelector(20, random_state=0, features=TableFeatures(C + 2))
        model.set_params(selector=inner, features=None).fit(table, target)
    assert CountingSelector.fits == 2


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_gives_what_its_frame_gives(table, target, tmp_path, suffix):
    """With features, the estimator gets all columns; without, those of numbers."""
    path = str(tmp_path / f"rows.{suffix}")
    whole = table.assign(y=target)
    whole.to_parquet(path) if suffix == "parquet" else whole.to_csv(path, index=False)
    model = CoresetEstimator(imputing(), leverage(features="auto"))
    from_file, from_frame = clone(model).fit(path, "y"), model.fit(table, target)
    assert from_file.selector_.selection_ == from_frame.selector_.selection_
    assert from_file.feature_names_in_.tolist() == list(table.columns)
    for rows in (path, whole, table):
        assert_allclose(from_file.predict(rows), from_frame.predict(table))
    assert_allclose(from_file.score(path, "y"), from_frame.score(table, target))
    opened = coreselect.rows.open(path, "y", numeric=False)  # says the same
    uniform = CoresetEstimator(imputing(), UniformSelector(60, random_state=0))
    by_itself = fit_on_selection(imputing(), from_file.selector_.selection_, opened)
    assert_allclose(by_itself.predict(table), from_frame.predict(table))
    assert_allclose(
        clone(uniform).fit(opened).predict(path),
        clone(uniform).fit(table, target).predict(table),
    )
    numbers = CoresetEstimator(LinearRegression(), UniformSelector(60, random_state=0))
    whole.drop(columns="size").to_parquet(tmp_path / "full.parquet")
    numbers.fit(str(tmp_path / "full.parquet"), "y")
    assert numbers.feature_names_in_.tolist() == ["count"]


def test_any_transformer_of_scikit_learn_will_do(table, target):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    features = ColumnTransformer([("numbers", numbers, ["size", "count"])])
    model = CoresetEstimator(imputing(), leverage(features=features)).fit(table, target)
    seen = features.fit_transform(table)
    assert_array_equal(
        model.selector_.selection_.indices, leverage().fit(seen).sample_indices_
    )
