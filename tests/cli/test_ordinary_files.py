"""Files as people have them: each is read rightly, or an error says what to type.

Most hold the same small table in other clothes. The rows selected from them must be
those of the plain file, whatever the clothes.
"""

import bz2
import csv
import io
import json
import re
import shlex
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import coreselect.rows
from coreselect import LeverageSelector
from coreselect.cli.memory import spooled
from tests import gzipped

N = 60
_ROWS = np.arange(N)
FRAME = pd.DataFrame(
    {
        "size": _ROWS / 2 + _ROWS**2 % 7,
        "price": 10 + _ROWS * 13 % 17 / 8,
        "state": np.where(_ROWS % 3, "old", "new"),
    }
)


def _csv(frame=FRAME, **how):
    return frame.to_csv(index=False, lineterminator="\n", **how)


def _packed(codec, text=None):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write((text or _csv()).encode())
    return sink.getvalue().to_pybytes()


def _parquet(**how):
    sink = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pandas(FRAME), sink, **how)
    return sink.getvalue()


# Name of the file, its content, and what the command line says about it.
SAME_TABLE = {
    "plain": ("a.csv", _csv(), ""),
    "gzip": ("a.csv.gz", gzipped(_csv()), ""),
    "zstandard": ("a.csv.zst", _packed("zstd"), ""),
    "bzip2": ("a.csv.bz2", bz2.compress(_csv().encode()), ""),
    "gzip of TSV": ("a.tsv.gz", gzipped(_csv(sep="\t")), ""),
    "TSV": ("a.tsv", _csv(sep="\t"), ""),
    "Parquet": ("a.parquet", _parquet(compression="zstd"), ""),
    "semicolons": ("a.csv", _csv(sep=";"), "--delimiter ';'"),
    "tabs in CSV": ("a.csv", _csv(sep="\t"), r"--delimiter '\t'"),
    "bars": ("a.csv", _csv(sep="|"), "--delimiter '|'"),
    "commas in TSV": ("a.tsv", _csv(), "--delimiter ,"),
    "decimal commas": ("a.csv", _csv(sep=";", decimal=","), "--decimal ,"),
    "decimal commas in TSV": ("a.tsv", _csv(sep="\t", decimal=","), "--decimal ,"),
    "Excel's first line": ("a.csv", "sep=;\n" + _csv(sep=";"), "--delimiter ';'"),
    "BOM": ("a.csv", "\ufeff" + _csv(), ""),
    "UTF-16": ("a.csv", _csv(sep="\t").encode("utf-16"), "encoding is utf-16"),
    "UTF-16 without BOM": ("a.csv", _csv().encode("utf-16-le"), "utf-16-le"),
    "CRLF": ("a.csv", _csv().replace("\n", "\r\n"), ""),
    "CR": ("a.csv", _csv().replace("\n", "\r"), ""),
    "blank lines": ("a.csv", "\n" + _csv() + "\n\n\n", ""),
    "no final newline": ("a.csv", _csv().strip(), ""),
    "quotes": ("a.csv", _csv(quoting=1), ""),
    "spaces in the header": ("a.csv", _csv().replace("price", " price "), ""),
    "comments": ("a.csv", "# houses, 2026\n# in m2\n" + _csv(), "2 line(s) above"),
    "index": ("a.csv", FRAME.to_csv(), "'' numbers the rows"),
    "index of an index": (
        "a.csv",
        FRAME.reset_index(names="Unnamed: 0").to_csv(),
        "'', 'Unnamed: 0' numbers the rows",
    ),
    "names of rows as R writes them": (
        "a.csv",
        FRAME.to_csv().removeprefix(","),
        "no name for the first column",
    ),
    "trailing delimiters": ("a.csv", _csv().replace("\n", ",\n"), ""),
    "trailing delimiters below the header": (
        "a.csv",
        _csv().replace("\n", ",\n").replace("state,", "state", 1),
        "end with a delimiter",
    ),
}
SELECT = ("--method", "leverage", "-n", 20)
RESAMPLE = ("--method", "smote")
COMPARE = ("-n", 20, "--methods", "uniform", "--seeds", 1, "--json", "-")


