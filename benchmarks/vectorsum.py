"""Vector sums: time of exact sums relative to a Gram matrix, and errors at equal size.

``python -m benchmarks.vectorsum`` prints the figures that must be reached; asv runs the
classes.
"""

import argparse
import sys
import time

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks.figures import Figure, line, medians
from benchmarks.memory import peak
from coreselect.vectorsum import (
    caratheodory,
    frank_wolfe,
    least_squares_coreset,
    median_of_means,
    norm_sampling,
)

APPROXIMATE = {f.__name__: f for f in (frank_wolfe, norm_sampling, median_of_means)}
SIZES = (10, 50, 200)
DRAWS = 10_000


# --- Data -----------------------------------------------------------------------------


def vectors(n_rows=1_000_000, n_columns=30):
    """Normal vectors."""
    return np.random.default_rng(0).standard_normal((n_rows, n_columns))


def losses(n_rows=20_000, n_columns=30):
    """Positive and skewed, one factor and noise, like losses at several queries."""
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((n_rows, 1))
    return np.exp(factor + 0.7 * rng.standard_normal((n_rows, n_columns)))


def regression(n_rows=1_000_000, n_features=20):
    """A linear model with normal noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features))
    return X, X.sum(axis=1) + rng.standard_normal(n_rows)


# --- Yardsticks -----------------------------------------------------------------------


def error_of_sums(V, indices, weights):
    """Return the largest error of a column's sum, relative to the sum of ``|v|``."""
    V = V.astype(np.longdouble)
    gaps = np.abs(weights.astype(np.longdouble) @ V[indices] - V.sum(axis=0))
    return float((gaps / np.abs(V).sum(axis=0)).max())


def distance(V, indices, weights):
    """Return the error of the sum, in standard deviations times the total weight."""
    mean = V.mean(axis=0)
    gap = weights @ V[indices] / len(V) - mean
    return float(np.linalg.norm(gap) / np.linalg.norm(V - mean) * np.sqrt(len(V)))


def excess(X, y, selection):
    """Return the relative excess of the squared error of a fit to selected rows."""
    few = LinearRegression().fit(*selection.take(X, y), selection.weights)
    full = LinearRegression().fit(X, y)
    loss, least = (((y - m.predict(X)) ** 2).sum() for m in (few, full))
    return float(loss / least - 1)


# --- Figures that must be reached -----------------------------------------------------


def exact(options):
    """Time and accuracy of Carathéodory's sums."""
    V = vectors()
    section = "caratheodory, 1,000,000 x 30"
    ours, gram = medians([lambda: caratheodory(V), lambda: V.T @ V], options.repeat)
    yield Figure(section, "seconds", ours, "s")
    yield Figure(section, "seconds, V.T @ V", gram, "s")
    yield Figure(section, "times as long as V.T @ V", ours / gram, at_most=10)
    indices, weights = caratheodory(V)
    yield Figure(section, "vectors", len(indices), at_most=31)
    gap = error_of_sums(V, indices, weights)
    yield Figure(section, "error of sums", gap, at_most=1e-12)
    gap = abs(weights.sum() / len(V) - 1)
    yield Figure(section, "error of the total weight", gap, at_most=1e-12)


def least_squares(options):
    """Time and excess of exact coresets for least squares."""
    X, y = regression()
    both = np.column_stack([X, y])
    section = "least squares, 1,000,000 x 20"
    calls = [lambda: least_squares_coreset(X, y), lambda: both.T @ both]
    ours, gram = medians(calls, options.repeat)
    yield Figure(section, "seconds", ours, "s")
    yield Figure(section, "seconds, Gram matrix of [X y]", gram, "s")
    yield Figure(section, "times as long as the Gram matrix", ours / gram, at_most=15)
    selection = least_squares_coreset(X, y)
    yield Figure(section, "rows", len(selection), at_most=22 * 23 / 2)
    gap = abs(excess(X, y, selection))
    yield Figure(section, "relative excess of the squared error", gap, at_most=1e-12)


