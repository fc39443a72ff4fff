"""A keyed permutation of ``range(n)``: any part of it, or its inverse, in O(1) memory.

A number below ``high * low >= n`` is split into an upper and a lower half. Each
half-step of a Feistel network adds to one half, modulo its size, a pseudo-random
function of the other; the inverse subtracts it in reverse order. If the result is not
in ``range(n)``, all steps are repeated until it is ("cycle walking"), which keeps the
map a bijection. J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA
2002.
"""

import numpy as np

from coreselect._kernels._jit import jit

# Multipliers of a 64-bit mixing function: odd numbers whose bits show no pattern.
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)


@jit
def _function(half, key, size):
    """Return a pseudo-random number in ``range(size)``, a function of half and key."""
    mixed = (half ^ key) * _FIRST
    mixed = (mixed ^ (mixed >> _HALF)) * _SECOND
    # The upper 32 bits, as a fraction of 2**32, times `size`: no division is needed.
    return ((mixed >> _HALF) * size) >> _HALF


@jit
def permute(positions, n, low, high, keys):
    """Return the numbers at some positions of a keyed permutation of ``range(n)``.

    `low` and `high` are the sizes of the two halves of a number, below 2**32, with
    ``high * low >= n``. `keys` holds two uint64 keys per step.
    """
    # Both parts of a sum are below the size of the half, so one subtraction replaces
    # the remainder. The walk ends: it follows a cycle of the permutation of the larger
    # range, and the number that it started from, which is below n, lies on that cycle.
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
    # Numbers are unsigned: the size is added before the function is subtracted, since a
    # negative difference would wrap around.
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


def warmup():
    """Compile the kernels of this file that other rooms call."""
    numbers, keys = np.arange(4), np.zeros(2, dtype=np.uint64)
    with np.errstate(over="ignore"):  # without the compiler, NumPy warns of wrapping
        permute(numbers, 4, 2, 2, keys)
        locate_permuted(numbers, 4, 2, 2, keys)
