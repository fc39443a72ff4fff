"""Synthetic rows on the line through two rows."""

import numpy as np

from coreselect._kernels._jit import jit


@jit
def interpolate(X, base, neighbor, step, shrink, out):
    """Write ``x_base + step * (shrink * (x_neighbor - x_base))`` into `out`.

    Operations and rounding are those of NumPy: the difference is computed in the
    precision of `X`, the rest in float64. An empty `shrink` stands for ones. If the
    difference overflows, the mean ``(1 - t) x_base + t x_neighbor`` is used instead.
    """
    # Rows equal those that imbalanced-learn computes with NumPy, bit for bit. So every
    # step is rounded where NumPy rounds it. Only numbers of opposite signs near the end
    # of the range have a difference that overflows.
    shrinks = len(shrink) > 0
    for i in range(len(base)):
        a, b, t = base[i], neighbor[i], step[i]
        for j in range(X.shape[1]):
            gap = X[b, j] - X[a, j]
            if not np.isfinite(gap):
                s = t * shrink[i] if shrinks else t
                out[i, j] = (1.0 - s) * X[a, j] + s * X[b, j]
            elif shrinks:
                out[i, j] = gap * shrink[i]  # stored to round to the type of `out`
                out[i, j] = X[a, j] + t * out[i, j]
            else:
                out[i, j] = X[a, j] + t * gap


def warmup():
    """Compile the kernels of this file that other rooms call."""
    first, step, gaps = np.zeros(1, dtype=np.int64), np.full(1, 0.5), np.empty(0)
    for array in (first, step, gaps):  # recipes hold read-only arrays: another type
        array.flags.writeable = False
    interpolate(np.eye(2), first, first, step, gaps, np.empty((1, 2)))
