"""Rows of CSV and TSV files: the rows of the table that the text stands for."""

import csv
import datetime
import gzip
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from numpy.testing import assert_array_equal

import coreselect.rows
from coreselect import Selection, UniformSelector
from coreselect.rows import count_rows, numeric_columns, take_rows, text

N = 60
FRAME = pd.DataFrame(
    {
        "a": np.random.default_rng(0).standard_normal(N),
        "name": [f"n{i:03d}" for i in range(N)],
        "b": np.arange(N) % 7,
        "label": ["x", "y", "z"] * 20,
        "w": np.arange(1.0, N + 1),
    }
)


@pytest.fixture
def small_blocks(monkeypatch):
    """Parse few lines at a time, and keep nothing."""
    monkeypatch.setattr(text, "BLOCK_BYTES", (200, 2**24))
    monkeypatch.setattr(text, "KEPT_BYTES", 0)


@pytest.fixture
def path(tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def _written(folder, content, name="rows.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("block_rows", [1, 7, None])
def test_a_pass_yields_the_numbers_of_the_table(path, small_blocks, block_rows):
    rows = coreselect.rows.open(path, "label", "w", block_rows=block_rows)
    assert rows.feature_names == ["a", "b"]
    assert rows.n_rows == N
    assert_array_equal(rows.map(lambda block: block.X), FRAME[["a", "b"]].to_numpy())
    assert rows.y.tolist() == FRAME["label"].tolist()
    assert_array_equal(rows.weight, FRAME["w"])
    assert_array_equal(rows.gather([5, 3, 5]).X, FRAME[["a", "b"]].iloc[[5, 3, 5]])


def test_rows_are_taken_with_all_columns(path, small_blocks):
    wanted = FRAME.iloc[[50, 2, 2]].to_dict("list")
    for take in (
        lambda: take_rows(path, [50, 2, 2]),
        lambda: coreselect.rows.open(path, columns=["a"]).take([50, 2, 2]),
        lambda: Selection([50, 2], [1.0, 1.0], N).take(path).take([0, 1, 1]),
    ):
        assert take().to_pydict() == wanted
    assert count_rows(path) == N
    assert numeric_columns(path) == ["a", "b", "w"]


def test_a_selector_takes_the_path(path):
    selection = UniformSelector(5, random_state=0).fit_select(path, sample_weight="w")
    wanted = UniformSelector(5, random_state=0).fit_select(FRAME[["a"]], None, FRAME.w)
    assert_array_equal(selection.indices, wanted.indices)


def test_only_a_part_is_parsed_at_a_time(path, small_blocks, monkeypatch):
    """No read of the whole file, and every batch holds a few lines."""
    monkeypatch.setattr(pa.csv, "read_csv", lambda *_, **__: pytest.fail("read whole"))
    sizes = []
    numbers = coreselect.rows.tables.arrow_numbers

    def counted(data, *others):
        sizes.append(data.num_rows)
        return numbers(data, *others)

    monkeypatch.setattr(coreselect.rows.tables, "arrow_numbers", counted)
    rows = coreselect.rows.open(path, columns=["a", "b"])
    for _ in range(2):
        rows.map(lambda block: block.X)
    assert sum(sizes) == 2 * N
    assert max(sizes) < 10


def test_few_features_are_parsed_once(path, monkeypatch):
    rows = coreselect.rows.open(path, columns=["a", "b"])
    rows.check_finite()
    monkeypatch.setattr(text._Text, "batches", lambda *_, **__: pytest.fail("again"))
    assert_array_equal(rows.whole().X, FRAME[["a", "b"]])
    assert_array_equal(rows.gather([3, 1]).X, FRAME[["a", "b"]].iloc[[3, 1]])


# Threads of pyarrow may free what they read ahead after the test ends. If the pool of
# that memory were gone, they would end the process.
POOLS = []


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch, name):
    """Peak memory of pyarrow over a pass, beyond what was there, is some blocks."""
    monkeypatch.setattr(text, "BLOCK_BYTES", (2**14, 2**24))
    monkeypatch.setattr(text, "KEPT_BYTES", 0)
    content = ("a,b\n" + "1.25,some text\n" * 800_000).encode()
    packed = gzip.compress(content, 1) if name.endswith(".gz") else content
    path = _written(tmp_path, packed, name)
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(before)
    POOLS.append(pool)
    pa.set_memory_pool(pool)
    try:
        rows = coreselect.rows.open(path, block_rows=4096)
        total = rows.reduce(lambda block: block.X.sum(), lambda a, b: a + b)
        rows.take([7, 799_999])
        assert total == 1_000_000
        assert pool.max_memory() < len(content) / 5
    finally:
        pa.set_memory_pool(before)


@pytest.mark.parametrize(
    ("late", "cells", "kind"),
    [
        ("1.5", "1", "double"),
        ("x", "1", "string"),
        ("1", "", "int64"),
        ("2.5", "", "double"),
        ("x", "", "string"),
        ("x", "1.5", "string"),
        ("2020-01-01T00:00:01", "2020-01-01", "timestamp[s]"),
        ("x", "2020-01-01", "string"),
        ("x", "true", "string"),
        ("true", "", "bool"),
    ],
)
def test_types_are_those_of_all_cells(tmp_path, monkeypatch, late, cells, kind):
    """As where all lines are parsed at once."""
    lines = ["a,b", *[f"{cells},1"] * 40, f"{late},1", *[f"{cells},1"] * 5]
    path = _written(tmp_path, "\n".join(lines) + "\n")
    whole = pa.csv.read_csv(path, convert_options=_CONVERSION)
    monkeypatch.setattr(text, "BLOCK_BYTES", (100, 2**24))
    rows = coreselect.rows.open(path, numeric=False)
    found = rows.whole().X
    assert str(found.schema.field("a").type) == kind
    assert found.schema == whole.schema
    assert found.to_pydict() == whole.to_pydict()


_CONVERSION = pa.csv.ConvertOptions(strings_can_be_null=True)


def test_cells_that_are_not_utf8_stay_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", (100, 2**24))
    path = _written(tmp_path, b"a,s\n" + b"1,x\n" * 40 + b"1,\xe4\n")
    rows = coreselect.rows.open(path)
    assert rows.feature_names == ["a"]
    assert rows.take([40]).to_pydict() == {"a": [1], "s": [b"\xe4"]}


def test_dates_and_booleans(tmp_path):
    path = _written(tmp_path, "day,b\n2020-01-01,true\n2021-01-01,false\n")
    rows = coreselect.rows.open(path)
    assert rows.whole().X.tolist() == [[1], [0]]
    assert rows.take([1]).to_pydict()["day"] == [datetime.date(2021, 1, 1)]


@pytest.mark.parametrize(
    ("name", "delimiter", "cell"), [("a.csv", ";", ";"), ("a.tsv", None, "\t")]
)
def test_delimiters(tmp_path, name, delimiter, cell):
    path = _written(tmp_path, f"a{cell}b\n1{cell}2\n3{cell}4\n", name)
    rows = coreselect.rows.open(path, delimiter=delimiter)
    assert rows.whole().X.tolist() == [[1, 2], [3, 4]]
    assert rows.take([1]).to_pydict() == {"a": [3], "b": [4]}


def test_an_index_without_a_name_is_not_a_feature(tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv")
    rows = coreselect.rows.open(tmp_path / "rows.csv")
    assert rows.feature_names == ["a", "b", "w"]
    assert rows.take([3]).column_names[0] == ""
    named = coreselect.rows.open(tmp_path / "rows.csv", columns=["", "a"])
    assert named.feature_names == ["", "a"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "Empty CSV file"),
        ("a,b\n", "has a header but no rows"),
        ("a,b", "has a header but no rows"),
        ("a,b\n1,2\n1,2,3\n", "row 3, with the header as row 1, has 3 cell"),
        ("a,b\n" + "1,2\n" * 99 + "1\n", r"row 101, .* has 1 cell.* header has 2"),
        ("s,t\na,b\n", r"no numeric column to use as a feature; it has 's' \(string\)"),
        ("a b\n1 2\n", "If a space separates its cells, pass delimiter=' '"),
        (
            "\xe4,b\n1,1\n".encode("latin-1"),
            "is not UTF-8; pass encoding='latin-1'",
        ),
    ],
)
@pytest.mark.parametrize("block_bytes", [64, 2**24])
def test_text_that_holds_no_rows(tmp_path, monkeypatch, content, words, block_bytes):
    monkeypatch.setattr(text, "BLOCK_BYTES", (block_bytes, 2**24))
    with pytest.raises(ValueError, match=words) as found:
        coreselect.rows.open(_written(tmp_path, content))
    assert "rows.csv" in str(found.value)


