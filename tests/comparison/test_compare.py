"""`coreselect.compare`: the same figures as fits by hand, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

from coreselect import LeverageSelector, UniformSelector, compare
from coreselect.estimators import fit_on_selection


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_t(2.5, size=(600, 4))
    return X, X @ [1.0, 2.0, 0.0, -1.0] + rng.normal(size=600)


def test_scores_are_those_of_fits_by_hand(data):
    """One split by the first seed; selections of seeds 5 and 6; weights passed on."""
    X, y = data
    found = compare(
        X,
        y,
        LinearRegression(),
        methods={"mine": LeverageSelector(alpha=1.0)},
        sizes=[30, 0.1],
        n_seeds=2,
        random_state=5,
    )
    train, test = train_test_split(np.arange(600), test_size=0.25, random_state=5)
    assert [(r.method, r.size) for r in found.results] == [
        ("uniform", 30),
        ("uniform", 45),
        ("mine", 30),
        ("mine", 45),
    ]
    for result in found.results:
        method = UniformSelector() if result.method == "uniform" else LeverageSelector()
        if result.method == "mine":
            method.set_params(alpha=1.0)
        scores = []
        for seed in (5, 6):
            method.set_params(n_select=result.size, random_state=seed)
            selection = method.fit_select(X[train], y[train])
            model = fit_on_selection(LinearRegression(), selection, X[train], y[train])
            scores.append(model.score(X[test], y[test]))
        assert result.scores == pytest.approx(scores)
    full = LinearRegression().fit(X[train], y[train]).score(X[test], y[test])
    assert found.full.mean == pytest.approx(full)


def test_a_name_gets_the_intercept_of_the_estimator_and_an_instance_does_not(data):
    X, y = data
    options = {"sizes": [30], "n_seeds": 1}
    methods = {
        "named": "leverage",
        "class": LeverageSelector,
        "plain": LeverageSelector(),
        "same": LeverageSelector(fit_intercept=True),
    }
    found = compare(X + 10, y, LinearRegression(), methods=methods, **options)
    scores = {r.method: r.scores for r in found.results}
    assert scores["named"] == scores["class"] == scores["same"] != scores["plain"]


def test_frame_summary_and_best(data):
    X, y = data
    found = compare(X, y, methods=["leverage"], sizes=[20, 40], n_seeds=4)
    frame = found.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame["method"].tolist() == ["full", *["uniform"] * 2, *["leverage"] * 2]
    means = frame.set_index(["method", "size"])["score_mean"]
    for size in (20, 40):
        best = max(("uniform", "leverage"), key=lambda name: means[name, size])
        assert found.best(size) == best
    lines = found.summary().splitlines()
    assert lines[0] == f"All 450 training rows: R2 {found.full.mean:.4f}."
    assert lines[1].startswith("20 rows: uniform sampling ")
    with pytest.raises(ValueError, match=r"size=7 was not compared; .* \[20, 40\]"):
        found.best(7)


def test_equal_methods_differ_within_the_noise(data):
    """Uniform rows by another name: whatever is ahead is so by chance."""
    X, y = data
    other = {"other": LeverageSelector(alpha=1e12)}
    found = compare(X, y, methods=other, sizes=[50], n_seeds=20)
    assert found.best(50) == "uniform" or "within the noise" in found.summary()


def test_scoring_and_columns_of_a_frame(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=y)
    options = {"methods": ["uniform"], "sizes": [50], "n_seeds": 1}
    by_name = compare(frame, "y", scoring="neg_mean_absolute_error", **options)
    by_array = compare(X, y, scoring="neg_mean_absolute_error", **options)
    assert by_name.full.scores == by_array.full.scores
    assert by_name.full.mean < 0
    assert by_name.score == "neg_mean_absolute_error"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["nothing"]}, r"methods must hold .* uniform, .*'nothing'"),
        ({"methods": [3]}, r"methods must hold .* got 3"),
        ({"sizes": [1000]}, r"sizes 1000: there are only 450 training rows"),
        ({"sizes": [0]}, r"sizes 0: there must be rows"),
        ({"sizes": []}, r"sizes is empty"),
        ({"sizes": ["many"]}, r"sizes must be a number, got 'many'"),
        ({"n_seeds": 0}, r"n_seeds must be at least 1"),
        ({"test_size": 1.0}, r"test_size must be above 0 and below 1"),
        ({"random_state": -1}, r"random_state must not be negative"),
    ],
)
def test_wrong_arguments(data, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        compare(*data, **arguments)


def test_a_wrong_target():
    X = np.ones((10, 2))
    with pytest.raises(ValueError, match="y"):
        compare(X, None)
    with pytest.raises(ValueError, match="y holds text"):
        compare(X, ["a", "b"] * 5, LinearRegression())
