"""The laws of the sampling designs: each walks over the scores in parts.

Every row has its own uniform number, in row order, whatever its stratum. So what is
kept beside the scores does not grow with the number of rows.
"""

import numpy as np

from coreselect._filling import probabilities
from coreselect._kernels.draws import (
    locate,
    pivot,
    rows_found,
    start_pivot,
    start_search,
)
from coreselect._quotas import members, pivotal, random_rounding
from coreselect._random import DRAW, STRATA, stream
from coreselect._scratch import parts, sums_by, taken, total, where


def draw_pivotal(scores, size, scale, n_certain, strata, seed):
    """Pivotal sampling within each stratum, then among the rows that strata carry."""
    rng, carried = stream(seed, DRAW), start_pivot(1 if strata is None else strata.n)
    found = [np.empty(0, dtype=np.int64)]
    for rows, codes in _walk(scores, strata):
        uniforms = rng.random(rows.stop - rows.start)
        given = scores[rows], scale, uniforms, codes, rows.start, carried
        found.append(pivot(*given))
    # Each stratum carries at most one undecided row. Their probabilities add up to a
    # whole number, the rows that are still to be selected.
    undecided = carried.rows >= 0
    left, carries = carried.rows[undecided], carried.chances[undecided]
    if size is None:  # one more row, without a number, makes the sum whole
        left, rest = np.append(left, -1), carries.sum()
        carries = np.append(carries, np.ceil(rest) - rest)
    last = left[_pivot_strata(carries, seed)]
    return np.concatenate([*found, last[last >= 0]])


def draw_systematic(scores, size, scale, n_certain, strata, seed):
    """Systematic sampling, with the rows of each stratum next to each other.

    Then the number of rows from a stratum is its expected number rounded down or up.
    """

    def terms(scores):
        chances = probabilities(scores, scale)
        return np.where(chances < 1.0, chances, 0.0)

    totals = None
    if strata is not None or size is None:
        totals = sums_of(strata, terms, scores)
    if size is None:
        rest = totals.sum()
        thresholds = stream(seed, DRAW).random() + np.arange(np.ceil(rest))
        thresholds = thresholds[thresholds < rest]
    else:
        thresholds = stream(seed, DRAW).random() + np.arange(size - n_certain)
    # `locate` leaves out the certain rows; the others share the rest of the size.
    found = _located(scores, scale, strata, thresholds, totals)
    if n_certain:
        certain = where(lambda rows: probabilities(scores[rows], scale) == 1.0, scores)
        found = np.concatenate([certain, found])
    return found


def draw_poisson(scores, size, scale, n_certain, strata, seed):
    """Every row independently; quotas of strata would make rows dependent."""
    rng, found = stream(seed, DRAW), [np.empty(0, dtype=np.int64)]
    for rows in parts(scores):
        chances = probabilities(scores[rows], scale)
        found.append(rows.start + np.flatnonzero(rng.random(len(chances)) < chances))
    return np.concatenate(found)


def draw_multinomial(scores, size, strata, seed):
    """Independent draws with replacement, with a quota of draws for each stratum.

    Return rows, hits and expected hits; and the expected number of draws from each
    stratum.
    """
    totals = sums_of(strata, lambda part: part, scores)
    whole = total(scores)
    means = size * totals / (whole or 1.0)
    if size == 0 or whole == 0:
        return (np.empty(0, dtype=np.int64), np.empty(0), np.ones(0)), means
    rng = stream(seed, DRAW)
    if strata is None:
        thresholds = np.sort(rng.random(size)) * whole
    else:
        # A stratum is an interval of the cumulative scores, if the rows of each are
        # next to each other; each of its draws is uniform on it.
        quotas = _quotas(totals, size, seed)
        stratum = np.repeat(np.arange(len(totals)), quotas)
        ends = np.cumsum(totals)
        thresholds = (ends - totals)[stratum] + rng.random(size) * totals[stratum]
        thresholds.sort()
    found = _located(scores, 0.0, strata, thresholds, totals)
    rows, hits = np.unique(found, return_counts=True)
    return (rows, hits, size * (taken(scores, rows) / whole)), means


