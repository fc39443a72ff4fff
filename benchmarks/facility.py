"""Facility location: time beside peers, proven shares of the optimum, use of the rows.

``python -m benchmarks.facility`` takes a minute; ``--large`` adds 100,000 rows, for
which a matrix of similarities would take 80 GB. Times are CPU seconds of one thread.
apricot and submodlib are measured where they are installed; plain greedy search on a
matrix in float64 always is. The exit status is 1 if rows differ from those of plain
greedy search, or less than .93 of the optimum is proven, for a size or a budget.
"""

import argparse
import sys
import time

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.memory import peak_of
from coreselect import (
    FacilityLocationSelector,
    KCenterSelector,
    PrototypeSelector,
    UniformSelector,
)
from coreselect.coverage import coverage_bound, facility_location

CASES = ((2_000, 25, 100), (5_000, 25, 200), (10_000, 25, 500))
LARGE = (100_000, 25, 500)
LEAST_SHARE = 0.93
# Twins of plain greedy search hold n x n numbers and look at all of them in each step.
MOST_PLAIN = 5_000


def similarities(X):
    S = cdist(X, X)
    S += 1
    return np.reciprocal(S, out=S)


def plain(X, size):
    """Choose rows by plain greedy search on the matrix, in float64."""
    S, order = similarities(X), []
    served = np.zeros(len(X))
    for _ in range(size):
        gains = np.maximum(S, served).sum(axis=1) - served.sum()
        gains[order] = -1
        order.append(int(np.argmax(gains >= gains.max() * (1 - 1e-9))))
        served = np.maximum(served, S[order[-1]])
    return order


def apricot(X, size):
    from apricot import FacilityLocationSelection

    selector = FacilityLocationSelection(size, metric="precomputed", optimizer="lazy")
    return selector.fit(similarities(X)).ranking


def submodlib(X, size):
    """Its own matrix, of another function of the distance; float32."""
    from submodlib import FacilityLocationFunction

    function = FacilityLocationFunction(
        n=len(X), mode="dense", data=X, metric="euclidean", separate_rep=False
    )
    found = function.maximize(size, "LazyGreedy", show_progress=False)
    return [row for row, _ in found]


def timed(work, *arguments):
    begin = time.process_time()
    found = work(*arguments)
    return time.process_time() - begin, found


def located(n, d, size):
    """Select rows in a process of their own, whose memory is read."""
    facility_location(np.random.default_rng(0).standard_normal((n, d)), size)


def times(cases):
    """Print times; return whether all rows are those of plain greedy search."""
    right = True
    warm = np.random.default_rng(1).standard_normal((300, 25))
    facility_location(warm, 20)
    facility_location(np.tile(warm, (6, 1)) + np.arange(1800)[:, None], 20)
    for n, d, size in cases:
        X = np.random.default_rng(0).standard_normal((n, d))
        ours, (rows, gains) = timed(facility_location, X, size)
        print(f"{n} x {d}, k = {size}: {ours:.2f} s, value {gains.sum():.8g}")
        for peer in (plain, apricot, submodlib):
            if (peer is plain) * n > MOST_PLAIN or n > 20_000:
                continue
            try:
                peer(warm[:60], 2)
            except ImportError:
                continue
            seconds, found = timed(peer, X, size)
            value = coverage_bound(X, found).value
            print(f"  {peer.__name__}: {seconds / ours:.1f} times, value {value:.8g}")
            right &= peer is not plain or found == rows.tolist()
        more = peak_of(located, n, d, size) - peak_of(located, 100, d, 1)
        print(f"  memory beside that of the imports: {more / 2**20:.0f} MB")
    return right


def data_sets():
    """Yield names and rows: three simulated sets, three of scikit-learn's."""
    rng = np.random.default_rng(0)
    yield "normal, d = 25", rng.standard_normal((2000, 25))
    yield "normal, d = 4", rng.standard_normal((2000, 4))
    centers = 3 * rng.standard_normal((50, 25))
    yield (
        "50 clusters",
        centers[rng.integers(0, 50, 2000)] + rng.normal(size=(2000, 25)),
    )
    yield "heavy tails", rng.standard_t(2, (2000, 5))
    yield "digits", load_digits().data
    yield "breast cancer", StandardScaler().fit_transform(load_breast_cancer().data)


