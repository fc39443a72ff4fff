"""Laws of determinantal processes by enumeration, and slow twins of their kernels."""

import itertools
from fractions import Fraction

import numpy as np


def accept(rows, numbers, levels, chosen, basis):
    """The residual of each proposal from a least-squares projection."""
    count = int((chosen >= 0).sum())
    for row, number, level in zip(rows, numbers, levels, strict=True):
        if count == len(chosen) or number in chosen[:count]:
            continue
        Q = basis[:count]
        residual = row - Q.T @ np.linalg.lstsq(Q.T, row, rcond=None)[0]
        if residual @ residual > level:
            basis[count] = residual / np.sqrt(residual @ residual)
            chosen[count] = number
            count += 1
    return count


def take_out(left, U, directions):
    left[:] = np.maximum(left - ((U @ directions.T) ** 2).sum(axis=1), 0)


def binomial_table(probabilities, size):
    """By the definition: a sum over all sets of successes among the first trials."""
    table = np.zeros((len(probabilities) + 1, size + 1))
    for i in range(len(probabilities) + 1):
        for successes in itertools.product([0, 1], repeat=i):
            if sum(successes) <= size:
                chances = np.where(successes, probabilities[:i], 1 - probabilities[:i])
                table[i, sum(successes)] += np.prod(chances)
    return table


def binomial_choice(probabilities, table, uniforms):
    """Scan from the last trial; the chance of a success given what is still wanted."""
    wanted, found = table.shape[1] - 1, []
    for i in reversed(range(len(probabilities))):
        if wanted:
            share = probabilities[i] * table[i, wanted - 1] / table[i + 1, wanted]
            if uniforms[i] < share:
                found.append(i)
                wanted -= 1
    return np.array(sorted(found), dtype=np.int64)


def binomial_marginals(probabilities, size):
    """In exact fractions, over all sets of `size` successes."""
    odds = [Fraction(p) / (1 - Fraction(p)) for p in probabilities.tolist()]
    n, total = len(odds), Fraction(0)
    sums = [Fraction(0)] * n
    for chosen in itertools.combinations(range(n), size):
        mass = Fraction(1)
        for i in chosen:
            mass *= odds[i]
        total += mass
        for i in chosen:
            sums[i] += mass
    return np.array([float(s / total) for s in sums])


def law_of(mass, n, sizes):
    """Normalise a mass over all subsets of the given sizes; leave out what is zero."""
    law = {
        subset: max(0.0, mass(list(subset)))
        for size in sizes
        for subset in itertools.combinations(range(n), size)
    }
    total = sum(law.values())
    return {s: m / total for s, m in law.items() if m > 1e-12 * total}


def dpp_law(L, sizes=None):
    """Probability of every subset of an L-ensemble, or of those of some sizes."""
    n = len(L)
    sizes = range(n + 1) if sizes is None else sizes
    return law_of(lambda s: np.linalg.det(L[np.ix_(s, s)]), n, sizes)


def volume_law(X, size, alpha=0.0):
    """Of volume sampling, for X of full column rank (or alpha > 0)."""
    ridge = alpha * np.eye(X.shape[1])
    return law_of(lambda s: np.linalg.det(X[s].T @ X[s] + ridge), len(X), [size])


def rescaled_law(U, size):
    """Of volume-rescaled draws, as sorted tuples with repeats.

    Density det(G) with respect to independent draws by leverage, where
    G = (1/size) sum of m / |u|^2 u u'.
    """
    m = U.shape[1]
    leverage = (U**2).sum(axis=1)
    law = {}
    rows = np.flatnonzero(leverage > 1e-15)
    for draws in itertools.product(rows.tolist(), repeat=size):
        V = U[list(draws)] / np.sqrt(leverage[list(draws)])[:, None]
        mass = np.linalg.det(V.T @ V) * np.prod(leverage[list(draws)] / m)
        key = tuple(sorted(draws))
        law[key] = law.get(key, 0.0) + mass
    total = sum(law.values())
    return {s: p / total for s, p in law.items() if p > 1e-12 * total}


def inclusion(law, n):
    return np.array([sum(p for s, p in law.items() if i in s) for i in range(n)])


def reverse_volume(X, size, rng):
    """Volume sampling in reverse (Derezinski and Warmuth), without a ridge.

    Rows go one by one, with probability in proportion to 1 - leverage.
    """
    Z = np.linalg.inv(X.T @ X)
    left = 1 - np.einsum("ij,jk,ik->i", X, Z, X)
    kept = np.arange(len(X))
    while len(kept) > size:
        chances = np.maximum(left[kept], 0)
        k = rng.choice(len(kept), p=chances / chances.sum())
        i = kept[k]
        v = Z @ X[i] / np.sqrt(left[i])
        kept = np.delete(kept, k)
        left -= (X @ v) ** 2
        Z = Z + np.outer(v, v)
    return kept


def greedy(L, k):
    """Each pick by determinants of everything."""
    chosen = []
    for _ in range(k):
        gains = [
            -np.inf
            if j in chosen
            else np.linalg.slogdet(L[np.ix_([*chosen, j], [*chosen, j])])[1]
            for j in range(len(L))
        ]
        chosen.append(int(np.argmax(gains)))
    return chosen