def test_missing_values_are_counted(tmp_path):
    path = _written(tmp_path, "a,b,y\n1,2,u\n,3,\nNaN,4,NA\n5,,v\n")
    with pytest.raises(ValueError, match="2 in column 'a', 1 in column 'b'"):
        coreselect.rows.open(path).check_finite()
    with pytest.raises(ValueError, match=r"y='y': .* 2 missing .* first in row 1"):
        coreselect.rows.open(path, "y")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"columns": ["a", "name"]}, r"not numbers: 'name' \(string\)"),
        ({"columns": ["zz"]}, "there is no column 'zz'"),
        ({"y": "zz"}, "y: there is no column 'zz'"),
        ({"delimiter": ""}, "delimiter must be one character"),
        ({"delimiter": "\n"}, "delimiter must be one character"),
    ],
)
def test_bad_arguments(path, how, words):
    with pytest.raises(ValueError, match=words):
        coreselect.rows.open(path, **how)


def test_a_delimiter_is_for_text(tmp_path):
    np.save(tmp_path / "rows.npy", np.eye(2))
    with pytest.raises(ValueError, match=r"delimiter is for text, .* is a \.npy file"):
        coreselect.rows.open(tmp_path / "rows.npy", delimiter=";")
    with pytest.raises(ValueError, match="delimiter is for text files, but X is not a"):
        coreselect.rows.open(np.eye(2), delimiter=";")
    with pytest.raises(ValueError, match="delimiter was set when these Rows"):
        coreselect.rows.open(coreselect.rows.open(np.eye(2)), delimiter=";")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.csv': there is no such file"):
        coreselect.rows.open(tmp_path / "none.csv")


