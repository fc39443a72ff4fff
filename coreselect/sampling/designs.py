"""The laws of the sampling designs, on checked arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._filling import probabilities, water_fill
from coreselect._scratch import count, largest, taken, total, where
from coreselect._typing import Floats
from coreselect.sampling._balancing import balanced, balancing_table
from coreselect.sampling._laws import (
    draw_multinomial,
    draw_pivotal,
    draw_poisson,
    draw_priority,
    draw_systematic,
    sums_of,
)
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

_LAWS = {
    "pivotal": draw_pivotal,
    "systematic": draw_systematic,
    "poisson": draw_poisson,
}


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
        n_strata = int(largest(strata)) + 1 if len(strata) else 0
        strata = Groups(tuple(range(n_strata)), strata)
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
        codes = taken(strata.codes, places).astype(np.int64)
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
    apart = None if strata is None or strata.overlap else strata
    if design == "multinomial":
        scores = rules.hit_scores(scores, size)
        drawn, means = draw_multinomial(scores, left, apart, seed)
        sizes = None if apart is None else means
    else:
        scores, left, scale, n_certain = _shares(scores, size, left, rules)
        # With a budget, the number of all rows is random.
        rounded = apart is not None or left is None
        if design in ("pivotal", "systematic") and rounded:
            sizes = sums_of(apart, lambda part: probabilities(part, scale), scores)
        if np.isinf(scale):
            every = where(lambda rows: scores[rows], scores)
            drawn = every, np.ones(len(every)), np.ones(len(every))
        elif design == "priority":
            drawn = draw_priority(scores, left, scale, apart, seed)
        else:
            if design == "balanced":
                chances = probabilities(scores, scale)
                table = balancing_table(
                    chances, columns, base_weight, strata, rules.cost
                )
                found, landings = balanced(chances, table, seed)
            else:
                found = _LAWS[design](scores, left, scale, n_certain, apart, seed)
            rows, hits = np.unique(found, return_counts=True)
            drawn = rows, hits, probabilities(taken(scores, rows), scale)
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
    n_certain = count(lambda rows: chances[rows] == 1, chances)
    if n_certain == count(lambda rows: chances[rows], chances):
        return chances, n_certain, np.inf, n_certain
    # Fewer than `left` if too few rows have positive scores.
    left = None if left is None else round(total(chances))
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
    weights = np.broadcast_to(np.asarray(hits, dtype=np.float64), indices.shape)
    weights = weights / expected_hits
    if not (indices[1:] > indices[:-1]).all():
        order = np.argsort(indices, kind="stable")
        indices, weights = indices[order], weights[order]
    if base_weight is not None:
        with np.errstate(over="ignore"):
            weights *= taken(base_weight, indices)
        if np.isinf(weights).any():
            most = largest(base_weight)
            raise ValueError(
                f"base_weight is too large, up to {most:.3g}: a drawn row "
                "would get a weight that overflows. Divide all weights by a constant."
            )
    return Selection(indices, weights, n_total, design=design)


def everything(base_weight, n_total):
    """Return the `Selection` of all rows of positive weight, with these weights."""
    rows = np.arange(n_total)
    if base_weight is not None:
        rows = where(lambda rows: base_weight[rows], base_weight)
    made = SamplingDesign("random", np.ones(len(rows)))
    return weigh(rows, 1.0, 1.0, base_weight, n_total, made)
