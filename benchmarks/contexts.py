"""Rows as the context of a model that is not fitted: which ones answer best.

``python -m benchmarks.contexts`` takes half a minute. The stand-in for a model that
reads its training rows at prediction is a softmax over them: a row answers with the
classes of the context, weighted by ``exp(-gamma |x - x_i|**2)``. Its gamma is the one
with the best answers for the rows of the context themselves, each left out in turn.
Printed are wrong answers in percent and the log loss on other rows; for methods that
draw, the mean and the standard deviation of ten seeds.
"""

import argparse
import sys

import numpy as np
from scipy.special import logsumexp
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from benchmarks import data
from coreselect import (
    FacilityLocationSelector,
    KCenterSelector,
    RadiusSelector,
    UniformSelector,
)
from coreselect.calibration import shift_priors
from coreselect.features import TableFeatures
from coreselect.neighbors import sq_distances

SEEDS = range(10)
WIDTHS = 2.0 ** np.arange(-2, 9)  # times the usual gamma


def answers(squares, labels, n_classes, gamma):
    """Return the log probability of each class, for rows at squared distances."""
    scores = -gamma * squares
    parts = [
        logsumexp(np.where(labels == c, scores, -np.inf), axis=1)
        for c in range(n_classes)
    ]
    logs = np.column_stack(parts)
    logs -= logsumexp(logs, axis=1, keepdims=True)
    # A little doubt: classes that the context lacks get a thousandth.
    return np.log(0.999 * np.exp(logs) + 0.001 / n_classes)


def softmax(context, labels, rows, n_classes):
    """Return class probabilities of rows; gamma is found within the context."""
    own = sq_distances(context, context)
    usual = 1 / np.median(own[own > 0])
    np.fill_diagonal(own, np.inf)
    losses = []
    for width in WIDTHS:
        logs = answers(own, labels, n_classes, width * usual)
        losses.append(-logs[np.arange(len(labels)), labels].mean())
    gamma = WIDTHS[np.argmin(losses)] * usual
    return np.exp(answers(sq_distances(rows, context), labels, n_classes, gamma))


def scores(chosen, X, y, X_test, y_test, balanced=False):
    """Return wrong answers and log loss; `balanced` contexts have shifted classes."""
    n_classes = y.max() + 1
    found = softmax(X[chosen], y[chosen], X_test, n_classes)
    if balanced:
        trained = np.bincount(y[chosen], minlength=n_classes) / len(chosen)
        found = shift_priors(found, trained, np.bincount(y) / len(y))
    return 100 * (found.argmax(axis=1) != y_test).mean(), log_loss(y_test, found)


def methods(size, y):
    """Yield names, functions of X and a seed, whether random, whether balanced."""
    equal = size // (y.max() + 1)
    quotas = dict.fromkeys(np.unique(y).tolist(), equal)

    def uniform(X, seed, **parameters):
        selector = UniformSelector(size, random_state=seed, **parameters)
        return selector.fit_select(X, y).indices

    def facility(X, seed):
        return FacilityLocationSelector(size).fit_select(X).indices

    def by_class(X, seed):
        selector = FacilityLocationSelector(equal * len(quotas), quotas=quotas)
        return selector.fit_select(X, groups=y).indices

    def center(X, seed):
        return KCenterSelector(size).fit_select(X).indices

    yield "uniform", uniform, True, False
    yield "uniform, stratified", lambda X, s: uniform(X, s, stratify=True), True, False
    yield "facility location", facility, False, False
    yield "facility location, equal classes", by_class, False, False
    yield "the same, priors shifted back", by_class, False, True
    yield "k-center", center, False, False


def compare(name, parts, size):
    """Print a line for each method."""
    X, X_test, y, y_test = parts
    print(f"{name}, {len(X)} rows, context of {size}: wrong answers (%), log loss")
    for method, choose, random, balanced in methods(size, y):
        found = [
            scores(choose(X, seed), X, y, X_test, y_test, balanced)
            for seed in (SEEDS if random else (0,))
        ]
        (wrong, loss), spread = np.mean(found, axis=0), np.std(found, axis=0)
        more = f"   +- {spread[0]:.2f}, {spread[1]:.3f}" if random else ""
        print(f"  {method:34} {wrong:6.2f} {loss:7.3f}{more}")


def adult():
    """12,000 rows of adult as numbers, and whether the income is high."""
    X, y = data.load("adult")
    some = np.random.default_rng(0).permutation(len(X))[:12_000]
    numbers = TableFeatures().fit_transform(X.iloc[some])
    return numbers, (np.asarray(y)[some] == ">50K").astype(int)


def copies(size=200):
    """Print what near-copies cost: half of the rows repeat twenty of them."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0)
    rng = np.random.default_rng(0)
    again = np.concatenate([np.arange(len(X)), rng.integers(0, 20, len(X))])
    X, y = X[again] + 0.05 * rng.standard_normal((len(again), 64)), y[again]
    print(f"digits, half near-copies, context of {size}: wrong answers (%), log loss")
    kept = RadiusSelector(3.0).fit_select(X)
    for name, rows in (
        ("uniform", np.arange(len(X))),
        ("near-copies dropped, then uniform", kept.indices),
    ):
        found = []
        for seed in SEEDS:
            chosen = UniformSelector(size, random_state=seed).fit_select(X[rows])
            chosen = rows[chosen.indices]
            found.append(scores(chosen, X, y, X_test, y_test))
        wrong, loss = np.mean(found, axis=0)
        print(f"  {name:34} {wrong:6.2f} {loss:7.3f}   of {len(rows)} rows")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args(arguments)
    with threadpool_limits(1):
        parts = train_test_split(
            *load_digits(return_X_y=True), test_size=1 / 3, random_state=0
        )
        for size in (20, 50, 200):
            compare("digits", parts, size)
        copies()
        try:
            X, y = adult()
        except data.DataUnavailable as reason:
            print(f"adult: skipped, {reason}")
            return
        parts = train_test_split(X, y, test_size=1 / 3, random_state=0)
        for size in (100, 500):
            compare("adult", parts, size)


if __name__ == "__main__":
    sys.exit(main())
