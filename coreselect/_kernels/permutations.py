"""A keyed permutation of ``range(n)``: any part of it, or its inverse, in O(1) memory.

The numbers below ``high * low >= n`` are pairs, and each half-step of a Feistel network
adds to one half a pseudo-random function of the other. Where a number leaves
``range(n)``, the steps go on until it is back ("cycle walking"), which keeps the map a
bijection. J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002.
"""

import numpy as np

from coreselect._kernels._jit import jit

# Multipliers of a 64-bit mixing function: odd, with bits of no pattern.
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)


@jit
def _function(half, key, size):
    """Return a number in ``range(size)`` that looks random, but is fixed by the key."""
    mixed = (half ^ key) * _FIRST
    mixed = (mixed ^ (mixed >> _HALF)) * _SECOND
    return ((mixed >> _HALF) * size) >> _HALF


@jit
def permute(positions, n, low, high, keys):
    """Return the numbers at some positions of a keyed permutation of ``range(n)``.

    Parameters
    ----------
    positions : ndarray of int64
        Each in ``range(n)``.
    n : int
    low, high : int
        Sizes of the two halves of a number, below 2**32; ``high * low >= n``.
    keys : ndarray of uint64 of shape (2 * n_steps,)

    Returns
    -------
    ndarray of int64
    """
    n_low, n_high, end = np.uint64(low), np.uint64(high), np.uint64(n)
    out = np.empty(positions.shape[0], dtype=np.int64)
    for i in range(positions.shape[0]):
        number = np.uint64(positions[i])
        while True:
            upper = number // n_low
            lower = number - upper * n_low
            for step in range(0, keys.shape[0], 2):
                upper += _function(lower, keys[step], n_high)
                if upper >= n_high:
                    upper -= n_high
                lower += _function(upper, keys[step + 1], n_low)
                if lower >= n_low:
                    lower -= n_low
            number = upper * n_low + lower
            if number < end:
                break
        out[i] = np.int64(number)
    return out


@jit
def locate_permuted(numbers, n, low, high, keys):
    """Return the positions of some numbers: the inverse of `permute`."""
    n_low, n_high, end = np.uint64(low), np.uint64(high), np.uint64(n)
    out = np.empty(numbers.shape[0], dtype=np.int64)
    for i in range(numbers.shape[0]):
        number = np.uint64(numbers[i])
        while True:
            upper = number // n_low
            lower = number - upper * n_low
            for step in range(keys.shape[0] - 2, -1, -2):
                lower += n_low - _function(upper, keys[step + 1], n_low)
                if lower >= n_low:
                    lower -= n_low
                upper += n_high - _function(lower, keys[step], n_high)
                if upper >= n_high:
                    upper -= n_high
            number = upper * n_low + lower
            if number < end:
                break
        out[i] = np.int64(number)
    return out
