"""design="balanced" on score selectors, and stratify=True with numbers in y."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import (
    KMeansSensitivitySelector,
    LeverageSelector,
    LewisSelector,
    LightweightSelector,
    LogisticSelector,
    LpSensitivitySelector,
    ScoreSelector,
    UniformSelector,
    draw,
    inclusion_probabilities,
)
from coreselect.rows import open as open_rows

N = 600
CLASSES = [
    KMeansSensitivitySelector,
    LeverageSelector,
    LewisSelector,
    LightweightSelector,
    LogisticSelector,
    LpSensitivitySelector,
    UniformSelector,
]


class PlainSelector(ScoreSelector):
    """Somebody else's method, without a hook for balancing."""

    def _scores(self, block, state):
        return block.weight * (1.0 + np.abs(block.X[:, 0]))


class OwnColumns(PlainSelector):
    def __init__(self, n_select=50, *, columns=None, design="balanced"):
        super().__init__(n_select, design=design)
        self.columns = columns

    def _balance(self, block, state):
        return self.columns(block)


def table(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_t(4, size=(N, 4))
    y = X @ [1.0, -1.0, 2.0, 0.0] + rng.normal(size=N)
    return X, y, rng.choice([0.5, 1.0, 3.0], size=N)


def misses(fitted, columns, weight, n_draws=20):
    """Return the root mean square errors of totals, beside the size of the columns."""
    found = np.empty((n_draws, columns.shape[1]))
    for seed in range(n_draws):
        chosen = fitted.select(random_state=seed)
        found[seed] = chosen.weights @ columns[chosen.indices]
    gap = found - weight @ columns
    return np.sqrt((gap**2).mean(axis=0)) / (weight @ np.abs(columns))


@pytest.mark.parametrize("cls", [*CLASSES, PlainSelector])
def test_totals_are_nearer_than_those_of_pivotal(cls):
    X, y, weight = table()
    y = y if cls is not LogisticSelector else (y > 0).astype(int)
    columns = np.column_stack([np.ones(N), X, X**2, X[:, 0] * X[:, 1]])
    errors = {}
    for design in ("pivotal", "balanced"):
        fitted = cls(100, design=design, random_state=0).fit(X, y, weight)
        errors[design] = misses(fitted, columns, weight)
    ratios = errors["balanced"] / np.maximum(errors["pivotal"], 1e-9)
    linear, products = ratios[:5], ratios[5:]
    assert (linear < 0.5).all()
    if cls not in (LewisSelector, LpSensitivitySelector):  # their degree is one
        assert products.mean() < 0.7


def test_least_squares_and_the_gram_matrix_are_near_those_of_all_rows():
    """Errors of 150 rows are below a third, and a tenth, of those of pivotal."""
    X, y, _ = table()
    upper = np.linalg.qr(X, mode="r")
    whitened = np.linalg.solve(upper.T, X.T).T
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    errors = {}
    for design in ("pivotal", "balanced"):
        fitted = LeverageSelector(150, design=design, random_state=0).fit(X, y)
        found = []
        for seed in range(20):
            chosen = fitted.select(random_state=seed)
            part, w = whitened[chosen.indices], chosen.weights
            gram = part.T @ (part * w[:, None])
            root = np.sqrt(w)
            fit = np.linalg.lstsq(
                X[chosen.indices] * root[:, None], y[chosen.indices] * root, rcond=None
            )[0]
            excess = ((X @ (fit - best)) ** 2).sum()
            found.append([np.abs(np.linalg.eigvalsh(gram) - 1).max(), excess])
        errors[design] = np.mean(found, axis=0)
    gram, excess = errors["balanced"] / errors["pivotal"]
    assert gram < 1 / 3
    assert excess < 0.1


def test_inclusion_counts_are_exact():
    """|z| < 4.5 for every row in 4,000 draws; for other probabilities it is not."""
    X, y, weight = table()
    X, y, weight = X[:60], y[:60], weight[:60]
    fitted = LeverageSelector(30, design="balanced").fit(X, y, weight)
    counts = np.zeros(60)
    for seed in range(4000):
        counts[fitted.select(random_state=seed).indices] += 1

    def z(chances):
        open_rows = (chances > 0) & (chances < 1)
        spread = np.sqrt(4000 * chances * (1 - chances))[open_rows]
        return np.abs(counts - 4000 * chances)[open_rows] / spread

    chances = inclusion_probabilities(fitted.scores_, 30)
    assert (counts[chances == 1] == 4000).all()
    assert z(chances).max() < 4.5
    assert z(inclusion_probabilities(np.sqrt(fitted.scores_), 30)).max() > 4.5


# --- which columns --------------------------------------------------------------------


def names(selector, X, y=None, weight=None):
    return selector.fit(X, y, weight).balance_columns_


def test_columns_are_named_in_the_order_of_importance():
    X, y, _ = table()
    fitted = LeverageSelector(100, design="balanced").fit(X, y)
    found = fitted.balance_columns_
    assert found[:6] == ["1", "y", "x0", "x1", "x2", "x3"]
    assert found[6:11] == ["y*y", "x0*x0", "x1*x1", "x2*x2", "x3*x3"]
    assert found[11:] == [
        *("y*x0", "y*x1", "y*x2", "y*x3"),
        *("x0*x1", "x0*x2", "x0*x3", "x1*x2", "x1*x3", "x2*x3"),
    ]
    assert fitted.selection_.design.name == "balanced"
    linear = LeverageSelector(100, design="balanced", balance_on="linear")
    assert names(linear, X, y) == found[:6]
    assert names(LightweightSelector(100, design="balanced"), X, y)[1] == "x0"
    clusters = KMeansSensitivitySelector(100, n_clusters=3, design="balanced")
    assert names(clusters, X, y)[:4] == ["1", "cluster 0", "cluster 1", "x0"]


def test_names_are_those_of_the_features():
    pd = pytest.importorskip("pandas")
    X, y, _ = table()
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    selector = UniformSelector(100, design="balanced", features=["b", "d"])
    assert names(selector, frame, y) == [
        *("1", "y", "b", "d", "y*y", "b*b", "d*d", "y*b", "y*d", "b*d"),
    ]


def test_auto_takes_what_there_is_room_for():
    X, y, _ = table()
    selector = LeverageSelector(20, design="balanced")
    assert len(names(selector, X, y)) <= 10
    assert len(names(selector.set_params(n_select=300), X, y)) == 21
    wide = np.random.default_rng(0).normal(size=(N, 90))
    assert len(names(selector, wide, y)) == 66
    for size in (1, 2, 3):
        chosen = LeverageSelector(size, design="balanced").fit_select(X, y)
        assert len(chosen) == size


def test_an_explicit_choice_is_kept_or_refused():
    X, y, _ = table()
    kind = {"design": "balanced", "balance_on": "quadratic"}
    assert len(names(LeverageSelector(40, **kind), X, y)) == 21
    with pytest.raises(ValueError, match=r"the 15 rows that .* n_select=21 or more"):
        LeverageSelector(15, **kind).fit(X, y)
    fitted = LeverageSelector(40, random_state=0, **kind).fit(X, y)
    assert len(fitted.select(15)) == 15
    assert len(fitted.select(2)) == 2


def test_classes_of_y():
    X, y, _ = table()
    letters = np.array(["a", "b", "c"])[np.arange(N) % 3]
    found = names(LeverageSelector(100, design="balanced"), X, letters)
    assert found[:4] == ["1", "y=a", "y=b", "x0"]
    found = names(LogisticSelector(100, design="balanced"), X, np.arange(N) % 3)
    assert found[:4] == ["1", "y=0", "y=1", "x0"]
    stratified = LogisticSelector(100, design="balanced", stratify=True, random_state=0)
    chosen = stratified.fit_select(X, letters)
    assert stratified.balance_columns_[1] == "x0"
    assert np.ptp(np.bincount(np.arange(N)[chosen.indices] % 3)) < 20
    many = np.array([f"class {k}" for k in range(N)])
    assert names(LeverageSelector(100, design="balanced"), X, many)[1] == "x0"
    two = np.column_stack([y, y**2])
    assert names(LeverageSelector(100, design="balanced"), X, two)[1:3] == ["y0", "y1"]


def test_balance_columns_are_there_only_if_something_is_balanced():
    X, y, _ = table()
    selector = UniformSelector(N, design="balanced")
    assert not hasattr(selector, "balance_columns_")
    assert names(selector, X, y) == []
    assert not hasattr(UniformSelector(5).fit(X, y), "balance_columns_")


def test_dependent_and_constant_columns_are_left_out():
    X, y, _ = table()
    dependent = np.column_stack([X, np.full(N, 7.0), X[:, 0] - X[:, 1], np.zeros(N)])
    found = names(UniformSelector(100, design="balanced"), dependent, y)
    assert found == names(UniformSelector(100, design="balanced"), X, y)


def test_the_hook_says_what_is_balanced():
    X, y, weight = table()
    own = OwnColumns(columns=lambda block: block.X[:, :1] ** 3).fit(X, y, weight)
    assert own.balance_columns_ == ["1", "column 0", "column 0*column 0"]
    cubes = X[:, :1] ** 3
    plain = PlainSelector(50).fit(X, y, weight)
    assert misses(own, cubes, weight) < 0.5 * misses(plain, cubes, weight)
    for columns in (lambda block: block.X[:3], lambda block: block.X * np.nan):
        with pytest.raises(ValueError, match=r"what OwnColumns\._balance"):
            OwnColumns(columns=columns).fit(X, y)


# --- the same rows --------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_rows_do_not_depend_on_blocks_and_layouts(cls, tmp_path):
    X, y, weight = table()
    X[::3, 1] = 0
    X = X.astype(np.float32).astype(np.float64)
    y = y if cls is not LogisticSelector else (y > 0).astype(int)
    selector = cls(60, design="balanced", random_state=0)
    wanted = selector.fit_select(X, y, weight)
    path = tmp_path / "rows.npy"
    np.save(path, X)
    for rows in (np.asfortranarray(X), sparse.csr_array(X), X.astype(np.float32), path):
        got = selector.fit_select(rows, y, weight)
        assert_array_equal(got.indices, wanted.indices)
        assert_allclose(got.weights, wanted.weights, rtol=1e-3)
    got = selector.fit_select(open_rows(X, y, weight, block_rows=7))
    assert_array_equal(got.indices, wanted.indices)


@pytest.mark.parametrize("cls", [LeverageSelector, UniformSelector])
def test_units_change_no_row(cls):
    """Of weights, of features and of y; up to the ends of the range."""
    X, y, weight = table()
    selector = cls(60, design="balanced", random_state=0)
    wanted = selector.fit_select(X, y, weight)
    for unit in (3.0, 2.0**500, 2.0**-500):
        got = selector.fit_select(X, y, weight * unit)
        assert_array_equal(got.indices, wanted.indices)
    far = X * [2.0**400, 2.0**-400, 1.0, 2.0**10]
    got = selector.fit_select(far, y * 2.0**300, weight)
    assert_array_equal(got.indices, wanted.indices)


@pytest.mark.parametrize("cls", [LeverageSelector, UniformSelector])
def test_last_bits_of_features_change_no_row(cls):
    """Leverage scores depend on the columns exactly, which rounding must not hide."""
    rng = np.random.default_rng(1)
    X = rng.standard_t(2, size=(5000, 5)) + 10.0
    X[:3, 3:] *= 100.0
    y = X.sum(axis=1) + rng.normal(size=len(X))
    selector = cls(200, design="balanced", random_state=0)
    wanted = selector.fit_select(X, y)
    got = selector.fit_select(X * rng.choice([1.0, 1.0 + 2.0**-52], size=X.shape), y)
    assert_array_equal(got.indices, wanted.indices)


def test_rows_of_weight_zero_are_as_if_left_out():
    X, y, weight = table()
    weight[::5] = 0
    kept = np.flatnonzero(weight)
    selector = LeverageSelector(60, design="balanced", random_state=0)
    whole = selector.fit_select(X, y, weight)
    part = selector.fit_select(X[kept], y[kept], weight[kept])
    assert_array_equal(whole.indices, kept[part.indices])


def test_other_selections_need_no_data():
    X, y, weight = table()
    fitted = LeverageSelector(60, design="balanced", random_state=0).fit(X, y, weight)
    again = pickle.loads(pickle.dumps(fitted))
    X[:] = np.nan
    for size in (60, 20, 5, 300):
        one, other = fitted.select(size), again.select(size)
        assert_array_equal(one.indices, other.indices)
        assert len(one) == size
    assert_array_equal(fitted.select(60).indices, fitted.selection_.indices)
    assert again.balance_columns_ == fitted.balance_columns_
    # Which columns a size has does not depend on the size of the fit.
    X, y, weight = table()
    larger = LeverageSelector(300, design="balanced", random_state=0).fit(X, y, weight)
    assert_array_equal(larger.select(60).indices, fitted.select(60).indices)


def test_uniform_reads_features_to_balance_them():
    text = np.array([["a"], ["b"]] * 50, dtype=object)
    assert len(UniformSelector(10).fit_select(text)) == 10
    with pytest.raises(ValueError, match="X"):
        UniformSelector(10, design="balanced").fit(text)


def test_auto_sizes_are_balanced_too():
    X, y, _ = table()
    sizes = {}
    for design in ("pivotal", "balanced"):
        selector = LeverageSelector("auto", epsilon=0.3, design=design, random_state=0)
        sizes[design] = len(selector.fit_select(X, y))
    assert sizes["balanced"] < 0.7 * sizes["pivotal"]


# --- stratify by numbers --------------------------------------------------------------


@pytest.mark.parametrize("design", ["pivotal", "systematic", "balanced"])
def test_stratify_by_numbers_draws_in_their_order(design):
    X, y, _ = table()
    kind = {"design": design, "random_state": 0}
    plain = UniformSelector(30, **kind).fit(X, y)
    ordered = UniformSelector(30, stratify=True, **kind).fit(X, y)
    # Like a sample of every thirtieth of the sorted numbers.
    tail = (y > np.quantile(y, 0.9)).astype(float)[:, None]
    ones = np.ones(N)
    assert misses(ordered, tail, ones) < 0.6 * misses(plain, tail, ones)
    assert len(ordered.select(7)) == 7
    again = pickle.loads(pickle.dumps(ordered))
    assert_array_equal(again.select(9).indices, ordered.select(9).indices)


def test_stratify_by_numbers_is_a_draw_in_that_order():
    X, y, _ = table()
    fitted = UniformSelector(30, stratify=True).fit(X, y)
    wanted = draw(np.ones(N), 30, order=y, random_state=3)
    got = fitted.select(random_state=3)
    assert_array_equal(got.indices, wanted.indices)
    assert_array_equal(got.design.order, wanted.design.order)


def test_stratify_by_several_numbers_draws_in_the_order_of_a_tree():
    X, y, _ = table()
    both = np.column_stack([y, X[:, 0]])
    got = UniformSelector(30, stratify=True).fit(X, both).select(random_state=3)
    wanted = draw(np.ones(N), 30, order=both, random_state=3)
    assert_array_equal(got.indices, wanted.indices)
