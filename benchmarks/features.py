"""`TableFeatures` next to a `ColumnTransformer` that is told the kind of each column.

``python -m benchmarks.features`` prints the CPU seconds of both, for fit and transform,
on 200,000 rows of a table like diamonds in three kinds of container.
"""

import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from coreselect.features import TableFeatures

NUMBERS = ["carat", "depth", "table", "x", "y", "z"]
WORDS = ["cut", "color", "clarity"]
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def diamonds(kind="pandas", n_rows=200_000):
    """Return a table of six numbers, three categories and an identifier."""
    rng = np.random.default_rng(0)
    columns = {name: rng.lognormal(size=n_rows) for name in NUMBERS}
    for name, count in zip(WORDS, (5, 7, 8), strict=True):
        values = np.array([f"{name} {i}" for i in range(count)], dtype=object)
        columns[name] = values[rng.integers(0, count, n_rows)]
    columns["id"] = np.array([f"stone {i}" for i in range(n_rows)], dtype=object)
    return KINDS[kind](columns)


def by_hand():
    """Return the transformer that one would write for this table."""
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
    )
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((numbers, NUMBERS), (words, WORDS))


class Table:
    """Time and width of `TableFeatures`."""

    params = list(KINDS)
    param_names = ("kind",)

    def setup(self, kind):
        self.table = diamonds(kind)
        self.fitted = TableFeatures().fit(self.table)

    def time_fit(self, kind):
        TableFeatures().fit(self.table)

    def time_transform(self, kind):
        self.fitted.transform(self.table)

    def track_columns(self, kind):
        return self.fitted.transform(self.table).shape[1]


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def main():
    print(f"{'table':9}{'method':19}{'fit':>7}{'transform':>11}")
    for kind in KINDS:
        table = diamonds(kind)
        methods = {"TableFeatures": TableFeatures()}
        if kind != "pyarrow":  # which ColumnTransformer does not take
            methods["ColumnTransformer"] = by_hand()
        for name, method in methods.items():
            fit = _seconds(lambda method=method, table=table: method.fit(table))
            made = _seconds(lambda method=method, table=table: method.transform(table))
            print(f"{kind:9}{name:19}{fit:7.2f}{made:11.2f}")


if __name__ == "__main__":
    main()
