"""Time by the number of columns: a frame is looked up once, not once per column.

``python -m benchmarks.columns`` prints the CPU seconds of reading, taking and making
rows of frames of several kinds at 500 and 2,000 columns, and their ratio, of which 6 is
allowed; SMOTE may take 3 times as long as imbalanced-learn's.
"""

import sys
import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from coreselect import SMOTE
from coreselect import rows as cs_rows

COLUMNS = (500, 2000)
ROWS = 100
KINDS = ("pandas", "pandas, mixed", "polars", "pyarrow")
_MOST_GROWTH = 6.0
_MOST_BESIDE = 3.0


def frame(kind, n_rows, n_columns):
    """Return a frame of floats, in one kind of every other column integers."""
    X = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    columns = {f"c{j}": X[:, j] for j in range(n_columns)}
    if kind == "pandas":
        return pd.DataFrame(X, columns=list(columns))
    if kind == "pandas, mixed":
        for j in range(0, n_columns, 2):
            columns[f"c{j}"] = np.rint(X[:, j]).astype(int)
        return pd.DataFrame(columns)
    return pl.DataFrame(columns) if kind == "polars" else pa.table(columns)


def read(data):
    """Read all rows block by block, gather some and take some."""
    rows = cs_rows.open(data)
    rows.check_finite()
    rows.gather([3, 1])
    rows.take([5, 2])


def make(data):
    """Make rows for the smaller of two classes."""
    SMOTE(random_state=0).fit_resample(data, _labels(len(data)))


def make_imblearn(data):
    """Do the same with imbalanced-learn."""
    from imblearn.over_sampling import SMOTE as peer

    peer(random_state=0).fit_resample(data, _labels(len(data)))


def _labels(n):
    return np.arange(n) % 4 == 0


def seconds(work, data, repeats=10):
    """Return the least CPU time of some calls."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work(data)
        best = min(best, time.process_time() - start)
    return best


class Wide:
    """asv: at most a tenth of a second, whatever the columns."""

    params = (KINDS, COLUMNS)
    param_names = ("kind", "columns")

    def setup(self, kind, columns):
        self.data = frame(kind, ROWS, columns)

    def time_read(self, kind, columns):
        read(self.data)

    def time_make(self, kind, columns):
        make(self.data)


def main():
    """Print the table; return 1 where a limit is missed."""
    missed = False
    print(f"{'frame':<15}{'':<8}{'500':>8}{'2,000':>8}{'growth':>8}{'beside':>8}")
    for kind in KINDS:
        frames = [frame(kind, ROWS, columns) for columns in COLUMNS]
        for work in (read, make):
            few, many = (seconds(work, data) for data in frames)
            beside = np.nan
            if work is make and kind.startswith("pandas"):
                beside = many / seconds(make_imblearn, frames[1])
            missed |= many / few > _MOST_GROWTH or beside > _MOST_BESIDE
            print(
                f"{kind:<15}{work.__name__:<8}{few:>8.3f}{many:>8.3f}"
                f"{many / few:>8.1f}{beside:>8.2f}"
            )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
