"""Losses of rows: with their penalties, they are what estimators minimise."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskElasticNet,
    MultiTaskLasso,
    Ridge,
)
from sklearn.mixture import GaussianMixture
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from coreselect.losses import penalty, row_losses

N, D = 200, 3


@pytest.fixture(scope="module")
def data():
    """Rows with three classes that overlap, a response, and weights."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, D)) * [1.0, 2.0, 0.5] + 0.3
    scores = X @ rng.standard_normal((D, 3)) + rng.gumbel(size=(N, 3))
    response = X @ [1.0, -0.2, 0.0] + 1 + rng.standard_normal(N)
    return X, scores.argmax(axis=1), response, rng.uniform(0.2, 3.0, N)


def cost(model, X, y, weight):
    return weight @ row_losses(model, X, y) + penalty(model, weight.sum())


TIGHT = {"tol": 1e-10, "max_iter": 100_000}
CONVEX = [
    LinearRegression(),
    Ridge(alpha=20.0),
    Lasso(alpha=0.2, tol=1e-12),
    ElasticNet(alpha=0.3, l1_ratio=0.4, tol=1e-12),
    LogisticRegression(C=0.05, **TIGHT),
    LogisticRegression(C=np.inf, **TIGHT),
    LogisticRegression(C=0.05, class_weight={0: 3.0, 1: 0.5}, **TIGHT),
    LogisticRegression(C=0.05, solver="liblinear", intercept_scaling=2.0, **TIGHT),
    LinearSVC(C=0.01, intercept_scaling=3.0, random_state=0, **TIGHT),
    LinearSVC(C=0.01, loss="hinge", random_state=0, **TIGHT),
    LinearSVC(C=0.01, fit_intercept=False, random_state=0, **TIGHT),
    LinearSVC(C=0.02, penalty="l1", dual=False, random_state=0, **TIGHT),
    LinearSVC(C=0.01, class_weight={0: 3.0, 1: 0.5}, random_state=0, **TIGHT),
]


def is_binary(model):
    return getattr(model, "solver", None) == "liblinear"


@pytest.mark.parametrize("model", CONVEX, ids=repr)
@pytest.mark.parametrize("two", [True, False], ids=["two classes", "three"])
def test_the_fit_has_the_lowest_cost(model, two, data):
    """No step from the solution goes down, not even one of a thousandth.

    A penalty of the wrong strength would let one along the coefficients.
    """
    X, classes, response, weight = data
    y = response
    if hasattr(model, "C"):
        y = (classes == 1).astype(int) if two or is_binary(model) else classes
        y = np.array(["x", "y", "z"])[y]
        if isinstance(getattr(model, "class_weight", None), dict):
            model = copy.deepcopy(model).set_params(class_weight={"x": 3.0, "y": 0.5})
    model = model.fit(X, y, weight)
    best = cost(model, X, y, weight)
    rng = np.random.default_rng(1)
    directions = [rng.standard_normal(np.shape(model.coef_)) for _ in range(20)]
    directions += [model.coef_, -model.coef_]  # those that a penalty speaks of
    for direction in directions:
        moved = copy.deepcopy(model)
        moved.coef_ = model.coef_ + 1e-3 * direction
        if getattr(model, "fit_intercept", True):
            size = np.shape(model.intercept_)
            moved.intercept_ = model.intercept_ + 1e-3 * rng.standard_normal(size)
        assert cost(moved, X, y, weight) > best - 1e-9 * abs(best)


def test_a_wrong_penalty_is_seen(data):
    """The test above tells half of a penalty from all of it."""
    X, _, y, weight = data
    model = Ridge(alpha=20.0).fit(X, y, weight)
    moved = copy.deepcopy(model)
    moved.coef_ = model.coef_ * 1.001
    before, after = (
        weight @ row_losses(m, X, y) + penalty(m, weight.sum()) / 2
        for m in (model, moved)
    )
    assert after < before * (1 - 1e-9)


def test_losses_add_up_to_what_estimators_report(data):
    X, *_ = data
    for cls in (KMeans, MiniBatchKMeans):
        model = cls(3, n_init=1, random_state=0).fit(X)
        assert_allclose(row_losses(model, X).sum(), -model.score(X))
        assert penalty(model, N) == 0
    model = GaussianMixture(2, random_state=0).fit(X)
    assert_allclose(row_losses(model, X).mean(), -model.score(X))
    for whiten in (False, True):
        model = PCA(1, whiten=whiten).fit(X)
        left = np.linalg.eigvalsh(np.cov(X.T))[:-1].sum() * (N - 1)
        assert_allclose(row_losses(model, X).sum(), left)


def test_log_loss_is_the_log_of_the_probability(data):
    X, y, *_ = data
    for labels in (y, y == 1):
        model = LogisticRegression().fit(X, labels)
        chance = model.predict_proba(X)[np.arange(N), labels.astype(int)]
        assert_allclose(row_losses(model, X, labels), -np.log(chance))


def test_log_loss_of_sure_mistakes_is_finite():
    model = LogisticRegression().fit([[0.0], [1.0], [2.0]], [0, 1, 2])
    model.coef_ *= 1e6
    assert np.isfinite(row_losses(model, [[1.0], [2.0]], [2, 0])).all()


