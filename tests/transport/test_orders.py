"""The strategies against slow twins, enumeration and each other."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from coreselect.rows import open as open_rows
from coreselect.transport import orders, ot_distance
from coreselect.transport.neighbours import Targets
from coreselect.transport.orders import STRATEGIES, Matching
from tests._kernels import reference_transport as reference


def embed(block):
    return np.asarray(block.X, dtype=np.float64)


def problem(n=60, m=12, d=3, seed=0):
    rng = np.random.default_rng(seed)
    X, T = rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 0.5
    share = rng.dirichlet(np.full(m, 3.0))
    return Matching(open_rows(X), embed, Targets(T, share)), X, T, share


@pytest.mark.parametrize("name", STRATEGIES)
def test_orders_hold_every_row_once_and_smaller_ones_begin_larger_ones(name):
    setting = problem()[0]
    whole = STRATEGIES[name](setting, 60)
    assert_array_equal(np.sort(whole), np.arange(60))
    for size in range(1, 60, 7):
        rows = STRATEGIES[name](problem()[0], size)
        assert len(rows) >= size
        assert_array_equal(rows[:size], whole[:size])


def test_rounds_are_those_of_the_paper():
    setting, X, T, share = problem()
    wanted = reference.rounds(cdist(T, X), share, 60)
    assert_array_equal(orders.rounds(setting, 60), wanted)


def test_whole_rounds_are_unions_of_the_nearest():
    setting, X, T, _ = problem()
    order = orders.rounds(setting, 60)
    near = np.argsort(cdist(T, X), axis=1)
    for k in range(1, 6):
        union = set(near[:, :k].ravel())
        assert set(order[: len(union)]) == union


def test_targets_in_turn_get_their_nearest_row_left():
    setting, X, T, share = problem()
    near = np.argsort(cdist(T, X), axis=1)[np.argsort(-share, kind="stable")]
    got = orders.round_robin(setting, 60)
    assert_array_equal(got, reference.take_turns(near, 60, 60))


def test_longer_lists_change_nothing(monkeypatch):
    """Lists too short for the size are made longer, in further passes."""
    wanted = {name: STRATEGIES[name](problem()[0], 50)[:50] for name in STRATEGIES}
    monkeypatch.setattr(orders, "_LIST_START", 0)
    for name in ("rounds", "round_robin"):
        assert_array_equal(STRATEGIES[name](problem()[0], 50)[:50], wanted[name])


def test_rows_beyond_the_longest_lists_come_by_distance(monkeypatch):
    monkeypatch.setattr(orders, "LIST_ENTRIES", 12 * 4)
    setting, X, T, _ = problem()
    least = cdist(X, T).min(axis=1)
    for name in ("rounds", "round_robin"):
        order = STRATEGIES[name](setting, 60)
        assert_array_equal(np.sort(order), np.arange(60))
        listed = np.unique(np.argsort(cdist(T, X), axis=1)[:, :4])
        rest = order[len(listed) :]
        assert len(rest) > 20
        assert (np.diff(least[rest]) >= -1e-9).all()


def test_facility_saves_what_greedy_promises():
    """At least 1 - 1/e of the best saving, over all sets of three (enumerated)."""
    for seed in range(5):
        setting, X, T, share = problem(25, seed=seed)
        cost = cdist(X, T)

        def saving(rows, cost=cost, share=share):
            return share @ (cost.max(axis=0) - cost[list(rows)].min(axis=0))

        best = max(saving(rows) for rows in combinations(range(25), 3))
        got = saving(orders.facility_greedy(setting, 3))
        assert (1 - 1 / np.e) * best <= got <= best + 1e-12


def test_ot_is_greedy_on_the_exact_distance():
    """The bound leaves out no row that would have been better."""
    setting, X, T, share = problem(40)
    rows = list(orders.ot_greedy(setting, 8))
    for k in range(8):
        values = [
            np.inf if i in rows[:k] else ot_distance(X[[*rows[:k], i]], T, None, share)
            for i in range(40)
        ]
        assert_allclose(values[rows[k]], min(values), rtol=0.01)
    assert int(np.argmin(cdist(X, T) @ share)) == rows[0]


def test_mean_score_is_the_order_of_mean_squared_distances():
    setting, X, T, share = problem()
    wanted = np.argsort(cdist(X, T, "sqeuclidean") @ share)
    assert_array_equal(orders.mean_score(setting, 60), wanted)


def test_candidates_where_distances_do_not_fit(monkeypatch):
    """A quarter of the memory is for rows of the compromise, the rest for near ones."""
    setting = problem(400)[0]
    wanted = orders.facility_greedy(setting, 10)
    monkeypatch.setattr(orders, "_COST_ENTRIES", 12 * 100)
    setting, X, T, _ = problem(400)
    candidates, cost = setting.costs(10)
    assert 75 <= len(candidates) <= 125
    assert_allclose(cost, cdist(X[candidates], T))
    got = orders.facility_greedy(setting, 10)
    assert np.isin(got, wanted).mean() >= 0.8


def test_a_part_shares_what_was_computed():
    setting, X, T, share = problem()
    members = np.array([1, 4, 7])
    part = setting.part(members)
    alone = Matching(
        open_rows(X), embed, Targets(T[members], share[members] / share[members].sum())
    )
    for name, strategy in STRATEGIES.items():
        assert_array_equal(strategy(part, 20)[:20], strategy(alone, 20)[:20], name)


@pytest.mark.parametrize("name", STRATEGIES)
def test_equal_rows_come_in_their_order(name):
    X, T = np.ones((9, 2)), np.zeros((4, 2))
    T[:, 0] = range(4)
    setting = Matching(open_rows(X), embed, Targets(T, np.full(4, 0.25)))
    assert_array_equal(STRATEGIES[name](setting, 9), np.arange(9))
