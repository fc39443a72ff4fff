"""Selectors keep scores, weights and groups in scratch files, and go over them."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import DPPSelector, LeverageSelector, UniformSelector, _scratch
from coreselect._budget import memory_budget
from coreselect.base import OutsidePopulationWarning
from tests.test_scratch import in_scratch

N = 120
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3)) * RNG.exponential(size=(N, 1))
Y = RNG.integers(3, size=N)
WEIGHT = RNG.choice([0.0, 0.5, 3.0], size=N)
GROUPS = RNG.choice(["a", "b", "c"], size=N)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(_scratch, "_PART", 7)
    monkeypatch.setattr(_scratch, "_SHARE", 2**62)  # not even a byte stays in memory


def with_and_without(fit):
    """Return two fits: in memory, and in scratch files."""
    with memory_budget("8GB"):
        stored = fit()
    return fit(), stored


@pytest.mark.parametrize("include", [None, [5, 60]])
@pytest.mark.parametrize("quotas", [None, {"a": 10}])
@pytest.mark.parametrize("stratify", [False, True])
def test_groups_and_classes_are_crossed_in_parts(
    stratify, quotas, include, small_parts
):
    positive = np.flatnonzero(WEIGHT)
    include = None if include is None else positive[include]

    def fit():
        selector = LeverageSelector(
            30, stratify=stratify, quotas=quotas, random_state=0
        )
        rules = {"include": include, "exclude": positive[10:14]}
        return selector.fit(X, Y, WEIGHT, groups=GROUPS, **rules)

    plain, stored = with_and_without(fit)
    strata = plain._fitted.strata
    assert_array_equal(stored._fitted.strata, strata)
    kept = plain._fitted.kept
    labels = [(g, y) if stratify else g for g, y in zip(GROUPS, Y, strict=True)]
    labels = [labels[row] for row in kept]
    places = sorted(set(labels))
    assert_array_equal(strata, [places.index(label) for label in labels])
    assert stored.selection_ == plain.selection_


def test_rows_outside_are_counted_in_parts(small_parts):
    far = X.copy()
    far[::5] = 0.0
    quality = np.where(np.arange(N) < 20, 0.0, 1.0)

    def qualified():
        selector = DPPSelector(3, kernel="linear", random_state=0)
        with pytest.warns(OutsidePopulationWarning):
            return selector.fit(far, quality=quality)

    def weighed():
        with pytest.warns(OutsidePopulationWarning):
            return LeverageSelector(9, random_state=0).fit(far, sample_weight=WEIGHT)

    zero = (far == 0).all(axis=1)
    for selector in with_and_without(weighed):
        assert selector.n_outside_ == np.count_nonzero(zero & (WEIGHT > 0))
        share = WEIGHT[zero].sum() / WEIGHT.sum()
        assert_allclose(selector.outside_weight_, share, rtol=1e-12)
    for selector in with_and_without(qualified):
        assert selector.n_outside_ == np.count_nonzero(zero & (quality > 0))


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_scores_in_scratch_files_serve_after_the_budget(weight, small_parts):
    plain, stored = with_and_without(
        lambda: UniformSelector(10, random_state=0).fit(X, sample_weight=weight)
    )
    assert in_scratch(stored.scores_)
    assert not in_scratch(plain.scores_)
    assert type(stored.scores_) is np.ndarray
    copy = pickle.loads(pickle.dumps(stored))
    for selector in (stored, copy):
        assert_array_equal(selector.scores_, plain.scores_)
        assert selector.select(20) == plain.select(20)
        assert selector.select(3, random_state=1) == plain.select(3, random_state=1)
