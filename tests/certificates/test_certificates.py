"""Certificates against eigenvalues, refits and vertices; sizes found by them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.linalg import eigh
from scipy.spatial.distance import cdist
from sklearn.linear_model import LinearRegression, Ridge

from benchmarks import certified
from coreselect import (
    LeverageSelector,
    LewisSelector,
    LogisticSelector,
    LpSensitivitySelector,
    ScoreSelector,
    Selection,
    UncertifiedWarning,
    UniformSelector,
    all_selectors,
    certify,
)
from coreselect.base import TheorySize
from coreselect.certificates import OBJECTIVES, _empirical, _quadratic, _sizing
from coreselect.cli.arguments.select import CERTIFIED
from coreselect.metrics import subspace_distortion
from coreselect.rows import open as open_rows
from tests._kernels import reference_lewis as reference

N = 400


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, (N, 3))
    y = X @ [1.0, -2.0, 0.5] + 3 + 2 * rng.standard_normal(N)
    return X, y


@pytest.fixture
def selection(data):
    return LeverageSelector(60, random_state=0).fit_select(data[0])


def extremes(A, selection, ridge=0.0):
    part = A[selection.indices]
    gram = part.T @ (part * selection.weights[:, None]) + ridge
    return eigh(gram, A.T @ A + ridge, eigvals_only=True)[[0, -1]]


def excess(model, X, y, selection):
    """How far the fit to the selection is above the fit to all rows, by refitting."""

    def cost(fitted):
        return ((fitted.predict(X) - y) ** 2).sum() + getattr(model, "alpha", 0) * (
            fitted.coef_**2
        ).sum()

    small = model.__class__(**model.get_params()).fit(
        *selection.take(X, y), sample_weight=selection.weights
    )
    return cost(small) / cost(model.fit(X, y)) - 1


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_least_squares_by_generalised_eigenvalues_and_by_refits(
    data, selection, fit_intercept
):
    X, y = data
    found = certify(selection, X, y, fit_intercept=fit_intercept)
    A = np.column_stack([X, y, np.ones(N)][: 2 + fit_intercept])
    assert_allclose([found.lower, found.upper], extremes(A, selection), rtol=1e-9)
    assert_allclose(found.epsilon, max(1 - found.lower, found.upper - 1))
    model = LinearRegression(fit_intercept=fit_intercept)
    assert_allclose(found.excess, excess(model, X, y, selection), rtol=1e-7)
    assert found.kind == "exact"


def test_a_notebook_shows_the_sentence(data, selection):
    found = certify(selection, data[0], objective="pca")
    assert found._repr_html_() == f"<p>{found}</p>"
    strange = replace(found, objective="<b>")
    assert "&lt;b&gt;: for" in strange._repr_html_()


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_ridge_leaves_intercept_and_target_unpenalised(data, selection, fit_intercept):
    X, y = data
    found = certify(
        selection, X, y, objective="ridge", alpha=50.0, fit_intercept=fit_intercept
    )
    A = np.column_stack([X, y, np.ones(N)][: 2 + fit_intercept])
    ridge = np.diag([50.0] * 3 + [0.0] * (1 + fit_intercept))
    wanted = extremes(A, selection, ridge)
    assert_allclose([found.lower, found.upper], wanted, rtol=1e-9)
    model = Ridge(alpha=50.0, fit_intercept=fit_intercept)
    assert_allclose(found.excess, excess(model, X, y, selection), rtol=1e-6)


def test_pca_is_centred_with_an_intercept(data, selection):
    X = data[0] + 5
    found = certify(selection, X, objective="pca")
    assert_allclose([found.lower, found.upper], extremes(X, selection), rtol=1e-9)
    found = certify(selection, X, objective="pca", fit_intercept=True)
    part = X[selection.indices]
    gap = part - np.average(part, axis=0, weights=selection.weights)
    scatter = gap.T @ (gap * selection.weights[:, None])
    full = X - X.mean(axis=0)
    wanted = eigh(scatter, full.T @ full, eigvals_only=True)[[0, -1]]
    assert_allclose([found.lower, found.upper], wanted, rtol=1e-9)
    assert "centred" in str(found)


def test_input_weights_count(data):
    X, y = data
    weight = np.random.default_rng(1).integers(0, 4, N).astype(float)
    selection = UniformSelector(80, random_state=0).fit_select(X, y, weight)
    found = certify(selection, X, y, sample_weight=weight)
    A = np.column_stack([X, y])
    part = A[selection.indices]
    wanted = eigh(
        part.T @ (part * selection.weights[:, None]),
        A.T @ (A * weight[:, None]),
        eigvals_only=True,
    )
    assert_allclose([found.lower, found.upper], wanted[[0, -1]], rtol=1e-9)


def test_several_targets_sparse_rows_and_blocks_agree(data, selection):
    X, y = data
    Y = np.column_stack([y, X[:, 0] ** 2])
    A = np.column_stack([X, Y])
    for rows in (X, sparse.csr_array(X), open_rows(X, Y, block_rows=33)):
        found = certify(selection, rows, Y if rows is not None else None)
        assert_allclose([found.lower, found.upper], extremes(A, selection), rtol=1e-8)


def test_extremes_of_selections(data):
    X, y = data
    everything = UniformSelector(N).fit_select(X)
    assert certify(everything, X, y).epsilon < 1e-12
    assert abs(certify(everything, X, y).excess) < 1e-20
    for objective in OBJECTIVES:
        nothing = certify(Selection([], [], N), X, y, objective=objective)
        assert (nothing.lower, nothing.epsilon) == (0, 1)
    few = certify(Selection([0, 1], [1.0, 1.0], N), X, objective="pca")
    assert few.lower < 1e-12  # two rows span no three columns
    exact = certify(everything, X, X[:, 0] * 2)  # nothing is left to explain
    assert exact.excess == 0


@pytest.mark.parametrize("scale", [1e-180, 1e180])
def test_huge_and_tiny_scales_change_nothing(data, selection, scale):
    X, y = data
    for objective in ("least_squares", "pca", "least_absolute"):
        wanted = certify(selection, X, y, objective=objective, random_state=0)
        found = certify(
            selection, X * scale, y * scale, objective=objective, random_state=0
        )
        assert_allclose(found.epsilon, wanted.epsilon, rtol=1e-6)


def test_rows_and_columns_that_depend_on_each_other(data, selection):
    X, y = data
    wanted = certify(selection, X, y, fit_intercept=True)
    doubled = np.column_stack([X, X[:, 0], np.ones(N), np.zeros(N)])
    found = certify(selection, doubled, y, fit_intercept=True)
    assert_allclose(found.epsilon, wanted.epsilon, rtol=1e-8)
    assert_allclose(found.excess, wanted.excess, rtol=1e-6)
    wide = np.random.default_rng(0).standard_normal((4, 7))
    lost = certify(Selection([0, 2], [2.0, 2.0], 4), wide, objective="pca")
    assert_allclose([lost.lower, lost.upper], [0, 2], atol=1e-12)


def test_a_certificate_bounds_every_model(data, selection):
    X, y = data
    found = certify(selection, X, y)
    for b in np.random.default_rng(2).standard_normal((100, 3)) * 3:
        ratio = selection.estimate((X @ b - y)[selection.indices] ** 2) / np.sum(
            (X @ b - y) ** 2
        )
        assert found.lower * (1 - 1e-9) <= ratio <= found.upper * (1 + 1e-9)


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_least_absolute_is_exact_in_up_to_three_columns(data, fit_intercept):
    X, y = data[0][:50, :1], data[1][:50]
    selection = UniformSelector(20, random_state=0).fit_select(X)
    found = certify(
        selection, X, y, objective="least_absolute", fit_intercept=fit_intercept
    )
    A = np.column_stack([X, y, np.ones(50)][: 2 + fit_intercept])
    chosen = np.zeros(50)
    chosen[selection.indices] = selection.weights
    wanted = reference.absolute_ratio_extremes(A, np.ones(50), chosen)
    assert_allclose([found.lower, found.upper], wanted, rtol=1e-9)
    assert found.kind == "exact"


def test_three_columns_are_worth_an_exact_search(monkeypatch):
    """Tried models and ascent miss more than a tenth of the largest error here."""
    rng = np.random.default_rng(50)
    x = rng.standard_t(3, (60, 1))
    y = x[:, 0] + rng.standard_normal(60)
    rows = np.sort(rng.choice(60, 8, replace=False))
    selection = Selection(rows, np.full(8, 7.5), 60)
    call = {"objective": "least_absolute", "fit_intercept": True, "random_state": 0}
    exact = certify(selection, x, y, **call)
    monkeypatch.setattr("coreselect.certificates._extremes.MOST_COLUMNS", 2)
    tried = certify(selection, x, y, **call)
    assert (exact.kind, tried.kind) == ("exact", "empirical")
    assert exact.epsilon > 1.1 * tried.epsilon


def test_least_absolute_in_more_columns_is_said_to_be_empirical(data, selection):
    X, y = data
    found = certify(selection, X, y, objective="least_absolute", random_state=0)
    assert found.kind == "empirical"
    assert "there may be worse ones" in str(found)
    again = certify(selection, X, y, objective="least_absolute", random_state=0)
    assert again == found


def test_coverage_is_that_of_the_largest_of_n_draws():
    """Of uniform errors: P(largest of N < c) = 1 - confidence."""
    share = _empirical.coverage(0.95, 100)
    assert_allclose(share**100, 0.05)
    rng = np.random.default_rng(0)
    missed = (rng.random((4000, 100)).max(axis=1) < share).sum()
    z = (missed - 200) / np.sqrt(4000 * 0.05 * 0.95)
    assert abs(z) < 4.5


def test_ascent_finds_worse_queries_than_draws_alone(data, selection):
    """The exact extremes of a sum of squares enclose what is found, not far off."""
    X = data[0]

    def squares(X, y, b):
        return (X @ b) ** 2

    exact = certify(selection, X, objective="pca")
    found = certify(selection, X, objective=squares, n_queries=5, random_state=0)
    assert exact.lower <= found.lower
    assert found.upper <= exact.upper * (1 + 1e-9)
    rows, rng = open_rows(X), np.random.default_rng(0)
    draw, _ = _empirical.linear_queries(rows, False)
    few = [draw(rng) for _ in range(5)]
    alone = certify(selection, X, objective=squares, queries=few)
    assert found.epsilon > alone.epsilon
    assert found.epsilon > 0.8 * exact.epsilon
    assert alone.coverage is None


def test_queries_may_be_drawn_by_the_user(data, selection):
    found = certify(
        selection,
        *data,
        objective=lambda X, y, b: np.abs(X @ b - y),
        queries=lambda rng: rng.standard_normal(3),
        n_queries=20,
        random_state=0,
    )
    assert found.n_queries == 20
    assert_allclose(found.coverage, 0.05 ** (1 / 20))


def test_kmeans_finds_a_cluster_that_the_selection_misses():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.standard_normal((300, 2)), 100 + rng.standard_normal((3, 2))])
    missing = Selection(np.arange(0, 300, 10), np.full(30, 10.1), 303)
    found = certify(missing, X, objective="kmeans", n_clusters=2, random_state=0)
    assert found.epsilon > 0.9
    good = Selection(
        np.append(np.arange(0, 300, 10), [300, 301, 302]), [10.0] * 30 + [1] * 3, 303
    )
    found = certify(good, X, objective="kmeans", n_clusters=2, random_state=0)
    assert found.epsilon < 0.5


@pytest.mark.parametrize("scale", [1e-180, 1e180])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_kmeans_has_no_unit(scale, container):
    X = np.random.default_rng(0).standard_normal((300, 2))
    some = Selection(np.arange(0, 300, 10), np.full(30, 10.0), 300)
    options = {"objective": "kmeans", "n_clusters": 2, "random_state": 0}
    wanted = certify(some, X, **options).epsilon
    assert_allclose(certify(some, container(scale * X), **options).epsilon, wanted)


def test_kmeans_has_no_origin():
    """Squares expanded at an offset of 1e9 would have no digit left."""
    X = np.random.default_rng(0).standard_normal((300, 2)).round(3)
    some = Selection(np.arange(0, 300, 10), np.full(30, 10.0), 300)
    options = {"objective": "kmeans", "n_clusters": 2, "random_state": 0}
    queries = [X[:2], X[5:7], X[[50, 9]]]
    wanted = certify(some, X, queries=queries, **options).epsilon
    moved = [query + 1e9 for query in queries]
    found = certify(some, X + 1e9, queries=moved, **options).epsilon
    assert_allclose(found, wanted, rtol=1e-4)


def test_bad_arguments_are_named(data, selection):
    X, y = data
    with pytest.raises(TypeError, match="selection must be a Selection"):
        certify([1, 2], X, y)
    with pytest.raises(ValueError, match=r"X has 10 rows, but .* made from 400"):
        certify(selection, X[:10], y[:10])
    with pytest.raises(ValueError, match="objective must be one of"):
        certify(selection, X, y, objective="lasso")
    with pytest.raises(ValueError, match=r"'least_squares' needs y; .* 'pca'|needs y"):
        certify(selection, X)
    with pytest.raises(ValueError, match="needs numbers in y"):
        certify(selection, X, np.where(y > 0, "a", "b"))
    with pytest.raises(ValueError, match="alpha must be at least 0"):
        certify(selection, X, y, objective="ridge", alpha=-1.0)
    with pytest.raises(ValueError, match="confidence must be above 0 and below 1"):
        certify(selection, X, y, confidence=1.0)
    with pytest.raises(ValueError, match="must return one loss per row"):
        certify(selection, X, y, objective=lambda X, y, b: 1.0)
    with pytest.raises(ValueError, match="queries must not be empty"):
        certify(selection, X, objective="kmeans", queries=[])
    with pytest.raises(ValueError, match="centers must have shape"):
        certify(selection, X, objective="kmeans", queries=[X[0]])


def test_as_dict_is_json(data, selection):
    found = certify(selection, *data).as_dict()
    assert json.loads(json.dumps(found))["text"].startswith("least_squares: for every")


def test_as_dict_has_no_infinite_numbers():
    """JSON has none: the field is None, and the text shows the infinity."""
    X = np.random.default_rng(0).standard_normal((30, 3))
    two = Selection([0, 1], [15.0, 15.0], 30)
    found = certify(two, X, X @ [1.0, 2, 3])
    assert found.excess == np.inf
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["excess"] is None
    assert "inf% more" in told["text"]


def test_words_round_no_probability_up(data, selection):
    found = certify(
        *(selection, data[0]),
        objective=lambda X, y, b: (X @ b) ** 2,
        n_queries=20_000,
        queries=lambda rng: np.ones(3),
        confidence=0.999,
    )
    assert "With confidence 99.9%, at least 99.9% of" in str(found)


def test_words_name_the_models(data, selection):
    """What was certified: penalty, intercept, centres."""
    X, y = data
    ridge = certify(selection, X, y, objective="ridge", alpha=2.5)
    assert "every linear model without an intercept and alpha=2.5" in str(ridge)
    squares = certify(selection, X, y, fit_intercept=True)
    assert "every linear model with an intercept" in str(squares)
    for intercept, word in ((False, "without"), (True, "with")):
        absolute = {"objective": "least_absolute", "fit_intercept": intercept}
        exact = certify(selection, X[:, :1], y, **absolute)
        assert exact.scope == f"every linear model {word} an intercept"
        tried = certify(selection, X, y, random_state=0, **absolute)
        assert tried.scope == f"coefficients {word} an intercept drawn alike"
    centers = certify(selection, X, objective="kmeans", n_clusters=3, power=1.0)
    assert "of sets of 3 centres drawn alike (distances to the power 1)" in str(centers)


def test_least_absolute_counts_input_weights_and_leaves_rows_of_weight_zero_out(data):
    X, y = data[0][:60, :1], data[1][:60]
    weight = np.random.default_rng(1).integers(0, 4, 60).astype(float)
    selection = UniformSelector(20, random_state=0).fit_select(X, y, weight)
    found = certify(selection, X, y, objective="least_absolute", sample_weight=weight)
    chosen = np.zeros(60)
    chosen[selection.indices] = selection.weights
    used = weight > 0
    wanted = reference.absolute_ratio_extremes(
        np.column_stack([X, y])[used], weight[used], chosen[used]
    )
    assert_allclose([found.lower, found.upper], wanted, rtol=1e-9)


def test_given_queries_have_the_ratios_of_their_losses(data, selection):
    """Weights of rows and of the selection, intercept, power: by hand."""
    X, y = data
    weight = np.random.default_rng(1).integers(0, 4, N).astype(float)
    picked = UniformSelector(60, random_state=0).fit_select(X, y, weight)

    def ratio(losses):
        return picked.estimate(losses[picked.indices]) / (weight @ losses)

    options = {"sample_weight": weight, "random_state": 0}
    query = np.array([1.0, -1.0, 0.5, 4.0])
    found = certify(
        *(picked, X, y),
        objective="least_absolute",
        fit_intercept=True,
        queries=[query],
        **options,
    )
    wanted = ratio(np.abs(X @ query[:3] + 4.0 - y))
    assert_allclose([found.lower, found.upper], wanted, rtol=1e-9)
    for power in (1.0, 2.0):
        found = certify(
            *(picked, X),
            objective="kmeans",
            queries=[X[:3]],
            power=power,
            **options,
        )
        cost = cdist(X, X[:3]).min(axis=1) ** power
        assert_allclose([found.lower, found.upper], ratio(cost), rtol=1e-9)


def test_centres_are_drawn_by_weight():
    """Of all rows, and of the selection: a far pair that weighs nearly nothing."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.standard_normal((50, 2)), 1e3 + rng.standard_normal((50, 2))])
    light = np.repeat([1.0, 1e-12], 50)
    draw, _ = _empirical.cluster_queries(
        open_rows(X, sample_weight=light), Selection(np.arange(100), light, 100), 1, 1.0
    )
    # Of single centres: by the weight of rows, or of selected rows.
    assert max(draw(rng).max() for _ in range(60)) < 500


