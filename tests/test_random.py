"""Seeds and streams: the same numbers from the same seed, however data are cut."""

import random

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect._random import DRAW, LEARN, STRATA, draw_seed, stream, words_by_row

SEED = 2**100 + 12345


# --- draw_seed ---


def test_an_int_and_the_generator_of_that_int_give_the_same_seed():
    for number in (0, 7, 2**40):
        assert draw_seed(number) == draw_seed(np.random.default_rng(number))


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint32])
def test_ints_of_numpy_are_ints(kind):
    assert draw_seed(kind(7)) == draw_seed(7)


def test_a_seed_has_128_bits():
    """Each bit is set in some of 200 seeds and not in others (but for 2**-199)."""
    makers = (np.random.RandomState, np.random.default_rng, int)
    for make in makers:
        seeds = [draw_seed(make(number)) for number in range(200)]
        assert all(type(seed) is int and 0 <= seed < 2**128 for seed in seeds)
        assert len(set(seeds)) == 200
        for bit in (0, 31, 32, 63, 64, 95, 96, 127):
            assert 0 < sum(seed >> bit & 1 for seed in seeds) < 200


def test_none_gives_another_seed_each_time():
    assert draw_seed(None) != draw_seed(None)
    assert 0 <= draw_seed(None) < 2**128


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_generators_are_advanced_and_repeatable(make):
    first, second = make(3), make(3)
    seeds = [draw_seed(first), draw_seed(first)]
    assert seeds[0] != seeds[1]
    assert seeds == [draw_seed(second), draw_seed(second)]


def test_the_global_states_are_left_alone():
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    (
        draw_seed(None),
        draw_seed(5),
        stream(SEED, DRAW).random(),
        words_by_row(SEED, (1,), 0, 9, 1),
    )
    assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]


@pytest.mark.parametrize("value", [-1, np.int64(-5)])
def test_a_negative_seed(value):
    with pytest.raises(
        ValueError, match=f"random_state must not be negative, got {value}"
    ):
        draw_seed(value)


@pytest.mark.parametrize(
    "value", [1.5, 7.0, "7", True, np.True_, [1, 2], random.Random(0)]
)
def test_what_is_no_random_state(value):
    with pytest.raises(TypeError, match="random_state must be None, an int, a numpy"):
        draw_seed(value)


# --- streams ---


def test_equal_streams_give_equal_numbers():
    assert_array_equal(stream(SEED, 1, 2).random(50), stream(SEED, 1, 2).random(50))


def test_streams_are_those_of_seed_sequences():
    """The contract of the design: any other program can repeat them."""
    expected = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(DRAW,)))
    assert_array_equal(stream(SEED, DRAW).random(50), expected.random(50))


def test_streams_and_seeds_differ():
    keys = [(LEARN,), (DRAW,), (STRATA,), (0, 0), (0, 1), (1, 0), ()]
    numbers = {stream(seed, *key).random() for seed in (SEED, SEED + 1) for key in keys}
    assert len(numbers) == 2 * len(keys)


def test_named_streams_are_distinct():
    assert len({LEARN, DRAW, STRATA}) == 3


# --- words_by_row ---


@pytest.mark.parametrize("n_words", [1, 2, 3, 4, 5, 7])
def test_a_row_gets_the_same_words_wherever_blocks_begin(n_words):
    whole = words_by_row(SEED, (3,), 0, 40, n_words)
    assert whole.shape == (40, n_words)
    assert whole.dtype == np.uint64
    for size in (1, 3, 4, 7, 40):
        parts = [
            words_by_row(SEED, (3,), start, min(size, 40 - start), n_words)
            for start in range(0, 40, size)
        ]
        assert_array_equal(np.concatenate(parts), whole)


def test_rows_far_out_are_reached_directly():
    start = 10**15 + 3
    words = words_by_row(SEED, (3,), start, 5, 3)
    assert_array_equal(words[2:], words_by_row(SEED, (3,), start + 2, 3, 3))


def test_words_do_not_repeat_between_rows_streams_and_seeds():
    blocks = [
        words_by_row(seed, (key,), 0, 300, 2) for seed in (1, 2) for key in (0, 1)
    ]
    assert len(np.unique(blocks)) == 4 * 600


def test_words_of_no_rows():
    assert words_by_row(SEED, (3,), 5, 0, 2).shape == (0, 2)


def test_each_bit_of_a_word_is_set_half_the_time():
    """64 bits, R = 4000 words: |z| < 4.5 for each; a biased bit of 0.55 has z = 6."""
    words = words_by_row(SEED, (3,), 0, 2000, 2).ravel()
    ones = np.array(
        [np.count_nonzero(words >> np.uint64(bit) & np.uint64(1)) for bit in range(64)]
    )
    z = (ones - 2000) / np.sqrt(4000 / 4)
    assert np.abs(z).max() < 4.5
