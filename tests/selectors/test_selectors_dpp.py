"""Selectors of determinantal processes and volume sampling."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.utils.estimator_checks import check_estimator

import coreselect
from coreselect import (
    ChristoffelSelector,
    CoresetEstimator,
    DPPSelector,
    GreedyDPPSelector,
    ProjectionDPPSelector,
    VolumeRescaledSelector,
    VolumeSelector,
)
from tests._kernels import reference_dpp as reference

LAWS = [
    DPPSelector(3, kernel="linear"),
    DPPSelector(5),
    ProjectionDPPSelector(),
    ProjectionDPPSelector(2),
    VolumeSelector(6),
    VolumeSelector(2, alpha=1.0),
    VolumeSelector(6, fit_intercept=True),
]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def fit_counts(selector, X, n_draws=3000, **params):
    fitted = clone(selector).set_params(random_state=0).fit(X, **params)
    counts = np.zeros(len(X))
    for seed in range(n_draws):
        counts[fitted.select(random_state=seed).indices] += 1
    return fitted, counts


@pytest.mark.parametrize("selector", LAWS, ids=repr)
def test_inclusion_probabilities_and_weights(rng, selector):
    """Counts within |z| < 4.5 of the probabilities, whose inverses are the weights."""
    X = rng.standard_normal((12, 3)) * rng.choice([0.5, 1, 3], (12, 1))
    weight = rng.choice([1.0, 2.0], 12)
    fitted, counts = fit_counts(selector, X, sample_weight=weight)
    pi = fitted.inclusion_probabilities()
    z = (counts - 3000 * pi) / np.sqrt(3000 * pi * (1 - pi) + 1e-9)
    assert abs(z).max() < 4.5
    uniform = pi.sum() / 12
    assert abs((counts - 3000 * uniform) / np.sqrt(3000 * uniform)).max() > 4.5
    selection = fitted.selection_
    chosen = selection.indices
    assert_allclose(selection.weights, weight[chosen] / pi[chosen])
    assert_array_equal(fitted.inclusion_probabilities(12), np.ones(12))


def test_inclusion_probabilities_of_rows_of_weight_zero(rng):
    X, weight = rng.standard_normal((9, 2)), np.ones(9)
    weight[4] = 0
    for selector in (
        DPPSelector(2, kernel="linear"),
        ProjectionDPPSelector(),
        VolumeSelector(4),
    ):
        pi = selector.fit(X, None, weight).inclusion_probabilities()
        assert pi[4] == 0
        assert_allclose(pi.sum(), len(selector.selection_))


def test_copies_are_weights(rng):
    """A row of weight 3 is as likely as its three copies together."""
    X, copies = rng.standard_normal((8, 3)), np.array([1, 3, 1, 1, 2, 1, 1, 1])
    row = np.repeat(np.arange(8), copies)
    for selector in (DPPSelector(2, kernel="linear"), ProjectionDPPSelector()):
        weighted = clone(selector).fit(X, None, copies).inclusion_probabilities()
        copied = clone(selector).fit(X[row]).inclusion_probabilities()
        assert_allclose(np.bincount(row, copied), weighted, rtol=1e-8)


def test_quality_multiplies_the_kernel(rng):
    X, quality = rng.standard_normal((8, 3)), rng.random(8)
    quality[2] = 0
    L = quality[:, None] * (X @ X.T) * quality
    wanted = reference.inclusion(reference.dpp_law(L, [2]), 8)
    selector = DPPSelector(2, kernel="linear").fit(X, quality=quality)
    assert_allclose(selector.inclusion_probabilities(), wanted, atol=1e-10)
    matrix = DPPSelector(2, kernel="precomputed").fit(X @ X.T, quality=quality)
    assert_allclose(matrix.inclusion_probabilities(), wanted, atol=1e-10)
    full = ProjectionDPPSelector().fit(X, quality=quality)
    wanted = reference.inclusion(reference.dpp_law(L, [3]), 8)
    assert_allclose(full.inclusion_probabilities(), wanted, atol=1e-10)


def test_rbf_is_exact_without_landmarks_to_spare(rng):
    X = rng.standard_normal((9, 2))
    L = np.exp(-0.5 * ((X[:, None] - X) ** 2).sum(axis=2))
    wanted = reference.inclusion(reference.dpp_law(L, [4]), 9)
    selector = DPPSelector(4).fit(X)
    assert_allclose(selector.inclusion_probabilities(), wanted, rtol=1e-8)
    assert selector.kernel_error_ < 1e-12
    by_function = DPPSelector(
        4, kernel=lambda A, B: np.exp(-0.5 * ((A[:, None] - B) ** 2).sum(axis=2))
    ).fit(X)
    assert_allclose(by_function.inclusion_probabilities(), wanted, rtol=1e-8)
    matrix = DPPSelector(4, kernel="precomputed").fit(L)
    assert_allclose(matrix.inclusion_probabilities(), wanted, rtol=1e-8)


def test_a_random_number_of_rows(rng):
    X = rng.standard_normal((30, 3))
    selector = DPPSelector(None, kernel="linear", random_state=0).fit(X)
    sizes = [len(selector.select(random_state=s)) for s in range(400)]
    values = np.linalg.eigvalsh(X.T @ X)
    p = values / (1 + values)
    z = (np.mean(sizes) - p.sum()) / np.sqrt((p * (1 - p)).sum() / 400)
    assert abs(z) < 4.5
    assert_allclose(selector.inclusion_probabilities().sum(), p.sum())
    assert len(selector.select(2)) == 2
    nothing = DPPSelector(None, kernel="linear", random_state=0).fit(1e-9 * X)
    assert len(nothing.selection_) == 0


def test_projection_takes_the_rank_or_the_leading_part(rng):
    X = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 5))
    selector = ProjectionDPPSelector(random_state=0).fit(X)
    assert selector.rank_ == len(selector.selection_) == 3
    left = np.linalg.svd(X)[0][:, :2]
    assert_allclose(
        selector.inclusion_probabilities(2), (left**2).sum(axis=1), rtol=1e-8
    )
    assert len(selector.select(2)) == 2


def test_landmarks_find_what_is_far_and_leave_no_row_out():
    """Rows that landmarks miss keep a chance: no weight explodes."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.standard_normal((900, 2)), rng.uniform(-40, 40, (100, 2))])
    selector = DPPSelector(20, gamma=1.0, n_components=40, random_state=0).fit(X)
    assert 0.01 < selector.kernel_error_ < 0.9
    pi = selector.inclusion_probabilities()
    assert_allclose(pi.sum(), 20)
    assert pi.min() > 1e-4


