"""Determinantal processes and volume sampling: laws, identities, traps, bad input."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.metrics.pairwise import rbf_kernel

from coreselect import (
    ChristoffelSelector,
    ProjectionDPPSelector,
    VolumeRescaledSelector,
    VolumeSelector,
    dpp,
)
from coreselect._kernels.dpp import binomial_choice, binomial_table
from coreselect.dpp._proposals import Bounds, fill
from coreselect.dpp.ensembles import Ensemble, ensemble, of_features
from coreselect.dpp.projection import Draws, ProjectionDPP
from coreselect.dpp.volume import Volume, log_symmetric
from coreselect.rows import open as open_rows
from tests._kernels import reference_dpp as reference

R = 5000  # draws that are counted, and in the slow runs of the laws 50,000
RIGHT = 2 * stats.norm.sf(4.5)  # p-value that a right sampler undercuts by chance
WRONG = 1e-12


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def general(rng):
    return rng.standard_normal((7, 3)) * rng.choice([0.5, 1.0, 2.0], size=(7, 1))


def deficient(rng):
    """Four columns of rank 3, a row of zeros."""
    X = rng.standard_normal((6, 3)) @ rng.standard_normal((3, 4))
    X[2] = 0
    return X


def duplicates(rng):
    X = rng.standard_normal((6, 2))
    X[3], X[5] = X[0], 2 * X[1]
    return X


INSTANCES = [general, deficient, duplicates]
draws = pytest.mark.parametrize(
    "n_draws", [R, pytest.param(50_000, marks=pytest.mark.slow)]
)
instances = pytest.mark.parametrize("make", INSTANCES, ids=lambda f: f.__name__)
# Small biases show in the slow runs; what is special about an instance, in the others.
drawn_instances = pytest.mark.parametrize(
    ("make", "n_draws"),
    [
        *((make, R) for make in INSTANCES),
        pytest.param(deficient, 50_000, marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)


def counted(draw, law, n_draws=R, seed=1):
    """Return the p-value of chi-square on counts; rare subsets share a cell."""
    rng = np.random.default_rng(seed)
    counts = dict.fromkeys(law, 0)
    for _ in range(n_draws):
        subset = tuple(np.sort(draw(rng)).tolist())
        if subset not in counts:
            return 0.0  # impossible under the law
        counts[subset] += 1
    expected = n_draws * np.array(list(law.values()))
    found = np.array(list(counts.values()), dtype=float)
    rare = expected < 5
    if rare.any():
        expected = np.append(expected[~rare], expected[rare].sum())
        found = np.append(found[~rare], found[rare].sum())
    if len(expected) == 1:
        return 1.0
    chi = ((found - expected) ** 2 / expected).sum()
    return float(stats.chi2.sf(chi, len(expected) - 1))


def rarest(counts, n_draws, p):
    """Return the least binomial p-value of many counts, times their number.

    |z| < 4.5 would fail too often: rare cells are skewed, and there are a thousand.
    """
    p = np.clip(p, 0, 1)
    above = stats.binom.sf(counts - 1, n_draws, p)
    tails = np.minimum(stats.binom.cdf(counts, n_draws, p), above)
    return 2 * counts.size * tails.min()


def orthonormal(X):
    left, singular, _ = np.linalg.svd(X, full_matrices=False)
    return left[:, singular > 1e-10 * singular[0]]


# --- Projection processes -------------------------------------------------------------


@drawn_instances
@pytest.mark.parametrize("method", ["chain", "rejection"])
def test_projection_law(rng, make, method, n_draws):
    """Two algorithms, one law; X in place of U is made orthonormal first."""
    X = make(rng)
    U = orthonormal(X)
    law = reference.dpp_law(U @ U.T, [U.shape[1]])
    process = ProjectionDPP(X)
    assert counted(lambda g: process.draw(g, method), law, n_draws) > RIGHT


@instances
def test_a_sampler_by_leverage_alone_is_rejected(rng, make):
    """The wrong twin: rows one by one in proportion to leverage."""
    U = orthonormal(make(rng))
    law = reference.dpp_law(U @ U.T, [U.shape[1]])
    p = (U**2).sum(axis=1) / U.shape[1]
    wrong = counted(lambda g: g.choice(len(U), U.shape[1], replace=False, p=p), law)
    assert wrong < WRONG


@pytest.mark.slow
def test_inclusion_counts_are_leverage_and_pairs_are_minors(rng):
    """n = 60, m = 8: all rows and pairs; uniform and independent rows fail."""
    U = np.linalg.qr(rng.standard_normal((60, 8)) * rng.pareto(1.5, (60, 1)))[0]
    K = U @ U.T
    process = ProjectionDPP(U)
    n_draws = 20_000
    held = np.zeros((n_draws, 60))
    rng = np.random.default_rng(1)
    for row in held:
        row[process.draw(rng)] = 1

    times = held.sum(axis=0)
    assert rarest(times, n_draws, np.diag(K)) > RIGHT
    assert rarest(times, n_draws, np.full(60, 8 / 60)) < WRONG
    i, j = np.triu_indices(60, 1)
    pairs = K[i, i] * K[j, j] - K[i, j] ** 2
    assert (pairs <= K[i, i] * K[j, j]).all()  # negative association
    seen = (held[:, i] * held[:, j]).sum(axis=0)
    assert rarest(seen, n_draws, pairs) > RIGHT
    assert rarest(seen, n_draws, K[i, i] * K[j, j]) < WRONG  # as if independent


def test_a_rotated_basis_gives_the_same_rows(rng):
    """A sample is a function of U U' alone, whatever the basis."""
    U = np.linalg.qr(rng.standard_normal((300, 5)))[0]
    V = U @ np.linalg.qr(rng.standard_normal((5, 5)))[0]
    for method in ("chain", "rejection"):
        a = dpp.sample_projection_dpp(U, method=method, random_state=3)
        b = dpp.sample_projection_dpp(V, method=method, random_state=3)
        assert_array_equal(a, b)


