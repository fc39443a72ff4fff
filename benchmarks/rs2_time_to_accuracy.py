"""Accuracy over time: RS2, static subsets, fewer epochs and full training.

::

    python -m benchmarks.rs2_time_to_accuracy --quick           # digits, two minutes
    python -m benchmarks.rs2_time_to_accuracy                   # digits and MNIST
    python -m benchmarks.rs2_time_to_accuracy --data covtype --estimators sgd --seeds 2
    python -m benchmarks.rs2_time_to_accuracy --json figures.json

Every method trains for the same number of rounds, on the same fraction of the rows per
round, and with the same rule for the learning rate: a cosine over all rounds of that
training. Static methods choose their rows once, which is part of their time. After
every round the test rows are scored, which is not. Seconds are processor time of one
thread, so other load does not matter. Times to 95 % and 99 % refer to the mean accuracy
of full training; a dash means that some run never got there.

RS2 without replacement amounts to fewer epochs with a compressed schedule: T rounds of
a fraction r are r T epochs. If r T is at least 1, the row "fewer epochs" shows exactly
that.
"""

import argparse
import json
import sys
import time
import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.data import DataUnavailable, load
from coreselect import RS2, LeverageSelector, UniformSelector, schedule_length

WARM_UP = 2  # epochs before the scores of EL2N are taken
K_CENTER_FLOPS = 2e12  # beyond that it is left out
FRACTIONS = (0.01, 0.05, 0.1, 0.3)


