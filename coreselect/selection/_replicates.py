"""Replicates of weights: the rescaled bootstrap of Rao and Wu (1988), by design."""

from __future__ import annotations

import numpy as np

from coreselect._typing import Floats
from coreselect.selection._design import SamplingDesign
from coreselect.selection._variances import grouped, rounding, uncertain

_REFUSED = {
    "systematic": "a systematic draw is more even than any that replicates follow",
    "balanced": "a balanced draw keeps totals that replicates would not keep",
    "projection": "a projection DPP spreads its rows, which replicates do not follow",
}


def replicate_factors(
    design: SamplingDesign, n_replicates: int, rng: np.random.Generator
) -> Floats:
    """Return factors of the weights, of shape (n_replicates, n_selected).

    They are positive or zero, with mean 1. Rows that were certain keep 1.
    """
    _check(design)
    factors = np.ones((n_replicates, len(design)))
    if design.name in ("poisson", "priority"):
        # Rows are independent, so their number varies too.
        root = np.sqrt(np.maximum(0.0, 1 - design.expected))
        return factors + root * (rng.poisson(1.0, factors.shape) - 1)
    if design.name == "multinomial":
        hits = np.ones(len(design)) if design.hits is None else design.hits
        rows = np.arange(len(design))
        rows = rows if design.strata is None else rows[design.strata >= 0]
        counts = mass = hits.astype(float)
    else:
        rows = uncertain(design)
        counts, mass = np.ones(len(design)), 1 - design.expected
    if not len(rows):
        return factors
    rows, starts = grouped(design, rows, counts)
    for group in np.split(rows, starts[1:]):
        # Neighbours in the order are alike: each two of them are a stratum.
        size = 2 if design.name == "pivotal" else len(group)
        for part in np.split(group, np.arange(size, len(group) - 1, size)):
            factors[:, part] = _resampled(mass[part], counts[part], n_replicates, rng)
    if design.name != "random":
        _round_anew(factors, design, rows, starts, counts, rng)
    return factors


def _round_anew(factors, design, rows, starts, counts, rng):
    """Let the numbers of rows of strata, or of all rows, vary as they did in the draw.

    Their deviations go up or down by a standard deviation.
    """
    share = rounding(design, rows, starts)
    if not share.any():
        return
    change = np.sqrt(share) * rng.choice([-1.0, 1.0], size=(len(factors), len(share)))
    if design.strata is not None:  # the total does not vary
        n_rounded = np.count_nonzero(share)
        change *= np.sqrt(n_rounded / (n_rounded - 1))
        change -= change.sum(axis=1, keepdims=True) * (share / share.sum())
    lengths = np.diff(np.append(starts, len(rows)))
    sizes = np.add.reduceat(counts[rows], starts)
    factors[:, rows] *= np.maximum(0.0, 1 + np.repeat(change / sizes, lengths, axis=1))


def _check(design):
    why = _REFUSED.get(design.name)
    if design.calibrated is not None:
        why = (
            "the weights are calibrated: replicate those before it, and calibrate each"
        )
    elif design.earlier is not None:
        why = "the rows were drawn in two phases, of which replicates follow only one"
    if why:
        raise ValueError(
            f"there are no replicate weights for this selection, since {why}; "
            "covariance and interval know this design."
        )


def _resampled(mass, counts, n_replicates, rng):
    """Draw rows in proportion to `mass` with replacement; return rescaled factors.

    The covariance matrix of the sums of z over replicates is ``k / (k - 1)`` times the
    sum of ``mass (z / counts - mean)**2``, for a stratum of k rows or hits.
    """
    k, total = counts.sum(), mass.sum()
    # With n draws, a factor is at least 1 - scale * n * mass / (total * counts). The
    # largest n that keeps it above zero is k - 1 if no row is near certain.
    room = (counts / mass).min()
    n_draws = max(1, int((k - 1) / k * total * room**2 * (1 + 1e-12)))
    scale = min(np.sqrt(k * total / ((k - 1) * n_draws)), total * room / n_draws)
    drawn = rng.multinomial(n_draws, mass / total, size=n_replicates)
    factors = 1 + scale * (drawn - n_draws * mass / total) / counts
    return np.maximum(0.0, factors)
