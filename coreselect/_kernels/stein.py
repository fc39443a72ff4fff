"""Values of the Stein kernel between one row and all rows."""

import numpy as np

from coreselect._kernels._jit import jit


@jit
def add_stein_values(X, gradients, row, factor, sums, sizes):
    """Add the Stein kernel of one row and each row to `sums`, sizes to `sizes`.

    ``row[0]`` is the row, ``row[1]`` its gradient. The base kernel is ``(1 + factor |x
    - y|**2) ** -0.5``. Values are divided by `factor`, so that those of rows near each
    other are near one at any length scale.
    """
    # No fused or reordered sums: rows that are copies get the same value to the bit.
    n, d = X.shape
    for i in range(n):
        square, across, inner = 0.0, 0.0, 0.0
        for j in range(d):
            gap = X[i, j] - row[0, j]
            square += gap * gap
            across += (gradients[i, j] - row[1, j]) * gap
            inner += gradients[i, j] * row[1, j]
        square *= factor
        root = 1.0 / np.sqrt(1.0 + square)
        cube = root * root * root
        value = inner / factor * root + (d + across) * cube
        value -= 3.0 * square * cube * root * root
        sums[i] += value
        sizes[i] += abs(value)


def warmup():
    """Compile the kernels of this file that other rooms call."""
    add_stein_values(np.eye(2), np.eye(2), np.eye(2), 1.0, np.zeros(2), np.zeros(2))
