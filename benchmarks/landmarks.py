"""Landmarks: what kernel features miss, and how a ridge fit on them predicts.

``python -m benchmarks.landmarks`` takes a minute. Every method picks m rows of a
training set; the features are those of `coreselect.Landmarks` with an rbf kernel, whose
gamma is 1 / the median squared distance. In percent: the share of the trace of the
kernel that they miss, the most that they miss of k(x, x) for one row, and the error of
a ridge fit on other rows (wrong classes, or variance that is not explained). The last
number is the variational bound of a Gaussian process with the landmarks as inducing
points, for each row, with a noise of 0.1 beside targets of variance 1. Random methods
are averaged over ten seeds.
"""

import argparse
import sys

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks import data
from coreselect import (
    DPPSelector,
    FacilityLocationSelector,
    GreedyDPPSelector,
    HerdingSelector,
    KCenterSelector,
    Landmarks,
    LeverageSelector,
    PrototypeSelector,
    UniformSelector,
)

SIZES = 50, 200
SEEDS = range(10)
ALPHAS = 10.0 ** np.arange(-7, 2)


def diamonds():
    """Standardised measures of 6,000 diamonds; the logarithm of the price."""
    X, y = data.load("diamonds")
    some = np.random.default_rng(0).permutation(len(X))[:6000]
    return StandardScaler().fit_transform(data.numeric(X)[some]), np.log(y[some])


def simulated(name):
    """Rows with heavy tails, or in clusters, and a smooth target with noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6000, 6))
    if name == "clusters":
        X += 3 * rng.standard_normal((40, 6))[rng.integers(0, 40, 6000)]
    else:
        X /= np.sqrt(rng.chisquare(3, (6000, 1)) / 3)
    y = np.sin(X[:, 0]) + np.tanh(X[:, 1] * X[:, 2]) + 0.1 * rng.standard_normal(6000)
    return StandardScaler().fit_transform(X), y


def data_sets():
    """Yield names, rows and targets; classes are integers."""
    yield "digits", *load_digits(return_X_y=True)
    try:
        yield "diamonds", *diamonds()
    except data.DataUnavailable as reason:
        print(f"diamonds: skipped, {reason}")
    for name in ("clusters", "heavy tails"):
        yield name, *simulated(name)


def methods(size, gamma):
    """Return the selectors: those that draw, then the others."""
    draws = (
        UniformSelector(size),
        LeverageSelector(size, fit_intercept=True),
        DPPSelector(size, gamma=gamma),
        PrototypeSelector(size),
    )
    ranks = (
        GreedyDPPSelector(size, gamma=gamma),
        KCenterSelector(size),
        FacilityLocationSelector(size, similarity="rbf"),
        HerdingSelector(size),
    )
    return draws, ranks


def figures(landmarks, train, test, y_train, y_test):
    """Return three errors of `Landmarks`, in percent, and the bound."""
    features = landmarks.fit_transform(train)
    missed = 1 - (features**2).sum(axis=1)  # k(x, x) is one
    classes = y_train.dtype.kind == "i"
    ridge = (RidgeClassifierCV if classes else RidgeCV)(alphas=ALPHAS)
    score = ridge.fit(features, y_train).score(landmarks.transform(test), y_test)
    least = np.nan if classes else bound(features, y_train, missed.sum())
    return 100 * missed.mean(), 100 * missed.max(), 100 * (1 - score), least


def bound(features, y, missed, noise=0.1):
    """Return the variational bound of the log likelihood of a row (Titsias, 2009)."""
    y = (y - y.mean()) / y.std()
    n, m = features.shape
    factor = cholesky(features.T @ features + noise * np.eye(m), lower=True)
    fitted = solve_triangular(factor, features.T @ y, lower=True)
    log_det = (n - m) * np.log(noise) + 2 * np.log(np.diagonal(factor)).sum()
    squares = (y @ y - fitted @ fitted + missed) / noise
    return -(n * np.log(2 * np.pi) + log_det + squares) / (2 * n)


def compare(name, X, y, size):
    """Print a line for each method."""
    parts = train_test_split(X, y, test_size=1 / 3, random_state=0)
    gamma = Landmarks(UniformSelector(2)).fit(parts[0]).gamma_
    print(f"{name}, {len(parts[0])} rows, m = {size}: missed, at most, error, bound")
    draws, ranks = methods(size, gamma)
    for selector in draws + ranks:
        found = [
            figures(Landmarks(clone(selector).set_params(random_state=seed)), *parts)
            for seed in (SEEDS if selector in draws else (0,))
        ]
        average, most, error, least = np.mean(found, axis=0)
        called = type(selector).__name__
        print(f"  {called:24} {average:7.2f} {most:7.2f} {error:7.2f} {least:7.3f}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args(arguments)
    with threadpool_limits(1):
        for name, X, y in data_sets():
            for size in SIZES:
                compare(name, X, y, size)


if __name__ == "__main__":
    sys.exit(main())
