"""Quotas, costs, and the record of how rows were drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import draw, inclusion_probabilities
from coreselect.sampling._chances import fill, rake
from coreselect.sampling.groups import Groups
from coreselect.sampling.rules import Rules
from tests.sampling.test_balanced import R, largest_z

SCORES = np.array([3.0, 1.0, 0.0, 0.5, 2.0, 0.25, 1.25, 8.0, 1.0, 2.5])
GROUP = np.array(list("aabbbbccca"))
COST = np.array([1.0, 2, 1, 4, 1, 1, 0.5, 3, 1, 2])
CHANCE_DESIGNS = ["pivotal", "systematic", "balanced", "poisson"]
ALL_DESIGNS = [*CHANCE_DESIGNS, "priority", "multinomial"]


def in_groups(rows):
    return {label: int((GROUP[rows] == label).sum()) for label in "abc"}


@pytest.mark.parametrize(
    ("design", "quotas", "wanted"),
    [
        *[(design, {"a": 2, "b": 1}, [2, 1, 2]) for design in CHANCE_DESIGNS],
        ("pivotal", {"c": (None, 1)}, [None, None, 1]),
        ("pivotal", {"b": 0.5}, [None, 2.5, None]),
    ],
)
def test_quotas_are_met_with_exact_inclusion_probabilities(design, quotas, wanted):
    rules = Rules.of(10, groups=Groups.of(GROUP, 10, "strata"), quotas=quotas)
    pi = rules.chances(SCORES, 5)
    call = {"design": design, "strata": GROUP, "quotas": quotas}
    draws = [draw(SCORES, 5, random_state=r, **call) for r in range(R)]
    assert_allclose(pi.sum(), 5)
    for label, number in zip("abc", wanted, strict=True):
        if number:
            assert_allclose(pi[label == GROUP].sum(), number)
            counts = np.array([(label == GROUP[d.indices]).sum() for d in draws])
            if design != "poisson":
                assert (np.abs(counts - number) < 1).all()
    assert_allclose(draws[0].weights, 1 / pi[draws[0].indices])
    assert largest_z(lambda r: draws[r].indices, pi) < 4.5
    # Chances that ignore the quotas are told apart.
    certain = inclusion_probabilities(SCORES, 5)
    counts = np.bincount(np.concatenate([d.indices for d in draws]), minlength=10)
    assert np.abs(counts / R - certain).max() > 0.1


@pytest.mark.parametrize("design", ALL_DESIGNS)
def test_totals_stay_unbiased_with_quotas_includes_and_excludes(design):
    values = np.random.default_rng(0).normal(5, 1, 10)
    found = [
        draw(
            SCORES,
            5,
            design=design,
            strata=GROUP,
            quotas={"a": 2, "b": (2, 2)},
            include=[3],
            exclude=[9],
            random_state=r,
        )
        for r in range(1000)
    ]
    totals = np.array([s.estimate(values[s.indices]) for s in found])
    inside = np.isin(np.arange(10), [2, 9], invert=True)
    z = (totals.mean() - values[inside].sum()) / (totals.std() / 1000**0.5)
    assert abs(z) < 4.5
    assert all(s.weights[s.indices == 3] == 1 for s in found)
    if design not in ("poisson", "multinomial"):
        assert all(in_groups(s.indices) == {"a": 2, "b": 2, "c": 1} for s in found)


@pytest.mark.parametrize("design", ["pivotal", "systematic", "priority", "multinomial"])
def test_quotas_that_are_not_whole_are_rounded_without_bias(design):
    counts = []
    for r in range(1000):
        chosen = draw(
            np.ones(40),
            8,
            design=design,
            strata=np.arange(40) % 4,
            quotas={0: 0.3, 1: 0.2},
            random_state=r,
        )
        hits = chosen.weights * chosen.design.expected
        counts.append(np.bincount(chosen.indices % 4, hits, minlength=4))
    counts = np.round(counts, 9)
    assert_array_equal(counts.sum(axis=1), 8)
    assert set(counts[:, 0]) == {2.0, 3.0}
    assert set(counts[:, 1]) == {1.0, 2.0}
    for g, p in ((0, 0.4), (1, 0.6)):
        share = counts[:, g].mean() - np.floor(counts[:, g].min())
        assert abs(share - p) < 4.5 * (p * (1 - p) / 1000) ** 0.5


def test_groups_that_overlap_are_raked_and_met():
    """Two crossing groupings with whole quotas are met exactly."""
    rng = np.random.default_rng(1)
    first, second = rng.integers(3, size=300), rng.integers(2, size=300)
    matrix = np.column_stack(
        [first[:, None] == np.arange(3), second[:, None] == np.arange(2)]
    )
    scores = rng.lognormal(size=300)
    quotas = {0: 10, 1: 20, 2: 30, 3: 24}
    for seed in range(10):
        chosen = draw(
            scores, 60, strata=matrix, quotas=quotas, random_state=seed
        ).indices
        assert_array_equal(matrix[chosen].sum(axis=0), [10, 20, 30, 24, 36])


def test_raking_solves_the_convex_problem():
    """min(1, score times factors): the nearest chances by their relative entropy."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(4)
    matrix = rng.random((12, 3)) < 0.4
    matrix[0] = False
    scores = rng.uniform(0.5, 2, 12)
    low, high = np.array([3.0, 0, 2]), np.array([3.0, 3.5, np.inf])
    groups = Groups(("a", "b", "c"), matrix=matrix)
    got = rake(scores, 5.0, None, groups, low, high)

    def divergence(p):
        p = np.maximum(p, 1e-300)
        return float((p * np.log(p / scores) - p + scores).sum())

    given = [
        {"type": "eq", "fun": lambda p: p.sum() - 5},
        {"type": "eq", "fun": lambda p: (p @ matrix)[0] - 3},
        {"type": "ineq", "fun": lambda p: 3.5 - (p @ matrix)[1]},
        {"type": "ineq", "fun": lambda p: (p @ matrix)[2] - 2},
    ]
    best = minimize(
        divergence,
        np.full(12, 5 / 12),
        bounds=[(1e-9, 1)] * 12,
        constraints=given,
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert best.success
    assert_allclose(got, best.x, atol=1e-5)
    assert divergence(got) <= best.fun + 1e-9
    sums = got @ matrix
    assert_allclose([got.sum(), sums[0]], [5, 3], atol=1e-9)
    assert sums[1] <= 3.5 + 1e-9
    assert sums[2] >= 2 - 1e-9


def test_quotas_that_use_up_the_size_leave_nothing_for_other_rows():
    """Such chances are a limit that factors alone would reach only slowly."""
    matrix = np.eye(3, dtype=bool)[np.arange(30) % 3][:, :2]
    matrix[4:6] = True
    groups = Groups((0, 1), matrix=matrix)
    pi = rake(np.ones(30), 12.0, None, groups, np.array([7.0, 7]), np.array([7.0, 7]))
    assert_allclose(pi @ matrix, [7, 7], atol=1e-9)
    assert_array_equal(pi[4:6], 1)
    assert not pi[~matrix.any(axis=1)].any()


def test_costs_of_the_reference():
    """s = (4, 2, 1, 1), c = (4, 1, 1, 1), B = 4: variance 36; scores alone give 40."""
    scores, cost = np.array([4.0, 2, 1, 1]), np.array([4.0, 1, 1, 1])
    pi = Rules.of(4, cost=cost, budget=4).chances(scores, None)
    assert_allclose(pi, [2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert_allclose((scores**2 / pi).sum(), 36)
    plain = fill(scores, 4.0, cost)
    assert_allclose(plain, [0.8, 0.4, 0.2, 0.2])
    assert_allclose((scores**2 / plain).sum(), 40)


@pytest.mark.parametrize("design", CHANCE_DESIGNS)
def test_a_budget_is_met_on_average_with_exact_probabilities(design):
    pi = Rules.of(10, cost=COST, budget=6.3).chances(SCORES, None)
    assert_allclose(pi @ COST, 6.3)

    def rows(r):
        chosen = draw(SCORES, design=design, cost=COST, budget=6.3, random_state=r)
        if design in ("pivotal", "systematic"):
            assert abs(len(chosen) - pi.sum()) < 1
        return chosen.indices

    assert largest_z(rows, pi) < 4.5


def test_balanced_draws_cost_what_they_may_within_a_row():
    rng = np.random.default_rng(5)
    cost, scores = rng.uniform(1, 3, 1000), rng.lognormal(size=1000)
    for seed in range(20):
        call = {"cost": cost, "budget": 150.0, "random_state": seed}
        chosen = draw(scores, design="balanced", include=[4], **call)
        assert abs(cost[chosen.indices].sum() - 150) < 3
        assert 4 in chosen.indices


def test_the_unit_of_costs_changes_no_row():
    rng = np.random.default_rng(8)
    cost, scores = rng.uniform(1, 3, 200), rng.lognormal(size=200)
    for design in CHANCE_DESIGNS:
        call = {"design": design, "include": [7], "random_state": 1}
        rows = [
            draw(scores, cost=cost * unit, budget=50 * unit, **call).indices
            for unit in (1.0, 2.0**-1000, 2.0**1000)
        ]
        assert_array_equal(rows[0], rows[1])
        assert_array_equal(rows[0], rows[2])


def test_quotas_and_a_budget_together():
    rng = np.random.default_rng(6)
    cost, group = rng.uniform(1, 3, 1000), np.arange(1000) % 4
    rules = Rules.of(
        1000,
        groups=Groups.of(group, 1000, "strata"),
        quotas={1: 40, 2: (0, 5)},
        cost=cost,
        budget=200,
    )
    pi = rules.chances(np.ones(1000), None)
    sums = np.bincount(group, pi)
    assert_allclose(sums[1], 40)
    assert sums[2] <= 5 + 1e-9
    assert_allclose(pi @ cost, 200)


@settings(max_examples=60)
@given(
    scores=st.lists(st.floats(0, 1e300), min_size=1, max_size=30),
    share=st.floats(0, 1.2),
    costly=st.booleans(),
)
def test_filling_costs_what_it_may(scores, share, costly):
    scores = np.array(scores)
    cost = np.linspace(1, 3, len(scores)) if costly else np.ones(len(scores))
    most = cost[scores > 0].sum()
    chances = fill(scores, share * most, cost)
    assert ((chances >= 0) & (chances <= 1)).all()
    assert not chances[scores == 0].any()
    assert_allclose(chances @ cost, min(share, 1) * most, rtol=1e-9, atol=1e-9)
    # Below one, chances are proportional to the scores.
    below = (chances < 1) & (chances > 1e-250)
    with np.errstate(over="ignore"):
        ratios = np.log(chances[below]) - np.log(scores[below])
    assert np.ptp(ratios) < 1e-6 if below.any() else True


def test_without_costs_filling_is_water_filling():
    for size in (1, 3, 7, 9, 10):
        assert_allclose(fill(SCORES, size), inclusion_probabilities(SCORES, size))


@pytest.mark.parametrize("design", ALL_DESIGNS)
def test_selections_know_how_their_rows_were_drawn(design):
    call = {"strata": GROUP, "include": [3], "random_state": 3, "design": design}
    if design in ("pivotal", "systematic", "balanced"):
        call["order"] = -np.arange(10)
    weight = np.arange(1.0, 11.0)
    chosen = draw(SCORES, 6, base_weight=weight, **call)
    made, rows = chosen.design, chosen.indices
    assert made.name == design
    hits = 1 if made.hits is None else made.hits
    assert_allclose(chosen.weights, weight[rows] * hits / made.expected)
    assert made.expected[rows == 3] == 1
    if design == "poisson":
        assert made.strata is None
    else:
        codes = np.unique(GROUP, return_inverse=True)[1][rows]
        if design == "multinomial":  # whose expected hits do not tell what is certain
            codes[rows == 3] = -1
        assert_array_equal(made.strata, codes)
    if design in ("pivotal", "systematic"):
        open_scores = np.where(np.arange(10) == 3, 0.0, SCORES)
        chances = inclusion_probabilities(open_scores, 5)
        sizes = np.array([chances[group == GROUP].sum() for group in np.unique(GROUP)])
        assert_allclose(made.strata_sizes, sizes[codes])
    if "order" in call:
        assert_array_equal(made.order, 9 - rows)
    if design == "balanced":
        indicators = GROUP[rows, None] == np.unique(GROUP)
        assert_allclose(made.columns[:, 0], np.where(rows == 3, 0, made.expected))
        assert_allclose(made.columns[:, 1:], made.columns[:, :1] * indicators)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"quotas": {"a": 1}}, "quotas needs the groups"),
        ({"quotas": {"d": 1}, "strata": GROUP}, "group 'd', which has no rows"),
        (
            {"quotas": {"a": 4}, "strata": GROUP},
            "4 rows of group 'a', which has only 3",
        ),
        ({"quotas": {"b": 4}, "strata": GROUP}, "only 3 of its rows have a positive"),
        ({"quotas": {"b": 3, "a": 2}, "strata": GROUP}, "5 rows in all .* size=4"),
        ({"quotas": {"b": 1.5}, "strata": GROUP}, r"quotas\['b'\] must be an int"),
        ({"quotas": {"b": (2, 1)}, "strata": GROUP}, "the least, 2, is more than"),
        ({"quotas": {"a": (0.9, 1)}, "strata": GROUP}, "3.6 rows against 1"),
        ({"quotas": {"b": (1, 2, 3)}, "strata": GROUP}, r"a pair \(least, most\)"),
        (
            {"quotas": {"a": (0, 1)}, "strata": GROUP, "include": [0, 1]},
            "include names 2 rows of group 'a', but quotas allows only 1",
        ),
        (
            {"quotas": dict.fromkeys("abc", (0, 1)), "strata": GROUP},
            "only 3 rows in all, fewer than size=4",
        ),
        (
            {
                "quotas": {0: 3, 1: 3},
                "strata": np.eye(2, dtype=bool)[np.arange(10) % 2],
            },
            "quotas cannot be met together",
        ),
        (
            {"strata": np.ones((10, 2), bool), "design": "pivotal"},
            "groups that overlap .* design='balanced'",
        ),
        ({"strata": np.ones((10, 2))}, "a column of bools for each group"),
        ({"cost": COST}, "cost changes nothing without budget"),
        ({"budget": 3.0}, "budget changes nothing without cost"),
        ({"budget": 3.0, "cost": COST}, "size=4 and budget=3 are both given"),
        (
            {"budget": 3.0, "cost": COST - 1, "size": None},
            "cost must .* got -0.5 at pos",
        ),
        ({"budget": 0, "cost": COST, "size": None}, "budget must be finite and above"),
        (
            {"budget": 3.0, "cost": COST, "size": None, "include": [3]},
            "budget=3 is less than the 4 that the 1 rows of include cost",
        ),
        (
            {"budget": 3.0, "cost": COST, "size": None, "design": "priority"},
            "design='priority' cannot meet a budget",
        ),
        (
            {
                "budget": 9.0,
                "cost": COST,
                "size": None,
                "strata": GROUP,
                "quotas": {"a": 0.5},
            },
            "with a budget there is no size",
        ),
    ],
)
def test_what_cannot_be_met_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        draw(SCORES, **{"size": 4, **call})


