"""Kernels of vector summation.

Pivots decide which rows stay. So all sums keep their order (no fast arithmetic).
Otherwise, the last bits would depend on the processor, and on whether a process
compiles these functions or loads them from the cache: the two may link different
versions of a function that they share.
"""

import numpy as np

from coreselect._kernels._jit import jit

_RUN = 64  # rows in a partial sum: rounding grows with the length of plain sums
_NOISE = 2e-14  # relative; smaller values count as rounding errors
_PANEL = 16  # columns whose pivots are found before other columns are updated
_SAME = 1e-12  # relative; weights that differ by less become zero together
_TIE = 1e-9  # relative; of pivots that differ by less, the first one is taken


@jit
def group_sums(V, weight, size, lead):
    """Add up weighted vectors of consecutive rows, group by group.

    `V` holds the vectors (n, q). A group has `size` rows; the first one lacks `lead`
    rows, fewer than `size`, and the last one may have fewer. Return the sums of weights
    of the g groups, their sums of weighted vectors (g, q), and the sums of weighted
    absolute values over all rows (q,).
    """
    # A group is added up in runs of _RUN rows, and the sums of runs are added to the
    # group. So rounding errors grow with the length of a run plus the number of runs,
    # not with the number of rows.
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
    """Move weight between rows until those with weight are linearly independent.

    The weighted sum of the rows of `A` (k, r) stays the same. First, independent rows
    are found, one for each column: the *basis*. Every other row is a linear combination
    of the basis. If its whole weight can move to the basis, it does. Otherwise, weight
    moves until the weight of a basis row is zero; the row then takes the place of this
    basis row. Weight may move in either direction; the larger pivot decides.

    `A` is overwritten. Return the basis row of each column, -1 for columns that depend
    on those before, and the weights of these rows.
    """
    # After `_basis`, A[i] holds the coefficients of row i in the first basis. A row
    # that enters later keeps its coefficients at that time in A; the loop over m brings
    # row i from the first to the current basis, one exchange after the other.
    #
    # Invariant: the weighted sum of the basis rows, with `shares`, and of the rows not
    # yet visited, with their weights, is that of all rows. Weights never get negative.
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
        for m in range(count):
            out = left[m]
            if z[out] != 0.0:
                share = z[out] / A[entered[m], out]
                _subtract(z, share, A[entered[m]])
                z[out] = share
        # `shares + step * z` is the basis after `step` of weight moved to it from row
        # i: down is the direction in which row i loses weight, up the other.
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
    """Choose a row per column by partial pivoting; write all others in terms of these.

    A column that depends on others, up to rounding, gets no row and becomes zero.
    """
    # Gauss-Jordan elimination. Left of column j, a row that is not done holds its
    # coefficients in the pivot rows; from j on, what these leave of it. Columns are
    # taken in panels: the pivots of a panel are found within it, and their ratios are
    # kept. Then each row is updated once outside the panel, instead of once per pivot:
    # pivot rows first and in order, for the others subtract the updated ones.
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
    """Return the first row with the largest entry in a column, among rows not done."""
    # Ties are common (columns of zeros and ones). The first row within _TIE of the
    # largest is taken, as rounding decides which of the tied entries is largest.
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
    """Subtract multiples of pivot rows from row i, outside the columns of a panel."""
    # The multiples were found within the panel, and pivot rows are up to date outside
    # it too. So four multiples can be subtracted at once, and the row is loaded and
    # stored a fourth as often.
    row = A[i]
    n_fours = len(pivots) // 4
    for m in range(0, 4 * n_fours, 4):  # four pivots per pass over the row
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
    """Return which share becomes zero first, and at which step, in both directions."""
    # As in the ratio test of the simplex method. Among shares that vanish at one step
    # up to rounding, the first one leaves, so that the choice is the same everywhere.
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


def warmup():
    """Compile the kernels of this file that other rooms call."""
    group_sums(np.full((2, 2), 0.5), np.full(2, 0.5), 1, 0)
    exchange(np.eye(2), np.full(2, 0.5))