def draw_priority(scores, size, scale, strata, seed):
    """Priority sampling, within each stratum if there are any.

    Return rows, hits and expected hits.
    """
    quotas = means = np.array([size])
    if strata is not None:
        means = sums_of(strata, lambda part: probabilities(part, scale), scores)
        quotas = _quotas(means, size, seed)
    codes, rows, priorities = _largest_priorities(scores, quotas, strata, seed)
    chosen, expected = np.ones(len(rows), dtype=bool), np.ones(len(rows))
    theirs = taken(scores, rows)
    for code, inside in enumerate(members(codes)):
        if len(inside) > quotas[code]:  # the threshold is the largest not selected
            last = inside[np.argmin(priorities[inside])]
            chosen[last] = False
            with np.errstate(over="ignore"):  # the threshold may be tiny
                ratio = theirs[inside] / priorities[last]
            expected[inside] = np.minimum(1.0, ratio)
        # A stratum with an expected number of rows below one may get none.
        expected[inside] *= min(1.0, means[code])
    return rows[chosen], np.ones(np.count_nonzero(chosen)), expected[chosen]


def _largest_priorities(scores, quotas, strata, seed):
    """Return rows, one more than the quota of each stratum, of the largest priorities.

    Their strata, their numbers and their priorities; strata of quota 0 have none.
    """
    rng, n_kept = stream(seed, DRAW), int(quotas.sum()) + len(quotas)
    # Priorities up to these are not among the largest.
    least = np.where(quotas > 0, 0.0, np.inf)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    n_found = 0
    for rows, codes in _walk(scores, strata):
        uniforms = 1.0 - rng.random(rows.stop - rows.start)  # in (0, 1]
        if codes is None:
            codes = np.zeros(len(uniforms), dtype=np.int64)
        with np.errstate(over="ignore"):  # none is drawn where scores may be that large
            priorities = scores[rows] / uniforms
        new = np.flatnonzero(priorities > least[codes])
        found.append((codes[new], rows.start + new, priorities[new]))
        n_found += len(new)
        if n_found > 2 * n_kept:  # so every row is compared a few times at most
            found = [_largest(found, quotas, least)]
            n_found = len(found[0][0])
    return _largest(found, quotas, least)


def _largest(found, quotas, least):
    """Return the rows of the largest priorities; raise the `least` that count."""
    codes, rows, priorities = (
        np.concatenate(part) for part in zip(*found, strict=True)
    )
    kept = [np.empty(0, dtype=np.int64)]
    for code, inside in enumerate(members(codes)):
        if (surplus := len(inside) - quotas[code] - 1) > 0:
            order = np.argpartition(priorities[inside], surplus)
            inside = inside[order[surplus:]]
            least[code] = priorities[inside[0]]
        kept.append(inside)
    kept = np.concatenate(kept)
    return codes[kept], rows[kept], priorities[kept]


def sums_of(strata, fn, scores):
    """Return the sum of ``fn(scores)`` in each stratum, or over all rows.

    `fn` gets the scores part by part.
    """
    if strata is not None:
        return sums_by(strata.codes, strata.n, fn, scores)
    return np.sum([fn(scores[rows]).sum() for rows in parts(scores)], keepdims=True)


def _walk(scores, strata):
    """Yield parts of the rows, and the numbers of their strata; None without strata."""
    codes = None if strata is None else strata.codes
    for rows in parts(scores, codes):
        yield rows, None if codes is None else codes[rows].astype(np.int64)


def _located(scores, scale, strata, thresholds, totals):
    """Return the rows where sums of scores, as `locate` scales them, pass thresholds.

    The sums run over one stratum after the other; `totals` are those of strata.
    """
    search = start_search(thresholds, None if strata is None else totals)
    for rows, codes in _walk(scores, strata):
        locate(scores[rows], scale, codes, rows.start, thresholds, search)
    return rows_found(search)


def _pivot_strata(fractions, seed):
    return pivotal(fractions, stream(seed, STRATA).random(len(fractions)))


def _quotas(means, size, seed):
    """Round the expected numbers of rows of strata down or up, without bias."""
    return random_rounding(means, size, lambda f, _: _pivot_strata(f, seed))
