"""CoresetEstimator acts as the estimator inside it, to users and to scikit-learn."""

import copy
import functools
import os
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import BayesianRidge, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from coreselect import (
    CoresetEstimator,
    InterceptWarning,
    LeverageSelector,
    UniformSelector,
    rows,
)
from tests.estimators.recorders import CountingSelector, WeightRecorder, numbered


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weights": "none"}, "weights must be one of .* got 'none'"),
        ({"weights": None}, "weights must be one of .* got None"),
        ({"missing_classes": "drop"}, "missing_classes must be one of .* got 'drop'"),
        ({"selector": Ridge()}, r"selector must be .* got Ridge\(\).*\(estimator, sel"),
        ({"estimator": 3}, "estimator must have a fit method, got 3"),
        ({"selector__n_select": 0}, "selection holds 0"),
        ({"selector__n_select": -1}, "n_select must not be negative, got -1"),
    ],
)
def test_bad_parameters_are_named(regression, parameters, message):
    model = CoresetEstimator(Ridge(), UniformSelector(10))
    with pytest.raises((ValueError, TypeError), match=message):
        model.set_params(**parameters).fit(*regression)


def test_methods_are_those_of_the_inner_estimator(classification):
    X, y = classification
    logistic = CoresetEstimator(LogisticRegression(), UniformSelector(50))
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        assert hasattr(logistic, name)
        with pytest.raises(NotFittedError):
            getattr(logistic, name)(X)
        getattr(logistic.fit(X, y), name)(X)
        logistic = clone(logistic)
    assert not hasattr(logistic, "transform")
    assert not hasattr(logistic, "classes_")
    assert not hasattr(
        CoresetEstimator(LinearSVC(), UniformSelector()), "predict_proba"
    )
    assert not hasattr(CoresetEstimator(Ridge(), UniformSelector()), "fit_predict")


def test_further_predict_and_score_methods_are_delegated():
    X = numbered(20)
    model = CoresetEstimator(WeightRecorder(), UniformSelector(5, random_state=0))
    with pytest.raises(NotFittedError):
        model.predict_quantile(X)
    model.fit(X)
    assert_array_equal(model.predict_quantile(X, q=0.25), np.full(20, 0.25))
    assert_array_equal(model.predict_quantile(X, 0.75), np.full(20, 0.75))
    assert_array_equal(model.score_margin(X), X[:, 0])
    assert not hasattr(model, "predict_nothing")
    best = CoresetEstimator(SelectKBest(), UniformSelector())
    assert not hasattr(best, "score_func")  # a parameter, no method
    assert not hasattr(model, "X_")
    with pytest.raises(AttributeError, match="'CoresetEstimator' object has no"):
        model.predict_nothing  # noqa: B018


def test_score_and_predict_pass_keywords_on(regression):
    X, y = regression
    w = np.arange(len(X)) + 1.0
    model = CoresetEstimator(BayesianRidge(), UniformSelector(50, random_state=0))
    model.fit(X, y)
    assert model.score(X, y, sample_weight=w) == model.estimator_.score(X, y, w)
    assert len(model.predict(X, return_std=True)) == 2


