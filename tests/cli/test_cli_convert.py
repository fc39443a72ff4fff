"""`coreselect convert`: from text to Parquet, in parts."""

import io
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coreselect import LeverageSelector
from coreselect.cli import convert
from coreselect.rows import text
from coreselect.rows.texts import Texts

LATE = 30_000  # rows; the types of some columns show only in the last one


@pytest.fixture
def late(tmp_path, monkeypatch):
    """Text of many blocks, in whose last row some cells are of another type."""
    monkeypatch.setattr(text, "BLOCK_BYTES", (2**14, 2**24))
    path = tmp_path / "late.csv"
    lines = [f"{i},{i},2024-01-02,{i / 8},," for i in range(LATE)]
    lines[-1] = "1.5,n/k,2024-01-02 03:04:05,7,yes,"
    path.write_text("\n".join(["a,b,c,d,e,f", *lines]) + "\n")
    return path


def test_types_are_those_of_all_cells(cli, late, tmp_path):
    out = tmp_path / "out.parquet"
    done = cli("convert", late, out)
    assert (done.code, done.out) == (0, ""), done.err
    table = pq.read_table(out)
    # Parquet has no times in whole seconds.
    kinds = ["double", "string", "timestamp[ms]", "double", "string", "null"]
    assert list(map(str, table.schema.types)) == kinds
    frame = pd.read_csv(late, dtype={"b": str})
    for name in "abde":
        pd.testing.assert_series_equal(
            table[name].to_pandas(), frame[name], check_dtype=False
        )
    assert "columns are text because some cells are not numbers: 'b'" in done.err
    assert f"wrote {out}: 30,000 rows of a (double), b (string)" in done.err


def test_the_same_rows_are_selected_as_from_the_text(cli, text, tmp_path):
    out = tmp_path / "out.parquet"
    assert cli("convert", text, out).code == 0
    a, b = (LeverageSelector(20, random_state=0).fit_select(p) for p in (text, out))
    assert a == b


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("a;b\n1,5;x\n2;y\n", "rows.csv", ()),
        ("a|b\n1,5|x\n2|y\n", "rows.tsv", ("--delimiter", "|", "--decimal", ",")),
        ("1.5\tx\n2\ty\n", "rows.tsv", ("--no-header",)),
    ],
)
def test_text_is_read_as_the_options_say(cli, tmp_path, content, name, words):
    path, out = tmp_path / name, tmp_path / "out.pq"
    path.write_text(content)
    assert cli("convert", path, out, *words).code == 0
    rows = [list(row.values()) for row in pq.read_table(out).to_pylist()]
    assert rows == [[1.5, "x"], [2.0, "y"]]


def test_a_directory_of_parquet_files_becomes_one(cli, table, tmp_path):
    (tmp_path / "parts").mkdir()
    for i in range(3):
        part = table.slice(300 * i, 300)
        pq.write_table(part, tmp_path / "parts" / f"{i}.parquet")
    assert cli("convert", tmp_path / "parts", tmp_path / "out.parquet").code == 0
    assert pq.read_table(tmp_path / "out.parquet").equals(table.slice(0, 900))


PARTS = {  # the type of each column fits the cells of all files
    "b.csv": "i,f,t,s\n1,2,2024-01-02,x\n",
    "a.csv": "i;f;t;s\n2;1,5;2024-01-02 03:04:05;7\n",
    "c.tsv": "i\tf\tt\ts\n3\tNA\t\ttrue\n",
}


@pytest.mark.parametrize("source", ["parts", "parts/?.?sv"])
def test_text_files_are_joined_in_the_order_of_their_names(
    cli, tmp_path, monkeypatch, source
):
    monkeypatch.chdir(tmp_path)
    Path("parts").mkdir()
    for name, content in PARTS.items():
        Path("parts", name).write_text(content)
    Path("parts", "_SUCCESS").touch()
    done = cli("convert", source, "out.parquet")
    assert done.code == 0, done.err
    time = datetime(2024, 1, 2)
    assert pq.read_table("out.parquet").to_pydict() == {
        "i": [2, 1, 3],
        "f": [1.5, 2.0, None],
        "t": [time.replace(hour=3, minute=4, second=5), time, None],
        "s": ["7", "x", "true"],
    }
    assert "parts/a.csv: a semicolon separates its cells (--delimiter ';')" in done.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.csv", "i,f,t\n1,2,3\n", "'parts/d.csv' has no column 's', which is in "),
        ("d.csv", "f,i,t,s\n1,2,3,4\n", "has its columns in other order than in 'p"),
        ("d.csv", "i,f,t,s\n", "'parts/d.csv' has a header but no rows"),
        ("d.json", "{}", "'parts/d.json' is not text; give a glob without"),
    ],
)
def test_text_files_that_are_not_one_table(
    cli, tmp_path, monkeypatch, name, content, message
):
    monkeypatch.chdir(tmp_path)
    Path("parts").mkdir()
    for part, lines in (PARTS | {name: content}).items():
        Path("parts", part).write_text(lines)
    done = cli("convert", "parts/*", "out.parquet")
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_whole_numbers_beside_true_and_false_are_text(cli, tmp_path):
    for name, value in (("a", "true"), ("b", "2")):
        (tmp_path / f"{name}.csv").write_text(f"s,n\n{value},1\n")
    assert cli("convert", tmp_path, tmp_path / "out.parquet").code == 0
    assert pq.read_table(tmp_path / "out.parquet")["s"].to_pylist() == ["true", "2"]


