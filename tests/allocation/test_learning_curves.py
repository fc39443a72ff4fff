"""Fitted power laws: exact curves, intervals, what is kept, and bad input."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from coreselect.allocation import allocate, learning_curves
from coreselect.allocation._fit import fit_power_law

SIZES = np.array([20.0, 40, 80, 160, 320, 640])


def noisy(losses, error, rng):
    return losses * (1 + error * rng.normal(size=losses.shape)), error * losses


def test_an_exact_curve_is_found():
    losses = 0.1 + 3 * SIZES**-0.8
    found = fit_power_law(SIZES, None, losses, 1e-6 * losses)
    assert_allclose([found.sigma, found.power, found.floor], [3, 0.8, 0.1], rtol=1e-6)
    assert_allclose(found(SIZES, SIZES), losses, rtol=1e-6)
    assert found.pooled == 0


def test_both_parts_are_told_apart_where_sizes_vary_independently():
    n = np.concatenate([SIZES, SIZES])
    totals = np.concatenate([3 * SIZES, SIZES + 1280])
    losses = 0.1 + 3 * n**-0.8 + 20 / totals
    found = fit_power_law(n, totals, losses, 1e-6 * losses)
    assert_allclose([found.sigma, found.power, found.floor], [3, 0.8, 0.1], rtol=1e-3)
    assert_allclose([found.pooled, found.pooled_power], [20, 1], rtol=1e-3)


def test_parts_that_do_nothing_are_left_out_or_small():
    """Of 25 noisy curves each; own parts stay unless the evidence is strong."""
    rng = np.random.default_rng(0)
    n = np.concatenate([SIZES, SIZES])
    totals = np.concatenate([3 * SIZES, SIZES + 1280])
    kept, shares = 0, []
    for _ in range(25):
        shared = fit_power_law(n, totals, *noisy(0.1 + 20 / totals, 0.03, rng))
        own = shared.sigma * (20**-shared.power - 640**-shared.power)
        shares.append(own / (20 / 60 - 20 / 1920))
        kept += fit_power_law(n, totals, *noisy(0.1 + 20 / n, 0.03, rng)).pooled > 0
    assert kept <= 5
    assert np.mean(shares) < 0.03


def test_intervals_hold_the_truth():
    """Of 150 curves: about 95 % would; fewer than 87 % are too few (|z| > 4.5)."""
    rng = np.random.default_rng(0)
    truth = np.array([3, 0.8, 0.1])
    inside = np.zeros(3)
    for _ in range(150):
        losses, errors = noisy(0.1 + 3 * SIZES**-0.8, 0.05, rng)
        low, high = fit_power_law(SIZES, None, losses, errors).interval.T
        inside += (low <= truth) & (truth <= high)
        assert (high > low).all()
    assert (inside >= 0.87 * 150).all()


def test_three_sizes_tell_no_power_and_the_interval_says_so():
    losses = 0.1 + 3 * SIZES[:3] ** -0.8
    found = fit_power_law(SIZES[:3], None, losses, 0.05 * losses)
    assert_array_equal(found.interval[1], [0, 2])
    assert_allclose(found.interval[2], [0, losses.min()])
    assert found.floor == 0
    more = fit_power_law(SIZES, None, 0.1 + 3 * SIZES**-0.8, 0.01 * np.ones(6))
    assert np.ptp(more.interval[1]) < 1.5


def test_few_points_shrink_the_power():
    """One point: 0.75. Two: between what they say, 1.5, and 0.75."""
    assert_allclose(fit_power_law(*one_point(40.0)).power, 0.75, atol=1e-6)
    n, losses = np.array([20.0, 40.0]), np.array([1.0, 2**-1.5])
    found = fit_power_law(n, None, losses, 0.1 * losses)
    assert 0.8 < found.power < 1.45
    sure = fit_power_law(n, None, losses, 1e-4 * losses)
    assert_allclose(sure.power, 1.5, atol=1e-3)


def one_point(n):
    return np.array([n]), None, np.array([0.3]), np.array([0.03])


def test_losses_of_zero_are_a_flat_curve():
    found = fit_power_law(SIZES, None, np.zeros(6), np.full(6, 1e-6))
    assert (found.sigma, found.floor) == (0, 0)


# --- from data ------------------------------------------------------------------------


def regressions(rng, n, shared, noise=(1.0, 3.0)):
    """Rows of two groups with one linear model, or with a model each."""
    groups = np.repeat(["a", "b"], n // 2)
    Z = rng.normal(size=(n, 4))
    X = Z if shared else np.hstack([Z * (groups == g)[:, None] for g in "ab"])
    return X, X.sum(axis=1) + np.repeat(noise, n // 2) * rng.normal(size=n), groups


def test_models_of_their_own_are_learned_from_own_rows():
    """The excess of least squares is s**2 d / (n - d - 1): a power near one."""
    X, y, groups = regressions(np.random.default_rng(0), 4000, shared=False)
    found = learning_curves(
        LinearRegression(), X, y, groups, n_repeats=10, random_state=0
    )
    assert found.groups == ["a", "b"]
    # The floors are the variances of the noise, in these 4,000 rows.
    assert_allclose(found.floor, [1, 9], rtol=0.05)
    excess = found.predict([100.0, 100.0]) - found.floor
    assert_allclose(excess, [4 / 95, 36 / 95], rtol=0.5)
    regret = allocate(800, found, objective="regret")
    assert regret.sizes[1] > 5 * regret.sizes[0]  # 9 times under exact curves


def test_one_shared_model_reports_no_gain():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X, y, groups = regressions(rng, 600, shared=True, noise=(1.0, 1.0))
        found = learning_curves(LinearRegression(), X, y, groups, random_state=seed)
        assert allocate(200, found).notes[0].startswith("No gain"), seed


def test_subsets_vary_the_groups_alone_and_together():
    X, y, groups = regressions(np.random.default_rng(0), 400, shared=True)
    found = learning_curves(
        LinearRegression(), X, y, groups, sizes=[20, 50, 1.0], random_state=0
    )
    # Of 200 rows of a group, 50 are held out.
    wanted = [
        [20, 20],
        [50, 50],
        [150, 150],
        [20, 150],
        [50, 150],
        [150, 20],
        [150, 50],
    ]
    assert_array_equal(found.sizes, np.unique(wanted, axis=0))
    assert found.losses.shape == found.errors.shape == (7, 2)
    assert (found.errors > 0).all()


def test_losses_are_those_of_held_out_rows():
    """A model that remembers its rows has no loss on them, but on others."""

    class Memory(BaseEstimator):
        _estimator_type = "regressor"

        def fit(self, X, y):
            self.known_ = dict(zip(X[:, 0].tolist(), y.tolist(), strict=True))
            return self

        def predict(self, X):
            return np.array([self.known_.get(x, 100.0) for x in X[:, 0].tolist()])

    X = np.arange(80.0)[:, None]
    found = learning_curves(Memory(), X, 0 * X[:, 0], X[:, 0] % 2, n_repeats=1)
    assert_allclose(found.losses, 100.0**2)


def test_scores_are_turned_into_losses():
    X, y, groups = regressions(np.random.default_rng(0), 400, shared=True)
    labels = np.where(y > 0, "yes", "no")

    def curves(estimator, y, scoring, random_state=0):
        given = {"scoring": scoring, "random_state": random_state}
        return learning_curves(estimator, X, y, groups, **given).losses

    squared = curves(LinearRegression(), y, None)
    assert_allclose(curves(LinearRegression(), y, "neg_mean_squared_error"), squared)
    by_function = curves(
        LinearRegression(), y, lambda model, X, y: -np.mean((model.predict(X) - y) ** 2)
    )
    assert_allclose(by_function, squared)
    wrong = curves(LogisticRegression(), labels, None)
    assert_allclose(curves(LogisticRegression(), labels, "accuracy"), wrong, atol=1e-6)
    assert (wrong < 0.5).all()
    assert (curves(LinearRegression(), y, None, 1) != squared).any()


def test_containers_give_the_same_curves():
    X, y, groups = regressions(np.random.default_rng(0), 200, shared=True)
    wanted = learning_curves(LinearRegression(), X, y, groups, random_state=3)
    frame = pd.DataFrame(X, columns=list("abcd"))
    for rows, g in ((frame, pd.Series(groups)), (sparse.csr_array(X), groups.tolist())):
        got = learning_curves(LinearRegression(), rows, y, g, random_state=3)
        assert_allclose(got.losses, wanted.losses, rtol=1e-5)
    again = learning_curves(LinearRegression(), X, y, groups, random_state=3)
    assert_array_equal(again.sigma, wanted.sigma)


def test_without_targets_a_function_measures():
    X = np.random.default_rng(0).normal(size=(200, 2))
    found = learning_curves(
        KMeans(2, n_init=1, random_state=0),
        X,
        None,
        np.arange(200) % 2,
        scoring=lambda model, X, y: model.score(X) / len(X),
        random_state=0,
    )
    assert (found.losses > 0).all()


def test_subsets_of_one_class_are_passed_over():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 40 == 0
    found = learning_curves(
        LogisticRegression(), rng.normal(size=(400, 2)), y, np.arange(400) % 2 > 0
    )
    assert len(found.losses) >= 3
    with pytest.raises(ValueError, match="estimator could not be trained on most"):
        learning_curves(LogisticRegression(), X_OF, np.zeros(80), np.arange(80) % 2)


def test_curves_are_shown_in_words():
    X, y, groups = regressions(np.random.default_rng(0), 200, shared=True)
    text = str(learning_curves(LinearRegression(), X, y, groups, random_state=0))
    assert text.splitlines()[0].startswith("group")
    assert " N^-" in text or " n^-" in text


def test_predictions_need_a_size_for_each_group():
    X, y, groups = regressions(np.random.default_rng(0), 200, shared=True)
    found = learning_curves(LinearRegression(), X, y, groups, random_state=0)
    assert found.predict(np.full((4, 3, 2), 50.0)).shape == (4, 3, 2)
    for sizes in ([1.0], [1.0, 0.0], [1.0, np.nan], 3.0):
        with pytest.raises(ValueError, match="sizes must hold a number above 0"):
            found.predict(sizes)


X_OF = np.random.default_rng(0).normal(size=(80, 2))
GIVEN = {
    "estimator": DummyRegressor(),
    "X": X_OF,
    "y": X_OF[:, 0],
    "groups": np.arange(80) % 2,
}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (
            {"groups": np.r_[np.zeros(75), np.ones(5)]},
            ValueError,
            "1.0 has 5 rows, too",
        ),
        ({"groups": np.zeros(79)}, ValueError, "groups"),
        ({"groups": None}, ValueError, "groups"),
        ({"y": None}, ValueError, "y is None"),
        ({"sizes": [10, 20]}, ValueError, "at least three"),
        ({"sizes": [300, 400, 500]}, ValueError, "at least three"),
        ({"sizes": [10, 20, -3]}, ValueError, "sizes must not be negative"),
        ({"sizes": [0, 10, 20]}, ValueError, r"sizes=\[0, 10, 20\] holds 0"),
        ({"n_repeats": 0}, ValueError, "n_repeats"),
        ({"scoring": "nonsense"}, ValueError, "scoring"),
        ({"scoring": 3}, TypeError, "scoring must be"),
        ({"sizes": 5}, TypeError, "sizes must be a list"),
        ({"scoring": lambda m, X, y: 1.0}, ValueError, "scoring gave a loss of -1.0"),
        ({"estimator": DummyRegressor}, TypeError, "estimator must be"),
        ({"estimator": None}, TypeError, "estimator must be"),
    ],
)
def test_bad_input_is_named(arguments, error, words):
    with pytest.raises(error, match=words):
        learning_curves(**GIVEN | arguments)