def test_a_selection_without_weight_is_one_without_rows(data):
    X, y = data
    nothing = Selection([3, 5], [0.0, 0.0], N)
    for objective in OBJECTIVES:
        found = certify(nothing, X, y, objective=objective)
        assert (found.lower, found.epsilon) == (0, 1)


@pytest.mark.parametrize(("wrong", "named"), [(np.nan, "nan"), (-2.0, "-2.0")])
def test_losses_that_are_none_are_refused(data, selection, wrong, named):
    def loss(X, y, b):
        values = (X @ b) ** 2
        values[7 if len(X) == N else 0] = wrong
        return values

    with pytest.raises(ValueError, match=f"losses of at least 0, .* {named} for row 7"):
        certify(selection, data[0], objective=loss, n_queries=2)


def test_queries_that_cannot_be_are_refused(data, selection):
    X, y = data
    with pytest.raises(TypeError, match="queries must be a list of queries, or a func"):
        certify(selection, X, objective="kmeans", queries=5)
    for objective in ("least_squares", "ridge", "pca"):
        with pytest.raises(ValueError, match="certified for all models, so it"):
            certify(selection, X, y, objective=objective, queries=[np.ones(3)])
    with pytest.raises(ValueError, match="3 coefficients and the intercept, got shape"):
        certify(
            *(selection, X, y),
            objective="least_absolute",
            fit_intercept=True,
            queries=[np.ones(3)],
        )
    with pytest.raises(ValueError, match="power must be finite and above 0"):
        certify(selection, X, objective="kmeans", power=0)


