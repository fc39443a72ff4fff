"""Kernels for distances from rows to centres, accumulated in float64.

For dense rows, differences are squared and added up, so that a row on its centre is at
distance zero exactly. ``|x|**2 - 2 x'c + |c|**2`` would lose digits there. Centres are
passed as columns, so that the innermost loop runs over adjacent memory.
"""

import numpy as np

from coreselect._kernels._jit import SUMS, jit

# The terms of an expanded square are off by some eps of the norms. A result below this
# share of the norms has lost three digits more, so it is computed from differences.
_CANCELLED = 1e-3
_TIE = 1e-9  # relative; of centres whose distances differ by less, the first wins


@jit(fastmath=SUMS)
def _write_sq_distances(X, i, columns, out, at):
    """Write the squared distances of row i to some centres to ``out[at:]``."""
    d, k = columns.shape
    total = out[at : at + k]
    total[:] = 0.0
    # The innermost loop runs over centres, which lie side by side in memory, so that it
    # compiles to vectors. Loads and stores of the running sums bound its speed: with
    # four columns at a time, there are a fourth as many. The two brackets are sums of
    # their own, so that no addition waits for the one before.
    by_four = d - d % 4
    for j in range(0, by_four, 4):
        x0, x1, x2, x3 = X[i, j], X[i, j + 1], X[i, j + 2], X[i, j + 3]
        for c in range(k):
            gap0 = x0 - columns[j, c]
            gap1 = x1 - columns[j + 1, c]
            gap2 = x2 - columns[j + 2, c]
            gap3 = x3 - columns[j + 3, c]
            total[c] += (gap0 * gap0 + gap1 * gap1) + (gap2 * gap2 + gap3 * gap3)
    for j in range(by_four, d):
        x = X[i, j]
        for c in range(k):
            gap = x - columns[j, c]
            total[c] += gap * gap


@jit(fastmath=SUMS)
def sq_distances(X, columns):
    """Compute the squared distances of the rows of `X` (n, d) to centres: (n, k).

    The centres are the columns of `columns` (d, k).
    """
    n, k = X.shape[0], columns.shape[1]
    out = np.empty((n, k))
    total = np.empty(k)
    for i in range(n):
        _write_sq_distances(X, i, columns, total, 0)
        out[i] = total
    return out


@jit(fastmath=SUMS)
def sq_distances_to_parts(X, parts, n, size):
    """Compute the squared distance of every row of `X` to n points in transposed parts.

    `parts`, of shape (n * d,), holds the points, `size` at a time (fewer in the last
    part), each part column by column. The result has the shape (m, n).
    """
    # A part stays in cache while all m rows pass over it. So a point comes from memory
    # once, and not once per row.
    m, d = X.shape
    out = np.empty((m, n))
    for start in range(0, n, size):
        stop = min(start + size, n)
        part = parts[start * d : stop * d].reshape((d, stop - start))
        for i in range(m):
            _write_sq_distances(X, i, part, out[i], start)
    return out


@jit(fastmath=SUMS)
def csr_sq_distances(data, indices, indptr, columns):
    """Compute the squared distance of every CSR row to every centre: (n, k).

    Column numbers of a row ascend without duplicates. The centres are the columns of
    `columns` (d, k). The squared norm of a centre is corrected at the non-zero entries
    of the row. If that cancels, differences in all columns are squared and added up.
    """
    # |x - c|**2 is |c|**2 plus x (x - 2 c) over the non-zero entries x of the row. So a
    # row costs its non-zero entries, not all columns. The sum cancels where the row is
    # near the centre; few pairs are, so the second way costs little.
    d, k = columns.shape
    n = indptr.shape[0] - 1
    out = np.empty((n, k))
    norms = np.zeros(k)
    for j in range(d):
        for c in range(k):
            norms[c] += columns[j, c] * columns[j, c]
    total = np.empty(k)
    for i in range(n):
        total[:] = norms
        norm = 0.0
        for p in range(indptr[i], indptr[i + 1]):
            x = np.float64(data[p])
            norm += x * x
            for c in range(k):
                total[c] += x * (x - 2.0 * columns[indices[p], c])
        for c in range(k):
            if total[c] < _CANCELLED * (norm + norms[c]):
                # Merge the sorted entries of the row with all columns of the centre.
                total[c] = 0.0
                p = indptr[i]
                for j in range(d):
                    gap = columns[j, c]
                    if p < indptr[i + 1] and indices[p] == j:
                        gap -= np.float64(data[p])
                        p += 1
                    total[c] += gap * gap
        out[i] = total
    return out


