"""Randomness: one 128-bit seed per fit, select or draw, and numbered streams from it.

One 128-bit integer is drawn from the user's ``random_state``. Every later random number
is a function of that integer, a stream number and a position. So the same seed gives
the same rows, whatever holds them and however they are cut into blocks.
"""

from __future__ import annotations

import numbers
import secrets

import numpy as np

from coreselect._typing import Array, Seed
from coreselect._validation import is_number

# Stream numbers. A method that needs further streams spawns them from LEARN.
LEARN = 0
DRAW = 1
STRATA = 2
FEATURES = 3
LANDING = 4
NODES = 5


def draw_seed(random_state: Seed) -> int:
    """Draw one 128-bit seed from None, an int, a `RandomState` or a `Generator`.

    An int and ``numpy.random.default_rng`` of that int give the same seed.
    """
    if random_state is None:
        return secrets.randbits(128)
    if isinstance(random_state, np.random.RandomState):
        words = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
        return sum(int(word) << (32 * k) for k, word in enumerate(words))
    if is_number(random_state, numbers.Integral):
        if random_state < 0:
            raise ValueError(
                f"random_state must not be negative, got {random_state}; use an int "
                "of at least 0, None, a RandomState or a Generator."
            )
        random_state = np.random.default_rng(int(random_state))
    if isinstance(random_state, np.random.Generator):
        low, high = random_state.integers(0, 2**64, size=2, dtype=np.uint64)
        return int(low) + (int(high) << 64)
    raise TypeError(
        f"random_state must be None, an int, a numpy RandomState or a numpy "
        f"Generator, got {random_state!r}."
    )


def stream(seed: int, *key: int) -> np.random.Generator:
    """Return a new generator of stream `key` of `seed`."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def words_by_row(
    seed: int, key: tuple[int, ...], start: int, n_rows: int, n_words: int
) -> Array:
    """Return `n_words` words of 64 random bits for each row from `start` on.

    Row i always gets the same words, wherever a block of rows begins.

    Returns
    -------
    ndarray of uint64 of shape (n_rows, n_words)
    """
    # A counter-based generator jumps to any position at once, so a block needs none of
    # the numbers of the blocks before.
    bits = np.random.Philox(np.random.SeedSequence(seed, spawn_key=key))
    first = start * n_words  # Philox makes four words per step of its counter
    bits.advance(first // 4)
    words = bits.random_raw(first % 4 + n_rows * n_words)
    return words[first % 4 :].reshape(n_rows, n_words)
