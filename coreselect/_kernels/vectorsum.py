"""Kernels of vector summation."""

import numpy as np

from coreselect._kernels._jit import SUMS, jit

_RUN = 64  # rows added up before they join the sum of their group
_NOISE = 2e-14  # relative; what is smaller is rounding
_SAME = 1e-12  # relative; weights nearer than this become zero at once
_TIE = 1e-9  # relative; pivots nearer than this are as good, and the first one is taken


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
def exchange(A, weights):
    """Move weight between rows until those with weight are independent.

    The sum of weighted rows stays the same. Independent rows are found first, one for
    each column: the *basis*. Every other row is a combination of these. Its weight
    either goes to them, or as much weight moves as makes one of them zero; this one
    leaves, and the row takes its place. Weight may move either way: the larger pivot
    decides.

    Parameters
    ----------
    A : ndarray of float64 of shape (k, r)
        Overwritten.
    weights : ndarray of float64 of shape (k,)
        Not negative.

    Returns
    -------
    owner : ndarray of int64 of shape (r,)
        Rows that end with weight; -1 where a column depends on those before it.
    shares : ndarray of float64 of shape (r,)
        Their weights.
    """
    k, r = A.shape
    owner, done = _basis(A, weights)
    shares = np.zeros(r)
    for j in range(r):
        if owner[j] >= 0:
            shares[j] = weights[owner[j]]
    for i in range(k):
        if done[i]:
            continue
        done[i] = True
        z = A[i]
        down, down_step, up, up_step = _leaving(z, shares)
        if down < 0 or down_step >= weights[i] * (1.0 - _SAME):
            for j in range(r):
                shares[j] = max(0.0, shares[j] + weights[i] * z[j])
            continue
        leaves, step = down, down_step
        if up >= 0 and z[up] > -z[down] * (1.0 + _TIE):
            leaves, step = up, -up_step
        for j in range(r):
            shares[j] = max(0.0, shares[j] + step * z[j])
        shares[leaves] = weights[i] - step
        owner[leaves] = i
        _replace(A, done, i, leaves)
    return owner, shares


@jit(fastmath=SUMS)
def _basis(A, weights):
    """Choose a row for each column by partial pivoting; write the others in these."""
    k, r = A.shape
    owner = np.full(r, -1)
    done = np.zeros(k, dtype=np.bool_)
    size = np.zeros(r)
    for i in range(k):
        for j in range(r):
            size[j] += weights[i] * abs(A[i, j])
    size *= _NOISE / weights.sum()
    for j in range(r):
        largest = 0.0
        for i in range(k):
            if not done[i]:
                largest = max(largest, abs(A[i, j]))
        if largest <= size[j]:
            A[:, j] = 0.0
            continue
        pivot = 0
        while done[pivot] or abs(A[pivot, j]) < largest * (1.0 - _TIE):
            pivot += 1
        owner[j] = pivot
        done[pivot] = True
        _replace(A, done, pivot, j)
    return owner, done


@jit(fastmath=SUMS)
def _leaving(z, shares):
    """Return what becomes zero first, and when, if weight moves either way."""
    least = 0.0
    for j in range(len(z)):
        least = max(least, abs(z[j]))
    least *= _NOISE
    down, down_step, up, up_step = -1, np.inf, -1, np.inf
    for j in range(len(z)):
        if z[j] < -least and -shares[j] / z[j] < down_step * (1.0 - _SAME):
            down, down_step = j, -shares[j] / z[j]
        elif z[j] > least and shares[j] / z[j] < up_step * (1.0 - _SAME):
            up, up_step = j, shares[j] / z[j]
    return down, down_step, up, up_step


@jit(fastmath=SUMS)
def _replace(A, done, i, j):
    """Write rows that are not done in row i instead of what column j stands for."""
    k, r = A.shape
    z = A[i]
    for m in range(k):
        if done[m] or A[m, j] == 0.0:
            continue
        share = A[m, j] / z[j]
        row = A[m]
        for n in range(r):
            row[n] -= share * z[n]
        row[j] = share
