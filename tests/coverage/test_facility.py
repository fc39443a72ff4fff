"""Facility location equals plain greedy, and its certificates hold."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import FacilityLocationSelector
from coreselect.coverage import coverage_bound, facility, facility_location
from coreselect.coverage.similarities import source_of
from coreselect.rows import open as open_rows
from tests.coverage import reference_facility as reference

LINE = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]])


def ten_less_distance(X, Y):
    return 10 - abs(X - Y.T)


def cases(n_cases, most_rows):
    """Data with ties, copies, weights and float32 in turn."""
    for seed in range(n_cases):
        rng = np.random.default_rng(seed)
        n, d = int(rng.integers(12, most_rows)), int(rng.integers(1, 6))
        X = rng.normal(size=(n, d))
        if seed % 3 == 0:
            X = np.rint(2 * X)  # many ties
        if seed % 4 == 1:
            X = X[rng.integers(0, n, n)]  # copies
        if seed % 5 == 2:
            X = X.astype(np.float32)
        X[~X.any(axis=1)] = 1.0
        weight = rng.integers(1, 4, n).astype(float) if seed % 2 else np.ones(n)
        yield seed, X, weight, ("euclidean", "cosine", "rbf")[seed % 3 - seed % 2]


@pytest.fixture(params=["stored", "bounded"])
def way(request, monkeypatch):
    """All pairs stored at once, or bounds first and stored after some picks."""
    if request.param == "bounded":
        monkeypatch.setattr(facility, "_CHEAP", 0)
        monkeypatch.setattr(facility, "_FIRST", 4)
        monkeypatch.setattr(facility, "_PATIENCE", 4)
    return request.param


def test_the_known_optimum_on_a_line():
    """[C 2.6]: greedy 2, 3, 5, 0 with gains 36, 10, 10, 2."""
    selector = FacilityLocationSelector(4, similarity=ten_less_distance).fit(LINE)
    assert_array_equal(selector.sample_indices_, [2, 3, 5, 0])
    assert_allclose(selector.gains_, [36, 10, 10, 2])
    assert selector.value_ == pytest.approx(58)
    assert_array_equal(selector.select(3).weights, [3, 2, 1])
    for size, best in enumerate([36, 47, 57], start=1):
        certificate = selector.certificate(size)
        assert best <= certificate.bound <= [36, 56, 60][size - 1] * (1 + 1e-9)
        assert certificate.value == [36, 46, 56][size - 1]


def test_picks_equal_plain_greedy(way):
    """Fifty cases with ties, copies, weights and float32 input."""
    for seed, X, weight, similarity in cases(50, 60):
        size = min(len(X) - 1, 12)
        given = sparse.csr_array(X) if seed % 7 == 3 else X
        selector = FacilityLocationSelector(size, similarity=similarity, gamma=0.3)
        selector.fit(given, sample_weight=weight)
        S = reference.similarities(X.astype(float), similarity, 0.3)
        order, gains = reference.greedy(S, weight, size)
        assert_array_equal(selector.sample_indices_, order, err_msg=f"seed {seed}")
        assert_allclose(selector.gains_, gains, rtol=1e-9, atol=1e-9)
        weights = reference.cluster_weights(S, weight, order)
        assert_allclose(selector.sample_weight_, weights)
        half = selector.select(size // 2)
        weights = reference.cluster_weights(S, weight, order[: size // 2])
        assert_allclose(half.weights, weights)


def test_no_bound_is_below_the_optimum(way):
    """Fifty cases of up to 60 rows against a mixed-integer program."""
    for seed, X, weight, similarity in cases(50, 61):
        size = 1 + seed % 5
        selector = FacilityLocationSelector(size, similarity=similarity, gamma=0.3)
        selector.fit(X, sample_weight=weight)
        S = reference.similarities(X.astype(float), similarity, 0.3)
        best = reference.optimum(S, weight, size)
        certificate = selector.certificate_
        assert certificate.value <= best * (1 + 1e-9)
        assert certificate.bound >= best * (1 - 1e-9), f"seed {seed}"
        assert certificate.share >= 0.6


def test_a_wrong_bound_is_found_out():
    """The largest gains less one of them fall below the optimum on the line."""
    S = np.maximum(0, ten_less_distance(LINE, LINE))
    gains = np.sort(S.sum(axis=0))[::-1]
    assert gains[:1].sum() < reference.optimum(S, np.ones(6), 2)


def test_certificates_are_tight_on_ordinary_data():
    X = np.random.default_rng(0).normal(size=(500, 8))
    selector = FacilityLocationSelector(40).fit(X)
    assert selector.certificate_.share >= 0.95
    assert all(selector.certificate(size).share >= 0.9 for size in (1, 15, 30, 39))
    assert "proven share" in str(selector.certificate_)
    assert "proven" in selector.certificate_._repr_html_()
    assert selector.certificate_.as_dict()["size"] == 40


def test_pickles_hold_certificates_and_no_pairs():
    X = np.random.default_rng(0).normal(size=(200, 2))
    selector = FacilityLocationSelector(20).fit(X)
    data = pickle.dumps(selector)
    assert len(data) < 200 * 200
    again = pickle.loads(data)
    assert again.certificate(7) == selector.certificate(7)
    assert_array_equal(again.select(5).weights, selector.select(5).weights)


def test_copies_come_last_with_weight_zero(way):
    X = np.repeat([[0.0, 0.0], [3.0, 0.0], [0.0, 5.0]], 4, axis=0)
    selection = FacilityLocationSelector(6).fit_select(X)
    assert_array_equal(selection.indices[3:], [1, 2, 3])
    assert_array_equal(selection.weights, [4, 4, 4, 0, 0, 0])


def test_all_rows_equal():
    selector = FacilityLocationSelector(3, similarity="rbf").fit(np.ones((7, 2)))
    assert_array_equal(selector.sample_indices_, [0, 1, 2])
    assert_array_equal(selector.sample_weight_, [7, 0, 0])
    assert selector.certificate_.share == pytest.approx(1.0)


def test_results_do_not_depend_on_blocks_or_budget(monkeypatch):
    X = np.random.default_rng(3).normal(size=(300, 5))
    whole = FacilityLocationSelector(40).fit(X)
    monkeypatch.setattr(facility, "_CHEAP", 0)
    monkeypatch.setattr("coreselect.coverage.similarities._BLOCK", 5000)
    for budget in (2**30, 2**10):  # the second stores no pairs at all
        monkeypatch.setattr(facility, "_BUDGET", budget)
        blocks = FacilityLocationSelector(40).fit(X)
        assert_array_equal(blocks.sample_indices_, whole.sample_indices_)
        assert_allclose(blocks.gains_, whole.gains_, rtol=1e-12)
        assert blocks.certificate_.share > 0.7


@pytest.mark.parametrize("scale", [2.0**-300, 1e-3, 1.0, 2.0**300])
def test_rbf_with_its_own_gamma_follows_the_scale(scale):
    X = np.random.default_rng(5).normal(size=(80, 3)) + 10.0
    one = FacilityLocationSelector(9, similarity="rbf").fit(X)
    other = FacilityLocationSelector(9, similarity="rbf").fit(X * scale)
    assert_array_equal(one.sample_indices_, other.sample_indices_)


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600])
@pytest.mark.parametrize("parameters", [{}, {"n_neighbors": 3}, {"n_clients": 9}])
def test_no_gamma_of_its_own_is_out_of_scale(scale, parameters):
    """Float64 does not hold it, but squared distances are those of scaled rows."""
    X = np.random.default_rng(3).normal(size=(40, 3))
    selector = FacilityLocationSelector(4, similarity="rbf", **parameters)
    own = selector.set_params(random_state=0).fit(X)
    value, rows = own.full_value_, own.sample_indices_
    assert_array_equal(selector.fit(X * scale).sample_indices_, rows)
    assert selector.full_value_ == pytest.approx(value)


def test_gamma_is_one_over_the_median_squared_distance():
    X = np.random.default_rng(5).normal(size=(80, 3))
    squares = ((X[:, None] - X) ** 2).sum(axis=2)[np.triu_indices(80, 1)]
    selector = FacilityLocationSelector(3, similarity="rbf").fit(X)
    assert selector.gamma_ == pytest.approx(1 / np.median(squares))
    assert FacilityLocationSelector(3).fit(X).gamma_ is None


def test_a_function_gives_the_same_as_its_name():
    X = np.random.default_rng(6).normal(size=(90, 4))
    own = FacilityLocationSelector(10, similarity=_euclidean).fit(X)
    named = FacilityLocationSelector(10).fit(X)
    assert_array_equal(own.sample_indices_, named.sample_indices_)
    assert_allclose(own.certificate_.bound, named.certificate_.bound)


@pytest.mark.parametrize("parameters", [{}, {"n_clients": 40}])
def test_a_function_gets_rows_to_serve_and_then_rows_to_select(parameters):
    """Row i of what it returns is what row i of the first argument gains."""
    X = np.random.default_rng(6).normal(size=(40, 2))

    def uneven(served, chosen):
        more = np.abs(served[:, :1] - 3 * chosen[:, 1])
        return (1 + more) * _euclidean(served, chosen)

    selector = FacilityLocationSelector(6, similarity=uneven, **parameters).fit(X)
    order, gains = reference.greedy(uneven(X, X), np.ones(40), 6)
    assert_array_equal(selector.sample_indices_, order)
    assert_allclose(selector.gains_, gains)
    assert reference.greedy(uneven(X, X).T, np.ones(40), 6)[0].tolist() != list(order)


def test_a_function_is_called_for_blocks(monkeypatch):
    X = np.random.default_rng(6).normal(size=(90, 4))
    whole = FacilityLocationSelector(10, similarity=_euclidean).fit(X)
    monkeypatch.setattr(facility, "_CHEAP", 0)
    monkeypatch.setattr(facility, "_PATIENCE", 4)
    monkeypatch.setattr("coreselect.coverage.similarities._BLOCK", 500)
    blocks = FacilityLocationSelector(10, similarity=_euclidean).fit(X)
    assert_array_equal(blocks.sample_indices_, whole.sample_indices_)
    assert blocks.certificate_.share > 0.8


def _euclidean(X, Y):
    return 1 / (1 + np.sqrt(((X[:, None] - Y[None]) ** 2).sum(axis=2)))


@pytest.mark.parametrize("similarity", ["euclidean", "cosine", "rbf"])
def test_a_weight_of_two_is_the_row_twice(similarity):
    X = np.random.default_rng(9).normal(size=(50, 3))
    weight = np.r_[np.full(20, 2.0), np.ones(30)]
    one = FacilityLocationSelector(8, similarity=similarity, gamma=0.4)
    one.fit(X, sample_weight=weight)
    twice = FacilityLocationSelector(8, similarity=similarity, gamma=0.4)
    twice.fit(np.vstack([X, X[:20]]))
    assert_array_equal(one.sample_indices_, twice.sample_indices_)
    assert_allclose(one.gains_, twice.gains_)
    assert_allclose(one.sample_weight_, twice.sample_weight_)


def test_proven_bounds_bound():
    """No float32 bound of a gain is below the gain, near and far from the origin."""
    rng = np.random.default_rng(10)
    for offset in (0.0, 1e3, 1e6):
        X = rng.normal(size=(200, 7)) + offset
        for similarity in ("euclidean", "cosine", "rbf"):
            source = source_of(open_rows(X), similarity, 0.1)
            served = np.zeros(200)
            for pick in (3, 50, 7):
                rows = np.arange(200)
                exact = source.confirm(rows, served)
                assert (source.gains(rows, served) >= exact * (1 - 1e-12)).all()
                if not served.any():
                    assert (source.first_gains() >= exact).all()
                found, values = source.column(pick, served)
                served[found] = values


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_clients": 31}, "n_clients=31 is more than the 30 rows"),
        ({"n_neighbors": 2, "similarity": _euclidean}, "n_neighbors=2 needs one of"),
        ({"similarity": lambda X, Y: X @ Y.T @ X}, "an array of shape"),
        ({"similarity": lambda X, Y: np.full((len(X), len(Y)), np.nan)}, "finite"),
        ({"similarity": lambda X, Y: (X @ Y.T).astype(str)}, "result of similarity"),
        ({"similarity": "rbf", "gamma": 1e-320}, "out of scale with X"),
        ({"similarity": "manhattan"}, "similarity must be one of"),
    ],
    ids=["clients", "neighbors", "shape", "nan", "text", "gamma", "name"],
)
def test_bad_parameters_are_named(parameters, message):
    X = np.random.default_rng(0).normal(size=(30, 3)) * 1e-3
    with pytest.raises(ValueError, match=message):
        FacilityLocationSelector(3, **parameters).fit(X)


def test_rows_of_zeros_have_no_cosine():
    X = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="the first is row 1"):
        FacilityLocationSelector(1, similarity="cosine").fit(X)


def test_certificates_exist_up_to_the_fitted_size():
    selector = FacilityLocationSelector(3).fit(LINE)
    with pytest.raises(ValueError, match="fit again with n_select=4"):
        selector.certificate(4)
    everything = FacilityLocationSelector(6).fit(LINE)
    assert everything.value_ == pytest.approx(6.0)
    assert everything.certificate_.share == pytest.approx(1.0)


def test_bounds_hold_under_quotas(way):
    """Greedy picks meet the quotas; no rows that meet them exceed the bound."""
    for seed, X, weight, similarity in cases(20, 22):
        groups = np.arange(len(X)) % 3
        quotas = {0: 1, 1: (0, 2), 2: (1, 3)}
        selector = FacilityLocationSelector(
            4, similarity=similarity, gamma=0.3, quotas=quotas
        )
        selector.fit(X, sample_weight=weight, groups=groups)
        counts = np.bincount(groups[selector.sample_indices_], minlength=3)
        assert counts[0] == 1
        assert counts[1] <= 2
        assert 1 <= counts[2] <= 3
        S = reference.similarities(X.astype(float), similarity, 0.3)
        best = reference.optimum(S, weight, 4, groups, [(1, 1), (0, 2), (1, 3)])
        certificate = selector.certificate_
        assert certificate.value <= best * (1 + 1e-9)
        assert certificate.bound >= best * (1 - 1e-9), f"seed {seed}"
        assert certificate.value >= best / 2


def test_included_rows_come_first_and_excluded_rows_are_no_clients(way):
    X = np.random.default_rng(11).normal(size=(60, 2))
    selector = FacilityLocationSelector(9).fit(X, include=[5, 40], exclude=[3, 7])
    kept = np.delete(np.arange(60), [3, 7])
    S = reference.similarities(X)[np.ix_(kept, kept)]
    first = [int(np.flatnonzero(kept == row)[0]) for row in (5, 40)]
    first.sort(key=lambda row: -S[:, row].sum())
    order, gains = reference.greedy(S, np.ones(58), 9, include=first)
    assert_array_equal(selector.sample_indices_, kept[order])
    assert_allclose(selector.gains_, gains)
    assert selector.certificate_.share > 0.6
    assert_array_equal(np.sort(selector.select(2).indices), [5, 40])


def test_smaller_selections_that_would_break_quotas_are_refused():
    groups = np.array([0, 0, 0, 1, 1, 1])
    selector = FacilityLocationSelector(4, quotas={0: 0.5, 1: 0.5})
    selector.fit(LINE, groups=groups)
    assert_array_equal(np.bincount(groups[selector.sample_indices_]), [2, 2])
    assert_array_equal(np.bincount(groups[selector.select(2).indices]), [1, 1])
    uneven = FacilityLocationSelector(4, quotas={0: (3, 3)}).fit(LINE, groups=groups)
    with pytest.raises(ValueError, match="quotas asks for 3 rows of group 0"):
        uneven.select(2)


def test_functions_give_what_the_selector_gives():
    rng = np.random.default_rng(12)
    X, weight = rng.normal(size=(50, 3)), rng.integers(0, 3, 50).astype(float)
    selector = FacilityLocationSelector(6, similarity="rbf")
    selector.fit(X, sample_weight=weight)
    order, gains = facility_location(X, 6, similarity="rbf", sample_weight=weight)
    assert_array_equal(order, selector.sample_indices_)
    assert_allclose(gains, selector.gains_)
    own = coverage_bound(X, order, similarity="rbf", sample_weight=weight)
    assert own.value == pytest.approx(selector.value_)
    assert own.bound == pytest.approx(selector.certificate_.bound)
    some = np.flatnonzero(weight)[:6]
    other = coverage_bound(X, some, similarity="rbf", sample_weight=weight)
    S = reference.similarities(X, "rbf", selector.gamma_)
    assert other.value == pytest.approx(weight @ S[:, some].max(axis=1))
    assert own.value > other.value
    assert other.bound == own.bound
    with pytest.raises(ValueError, match="which has weight 0"):
        coverage_bound(X, np.flatnonzero(weight == 0)[:1], sample_weight=weight)


@pytest.mark.parametrize("exponent", [-500, 500])
def test_functions_do_not_see_the_unit_of_weights(monkeypatch, exponent):
    """Bounds of first gains are sums in float32, which holds no such weights."""
    monkeypatch.setattr(facility, "_CHEAP", 0)
    rng = np.random.default_rng(13)
    X, weight = rng.normal(size=(60, 3)), rng.random(60)
    order, gains = facility_location(X, 4, sample_weight=weight)
    other, moved = facility_location(X, 4, sample_weight=np.ldexp(weight, exponent))
    assert_array_equal(other, order)
    assert_array_equal(moved, np.ldexp(gains, exponent))
    own = coverage_bound(X, order, sample_weight=weight)
    far = coverage_bound(X, order, sample_weight=np.ldexp(weight, exponent))
    assert (far.share, far.bound) == (own.share, np.ldexp(own.bound, exponent))


def test_rows_of_weight_zero_are_named_wherever_they_are():
    with pytest.raises(ValueError, match="row 5, which has weight 0"):
        coverage_bound(LINE, [5], sample_weight=[1, 1, 1, 1, 1, 0])
    with pytest.raises(ValueError, match="n_total=6"):
        coverage_bound(LINE, [6], sample_weight=[1, 1, 1, 1, 1, 0])


def test_quotas_for_all_rows_but_one_are_certified():
    groups = np.array([0, 0, 0, 1, 1, 1])
    selector = FacilityLocationSelector(5, quotas={0: 2, 1: 3}).fit(LINE, groups=groups)
    assert_array_equal(np.bincount(groups[selector.sample_indices_]), [2, 3])
    S = reference.similarities(np.array(LINE))
    best = reference.optimum(S, np.ones(6), 5, groups, [(2, 2), (3, 3)])
    assert selector.value_ == pytest.approx(best)
    assert selector.certificate_.bound == pytest.approx(best)


def test_orthogonal_rows_belong_to_the_first_pick():
    """Their cosine is not exactly zero after rounding, and changes with the unit."""
    X = np.random.default_rng(0).integers(-3, 4, (60, 9, 3)).astype(float)
    for rows in X:
        rows = rows[rows.any(axis=1)]
        one, other = (
            FacilityLocationSelector(3, similarity="cosine").fit_select(rows * unit)
            for unit in (1.0, 3.7)
        )
        assert_array_equal(one.indices, other.indices)
        assert_array_equal(one.weights, other.weights)