@pytest.fixture
def run(cli, tmp_path):
    """Write content to a file, and run a command on it; return outcome and output."""

    def running(command, name, content, *words):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = tmp_path / f"out-{name}"
        if command == "compare":
            return cli(command, path, *COMPARE, *words), None
        how = SELECT if command == "select" else RESAMPLE
        return cli(command, path, "-o", out, "--force", *how, *words), out

    return running


@cache
def _expected():
    selector = LeverageSelector(20, random_state=0)
    return selector.fit_select(FRAME[["size", "price"]])


def _table(path):
    rows = coreselect.rows.open(path, numeric=False)
    return rows.take(np.arange(rows.n_rows)).to_pandas()


def _check_selected(path):
    """Raise unless a file has the rows that are selected from the plain file."""
    found = _table(path)
    assert found["row"].tolist() == _expected().indices.tolist()
    assert found["weight"].tolist() == _expected().weights.tolist()
    wanted = FRAME.iloc[_expected().indices].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[list(FRAME)], wanted, check_dtype=False)


@pytest.mark.parametrize("case", SAME_TABLE)
def test_the_same_table_gives_the_same_rows(run, case):
    name, content, said = SAME_TABLE[case]
    done, out = run("select", name, content, "--target", "state")
    assert done.code == 0, done.err
    assert said in done.err
    assert "features: size, price (2, numbers as they are)" in done.err
    assert done.err.count("\n") == 2 + bool(said)
    _check_selected(out)
    # What was written is read as the input was, also by the next command.
    if not name.endswith("parquet"):
        again = _table(out).drop(columns=["row", "weight"])
        assert [c for c in again if not c.startswith(("Unnamed", "index"))][-3:]


@pytest.mark.parametrize("case", SAME_TABLE)
def test_the_same_table_is_compared_and_resampled(run, case):
    name, content, said = SAME_TABLE[case]
    done, _ = run("compare", name, content, "--target", "state")
    assert done.code == 0, done.err
    assert said in done.err
    found = json.loads(done.out)
    assert (found["n_features"], found["n_train"], found["n_classes"]) == (2, 45, 2)
    done, out = run("resample", name, content, "--target", "state")
    assert done.code == 0, done.err
    table = _table(out)
    assert table["state"].value_counts().tolist() == [40, 40]
    assert (table["size"].dtype, table["price"].dtype) == (float, float)
    assert table["size"].between(0, FRAME["size"].max()).all()
    pd.testing.assert_frame_equal(table[list(FRAME)][:N], FRAME)


LATIN = _csv(FRAME.rename(columns={"price": "größe"})).encode("latin-1")
THOUSANDS = "size;price;state\n" + "".join(
    f"{i},{100 + i};{i},{900 - i};{'ab'[i % 2]}\n" for i in range(1, N + 1)
)

# Name, content, further words, and the option that the message says to add.
REFUSED = {
    "latin-1": ("a.csv", LATIN, (), "--encoding latin-1", ["size", "größe"]),
    "unclear commas": ("a.csv", THOUSANDS, (), "--decimal ,", ["size", "price"]),
    "spaces": ("a.csv", _csv(sep=" "), (), "--delimiter ' '", ["size", "price"]),
    "a wrong delimiter": (
        "a.csv",
        _csv(),
        ("--delimiter", ";"),
        "--delimiter ,",
        ["size", "price"],
    ),
}


