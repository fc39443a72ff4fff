"""TAROT: budgets, weights, sizes, classes, checkpoints, copies and bad input."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from coreselect import TAROT, CoresetEstimator, TargetInPoolWarning
from coreselect.transport import ot_distance, whiten
from coreselect.transport.orders import STRATEGIES


def groups(n=60, m=30, spread=9.0, seed=0):
    """Rows of four groups, n of each in turn, and targets like the second and third."""
    rng = np.random.default_rng(seed)
    centers = spread * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    X = np.repeat(centers, n, axis=0) + rng.standard_normal((4 * n, 3))
    T = centers[1 + np.arange(m) % 2] + rng.standard_normal((m, 3))
    return X, T


def blobs(seed, n=200, m=30, d=16):
    """Five groups of rows, targets like two of them."""
    rng = np.random.default_rng(seed)
    centers = 2 * rng.standard_normal((5, d))
    X = centers[rng.integers(5, size=n)] + rng.standard_normal((n, d))
    T = centers[rng.integers(2, size=m)] + rng.standard_normal((m, d))
    return X, T


def unit(Z):
    return Z / np.linalg.norm(Z, axis=1)[:, None]


# --- budgets and prefixes -------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_budget_is_met_exactly(strategy):
    """The released code overshoots where whole layers hit the budget."""
    X, T = groups(10)
    whole = TAROT(39, strategy=strategy, random_state=0).fit(X, X_target=T)
    for size in range(1, 41):
        selection = TAROT(size, strategy=strategy).fit(X, X_target=T).selection_
        assert len(selection) == size
        if size < 40:
            assert_array_equal(selection.indices, whole.select(size).indices)
            assert_allclose(selection.weights, whole.select(size).weights)


def test_more_than_was_ranked_needs_another_fit():
    X, T = groups(10)
    selector = TAROT(5).fit(X, X_target=T)
    with pytest.raises(ValueError, match="fit again with n_select=6"):
        selector.select(6)


def test_rows_of_the_wanted_groups_are_chosen():
    X, T = groups()
    for strategy in ("rounds", "round_robin", "facility", "ot"):
        indices = TAROT(20, strategy=strategy).fit_select(X, X_target=T).indices
        assert set(indices // 60) == {1, 2}


def test_mean_score_picks_the_compromise():
    """Targets to the left and to the right: their mean looks up, so do its rows."""
    rng = np.random.default_rng(0)
    angles = np.radians([90, 10, 170]).repeat(50) + 0.05 * rng.standard_normal(150)
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    T = X[[60, 61, 110, 111]] + 0.001
    chosen = {
        strategy: TAROT(10, strategy=strategy, whitening=None).fit_select(X, X_target=T)
        for strategy in ("mean_score", "rounds", "facility", "ot")
    }
    assert set(chosen.pop("mean_score").indices // 50) == {0}
    for selection in chosen.values():
        assert set(selection.indices // 50) == {1, 2}


@pytest.mark.slow
def test_quality_of_the_strategies():
    """The order that the methods promise, as means over ten seeds."""
    for size in (10, 20, 40):
        mean = {
            strategy: np.mean(
                [
                    TAROT(size, strategy=strategy).fit(X, X_target=T).ot_distance_
                    for X, T in map(blobs, range(10))
                ]
            )
            for strategy in ("rounds", "facility", "ot", "mean_score")
        }
        assert mean["ot"] <= mean["facility"] <= 1.05 * mean["rounds"]
        assert mean["rounds"] <= mean["mean_score"]


# --- distance, path, plan, weights ----------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_attributes_agree_with_their_definitions(strategy):
    X, T = groups(20)
    rng = np.random.default_rng(1)
    weight, share = rng.choice([1.0, 3.0], 80), rng.choice([1.0, 2.0], 30)
    selector = TAROT(12, strategy=strategy)
    selector.fit(X, sample_weight=weight, X_target=T, target_weight=share)
    U, V = (unit(selector.whitening_.transform(data)) for data in (X, T))
    chosen = selector.sample_indices_
    distance = ot_distance(U[chosen], V, None, share)
    assert_allclose(selector.ot_distance_, distance, rtol=1e-9)
    assert_allclose(selector.path_["distance"][-1], distance, rtol=1e-9)
    for size, value in selector.path_:
        assert_allclose(ot_distance(U[chosen[:size]], V, None, share), value, rtol=1e-9)
    served_by = cdist(V, U[chosen]).argmin(axis=1)
    wanted = np.bincount(served_by, share / share.sum(), 12)
    assert_allclose(selector.sample_weight_, weight.sum() * wanted)
    plan = selector.plan_
    assert plan.shape == (12, 30)
    assert plan.nnz == 30
    assert_allclose(plan.sum(axis=0), share / share.sum())
    assert_allclose(weight.sum() * plan.sum(axis=1), selector.sample_weight_)


def test_weights_do_not_depend_on_shifts_as_raw_potentials_do():
    """They are shares of the targets, never negative, and add up to the total."""
    X, T = groups()
    for size in (1, 5, 50):
        weights = TAROT(size).fit_select(X, X_target=T).weights
        assert (weights >= 0).all()
        assert_allclose(weights.sum(), len(X))


def test_all_rows_keep_their_weights_and_have_a_plan():
    X, T = groups(10)
    weight = np.arange(1.0, 41.0)
    selector = TAROT(50).fit(X, sample_weight=weight, X_target=T)
    assert_array_equal(selector.sample_weight_, weight)
    assert selector.plan_.shape == (40, 30)
    U, V = (unit(selector.whitening_.transform(data)) for data in (X, T))
    nearest = np.bincount(cdist(V, U).argmin(axis=1), minlength=40) / 30
    assert_allclose(selector.plan_.sum(axis=1), nearest)


def test_no_rows_have_no_distance():
    X, T = groups(10)
    selector = TAROT(0).fit(X, X_target=T)
    assert len(selector.selection_) == 0
    for name in ("ot_distance_", "path_", "plan_"):
        assert not hasattr(selector, name)


# --- the size -------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_auto_finds_a_size_near_the_minimum(strategy):
    X, T = blobs(0)
    selector = TAROT(strategy=strategy, n_splits=5, random_state=0)
    selector.fit(X, X_target=T)
    path, size = selector.path_, len(selector.selection_)
    assert len(selector.fold_sizes_) == 5
    near = path["size"][path["distance"] <= 1.03 * path["distance"].min()]
    gap = np.abs(near - np.median(selector.fold_sizes_))
    assert size == near[gap.argmin()]
    assert_allclose(selector.ot_distance_, path["distance"][path["size"] == size][0])
    assert selector.select("auto") == selector.selection_
    assert len(selector.select(size // 2)) == size // 2


def test_auto_is_repeatable_and_other_methods_refuse_it():
    X, T = blobs(1)
    a, b = (TAROT(random_state=3).fit(X, X_target=T) for _ in range(2))
    assert a.selection_ == b.selection_
    assert_array_equal(a.fold_sizes_, b.fold_sizes_)
    with pytest.raises(TypeError, match="n_select must be a number, got 'automatic'"):
        TAROT("automatic").fit(X, X_target=T)


def test_auto_passes_the_checks_of_scikit_learn():
    results = check_estimator(TAROT(), on_skip=None, on_fail=None)
    failed = [r["check_name"] for r in results if r["status"] == "failed"]
    assert failed == []


# --- rows as their own target ---------------------------------------------------------


@pytest.mark.parametrize("strategy", ["rounds", "round_robin", "facility", "ot"])
def test_without_targets_the_rows_are_spread_over_all_groups(strategy):
    X, _ = groups()
    selector = TAROT(12, strategy=strategy, random_state=0).fit(X)
    assert set(selector.sample_indices_ // 60) == {0, 1, 2, 3}
    U = unit(selector.whitening_.transform(X))
    ours = ot_distance(U[selector.sample_indices_], U, selector.sample_weight_)
    rng = np.random.default_rng(0)
    drawn = [ot_distance(U[rng.choice(240, 12, replace=False)], U) for _ in range(10)]
    assert ours < 0.8 * np.mean(drawn)


def test_auto_without_targets_looks_at_a_tenth_as_many_means():
    X, _ = groups()
    selector = TAROT(random_state=0).fit(X)
    assert selector.plan_.shape == (len(selector.selection_), 24)


def test_many_targets_are_condensed(monkeypatch):
    monkeypatch.setattr("coreselect.selectors.tarot.MOST_TARGETS", 50)
    X, T = groups(m=400)
    selector = TAROT(20, random_state=0).fit(X, X_target=T)
    assert selector.plan_.shape == (20, 50)
    assert_allclose(selector.plan_.sum(), 1)
    assert set(selector.sample_indices_ // 60) == {1, 2}
    U, V = (unit(selector.whitening_.transform(data)) for data in (X, T))
    chosen = U[selector.sample_indices_]
    assert_allclose(selector.ot_distance_, ot_distance(chosen, V), rtol=0.15)


# --- what goes in ---------------------------------------------------------------------


def test_checkpoints_are_averaged():
    """The released code throws the average away and uses the last one."""
    X, T = groups()
    rng = np.random.default_rng(1)
    noise, target_noise = rng.standard_normal(X.shape), rng.standard_normal(T.shape)
    parts = [X + 3 * noise, X - noise]
    target_parts = [T + 3 * target_noise, T - target_noise]
    wanted = TAROT(20).fit_select(X, X_target=T)
    selector = TAROT(20, checkpoints=[1, 3])
    assert selector.fit_select(parts, X_target=target_parts) == wanted
    csr = [sparse.csr_array(part) for part in parts]
    assert selector.fit_select(csr, X_target=target_parts) == wanted
    mixed = [sparse.csr_matrix(parts[0]), parts[1]]
    assert selector.fit_select(mixed, X_target=target_parts) == wanted
    last = TAROT(20).fit_select(parts[-1], X_target=target_parts[-1])
    assert last != wanted
    equal = TAROT(20).fit_select(parts, X_target=T)
    assert equal == TAROT(20).fit_select((parts[0] + parts[1]) / 2, X_target=T)


def test_lists_of_rows_are_no_checkpoints():
    X, T = groups(10)
    wanted = TAROT(7).fit_select(X, X_target=T)
    assert TAROT(7).fit_select(X.tolist(), X_target=T.tolist()) == wanted


def test_a_whitening_can_be_frozen():
    X, T = groups()
    later, _ = groups(seed=1)
    frozen = TAROT(20).fit(X, X_target=T).whitening_
    selector = TAROT(20, whitening=frozen).fit(later, X_target=T)
    assert selector.whitening_ is frozen
    assert selector.selection_ == TAROT(20, whitening=whiten(X, T)).fit_select(
        later, X_target=T
    )
    with pytest.raises(ValueError, match="X has 2 features, but this whitening"):
        TAROT(20, whitening=frozen).fit(X[:, :2])


def test_columns_of_targets_are_found_by_name(tmp_path):
    X, T = groups()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    targets = pd.DataFrame(T, columns=["a", "b", "c"]).assign(other="x")
    targets = targets[["other", "c", "a", "b"]]
    wanted = TAROT(20).fit_select(X, X_target=T)
    assert TAROT(20).fit_select(frame, X_target=targets) == wanted
    frame.to_parquet(tmp_path / "pool.parquet")
    targets.to_parquet(tmp_path / "target.parquet")
    got = TAROT(20).fit_select(
        tmp_path / "pool.parquet", X_target=tmp_path / "target.parquet"
    )
    assert got == wanted
    with pytest.raises(ValueError, match="no column 'a' in X_target"):
        TAROT(20).fit(frame, X_target=targets[["b", "c"]])


def test_memory_maps_are_read_block_by_block(tmp_path):
    X, T = groups()
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "T.npy", T)
    got = TAROT(20).fit_select(tmp_path / "X.npy", X_target=tmp_path / "T.npy")
    assert got == TAROT(20).fit_select(X, X_target=T)


def test_classes_come_before_distances():
    """One group of two classes; targets of class "b" get rows of class "b" alone."""
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((100, 3)), rng.standard_normal((10, 3))
    y = np.where(np.arange(100) % 2, "b", "a")
    both = TAROT(40).fit_select(X, y, X_target=T)
    assert set(y[both.indices]) == {"a", "b"}
    one = TAROT(40).fit_select(X, y, X_target=T, y_target=np.full(10, "b"))
    assert set(y[one.indices]) == {"b"}
    more = TAROT(60, strategy="round_robin")
    more.fit(X, y, X_target=T, y_target=np.full(10, "b"))
    assert (y[more.sample_indices_] == "b").sum() == 50


def test_a_target_in_the_constructor_serves_grid_searches():
    X, T = groups()
    y = np.arange(240) // 60 % 2
    selector = TAROT(20, target=T)
    assert selector.fit_select(X) == TAROT(20).fit_select(X, X_target=T)
    model = CoresetEstimator(LogisticRegression(), selector, weights="ignore")
    grid = {"selector__strategy": ["rounds", "facility"], "selector__n_select": [40]}
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.4
    through = CoresetEstimator(LogisticRegression(), TAROT(20), weights="ignore")
    assert through.fit(X, y, X_target=T).selector_.n_duplicates_ == 0


def test_copies_of_targets_are_reported_or_left_out():
    X, T = groups()
    T[:5] = X[60:65]
    with pytest.warns(TargetInPoolWarning, match="5 of 240 rows of X are copies"):
        selector = TAROT(20).fit(X, X_target=T)
    assert selector.n_duplicates_ == 5
    assert set(range(60, 65)) <= set(selector.sample_indices_)
    without = TAROT(20, exclude_duplicates=True).fit(X, X_target=T)
    assert without.n_duplicates_ == 5
    rest = np.delete(np.arange(240), np.arange(60, 65))
    wanted = TAROT(20).fit_select(X[rest], X_target=T)
    assert_array_equal(without.sample_indices_, rest[wanted.indices])
    assert_allclose(without.sample_weight_, wanted.weights)
    everything = TAROT(240, exclude_duplicates=True).fit_select(X, X_target=T)
    assert_array_equal(everything.indices, rest)
    with pytest.raises(ValueError, match="exclude_duplicates=True leaves no rows"):
        TAROT(20, exclude_duplicates=True).fit(X[:9], X_target=X[:9])


def test_copies_of_weight_zero_do_not_count():
    X, T = groups()
    T[:5] = X[60:65]
    weight = np.ones(240)
    weight[60:64] = 0
    with pytest.warns(TargetInPoolWarning, match="1 of 240 rows"):
        selector = TAROT(20).fit(X, sample_weight=weight, X_target=T)
    assert selector.n_duplicates_ == 1
    weight[64] = 0
    assert TAROT(20).fit(X, sample_weight=weight, X_target=T).n_duplicates_ == 0


@pytest.mark.parametrize("kinds", [("f4", "f8"), ("f8", "f4")])
def test_copies_are_found_across_precisions(kinds):
    X, T = groups()
    X[0] = 1e200 if kinds[0] == "f8" else 1.0  # too large for float32
    T[:5] = X[60:65]
    selector = TAROT(20, exclude_duplicates=True)
    selector.fit(X.astype(kinds[0]), X_target=T.astype(kinds[1]))
    assert selector.n_duplicates_ == 5
    X[60:65] *= 1 + 1e-12  # copies in float32, none in float64
    assert selector.fit(X, X_target=T).n_duplicates_ == 0


# --- bad input ------------------------------------------------------------------------


def test_a_single_target_gets_its_nearest_rows():
    X, T = groups()
    for strategy in STRATEGIES:
        selector = TAROT(7, strategy=strategy).fit(X, X_target=T[:1])
        U, V = (unit(selector.whitening_.transform(data)) for data in (X, T[:1]))
        wanted = np.argsort(cdist(V, U)[0])[:7]
        assert_array_equal(np.sort(selector.sample_indices_), np.sort(wanted))
    auto = TAROT().fit(X, X_target=T[:1])
    assert len(auto.selection_) == 1
    assert len(auto.fold_sizes_) == 0


@pytest.mark.parametrize("n_select", ["auto", 1, 5])
def test_a_single_candidate_is_chosen(n_select):
    X, T = groups()
    selection = TAROT(n_select).fit_select(X[:1], X_target=T)
    assert_array_equal(selection.indices, [0])
    assert_array_equal(selection.weights, [1.0])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("n_select", ["auto", 5])
def test_equal_candidates_come_in_their_order(strategy, n_select):
    X, T = np.ones((20, 3)), groups()[1]
    for target in (T, None, np.ones((4, 3)) / 2):
        selector = TAROT(n_select, strategy=strategy, n_splits=3, random_state=0)
        selection = selector.fit_select(X, X_target=target)
        assert_array_equal(selection.indices, np.arange(len(selection)))


def test_few_rows_without_shrinkage_are_warned_about():
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((20, 40)), rng.standard_normal((5, 40))
    with pytest.warns(UserWarning, match="25 rows for 40 features"):
        TAROT(5, whitening="cholesky").fit(X, X_target=T)


@pytest.mark.parametrize(
    ("fit", "error", "message"),
    [
        ({"X_target": np.empty((0, 3))}, ValueError, "X_target: .*0 sample"),
        ({"X_target": np.ones((5, 2))}, ValueError, "X_target has 2 features, but X"),
        (
            {"X_target": np.full((5, 3), np.nan)},
            ValueError,
            "X_target contains NaN.* 15 values",
        ),
        ({"X_target": np.ones(3)}, ValueError, "X_target: "),
        ({"X_target": [["a", "b", "c"]]}, ValueError, "X_target: "),
        (
            {"target_weight": np.ones(5)},
            ValueError,
            "target_weight was given without X_target",
        ),
        ({"y_target": np.ones(5)}, ValueError, "y_target was given without X_target"),
        (
            {"X_target": np.eye(3), "target_weight": [1, -1, 1]},
            ValueError,
            "target_weight must not be negative",
        ),
        (
            {"X_target": np.eye(3), "target_weight": [0, 0, 0]},
            ValueError,
            "target_weight is zero for every row",
        ),
        (
            {"X_target": np.eye(3), "y_target": [0, 1, 1]},
            ValueError,
            "y_target needs y",
        ),
        ({"X_target": np.eye(3), "y_target": [0, 1]}, ValueError, "2 values for 3"),
    ],
)
def test_bad_targets_are_named(fit, error, message):
    with pytest.raises(error, match=message):
        TAROT(5).fit(groups(10)[0], **fit)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strategy": "greedy"}, "strategy must be one of"),
        ({"whitening": "zca"}, "whitening must be one of"),
        ({"metric": "cosine"}, "metric must be one of"),
        ({"n_splits": 1}, "n_splits must be at least 2"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"n_select": -1}, "n_select must not be negative"),
        ({"checkpoints": [1.0]}, "checkpoints has 1 weights for the 2 arrays of X"),
        ({"checkpoints": [-1, 2]}, "checkpoints must not be negative"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    X, T = groups(10)
    with pytest.raises(ValueError, match=message):
        TAROT(**{"n_select": 5, **parameters}).fit([X, X], X_target=T)


def test_checkpoints_of_other_shapes_are_named():
    X, _ = groups(10)
    with pytest.raises(ValueError, match="arrays of shapes"):
        TAROT(5).fit([X, X[:-1]])


def test_checkpoints_need_lists_of_one_length():
    X, T = groups(10)
    with pytest.raises(ValueError, match="checkpoints was given, but X is not a list"):
        TAROT(5, checkpoints=[1.0]).fit(X, X_target=T)
    with pytest.raises(ValueError, match="list of 2 arrays, X_target one of 3"):
        TAROT(5).fit([X, X], X_target=[T, T, T])


@pytest.mark.parametrize(
    ("classes", "wanted", "message"),
    [
        (
            ["a", "b"],
            ["b", "c"],
            r"no row of y has: \['c'\]; those of y are \['a', 'b'",
        ),
        ([0, 1], ["0", "1"], r"y holds numbers, y_target text"),
        ([0, "a"], [1, "b"], r"no row of y has: \[1, 'b'\]; those of y are \[0, 'a'"),
    ],
)
def test_classes_of_targets_must_be_among_those_of_rows(classes, wanted, message):
    X, T = groups(10)
    y, y_target = np.resize(np.array(classes, object), 40), np.resize(wanted, 30)
    if "a" not in classes:
        y = y.astype(int)
    elif 0 in classes:
        y_target = np.resize(np.array(wanted, object), 30)
    with pytest.raises(ValueError, match=message):
        TAROT(5).fit(X, y, X_target=T, y_target=y_target)


def test_classes_may_be_text_of_any_kind():
    X, T = groups(10)
    y = np.resize(["a", "b"], 40)
    wanted = TAROT(5).fit_select(X, y, X_target=T, y_target=np.full(30, "b"))
    for kind in (y.astype(object), np.resize(np.array(["b", 7], object), 41)[1:]):
        got = TAROT(5).fit_select(X, kind, X_target=T, y_target=np.full(30, "b"))
        assert got == wanted


def test_classes_need_lengths_that_are_bounded():
    X, T = groups(10)
    with pytest.raises(ValueError, match="y_target needs metric='chord'"):
        TAROT(5, metric="euclidean").fit(
            X, np.ones(40), X_target=T, y_target=np.ones(30)
        )


def test_scales_do_not_matter():
    X, T = groups()
    wanted = TAROT(20).fit_select(X, X_target=T)
    for scale in (1e-200, 1e200, [1e-200, 1.0, 1e200]):
        assert TAROT(20).fit_select(X * scale, X_target=T * scale) == wanted


@pytest.mark.parametrize("n_targets", [1, 30])
@pytest.mark.parametrize("n_select", ["auto", 20])
@pytest.mark.parametrize("strategy", ["rounds", "facility", "ot"])
def test_offsets_and_units_of_raw_features_do_not_matter(strategy, n_select, n_targets):
    """Also with a single target, given twice; distances grow with the unit."""
    X, T = groups(10)
    T = T[:n_targets].repeat(2, axis=0) if n_targets == 1 else T
    parameters = {"strategy": strategy, "metric": "euclidean", "whitening": None}

    def fit(X, T):
        selector = TAROT(n_select, **parameters, n_splits=3, random_state=0)
        return selector.fit(X, X_target=T)

    wanted = fit(X, T)
    chosen = X[wanted.sample_indices_]
    assert_allclose(wanted.ot_distance_, ot_distance(chosen, T), rtol=1e-9)
    for scale, offset in ((1, 1e6), (1e-20, 0), (1e170, 0), (1e-9, 1e-3)):
        got = fit(scale * X + offset, scale * T + offset)
        assert_array_equal(got.sample_indices_, wanted.sample_indices_)
        assert_allclose(got.sample_weight_, wanted.sample_weight_)
        assert_allclose(got.ot_distance_, scale * wanted.ot_distance_, rtol=1e-6)
        distances = scale * wanted.path_["distance"]
        assert_allclose(got.path_["distance"], distances, rtol=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("metric", ["chord", "euclidean"])
@pytest.mark.parametrize("whitening", ["shrinkage", "cholesky", "pca", None])
def test_columns_of_any_scale_give_rows_or_are_refused(strategy, metric, whitening):
    """Squares that overflow once left lists with numbers of no row."""
    rng = np.random.default_rng(0)
    X, T = rng.uniform(-1, 1, (30, 3)), rng.uniform(-1, 1, (5, 3))
    tarot = TAROT(6, strategy=strategy, metric=metric, whitening=whitening)
    for a, b in [(1e-310, 1), (1, 1e308), (1e308, 1e308), (1e-310, 1e308), (1e308, 1)]:
        rows, targets = X * [a, 1, 1], T * [b, 1, 1]
        try:
            chosen = tarot.fit(rows, X_target=targets).selection_.indices
        except ValueError as error:
            if whitening or "farther from the targets than squares" not in str(error):
                raise
            continue
        assert len(np.unique(chosen)) == 6
        assert 0 <= chosen.min() <= chosen.max() < 30


def test_arrays_of_targets_have_the_columns_of_a_frame_in_its_order():
    X, T = groups()
    frame = pd.DataFrame(X, columns=list("abc"))
    selector = TAROT(20, features=["c", "a"])
    wanted = selector.fit_select(frame, X_target=pd.DataFrame(T, columns=list("abc")))
    assert selector.fit_select(frame, X_target=T) == wanted