def test_wrong_types_are_named():
    for quotas, words in (([1], "must be a dict"), ({"a": True}, "numbers of rows")):
        with pytest.raises(TypeError, match=words):
            draw(SCORES, 4, strata=GROUP, quotas=quotas)
    with pytest.raises(TypeError, match="size is missing"):
        draw(SCORES)


def test_rankings_respect_the_rules():
    ranking = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    groups = Groups.of(GROUP, 10, "strata")
    rules = Rules.of(10, groups=groups, quotas={"b": 2, "c": (0, 1)}, include=[0])
    assert_array_equal(rules.first_of(ranking, 5), [0, 9, 8, 5, 4])
    assert_array_equal(Rules.of(10, include=[3]).first_of(ranking, 3), [3, 9, 8])
    assert_array_equal(Rules().first_of(ranking, 3), [9, 8, 7])


def test_groups_that_quotas_leave_no_place_for_are_named():
    for design in ("pivotal", "multinomial"):
        call = {"strata": GROUP, "quotas": {"a": 2, "b": 2}, "design": design}
        with pytest.warns(UserWarning, match=r"no place for 3 row.* groups 'c'"):
            draw(SCORES, 4, random_state=0, **call)
        call["quotas"] = {"a": 2, "b": 2, "c": 0}  # meant, so without a warning
        draw(SCORES, 4, random_state=0, **call)