def test_sparse_rows_and_wide_rows(rng):
    X = sparse.random_array((100, 150), density=0.05, rng=rng, format="csr")
    for selector in (
        DPPSelector(8, random_state=0),
        DPPSelector(8, kernel="linear", n_components=40, random_state=0),
        GreedyDPPSelector(8),
        ProjectionDPPSelector(8, random_state=0),
    ):
        sparse_rows = clone(selector).fit(X).sample_indices_
        dense_rows = clone(selector).fit(X.toarray()).sample_indices_
        assert_array_equal(sparse_rows, dense_rows)


@pytest.mark.parametrize(
    "selector",
    [VolumeRescaledSelector(9, n_repeats=2), ChristoffelSelector(9)],
    ids=repr,
)
def test_expected_hits_and_weights(rng, selector):
    X = rng.standard_normal((15, 3)) * rng.choice([0.5, 3], (15, 1))
    fitted = selector.set_params(random_state=0).fit(X)
    expected = fitted.expected_hits()
    assert_allclose(expected.sum(), 9)
    U = np.linalg.svd(X, full_matrices=False)[0]
    assert_allclose(expected, 3 * (U**2).sum(axis=1))
    hits = fitted.sample_weight_ * expected[fitted.sample_indices_]
    assert_allclose(hits, np.round(hits))
    assert_allclose(hits.sum(), 9)


def test_conditioned_selections_are_stable_and_say_that_they_are_biased(rng):
    X = rng.standard_normal((300, 4))
    U = np.linalg.qr(X)[0]
    for cls in (VolumeRescaledSelector, ChristoffelSelector):
        selector = cls(20, min_eigenvalue=0.3, max_draws=2000, random_state=0).fit(X)
        for seed in range(20):
            rows, weights = selector.select(random_state=seed)
            gram = U[rows].T @ (weights[:, None] * U[rows])
            assert np.linalg.eigvalsh(gram)[0] >= 0.3 - 1e-12
        assert not selector.__sklearn_tags__().selector_tags.unbiased
        assert cls(20).__sklearn_tags__().selector_tags.unbiased


def test_volume_samples_are_fitted_without_weights(rng):
    """`weights="ignore"` is the plain fit to the rows, which is unbiased."""
    X, y = rng.standard_normal((40, 2)), rng.standard_normal(40)
    model = CoresetEstimator(
        LinearRegression(),
        VolumeSelector(5, fit_intercept=True, random_state=0),
        weights="ignore",
    ).fit(X, y)
    rows = VolumeSelector(5, fit_intercept=True, random_state=0).fit(X).sample_indices_
    plain = LinearRegression().fit(X[rows], y[rows])
    assert_allclose(model.estimator_.coef_, plain.coef_)