def test_a_fit_that_fails_leaves_the_fitted_parts_together(regression):
    X, y = regression
    model = CoresetEstimator(Ridge(), UniformSelector(50, random_state=0)).fit(X, y)
    before = model.selector_, model.estimator_
    with pytest.raises(ValueError, match="no row to fit on"):
        model.set_params(selector__n_select=0).fit(X, y)
    assert before == (model.selector_, model.estimator_)
    model = clone(model)
    with pytest.raises(ValueError, match="no row to fit on"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("fitted", [False, True])
def test_copies_and_pickles(regression, fitted):
    X, y = regression
    model = CoresetEstimator(
        Ridge(), LeverageSelector(50, fit_intercept=True, random_state=0)
    )
    if fitted:
        model.fit(X, y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        if not fitted:
            twin.fit(X, y)
        assert_array_equal(twin.predict(X), clone(model).fit(X, y).predict(X))
    assert CoresetEstimator.__new__(CoresetEstimator).__dict__ == {}
    with pytest.raises(AttributeError):
        CoresetEstimator.__new__(CoresetEstimator).predict_x  # noqa: B018


def test_clusterers_label_all_rows():
    X, truth = make_blobs(200, centers=3, cluster_std=0.1, random_state=0)
    model = CoresetEstimator(
        KMeans(3, n_init=5, random_state=0), UniformSelector(30, random_state=0)
    )
    labels = model.fit_predict(X)
    assert_array_equal(labels, model.labels_)
    assert_array_equal(labels, model.predict(X))
    assert len({*zip(labels.tolist(), truth.tolist(), strict=True)}) == 3
    assert_array_equal(model.fit_transform(X), model.transform(X))
    model.set_params(estimator=DBSCAN()).fit(X)
    assert not hasattr(model, "labels_")  # DBSCAN cannot tell about other rows
    assert len(model.estimator_.labels_) == 30


def test_outlier_detectors_fit_and_predict():
    X = np.r_[numbered(60) / 60, [[50.0]]]
    model = CoresetEstimator(
        IsolationForest(random_state=0), UniformSelector(30, random_state=0)
    )
    assert model.fit_predict(X)[-1] == -1
    assert get_tags(model).estimator_type == "outlier_detector"


def test_tags_are_those_of_the_inner_estimator():
    for inner in (LogisticRegression(), Ridge(), KMeans(), StandardScaler()):
        ours = get_tags(CoresetEstimator(inner, UniformSelector()))
        theirs = get_tags(inner)
        for name in (
            "estimator_type",
            "classifier_tags",
            "regressor_tags",
            "transformer_tags",
            "target_tags",
        ):
            assert getattr(ours, name) == getattr(theirs, name)
        assert ours.input_tags.sparse == theirs.input_tags.sparse
        assert ours.input_tags.allow_nan == theirs.input_tags.allow_nan
    assert is_classifier(CoresetEstimator(SVC(), UniformSelector()))


def test_the_estimator_is_given_rows_of_the_users_own_container(regression):
    X, y = regression
    selector = UniformSelector(20, random_state=0)
    frame = pd.DataFrame(X, columns=list("abcd"), index=np.arange(len(X)) + 1000)
    model = CoresetEstimator(WeightRecorder(), selector)
    model.fit(frame, pd.Series(y, index=frame.index))
    rows = model.selector_.sample_indices_
    pd.testing.assert_frame_equal(model.estimator_.X_, frame.iloc[rows])
    assert_array_equal(model.estimator_.y_.index, frame.index[rows])
    assert list(model.feature_names_in_) == list("abcd")
    model.fit(sparse.csr_array(X), list(y))
    assert sparse.issparse(model.estimator_.X_)
    assert model.estimator_.y_ == [y[i] for i in rows]
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 4


@pytest.mark.parametrize("frame_of", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_frame_may_hold_the_target_and_the_weights(regression, frame_of):
    X, y = regression
    w = np.linspace(1, 2, len(X))
    columns = dict(zip("abcd", X.T.copy(), strict=True))
    model = CoresetEstimator(
        Ridge(), LeverageSelector(40, fit_intercept=True, random_state=0)
    )
    expected = clone(model).fit(X, y, w).predict(X)
    model.fit(frame_of({"w": w, **columns, "t": y}), "t", "w")
    assert list(model.feature_names_in_) == list("abcd")
    assert_allclose(model.predict(frame_of(columns)), expected)


def test_files_are_fitted_and_predicted_by_column_names(tmp_path, classification):
    X, codes = classification
    y = np.array(["no", "certainly"])[codes]
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame.assign(label=y).to_parquet(tmp_path / "train.parquet")
    selector = LeverageSelector(60, fit_intercept=True, random_state=0)
    model = CoresetEstimator(LogisticRegression(), selector)
    expected = clone(model).fit(X, y)
    model.fit(tmp_path / "train.parquet", "label")
    assert_array_equal(
        model.selector_.sample_indices_, expected.selector_.sample_indices_
    )
    assert list(model.feature_names_in_) == list("abcde")
    want = expected.predict(X)
    assert_array_equal(model.predict(X), want)
    assert_array_equal(model.predict(tmp_path / "train.parquet"), want)
    assert_array_equal(model.predict(frame[list("edcba")]), want)  # by name, no warning
    score = expected.score(X, y)
    assert model.score(tmp_path / "train.parquet", "label") == score
    assert model.score(frame[list("edcba")], y) == score


def test_results_of_several_blocks_of_a_file_are_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr("coreselect.rows._blocks._BLOCK_BYTES", 1)  # 256 rows a block
    X = np.random.default_rng(0).normal(size=(600, 2))
    np.save(tmp_path / "X.npy", X)
    model = CoresetEstimator(BayesianRidge(), UniformSelector(50, random_state=0))
    model.fit(tmp_path / "X.npy", X.sum(axis=1))
    mean, deviation = model.predict(tmp_path / "X.npy", return_std=True)
    want_mean, want_deviation = model.estimator_.predict(X, return_std=True)
    assert_allclose(mean, want_mean)
    assert_allclose(deviation, want_deviation)
    hot = CoresetEstimator(OneHotEncoder(), UniformSelector(1.0), weights="ignore")
    np.save(tmp_path / "X.npy", X > 0)
    encoded = hot.fit(tmp_path / "X.npy").transform(tmp_path / "X.npy")
    assert sparse.issparse(encoded)
    assert_array_equal(encoded.toarray(), hot.estimator_.transform(X > 0).toarray())


def test_npy_files_are_fitted_and_labelled(tmp_path):
    X, _ = make_blobs(200, centers=3, cluster_std=0.1, random_state=0)
    np.save(tmp_path / "X.npy", X)
    model = CoresetEstimator(
        KMeans(3, n_init=1, random_state=0), UniformSelector(30, random_state=0)
    )
    assert_array_equal(model.fit(str(tmp_path / "X.npy")).labels_, model.predict(X))
    assert_array_equal(model.labels_, clone(model).fit(X).labels_)


def test_opened_rows_are_fitted_predicted_and_scored(regression):
    X, y = regression
    weight = np.linspace(1, 3, len(X))
    held = rows.open(X, y, weight)
    model = CoresetEstimator(Ridge(), UniformSelector(50, random_state=0)).fit(held)
    assert_allclose(model.predict(held), model.predict(X))
    assert_allclose(model.score(held), model.score(X, y, sample_weight=weight))
    assert_allclose(model.score(rows.open(X), y), model.score(X, y))


def test_nothing_of_the_users_is_modified_and_nothing_printed(regression, capsys):
    X, y = regression
    w = np.ones(len(X))
    before = X.copy(), y.copy(), w.copy()
    estimator, selector = Ridge(), UniformSelector(20, random_state=0)
    CoresetEstimator(estimator, selector).fit(X, y, w).predict(X)
    assert not hasattr(estimator, "coef_")
    assert not hasattr(selector, "selection_")
    assert_array_equal(X, before[0])
    assert_array_equal(y, before[1])
    assert_array_equal(w, before[2])
    assert capsys.readouterr() == ("", "")


def test_a_grid_reaches_both_parts(classification):
    X, y = classification
    model = CoresetEstimator(LogisticRegression(), UniformSelector(random_state=0))
    grid = {"selector__n_select": [30, 0.5], "estimator__C": [0.1, 1.0]}
    search = GridSearchCV(model, grid, cv=3, scoring="roc_auc").fit(X, y)
    best = search.best_estimator_
    assert best.get_params()["estimator__C"] == search.best_params_["estimator__C"]
    assert search.best_score_ > 0.9
    size = search.best_params_["selector__n_select"]
    assert len(best.selector_.selection_) == (150 if size == 0.5 else 30)
    scores = cross_val_score(best, X, y, cv=3, scoring="roc_auc")
    assert_allclose(scores.mean(), search.best_score_)


def test_roc_auc_goes_through_decision_function(classification):
    X, y = classification
    model = CoresetEstimator(LinearSVC(), UniformSelector(100, random_state=0))
    scores = cross_val_score(
        model, X, y, cv=[(np.arange(150), np.arange(150, 300))], scoring="roc_auc"
    )
    model.fit(X[:150], y[:150])
    want = roc_auc_score(y[150:], model.decision_function(X[150:]))
    assert_allclose(scores, [want])


def test_the_last_step_of_a_pipeline(regression):
    X, y = regression
    model = CoresetEstimator(
        Ridge(), LeverageSelector(40, fit_intercept=True, random_state=0)
    )
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    scaled = StandardScaler().fit_transform(X)
    assert_allclose(pipeline.predict(X), clone(model).fit(scaled, y).predict(scaled))
    pipeline.set_params(coresetestimator__selector__n_select=20).fit(X, y)
    assert len(pipeline[-1].selector_.selection_) == 20
    assert "LeverageSelector" in pipeline._repr_html_()


def test_memory_selects_once_a_fold(classification, tmp_path):
    X, y = classification
    grid = {"estimator__C": [0.1, 1.0, 10.0]}
    fits = {}
    for memory in (None, str(tmp_path), joblib.Memory(tmp_path / "own", verbose=0)):
        model = CoresetEstimator(
            LogisticRegression(), CountingSelector(50, random_state=0), memory=memory
        )
        before = CountingSelector.fits
        search = GridSearchCV(model, grid, cv=2, refit=False).fit(X, y)
        fits[type(memory)] = CountingSelector.fits - before
        scores = fits.setdefault("scores", search.cv_results_["mean_test_score"])
        assert_array_equal(search.cv_results_["mean_test_score"], scores)
    assert fits[type(None)] == 6
    assert fits[str] == fits[joblib.Memory] == 2


def test_memory_tells_data_weights_parameters_and_files_apart(regression, tmp_path):
    X, y = regression
    path = tmp_path / "X.npy"
    np.save(path, X)
    selector = CountingSelector(50, random_state=0)
    model = CoresetEstimator(Ridge(), selector, memory=str(tmp_path / "cache"))
    before = CountingSelector.fits
    for _ in range(2):
        model.fit(X, y)
        model.fit(X, y, np.ones(len(X)))
        model.fit(X + 1, y)
        model.fit(path, y)
        clone(model).set_params(selector__n_select=20).fit(X, y)
    assert CountingSelector.fits == before + 5
    np.save(path, X + 1)  # another file under the same name and of the same size
    os.utime(path, (0, 0))
    model.fit(path, y)
    assert CountingSelector.fits == before + 6


class WithFunction(CountingSelector):
    """A selector that is given a function."""

    def __init__(self, n_select=100, *, function=None, random_state=None):
        super().__init__(n_select, random_state=random_state)
        self.function = function


def _helper(x):
    return x


def _count(selector, memory, X, y):
    """Fit through the cache; return how often the selector was fitted."""
    before = type(selector).fits
    model = CoresetEstimator(Ridge(), selector, memory=memory).fit(X, y)
    assert len(model.selector_.selection_) == 50
    return type(selector).fits - before


def test_memory_knows_functions_by_module_name_and_source(
    regression, tmp_path, monkeypatch
):
    def fits(*functions):
        selectors = [WithFunction(50, function=f, random_state=0) for f in functions]
        return [_count(s, str(tmp_path), *regression) for s in selectors]

    assert fits(_helper, _helper) == [1, 0]
    assert fits(*(functools.partial(_helper, a) for a in (1, 1, 2))) == [1, 0, 1]
    assert fits(np.abs, np.abs, np.exp) == [1, 0, 1]
    monkeypatch.setattr("inspect.getsource", lambda function: "another body")
    assert fits(_helper, _helper) == [1, 0]


def test_memory_refuses_functions_without_a_name_of_their_own(regression, tmp_path):
    """Their source does not tell them apart: it leaves out what they close over."""

    def local(x):
        return x

    for function in (lambda x: x, local, functools.partial(local, 1)):
        with pytest.raises(ValueError, match=r"function=.*at the top of a module"):
            _count(WithFunction(50, function=function), str(tmp_path), *regression)


def test_memory_says_what_cannot_be_stored(regression, tmp_path):
    X, y = regression

    class Local:
        pass

    selector = WithFunction(50, function=Local())
    model = CoresetEstimator(Ridge(), selector, memory=str(tmp_path))
    with pytest.raises(ValueError, match=r"WithFunction.*at the top of a module"):
        model.fit(X, y)


_EVERY_ROW = UniformSelector(1.0)
_HALF = UniformSelector(0.5, random_state=0)
_KMEANS = KMeans(n_clusters=3, n_init=1, random_state=0)


def _expected_failures(model):
    if isinstance(model.estimator, KMeans):
        reason = "KMeans alone fails it too: its random start depends on how many rows"
    elif model.selector.n_select < 1:
        reason = "weighted rows and repeated rows are selected by different draws"
    else:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": reason,
        "check_sample_weight_equivalence_on_sparse_data": reason,
    }


@pytest.mark.filterwarnings("ignore::coreselect.ClassAddedWarning")
@parametrize_with_checks(
    [
        CoresetEstimator(LogisticRegression(), _EVERY_ROW),
        CoresetEstimator(Ridge(), _EVERY_ROW),
        CoresetEstimator(_KMEANS, _EVERY_ROW),
        CoresetEstimator(LogisticRegression(), _HALF),
        CoresetEstimator(
            Ridge(), LeverageSelector(0.5, fit_intercept=True, random_state=0)
        ),
        CoresetEstimator(_KMEANS, _HALF),
    ],
    expected_failed_checks=_expected_failures,
)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_named_in_fit_are_no_features_later(library):
    frames = pytest.importorskip(library)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 80))
    frame = frames.DataFrame({"a": a, "b": b, "y": 2 * a, "w": np.ones(80)})
    model = CoresetEstimator(Ridge(), UniformSelector(40, random_state=0))
    model.fit(frame, "y", "w")
    features = frame[["a", "b"]]
    assert_array_equal(model.predict(frame), model.predict(features))
    assert model.score(frame, "y") == model.score(features, 2 * a)


