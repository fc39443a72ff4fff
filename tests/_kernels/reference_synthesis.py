"""A slow twin of the kernel that interpolates."""

import numpy as np


def interpolate(X, base, neighbor, step, shrink):
    gap = X[neighbor] - X[base]
    if len(shrink):
        gap = (gap * shrink[:, np.newaxis]).astype(X.dtype)
    return (X[base] + step[:, np.newaxis] * gap).astype(X.dtype)
