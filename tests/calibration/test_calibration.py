"""Shifted probabilities against Bayes' rule, by closed forms and by counting."""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE as TheirSMOTE
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator

import coreselect.rows
from coreselect import SMOTE, RandomUnderSampler, SmoteUndersample, TomekLinks
from coreselect.calibration import PriorShiftCalibrator, shift_priors


class KeepFirst:
    """A resampler that keeps the first rows of every class, a third-party one."""

    def __init__(self, n_keep=20):
        self.n_keep = n_keep

    def get_params(self, deep=True):
        return {"n_keep": self.n_keep}

    def set_params(self, **params):
        return self

    def fit_resample(self, X, y):
        y = np.asarray(y)
        rows = np.concatenate(
            [np.flatnonzero(y == c)[: self.n_keep] for c in np.unique(y)]
        )
        return X[rows], y[rows]


@pytest.fixture
def rows():
    """1,000 rows of two normal classes, one row in ten of the second."""
    rng = np.random.default_rng(0)
    y = np.arange(1000) % 10 == 3
    X = rng.standard_normal((1000, 2)) + np.outer(y, [1.5, 1.0])
    return X, np.where(y, "rare", "usual")


# --- The shift ------------------------------------------------------------------------


def test_undersampling_formula():
    """p = b q / (b q - q + 1), b the rate at which the frequent class was kept."""
    q, b = np.linspace(0, 1, 21), 0.07
    shifted = shift_priors(np.column_stack([1 - q, q]), [b, 1], [1, 1])
    assert_allclose(shifted[:, 1], b * q / (b * q - q + 1), rtol=1e-13)


def test_it_is_a_shift_of_the_logit():
    q = expit(np.linspace(-30, 30, 61))
    shifted = shift_priors(np.column_stack([1 - q, q]), [0.5, 0.5], [0.99, 0.01])
    inner = slice(5, 56)  # where 1 - q still has digits
    got = logit(shifted[:, 1])[inner]
    assert_allclose(got, (logit(q) + np.log(0.01 / 0.99))[inner], rtol=1e-4)


def test_bayes_rule_for_three_classes():
    """Posteriors under other shares, from likelihoods that are written down."""
    likelihood = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.0], [0.01, 0.02, 0.9]])
    old, new = np.array([1, 1, 2]) / 4, np.array([90, 9, 1]) / 100

    def posterior(shares):
        joint = likelihood * shares
        return joint / joint.sum(axis=1, keepdims=True)

    assert_allclose(shift_priors(posterior(old), old, new), posterior(new), rtol=1e-14)


def test_shares_have_no_unit_and_equal_shares_change_nothing():
    proba = np.array([[0.25, 0.75], [0.0, 1.0]])
    assert_allclose(shift_priors(proba, [3, 7], [30, 70]), proba, rtol=1e-15)
    a = shift_priors(proba, [1e-300, 1e-300], [1e300, 1e299])
    assert_allclose(a, shift_priors(proba, [1, 1], [10, 1]), rtol=1e-12)


def test_there_and_back():
    proba = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    old, new = [1, 2, 3, 4], [100, 1, 1, 10]
    back = shift_priors(shift_priors(proba, old, new), new, old)
    assert_allclose(back, proba, rtol=1e-12)


def test_certain_rows_stay_certain():
    assert_array_equal(
        shift_priors([[1, 0], [0, 1]], [1, 1], [999, 1]), [[1, 0], [0, 1]]
    )


def test_a_class_that_cannot_be_met_gets_nothing():
    assert_allclose(
        shift_priors([[0.2, 0.3, 0.5]], [1, 1, 1], [1, 1, 0]), [[0.4, 0.6, 0]]
    )
    # Absent from both: nothing to shift.
    assert_allclose(shift_priors([[0.4, 0.6, 0.0]], [1, 1, 0], [1, 1, 0])[0, 2], 0)


