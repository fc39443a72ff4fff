"""TAROT: distance, accuracy, time and memory of the strategies and of alternatives.

::

    python -m benchmarks.tarot                  # every section, some minutes
    python -m benchmarks.tarot quality speed    # some of them
    python -m benchmarks.tarot data             # real data, fetched once
    python -m benchmarks.tarot data --sets covtype --seeds 100

The exit status is 1 if a figure misses its limit.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import data
from benchmarks.figures import Figure, line, medians, seconds
from benchmarks.memory import GIB, peak_of
from coreselect import TAROT

STRATEGIES = ("rounds", "round_robin", "facility", "ot", "mean_score")
SIZES = (10, 20, 40)


# --- Quality --------------------------------------------------------------------------


def blobs(seed, n=200, m=30, d=16):
    """Five groups of rows; targets like two of them."""
    rng = np.random.default_rng(seed)
    centers = 2 * rng.standard_normal((5, d))
    X = centers[rng.integers(5, size=n)] + rng.standard_normal((n, d))
    T = centers[rng.integers(2, size=m)] + rng.standard_normal((m, d))
    return X, T


def distance(strategy, size, X, T):
    """Exact transport distance from the chosen rows to the targets."""
    selector = TAROT(size, strategy=strategy, exclude_duplicates=True, random_state=0)
    return selector.fit(X, X_target=T).ot_distance_


def order_of_strategies(section, problems):
    """Yield mean distances, and the ratios that must hold between strategies."""
    for size in SIZES:
        found = {
            s: np.array([distance(s, size, *problem) for problem in problems])
            for s in STRATEGIES
        }
        mean = {strategy: values.mean() for strategy, values in found.items()}
        for strategy, value in mean.items():
            yield Figure(section, f"{size} rows: distance, {strategy}", value)
        for a, b, limit in (
            ("ot", "facility", 1.0),
            ("facility", "rounds", 1.05),
            ("rounds", "mean_score", 1.0),
        ):
            name = f"{size} rows: {a} / {b}"
            yield Figure(section, name, mean[a] / mean[b], at_most=limit)
            logs = np.log(found[a] / found[b])
            error = logs.std(ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else np.nan
            yield Figure(section, f"{name}, standard error", error)


def quality(options):
    """Ten data sets of five groups, two of them wanted."""
    yield from order_of_strategies("five groups", [blobs(s) for s in range(10)])


# --- Real data ------------------------------------------------------------------------


def digits(rng):
    """MNIST reduced to 8 x 8; targets are optdigits, written by other people."""
    X, y = data.load("mnist_5k")
    # Digits must fill their frame as in optdigits: the middle 20 x 20 pixels of MNIST.
    X = X.reshape(-1, 28, 28)[:, 4:24, 4:24].repeat(2, axis=1).repeat(2, axis=2)
    X = X.reshape(-1, 8, 5, 8, 5).mean(axis=(2, 4)).reshape(-1, 64) / 255
    U, v = data.load("optdigits")
    U, v = np.asarray(U, dtype=float) / 16, np.asarray(v).astype(int)
    wanted = np.isin(v, rng.choice(10, 2, replace=False))
    return X, np.asarray(y).astype(int), U[wanted], v[wanted]


def census(rng):
    """Census of 1994; targets are rows of 1995."""
    X, y = data.load("census_income")
    late = np.asarray(X["year"] == 95) if "year" in X else None
    if late is None:
        late = np.asarray(X.iloc[:, 40] == 95)
    Z = data.numeric(X)
    Z, y = Z[:, Z.std(axis=0) > 0], np.unique(y, return_inverse=True)[1]
    early = rng.choice(np.flatnonzero(~late), 20_000, replace=False)
    late = np.flatnonzero(late)
    return Z[early], y[early], Z[late], y[late]


def forest(rng):
    """Forest cover; targets are of the fourth wilderness area, 6 % of the rows."""
    X, y = data.load("covtype")
    Z = data.numeric(X)
    here = Z[:, 13] == 1
    Z = np.delete(Z, np.arange(10, 14), axis=1)
    pool = rng.choice(len(Z), 20_000, replace=False)
    there = np.setdiff1d(np.flatnonzero(here), pool)
    y = np.asarray(y)
    return Z[pool], y[pool], Z[there], y[there]


REAL = {"digits": digits, "census": census, "covtype": forest}


def accuracy(X, y, U, v):
    """Accuracy on targets of a logistic regression trained on some rows."""
    if len(np.unique(y)) < 2:
        return float(np.mean(v == y[0]))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return model.fit(X, y).score(U, v)


def real(options):
    """Distance, and accuracy on held-out targets, on real data."""
    for name in options.sets:
        load = REAL[name]
        problems, tests = [], []
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            X, y, U, v = load(rng)
            order = rng.permutation(len(U))
            shown, held = order[:60], order[60:3060]
            problems.append((X, U[shown]))
            tests.append((X, y, U[held], v[held]))
        yield from order_of_strategies(name, problems)
        yield from _accuracies(name, problems, tests)


def _accuracies(name, problems, tests, size=200):
    def mean(choose):
        found = []
        for seed, (problem, (X, y, U, v)) in enumerate(
            zip(problems, tests, strict=True)
        ):
            rows = choose(*problem, seed)
            found.append(accuracy(X[rows], y[rows], U, v))
        return float(np.mean(found))

    def by(strategy):
        def choose(X, T, seed):
            selector = TAROT(size, strategy=strategy, exclude_duplicates=True)
            return selector.fit(X, X_target=T).sample_indices_

        return choose

    def random(X, T, seed):
        return np.random.default_rng(seed).choice(len(X), size, replace=False)

    for strategy in ("rounds", "facility", "mean_score"):
        what = f"accuracy of {size} rows, {strategy}"
        yield Figure(name, what, mean(by(strategy)))
    yield Figure(name, f"accuracy of {size} rows, random", mean(random))
    yield Figure(name, "accuracy of all rows", mean(lambda X, T, s: np.arange(len(X))))


# --- Speed and memory -----------------------------------------------------------------


def fit_file(path):
    """Choose 10,000 rows of a file for 1,000 targets."""
    TAROT(10_000, random_state=0).fit(path, X_target=_targets())


def _targets():
    return np.random.default_rng(1).standard_normal((1000, 64)).astype(np.float32)


def speed(options):
    """1,000,000 memory-mapped rows and 1,000 targets, relative to the products."""
    section = "1,000,000 x 64 float32, 1,000 targets, 10,000 rows by rounds"
    T = _targets()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        X = np.lib.format.open_memmap(path, "w+", np.float32, (1_000_000, 64))
        rng = np.random.default_rng(0)
        for start in range(0, len(X), 100_000):
            X[start : start + 100_000] = rng.standard_normal((100_000, 64))
        X.flush()

        def bare():
            rows = np.load(path, mmap_mode="r")
            for start in range(0, len(rows), 8192):
                rows[start : start + 8192] @ T.T

        ratios, times = [], []
        fit_file(path)
        for _ in range(options.repeat):
            a, b = seconds(bare), seconds(lambda: fit_file(path))
            ratios.append(b / a)
            times.append((a, b))
        a, b = np.median(times, axis=0)
        yield Figure(section, "seconds, products in blocks of 8,192 rows", a, "s")
        yield Figure(section, "seconds, TAROT", b, "s")
        ratio = float(np.median(ratios))
        yield Figure(section, "times as long as the products", ratio, "x", at_most=4)
        yield from memory(section, path)


def memory(section, path):
    """Yield the peak memory of a process that chooses rows of a file."""
    peak = peak_of(fit_file, path) / GIB
    yield Figure(section, "peak memory of the process", peak, "GiB", at_most=1.5)


def exact(options):
    """The exact distance of 20,000 by 1,000 rows, relative to a direct call of POT."""
    import ot

    from coreselect.transport import ot_distance

    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((20_000, 16)), rng.standard_normal((1000, 16)) + 0.2
    a, b = np.full(20_000, 1 / 20_000), np.full(1000, 1 / 1000)

    def direct():
        return ot.emd2(a, b, ot.dist(X, Y, metric="euclidean"), numItermax=10**8)

    section = "exact distance, 20,000 x 1,000"
    ours, pot = medians([lambda: ot_distance(X, Y), direct], min(3, options.repeat))
    yield Figure(section, "seconds, POT", pot, "s")
    yield Figure(section, "times as long as POT", ours / pot, "x", at_most=1.05)
    gap = abs(ot_distance(X, Y) / direct() - 1)
    yield Figure(section, "relative difference from POT", gap, at_most=1e-9)


SECTIONS = {"quality": quality, "data": real, "speed": speed, "exact": exact}


class Strategies:
    """asv: the exact distance of each strategy, and its time, on five groups."""

    params = (STRATEGIES, SIZES)
    param_names = ("strategy", "size")
    timeout = 300

    def setup(self, strategy, size):
        """Compile the kernels."""
        self.problem = blobs(0)
        distance(strategy, size, *self.problem)

    def time_fit(self, strategy, size):
        """Whiten, find neighbours, choose."""
        X, T = self.problem
        TAROT(size, strategy=strategy).fit(X, X_target=T)

    def track_distance(self, strategy, size):
        """Mean over ten seeds."""
        return float(np.mean([distance(strategy, size, *blobs(s)) for s in range(10)]))

    track_distance.unit = "transport distance"

    def track_distance_uniform(self, strategy, size):
        """Distance of as many uniform rows."""
        from coreselect.transport import ot_distance

        found = []
        for seed in range(10):
            X, T = blobs(seed)
            whitening = TAROT(1).fit(X, X_target=T).whitening_
            rows = np.random.default_rng(seed).choice(len(X), size, replace=False)
            U, V = whitening.transform(X[rows]), whitening.transform(T)
            found.append(ot_distance(U, V, metric="chord"))
        return float(np.mean(found))

    track_distance_uniform.unit = "transport distance"


def main():
    """Print the figures of some sections; return the number of missed limits."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--repeat", type=int, default=5, help="runs per median")
    parser.add_argument("--seeds", type=int, default=10, help="of real data")
    parser.add_argument("--sets", nargs="+", default=list(REAL), choices=REAL)
    options = parser.parse_args()
    missed, last = 0, None
    for name in options.sections or SECTIONS:
        for figure in SECTIONS[name](options):
            if figure.section != last:
                print(f"\n{figure.section}")
                last = figure.section
            print(line(figure), flush=True)
            missed += figure.reached is False
    return missed


if __name__ == "__main__":
    sys.exit(bool(main()))
