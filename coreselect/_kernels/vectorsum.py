"""Kernels of vector summation."""

import numpy as np

from coreselect._kernels._jit import SUMS, jit

_RUN = 64  # rows added up before they join the sum of their group
_NOISE = 1e-13  # coefficients below this share of the largest are rounding


@jit(fastmath=SUMS)
def group_sums(V, weight, size, lead):
    """Add up weighted vectors of consecutive rows, group by group.

    Parameters
    ----------
    V : ndarray of shape (n, q)
    weight : ndarray of float64 of shape (n,)
    size : int
        Rows of a group; the last one may have fewer.
    lead : int
        Rows that the first group lacks, less than `size`.

    Returns
    -------
    totals : ndarray of shape (g,)
        Sums of weights.
    sums : ndarray of shape (g, q)
        Sums of weighted vectors.
    magnitude : ndarray of shape (q,)
        Sum of weighted absolute values, over all rows.
    """
    n, q = V.shape
    n_groups = (n + lead + size - 1) // size
    totals = np.zeros(n_groups)
    sums = np.zeros((n_groups, q))
    magnitude = np.zeros(q)
    run = np.zeros(q)
    run_size = np.zeros(q)
    start = 0
    while start < n:
        group = (start + lead) // size
        stop = min(n, start + _RUN, (group + 1) * size - lead)
        run[:] = 0.0
        run_size[:] = 0.0
        total = 0.0
        for i in range(start, stop):
            w = weight[i]
            total += w
            for j in range(q):
                value = w * V[i, j]
                run[j] += value
                run_size[j] += abs(value)
        totals[group] += total
        for j in range(q):
            sums[group, j] += run[j]
            magnitude[j] += run_size[j]
        start = stop
    return totals, sums, magnitude


@jit(fastmath=SUMS)
def exchange(T, basic, free):
    """Move the weights of free rows to as many rows as the basis has.

    Free row i is the combination ``T[i]`` of the basic ones. Its weight either goes to
    them, or as much weight moves as makes one of them zero; this one leaves, and the
    free row takes its place. Weight may move either way: the larger pivot decides.

    Parameters
    ----------
    T : ndarray of float64 of shape (m, r)
        Overwritten.
    basic : ndarray of float64 of shape (r,)
        Weights of the basic rows, not negative.
    free : ndarray of float64 of shape (m,)
        Weights of the free rows, not negative.

    Returns
    -------
    owner : ndarray of int64 of shape (r,)
        ``j < r`` for basic row j, ``r + i`` for free row i.
    weights : ndarray of float64 of shape (r,)
    """
    m, r = T.shape
    u = basic.copy()
    owner = np.arange(r)
    for i in range(m):
        z = T[i]
        largest = 0.0
        for j in range(r):
            largest = max(largest, abs(z[j]))
        least = _NOISE * largest
        down, down_step, up, up_step = -1, np.inf, -1, np.inf
        for j in range(r):
            if z[j] < -least and -u[j] / z[j] < down_step:
                down, down_step = j, -u[j] / z[j]
            elif z[j] > least and u[j] / z[j] < up_step:
                up, up_step = j, u[j] / z[j]
        if down < 0 or down_step >= free[i]:
            for j in range(r):
                u[j] = max(0.0, u[j] + free[i] * z[j])
            continue
        leaves, step = down, down_step
        if up >= 0 and z[up] > -z[down]:
            leaves, step = up, -up_step
        for j in range(r):
            u[j] = max(0.0, u[j] + step * z[j])
        u[leaves] = free[i] - step
        owner[leaves] = r + i
        pivot = z[leaves]
        for k in range(i + 1, m):
            share = T[k, leaves] / pivot
            if share != 0.0:
                row = T[k]
                for j in range(r):
                    row[j] -= share * z[j]
                row[leaves] = share
    return owner, u
