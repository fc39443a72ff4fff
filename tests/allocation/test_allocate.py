"""The best sizes under known curves: closed forms, enumeration, bounds, bad input."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from coreselect.allocation import LearningCurves, allocate, neyman

CLOSED = [
    # curves, cost, relaxed, relaxed value
    ([[1, 1], [4, 1]], None, (10, 20), 0.3),
    ([[1, 1], [4, 1]], (1, 4), (6, 6), 5 / 6),
    ([[1, 0.5], [8, 0.5]], None, (6, 24), 1 / 6**0.5 + 8 / 24**0.5),
    ([[1, 1], [1, 0.5]], None, (12.23657781, 17.76342219), 0.3189888357),
]


@pytest.mark.parametrize(
    ("curves", "cost", "sizes", "value"), CLOSED, ids=["p=1", "costs", "p=1/2", "mixed"]
)
def test_sums_of_losses_have_closed_forms(curves, cost, sizes, value):
    found = allocate(30, curves, cost=cost)
    assert_allclose(found.relaxed, sizes, rtol=1e-8)
    assert_allclose(found.relaxed_value, value, rtol=1e-8)
    assert_allclose(np.ptp(found.marginal), 0, atol=1e-10)


def test_mixed_powers_in_whole_numbers():
    found = allocate(30, [[1, 1], [1, 0.5]])
    assert_array_equal(found.sizes, [12, 18])
    assert_allclose(found.value, 0.3190355937, rtol=1e-9)
    assert_allclose(found.predicted, [1 / 12, 1 / 18**0.5])


def test_the_worst_group_has_closed_forms():
    """Equal losses: sizes 6 and 24. With floors 0 and .1, a quadratic equation."""
    found = allocate(30, [[1, 1], [4, 1]], objective="worst")
    assert_allclose(found.relaxed, [6, 24], rtol=1e-8)
    assert_allclose(found.value, 1 / 6, rtol=1e-8)
    found = allocate(30, [[1, 1, 0], [1, 1, 0.1]], objective="worst")
    assert_allclose(found.relaxed, [6.97224362, 23.02775638], rtol=1e-8)
    assert_allclose(found.relaxed_value, 0.143425854, rtol=1e-8)


def test_a_floor_traps_the_worst_group_and_is_reported():
    """The second group takes three quarters for little; its excess is what rows cut."""
    curves = [[1, 1, 0], [1, 1, 0.1]]
    (note,) = allocate(30, curves, objective="worst").notes
    assert "Group 1 takes 77 % of the money" in note
    assert "cannot fall below 0.1" in note
    regret = allocate(30, curves, objective="regret")
    assert_allclose(regret.relaxed, [15, 15])
    assert_allclose(regret.value, 1 / 15)


def test_unequal_costs_in_whole_numbers():
    found = allocate(20, [[1, 1], [4, 1]], cost=[2, 3])
    assert_array_equal(found.sizes, [4, 4])
    assert_allclose((found.value, found.cost), (1.25, 20))
    found = allocate(20, [[1, 1], [4, 1]], cost=[2, 3], objective="worst")
    assert_array_equal(found.sizes, [2, 5])
    assert_allclose((found.value, found.cost), (0.8, 19))


def test_neyman():
    """In proportion to weight times deviation; .294 beside .447 in proportion."""
    weight, deviation = np.array([0.5, 0.3, 0.2]), np.array([2.0, 4.0, 10.0])
    found = neyman(weight, deviation, 60)
    assert_allclose(found.relaxed, [100 / 7, 120 / 7, 200 / 7], rtol=1e-12)
    assert_allclose(found.relaxed_value, 0.294, rtol=1e-12)
    assert_allclose(found.equal_value, 0.322, rtol=1e-12)
    assert_array_equal(neyman(weight, deviation, 10).sizes, [2, 3, 5])
    assert_array_equal(neyman(weight, deviation, 11).sizes, [3, 3, 5])
    cost = np.array([1.0, 4.0, 9.0])
    found = neyman(weight, deviation, 60, cost=cost)
    wanted = weight * deviation / np.sqrt(cost)
    assert_allclose(found.relaxed, wanted * 60 / (cost @ wanted), rtol=1e-12)


def test_a_number_goes_from_the_mean_to_the_worst_group():
    """First-order conditions of Atkinson's utility, and both ends."""
    curves = np.array([[1.0, 1.0, 0.1], [4.0, 0.8, 0.0]])
    sizes = [allocate(30, curves, objective=a).relaxed for a in (1e-9, 1, 3, 3e3)]
    assert_allclose(sizes[0], allocate(30, curves).relaxed, rtol=1e-7)
    worst = allocate(30, curves, objective="worst").relaxed
    assert_allclose(sizes[3], worst, rtol=3e-3)
    assert (np.diff([n[1] for n in sizes]) > 0).all()
    sigma, power, floor = curves.T
    for aversion, n in ((1, sizes[1]), (3, sizes[2])):
        gain = 1 - floor - sigma * n**-power
        slope = gain**-aversion * sigma * power * n ** (-power - 1)
        assert_allclose(slope[0], slope[1], rtol=1e-9)
        assert_allclose(n.sum(), 30, rtol=1e-12)


