"""Determinantal processes: the figures that must be reached, and an experiment.

::

    python -m benchmarks.dpp                     # every section, some minutes
    python -m benchmarks.dpp projection kdpp     # some
    python -m benchmarks.dpp projection --dppy   # beside DPPy, where it is installed
    python -m benchmarks.dpp approximation --repeats 1000

``approximation`` prints squared errors over those of the best approximation for designs
of n = m, 2 m and 3 m points: Runge's function by polynomials of degree 9 on a line, and
a function of two variables by polynomials of total degree 4. asv follows them as
``track_*`` (`Approximation`). Times are medians of interleaved runs; the exit status is
1 if a figure misses its limit.
"""

import argparse
import sys
from functools import partial

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.preprocessing import PolynomialFeatures

from benchmarks.figures import Figure, medians, seconds
from benchmarks.memory import GIB, peak_of
from coreselect import dpp, draw
from coreselect.approximation import Basis

DESIGNS = ("i.i.d.", "volume-rescaled", "repeated DPP", "pivotal leverage")


# --- Functions from few points --------------------------------------------------------


def line():
    """Runge's function on 2000 midpoints of [-1, 1]; polynomials of degree 9."""
    x = (np.arange(2000) + 0.5) / 1000 - 1
    return Basis(PolynomialFeatures(9), x), 1 / (1 + 25 * x**2)


def square():
    """A peak on 50 x 50 points of the unit square; polynomials of total degree 4."""
    t = (np.arange(50) + 0.5) / 25 - 1
    points = np.stack(np.meshgrid(t, t, indexing="ij"), axis=-1).reshape(-1, 2)
    f = 1 / (1 + 5 * ((points - 0.2) ** 2).sum(axis=1))
    return Basis(PolynomialFeatures(4), points), f


PROBLEMS = {"line": line, "square": square}


class Designs:
    """Draws of every design for one basis, which is prepared once."""

    def __init__(self, basis):
        self.process = dpp.ProjectionDPP(basis.U)
        self.rank = basis.U.shape[1]

    def draw(self, design, n, seed):
        """Return numbers of candidates, including repeats."""
        leverage = self.process.leverage
        if design == "i.i.d.":
            rng = np.random.default_rng(seed)
            return rng.choice(len(leverage), n, p=leverage / leverage.sum())
        if design == "pivotal leverage":
            return draw(leverage, n, random_state=seed).indices
        repeats = n // self.rank if design == "repeated DPP" else 1
        rng = np.random.default_rng(seed)
        return dpp.projection.Draws(self.process, repeats).sample(n, rng)


def ratios(problem, design, times, repeats):
    """Squared error over the best, and smallest eigenvalues, for n = times * m."""
    basis, f = PROBLEMS[problem]()
    designs = Designs(basis)
    found = np.empty((repeats, 2))
    for k in range(repeats):
        rows = designs.draw(design, times * designs.rank, k)
        scaled = basis.U[rows] / np.sqrt(designs.process.leverage[rows])[:, None]
        gram = scaled.T @ scaled / times
        fitted = basis.fit(rows, f[rows])
        found[k] = basis.ratio(fitted, f), np.linalg.eigvalsh(gram)[0]
    return found


def approximation(options):
    """Print the table of the experiment; medians, 90 % quantiles, means."""
    print("squared error over the best: median / 90 % / mean; P(smallest >= 0.5), 0.1")
    for problem in PROBLEMS:
        for times in (1, 2, 3):
            for design in DESIGNS:
                found = ratios(problem, design, times, options.repeats)
                error, smallest = found.T
                print(
                    f"{problem:8} n = {times} m  {design:18}"
                    f"{np.median(error):9.3g} /{np.quantile(error, 0.9):9.3g} /"
                    f"{error.mean():9.3g};  {np.mean(smallest >= 0.5):6.3f}"
                    f" {np.mean(smallest >= 0.1):6.3f}"
                )
    yield from ()


class Approximation:
    """asv: quality of designs for least squares, 300 repetitions each."""

    params = (list(PROBLEMS), list(DESIGNS), [1, 2, 3])
    param_names = ("problem", "design", "points per dimension")
    timeout = 300

    def track_median_ratio(self, problem, design, times):
        """Median of the squared error over the best."""
        return float(np.median(ratios(problem, design, times, 300)[:, 0]))

    def track_mean_smallest_eigenvalue(self, problem, design, times):
        """Mean of the smallest eigenvalue of the weighted Gram matrix (ideally 1)."""
        return float(np.mean(ratios(problem, design, times, 300)[:, 1]))

    track_median_ratio.unit = track_mean_smallest_eigenvalue.unit = "ratio"


# --- Speed ----------------------------------------------------------------------------


def _orthonormal(n, m):
    X = np.random.default_rng(0).standard_normal((n, m))
    return np.ascontiguousarray(X @ np.linalg.inv(np.linalg.qr(X, mode="r")))