@pytest.mark.parametrize("kept", [0, 2**25])
def test_a_file_that_changes_between_passes(path, monkeypatch, kept):
    monkeypatch.setattr(text, "KEPT_BYTES", kept)
    rows = coreselect.rows.open(path, columns=["a", "b"])
    rows.check_finite()
    FRAME.iloc[1:].to_csv(path, index=False)
    for attempt in (
        lambda: rows.map(lambda block: block.X),
        lambda: rows.gather([0]),
        lambda: rows.take([0]),
    ):
        with pytest.raises(ValueError, match="changed while it was read"):
            attempt()
    assert coreselect.rows.open(path).n_rows == N - 1


def test_text_needs_pyarrow(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.csv", None)
    with pytest.raises(ImportError, match=r"pip install .*\[io\]"):
        coreselect.rows.open(path, block_rows=3)


def test_a_row_longer_than_the_blocks(tmp_path, monkeypatch):
    """Larger blocks are tried; a quote that is never closed is told."""
    monkeypatch.setattr(text, "BLOCK_BYTES", (100, 1000))
    path = _written(tmp_path, "a,s\n" + "1,x\n" * 50 + f"2,{'y' * 300}\n" * 3)
    rows = coreselect.rows.open(path)
    assert rows.n_rows == 53
    assert rows.take([52]).to_pydict() == {"a": [2], "s": ["y" * 300]}
    path = _written(tmp_path, "a,s\n" + '1,"x\n' + "1,x\n" * 500, "open.csv")
    with pytest.raises(ValueError, match="are its quotes closed"):
        coreselect.rows.open(path)


CELLS = {
    "int": ["1", "0", "-7", "99"],
    "float": ["1.5", "-0.25", "1e5"],
    "big": [str(10**19), str(10**19 + 3)],
    "bool": ["true", "False", "1", "0"],
    "date": ["2020-01-01", "2021-12-31"],
    "time": ["12:00:00", "13:30:59"],
    "stamp": ["2020-01-01T00:00:01", "2020-01-01 10:00:00.5", "2020-01-01"],
    "text": ["a", "b,c", 'say "hi"', "é", "two\nlines"],
    "missing": ["", "NA", "nan"],
}


@pytest.mark.parametrize("seed", range(60))
def test_parts_read_as_the_whole(tmp_path, monkeypatch, seed):
    """Random columns, with a cell of another kind here and there."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(list(CELLS), size=rng.integers(1, 4))
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator=rng.choice(["\n", "\r\n"]))
        writer.writerow([f"c{j}" for j in range(len(kinds))])
        for _ in range(rng.integers(5, 60)):
            odd = rng.random(len(kinds)) < 0.06
            drawn = np.where(odd, rng.choice(list(CELLS), len(kinds)), kinds)
            writer.writerow([rng.choice(CELLS[kind]) for kind in drawn])
    parsing = pa.csv.ParseOptions(newlines_in_values=True)
    whole = pa.csv.read_csv(path, None, parsing, _CONVERSION)
    monkeypatch.setattr(text, "BLOCK_BYTES", (int(rng.choice([80, 200])), 2**20))
    found = coreselect.rows.open(path, numeric=False, block_rows=7)
    assert found.whole().X.schema == whole.schema
    assert found.whole().X.to_pydict() == whole.to_pydict()


def test_text_that_is_not_utf8_is_no_class(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("a,y\n1,n\xe9\n2,no\n".encode("latin1"))
    with pytest.raises(ValueError, match=r"y='y'.*not UTF-8.*iconv"):
        coreselect.rows.open(path, "y")
    assert coreselect.rows.open(path).n_rows == 2