def test_the_value_of_a_number_is_the_loss_that_all_might_have_alike():
    even = allocate(20, [[1, 1], [1, 1]], objective=2.0)
    assert_allclose(even.value, 0.1)
    found = allocate(30, [[1, 1], [4, 1]], objective=1.0)
    assert_allclose(1 - found.value, np.sqrt(np.prod(1 - found.predicted)))
    assert found.value > found.predicted.mean()


def test_bounds_hold_and_the_rest_is_shared_as_without_those_groups():
    curves = [[1, 1], [4, 1], [9, 1], [16, 1]]
    found = allocate(100, curves, lower=[40, 0, 0, 0], upper=[60, np.inf, np.inf, 20])
    assert_allclose(found.relaxed, [40, 16, 24, 20])
    assert found.marginal[0] < found.marginal[1] < found.marginal[3]
    assert_allclose(found.marginal[1], found.marginal[2])
    found = allocate(1e6, curves, upper=7)
    assert_array_equal(found.sizes, [7] * 4)


def curves_of(columns):
    """Make what `learning_curves` returns of one dict of columns."""
    n_groups = len(columns["sigma"])
    filled = {name: np.zeros((0, n_groups)) for name in ("sizes", "losses", "errors")}
    defaults = {
        "groups": list("abcdef"[:n_groups]),
        "power": np.ones(n_groups),
        "floor": np.zeros(n_groups),
        "pooled": np.zeros(n_groups),
        "pooled_power": np.ones(n_groups),
        "interval": np.zeros((n_groups, 3, 2)),
    }
    arrays = {k: v if k == "groups" else np.array(v) for k, v in columns.items()}
    return LearningCurves(**filled | defaults | arrays)


def test_what_all_rows_lower_does_not_matter_if_they_cost_the_same():
    alone = curves_of({"sigma": [1.0, 4.0]})
    shared = curves_of({"sigma": [1.0, 4.0], "pooled": [5.0, 2.0]})
    found = allocate(30, shared)
    assert_allclose(found.relaxed, allocate(30, alone).relaxed)
    assert_allclose(found.value, 0.3 + 7 / 30)
    assert found.groups == ["a", "b"]


def test_cheap_rows_are_bought_for_the_sake_of_all():
    """v s n**-2 + m = value * cost, with m = 6 / N**2 what a row is worth to all."""
    curves = curves_of({"sigma": [1.0, 4.0], "pooled": [4.0, 2.0]})
    found = allocate(100, curves, cost={"a": 1, "b": 3})
    n = found.relaxed
    assert_allclose(n @ [1, 3], 100, rtol=1e-12)
    worth = np.array([1, 4]) / n**2 + 6 / n.sum() ** 2
    assert_allclose(worth[0], worth[1] / 3, rtol=1e-9)
    assert_allclose(found.marginal, worth[0], rtol=1e-9)
    without = allocate(100, curves_of({"sigma": [1.0, 4.0]}), cost=[1, 3])
    assert n[0] > without.relaxed[0]