def test_the_number_of_proposals_is_m_times_the_harmonic_number(rng, monkeypatch):
    """Rejection proposes m H_m rows on average, +- 4.5 standard errors."""
    from coreselect.dpp import _proposals

    n, m, proposed = 2000, 12, []
    process = ProjectionDPP(np.linalg.qr(rng.standard_normal((n, m)))[0])
    accept = _proposals.accept

    def counting(rows, numbers, levels, chosen, basis):
        for k in range(len(rows)):
            if (chosen >= 0).all():
                break
            one = slice(k, k + 1)
            count = accept(rows[one], numbers[one], levels[one], chosen, basis)
            proposed[-1] += 1
        return count

    monkeypatch.setattr(_proposals, "accept", counting)
    rng = np.random.default_rng(1)
    for _ in range(500):
        proposed.append(0)
        process.draw(rng, "rejection")
    expected = m * (1 / np.arange(1, m + 1)).sum()
    error = np.std(proposed) / np.sqrt(len(proposed))
    assert abs(np.mean(proposed) - expected) < 4.5 * error


def test_what_is_not_orthonormal_is_made_so(rng):
    X = rng.standard_normal((50, 3)) * [1.0, 1e6, 1e-6]
    process = ProjectionDPP(X)
    assert_allclose(process.basis.T @ process.basis, np.eye(3), atol=1e-12)
    K = X @ np.linalg.pinv(X)
    assert_allclose(process.leverage, np.diag(K), rtol=1e-8)
    U = np.linalg.qr(X)[0]
    assert np.shares_memory(ProjectionDPP.from_basis(U).basis, U)
    assert ProjectionDPP(np.column_stack([X, X[:, 0]])).basis.shape == (50, 3)


@pytest.mark.parametrize("condition", [1e10, 1e13])
def test_bases_of_ill_conditioned_rows_are_orthonormal(rng, condition):
    """Whitened rows are not, by eps times the condition number."""
    left = np.linalg.qr(rng.standard_normal((500, 4)))[0]
    right = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    rows = open_rows(left * np.geomspace(1, 1 / condition, 4) @ right)
    for basis in (
        ProjectionDPP(rows).basis,
        Volume(rows, 0.0)._process.basis,
        ensemble(None, rows, None).vectors(),
        ProjectionDPPSelector(3).fit(rows)._state.basis,
        VolumeRescaledSelector(9).fit(rows)._state.process.basis,
    ):
        assert abs(basis.T @ basis - np.eye(4)).max() < 1e-8


@pytest.mark.parametrize("n", [871, 1500])
def test_constants_beside_an_intercept_leave_no_direction_of_noise(rng, n):
    X = np.column_stack([np.full(n, 2024.0), rng.standard_normal(n)])
    for selector in (
        VolumeSelector(6, fit_intercept=True),
        VolumeRescaledSelector(6, fit_intercept=True),
        ChristoffelSelector(6, fit_intercept=True),
        ProjectionDPPSelector(),
    ):
        fitted = selector.fit(np.column_stack([X, X[:, 0] / 3]))
        assert fitted.rank_ == 2


@pytest.mark.parametrize("method", ["chain", "rejection"])
def test_a_basis_that_yields_no_sample_raises(rng, method):
    """Two equal columns: no second row is ever accepted."""
    U = np.repeat(rng.standard_normal((50, 1)), 2, axis=1)
    process = ProjectionDPP.from_basis(U / np.linalg.norm(U))
    with pytest.raises(RuntimeError, match="is not orthonormal"):
        process.sample(method=method, random_state=0)


