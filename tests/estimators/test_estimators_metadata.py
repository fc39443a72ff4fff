"""Metadata: what goes to the selector, to the estimator, and to both."""

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import AdaBoostRegressor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import Ridge
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from coreselect import (
    CoresetEstimator,
    LeverageSelector,
    UniformSelector,
)
from coreselect.estimators import fit_on_selection
from tests.estimators.recorders import (
    CountingSelector,
    WeightRecorder,
    numbered,
    weights_seen,
)


def test_without_routing_fit_params_go_to_the_selector():
    qualities = np.arange(30.0)
    model = CoresetEstimator(WeightRecorder(), CountingSelector(5, random_state=0))
    model.fit(numbered(30), qualities=qualities)
    assert_array_equal(model.selector_.qualities_, qualities)
    model.fit(numbered(30), selector_params={"qualities": qualities + 1})
    assert_array_equal(model.selector_.qualities_, qualities + 1)
    said = (
        r"'nonsense'.*CountingSelector.*selector_params.*'qualities'.*"
        r"estimator_params={'nonsense'"
    )
    for wrong in ({"nonsense": 1}, {"selector_params": {"nonsense": 1}}):
        with pytest.raises(TypeError, match=said):
            model.fit(numbered(30), **wrong)
    with pytest.raises(
        TypeError, match=r"'qualities'\] by themselves and in selector_"
    ):
        model.fit(numbered(30), qualities=1, selector_params={"qualities": 1})
    own = [("selector_params", keyword) for keyword in ("X", "y", "sample_weight")]
    for params, keyword in [*own, ("estimator_params", "y")]:
        with pytest.raises(TypeError, match=rf"{params} has .*pass {keyword} to fit"):
            model.fit(numbered(30), **{params: {keyword: np.ones(30)}})


@pytest.mark.parametrize("with_routing", [False, True])
def test_estimator_params_reach_the_estimator_as_they_are(with_routing):
    """Even a list with as many items as there are rows: it need not be one per row."""
    tags = [f"tag {i}" for i in range(30)]
    model = CoresetEstimator(WeightRecorder(), UniformSelector(5, random_state=0))
    with sklearn.config_context(enable_metadata_routing=with_routing):
        model.fit(numbered(30), estimator_params={"tags": tags})
        assert model.estimator_.tags_ is tags
        with pytest.raises(ValueError, match=r"'sample_weight'.* whose weights are"):
            model.fit(numbered(30), estimator_params={"sample_weight": tags})
        with pytest.raises(TypeError, match=r"estimator_params must be a dict.*\[1\]"):
            model.fit(numbered(30), estimator_params=[1])
    model = fit_on_selection(
        WeightRecorder(),
        model.selector_.selection_,
        numbered(30),
        estimator_params={"tags": tags},
    )
    assert model.tags_ is tags


def test_estimator_params_pass_through_pipelines_and_searches(regression):
    X, y = regression
    model = CoresetEstimator(
        make_pipeline(StandardScaler(), WeightRecorder()), UniformSelector(9)
    )
    model.fit(X, y, estimator_params={"weightrecorder__tags": "here"})
    assert model.estimator_[-1].tags_ == "here"
    outer = make_pipeline(StandardScaler(), clone(model))
    inner = {"weightrecorder__tags": "there"}
    outer.fit(X, y, coresetestimator__estimator_params=inner)
    assert outer[-1].estimator_[-1].tags_ == "there"


@pytest.mark.filterwarnings("ignore:The scoring")
def test_without_routing_a_search_passes_the_weights_of_the_fold(regression):
    X, y = regression
    w = np.linspace(1, 2, len(X))
    model = CoresetEstimator(WeightRecorder(), UniformSelector(1.0))
    fold = [(np.arange(100), np.arange(100, 200))]
    search = GridSearchCV(model, {"weights": ["auto"]}, cv=fold, scoring=weights_seen)
    search.fit(X, y, sample_weight=w)
    assert_allclose(search.cv_results_["mean_test_score"], w[:100].sum())
    assert_allclose(search.best_estimator_.estimator_.sample_weight_, w)


def test_routing_sends_keywords_where_they_are_requested(routing):
    qualities, tags = np.arange(30.0), [f"row {i}" for i in range(30)]
    model = CoresetEstimator(
        WeightRecorder().set_fit_request(tags=True),
        CountingSelector(5, random_state=0).set_fit_request(qualities=True),
    )
    model.fit(numbered(30), None, np.ones(30), qualities=qualities, tags=tags)
    assert_array_equal(model.selector_.qualities_, qualities)
    rows = model.selector_.sample_indices_
    assert model.estimator_.tags_ == [tags[i] for i in rows]
    assert_array_equal(model.estimator_.sample_weight_, np.full(5, 6.0))
    model.set_params(weights="resample").fit(numbered(30), tags=tags)
    rows = model.estimator_.X_[:, 0].astype(int)
    assert len(rows) == 30  # copies of rows come with copies of their values
    assert model.estimator_.tags_ == [tags[i] for i in rows]
    model.set_params(estimator=WeightRecorder())
    with pytest.raises(UnsetMetadataPassedError, match="tags"):
        model.fit(numbered(30), tags=tags)