@jit(fastmath=SUMS)
def csr_own_sq_distances(data, indices, indptr, centers, labels):
    """Compute the squared distance of CSR row i to ``centers[labels[i]]``.

    The method is that of `csr_sq_distances`, with one centre per row.
    """
    # Norms are those of all centres, so this pays for many rows per centre.
    k, d = centers.shape
    n = indptr.shape[0] - 1
    out = np.empty(n)
    norms = np.zeros(k)
    for c in range(k):
        for j in range(d):
            norms[c] += centers[c, j] * centers[c, j]
    for i in range(n):
        c = labels[i]
        total = norms[c]
        norm = 0.0
        for p in range(indptr[i], indptr[i + 1]):
            x = np.float64(data[p])
            norm += x * x
            total += x * (x - 2.0 * centers[c, indices[p]])
        if total < _CANCELLED * (norm + norms[c]):
            total = 0.0
            p = indptr[i]
            for j in range(d):
                gap = centers[c, j]
                if p < indptr[i + 1] and indices[p] == j:
                    gap -= np.float64(data[p])
                    p += 1
                total += gap * gap
        out[i] = total
    return out


@jit(fastmath=SUMS)
def costs_with(trials, costs, weight):
    """Compute the weighted total cost after adding each of some candidate centres.

    ``trials[t, i]`` is the cost of row i if candidate t were the only centre,
    ``costs[i]`` its cost with the centres so far. The result has one total per
    candidate.
    """
    # The minimum is taken on the way: NumPy would store it for all trials and rows.
    n_trials, n = trials.shape
    out = np.zeros(n_trials)
    for t in range(n_trials):
        total = 0.0
        for i in range(n):
            cost = trials[t, i]
            total += weight[i] * (cost if cost < costs[i] else costs[i])
        out[t] = total
    return out


@jit
def nearest_of(distances):
    """Return the column and the value of the smallest distance in every row.

    If several are smallest up to rounding, the first one is returned.
    """
    # Distances to equal centres may differ in their last bits, and in other bits on
    # another processor. So all within a relative 1e-9 of the least count as ties. The
    # loop ends at the latest at the least distance itself.
    n = distances.shape[0]
    labels = np.zeros(n, dtype=np.int64)
    nearest = np.empty(n)
    for i in range(n):
        limit = distances[i].min() * (1.0 + _TIE)
        while distances[i, labels[i]] > limit:
            labels[i] += 1
        nearest[i] = distances[i, labels[i]]
    return labels, nearest


@jit(fastmath=SUMS)
def own_sq_distances(X, centers, labels):
    """Compute the squared distance of row i of `X` to ``centers[labels[i]]``."""
    n, d = X.shape
    out = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(d):
            gap = np.float64(X[i, j]) - centers[labels[i], j]
            total += gap * gap
        out[i] = total
    return out


