"""Streams and queries: written once, and read from there."""

import gc
import logging
import os
import subprocess
import sys
import tempfile

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

import coreselect.rows
from coreselect import LeverageSelector, UniformSelector
from coreselect.rows import count_rows, numeric_columns, spool, take_rows

N = 100
RNG = np.random.default_rng(0)
TABLE = pa.table(
    {
        "a": RNG.normal(size=N),
        "b": RNG.normal(size=N),
        "text": [f"row {i}" for i in range(N)],
    }
)
FEATURES = np.column_stack([TABLE["a"], TABLE["b"]])
QUERY = pl.from_arrow(TABLE).lazy().filter(pl.col("a").is_finite())


def _parts(make=lambda table: table):
    return (make(TABLE.slice(start, 30)) for start in range(0, N, 30))


STREAMS = {
    "tables": _parts,
    "record batches": lambda: iter(TABLE.to_batches(max_chunksize=7)),
    "a list of tables": lambda: list(_parts()),
    "pandas": lambda: _parts(pa.Table.to_pandas),
    "polars": lambda: _parts(pl.from_arrow),
    "dicts": lambda: _parts(pa.Table.to_pydict),
    "a reader": TABLE.to_reader,
    "a scanner": lambda: ds.dataset(TABLE).scanner(),
    "a table": lambda: TABLE,
    "a query": lambda: QUERY,
    "with empty batches": lambda: iter([TABLE[:0], TABLE[:60], TABLE[60:], TABLE[:0]]),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.parquet"


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder for scratch files, which must be empty in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []


# --- spool ---


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_what_is_spooled_is_selected_from_as_from_memory(stream, path):
    assert spool(stream(), path) == path
    selector = LeverageSelector(9, random_state=0)
    found = selector.fit_select(path)
    assert found == selector.fit_select(FEATURES)
    texts = found.take(path)["text"].to_pylist()
    assert texts == [f"row {i}" for i in found.indices]


def test_arrays_have_columns_by_number(path):
    spool((FEATURES[start : start + 9] for start in range(0, N, 9)), str(path))
    assert pq.read_table(path).column_names == ["x0", "x1"]
    assert_array_equal(coreselect.rows.open(path).whole().X, FEATURES)


def test_an_existing_file_is_replaced_only_by_a_whole_one(path):
    spool(_parts(), path)
    before = path.read_bytes()

    def breaks_off():
        yield TABLE
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="the source is gone"):
        spool(breaks_off(), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    spool(iter([TABLE[:3]]), path)
    assert count_rows(path) == 3


BROKEN = {
    "nothing": (iter([]), ValueError, "data has no batch"),
    "text": ("rows.csv", TypeError, "data is a str, but must be batches of rows"),
    "number": (3, TypeError, "data is a int, but must be batches of rows"),
    "array": (FEATURES, TypeError, "data is a ndarray, but must be batches"),
    "column": (pa.chunked_array([[1]]), ValueError, "data: Cannot import schema"),
    "rows": (
        iter(FEATURES),
        TypeError,
        "batch 0 of data must be a data .* ndarray",
    ),
    "texts": (iter([TABLE, "a"]), TypeError, "batch 1 of data must be .* got str"),
    "other columns": (
        iter([TABLE, TABLE, TABLE.drop_columns("b")]),
        ValueError,
        "batch 2 of data has no column 'b', which is in batch 0",
    ),
    "other types": (
        iter([pd.DataFrame({"a": [1.5]}), pd.DataFrame({"a": [1]})]),
        ValueError,
        "batch 1 of data has the column 'a' of type int64, which is double in batch 0",
    ),
    "columns of other lengths": (
        iter([{"a": [1, 2], "b": [1]}]),
        ValueError,
        "batch 0 of data: ",
    ),
}


@pytest.mark.parametrize(("data", "error", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_stream_of_rows_is_named_and_nothing_is_written(
    data, error, message, path
):
    with pytest.raises(error, match=message):
        spool(data, path)
    assert list(path.parent.iterdir()) == []


def test_paths_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"rows.csv' must end in .parquet or .pq"):
        spool(_parts(), tmp_path / "rows.csv")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        spool(_parts(), tmp_path / "none" / "rows.parquet")
    with pytest.raises(TypeError, match="path must be a path or a string"):
        spool(_parts(), 3)


def test_memory_does_not_grow_with_the_stream(path):
    read = []

    def batches():
        for _ in range(20):
            read.append(pa.total_allocated_bytes())
            yield {"a": np.zeros(2**18)}

    spool(batches(), path)
    assert max(read) - min(read) < 2**24
    assert count_rows(path) == 20 * 2**18


# --- queries in place of rows ---


def test_a_query_is_run_once_into_a_scratch_file(scratch, caplog):
    runs = []
    query = QUERY.map_batches(lambda frame: (runs.append(1), frame)[1])
    with caplog.at_level(logging.INFO, "coreselect.rows"):
        rows = coreselect.rows.open(query)
    assert f"Row numbers count the {N} rows" in caplog.text
    assert "coreselect.rows.spool" in caplog.text
    (folder,) = scratch.iterdir()
    selection = LeverageSelector(9, random_state=0).fit_select(rows)
    assert selection == LeverageSelector(9, random_state=0).fit_select(FEATURES)
    taken = rows.take(selection.indices)
    assert isinstance(taken, pl.DataFrame)
    assert taken["text"].to_list() == [f"row {i}" for i in selection.indices]
    assert len(runs) == 1
    rows.read_as(numeric=False)
    view = rows.subset([3, 5])
    del rows
    gc.collect()
    assert folder.exists()
    assert view.take([1])["text"].to_list() == ["row 5"]


@pytest.mark.usefixtures("scratch")
def test_selectors_and_resamplers_take_queries():
    selection = UniformSelector(9, random_state=0).fit_select(QUERY)
    assert selection == UniformSelector(9, random_state=0).fit_select(FEATURES)
    few, y = UniformSelector(9, random_state=0).fit_resample(QUERY, "b")
    assert few["text"].to_list() == [f"row {i}" for i in selection.indices]
    assert_array_equal(y, FEATURES[selection.indices, 1])


@pytest.mark.usefixtures("scratch")
def test_a_query_that_fails_leaves_no_scratch_file():
    with pytest.raises(nw.exceptions.ColumnNotFoundError):
        coreselect.rows.open(QUERY.select("none"))
    with pytest.raises(ValueError, match="y: there is no column 'none'"):
        coreselect.rows.open(QUERY, "none")
    with pytest.raises(ValueError, match=r"X: Found array with 0 sample"):
        coreselect.rows.open(QUERY.filter(pl.col("a") > 99))


def test_the_scratch_file_is_removed_when_python_ends(tmp_path):
    code = (
        "import polars as pl, coreselect.rows\n"
        "rows = coreselect.rows.open(pl.LazyFrame({'a': [1.0, 2.0]}))\n"
        "import os, tempfile\n"
        "assert len(os.listdir(tempfile.gettempdir())) == 1\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked")
def test_a_forked_process_leaves_the_scratch_file():
    code = (
        "import os, polars as pl, coreselect.rows\n"
        "rows = coreselect.rows.open(pl.LazyFrame({'a': [1.0, 2.0]}))\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    raise SystemExit\n"
        "os.waitpid(child, 0)\n"
        "print(rows.whole().X.tolist())\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[[1.0], [2.0]]"


@pytest.mark.parametrize(
    "use",
    [
        count_rows,
        numeric_columns,
        lambda query: take_rows(query, [0]),
        lambda query: UniformSelector(3).fit_select(FEATURES).take(query),
    ],
)
def test_rows_of_a_query_cannot_be_taken_by_number(use):
    with pytest.raises(TypeError, match="a lazy LazyFrame may order its rows in"):
        use(QUERY)


def test_queries_of_duckdb(tmp_path, scratch):
    duckdb = pytest.importorskip("duckdb")
    source = tmp_path / "source.parquet"
    pq.write_table(TABLE, source)
    connection = duckdb.connect()
    query = connection.sql(f"select * from '{source}' where a > -99 order by text")
    wanted = TABLE.sort_by("text")
    rows = coreselect.rows.open(query)
    assert_array_equal(rows.whole().X, FEATURES[np.argsort(TABLE["text"])])
    assert rows.take([4, 2]).to_pydict() == wanted.take([4, 2]).to_pydict()
    kept = pq.read_table(spool(query, tmp_path / "kept.parquet"))
    assert kept.to_pydict() == wanted.to_pydict()
    assert scratch.exists()


# --- sources that are refused ---


REFUSED = {
    "generator": (iter([]), r"X is a list_iterator, whose rows can be read once only"),
    "reader": (TABLE.to_reader(), r"spool\(X, 'rows.parquet'\)"),
    "scanner": (ds.dataset(TABLE).scanner(), r"X is a Scanner, .*spool\(X, "),
    "iterable": (map(abs, [1]), r"X is a map, whose rows can be read once only"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_sources_of_one_pass_are_refused(data, message):
    for use in (coreselect.rows.open, LeverageSelector(3).fit, UniformSelector(3).fit):
        with pytest.raises(TypeError, match=message):
            use(data)


def test_lists_of_tables_are_refused():
    for data in ([FEATURES, FEATURES], [TABLE, TABLE]):
        for fit in (LeverageSelector(3).fit, coreselect.rows.open):
            with pytest.raises(ValueError, match=r"X is a list of 2 tables.*TAROT"):
                fit(data)
    with pytest.raises(ValueError, match="X is a list of 2 tables"):
        UniformSelector(3).fit([TABLE, TABLE])
    images = [np.zeros((4, 4)), np.ones((4, 4))]
    assert coreselect.rows.open(images, numeric=False).n_rows == 2


@pytest.mark.parametrize("use", [coreselect.rows.open, lambda q: spool(q, "a.parquet")])
def test_a_missing_pyarrow_names_the_extra(use, monkeypatch, scratch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"this needs pyarrow.*\[io\]"):
        use(QUERY)
    assert list(scratch.iterdir()) == []
