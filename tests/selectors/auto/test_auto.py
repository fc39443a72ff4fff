"""AutoCoreset: exact where it says so, close at the optimum, clear about bad losses."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.linear_model import (
    BayesianRidge,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import coreselect.rows
from coreselect import AutoCoreset, CoresetEstimator, UniformSelector, testing
from coreselect.estimators import fit_on_selection
from coreselect.losses import penalty, row_losses
from coreselect.selectors.auto import _options, _queries, _report, _solve, _steps
from tests import shown

N, D = 2000, 4


@pytest.fixture(scope="module")
def data():
    """Rows with correlated features, two classes, and a response."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, D)) @ (np.eye(D) + 0.4)
    margin = X @ [1.0, -1.0, 0.5, 0.0] - 0.8
    y = (margin + rng.logistic(size=N) > 0).astype(int)
    return X, y, margin + rng.standard_normal(N)


def full_cost(model, X, y=None):
    return row_losses(model, X, y).sum() + penalty(model, len(X))


def losses_of(matrix, weight, costs=None):
    """A loss matrix as the selector keeps it."""
    A = np.column_stack([np.ones(len(matrix)), matrix])
    costs = [1.0] * matrix.shape[1] if costs is None else costs
    return _solve.Losses(matrix, costs, (A.T * weight) @ A / weight.sum())


def excess(estimator, selection, X, y=None, weights="auto"):
    """The relative excess of the full cost at the coreset's solution."""
    few = fit_on_selection(estimator, selection, X, y, weights=weights)
    best = full_cost(clone(estimator).fit(X, y), X, y)
    return (full_cost(few, X, y) - best) / abs(best)


# --- How good it is -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "target", "factor"),
    [(LogisticRegression(), 1, 20), (LinearSVC(), 1, 3), (BayesianRidge(), 2, 20)],
    ids=repr,
)
def test_the_excess_is_a_fraction_of_that_of_uniform_rows(
    estimator, target, factor, data
):
    X, y = data[0], data[target]
    ours, uniform = (
        np.mean(
            [
                excess(estimator, selector.fit_select(X, y), X, y)
                for seed in range(3)
                if (selector := make(seed))
            ]
        )
        for make in (
            lambda seed: AutoCoreset(estimator, 30, random_state=seed),
            lambda seed: UniformSelector(30, random_state=seed),
        )
    )
    assert abs(ours) < uniform / factor


def test_the_weights_matter(data):
    """The same rows with equal weights are no better than others."""
    X, y, _ = data
    selector = AutoCoreset(LogisticRegression(), 30, random_state=0).fit(X, y)
    rows = selector.sample_indices_
    alike = LogisticRegression(C=N / len(rows)).fit(X[rows], y[rows])
    best = full_cost(LogisticRegression().fit(X, y), X, y)
    alike.C = 1.0  # the penalty of the cost
    assert full_cost(alike, X, y) / best - 1 > 0.02
    assert excess(LogisticRegression(), selector.selection_, X, y) < 0.002


def test_clusters():
    rng = np.random.default_rng(0)
    X = np.repeat(4 * np.eye(3), 400, axis=0) + rng.standard_normal((1200, 3))
    model = KMeans(3, n_init=5, random_state=0)
    ours = AutoCoreset(model, 60, random_state=0).fit_select(X)
    draws = [UniformSelector(60, random_state=s).fit_select(X) for s in range(5)]
    uniform = np.mean([excess(model, draw, X) for draw in draws])
    assert excess(model, ours, X) < uniform / 4


@pytest.mark.parametrize("estimator", [GaussianMixture(2, random_state=0), PCA(2)])
def test_estimators_without_weights_get_repeated_rows(estimator):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1000, 3)) * [3.0, 2.0, 1.0]
    X[:300] += 12
    selector = AutoCoreset(estimator, 50, max_queries=25, random_state=0).fit(X)
    draws = [UniformSelector(50, random_state=s).fit_select(X) for s in range(5)]
    uniform = np.mean(
        [excess(estimator, draw, X, weights="resample") for draw in draws]
    )
    assert excess(estimator, selector.selection_, X, weights="resample") < uniform / 2
    # The lowest cost it saw is that of the fit a user makes in the same way.
    again = fit_on_selection(estimator, selector.selection_, X, weights="resample")
    assert full_cost(again, X) < np.median(selector.cost_path_) + 0.1 * N


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(50.0), Lasso(0.05)])
def test_squared_errors_are_exact_from_enough_rows_on(estimator, data):
    X, _, y = data
    enough = (D + 2) * (D + 3) // 2
    selector = AutoCoreset(estimator, enough, random_state=0).fit(X, y)
    assert selector.solver_ == "least_squares"
    assert len(selector.selection_) <= enough
    assert abs(excess(estimator, selector.selection_, X, y)) < 1e-12
    other = Ridge(3.0, fit_intercept=False)  # at all parameters, not only its own
    assert abs(excess(other, selector.selection_, X, y)) < 1e-12
    assert_array_equal(selector.select(100).indices, selector.sample_indices_)
    assert len(selector.select(10)) <= 10
    assert "exact at all coefficients" in str(selector.explain())
    fewer = AutoCoreset(estimator, enough - 1, max_queries=6).fit(X, y)
    assert fewer.solver_ != "least_squares"