@jit(fastmath=SUMS)
def search_tree(X, blocks, children, numbers, beam):
    """Find a near centre for every row of `X` by beam search in a tree of groups.

    Entries of the tree are the root, means of groups, then centres, level by level. The
    members of a group are consecutive; `blocks` holds their coordinates column by
    column. ``children[entry]`` is the range of entries that are members of a group, and
    ``numbers[entry]`` the number of a centre, or -1 for a group. At every level, a row
    is compared with the members of the groups kept one level up, and the `beam` nearest
    members are kept for the next level. The result is n numbers of centres.
    """
    # `ranges` holds the groups that are kept on a level; their members are compared on
    # the next one. `beam` is a handful and a level has some hundred members, so the
    # best are found by as many passes over the distances: cheaper than a heap. More
    # than one group is kept because the nearest centre may belong to a group whose
    # mean is farther than that of another.
    n, d = X.shape
    out = np.empty(n, dtype=np.int64)
    found = np.empty(len(numbers))  # distances on the current level, and their entries
    entries = np.empty(len(numbers), dtype=np.int64)
    ranges = np.empty((beam, 2), dtype=np.int64)
    for i in range(n):
        ranges[0] = children[0]
        n_ranges = 1
        n_found = 0
        while n_ranges > 0:
            n_found = 0
            for r in range(n_ranges):
                start, stop = ranges[r]
                block = blocks[start * d : stop * d].reshape((d, stop - start))
                _write_sq_distances(X, i, block, found, n_found)
                for entry in range(start, stop):
                    entries[n_found] = entry
                    n_found += 1
            # All centres are at the same depth, so the first entry tells the level.
            n_ranges = 0 if numbers[entries[0]] >= 0 else min(beam, n_found)
            for r in range(n_ranges):
                best = _place_of_least(found[:n_found])
                ranges[r] = children[entries[best]]
                found[best] = np.inf
        # The tree orders centres by group: the lowest number among ties is sought.
        limit = found[_place_of_least(found[:n_found])] * (1.0 + _TIE)
        number = np.int64(-1)
        for f in range(n_found):
            if found[f] <= limit and not 0 <= number < numbers[entries[f]]:
                number = numbers[entries[f]]
        out[i] = number
    return out


@jit
def _place_of_least(values):
    # The first loop has no branch and compiles to vectors. A single loop that also
    # remembers the place would not.
    least = np.inf
    for f in range(len(values)):
        least = values[f] if values[f] < least else least
    for f in range(len(values)):
        if values[f] == least:
            return f
    return 0


@jit
def add_listed(starts, others, factors, lists, values, out):
    """Add to ``out[i]`` what linked rows have for the numbers in the list of row i.

    Row i is linked with the rows ``others[starts[i] : starts[i + 1]]``, by `factors`.
    ``values[i, a]`` belongs to the number ``lists[i, a]``.
    """
    # `sums` also collects numbers that are not in the list of row i. They are cleared
    # by the first row that has them in its list.
    n, size = lists.shape
    sums = np.zeros(lists.max() + 1)
    for i in range(n):
        for a in range(size):
            sums[lists[i, a]] = 0.0
        for link in range(starts[i], starts[i + 1]):
            j, factor = others[link], factors[link]
            for a in range(size):
                sums[lists[j, a]] += factor * values[j, a]
        for a in range(size):
            out[i, a] += sums[lists[i, a]]


def warmup():
    """Compile the kernels of this file that other rooms call."""
    rows, first = np.full((2, 2), 0.5), np.zeros(2, dtype=np.int64)
    found, half = sq_distances(rows, rows), np.full(4, 0.5)
    sq_distances_to_parts(rows, half, 2, 2)
    nearest_of(found)
    costs_with(found, half[:2], half[:2])
    own_sq_distances(rows, rows, first)
    columns, starts = np.arange(2, dtype=np.int32), np.arange(3, dtype=np.int32)
    csr_sq_distances(half[:2], columns, starts, rows)
    csr_own_sq_distances(half[:2], columns, starts, rows, first)
    children, numbers = np.array([[1, 3], [0, 0], [0, 0]]), np.array([-1, 0, 1])
    search_tree(rows, np.zeros(6), children, numbers, 1)
    links = np.zeros(3, dtype=np.int32), columns, half[:2]
    add_listed(*links, np.array([[0, 1], [0, 1]]), rows, np.zeros((2, 2)))
