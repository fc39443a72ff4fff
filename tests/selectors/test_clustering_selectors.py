"""Selectors for clustering: no bias for any centres, small clusters, hard instances."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans

import coreselect
from coreselect import (
    DESIGNS,
    GroupSamplingSelector,
    KMeansSensitivitySelector,
    LightweightSelector,
    UniformSelector,
)
from coreselect.clustering import lightweight_scores, sensitivities
from coreselect.clustering._scores import Clusters
from coreselect.selectors.group import _pull, _sort
from tests._kernels import reference_clusters as reference

REPEATS = 400


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def far_clusters(rng, n=4000, small=4, members=8):
    """A broad cluster, and small ones far out: a uniform sample misses most."""
    X = rng.standard_normal((n, 3))
    for j in range(small):
        X[j * members : (j + 1) * members] += 200 * rng.standard_normal(3)
    return X


def distortion(X, centers, selection, power=2):
    """By how much the cost of some centres is misjudged, as a factor less one."""
    full = reference.cost(X, centers, power=power)
    small = reference.cost(
        X[selection.indices], centers, selection.weights, power=power
    )
    return max(full / small, small / full) - 1 if small > 0 else np.inf


# --- Bias -----------------------------------------------------------------------------


def z_scores(estimates, aimed):
    gap = estimates.mean(axis=0) - aimed
    return gap / (estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates)))


def estimated_costs(fitted, X, queries, power, weights=lambda s: s.weights):
    out = np.empty((REPEATS, len(queries)))
    for r in range(REPEATS):
        drawn = fitted.select(random_state=r)
        rows = X[drawn.indices]
        out[r] = [reference.cost(rows, q, weights(drawn), power=power) for q in queries]
    return out


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    ("selector", "power"),
    [
        (LightweightSelector(30), 2),
        (KMeansSensitivitySelector(30, n_clusters=4), 2),
        (KMeansSensitivitySelector(30, n_clusters=4, power=1), 1),
    ],
    ids=["lightweight", "k-means", "k-median"],
)
def test_the_cost_of_any_centres_is_unbiased(rng, selector, power, design):
    X = rng.standard_normal((150, 2)) * rng.choice([0.3, 3.0], (150, 1))
    weight = rng.choice([0.5, 1.0, 4.0], 150)
    queries = [X[rng.choice(150, 3)] for _ in range(5)] + [np.zeros((1, 2))]
    aimed = [reference.cost(X, q, weight, power) for q in queries]
    fitted = selector.set_params(design=design, random_state=0).fit(X, None, weight)
    right = estimated_costs(fitted, X, queries, power)
    assert abs(z_scores(right, aimed)).max() < 4.5
    # Weights as if rows were drawn uniformly fail the same test.
    wrong = estimated_costs(
        fitted, X, queries, power, lambda s: weight[s.indices] * 150 / 30
    )
    assert abs(z_scores(wrong, aimed)).max() > 4.5


def test_group_sampling_counts_near_rows_and_draws_far_ones_without_bias(rng):
    X = np.vstack([np.full((300, 2), 5.0), rng.standard_normal((300, 2))])
    weight = rng.choice([1.0, 2.0], 600)
    selector = GroupSamplingSelector(60, n_clusters=3, random_state=0)
    fitted = selector.fit(X, None, weight)
    state = fitted._state
    labels, near = state.clusters.labels, state.group == 0
    assert near[:300].all()
    seed = state.seeds[labels[0]]
    assert_array_equal(X[seed], [5, 5])
    costs = weight * state.clusters.costs
    kept = _pull(np.bincount(state.group, costs * ~near), 57) > 0
    kept = kept[state.group] & ~near
    counted = np.bincount(labels, weight * ~kept, 3)
    totals = np.empty((REPEATS, 3))
    for r in range(REPEATS):
        drawn = fitted.select(random_state=r)
        at = np.searchsorted(drawn.indices, state.seeds)
        assert_array_equal(drawn.indices[at], state.seeds)
        assert_allclose(drawn.weights[at], counted)
        far = ~near[drawn.indices]
        rows = X[drawn.indices[far]]
        totals[r] = [drawn.weights[far].sum(), *(drawn.weights[far] @ rows)]
    assert kept.sum() > 200
    aimed = [weight[kept].sum(), *(weight[kept] @ X[kept])]
    assert abs(z_scores(totals, aimed)).max() < 4.5
    assert abs(z_scores(totals * 1.05, aimed)).max() > 4.5


def test_group_sampling_declares_its_bias(rng):
    """Seeds that stand for rows next to them make the cost of seeds too small."""
    X = np.repeat(rng.standard_normal((5, 2)) * 50, 200, axis=0)
    X = X + np.where(np.arange(1000) % 10 == 0, 1.0, 0.01)[:, None] * (
        rng.standard_normal((1000, 2))
    )
    selector = GroupSamplingSelector(100, n_clusters=5, n_rings=1, random_state=0)
    assert not selector.__sklearn_tags__().selector_tags.unbiased
    fitted = selector.fit(X)
    costs = estimated_costs(fitted, X, [fitted.centers_], 2)
    aimed = reference.cost(X, fitted.centers_)
    assert_allclose(fitted.seed_cost_, aimed, rtol=1e-9)
    # Rows drawn in proportion to cost add the same each: the spread may be rounding.
    error = costs.std() / np.sqrt(REPEATS) + 1e-9 * aimed
    assert costs.mean() - aimed < -4.5 * error
    assert costs.mean() > 0.8 * aimed  # by less than the rows inside the rings cost


# --- What they are for ----------------------------------------------------------------


@pytest.mark.parametrize(
    "selector",
    [
        LightweightSelector(3),
        KMeansSensitivitySelector(3, n_clusters=2),
        GroupSamplingSelector(3, n_clusters=2),
    ],
    ids=lambda s: s.cli_name,
)
def test_a_single_row_far_out_is_always_kept(selector):
    """n - 1 rows at zero and one at 1e6; uniform rows miss it almost always."""
    X = np.zeros((1000, 2))
    X[567] = 1e6
    for r in range(20):
        selection = selector.set_params(random_state=r).fit_select(X)
        assert 567 in selection.indices
        assert_allclose(selection.weights[selection.indices == 567], 1)
    missed = [
        567 not in UniformSelector(3, random_state=r).fit_select(X).indices
        for r in range(20)
    ]
    assert np.mean(missed) > 0.8


@pytest.mark.parametrize("cls", [KMeansSensitivitySelector, GroupSamplingSelector])
@pytest.mark.parametrize("power", [1, 2])
def test_small_far_clusters_cost_a_fraction_of_uniforms_distortion(rng, cls, power):
    X = far_clusters(rng)
    queries = [
        KMeans(5, n_init=2, random_state=r).fit(X).cluster_centers_ for r in (0, 1)
    ]
    queries += [X[rng.choice(4000, 5)] for _ in range(10)]

    def mean_distortion(selector):
        found = []
        for r in range(10):
            selection = selector.set_params(random_state=r).fit_select(X)
            found.append(max(distortion(X, q, selection, power) for q in queries))
        return np.mean(found)

    ours = mean_distortion(cls(200, n_clusters=5, power=power))
    share = 0.1 if cls is KMeansSensitivitySelector else 0.25
    assert ours < share * mean_distortion(UniformSelector(200))


def test_small_clusters_near_the_mean_are_what_lightweight_misses(rng):
    """Tiny clusters between two large ones far apart: the sensitivities see them."""
    X = 0.1 * rng.standard_normal((4000, 2))
    X[:2000] += [-1000, 0]
    X[2000:] += [1000, 0]
    X[:4] = [[0, 5.0]] + 1e-3 * rng.standard_normal((4, 2))
    light = lightweight_scores(X)
    ours = KMeansSensitivitySelector(40, n_clusters=3, random_state=0).fit(X).scores_
    assert light[:4].sum() / light.sum() < 0.001
    assert ours[:4].sum() / ours.sum() > 0.1


def test_the_hard_instance_costs_what_it_should():
    """Every digit gives an optimal clustering of cost n (a - 1) (k - 1) / k."""
    for k, a, cost in ((3, 2, 6), (4, 3, 96)):
        X, centers = reference.hard_instance(k, a)
        assert_allclose([reference.cost(X, c) for c in centers], cost)
        assert_allclose((X**2).sum(), k**a * a * (k - 1) / k)


@pytest.mark.parametrize("cls", [KMeansSensitivitySelector, LightweightSelector])
def test_error_on_the_hard_instance_falls_as_one_over_the_root_of_the_size(cls):
    """Against all a optimal clusterings at once, 64 draws at each size."""
    X, centers = reference.hard_instance(5, 5)  # 3125 rows
    options = {"n_clusters": 5} if cls is KMeansSensitivitySelector else {}
    fitted = cls(50, design="poisson", random_state=0, **options).fit(X)

    def error(size):
        draws = [fitted.select(size, random_state=r) for r in range(64)]
        return np.mean([max(distortion(X, c, s) for c in centers) for s in draws])

    ratio = error(50) / error(450)
    assert 2 < ratio < 4.5  # 3, were it exact


# --- Sizes, attributes, degenerate data -----------------------------------------------


def test_kmeans_scores_are_the_sensitivities_to_its_seeds(rng):
    X, weight = far_clusters(rng, 500), rng.choice([1.0, 2.0], 500)
    for power in (1, 2):
        fitted = KMeansSensitivitySelector(
            20, n_clusters=6, power=power, random_state=0
        )
        fitted.fit(X, None, weight)
        wanted = sensitivities(X, fitted.centers_, power=power, sample_weight=weight)
        assert_allclose(fitted.scores_, wanted, rtol=1e-9)
        cost = reference.cost(X, fitted.centers_, weight, power)
        assert_allclose(fitted.seed_cost_, cost, rtol=1e-9)


def test_one_cluster_is_lightweight_where_the_seed_is_the_mean(rng):
    half = rng.standard_normal((50, 2))
    X = np.vstack([half, -half, np.zeros((1, 2))])
    scores = sensitivities(X, [[0.0, 0.0]])
    assert_allclose(scores / scores.sum(), lightweight_scores(X), rtol=1e-9)


def test_more_seeds_than_clusters_and_fewer(rng):
    X = far_clusters(rng)
    for n_seeds in (1, 3, 20):
        selector = KMeansSensitivitySelector(50, n_clusters=6, n_seeds=n_seeds)
        fitted = selector.set_params(random_state=0).fit(X)
        assert fitted.centers_.shape == (n_seeds, 3)
        # 1 + 1 for each seed's cluster, and twice the six clusters.
        singles = np.sum(np.bincount(_labels(X, fitted.centers_)) == 1)
        assert_allclose(fitted.scores_.sum(), 2 * n_seeds - singles + 12, rtol=1e-9)


def _labels(X, centers):
    return reference.sq_distances(X, centers.T).argmin(axis=1)


@pytest.mark.parametrize("cls", [KMeansSensitivitySelector, GroupSamplingSelector])
def test_more_clusters_than_distinct_rows(cls):
    X = np.repeat([[0.0], [1.0], [7.0]], [50, 30, 20], axis=0)
    fitted = cls(10, n_clusters=30, random_state=0).fit(X)
    assert_allclose(np.sort(fitted.centers_[:, 0]), [0, 1, 7])
    assert fitted.seed_cost_ == 0
    totals = np.bincount(
        X[fitted.sample_indices_, 0].astype(int), fitted.sample_weight_
    )
    if cls is GroupSamplingSelector:
        assert_allclose(totals[[0, 1, 7]], [50, 30, 20])
        return
    assert_allclose(fitted.scores_, 1 / np.repeat([50, 30, 20], [50, 30, 20]))


@pytest.mark.parametrize("cls", [KMeansSensitivitySelector, GroupSamplingSelector])
def test_all_rows_equal_and_a_single_row(cls):
    selection = cls(10, random_state=0).fit_select(np.full((100, 2), 0.1))
    assert_allclose(selection.weights.sum(), 100)
    assert cls(10).fit_select([[3.0]]).weights.tolist() == [1.0]


def test_groups_share_the_rows_by_cost_and_alike():
    """Shares of cost .8, .15, .05 and thirds, halved: .567, .242, .192 of ten rows."""
    pull = _pull(np.array([0.0, 80.0, 15.0, 5.0]), 10)
    shares = pull * [0, 80, 15, 5] / 2
    assert_allclose(shares, [0, 0.4 + 1 / 6, 0.075 + 1 / 6, 0.025 + 1 / 6])
    # Of four rows, less than one would go to the others; of one row, to any.
    assert_array_equal(_pull(np.array([0.0, 80.0, 15.0, 5.0]), 4) > 0, [0, 1, 0, 0])
    assert_array_equal(_pull(np.array([0.0, 80.0, 15.0, 5.0]), 1) > 0, [0, 1, 0, 0])


def test_group_sampling_sizes(rng):
    X = far_clusters(rng)
    fitted = GroupSamplingSelector(100, n_clusters=8, random_state=0).fit(X)
    for size in (1, 7, 8, 9, 50, 300):
        selection = fitted.select(size)
        assert len(selection) == size
        assert_allclose(selection.weights.sum(), 4000, rtol=0.35)
    few = fitted.select(5)
    assert {tuple(row) for row in X[few.indices]} <= set(map(tuple, fitted.centers_))


def test_rounding_moves_no_row_to_another_ring():
    """Costs a quarter of the mean, and equal to it, lie on the edges of rings."""
    labels = np.zeros(5, dtype=int)
    costs = np.array([0.25, 1.0, 1.0, 1.0, 1.75])  # mean 1

    def groups(unit):
        scaled = costs * unit
        clusters = Clusters(labels, scaled, np.array([5.0]), np.array([scaled.sum()]))
        return _sort(clusters, None, 1, 4)

    wanted = groups(1.0)
    assert len(np.unique(wanted)) == 2
    off = 0
    for unit in np.random.default_rng(0).random(300):
        assert_array_equal(groups(unit), wanted)
        off += unit < (costs * unit).sum() / 5
    assert off > 10  # units for which the mean is rounded up


# --- Bad input and the command line ---------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 0}, "n_clusters must be at least 1, got 0"),
        ({"n_clusters": 2.5}, "n_clusters must be an int, got 2.5"),
        ({"n_clusters": None}, "n_clusters must be an int, got None"),
        ({"power": 0}, "power must be between 1 and 16, got 0"),
        ({"power": np.nan}, "power must be between 1 and 16, got nan"),
        ({"power": np.inf}, "power must be between 1 and 16, got inf"),
        ({"n_seeds": 0}, "n_seeds must be at least 1, got 0"),
        ({"search": "all"}, "search must be one of 'auto', 'exact', 'tree', got 'all'"),
    ],
)
@pytest.mark.parametrize("cls", [KMeansSensitivitySelector, GroupSamplingSelector])
def test_parameters_that_are_none_are_refused(cls, parameters, words):
    with pytest.raises((TypeError, ValueError), match=words):
        cls(**parameters).fit([[1.0], [2.0]])


def test_rings_that_are_none_are_refused():
    with pytest.raises(ValueError, match="n_rings must be at least 1, got 0"):
        GroupSamplingSelector(n_rings=0).fit([[1.0], [2.0]])


def passes(selector, X, monkeypatch):
    """Count how often the rows are walked over, and how often some are fetched."""
    rows = coreselect.rows.open(X)
    holder = type(rows._holder)
    counts = []
    for name in ("blocks", "gather"):
        original = getattr(holder, name)

        def counted(self, *arguments, original=original):
            counts.append(1)
            return original(self, *arguments)

        monkeypatch.setattr(holder, name, counted)
    selector.fit(rows)
    monkeypatch.undo()
    return len(counts)


def test_passes_are_as_stated(rng, monkeypatch):
    X = rng.standard_normal((33_000, 2))
    for cls, few, many in (
        (LightweightSelector, 2, 2),
        (KMeansSensitivitySelector, 4, 7),
        (GroupSamplingSelector, 3, 6),
    ):
        assert passes(cls(random_state=0), X[:1000], monkeypatch) == few
        assert passes(cls(random_state=0), X, monkeypatch) == many
        assert cls.passes.startswith(str(few))
        assert few == many or f" {many} " in cls.passes


@pytest.mark.parametrize(
    "options",
    [
        ["--method", "lightweight"],
        ["--method", "kmeans", "--n-clusters", "3", "--power", "1", "--n-seeds", "4"],
        ["--method", "group", "--n-clusters", "3", "--n-rings", "4"],
    ],
    ids=lambda options: options[1],
)
def test_command_line(tmp_path, rng, options, capsys):
    from coreselect.cli import main

    np.save(tmp_path / "rows.npy", rng.standard_normal((200, 3)))
    out = tmp_path / "small.npy"
    status = main(
        ["select", str(tmp_path / "rows.npy"), "-o", str(out), "-n", "20", *options]
    )
    assert status == 0, capsys.readouterr().err
    assert len(np.load(out)) == 20
