"""Kernels of vector summation.

Pivots decide which rows stay, so that all sums keep their order (no fast arithmetic):
else the last bits turn on the processor, and on whether a process compiles these
functions or loads them, for either may link another version of one that they share.
"""

import numpy as np

from coreselect._kernels._jit import jit

_RUN = 64  # rows added up before they join the sum of their group
_NOISE = 2e-14  # relative; what is smaller is rounding
_PANEL = 16  # columns whose pivots are found before the others change
_SAME = 1e-12  # relative; weights nearer than this become zero at once
_TIE = 1e-9  # relative; pivots nearer than this are as good, and the first one is taken


@jit
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


@jit
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
    entered, left = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.int64)
    count = 0
    for i in range(k):
        if done[i]:
            continue
        z = A[i]
        for m in range(count):  # rows that entered since the first basis
            out = left[m]
            if z[out] != 0.0:
                share = z[out] / A[entered[m], out]
                _subtract(z, share, A[entered[m]])
                z[out] = share
        down, down_step, up, up_step = _leaving(z, shares)
        if down < 0 or down_step >= weights[i] * (1.0 - _SAME):
            for j in range(r):
                shares[j] = max(0.0, shares[j] + weights[i] * z[j])
            continue
        out, step = down, down_step
        if up >= 0 and z[up] > -z[down] * (1.0 + _TIE):
            out, step = up, -up_step
        for j in range(r):
            shares[j] = max(0.0, shares[j] + step * z[j])
        shares[out] = weights[i] - step
        owner[out] = i
        entered[count], left[count] = i, out
        count += 1
    return owner, shares


@jit
def _basis(A, weights):
    """Choose a row for each column by partial pivoting; write the others in these.

    A column of which others leave less than rounding gets none, and becomes zero.
    Columns go by in panels: other columns change once for all pivots of a panel.
    """
    k, r = A.shape
    owner = np.full(r, -1)
    done = np.zeros(k, dtype=np.bool_)
    least = np.zeros(r)
    for i in range(k):
        for j in range(r):
            least[j] += weights[i] * abs(A[i, j])
    least *= _NOISE / weights.sum()
    pivots = np.empty(_PANEL, dtype=np.int64)
    ratios = np.zeros((k, _PANEL))
    for start in range(0, r, _PANEL):
        stop = min(start + _PANEL, r)
        count = 0
        for j in range(start, stop):
            pivot = _first_largest(A, j, done, least[j])
            if pivot < 0:
                A[:, j] = 0.0
                continue
            owner[j], pivots[count] = pivot, pivot
            done[pivot] = True
            z = A[pivot]
            for i in range(k):
                if done[i]:
                    continue
                ratio = A[i, j] / z[j]
                _subtract(A[i, start:stop], ratio, z[start:stop])
                A[i, j] = ratio
                ratios[i, count] = ratio
            count += 1
        for m in range(count):
            _subtract_outside(A, pivots[m], ratios[pivots[m]], pivots[:m], start, stop)
        for i in range(k):
            if not done[i]:
                _subtract_outside(A, i, ratios[i], pivots[:count], start, stop)
    return owner, done


@jit
def _first_largest(A, j, done, least):
    """Return the first row that is not done with the largest entry in a column."""
    largest = 0.0
    for i in range(len(A)):
        if not done[i]:
            largest = max(largest, abs(A[i, j]))
    if largest <= least:
        return -1
    i = 0
    while done[i] or abs(A[i, j]) < largest * (1.0 - _TIE):
        i += 1
    return i


@jit
def _subtract(row, share, other):
    for j in range(len(row)):
        row[j] -= share * other[j]


@jit
def _subtract_outside(A, i, ratios, pivots, start, stop):
    """Subtract shares of other rows from row i, outside some columns."""
    row = A[i]
    n_fours = len(pivots) // 4
    for m in range(0, 4 * n_fours, 4):  # four at a time, so that a row is read less
        a, b, c, d = ratios[m], ratios[m + 1], ratios[m + 2], ratios[m + 3]
        if a == 0.0 and b == 0.0 and c == 0.0 and d == 0.0:
            continue
        p, q, r, s = A[pivots[m]], A[pivots[m + 1]], A[pivots[m + 2]], A[pivots[m + 3]]
        for j in range(start):
            row[j] -= a * p[j] + b * q[j] + c * r[j] + d * s[j]
        for j in range(stop, len(row)):
            row[j] -= a * p[j] + b * q[j] + c * r[j] + d * s[j]
    for m in range(4 * n_fours, len(pivots)):
        _subtract(row[:start], ratios[m], A[pivots[m], :start])
        _subtract(row[stop:], ratios[m], A[pivots[m], stop:])


@jit
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
