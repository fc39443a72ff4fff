"""Clustering: seeds beside scikit-learn's k-means++, distortion beside uniform rows.

asv runs the classes; ``python -m benchmarks.must_reach clustering`` prints the figures
with their limits.
"""

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus

import coreselect
from benchmarks import data
from benchmarks.figures import Figure, medians
from benchmarks.memory import peak
from benchmarks.quality import with_intercept
from coreselect import KMeansSensitivitySelector, UniformSelector
from coreselect.clustering import seed_centers

N_CLUSTERS = 10
SIZE = 400
SEEDS = range(10)
NAMES = [
    "UniformSelector",
    "LightweightSelector",
    "KMeansSensitivitySelector",
    "GroupSamplingSelector",
]


# --- Data -----------------------------------------------------------------------------


def even(n_rows=50_000):
    """Five clusters of equal size and width: no row matters more than another."""
    rng = np.random.default_rng(0)
    centers = 5 * rng.standard_normal((5, 5))
    return rng.standard_normal((n_rows, 5)) + centers[rng.integers(5, size=n_rows)]


def far(n_rows=50_000):
    """The same with five more clusters of ten rows, far out."""
    X = even(n_rows)
    rng = np.random.default_rng(1)
    X[:50] += np.repeat(100 * rng.standard_normal((5, 5)), 10, axis=0)
    return X


def covtype():
    """Standardised columns of real data."""
    return with_intercept(data.numeric(data.load("covtype")[0]))[:, 1:]


def hipparcos():
    """Standardised columns of real data with rows far out."""
    return with_intercept(data.numeric(data.load("hipparcos")[0]))[:, 1:]


DATA = {"far": far, "even": even, "covtype": covtype, "hipparcos": hipparcos}


# --- Distortion -----------------------------------------------------------------------


def cost(X, centers, weight=None):
    """Return the (weighted) k-means cost of some centres."""
    total = 0.0
    for start in range(0, len(X), 8192):
        part = X[start : start + 8192]
        gaps = np.stack([((part - c) ** 2).sum(axis=1) for c in centers]).min(axis=0)
        total += gaps.sum() if weight is None else weight[start : start + 8192] @ gaps
    return float(total)


def kmeans(X, seed, weight=None):
    """Return the centres of a k-means from one start."""
    model = KMeans(N_CLUSTERS, n_init=1, max_iter=30, random_state=seed)
    return model.fit(X, sample_weight=weight).cluster_centers_


class Candidates:
    """Sets of centres, good ones and random rows, with their costs on all rows."""

    def __init__(self, X):
        rng = np.random.default_rng(0)
        chance = [X[rng.choice(len(X), N_CLUSTERS)] for _ in range(4)]
        self.X = X
        self.known = [(q, cost(X, q)) for q in (kmeans(X, 0), kmeans(X, 1), *chance)]

    def distortion(self, selection, seed):
        """Return the largest factor, less one, by which a cost is misjudged.

        Over the known sets of centres and those that k-means finds in the selection.
        """
        rows, weight = selection.take(self.X), selection.weights
        found = kmeans(rows, seed, weight)
        ratios = [
            cost(rows, q, weight) / full
            for q, full in [*self.known, (found, cost(self.X, found))]
        ]
        return max(max(r, 1 / r) if r > 0 else np.inf for r in ratios) - 1

    def mean_distortion(self, name):
        """Return the mean over seeds."""
        cls = coreselect.all_selectors()[name]
        own = {"n_clusters": N_CLUSTERS} if hasattr(cls(), "n_clusters") else {}
        drawn = (cls(SIZE, random_state=s, **own).fit_select(self.X) for s in SEEDS)
        return float(np.mean([self.distortion(s, 0) for s in drawn]))


class Distortion:
    """Largest error of the k-means cost at 400 rows, mean over ten seeds."""

    params = (NAMES, list(DATA))
    param_names = ("selector", "data")
    timeout = 600

    def setup(self, name, kind):
        """Load the data; skip if they cannot be fetched."""
        try:
            self.candidates = Candidates(DATA[kind]())
        except data.DataUnavailable as reason:
            raise NotImplementedError(str(reason)) from reason

    def track_distortion(self, name, kind):
        """Compare with UniformSelector; on "even" data both agree."""
        return self.candidates.mean_distortion(name)

    track_distortion.unit = "relative error"


