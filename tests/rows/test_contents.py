"""Rows of any content, and values that travel with the blocks."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

import coreselect

TABLE = {
    "size": [1.5, None, 3.0, 4.0, 5.0],
    "kind": ["a", "b", None, "a", "b"],
    "y": [0, 1, 0, 1, 0],
}
WEIGHT = np.array([1.0, 0.0, 2.0, 0.0, 1.0])


def _cells(frame):
    """Return a frame of any kind as lists of cells, with None for what is missing."""
    if hasattr(frame, "iloc"):
        frame = pa.Table.from_pandas(frame, preserve_index=False)
    columns = frame.to_pydict() if hasattr(frame, "to_pydict") else frame.to_dict()
    return {name: list(values) for name, values in columns.items()}


@pytest.fixture(params=["pandas", "polars", "pyarrow", "batch", "parquet"])
def table(request, tmp_path):
    arrow = pa.table(TABLE)
    if request.param == "parquet":
        pq.write_table(arrow, tmp_path / "table.parquet", row_group_size=2)
        return tmp_path / "table.parquet"
    made = {
        "pandas": lambda: pd.DataFrame(TABLE),
        "polars": lambda: pl.DataFrame(TABLE),
        "pyarrow": lambda: arrow,
        "batch": lambda: arrow.to_batches()[0],
    }
    return made[request.param]()


def test_tables_of_any_content_are_opened(table):
    rows = coreselect.rows.open(table, "y", WEIGHT, numeric=False, block_rows=2)
    assert (rows.n_rows, rows.n_features) == (5, 2)
    assert rows.feature_names == ["size", "kind"]
    assert not rows.numeric
    assert rows.y.tolist() == TABLE["y"]
    features = {name: TABLE[name] for name in ("size", "kind")}
    assert _cells(rows.whole().X) == features
    few = {name: [values[i] for i in (4, 1)] for name, values in features.items()}
    assert _cells(rows.gather([4, 1]).X) == few
    assert _cells(rows.take([4, 1])) == few | {"y": [0, 1]}
    sizes = rows.map(lambda block: np.array(_cells(block.X)["kind"], dtype=object))
    assert sizes.tolist() == TABLE["kind"]


def test_a_subset_of_any_content(table):
    rows = coreselect.rows.open(table, "y", WEIGHT, numeric=False, block_rows=2)
    view = rows.subset()
    assert _cells(view.whole().X)["kind"] == ["a", None, "b"]
    kinds = view.map(lambda block: np.array(_cells(block.X)["kind"], dtype=object))
    assert kinds.tolist() == ["a", None, "b"]


def test_the_columns_stay_when_rows_are_opened_again(table):
    any_rows = coreselect.rows.open(table, "y", columns=["kind"], numeric=False)
    with pytest.raises(ValueError, match="columns that are not numbers: 'kind'"):
        coreselect.rows.open(any_rows)
    numbers = coreselect.rows.open(table, columns=["y"])
    again = coreselect.rows.open(numbers, numeric=False)
    assert _cells(again.whole().X) == {"y": TABLE["y"]}
    assert numbers.numeric
    assert coreselect.rows.open(again).whole().X.tolist() == [[0], [1], [0], [1], [0]]


@pytest.mark.parametrize(
    "data",
    [
        [["a", 1], ["b", None], ["c", 2]],
        np.array([["a", 1], ["b", np.nan], ["c", 2]], dtype=object),
        np.array([["a", "x"], ["b", "y"], ["c", "z"]]),
        np.array([[1, 2], [3, 4], [5, 6]]),
        np.array([[1.0, np.nan], [3, 4], [5, 6]]),
    ],
)
def test_arrays_of_any_content_are_opened(data, tmp_path):
    rows = coreselect.rows.open(data, numeric=False, block_rows=2)
    whole = rows.whole().X
    given = np.array(data, dtype=object if isinstance(data, list) else data.dtype)
    assert whole.dtype == given.dtype
    assert str(whole.tolist()) == str(given.tolist())
    assert str(rows.gather([2, 0]).X.tolist()) == str(whole[[2, 0]].tolist())
    assert rows.feature_names is None
    assert rows.integral == (whole.dtype.kind == "i")


def test_npy_files_of_any_content_are_opened(tmp_path):
    text = np.array([["a", "x"], ["b", "y"], ["c", "z"]])
    np.save(tmp_path / "text.npy", text)
    rows = coreselect.rows.open(tmp_path / "text.npy", numeric=False, block_rows=2)
    assert rows.whole().X.tolist() == text.tolist()


def test_sparse_matrices_keep_their_dtype():
    X = sparse.random(6, 3, 0.5, format="csc", random_state=0, dtype=np.float32)
    rows = coreselect.rows.open(X.astype(np.int64), numeric=False)
    assert rows.is_sparse
    assert rows.whole().X.dtype == np.int64
    assert rows.subset([0, 5]).whole().X.shape == (2, 3)


def test_sparse_frames_are_read_as_csr_where_asked():
    X = sparse.random(6, 3, 0.5, format="csr", random_state=0)
    frame = pd.DataFrame.sparse.from_spmatrix(X, columns=list("abc"))
    frame["label"] = [0, 1] * 3
    rows = coreselect.rows.open(frame, "label", keep_sparse=True, block_rows=2)
    assert rows.is_sparse
    assert rows.feature_names == ["a", "b", "c"]
    assert np.array_equal(rows.whole().X.toarray(), X.toarray())
    assert not coreselect.rows.open(frame, "label").is_sparse


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (np.empty((0, 2)), "0 sample"),
        (np.empty((2, 0)), "0 feature"),
        (pd.DataFrame({"a": []}), "0 sample"),
        (pd.DataFrame(index=[0, 1]), "0 feature"),
        ([1, 2], "Expected 2D array"),
    ],
)
def test_contents_have_rows_and_columns(data, found):
    with pytest.raises(ValueError, match=f"X.*{found}"):
        coreselect.rows.open(data, numeric=False)


# --- values that travel with the blocks ---


def test_every_block_gets_its_part_of_the_values():
    X = np.arange(10.0)[:, None]
    rows = coreselect.rows.open(X, sample_weight=np.arange(10) % 3, block_rows=4)
    for view in (rows, rows.subset()):
        one, two = view.whole().X.ravel(), view.whole().X @ [[1.0, 2.0]]

        def of_block(block):
            a, b = block.values["one"], block.values["two"]
            assert a.tolist() == block.X.ravel().tolist()
            return a + b[:, 1], a.sum()

        keeping = view.keeping(one=one, two=two)
        values, total = keeping.map_reduce(of_block, np.add)
        assert values.tolist() == (3 * one).tolist()
        assert total == one.sum()
        assert keeping.gather([2, 0]).values["one"].tolist() == one[[2, 0]].tolist()
        inner = keeping.subset([1, 3]).keeping(more=np.arange(2))
        assert inner.whole().values["two"].tolist() == two[[1, 3]].tolist()
        assert view.per_row == {}  # the rows themselves stay as they are


def test_values_of_another_length_are_refused():
    rows = coreselect.rows.open(np.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"X has 4 rows, but near has .* \(3,\)"):
        rows.keeping(near=np.zeros(3))
