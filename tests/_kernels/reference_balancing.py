"""The cube method and k-d order, the slow way."""

import numpy as np


def cube(chances, columns, uniforms, landing, *, fair=False):
    """Return the rows that a balanced draw selects, ascending.

    ``columns[k]`` holds x / probability. The same steps as the kernels, with a solution
    of linear equations anew for each. With `fair`, a wrong coin decides: one half
    instead of the share that keeps the means.
    """
    chances = np.array(chances, dtype=float)
    p = columns.shape[1]
    active = []

    def move(rows, direction, uniform):
        with np.errstate(divide="ignore"):
            ups = np.where(direction > 0, 1 - chances[rows], chances[rows])
            downs = np.where(direction > 0, chances[rows], 1 - chances[rows])
            size = np.abs(direction)
            up, down = (ups / size).min(), (downs / size).min()
        rises = uniform < 0.5 if fair else uniform * (up + down) < down
        chances[rows] += direction * (up if rises else -down)
        nearest = np.round(chances[rows])
        done = np.abs(chances[rows] - nearest) < 1e-9
        chances[np.array(rows)[done]] = nearest[done]

    for k in range(len(chances)):
        active = [row for row in active if 0 < chances[row] < 1]
        basis = columns[active].T
        weights = np.linalg.lstsq(basis, columns[k], rcond=None)[0]
        if np.abs(basis @ weights - columns[k]).max() < 1e-8:
            move([*active, k], np.append(-weights, 1.0), uniforms[k])
        active.append(k)
    for c in range(p - 1, -1, -1):
        active = [row for row in active if 0 < chances[row] < 1]
        kept = columns[active, :c].T
        if active and np.linalg.matrix_rank(kept, tol=1e-8) < len(active):
            away = np.linalg.svd(kept)[2][-1] if c else np.ones(1)
            # The direction along which column c falls.
            move(active, -away / (columns[active, c] @ away), landing[c])
    return np.flatnonzero(chances > 0.5)


def leaf_order(values, rows=None):
    """Return rows in the order of the leaves of a k-d tree, by recursion."""
    rows = list(range(len(values))) if rows is None else rows
    spread = np.ptp(values[rows], axis=0) if rows else np.zeros(1)
    if not spread.max():
        return rows
    column = np.argmax(spread)
    rows = sorted(rows, key=lambda row: values[row, column])
    half = (len(rows) + 1) // 2
    return leaf_order(values, rows[:half]) + leaf_order(values, rows[half:])
