"""A slow, obvious NumPy twin of every kernel, and exact laws of the designs."""

import itertools

import numpy as np


def split_large(scores, threshold, capacity):
    large = scores[scores >= threshold]
    assert len(large) <= capacity
    return large, scores[scores < threshold].sum()


def pivot(scores, scale, uniforms, codes, first_row, carried):
    """Fights written out with the probabilities of Deville and Tille's Table 1."""
    selected, (held, carries) = [], carried
    codes = np.zeros(len(scores), int) if codes is None else codes
    for k, (p, g) in enumerate(zip(np.minimum(1, scale * scores), codes, strict=True)):
        if p == 0:
            continue
        carry, total = carries[g], carries[g] + p
        if total <= 1:
            stays = uniforms[k] < carry / total
            held[g], carries[g] = (held[g] if stays else first_row + k), total
        else:
            first_wins = total < 2 and uniforms[k] < (1 - p) / (2 - total)
            selected.append(held[g] if first_wins else first_row + k)
            held[g] = first_row + k if first_wins else held[g]
            carries[g] = total - 1
    return np.array(selected, dtype=np.int64)


def locate(scores, scale, codes, thresholds):
    """Rows one group after the other, all cumulative sums, and a search in these."""
    terms = scores if scale == 0 else np.where(scale * scores < 1, scale * scores, 0.0)
    order = np.arange(len(terms)) if codes is None else np.argsort(codes, kind="stable")
    order = order[terms[order] > 0]
    found = np.searchsorted(np.cumsum(terms[order]), thresholds, side="right")
    return order[np.minimum(found, len(order) - 1)]


def row_sq_norms(X):
    return (np.asarray(X, dtype=np.float64) ** 2).sum(axis=1)


def water_fill(scores, size):
    """Inclusion probabilities by bisection."""
    low, high = 0.0, 1.0
    while np.minimum(1, high * scores).sum() < size:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if np.minimum(1, middle * scores).sum() < size:
            low = middle
        else:
            high = middle
    return np.minimum(1, high * scores)


def pivotal_law(pi):
    """Probability of every subset under ordered pivotal sampling, by enumeration."""
    states = {(frozenset(), None): 1.0}
    carry = 0.0
    for k, p in enumerate(pi):
        total = carry + p
        following = {}
        for (chosen, carried), mass in states.items():
            if carried is None:
                outcomes = [(chosen, k, 1.0)]
            elif total <= 1:
                outcomes = [(chosen, carried, carry / total), (chosen, k, p / total)]
            else:
                first = (1 - p) / (2 - total)
                outcomes = [
                    (chosen | {carried}, k, first),
                    (chosen | {k}, carried, 1 - first),
                ]
            for subset, last, chance in outcomes:
                key = subset, last
                following[key] = following.get(key, 0.0) + mass * chance
        states, carry = following, total if total <= 1 else total - 1
    law = {}
    for (chosen, carried), mass in states.items():
        subset = chosen | {carried} if carry > 0.5 else chosen
        law[subset] = law.get(subset, 0.0) + mass
    return law


def systematic_law(pi):
    """Probability of every subset under systematic sampling, by ranges of the start."""
    sums = np.concatenate([[0.0], np.cumsum(pi)])
    cuts = np.unique(np.concatenate([[0.0, 1.0], sums % 1.0]))
    law = {}
    for low, high in itertools.pairwise(cuts):
        points = (low + high) / 2 + np.arange(round(sums[-1]))
        subset = frozenset((np.searchsorted(sums, points) - 1).tolist())
        law[subset] = law.get(subset, 0.0) + high - low
    return law


def leverage(A):
    """Leverage scores in extended precision: Gram-Schmidt, twice over, in longdouble.

    Columns must be independent.
    """
    Q = np.array(A, dtype=np.longdouble)
    Q /= np.sqrt((Q**2).sum(axis=0))
    for j in range(Q.shape[1]):
        for _ in range(3):
            Q[:, j] -= Q[:, :j] @ (Q[:, :j].T @ Q[:, j])
            Q[:, j] /= np.sqrt((Q[:, j] ** 2).sum())
    return (Q**2).sum(axis=1)
