"""Streams: errors beside those of one fit to all rows, and time of `partial_fit`.

::

    python -m benchmarks.must_reach streams
    python -m benchmarks.streams 1000           # all methods on 1,000 batches, minutes
"""

import sys
import time
from functools import partial

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure
from benchmarks.quality import gram_error, whitening
from coreselect import (
    KMeansSensitivitySelector,
    LeverageSelector,
    LewisSelector,
    LogisticSelector,
    UniformSelector,
)

ROWS = 1000  # of a batch
COLUMNS = 8
SIZE = 500
SEEDS = 20
N_QUERIES = 40  # coefficients or sets of centres
CLUSTERS = 10
LONG = ("Lewis", "k-means")  # what is measured on 1,000 batches, too


def figures(options):
    """Yield ratios of errors, of fewer methods for long streams, then of times."""
    yield from errors(100)
    yield from errors(1000, LONG)
    yield from times(options.repeat)


def errors(n_batches, of=("",)):
    """Yield the errors of streams beside those of one fit, for measures `of` names."""
    for name, X in drifts(n_batches * ROWS):
        section = f"{SIZE} rows of a stream of {n_batches} x {ROWS}, {name}"
        for words, selector, error in measures(X):
            if not words.startswith(tuple(of)):
                continue
            once = np.mean([error(_fit(selector, X, s)) for s in range(SEEDS)])
            stream = np.mean([error(_stream(selector, X, s)) for s in range(SEEDS)])
            yield Figure(section, f"{words}, one fit", once)
            ratio = stream / once
            yield Figure(section, f"{words}, stream / fit", ratio, "x", at_most=1.3)


def drifts(n_rows):
    """Yield names and rows: in random order, and with means and lengths that move."""
    rng = np.random.default_rng(0)
    # Columns move apart from each other, so that their errors are nearly independent.
    X = rng.standard_t(4, size=(n_rows, COLUMNS))
    X += rng.normal(0, 4, size=(3, COLUMNS))[rng.integers(3, size=n_rows)]
    yield "rows at random", X
    when = np.linspace(0, 1, n_rows)[:, None]
    yield "drifting", X * (0.5 + 2 * when) + 10 * np.sin(6 * when)


def measures(X):
    """Yield what is measured, a selector, and a function of a selection: its error."""
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(COLUMNS, N_QUERIES)) / np.abs(X).mean()
    centers = rng.choice(X, size=(N_QUERIES, CLUSTERS), replace=False)
    sides = X @ seen
    costs = np.stack([_costs(X, c) for c in centers], axis=1)
    W = whitening(X)
    of = partial(partial, _error)
    yield "uniform: totals", UniformSelector(SIZE), of(np.abs(X))
    yield "leverage: Gram matrix", LeverageSelector(SIZE), partial(_gram_error, X, W)
    yield "Lewis: sums of |x @ c|", LewisSelector(SIZE, p=1), of(np.abs(sides))
    logistic = np.logaddexp(0.0, sides)
    yield "logistic: losses", LogisticSelector(SIZE), of(logistic)
    kmeans = KMeansSensitivitySelector(SIZE, n_clusters=CLUSTERS)
    yield "k-means: costs", kmeans, of(costs)


def _costs(X, centers):
    distances = (X**2).sum(axis=1)[:, None] - 2 * X @ centers.T
    return (distances + (centers**2).sum(axis=1)).min(axis=1)


def _gram_error(X, W, selection):
    return gram_error(X, selection, W)


def _error(values, selection):
    """Return the mean relative error of the totals of columns."""
    found = selection.weights @ values[selection.indices]
    return np.abs(found / values.sum(axis=0) - 1).mean()


def _fit(selector, X, seed):
    return (
        type(selector)(**selector.get_params())
        .set_params(random_state=seed)
        .fit_select(X)
    )


def _stream(selector, X, seed):
    stream = type(selector)(**selector.get_params()).set_params(random_state=seed)
    return _fed(stream, X).selection_


def _fed(estimator, X):
    for start in range(0, len(X), ROWS):
        estimator.partial_fit(X[start : start + ROWS])
    return estimator


def times(repeat):
    """Yield CPU times of 100 batches beside those of scikit-learn."""
    X = np.random.default_rng(0).normal(size=(100 * ROWS, 20))
    pairs = {
        "leverage / IncrementalPCA": (
            lambda: LeverageSelector(1000, random_state=0),
            IncrementalPCA,
            1.5,
        ),
        "k-means / MiniBatchKMeans": (
            lambda: KMeansSensitivitySelector(800, n_clusters=20, random_state=0),
            lambda: MiniBatchKMeans(20, n_init=1, random_state=0),
            3.0,
        ),
    }
    for name, (ours, theirs, limit) in pairs.items():
        spent = np.median(
            [[_seconds(make, X) for make in (ours, theirs)] for _ in range(repeat)],
            axis=0,
        )
        section = "partial_fit of 100 batches, 1,000 x 20, and selection_"
        yield Figure(section, f"CPU seconds, {name.split(' /')[0]}", spent[0], "s")
        yield Figure(section, name, spent[0] / spent[1], "x", at_most=limit)


def _seconds(make, X):
    # A second thread of the BLAS would spin on matrices as small as a batch's.
    with threadpool_limits(1):
        start = time.process_time()
        getattr(_fed(make(), X), "selection_", None)
        return time.process_time() - start


def main():
    """Print the figures; for a given number of batches, the errors of all methods."""
    from types import SimpleNamespace

    from benchmarks.figures import line

    asked = [errors(int(n_batches)) for n_batches in sys.argv[1:]]
    reached = True
    for found in asked or [figures(SimpleNamespace(repeat=5))]:
        for figure in found:
            print(figure.section, line(figure), flush=True)
            reached &= figure.reached is not False
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
