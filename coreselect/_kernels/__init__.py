"""Numba kernels: pure functions on arrays, without randomness or input checks.

Every kernel has a slow NumPy twin in the files ``tests/reference*.py``.
"""

import numpy as np


def warmup():
    """Compile the kernels now, so that the first call does not have to wait.

    This is useful in services. Compiled code is cached on disk if a cache directory is
    writable, so that compiling takes about a second once and next to no time later.

    Examples
    --------
    >>> import coreselect
    >>> coreselect.warmup()
    """
    from coreselect._kernels import (
        clusters,
        dpp,
        draws,
        greedy,
        nearest,
        nominal,
        norms,
        permutations,
        screening,
        synthesis,
        vectorsum,
    )

    # Numba compiles for the types of the arguments. So every kernel is called on the
    # smallest arrays of the types that it is called with later: float32 bounds,
    # read-only steps, unsigned codes.
    half = np.full(4, 0.5)
    draws.split_large(half, 0.5, 4)
    draws.pivot(half, 1.0, half, 0, -1, 0.0)
    draws.pivot_groups(half, 1.0, half, np.array([0, 2, 4]))
    draws.locate(half, 1.0, half)
    norms.row_sq_norms(half.reshape(2, 2))
    numbers, keys = np.arange(4), np.zeros(2, dtype=np.uint64)
    with np.errstate(over="ignore"):  # without the compiler, NumPy warns of wrapping
        permutations.permute(numbers, 4, 2, 2, keys)
        permutations.locate_permuted(numbers, 4, 2, 2, keys)
    pair = half.reshape(2, 2)
    matrix = nearest.Points(pair, None, None)
    lists = nearest.Lists(np.full((2, 1), np.inf), np.full((2, 1), 9), np.full(2, -1))
    nearest.push(pair.astype(np.float32), matrix, matrix, lists, 0, 0.0)
    nearest.cap(pair.astype(np.float32), matrix, lists, 0)
    nearest.push_both(pair.astype(np.float32), matrix, lists, 0, 0)
    with np.errstate(over="ignore"):
        nearest.row_hashes(pair)
    greedy.take_turns(np.zeros((1, 1), dtype=np.int64), 1, 1)
    greedy.facility(pair, half[:2], 1)
    dpp.accept(np.eye(2), np.arange(2), np.zeros(2), np.full(2, -1), np.empty((2, 2)))
    dpp.binomial_choice(half, dpp.binomial_table(half, 2), half)
    dpp.binomial_marginals(half, 2)
    first, step, gaps = np.zeros(1, dtype=np.int64), half[:1].copy(), np.empty(0)
    for array in (first, step, gaps):  # recipes hold read-only arrays: another type
        array.flags.writeable = False
    synthesis.interpolate(pair, first, first, step, gaps, np.empty((1, 2)))
    codes, lists = np.zeros((1, 2), dtype=np.uint32), np.zeros((2, 1), dtype=np.int64)
    nominal.mixed_neighbors(pair, codes, 1.0, 0, np.full((2, 1), np.inf), lists)
    bounds = np.array([0, 1])
    nominal.vdm_neighbors(codes, bounds, pair[:1], 0, np.full((2, 1), np.inf), lists)
    nominal.most_frequent(np.arange(2), lists)
    dpp.take_out(half, np.ones((4, 2)), np.zeros((1, 2)))

    rows, first = half.reshape(2, 2), np.zeros(2, dtype=np.int64)
    found = clusters.sq_distances(rows, rows)
    clusters.sq_distances_to_parts(rows, half[:4], 2, 2)
    clusters.nearest_of(found)
    single = np.zeros((2, 2), dtype=np.float32)
    screening.sure_nearest(rows, half[:2], 1.0, single, single[0], 0.0)
    clusters.costs_with(found, half[:2], half[:2])
    clusters.own_sq_distances(rows, rows, first)
    children, numbers = np.array([[1, 3], [0, 0], [0, 0]]), np.array([-1, 0, 1])
    clusters.search_tree(rows, np.zeros(6), children, numbers, 1)
    vectorsum.group_sums(pair, half[:2], 1, 0)
    vectorsum.exchange(np.eye(2), half[:2])
