"""SMOTE with cleaning: the two steps one after the other, with provenance."""

import numpy as np
import pandas as pd
import pytest
from imblearn import combine as peers
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import make_classification

from coreselect import (
    SMOTE,
    SMOTEENN,
    BorderlineSMOTE,
    EditedNearestNeighbours,
    SMOTETomek,
    TomekLinks,
)

COMBINED = [
    (SMOTEENN, "enn", EditedNearestNeighbours),
    (SMOTETomek, "tomek", TomekLinks),
]


def overlapping(n=300, seed=0):
    return make_classification(
        n, 4, n_redundant=0, weights=[0.8], class_sep=0.6, random_state=seed
    )


@pytest.mark.parametrize(("combined", "name", "cleaner"), COMBINED)
def test_it_is_the_two_steps(combined, name, cleaner):
    X, y = overlapping()
    made = SMOTE(random_state=3).fit_resample(X, y)
    wanted = cleaner(sampling_strategy="all").fit_resample(*made)
    sampler = combined(random_state=3)
    got = sampler.fit_resample(X, y)
    for ours, steps in zip(got, wanted, strict=True):
        assert_array_equal(ours, steps)
    assert len(wanted[0]) < len(made[0])
    assert not hasattr(sampler, "sample_indices_")
    assert isinstance(getattr(sampler, f"{name}_"), cleaner)


@pytest.mark.parametrize(("combined", "name", "cleaner"), COMBINED)
def test_new_rows_that_are_left_lie_on_their_segments(combined, name, cleaner):
    X, y = overlapping()
    recipe = combined(random_state=0).fit(X, y).select()
    made, labels = recipe.take(X, y)
    assert 0 < recipe.n_new < (y == 0).sum() - (y == 1).sum()
    assert_array_equal(made[: recipe.n_kept], X[recipe.indices])
    base, other = X[recipe.base], X[recipe.neighbor]
    on = base + recipe.step[:, None] * (other - base)
    assert_allclose(made[recipe.n_kept :], on, atol=1e-12)
    assert (y[recipe.base] == labels[recipe.n_kept :]).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("combined", "name", "cleaner"), COMBINED)
def test_rows_are_those_of_imbalanced_learn(combined, name, cleaner, seed):
    X, y = overlapping(seed=seed)
    ours = combined(random_state=seed, protocol="imblearn")
    peer = getattr(peers, combined.__name__)(random_state=seed)
    for got, wanted in zip(
        ours.fit_resample(X, y), peer.fit_resample(X, y), strict=True
    ):
        assert_array_equal(got, wanted)
    S = sparse.csr_array(np.where(abs(X) < 0.3, 0, X))
    got, _ = ours.fit_resample(S, y)
    assert isinstance(got, sparse.csr_array)
    assert_allclose(got.toarray(), ours.fit_resample(S.toarray(), y)[0])


@pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame, sparse.csr_matrix, list])
@pytest.mark.parametrize(("combined", "name", "cleaner"), COMBINED)
def test_integers_are_cleaned_as_they_are_returned(combined, name, cleaner, convert):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 40, (150, 3)), np.repeat([0, 1], [110, 40])
    X = convert(X.tolist() if convert is list else X)
    made = SMOTE(random_state=0, protocol="imblearn").fit_resample(X, y)
    wanted = cleaner(sampling_strategy="all").fit_resample(*made)[0]
    got = combined(random_state=0, protocol="imblearn").fit_resample(X, y)[0]
    assert type(got) is type(X)
    if sparse.issparse(got):
        got, wanted = got.toarray(), wanted.toarray()
    assert_array_equal(got, wanted)


@pytest.mark.parametrize(("combined", "name", "cleaner"), COMBINED)
def test_mixed_columns_are_cleaned_as_numbers(combined, name, cleaner):
    """Only what is returned is cut off, in the columns of integers."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.integers(0, 40, 150), "b": rng.normal(20, 10, 150)})
    y = pd.Series(np.repeat([0, 1], [110, 40]))
    got = combined(random_state=0, protocol="imblearn").fit_resample(X, y)[0]
    wanted = getattr(peers, combined.__name__)(random_state=0).fit_resample(X, y)[0]
    assert_array_equal(got, wanted)
    assert (got.dtypes == wanted.dtypes).all()


@pytest.mark.parametrize(("combined", "name", "cleaner"), COMBINED)
def test_a_random_state_moves_on(combined, name, cleaner):
    X, y = overlapping()
    ours = combined(random_state=np.random.RandomState(0), protocol="imblearn")
    peer = getattr(peers, combined.__name__)(random_state=np.random.RandomState(0))
    found = [ours.fit_resample(X, y)[0] for _ in range(2)]
    for got in found:
        assert_array_equal(got, peer.fit_resample(X, y)[0])
    assert found[0].shape != found[1].shape or (found[0] != found[1]).any()


def test_both_rows_of_links_go():
    X, y = overlapping()
    _, labels = SMOTETomek(random_state=0).fit_resample(X, y)
    assert np.ptp(np.bincount(labels)) == 0


def test_steps_can_be_given():
    X, y = overlapping()
    sampler = SMOTEENN(
        smote=BorderlineSMOTE(random_state=1),
        enn=EditedNearestNeighbours(kind_sel="mode"),
    )
    made = BorderlineSMOTE(random_state=1).fit_resample(X, y)
    wanted = EditedNearestNeighbours(kind_sel="mode").fit_resample(*made)
    assert_array_equal(sampler.fit_resample(X, y)[0], wanted[0])


def test_weights_stay_with_their_rows():
    X, y = overlapping()
    weight = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    recipe = SMOTETomek(random_state=0).fit(X, y, weight).select()
    assert_array_equal(recipe.weights[: recipe.n_kept], weight[recipe.indices])
    assert (weight[recipe.indices] > 0).all()
    step, (own, other) = recipe.step, (weight[recipe.base], weight[recipe.neighbor])
    assert_allclose(recipe.weights[recipe.n_kept :], (1 - step) * own + step * other)


@pytest.mark.parametrize(
    ("sampler", "match"),
    [
        (SMOTEENN(enn=TomekLinks()), "enn.*EditedNearestNeighbours"),
        (SMOTETomek(tomek="links"), "tomek.*TomekLinks"),
        (SMOTEENN(smote=peers.SMOTEENN()), "smote.*SMOTE"),
        (SMOTETomek(smote=SMOTE(k_neighbors=100)), "k_neighbors=.* at most"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_bad_parameters_are_named(sampler, match):
    with pytest.raises((ValueError, TypeError), match=match):
        sampler.fit(*overlapping())