class Data(NamedTuple):
    """Rows to train on, and rows to score."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


class Run(NamedTuple):
    """One training: test accuracy and seconds after every round."""

    accuracy: list
    seconds: list


def load_data(name):
    """Return a data set with scaled float32 features, a seventh held out."""
    X, y = load_digits(return_X_y=True) if name == "digits" else load(name)
    _, y = np.unique(y, return_inverse=True)
    parts = train_test_split(X, y, test_size=1 / 7, random_state=0, stratify=y)
    train, test, y_train, y_test = parts
    if name == "covtype":
        scaler = StandardScaler().fit(train)
        train, test = scaler.transform(train), scaler.transform(test)
    else:
        largest = train.max()
        train, test = train / largest, test / largest
    return Data(train.astype(np.float32), y_train, test.astype(np.float32), y_test)


# --- What is trained ------------------------------------------------------------------


def batch_size(n):
    """Return the rows per step for a training on a share of `n` rows."""
    return 32 if n < 10_000 else 128


class Mlp:
    """A perceptron with one hidden layer, and momentum."""

    rate = 0.1

    def __init__(self, seed, batch_size):
        self.batch_size = batch_size
        self.model = MLPClassifier(
            (64,),
            solver="sgd",
            learning_rate_init=self.rate,
            random_state=seed,
        )

    def round(self, X, y, classes, rate):
        """Train one round at a learning rate."""
        if hasattr(self.model, "_optimizer"):
            self.model._optimizer.learning_rate = rate
        self.model.batch_size = min(self.batch_size, len(X))
        self.model.partial_fit(X, y, classes=classes)


class Sgd:
    """Logistic regression, one row per step."""

    rate = 0.01

    def __init__(self, seed, batch_size):
        self.model = SGDClassifier(
            loss="log_loss", learning_rate="constant", random_state=seed
        )

    def round(self, X, y, classes, rate):
        """Train one round at a learning rate."""
        self.model.set_params(eta0=max(rate, 1e-6)).partial_fit(X, y, classes=classes)


ESTIMATORS = {"mlp": Mlp, "sgd": Sgd}


def train(make, data, rows_of_round, n_rounds, seed, spent=0.0):
    """Train for some rounds, after `spent` seconds of preparation."""
    learner, classes = make(seed, batch_size(len(data.X))), np.unique(data.y)
    accuracy, seconds = [], []
    for t in range(n_rounds):
        start = time.process_time()
        rows = rows_of_round(t)
        rate = make.rate * (1 + np.cos(np.pi * t / n_rounds)) / 2
        X, y = data.X[rows], data.y[rows]
        learner.round(X, y, classes, rate)
        spent += time.process_time() - start
        accuracy.append(float(learner.model.score(data.X_test, data.y_test)))
        seconds.append(spent)
    return Run(accuracy, seconds)


# --- Which rows -----------------------------------------------------------------------


def static(choose):
    """Make a method from a function that chooses rows once; their order is shuffled."""

    def method(make, data, fraction, n_rounds, seed, cache):
        start = time.process_time()
        found = choose(make, data, fraction, seed, cache)
        if found is None:
            return None
        rows, extra = found
        spent = time.process_time() - start + extra
        rng = np.random.default_rng(seed)
        return train(make, data, lambda t: rng.permutation(rows), n_rounds, seed, spent)

    return method


def rs2(replacement):
    """Make the method of RS2."""

    def method(make, data, fraction, n_rounds, seed, cache):
        start = time.process_time()
        sampler = RS2(fraction, replacement=replacement, random_state=seed)
        sampler.fit(data.X)
        spent = time.process_time() - start
        return train(make, data, sampler.round, n_rounds, seed, spent)

    return method


def random_rows(make, data, fraction, seed, cache):
    """Choose uniformly, once."""
    selector = UniformSelector(fraction, random_state=seed).fit(data.X)
    return selector.sample_indices_, 0.0


def leverage_rows(make, data, fraction, seed, cache):
    """Choose by leverage scores, without weights like the other subsets."""
    selector = LeverageSelector(fraction, random_state=seed).fit(data.X)
    return selector.sample_indices_, 0.0


def k_center_rows(make, data, fraction, seed, cache):
    """Choose the row farthest from the chosen ones repeatedly, in 30 components.

    The order does not depend on size and seed, so it is made once; its time up to the
    size counts in full for every training.
    """
    size = round(fraction * len(data.X))
    if "k-center" not in cache:
        start = time.process_time()
        pca = PCA(min(30, data.X.shape[1]), svd_solver="covariance_eigh")
        Z = pca.fit_transform(data.X)
        largest = round(max(cache["fractions"]) * len(Z))
        while 3.0 * largest * Z.size > K_CENTER_FLOPS and largest:
            smaller = [f for f in cache["fractions"] if round(f * len(Z)) < largest]
            largest = round(max(smaller, default=0) * len(Z))
        norms = (Z**2).sum(axis=1)
        nearest = np.full(len(Z), np.inf, dtype=Z.dtype)
        order, times = np.empty(largest, dtype=np.int64), np.empty(largest)
        row = int(np.argmin(norms))
        for k in range(largest):
            order[k] = row
            distance = norms - 2 * (Z @ Z[row])
            np.minimum(nearest, distance + norms[row], out=nearest)
            row = int(np.argmax(nearest))
            times[k] = time.process_time() - start
        cache["k-center"] = order, times
        return _prefix(cache, size, first=True)
    return _prefix(cache, size)


def _prefix(cache, size, first=False):
    order, times = cache["k-center"]
    if size > len(order):
        return None
    # In the first call, the caller's clock counts all of this.
    return order[:size], times[size - 1] - (times[-1] if first else 0.0)


def el2n_rows(make, data, fraction, seed, cache):
    """Choose the rows with the largest error norm after two epochs on all rows."""
    warm = make(seed, batch_size(len(data.X)))
    classes = np.unique(data.y)
    rng = np.random.default_rng(seed)
    for _ in range(WARM_UP):
        rows = rng.permutation(len(data.X))
        warm.round(data.X[rows], data.y[rows], classes, make.rate)
    error = warm.model.predict_proba(data.X)
    error[np.arange(len(error)), data.y] -= 1
    size = round(fraction * len(error))
    return np.argpartition(-(error**2).sum(axis=1), size - 1)[:size], 0.0


def fewer_epochs(make, data, fraction, n_rounds, seed, cache):
    """Train on all rows for the epochs that the rounds of RS2 add up to."""
    epochs = round(fraction * n_rounds)
    if epochs < 1:
        return None
    rng = np.random.default_rng(seed)
    return train(make, data, lambda t: rng.permutation(len(data.X)), epochs, seed)


METHODS = {
    "RS2": rs2(replacement=False),
    "RS2, replacement": rs2(replacement=True),
    "static random": static(random_rows),
    "leverage": static(leverage_rows),
    "k-center": static(k_center_rows),
    "EL2N": static(el2n_rows),
    "fewer epochs": fewer_epochs,
}
STATIC = ("static random", "leverage", "k-center", "EL2N")


# --- The table ------------------------------------------------------------------------


def interval(values):
    """Return mean and half width of the 95 % t-interval (None for a single value)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return mean, float(half)


