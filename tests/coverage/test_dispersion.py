"""Useful rows that are far apart: equal to a slow twin, near the best, and proven."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import DiversitySelector, KCenterSelector
from coreselect.coverage import thinning
from tests.coverage import reference_dispersion as reference
from tests.coverage.test_farthest import data


@pytest.fixture
def small(monkeypatch):
    """Many cells, blocks and tiles also for few rows."""
    monkeypatch.setattr(thinning, "_PER_CELL", 8)
    monkeypatch.setattr(thinning, "_BLOCK", 16)
    monkeypatch.setattr(thinning, "_TILE", 8)


def utilities(rng, n):
    """Return utilities: none, without ties, or with many ties and zeros."""
    return [np.zeros(n), rng.random(n), rng.integers(0, 3, n) * 1.0][rng.integers(3)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(50))
def test_rows_are_those_of_the_slow_twin(seed):
    X, weight = data(seed)
    X, weight = X[:60], weight[:60]
    rng = np.random.default_rng(seed)
    utility, trade_off = utilities(rng, len(X)), float(rng.choice([0, 0.1, 1, 5]))
    musts = [2, 7] if seed % 5 == 0 else []
    size = min(12, len(X) - 1)
    fitted = DiversitySelector(size, trade_off=trade_off)
    fitted.fit(X, None, weight, utility=utility, include=musts or None)
    wanted = reference.disperse(X, utility, trade_off, size, weight, musts)
    assert fitted.sample_indices_.tolist() == wanted


def small_case(seed):
    """Return rows with ties and copies, utilities, a trade-off, a size, weights."""
    rng = np.random.default_rng(seed)
    n, size = int(rng.integers(5, 11)), int(rng.integers(1, 5))
    X = rng.normal(size=(n, 2)) if seed % 2 else rng.integers(0, 4, (n, 2)) * 1.0
    X = X.astype(np.float32) if seed % 5 == 0 else X
    trade_off = float(rng.choice([0, 0.1, 1, 5]))
    return X, utilities(rng, n), trade_off, size, rng.integers(1, 4, n) * 0.5


def guaranteed(far, utility, trade_off, size, musts=()):
    """Return what the value is at least."""
    rows = reference.best(far, utility, trade_off, size, musts)
    useful, best = utility[rows].sum(), reference.value(far, utility, trade_off, rows)
    return min(useful + (best - useful) / 2.2, 0.9 * best) * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(50))
def test_guarantee_and_bound_hold_against_the_best(seed):
    X, utility, trade_off, size, weight = small_case(seed)
    musts = [0, 3][: size - 1] if seed % 7 == 0 else []
    fitted = DiversitySelector(size, trade_off=trade_off)
    fitted.fit(X, None, weight, utility=utility, include=musts or None)
    given, far = (utility, trade_off), reference.distances(X)
    for m in range(max(1, len(musts)), size + 1):
        certificate, rows = fitted.certificate(m), fitted.sample_indices_[:m]
        best = reference.value(far, *given, reference.best(far, *given, m, musts))
        assert_allclose(certificate.value, reference.value(far, *given, rows))
        assert best <= certificate.bound * (1 + 1e-9)
    assert fitted.value_ >= guaranteed(far, *given, size, musts)
    plain = KCenterSelector(size).fit(X, None, weight, include=musts or None)
    plain = plain.sample_indices_
    if utility.any():
        beside = reference.value(far, *given, plain)
        assert fitted.value_ >= beside * (1 - 1e-9)
    else:
        assert fitted.separation_ >= reference.separation(far, plain) * (1 - 1e-9)
        best = reference.best(far, utility, 1.0, size, musts)
        apart = reference.separation(far, best)
        assert size == 1 or fitted.separation_ >= apart / 2 * (1 - 1e-9)


def test_rows_of_the_largest_utility_alone_break_the_guarantee():
    """A wrong twin: without distances, near rows of high utility would be taken."""
    broken = 0
    for seed in range(50):
        X, utility, trade_off, size, _ = small_case(seed)
        far, given = reference.distances(X), (utility, trade_off)
        rows = np.argsort(-utility, kind="stable")[:size]
        value = reference.value(far, *given, rows)
        broken += value < guaranteed(far, *given, size)
    assert broken > 5


def test_half_of_the_best_separation_is_all_that_can_be_promised():
    """The larger share of the paper is for at most k rows, of which two may do."""
    X = np.array([[0.0], [1.0], [1.5], [2.0], [3.0]])
    fitted = DiversitySelector(4).fit(X)
    assert fitted.separation_ == 0.5  # the best is 1, without row 2
    assert_allclose(fitted.certificate_.bound, 1.0, rtol=1e-7)


@pytest.mark.usefixtures("small")
def test_sparse_rows_weights_and_scales_give_the_same_rows():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((200, 9)) < 0.5, 0.0, rng.normal(size=(200, 9)))
    utility, weight = rng.random(200), rng.random(200)
    wanted = DiversitySelector(20).fit(X, None, weight, utility=utility)
    got = DiversitySelector(20).fit(sparse.csr_array(X), None, weight, utility=utility)
    assert got.selection_ == wanted.selection_
    for scale in (2.0**-500, 2.0**500):
        got = DiversitySelector(20).fit(X, None, weight * scale, utility=utility)
        assert_array_equal(got.sample_indices_, wanted.sample_indices_)
        got = DiversitySelector(20).fit(
            X * scale, None, weight, utility=utility * scale
        )
        assert_array_equal(got.sample_indices_, wanted.sample_indices_)
        assert_allclose(got.value_, wanted.value_ * scale)
        assert_allclose(got.certificate_.share, wanted.certificate_.share)


def test_utilities_and_distances_of_any_size_together():
    X = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]])
    utility = np.array([0, 9, 0, 9, 0, 0.0])
    for scale in (1e-300, 1e300):
        few = DiversitySelector(3).fit(X, utility=utility * scale)
        rows = set(few.sample_indices_.tolist())
        assert rows == {0, 4, 5} if scale < 1 else rows > {1, 3}
        assert np.isfinite([few.value_, few.certificate_.bound]).all()
    large = DiversitySelector(3, trade_off=1e300).fit(X * 1e300, utility=utility)
    assert sorted(large.sample_indices_.tolist()) == [0, 4, 5]
    assert large.value_ == np.inf  # it has no number, but the rows are found