def test_routing_cuts_keywords_to_the_fold(routing):
    selector = CountingSelector(5, random_state=0).set_fit_request(qualities=True)
    model = CoresetEstimator(WeightRecorder(), selector)
    seen = cross_val_score(
        model,
        numbered(30),
        np.zeros(30),
        cv=[(np.arange(10, 25), np.arange(10))],
        scoring=lambda model, X, y: model.selector_.qualities_.sum(),
        params={"qualities": np.arange(30.0)},
    )
    assert_array_equal(seen, [np.arange(10, 25).sum()])


def test_routing_takes_sample_weight_by_its_own_request(routing, regression):
    X, y = regression
    w = np.linspace(1, 2, len(X))
    model = CoresetEstimator(WeightRecorder(), UniformSelector(1.0))
    fold = [(np.arange(100), np.arange(100, 200))]
    options = {"cv": fold, "scoring": weights_seen, "params": {"sample_weight": w}}
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_val_score(model, X, y, **options)
    model.set_fit_request(sample_weight=True)
    model.estimator.set_fit_request(sample_weight=True)  # changes nothing
    assert_allclose(cross_val_score(model, X, y, **options), w[:100].sum())
    search = GridSearchCV(model, {"weights": ["auto"]}, cv=fold, scoring=weights_seen)
    search.fit(X, y, sample_weight=w)
    assert_allclose(search.best_score_, w[:100].sum())


def test_score_takes_weights_by_name(regression):
    X, y = regression
    w = np.arange(len(X)) + 1.0
    model = CoresetEstimator(Ridge(), UniformSelector(50, random_state=0)).fit(X, y)
    for score in (model.score(X, y, w), model.score(X, y, sample_weight=w)):
        assert score == model.estimator_.score(X, y, w) != model.score(X, y)
    mixture = CoresetEstimator(GaussianMixture(), UniformSelector(50), weights="ignore")
    with pytest.raises(ValueError, match=r"GaussianMixture takes no sample_w.*scor"):
        mixture.fit(X).score(X, sample_weight=w)


@pytest.mark.parametrize("with_routing", [False, True])
def test_a_search_scores_with_the_weights_of_the_fold(regression, with_routing):
    """Without a warning that it does not, and on rows held out with their weights."""
    X, y = regression
    w = np.random.default_rng(0).choice([1.0, 9.0], len(X))
    train, test = np.arange(100), np.arange(100, 200)
    model = CoresetEstimator(Ridge(), UniformSelector(40, random_state=0))
    with sklearn.config_context(enable_metadata_routing=with_routing):
        if with_routing:
            model.set_fit_request(sample_weight=True)
        search = GridSearchCV(model, {"estimator__alpha": [1.0]}, cv=[(train, test)])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            search.fit(X, y, sample_weight=w)
        fitted = clone(model).fit(X[train], y[train], w[train])
    wanted = fitted.score(X[test], y[test], w[test])
    if with_routing or parse_version(sklearn.__version__) >= parse_version("1.8"):
        assert search.best_score_ == wanted


def test_routing_reaches_predict_and_score(routing, regression):
    """Weights are this estimator's own request; other keywords the inner one's."""
    X, y = regression
    w = np.arange(len(X)) + 1.0
    selector = UniformSelector(50, random_state=0)
    for inner in (Ridge(), Ridge().set_score_request(sample_weight=True)):
        model = CoresetEstimator(inner, selector).fit(X, y)
        assert model.score(X, y, sample_weight=w) == model.estimator_.score(X, y, w)
    with pytest.raises((UnsetMetadataPassedError, TypeError)):
        model.score(X, y, cost=w)
    model.set_score_request(sample_weight=False)
    routed = model.get_metadata_routing().consumes("score", ["sample_weight"])
    assert routed == {"sample_weight"}  # of the inner estimator


def test_routing_weighs_the_steps_that_request_it(routing, regression):
    X, y = regression
    selector = LeverageSelector(40, fit_intercept=True, random_state=0)
    asking = Ridge().set_fit_request(sample_weight=True)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    model = CoresetEstimator(make_pipeline(scaler, asking), selector).fit(X, y)
    indices, weights = model.selector_.selection_
    assert_allclose(model.estimator_[0].mean_, X[indices].mean(axis=0))
    scaled = model.estimator_[0].transform(X[indices])
    ridge = Ridge().fit(scaled, y[indices], sample_weight=weights)
    assert_allclose(model.estimator_[-1].coef_, ridge.coef_)
    scaler.set_fit_request(sample_weight=True)
    silent = make_pipeline(scaler, Ridge().set_fit_request(sample_weight=False))
    with pytest.raises(ValueError, match=r"Pipeline.* takes no .*set_fit_request"):
        CoresetEstimator(silent, selector).fit(X, y)
    asking.set_score_request(sample_weight=True)
    boost = make_pipeline(scaler, AdaBoostRegressor())  # which does not route at all
    with pytest.raises(ValueError, match=r"Pipeline.* takes no .*set_fit_request"):
        CoresetEstimator(boost, selector).fit(X, y)
    search = GridSearchCV(asking, {"alpha": [1.0]}, cv=2)
    model = CoresetEstimator(search, selector).fit(X, y)
    assert_allclose(
        model.predict(X), CoresetEstimator(Ridge(), selector).fit(X, y).predict(X)
    )


def test_weights_by_another_name_do_not_compete(routing, regression):
    X, y = regression
    inner = WeightRecorder().set_fit_request(sample_weight="price")
    with pytest.raises(ValueError, match=r"sample_weight.*WeightRecorder"):
        CoresetEstimator(inner, UniformSelector(20)).fit(X, y, price=np.ones(len(X)))
