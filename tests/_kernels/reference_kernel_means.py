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


def sign_pairs(K, uniforms, turn=1.0):
    """The self-balancing walk over consecutive pairs, by sums over earlier pairs.

    With ``turn=-1.0`` it is wrong: it makes means less equal.
    """
    n = len(K)
    factor, spread, signs = 2 * np.log(4 * n), 0.0, np.zeros(n)
    for a in range(0, n, 2):
        b = a + 1
        square = max(K[a, a] - 2 * K[a, b] + K[b, b], 0.0)
        reach = max(np.sqrt(spread * square * factor), square)
        if spread == 0:
            spread = square
        elif reach > 0:
            more = 1 + (square / reach - 2) * spread / reach
            spread += square * max(0.0, more)
        excess = sum(signs[j] * (K[b, j] - K[a, j]) for j in range(a))
        kept_b = uniforms[a // 2] < (1 - turn * excess / (reach or 1.0)) / 2
        signs[a], signs[b] = (-1, 1) if kept_b else (1, -1)
    return signs


def flip_pairs(K, signs):
    """One pass of exchanges that lower the squared distance of the two means."""
    signs, count = signs.copy(), 0
    for a in range(0, len(K), 2):
        other = signs.copy()
        other[[a, a + 1]] *= -1
        lower = signs @ K @ signs - 4e-9 * (K[a, a] + K[a + 1, a + 1])
        if other @ K @ other < lower:
            signs, count = other, count + 1
    return signs, count