def shares(size=100):
    """Print values and proven shares; return whether all shares are large enough."""
    print(f"k = {size}: proven share, and value of other rows beside these")
    enough = True
    for name, X in data_sets():
        taken, selector = timed(FacilityLocationSelector(size).fit, X)
        proving, certificate = timed(selector.certificate)

        def beside(other, X=X, best=certificate.value):
            found = other(size, random_state=0).fit_select(X)
            return coverage_bound(X, found.indices).value / best

        others = [beside(UniformSelector), beside(KCenterSelector)]
        print(
            f"  {name:15} {certificate.share:.3f}; uniform {others[0]:.3f}, k-center "
            f"{others[1]:.3f}; selected in {taken:.2f} s, proven in {proving:.2f} s"
        )
        enough &= certificate.share >= LEAST_SHARE
    return enough


def budgets(size=100):
    """Print proven shares within a budget; return whether all are large enough.

    Rows cost 1 to 10, and the budget pays for `size` of mean cost. The first picks of a
    search that knows no costs, as far as the budget goes, stand beside it.
    """
    print(f"a budget for {size} rows: proven share, and value of picks without costs")
    enough = True
    for name, X in data_sets():
        cost = np.random.default_rng(1).uniform(1, 10, len(X))
        budget = size * cost.mean()
        selector = FacilityLocationSelector(None, budget=budget).fit(X, cost=cost)
        certificate = selector.certificate_
        other = FacilityLocationSelector(2 * size).fit(X)
        paid = np.cumsum(cost[other.sample_indices_]) <= budget
        beside = other.gains_[paid].sum() / certificate.value
        print(f"  {name:15} {certificate.share:.3f}; {beside:.3f}")
        enough &= certificate.share >= LEAST_SHARE
    return enough


def medoids(X, size, seed):
    """The rows nearest to the centres of k-means."""
    centers = KMeans(size, n_init=1, random_state=seed).fit(X).cluster_centers_
    return cdist(centers, X).argmin(axis=1)


def digits():
    """Print what k labelled digits teach the nearest neighbour."""
    X, y = load_digits(return_X_y=True)
    print("digits: accuracy of 1-NN from k labelled rows")
    for size in (20, 50, 100):
        chosen = {
            "facility location": [FacilityLocationSelector(size).fit_select(X).indices],
            "k-means medoids": [medoids(X, size, seed) for seed in range(20)],
            **{
                f"prototypes, {smoothness}": [
                    PrototypeSelector(size, smoothness=smoothness, random_state=seed)
                    .fit_select(X)
                    .indices
                    for seed in range(20)
                ]
                for smoothness in (0, 0.5, 1, 2)
            },
            "k-center": [KCenterSelector(size).fit_select(X).indices],
            "uniform": [
                UniformSelector(size, random_state=seed).fit_select(X).indices
                for seed in range(20)
            ],
        }
        for name, all_rows in chosen.items():
            scores = [
                KNeighborsClassifier(1).fit(X[rows], y[rows]).score(X, y)
                for rows in all_rows
            ]
            print(f"  {size:3} {name:18} {np.mean(scores):.3f}")


class Value:
    """asv: the value of 100 rows, beside those of other rows and the optimum."""

    params = (["normal, d = 25", "normal, d = 4", "50 clusters", "heavy tails"],)
    param_names = ("data",)

    def setup(self, name):
        """Make the rows, and select."""
        self.X = dict(data_sets())[name]
        self.fitted = FacilityLocationSelector(100).fit(self.X)

    def track_value_beside_uniform(self, name):
        """Value divided by the mean value of three uniform selections."""
        uniform = [
            UniformSelector(100, random_state=seed).fit_select(self.X).indices
            for seed in range(3)
        ]
        values = [coverage_bound(self.X, rows).value for rows in uniform]
        return float(self.fitted.value_ / np.mean(values))

    def track_share(self, name):
        """Proven share of the optimum; at least .93."""
        return self.fitted.certificate_.share

    track_value_beside_uniform.unit = track_share.unit = "ratio"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="100,000 rows, too")
    options = parser.parse_args(arguments)
    with threadpool_limits(1):
        right = times(CASES + (LARGE,) * options.large)
        enough = shares() & budgets()
        digits()
    print("rows are those of plain greedy search" if right else "ROWS DIFFER")
    return int(not (right and enough))


if __name__ == "__main__":
    sys.exit(main())
