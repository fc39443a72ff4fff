"""Files of every format with the same rows, and a way to run the command line."""

import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from coreselect.cli import main

N = 1000


class Outcome(NamedTuple):
    """What a run of the command line returned and wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys):
    """Run the command line with some words."""

    def run(*words):
        code = main([str(word) for word in words])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def table():
    """1,000 rows with three features a, b, c, a target and columns of other kinds."""
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, size=(N, 3))
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    times = [start + datetime.timedelta(hours=i) for i in range(N)]
    table = pa.table(
        {
            "name": [f"n{i:04d}" for i in range(N)],
            "a": X[:, 0],
            "b": X[:, 1],
            "c": X[:, 2],
            "label": pa.array(rng.choice(["x", "y"], N)).dictionary_encode(),
            "time": pa.array(times, pa.timestamp("us", "UTC")),
            "list": pa.array([[i] * (i % 3) for i in range(N)]),
            "struct": pa.array([{"u": i, "v": str(i)} for i in range(N)]),
            "maybe": pa.array([None if i % 5 else str(i) for i in range(N)]),
        }
    )
    return table.replace_schema_metadata({"who": "me"})


@pytest.fixture
def parquet(table, tmp_path):
    """`table` as a Parquet file of 8 row groups."""
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path, row_group_size=130)
    return path


@pytest.fixture
def text(table, tmp_path):
    """The features and the target of `table` as CSV."""
    path = tmp_path / "rows.csv"
    path.write_text(_text(table, ","))
    return path


@pytest.fixture
def tabbed(table, tmp_path):
    """The features and the target of `table` as TSV."""
    path = tmp_path / "rows.tsv"
    path.write_text(_text(table, "\t"))
    return path


@pytest.fixture
def npy(table, tmp_path):
    """The features of `table` as .npy."""
    path = tmp_path / "rows.npy"
    np.save(path, features(table))
    return path


@pytest.fixture
def npz(table, tmp_path):
    """The features of `table`, two arrays with a value per row and one without."""
    path = tmp_path / "rows.npz"
    label = np.array(table["label"].to_pylist())
    notes = np.arange(7.0)
    np.savez(path, X=features(table), label=label, number=np.arange(N), notes=notes)
    return path


@pytest.fixture
def sparse_npz(table, tmp_path):
    """The features of `table` as scipy.sparse writes them."""
    path = tmp_path / "sparse.npz"
    sparse.save_npz(path, sparse.csr_array(features(table)))
    return path


def features(table):
    """The features of a table as an array."""
    return np.column_stack([table[name].to_numpy() for name in "abc"])


def _text(table, delimiter):
    kept = table.select(["name", "a", "b", "c", "label"]).to_pylist()
    lines = [delimiter.join(map(str, row.values())) for row in kept]
    return "\n".join([delimiter.join(kept[0]), *lines]) + "\n"