@pytest.mark.parametrize(
    ("proba", "old", "new", "message"),
    [
        ([0.5, 0.5], [1, 1], [1, 1], r"proba must have shape \(n_rows, n_classes\)"),
        ([[0.5, -0.5]], [1, 1], [1, 1], "proba must not be negative"),
        ([[0.5, np.nan]], [1, 1], [1, 1], "proba contains NaN"),
        ([[0.5, 0.5]], [1, 1, 1], [1, 1], "trained_priors has 3 values for 2 classes"),
        ([[0.5, 0.5]], [1, 1], [1, -1], "priors must not be negative, got -1.0"),
        ([[0.5, 0.5]], [0, 0], [1, 1], "trained_priors is zero for every class"),
        ([[0.5, 0.5]], [1, 0], [1, 1], "trained_priors is 0 for the class of column 1"),
        ([[0.0, 1.0]], [1, 1], [1, 0], "priors is 0 for all classes .* in row 0 "),
    ],
)
def test_bad_shares(proba, old, new, message):
    with pytest.raises(ValueError, match=message):
        shift_priors(proba, old, new)


# --- The estimator --------------------------------------------------------------------


def test_naive_bayes_with_resampled_classes_is_naive_bayes_with_the_right_prior(rows):
    """Gaussian naive Bayes has its prior as a factor: the shift is exact."""
    X, y = rows
    model = PriorShiftCalibrator(GaussianNB(), KeepFirst(50)).fit(X, y)
    X_50, y_50 = KeepFirst(50).fit_resample(X, y)
    wanted = GaussianNB(priors=[0.1, 0.9]).fit(X_50, y_50).predict_proba(X)
    assert_allclose(model.predict_proba(X), wanted, rtol=1e-10)
    assert_array_equal(model.classes_, ["rare", "usual"])
    assert_allclose(model.trained_priors_, [0.5, 0.5])
    assert_allclose(model.priors_, [0.1, 0.9])


def test_probabilities_are_frequencies_again():
    """z of the number of rare rows expected by the model; without the shift it fails.

    The classifier is the exact one for two normal classes, trained on equal shares.
    """
    rng = np.random.default_rng(1)
    n = 20_000
    y = (rng.random(n) < 0.05).astype(int)
    X = rng.standard_normal((n, 1)) + 1.5 * y[:, None]
    balanced = np.repeat([0, 1], 50_000)
    X_b = rng.standard_normal((100_000, 1)) + 1.5 * balanced[:, None]
    inner = GaussianNB().fit(X_b, balanced)
    model = PriorShiftCalibrator(FrozenEstimator(inner), trained_priors="balanced")
    model.fit(X, y)

    def z(proba):
        return (y.sum() - proba.sum()) / np.sqrt((proba * (1 - proba)).sum())

    assert abs(z(model.predict_proba(X)[:, 1])) < 4.5
    assert abs(z(inner.predict_proba(X)[:, 1])) > 50


def test_class_weights_are_undone(rows):
    """A saturated model with weights, shifted, is the model without weights."""
    rng = np.random.default_rng(0)
    X = rng.integers(4, size=(3000, 1))
    y = (rng.random(3000) < 0.02 + 0.05 * X[:, 0]).astype(int)
    cells = np.eye(4)[X[:, 0]]

    def saturated(**options):
        return LogisticRegression(C=1e8, tol=1e-10, max_iter=10_000, **options)

    plain = saturated().fit(cells, y)
    model = PriorShiftCalibrator(
        saturated(class_weight="balanced"), trained_priors="balanced"
    ).fit(cells, y)
    assert_allclose(model.predict_proba(cells), plain.predict_proba(cells), atol=1e-4)


def test_ranking_of_two_classes_stays(rows):
    X, y = rows
    model = PriorShiftCalibrator(LogisticRegression(), KeepFirst(60)).fit(X, y)
    before = model.estimator_.predict_proba(X)[:, 0]
    after = model.predict_proba(X)[:, 0]
    assert_array_equal(np.argsort(before), np.argsort(after))
    assert after.mean() < before.mean()


