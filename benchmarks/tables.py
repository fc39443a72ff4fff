"""Every selector and every resampler on every real table at hand.

::

    python -m benchmarks.tables                  # tables inside installed packages
    python -m benchmarks.tables FOLDER           # CSV and Parquet files in a folder too
    python -m benchmarks.tables --rows 200       # fewer rows of each

Rows with gaps, and columns that are not numbers, are left out; the last column of a
file is the target. The tables inside scikit-learn take about 15 seconds of CPU; a
folder takes 3 seconds a table at 500 rows and 30 columns. A method may refuse a table
if the error says why and names an argument or the method's need. Crashes, errors of
other kinds, and weights that are not finite are failures; the exit status is 1 if there
is one.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

import coreselect

_REFUSALS = (ValueError, TypeError)


def bundled():
    """Yield (name, features, target) of tables inside scikit-learn and statsmodels."""
    for load in (
        datasets.load_iris,
        datasets.load_wine,
        datasets.load_breast_cancer,
        datasets.load_digits,
        datasets.load_diabetes,
        datasets.load_linnerud,
    ):
        found = load(as_frame=True)
        y = found.target.to_numpy()
        yield load.__name__, found.data, y if y.ndim == 1 else y[:, 0]
    try:
        import statsmodels.datasets as more
    except ImportError:
        return
    for name in more.__all__:
        module = getattr(more, name)
        if hasattr(module, "load_pandas"):
            frame = module.load_pandas().data
            yield f"statsmodels {name}", *_split(frame)


def in_folder(folder):
    """Yield (name, features, target) of the CSV and Parquet files in a folder."""
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix in (".csv", ".parquet"):
            read = pd.read_csv if path.suffix == ".csv" else pd.read_parquet
            try:
                frame = read(path)
            except Exception as error:  # no matter of this package's
                print(f"{path} is left out, as pandas cannot read it: {error}")
                continue
            yield str(path), *_split(frame)


def _split(frame):
    """Return the numbers of rows without gaps, and the last column."""
    frame = frame.dropna()
    return frame.iloc[:, :-1].select_dtypes("number"), frame.iloc[:, -1].to_numpy()


def attempts(X, y):
    """Yield (method, callable that returns weights) for a table."""
    for name, cls in coreselect.all_selectors().items():
        for target in (y, None):
            made = cls.examples()[0]
            yield name, lambda m=made, t=target: m.fit(X, t).selection_.weights
    for name, cls in coreselect.all_resamplers().items():
        made = cls.examples()[0]
        yield name, lambda m=made: m.fit_select(X, y).weights


def sweep(tables, most):
    """Print a line for every table, cut to some rows; return the failures."""
    failures = []
    for name, X, y in tables:
        start, done, refused = time.perf_counter(), 0, 0
        few = np.linspace(0, len(X) - 1, min(len(X), most)).astype(int)
        X, y = X.iloc[few], y[few]
        for method, attempt in attempts(X, y):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    weights = attempt()
                if not np.isfinite(weights).all():
                    raise ArithmeticError("weights are not finite")
                done += 1
            except _REFUSALS as error:
                if type(error) in _REFUSALS and len(str(error)) > 20:
                    refused += 1
                    continue
                failures.append((name, method, repr(error)))
            except Exception as error:
                failures.append((name, method, repr(error)))
        seconds = time.perf_counter() - start
        shape = " x ".join(map(str, X.shape))
        counts = f"{done:3} done, {refused:2} refused"
        print(f"{name:<40} {shape:>10}  {counts}  {seconds:.1f} s", flush=True)
    return failures


def main():
    """Sweep over the tables; return the number of failures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="of CSV and Parquet files")
    parser.add_argument("--rows", type=int, default=500, help="of each table, at most")
    options = parser.parse_args()
    failures = sweep(bundled(), options.rows)
    if options.folder:
        failures += sweep(in_folder(options.folder), options.rows)
    for failure in failures:
        print("FAILED", *failure)
    print(f"{len(failures)} failures")
    return len(failures)


if __name__ == "__main__":
    sys.exit(bool(main()))