# --- What is exact --------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 8, 30])
def test_the_exact_solver_keeps_costs_and_class_totals(size, data):
    """Costs at the cheapest queries, the total, and those of classes, to rounding."""
    _, y, _ = data
    rng = np.random.default_rng(0)
    weight = rng.choice([0.5, 1.0, 3.0], N)
    matrix, costs = rng.exponential(size=(N, 5)), [5.0, 1.0, 4.0, 2.0, 3.0]
    strata = _solve.Strata(weight, y, None)
    losses = losses_of(matrix, weight, costs)
    rows, u = _solve.solve(strata, losses, size, "caratheodory", rng)
    assert len(rows) <= size
    assert (np.diff(rows) > 0).all()
    assert (u > 0).all()
    assert_allclose(np.bincount(y[rows], u), np.bincount(y, weight), rtol=1e-12)
    exact = np.abs(u @ matrix[rows] / (weight @ matrix) - 1) < 1e-12
    n_exact = min(5, max(1, (size - 1) // 2))
    assert_array_equal(exact, np.argsort(np.argsort(costs)) < n_exact)


def test_a_coreset_uses_the_rows_it_may(data):
    """Groups: with few queries, one group would be a handful of rows."""
    rng = np.random.default_rng(0)
    strata = _solve.Strata(np.ones(N), None, None)
    matrix = rng.exponential(size=(N, 3))
    losses = losses_of(matrix, np.ones(N))
    rows, _ = _solve.solve(strata, losses, 40, "caratheodory", rng)
    assert len(rows) == 40
    # Copies of a column, and constant ones, are nothing to be exact for.
    more = losses_of(matrix[:, [0, 0, 1, 1, 0, 2, 2]] @ np.diag(range(7)), np.ones(N))
    rows, u = _solve.solve(strata, more, 40, "caratheodory", rng)
    assert len(rows) == 40
    assert_allclose(u @ more.matrix[rows], more.matrix.sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("solver", _solve.SOLVERS)
@pytest.mark.parametrize("quota", ["proportional", "equal", {0: 1, 1: 4}], ids=str)
def test_totals_and_quotas_of_every_solver(solver, quota, data):
    X, y, _ = data
    weight = np.random.default_rng(1).choice([0.5, 1.0, 3.0], N)
    selector = AutoCoreset(
        LogisticRegression(), 30, solver=solver, quota=quota, max_queries=7
    )
    selection = selector.set_params(random_state=0).fit_select(X, y, weight)
    assert len(selection) <= 30
    assert selector.solver_ == solver
    totals = np.bincount(y[selection.indices], selection.weights)
    assert_allclose(totals, np.bincount(y, weight), rtol=1e-9)
    counts = np.bincount(y[selection.indices])
    if quota == "equal":
        assert (counts <= 15).all()
    elif quota != "proportional":
        assert counts[0] <= 6
        assert counts[1] <= 24


def test_normalised_weights_are_the_rule_for_penalties(data):
    """Weights of total W are C * W / sum(u) with the weights u as they were drawn."""
    X, y, _ = data
    rng = np.random.default_rng(0)
    rows = rng.choice(N, 40, replace=False)
    u = rng.uniform(0, 50, 40)
    tight = {"tol": 1e-10, "max_iter": 10_000}
    rule = LogisticRegression(C=N / u.sum(), **tight).fit(X[rows], y[rows], u)
    ours = LogisticRegression(**tight).fit(X[rows], y[rows], u * N / u.sum())
    assert_allclose(ours.coef_, rule.coef_, rtol=1e-6)
    for solver in ("norm", "frank_wolfe", "median_of_means"):
        selector = AutoCoreset(Ridge(), 9, solver=solver, max_queries=7, random_state=0)
        assert_allclose(selector.fit(X, y).sample_weight_.sum(), N)


def test_a_rare_class_gets_a_row_and_the_others_their_quotas():
    """59 of 934 : 64 are 55.2 and 3.8; 48 of 3 : 2, with all two rows of a class."""
    codes = np.repeat([0, 1, 2], [934, 64, 2])
    rare = _solve.Strata(np.ones(1000), codes, None)
    assert_array_equal(rare.quotas(60), [55, 4, 1])
    codes = np.repeat([0, 1, 2], [2, 100, 100])
    capped = _solve.Strata(np.ones(202), codes, np.array([0.5, 0.3, 0.2]))
    assert_array_equal(capped.quotas(50), [2, 29, 19])


@pytest.mark.parametrize("exponent", [-1030, -250, 250, 990])
def test_estimators_are_given_no_extreme_weights(exponent, data, monkeypatch):
    """Solvers such as liblinear's overflow with weights of 2**500, or never end."""
    X, y, _ = data
    given = []
    fit = LogisticRegression.fit

    def recorded(self, X, y, sample_weight):
        given.append(sample_weight)
        return fit(self, X, y, sample_weight)

    monkeypatch.setattr(LogisticRegression, "fit", recorded)
    selector = AutoCoreset("logistic", 40, max_queries=6, random_state=0)
    selector.fit(X, y, np.ldexp(np.ones(N), exponent))
    given = np.abs(np.log2(np.concatenate(given)))
    assert given.max() < 220
    total = np.ldexp(float(N), exponent)
    assert_allclose(selector.sample_weight_.sum(), total)
    assert ((selector.cost_path_ > 0.1 * total) & (selector.cost_path_ < total)).all()


def test_a_class_of_fewer_rows_than_its_quota_gives_all(data):
    X, y, _ = data
    y = np.where(np.arange(N) < 4, 2, y)
    selector = AutoCoreset(
        LogisticRegression(), 30, quota="equal", solver="norm", max_queries=7
    )
    selection = selector.set_params(random_state=0).fit_select(X, y)
    rare = selection.indices[y[selection.indices] == 2]
    assert_array_equal(rare, np.arange(4))
    assert_array_equal(selection.weights[:4], 1.0)


# --- The search -----------------------------------------------------------------------


def test_what_is_kept_has_the_lowest_cost(data):
    X, y, _ = data
    model = LogisticRegression()
    selector = AutoCoreset(model, 30, random_state=0).fit(X, y)
    again = fit_on_selection(model, selector.selection_, X, y)
    assert_allclose(full_cost(again, X, y), selector.cost_path_.min(), rtol=1e-6)
    drawn = AutoCoreset(model, 30, solver="norm", random_state=0).fit(X, y)
    again = fit_on_selection(model, drawn.selection_, X, y)
    assert drawn.cost_path_[-1] > drawn.cost_path_.min() * 1.001  # not the last one
    assert_allclose(full_cost(again, X, y), drawn.cost_path_.min(), rtol=1e-6)
    assert len(selector.queries_) == 3 + len(selector.cost_path_)
    assert selector.n_queries_ == 5 + len(selector.cost_path_)  # two are held out
    assert 0 < selector.query_error_ < 0.5


def test_patience_and_most_queries_end_the_search(data):
    X, y, _ = data
    short = AutoCoreset(LogisticRegression(), 30, max_queries=9, random_state=0)
    assert short.fit(X, y).n_queries_ == 9
    path = AutoCoreset(LogisticRegression(), 30, max_queries=200, random_state=0)
    path = path.fit(X, y).cost_path_
    assert len(path) < 190
    best = path.argmin()
    assert len(path) - 1 - best >= 5  # that many did not lower it


def test_last_bits_of_losses_do_not_reach_the_matrix(data):
    """What differs between libraries and blocks is rounded off; little else is."""
    X, _, y = data
    rows = coreselect.rows.open(X, y)
    queries = _queries.Queries(rows, Ridge(), None, ["sample_weight"], 0, 0)
    values = np.random.default_rng(0).exponential(1e-5, N)
    column, shift, scale = queries._column(values)
    assert shift == 0
    assert scale == 2.0**-17
    assert_allclose(scale * column, values, rtol=0, atol=1e-13)
    noisy, *_ = queries._column(values * (1 + 4e-16))
    assert_array_equal(noisy, column)


def test_a_coreset_counts_by_its_worst_fit():
    """Fits that may differ are made again; those of one minimum, or seeded, are not."""
    X = np.random.default_rng(0).standard_normal((400, 3))

    class Asked(_queries.Queries):
        def make(self, indices, weights, what):
            asked.append(what)
            return super().make(indices, weights, what)

    again = {}
    for name, model in {
        "random": KMeans(3, n_init=1),
        "seeded": KMeans(3, n_init=1, random_state=0),
        "convex": LogisticRegression(),
    }.items():
        asked = []
        y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("coreselect.selectors.auto._selector.Queries", Asked)
            AutoCoreset(model, 20, max_queries=15, random_state=0).fit(X, y)
        again[name] = sum(what.startswith("the same") for what in asked)
    assert again["random"] >= 1
    assert again["seeded"] == again["convex"] == 0


def test_fits_that_are_news_do_not_count_as_failures(data):
    """Ten parameters need ten queries; with patience 1 the search gets there."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, 10))
    y = (X @ rng.standard_normal(10) + rng.logistic(size=N) > 0).astype(int)
    selector = AutoCoreset(LogisticRegression(), 60, patience=1, random_state=0)
    assert selector.fit(X, y).n_queries_ > 12


def test_news_is_what_others_do_not_explain_of_a_column():
    """Residuals of regressions on all columns, over those on the cheapest alone."""
    rng = np.random.default_rng(0)
    weight = rng.uniform(0.5, 2, 50)
    columns = _queries.Columns(weight)
    V = rng.exponential(size=(50, 4))
    V[:, 3] = 2 * V[:, 0] + V[:, 1] + 5  # nothing new
    root = np.sqrt(weight)[:, None]
    costs = [2.0, 1.0, 3.0, 4.0]

    def left(target, k):
        A = root * np.column_stack([np.ones(50), k])
        b = root[:, 0] * target
        return np.linalg.norm(b - A @ np.linalg.lstsq(A, b, rcond=None)[0])

    for k in range(4):
        best = V[:, [np.argmin(costs[:k])]] if k else V[:, :0]
        wanted = left(V[:, k], V[:, :k]) / left(V[:, k], best) if k else 1.0
        got = columns.add(_queries.Query(None, V[:, k], costs[k]))
        assert_allclose(got, wanted, atol=1e-6)
    assert wanted < 1e-12  # the last one is a combination
    assert_array_equal(columns.losses.matrix, V)
    assert columns.add(_queries.Query(None, np.full(50, 2.0), 1.0)) == 0


def test_select_makes_other_sizes_without_the_data(data):
    X, y, _ = data
    selector = AutoCoreset(LogisticRegression(), 30, random_state=0).fit(X, y)
    for size in (5, 29, 60, 0.1):
        selection = selector.select(size)
        assert len(selection) <= (size if isinstance(size, int) else 200)
        assert_allclose(selection.weights.sum(), N)
        if size != 5:
            assert excess(LogisticRegression(), selection, X, y) < 0.2
    other = selector.select(random_state=5)
    assert not np.array_equal(other.indices, selector.sample_indices_)


def test_all_rows(data):
    X, y, _ = data
    selector = AutoCoreset(LogisticRegression(), N).fit(X, y)
    assert_array_equal(selector.sample_weight_, np.ones(N))
    assert not hasattr(selector, "queries_")
    assert len(selector.select(20)) <= 20
    empty = AutoCoreset(LogisticRegression(), 0).fit(X, y)
    assert len(empty.selection_) == 0


def test_a_loss_of_ones_own(data):
    """Huber's loss, which nothing here knows."""
    X, _, y = data
    y = np.where(np.arange(N) % 20 == 0, 50.0, y)

    def huber(model, X, y):
        r = np.abs(y - model.predict(X)) / model.scale_
        return model.scale_ * (1 + np.where(r < 1.35, r**2, 2.7 * r - 1.35**2))

    model = HuberRegressor().fit(X, y)

    def error(selection):
        few = fit_on_selection(HuberRegressor(), selection, X, y)
        return np.linalg.norm(few.coef_ - model.coef_)

    ours = AutoCoreset(HuberRegressor(), 60, loss=huber, random_state=0)
    draws = [UniformSelector(60, random_state=s).fit_select(X, y) for s in range(5)]
    assert error(ours.fit_select(X, y)) < np.mean([error(d) for d in draws]) / 3


# --- explain --------------------------------------------------------------------------


def test_the_error_is_what_the_explanation_says():
    """a @ gap + sum(u r), at most the bound; both by hand."""
    rng = np.random.default_rng(0)
    L, H = rng.exponential(size=(300, 4)), rng.exponential(size=(300, 2))
    H[:, 1] = L @ [1.0, 2.0, 0.0, 1.0] + 3  # a combination
    weight = rng.uniform(0.5, 2, 300)
    strata = _solve.Strata(weight, None, None)
    losses = losses_of(L, weight)
    rows, u = _solve.solve(strata, losses, 10, "caratheodory", rng)
    found = _report.explain(L, H, weight, rows, u, "exact.")
    assert_allclose(found.gap, 0, atol=1e-12)
    assert found.residual[0] > 0.9
    assert_allclose(found.residual[1], 0, atol=1e-7)
    assert_allclose(found.error, u @ H[rows] / (weight @ H) - 1, atol=1e-12)
    assert abs(found.error[0]) > 0.01
    assert abs(found.error[1]) < 1e-12
    assert (np.abs(found.error) <= found.bound + 1e-12).all()
    assert found.bound[1] < 1e-7
    # Not exact at the queries: the gap counts too.
    rows, u = _solve.solve(strata, losses, 10, "norm", rng)
    found = _report.explain(L, H, weight, rows, u, "near.")
    assert np.abs(found.gap).max() > 1e-3
    assert 1e-3 < abs(found.error[1]) <= found.bound[1]
    assert str(found).splitlines()[0] == "near."
    assert len(str(found).splitlines()) == 6


def test_explain_of_a_fitted_selector(data):
    X, y, _ = data
    selector = AutoCoreset(LogisticRegression(), 30, random_state=0).fit(X, y)
    found = selector.explain()
    assert len(found.error) == 2
    assert_allclose(np.sqrt(np.mean(found.error**2)), selector.query_error_, rtol=1e-6)
    assert (np.abs(found.error) <= found.bound).all()
    none = AutoCoreset(
        LogisticRegression(), 30, validation_fraction=0, max_queries=5
    ).fit(X, y)
    assert np.isnan(none.query_error_)
    with pytest.raises(ValueError, match="no query was held out"):
        none.explain()


def n_exact(selector):
    return np.count_nonzero(np.abs(selector.explain().gap) < 1e-9)


def test_explain_counts_the_queries_that_costs_are_exact_at(data):
    """None where classes get a single row each; the text said otherwise."""
    X, y, response = data
    options = {"solver": "caratheodory", "max_queries": 8, "random_state": 0}
    selector = AutoCoreset(LogisticRegression(), 30, **options).fit(X, y)
    count = n_exact(selector)
    assert 3 <= count <= 8
    words = f"exact at {count} of the {len(selector.queries_)} queries"
    assert words in selector.explain().guarantee
    for model, n_select, quota, target in [
        (LogisticRegression(), 30, {0: 1, 1: 29}, y),
        (LogisticRegression(), 2, "proportional", y),
        (Ridge(), 1, "proportional", response),
    ]:
        selector = AutoCoreset(model, n_select, quota=quota, **options)
        selector.fit(X, target)
        assert n_exact(selector) == 0
        assert "exact at no query" in str(selector.explain())


def test_explain_of_all_rows_and_of_exact_least_squares(data):
    X, y, response = data
    everything = AutoCoreset(LogisticRegression(), N).fit(X, y).explain()
    assert str(everything).startswith("All rows are selected: every cost is exact.")
    assert len(everything.error) == 0
    with pytest.raises(ValueError, match="n_select=0 and learned nothing"):
        AutoCoreset(LogisticRegression(), 0).fit(X, y).explain()
    exact = str(AutoCoreset(Ridge(), 30).fit(X, response).explain())
    assert "exact at all coefficients" in exact
    assert "Nothing is guaranteed" not in exact


def test_fits_that_are_made_in_any_case(data):
    """Three draws, two held out, and one coreset: `max_queries` is about the rest."""
    X, _, response = data
    for most, made in [(1, 6), (6, 6), (7, 7)]:
        selector = AutoCoreset(Ridge(), 10, max_queries=most, random_state=0)
        assert selector.fit(X, response).n_queries_ == made


# --- In the house ---------------------------------------------------------------------

FEW = {"n_init": 2, "max_queries": 6}


@pytest.mark.parametrize(
    "selector",
    [
        AutoCoreset(LogisticRegression(), 10, **FEW),
        AutoCoreset("svm", 10, **FEW),
        AutoCoreset(KMeans(2, n_init=2), 10, **FEW),
        AutoCoreset(GaussianMixture(2), 10, **FEW),
        AutoCoreset(PCA(2), 10, **FEW),
        AutoCoreset(make_pipeline(StandardScaler(), Ridge()), 10, **FEW),
    ],
    ids=repr,
)
def test_invariants_of_estimators_that_need_some_rows(selector):
    """All of `check_selector`, but for sizes that cannot be fitted to."""
    for check in testing.CHECKS:
        if check is not testing.check_sizes:
            check(selector)


def test_files_and_blocks_give_the_same(data, tmp_path):
    X, y, _ = data
    np.save(tmp_path / "X.npy", X)
    selector = AutoCoreset(LogisticRegression(), 20, max_queries=12, random_state=0)
    wanted = selector.fit_select(X, y)
    for rows in (
        tmp_path / "X.npy",
        coreselect.rows.open(X, y, block_rows=64),
    ):
        got = selector.fit_select(rows, y)
        assert_array_equal(got.indices, wanted.indices)
        assert_allclose(got.weights, wanted.weights, rtol=1e-9)


class Counting(LogisticRegression):
    """A classifier that counts its fits."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        Counting.fits += 1
        return super().fit(X, y, sample_weight)


def test_a_grid_over_the_estimator_selects_once_a_fold(data, tmp_path):
    X, y, _ = data
    selector = AutoCoreset(Counting(), 30, max_queries=10, random_state=0)
    model = CoresetEstimator(LogisticRegression(), selector, memory=str(tmp_path))
    grid = {"estimator__C": [0.001, 0.01, 1.0, 10.0]}
    Counting.fits = 0
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert Counting.fits == 10 * (3 + 1)  # three folds and the refit, not 4 x 3 + 1
    full = GridSearchCV(LogisticRegression(), {"C": grid["estimator__C"]}, cv=3)
    assert abs(search.score(X, y) - full.fit(X, y).score(X, y)) < 0.02


def _square(model, X, y):
    return (y - model.predict(X)) ** 2


def test_a_loss_that_was_edited_selects_anew_with_memory(data, tmp_path, monkeypatch):
    """joblib knows functions by their names alone."""
    X, _, response = data

    def rows(memory):
        options = {"loss": _square, "max_queries": 8, "random_state": 0}
        model = CoresetEstimator(
            Ridge(), AutoCoreset(Ridge(), 15, **options), memory=memory
        )
        return model.fit(X, response).selector_.sample_indices_

    before = rows(str(tmp_path))
    monkeypatch.setattr(
        _square, "__code__", (lambda m, X, y: abs(y - m.predict(X))).__code__
    )
    monkeypatch.setattr("inspect.getsource", lambda function: "edited")
    edited = rows(str(tmp_path))
    assert not np.array_equal(before, edited)
    assert_array_equal(edited, rows(None))


def test_names_of_estimators(data):
    X, y, response = data
    for name, make in _options.NAMED.items():
        selector = AutoCoreset(name, 40, max_queries=6, random_state=0)
        selector.fit(np.abs(X), y if name in ("logistic", "svm") else response)
        kind = type(_last(selector.queries_[0]))
        assert kind is type(make())


def _last(model):
    return model[-1] if hasattr(model, "steps") else model


# --- Pipelines ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "nested"),
    [
        (LogisticRegression(C=1e-2), False),
        (LogisticRegression(C=1e-2), True),
        (KMeans(3, n_init=1), False),
        (PCA(1), False),
    ],
    ids=repr,
)
def test_steps_before_the_last_are_fitted_once_to_all_rows(last, nested, data):
    """The same rows as for the last step alone, on rows that were scaled before.

    Scaled anew to some rows for each query, costs fell below that of the full fit.
    """
    X, y, _ = data
    X, weight = X * [1, 50, 1, 0.1], np.linspace(0.5, 2, N)
    scaler = StandardScaler().fit(X, None, weight)
    inner = make_pipeline("passthrough", last) if nested else last
    pipe = make_pipeline(scaler, inner)
    options = {"max_queries": 12, "random_state": 0}
    found = AutoCoreset(pipe, 30, **options).fit(X, y, sample_weight=weight)
    wanted = AutoCoreset(last, 30, **options)
    wanted.fit(scaler.transform(X), y, sample_weight=weight)
    assert_array_equal(found.sample_indices_, wanted.sample_indices_)
    assert_allclose(found.cost_path_, wanted.cost_path_)
    for model in found.queries_:
        assert_allclose(model[0].scale_, scaler.scale_)
        assert len(row_losses(model, X, y)) == N


def test_scales_learned_from_few_rows_are_wrong(data):
    """A wrong twin: the pipeline that learns its scale from the coreset."""
    X, y, _ = data
    pipe = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, tol=1e-8))
    full = clone(pipe).fit(X, y)
    few = AutoCoreset(pipe, 30, random_state=0).fit(X, y)
    best = full_cost(full, X, y)
    assert few.cost_path_.min() >= best * (1 - 1e-9)
    anew = fit_on_selection(pipe, few.selection_, X, y)
    last = fit_on_selection(pipe[-1], few.selection_, full[0].transform(X), y)
    anew_there = copy.deepcopy(full[-1])  # the same function of rows, in scaled ones
    ratio = full[0].scale_ / anew[0].scale_
    anew_there.coef_ = anew[-1].coef_ * ratio
    moved = (full[0].mean_ - anew[0].mean_) / anew[0].scale_
    anew_there.intercept_ = anew[-1].intercept_ + anew[-1].coef_ @ moved
    scaled = full[0].transform(X)
    wrong = full_cost(anew_there, scaled, y) / best - 1
    assert full_cost(last, scaled, y) / best - 1 < min(1e-6, wrong / 100)


def test_steps_are_fitted_to_many_rows_of_more(data, monkeypatch):
    X, _, response = data
    monkeypatch.setattr(_steps, "MOST_ROWS", 500)
    pipe = make_pipeline(StandardScaler(), Ridge())
    model = AutoCoreset(pipe, 30, max_queries=6, random_state=0)
    model.fit(X, response)
    assert {m[0].n_samples_seen_ for m in model.queries_} == {500}


def test_steps_that_fail_are_named(data):
    X, _, response = data
    pipe = make_pipeline(PCA(9), Ridge())
    with pytest.raises(ValueError, match=r"step PCA before Ridge, .*2000 of 2000.*=9"):
        AutoCoreset(pipe, 30).fit(X, response)


@pytest.mark.parametrize(
    "columns", ["a", ["a"], slice("a", "b"), make_column_selector("a")], ids=shown
)
def test_columns_by_name_are_refused_with_a_way_out(columns, data):
    X, _, response = data
    frame = pd.DataFrame(X, columns=list("abcd"))
    pipe = make_pipeline(
        ColumnTransformer([("one", StandardScaler(), columns)]), Ridge()
    )
    with pytest.raises(ValueError, match=r"'one' takes columns by name.*the numbers"):
        AutoCoreset(pipe, 30).fit(frame, response)
    pipe.set_params(columntransformer__transformers=[("one", StandardScaler(), [0])])
    AutoCoreset(pipe, 30, max_queries=6).fit(frame, response)


# --- Bad input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    ["logistic", LogisticRegression(), make_pipeline(StandardScaler(), Ridge())],
    ids=repr,
)
def test_a_missing_target_is_named_before_any_fit(estimator, data):
    name = "Ridge" if hasattr(estimator, "steps") else "LogisticRegression"
    with pytest.raises(ValueError, match=f"AutoCoreset of {name} requires y"):
        AutoCoreset(estimator, 30).fit(data[0])


def test_a_classifier_at_the_end_of_a_pipeline_is_named(data):
    with pytest.raises(ValueError, match="LogisticRegression is a classifier, but y"):
        AutoCoreset("logistic", 30).fit(data[0], data[2])


def test_missing_numbers_are_no_failure_of_a_fit(data):
    X, _, response = data
    X = np.where(np.arange(N)[:, None] % 5 == 0, np.nan, X)
    with pytest.raises(ValueError, match="NaN") as raised:
        AutoCoreset(Ridge(), 30).fit(X, response)
    assert "query" not in str(raised.value)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (
            lambda r: r[:-1],
            r"bad must return one loss for each of the 2000 .*\(1999,\)",
        ),
        (lambda r: r.mean(), r"bad must return one loss for each .*shape \(\)"),
        (lambda r: r[:, None], r"bad must return one loss .*shape \(2000, 1\)"),
        (
            lambda r: np.where(np.arange(N) == 7, np.nan, r),
            "bad returned nan for row 7",
        ),
        (
            lambda r: np.where(np.arange(N) == 7, np.inf, r),
            "bad returned inf for row 7",
        ),
        (lambda r: r - 100, "bad must not be negative, got -.* at query 1"),
        (lambda r: r.astype(str), "bad must return numbers"),
        (lambda r: np.full(N, 1e307), "bad is too large"),
    ],
)
def test_losses_that_are_none(returned, words, data):
    X, _, y = data

    def bad(model, X, y):
        return returned((y - model.predict(X)) ** 2)

    with pytest.raises(ValueError, match=f"loss {words}"):
        AutoCoreset(LinearRegression(), 10, loss=bad, random_state=0).fit(X, y)


def test_rows_of_bad_losses_are_counted_over_blocks(data):
    X, _, y = data

    def bad(model, X, y):
        return np.where(X[:, 0] == data[0][100, 0], np.nan, 1.0)

    rows = coreselect.rows.open(X, y, block_rows=64)
    with pytest.raises(ValueError, match="nan for row 100"):
        AutoCoreset(LinearRegression(), 10, loss=bad, random_state=0).fit(rows)


@pytest.mark.parametrize(
    ("selector", "error", "words"),
    [
        (
            AutoCoreset(KNeighborsRegressor(), loss=lambda m, X, y: y),
            ValueError,
            "KNeighborsRegressor takes no sample_weight in fit",
        ),
        (AutoCoreset(HuberRegressor()), ValueError, "HuberRegressor; pass loss="),
        (AutoCoreset(Ridge), TypeError, "estimator must be a scikit-learn estimator"),
        (AutoCoreset("forest"), ValueError, "estimator must be one of 'logistic'"),
        (AutoCoreset(Ridge(), loss="hinge"), TypeError, "loss must be a function"),
        (AutoCoreset(Ridge(), solver="exact"), ValueError, "solver must be one of"),
        (AutoCoreset(Ridge(), n_init=0), ValueError, "n_init must be at least 1"),
        (AutoCoreset(Ridge(), patience=0), ValueError, "patience must be"),
        (AutoCoreset(Ridge(), quota="fair"), ValueError, "quota must be one of"),
        (AutoCoreset(Ridge(), quota={0: -1}), ValueError, r"quota\[0\] must be"),
        (
            AutoCoreset(Ridge(), validation_fraction=1),
            ValueError,
            "validation_fraction must be between 0 and 0.9",
        ),
        (
            AutoCoreset(LogisticRegression(), 1),
            ValueError,
            "n_select=1 is less than the 2 classes of y",
        ),
        (
            AutoCoreset(LogisticRegression(), 10, quota={0: 1, 5: 1}),
            ValueError,
            r"quota has the classes \[0, 5\], but those of y are \[0, 1\]",
        ),
    ],
    ids=shown,
)
def test_bad_parameters(selector, error, words, data):
    X, y, _ = data
    with pytest.raises(error, match=words):
        selector.fit(X, y)


def test_targets_that_are_missing_or_no_classes():
    X = np.ones((200, 2))
    with pytest.raises(ValueError, match="requires y to be passed"):
        AutoCoreset(LogisticRegression()).fit(X)
    with pytest.raises(ValueError, match="LogisticRegression is a classifier, but y"):
        AutoCoreset(LogisticRegression()).fit(X, np.linspace(0, 1, 200))


class FailsLater(ClassifierMixin, BaseEstimator):
    """Fits the first five times."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        FailsLater.fits += 1
        if FailsLater.fits > 5:
            raise ValueError("out of luck")
        self.classes_ = np.unique(y)
        self.mean_ = np.average(X, axis=0, weights=sample_weight)
        return self


def test_a_failing_fit_says_at_which_query(data):
    X, y, _ = data

    def loss(model, X, y):
        return ((X - model.mean_) ** 2).sum(axis=1)

    FailsLater.fits = 0
    words = r"query 6, the fit of FailsLater to a coreset by 'norm' \(.* of 2000 rows"
    with pytest.raises(ValueError, match=words + r".*out of luck"):
        AutoCoreset(FailsLater(), 10, loss=loss, solver="norm").fit(X, y)


@pytest.mark.parametrize("solver", ["auto", *_solve.SOLVERS])
def test_a_perfect_fit(solver):
    """All losses are zero, up to rounding or exactly: any rows will do."""
    rng = np.random.default_rng(0)
    X = rng.integers(-5, 5, size=(200, 2)).astype(float)

    def exact(model, X, y):
        return np.zeros(len(X))

    y = X @ [1.0, 2.0]
    for loss in (None, exact):
        selector = AutoCoreset(
            LinearRegression(), 8, loss=loss, solver=solver, random_state=0
        ).fit(X, y)
        assert_allclose(selector.sample_weight_.sum(), 200)
        few = fit_on_selection(LinearRegression(), selector.selection_, X, y)
        if loss is None:
            assert_allclose(few.coef_, [1, 2], atol=1e-6)
        assert np.isfinite(selector.explain().bound).all()


@pytest.mark.parametrize("solver", ["auto", *_solve.SOLVERS])
def test_more_queries_than_rows_and_copies_of_columns(solver):
    rng = np.random.default_rng(0)
    X = np.repeat(rng.standard_normal((12, 1)), 3, axis=1)  # one column, three times
    y = X[:, 0] + rng.standard_normal(12)
    selector = AutoCoreset(
        Ridge(), 11, solver=solver, n_init=15, max_queries=40, random_state=0
    ).fit(X, y)
    assert len(selector.queries_) > 12
    assert len(selector.selection_) <= 11
    assert_allclose(selector.sample_weight_.sum(), 12)
    assert excess(Ridge(), selector.selection_, X, y) < 0.2


def test_a_constant_target_and_classes_apart():
    X = np.random.default_rng(0).standard_normal((300, 2))
    constant = AutoCoreset(Ridge(), 8, random_state=0).fit(X, np.ones(300))
    assert_allclose(constant.sample_weight_.sum(), 300)
    y = (X[:, 0] > 0).astype(int)
    apart = AutoCoreset(LogisticRegression(), 20, random_state=0).fit(X, y)
    assert excess(LogisticRegression(), apart.selection_, X, y) < 0.1