def test_shares_of_the_place_of_use(rows):
    X, y = rows
    model = PriorShiftCalibrator(GaussianNB(), priors={"rare": 1, "usual": 3}).fit(X, y)
    wanted = GaussianNB(priors=[0.25, 0.75]).fit(X, y).predict_proba(X)
    assert_allclose(model.predict_proba(X), wanted, rtol=1e-10)
    assert_allclose(np.exp(model.predict_log_proba(X)), wanted, rtol=1e-10)
    assert_array_equal(model.predict(X), model.classes_[wanted.argmax(axis=1)])


def test_weights_count_in_shares(rows):
    """A row of weight w counts as w rows, in the training and in the shares."""
    X, y = rows
    weight = np.arange(1000) % 3
    model = PriorShiftCalibrator(GaussianNB(), trained_priors="balanced")
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.priors_, repeated.priors_)
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-8)


def test_our_resamplers_hand_on_their_weights(rows):
    """Input weights ride along; prior weights leave nothing to shift."""
    X, y = rows
    weight = 1.0 + np.arange(1000) % 2
    sampler = RandomUnderSampler(random_state=0)
    model = PriorShiftCalibrator(GaussianNB(), sampler).fit(X, y, sample_weight=weight)
    kept = sampler.fit_select(X, y, sample_weight=weight)
    inner = GaussianNB().fit(*kept.take(X, y), sample_weight=kept.weights)
    shares = [kept.weights[kept.take(y) == c].sum() for c in ("rare", "usual")]
    assert_allclose(model.trained_priors_, np.divide(shares, sum(shares)))
    assert_allclose(model.estimator_.predict_proba(X), inner.predict_proba(X))

    prior = PriorShiftCalibrator(GaussianNB(), sampler.set_params(weights="prior"))
    prior.fit(X, y)
    assert_allclose(prior.trained_priors_, prior.priors_)
    assert_allclose(prior.predict_proba(X), prior.estimator_.predict_proba(X))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("inner", [GaussianNB(), KNeighborsClassifier()], ids=repr)
@pytest.mark.parametrize(
    "sampler",
    [
        SMOTE(random_state=0),
        TomekLinks(),
        SmoteUndersample(random_state=0),
        TheirSMOTE(random_state=0),
    ],
    ids=repr,
)
def test_every_kind_of_resampler(rows, inner, sampler):
    """Made rows, dropped rows and both; classifiers with and without weights."""
    X, y = rows
    model = PriorShiftCalibrator(inner, sampler).fit(X, y)
    _, labels = clone(sampler).fit_resample(X, y)
    assert_allclose(model.trained_priors_[0], (labels == "rare").mean())
    if isinstance(inner, GaussianNB):  # neighbours are sure of themselves
        assert abs(model.predict_proba(X)[:, 1].mean() - 0.9) < 0.06


def test_frames_and_lists(rows):
    import pandas as pd
    import polars as pl

    X, y = rows
    wanted = PriorShiftCalibrator(GaussianNB(), SMOTE(random_state=0)).fit(X, y)
    for make in (pd.DataFrame, pl.DataFrame):
        frame = make({"a": X[:, 0], "b": X[:, 1]})
        model = PriorShiftCalibrator(GaussianNB(), SMOTE(random_state=0))
        model.fit(frame, y.tolist())
        assert list(model.feature_names_in_) == ["a", "b"]
        assert_allclose(model.predict_proba(frame), wanted.predict_proba(X), rtol=1e-9)


def test_inside_a_search(rows):
    X, y = rows
    model = PriorShiftCalibrator(GaussianNB(), SmoteUndersample(random_state=0))
    grid = {"resampler__over": [0, 200], "estimator__var_smoothing": [1e-9, 0.1]}
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    assert set(search.best_params_) == set(grid)