def test_several_outputs_add_up(data):
    X, _, y, weight = data
    Y = np.column_stack([y, -2 * y])
    model = Ridge(alpha=np.array([1.0, 5.0])).fit(X, Y, weight)
    alone = [
        Ridge(alpha=a).fit(X, t, weight) for a, t in zip([1.0, 5.0], Y.T, strict=True)
    ]
    assert_allclose(
        row_losses(model, X, Y),
        sum(row_losses(m, X, t) for m, t in zip(alone, Y.T, strict=True)),
    )
    assert_allclose(penalty(model, 1.0), sum(penalty(m, 1.0) for m in alone))


@pytest.mark.parametrize(
    "model", [MultiTaskLasso(0.2, tol=1e-12), MultiTaskElasticNet(0.3, tol=1e-12)]
)
def test_the_fit_to_several_targets_has_the_lowest_cost(model, data):
    """What is added up are lengths, over all targets, of the slopes of a feature."""
    X, _, y, _ = data
    Y = np.column_stack([y, 0.5 * y + X[:, 1]])
    model.fit(X, Y)
    best = cost(model, X, Y, np.ones(N))
    rng = np.random.default_rng(1)
    steps = [rng.standard_normal(model.coef_.shape) for _ in range(20)]
    steps += [model.coef_, -model.coef_]
    for step in steps:
        moved = copy.deepcopy(model)
        moved.coef_ = model.coef_ + 1e-3 * step
        assert cost(moved, X, Y, np.ones(N)) > best - 1e-9 * best


def test_pipelines_and_sparse_rows(data):
    X, y, response, _ = data
    pipe = make_pipeline(StandardScaler(), "passthrough", Ridge()).fit(X, response)
    scaled = StandardScaler().fit_transform(X)
    last = Ridge().fit(scaled, response)
    assert_allclose(row_losses(pipe, X, response), row_losses(last, scaled, response))
    assert_allclose(penalty(pipe, N), penalty(last, N))
    model, S = LogisticRegression().fit(X, y), sparse.csr_matrix(X)
    assert_allclose(row_losses(model, S, y), row_losses(model, X, y))
    model = PCA(1, svd_solver="arpack", random_state=0).fit(S)
    assert_allclose(row_losses(model, S), row_losses(model, X))


def test_bayesian_ridge_has_no_penalty_of_its_own(data):
    X, _, y, _ = data
    assert penalty(BayesianRidge().fit(X, y), N) == 0


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (HuberRegressor(), "HuberRegressor; pass loss="),
        (OneVsRestClassifier(LogisticRegression()), "OneVsRestClassifier"),
        (LogisticRegressionCV(), "LogisticRegressionCV"),
        (LogisticRegression(class_weight="balanced"), "a dict with the factors of all"),
        (LinearSVC(multi_class="crammer_singer"), "crammer_singer"),
        (make_pipeline(StandardScaler(), HuberRegressor()), "HuberRegressor"),
    ],
    ids=repr,
)
def test_unknown_losses_are_refused(model, words):
    with pytest.raises(ValueError, match=words):
        row_losses(model, [[0.0]], [0.0])


def test_a_class_the_model_has_not_seen_is_named():
    model = LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])
    with pytest.raises(ValueError, match=r"y holds classes .* not fitted to: \['c'\]"):
        row_losses(model, [[0.0], [1.0]], np.array(["a", "c"]))


@pytest.mark.parametrize("model", [Ridge(), LogisticRegression(), LinearSVC()])
def test_losses_need_finite_targets_where_the_model_does(data, model):
    X = data[0]
    y = (X[:, 0] > 0).astype(float)
    fitted = make_pipeline(StandardScaler(), model).fit(X, y)
    with pytest.raises(ValueError, match="y is None"):
        row_losses(fitted, X, None)
    with pytest.raises(ValueError, match="NaN"):
        row_losses(fitted, X, np.where(X[:, 0] > 1, np.nan, y))
    with pytest.raises(ValueError, match="inconsistent"):
        row_losses(fitted, X, y[1:])


def test_a_column_of_targets_is_one_target(data):
    X, y = data[0], data[0][:, 0]
    fitted = Ridge().fit(X, y)
    assert_allclose(row_losses(fitted, X, y[:, None]), row_losses(fitted, X, y))


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(m)])
@pytest.mark.parametrize("model", [Ridge(), LogisticRegression()])
def test_targets_that_the_model_cannot_have_are_named(data, model, wrap):
    X, y, _, _ = data
    fitted = wrap(model).fit(X, y)
    for bad in (
        np.full(N, np.datetime64("2020-01-01")),
        np.full(N, object()),
        np.full(N, "a"),
        np.zeros((N, 2)),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^y\b"):
            row_losses(fitted, X, bad)


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(), KMeans(), PCA()])
def test_models_must_be_fitted(data, model):
    for call in (lambda: row_losses(model, *data[:2]), lambda: penalty(model, 1.0)):
        with pytest.raises(NotFittedError, match="this estimator"):
            call()


def test_squares_are_in_float64():
    """Gaps of 4e19 have squares that no float32 can hold."""
    X = np.float32(4e19) * np.array([[0, 1], [1, 0], [0, -1], [-1, 0]], np.float32)
    model = PCA(1).fit(X / np.float32(2**60))  # its mean is 0
    model.components_ = np.float32([[1, 0]])
    assert_allclose(row_losses(model, X), [1.6e39, 0, 1.6e39, 0], rtol=1e-5)
    ridge = Ridge().fit(X / 2**70, X[:, 1] / 2**70)
    ridge.coef_ = np.float32([4e19, 0])
    assert_allclose(penalty(ridge, 1.0), 1.6e39, rtol=1e-5)