def test_the_command_line_offers_every_objective():
    assert CERTIFIED == OBJECTIVES


# --- n_select="auto" ---


def test_sizes_go_up_a_fixed_grid():
    assert _sizing.sizes(12) == [1, 2, 3, 4, 6, 8, 11, 12]
    assert _sizing.sizes(1) == [1]


@pytest.mark.parametrize("cls", [LeverageSelector, UniformSelector])
def test_auto_takes_the_first_size_whose_certificate_holds(data, cls):
    X, y = data
    selector = cls("auto", epsilon=0.3, random_state=0).fit(X, y)
    assert selector.certificate_ == certify(selector.selection_, X, y)
    assert selector.certificate_.epsilon <= 0.3
    size = len(selector.selection_)
    for smaller in _sizing.sizes(N):
        if smaller < size:
            at = cls(smaller, random_state=0).fit_select(X)
            assert certify(at, X, y).epsilon > 0.3
    assert selector.select("auto") == selector.selection_
    assert len(selector.select(7)) == 7


def test_auto_without_numbers_in_y_is_about_the_features(data):
    X, y = data
    labels = np.where(y > 0, "a", "b")
    for given in (None, labels):
        selector = LeverageSelector("auto", epsilon=0.3, fit_intercept=True)
        found = selector.fit(X, given).certificate_
        assert found.objective == "pca, centred"
    ridge = LeverageSelector("auto", epsilon=0.3, alpha=5.0).fit(X, y).certificate_
    assert ridge.objective == "ridge"


