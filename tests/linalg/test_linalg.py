"""Leverage scores: closed forms, identities, extended precision, numerical traps."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from benchmarks import extended, ranks
from coreselect import (
    LeverageSelector,
    LewisSelector,
    LogisticSelector,
    LpSensitivitySelector,
    linalg,
    metrics,
)
from coreselect.linalg import _passes, _whitenings, leverage_scores, leverage_whitening
from coreselect.rows import open as open_rows
from tests._kernels import reference

EXACT = ["auto", "gram", "qr", "svd"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def heavy_rows(rng, n=300, d=5):
    return rng.standard_normal((n, d)) * np.exp(2 * rng.standard_normal((n, 1)))


def by_definition(A, alpha=0.0):
    return np.einsum(
        "ij,jk,ik->i", A, np.linalg.pinv(A.T @ A + alpha * np.eye(A.shape[1])), A
    )


def of_condition(rng, condition, n=10_000, d=20, *, heavy=False):
    """Rows of a matrix of about that condition number (after scaling columns)."""
    U = np.linalg.qr(rng.standard_normal((n, d)))[0]
    V = np.linalg.qr(rng.standard_normal((d, d)))[0]
    A = (U * np.repeat([1.0, 1 / condition], [d // 2, d - d // 2])) @ V.T
    return A * np.exp(3 * rng.standard_normal((n, 1))) if heavy else A


def relative_error(scores, wanted):
    return float(np.max(np.abs(scores - wanted) / wanted))


@pytest.mark.parametrize("solver", EXACT)
def test_closed_form_in_one_dimension(solver):
    """One column: the share in the sum of squares."""
    scores = leverage_scores([[1.0], [-2.0], [0.0], [2.0]], solver=solver)
    assert_allclose(scores, np.array([1, 4, 0, 4]) / 9, rtol=1e-14)


@pytest.mark.parametrize("solver", EXACT)
def test_scores_match_the_definition_and_add_up_to_the_rank(rng, solver):
    A = heavy_rows(rng)
    scores = leverage_scores(A, solver=solver)
    assert_allclose(scores, by_definition(A), rtol=1e-9)
    assert_allclose(scores.sum(), 5, rtol=1e-12)
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_a_change_of_basis_changes_nothing(rng):
    A = heavy_rows(rng)
    assert_allclose(
        leverage_scores(A @ rng.standard_normal((5, 5))), leverage_scores(A), rtol=1e-9
    )


def test_a_row_that_alone_spans_a_direction_has_score_one(rng):
    A = np.zeros((30, 3))
    A[:-1, :2] = rng.standard_normal((29, 2))
    A[-1, 2] = 1e-9
    scores = leverage_scores(A)
    assert_allclose(scores[-1], 1, rtol=1e-12)
    assert scores[:-1].max() < 1


def test_copies_share_the_score_of_the_merged_row(rng):
    """c copies of a row have together the score of sqrt(c) times the row."""
    A = heavy_rows(rng, 40)
    copies = rng.integers(1, 5, 40)
    row = np.repeat(np.arange(40), copies)
    together = np.bincount(row, leverage_scores(A[row]))
    assert_allclose(together, leverage_scores(A, sample_weight=copies), rtol=1e-10)
    roots = np.sqrt(copies)[:, None]
    assert_allclose(together, leverage_scores(A * roots), rtol=1e-10)


@pytest.mark.parametrize("solver", EXACT)
def test_ridge_scores_match_the_definition(rng, solver):
    A = heavy_rows(rng)
    scores = leverage_scores(A, alpha=3.0, solver=solver)
    assert_allclose(scores, by_definition(A, 3.0), rtol=1e-9)
    squares = np.linalg.svd(A, compute_uv=False) ** 2
    assert_allclose(scores.sum(), (squares / (squares + 3)).sum(), rtol=1e-10)


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("alpha", [0.0, 2.0])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_an_intercept_is_a_column_of_ones(rng, solver, alpha, container):
    A, weight = heavy_rows(rng), rng.random(300)
    wanted = leverage_scores(
        np.column_stack([A, np.ones(300)]), alpha=alpha, sample_weight=weight
    )
    got = leverage_scores(
        container(A),
        alpha=alpha,
        fit_intercept=True,
        sample_weight=weight,
        solver=solver,
    )
    assert_allclose(got, wanted, rtol=1e-10)


def test_an_intercept_far_from_the_data_keeps_accuracy(rng):
    """A mean of 1e6 standard deviations: the Gram matrix alone would lose 12 digits."""
    centred = rng.standard_normal((2000, 3))
    centred -= centred.mean(axis=0)
    wanted = 1 / 2000 + reference.leverage(centred)
    got = leverage_scores(centred + 1e6, fit_intercept=True)
    assert relative_error(got, wanted) < 1e-8  # 1e6 + x is itself rounded to 1e-10


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize(("condition", "bound"), [(1e4, 1e-9), (1e10, 1e-5)])
def test_row_wise_accuracy_against_extended_precision(rng, condition, bound, heavy):
    A = of_condition(rng, condition, heavy=heavy)
    wanted = reference.leverage(A)
    assert relative_error(leverage_scores(A), wanted) < bound
    # The same bounds reject the Gram matrix alone, also with columns scaled.
    A = A / np.linalg.norm(A, axis=0)
    squared = np.einsum("ij,ij->i", A @ np.linalg.pinv(A.T @ A, hermitian=True), A)
    assert relative_error(squared, wanted) > bound


def test_squared_rows_of_q_fail_where_a_row_is_tiny(rng):
    """T4: rows of Q are accurate beside 1, not beside themselves."""
    A = rng.standard_normal((500, 6))
    A[0] *= 1e-12
    wanted = reference.leverage(A)
    assert relative_error(leverage_scores(A), wanted) < 1e-12
    Q = np.linalg.qr(A)[0]
    assert relative_error((Q**2).sum(axis=1), wanted) > 1e-9


def test_auto_takes_the_solver_that_the_condition_number_asks_for(rng):
    def found(A):
        return linalg.leverage_whitening(open_rows(A))

    assert found(of_condition(rng, 10)).solver == "gram"
    assert found(of_condition(rng, 1e5)).solver == "gram"
    assert found(of_condition(rng, 1e10)).solver == "qr"
    deficient = rng.standard_normal((500, 4)) @ rng.standard_normal((4, 6))
    assert found(deficient).solver == "svd"
    assert found(deficient).rank == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["auto", "svd"])
def test_dependent_columns_score_as_after_dropping_one(rng, dtype, solver):
    A = rng.integers(-9, 10, (400, 5)).astype(dtype)
    A[:, 4] = A[:, 0] + 2 * A[:, 1]
    scores = leverage_scores(A, solver=solver)
    assert_allclose(scores, leverage_scores(A[:, :4]), rtol=1e-9, atol=1e-15)
    assert_allclose(scores.sum(), 4, rtol=1e-10)


def test_columns_that_depend_up_to_rounding_do_not_count_noise(rng):
    A = rng.standard_normal((5000, 30))
    A[:, 29] = A[:, :29] @ rng.standard_normal(29)
    assert_allclose(leverage_scores(A).sum(), 29, rtol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_float32_values_have_the_scores_of_the_same_float64_values(rng, offset):
    """What they were rounded to is what they are: no direction of theirs is noise."""
    A = (rng.standard_normal((2000, 4)) + offset).astype(np.float32)
    A[:, 3] = A[:, 0] + A[:, 1]  # up to 6e-8, which is a direction
    for fit_intercept in (False, True):
        wanted = leverage_scores(A.astype(np.float64), fit_intercept=fit_intercept)
        scores = leverage_scores(A, fit_intercept=fit_intercept)
        assert_allclose(scores, wanted, rtol=1e-12)
        assert_allclose(scores.sum(), 4 + fit_intercept, rtol=1e-9)


def test_ranks_of_columns_that_depend_on_each_other():
    """Constants, dummies, copies and sums; beside the rank in extended precision."""
    if not extended.AVAILABLE:
        pytest.skip("long double is double here")
    assert [
        words for seed in range(80, 220) if (words := ranks.wrong(seed, 5000))
    ] == []


@pytest.mark.parametrize("solver", ["auto", "svd", "sketch"])
@pytest.mark.parametrize("n", [871, 1500, 8192, 20_000])
def test_constants_beside_an_intercept_add_no_rank(rng, n, solver):
    """All rounding goes one way: it grows with the rows that are added up at a time."""
    X = np.column_stack([np.full(n, 2024.0), np.full(n, 0.1), rng.standard_normal(n)])
    scores = leverage_scores(X, fit_intercept=True, solver=solver, random_state=0)
    assert_allclose(scores.sum(), 2, rtol=0.9 if solver == "sketch" else 1e-9)
    found = leverage_whitening(open_rows(X), fit_intercept=True, solver=solver, seed=0)
    assert found.rank == found.transform.shape[1] == 2


def test_what_uses_the_rank_gets_the_right_one(rng):
    """A direction of noise broke Lewis weights, and what is measured along it."""
    n = 1500
    X = np.column_stack([np.full(n, 2024.0), rng.standard_normal(n)])
    y = rng.integers(0, 2, n)
    for p in (1, 3):
        weights = linalg.lewis_weights(X, p, fit_intercept=True)
        assert_allclose(weights, linalg.lewis_weights(X, p), rtol=1e-6)
    found = linalg.total_sensitivity(X, 1, fit_intercept=True, random_state=0)
    wanted = linalg.total_sensitivity(X, 1, random_state=0)
    assert_allclose(found.value, wanted.value, rtol=1e-6)
    for cls in (LewisSelector, LogisticSelector, LpSensitivitySelector):
        assert cls(50, fit_intercept=True, random_state=0).fit(X, y).rank_ == 2
    mu = linalg.mu_complexity(X, y, fit_intercept=True)
    assert_allclose(mu, linalg.mu_complexity(X, y), rtol=1e-5)
    selection = LeverageSelector(200, random_state=0).fit_select(X)
    assert_allclose(
        metrics.subspace_distortion(selection, X, fit_intercept=True),
        metrics.subspace_distortion(selection, X),
        rtol=1e-9,
    )


@pytest.mark.parametrize("corrected", [False, True])
def test_whitened_rows_are_orthonormal_however_ill_conditioned(rng, corrected):
    """What cannot be made orthonormal is left out: from condition 1e15 on."""
    for condition in 10.0 ** np.arange(0, 17, 2):
        rows = open_rows(of_condition(rng, condition, n=2000, d=6))
        whitening = leverage_whitening(
            rows,
            corrected=corrected,
        )
        B = rows.map(lambda block, found=whitening: linalg.whiten_block(block, found))
        off = np.linalg.norm(B.T @ B - np.eye(B.shape[1]), 2)
        # One Gram matrix, without correction, is off by some eps times condition**2.
        single = 1e-15 * condition**2 if condition < 300 and not corrected else 0.0
        assert off < 1e-12 + 1e-14 * min(condition, 1e13) + single
        assert B.shape[1] == (6 if condition < 1e15 else 3)


def test_a_whitening_that_no_rows_bear_out_is_refused(rng, monkeypatch):
    """Where the Gram matrix of whitened rows is not I, nothing is returned."""
    monkeypatch.setattr(_whitenings, "_gram_again", lambda rows, found, ridge: bad)
    bad = np.diag([1.0, 1.0, 10.0])
    A = of_condition(rng, 1e10, n=500, d=3)
    with pytest.raises(ValueError, match="too close to dependent for float64"):
        leverage_scores(A)


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_ridge_scores_of_wide_rows_match_the_definition(rng, fit_intercept):
    """Fewer rows than columns; columns without penalty, and of zeros, among them."""
    A = rng.standard_normal((20, 50))
    A[:, 7] = 0
    alpha = np.full(50 + fit_intercept, 0.3)
    alpha[[3, -1]] = 0.0
    rows = open_rows(A)
    found = leverage_whitening(rows, alpha=alpha, fit_intercept=fit_intercept)
    if fit_intercept:
        A = np.column_stack([A, np.ones(20)])
    gram = A.T @ A + np.diag(alpha)
    wanted = np.einsum("ij,ji->i", A, np.linalg.solve(gram, A.T))
    got = rows.map(lambda block: linalg.block_leverage(block, found))
    assert_allclose(got, wanted, rtol=1e-9)


@pytest.mark.slow
def test_rounding_over_many_chunks_adds_no_rank(rng, monkeypatch):
    """Standardised indicators of 12 classes and two columns: rank 13 of 14.

    A factor that takes in one chunk after the other is off by several times as much.
    """
    monkeypatch.setattr(_passes, "CHUNK", 32)
    chances = np.append(np.full(10, 0.0995), [0.004, 0.001])
    X = np.eye(12)[rng.choice(12, 200_000, p=chances)]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    X = np.column_stack([np.ones(len(X)), X, rng.standard_normal(len(X))])
    rows = open_rows(X)
    scale = _passes.column_scale(rows, False)

    def noise(factor):
        singular = np.linalg.svd(factor / np.linalg.norm(factor, axis=0))[1]
        return singular[-1] / singular[0]

    joined = noise(_passes.r_factor(rows, scale, False))
    assert joined < 2e-15
    one_by_one = np.empty((0, 14))
    for start in range(0, len(X), 32):
        stacked = np.vstack([one_by_one, X[start : start + 32] * scale])
        one_by_one = np.linalg.qr(stacked, mode="r")
    assert noise(one_by_one) > 2 * joined
    assert leverage_whitening(rows).rank == 13


def test_condition_1e10_is_full_rank_at_a_million_rows(rng):
    """A tolerance of max(n, d) eps would call it deficient."""
    A = of_condition(rng, 1e10, n=1_000_000, d=6)
    assert_allclose(leverage_scores(A).sum(), 6, rtol=1e-6)


def test_zero_columns_and_zero_rows(rng):
    A = heavy_rows(rng, 50)
    padded = np.zeros((53, 7))
    padded[:50, [0, 1, 3, 4, 6]] = A
    for solver in ("auto", "gram", "svd"):
        scores = leverage_scores(padded, solver=solver)
        assert_allclose(scores[:50], leverage_scores(A), rtol=1e-10)
        assert_array_equal(scores[50:], 0)
    assert_array_equal(leverage_scores(np.zeros((4, 2))), np.zeros(4))


def test_fewer_rows_than_columns_all_have_score_one(rng):
    assert_allclose(leverage_scores(rng.standard_normal((4, 9))), 1, rtol=1e-12)
    assert_allclose(leverage_scores(rng.standard_normal((1, 1))), 1, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310])
@pytest.mark.parametrize("solver", [*EXACT, "sketch"])
def test_huge_and_tiny_scales_change_nothing(rng, scale, solver):
    A = rng.standard_normal((200, 4))
    wanted = leverage_scores(A, solver=solver, random_state=0)
    got = leverage_scores(A * scale, solver=solver, random_state=0)
    assert_allclose(got, wanted, rtol=1e-10 if scale > 1e-300 else 1e-9)


def test_columns_of_very_different_units_change_nothing(rng):
    A = rng.standard_normal((200, 4))
    units = np.array([1e-180, 1e-3, 1.0, 1e190])
    assert_allclose(leverage_scores(A * units), leverage_scores(A), rtol=1e-10)


def test_a_ridge_far_above_or_below_the_data(rng):
    A = rng.standard_normal((200, 4))
    assert leverage_scores(A * 1e-200, alpha=1.0).max() < 1e-300
    assert_allclose(
        leverage_scores(A * 1e200, alpha=1.0), leverage_scores(A), rtol=1e-10
    )


def test_float32_rows_are_summed_in_float64(rng):
    A = rng.standard_normal((50_000, 3)).astype(np.float32)
    wanted = leverage_scores(A.astype(np.float64))
    assert_allclose(leverage_scores(A), wanted, rtol=1e-12)


@pytest.mark.parametrize("solver", EXACT)
def test_layouts_and_blocks_agree(rng, solver):
    A = heavy_rows(rng)
    A[rng.random(A.shape) < 0.3] = 0
    wanted = leverage_scores(A, solver=solver)
    repeated = sparse.csr_array(
        (np.full(4, 0.5), [0, 0, 1, 1], [0, 2, 4]), shape=(2, 2)
    )  # entries written in two parts: the identity
    assert_allclose(leverage_scores(repeated, solver=solver), 1, rtol=1e-14)
    layouts = [np.asfortranarray(A), sparse.csr_array(A), sparse.csr_matrix(A)]
    layouts += [open_rows(A, block_rows=b) for b in (1, 7, 64)]
    for layout in layouts:
        assert_allclose(leverage_scores(layout, solver=solver), wanted, rtol=1e-10)


@pytest.mark.parametrize("shape", [(50_000, 10), (12_000, 150)])
def test_sparse_rows_are_not_densified_whole(rng, monkeypatch, shape):
    largest = []
    dense = sparse.csr_array.toarray

    def spy(self, *args, **kwargs):
        largest.append(self.shape[0] * self.shape[1])
        return dense(self, *args, **kwargs)

    monkeypatch.setattr(sparse.csr_array, "toarray", spy)
    A = sparse.random_array(shape, density=0.05, format="csr", rng=rng)
    for solver in ("gram", "qr", "sketch"):
        leverage_scores(A, solver=solver, random_state=0)
    assert largest
    assert max(largest) <= 8192 * shape[1] < shape[0] * shape[1]


def test_wide_rows_need_no_square_of_the_columns(rng):
    """4 rows of 30,000 columns: a 30,000 x 30,000 matrix would take 7 GB."""
    A = rng.standard_normal((4, 30_000))
    for solver in ("auto", "svd", "sketch"):
        assert_allclose(leverage_scores(A, solver=solver, random_state=0), 1, rtol=1e-9)
    A[3] = A[0] + A[1]
    assert_allclose(leverage_scores(A).sum(), 3, rtol=1e-9)
    half = leverage_scores(A[:1], alpha=(A[0] ** 2).sum())
    assert_allclose(half, 0.5, rtol=1e-9)


def test_more_columns_than_memory_bears_say_so():
    A = sparse.eye_array(40_000, format="csr")
    with pytest.raises(ValueError, match=r"X has 40000 columns: .* 11.9 GiB .*Truncat"):
        leverage_scores(A)


# --- the sketch ---


def test_the_sketch_stays_within_its_factor(rng):
    A = heavy_rows(rng, 20_000, 30)
    wanted = leverage_scores(A)
    ratio = leverage_scores(A, solver="sketch", random_state=0) / wanted
    assert 1 / 2.5 < ratio.min() < ratio.max() < 2.5


def test_the_projection_is_unbiased_with_the_spread_of_chi_square(rng):
    """Few rows: the embedding is exact, what is left is chi2_64 / 64 (sd 0.177)."""
    A = rng.standard_normal((250, 70))
    wanted = leverage_scores(A)
    ratios = np.array(
        [
            leverage_scores(A, solver="sketch", random_state=s) / wanted
            for s in range(60)
        ]
    )
    ratios = ratios[:, wanted < 0.4]  # scores are cut at one
    z = (ratios.mean(axis=0) - 1) / (np.sqrt(2 / 64) / np.sqrt(60))
    assert np.abs(z).max() < 5.6  # of 250 numbers, as rare as 4.5 of one
    assert_allclose(ratios.std(axis=0).mean(), np.sqrt(2 / 64), rtol=0.05)


def test_the_sketch_does_not_depend_on_layout_or_blocks(rng):
    A = heavy_rows(rng, 3000, 70)
    A[rng.random(A.shape) < 0.5] = 0
    wanted = leverage_scores(A, solver="sketch", random_state=1)
    for layout in (sparse.csr_array(A), open_rows(A, block_rows=333)):
        got = leverage_scores(layout, solver="sketch", random_state=1)
        assert_allclose(got, wanted, rtol=1e-9)
    other = leverage_scores(A, solver="sketch", random_state=2)
    assert not np.allclose(other, wanted, rtol=1e-3)


def test_the_sketch_of_dependent_columns(rng):
    A = rng.standard_normal((5000, 4)) @ rng.standard_normal((4, 6))
    ratio = leverage_scores(A, solver="sketch", random_state=0) / leverage_scores(A)
    assert 1 / 2.5 < ratio.min() < ratio.max() < 2.5


# --- errors ---


def test_solvers_that_cannot_do_it_say_so(rng):
    A = rng.standard_normal((50, 3))
    A[:, 2] = A[:, 1]
    with pytest.raises(ValueError, match=r"solver='gram' needs .* use solver='auto'"):
        leverage_scores(A, solver="gram")
    with pytest.raises(ValueError, match=r"solver='qr' needs .* rank 2 with 3 columns"):
        leverage_scores(A, solver="qr")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"alpha": -1.0}, ValueError, "alpha must be at least 0, got -1.0"),
        ({"alpha": np.nan}, ValueError, "alpha must be at least 0, got nan"),
        ({"alpha": "1"}, TypeError, "alpha must be a number, got '1'"),
        ({"solver": "lu"}, ValueError, "solver must be one of"),
        ({"fit_intercept": 1}, TypeError, "fit_intercept must be True or False"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        leverage_scores(np.eye(3), **arguments)
