"""The laws of the sampling designs, on checked arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._filling import probabilities, water_fill
from coreselect._kernels.draws import locate, pivot, pivot_groups
from coreselect._quotas import members, pivotal, random_rounding
from coreselect._random import DRAW, STRATA, stream
from coreselect._typing import Floats
from coreselect.sampling._balancing import balanced, balancing_table
from coreselect.sampling.groups import Groups
from coreselect.sampling.rules import NO_RULES
from coreselect.selection import SamplingDesign, Selection

DESIGNS: tuple[str, ...] = (
    "multinomial",
    "poisson",
    "systematic",
    "pivotal",
    "priority",
)
EXACT_SIZE: tuple[str, ...] = ("systematic", "pivotal", "priority")
ORDERED: tuple[str, ...] = (
    "pivotal",
    "systematic",
    "balanced",
)  # spread the sample over the row order

_CHUNK = 32_768  # rows whose uniforms are drawn at a time


def draw_with_seed(
    scores,
    size,
    design,
    strata,
    base_weight,
    seed,
    *,
    visits=None,
    columns=None,
    rules=NO_RULES,
):
    """Draw as `draw` does, with checked arguments and a seed that was drawn.

    Parameters
    ----------
    size : int or None
        Number of rows, with those that must be in; None if the rules have a budget.
    strata : Groups, ndarray of int of shape (n_rows,) or None
        By default the groups of the rules. If these have quotas, each stratum must lie
        in one of them, and the strata of a group have consecutive numbers.
    visits : ndarray of int of shape (n_rows,), optional
        Row numbers in the order in which rows are visited.
    columns : ndarray of float64 of shape (n_rows, n_columns), optional
        Balancing columns.
    rules : Rules
    """
    if strata is None:
        strata = rules.groups
    elif not isinstance(strata, Groups):
        strata = Groups(tuple(range(strata.max(initial=-1) + 1)), strata)
    given = [scores, strata, base_weight, columns, rules]
    if visits is not None:  # from here on, rows have their places in this order
        given = [None if values is None else values[visits] for values in given]
    scores, strata, weight, columns, rules = given
    given = scores, size, design, strata, weight, columns, rules, seed
    places, hits, expected, table, landings, sizes = _drawn(*given)
    rows = places if visits is None else visits[places]
    ascending = np.argsort(rows, kind="stable")
    rows, places, hits, expected = (
        values[ascending] for values in (rows, places, hits, expected)
    )
    codes = None
    if strata is not None and design != "poisson" and not strata.overlap:
        codes = strata.codes[places]
    if design == "multinomial" and rules.n_musts:
        codes = np.where(rules.musts[places], -1, 0 if codes is None else codes)
    groups = np.zeros(len(places), dtype=int) if codes is None else codes
    made = SamplingDesign(
        design,
        expected,
        hits=hits.astype(np.int64) if design == "multinomial" else None,
        strata=codes,
        strata_sizes=None if sizes is None else sizes[groups],
        order=None if visits is None else places,
        columns=None if table is None else table(places),
        landings=landings,
    )
    return weigh(rows, hits, expected, base_weight, len(scores), made)


def _drawn(scores, size, design, strata, base_weight, columns, rules, seed):
    """Return the rows, how often they were hit, and how often they are on average.

    Further a function that returns balancing columns of rows, and errors of their
    totals over repeated landings, or twice None; and how many rows of each stratum are
    expected, if that number is rounded at random, or None.
    """
    scores = rules.open_scores(scores)
    table = landings = sizes = None
    left = None if size is None else size - rules.n_musts
    codes = None if strata is None else strata.codes
    if design == "multinomial":
        scores = rules.hit_scores(scores, size)
        drawn = _multinomial(scores, left, codes, seed)
        if codes is not None:
            sizes = left * np.bincount(codes, scores) / (scores.sum() or 1.0)
    else:
        scores, left, scale, n_certain = _shares(scores, size, left, rules)
        if design in ("pivotal", "systematic"):
            if codes is not None:
                sizes = np.bincount(codes, probabilities(scores, scale))
            elif left is None:  # with a budget, the number of rows is random
                sizes = probabilities(scores, scale).sum(keepdims=True)
        if np.isinf(scale):
            every = np.flatnonzero(scores)
            drawn = every, np.ones(len(every)), np.ones(len(every))
        elif design == "priority":
            drawn = _priority(scores, left, scale, codes, seed)
        else:
            if design == "balanced":
                chances = probabilities(scores, scale)
                table = balancing_table(
                    chances, columns, base_weight, strata, rules.cost
                )
                found, landings = balanced(chances, table, seed)
            else:
                pick = {
                    "pivotal": _pivotal,
                    "systematic": _systematic,
                    "poisson": _poisson,
                }[design]
                found = pick(scores, left, scale, n_certain, codes, seed)
            rows, hits = np.unique(found, return_counts=True)
            drawn = rows, hits, probabilities(scores[rows], scale)
    if rules.n_musts:
        certain = np.ones(rules.n_musts)
        musts = np.flatnonzero(rules.musts), certain, certain
        drawn = [np.append(*pair) for pair in zip(drawn, musts, strict=True)]
    return *drawn, table, landings, sizes


def _shares(scores, size, left, rules):
    """Return scores, number of rows, scale, and number of certain rows.

    The number of rows is None if it is random, as with a budget.
    """
    chances = rules.chances(scores, size)
    if chances is None:
        scores, scale, n_certain = water_fill(scores, left)
        return scores, left, scale, n_certain
    n_certain = int(np.count_nonzero(chances == 1))
    if n_certain == np.count_nonzero(chances):
        return chances, n_certain, np.inf, n_certain
    # Fewer than `left` if too few rows have positive scores.
    left = None if left is None else round(chances.sum())
    return chances, left, 1.0, n_certain


def weigh(
    indices: Any,
    hits: Any,
    expected_hits: Any,
    base_weight: Floats | None,
    n_total: int,
    design: SamplingDesign | None = None,
) -> Selection:
    """Make a `Selection` with the weights input weight x hits / expected hits.

    Hits and expected hits are numbers or one per row of `indices`; `base_weight` is
    None or the input weights of all rows. A `design` is about ascending rows.
    """
    indices = np.asarray(indices, dtype=np.int64)
    ratio = np.broadcast_to(np.asarray(hits, dtype=np.float64), indices.shape)
    ratio = ratio / expected_hits
    order = np.argsort(indices, kind="stable")
    indices, weights = indices[order], ratio[order]
    if base_weight is not None:
        with np.errstate(over="ignore"):
            weights = base_weight[indices] * weights
        if np.isinf(weights).any():
            raise ValueError(
                f"base_weight is too large, up to {base_weight.max():.3g}: a drawn row "
                "would get a weight that overflows. Divide all weights by a constant."
            )
    return Selection(indices, weights, n_total, design=design)


def everything(base_weight, n_total):
    """Return the `Selection` of all rows of positive weight, with these weights."""
    rows = np.arange(n_total) if base_weight is None else np.flatnonzero(base_weight)
    certain = np.ones(len(rows))
    made = SamplingDesign("random", certain)
    return weigh(rows, certain, certain, base_weight, n_total, made)


def _pivotal(scores, size, scale, n_certain, strata, seed):
    """Pivotal sampling within each stratum, then among the rows that strata carry."""
    rng = stream(seed, DRAW)
    if strata is None:
        found, left, carries = _pivot_all(scores, scale, rng)
    else:
        order = np.argsort(strata, kind="stable")
        starts = np.append(0, np.cumsum(np.bincount(strata)))
        uniforms = rng.random(len(scores))[order]
        chosen, last, carries = pivot_groups(scores[order], scale, uniforms, starts)
        found, left = order[chosen], order[last]
    # Each stratum carries at most one undecided row. Their probabilities add up to a
    # whole number, the rows that are still to be selected.
    if size is None:  # one more row, without a number, makes the sum whole
        left, total = np.append(left, -1), carries.sum()
        carries = np.append(carries, np.ceil(total) - total)
    found = np.append(found, left[_pivot_strata(carries, seed)])
    return found[found >= 0]


def _pivot_all(scores, scale, rng):
    """Apply pivotal sampling to all rows; draw uniforms in chunks to save memory."""
    found = [np.empty(0, dtype=np.int64)]
    uniforms = np.empty(_CHUNK)
    last, carry = -1, 0.0
    for start in range(0, len(scores), _CHUNK):
        rng.random(out=uniforms)
        chosen, last, carry = pivot(
            scores[start : start + _CHUNK], scale, uniforms, start, last, carry
        )
        found.append(chosen)
    left = [last] if last >= 0 else []
    return np.concatenate(found), np.array(left, np.int64), np.full(len(left), carry)


def _pivot_strata(fractions, seed):
    return pivotal(fractions, stream(seed, STRATA).random(len(fractions)))


def _systematic(scores, size, scale, n_certain, strata, seed):
    """Systematic sampling, with the rows of each stratum next to each other.

    Then the number of rows from a stratum is its expected number rounded down or up.
    """
    order = None if strata is None else np.argsort(strata, kind="stable")
    # `locate` leaves out the certain rows; the others share the rest of the size.
    if size is None:
        total = scores[scores < 1].sum()
        thresholds = stream(seed, DRAW).random() + np.arange(np.ceil(total))
        thresholds = thresholds[thresholds < total]
    else:
        thresholds = stream(seed, DRAW).random() + np.arange(size - n_certain)
    found = locate(scores if order is None else scores[order], scale, thresholds)
    if order is not None:
        found = order[found]
    if n_certain:
        certain = np.flatnonzero(probabilities(scores, scale) == 1.0)
        found = np.concatenate([certain, found])
    return found


def _poisson(scores, size, scale, n_certain, strata, seed):
    """Every row independently; quotas of strata would make rows dependent."""
    uniforms = stream(seed, DRAW).random(len(scores))
    return np.flatnonzero(uniforms < probabilities(scores, scale))


def _multinomial(scores, size, strata, seed):
    """Independent draws with replacement, with a quota of draws for each stratum."""
    total = scores.sum()
    if size == 0 or total == 0:
        return np.empty(0, dtype=np.int64), np.empty(0), np.ones(0)
    rng = stream(seed, DRAW)
    if strata is None:
        order = slice(None)
        thresholds = np.sort(rng.random(size)) * total
    else:
        # In this order, a stratum is an interval of the cumulative scores; each of its
        # draws is uniform on it.
        order = np.argsort(strata, kind="stable")
        totals = np.bincount(strata, scores)
        quotas = _quotas(totals, size, seed)
        stratum = np.repeat(np.arange(len(totals)), quotas)
        ends = np.cumsum(totals)
        thresholds = (ends - totals)[stratum] + rng.random(size) * totals[stratum]
        thresholds.sort()
    found = locate(scores[order], 0.0, thresholds)
    indices, hits = np.unique(
        found if strata is None else order[found], return_counts=True
    )
    return indices, hits, size * (scores[indices] / total)


def _priority(scores, size, scale, strata, seed):
    """Priority sampling, within each stratum if there are any."""
    uniforms = 1.0 - stream(seed, DRAW).random(len(scores))  # in (0, 1]
    if strata is None:
        return _top_priorities(np.arange(len(scores)), scores, uniforms, size)
    means = np.bincount(strata, probabilities(scores, scale))
    quotas = _quotas(means, size, seed)
    parts = [(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))]
    for rows, mean, quota in zip(members(strata), means, quotas, strict=True):
        if quota:
            indices, hits, expected = _top_priorities(
                rows, scores[rows], uniforms[rows], quota
            )
            # A stratum with an expected number of rows below one may get none.
            parts.append((indices, hits, expected * min(1.0, mean)))
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def _top_priorities(rows, scores, uniforms, size):
    """Return the rows of the largest priorities, their hits and expected hits.

    The threshold is the largest priority that is not selected.
    """
    positive = np.flatnonzero(scores)
    if size >= len(positive):
        return rows[positive], np.ones(len(positive)), np.ones(len(positive))
    with np.errstate(over="ignore"):  # none is drawn where scores may be that large
        priorities = scores / uniforms
    split = len(scores) - size
    order = np.argpartition(priorities, split - 1)
    threshold = priorities[order[split - 1]]
    chosen = order[split:]
    with np.errstate(over="ignore"):  # the threshold may be tiny
        expected = np.minimum(1.0, scores[chosen] / threshold)
    return rows[chosen], np.ones(size), expected


def _quotas(means, size, seed):
    """Round the expected numbers of rows of strata down or up, without bias."""
    return random_rounding(means, size, lambda f, _: _pivot_strata(f, seed))
