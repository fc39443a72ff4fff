"""Greedy picks within a budget: two searches, what they reach, and their bounds."""

import itertools
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import (
    FacilityLocationSelector,
    FeatureCoverageSelector,
    GraphCutSelector,
    SaturatedCoverageSelector,
)
from coreselect.coverage import FunctionSearch
from coreselect.coverage.dual import BudgetBounds
from coreselect.sampling.turns import Purse
from tests.coverage import reference_facility as reference
from tests.coverage.test_facility import LINE, cases, way  # noqa: F401
from tests.coverage.test_relatives import graph_cut, saturated

HALF = (1 - np.exp(-1)) / 2
COST = np.array([1.0, 3.0, 1.0, 2.0, 1.0, 4.0])


def paid_cases(n_cases, most_rows):
    """Data of `cases`, with costs: whole numbers, fractions and equal ones in turn."""
    for seed, X, weight, similarity in cases(n_cases, most_rows):
        rng, n = np.random.default_rng(1000 + seed), len(X)
        kinds = rng.integers(1, 6, n), rng.random(n) + 0.05, np.ones(n)
        cost = kinds[seed % 3].astype(float)
        share = rng.uniform(0.1, 0.4)
        budget = max(float(np.rint(2 * share * cost.sum()) / 2), cost.min())
        yield seed, X, weight, similarity, cost, budget


def twin(value, n, cost, budget, musts=()):
    """Both searches, each row tried in every step; return order, gains and value."""
    found = []
    for by in (cost, np.ones(n)):
        order, gains, total, left = [], [], value([]), budget * (1 + 1e-12)
        while True:
            missing = [row for row in musts if row not in order]
            may = missing or [
                row for row in range(n) if row not in order and cost[row] <= left
            ]
            if not may:
                break
            gain = np.array([value([*order, row]) for row in may]) - total
            if not missing and gain.max() <= 1e-12 * abs(total):
                break
            rate = gain / by[may]
            best = rate.max()
            at = int(np.argmax(rate >= best - 1e-9 * abs(best)))
            order.append(may[at])
            gains.append(gain[at])
            total, left = total + gain[at], left - cost[may[at]]
        found.append((order, gains, total))
    per_cost, by_gain = found
    return by_gain if by_gain[2] > per_cost[2] * (1 + 1e-9) else per_cost


def located(S, weight):
    return lambda rows: weight @ S[:, rows].max(axis=1) if rows else 0.0


def test_picks_are_those_of_the_better_search(way):  # noqa: F811
    """Fifty cases with ties, copies, weights and float32 input."""
    searches = set()
    for seed, X, weight, similarity, cost, budget in paid_cases(50, 40):
        selector = FacilityLocationSelector(
            None, similarity=similarity, gamma=0.3, budget=budget
        )
        selector.fit(X, sample_weight=weight, cost=cost)
        S = reference.similarities(X.astype(float), similarity, 0.3)
        value = located(S, weight)
        order, gains, total = twin(value, len(X), cost, budget)
        assert_array_equal(selector.sample_indices_, order, err_msg=f"seed {seed}")
        assert_allclose(selector.gains_, gains, rtol=1e-9, atol=1e-9)
        assert selector.value_ == pytest.approx(total)
        assert cost[order].sum() <= budget * (1 + 1e-12)
        searches.add(order == twin(value, len(X), np.ones(len(X)), len(order))[0])
    assert searches == {True, False}  # by gain per cost, and by gain alone


@pytest.mark.parametrize("kind", [GraphCutSelector, SaturatedCoverageSelector])
def test_relatives_spend_budgets(kind):
    for seed, X, weight, similarity, cost, budget in paid_cases(15, 30):
        S = reference.similarities(X.astype(float), similarity, 0.3)
        make = graph_cut if kind is GraphCutSelector else saturated
        value = make(S, weight, 0.5 if kind is GraphCutSelector else 0.25)
        order, gains, _ = twin(value, len(X), cost, budget, musts=[3])
        if cost[3] > budget:
            continue
        selector = kind(None, similarity=similarity, gamma=0.3, budget=budget)
        selector.fit(X, sample_weight=weight, cost=cost, include=[3])
        assert_array_equal(selector.sample_indices_, order, err_msg=f"seed {seed}")
        assert_allclose(selector.gains_, gains, rtol=1e-9, atol=1e-9)