@pytest.mark.parametrize("method", ["chain", "rejection"])
def test_near_duplicates_never_come_together(rng, method):
    """Rows 1e-9 apart: their joint probability is about 1e-18."""
    X = np.repeat(rng.standard_normal((4, 3)), 5, axis=0)
    process = ProjectionDPP(X + 1e-9 * rng.standard_normal(X.shape))
    for _ in range(300):
        rows = process.draw(rng, method)
        assert len(set((rows // 5).tolist())) == 3


def test_zero_rows_and_certain_rows():
    U = np.zeros((6, 3))
    U[1, 0] = U[4, 1] = U[5, 2] = 1
    for method in ("chain", "rejection"):
        rows = dpp.sample_projection_dpp(U, method=method, random_state=0)
        assert_array_equal(rows, [1, 4, 5])


def test_all_rows_where_there_are_as_many_as_columns(rng):
    assert_array_equal(
        dpp.sample_projection_dpp(rng.standard_normal((5, 5)), random_state=0),
        np.arange(5),
    )
    assert_array_equal(
        dpp.sample_projection_dpp(rng.standard_normal((3, 8)), random_state=0),
        np.arange(3),
    )
    assert len(dpp.sample_projection_dpp(np.zeros((4, 2)), random_state=0)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("container", [np.asfortranarray, sparse.csr_array])
def test_projection_takes_any_layout(rng, dtype, container):
    X = (10 * rng.standard_normal((80, 4))).astype(dtype)
    X.flags.writeable = False
    wanted = dpp.sample_projection_dpp(X.astype(np.float64), random_state=2)
    got = dpp.sample_projection_dpp(container(X), random_state=2)
    assert_array_equal(got, wanted)


def test_large_rank_in_single_precision_input(rng):
    """m = 200 from float32: sums run in double, so nothing loses its sign."""
    X = rng.standard_normal((1000, 200)).astype(np.float32)
    for method in ("chain", "rejection"):
        rows = dpp.sample_projection_dpp(X, method=method, random_state=0)
        assert len(np.unique(rows)) == 200
        assert np.linalg.matrix_rank(X[rows]) == 200


# --- L-ensembles and k-DPPs -----------------------------------------------------------


@drawn_instances
def test_dpp_law(rng, make, n_draws):
    """Of kernel and of features: any size, the empty set included."""
    X = make(rng)
    law = reference.dpp_law(X @ X.T)
    assert () in law
    by_kernel = ensemble(X @ X.T, None, None)
    by_features = ensemble(None, X, None)
    assert counted(lambda g: by_kernel.sample(None, g), law, n_draws) > RIGHT
    assert counted(lambda g: by_features.sample(None, g), law, n_draws) > RIGHT
    wrong = Ensemble(by_features.vectors(), by_features.log_values + 0.7)
    assert counted(lambda g: wrong.sample(None, g), law) < WRONG


@drawn_instances
def test_kdpp_law(rng, make, n_draws):
    """The wrong twin takes rows by their Schur complements in L, one by one."""
    X = make(rng)
    L = X @ X.T
    law = reference.dpp_law(L, [2])
    process = ensemble(None, X, None)
    assert counted(lambda g: process.sample(2, g), law, n_draws) > RIGHT

    def by_pivots(g):
        left, chosen = L.copy(), []
        for _ in range(2):
            p = np.maximum(np.diag(left), 0)
            p[chosen] = 0
            j = int(g.choice(len(p), p=p / p.sum()))
            chosen.append(j)
            left = left - np.outer(left[:, j], left[j]) / left[j, j]
        return np.array(chosen)

    assert counted(by_pivots, law) < WRONG


def many_rows(rng):
    """24 rows for samples of 2: enough to propose them by their lengths."""
    X = rng.standard_normal((24, 3)) * np.geomspace(1, 1e-3, 3)
    X[5], X[7], X[9] = X[4], 0, -2 * X[8]
    return np.column_stack([X, X @ rng.standard_normal(3)])


@draws
@pytest.mark.parametrize("size", [2, None])
def test_law_of_proposals_by_leading_eigenvectors(rng, size, n_draws):
    """Three ways to the eigenvectors; the wrong twin accepts every proposal."""
    X = many_rows(rng)
    law = reference.dpp_law(X @ X.T, [2] if size else [0, 1, 2, 3])
    for process in (
        of_features(X.copy()),
        ensemble(None, X, None),
        ensemble(X @ X.T, None, None),
    ):
        assert counted(lambda g, p=process: p.sample(size, g), law, n_draws) > RIGHT
        stops, lengths, _ = process._levels
        assert len(stops) > 1  # bounds of samples without the last eigenvectors
        assert_allclose(lengths.sum(axis=1), stops)
    p = lengths[-1] / lengths[-1].sum()
    assert counted(lambda g: g.choice(24, 2, replace=False, p=p), law) < WRONG


@pytest.mark.parametrize("least", [1e-2, 1e-5])
@pytest.mark.parametrize("scale", [1.0, 1e-250, 1e250])
def test_an_ensemble_of_features_is_that_of_their_kernel(rng, least, scale):
    """Well conditioned or not: values, inclusion and orthonormal eigenvectors."""
    X = np.linalg.qr(rng.standard_normal((400, 12)))[0] * np.geomspace(1, least, 12)
    X = X @ np.linalg.qr(rng.standard_normal((12, 12)))[0]
    process = of_features(scale * X)
    wanted = 2 * np.log(np.geomspace(1, least, 12)) + 2 * np.log(scale)
    assert_allclose(process.log_values, wanted, atol=1e-9)
    V = process.vectors()
    assert_allclose(V.T @ V, np.eye(12), atol=1e-9)
    twin = ensemble(None, X, None)
    assert_allclose(process.inclusion(5), twin.inclusion(5), rtol=1e-7)
    assert_allclose(process.inclusion(5, [3, 1]), process.inclusion(5)[[3, 1]])
    a, b = (p.sample(5, np.random.default_rng(0)) for p in (process, twin))
    assert_array_equal(a, b)


def test_features_of_low_rank(rng):
    X = rng.standard_normal((300, 4)) @ rng.standard_normal((4, 9))
    assert of_features(X).rank == 4
    assert of_features(np.zeros((5, 3))).rank == 0


def test_samples_after_the_first_look_at_few_rows(rng, monkeypatch):
    process = of_features(rng.standard_normal((20_000, 6)))
    process.sample(3, rng)
    seen, vectors = [], Ensemble.vectors

    def counting(self, rows=slice(None), columns=slice(None)):
        found = vectors(self, rows, columns)
        seen.append(len(found))
        return found

    monkeypatch.setattr(Ensemble, "vectors", counting)
    process.inclusion(3, process.sample(3, rng))
    assert 3 < sum(seen) < 500


def test_proposals_end_where_a_basis_is_not_orthonormal(rng):
    U = np.repeat(rng.standard_normal((50, 1)), 2, axis=1)  # of rank one
    lengths = (U**2).sum(axis=1)
    bounds = Bounds(lengths, np.cumsum(lengths), 2)
    with pytest.raises(RuntimeError, match="not orthonormal"):
        fill(np.full(2, -1), np.zeros((2, 2)), bounds, lambda rows: U[rows], rng)


def test_kdpp_with_quality(rng):
    X, quality = general(rng), np.array([0.0, 1, 2, 3, 0.5, 1, 1])
    L = quality[:, None] * (X @ X.T) * quality
    law = reference.dpp_law(L, [2])
    for process in (ensemble(None, X, quality), ensemble(X @ X.T, None, quality)):
        assert counted(lambda g, p=process: p.sample(2, g), law) > RIGHT
    plain = ensemble(None, X, None)
    assert counted(lambda g: plain.sample(2, g), law) < WRONG


@pytest.mark.parametrize("least", [np.nan, -1e4])
def test_the_search_for_odds_ends_for_any_eigenvalues(least):
    odds = Ensemble(np.eye(3), np.array([1.0, 0.0, least])).odds(1)
    assert odds.shape == (3,)


def test_the_table_and_the_rejections_choose_alike(rng):
    """Phase 1 of a k-DPP by both algorithms, against products of eigenvalues."""
    values = np.array([9.0, 4.0, 1.0, 0.5, 0.01])
    law = reference.law_of(lambda s: np.prod(values[s]), 5, [2])
    process = Ensemble(np.eye(5), np.log(values))
    odds = process.odds(2)
    assert_allclose(odds.sum(), 2, rtol=1e-12)

    def by_table(g):
        return binomial_choice(odds, binomial_table(odds, 2), g.random(5))

    def by_rejection(g):
        return process._choose(2, int(g.integers(2**62)))

    assert counted(by_table, law) > RIGHT
    assert counted(by_rejection, law) > RIGHT
    untuned = values / (1 + values)
    assert (
        counted(lambda g: g.choice(5, 2, replace=False, p=untuned / untuned.sum()), law)
        < WRONG
    )


@instances
@pytest.mark.parametrize("k", [0, 1, 2])
def test_kdpp_inclusion_probabilities(rng, make, k):
    X = make(rng)
    wanted = reference.inclusion(reference.dpp_law(X @ X.T, [k]), len(X))
    found = dpp.kdpp_inclusion_probabilities(features=X, k=k)
    assert_allclose(found, wanted, atol=1e-12)
    assert_allclose(dpp.kdpp_inclusion_probabilities(X @ X.T, k), wanted, atol=1e-12)


def test_inclusion_at_the_rank_is_leverage_and_not_that_of_a_rescaled_dpp(rng):
    X = general(rng)
    leverage = (orthonormal(X) ** 2).sum(axis=1)
    assert_allclose(dpp.kdpp_inclusion_probabilities(features=X, k=3), leverage)
    found = dpp.kdpp_inclusion_probabilities(features=X, k=2)
    process = ensemble(None, X, None)
    rescaled = process.vectors() ** 2 @ process.odds(2)
    assert_allclose(rescaled.sum(), 2)
    assert abs(found - rescaled).max() > 0.01


def test_many_equal_eigenvalues():
    """1000 eigenvalues of 100, k = 200: e_k overflows. By symmetry, pi = 1/5.

    The rows are coordinates, so chosen rows are chosen eigenvectors.
    """
    L = 100.0 * np.eye(1000)
    assert_allclose(dpp.kdpp_inclusion_probabilities(L, 200), 0.2, rtol=1e-10)
    process = ensemble(L, None, None)
    counts = np.zeros(1000)
    rng = np.random.default_rng(0)
    n_draws = 150
    for _ in range(n_draws):
        rows = process._choose(200, int(rng.integers(2**62)))
        assert len(rows) == 200
        counts[rows] += 1
    assert len(np.unique(process.sample(200, rng))) == 200
    assert rarest(counts, n_draws, np.full(1000, 0.2)) > RIGHT
    assert 0.8 < counts.std() / np.sqrt(n_draws * 0.16) < 1.2


def test_a_spectrum_of_twelve_decades():
    """n = 3000, k = 60, eigenvalues 1 to 1e-12: marginals beside counts."""
    values = np.geomspace(1, 1e-12, 3000)
    process = Ensemble(np.eye(3000), np.log(values))
    chances = process.inclusion(60)
    assert_allclose(chances.sum(), 60, rtol=1e-9)
    assert (np.diff(chances) <= 0).all()
    counts = np.zeros(3000)
    rng = np.random.default_rng(0)
    n_draws = 200
    for _ in range(n_draws):
        rows = process._choose(60, int(rng.integers(2**62)))
        assert len(rows) == 60
        counts[rows] += 1
    # The number of chosen rows in a cell of ten spreads less than a binomial one.
    seen, p = counts[:500].reshape(50, 10), chances[:500].reshape(50, 10)
    assert rarest(seen.sum(axis=1), 10 * n_draws, p.mean(axis=1)) > RIGHT


def test_scaling_a_kernel_changes_no_kdpp(rng):
    X = rng.standard_normal((40, 4))
    wanted = dpp.sample_kdpp(features=X, k=3, random_state=5)
    for scale in (1e-140, 1e140):
        got = dpp.sample_kdpp(features=X * scale, k=3, random_state=5)
        assert_array_equal(got, wanted)
        L = (X @ X.T) * scale
        assert_array_equal(dpp.sample_kdpp(L, 3, random_state=5), wanted)


def test_the_mean_size_of_a_dpp(rng):
    X = general(rng)
    process = ensemble(None, X, None)
    values = np.linalg.eigvalsh(X.T @ X)
    chances = process.inclusion(None)
    assert_allclose(chances, np.diag(np.linalg.solve(np.eye(7) + X @ X.T, X @ X.T)))
    assert_allclose(chances.sum(), (values / (1 + values)).sum())


def test_the_empty_set_is_a_legal_outcome():
    assert len(dpp.sample_dpp(1e-12 * np.eye(3), random_state=0)) == 0
    assert len(dpp.sample_dpp(np.zeros((3, 3)), random_state=0)) == 0
    assert len(dpp.sample_kdpp(np.eye(3), 0, random_state=0)) == 0
    assert_array_equal(dpp.sample_kdpp(np.eye(3), 3, random_state=0), [0, 1, 2])


# --- Volume sampling ------------------------------------------------------------------


@drawn_instances
@pytest.mark.parametrize(("size", "alpha"), [(4, 0.0), (2, 0.7), (4, 0.7)])
def test_volume_law_and_inclusion(rng, make, size, alpha, n_draws):
    X = make(rng)
    basis = X if alpha else orthonormal(X)
    law = reference.volume_law(basis, size, alpha)
    volume = Volume(open_rows(X), alpha)
    assert counted(lambda g: volume.sample(size, g), law, n_draws) > RIGHT
    wanted = reference.inclusion(law, len(X))
    assert_allclose(volume.inclusion(size), wanted, atol=1e-12)


def test_volume_at_the_rank_is_the_projection_process(rng):
    X = general(rng)
    law = reference.volume_law(X, 3)
    U = orthonormal(X)
    twin = reference.dpp_law(U @ U.T, [3])
    assert law.keys() == twin.keys()
    assert_allclose(list(law.values()), list(twin.values()))
    volume = Volume(open_rows(X), 0.0)
    assert counted(lambda g: volume.sample(3, g), law) > RIGHT


@pytest.mark.parametrize("size", [3, 4, 5])
def test_volume_backwards_has_the_same_law(rng, size):
    """The reverse sampler is another algorithm of the same law, without a ridge.

    (With one, its steps sum to what depends on the rows left, and the law differs.)
    """
    X = general(rng)
    law = reference.volume_law(X, size)

    def backwards(g):
        return reference.reverse_volume(X, size, g)

    assert counted(backwards, law) > RIGHT


def test_a_dpp_of_more_rows_than_the_rank_is_rejected(rng):
    """T17: size s > d by s rows of the ridge process is the wrong law."""
    X = general(rng)
    law = reference.volume_law(X, 4)
    wrong = ensemble(X @ X.T + np.eye(7), None, None)
    assert counted(lambda g: wrong.sample(4, g), law) < WRONG


def test_volume_marginals_have_the_closed_form(rng):
    """(s - d) / (n - d) + leverage (n - s) / (n - d)."""
    X = rng.standard_normal((30, 4))
    leverage = (orthonormal(X) ** 2).sum(axis=1)
    found = Volume(open_rows(X), 0.0).inclusion(9)
    assert_allclose(found, 5 / 26 + leverage * 21 / 26, rtol=1e-12)
    assert_allclose(Volume(open_rows(X), 3.0).inclusion(9).sum(), 9, rtol=1e-12)


def test_volume_of_any_ridge_is_finite():
    """d = 60, from a ridge of nothing to one of everything: no overflow."""
    X = np.random.default_rng(0).standard_normal((5000, 60))
    for alpha in (1e-250, 1e-12, 1.0, 1e12, 1e250):
        volume = Volume(open_rows(X), alpha)
        shares = volume._shares(100)
        assert_allclose(shares.sum(), 1, rtol=1e-12)
        assert len(volume.sample(100, np.random.default_rng(0))) == 100
    assert Volume(open_rows(X), 1e-250)._shares(100)[60] > 0.999
    assert Volume(open_rows(X), 1e250)._shares(100)[0] > 0.999


def test_log_symmetric_polynomials():
    """Of (1 + x)^n: binomial coefficients, far beyond what a float can hold."""
    from scipy.special import gammaln

    k = np.arange(2001)
    wanted = gammaln(2001) - gammaln(k + 1) - gammaln(2001 - k)
    assert_allclose(log_symmetric(np.zeros(2000), 2000), wanted, atol=1e-9)


# --- Least squares --------------------------------------------------------------------


T5 = np.column_stack([np.ones(5), np.arange(-2.0, 3)])  # exact figures are known
U5 = T5 / np.sqrt([5.0, 10.0])
F5 = np.arange(-2.0, 3) ** 2  # its best fit: the constant 2; squared error 14


def fit(rows, weights=None):
    """Coefficients in the basis T5 of the fit to some rows (with repeats)."""
    root = np.ones(len(rows)) if weights is None else np.sqrt(weights)
    return np.linalg.lstsq(T5[rows] * root[:, None], F5[rows] * root, rcond=None)[0]


def leverage_weights(rows):
    return 1 / (U5[rows] ** 2).sum(axis=1)


def mean_fit(draw, n_draws, weighted=True):
    """Means and z-scores of coefficients beside those of all rows, (2, 0)."""
    rng = np.random.default_rng(3)
    found = np.empty((n_draws, 2))
    for k in range(n_draws):
        rows = draw(rng)
        while len(np.unique(rows)) < 2:
            rows = draw(rng)
        found[k] = fit(rows, leverage_weights(rows) if weighted else None)
    error = found.std(axis=0, ddof=1) / np.sqrt(n_draws)
    return found.mean(axis=0), (found.mean(axis=0) - [2.0, 0.0]) / error


def test_least_squares_on_volume_samples_is_unbiased():
    """Unweighted, for sizes 2, 3, 4; the same test rejects i.i.d. leverage draws."""
    volume = Volume(open_rows(T5), 0.0)
    for size in (2, 3, 4):
        _, z = mean_fit(lambda g, s=size: volume.sample(s, g), 5000, weighted=False)
        assert abs(z).max() < 4.5
    independent = Draws(ProjectionDPP(T5), determinantal=False)
    mean, z = mean_fit(lambda g: independent.sample(3, g), 10_000)
    assert abs(z).max() > 10
    gap = abs(mean - [2, 0])
    error = (gap / abs(z))[gap.argmax()]
    assert abs(gap.max() - 0.566) < 4.5 * error  # given two rows differ


def test_weighted_least_squares_on_volume_samples_is_biased():
    """The weights of a volume sample are for sums."""
    volume = Volume(open_rows(T5), 0.0)
    pi = volume.inclusion(3)
    mean = sum(
        p * fit(list(s), 1 / pi[list(s)])
        for s, p in reference.volume_law(T5, 3).items()
    )
    assert abs(mean - [2, 0]).max() > 0.05


def test_least_squares_on_volume_rescaled_samples_is_unbiased():
    rescaled = Draws(ProjectionDPP(T5))
    for size in (2, 3, 5):
        _, z = mean_fit(lambda g, s=size: rescaled.sample(s, g), 5000)
        assert abs(z).max() < 4.5


def test_exact_errors_of_volume_rescaled_sampling():
    """E error / best for n = 2, 3, 4: 3, 2.269346939, 1.864737094 (enumerated)."""
    best = 14.0
    for size, wanted in ((2, 3.0), (3, 2.269346939), (4, 1.864737094)):
        error = sum(
            p * ((T5 @ (fit(list(s), leverage_weights(list(s))) - [2, 0])) ** 2).sum()
            for s, p in reference.rescaled_law(U5, size).items()
        )
        assert_allclose(1 + error / best, wanted, atol=1e-8)


@draws
@pytest.mark.parametrize("size", [2, 3])
def test_volume_rescaled_law(size, n_draws):
    """A process and independent draws, against the density det(G) over all tuples."""
    law = reference.rescaled_law(U5, size)
    draws = Draws(ProjectionDPP(U5))
    assert counted(lambda g: draws.sample(size, g), law, n_draws) > RIGHT
    wrong = Draws(ProjectionDPP(U5), determinantal=False)

    def possible(g):
        rows = wrong.sample(size, g)
        while tuple(sorted(rows.tolist())) not in law:
            rows = wrong.sample(size, g)
        return rows

    assert counted(possible, law) < WRONG


@drawn_instances
def test_volume_rescaled_law_of_special_rows(rng, make, n_draws):
    X = make(rng)
    U = orthonormal(X)
    law = reference.rescaled_law(U, 3)
    draws = Draws(ProjectionDPP(X))
    assert counted(lambda g: draws.sample(3, g), law, n_draws) > RIGHT


def test_the_expected_loss_at_size_d_is_d_plus_one_times_the_best(rng):
    """By enumeration, rows in general position."""
    X, y = rng.standard_normal((9, 3)), rng.standard_normal(9)

    def loss(beta):
        return ((X @ beta - y) ** 2).sum()

    best = loss(np.linalg.lstsq(X, y, rcond=None)[0])
    law = reference.volume_law(X, 3)
    mean = sum(
        p * loss(np.linalg.solve(X[list(s)], y[list(s)])) for s, p in law.items()
    )
    assert_allclose(mean, 4 * best, rtol=1e-8)


def test_inverse_gram_matrix_of_volume_samples(rng):
    """E inv(X_S' X_S) = (n - d + 1) / (s - d + 1) inv(X' X), in general position."""
    X = rng.standard_normal((8, 2))
    for size in (2, 3, 5):
        mean = sum(
            p * np.linalg.inv(X[list(s)].T @ X[list(s)])
            for s, p in reference.volume_law(X, size).items()
        )
        assert_allclose(mean, 7 / (size - 1) * np.linalg.inv(X.T @ X), rtol=1e-8)


def test_expected_hits(rng):
    """n / m times leverage, whatever the repetitions; counts with |z| < 4.5."""
    X = general(rng)
    draws = Draws(ProjectionDPP(X), n_repeats=2)
    counts, rng = np.zeros((8000, 7)), np.random.default_rng(1)
    for row in counts:
        row += np.bincount(draws.sample(9, rng), minlength=7)
    expected = draws.expected_hits(9)
    assert_allclose(expected.sum(), 9)
    error = counts.std(axis=0) / np.sqrt(len(counts))
    assert abs((counts.mean(axis=0) - expected) / error).max() < 4.5


def test_every_conditioned_sample_is_stable(rng):
    U = np.linalg.qr(rng.standard_normal((200, 4)))[0]
    leverage = (U**2).sum(axis=1)
    for seed in range(20):
        rows = dpp.sample_volume_rescaled(
            U, 16, n_repeats=2, min_eigenvalue=0.4, max_draws=1000, random_state=seed
        )
        scaled = U[rows] * np.sqrt(4 / (16 * leverage[rows]))[:, None]
        assert np.linalg.eigvalsh(scaled.T @ scaled)[0] >= 0.4


# --- Greedy, chains, kernels ----------------------------------------------------------


def test_greedy_matches_determinants(rng):
    X = rng.standard_normal((30, 6))
    L = X @ X.T
    wanted = reference.greedy(L, 6)
    assert_array_equal(dpp.map_dpp(L, 6), wanted)
    assert_array_equal(dpp.map_dpp(features=X, k=6), wanted)
    kernel = dpp.KernelRows(sparse.csr_array(X), kernel="linear")
    assert_array_equal(dpp.map_dpp(kernel, 6), wanted)


def test_greedy_takes_the_lowest_row_of_ties():
    X = np.repeat(np.eye(3), 4, axis=0)[[0, 4, 5, 8, 1, 9]]
    X[2] *= 1 + 1e-12  # no difference that counts
    assert_array_equal(dpp.map_dpp(features=X, k=3), [0, 1, 3])
    X[2] *= 1.001
    assert_array_equal(dpp.map_dpp(features=X, k=3), [2, 0, 3])


def test_greedy_computes_only_the_rows_it_picks(rng):
    asked = []

    def kernel(A, B):
        asked.append((len(A), len(B)))
        return np.exp(-((A[:, None] - B) ** 2).sum(axis=2))

    rows = dpp.KernelRows(rng.standard_normal((100, 2)), kernel=kernel)
    first = dpp.map_dpp(rows, 5)
    assert sum(a * b for a, b in asked) <= 64 * 100 + 5 * 100
    by_name = dpp.KernelRows(rows.rows, gamma=1.0)
    assert_array_equal(first, dpp.map_dpp(by_name, 5))


@pytest.mark.parametrize("scale", [1e-150, 1e-5, 1e150])
def test_greedy_at_any_scale(rng, scale):
    X = rng.standard_normal((30, 6))
    wanted = dpp.map_dpp(features=X, k=6)
    assert_array_equal(dpp.map_dpp(features=X * scale, k=6), wanted)


@pytest.mark.slow
@instances
def test_the_chain_tends_to_the_kdpp(rng, make):
    """1000 chains of 150 swaps; chains of one swap are rejected."""
    X = make(rng)
    L = X @ X.T + (0.05 * np.eye(len(X)) if make is deficient else 0)
    law = reference.dpp_law(L, [2])

    def chain(n_steps):
        return lambda g: dpp.dpp_mcmc(L, 2, n_steps=n_steps, random_state=g)

    assert counted(chain(150), law, 1000) > RIGHT
    assert counted(chain(1), law, 1000) < WRONG


def test_the_chain_updates_its_inverse_rightly(rng):
    """Many accepted swaps of a larger set, with an rbf kernel by entries."""
    X = rng.standard_normal((60, 3))
    kernel = dpp.KernelRows(X, gamma=0.7, quality=rng.random(60) + 0.5)
    L = kernel.columns(np.arange(60))
    for seed in range(3):
        a = dpp.dpp_mcmc(kernel, 12, n_steps=700, random_state=seed)
        b = dpp.dpp_mcmc(L, 12, n_steps=700, random_state=seed)
        assert_array_equal(a, b)
        assert len(np.unique(a)) == 12


def test_replacing_a_row_of_an_inverse(rng):
    from coreselect.dpp._mcmc import _replace

    X = rng.standard_normal((6, 8))
    L = X @ X.T
    inverse = np.linalg.inv(L[:5, :5])
    found = _replace(inverse, 2, L[[0, 1, 2, 3, 4, 5], 5])
    rows = [0, 1, 5, 3, 4]
    assert_allclose(found, np.linalg.inv(L[np.ix_(rows, rows)]), rtol=1e-8)


@pytest.mark.parametrize("n_features", [3, 200])
@pytest.mark.parametrize("offset", [0.0, 1e7, 1e9])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_rbf_kernels_lose_no_digits_far_from_the_origin(n_features, offset, make):
    """Beside sums of squared gaps: few rows near the origin, others at an offset."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, n_features)).round(3)
    X[10:] += offset
    L = dpp.KernelRows(make(X)).columns(np.arange(60))
    gaps = ((X[:, None] - X) ** 2).sum(axis=2)
    # (d + 3) eps of a sum of squares, times its exponent; 1e-11 if they are expanded.
    assert_allclose(L, np.exp(-gaps / n_features), rtol=2e-11, atol=1e-300)
    assert_allclose(dpp.KernelRows(make(X)).row(20), L[20], rtol=2e-11, atol=1e-300)


def test_nystroem_with_all_rows_is_the_kernel(rng):
    X, quality = rng.standard_normal((50, 3)), rng.random(50)
    found = dpp.nystroem_features(X, n_components=50, quality=quality)
    L = dpp.KernelRows(X, quality=quality).columns(np.arange(50))
    assert_allclose(found.features @ found.features.T, L, atol=1e-10)
    assert found.error < 1e-10


def test_nystroem_error_is_the_missing_trace_and_leverage_beats_uniform():
    """A small far cluster: uniform landmarks miss it, leverage does not."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.standard_normal((1990, 2)), 50 + rng.standard_normal((10, 2))])
    found = dpp.nystroem_features(X, gamma=0.1, n_components=40, random_state=0)
    L = dpp.KernelRows(X, gamma=0.1).columns(np.arange(2000))
    missing = np.trace(L - found.features @ found.features.T) / 2000
    assert_allclose(found.error, missing, atol=1e-10)
    hits = [
        (
            dpp.nystroem_features(
                X, gamma=0.1, n_components=40, random_state=s
            ).landmarks
            >= 1990
        ).any()
        for s in range(10)
    ]
    assert sum(hits) == 10  # of uniform landmarks, 18 in 100 find it


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_nystroem_of_a_kernel_of_low_rank(rng, kernel):
    X = np.repeat(rng.standard_normal((5, 3)), 100, axis=0)
    found = dpp.nystroem_features(X, kernel=kernel, n_components=30, random_state=0)
    assert found.error < 1e-9
    assert len(dpp.sample_kdpp(features=found.features, k=3, random_state=0)) == 3


# --- Bad input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dpp.sample_kdpp(np.eye(3), 4), ["k=4", "rank 3"]),
        (lambda: dpp.sample_kdpp(features=np.ones((5, 2)), k=2), ["k=2", "rank 1"]),
        (lambda: dpp.kdpp_inclusion_probabilities(np.eye(2), 3), ["k=3", "rank 2"]),
        (lambda: dpp.map_dpp(np.ones((4, 4)), 2), ["k=2", "rank 1"]),
        (lambda: dpp.map_dpp(np.eye(2), 3), ["k=3", "rank 2"]),
        (lambda: dpp.dpp_mcmc(np.ones((4, 4)), 2), ["k=2", "rank 1"]),
        (
            lambda: dpp.sample_dpp([[1.0, 0.5], [0.25, 1.0]]),
            ["symmetric", "(0, 1) is 0.5", "0.25"],
        ),
        (lambda: dpp.sample_dpp(np.diag([2.0, -0.5])), ["eigenvalue -0.5"]),
        (lambda: dpp.map_dpp(np.diag([2.0, -0.5]), 1), ["-0.5"]),
        (
            lambda: dpp.map_dpp([[1.0, 2.0], [2.0, 1.0]], 2),
            ["semidefinite", "-3"],
        ),
        (lambda: dpp.sample_dpp(np.ones((2, 3))), ["square", "(2, 3)"]),
        (lambda: dpp.sample_dpp(), ["either L"]),
        (lambda: dpp.sample_dpp(np.eye(2), features=np.eye(2)), ["not both"]),
        (lambda: dpp.sample_dpp(np.eye(2), quality=[1.0]), ["quality", "1 values"]),
        (lambda: dpp.sample_dpp(np.eye(2), quality=[1.0, -1.0]), ["quality", "-1"]),
        (lambda: dpp.sample_dpp([[np.nan, 0.0], [0.0, 1.0]]), ["NaN"]),
        (lambda: dpp.sample_volume(np.eye(4), 3), ["size=3", "rank 4", "alpha"]),
        (lambda: dpp.sample_volume(np.eye(4), 5), ["size=5", "4 rows"]),
        (lambda: dpp.sample_volume(np.eye(4), 4, alpha=-1.0), ["alpha", "-1"]),
        (
            lambda: dpp.sample_volume_rescaled(np.eye(4), 7, n_repeats=2),
            ["size=7", "rank 4", "8 draws"],
        ),
        (
            lambda: dpp.sample_volume_rescaled(
                U5, 3, min_eigenvalue=0.999, max_draws=7, random_state=0
            ),
            ["max_draws=7", "min_eigenvalue=0.999", "the best has 0."],
        ),
        (
            lambda: dpp.sample_volume_rescaled(U5, 4, min_eigenvalue=1.5),
            ["min_eigenvalue", "1.5"],
        ),
        (lambda: dpp.sample_projection_dpp(U5, method="qr"), ["method", "'qr'"]),
        (lambda: dpp.sample_projection_dpp(np.full((3, 2), np.inf)), ["infinity"]),
        (lambda: dpp.KernelRows(U5, kernel="cosine"), ["kernel", "'cosine'"]),
        (
            lambda: dpp.KernelRows(U5, kernel=lambda A, B: np.ones(3)).row(0),
            ["kernel", "(5, 1)", "(3,)"],
        ),
        (
            lambda: dpp.nystroem_features(U5, kernel=lambda A, B: -(A @ B.T)),
            ["semidefinite"],
        ),
        (lambda: dpp.nystroem_features(U5, n_components=0), ["n_components"]),
        (lambda: dpp.dpp_mcmc(np.eye(4), 2, start=[1, 1]), ["start"]),
        (lambda: dpp.dpp_mcmc(np.eye(4), 2, start=[1, 4]), ["row 4", "4 rows"]),
        (
            lambda: dpp.dpp_mcmc(np.ones((4, 4)), 2, start=[0, 1]),
            ["positive determinant"],
        ),
        (
            lambda: dpp.map_dpp(dpp.KernelRows(U5), 2, quality=np.ones(5)),
            ["quality", "KernelRows"],
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_sizes_that_are_none():
    for call in (
        lambda k: dpp.sample_kdpp(np.eye(3), k),
        lambda k: dpp.map_dpp(np.eye(3), k),
        lambda k: dpp.sample_volume(np.eye(3), k),
    ):
        with pytest.raises(TypeError, match="must be an int"):
            call(1.5)
        with pytest.raises(ValueError, match="must not be negative"):
            call(-1)


def test_one_seed_one_sample(rng):
    X = rng.standard_normal((30, 4))
    for call in (
        lambda s: dpp.sample_projection_dpp(X, random_state=s),
        lambda s: dpp.sample_dpp(features=X, random_state=s),
        lambda s: dpp.sample_kdpp(features=X, k=2, random_state=s),
        lambda s: dpp.sample_volume(X, 9, alpha=0.5, random_state=s),
        lambda s: dpp.sample_volume_rescaled(X, 9, random_state=s),
        lambda s: dpp.dpp_mcmc(dpp.KernelRows(X), 3, n_steps=99, random_state=s),
    ):
        assert_array_equal(call(7), call(np.random.default_rng(7)))
        samples = [call(s).tolist() for s in range(8)]
        assert any(a != b for a, b in itertools.pairwise(samples))


def test_rounding_of_float32_kernels_is_no_rank(rng):
    X = rng.standard_normal((40, 3)).astype(np.float32)
    L = X @ X.T
    assert dpp.kdpp_inclusion_probabilities(L, 3).sum() == pytest.approx(3)
    for function in (dpp.kdpp_inclusion_probabilities, dpp.map_dpp):
        with pytest.raises(ValueError, match="rank 3"):
            function(L, 4)


def test_greedy_judges_rows_by_their_own_size():
    assert_array_equal(dpp.map_dpp(np.diag([1.0, 1e-12]), 2), [0, 1])
    assert_array_equal(dpp.map_dpp(features=[[1.0, 0], [1, 1e-8]], k=1), [0])
    with pytest.raises(ValueError, match="rank 1"):
        dpp.map_dpp(features=[[1.0, 0], [1, 1e-8], [0, 0]], k=2)
    with pytest.raises(ValueError, match="semidefinite"):
        dpp.map_dpp([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]], 3)


def test_start_of_a_chain_holds_whole_numbers():
    with pytest.raises(ValueError, match="whole numbers"):
        dpp.dpp_mcmc(np.eye(4), 2, start=[0.5, 2.0])


def nearly_a_kernel(X, Z):
    """Nearly the identity, but for one direction in which it is negative."""
    return rbf_kernel(X, Z, gamma=50) - 0.4 * X[:, :1] @ Z[:, :1].T


@pytest.mark.parametrize("n_rows", [20, 900])
@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (lambda X, Z: np.full((len(X), len(Z)), np.nan), "kernel must return finite"),
        (lambda X, Z: np.exp(X @ Z.T) + X[:, :1], "kernel must be symmetric"),
        (nearly_a_kernel, "kernel must be positive"),
    ],
    ids=["nan", "asymmetric", "indefinite"],
)
def test_callables_that_are_no_kernels_are_refused(rng, kernel, message, n_rows):
    X = rng.standard_normal((n_rows, 3))
    with pytest.raises(ValueError, match=message):
        dpp.nystroem_features(X, kernel=kernel, n_components=30, random_state=0)
