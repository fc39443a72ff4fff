"""The samplers: what they give, the protocol without torch, state, shards."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect import RS2, Selection, UniformSelector
from coreselect.samplers import (
    RS2Sampler,
    ShardedSampler,
    SubsetSampler,
    WeightedSampler,
    _protocol,
)

Z = 4.5
MAKERS = {
    "rs2": lambda: RS2Sampler(50, 0.2, random_state=0),
    "rs2 with replacement": lambda: RS2Sampler(
        50, 10, replacement=True, random_state=0
    ),
    "subset": lambda: SubsetSampler(np.arange(3, 13), random_state=0),
    "weighted": lambda: WeightedSampler(np.arange(50.0), 10, random_state=0),
    "weighted without replacement": lambda: WeightedSampler(
        np.arange(50.0), 10, replacement=False, random_state=0
    ),
    "shard": lambda: ShardedSampler(RS2Sampler(50, 30, random_state=0), 1, 3),
}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


# --- The protocol ---------------------------------------------------------------------


def test_length_and_python_ints(make):
    rows = list(make())
    assert len(rows) == len(make()) == 10
    assert {type(row) for row in rows} == {int}


def test_passes_count_up_and_set_epoch_goes_anywhere(make):
    counting, jumping = make(), make()
    for epoch in range(4):
        jumping.set_epoch(epoch)
        rows = list(counting)
        assert counting.epoch == epoch
        assert rows == list(jumping) == make().rows(epoch).tolist()
    jumping.set_epoch(2)
    assert list(jumping) == make().rows(2).tolist()
    assert make().rows(0).tolist() != make().rows(1).tolist()


def test_iterators_that_are_never_used_count_for_nothing(make):
    """Loaders with workers make an iterator twice at the start of an epoch."""
    sampler = make()
    iter(sampler)
    iter(sampler)
    assert list(sampler) == make().rows(0).tolist()


def test_a_pass_that_breaks_off_is_followed_by_the_next_epoch(make):
    sampler = make()
    for _ in sampler:
        break
    assert list(sampler) == make().rows(1).tolist()


@pytest.mark.parametrize("taken", [0, 1, 7, 10])
def test_state_goes_on_in_the_middle_of_an_epoch(make, taken):
    sampler = make()
    sampler.set_epoch(3)
    iterator = iter(sampler)
    first = [next(iterator) for _ in range(taken)]
    state = json.loads(json.dumps(sampler.state_dict()))
    other = make()
    other.load_state_dict(state)
    wanted = make().rows(3).tolist()
    if taken < 10:
        assert first + list(other) == wanted
    assert list(other) == make().rows(4).tolist()


def test_set_epoch_keeps_the_position_of_a_state(make):
    """Training loops call it at the start of every epoch, the resumed one too."""
    state = make().state_dict() | {"epoch": 3, "position": 4}
    sampler = make()
    sampler.load_state_dict(state)
    sampler.set_epoch(3)
    assert list(sampler) == make().rows(3)[4:].tolist()
    sampler.set_epoch(3)
    assert list(sampler) == make().rows(3).tolist()
    sampler.load_state_dict(state)
    sampler.set_epoch(4)
    assert list(sampler) == make().rows(4).tolist()


def test_the_state_holds_the_seed():
    sampler = RS2Sampler(50, 10)
    sampler.set_epoch(2)
    other = RS2Sampler(50, 10)
    other.load_state_dict(sampler.state_dict())
    assert list(other) == list(sampler)


def test_rows_become_ints_in_chunks(monkeypatch):
    monkeypatch.setattr(_protocol, "_CHUNK", 3)
    sampler = RS2Sampler(20, 10, random_state=0)
    iterator = iter(sampler)
    first = [next(iterator) for _ in range(5)]
    other = RS2Sampler(20, 10)
    other.load_state_dict(sampler.state_dict())
    assert first + list(other) == sampler.rows(0).tolist()


def test_no_torch_is_imported():
    code = "import coreselect.samplers, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False"


# --- Each of them ---------------------------------------------------------------------


@pytest.mark.parametrize("replacement", [False, True])
def test_rs2_sampler_gives_the_rounds_of_the_selector(replacement):
    sampler = RS2Sampler(60, 0.15, replacement=replacement, random_state=5)
    selector = RS2(0.15, replacement=replacement, random_state=5).fit(np.zeros((60, 1)))
    for t in range(10):
        assert_array_equal(sampler.rows(t), selector.round(t))


def test_ten_epochs_of_a_tenth_are_every_row_once():
    sampler = RS2Sampler(1000, 0.1, random_state=0)
    rows = [row for _ in range(10) for row in sampler]
    assert sorted(rows) == list(range(1000))


@pytest.mark.parametrize(("n", "size"), [(10**15, 10**4), (2**62, 1000)])
def test_epochs_of_huge_data_sets(n, size):
    """``n * size`` has more than 63 bits."""
    sampler = RS2Sampler(n, size, random_state=0)
    for epoch in (0, 1, n // size):
        rows = sampler.rows(epoch)
        assert len(np.unique(rows)) == size
        assert 0 <= rows.min() <= rows.max() < n


def test_subset_sampler_shuffles_what_was_selected():
    selection = UniformSelector(20, random_state=0).fit_select(np.zeros((100, 1)))
    sampler = SubsetSampler(selection, random_state=0)
    for _ in range(3):
        rows = list(sampler)
        assert rows != selection.indices.tolist()
        assert sorted(rows) == selection.indices.tolist()
    plain = SubsetSampler([5, 2, 9], shuffle=False)
    assert list(plain) == list(plain) == [5, 2, 9]


def test_subset_sampler_does_not_touch_the_selection():
    rows = np.array([4, 2, 0])
    list(SubsetSampler(rows, random_state=0))
    assert_array_equal(rows, [4, 2, 0])
    sampler = SubsetSampler(rows, shuffle=False)
    sampler.rows(0)[:] = 0
    assert list(sampler) == [4, 2, 0]


def weighted_z(sampler, wanted, epochs):
    counts = np.zeros(len(wanted))
    for epoch in range(epochs):
        counts += np.bincount(sampler.rows(epoch), minlength=len(wanted))
    n = epochs * len(sampler)
    p = wanted / wanted.sum()
    inside = p > 0
    assert not counts[~inside].any()
    return np.abs((counts - n * p)[inside] / np.sqrt(n * p * (1 - p))[inside]).max()


def test_weighted_sampler_draws_in_proportion():
    """20,000 draws; uniform ones are found out."""
    weights = np.array([1.0, 2.0, 0.0, 5.0, 12.0])
    sampler = WeightedSampler(weights, 100, random_state=0)
    assert weighted_z(sampler, weights, 200) < Z
    uniform = WeightedSampler(weights > 0, 100, random_state=0)
    assert weighted_z(uniform, weights, 200) > Z


def test_weighted_draws_come_in_random_order():
    sampler = WeightedSampler(np.ones(1000), 500, random_state=0)
    rows = sampler.rows(0)
    assert (np.diff(rows) < 0).mean() > 0.4


def test_weighted_sampler_without_replacement_draws_one_by_one():
    """The first draw is in proportion: 20,000 epochs against the weights."""
    weights = np.array([1.0, 2.0, 0.0, 5.0, 12.0])
    sampler = WeightedSampler(weights, 3, replacement=False, random_state=0)
    first = np.zeros(5)
    for epoch in range(20_000):
        rows = sampler.rows(epoch)
        assert len(set(rows.tolist())) == 3
        first[rows[0]] += 1
    p = weights[weights > 0] / weights.sum()
    z = (first[weights > 0] - 20_000 * p) / np.sqrt(20_000 * p * (1 - p))
    assert np.abs(z).max() < Z


@pytest.mark.slow
def test_weighted_sampler_has_no_limit_of_rows():
    """torch.multinomial stops at 2**24 categories."""
    n = 2**24 + 1
    weights = np.zeros(n)
    weights[[0, n - 1]] = 1.0
    assert set(WeightedSampler(weights, 100, random_state=0)) == {0, n - 1}


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_only_ratios_of_weights_matter(factor):
    weights = np.arange(10.0)
    plain = WeightedSampler(weights, 50, random_state=0)
    scaled = WeightedSampler(weights * factor, 50, random_state=0)
    assert list(plain) == list(scaled)


def test_weights_whose_quotients_underflow_are_drawn_without_replacement():
    for weights in ([1e-320, 1e300], [0.0, 1e-320, 1e300]):
        sampler = WeightedSampler(weights, 2, replacement=False, random_state=0)
        assert list(sampler) == [len(weights) - 1, len(weights) - 2]


# --- Shards ---------------------------------------------------------------------------


@pytest.mark.parametrize("world_size", [1, 2, 3, 7])
def test_shards_make_up_the_epoch(world_size):
    whole = RS2Sampler(100, 30, random_state=0)
    shards = [
        ShardedSampler(RS2Sampler(100, 30, random_state=0), rank, world_size)
        for rank in range(world_size)
    ]
    for _ in range(4):
        rows = [list(shard) for shard in shards]
        assert [len(r) for r in rows] == [len(shard) for shard in shards]
        assert max(map(len, rows)) - min(map(len, rows)) <= 1
        assert sorted(np.concatenate(rows).tolist()) == sorted(whole)


def test_a_shard_starts_at_the_epoch_of_its_sampler():
    inner = RS2Sampler(100, 30, random_state=0)
    inner.set_epoch(5)
    shard = ShardedSampler(inner, 1, 2)
    assert list(shard) == inner.rows(5)[1::2].tolist()
    assert shard.epoch == 5


def test_shards_of_shards_make_up_the_epoch():
    """As of the workers of a process of several."""
    rows = [
        row
        for rank in range(2)
        for worker in range(3)
        for row in ShardedSampler(
            ShardedSampler(RS2Sampler(100, 30, random_state=0), rank, 2), worker, 3
        )
    ]
    assert sorted(rows) == sorted(RS2Sampler(100, 30, random_state=0))


def test_the_state_of_the_longest_shard_suits_all():
    def shard(rank):
        return ShardedSampler(RS2Sampler(50, 7, random_state=0), rank, 2)

    longest = shard(0)
    assert len(list(longest)) == 4
    for rank in (0, 1):
        other = shard(rank)
        other.load_state_dict(longest.state_dict())
        assert list(other) == shard(rank).rows(1).tolist()
    state = longest.state_dict() | {"position": 5}
    with pytest.raises(ValueError, match="5 rows into an epoch of 4"):
        shard(1).load_state_dict(state)


def test_shards_of_a_fixed_order_need_no_seed():
    shards = [
        ShardedSampler(SubsetSampler([5, 2, 9], shuffle=False), rank, 2)
        for rank in (0, 1)
    ]
    assert [list(shard) for shard in shards] == [[5, 9], [2]]


# --- Bad input ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.0, -0.5, 1.5, -1, True, "ten"])
def test_sizes_that_are_none(size):
    with pytest.raises((TypeError, ValueError), match="n_select"):
        RS2Sampler(10, size)


@pytest.mark.parametrize(("n", "size"), [(10, 0), (10, 0.01), (0, 0.5)])
def test_epochs_without_a_row(n, size):
    with pytest.raises(ValueError, match="leaves none for an epoch"):
        RS2Sampler(n, size)


def test_more_rows_than_can_be_numbered():
    with pytest.raises(ValueError, match=r"n must be at most 2\*\*62, got"):
        RS2Sampler(2**62 + 1, 10)


def test_negative_epochs(make):
    with pytest.raises(ValueError, match="epoch must not be negative, got -1"):
        make().set_epoch(-1)


@pytest.mark.parametrize("rank", [2, 5])
def test_a_rank_outside_the_world(rank):
    with pytest.raises(
        ValueError, match=f"rank must be below world_size=2, got {rank}"
    ):
        ShardedSampler(RS2Sampler(10, 5, random_state=0), rank, 2)


def test_negative_ranks_and_empty_worlds():
    inner = RS2Sampler(10, 5, random_state=0)
    with pytest.raises(ValueError, match="rank must not be negative, got -1"):
        ShardedSampler(inner, -1, 2)
    with pytest.raises(ValueError, match="rank must be below world_size=0"):
        ShardedSampler(inner, 0, 0)


def test_shards_need_one_seed():
    with pytest.raises(ValueError, match="random_state=None, so its epochs differ"):
        ShardedSampler(RS2Sampler(10, 5), 0, 2)
    assert len(ShardedSampler(RS2Sampler(10, 5), 0, 1)) == 5


def test_shards_of_something_else():
    with pytest.raises(TypeError, match=r"sampler must be an RS2Sampler.*got \[1, 2\]"):
        ShardedSampler([1, 2], 0, 2)


def test_a_mask_is_no_selection():
    """Elsewhere it is silently read as the rows 0 and 1."""
    with pytest.raises(TypeError, match=r"boolean mask; use numpy\.flatnonzero"):
        SubsetSampler(np.array([True, False, True]))


@pytest.mark.parametrize("rows", [[0.5, 1.5], [[1, 2]], ["a"]])
def test_what_is_no_selection(rows):
    with pytest.raises(TypeError, match="selection must be a Selection or a 1-dim"):
        SubsetSampler(rows)


def test_negative_rows():
    with pytest.raises(ValueError, match="row numbers of at least 0, got -2"):
        SubsetSampler([1, -2])


def test_an_empty_selection_gives_nothing():
    assert list(SubsetSampler(Selection([], [], 5))) == []
    assert list(WeightedSampler([1.0], 0)) == []


def test_weights_that_are_none():
    with pytest.raises(ValueError, match="weights must not be negative, got -1"):
        WeightedSampler([1.0, -1.0], 2)
    with pytest.raises(ValueError, match="weights contains NaN"):
        WeightedSampler([1.0, np.nan], 2)
    with pytest.raises(ValueError, match="weights are all zero"):
        WeightedSampler([0.0, 0.0], 2)
    with pytest.raises(ValueError, match="2 positive values, fewer than n_draws=3"):
        WeightedSampler([1.0, 0.0, 1.0], 3, replacement=False)


def test_states_that_do_not_fit():
    sampler = RS2Sampler(10, 5, random_state=0)
    with pytest.raises(ValueError, match="state has no position, seed"):
        sampler.load_state_dict({"epoch": 1})
    with pytest.raises(ValueError, match="7 rows into an epoch of 5"):
        sampler.load_state_dict({"epoch": 1, "position": 7, "seed": 3})


def test_flags_that_are_none():
    with pytest.raises(TypeError, match="replacement must be True or False"):
        RS2Sampler(10, 5, replacement="no")
    with pytest.raises(TypeError, match="shuffle must be True or False"):
        SubsetSampler([1], shuffle=1)