def test_auto_with_strata_is_about_the_features(data):
    """The target is what the strata are made of: classes, though they are numbers."""
    X, y = data
    selector = LeverageSelector("auto", epsilon=0.5, stratify=True)
    assert selector.fit(X, (y > 0).astype(int)).certificate_.objective == "pca"


def test_auto_elsewhere_is_the_size_of_theory(data):
    X, y = data
    X = np.vstack([X] * 30)
    found = LewisSelector("auto", epsilon=0.5, delta=0.2, p=1).fit(X).selection_
    assert len(found) == int(np.ceil(3 * 3 * np.log(2 * 3 / 0.2) / 0.25))
    found = LogisticSelector("auto", epsilon=0.9).fit(X, np.tile(y > 0, 30))
    wanted = 3 * found.mu_ * 7 * np.log(2 * 3 / 0.1) / 0.81
    assert len(found.selection_) == int(np.ceil(wanted))


def test_sizes_of_theory_are_those_that_the_docstrings_state(data):
    X = np.vstack([data[0]] * 4)

    def size(selector, total, rank=3):
        found = selector.set_params(n_select="auto", epsilon=0.9).fit(X)
        wanted = int(np.ceil(3 * total(found) * np.log(2 * rank / 0.1) / 0.81))
        assert wanted < len(X)
        assert len(found.selection_) == wanted

    size(LewisSelector(p=5), lambda s: 3**2.5)
    size(LewisSelector(p=0.5), lambda s: 3)
    size(LpSensitivitySelector(p=1), lambda s: s.scores_.sum())
    size(LpSensitivitySelector(p=1, method="plain"), lambda s: s.scores_.sum() * 3**0.5)
    size(
        LpSensitivitySelector(p=3, method="plain"), lambda s: s.scores_.sum() ** (4 / 3)
    )
    size(LpSensitivitySelector(p=1, method="root_leverage"), lambda s: s.scores_.sum())