def drawn(options):
    """Mean squared error of norm sampling, and its formula."""
    V = losses(200, 5)
    total, size = V.sum(axis=0), 20
    lengths = np.linalg.norm(V, axis=1)
    wanted = (lengths.sum() ** 2 - (total**2).sum()) / size
    gaps = np.empty(DRAWS)
    for seed in range(DRAWS):
        indices, weights = norm_sampling(V, size=size, random_state=seed)
        gaps[seed] = ((weights @ V[indices] - total) ** 2).sum()
    section = f"norm sampling, {size} of 200 vectors, {DRAWS} draws"
    yield Figure(
        section, "squared error over that of the formula", gaps.mean() / wanted
    )
    z = (gaps.mean() - wanted) / (gaps.std() / np.sqrt(DRAWS))
    yield Figure(section, "standard errors apart", abs(z), at_most=4.5)


def sizes(options):
    """Errors of sums at equal size; seconds."""
    V = losses()
    for size in SIZES:
        section = f"sum of 20,000 x 30 losses by {size} vectors, mean of 10 seeds"
        for name, function in APPROXIMATE.items():
            n_seeds = 1 if function is frank_wolfe else 10
            start = time.perf_counter()
            found = [sum_by(name, V, size, seed) for seed in range(n_seeds)]
            seconds = (time.perf_counter() - start) / n_seeds
            gap = np.mean([distance(V, *pair) for pair in found])
            yield Figure(section, f"{name}: error, in deviations", gap)
            yield Figure(section, f"{name}: seconds", seconds, "s")


def sum_by(name, V, size, seed):
    """Sum vectors by the function of that name."""
    options = {} if name == "frank_wolfe" else {"random_state": seed}
    return APPROXIMATE[name](V, size=size, **options)


SECTIONS = {f.__name__: f for f in (exact, least_squares, drawn, sizes)}


def main(arguments=None):
    """Print the figures of some sections; return 1 if one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--repeat", type=int, default=5, help="runs for a median")
    options = parser.parse_args(arguments)
    missed, section = 0, None
    for name in options.sections or SECTIONS:
        for figure in SECTIONS[name](options):
            if figure.section != section:
                section = figure.section
                print(f"\n{section}")
            print(line(figure), flush=True)
            missed += figure.reached is False
    return int(missed > 0)


# --- asv ------------------------------------------------------------------------------


class Exact:
    """Exact sums of 1,000,000 vectors."""

    timeout = 300

    def setup(self):
        """Make the rows; compile the kernels."""
        self.V, (self.X, self.y) = vectors(), regression()
        caratheodory(self.V[:5000])
        least_squares_coreset(self.X[:5000], self.y[:5000])

    def time_caratheodory(self):
        """30 columns."""
        caratheodory(self.V)

    def time_least_squares(self):
        """20 features: 253 products."""
        least_squares_coreset(self.X, self.y)

    def track_peak_least_squares(self):
        """Peak memory of the process, including the data (400 MB)."""
        least_squares_coreset(self.X, self.y)
        return peak()

    track_peak_least_squares.unit = "bytes"

    def track_error(self):
        """Largest relative error of a sum."""
        return error_of_sums(self.V, *caratheodory(self.V))

    def track_excess(self):
        """Relative excess of the squared error."""
        return abs(excess(self.X, self.y, least_squares_coreset(self.X, self.y)))


class Approximate:
    """Sums of 20,000 vectors of losses from few of them."""

    params = (list(APPROXIMATE), SIZES)
    param_names = ("function", "size")

    def setup(self, name, size):
        """Make the vectors."""
        self.V = losses()

    def time_sum(self, name, size):
        """One call."""
        sum_by(name, self.V, size, 0)

    def track_error(self, name, size):
        """Error of the sum in standard deviations, mean of ten seeds."""
        found = (sum_by(name, self.V, size, seed) for seed in range(10))
        return float(np.mean([distance(self.V, *pair) for pair in found]))


if __name__ == "__main__":
    sys.exit(main())