def test_feature_coverage_spends_budgets():
    for seed in range(15):
        rng = np.random.default_rng(seed)
        X, cost = rng.poisson(0.6, (25, 8)).astype(float), rng.uniform(0.5, 3.0, 25)
        found = twin(lambda rows, X=X: np.sqrt(X[rows].sum(axis=0)).sum(), 25, cost, 9)
        selector = FeatureCoverageSelector(None, budget=9).fit(X, cost=cost)
        assert_array_equal(selector.sample_indices_, found[0])


def test_rows_that_lower_the_value_are_not_bought():
    X = np.random.default_rng(0).normal(size=(40, 2))
    selector = GraphCutSelector(None, trade_off=3.0, budget=30.0)
    selector.fit(X, cost=np.ones(40))
    assert 0 < len(selector.selection_) < 30
    assert (selector.gains_ > 0).all()


def test_rows_that_add_next_to_nothing_hide_no_others():
    """The free row has the largest gain per cost, but it is rounding."""

    class Sum:
        source = None

        def gains(self, rows):
            return np.array([1e-15, 1.0, 0.5, -3.0])[rows]

        def add(self, row):
            pass

    cost, musts = np.array([1e-9, 1.0, 1.0, 1.0]), np.array([False, True, False, True])
    search = FunctionSearch(Sum(), 4, can_fall=True)
    search.spend(Purse(musts, cost, 9.0), per_cost=True)
    assert search.order == [1, 3, 2]
    assert search.gains == [1.0, -3.0, 0.5]


def test_certificates_hold_against_all_sets(way):  # noqa: F811
    """Every set of up to 11 rows, for the whole budget and what each prefix costs."""
    for seed, X, weight, similarity, cost, budget in paid_cases(40, 14):
        X, weight, cost = X[:11], weight[:11], cost[:11]
        budget = max(budget, cost.min())
        selector = FacilityLocationSelector(
            None, similarity=similarity, gamma=0.3, budget=budget
        )
        selector.fit(X, sample_weight=weight, cost=cost)
        S = reference.similarities(X.astype(float), similarity, 0.3)
        sets = [
            list(rows)
            for size in range(1, 12)
            for rows in itertools.combinations(range(11), size)
        ]
        costs = np.array([cost[rows].sum() for rows in sets])
        values = np.array([weight @ S[:, rows].max(axis=1) for rows in sets])
        for size in range(1, len(selector.selection_) + 1):
            certificate = selector.certificate(size)
            best = values[costs <= certificate.budget * (1 + 1e-12)].max()
            assert certificate.value <= best * (1 + 1e-9)
            assert certificate.bound >= best * (1 - 1e-12), f"seed {seed}"
        assert certificate.budget == pytest.approx(budget)
        assert certificate.value >= HALF * best


def test_free_rows_are_in_the_bounds_of_all_budgets(way):  # noqa: F811
    """What costs nothing, or next to nothing, is paid for by a budget of 0, too."""
    for free in (0.0, 1e-200):
        cost = [free, free, 3.0, 4.0]
        selector = FacilityLocationSelector(None, budget=5.0)
        selector.fit([[0.0], [1.0], [5.0], [9.0]], cost=cost)
        both = selector.certificate(2)
        assert set(selector.sample_indices_[:2]) == {0, 1}
        for size in (0, 1, 2):
            certificate = selector.certificate(size)
            assert certificate.budget == size * free
            assert certificate.bound >= both.value
        assert selector.certificate_.budget == 5.0
    assert "cost at most 0 reach" in str(selector.certificate(0))