@pytest.mark.parametrize("command", ["select", "resample"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_what_to_type(run, case, command):
    name, content, words, option, features = REFUSED[case]
    plan = ("--dry-run", "--target", "state")
    done, _ = run(command, name, content, *plan, *words)
    assert done.code, done.out
    assert option in done.err
    done, _ = run(command, name, content, *plan, *words, *shlex.split(option))
    assert done.code == 0, done.err
    assert f"{len(features)}: {', '.join(features)}" in done.out


@pytest.mark.filterwarnings("always:the first line")
def test_a_missing_header_is_warned_about(run):
    content = _csv(header=False)
    done, _ = run("select", "a.csv", content, "--target", "state")
    assert "looks like a row of values" in done.err
    option = re.search(r"--no-header", done.err)[0]
    for command in ("select", "resample", "compare"):
        done, out = run(command, "a.csv", content, option, "--target", "c2")
        assert done.code == 0, done.err
        assert "its columns are named c0 to c2" in done.err
        if command == "select":
            found = _table(out)
            assert list(found) == ["c0", "c1", "c2", "row", "weight"]
            assert found["row"].tolist() == _expected().indices.tolist()


@pytest.mark.parametrize("command", ["select", "resample", "compare"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", "Empty CSV file"),
        ("a.csv", "size,price,state", "has a header but no rows"),
        ("a.csv", _csv() + "1,2\n", "row 62, with the header as row 1, has 2 cell(s)"),
        ("a.csv", _csv() + "1,2,3,4\n", "row 62, with the header as row 1, has 4 cell"),
        ("a.csv", b"PK\x03\x04\x14", "an Excel workbook; unpack it, or save it as CSV"),
        (
            "a.csv",
            b"size,state\n\x001,a\n" * 9,
            "not text; if it is, pass its encoding",
        ),
        ("a.csv.gz", gzipped(_csv())[:90], "truncated or damaged"),
        ("a.xlsx", b"PK", "save it as CSV"),
        ("a.jsonl", b"{}", "pandas.read_json"),
        ("a.txt", _csv(), "rename it to .csv"),
    ],
)
def test_files_that_cannot_be_tables(run, command, name, content, words):
    done, _ = run(command, name, content, "--target", "state")
    assert done.code in (1, 2)
    assert words.lower() in done.err.lower()
    assert done.err.count("\n") == 1


def test_arguments_of_python_are_not_named(run):
    for case in ("latin-1", "unclear commas", "spaces"):
        name, content, *_ = REFUSED[case]
        done, _ = run("select", name, content)
        assert not re.search(r"\b(encoding|decimal|delimiter|header)=", done.err)


# Tables that hold too little: what `select`, `resample` and `compare` say of them;
# nothing where they do what they are asked for.
LITTLE = {
    "one row": (
        _csv(FRAME[:1]),
        {"resample": "is 'new' in every row", "compare": "--target has 1 row"},
    ),
    "identifiers alone": (
        _csv(pd.DataFrame({"id": [f"A{i}" for i in _ROWS], "state": FRAME["state"]})),
        {
            "select": "such as --method uniform",
            "resample": "random-over and random-under take any columns",
            "compare": "no column that says anything",
        },
    ),
    "one class": (
        _csv(FRAME.assign(state="old")),
        {"resample": "is 'old' in every row", "compare": "is 'old' in every row"},
    ),
}


@pytest.mark.parametrize("command", ["select", "resample", "compare"])
@pytest.mark.parametrize("case", LITTLE)
def test_tables_that_hold_too_little(run, case, command):
    content, said = LITTLE[case]
    done, _ = run(command, "a.csv", content, "--target", "state")
    if command not in said:
        assert done.code == 0, done.err
        return
    assert done.code == 1
    assert said[command] in done.err.splitlines()[-1]
    assert not re.search(r"\b(X|y|features=)", done.err)
    for method in ("uniform", "random-over"):
        if method in said[command]:
            words = ("--target", "state", "--method", method)
            assert run(command, "a.csv", content, *words)[0].code == 0


def test_a_stream_is_kept_in_a_file_while_it_is_needed():
    with spooled(io.BytesIO(_csv().encode()), ".csv") as path:
        assert path.name == "standard-input.csv"
        assert _table(path).equals(FRAME)
    assert not path.exists()


def _with(**columns):
    """Return the plain table with more columns, as CSV."""
    return _csv(FRAME.assign(**columns))


_DAYS = pd.date_range("2026-01-01", periods=N)
_GAPS = np.where(_ROWS % 5 == 0, np.nan, _ROWS % 7)
_CITIES = np.array(["Rome", "Oslo", "Lima"])[_ROWS % 3]
_NOTES = [f"{i}" + "x" * 20_000 for i in _ROWS]
_WIDE = pd.DataFrame(np.random.default_rng(0).integers(1, 9, (N, 2000)))

# Tables of any content: what `compare` counts as features, one sentence a kind.
CONTENT = {
    "text": (_with(city=_CITIES), "city: one-hot"),
    "dates": (_with(day=_DAYS.astype(str)), "1 date: day"),
    "missing numbers": (_with(gap=_GAPS), "(1 with missing values): size, price, gap"),
    "an empty column": (_with(gap=""), "gap: left out"),
    "identifiers": (_with(id=[f"A{i:04d}" for i in _ROWS]), "id: left out"),
    "constants": (_with(year=2026), "year: left out (every value is the same)"),
    "booleans": (_with(paid=_ROWS % 2 == 0), "paid"),
    "yes and no": (_with(paid=np.where(_ROWS % 2, "yes", "no")), "paid: one-hot"),
    "percent": (_with(share=[f"{i}%" for i in _ROWS]), "share: left out"),
    "thousands": (_with(cost=[f"{i},{100 + i}" for i in _ROWS]), "cost: left out"),
    "numbers and words": (_with(age=np.where(_ROWS % 9, _ROWS, "?")), "age: left out"),
    "long text": (_with(note=_NOTES), "note: left out"),
    "equal names": (
        _with(other=_ROWS % 4).replace("other", "size"),
        "3 numbers: size, price, size.1",
    ),
    "2,000 columns": (_csv(_WIDE.assign(state=FRAME["state"])), "2000 numbers"),
    "markup": (_with(x=_ROWS % 4).replace(",x\n", ",<script>\n"), "<script>"),
}
# Of these, every column is a number: it stays what it is.
NUMBERS = {
    "an empty column",
    "constants",
    "booleans",
    "equal names",
    "2,000 columns",
    "markup",
}
# What `select` and `resample` have to be told of such a table.
SAID = {
    "percent": "some cells are not numbers: 'share' ('0%')",
    "thousands": "commas in their numbers are text: 'cost'",
    "numbers and words": "some cells are not numbers: 'age' ('?')",
    "equal names": "told apart: 'size.1'",
}


@pytest.mark.parametrize("case", CONTENT)
def test_tables_of_any_content_are_compared(run, case):
    content, seen = CONTENT[case]
    done, _ = run("compare", "a.csv", content, "--target", "state")
    assert done.code == 0, done.err
    assert seen in "\n".join(json.loads(done.out)["features"])
    assert SAID.get(case, "") in done.err


def _told(done):
    """Return the first option that a message says to add."""
    line = done.err.splitlines()[-1]
    found = re.search(r"(--(?!target)[a-z-]+) ?((?!and\b|or\b)\w+)?", line)
    assert found, done.err
    return [word for word in found.groups() if word]


def _cells(text):
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("command", ["select", "resample"])
@pytest.mark.parametrize("case", CONTENT)
def test_tables_of_any_content_are_written_or_an_option_is_named(run, case, command):
    content, seen = CONTENT[case]
    done, out = run(command, "a.csv", content, "--target", "state")
    assert SAID.get(case, "") in done.err
    if command == "select":
        assert ("numbers as they are" in done.err) == (case in NUMBERS)
        assert ("features: auto" in done.err and seen in done.err) != (case in NUMBERS)
    if done.code:
        assert done.err.splitlines()[-1].startswith("coreselect: error: ")
        done, out = run(command, "a.csv", content, "--target", "state", *_told(done))
    assert done.code == 0, done.err
    # Kept rows are written as they were, cell by cell.
    rows, (header, *written) = _cells(content), _cells(out.read_text())
    assert header[: len(rows[0])] == rows[0]
    at = header.index("row")
    kept = [cells for cells in written if "kind" not in header or "kept" in cells]
    assert kept
    for cells in kept:
        assert cells[: len(rows[0])] == rows[1 + int(cells[at])]