def test_the_size_of_theory_holds_for_leverage_and_a_tenth_of_it_does_not():
    """Matrix Chernoff, epsilon 1/2, delta 0.1: of 200 Poisson draws, 20 may fail."""
    X = np.random.default_rng(0).standard_t(2, (5000, 4))
    fitted = LeverageSelector(10, design="poisson", random_state=0).fit(X)
    size = _sizing.theory_size(4, 4, epsilon=0.5, delta=0.1)
    assert size == int(np.ceil(3 * 4 * np.log(80) / 0.25))
    learned = _quadratic.learn(
        open_rows(X), objective="pca", fit_intercept=False, alpha=0.0
    )

    def failures(size):
        found = (
            _quadratic.certificate(learned, fitted.select(size, random_state=s))
            for s in range(200)
        )
        return sum(certificate.epsilon > 0.5 for certificate in found)

    assert failures(size) <= 20
    assert failures(size // 10) > 20


def test_another_fit_leaves_nothing_of_auto_behind(data):
    X, y = data
    selector = LeverageSelector("auto", epsilon=0.5, random_state=0).fit(X, y)
    assert len(selector.select("auto")) == len(selector.selection_)
    selector.set_params(n_select=10, epsilon=None).fit(X[:100], y[:100])
    assert not hasattr(selector, "certificate_")
    for fitted in (selector, LewisSelector(10).fit(X), LogisticSelector(10).fit(X)):
        with pytest.raises(ValueError, match="fitted with n_select=10; fit again"):
            fitted.select("auto")


def test_delta_is_there_where_theory_sets_the_size_and_only_there():
    """An exact certificate is about the rows that were drawn: it cannot fail."""
    with_epsilon = [
        cls
        for cls in all_selectors().values()
        if "epsilon" in cls.parameter_checks and issubclass(cls, ScoreSelector)
    ]
    assert LeverageSelector in with_epsilon
    assert LewisSelector in with_epsilon
    for cls in with_epsilon:
        by_theory = issubclass(cls, TheorySize)
        assert ("delta" in cls.parameter_checks) == by_theory


def test_auto_that_cannot_be_says_so(data):
    X, y = data
    with pytest.raises(ValueError, match="n_select='auto' needs epsilon"):
        LeverageSelector("auto").fit(X)
    with pytest.raises(ValueError, match=r"epsilon=0.1 sets .* give one of the two"):
        LeverageSelector(10, epsilon=0.1).fit(X)
    with pytest.raises(ValueError, match="epsilon must be above 0 and below 1"):
        LeverageSelector("auto", epsilon=1.0).fit(X)
    with pytest.raises(ValueError, match="delta must be above 0 and below 1"):
        LewisSelector("auto", epsilon=0.1, delta=0.0).fit(X)
    with pytest.warns(UncertifiedWarning, match=r"even 400 draws .* 'pivotal'"):
        UniformSelector("auto", epsilon=1e-6, design="multinomial", random_state=0).fit(
            X, y
        )


# --- rounding -------------------------------------------------------------------------


def test_certificates_are_never_below_the_truth():
    """All of these bounds hold in exact arithmetic: offsets, conditions, float32."""
    wrong = [certified.wrong(seed) for seed in range(40)]
    assert not any(wrong), wrong


def test_float32_rows_are_certified_as_the_float64_rows_that_they_are(data):
    """With an offset of 1e6, float32 tells few directions apart: float64 tells all."""
    X = (data[0] + 1e6).astype(np.float32)
    y = (data[1] + 1e6).astype(np.float32)
    selector = LeverageSelector(60, random_state=0, fit_intercept=True)
    selection = selector.fit_select(X)
    for objective in ("least_squares", "ridge", "pca"):
        found, wanted = (
            certify(selection, A, b, objective=objective, fit_intercept=True)
            for A, b in ((X, y), (X.astype(float), y.astype(float)))
        )
        assert found == wanted
        assert found.n_left_out == 0
        assert 0.1 < found.epsilon < 2
    auto = LeverageSelector("auto", epsilon=0.3, random_state=0, fit_intercept=True)
    assert len(auto.fit_select(X)) == len(auto.fit_select(X.astype(float))) > 30


def test_directions_that_are_left_out_are_counted(data):
    X, y = data
    selection = UniformSelector(80, random_state=0).fit_select(X)
    twice = np.column_stack([X, X[:, 0] + X[:, 1], np.zeros(N), np.ones(N)])
    for objective in ("least_squares", "pca"):
        arguments = {"objective": objective, "fit_intercept": True}
        found = certify(selection, twice, y, **arguments)
        wanted = certify(selection, X, y, **arguments)
        assert (found.n_left_out, wanted.n_left_out) == (2, 0)
        assert_allclose(found.epsilon, wanted.epsilon, rtol=1e-9)
        assert "Left out: 2 direction" in str(found)
    # A penalty knows all directions; absolute values know as many as squares.
    assert certify(selection, twice, y, objective="ridge").n_left_out == 0
    absolute = certify(selection, X[:, [0, 0]], y, objective="least_absolute")
    assert absolute.n_left_out == 1


def test_a_certificate_of_wide_rows_with_a_penalty(data):
    """Fewer rows than columns, target and intercept without a penalty."""
    X = np.random.default_rng(0).standard_normal((30, 50))
    y = X[:, 0] + np.random.default_rng(1).standard_normal(30)
    selection = UniformSelector(20, random_state=0).fit_select(X)
    found = certify(selection, X, y, objective="ridge", fit_intercept=True)
    A = np.column_stack([X, y, np.ones(30)])
    wanted = extremes(A, selection, np.diag([1.0] * 50 + [0.0] * 2))
    assert_allclose([found.lower, found.upper], wanted, rtol=1e-8)
    assert found.n_left_out == 0


@pytest.mark.parametrize("gap", [1e-15, 1e-16])
def test_what_rounding_hides_has_no_bound(gap):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 2))
    X[:, 1] = X[:, 0] + gap * X[:, 1]
    selection = UniformSelector(50, random_state=0).fit_select(X)
    found = certify(selection, X, objective="pca")
    assert found.epsilon == np.inf or found.n_left_out == 1


