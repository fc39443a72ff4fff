"""LightGBM and XGBoost inside `CoresetEstimator`: early stopping, on raw tables."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV

from coreselect import CoresetEstimator, UniformSelector

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")
# LightGBM 4.7 prefers eval_X and eval_y, which older versions do not have.
pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set'")


@pytest.fixture
def table():
    """400 rows with a category and missing values, and 200 held out."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": np.where(rng.random(600) < 0.1, np.nan, rng.normal(size=600)),
            "kind": pd.Categorical(rng.choice(["a", "b", "c"], 600)),
        }
    )
    y = X["size"].fillna(0) + (X["kind"] == "a") + rng.normal(0, 0.5, 600)
    return X[:400], y[:400], X[400:], y[400:]


def regressor(name, **params):
    if name == "lightgbm":
        return lightgbm.LGBMRegressor(
            n_jobs=1, verbose=-1, min_child_samples=5, random_state=0, **params
        )
    return xgboost.XGBRegressor(
        n_jobs=1, enable_categorical=True, tree_method="hist", random_state=0, **params
    )


def stopping(name, X, y):
    """The keywords by which each library stops when a held-out error grows."""
    if name == "xgboost":
        return {"eval_set": [(X, y)], "verbose": False}
    return {
        "eval_set": [(X, y)],
        "callbacks": [lightgbm.early_stopping(5, verbose=False)],
    }


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_early_stopping_on_held_out_rows(name, table):
    X, y, X_test, y_test = table
    own = {"early_stopping_rounds": 5} if name == "xgboost" else {}
    inner = regressor(name, n_estimators=300, **own)
    model = CoresetEstimator(inner, UniformSelector(200, random_state=0))
    model.fit(X, y, estimator_params=stopping(name, X_test, y_test))
    if name == "lightgbm":
        rounds = model.estimator_.best_iteration_
    else:
        rounds = model.estimator_.best_iteration
    assert 0 < rounds < 290
    indices, weights = model.selector_.selection_
    alone = regressor(name, n_estimators=300, **own)
    alone.fit(
        X.iloc[indices],
        y.iloc[indices],
        sample_weight=weights,
        **stopping(name, X_test, y_test),
    )
    assert_allclose(model.predict(X_test), alone.predict(X_test))


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_a_grid_passes_the_keywords_on(name, table):
    X, y, X_test, y_test = table
    own = {"early_stopping_rounds": 5} if name == "xgboost" else {}
    model = CoresetEstimator(
        regressor(name, n_estimators=40, **own), UniformSelector(100, random_state=0)
    )
    search = GridSearchCV(model, {"estimator__learning_rate": [1e-6, 0.1]}, cv=2)
    search.fit(X, y, estimator_params=stopping(name, X_test, y_test))
    assert search.best_params_ == {"estimator__learning_rate": 0.1}
