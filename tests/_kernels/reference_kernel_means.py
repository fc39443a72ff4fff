"""Slow twins of the kernels of Stein thinning and of halving, in float64."""

import numpy as np


def stein_kernel(x, y, b, c, scale=1.0):
    """The Stein kernel of two rows with gradients b and c, for k = q**-0.5."""
    r = x - y
    q = 1.0 + r @ r / scale**2
    return (
        -3.0 * (r @ r) / scale**4 * q**-2.5
        + (len(x) + (b - c) @ r) / scale**2 * q**-1.5
        + b @ c * q**-0.5
    )


def stein_matrix(X, gradients, scale=1.0):
    pairs = zip(X, gradients, strict=True)
    return np.array(
        [
            [stein_kernel(x, y, b, c, scale) for y, c in zip(X, gradients, strict=True)]
            for x, b in pairs
        ]
    )


def stein_path(K0, n_steps, tie=1e-9):
    """Greedy steps by a matrix of Stein kernel values; squared discrepancies."""
    steps, squares = [], []
    for _ in range(n_steps):
        score = np.diagonal(K0) / 2 + K0[:, steps].sum(axis=1)
        size = np.diagonal(K0) / 2 + np.abs(K0[:, steps]).sum(axis=1)
        best = np.argmin(score)
        near = score <= score[best] + tie * size[best]
        steps.append(int(np.argmax(near)))
        squares.append(K0[np.ix_(steps, steps)].mean())
    return np.array(steps), np.array(squares)
