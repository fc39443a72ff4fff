"""What is written can be read again: tables and arrays of every format."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

import coreselect.rows
from coreselect.rows import take_rows, write

TABLE = {"a": [1.5, 2.0, -3.25], "s": ["x", "y,z", None], "n": [1, 2, 3]}
X = np.arange(6.0).reshape(3, 2)
SPANS = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
KINDS = {
    "dict": lambda: TABLE,
    "pandas": lambda: pd.DataFrame(TABLE),
    "polars": lambda: pl.DataFrame(TABLE),
    "pyarrow": lambda: pa.table(TABLE),
    "batch": lambda: pa.table(TABLE).to_batches()[0],
    "Rows": lambda: coreselect.rows.open(pa.table(TABLE), numeric=False),
}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".CSV"])
@pytest.mark.parametrize("kind", KINDS)
def test_tables_come_back(tmp_path, monkeypatch, kind, suffix):
    monkeypatch.setattr("coreselect.rows.writing._CHUNK_ROWS", 2)
    path = tmp_path / f"table{suffix}"
    write(path, KINDS[kind]())
    assert take_rows(path, [0, 1, 2]).to_pydict() == TABLE
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_of_objects_have_the_type_of_all_their_values(
    tmp_path, monkeypatch, suffix
):
    monkeypatch.setattr("coreselect.rows.writing._CHUNK_ROWS", 2)
    values = {"a": [1, 2, 3.5, None], "s": [None, None, None, "x"]}
    frame = pd.DataFrame(values, dtype=object)
    path = tmp_path / f"table{suffix}"
    write(path, coreselect.rows.open(frame, numeric=False))
    assert take_rows(path, range(4)).to_pydict() == values


def test_a_text_file_is_read_once_and_its_views_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr("coreselect.rows.writing._CHUNK_ROWS", 2)
    path, passes = tmp_path / "a.csv", []
    write(path, {"a": range(9), "s": list("abcdefghi")})
    rows = coreselect.rows.open(path).subset([1, 3, 4, 8])
    batches = type(rows._holder)._batches
    monkeypatch.setattr(
        type(rows._holder),
        "_batches",
        lambda self, columns: passes.append(1) or batches(self, columns),
    )
    write(path, rows)
    assert passes == [1]
    assert take_rows(path, range(4)).to_pydict() == {
        "a": [1, 3, 4, 8],
        "s": list("bdei"),
    }


def test_a_series_is_written_as_an_array(tmp_path):
    write(tmp_path / "a.csv", pd.Series([1, 2], name="u"))
    assert take_rows(tmp_path / "a.csv", [0, 1]).to_pydict() == {"x0": [1, 2]}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy", ".npz"])
def test_arrays_come_back(tmp_path, suffix):
    path = tmp_path / f"array{suffix}"
    for array in (X, X.tolist(), X.astype(np.float32)):
        write(path, array)
        rows = coreselect.rows.open(path)
        assert_array_equal(rows.whole().X, X)
    assert rows.feature_names == (None if suffix[1] == "n" else ["x0", "x1"])


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok"])
def test_sparse_matrices_come_back_as_csr(tmp_path, form):
    path = tmp_path / "sparse.npz"
    write(path, sparse.csr_array(X).asformat(form))
    rows = coreselect.rows.open(path)
    assert rows.is_sparse
    assert_array_equal(rows.whole().X.toarray(), X)
    assert_array_equal(rows.take([2]).toarray(), X[[2]])


def test_arrays_beside_the_features(tmp_path):
    path = tmp_path / "arrays.npz"
    write(path, {"X": X, "label": np.array(["u", "v", "u"]), "note": np.arange(7)})
    rows = coreselect.rows.open(path, "label", [1.0, 2.0, 3.0])
    assert rows.y.tolist() == ["u", "v", "u"]
    assert_array_equal(rows.gather([2, 0]).X, X[[2, 0]])
    with pytest.raises(ValueError, match=r"'note' in .* has shape \(7,\); .* 3 rows"):
        coreselect.rows.open(path, "note")
    with pytest.raises(ValueError, match=r"no array 'z' beside X; .* 'label', 'note'"):
        coreselect.rows.open(path, "z")
    with pytest.raises(ValueError, match="has no column names"):
        coreselect.rows.open(path, columns=["label"])


def test_an_existing_file_is_kept_where_asked(tmp_path):
    path = tmp_path / "a.csv"
    write(path, {"a": [1]})
    with pytest.raises(FileExistsError, match="exists already"):
        write(path, {"a": [2]}, overwrite=False)
    assert take_rows(path, [0]).to_pydict() == {"a": [1]}


@pytest.mark.parametrize(
    ("name", "table", "error", "words"),
    [
        ("a.xlsx", TABLE, ValueError, "the suffix tells the format, one of .csv"),
        ("a.npy", TABLE, TypeError, "type dict is written as a .csv"),
        (
            "a.npz",
            pd.DataFrame(TABLE),
            TypeError,
            "type DataFrame is written",
        ),
        ("a.csv", sparse.eye_array(3), TypeError, "is written as a .npz"),
        ("a.npy", sparse.eye_array(3), TypeError, "is written as a .npz"),
        ("a.npy", [["a", 1]], ValueError, "Object arrays cannot be saved"),
        ("a.csv", {"a": [[1], [2]]}, ValueError, "which text cannot hold"),
        ("a.parquet", {"a": SPANS}, TypeError, "table: a .parquet file cannot hold it"),
        ("a.csv", {"a": [1, None]}, ValueError, "'a' is the only one and has missing"),
        ("a.csv", X[None], ValueError, r"shape \(1, 3, 2\) .* is written as a .npy"),
        ("a.csv", X * 1j, ValueError, "dtype complex128 is written as a .npy"),
        ("a.npz", {"Z": sparse.eye_array(3)}, TypeError, "'Z' is sparse; only 'X' can"),
        (
            "a.npz",
            {"X": sparse.eye_array(3), "data": X},
            ValueError,
            "'data' needs another name",
        ),
    ],
)
def test_what_a_format_cannot_hold_leaves_no_file(tmp_path, name, table, error, words):
    with pytest.raises(error, match=words):
        write(tmp_path / name, table)
    assert not list(tmp_path.iterdir())
