"""Non-negative weights whose mean is nearest to the mean of all rows."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky
from scipy.optimize import nnls

from coreselect._typing import Floats

# Added to the diagonal, relative to its mean, so that the factor exists and weights of
# rows that are almost alike do not turn on the last bits. Larger ones where needed.
_JITTERS = (1e-10, 1e-8, 1e-6)


def simplex_weights(gram: Floats, values: Floats, square: float) -> Floats:
    """Return the non-negative weights of sum one with the least discrepancy.

    Parameters
    ----------
    gram : ndarray of shape (m, m)
        The kernel matrix of some rows.
    values : ndarray of shape (m,)
        Products of these rows and the mean of all rows.
    square : float
        The squared length of that mean.

    Raises
    ------
    ValueError
        If the kernel matrix has a negative eigenvalue.

    Notes
    -----
    O(m^3). With G the kernel matrix of the rows minus the mean, weights of sum one have
    the squared discrepancy ``w'Gw``. Let u >= 0 minimise ``u'Gu + s (sum(u) - 1)**2``
    for any s > 0. For ``u = t w``, the best t leaves ``s a / (s + a)`` with ``a =
    w'Gw``. This rises with a, so ``u / sum(u)`` has the least a, exactly.
    """
    centred = about_mean(gram, values, square)
    scale = float(np.mean(np.diagonal(gram))) or 1.0
    factor = _factor(centred, scale)
    root = np.sqrt(scale)
    rows = np.vstack([factor, np.full(len(gram), root)])
    wanted = np.append(np.zeros(len(gram)), root)
    found, _ = nnls(rows, wanted, maxiter=10 * len(gram) + 100)
    return found / found.sum()


def about_mean(gram: Floats, values: Floats, square: float) -> Floats:
    """Return the kernel matrix of rows minus the mean of all rows."""
    return gram - values[:, None] - values + square


def _factor(matrix, scale):
    for jitter in _JITTERS:
        moved = matrix + jitter * scale * np.eye(len(matrix))
        try:
            return cholesky(moved, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            continue
    raise ValueError(
        "kernel has a negative eigenvalue, so it measures no distance; use a positive "
        "semi-definite one."
    )
