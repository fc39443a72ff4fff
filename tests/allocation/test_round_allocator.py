"""Rounds of collecting against the oracle, and their bookkeeping."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from coreselect.allocation import RoundAllocator

COST = {"north": 1.0, "south": 2.0, "west": 4.0}
SHARE = {"north": 0.8, "south": 0.15, "west": 0.05}
VARIANCE = np.array([1.0, 4.0, 16.0])
D, BUDGET = 10, 3000


def excess(sizes):
    """Expected excess of least squares in each group, d = 10."""
    return VARIANCE * D / (sizes - D - 1)


def collect(objective, n_rounds, rng, noise=0.1):
    """Return the sizes after some rounds with noisy losses."""
    rounds = RoundAllocator(BUDGET, cost=COST, weight=SHARE, objective=objective)
    sizes = np.zeros(3)
    for _ in range(n_rounds):
        sizes += list(rounds.ask(BUDGET / n_rounds).values())
        losses = excess(sizes) * (1 + noise * rng.normal(size=3))
        rounds.tell(dict(zip(COST, losses, strict=True)))
    assert sizes.tolist() == list(rounds.sizes.values())
    return sizes


def oracle(slope):
    """Return the sizes with the excess in proportion to `slope` times the rows."""
    cost = np.array(list(COST.values()))
    return D + 1 + slope * (BUDGET - (D + 1) * cost.sum()) / (cost @ slope)


def test_adaptive_rounds_come_near_the_oracle():
    """Weighted excess within 5 %; by share it would be twice as large."""
    cost, share = np.array(list(COST.values())), np.array(list(SHARE.values()))
    best = share @ excess(oracle(np.sqrt(share * VARIANCE / cost)))
    assert_allclose(best, 0.0488, atol=1e-4)
    reached = [
        share @ excess(collect("mean", 6, np.random.default_rng(seed)))
        for seed in range(20)
    ]
    assert np.mean(reached) < 1.05 * best
    by_share = share @ excess(BUDGET * share / (cost @ share))
    assert by_share > 1.5 * np.mean(reached)


def test_adaptive_rounds_come_near_the_best_worst_group():
    best = excess(oracle(VARIANCE)).max()
    assert_allclose(best, 0.2497, atol=1e-4)
    reached = [
        excess(collect("worst", 10, np.random.default_rng(seed))).max()
        for seed in range(20)
    ]
    assert np.mean(reached) < 1.07 * best
    assert excess(np.full(3, BUDGET / 7)).max() > 1.4 * np.mean(reached)


def test_rounds_ask_for_new_rows_and_spend_what_they_may():
    rounds = RoundAllocator(100, cost={"a": 1, "b": 3})
    first = rounds.ask(40)
    assert first == {"a": 10, "b": 10}
    rounds.tell({"a": 0.2, "b": 0.2})
    second = rounds.ask(60)
    assert rounds.spent <= 100 < rounds.spent + 1
    assert rounds.sizes == {g: first[g] + second[g] for g in "ab"}
    assert rounds.allocation.groups == ["a", "b"]
    with pytest.raises(ValueError, match="more than the 0 that are left"):
        rounds.ask(1)


def test_rows_are_never_taken_back():
    """A group that turns out to be easy keeps what it has, and gets no more."""
    rounds = RoundAllocator(300, cost={"easy": 1, "hard": 1})
    rounds.ask(200)
    rounds.tell({"easy": 1e-6, "hard": 5.0})
    assert rounds.ask(100) == {"easy": 0, "hard": 100}


def test_the_first_round_collects_the_least_rows():
    rounds = RoundAllocator(300, lower={"a": 5, "b": 50})
    assert rounds.ask(60) == {"a": 10, "b": 50}
    rounds = RoundAllocator(300, cost={"a": 2, "b": 1}, lower=20)
    with pytest.raises(ValueError, match=r"spend=50 does not pay for .* group 'a'"):
        rounds.ask(50)


def test_losses_may_name_the_groups():
    rounds = RoundAllocator(10)
    with pytest.raises(ValueError, match="no group is known yet"):
        rounds.ask(5)
    rounds.tell({1: 0.5, 2: 0.25})
    assert rounds.ask(5) == {1: 3, 2: 2}
    assert sum(rounds.ask(5).values()) == 5


def test_a_group_may_be_left_out_of_a_round():
    rounds = RoundAllocator(100, cost={"a": 1, "b": 1})
    rounds.ask(20)
    rounds.tell({"a": 0.1})
    assert rounds.ask(20) == {"a": 10, "b": 10}  # nothing is known of b
    rounds.tell({"b": 0.9})
    asked = rounds.ask(60)
    assert asked["b"] > asked["a"]


def test_the_unit_of_losses_changes_no_size():
    asked = []
    for unit in (1.0, 2.0**-60, 2.0**60):
        rounds = RoundAllocator(300, cost={"a": 1, "b": 2})
        sizes = [rounds.ask(100)]
        for losses in ({"a": 0.3, "b": 0.9}, {"a": 0.2, "b": 0.5}):
            rounds.tell({group: unit * loss for group, loss in losses.items()})
            sizes.append(rounds.ask(100))
        asked.append(sizes)
    assert asked[0] == asked[1] == asked[2]


def test_losses_of_zero_are_no_error():
    rounds = RoundAllocator(40, cost={"a": 1, "b": 1})
    rounds.ask(20)
    rounds.tell({"a": 0.0, "b": 0.0})
    assert rounds.ask(20) == {"a": 10, "b": 10}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"budget": -1}, "budget"),
        ({"cost": {"a": 0, "b": 1}}, "cost must be above 0, got 0 for group 'a'"),
        ({"cost": 0}, "cost must be above 0"),
        ({"lower": -1}, "lower must not be negative"),
        ({"weight": {"a": -1}}, "weight must not be negative"),
        ({"objective": "best"}, "objective must be one of"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        RoundAllocator(**{"budget": 10} | arguments)


@pytest.mark.parametrize(
    ("losses", "error", "words"),
    [
        ({"c": 0.1}, ValueError, "losses names the group 'c', but the groups are 'a'"),
        ({"a": -0.1}, ValueError, "losses must not be negative"),
        ({"a": np.nan}, ValueError, "losses contains NaN"),
        ([0.1, 0.2], TypeError, "losses must be a dict"),
        ({}, TypeError, "losses must be a dict"),
    ],
)
def test_bad_losses_are_named(losses, error, words):
    rounds = RoundAllocator(10, cost={"a": 1, "b": 1})
    with pytest.raises(error, match=words):
        rounds.tell(losses)