def test_precomputed_kernels_are_pairwise(rng):
    X = rng.standard_normal((20, 4))
    selector = DPPSelector(2, kernel="precomputed", random_state=0)
    assert selector.__sklearn_tags__().input_tags.pairwise
    assert not DPPSelector().__sklearn_tags__().input_tags.pairwise
    weight = np.ones(20)
    weight[3] = 0
    by_matrix = clone(selector).fit(X @ X.T, None, weight).selection_
    by_rows = DPPSelector(2, kernel="linear", random_state=0).fit(X, None, weight)
    assert_array_equal(by_matrix.indices, by_rows.sample_indices_)


@pytest.mark.parametrize(
    "selector",
    [DPPSelector(1, kernel="precomputed"), ProjectionDPPSelector()],
    ids=repr,
)
def test_scikit_learn_checks_of_what_examples_leave_out(selector):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # These round X to integers, or subtract a constant: that is no kernel.
        names = ("check_estimators_dtypes", "check_positive_only_tag_during_fit")
        expected = dict.fromkeys(names, "not a kernel")
        pairwise = selector.__sklearn_tags__().input_tags.pairwise
        check_estimator(
            selector,
            on_skip=None,
            expected_failed_checks=expected if pairwise else None,
        )


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (DPPSelector(5, kernel="linear"), ["n_select=5", "rank 3"]),
        (GreedyDPPSelector(5, kernel="linear"), ["n_select=5", "rank 3"]),
        (ProjectionDPPSelector(4), ["n_select=4", "rank 3"]),
        (VolumeSelector(2), ["n_select=2", "rank 3", "alpha"]),
        (VolumeRescaledSelector(5, n_repeats=2), ["n_select=5", "rank 3", "6 draws"]),
        (
            VolumeRescaledSelector(3, min_eigenvalue=1.0, max_draws=4),
            ["max_draws=4", "the best has 0."],
        ),
        (ChristoffelSelector(2, min_eigenvalue=0.1), ["n_select=2", "rank 3"]),
        (DPPSelector(5, kernel="cosine"), ["kernel", "'cosine'"]),
        (DPPSelector(5, gamma=-1.0), ["gamma", "-1"]),
        (DPPSelector(5, n_components=0), ["n_components", "0"]),
        (DPPSelector(2, kernel="precomputed"), ["X must be square"]),
        (VolumeSelector(5, alpha=-1.0), ["alpha", "-1"]),
        (VolumeRescaledSelector(9, n_repeats=0), ["n_repeats", "0"]),
        (VolumeRescaledSelector(9, min_eigenvalue=2.0), ["min_eigenvalue", "2"]),
    ],
    ids=repr,
)
def test_bad_parameters(rng, selector, words):
    with pytest.raises(ValueError) as caught:
        selector.fit(rng.standard_normal((30, 3)))
    for word in words:
        assert word in str(caught.value)


def test_kernels_that_are_none():
    for matrix, words in (
        ([[1.0, 0.5], [0.1, 1.0]], "symmetric"),
        (np.diag([1.0, -0.25, 2.0]), "eigenvalue -0.25"),
    ):
        with pytest.raises(ValueError, match=words):
            DPPSelector(1, kernel="precomputed").fit(matrix)


def test_rows_of_zeros_only():
    X = np.zeros((8, 2))
    for selector in (
        VolumeRescaledSelector(4),
        ChristoffelSelector(4),
        ProjectionDPPSelector(1),
        DPPSelector(1, kernel="linear"),
    ):
        with pytest.raises(ValueError, match=r"zero|rank 0"):
            selector.fit(X)
    assert len(ProjectionDPPSelector().fit(X).selection_) == 0


def test_only_methods_that_know_their_size_take_none():
    with pytest.raises(TypeError, match="n_select"):
        coreselect.UniformSelector(None).fit(np.eye(3))
    with pytest.raises(TypeError, match="n_select"):
        VolumeSelector(None).fit(np.eye(3))


@pytest.mark.parametrize("method", [DPPSelector, GreedyDPPSelector])
def test_an_offset_changes_no_rows_of_the_rbf_kernel(rng, method):
    X = rng.standard_normal((60, 3)).round(4)
    selector = method(6, random_state=0)
    want = selector.fit(X).sample_indices_
    assert_array_equal(selector.fit(X + 1e7).sample_indices_, want)


