"""Kernels of determinantal point processes."""

import numpy as np

from coreselect._kernels._jit import SUMS, jit


@jit(fastmath=SUMS)
def accept(rows, numbers, levels, chosen, basis):
    """Accept or reject proposed rows of a projection process, one after another.

    Q, the first rows of `basis`, is an orthonormal basis of the rows chosen so far. A
    row ``u`` of `rows` (n_proposals, m) was proposed with probability proportional to a
    bound ``b >= |u|^2 - |Q u|^2``. It is accepted if this squared distance to their
    span exceeds its level, a uniform number times b. So the accepted row follows the
    exact conditional distribution of the next row. `numbers` are the row numbers of the
    proposals; `chosen` holds those chosen so far, then -1. `chosen` and `basis` are
    filled in place; proposals after the last free place are not used. Return how many
    places are filled then.
    """
    # Rejection needs no distances of other rows: the bound is from before the last rows
    # were chosen, and acceptance makes up for it. Proposals are independent of the rows
    # chosen, so a whole batch of them can be drawn ahead.
    m = rows.shape[1]
    size = chosen.shape[0]
    count = 0
    while count < size and chosen[count] >= 0:
        count += 1
    v = np.empty(m)
    for b in range(rows.shape[0]):
        if count == size:
            break
        # A chosen row is at distance zero; rounding could still accept it.
        seen = False
        for t in range(count):
            if chosen[t] == numbers[b]:
                seen = True
        if seen:
            continue
        # `left` only falls as directions are taken out, so a rejection can stop early.
        left = 0.0
        for j in range(m):
            left += rows[b, j] * rows[b, j]
        for t in range(count):
            if left <= levels[b]:
                break
            along = 0.0
            for j in range(m):
                along += basis[t, j] * rows[b, j]
            left -= along * along
        if left <= levels[b]:
            continue
        for j in range(m):
            v[j] = rows[b, j]
        # Gram-Schmidt, twice: once loses orthogonality if little is left of a row.
        for _ in range(2):
            for t in range(count):
                along = 0.0
                for j in range(m):
                    along += basis[t, j] * v[j]
                for j in range(m):
                    v[j] -= along * basis[t, j]
        norm = 0.0
        for j in range(m):
            norm += v[j] * v[j]
        norm = np.sqrt(norm)
        for j in range(m):
            basis[count, j] = v[j] / norm
        chosen[count] = numbers[b]
        count += 1
    return count


@jit
def binomial_table(probabilities, size):
    """Compute the probability of each number of successes in the first trials.

    Entry ``[i, c]`` of the result, of shape (n + 1, size + 1), is the probability of c
    successes in the first i of n independent trials with these success probabilities.
    """
    # Elementary symmetric polynomials of the odds would do, but overflow. Probabilities
    # stay within [0, 1], and no terms of different sign are added.
    n = probabilities.shape[0]
    table = np.zeros((n + 1, size + 1))
    table[0, 0] = 1.0
    for i in range(n):
        p = probabilities[i]
        table[i + 1, 0] = (1.0 - p) * table[i, 0]
        for c in range(1, size + 1):
            table[i + 1, c] = (1.0 - p) * table[i, c] + p * table[i, c - 1]
    return table


@jit
def binomial_choice(probabilities, table, uniforms):
    """Draw independent trials, given that `size` of them succeed.

    `table` comes from `binomial_table`, for the same n probabilities; `uniforms` holds
    n numbers. The result is the ascending numbers of the successful trials.
    """
    # From the last trial to the first: with c successes wanted in the first i + 1
    # trials, trial i is one with probability p table[i, c - 1] / table[i + 1, c].
    wanted = table.shape[1] - 1
    found = np.empty(wanted, dtype=np.int64)
    for i in range(probabilities.shape[0] - 1, -1, -1):
        if wanted == 0:
            break
        # If as many successes are wanted as trials remain, rounding must not fail one.
        share = probabilities[i] * table[i, wanted - 1]
        if wanted == i + 1 or uniforms[i] * table[i + 1, wanted] < share:
            wanted -= 1
            found[wanted] = i
    return found


@jit
def binomial_marginals(probabilities, size):
    """Compute the probability that each trial succeeds, given that `size` of them do.

    For each of n trials, products of the probabilities of successes before and after it
    are added up. All terms are positive, so small probabilities keep their relative
    accuracy. `size` is at least 1.
    """
    # Dividing trial i out of the distribution of all trials would be faster, but its
    # differences cancel. So trials after i are added on the way back, and the table
    # holds those before i.
    n = probabilities.shape[0]
    before = binomial_table(probabilities, size)
    after = np.zeros(size + 1)  # number of successes in the trials after i
    after[0] = 1.0
    out = np.empty(n)
    for i in range(n - 1, -1, -1):
        p = probabilities[i]
        others = 0.0
        for c in range(size):
            others += before[i, c] * after[size - 1 - c]
        out[i] = p * others / before[n, size]
        for c in range(size, 0, -1):
            after[c] = (1.0 - p) * after[c] + p * after[c - 1]
        after[0] *= 1.0 - p
    return out


@jit(fastmath=SUMS)
def take_out(left, U, directions):
    """Update the squared distances of rows to a span by orthonormal directions.

    `left`, of shape (n,), is updated in place and never negative. `U` has the shape (n,
    m), `directions` the shape (b, m).
    """
    # The directions stay in cache and every row of U is read once for all of them.
    b, m = directions.shape
    for i in range(left.shape[0]):
        if left[i] <= 0.0:
            continue
        total = left[i]
        for t in range(b):
            along = 0.0
            for j in range(m):
                along += directions[t, j] * U[i, j]
            total -= along * along
        # Rounding can make the distance of a row in the span negative.
        left[i] = max(total, 0.0)


def warmup():
    """Compile the kernels of this file that other rooms call."""
    half = np.full(4, 0.5)
    accept(np.eye(2), np.arange(2), np.zeros(2), np.full(2, -1), np.empty((2, 2)))
    binomial_choice(half, binomial_table(half, 2), half)
    binomial_marginals(half, 2)
    take_out(half, np.ones((4, 2)), np.zeros((1, 2)))
