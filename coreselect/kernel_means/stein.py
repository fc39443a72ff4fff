"""Stein thinning: rows whose mean is near that of a distribution known by its score.

With the score function ``b = grad log p`` and a base kernel k, the Stein kernel is

    k0(x, y) = div_x grad_y k + b(x) . grad_y k + b(y) . grad_x k + b(x) . b(y) k

Its mean over p is zero, so the squared kernel Stein discrepancy (KSD) of m rows is the
mean of k0 over all pairs of them. Here k is the inverse multiquadric
``(1 + |x - y|**2 / l**2) ** -0.5`` with the length scale l.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coreselect._kernels.norms import row_sq_norms
from coreselect._kernels.stein import add_stein_values
from coreselect._numbers import chunk_size
from coreselect._threads import run_chunks
from coreselect._typing import Floats, Integers

_TIE = 1e-9  # relative to the size of the terms; among ties, the lowest row wins
_ROUNDING = 1e-13  # variances below this share of the largest are rounding


class SteinPath(NamedTuple):
    """Rows that were added one by one, with repeats.

    Attributes
    ----------
    steps : ndarray of int64 of shape (n_steps,)
    discrepancy : ndarray of shape (n_steps,)
        The KSD after each step, times the length scale.
    """

    steps: Integers
    discrepancy: Floats


def stein_path(X: Floats, gradients: Floats, n_steps: int, factor: float) -> SteinPath:
    """Add the row that lowers the KSD most, again and again; rows may come again.

    Parameters
    ----------
    X : ndarray of float64 of shape (n_rows, n_features)
    gradients : ndarray of float64 of shape (n_rows, n_features)
        The score function at each row.
    n_steps : int
    factor : float
        One over the square of the length scale.

    Notes
    -----
    O(n_steps n d) time and O(n) memory. With the pairs of the rows so far, a row adds
    ``2 (k0(x, x) / 2 + sum k0(x, .))`` to the square of m times the KSD.
    """
    n, d = X.shape
    with np.errstate(over="ignore", invalid="ignore"):
        sums = (row_sq_norms(gradients) / factor + d) / 2.0
        largest = float(sums.max() * n_steps)
    if not np.isfinite(largest):
        raise ValueError(
            "gradients are too large beside the length scale: their squares are not "
            "finite in float64. Scale X and gradients, or leave these rows out."
        )
    sizes = sums.copy()
    steps, totals, total = np.empty(n_steps, dtype=np.int64), np.empty(n_steps), 0.0
    for step in range(n_steps):
        best = int(np.argmin(sums))
        pick = int(np.argmax(sums <= sums[best] + _TIE * sizes[best]))
        total += 2.0 * sums[pick]
        steps[step], totals[step] = pick, total
        row = np.stack([X[pick], gradients[pick]])

        def work(start, stop, row=row):
            near = (values[start:stop] for values in (sums, sizes))
            part = X[start:stop], gradients[start:stop]
            add_stein_values(*part, row, factor, *near)

        run_chunks(work, n, chunk_size(2 * d))
    roots = np.sqrt(np.maximum(totals, 0.0))
    return SteinPath(steps, roots / np.arange(1, n_steps + 1))


def gaussian_scores(X: Floats, weight: Floats) -> Floats:
    """Return the score function of a Gaussian fitted to weighted rows.

    It is ``-inverse(S) (x - mean)`` with the covariance S. Where columns depend on each
    other, the correlation matrix has its pseudo-inverse in place of the inverse, so the
    units of the columns do not matter. Constant columns get zeros.
    """
    # About entries of X itself, so that constant columns vanish exactly.
    n = len(X)
    moved = X - np.median(X[: n - 1 + n % 2], axis=0)
    moved -= weight @ moved / weight.sum()
    covariance = (moved.T * (weight / weight.sum())) @ moved
    deviation = np.sqrt(np.diagonal(covariance))
    used = np.flatnonzero(deviation > _ROUNDING * np.abs(X).max(axis=0))
    units = deviation[used]
    values, vectors = np.linalg.eigh(
        covariance[np.ix_(used, used)] / np.outer(units, units)
    )
    kept = values > _ROUNDING * len(values) * values.max(initial=0.0)
    roots = vectors[:, kept] / np.sqrt(values[kept]) / units[:, None]
    out = np.zeros_like(X)
    out[:, used] = -((moved[:, used] @ roots) @ roots.T)
    return out