def test_one_shared_model_has_nothing_to_gain():
    curves = curves_of({"sigma": [0.0, 0.0], "pooled": [3.0, 3.0], "floor": [0.1, 0.2]})
    for objective in ("mean", "worst"):
        found = allocate(30, curves, objective=objective)
        assert_array_equal(found.sizes, [15, 15])
        assert found.gain == 0
        assert found.notes[0].startswith("No gain")
    assert "No gain" in str(found)
    assert allocate(30, [[1, 1], [4, 1]]).notes == ()
    # Rows of the cheaper group do for both what the others do.
    cheap = allocate(30, curves, cost=[1, 3])
    assert_array_equal(cheap.sizes, [30, 0])


@pytest.mark.parametrize("objective", ["mean", "worst", "regret", 0.7, 2.0])
def test_rows_that_do_the_same_in_all_groups_are_spread_evenly(objective):
    """Whatever the levels and weights; a level must not follow the worst group."""
    columns = {"sigma": [0.0] * 3, "pooled": [3.0, 5.0, 4.0], "floor": [0.1, 0.2, 0.3]}
    options = {"objective": objective, "weight": [0.5, 0.2, 0.3]}
    for pooled in (columns["pooled"], [0.0] * 3):
        curves = curves_of(columns | {"pooled": pooled})
        found = allocate(60, curves, **options)
        assert_array_equal(found.sizes, [20, 20, 20])
        assert_allclose(found.gain, 0, atol=1e-12)
        found = allocate(60, curves, lower=[0, 30, 0], **options)
        assert_array_equal(found.sizes, [15, 30, 15])
        found = allocate(60, curves, upper=[5, 50, 50], **options)
        assert_array_equal(found.sizes, [5, 28, 27])
    # Without any effect of rows, costs do not matter.
    found = allocate(60, curves, cost=[1, 3, 2], **options)
    assert_array_equal(found.sizes, [10, 10, 10])


@pytest.mark.parametrize("objective", ["mean", "worst", "regret", 0.7])
def test_what_full_groups_leave_goes_to_groups_whose_own_rows_do_nothing(objective):
    curves = [[0, 1], [1, 1], [0, 1]]
    for options, sizes in (
        ({"upper": [99, 40, 99]}, [20, 40, 20]),
        ({"upper": [99, 40, 99], "lower": [30, 0, 0]}, [30, 40, 10]),
        ({"upper": [99, 40, 99], "weight": [1, 1, 0]}, [40, 40, 0]),
        ({"upper": [10, 40, 99], "weight": [1, 1, 0]}, [10, 40, 30]),
    ):
        found = allocate(80, curves, objective=objective, **options)
        assert_array_equal(found.sizes, sizes)
        assert_allclose(found.relaxed, sizes, atol=1e-6)


def test_lower_bounds_may_cost_the_whole_budget():
    """Three times .1 is more than .3 by a last bit."""
    found = allocate(0.3, [[1, 1], [4, 1], [2, 1]], cost=0.1, lower=1)
    assert_array_equal(found.sizes, [1, 1, 1])


