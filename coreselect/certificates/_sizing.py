"""The smallest size, on a fixed grid, at which a certificate holds."""

from __future__ import annotations

from math import ceil, isfinite, log

import numpy as np

from coreselect._typing import Checks
from coreselect._validation import OrNone, Real
from coreselect.certificates import _quadratic
from coreselect.certificates._certify import numeric_targets

EPSILON_CHECKS: Checks = {
    "epsilon": OrNone(Real(0, 1, strict=True)),
    "delta": Real(0, 1, strict=True),
}


def theory_size(total: float, rank: int, *, epsilon: float, delta: float) -> int:
    """Return ``3 total log(2 rank / delta) / epsilon**2`` rows, rounded up.

    Take this many independent draws by overestimates of leverage scores that add up to
    `total`. All sums of squares are then right up to a factor ``1 +- epsilon``, with
    probability ``1 - delta`` (matrix Chernoff bound). For other scores, the formula has
    the form of the theory, with the constant of leverage scores. An infinite total
    gives a huge number, which stands for all rows.
    """
    size = 3 * total * log(2 * max(1, rank) / delta) / epsilon**2
    return ceil(size) if isfinite(size) else 2**62


def sizes(n_rows):
    """Return the grid of sizes: rounded powers of ``sqrt(2)``, and `n_rows`."""
    # The grid does not depend on epsilon or on the data, so that the same seed gives
    # the same candidates. With its steps, the size found is too large by a
    # factor of at most 1.4.
    powers = np.round(2 ** (np.arange(2 * max(1, n_rows).bit_length() + 1) / 2))
    grid = np.unique(powers.astype(np.int64))
    return [*grid[grid < n_rows].tolist(), n_rows]


def first_certified(rows, choose, *, epsilon, objective, fit_intercept, alpha):
    """Return the first selection on the grid whose epsilon is at most `epsilon`.

    `choose(size)` makes a selection that numbers rows as `rows` does. `rows` have
    targets for ``"least_squares"`` and ``"ridge"``. The result is the size, the
    selection and its certificate.
    """
    if objective != "pca":
        numeric_targets(rows, "n_select='auto'")
    learned = _quadratic.learn(
        rows, objective=objective, fit_intercept=fit_intercept, alpha=alpha
    )
    for size in sizes(rows.subset().n_rows):
        selection = choose(size)
        found = _quadratic.certificate(learned, selection)
        if found.epsilon <= epsilon:
            break
    return size, selection, found