def test_scores_and_costs_of_any_range():
    scores = np.repeat([1e-300, 1e300], [3, 7])
    for design in ("pivotal", "multinomial"):
        chosen = draw(
            scores, 5, strata=GROUP, quotas={"a": 2}, design=design, random_state=0
        )
        assert chosen.weights.size
    cost = np.repeat([1e-200, 1e200], 5)
    pi = Rules.of(10, cost=cost, budget=2e200).chances(np.ones(10), None)
    assert_allclose(pi, np.repeat([1, 0.4], 5))


def test_a_budget_that_quotas_do_not_use_up_or_go_beyond():
    call = {"strata": GROUP, "cost": np.ones(10)}
    chosen = draw(
        SCORES, budget=8.0, quotas=dict.fromkeys("abc", (0, 2)), random_state=0, **call
    )
    assert in_groups(chosen.indices) == {"a": 2, "b": 2, "c": 2}
    with pytest.raises(ValueError, match=r"3 times as much, .* as budget=1 leaves"):
        draw(SCORES, budget=1, quotas={"a": 3}, **call)


def test_nothing_is_drawn_from_nothing():
    for design in ALL_DESIGNS:
        assert len(draw([], 0, design=design)) == 0
    assert len(draw([], 0, balance=np.zeros((0, 2)))) == 0
    assert len(draw([], 0, order=[])) == 0


def test_columns_must_not_be_sparse():
    with pytest.raises(TypeError, match=r"pass balance.toarray\(\)"):
        draw(SCORES, 4, balance=sparse.csr_array(np.eye(10)))
