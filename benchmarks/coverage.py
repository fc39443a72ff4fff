"""Coverage: time beside peers, passes over a file, near-duplicates, use of the rows.

``python -m benchmarks.coverage`` takes half a minute. Times are CPU seconds of one
thread, the least of five runs. fpsample, scikit-matter and divsel are measured where
they are installed; a loop in NumPy always is. The exit status is 1 if a row differs
from those of the loop, or if diverse rows are nearer to each other than those of the
loop. Near-duplicates are dropped beside the search of scikit-learn for all pairs of
near rows; ``--rows 1000000`` adds a larger case.
"""

import argparse
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from coreselect import (
    DiversitySelector,
    KCenterSelector,
    RadiusSelector,
    UniformSelector,
)
from coreselect.metrics import covering_radius
from coreselect.neighbors import nearest_neighbors
from coreselect.rows import Rows

CASES = ((20_000, 50, 200), (100_000, 8, 200), (50_000, 3, 1000))
RUNS = 5


def loop(X, size, start):
    """Pick rows by a loop in float64; the rows that all others are compared with."""
    near, order = np.full(len(X), np.inf), []
    for t in range(size):
        row = int(np.argmax(near >= near.max() * (1 - 1e-9))) if t else start
        order.append(row)
        near = np.minimum(near, ((X - X[row]) ** 2).sum(axis=1))
    return order


def cpu_seconds(work):
    """Return the least CPU time of a few runs."""
    taken = []
    for _ in range(RUNS):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def peers(X, size):
    """Yield name, version and function of the peers that are installed."""
    for name, attribute, call in (
        ("fpsample", "fps_sampling", lambda f: f(X, size)),
        ("fpsample", "bucket_fps_kdline_sampling", lambda f: f(X, size, 7)),
        ("skmatter.sample_selection", "FPS", lambda f: f(n_to_select=size).fit(X)),
    ):
        if attribute.startswith("bucket") and X.shape[1] > 8:
            continue  # it refuses more columns
        try:
            function = getattr(import_module(name), attribute)
        except ImportError:
            continue
        version = metadata.version(name.partition(".")[0])
        yield f"{attribute} ({version})", lambda f=function, c=call: c(f)


def times():
    """Print times, and return whether all rows are those of the loop."""
    right = True
    for n, d, size in CASES:
        X = np.random.default_rng(0).standard_normal((n, d))
        fitted = KCenterSelector(size).fit(X)
        rows = fitted.sample_indices_.tolist()
        ours = cpu_seconds(lambda X=X, size=size: KCenterSelector(size).fit(X))
        print(f"{n} x {d}, k = {size}: KCenterSelector {ours:.3f} s")
        print(f"  share of the best radius: {fitted.certificate_.share:.3f} or more")
        begin = time.process_time()
        right &= rows == loop(X, size, rows[0])
        others = [("loop in NumPy", time.process_time() - begin)]
        others += [(name, cpu_seconds(work)) for name, work in peers(X, size)]
        for name, seconds in others:
            print(f"  {ours / seconds:5.2f} of {name}, {seconds:.3f} s")
    return right


def passes(n=200_000, d=20, size=300):
    """Print how often a Parquet file is read; return whether memory gives its rows."""
    import pandas as pd

    X = np.random.default_rng(0).standard_normal((n, d))
    wanted = KCenterSelector(size).fit_select(X)
    count = []
    blocks = Rows._blocks
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(d)])
        frame.to_parquet(path)
        Rows._blocks = lambda self: count.append(1) or blocks(self)
        try:
            found = KCenterSelector(size).fit_select(str(path))
        finally:
            Rows._blocks = blocks
    print(f"Parquet, {n} x {d}, k = {size}: {len(count)} passes")
    return found == wanted