class Seeds:
    """Time, memory and cost of seeds in 200,000 x 20 numbers."""

    params = ([8, 50, 200, 800], ["exact", "tree"])
    param_names = ("n_clusters", "search")
    timeout = 600

    def setup(self, n_clusters, search):
        """Compile first."""
        self.X = np.random.default_rng(0).standard_normal((200_000, 20))
        seed_centers(self.X[:1000], 9, search=search, random_state=0)

    def time_seed_centers(self, n_clusters, search):
        """Time of seeds; with the tree it hardly grows with the number of clusters."""
        seed_centers(self.X, n_clusters, search=search, random_state=0)

    def track_peak_seed_centers(self, n_clusters, search):
        """Peak memory of the process, including the data (32 MB)."""
        seed_centers(self.X, n_clusters, search=search, random_state=0)
        return peak()

    track_peak_seed_centers.unit = "bytes"

    def track_cost(self, n_clusters, search):
        """Cost of the seeds per row."""
        selector = KMeansSensitivitySelector(
            10, n_clusters=n_clusters, search=search, random_state=0
        )
        return selector.fit(self.X).seed_cost_ / len(self.X)

    track_cost.unit = "squared distance"


# --- Figures that must be reached -----------------------------------------------------


def mixture(n_rows=1_000_000, n_features=20, n_lumps=200):
    """Clusters that overlap a little."""
    rng = np.random.default_rng(0)
    lumps = 2 * rng.standard_normal((n_lumps, n_features))
    X = rng.standard_normal((n_rows, n_features))
    X += lumps[rng.integers(n_lumps, size=n_rows)]
    return X


def figures(options):
    """Yield the figures of clustering, with their limits."""
    X = mixture()
    section = "k-means sensitivities 1,000,000 x 20"

    def fit(k, search="auto", seed=0):
        selector = KMeansSensitivitySelector(
            1000, n_clusters=k, search=search, random_state=seed
        )
        return selector.fit(X)

    fit(50)
    fit(50, "tree")
    ours, theirs = medians(
        [lambda: fit(50), lambda: kmeans_plusplus(X, 50, random_state=0)],
        max(2, options.repeat // 3),
    )
    name = "seconds, 50 clusters: seeds, scores and rows"
    yield Figure(section, name, ours, "s")
    yield Figure(section, "seconds, kmeans_plusplus alone", theirs, "s")
    name = "times faster than kmeans_plusplus"
    yield Figure(section, name, theirs / ours, "x", at_least=5)
    costs = [fit(50, seed=seed).seed_cost_ for seed in SEEDS]
    beside = [cost(X, kmeans_plusplus(X, 50, random_state=s)[0]) for s in SEEDS]
    name = "cost of seeds beside theirs, mean of 10"
    ratio = np.mean(costs) / np.mean(beside)
    yield Figure(section, name, ratio, "x", at_most=1.3)
    few, many = medians(
        [lambda: fit(50, "tree"), lambda: fit(800, "tree")],
        max(2, options.repeat // 3),
    )
    yield Figure(section, "seconds, 50 clusters by the tree", few, "s")
    yield Figure(section, "seconds, 800 clusters by the tree", many, "s")
    name = "time of 800 clusters over 50, by the tree"
    yield Figure(section, name, many / few, "x", at_most=6)
    yield from distortions()


def distortions():
    """Yield distortions relative to those of as many uniform rows."""
    section = f"k-means distortion, {SIZE} rows, mean of 10 seeds"
    for kind, limit in (("far", 0.1), ("even", None)):
        candidates = Candidates(DATA[kind]())
        uniform = candidates.mean_distortion(UniformSelector.__name__)
        yield Figure(section, f"{kind}: uniform", uniform)
        for name in NAMES[1:]:
            found = candidates.mean_distortion(name)
            yield Figure(section, f"{kind}: {name}", found)
            if name == KMeansSensitivitySelector.__name__:
                label = f"{kind}: {name}, share of uniform"
                yield Figure(section, label, found / uniform, at_most=limit)
