"""Lewis weights: their equation, closed forms, other routes, numerical traps."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from coreselect import LewisSelector, linalg
from coreselect.linalg import leverage_scores, lewis_weights
from coreselect.rows import open as open_rows
from tests._kernels import reference_lewis as reference

POWERS = [0.5, 1.0, 1.5, 3.0, 4.0, 8.0, 20.0]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def heavy_rows(rng, n=300, d=5):
    return rng.standard_t(1.0, (n, d)) * np.exp(rng.standard_normal((n, 1)))


def predicted(p, start, tol=1e-8):
    """Iterations from a residual to a tolerance at the rate |p - 2| / (p + 2)."""
    return np.log(start / tol) / np.log((p + 2) / abs(p - 2))


@pytest.mark.parametrize("p", POWERS)
def test_weights_solve_their_equation_at_the_predicted_rate(rng, p):
    A = heavy_rows(rng)
    found = lewis_weights(A, p, full_output=True)
    tau = reference.rescaled_leverage(A, found.weights, p)
    residual = np.abs(np.log(tau / found.weights)).max()
    assert_allclose(found.residual, residual, atol=1e-9)
    assert found.residual < 1e-8
    assert_allclose(found.weights.sum(), 5, rtol=1e-8)
    start = np.abs(np.log(leverage_scores(A) / (5 / len(A)))).max()
    assert found.n_iter <= predicted(p, start) + 3


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 3.0])
def test_weights_match_the_contraction_of_cohen_and_peng(rng, p):
    A = heavy_rows(rng, 60, 3)
    assert_allclose(
        lewis_weights(A, p), reference.lewis_by_contraction(A, p), rtol=1e-6
    )


def test_the_contraction_cycles_at_4_where_ours_converges(rng):
    """T5: with exponent p/2 = 2 the error changes its sign and stays."""
    A = heavy_rows(rng, 60, 3)
    w = reference.lewis_by_contraction(A, 4.0)
    assert np.abs(np.log(reference.rescaled_leverage(A, w, 4.0) / w)).max() > 0.1
    assert lewis_weights(A, 4.0, full_output=True).residual < 1e-8


def test_p_of_two_is_leverage_after_one_iteration(rng):
    A = heavy_rows(rng)
    found = lewis_weights(A, 2, full_output=True)
    assert_allclose(found.weights, leverage_scores(A), rtol=1e-12)
    assert found.n_iter == 1


@pytest.mark.parametrize("p", POWERS)
def test_closed_form_in_one_dimension(p):
    """One column: the share in the sum of |a|**p."""
    a = np.array([1.0, -2.0, 0.0, 3.0])
    wanted = np.abs(a) ** p / (np.abs(a) ** p).sum()
    assert_allclose(lewis_weights(a[:, None], p), wanted, rtol=1e-7, atol=0)


@pytest.mark.parametrize("p", [0.7, 1.0, 4.0])
def test_copies_share_the_weight_of_the_merged_row(rng, p):
    """c copies of c**(-1/p) a weigh together what a does."""
    A = heavy_rows(rng, 40, 3)
    copies = rng.integers(1, 5, 40)
    row = np.repeat(np.arange(40), copies)
    split = lewis_weights((A * (copies ** (-1 / p))[:, None])[row], p)
    assert_allclose(np.bincount(row, split), lewis_weights(A, p), rtol=1e-7)
    weighted = lewis_weights(A, p, sample_weight=copies)
    assert_allclose(np.bincount(row, lewis_weights(A[row], p)), weighted, rtol=1e-7)


@pytest.mark.parametrize("p", [1.0, 6.0])
def test_a_change_of_basis_changes_nothing(rng, p):
    A = heavy_rows(rng)
    changed = lewis_weights(A @ rng.standard_normal((5, 5)), p)
    assert_allclose(changed, lewis_weights(A, p), rtol=1e-6)


@pytest.mark.parametrize("p", [0.25, 0.5, 1.0, 20.0])
def test_rows_of_very_different_scales_reach_the_tolerance(rng, p):
    """T4: squared rows of Q would never get there."""
    scales = np.geomspace(1e-100, 1, 300)[:, None]
    found = lewis_weights(rng.standard_normal((300, 4)) * scales, p, full_output=True)
    assert found.residual < 1e-8
    tiny = lewis_weights(rng.standard_normal((300, 4)) * 1e-200, p, full_output=True)
    assert tiny.residual < 1e-8


def test_large_and_small_p(rng):
    for p in (0.1, 100.0):
        assert (
            lewis_weights(heavy_rows(rng, 50, 3), p, full_output=True).residual < 1e-8
        )


@pytest.mark.parametrize("p", [0.1, 50.0])
def test_hundreds_of_iterations_in_many_columns(rng, p):
    """A transform that grew by the rank each time would overflow after 173."""
    found = lewis_weights(rng.standard_t(3.0, (2000, 60)), p, full_output=True)
    assert found.residual < 1e-8
    assert found.n_iter > 173


@pytest.mark.parametrize("p", [4.0, 5.0, 8.0, 30.0, 100.0])
def test_from_four_on_where_nothing_is_proved(rng, p):
    """No contraction is known there: rows of every kind that may cause trouble."""
    hot = np.eye(4)[rng.integers(0, 4, 200)]
    kinds = {
        "normal": rng.standard_normal((200, 6)),
        "heavy": heavy_rows(rng, 200, 6),
        "few": rng.standard_normal((8, 6)),
        "one-hot": np.hstack([hot, rng.standard_t(2.0, (200, 2))]),
        "powers": np.vander(np.linspace(-1, 1, 200), 6),
        "spike": np.vstack([rng.standard_normal((200, 6)), np.full((1, 6), 1e3)]),
    }
    for kind, A in kinds.items():
        found = lewis_weights(A, p, max_iter=4000, full_output=True)
        tau = reference.rescaled_leverage(A, found.weights, p)
        assert found.residual < 1e-8, kind
        assert_allclose(tau, found.weights, rtol=1e-5, atol=1e-12, err_msg=kind)
        assert found.n_iter <= 2 * predicted(p, 20.0)


def test_defined_results_at_the_edges(rng):
    for p in (0.5, 1.0, 5.0):
        wide = rng.standard_normal((3, 7))
        assert_allclose(lewis_weights(wide, p), 1.0, rtol=1e-7)  # d > n
        assert_allclose(lewis_weights(np.eye(4), p), 1.0, rtol=1e-7)
        assert_allclose(lewis_weights(np.zeros((5, 2)), p), 0.0)
        padded = np.vstack([np.zeros((2, 3)), rng.standard_normal((20, 3))])
        found = lewis_weights(padded, p)
        assert_allclose(found[:2], 0.0)
        assert_allclose(found[2:], lewis_weights(padded[2:], p), rtol=1e-7)
        same = lewis_weights(np.ones((10, 2)), p, full_output=True)  # constant columns
        assert same.rank == 1
        assert_allclose(same.weights, 0.1, rtol=1e-7)


def test_dependent_columns_weigh_as_after_dropping_one(rng):
    A = rng.integers(-9, 10, (200, 4)).astype(float)
    A[:, 3] = A[:, 0] + 2 * A[:, 1]
    for p in (0.5, 1.0, 4.0):
        assert_allclose(lewis_weights(A, p), lewis_weights(A[:, :3], p), rtol=1e-6)


def test_an_intercept_is_a_column_of_ones(rng):
    A = heavy_rows(rng)
    wanted = lewis_weights(np.column_stack([A, np.ones(300)]), 1)
    assert_allclose(lewis_weights(A, 1, fit_intercept=True), wanted, rtol=1e-7)


def test_layouts_blocks_and_zero_weights_agree(rng):
    A = heavy_rows(rng)
    A[rng.random(A.shape) < 0.3] = 0
    wanted = lewis_weights(A, 1.0)
    for layout in (
        np.asfortranarray(A),
        sparse.csr_array(A),
        open_rows(A, block_rows=7),
    ):
        assert_allclose(lewis_weights(layout, 1.0), wanted, rtol=1e-9)
    weight = rng.integers(0, 2, 300)
    part = lewis_weights(A, 1.0, sample_weight=weight)
    assert_allclose(part[weight == 0], 0)
    assert_allclose(part[weight > 0], lewis_weights(A[weight > 0], 1.0), rtol=1e-7)


def test_float32_rows_are_summed_in_float64(rng):
    A = heavy_rows(rng).astype(np.float32)
    wanted = lewis_weights(A.astype(np.float64), 1)
    assert_allclose(lewis_weights(A, 1), wanted, rtol=1e-7)


def test_a_residual_that_is_not_reached_is_reported(rng):
    with pytest.warns(ConvergenceWarning, match=r"after 3 .*tol=1e-08; raise max_iter"):
        found = lewis_weights(heavy_rows(rng), 1, max_iter=3, full_output=True)
    assert found.n_iter == 3
    assert found.residual > 0.1  # too much, also for drawing rows
    with pytest.warns(ConvergenceWarning, match="0.1 is enough; otherwise, raise"):
        near = lewis_weights(heavy_rows(rng), 1, max_iter=6, full_output=True)
    assert 1e-8 < near.residual < 0.1


def test_the_exponent_is_halved_where_residuals_grow(rng, monkeypatch):
    """With an exponent that is far too large, the safeguard still gets there."""
    steps = []
    original = linalg.lewis._pass

    def too_far(rows, state, p, step):
        steps.append(step)
        return original(rows, state, p, 2 * step)

    monkeypatch.setattr(linalg.lewis, "_pass", too_far)
    found = lewis_weights(heavy_rows(rng), 1.0, full_output=True)
    assert found.residual < 1e-8
    assert min(steps) <= steps[0] / 2


@pytest.mark.parametrize("p", [0, -1.0, np.nan, np.inf])
def test_bad_powers_are_named(p):
    with pytest.raises(ValueError, match=r"p must be between 0\.001 and 1000"):
        lewis_weights(np.eye(3), p)
    with pytest.raises(ValueError, match=r"p must be between 0\.001 and 1000"):
        LewisSelector(2, p=p).fit(np.eye(3))


def test_other_bad_arguments_are_named():
    with pytest.raises(TypeError, match="p must be a number, got '1'"):
        lewis_weights(np.eye(3), "1")
    with pytest.raises(ValueError, match="tol must be finite and above 0"):
        lewis_weights(np.eye(3), 1, tol=0)
    with pytest.raises(ValueError, match="max_iter must be at least 1"):
        lewis_weights(np.eye(3), 1, max_iter=0)


def test_the_selector_takes_the_weights_as_scores(rng):
    A = heavy_rows(rng)
    selector = LewisSelector(20, p=1, tol=1e-8, random_state=0).fit(A)
    assert_allclose(selector.scores_, lewis_weights(A, 1), rtol=1e-12)
    assert selector.residual_ < 1e-8
    assert selector.rank_ == 5
    with pytest.raises(ValueError, match=r"every row .* use UniformSelector"):
        LewisSelector(2).fit(np.zeros((5, 2)))


def test_no_warning_on_ordinary_data(rng):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LewisSelector(20, p=1).fit(heavy_rows(rng))
    assert caught == []
