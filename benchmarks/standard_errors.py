"""Standard errors: how often intervals hold the truth, design by design.

::

    python -m benchmarks.must_reach standard_errors
    python -m benchmarks.standard_errors 30     # a table for another size
"""

import sys

import numpy as np

from benchmarks.figures import Figure
from coreselect import draw

DESIGNS = "pivotal systematic balanced poisson priority multinomial".split()
ORDERS = "shuffled sorted".split()
VALUES = "linear curved binary".split()
N_ROWS = 40_000  # systematic draws need many rows per drawn row


def population():
    """Return scores, a balancing column and three columns of values, sorted by x."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.normal(size=N_ROWS))
    noise = rng.normal(size=(3, N_ROWS))
    scores = np.exp(0.3 * x + 0.3 * noise[0])
    linear = 3 + x + 0.5 * noise[1]
    curved = scores * (2 + np.sin(2 * x) + 0.5 * noise[1])
    binary = x + noise[2] > 0.5
    return scores, x, np.column_stack([linear, curved, binary])


def coverage(design, order, size=100, n_draws=1500, confidence=0.95):
    """Return how often intervals hold each total, and estimated over true variance."""
    scores, x, values = population()
    total = values.sum(axis=0)
    rng = np.random.default_rng(1)
    inside, variance, estimates = [], [], []
    for seed in range(n_draws):
        if order == "shuffled":  # anew, as few systematic draws of one order differ
            mixed = rng.permutation(N_ROWS)
            scores, x, values = scores[mixed], x[mixed], values[mixed]
        balance = x if design == "balanced" else None
        chosen = draw(scores, size, design=design, balance=balance, random_state=seed)
        part = values[chosen.indices]
        low, high = chosen.interval(part, confidence)
        estimate, std = chosen.estimate(part, return_std=True)
        inside.append((low <= total) & (total <= high))
        variance.append(std**2)
        estimates.append(estimate)
    ratio = np.mean(variance, axis=0) / np.var(estimates, axis=0)
    return np.mean(inside, axis=0), ratio


def figures(options):
    """Yield the coverage of intervals of 95 %, over 1,500 draws each."""
    for design in DESIGNS:
        section = f"intervals of 95 %, 100 of {N_ROWS:,} rows, {design}"
        for order in ORDERS:
            held, ratio = coverage(design, order)
            for name, share, times in zip(VALUES, held, ratio, strict=True):
                what = f"{order}, {name} values: coverage"
                yield Figure(section, what, share, at_least=0.93)
                yield Figure(section, f"{what} beyond 97 %", share - 0.97, at_most=0)
                yield Figure(section, "estimated / true variance", times, "x")


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for design in DESIGNS:
        for order in ORDERS:
            held, ratio = coverage(design, order, size)
            print(f"{design:12}{order:10}{held.round(3)}  {ratio.round(2)}", flush=True)
