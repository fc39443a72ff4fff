"""Balanced draws: time of the cube method, and what it gives a least-squares coreset.

::

    python -m benchmarks.must_reach balanced
    python -m benchmarks.balanced                # the table of README: data x designs
"""

import time
import tracemalloc

import numpy as np

from benchmarks import data
from benchmarks.data import DataUnavailable
from benchmarks.figures import Figure, medians
from benchmarks.quality import gram_error, whitening, with_intercept
from coreselect import (
    LeverageSelector,
    UniformSelector,
    draw,
    inclusion_probabilities,
)
from coreselect.linalg import leverage_scores

N_DRAWS = 20
N_COUNTED = 20_000  # draws in which rows are counted
REAL = ("diamonds", "covtype", "hipparcos", "adult")
ERRORS = ("spectral error of the Gram matrix", "excess of least squares")
LIMITS = (0.25, 0.15)  # of balanced draws, beside pivotal ones


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
    yield Figure(
        f"12 of 60 rows, balanced on 3 columns, {N_COUNTED:,} draws",
        "largest |z| of a row's count",
        _largest_z(),
        at_most=4.5,
    )
    for name, X, y in _simulated():
        section = f"500 of 20,000 x 8 rows by leverage of [X y], {name}"
        pivotal, balanced = _errors(X, y, "pivotal"), _errors(X, y, "balanced")
        yield from _beside(section, pivotal, balanced)
        section = f"500 of 20,000 x 8 rows by LeverageSelector, {name}"
        pivotal, balanced = (
            measured(LeverageSelector(500, design=design), X, y, N_DRAWS)
            for design in ("pivotal", "balanced")
        )
        yield from _beside(section, pivotal[:2], balanced[:2])
        yield Figure(section, "CPU seconds to fit, balanced", balanced[2], "s")


def _largest_z():
    """Return how far the counts of rows are from their inclusion probabilities."""
    rng = np.random.default_rng(1)
    scores, columns = rng.lognormal(size=60), rng.standard_t(3, size=(60, 3))
    chances, counts = inclusion_probabilities(scores, 12), np.zeros(60)
    for seed in range(N_COUNTED):
        counts[draw(scores, 12, balance=columns, random_state=seed).indices] += 1
    spread = np.sqrt(N_COUNTED * chances * (1 - chances))
    off = np.abs(counts - N_COUNTED * chances)
    # Certain rows must be in every draw.
    return float(np.max(off / np.where(chances < 1, spread, 1e-9)))


def _beside(section, pivotal, balanced):
    """Yield errors of two designs and their ratios."""
    for what, before, after, limit in zip(
        ERRORS, pivotal, balanced, LIMITS, strict=True
    ):
        yield Figure(section, f"{what}, pivotal", before, "")
        yield Figure(section, f"{what}, balanced", after, "")
        ratio = after / before
        yield Figure(section, f"{what}, balanced / pivotal", ratio, "x", at_most=limit)


def _simulated():
    """Yield names, rows and targets."""
    rng = np.random.default_rng(0)
    for name, X in (
        ("normal", rng.normal(size=(20_000, 8))),
        ("t_3", rng.standard_t(3, size=(20_000, 8))),
    ):
        yield name, X, X @ rng.normal(size=8) + rng.standard_t(5, size=len(X))


def _real():
    """Yield names, rows and targets; the first class is one, the others zero."""
    for name in REAL:
        try:
            X, y = data.load(name)
        except DataUnavailable as reason:
            print(f"{name}: skipped, {reason}")
            continue
        if y is not None and (name == "covtype" or y.dtype.kind == "O"):
            y = (y == np.unique(y)[0]).astype(float)
        yield name, with_intercept(data.numeric(X)), y


def measured(selector, X, y, n_draws):
    """Return mean errors of the Gram matrix and of least squares, and the time to fit.

    The second is NaN without a target. The time is in CPU seconds, which a busy machine
    does not lengthen.
    """
    start = time.process_time()
    fitted = selector.set_params(random_state=0).fit(X, y)
    seconds = time.process_time() - start
    white = whitening(X)
    if y is not None:
        best = np.linalg.lstsq(X @ white, y, rcond=None)[0]
        least = np.square(y - X @ white @ best).sum()
    errors = np.full((n_draws, 2), np.nan)
    for seed in range(n_draws):
        chosen = fitted.select(random_state=seed)
        errors[seed, 0] = gram_error(X, chosen, white)
        if y is not None:
            root = np.sqrt(chosen.weights)
            part = chosen.take(X) @ white * root[:, None]
            fit = np.linalg.lstsq(part, chosen.take(y) * root, rcond=None)[0]
            errors[seed, 1] = np.square(y - X @ white @ fit).sum() / least - 1
    return *errors.mean(axis=0), seconds


def table(size=1000, n_draws=5):
    """Print errors and seconds for uniform rows and for two designs by leverage."""
    selectors = {
        "uniform": UniformSelector(size),
        "leverage": LeverageSelector(size),
        "leverage, balanced": LeverageSelector(size, design="balanced"),
    }
    few = np.random.default_rng(0).normal(size=(40, 3))
    LeverageSelector(20, design="balanced").fit(few)  # compiles
    print(
        f"{size:,} rows, {n_draws} draws: Gram error, excess loss, CPU seconds to fit"
    )
    for name, X, y in (*_simulated(), *_real()):
        for method, selector in selectors.items():
            gram, excess, seconds = measured(selector, X, y, n_draws)
            print(f"{name:10} {method:20} {gram:8.3g} {excess:9.2g} {seconds:7.2f} s")


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


if __name__ == "__main__":
    table()
