"""AutoCoreset: excess cost of fits to few rows, compared with uniform rows.

``python -m benchmarks.autocoreset`` prints the relative excess of the cost of all rows
at the fit to the selected ones, for each problem and size: for AutoCoreset, for as many
uniform rows, and for the best of as many uniform draws as AutoCoreset made fits. It
also prints the seconds of the search and of one fit to all rows, and the figures that
must be reached. ``tuning`` compares a grid search on coresets with one on all rows.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import LinearSVC

from benchmarks import data
from benchmarks.data import DataUnavailable
from benchmarks.figures import Figure, line
from benchmarks.quality import with_intercept
from coreselect import AutoCoreset, CoresetEstimator, UniformSelector
from coreselect.estimators import fit_on_selection
from coreselect.losses import penalty, row_losses

SIZES = (50, 100, 161, 300)
SEEDS = range(6)
PENALTIES = np.logspace(-4, 2, 13)


# --- Data -----------------------------------------------------------------------------


def covtype(n_rows=50_000):
    """Random rows, 54 standardised columns; y: whether a class is the most frequent."""
    X, y = data.load("covtype")
    rows = np.random.default_rng(0).permutation(len(X))[:n_rows]
    return standardised(X[rows]), (y[rows] == 2).astype(int)


def adult():
    """The six numeric columns; y: whether income is above 50,000."""
    X, y = data.load("adult")
    return standardised(data.numeric(X)), (y == ">50K").astype(int)


def satimage():
    """Satellite images in four spectral bands; clusters are kinds of ground."""
    X, _ = data.load("satimage")
    return standardised(X), None


def letter():
    """Sixteen measures of printed letters, without clusters that k-means could find."""
    X, _ = data.load("letter")
    return standardised(X), None


def casp():
    """Nine measures of protein structures; y: the deviation from the native one."""
    X, y = data.load("casp")
    return standardised(X), y


def diamonds():
    """The six numeric columns; y: the price in thousands."""
    X, y = data.load("diamonds")
    return standardised(data.numeric(X)), y / 1000


def blobs(n_columns=2, cluster_std=1.0):
    """Six normal clusters."""
    X, _ = make_blobs(
        20_000, n_columns, centers=6, cluster_std=cluster_std, random_state=0
    )
    return X, None


def wide_blobs():
    """Six clusters in eight dimensions: their centres have 48 coordinates."""
    return blobs(8, 2.0)


def standardised(X):
    """Columns of mean zero and variance one."""
    return with_intercept(X)[:, 1:]


# --- Problems -------------------------------------------------------------------------


class Problem(NamedTuple):
    """An estimator on data.

    Attributes
    ----------
    load : callable
        Returns X and y.
    estimator : estimator
    of_uniform : float or None
        The largest allowed ratio of the excess to that of uniform rows.
    at_most : float or None
        The largest allowed excess.
    beats_best : bool
        Whether the excess must be below that of the best of as many uniform draws.
    reach : int or None
        The number of rows at which that must hold; None: 50 for every 8 features.
    per_row : bool
        Whether the excess is a difference in cost per row instead of a ratio, since
        likelihoods have no zero.
    """

    load: Callable
    estimator: Any
    of_uniform: float | None = None
    at_most: float | None = None
    beats_best: bool = False
    reach: int | None = None
    per_row: bool = False


def mixture():
    """Six components, each with its own variances."""
    return GaussianMixture(6, covariance_type="diag", n_init=3, random_state=0)


def kmeans(n_clusters):
    """The best of ten starts."""
    return KMeans(n_clusters, n_init=10, random_state=0)


PROBLEMS = {
    "logistic, covtype": Problem(
        covtype, LogisticRegression(max_iter=1000), of_uniform=1 / 20
    ),
    "logistic, adult": Problem(
        adult, LogisticRegression(max_iter=1000), of_uniform=1 / 20
    ),
    "linear SVM, covtype": Problem(
        covtype, LinearSVC(max_iter=10_000), of_uniform=1 / 3, beats_best=True
    ),
    "linear SVM, adult": Problem(
        adult, LinearSVC(max_iter=10_000), of_uniform=1 / 3, beats_best=True
    ),
    "k-means 2, satimage": Problem(satimage, kmeans(2), of_uniform=0.1, reach=50),
    "k-means 2, adult": Problem(adult, kmeans(2), of_uniform=0.1, reach=50),
    "k-means 6, blobs": Problem(blobs, kmeans(6), of_uniform=0.25, reach=50),
    "k-means 6, wide blobs": Problem(wide_blobs, kmeans(6), of_uniform=0.25, reach=100),
    "k-means 6, letter": Problem(letter, kmeans(6), reach=50),
    "ridge, casp": Problem(casp, Ridge(), at_most=0.01),
    "ridge, diamonds": Problem(diamonds, Ridge(), at_most=0.01),
    "Bayesian ridge, casp": Problem(casp, BayesianRidge(), at_most=0.01),
    "Bayesian ridge, diamonds": Problem(diamonds, BayesianRidge(), at_most=0.01),
    "Gaussian mixture, wide blobs": Problem(
        wide_blobs, mixture(), of_uniform=1.0, reach=100, per_row=True
    ),
    "least squares, casp": Problem(
        casp, LinearRegression(), at_most=1e-12, reach=11 * 12 // 2
    ),
}


class Task:
    """A problem with its data, and the fit to all rows."""

    def __init__(self, name):
        self.problem = PROBLEMS[name]
        self.X, self.y = self.problem.load()
        start = time.perf_counter()
        model = self.fit_all()
        self.seconds = time.perf_counter() - start
        self.least = self.cost(model)
        self.reach = self.problem.reach or round(50 / 8 * self.X.shape[1])

    def fit_all(self):
        """Fit the estimator to all rows."""
        return self.problem.estimator.fit(self.X, self.y)

    def cost(self, model):
        """Return the cost of all rows, including the penalty."""
        return row_losses(model, self.X, self.y).sum() + penalty(model, len(self.X))

    def excess(self, selection):
        """Return the excess cost of a fit to selected rows."""
        estimator = self.problem.estimator
        weights = "resample" if isinstance(estimator, GaussianMixture) else "auto"
        model = fit_on_selection(estimator, selection, self.X, self.y, weights=weights)
        gap = self.cost(model) - self.least
        return gap / (len(self.X) if self.problem.per_row else self.least)


class Result(NamedTuple):
    """Means over seeds at one size."""

    size: int
    rows: float
    auto: float
    uniform: float
    best: float
    fits: float
    seconds: float


def measure(task, size, seeds):
    """Return the `Result` of a size."""
    found = []
    for seed in seeds:
        selector = AutoCoreset(task.problem.estimator, size, random_state=seed)
        start = time.perf_counter()
        selection = selector.fit_select(task.X, task.y)
        seconds = time.perf_counter() - start
        uniform = UniformSelector(size, random_state=seed).fit(task.X)
        drawn = [
            task.excess(uniform.select(random_state=1000 * seed + k))
            for k in range(selector.n_queries_)
        ]
        found.append(
            (
                len(selection),
                task.excess(selection),
                np.mean(drawn),
                np.min(drawn),
                selector.n_queries_,
                seconds,
            )
        )
    return Result(size, *np.mean(found, axis=0))


def figures(name, problem, result):
    """Yield the figures of a problem that must be reached."""
    section = f"{name}, {result.size} rows"
    if problem.of_uniform is not None:
        share = max(0.0, result.auto) / result.uniform
        limit = problem.of_uniform
        yield Figure(section, "excess, share of uniform", share, at_most=limit)
    if problem.at_most is not None:
        yield Figure(section, "excess", abs(result.auto), at_most=problem.at_most)
    if problem.beats_best:
        share = max(0.0, result.auto) / result.best
        what = "excess, share of the best of as many uniform draws"
        yield Figure(section, what, share, at_most=1)


HEAD = f"{'rows':>5}{'used':>6}{'AutoCoreset':>13}{'uniform':>10}{'best':>10}"
HEAD += f"{'fits':>6}{'seconds':>9}"


def show(result):
    """Return a line of the table."""
    return (
        f"{result.size:>5}{result.rows:>6.0f}{result.auto:>13.2g}"
        f"{result.uniform:>10.2g}{result.best:>10.2g}{result.fits:>6.0f}"
        f"{result.seconds:>9.2f}"
    )


def table(name, sizes, seeds):
    """Print the table of a problem; yield the figures that must be reached."""
    task = Task(name)
    unit = "cost a row" if task.problem.per_row else "relative"
    n, d = task.X.shape
    print(f"\n{name}, {n:,} x {d} (excess {unit}, mean of {len(seeds)} seeds)")
    print(f"one fit to all rows: {task.seconds:.3g} s\n{HEAD}")
    for size in sorted({*sizes, task.reach}):
        result = measure(task, size, seeds)
        print(show(result), flush=True)
        if size == task.reach:
            yield from figures(name, task.problem, result)


# --- Tuning ---------------------------------------------------------------------------


def tune(name, X, y, model, grid, scoring, size):
    """Print total times and results of a grid search on coresets and on all rows.

    The coreset of a fold is made once, with the parameters of `model`, for all values
    of the grid.
    """
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    n_values = int(np.prod([len(values) for values in grid.values()]))
    print(f"\ntuning {name}: {n_values} values, 5 folds, {X.shape[0]:,} x {X.shape[1]}")
    with tempfile.TemporaryDirectory() as folder:
        few = CoresetEstimator(
            model, AutoCoreset(model, size, random_state=0), memory=folder
        )
        few_grid = {f"estimator__{name}": values for name, values in grid.items()}
        searches = {
            "all rows": GridSearchCV(model, grid, scoring=scoring),
            f"{size} rows": GridSearchCV(few, few_grid, scoring=scoring),
        }
        for label, search in searches.items():
            start = time.perf_counter()
            search.fit(X, y)
            seconds = time.perf_counter() - start
            found = [f"{value:.3g}" for value in search.best_params_.values()]
            print(
                f"{label:>10}: {seconds:7.1f} s, found {', '.join(found)}, {scoring} "
                f"on the test rows {search.score(X_test, y_test):.6f}",
                flush=True,
            )


def tuning(n_rows, size):
    """Tune an estimator with an exact coreset, and one without."""
    X, y = casp()
    grid = {"alpha": np.logspace(-4, 1, 16), "l1_ratio": [0.1, 0.5, 0.9]}
    exact = (X.shape[1] + 2) * (X.shape[1] + 3) // 2
    tune("elastic net, casp", X, y, ElasticNet(), grid, "r2", exact)
    X, y = covtype(n_rows)
    model = LogisticRegression(max_iter=1000)
    tune("logistic, covtype", X, y, model, {"C": PENALTIES}, "neg_log_loss", size)


# --- The command ----------------------------------------------------------------------


def main(arguments=None):
    """Print tables and figures; return 1 if one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "problems", nargs="*", help=f"tuning, or words of {', '.join(PROBLEMS)}"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--rows", type=int, default=50_000, help="of the tuning")
    parser.add_argument("--size", type=int, default=338, help="of its coresets")
    options = parser.parse_args(arguments)
    wanted = options.problems or [*PROBLEMS, "tuning"]
    for word in wanted:
        if not any(word in name for name in [*PROBLEMS, "tuning"]):
            parser.error(f"no problem has {word!r} in its name: {', '.join(PROBLEMS)}")
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = []
    for name in PROBLEMS:
        if any(word in name for word in wanted):
            try:
                found += table(name, options.sizes, range(options.seeds))
            except DataUnavailable as reason:
                print(f"\n{name}: skipped, {reason}")
    if "tuning" in wanted:
        tuning(options.rows, options.size)
    print()
    for figure in found:
        print(line(figure._replace(name=f"{figure.section}: {figure.name}")))
    return int(any(figure.reached is False for figure in found))


# --- asv ------------------------------------------------------------------------------


class Excess:
    """Excess cost at the size where a figure must be reached, mean of three seeds."""

    params = (list(PROBLEMS),)
    param_names = ("problem",)
    timeout = 900

    def setup_cache(self):
        """Measure each problem once."""
        found = {}
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name in PROBLEMS:
            try:
                task = Task(name)
            except DataUnavailable:
                continue
            found[name] = measure(task, task.reach, range(3))
        return found

    def track_auto(self, found, name):
        """Excess of AutoCoreset's rows."""
        return found[name].auto if name in found else np.nan

    def track_uniform(self, found, name):
        """Excess of as many uniform rows."""
        return found[name].uniform if name in found else np.nan

    def track_best(self, found, name):
        """Excess of the best of as many uniform draws as AutoCoreset made fits."""
        return found[name].best if name in found else np.nan

    def track_seconds(self, found, name):
        """Seconds of the search."""
        return found[name].seconds if name in found else np.nan


if __name__ == "__main__":
    sys.exit(main())
