"""Selectors that cover rows, by the criteria of all of them.

``python -m benchmarks.criteria`` takes half a minute. For m rows of handwritten digits:
the radius (largest distance to the nearest selected row), the mean of these distances,
the distance of the two nearest selected rows, the mean discrepancy of the selection
with its weights, and the share of right answers if the selected rows are labelled and
the others get the label of the nearest. Methods that draw, or start at random, are
averaged over ten seeds.
"""

import argparse
import sys

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from coreselect import (
    DiversitySelector,
    DPPSelector,
    FacilityLocationSelector,
    GreedyDPPSelector,
    HerdingSelector,
    KCenterSelector,
    KernelThinningSelector,
    PrototypeSelector,
    UniformSelector,
)
from coreselect.metrics import mean_discrepancy
from coreselect.neighbors import rbf_gamma

SEEDS = range(10)


def selectors(size, gamma):
    """Yield names and functions that make a selector for a seed."""
    yield "uniform", lambda seed: UniformSelector(size, random_state=seed)
    yield "k-DPP", lambda seed: DPPSelector(size, gamma=gamma, random_state=seed)
    yield "greedy DPP", lambda seed: GreedyDPPSelector(size, gamma=gamma)
    yield "k-center", lambda seed: KCenterSelector(size)
    yield (
        "k-center, 5 % outliers",
        lambda seed: KCenterSelector(size, n_outliers=90),
    )
    yield "diversity", lambda seed: DiversitySelector(size)
    yield "facility location", lambda seed: FacilityLocationSelector(size)
    yield "prototypes", lambda seed: PrototypeSelector(size, random_state=seed)
    yield "herding", lambda seed: HerdingSelector(size)
    yield (
        "kernel thinning",
        lambda seed: KernelThinningSelector(size, random_state=seed),
    )


def judged(selection, X, y, gamma):
    """Return the five criteria."""
    chosen = X[selection.indices]
    far = cdist(X, chosen)
    right = y[selection.indices][far.argmin(axis=1)] == y
    far = far.min(axis=1)
    discrepancy = mean_discrepancy(selection, X, gamma=gamma)
    return far.max(), far.mean(), pdist(chosen).min(), discrepancy, right.mean()


class Digits:
    """asv: the criteria of 50 digits, the mean over the seeds."""

    params = (
        [name for name, _ in selectors(50, 1.0)],
        ["radius", "mean distance", "separation", "MMD", "right answers"],
    )
    param_names = ("selector", "criterion")

    def track_digits(self, name, criterion):
        X, y = load_digits(return_X_y=True)
        gamma, _ = rbf_gamma(None, len(X), X.__getitem__)
        make = dict(selectors(50, gamma))[name]
        at = self.params[1].index(criterion)
        found = [judged(make(seed).fit_select(X), X, y, gamma)[at] for seed in SEEDS]
        return float(np.mean(found))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[20, 50, 100])
    options = parser.parse_args(arguments)
    X, y = load_digits(return_X_y=True)
    gamma, _ = rbf_gamma(None, len(X), X.__getitem__)
    for size in options.sizes:
        print(f"digits, {size} rows: radius, mean distance, closest, MMD, 1-NN")
        for name, make in selectors(size, gamma):
            with threadpool_limits(1):
                found = [
                    judged(make(seed).fit_select(X), X, y, gamma) for seed in SEEDS
                ]
            radius, far, closest, discrepancy, right = np.mean(found, axis=0)
            print(
                f"  {name:22} {radius:6.1f} {far:6.1f} {closest:6.1f} "
                f"{discrepancy:7.4f} {right:6.3f}"
            )


if __name__ == "__main__":
    sys.exit(main())
