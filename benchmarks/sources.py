"""One leverage fit to the same rows in files, data sets, queries and a holder.

::

    python -m benchmarks.sources        # 2 million x 20 float32, half a minute
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.memory import peak_of
from coreselect import LeverageSelector, rows
from coreselect.rows.arrays import ArrayHolder

ROWS, COLUMNS, PARTS = 2_000_000, 20, 8


def write(folder):
    """Write the same rows as one Parquet file, as several, and as a .npy file."""
    (folder / "parts").mkdir()
    X = np.random.default_rng(0).standard_normal((ROWS, COLUMNS), dtype=np.float32)
    for i, part in enumerate(np.array_split(X, PARTS)):
        table = {f"x{j}": column for j, column in enumerate(part.T)}
        rows.write(folder / "parts" / f"part-{i}.parquet", table)
    rows.write(folder / "one.parquet", rows.open(folder / "parts"))
    np.save(folder / "rows.npy", X)


def _data_set(folder):
    import pyarrow.dataset

    return pyarrow.dataset.dataset(folder / "parts")


def _lazy(folder):
    import polars

    return polars.scan_parquet(folder / "parts" / "*.parquet")


SOURCES = {
    "npy file": lambda folder: folder / "rows.npy",
    "Parquet file": lambda folder: folder / "one.parquet",
    "directory": lambda folder: folder / "parts",
    "data set": _data_set,
    "lazy frame": _lazy,
    "holder": lambda folder: ArrayHolder(np.load(folder / "rows.npy", mmap_mode="r")),
}


def fit(folder, name):
    """Fit to one source, and return the selection."""
    data = SOURCES[name](Path(folder))
    return LeverageSelector(1000, random_state=0).fit_select(data)


class Sources:
    """Time and memory of two passes over each source."""

    params = tuple(SOURCES)
    param_names = ("source",)
    timeout = 300

    def setup_cache(self):
        write(Path.cwd())
        return str(Path.cwd())

    def setup(self, folder, name):
        fit(folder, "npy file")  # kernels are compiled

    def time_fit(self, folder, name):
        fit(folder, name)

    def track_peak_fit(self, folder, name):
        return peak_of(fit, folder, name) / 2**20

    track_peak_fit.unit = "MB"


def main():
    """Print seconds, CPU seconds and peak memory of every source."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        wanted = fit(folder, "npy file")
        for name in SOURCES:
            start, cpu = time.perf_counter(), time.process_time()
            assert fit(folder, name) == wanted
            seconds = time.perf_counter() - start, time.process_time() - cpu
            peak = peak_of(fit, folder, name) / 2**20
            print(
                f"{name:14} {seconds[0]:6.2f} s {seconds[1]:6.2f} s CPU {peak:6.0f} MB"
            )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
