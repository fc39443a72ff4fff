"""Kernel thinning: random rows whose mean is near that of all, without bias.

Rows are halved again and again. A halving splits pairs of rows, one to each half, such
that the two halves have nearly the same mean in the feature space of the kernel. Which
half is kept is decided by a coin. So each row is kept with probability one half,
whatever the pairs and the split are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._kernels.halving import flip_pairs, sign_pairs
from coreselect._numbers import power_of_two
from coreselect._quotas import pivotal, random_rounding
from coreselect._typing import Floats, Integers
from coreselect.neighbors import KernelRows, refuse_width
from coreselect.sampling import visiting_order

_PIVOTS = 16  # rows whose kernel values tell which rows are near each other
_LEAST = 64  # rows in a block at least
_STRIPE = 128  # rows whose kernel values with a block are computed at a time
_HELD = 2**21  # kernel values of a block that are kept: 16 MB
_ROUNDS = 4  # passes of exchanges over the pairs of a block


def order_of(
    kernel: KernelRows, gamma: float | None, rng: np.random.Generator
) -> Integers:
    """Return the numbers of the rows in an order in which neighbours are alike.

    It is that of the leaves of a k-d tree of the kernel values with some random rows.

    Raises
    ------
    ValueError
        If all these values of different rows are 0, or all are 1.
    """
    n = kernel.n_rows
    values = kernel.columns(rng.choice(n, min(n, _PIVOTS), replace=False))
    if not (callable(kernel.kernel) or ((values > 0) & (values < 1)).any()):
        refuse_width(kernel.whole(), not values.all(), gamma)
    # Values that differ by rounding alone are equal: such rows stay in row order.
    largest = np.abs(values).max() or 1.0
    return visiting_order(np.round(values / largest, 9))


def thin(
    kernel: KernelRows,
    order: Integers,
    chances: Floats,
    size: int,
    width: int,
    rng: np.random.Generator,
) -> Integers:
    """Draw rows with given inclusion probabilities by repeated halving.

    Parameters
    ----------
    kernel : KernelRows
    order : ndarray of int64 of shape (n_rows,)
        Rows are paired in this order.
    chances : ndarray of shape (n_rows,)
        Inclusion probabilities. They add up to `size`.
    size : int
    width : int
        Number of rows that are balanced together.
    rng : Generator

    Returns
    -------
    ndarray of int64 of shape (size,)

    Notes
    -----
    Before r halvings, a row of probability p has ``2**r p`` copies, a number that is
    rounded at random without bias. Two copies of one row are a pair of their own, of
    which one is kept. So a row has at most one copy in the end.

    O(n width) kernel values.
    """
    # At least one copy of a typical row, and twice that: rounding then adds less noise.
    n_rounds = (-(-len(chances) // size) - 1).bit_length() + 1

    def choose(fractions, n):
        return order[pivotal(fractions[order], rng.random(len(order)))]

    copies = random_rounding(np.ldexp(chances, n_rounds), size << n_rounds, choose)
    for _ in range(n_rounds):
        odd = order[copies[order] % 2 == 1]
        copies //= 2
        # Blocks of the same size, but for a pair.
        if len(odd):
            n_blocks = -(-len(odd) // max(width, _LEAST))
            for pairs in np.array_split(odd.reshape(-1, 2), n_blocks):
                copies[halve(kernel, pairs.ravel(), rng)] += 1
    return np.flatnonzero(copies)


def halve(kernel: KernelRows, rows: Integers, rng: np.random.Generator) -> Integers:
    """Split an even number of rows into two halves; return one of them, by a coin.

    Notes
    -----
    A self-balancing walk splits the pairs. Then the two rows of a pair are exchanged
    wherever that brings the means of the halves nearer to each other. So these are
    never farther apart than after the walk, whose guarantee still holds.
    """
    signs = _split(kernel, kernel.gather(rows), rng.random(len(rows) // 2))
    return rows[signs == (1.0 if rng.random() < 0.5 else -1.0)]


def _split(kernel: KernelRows, X: Any, uniforms: Floats) -> Floats:
    """Return the sign of each row: the halves are those of one sign."""
    n = X.shape[0]
    signs, field, spread = np.zeros(n), np.zeros(n), 0.0
    starts, held, unit = range(0, n, _STRIPE), {}, 1.0
    if callable(kernel.kernel):  # so that no square of its values is 0 or infinite
        few = X[:_LEAST]
        unit = power_of_two(np.abs(kernel.between(few, few)).max() or 1.0)

    def values(start):
        if start not in held:
            K = kernel.between(X[start : start + _STRIPE], X) * unit
            if n * n > _HELD:
                return K
            held[start] = K
        return held[start]

    for start in starts:
        spread = sign_pairs(values(start), start, uniforms, spread, signs, field)
    for _ in range(_ROUNDS):
        if not sum(flip_pairs(values(start), start, signs, field) for start in starts):
            break
    return signs