def test_named_columns_beside_numbered_ones_are_no_features(regression):
    X, y = regression
    frame = pd.DataFrame(X).assign(y=y, w=1.0)
    model = CoresetEstimator(Ridge(), UniformSelector(40, random_state=0))
    wanted = clone(model).fit(X, y)
    model.fit(frame, "y", "w")
    assert_allclose(model.predict(frame), wanted.predict(X))
    assert_allclose(model.score(frame, "y"), wanted.score(X, y))


@pytest.mark.parametrize(
    "make", [lambda e: e, make_pipeline, lambda e: GridSearchCV(e, {"alpha": [1.0]})]
)
def test_an_intercept_that_the_selector_does_not_count_is_warned_of(regression, make):
    X, y = regression
    selector = LeverageSelector(50, random_state=0)
    with pytest.warns(InterceptWarning, match="fit_intercept=True in the"):
        CoresetEstimator(make(Ridge()), selector).fit(X, y)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for _ in range(2):  # folds of a search; in between, filters change
            with warnings.catch_warnings():
                CoresetEstimator(make(Ridge()), selector).fit(X, y)
    assert [w.category for w in shown] == [InterceptWarning]
    CoresetEstimator(make(Ridge(fit_intercept=False)), selector).fit(X, y)
    CoresetEstimator(make(Ridge()), clone(selector).set_params(fit_intercept=True)).fit(
        X, y
    )
    CoresetEstimator(make(Ridge()), UniformSelector(50)).fit(X, y)
