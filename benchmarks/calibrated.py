"""Calibrated weights: what they give related and other totals, and their time.

::

    python -m benchmarks.must_reach calibrate
"""

import numpy as np

from benchmarks.figures import Figure, medians
from coreselect import calibrate, draw

N_ROWS, SIZE, N_DRAWS = 20_000, 300, 400


def figures(options):
    """Yield errors after calibration over those before, then times."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(N_ROWS), rng.normal(size=(N_ROWS, 7))])
    X[:, 3:] = np.exp(X[:, 3:])  # skewed: linear calibration may give negative weights
    linear = X @ rng.normal(size=8)
    values = np.column_stack(
        [linear + 0.2 * rng.normal(size=N_ROWS), np.exp(X[:, 1]) * (X[:, 2] > 0)]
    )
    scores, totals, truth = rng.uniform(0.5, 2, N_ROWS), X.sum(axis=0), values.sum(0)
    section = f"{SIZE} of {N_ROWS:,} rows, calibrated on 8 totals"
    errors = {"drawn": [], "raking": [], "linear": []}
    n_negative = 0
    for seed in range(N_DRAWS):
        chosen = draw(scores, SIZE, design="poisson", random_state=seed)
        made = {"drawn": chosen, "raking": calibrate(chosen, X, totals)}
        try:
            made["linear"] = calibrate(chosen, X, totals, method="linear")
        except ValueError:  # a negative weight
            n_negative += 1
        for name, selection in made.items():
            errors[name].append(selection.estimate(values[chosen.indices]) - truth)
    spread = {name: np.std(found, axis=0) for name, found in errors.items()}
    bias = np.abs(np.mean(errors["raking"], axis=0)) / spread["raking"]
    for column, what in enumerate(("related total", "total of something else")):
        limit = 0.3 if column == 0 else 1.1
        for name in ("raking", "linear"):
            ratio = spread[name][column] / spread["drawn"][column]
            yield Figure(
                section, f"sd of a {what}, {name} / drawn", ratio, "x", at_most=limit
            )
        yield Figure(
            section, f"bias of a {what}, raking", bias[column], "sd", at_most=0.5
        )
    yield Figure(section, f"negative weights by linear, of {N_DRAWS} draws", n_negative)
    section = f"95 % intervals after calibration, {N_DRAWS} draws"
    for design in ("poisson", "pivotal", "priority", "multinomial"):
        inside = np.zeros(2)
        for seed in range(N_DRAWS):
            chosen = draw(scores, SIZE, design=design, random_state=seed)
            made = calibrate(chosen, X, totals)
            low, high = made.interval(values[chosen.indices])
            inside += (low < truth) & (truth < high)
        related, other = inside / N_DRAWS
        yield Figure(section, f"{design}: related total", related, at_least=0.92)
        yield Figure(section, f"{design}: something else, skewed", other)
    X = np.column_stack([np.ones(1_000_000), rng.normal(size=(1_000_000, 19))])
    chosen = draw(np.ones(len(X)), 50_000, random_state=0)
    calls = [lambda: calibrate(chosen, X), lambda: X.sum(axis=0)]
    ours, sums = medians(calls, options.repeat)
    section = "50,000 of 1,000,000 x 20 rows, calibrated on all columns"
    yield Figure(section, "seconds", ours, "s", at_most=1.0)
    yield Figure(section, "seconds, X.sum(axis=0)", sums, "s")