def test_certificates_hold_against_mixed_integer_programs():
    """Up to 60 rows, two of which must be in, beside the linear relaxation."""
    for seed, X, weight, similarity, cost, budget in paid_cases(24, 60):
        musts = [1, 7] if seed % 2 and cost[[1, 7]].sum() <= budget else []
        selector = FacilityLocationSelector(
            None, similarity=similarity, gamma=0.3, budget=budget
        )
        selector.fit(X, sample_weight=weight, cost=cost, include=musts)
        S = reference.similarities(X.astype(float), similarity, 0.3)
        best = reference.optimum(S, weight, budget, cost=cost, musts=musts)
        certificate = selector.certificate_
        assert certificate.value <= best * (1 + 1e-9)
        assert certificate.bound >= best * (1 - 1e-9), f"seed {seed}"
        assert np.isin(musts, selector.sample_indices_).all()


def test_a_bound_without_the_part_of_a_row_is_found_out():
    """Two rows of profit 1 and cost 2 within 3: one and a half, not one."""
    bounds = BudgetBounds(Purse(None, np.full(2, 2.0), 3.0), [0])
    entered = bounds.enter(0.5, np.ones(2), 1)
    assert entered.bound == pytest.approx(2.0)
    assert entered.missing == pytest.approx(0.5)
    assert_array_equal(entered.chosen, [0, 1])


def test_rows_dearer_than_the_budget_bound_nothing():
    bounds = BudgetBounds(Purse(None, np.array([2.0, 9.0]), 3.0), [0])
    assert bounds.enter(0.0, np.array([1.0, 100.0]), 1).bound == pytest.approx(1.0)


def test_certificates_are_tight_on_ordinary_data():
    rng = np.random.default_rng(0)
    X, cost = rng.normal(size=(400, 8)), rng.uniform(1, 10, 400)
    selector = FacilityLocationSelector(None, budget=120.0).fit(X, cost=cost)
    assert selector.certificate_.share >= 0.95
    assert "that cost at most 120 reach" in str(selector.certificate_)
    again = pickle.loads(pickle.dumps(selector))
    assert again.certificate(7) == selector.certificate(7)
    assert len(again.select(7)) == 7


def test_equal_costs_are_a_number_of_rows():
    X = np.random.default_rng(1).normal(size=(60, 3))
    paid = FacilityLocationSelector(None, budget=0.7).fit(X, cost=np.full(60, 0.1))
    sized = FacilityLocationSelector(7).fit(X)
    assert paid.selection_ == sized.selection_
    assert paid.certificate_.bound == pytest.approx(sized.certificate_.bound, rel=1e-3)


@pytest.mark.parametrize("exponents", [(-500, 900), (500, -900), (0, -1040)])
def test_units_of_weights_and_costs_change_nothing(exponents):
    rng = np.random.default_rng(2)
    X, weight, cost = rng.normal(size=(50, 3)), rng.random(50), rng.uniform(1, 5, 50)
    one = FacilityLocationSelector(None, budget=20.0)
    one.fit(X, sample_weight=weight, cost=cost)
    weight, cost = np.ldexp(weight, exponents[0]), np.ldexp(cost, exponents[1])
    other = FacilityLocationSelector(None, budget=float(np.ldexp(20.0, exponents[1])))
    other.fit(X, sample_weight=weight, cost=cost)
    assert_array_equal(other.sample_indices_, one.sample_indices_)
    assert other.certificate_.share == pytest.approx(one.certificate_.share)


def test_costs_far_from_the_budget_are_free_or_too_dear():
    cost = np.array([1e300, 1e-300, 1e300, 1.0, 5e-324, 1.5e308])
    selector = FacilityLocationSelector(None, budget=1.0).fit(LINE, cost=cost)
    assert_array_equal(selector.sample_indices_, [1, 4, 3])
    selector = FacilityLocationSelector(None, budget=5e-324).fit(LINE, cost=cost)
    assert_array_equal(selector.sample_indices_, [4])
    assert selector.certificate_.bound == pytest.approx(selector.value_)