@given(st.integers(0, 10**6), st.sampled_from(["mean", "worst", "regret", 0.7, 2.0]))
def test_whole_numbers_are_the_best_ones(seed, objective):
    """Equal to enumeration, whatever bounds, weights and curves; costs are equal."""
    rng = np.random.default_rng(seed)
    n_groups, budget = rng.integers(2, 4), int(rng.integers(6, 13))
    curves = np.column_stack(
        [
            rng.uniform(0.1, 9, n_groups),
            rng.uniform(0.3, 1.8, n_groups),
            rng.choice([0, 0.3], n_groups),
        ]
    )
    if isinstance(objective, float):
        curves[:, 0] *= 0.05
    weight = rng.uniform(0.2, 2, n_groups)
    low, high = rng.integers(0, 3, n_groups), rng.choice([np.inf, 4], n_groups)
    bounds = {"lower": low, "upper": high}
    found = allocate(budget, curves, weight=weight, objective=objective, **bounds)

    def value(sizes):
        sigma, power, floor = curves.T
        loss = floor + sigma * np.array(sizes, dtype=float) ** -power
        if objective == "worst":
            return loss.max()
        if objective == "regret":
            return (loss - floor).max()
        if objective == "mean":
            return weight @ loss
        shares = weight / weight.sum()
        return 1 - (shares @ (1 - loss) ** (1 - objective)) ** (1 / (1 - objective))

    ranges = [
        range(max(1, a), int(min(b, budget)) + 1)
        for a, b in zip(low, high, strict=True)
    ]
    best = min(value(n) for n in product(*ranges) if sum(n) <= budget)
    assert_allclose(found.value, best, rtol=1e-9)
    assert_allclose(found.value, value(found.sizes), rtol=1e-9)
    assert (found.sizes >= low).all()
    assert (found.sizes <= high).all()


