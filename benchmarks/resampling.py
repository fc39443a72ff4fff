"""Resamplers compared with imbalanced-learn: time for the same rows, and rows kept.

::

    python -m benchmarks.resampling                # every section, twelve minutes
    python -m benchmarks.resampling small condensing
    python -m benchmarks.resampling large --large-repeat 3

Interleaved runs of both in one process use protocol "imblearn". Each pair of results is
compared, and different rows end the run. Ratios are median times of imbalanced-learn
over ours; the exit status is 1 if one misses its limit.

``errors`` is the share of the training rows that nearest-neighbour classifiers trained
on condensed rows misclassify. ``memory`` is what resamplers hold per row of a file, if
they do not hold all features. asv follows every resampler that coreselect exports: time
and memory (`Cost`), and balanced accuracy compared with no resampling and class weights
(`Accuracy`).
"""

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import coreselect
from benchmarks.figures import Figure, seconds
from benchmarks.memory import peak, peak_of

SMALL = (
    ("SMOTE", 3.0),
    ("TomekLinks", 3.0),
    ("EditedNearestNeighbours", 3.0),
    ("RepeatedEditedNearestNeighbours", 4.0),
    ("AllKNN", 3.0),
    ("NeighbourhoodCleaningRule", None),
    ("OneSidedSelection", None),
    ("SMOTEENN", None),
    ("SMOTETomek", None),
)
LARGE = (("SMOTE", 2.0), ("TomekLinks", 1.8), ("EditedNearestNeighbours", 1.8))


def rows(n, d, seed=0):
    """Return rows of two overlapping classes, one in ten of the smaller one."""
    return make_classification(
        n, d, n_informative=d // 2, weights=[0.9, 0.1], flip_y=0.02, random_state=seed
    )


def pair(name, **parameters):
    """Return our resampler and imbalanced-learn's, for the same rows."""
    import imblearn.combine
    import imblearn.over_sampling
    import imblearn.under_sampling

    ours = getattr(coreselect, name)
    known = ours().get_params()
    if "random_state" in known:
        parameters["random_state"] = 0
    protocol = {"protocol": "imblearn"} if "protocol" in known else {}
    homes = (imblearn.over_sampling, imblearn.under_sampling, imblearn.combine)
    theirs = next(getattr(home, name) for home in homes if hasattr(home, name))
    return ours(**parameters, **protocol), theirs(**parameters)


def ratio(name, X, y, repeat, **parameters):
    """Return the time of imbalanced-learn over ours, for the same rows."""
    pairs = pair(name, **parameters)
    made = {}

    def run(k):
        made[k] = pairs[k].fit_resample(X, y)

    for resampler in pairs:  # compile, load
        resampler.fit_resample(X[:3000], y[:3000])
    turns = [[seconds(lambda k=k: run(k)) for k in (0, 1)] for _ in range(repeat)]
    ours, theirs = np.median(turns, axis=0)
    for got, wanted in zip(made[0], made[1], strict=True):
        if not np.array_equal(got, wanted):
            raise SystemExit(f"{name}: the rows are not those of imbalanced-learn.")
    return theirs / ours, ours


def compared(section, n, d, wanted, repeat):
    """Yield the ratios of some resamplers on n rows of d features."""
    X, y = rows(n, d)
    for name, limit in wanted:
        found, time = ratio(name, X, y, repeat)
        label = f"{name}, n={n}, d={d} (ours {time:.3g} s)"
        yield Figure(section, label, found, "x", at_least=limit)


def small(options):
    """20,000 rows of 10 features."""
    yield from compared("small", 20_000, 10, SMALL, options.repeat)


def large(options):
    """200,000 rows of 30 features."""
    yield from compared("large", 200_000, 30, LARGE, options.large_repeat)


def condensing(options):
    """Hart's rule on 2,000 rows."""
    wanted = [("CondensedNearestNeighbour", 50.0)]
    yield from compared("condensing", 2_000, 10, wanted, options.repeat)


def errors(options):
    """Yield the share of misclassified training rows; mean over ten data sets."""
    found = {"coreselect": [], "imblearn": []}
    for seed in range(10):
        X, y = rows(600, 4, seed)
        for protocol, shares in found.items():
            sampler = coreselect.CondensedNearestNeighbour(
                random_state=0, protocol=protocol
            ).fit(X, y)
            kept = sampler.sample_indices_
            judge = KNeighborsClassifier(1).fit(X[kept], y[kept])
            shares.append((judge.predict(X) != y).mean())
    for protocol, shares in found.items():
        limit = {"at_most": 0.0} if protocol == "coreselect" else {}
        name = f"misjudged after condensing, protocol {protocol}"
        yield Figure("errors", name, float(np.mean(shares)), **limit)


def wide(options):
    """Compare CPU times of SMOTE on frames of 100 rows with imbalanced-learn's."""
    import pandas as pd

    sampler, other = pair("SMOTE")
    times = {}
    for d in (2_000, 8_000):
        X, y = np.random.default_rng(0).standard_normal((100, d)), np.arange(100) < 20
        X = pd.DataFrame(X, columns=[f"c{j}" for j in range(d)])
        for name, dtypes in (
            ("floats", {}),
            ("mixed", dict.fromkeys(X.columns[::3], int)),
        ):
            frame = X.astype(dtypes)
            calls = [
                lambda s=s, f=frame, y=y: s.fit_resample(f, y) for s in (sampler, other)
            ]
            found = np.median(
                [
                    [cpu_seconds(call) for call in calls]
                    for _ in range(options.repeat + 1)
                ],
                axis=0,
            )
            times[name, d] = found[0]
            label = (
                f"SMOTE, frame of 100 x {d}, {name}: share of imbalanced-learn's time"
            )
            yield Figure("wide", label, found[0] / found[1], "x", at_most=3.0)
    for name in ("floats", "mixed"):
        label = f"SMOTE, {name}: time at 4 times the columns"
        growth = times[name, 8_000] / times[name, 2_000]
        yield Figure("wide", label, growth, "x", at_most=6.0)