def embeddings(n):
    """Return unit rows of 64 columns in clusters; half of them are near-duplicates."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 64))[rng.integers(0, 300, n)]
    X += 0.5 * rng.standard_normal((n, 64))
    X[n // 2 :] = X[: n - n // 2] + 0.02 * rng.standard_normal((n - n // 2, 64))
    return X / np.linalg.norm(X, axis=1)[:, None]


def duplicates(n_rows):
    """Print times of near-duplicate removal."""
    from sklearn.neighbors import NearestNeighbors

    X, radius = embeddings(20_000), 0.1
    ours = cpu_seconds(lambda: RadiusSelector(radius).fit(X))
    index = NearestNeighbors(radius=radius, algorithm="brute").fit(X)
    begin = time.process_time()
    index.radius_neighbors(X, return_distance=False)
    pairs = time.process_time() - begin
    print(f"near-duplicates, 20000 x 64: RadiusSelector {ours:.3f} s")
    print(
        f"  {pairs / ours:.1f} times faster than scikit-learn's search, {pairs:.2f} s"
    )
    if n_rows:
        X, begin = embeddings(n_rows), time.process_time()
        kept = len(RadiusSelector(radius).fit_select(X))
        taken = time.process_time() - begin
        print(f"near-duplicates, {n_rows} x 64: {taken:.1f} s, {kept} rows kept")


def diverse(n=20_000, d=32, size=100):
    """Print utilities, separations and times; return whether no loop is better."""
    X = np.random.default_rng(0).standard_normal((n, d))
    utility = np.random.default_rng(1).random(n)
    start = KCenterSelector(1).fit(X).sample_indices_[0]
    rows, good = loop(X, size, start), True
    for name, given, trade_off in (
        ("no utility", None, 1.0),
        ("utility", utility, 1.0),
        ("utility, trade_off = 10", utility, 10.0),
    ):
        selector = DiversitySelector(size, trade_off=trade_off)
        ours = cpu_seconds(lambda s=selector, u=given: s.fit(X, utility=u))
        found = {"DiversitySelector": (selector.sample_indices_, ours)}
        found["farthest-first"] = rows, None
        if given is not None:
            found["most useful"] = np.argsort(-utility)[:size], None
        with suppress(ImportError):
            found |= dict(divsel(X, given, trade_off, size))
        print(f"{n} x {d}, k = {size}, {name}: utility, separation, value, seconds")
        for method, (chosen, seconds) in found.items():
            useful = 0.0 if given is None else utility[chosen].sum()
            apart = nearest_neighbors(X[chosen], 1)[1].min()
            value = useful + trade_off * apart
            took = "-" if seconds is None else f"{seconds:.3f}"
            print(f"  {method:24} {useful:5.1f} {apart:.2f} {value:6.2f} {took}")
            good &= selector.value_ >= value - 1e-9 or method != "farthest-first"
        print(f"  {selector.certificate_}")
    return good


def divsel(X, utility, trade_off, size):
    """Yield rows and CPU seconds of divsel."""
    gist_select = import_module("divsel").gist_select
    version = metadata.version("divsel")
    X = X.astype(np.float32)
    for diameter in ("exact", "approx"):
        begin = time.process_time()
        rows = gist_select(
            X,
            utility,
            k=size,
            lam=trade_off,
            metric="euclidean",
            diameter=diameter,
        )
        yield f"divsel {version}, {diameter}", (rows, time.process_time() - begin)


def digits():
    """Print what k labelled rows of handwritten digits teach the nearest neighbour."""
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    X, y = load_digits(return_X_y=True)
    print("digits: radius, and accuracy of 1-NN from k labelled rows")
    for size in (20, 50, 100):
        for selector in (KCenterSelector, UniformSelector):
            scores, radii = [], []
            seeds = range(20 if selector is UniformSelector else 1)
            for seed in seeds:
                found = selector(size, random_state=seed).fit_select(X)
                model = KNeighborsClassifier(1).fit(*found.take(X, y))
                scores.append(model.score(X, y))
                radii.append(covering_radius(found, X))
            name = f"{selector.__name__:16}"
            print(f"  {size:3} {name} {np.mean(radii):5.1f} {np.mean(scores):.3f}")


class Radius:
    """asv: radius of 100 rows, beside uniform ones; separation, beside k-center."""

    params = (["normal", "clusters", "digits"],)
    param_names = ("data",)

    def setup(self, name):
        """Make or load the rows."""
        from sklearn.datasets import load_digits

        rng = np.random.default_rng(0)
        self.X = {
            "normal": lambda: rng.standard_normal((20_000, 8)),
            "clusters": lambda: embeddings(20_000),
            "digits": lambda: load_digits().data,
        }[name]()

    def track_radius_beside_uniform(self, name):
        """Radius divided by the mean radius of ten uniform selections."""
        radius = KCenterSelector(100).fit(self.X).radius_[-1]
        uniform = [
            covering_radius(
                UniformSelector(100, random_state=s).fit_select(self.X), self.X
            )
            for s in range(10)
        ]
        return float(radius / np.mean(uniform))

    track_radius_beside_uniform.unit = "ratio"

    def track_separation_beside_farthest_first(self, name):
        """Separation divided by that of plain farthest-first picks."""
        apart = DiversitySelector(100).fit(self.X).separation_
        return float(apart / KCenterSelector(99).fit(self.X).radius_[-1])

    track_separation_beside_farthest_first.unit = "ratio"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, help="rows of a further case")
    options = parser.parse_args(arguments)
    with threadpool_limits(1):
        right = times() and passes() and diverse()
        duplicates(options.rows)
        digits()
    print("all rows are those of the loop, or better" if right else "ROWS DIFFER")
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
