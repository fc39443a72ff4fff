"""Are estimates of memory right, and are budgets kept? Fits in processes of their own.

::

    python -m benchmarks.estimates                 # some 5 minutes
    python -m benchmarks.must_reach estimates
"""

import tempfile
from pathlib import Path

from benchmarks import scale
from benchmarks.figures import Figure, line
from benchmarks.scale import FEATURES, fitted, selector_of, write

METHODS = ("uniform", "leverage", "kmeans", "lewis", "logistic", "tarot")
SIZES = (1_000_000, 4_000_000)
BUDGETS = ("500MB", "800MB")


def beside_estimate(method, path, n_rows):
    """Yield how far the estimate is from the peak above Python and its modules."""
    import coreselect

    selector, _ = selector_of(method)
    wanted = coreselect.estimate_memory(selector, n_rows, FEATURES, "float32")
    found, _ = fitted(method, path)
    taken = found["peak"] - found["warm"]
    section = f"memory: {method}, Parquet {n_rows:,} x {FEATURES} float32"
    yield Figure(section, "peak of a fit", taken / 1e6, "MB")
    yield Figure(section, "estimate", wanted / 1e6, "MB")
    error = abs(wanted / taken - 1)
    yield Figure(section, "relative error of the estimate", error, at_most=0.3)


def beside_budget(method, path, n_rows):
    """Yield the share of a budget that a process takes; a refusal takes nothing."""
    section = f"memory: {method}, Parquet {n_rows:,} x {FEATURES} float32"
    for budget in BUDGETS:
        try:
            found, _ = fitted(method, path, budget)
        except RuntimeError as error:
            if "MemoryError" not in str(error):
                raise
            continue
        share = found["peak"] / (1e6 * float(budget.removesuffix("MB")))
        yield Figure(section, f"peak / budget of {budget}", share, at_most=1.2)


def figures(options):
    """Yield the figures of all methods."""
    del options
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in SIZES:
            path = Path(folder, f"rows{n_rows}.parquet")
            write(path, n_rows)
            for method in METHODS:
                yield from beside_estimate(method, path, n_rows)
                yield from beside_budget(method, path, n_rows)


class FromFile:
    """Peak memory of fits to a file, for asv."""

    params = list(METHODS)
    param_names = ("method",)
    timeout = 600

    def setup_cache(self):
        path = Path("rows.parquet").resolve()
        write(path, SIZES[0])
        return str(path)

    def track_peak(self, path, method):
        found, _ = fitted(method, path)
        return found["peak"]

    track_peak.unit = "bytes"

    def track_peak_under_budget(self, path, method):
        found, _ = fitted(method, path, scale.BUDGET)
        return found["peak"]

    track_peak_under_budget.unit = "bytes"


if __name__ == "__main__":
    for figure in figures(None):
        print(figure.section, line(figure), flush=True)
