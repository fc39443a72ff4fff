"""Draw rows by their scores: sampling designs, inclusion probabilities, weights.

A sampling design turns scores into a random set of rows. A row that is hit `hits` times
where `expected_hits` were expected gets the weight ``base_weight * hits /
expected_hits``. So weighted sums over the rows are unbiased under every design.

Inclusion probabilities are ``min(1, c * score)``, with the c that makes them add up to
the size ("water-filling").
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import type_of_target

from coreselect._filling import in_range, probabilities, water_fill
from coreselect._kernels.draws import locate, pivot, pivot_groups
from coreselect._quotas import members, pivotal, random_rounding
from coreselect._random import DRAW, STRATA, draw_seed, stream
from coreselect._typing import Column, Design, Floats, Seed, Size
from coreselect._validation import (
    OneOf,
    as_array,
    check_draws,
    check_nonnegative,
    check_size,
    check_target,
)
from coreselect.selection import Selection, record_of_draw, recorded

DESIGNS = ("multinomial", "poisson", "systematic", "pivotal", "priority")
EXACT_SIZE = ("systematic", "pivotal", "priority")

_CHUNK = 32_768  # rows whose uniforms are drawn at a time


def inclusion_probabilities(scores: ArrayLike, size: Size) -> Floats:
    """Turn scores into inclusion probabilities that add up to a size.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Non-negative; only their ratios matter.
    size : int or float
        Number of rows, or a fraction in (0, 1] of `n_rows`.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        ``min(1, c * scores)``; they add up to `size`. Rows of score 0 have probability
        0. If no more than `size` scores are positive, their rows have probability 1.

    Raises
    ------
    TypeError, ValueError
        If scores are negative or not finite, or `size` is not a size.

    Notes
    -----
    O(n + size log size): only scores whose probability may be 1 are sorted.

    Examples
    --------
    >>> from coreselect import inclusion_probabilities
    >>> inclusion_probabilities([10, 1, 1, 1, 1], 3)
    array([1. , 0.5, 0.5, 0.5, 0.5])
    """
    scores = check_nonnegative(scores, None, "scores")
    scores, scale, _ = water_fill(scores, check_size(size, len(scores), "size"))
    return probabilities(scores, scale)


def draw(
    scores: ArrayLike,
    size: Size,
    *,
    design: Design = "pivotal",
    strata: Column = None,
    base_weight: Column = None,
    random_state: Seed = None,
) -> Selection:
    """Draw rows in proportion to scores, and weigh them.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Non-negative; only their ratios matter. Rows of score 0 are never drawn.
    size : int or float
        Number of rows, or a fraction in (0, 1] of `n_rows`, rounded half up. The
        designs ``"systematic"``, ``"pivotal"`` and ``"priority"`` draw exactly that
        many rows, ``"poisson"`` that many on average. ``"multinomial"`` makes that many
        draws; repeats merge into one row. The other designs draw every row of positive
        score if there are no more than that.
    design : {"pivotal", "systematic", "poisson", "priority", "multinomial"}
        - ``"pivotal"``: ordered pivotal sampling [1]_. Neighbours in row order are
          rarely drawn together, so the sample is spread evenly over sorted data. Exact
          inclusion probabilities.
        - ``"systematic"``: one random start, then equal steps along the cumulative
          scores. Exact inclusion probabilities. The most even design, but it fails on
          periodic data.
        - ``"poisson"``: every row independently. Exact inclusion probabilities.
        - ``"priority"``: the rows with the largest ``score / uniform`` [2]_; weights
          are ``max(1, threshold / score)``. Even a row of inclusion probability 1 may
          be missed.
        - ``"multinomial"``: independent draws with replacement.
    strata : array-like of shape (n_rows,), optional
        Group of each row. The number of rows (or draws) from a group is its expected
        number, rounded down or up at random without bias. Under ``"poisson"`` rows stay
        independent, so only the mean number is exact.
    base_weight : array-like of shape (n_rows,), optional
        Input weights. They multiply the weights of the selection and do not change the
        inclusion probabilities.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    Selection
        With weights ``base_weight * hits / expected hits``. For designs with exact
        inclusion probabilities this is ``base_weight / inclusion probability``.

    Raises
    ------
    TypeError, ValueError
        If scores, size, design, strata or weights are not as described.

    Notes
    -----
    O(n) time. Rounding of the cumulative sums does not change which rows are drawn.

    References
    ----------
    .. [1] G. Chauvet, "On a characterization of ordered pivotal sampling", Bernoulli
       18(4), 2012, :doi:`10.3150/11-BEJ380`; J.-C. Deville and Y. Tille, "Unequal
       probability sampling without replacement through a splitting method", Biometrika
       85(1), 1998, :doi:`10.1093/biomet/85.1.89`.
    .. [2] N. Duffield, C. Lund, M. Thorup, "Priority sampling for estimation of
       arbitrary subset sums", Journal of the ACM 54(6), 2007,
       :doi:`10.1145/1314690.1314696`.

    Examples
    --------
    >>> from coreselect import draw
    >>> selection = draw([10, 1, 1, 1, 1], 3, random_state=0)
    >>> selection.weights
    array([1., 2., 2.])
    """
    scores = check_nonnegative(scores, None, "scores")
    n_draws = check_size(size, len(scores), "size")
    OneOf(*DESIGNS)("design", design)
    if design == "multinomial":
        check_draws(n_draws, "size")
    if strata is not None:
        strata = stratum_codes(strata, len(scores), "strata")
    if base_weight is not None:
        base_weight = check_nonnegative(base_weight, len(scores), "base_weight")
    seed = draw_seed(random_state)
    selection = draw_with_seed(scores, n_draws, design, strata, base_weight, seed)
    record = record_of_draw(size, design, strata, base_weight, random_state)
    return recorded(selection, record)


def draw_with_seed(scores, size, design, strata, base_weight, seed):
    """Draw as `draw` does, with checked arguments and a seed that was drawn."""
    if design == "multinomial":
        drawn = _multinomial(in_range(scores), size, strata, seed)
    else:
        scores, scale, n_certain = water_fill(scores, size)
        if np.isinf(scale):
            every = np.flatnonzero(scores)
            drawn = every, np.ones(len(every)), np.ones(len(every))
        elif design == "priority":
            drawn = _priority(scores, size, scale, strata, seed)
        else:
            pick = {"pivotal": _pivotal, "systematic": _systematic, "poisson": _poisson}
            found = pick[design](scores, size, scale, n_certain, strata, seed)
            indices, hits = np.unique(found, return_counts=True)
            drawn = indices, hits, probabilities(scores[indices], scale)
    return weigh(*drawn, base_weight, len(scores))


def weigh(
    indices: Any,
    hits: Any,
    expected_hits: Any,
    base_weight: Floats | None,
    n_total: int,
) -> Selection:
    """Make a `Selection` with the weights input weight x hits / expected hits.

    Hits and expected hits are numbers or one per row of `indices`; `base_weight` is
    None or the input weights of all rows.
    """
    indices = np.asarray(indices, dtype=np.int64)
    ratio = np.broadcast_to(np.asarray(hits, dtype=np.float64), indices.shape)
    ratio = ratio / expected_hits
    order = np.argsort(indices, kind="stable")
    indices = indices[order]
    if base_weight is None:
        return Selection(indices, ratio[order], n_total)
    with np.errstate(over="ignore"):
        weights = base_weight[indices] * ratio[order]
    if np.isinf(weights).any():
        raise ValueError(
            f"base_weight is too large, up to {base_weight.max():.3g}: a drawn row "
            "would get a weight that overflows. Divide all weights by a constant."
        )
    return Selection(indices, weights, n_total)


def everything(base_weight, n_total):
    """Return the `Selection` of all rows of positive weight, with these weights."""
    if base_weight is None:
        return Selection(np.arange(n_total), np.ones(n_total), n_total)
    indices = np.flatnonzero(base_weight)
    return Selection(indices, base_weight[indices], n_total)


def stratum_codes(strata, n_rows, name):
    """Number the groups of rows 0, 1, ... in sorted order."""
    strata = as_array(strata, name)
    if strata.shape != (n_rows,):
        raise ValueError(
            f"{name} must hold one group for each of the {n_rows} rows, got an array "
            f"of shape {strata.shape}."
        )
    check_target(strata, n_rows, name)
    try:
        return np.unique(strata, return_inverse=True)[1]
    except TypeError:
        raise TypeError(
            f"{name} mixes types that cannot be sorted; convert it to strings first."
        ) from None


def class_codes(y, n_rows):
    """Number the classes of y 0, 1, ... in sorted order, for ``stratify=True``."""
    if y is None:
        raise ValueError(
            "stratify=True needs y: pass the classes, or use stratify=False."
        )
    if type_of_target(y).startswith("continuous"):
        raise ValueError(
            "stratify=True needs classes, but y holds numbers with fractions; cut "
            "them into classes (numpy.digitize), or use stratify=False."
        )
    return stratum_codes(y, n_rows, "y (with stratify=True)")


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
    return np.append(found, left[_pivot_strata(carries, seed)])


def _pivot_all(scores, scale, rng):
    """Apply pivotal sampling to all rows; draw uniforms in chunks to save memory."""
    found = []
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
