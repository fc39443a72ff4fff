"""Seeds and scores for clustering: closed forms, laws, bounds, all scales."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from threadpoolctl import threadpool_limits

from coreselect.clustering import _search as search
from coreselect.clustering import _seeding as seeding
from coreselect.clustering import lightweight_scores, seed_centers, sensitivities
from coreselect.neighbors import NearestCenters, sq_distances_to_own
from coreselect.rows import open as open_rows
from tests._kernels import reference_clusters as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def lumps(rng, n=300, d=3, k=5):
    return (
        rng.standard_normal((n, d))
        + 8 * rng.standard_normal((k, d))[rng.integers(k, size=n)]
    )


@pytest.fixture
def small_samples(monkeypatch):
    """Let rounds begin at 400 rows."""
    monkeypatch.setattr(search, "_SAMPLE_ROWS", 200)


# --- Lightweight scores ---------------------------------------------------------------


def test_lightweight_scores_in_closed_form():
    """Mean 1, squared distances 1, 1, 1, 9: half 1/n, half the share of the scatter."""
    scores = lightweight_scores([[0.0], [0.0], [0.0], [4.0]])
    assert_allclose(scores, [1 / 8 + 1 / 24] * 3 + [1 / 8 + 9 / 24], rtol=1e-14)


def test_lightweight_scores_are_half_the_sensitivity_to_one_centre(rng):
    """The largest share is reached on the line through the row and the mean."""
    X = rng.standard_normal((12, 3)) * rng.choice([0.3, 3.0], (12, 1))
    mean = X.mean(axis=0)
    steps = np.concatenate([-np.geomspace(1e-4, 1e4, 20_001), [0.0]])
    for row, score in zip(X, lightweight_scores(X), strict=True):
        queries = mean + steps[:, None] * (row - mean)
        shares = ((row - queries) ** 2).sum(axis=1)
        shares /= ((X[:, None] - queries) ** 2).sum(axis=(0, 2))
        assert_allclose(2 * score, shares.max(), rtol=1e-6)
        assert shares.max() <= 2 * score * (1 + 1e-12)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310, 1.0])
def test_lightweight_scores_have_no_unit(rng, container, scale):
    X = lumps(rng)
    wanted = lightweight_scores(X)
    rtol = 1e-4 if scale < 1e-307 else 1e-10  # numbers there have few digits
    assert_allclose(lightweight_scores(container(X * scale)), wanted, rtol=rtol)
    assert_allclose(wanted.sum(), 1, rtol=1e-12)


def test_a_spread_of_1e_minus_200_around_one_is_seen():
    X = np.zeros((4, 2))
    X[:, 0] = 1
    X[3, 1] = 4e-200
    assert_allclose(lightweight_scores(X), [1 / 6] * 3 + [1 / 2], rtol=1e-10)


def test_a_mean_far_from_zero_keeps_accuracy(rng):
    X = np.round(lumps(rng), 3)
    assert_allclose(lightweight_scores(X + 2.0**30), lightweight_scores(X), rtol=1e-5)


def test_all_rows_equal_share_by_weight():
    assert_allclose(lightweight_scores(np.full((4, 2), 0.1)), [0.25] * 4)
    scores = lightweight_scores(np.ones((3, 1)), sample_weight=[1.0, 0.0, 3.0])
    assert_allclose(scores, [0.25, 0, 0.75])


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, np.float32])
def test_copies_share_the_scores_of_weights(rng, container):
    X = lumps(rng).astype(np.float32).astype(float)
    copies = rng.integers(0, 4, 300)
    row = np.repeat(np.arange(300), copies)
    centers = X[:4]
    for scores in (lightweight_scores, lambda A, **w: sensitivities(A, centers, **w)):
        wanted = scores(container(X), sample_weight=copies)
        assert_allclose(np.bincount(row, scores(X[row]), 300), wanted, rtol=1e-9)


# --- Sensitivities --------------------------------------------------------------------


def test_sensitivities_in_closed_form():
    """Clusters {0, 2, 4} of cost 8 (mean 8/3) at 2, and {9} x 2 of cost zero at 9."""
    X = np.array([[0.0], [2.0], [4.0], [9.0], [9.0]])
    scores = sensitivities(X, [[2.0], [9.0]])
    k, cost = 2, 8.0
    far = 1 / 3 + 4 / 8 + k * 4 / cost + k * (8 / 3) / cost
    wanted = [far, 1 / 3 + k * (8 / 3) / cost, far, 1 / 2, 1 / 2]
    assert_allclose(scores, wanted, rtol=1e-14)
    median = sensitivities(X, [[2.0], [9.0]], power=1)
    far = 1 / 3 + 2 / 4 + 2 * 2 / 4 + 2 * (4 / 3) / 4
    assert_allclose(median, [far, 1 / 3 + 2 / 3, far, 1 / 2, 1 / 2], rtol=1e-14)


@pytest.mark.parametrize("kind", ["exact", "tree"])
def test_threads_do_not_change_sensitivities(rng, kind, monkeypatch):
    """Chunks of rows find their centres on two threads, each chunk once."""
    X, chunks = lumps(rng, n=20_000), []
    run = search.run_chunks

    def noted(work, n, size):
        def note(start, stop):
            chunks.append((start, stop))
            work(start, stop)

        run(note, n, size)

    monkeypatch.setattr(search, "run_chunks", noted)
    with threadpool_limits(2, user_api="blas"):
        found = sensitivities(X, X[:5], search=kind)
    assert sorted(chunks) == [(0, 8192), (8192, 16384), (16384, 20_000)]
    with threadpool_limits(1, user_api="blas"):
        assert_array_equal(sensitivities(X, X[:5], search=kind), found)


@pytest.mark.parametrize("power", [1, 2, 3.5])
def test_sensitivities_add_up_to_four_per_centre(rng, power):
    X = lumps(rng)
    assert_allclose(sensitivities(X, X[:6], power=power).sum(), 24, rtol=1e-12)


def test_an_empty_cluster_and_no_cost_at_all(rng):
    X = lumps(rng)
    empty = np.vstack([X[:3], [[1e6] * 3]])
    assert_allclose(sensitivities(X, empty).sum(), 3 * 2 + 4 * 2, rtol=1e-12)
    copies = np.repeat([[1.0], [5.0]], [3, 1], axis=0)
    assert_allclose(sensitivities(copies, [[1.0], [5.0]]), [1 / 3] * 3 + [1])


def test_centres_too_far_out_to_square_are_never_the_nearest():
    X, near = [[0.0], [1.0], [3.0]], [[0.0]]
    alone = sensitivities(X, near, power=3)
    # The third and the fourth term of a score have the factor k.
    T, k = 1.0 + 27.0, 2
    cost = np.array([0.0, 1.0, 27.0])
    wanted = 1 / 3 + cost / T + k * cost / T + k / 3
    assert_allclose(sensitivities(X, [[1e200], [0.0]], power=3), wanted)
    assert_allclose(alone, 1 / 3 + 2 * cost / T + 1 / 3)
    # To centres that are all so far, rows are one point.
    assert_allclose(sensitivities(X, [[1e200]]), np.full(3, 4 / 3))
    assert_allclose(sensitivities(X, [[1e200], [-1e250]], power=16), np.full(3, 2.0))


@pytest.mark.parametrize("scale", [1e150, 1e-150])
def test_sensitivities_have_no_unit(rng, scale):
    X = lumps(rng)
    for power in (1, 2, 8):
        wanted = sensitivities(X, X[:4], power=power)
        got = sensitivities(X * scale, X[:4] * scale, power=power)
        assert_allclose(got, wanted, rtol=1e-9)


def best_cost(x, k, power):
    """The least cost of rows in one dimension: clusters are intervals."""
    x = np.sort(x)
    centre = np.mean if power == 2 else np.median

    def interval(part):
        return (abs(part - centre(part)) ** power).sum()

    cuts = itertools.combinations(range(1, len(x)), k - 1)
    return min(sum(map(interval, np.split(x, cut))) for cut in cuts)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("kind", ["normal", "outlier", "small cluster"])
def test_no_centres_give_a_row_more_than_its_sensitivity(rng, power, kind):
    """Against every pair from a grid around the rows; uniform scores do not bound."""
    x = rng.standard_normal(12)
    x[:1] += {"outlier": 100.0}.get(kind, 0.0)
    x[:2] += {"small cluster": 30.0}.get(kind, 0.0)
    centers = seed_centers(x[:, None], 2, power=power, random_state=1)
    ratio = reference.cost(x[:, None], centers, power=power) / best_cost(x, 2, power)
    factor = 4 ** (power - 1) * max(1, ratio / 2)
    bound = factor * sensitivities(x[:, None], centers, power=power)
    grid = np.concatenate([x, np.linspace(x.min() - 5, x.max() + 5, 150)])
    shares = np.zeros(12)
    for pair in itertools.combinations(grid, 2):
        costs = abs(x[:, None] - pair).min(axis=1) ** power
        shares = np.maximum(shares, costs / costs.sum())
    assert (shares <= bound).all()
    if (
        kind == "outlier" and power == 1
    ):  # scores of the same total, but uniform, are no bound
        assert (shares > bound.sum() / 12).any()


# --- Seeds ----------------------------------------------------------------------------

SEED_ROWS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [4.0, 1.0]])
SEED_WEIGHT = np.array([1.0, 2.0, 1.0, 0.5])


def seed_counts(X, weight, power, repeats=20_000):
    rng = np.random.default_rng(3)
    counts = {}
    for _ in range(repeats):
        chosen = seeding.draw_seeds(X, weight, 2, power, 1.0, 1, rng)
        counts[tuple(chosen.tolist())] = counts.get(tuple(chosen.tolist()), 0) + 1
    return counts


def largest_z(counts, law):
    repeats = sum(counts.values())
    assert set(counts) <= set(law)
    return max(
        abs(counts.get(key, 0) - repeats * p) / np.sqrt(repeats * p * (1 - p))
        for key, p in law.items()
    )


@pytest.mark.parametrize("power", [1, 2, 4])
def test_seeds_without_trials_follow_their_law(power):
    counts = seed_counts(SEED_ROWS, SEED_WEIGHT, power)
    law = reference.seed_law(SEED_ROWS, SEED_WEIGHT, 2, power)
    assert largest_z(counts, law) < 4.5
    # The same counts reject another power, and seeds that forget the weights.
    wrong = reference.seed_law(SEED_ROWS, SEED_WEIGHT, 2, power + 0.5)
    assert largest_z(counts, wrong) > 4.5
    wrong = reference.seed_law(SEED_ROWS, np.ones(4), 2, power)
    assert largest_z(counts, wrong) > 4.5


def test_a_draw_that_rounding_takes_to_the_end_is_the_last_row_with_a_chance():
    class AtTheEnd:
        def random(self, size):
            return np.ones(size)

    weight = np.array([1.0, 2.0, 1.0, 0.0])
    found = seeding.draw_seeds(SEED_ROWS, weight, 2, 2, 1.0, 1, AtTheEnd())
    assert_array_equal(found, [2, 1])


def test_trials_lower_the_cost(rng):
    X = lumps(rng, 1000, k=20)

    def mean_cost(n_trials):
        found = [
            seeding.draw_seeds(X, None, 20, 2, 1.0, n_trials, np.random.default_rng(r))
            for r in range(20)
        ]
        return np.mean([reference.cost(X, X[rows]) for rows in found])

    assert mean_cost(5) < 0.9 * mean_cost(1)


def test_seeds_are_distinct_rows(rng):
    X = lumps(rng)
    centers = seed_centers(X, 30, random_state=0)
    assert centers.shape == (30, 3)
    assert len(np.unique(centers, axis=0)) == 30
    assert len(np.unique(np.vstack([X, centers]), axis=0)) == 300
    assert_array_equal(centers, seed_centers(X, 30, random_state=0))
    assert not np.array_equal(centers, seed_centers(X, 30, random_state=1))


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_with_as_many_seeds_as_rows_each_distinct_row_is_one(
    rng, container, monkeypatch
):
    """At once: without drawing, nor comparing every row with every other."""
    monkeypatch.setattr(seeding, "draw_seeds", None)
    X = rng.integers(3, size=(50, 2)) - 1.0
    X[X == 0] *= rng.choice([-1, 1], (X == 0).sum())  # zeros of either sign are equal
    weight = rng.random(50)
    weight[:2] = 0.0
    rows = open_rows(container(X), sample_weight=weight).subset()
    found = seeding.seed(rows, 50, 5, 2, "auto", rng)
    assert len(found.centers) == len({tuple(x) for x in (X[2:] + 0.0).tolist()})
    assert (np.diff(found.indices) > 0).all()
    assert_array_equal(found.centers, X[2:][found.indices])
    assert_array_equal(found.centers[found.clusters.labels], X[2:])
    assert found.cost == 0
    assert_allclose(found.clusters.weights.sum(), weight.sum())


def test_no_more_seeds_than_distinct_rows_of_positive_weight():
    X = np.repeat(np.arange(4.0)[:, None] / 3, 50, axis=0)
    weight = np.repeat([1.0, 1.0, 0.0, 1.0], 50)
    centers = seed_centers(X, 10, sample_weight=weight, random_state=0)
    assert_allclose(np.sort(centers[:, 0]), [0, 1 / 3, 1])
    assert seed_centers([[2.0]], 1).tolist() == [[2.0]]


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_seeds_have_no_unit(rng, scale):
    X = lumps(rng)
    for power in (1, 2, 5):
        wanted = seed_centers(X, 6, power=power, random_state=0)
        got = seed_centers(X * scale, 6, power=power, random_state=0)
        assert_allclose(got, wanted * scale, rtol=1e-12)


@pytest.mark.parametrize("how", ["exact", "tree"])
@pytest.mark.parametrize("d", [3, 300])
def test_layouts_blocks_and_rounds(rng, small_samples, how, d):
    """Also where rounds are needed, and where rows are projected."""
    X = (lumps(rng, 1500, d) * (rng.random((1500, d)) < 0.5)).astype(np.float32)
    X = X.astype(float)
    weight = rng.choice([0.0, 1.0, 2.0], 1500)

    def found(data, weight=weight):
        return seed_centers(data, 12, search=how, sample_weight=weight, random_state=0)

    wanted = found(X)
    layouts = [sparse.csr_array(X), np.asfortranarray(X), X.astype(np.float32)]
    for layout in [*layouts, open_rows(X, block_rows=77), open_rows(X, block_rows=1)]:
        assert_array_equal(found(layout), wanted)
    kept = weight > 0
    assert_array_equal(found(X[kept], weight[kept]), wanted)
    other = sensitivities(sparse.csr_array(X), wanted, search=how)
    assert_allclose(other, sensitivities(X, wanted, search=how), rtol=1e-9)


def nested(rng, n=20_000):
    """Nine triples of rows, each a hundred times nearer to the rest than the last."""
    X = 1e-3 * rng.standard_normal((n, 2))
    for i in range(9):
        X[3 * i : 3 * i + 3] += 100.0**i * np.array([1.0, i])
    return X


def test_rounds_find_what_the_first_sample_misses(rng, small_samples, monkeypatch):
    X = rng.permutation(nested(rng))
    exact = [
        reference.cost(X, X[seeding.draw_seeds(X, None, 10, 2, 1.0, 4, stream)])
        for stream in map(np.random.default_rng, range(5))
    ]

    def costs():
        found = [seed_centers(X, 10, random_state=r) for r in range(5)]
        return [reference.cost(X, centers) for centers in found]

    assert np.median(costs()) < 3 * np.median(exact)
    monkeypatch.setattr(seeding, "_ROUNDS", 1)
    assert np.median(costs()) > 100 * np.median(exact)


def test_seeding_in_rounds_costs_as_much_as_among_all_rows(rng, small_samples):
    """Means of 20; without trials in the later rounds it would be a quarter more."""
    X = lumps(rng, 5000, 4, 30)
    rounds = [reference.cost(X, seed_centers(X, 20, random_state=r)) for r in range(20)]
    all_rows = [
        reference.cost(X, X[seeding.draw_seeds(X, None, 20, 2, 1.0, 4, stream)])
        for stream in map(np.random.default_rng, range(20))
    ]
    assert np.mean(rounds) < 1.15 * np.mean(all_rows)


# --- The tree -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normal", "lumps"])
def test_the_tree_finds_centres_that_are_nearly_nearest(rng, kind):
    X = rng.standard_normal((4000, 10))
    if kind == "lumps":
        X += 3 * rng.standard_normal((300, 10))[rng.integers(300, size=4000)]
    centers = X[:500]
    best = NearestCenters(centers).find(X)[1]
    found = sq_distances_to_own(X, centers, search._Tree(centers).find(X))
    assert (found >= best - 1e-12).all()
    assert found.sum() < 1.15 * best.sum()
    # Centres by chance, within the same bound, fail.
    chance = sq_distances_to_own(X, centers, rng.integers(500, size=4000))
    assert chance.sum() > 1.15 * best.sum()


def test_a_tree_of_centres_at_all_scales_is_no_deeper():
    """A quadtree would need a thousand levels."""
    centers = np.ldexp(1.0, -np.arange(1000))[:, None]
    tree = search._Tree(centers)
    groups = tree._children[tree._numbers < 0]
    assert np.diff(groups).max() <= 2 * search._BRANCHES
    found = sq_distances_to_own(centers, centers, tree.find(centers))
    assert (found < 1e-3).all()


def test_the_tree_is_for_many_centres_and_many_rows_only():
    assert not search.uses_tree("auto", 10**6, 512)
    assert search.uses_tree("auto", 10**6, 513)
    assert not search.uses_tree("auto", 32_768, 513)
    assert search.uses_tree("tree", 100, 5)
    assert not search.uses_tree("exact", 10**6, 1000)


# --- Bad input ------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0, -1, 0.5, np.nan, np.inf, 17])
def test_powers_out_of_range_are_refused(power):
    for call in (
        lambda: seed_centers([[1.0]], 1, power=power),
        lambda: sensitivities([[1.0]], [[1.0]], power=power),
    ):
        with pytest.raises(ValueError, match=r"power must be between 1 and 16"):
            call()


@pytest.mark.parametrize("n_clusters", [0, -3, 2.0, True, None])
def test_numbers_of_clusters_that_are_none_are_refused(n_clusters):
    with pytest.raises((TypeError, ValueError), match="n_clusters must be"):
        seed_centers([[1.0]], n_clusters)


@pytest.mark.parametrize(
    ("centers", "words"),
    [
        ([[1.0, 2.0, 3.0]], r"shape \(n_centers, 2\)"),
        ([1.0, 2.0], r"shape \(n_centers, 2\)"),
        (np.empty((0, 2)), r"shape \(n_centers, 2\)"),
        ([["a", "b"]], "centers must hold numbers"),
        ([[1.0, np.nan]], "centers contains NaN"),
        ([[1.0], [1.0, 2.0]], "centers must"),
    ],
)
def test_centres_that_do_not_fit_are_refused(centers, words):
    with pytest.raises(ValueError, match=words):
        sensitivities([[1.0, 2.0]], centers)


def test_rows_that_are_not_finite_are_refused():
    for call in (
        lambda: seed_centers([[np.nan]], 1),
        lambda: sensitivities([[np.nan]], [[1.0]]),
        lambda: lightweight_scores([[np.nan]]),
    ):
        with pytest.raises(ValueError, match="X contains NaN"):
            call()
    with pytest.raises(ValueError, match="search must be one of"):
        seed_centers([[1.0]], 1, search="kd")