def cpu_seconds(call):
    """Return the processor time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


FEW, MANY = 500_000, 2_000_000
READERS = ("RandomUnderSampler", "RandomOverSampler", "SMOTE")
SEARCHERS = ("BorderlineSMOTE", "ADASYN")  # of a class among all rows


def write_file(path, n, one_in):
    """Write n rows of 20 float32 and a class, to which one in so many belongs."""
    X = np.random.default_rng(0).standard_normal((n, 20), dtype=np.float32)
    table = {f"x{j}": column for j, column in enumerate(X.T)}
    coreselect.rows.write(path, table | {"y": np.arange(n) % one_in == 0})


def fit_file(path, name, one_in):
    """Fit a resampler to a file; those that make rows double the small class."""
    sampler = getattr(coreselect, name)()
    given = {"random_state": 0, "sampling_strategy": 2 / one_in}
    sampler.set_params(**given if name != "RandomUnderSampler" else {})
    return sampler.fit(path, "y")


def resample_file(path, name, one_in):
    """Run ``coreselect resample`` on a file."""
    from coreselect.cli import main as command

    words = ["-o", f"{path}.out.parquet", "--force", "--target", "y"]
    method = getattr(coreselect, name).cli_name
    ratio = ["--sampling-strategy", f"{2 / one_in}"]
    ratio = ratio if name != "RandomUnderSampler" else []
    if command(["resample", path, *words, "--method", method, *ratio]):
        raise SystemExit(f"resample --method {method} failed")


def memory(options):
    """Bytes of peak memory per row of a Parquet file of 80 bytes per row."""
    with tempfile.TemporaryDirectory() as folder:
        for names, one_in in ((READERS, 50), (SEARCHERS, 1000)):
            paths = [Path(folder, f"{n}.parquet") for n in (FEW, MANY)]
            for path, n in zip(paths, (FEW, MANY), strict=True):
                write_file(path, n, one_in)
            jobs = product(((fit_file, 100), (resample_file, 100)), names)
            for (function, limit), name in jobs:
                less, more = (peak_of(function, path, name, one_in) for path in paths)
                label = f"{function.__name__} {name}: bytes per row"
                value = (more - less) / (MANY - FEW)
                yield Figure("memory", label, value, "B", at_most=limit)


SECTIONS = {f.__name__: f for f in (small, large, condensing, errors, wide, memory)}


# --- asv ------------------------------------------------------------------------------


NAMES = list(coreselect.all_resamplers())


def resampler(name):
    """Return one of all resamplers, for the rows of `mixed_rows`."""
    cls = coreselect.all_resamplers()[name]
    known = cls._get_param_names()
    given = {"random_state": 0, "categorical_features": [0]}
    return cls(**{key: value for key, value in given.items() if key in known})


def mixed_rows(n, d, seed=0):
    """Return rows with classes; the first column can serve as categories."""
    X, y = rows(n, d, seed)
    X[:, 0] = np.rint(X[:, 0])
    return X, y


class Cost:
    """Time and memory of every resampler on 20,000 x 10 numbers, ten to one."""

    params = (NAMES,)
    param_names = ("resampler",)
    timeout = 600

    def setup(self, name):
        """Compile first."""
        self.X, self.y = mixed_rows(20_000, 10)
        resampler(name).fit_resample(self.X[:3000], self.y[:3000])

    def time_fit_resample(self, name):
        """Learn, select and make rows."""
        resampler(name).fit_resample(self.X, self.y)

    def track_peak_fit_resample(self, name):
        """Peak memory, including the rows."""
        resampler(name).fit_resample(self.X, self.y)
        return peak()

    track_peak_fit_resample.unit = "bytes"


class Accuracy:
    """Balanced accuracy of a decision tree on held-out rows, mean over five sets."""

    params = (["none", "class weights", *NAMES],)
    param_names = ("resampler",)
    timeout = 600

    def track_balanced_accuracy(self, name):
        """Compare with "none" and "class weights"."""
        found = []
        for seed in range(5):
            X, y = mixed_rows(4000, 10, seed)
            train, test = slice(0, 2000), slice(2000, None)
            made = (X[train], y[train])
            if name in NAMES:
                made = resampler(name).fit_resample(*made)
            weight = "balanced" if name == "class weights" else None
            tree = DecisionTreeClassifier(
                min_samples_leaf=5, class_weight=weight, random_state=0
            ).fit(*made)
            found.append(balanced_accuracy_score(y[test], tree.predict(X[test])))
        return float(np.mean(found))

    track_balanced_accuracy.unit = "balanced accuracy"


def main(arguments=None):
    """Print the figures of some sections; return 1 if one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--repeat", type=int, default=5, help="runs for a median")
    parser.add_argument("--large-repeat", type=int, default=1, help="of `large`")
    options = parser.parse_args(arguments)
    missed = 0
    for name in options.sections or SECTIONS:
        for figure in SECTIONS[name](options):
            limit = figure.at_most if figure.at_most is not None else figure.at_least
            verdict = {None: "", True: f"(limit {limit})", False: f"MISSED: {limit}"}
            print(
                f"{figure.name}: {figure.value:.3g} {figure.unit} "
                f"{verdict[figure.reached]}",
                flush=True,
            )
            missed += figure.reached is False
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