@pytest.mark.parametrize(
    ("usual", "late"), [("true", "2"), ("2024-01-02", "a day"), ("2024-01-02", "7")]
)
def test_late_cells_of_another_kind_are_named(cli, tmp_path, monkeypatch, usual, late):
    monkeypatch.setattr(text, "BLOCK_BYTES", (2**14, 2**24))
    path = tmp_path / f"{len(late)}{late[0]}.csv"
    path.write_text("\n".join(["a", *[usual] * LATE, late]) + "\n")
    done = cli("convert", path, tmp_path / "out.parquet")
    assert done.code == 0
    said = f"cells are not of the same kind as those before: 'a' ('{late}"
    assert said in done.err


def test_numbers_that_float64_does_not_hold_are_named(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    long = 2**53 + 1
    lines = [
        *("id,huge,exact,odd,mixed,row", f"{10**20 - 1},1e400,{2**70},inf,{long},1"),
        f"{10**20},2,{-(2**70)},-Infinity,1.5,{long}",
    ]
    Path("in.csv").write_text("\n".join(lines) + "\n")
    done = cli("convert", "in.csv", "out.parquet")
    assert done.code == 0
    said = f"infinite: 'id' ('{10**20 - 1}'), 'huge' ('1e400'); to keep them as text"
    assert said in done.err
    assert pq.read_table("out.parquet")["row"].to_pylist() == [1, long]


def test_text_that_is_not_utf8_is_not_written_as_bytes(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_bytes("name,a\nJosé,1\n".encode("latin-1"))
    done = cli("convert", "in.csv", "out.parquet")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "the text in column 'name' is not UTF-8; add --encoding latin-1" in done.err
    assert not Path("out.parquet").exists()
    done = cli("convert", "in.csv", "out.parquet", "--encoding", "latin-1")
    assert done.err.endswith("wrote out.parquet: 1 row of name (string), a (int64)\n")
    assert pq.read_table("out.parquet")["name"].to_pylist() == ["José"]


def test_cells_are_not_taken_for_arguments(cli, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("y,X\n1,2\n3,4\n")
    done = cli("convert", path, tmp_path / "out.parquet", "--no-header")
    assert "'c0' ('y'), 'c1' ('X')" in done.err


def test_other_commands_name_convert(cli, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    for source in (tmp_path, tmp_path / "*.csv"):
        out = tmp_path / "out.parquet"
        done = cli("select", source, "-o", out, "--method", "uniform", "-n", 1)
        assert done.code == 1
        assert "coreselect convert" in done.err


def test_standard_input_is_converted(tmp_path, monkeypatch, cli):
    stdin = SimpleNamespace(buffer=io.BytesIO(b"a\n1\n2\n"), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)
    out = tmp_path / "out.parquet"
    assert cli("convert", "-", out, "--format", "csv").code == 0
    assert pq.read_table(out).to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("source", "target", "code", "message"),
    [
        ("rows.csv", "out.csv", 2, "OUT 'out.csv' must end in .parquet or .pq"),
        ("rows.csv", "old.parquet", 1, "OUT 'old.parquet' exists already; --force rep"),
        ("rows.csv", "no/out.parquet", 1, "there is no folder"),
        ("none.csv", "out.parquet", 1, "'none.csv': there is no such file"),
        ("rows.npy", "out.parquet", 2, "IN 'rows.npy': .npy files hold arrays; conv"),
        ("rows.xlsx", "out.parquet", 2, "the suffix tells the format"),
        ("old.parquet", "old.parquet", 2, "is the same file as the input"),
        ("empty", "out.parquet", 1, "'empty' is a directory without Parquet or text"),
        (".", "out.parquet", 2, "would be one of the files of the input"),
        ("ragged.csv", "out.parquet", 1, "row 3, with the header as row 1, has 1 cell"),
        ("-", "out.parquet", 2, "say its format with --format"),
        ("rows.csv", "-", 2, "OUT '-' must end in .parquet"),
    ],
)
def test_what_cannot_be_converted(
    cli, tmp_path, monkeypatch, source, target, code, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3\n")
    (tmp_path / "rows.xlsx").touch()
    (tmp_path / "empty").mkdir()
    np.save("rows.npy", np.eye(2))
    pq.write_table(pa.table({"a": [1]}), "old.parquet")
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    done = cli("convert", source, target)
    assert done.code == code
    assert message in done.err
    assert len(done.err.splitlines()) <= 2
    assert {*tmp_path.iterdir()} == {*files, tmp_path / "empty"}
    assert {path: path.read_bytes() for path in files} == before


def test_a_file_that_is_there_is_replaced_with_force(cli, text, tmp_path):
    out = tmp_path / "out.parquet"
    out.write_bytes(b"old")
    assert cli("convert", text, out, "--force").code == 0
    assert pq.read_metadata(out).num_rows == 1000


def test_a_file_that_changes_between_the_passes_is_named(
    cli, late, tmp_path, monkeypatch
):
    def read_and_change(*given, **reading):
        source = Texts(*given, **reading)
        late.write_text("a,b,c,d,e,f\n1,2,2024-01-02,4,,\n")
        return source

    monkeypatch.setattr(convert, "Texts", read_and_change)
    done = cli("convert", late, tmp_path / "out.parquet")
    assert done.code == 1
    assert "changed while it was read" in done.err
    assert sorted(tmp_path.iterdir()) == [late]