def test_the_excess_of_a_fit_is_that_in_exact_arithmetic():
    """Features far from the origin, a target far above its residuals."""
    rng = np.random.default_rng(0)
    X = np.round(rng.standard_normal((60, 2)) * 8) + 2.0**24
    y = X @ [3.0, -1.0] + np.round(rng.standard_normal(60) * 8) + 2.0**26
    selection = Selection(np.arange(20), np.ones(20), 60)
    found = certify(selection, X, y, fit_intercept=True)
    moved = y - (X @ [3.0, -1.0] + 2.0**26 + 0)  # the same residuals, near the origin
    wanted = certify(selection, X - 2.0**24, moved, fit_intercept=True)
    assert_allclose(found.excess, wanted.excess, rtol=1e-6)
    assert_allclose(found.epsilon, wanted.epsilon, rtol=1e-5)


@pytest.mark.parametrize("objective", [*OBJECTIVES, lambda X, y, query: abs(X @ query)])
def test_selected_rows_outside_the_population_are_refused(data, objective):
    """Their directions are no part of the sums over all rows."""
    X, y = data
    weight = np.ones(N)
    weight[[3, 7]] = 0
    selection = Selection([1, 7], [200.0, 200.0], N)
    with pytest.raises(ValueError, match="row 7, whose sample_weight is 0"):
        certify(selection, X, y, objective=objective, sample_weight=weight)
    with pytest.raises(ValueError, match="row 7, whose sample_weight is 0"):
        subspace_distortion(selection, X, sample_weight=weight)
    nothing = Selection([1, 7], [200.0, 0.0], N)  # of no weight, it may be there
    subspace_distortion(nothing, X, sample_weight=weight)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_columns_that_only_the_penalty_knows_have_a_ratio_of_one(factor):
    """A coefficient of a column of zeros has the same penalty in both sums."""
    X = np.column_stack([np.arange(1.0, 5.0), np.zeros(4)])
    whole = Selection(np.arange(4), np.full(4, factor), 4)
    found = certify(whole, X, X[:, 0] ** 2, objective="ridge", alpha=1e-9)
    assert found.lower <= 1 <= found.upper
    assert found.epsilon == pytest.approx(abs(factor - 1))