def test_layout_changes_no_rows_where_eigenvalues_tie(rng):
    line = np.linspace(-1, 1, 14)
    grid = np.array([(a, b) for a in line for b in line])
    orthonormal = np.linalg.qr(rng.standard_normal((500, 6)))[0]
    for seed in range(3):
        for X, selector in [
            (grid, DPPSelector(6, random_state=seed)),
            (grid, DPPSelector(12, random_state=seed)),
            (orthonormal, DPPSelector(3, kernel="linear", random_state=seed)),
            (orthonormal, ProjectionDPPSelector(3, random_state=seed)),
        ]:
            want = selector.fit(X).sample_indices_
            got = selector.fit(sparse.csr_array(X)).sample_indices_
            assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("selector", "changed"),
    [
        (DPPSelector(4, random_state=0), {"n_select": 3, "kernel": "linear"}),
        (ProjectionDPPSelector(2, random_state=0), {"n_select": 1}),
        (VolumeSelector(6, random_state=0), {"n_select": 5}),
        (
            VolumeRescaledSelector(9, random_state=0),
            {"n_select": 8, "min_eigenvalue": 1.0, "max_draws": 1},
        ),
        (ChristoffelSelector(9, random_state=0), {"n_select": 8, "max_draws": 0}),
    ],
    ids=lambda value: repr(value) if not isinstance(value, dict) else "",
)
def test_set_params_after_fit_changes_nothing(rng, selector, changed):
    X = rng.standard_normal((30, 3))
    fitted = clone(selector).fit(X)
    draws = hasattr(fitted, "expected_hits")
    chances = "expected_hits" if draws else "inclusion_probabilities"
    with pytest.raises(NotFittedError):
        getattr(clone(selector), chances)()
    want = getattr(fitted, chances)()
    fitted.set_params(**changed)
    assert_array_equal(getattr(fitted, chances)(), want)
    assert_array_equal(fitted.select().indices, fitted.sample_indices_)


def test_draws_without_a_bound_compute_no_eigenvalue(rng, monkeypatch):
    monkeypatch.delattr("coreselect.dpp.projection.Draws.smallest_eigenvalue")
    X = rng.standard_normal((30, 3))
    assert len(ChristoffelSelector(9, random_state=0).fit(X).selection_) > 0
    with pytest.raises(AttributeError, match="smallest_eigenvalue"):
        ChristoffelSelector(9, min_eigenvalue=0.01, random_state=0).fit(X)


@pytest.mark.parametrize("factor", [2.0**600, 2.0**-600])
@pytest.mark.parametrize(
    "selector",
    [
        DPPSelector(4),
        GreedyDPPSelector(4),
        DPPSelector(3, kernel="linear"),
        DPPSelector(4, kernel="precomputed"),
        ProjectionDPPSelector(2),
    ],
    ids=repr,
)
def test_scale_of_quality_changes_no_rows(rng, selector, factor):
    X = rng.standard_normal((30, 3))
    if selector.get_params().get("kernel") == "precomputed":
        X = np.exp(-((X[:, None] - X) ** 2).sum(axis=2))
    quality = rng.choice([0.5, 1.0, 3.0], 30)
    selector = clone(selector).set_params(random_state=0)
    want = selector.fit(X, quality=quality).sample_indices_
    got = selector.fit(X, quality=quality * factor).sample_indices_
    assert_array_equal(got, want)


def test_scale_of_quality_counts_for_samples_of_any_size(rng):
    X = rng.standard_normal((30, 3))
    for kernel in ("rbf", "linear"):
        fitted = DPPSelector(None, kernel=kernel, random_state=0)
        want = fitted.fit(3 * X if kernel == "linear" else X, quality=np.full(30, 1.0))
        want = want.inclusion_probabilities()
        if kernel == "linear":
            got = fitted.fit(X, quality=np.full(30, 3.0)).inclusion_probabilities()
            assert_allclose(got, want)
        assert fitted.fit(X, quality=np.full(30, 1e-200)).rank_ > 0
        assert fitted.inclusion_probabilities().max() < 1e-300


def test_bad_scale_and_quality_are_named(rng):
    X = rng.standard_normal((30, 3))
    with pytest.raises(ValueError, match=r"kernel gives inf for row .* scale X"):
        GreedyDPPSelector(2, kernel="linear").fit(X * 1e200)
    with pytest.raises(ValueError, match="quality"):
        GreedyDPPSelector(2, kernel="precomputed").fit(X @ X.T, quality=-np.ones(30))


@pytest.mark.parametrize("method", [DPPSelector, GreedyDPPSelector])
def test_rank_errors_of_the_rbf_kernel_say_the_way_out(rng, method):
    X = 1e-6 * rng.standard_normal((50, 2))
    with pytest.raises(ValueError, match=r"raise gamma \(now 0.5\) or scale X"):
        method(30, random_state=0).fit(X)
