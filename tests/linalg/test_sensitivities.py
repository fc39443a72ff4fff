"""l_p sensitivities: vertices, programs, descent; inequalities; estimators."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from coreselect import LewisSelector, LpSensitivitySelector
from coreselect.linalg import (
    _shares,
    leverage_scores,
    lewis_weights,
    lp_sensitivities,
    max_sensitivity,
    total_sensitivity,
)
from coreselect.linalg._shares import share_bounds
from tests._kernels import reference_lewis as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def kinds(rng, n=60, d=3):
    A = rng.standard_normal((n, d))
    return {
        "normal": A,
        "cauchy": rng.standard_t(1.0, (n, d)),
        "one-hot": np.eye(d)[np.arange(n) % d] * rng.pareto(1.0, (n, 1)),
        "copies": np.repeat(A[: n // 3], 3, axis=0),
        "deficient": A @ np.diag([1.0, 1.0, 0.0]) @ rng.standard_normal((d, d)),
    }


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("p", [0.5, 1.0])
def test_exact_ones_are_those_of_vertex_enumeration(rng, d, p):
    A = rng.standard_t(1.5, (25, d))
    wanted = reference.sensitivities_by_vertices(A, p)
    assert_allclose(lp_sensitivities(A, p), wanted, rtol=1e-6)


def test_p_of_one_in_more_columns_is_the_linear_program(rng):
    A = rng.standard_t(1.5, (80, 6))
    found = lp_sensitivities(A, 1)
    for i in (0, 17, 42):
        assert_allclose(found[i], reference.sensitivity_by_program(A, i), rtol=1e-6)


@pytest.mark.parametrize("p", [1.2, 1.5, 2.5, 3.0, 4.0, 8.0])
def test_other_powers_are_those_of_descent(rng, p):
    """T6: undamped reweighting oscillates from p = 3 on."""
    A = rng.standard_t(3.0, (50, 4))
    found = lp_sensitivities(A, p)
    wanted = [reference.sensitivity_by_descent(A, i, p) for i in (0, 7, 31)]
    assert_allclose(found[[0, 7, 31]], wanted, rtol=1e-5)


def test_p_of_two_is_leverage(rng):
    A = rng.standard_normal((50, 4))
    assert_allclose(lp_sensitivities(A, 2), leverage_scores(A), rtol=1e-12)


@pytest.mark.parametrize("p", [1.0, 1.5, 4.0])
def test_the_bounds_enclose(rng, p):
    A = np.linalg.qr(rng.standard_t(2.0, (40, 3)))[0]
    early = share_bounds(A, A, p, n_iter=3, tol=1e-9)
    late = share_bounds(A, A, p, n_iter=300, tol=1e-9)
    assert (early[0] <= late[1] * (1 + 1e-9)).all()
    assert (early[1] >= late[0] * (1 - 1e-9)).all()
    assert (late[1] <= late[0] * (1 + 1e-6)).all()
    assert (early[1] > early[0] * (1 + 1e-6)).any()


@pytest.mark.parametrize("kind", ["normal", "cauchy", "one-hot", "copies", "deficient"])
@pytest.mark.parametrize("p", [1.0, 1.5, 3.0])
def test_inequalities_with_leverage_and_lewis_weights(rng, kind, p):
    A = kinds(rng)[kind]
    n = len(A)
    sigma, w, tau = lp_sensitivities(A, p), lewis_weights(A, p), leverage_scores(A)
    r = round(tau.sum())
    slack = 1 + 1e-6
    if p <= 2:
        assert (sigma <= w * slack).all()
        assert (w <= r ** (1 - p / 2) * sigma * slack + 1e-12).all()
        assert (n ** (p / 2 - 1) * tau ** (p / 2) <= sigma * slack + 1e-12).all()
        assert (sigma <= tau ** (p / 2) * slack + 1e-12).all()
        assert r ** (p / 2) / slack <= sigma.sum() <= r * slack
    else:
        assert (w <= sigma * slack + 1e-12).all()
        assert (sigma <= r ** (p / 2 - 1) * w * slack + 1e-12).all()
        assert (tau ** (p / 2) <= sigma * slack + 1e-12).all()
        assert (sigma <= n ** (p / 2 - 1) * tau ** (p / 2) * slack + 1e-12).all()
        assert r / slack <= sigma.sum() <= r ** (p / 2) * slack


def test_defined_results_at_the_edges(rng):
    for p in (1.0, 1.5, 3.0):
        assert_allclose(lp_sensitivities(np.eye(4), p), 1.0, rtol=1e-6)
        assert_array_equal(lp_sensitivities(np.zeros((4, 2)), p), 0.0)
        wide = rng.standard_normal((4, 7))  # d > n
        for method in ("exact", "approximate"):
            assert_allclose(lp_sensitivities(wide, p, method=method), 1.0, rtol=1e-6)
        constant = lp_sensitivities(np.ones((10, 2)), p)
        assert_allclose(constant, 0.1, rtol=1e-6)
        A = rng.standard_normal((20, 2))
        assert_allclose(
            lp_sensitivities(A * 1e-200, p), lp_sensitivities(A, p), rtol=1e-6
        )
        padded = np.vstack([[0.0, 0.0], A])
        found = lp_sensitivities(padded, p)
        assert found[0] == 0
        assert_allclose(found[1:], lp_sensitivities(A, p), rtol=1e-6)
        alone = np.zeros((21, 3))  # a row outside the span of the others
        alone[:20, :2], alone[20, 2] = A, 1e-6
        assert_allclose(lp_sensitivities(alone, p)[20], 1.0, rtol=1e-6)
        copies = lp_sensitivities(np.repeat(A, 3, axis=0), p)
        weighted = lp_sensitivities(A, p, sample_weight=np.full(20, 3.0))
        assert_allclose(copies.reshape(20, 3).sum(axis=1), weighted, rtol=1e-6)


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 4.0])
def test_approximate_ones_are_overestimates_within_a_factor(rng, p):
    A = rng.standard_t(1.5, (1200, 3))
    got = lp_sensitivities(A, p, method="approximate", random_state=0)
    probe = np.unique(np.concatenate([np.argsort(-got)[:5], np.arange(0, 1200, 150)]))
    if p < 1:
        assert_allclose(got, np.minimum(1, lewis_weights(A, p)), rtol=0.02)
        return
    Q = np.linalg.qr(A)[0]
    exact = share_bounds(Q, Q[probe], p, n_iter=300, tol=1e-7)[0]
    ratio = got[probe] / exact
    assert ratio.min() >= 1 - 1e-6
    assert ratio.max() < 4


@pytest.mark.parametrize("p", [1.0, 4.0])
def test_approximate_ones_are_nearer_than_the_bounds_of_lewis_weights(p):
    """In ten columns these are off by 2 and more, the embedding by its slack of 1.5."""
    A = np.random.default_rng(0).standard_normal((2000, 10))
    got = lp_sensitivities(A, p, method="approximate", random_state=0)
    Q, probe = np.linalg.qr(A)[0], np.arange(0, 2000, 100)
    exact = share_bounds(Q, Q[probe], p, n_iter=300, tol=1e-7)[0]
    bounds = lewis_weights(A, p)[probe] * 10 ** max(0.0, p / 2 - 1)
    nearer, far = got[probe] / exact, bounds / exact
    assert 1.2 < np.exp(np.log(nearer).mean()) < 1.8  # slack included
    assert np.log(nearer).mean() < 0.8 * np.log(far).mean()


def test_weights_count_whatever_the_power(rng):
    """At p = 0.02, as factors m**(1/p) of rows they would swamp all others."""
    A = rng.standard_normal((15, 2))
    copies = rng.integers(1, 4, 15)
    row = np.repeat(np.arange(15), copies)
    for p in (0.02, 0.5, 1.0, 3.0):
        split = np.bincount(row, lp_sensitivities(A[row], p))
        assert_allclose(lp_sensitivities(A, p, sample_weight=copies), split, rtol=1e-5)


@pytest.mark.parametrize("p", [1e-3, 300.0, 1000.0])
def test_powers_at_the_ends_give_numbers(rng, p):
    A = rng.standard_normal((100, 10))
    got = lp_sensitivities(A, p, method="approximate")
    assert ((got > 0) & (got <= 1)).all()
    if p > 1:  # the row that is largest at some x has nearly all of the sum there
        assert got.max() > 0.99
        selector = LewisSelector("auto", p=p, epsilon=0.5, max_iter=20)
        with pytest.warns(ConvergenceWarning, match="residual"):
            assert len(selector.fit(A).selection_) == 100


def test_bounds_that_stay_apart_are_warned_of(rng):
    A = rng.standard_normal((40, 4))
    with pytest.warns(ConvergenceWarning, match="only known up to a factor of 1"):
        low = lp_sensitivities(A, 150.0)
    high = lp_sensitivities(A, 150.0, method="approximate")  # all rows: from above
    assert (high > low * (1 + 1e-6)).any()
    assert (high >= low * (1 - 1e-9)).all()


def test_many_columns_need_no_products_of_all_pairs(rng):
    """All pairs of 80 columns and 3000 rows would be 78 MB."""
    A = np.linalg.qr(rng.standard_t(2.0, (3000, 80)))[0]
    tracemalloc.start()
    many = share_bounds(A, A[:3], 1.5, n_iter=3, tol=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    for p, before in ((1.0, None), (1.5, many)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_shares, "_MOST_PRODUCTS", np.inf)
            wanted = share_bounds(A, A[:3], p, n_iter=3, tol=0.01)
        found = before or share_bounds(A, A[:3], p, n_iter=3, tol=0.01)
        assert_allclose(found, wanted, rtol=1e-9)


@pytest.mark.parametrize("p", [1.0, 3.0])
def test_total_and_maximum_without_all_solves(rng, p):
    A = rng.standard_t(2.0, (120, 3))
    sigma = lp_sensitivities(A, p)
    found = [total_sensitivity(A, p, n_solves=40, random_state=s) for s in range(25)]
    values = np.array([f.value for f in found])
    error = values.std(ddof=1) / 5
    # Of 25 values: quantiles of t and chi-square (24), as rare as |z| = 4.5.
    assert abs(values.mean() - sigma.sum()) < 5.7 * error
    stated = np.mean([f.standard_error**2 for f in found])
    assert 4.3 < 24 * values.var(ddof=1) / stated < 69
    # A wrong twin, rows drawn alike but not reweighted, is far off.
    w = lewis_weights(A, p)
    assert abs((w @ sigma) / w.sum() * len(A) - sigma.sum()) > 5.7 * error
    best = max_sensitivity(A, p)
    assert_allclose(best.lower, sigma.max(), rtol=1e-6)
    assert_allclose(best.upper, sigma.max(), rtol=1e-6)


def test_a_maximum_with_few_solves_is_an_interval(rng):
    A = rng.standard_normal((200, 3))
    found = max_sensitivity(A, 1, max_solves=1)
    largest = max_sensitivity(A, 1).lower
    assert found.lower <= largest * (1 + 1e-9)
    assert found.upper >= largest * (1 - 1e-9)
    assert found.upper <= 3**0.5 * found.lower * 1.02


def test_bad_arguments_are_named(rng):
    for p in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"p must be between 0\.001 and 1000"):
            lp_sensitivities(np.eye(3), p)
        with pytest.raises(ValueError, match=r"p must be between 0\.001 and 1000"):
            LpSensitivitySelector(2, p=p).fit(np.eye(3))
        with pytest.raises(ValueError, match="p must be"):
            total_sensitivity(np.eye(3), p)
    with pytest.raises(ValueError, match="p must be between 1 and 1000"):
        max_sensitivity(np.eye(3), 0.5)
    with pytest.raises(ValueError, match=r"p < 1 tries all vertices.*approximate"):
        lp_sensitivities(rng.standard_normal((9, 4)), 0.5)
    with pytest.raises(ValueError, match="method must be one of"):
        lp_sensitivities(np.eye(3), 1, method="fast")


# --- the selector ---


def test_methods_and_their_scores(rng):
    A = rng.standard_t(1.5, (200, 3))
    sigma, tau = lp_sensitivities(A, 1), leverage_scores(A)
    plain = LpSensitivitySelector(20, method="plain", exact=True).fit(A)
    assert_allclose(plain.scores_, sigma, rtol=1e-9)
    assert_allclose(plain.total_sensitivity_, sigma.sum())
    augmented = LpSensitivitySelector(20, exact=True).fit(A)
    assert_allclose(augmented.scores_, sigma + tau + 1 / 200, rtol=1e-9)


def test_root_leverage_nears_lewis_weights(rng):
    """T9: a single round costs n**(1 - p/2) d**(p/2), the refined scores about d."""
    A = rng.standard_normal((3000, 3)) * (1 + rng.pareto(1.0, (3000, 1)))
    once = np.sqrt(leverage_scores(A))
    refined = LpSensitivitySelector(20, method="root_leverage").fit(A)
    assert once.sum() > 4 * refined.total_sensitivity_
    assert refined.total_sensitivity_ < 6
    far = np.abs(np.log(refined.scores_ / lewis_weights(A, 1))).max()
    assert far <= 1
    with pytest.raises(ValueError, match=r"root_leverage.* needs p < 2, got p=2"):
        LpSensitivitySelector(2, p=2, method="root_leverage").fit(A)


def test_root_leverage_does_not_depend_on_the_unit_of_weights(rng):
    A = rng.standard_t(1.5, (2000, 4))
    found = [
        LpSensitivitySelector(9, method="root_leverage").fit(A, sample_weight=w).scores_
        for w in (None, np.full(2000, 1 / 2000), np.full(2000, 1e9))
    ]
    for scores in found[1:]:
        assert_allclose(scores / scores.sum(), found[0] / found[0].sum(), rtol=1e-9)


def test_many_rounds_of_root_leverage_do_not_overflow(rng):
    """At p = 0.005 some 700, after which 6**700 would be infinite."""
    A = rng.standard_t(3.0, (300, 6))
    found = LpSensitivitySelector(9, p=0.005, method="root_leverage").fit(A)
    assert_allclose(found.scores_.sum(), 6, rtol=1e-9)
    far = np.log(found.scores_ / lewis_weights(A, 0.02, tol=1e-3))
    assert np.abs(far).max() < 1.5


def test_all_zero_rows_are_refused():
    for method in ("plain", "augmented", "root_leverage"):
        with pytest.raises(ValueError, match=r"every row .* use UniformSelector"):
            LpSensitivitySelector(2, method=method).fit(np.zeros((5, 2)))