@pytest.mark.parametrize("objective", ["mean", "worst", "regret"])
def test_whole_numbers_under_unequal_costs(objective):
    """The best ones for a level; for sums within 1 % on average in small problems."""
    rng, gaps = np.random.default_rng(0), []
    for _ in range(40):
        sigma, power = rng.uniform(0.1, 9, 3), rng.uniform(0.3, 1.8, 3)
        floor, cost = rng.choice([0, 0.3], 3), rng.integers(1, 6, 3)
        curves = np.column_stack([sigma, power, floor])
        found = allocate(25, curves, cost=cost, objective=objective)
        assert found.cost <= 25
        counts = (np.arange(1, 25 // c + 1) for c in cost)
        sizes = np.array([n for n in product(*counts) if n @ cost <= 25], dtype=float)
        own = sigma * sizes**-power
        values = {
            "mean": (floor + own).sum(axis=1),
            "worst": (floor + own).max(axis=1),
            "regret": own.max(axis=1),
        }
        gaps.append(found.value / values[objective].min() - 1)
    assert np.min(gaps) > -1e-12
    assert np.mean(gaps) < (0.01 if objective == "mean" else 1e-12)


@pytest.mark.parametrize("objective", ["mean", "worst", "regret"])
@pytest.mark.parametrize("exponent", [-300, -40, 40, 300])
def test_the_unit_of_losses_changes_no_size(objective, exponent):
    curves = np.array([[1.0, 1.0, 0.1], [4.0, 0.8, 0.0], [2.0, 0.6, 0.3]])
    scaled = curves * [2.0**exponent, 1, 2.0**exponent]
    cost = [1, 2, 3]
    wanted = allocate(200, curves, cost=cost, objective=objective)
    found = allocate(200, scaled, cost=cost, objective=objective)
    assert_array_equal(found.sizes, wanted.sizes)
    assert_allclose(found.relaxed, wanted.relaxed, rtol=1e-9)
    assert_allclose(found.value, wanted.value * 2.0**exponent)


def test_many_groups_and_rows():
    """The first-order conditions hold to rounding, far from unit scales."""
    rng = np.random.default_rng(0)
    sigma, power = rng.lognormal(0, 3, 300), rng.uniform(0.2, 2, 300)
    found = allocate(1e9, np.column_stack([sigma, power]), cost=rng.uniform(1, 9, 300))
    assert_allclose(found.marginal, found.marginal.mean(), rtol=1e-9)
    assert_allclose(found.cost, 1e9, rtol=1e-8)
    assert abs(found.sizes - found.relaxed).max() <= 10
    curves = np.column_stack([sigma, power])
    worst = allocate(1e6, curves, cost=rng.uniform(1, 9, 300), objective="worst")
    assert worst.value < 1.01 * worst.relaxed_value


def test_groups_without_weight_get_their_least():
    found = allocate(30, [[1, 1], [4, 1], [9, 1]], weight=[1, 1, 0], lower=[0, 0, 3])
    assert_allclose(found.relaxed, [9, 18, 3])
    found = allocate(30, [[1, 1], [9, 1]], weight=[1, 0], objective="worst")
    assert_array_equal(found.sizes, [30, 0])
    assert np.isinf(found.predicted[1])
    assert_allclose(found.value, 1 / 30)


def test_equal_groups_get_equal_sizes_and_the_first_the_row_that_is_left():
    assert_array_equal(allocate(11, [[2, 0.7]] * 3).sizes, [4, 4, 3])
    assert_array_equal(allocate(11, [[0, 1]] * 3).sizes, [4, 4, 3])


def test_dicts_name_groups():
    curves = curves_of({"sigma": [1.0, 4.0]})
    found = allocate(40, curves, lower={"a": 25}, weight={"b": 2})
    assert_array_equal(found.sizes, [25, 15])
    assert allocate(40, curves, upper={"b": 3}).sizes[1] == 3


PLAIN = [[1, 1], [4, 1]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"budget": 0}, "budget"),
        ({"budget": 5, "lower": [2, 4]}, "group 1 cost most, 4"),
        ({"budget": 5, "lower": [1, 1], "cost": [2, 4]}, "which cost 6"),
        ({"budget": 1}, "budget=1 does not pay for the least rows"),
        ({"cost": [1, 0]}, "cost must be above 0, got 0 for group 1"),
        ({"cost": [1, -2]}, "cost must be above 0, got -2 for group 1"),
        ({"cost": [1, 2, 3]}, "cost has 3 values for 2 groups"),
        ({"cost": {"north": 2}}, "cost names the group 'north'"),
        ({"weight": [0, 0]}, "weight is 0 for every group"),
        ({"weight": [1, -1]}, "weight must not be negative"),
        ({"lower": [5, 1], "upper": 4}, "lower is above upper, got 5 for group 0"),
        ({"upper": [9, 0]}, "upper leaves no row to take, got 0 for group 1"),
        ({"objective": "median"}, "objective must be one of 'mean', 'worst', 'regret'"),
        ({"objective": -1.0}, "objective"),
        ({"curves": [[1, 1, 2], [4, 1, 0]], "objective": 1.0}, "needs losses below 1"),
        ({"curves": [[1, 1], [4, 0]]}, "power must be above 0, got 0 for group 1"),
        ({"curves": [[1, 1], [-4, 1]]}, "sigma must not be negative"),
        ({"curves": [[1, 1, 0], [4, 1, -1]]}, "floor must not be negative"),
        ({"curves": [[1, 1], [np.nan, 1]]}, "curves, column sigma contains NaN"),
        ({"curves": [1, 2]}, "curves must have one row per group"),
        ({"curves": np.empty((0, 2))}, "curves must have one row per group"),
    ],
)
def test_bad_input_is_named(arguments, words):
    arguments = {"budget": 30, "curves": PLAIN} | arguments
    with pytest.raises(ValueError, match=words):
        allocate(arguments.pop("budget"), arguments.pop("curves"), **arguments)


def test_losses_that_rows_of_all_groups_keep_above_one_are_named():
    """Atkinson's gain is not defined; where own rows do nothing, it is said too."""
    columns = {"sigma": [0.0, 0.0], "pooled": [3.0, 50.0]}
    assert_array_equal(allocate(60, curves_of(columns), objective=2.0).sizes, [30, 30])
    for more in ({}, {"sigma": [1.0, 0.0]}):
        with pytest.raises(ValueError, match=r"needs losses below 1.* group number 1 "):
            allocate(30, curves_of(columns | more), objective=2.0)
    found = allocate(30, curves_of(columns), objective=2.0, weight=[1, 0])
    assert_array_equal(found.sizes, [30, 0])


def test_neyman_names_its_own_arguments():
    with pytest.raises(ValueError, match="size=1 does not pay"):
        neyman([0.5, 0.5], [1, 2], 1)
    with pytest.raises(ValueError, match="deviation must not be negative"):
        neyman([0.5, 0.5], [1, -2], 10)
    with pytest.raises(ValueError, match="weight is empty"):
        neyman([], [], 10)
