"""Squared norms of the rows of dense arrays."""

import numpy as np

from coreselect._kernels._jit import SUMS, jit


@jit(fastmath=SUMS)
def row_sq_norms(X):
    """Compute the squared norm of every row of `X`, accumulated in float64."""
    # `np.einsum` would accumulate float32 rows in float32, and a copy in float64 would
    # take twice the memory of the rows.
    n, d = X.shape
    out = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(d):
            total += np.float64(X[i, j]) * np.float64(X[i, j])
        out[i] = total
    return out


def warmup():
    """Compile the kernels of this file that other rooms call."""
    row_sq_norms(np.eye(2))