def projection(options):
    """Time projection samplers relative to matrix-vector products, and DPPy."""
    n, m = 1_000_000, 50
    U, v = _orthonormal(n, m), np.ones(m)
    process = dpp.ProjectionDPP(U)

    def products():
        for _ in range(m):
            U @ v

    gemv, chain, auto = medians(
        [
            products,
            lambda: dpp.sample_projection_dpp(U, method="chain", random_state=0),
            lambda: dpp.sample_projection_dpp(U, random_state=0),
        ],
        options.repeat,
    )
    name = f"{n:,} x {m}, over fifty U @ v"
    yield Figure("projection", f"chain, {name}", chain / gemv, "x", at_most=1.0)
    yield Figure("projection", f"auto, {name}", auto / gemv, "x", at_most=0.4)
    small = dpp.ProjectionDPP(_orthonormal(10_000, m))
    first, second = medians(
        [lambda: small.sample(random_state=1), lambda: process.sample(random_state=1)],
        5 * options.repeat,
    )
    yield Figure(
        "projection",
        "rejection again, n = 1,000,000 over n = 10,000",
        second / first,
        "x",
        at_most=3.0,
    )
    if options.dppy:
        yield _beside_dppy(options)


def _beside_dppy(options):
    from dppy.finite_dpps import FiniteDPP

    U = _orthonormal(10_000, 300)
    rival = FiniteDPP("correlation", projection=True, K_eig_dec=(np.ones(300), U))

    def theirs():
        rival.sample_exact(mode="GS", random_state=np.random.RandomState(0))

    gs, ours = medians(
        [theirs, lambda: dpp.sample_projection_dpp(U, random_state=0)], options.repeat
    )
    return Figure(
        "projection", "10,000 x 300, DPPy over ours", gs / ours, "x", at_least=25
    )


def kdpp(options):
    """Sample k-DPPs on spectra where raw polynomials fail."""
    L = 100.0 * np.eye(1000)
    yield Figure(
        "kdpp",
        "1000 eigenvalues of 100, k = 200",
        seconds(lambda: dpp.sample_kdpp(L, 200, random_state=0)),
        "s",
    )
    rng = np.random.default_rng(0)
    V = np.linalg.qr(rng.standard_normal((3000, 3000)))[0]
    L = (V * np.geomspace(1, 1e-12, 3000)) @ V.T
    L = (L + L.T) / 2
    yield Figure(
        "kdpp",
        "eigenvalues 1 to 1e-12, n = 3000, k = 60",
        seconds(lambda: dpp.sample_kdpp(L, 60, random_state=0)),
        "s",
    )


def greedy(options):
    """Time greedy picks relative to a new triangular solve for each pick."""
    n, d, k = options.rows, 50, 200
    X = np.random.default_rng(0).standard_normal((n, d))
    kernel = dpp.KernelRows(X)
    picks = []

    def fresh():
        left, rows, chosen = np.ones(n), np.empty((k, n)), []
        for t in range(k):
            chosen.append(int(np.argmax(left)))
            rows[t] = kernel.row(chosen[-1])
            factor = np.linalg.cholesky(rows[: t + 1, chosen])
            V = solve_triangular(factor, rows[: t + 1], lower=True, check_finite=False)
            left = 1 - (V * V).sum(axis=0)
            left[chosen] = -np.inf
        picks.append(chosen)

    slow = seconds(fresh)
    fast = sorted(seconds(lambda: picks.append(dpp.map_dpp(kernel, k))) for _ in "123")
    same = all(np.array_equal(found, picks[0]) for found in picks)
    name = f"rbf, {n:,} x {d}, k = {k}"
    yield Figure("greedy", f"{name}: equal picks", float(same), "", at_least=1)
    yield Figure("greedy", f"{name}: faster by", slow / fast[1], "x", at_least=10)


def selector(options):
    """Fit DPPSelector and draw again; seconds."""
    from coreselect import DPPSelector

    again = {}
    for n, size, limit in (
        (5000, 300, None),
        (50_000, 300, 10.0),
        (50_000, 1000, None),
    ):
        X = np.random.default_rng(0).standard_normal((n, 20))
        chosen = DPPSelector(size, random_state=0)
        name = f"{size:,} of {n:,} x 20, fit and first sample"
        yield Figure("selector", name, seconds(partial(chosen.fit, X)), "s", limit)
        calls = [partial(chosen.select, random_state=1)]
        (again[n, size],) = medians(calls, options.repeat)
    ratio = again[50_000, 300] / again[5000, 300]
    name = "300 again, n = 50,000 over n = 5,000"
    yield Figure("selector", name, ratio, "x", at_most=2.0)
    X, chosen = million()
    yield Figure("selector", "1,000,000 x 20, fit", seconds(lambda: chosen.fit(X)), "s")
    again = seconds(lambda: chosen.select(random_state=1))
    yield Figure("selector", "1,000,000 x 20, select", again, "s")


def memory(options):
    """Fit DPPSelector to a million rows: memory relative to the data."""
    peak = (peak_of(fit_million) - peak_of(million)) / GIB
    yield Figure("memory", "peak memory beside the data", peak, "GiB", at_most=8.0)


def million():
    """Return a million rows, and the selector to fit to them."""
    from coreselect import DPPSelector

    X = np.random.default_rng(0).standard_normal((1_000_000, 20))
    return X, DPPSelector(20, n_components=100, random_state=0)


def fit_million():
    """Fit DPPSelector to a million rows."""
    X, chosen = million()
    chosen.fit(X)


SECTIONS = {
    f.__name__: f for f in (projection, kdpp, greedy, selector, memory, approximation)
}


def main(arguments=None):
    """Print the figures of some sections; return 1 if one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--repeat", type=int, default=3, help="runs for a median")
    parser.add_argument("--repeats", type=int, default=1000, help="draws of a design")
    parser.add_argument("--rows", type=int, default=100_000, help="of `greedy`")
    parser.add_argument("--dppy", action="store_true", help="time DPPy too")
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
