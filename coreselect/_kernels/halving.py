"""Kernels that split pairs of rows into two halves with nearly equal kernel means.

Rows 2 t and 2 t + 1 are a pair: one of them has the sign +1, the other -1. Then
``field[i]`` is the sum of sign times kernel value over all rows with a sign. The halves
have equal means if it vanishes. ``K[i]`` are the kernel values of row ``start + i``
with all rows.
"""

import numpy as np

from coreselect._kernels._jit import jit

_LESS = 1e-9  # an exchange must lower the square by this share of the rows' lengths


@jit
def sign_pairs(K, start, uniforms, spread, signs, field):
    """Give the pairs of some rows their signs, one after another; return the spread.

    A self-balancing walk: the row that is better represented so far gets -1 with the
    larger probability. `spread` is the variance parameter of [1]_, zero at first.

    References
    ----------
    .. [1] R. Dwivedi, L. Mackey, "Generalized kernel thinning", ICLR 2022,
       :arxiv:`2110.01593`, Algorithm 1a.
    """
    # A failure probability of one half gives the factor 2 log(2 n / (1 / 2)).
    n = len(field)
    factor = 2.0 * np.log(4.0 * n)
    for i in range(0, len(K), 2):
        a, b = start + i, start + i + 1
        square = max(K[i, a] - 2.0 * K[i, b] + K[i + 1, b], 0.0)
        reach = max(np.sqrt(spread * square * factor), square)
        if spread == 0.0:
            spread = square
        elif reach > 0.0:
            more = 1.0 + (square / reach - 2.0) * spread / reach
            spread += square * max(0.0, more)
        if reach == 0.0:
            reach = 1.0
        chance = (1.0 - (field[b] - field[a]) / reach) / 2.0
        sign = -1.0 if uniforms[a // 2] < chance else 1.0
        signs[a], signs[b] = sign, -sign
        for j in range(n):
            field[j] += sign * (K[i, j] - K[i + 1, j])
    return spread


@jit
def flip_pairs(K, start, signs, field):
    """Exchange the signs of pairs where that makes the means more equal; count them."""
    count = 0
    for i in range(0, len(K), 2):
        a, b = start + i, start + i + 1
        square = K[i, a] - 2.0 * K[i, b] + K[i + 1, b]
        change = square - signs[a] * (field[a] - field[b])
        if change < -_LESS * (K[i, a] + K[i + 1, b]):
            count += 1
            twice = 2.0 * signs[a]
            signs[a], signs[b] = -signs[a], -signs[b]
            for j in range(len(field)):
                field[j] -= twice * (K[i, j] - K[i + 1, j])
    return count


def warmup():
    """Compile the kernels of this file that other rooms call."""
    K, signs, field = np.eye(2), np.zeros(2), np.zeros(2)
    sign_pairs(K, 0, np.full(1, 0.5), 0.0, signs, field)
    flip_pairs(K, 0, signs, field)
