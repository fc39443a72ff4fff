"""Standard errors of coefficients against closed forms, refits and draws."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from coreselect import (
    ClassAddedWarning,
    CoresetEstimator,
    GreedyDPPSelector,
    LeverageSelector,
    UniformSelector,
)

N, M = 400, 60
RNG = np.random.default_rng(0)
X = RNG.normal([0, 5, 1], [1, 3, 0.2], size=(N, 3))
Y = X @ [1.0, 2, 3] + RNG.normal(size=N) * (0.5 + np.abs(X[:, 0]))
BINARY = (np.median(Y) + RNG.normal(size=N) < Y).astype(int)
CLASSES = np.array(["a", "b", "c"])[np.digitize(Y + 5 * RNG.normal(size=N), [8, 16])]


def fitted(estimator, y=Y, X=X, weight=None, *, seed=0, size=M, **selector):
    options = {"design": "poisson", "fit_intercept": True} | selector
    chosen = LeverageSelector(size, random_state=seed, **options)
    return CoresetEstimator(estimator, chosen).fit(X, y, weight)


def closed_form(model, slopes, curvature, penalty, weight=None):
    """Inverse of A, times sum(w (w - v) slope**2 x x'), times inverse of A.

    For Poisson sampling with input weights v, where w**2 (1 - pi) = w (w - v).
    """
    indices, w = model.selector_.selection_
    v = np.ones(N) if weight is None else weight
    A = np.column_stack([X[indices], np.ones(len(indices))])
    bread = np.linalg.inv((A.T * (w * curvature)) @ A + np.diag([penalty] * 3 + [0]))
    filling = (A.T * (w * (w - v[indices]) * slopes**2)) @ A
    return np.sqrt(np.diag(bread @ filling @ bread))


@pytest.mark.parametrize("alpha", [0.0, 50.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_least_squares_under_poisson_sampling(alpha, weighted):
    weight = np.random.default_rng(1).uniform(0.5, 2, N) if weighted else None
    estimator = Ridge(alpha) if alpha else LinearRegression()
    model = fitted(estimator, weight=weight)
    rows = model.selector_.selection_.indices
    gaps = model.predict(X[rows]) - Y[rows]
    wanted = closed_form(model, gaps, np.ones(len(rows)), alpha, weight)
    assert_allclose(model.coef_std_, wanted[:3], rtol=1e-9)
    assert_allclose(model.intercept_std_, wanted[3], rtol=1e-9)
    assert isinstance(model.intercept_std_, float)


@pytest.mark.parametrize("C", [0.1, np.inf])
def test_two_classes_under_poisson_sampling(C):
    factors = {0: 1.0, 1: 3.0}
    estimator = LogisticRegression(C=C, class_weight=factors, tol=1e-10, max_iter=1000)
    model = fitted(estimator, BINARY)
    rows = model.selector_.selection_.indices
    chance = expit(model.decision_function(X[rows]))
    factor = np.where(BINARY[rows] == 1, 3.0, 1.0)
    wanted = closed_form(
        model, factor * (chance - BINARY[rows]), factor * chance * (1 - chance), 1 / C
    )
    assert_allclose(model.coef_std_, wanted[None, :3], rtol=1e-6)
    assert_allclose(model.intercept_std_, wanted[3:], rtol=1e-6)


# Its parameter `penalty` is deprecated.
RENAMED = LogisticRegression().penalty == "deprecated"
L1 = {"l1_ratio": 0.5} if RENAMED else {"penalty": "l1"}
EXACT = {"tol": 1e-12, "solver": "newton-cholesky", "max_iter": 500}
MODELS = {
    "plain": (LinearRegression(), Y),
    "two targets": (LinearRegression(), np.column_stack([Y, np.sin(Y)])),
    "no intercept": (LinearRegression(fit_intercept=False), Y),
    "two penalties": (Ridge([1.0, 50.0]), np.column_stack([Y, np.sin(Y)])),
    "two classes": (LogisticRegression(C=0.1, **EXACT), BINARY),
    "three classes": (LogisticRegression(C=0.1, **EXACT), CLASSES),
    "no penalty": (LogisticRegression(C=np.inf, **EXACT), CLASSES),
    "factors": (LogisticRegression(class_weight={"b": 4.0}, **EXACT), CLASSES),
    "centred classes": (LogisticRegression(fit_intercept=False, **EXACT), CLASSES),
}


@pytest.mark.parametrize("name", MODELS)
def test_standard_errors_are_those_of_what_each_row_changes(name):
    """The change of the coefficients if a row counts a little more, by refits."""
    estimator, y = MODELS[name]
    model = fitted(estimator, y)
    selection = model.selector_.selection_
    rows, w = selection.indices, selection.weights
    step = 1e-4 * w.mean()
    changes = []
    for i in range(len(rows)):
        ends = []
        for sign in (1, -1):
            moved = w.copy()
            moved[i] += sign * step
            ends.append(clone(estimator).fit(X[rows], y[rows], sample_weight=moved))
        changes.append(
            [
                np.ravel(getattr(ends[0], part) - getattr(ends[1], part)) / (2 * step)
                for part in ("coef_", "intercept_")
            ]
        )
    for part, found in (("coef", model.coef_std_), ("intercept", model.intercept_std_)):
        values = np.array([change[part == "intercept"] for change in changes])
        _, wanted = selection.estimate(values, return_std=True)
        assert np.shape(found) == np.shape(getattr(model.estimator_, f"{part}_"))
        assert_allclose(np.ravel(found), wanted, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("design", ["poisson", "pivotal", "multinomial"])
def test_intervals_cover_the_fit_to_all_rows(design):
    """800 draws of 250 of 400 rows in any order; a sandwich without the design fails.

    In one order, neighbours may differ more or less than others do.
    """
    rng = np.random.default_rng(2)
    even = X @ [1.0, 2, 3] + rng.normal(size=N)
    whole = LinearRegression().fit(X, even)
    inside = np.zeros((2, 3))
    R = 800
    for seed in range(R):
        order = rng.permutation(N)
        model = CoresetEstimator(
            LinearRegression(), UniformSelector(250, design=design, random_state=seed)
        ).fit(X[order], even[order])
        found = np.abs(model.estimator_.coef_ - whole.coef_)
        inside[0] += found < 1.96 * model.coef_std_
        rows, w = order[model.selector_.sample_indices_], model.selector_.sample_weight_
        gaps = model.predict(X[rows]) - even[rows]
        A = np.column_stack([X[rows], np.ones(len(rows))])
        bread = np.linalg.inv((A.T * w) @ A)
        without = bread @ ((A.T * (w * gaps) ** 2) @ A) @ bread
        inside[1] += found < 1.96 * np.sqrt(np.diag(without))[:3]
    z = (inside - 0.95 * R) / np.sqrt(0.95 * 0.05 * R)
    assert np.abs(z[0]).max() < 4.5
    if design == "poisson":
        assert np.abs(z[1]).max() > 4.5


@pytest.mark.parametrize("unit", [2.0**-300, 2.0**300])
def test_units_of_weights_change_nothing(unit):
    model = fitted(LinearRegression(), weight=np.full(N, unit))
    wanted = fitted(LinearRegression())
    assert_allclose(model.coef_std_, wanted.coef_std_, rtol=1e-9)
    assert_allclose(model.intercept_std_, wanted.intercept_std_, rtol=1e-9)
    model = fitted(Ridge(7 * unit), weight=np.full(N, unit))
    assert_allclose(model.coef_std_, fitted(Ridge(7)).coef_std_, rtol=1e-9)


def test_units_and_offsets_of_columns():
    wanted = fitted(LinearRegression())
    units = np.array([2.0**4, 1.0, 2.0**-4])
    scaled = fitted(LinearRegression(), X=X * units)
    assert_array_equal(
        scaled.selector_.selection_.indices, wanted.selector_.selection_.indices
    )
    assert_allclose(scaled.coef_std_ * units, wanted.coef_std_, rtol=1e-9)
    moved = fitted(LinearRegression(), X=X + 1e6)
    assert_allclose(moved.coef_std_, wanted.coef_std_, rtol=1e-5)


def test_frames_and_sparse_rows():
    wanted = fitted(LinearRegression())
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=Y)
    for data, y in ((frame, "y"), (sparse.csr_array(X), Y)):
        model = fitted(LinearRegression(), y, X=data)
        assert_allclose(model.coef_std_, wanted.coef_std_, rtol=1e-9)
        assert_allclose(model.intercept_std_, wanted.intercept_std_, rtol=1e-9)


def test_files(tmp_path):
    pd.DataFrame(X, columns=list("abc")).assign(y=Y).to_csv(
        tmp_path / "rows.csv", index=False
    )
    model = fitted(LinearRegression(), "y", X=tmp_path / "rows.csv")
    assert_allclose(model.coef_std_, fitted(LinearRegression()).coef_std_, rtol=1e-9)


@pytest.mark.parametrize(
    ("estimator", "y", "said"),
    [
        (DecisionTreeRegressor(), Y, "the estimator is DecisionTreeRegressor"),
        (make_pipeline(StandardScaler(), Ridge()), Y, "the estimator is Pipeline"),
        (LinearRegression(positive=True), Y, "must be positive"),
        (
            LogisticRegression(solver="saga", max_iter=5000, **L1),
            BINARY,
            "l1 penalty",
        ),
        (LogisticRegression(solver="liblinear"), BINARY, "use another solver"),
    ],
)
@pytest.mark.filterwarnings("ignore::coreselect.MisreadWeightsWarning")
def test_other_estimators_have_none_and_say_why(estimator, y, said):
    model = fitted(estimator, y)
    for name in ("coef_std_", "intercept_std_"):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match=f"has no {name}: .*{said}"):
            getattr(model, name)


def test_other_fits_have_none_and_say_why():
    model = CoresetEstimator(LinearRegression(), LeverageSelector(50))
    with pytest.raises(NotFittedError):
        _ = model.coef_std_
    for weights in ("ignore", "resample"):
        model = CoresetEstimator(
            LinearRegression(), UniformSelector(50, random_state=0), weights=weights
        ).fit(X, Y)
        with pytest.raises(AttributeError, match=f"weights='{weights}'"):
            _ = model.coef_std_
    ranked = CoresetEstimator(
        LinearRegression(fit_intercept=False), GreedyDPPSelector(3)
    )
    with pytest.raises(AttributeError, match="how the rows were drawn"):
        _ = ranked.fit(X, Y).coef_std_
    twice = np.column_stack([X, X[:, 0]])
    with pytest.raises(AttributeError, match="depend on each other"):
        _ = fitted(LinearRegression(), X=twice).coef_std_
    assert fitted(Ridge(), X=twice).coef_std_.shape == (4,)
    rare = np.where(np.arange(N) == 7, "rare", CLASSES)
    chosen = UniformSelector(50, random_state=0)
    with pytest.warns(ClassAddedWarning):
        model = CoresetEstimator(LogisticRegression(), chosen).fit(X, rare)
    with pytest.raises(AttributeError, match="rows were added for classes"):
        _ = model.coef_std_


def test_fits_that_leave_no_residuals_have_none():
    """They would be 0. That is right if all rows are certain; a penalty leaves some."""
    for estimator, size in (
        (LinearRegression(), 3),
        (LinearRegression(), 4),
        (Ridge(0.0), 4),
    ):
        few = UniformSelector(size, random_state=0)
        model = CoresetEstimator(estimator, few).fit(X, Y)
        with pytest.raises(AttributeError, match=f"4 coefficients to {size} rows"):
            _ = model.coef_std_
        assert (CoresetEstimator(Ridge(1.0), few).fit(X, Y).coef_std_ > 0).all()
    through_zero = LinearRegression(fit_intercept=False)
    model = CoresetEstimator(through_zero, UniformSelector(4, random_state=0))
    assert (model.fit(X, Y).coef_std_ > 0).all()
    model = CoresetEstimator(LinearRegression(), UniformSelector(9)).fit(X[:4], Y[:4])
    assert_allclose(model.coef_std_, 0, atol=1e-9)


def test_pickles_hold_no_rows():
    model = fitted(LinearRegression())
    early = pickle.loads(pickle.dumps(model))
    with pytest.raises(AttributeError, match="are not pickled"):
        _ = early.coef_std_
    wanted = model.coef_std_
    assert_array_equal(pickle.loads(pickle.dumps(model)).coef_std_, wanted)


def test_the_display_of_the_estimator_computes_nothing():
    model = fitted(LinearRegression())
    assert "coef_std_" not in model._repr_html_()
    assert model.coef_std_.shape == (3,)
    assert "coef_std_" in dir(model)