def reached(run, target):
    """Return the seconds after which the accuracy is at least `target`, or None."""
    for accuracy, seconds in zip(*run, strict=True):
        if accuracy >= target:
            return seconds
    return None


def summary(runs, full):
    """Return the figures of some runs relative to the accuracy of full training."""
    mean, half = interval([run.accuracy[-1] for run in runs])
    times = {}
    for share in (0.95, 0.99):
        found = [reached(run, share * full) for run in runs]
        done = all(found)
        times[share] = float(np.mean(found)) if done else None
    seconds = float(np.mean([run.seconds[-1] for run in runs]))
    return {
        "accuracy": mean,
        "half_width": half,
        "seconds": seconds,
        "to_95": times[0.95],
        "to_99": times[0.99],
    }


def line(name, fraction, found):
    """Return a row of the table."""
    half = found["half_width"]
    accuracy = f"{100 * found['accuracy']:.2f}"
    accuracy += "" if half is None else f" ± {100 * half:.2f}"
    times = [
        "-" if found[key] is None else f"{found[key]:.2f}"
        for key in ("seconds", "to_95", "to_99")
    ]
    return f"| {fraction:>5.0%} | {name:<16} | {accuracy:>13} | " + " | ".join(
        f"{value:>7}" for value in times
    ) + " |"  # fmt: skip


def compare(name, estimator, options):
    """Measure every method on one data set; print the table, return the figures."""
    data, make = load_data(name), ESTIMATORS[estimator]
    n, seeds = len(data.X), range(options.seeds)
    cache = {"fractions": options.fractions}

    def all_rows(seed):
        rng = np.random.default_rng(seed)
        return lambda t: rng.permutation(n)

    full = [train(make, data, all_rows(s), options.rounds, s) for s in seeds]
    target = float(np.mean([run.accuracy[-1] for run in full]))
    what = f"{estimator}, {options.rounds} rounds, {len(seeds)} seeds"
    print(f"\n{name}: {n:,} rows, {what}, batches of {batch_size(n)}")
    print("| share | method           | accuracy, %   |       s | s to 95 | s to 99 |")
    print("| ----- | ---------------- | ------------- | ------- | ------- | ------- |")
    figures = {(1.0, "full"): summary(full, target)}
    print(line("full", 1.0, figures[1.0, "full"]))
    for fraction in options.fractions:
        for method, run in METHODS.items():
            runs = [
                run(make, data, fraction, options.rounds, seed, cache) for seed in seeds
            ]
            if None in runs:
                continue
            figures[fraction, method] = summary(runs, target)
            print(line(method, fraction, figures[fraction, method]), flush=True)
        steps = schedule_length(n, fraction, options.rounds, batch_size(n))
        print(f"| {fraction:>5.0%} | {steps:,} steps |||||")
    verdict(figures, options.fractions)
    return {f"{share}, {method}": f for (share, method), f in figures.items()}


def verdict(figures, fractions):
    """Say where RS2 reaches its claims, and where not."""
    full = figures[1.0, "full"]
    for fraction in fractions:
        ours = figures[fraction, "RS2"]
        others = {m: figures[fraction, m] for m in STATIC if (fraction, m) in figures}
        name, best = max(others.items(), key=lambda item: item[1]["accuracy"])
        gap = 100 * (ours["accuracy"] - best["accuracy"])
        print(
            f"{fraction:.0%}: RS2 {gap:+.2f} points beside the best static subset "
            f"({name}); {ours['accuracy'] / full['accuracy']:.1%} of full accuracy in "
            f"{ours['seconds'] / full['seconds']:.1%} of the time"
        )


def main(arguments=None):
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", default=["digits", "mnist"])
    parser.add_argument("--estimators", nargs="+", default=list(ESTIMATORS))
    parser.add_argument("--fractions", nargs="+", type=float, default=FRACTIONS)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="digits, 10 rounds")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    if options.quick:
        options.data, options.rounds = ["digits"], 10
    found = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in options.data:
            for estimator in options.estimators:
                try:
                    key = f"{name}, {estimator}"
                    found[key] = compare(name, estimator, options)
                except DataUnavailable as reason:
                    print(f"{name}: skipped, {reason}", file=sys.stderr)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=2)


if __name__ == "__main__":
    main()
