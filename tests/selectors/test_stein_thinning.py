"""SteinThinningSelector: gradients, weights, units, and prefixes."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from coreselect import SteinThinningSelector

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 2))


def test_weights_are_shares_of_the_steps():
    fitted = SteinThinningSelector(40).fit(X, gradients=-X)
    selection = fitted.selection_
    assert len(selection) < 40  # rows come again
    counts = selection.weights * 40 / 300
    assert_allclose(counts, np.round(counts))
    assert_allclose(selection.weights.sum(), 300)
    assert len(fitted.discrepancy_) == 40
    for size in (1, 7, 39):
        smaller = SteinThinningSelector(size).fit_select(X, gradients=-X)
        assert fitted.select(size) == smaller


def test_biased_rows_are_corrected():
    """Rows of N(1, 1) stand for N(0, 1), far better than all rows do."""
    moved = X + 1.0
    chosen = SteinThinningSelector(60).fit_select(moved, gradients=-moved)
    mean = chosen.weights @ moved[chosen.indices] / 300
    assert np.abs(mean).max() < 0.1
    assert np.abs(moved.mean(axis=0)).min() > 0.8


def test_more_steps_than_rows():
    few = X[:10]
    chosen = SteinThinningSelector(50).fit_select(few, gradients=-few)
    assert 1 < len(chosen) <= 10
    assert_allclose(chosen.weights.sum(), 10)


def test_input_weights_are_a_unit_unless_zero():
    weight = RNG.choice([0.0, 1.0, 5.0], 300)
    kept = np.flatnonzero(weight)
    selector = SteinThinningSelector(20)
    chosen = selector.fit_select(X, None, weight, gradients=-X)
    wanted = selector.fit_select(X[kept], gradients=-X[kept])
    assert_array_equal(chosen.indices, kept[wanted.indices])
    shares = wanted.weights / wanted.weights.sum()
    assert_allclose(chosen.weights / weight.sum(), shares)
    excluded = selector.fit_select(X, gradients=-X, exclude=weight == 0)
    assert_array_equal(excluded.indices, chosen.indices)


def test_units_change_nothing():
    for seen, unit in ((X, 2.0**300), (X, 2.0**-300), (X.astype(np.float32), 1.0)):
        rows = seen * unit
        fitted = SteinThinningSelector(20).fit(rows, gradients=-seen / unit)
        exact = SteinThinningSelector(20).fit(rows / unit, gradients=-seen)
        assert fitted.selection_ == exact.selection_
        assert_allclose(fitted.length_scale_, exact.length_scale_ * unit)
        assert_allclose(fitted.discrepancy_, exact.discrepancy_ / unit)


def test_the_length_scale_is_a_distance():
    fitted = SteinThinningSelector(20).fit(X)
    gaps = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))[np.triu_indices(300, 1)]
    assert_allclose(fitted.length_scale_, np.median(gaps), rtol=1e-3)
    again = SteinThinningSelector(20, length_scale=fitted.length_scale_).fit(X)
    assert again.selection_ == fitted.selection_


def test_the_default_is_the_score_of_a_gaussian_fit():
    weight = RNG.choice([1.0, 3.0], 300)
    mean, S = weight @ X / weight.sum(), np.cov(X.T, aweights=weight, ddof=0)
    gradients = -(X - mean) @ np.linalg.inv(S)
    found = SteinThinningSelector(20).fit_select(X, None, weight)
    assert found == SteinThinningSelector(20).fit_select(
        X, None, weight, gradients=gradients
    )
    equal = SteinThinningSelector(5).fit_select(np.ones((4, 2)))
    assert_array_equal(equal.indices, [0])
    assert_array_equal(equal.weights, [4.0])


def test_gradients_follow_the_columns_that_are_seen():
    wanted = SteinThinningSelector(20).fit_select(X, gradients=-X)
    wide = np.column_stack([X[:, 0], np.zeros(300), X[:, 1]])
    found = SteinThinningSelector(20, features=[0, 2]).fit_select(wide, gradients=-wide)
    assert found == wanted
    frame = pd.DataFrame({"a": X[:, 0], "text": ["-"] * 300, "b": X[:, 1]})
    gradients = pd.DataFrame({"b": -X[:, 1], "a": -X[:, 0]})
    assert SteinThinningSelector(20).fit_select(frame, gradients=gradients) == wanted
    frame["text"] = 0.0
    for rows, columns in ((wide, [0, 2]), (frame, ["a", "b"])):
        selector = SteinThinningSelector(20, features=columns)
        assert selector.fit_select(rows, gradients=-wide) == wanted
        assert selector.fit_select(rows, gradients=-X) == wanted  # these columns alone
        with pytest.raises(ValueError, match=r"gradients has shape \(300, 1\)"):
            selector.fit(rows, gradients=-X[:, :1])
    swapped = SteinThinningSelector(20, features=[2, 0])
    assert swapped.fit_select(wide, gradients=-X[:, ::-1]) == wanted


def test_gradients_are_refused_beside_columns_that_are_made():
    """A column in other units has other gradients: each is divided by the unit."""
    unit = np.array([1.0, 20.0])
    rows, gradients = X * unit, -X / unit
    wanted = SteinThinningSelector(20).fit_select(X, gradients=-X)
    assert SteinThinningSelector(20).fit_select(rows, gradients=gradients) != wanted
    scaled = SteinThinningSelector(20).fit(rows / unit, gradients=gradients * unit)
    assert_array_equal(scaled.sample_indices_, wanted.indices)
    for features in ("auto", StandardScaler(), PCA(1)):
        selector = SteinThinningSelector(20, features=features)
        with pytest.raises(ValueError, match="makes other columns of them"):
            selector.fit(rows, gradients=gradients)
        assert len(selector.fit_select(rows)) > 1  # that of a Gaussian is made anew


@pytest.mark.parametrize(
    ("gradients", "message"),
    [
        (-X[:-1], r"gradients has shape \(299, 2\)"),
        (-X[:, :1], r"gradients has shape \(300, 1\)"),
        (X * np.nan, "gradients contains NaN"),
        (X * 1e200, "gradients are too large"),
        (X[:, 0], "gradients"),
    ],
)
def test_bad_gradients_are_named(gradients, message):
    with pytest.raises(ValueError, match=message):
        SteinThinningSelector(5).fit(X, gradients=gradients)


@pytest.mark.parametrize("scale", [1e-200, 1e300])
def test_a_length_scale_out_of_scale_is_named(scale):
    with pytest.raises(ValueError, match=r"length_scale=1e.* is out of scale"):
        SteinThinningSelector(5, length_scale=scale).fit(X)
