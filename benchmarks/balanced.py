"""Balanced draws: time of the cube method, and what it gives a least-squares coreset.

::

    python -m benchmarks.must_reach balanced
"""

import tracemalloc

import numpy as np

from benchmarks.figures import Figure, medians
from coreselect import draw
from coreselect.linalg import leverage_scores

N_DRAWS = 20


def figures(options):
    """Yield times for 10 columns, then errors of balanced over those of pivotal."""
    rng = np.random.default_rng(0)
    for n_rows, at_most in ((200_000, 0.6), (1_000_000, 3.0)):
        columns, scores = rng.normal(size=(n_rows, 9)), rng.random(n_rows)

        def cube(scores=scores, columns=columns):
            return draw(scores, 1000, balance=columns, random_state=0)

        (seconds,) = medians([cube], options.repeat)
        section = f"draw 1,000 of {n_rows:,}, balanced on 9 columns and the size"
        yield Figure(section, "seconds", seconds, "s", at_most=at_most)
    section = "memory of a draw balanced on 10 columns"
    grown = _peak(400_000) - _peak(200_000)
    yield Figure(section, "bytes for each row more", grown / 200_000, "B", at_most=8.5)
    for name, X in (
        ("normal", rng.normal(size=(20_000, 8))),
        ("t_3", rng.standard_t(3, size=(20_000, 8))),
    ):
        y = X @ rng.normal(size=8) + rng.standard_t(5, size=len(X))
        section = f"500 of 20,000 x 8 rows by leverage, {name}"
        pivotal, balanced = _errors(X, y, "pivotal"), _errors(X, y, "balanced")
        for what, before, after, limit in zip(
            ("spectral error of the Gram matrix", "excess of least squares"),
            pivotal,
            balanced,
            (0.25, 0.15),
            strict=True,
        ):
            yield Figure(section, f"{what}, pivotal", before, "")
            yield Figure(section, f"{what}, balanced", after, "")
            ratio = after / before
            yield Figure(
                section, f"{what}, balanced / pivotal", ratio, "x", at_most=limit
            )


def _peak(n_rows):
    """Return the most that a draw allocates, beside its arguments, in bytes."""
    rng = np.random.default_rng(0)
    columns, scores = rng.normal(size=(n_rows, 10)), rng.random(n_rows)
    draw(scores[:1000], 100, balance=columns[:1000], random_state=0)  # compiles
    tracemalloc.start()
    draw(scores, 1000, balance=columns, random_state=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _errors(X, y, design):
    """Return the mean error of the Gram matrix of [X y], and the mean excess."""
    A = np.column_stack([X, y])
    upper = np.linalg.qr(A, mode="r")
    whitened = np.linalg.solve(upper.T, A.T).T
    # Uniform scores beside leverage keep weights small where leverage is next to none.
    scores = leverage_scores(A) / A.shape[1] + 1 / len(A)
    rows, columns = np.triu_indices(A.shape[1])
    products = whitened[:, rows] * whitened[:, columns]
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    least = np.square(y - X @ best).sum()
    errors = np.empty((N_DRAWS, 2))
    for seed in range(N_DRAWS):
        balance = products if design == "balanced" else None
        chosen = draw(scores, 500, balance=balance, random_state=seed)
        part = whitened[chosen.indices]
        gram = part.T @ (part * chosen.weights[:, None])
        root = np.sqrt(chosen.weights)
        fit = np.linalg.lstsq(
            X[chosen.indices] * root[:, None], y[chosen.indices] * root, rcond=None
        )[0]
        errors[seed] = (
            np.abs(np.linalg.eigvalsh(gram) - 1).max(),
            np.square(y - X @ fit).sum() / least - 1,
        )
    return errors.mean(axis=0)