def test_free_rows_are_taken_if_they_add_something():
    cost = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    selector = FacilityLocationSelector(None, budget=0.5).fit(LINE, cost=cost)
    assert_array_equal(np.sort(selector.sample_indices_), [0, 2, 4])
    copies = np.repeat([[0.0], [5.0]], 3, axis=0)
    selector = FacilityLocationSelector(None, budget=0.5).fit(copies, cost=0 * cost)
    assert_array_equal(selector.sample_indices_, [0, 3])
    assert selector.certificate_.share == pytest.approx(1.0)


def test_copies_are_not_bought():
    X = np.repeat([[0.0], [5.0]], 3, axis=0)
    selector = FacilityLocationSelector(None, budget=100.0).fit(X, cost=np.ones(6))
    assert_array_equal(selector.sample_indices_, [0, 3])
    assert selector.certificate_.share == pytest.approx(1.0)


def test_a_budget_for_all_rows_takes_all():
    selector = FacilityLocationSelector(None, budget=99.0).fit(LINE, cost=COST)
    assert_array_equal(selector.sample_indices_, np.arange(6))
    assert selector.value_ == pytest.approx(6.0)
    assert selector.certificate_.share == pytest.approx(1.0)


def test_excluded_rows_and_rows_of_weight_zero_are_not_bought():
    selector = FacilityLocationSelector(None, budget=4.0)
    weight = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    selector.fit(LINE, sample_weight=weight, cost=COST, exclude=[4])
    kept = [0, 1, 3, 5]
    small = FacilityLocationSelector(None, budget=4.0)
    small.fit(LINE[kept], cost=COST[kept])
    assert_array_equal(selector.sample_indices_, np.take(kept, small.sample_indices_))


def test_neighbours_and_clients_go_with_budgets():
    rng = np.random.default_rng(3)
    X, cost = rng.normal(size=(80, 3)), rng.uniform(1, 5, 80)
    for parameters in ({"n_neighbors": 9}, {"n_clients": 30, "random_state": 0}):
        selector = FacilityLocationSelector(None, budget=30.0, **parameters)
        selector.fit(X, cost=cost)
        assert cost[selector.sample_indices_].sum() <= 30
        assert 0.5 < selector.certificate_.share <= 1


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        (
            {"budget": 0.5},
            {},
            "budget=0.5 pays for no row: the cheapest costs 1",
        ),
        (
            {"budget": 3.0},
            {"include": [5]},
            "budget=3 is less than the 4 that",
        ),
        ({"budget": 3.0, "quotas": {0: 1}}, {}, "FacilityLocationSelector cannot take"),
        ({"budget": 3.0, "n_select": 2}, {}, "n_select=2 and budget=3.0 are both give"),
        ({"budget": 3.0}, {"cost": None}, "budget changes nothing without cost"),
        ({"n_select": 2}, {}, "cost changes nothing without budget"),
        ({"budget": 3.0}, {"cost": COST - 2}, "cost must not be negative, got -1 at"),
    ],
    ids=["small", "musts", "quotas", "size", "no costs", "no budget", "negative"],
)
def test_bad_budgets_are_named(parameters, given, message):
    selector = FacilityLocationSelector(None).set_params(**parameters)
    groups = np.array([0, 0, 0, 1, 1, 1]) if "quotas" in parameters else None
    with pytest.raises(ValueError, match=message):
        selector.fit(LINE, groups=groups, **{"cost": COST, **given})


def test_sizes_beyond_what_was_bought_are_refused():
    selector = FacilityLocationSelector(None, budget=4.0).fit(LINE, cost=COST)
    assert len(selector.select(2)) == 2
    for ask in (selector.select, selector.certificate):
        with pytest.raises(ValueError, match=r"=4 is more .* with a larger budget"):
            ask(4)