def test_a_class_that_was_resampled_away(rows):
    X, y = rows
    y = y.copy()
    y[:3] = "third"

    class Loses(KeepFirst):
        def fit_resample(self, X, y):
            return X[y != "third"], y[y != "third"]

    model = PriorShiftCalibrator(GaussianNB(), Loses())
    with pytest.raises(ValueError, match="not been trained on the class 'third'"):
        model.fit(X, y)
    priors = {"rare": 0.1, "usual": 0.9, "third": 0}
    proba = model.set_params(priors=priors).fit(X, y).predict_proba(X)
    assert proba.shape == (1000, 3)
    assert_array_equal(proba[:, 1], 0)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"estimator": LinearRegression()}, TypeError, "must have predict_proba"),
        ({"estimator": Perceptron()}, TypeError, "CalibratedClassifierCV"),
        ({"estimator": 3}, TypeError, "estimator must have a fit method, got 3"),
        ({"resampler": "smote"}, TypeError, "resampler must have a fit_resample"),
        ({"priors": "balanced"}, TypeError, "priors must be None or a dict"),
        ({"trained_priors": [1, 2]}, TypeError, "None, 'balanced' or a dict"),
        ({"priors": {"rare": 1, "x": 1}}, ValueError, "names the class 'x'"),
        ({"trained_priors": {"rare": 1}}, ValueError, "lacks the class 'usual'"),
        ({"priors": {"rare": -1, "usual": 2}}, ValueError, "must not be negative"),
    ],
)
def test_bad_parameters(rows, parameters, error, message):
    model = PriorShiftCalibrator(**{"estimator": GaussianNB(), **parameters})
    with pytest.raises(error, match=message):
        model.fit(*rows)


def test_weights_that_cannot_be_passed_on(rows):
    X, y = rows
    weight = np.ones(len(X))
    model = PriorShiftCalibrator(GaussianNB(), KeepFirst())
    with pytest.raises(ValueError, match="KeepFirst takes no sample_weight"):
        model.fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="KNeighborsClassifier takes no sample_weight"):
        PriorShiftCalibrator(KNeighborsClassifier()).fit(X, y, sample_weight=weight)


def test_targets_that_are_no_classes(rows):
    X, _ = rows
    with pytest.raises(ValueError, match="Unknown label type"):
        PriorShiftCalibrator(GaussianNB()).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="1d array"):
        PriorShiftCalibrator(CategoricalNB()).fit(X, np.ones((1000, 2), dtype=int))


# Weights of 0 give a class the prior 0 in one of the checks.
@pytest.mark.filterwarnings("ignore:divide by zero encountered in log")
@pytest.mark.parametrize("inner", [LogisticRegression(), GaussianNB()], ids=repr)
def test_scikit_learn_checks(inner):
    check_estimator(PriorShiftCalibrator(inner), on_skip=None)


@pytest.mark.parametrize("sampler", [None, RandomUnderSampler(random_state=0)])
def test_classes_and_rows_in_any_container(rows, sampler):
    """Objects, one-hot labels, opened rows and what only converts to an array."""

    class Convertible:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.values, dtype=dtype)

    X, y = rows
    codes = np.unique(y, return_inverse=True)[1]
    model = PriorShiftCalibrator(GaussianNB(), sampler)
    wanted = clone(model).fit(X, codes).predict_proba(X)
    one_hot = np.eye(codes.max() + 1, dtype=int)[codes]
    for given in (codes.astype(object), one_hot, Convertible(codes), codes.tolist()):
        assert_allclose(clone(model).fit(X, given).predict_proba(X), wanted)
    for data in (Convertible(X), coreselect.rows.open(X)):
        assert_allclose(clone(model).fit(data, codes).predict_proba(X), wanted)
    held = coreselect.rows.open(X, codes)
    assert_allclose(clone(model).fit(held, None).predict_proba(X), wanted)
    for bad in (5, "y", np.column_stack([codes, codes])):
        with pytest.raises(ValueError, match=r"^y "):
            clone(model).fit(X, bad)
