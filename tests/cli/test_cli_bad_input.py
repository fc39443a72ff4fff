"""Bad input gets one clear line that names it, and nothing is written."""

import datetime
import os
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from scipy import sparse

METHOD = ("--method", "lightweight", "-n", 3)

NUMERIC = ("--method", "leverage", "--features", "numeric")


@pytest.fixture
def refused(cli, tmp_path):
    """Select from a file; return the message after all checks on how it was refused."""

    def run(path, *words, code=1, out=None):
        out = out or f"{tmp_path / 'out'}{path.suffix or '.parquet'}"
        before = sorted(tmp_path.rglob("*"))
        done = cli("select", path, "-o", out, *METHOD, *words)
        assert done.code == code, done.err
        assert done.out == ""
        assert sorted(tmp_path.rglob("*")) == before, "something was written"
        assert done.err.startswith("coreselect: error: ")
        assert len(done.err.splitlines()) <= 2
        return done.err

    return run


def _save(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("n", ["-1", "0.0", "1.5", "ten", "True"])
def test_sizes(refused, npy, n):
    assert f"'{n}' is not a number of rows" in refused(npy, "-n", n, code=2)


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "none.npy", "none.npz"])
def test_missing_file(refused, tmp_path, name):
    message = refused(tmp_path / name)
    assert name in message
    assert "no such file" in message


@pytest.mark.parametrize("name", ["folder", "folder.parquet"])
def test_directory(refused, tmp_path, name):
    (tmp_path / name).mkdir()
    assert f"{name}' is a directory" in refused(tmp_path / name)


def test_unknown_suffix(refused, tmp_path):
    (tmp_path / "rows.xlsx").write_text("x\n1\n")
    message = refused(tmp_path / "rows.xlsx", code=2)
    assert "rows.xlsx" in message
    assert ".parquet" in message


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.999])
@pytest.mark.parametrize("form", ["parquet", "npy", "npz"])
def test_truncated_file(refused, form, request, kept):
    path = request.getfixturevalue(form)
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept in (0, 10) else int(kept * len(content))])
    message = refused(path)
    assert "cannot be read" in message or "cannot read" in message
    assert path.name in message


def test_damaged_pages(refused, parquet):
    """The footer is fine, the data are not: found while reading, nothing written."""
    content = bytearray(parquet.read_bytes())
    content[200 : len(content) // 2] = bytes(len(content) // 2 - 200)
    parquet.write_bytes(content)
    assert parquet.name in refused(parquet)


def test_no_numeric_column(refused, tmp_path):
    path = _save(tmp_path / "in.parquet", s=["a", "b"], t=["c", "d"])
    message = refused(path, *NUMERIC)
    assert "no numeric column" in message
    assert "'s' (string)" in message
    (tmp_path / "in.csv").write_text("s,t\na,b\n")
    assert "no numeric column" in refused(tmp_path / "in.csv", *NUMERIC)


def test_no_numeric_column_left(refused, tmp_path):
    """The only one is the target."""
    path = _save(tmp_path / "in.parquet", s=["a", "b"], t=[1, 2])
    message = refused(path, "--target", "t", *NUMERIC)
    assert "no numeric column" in message
    assert "'t' (target)" in message


def test_a_column_of_text_named_as_a_feature(refused, parquet, text):
    for path in (parquet, text):
        message = refused(path, "--columns", "a,name", *NUMERIC)
        assert "'name' (" in message
        assert "not numbers" in message


@pytest.mark.parametrize("option", ["--target", "--input-weights", "--columns"])
def test_missing_column(refused, parquet, text, npz, option):
    paths = (parquet, text) if option == "--columns" else (parquet, text, npz)
    for path in paths:
        message = refused(path, option, "zz")
        assert option in message
        assert "'zz'" in message
        assert "'label'" in message  # those that exist


def test_columns_of_the_same_name(refused, tmp_path):
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table([[1, 2], [3, 4], [5, 6]], names=["a", "b", "a"]), path)
    assert "in.parquet' has columns of the same name: 'a' (2 times)" in refused(path)


def test_excluded_column_must_exist(refused, parquet):
    assert "--exclude" in refused(parquet, "--exclude", "zz")


def test_names_in_a_file_without_names(refused, npy):
    assert "no names; use an .npz" in refused(npy, "--target", "y")
    assert "holds an array" in refused(npy, "--columns", "a")


def test_nulls_are_named_and_counted(refused, tmp_path):
    path = _save(tmp_path / "in.parquet", a=[1.0, None, None, 4.0], b=[1, 2, 3, None])
    message = refused(path, *NUMERIC)
    assert "2 in column 'a'" in message
    assert "1 in column 'b'" in message
    (tmp_path / "in.csv").write_text("a,b\n1,2\n,3\nNaN,4\n5,\n")
    message = refused(tmp_path / "in.csv", *NUMERIC)
    assert "2 in column 'a'" in message
    assert "1 in column 'b'" in message


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_values_that_are_no_numbers(refused, tmp_path, value, name):
    path = _save(tmp_path / "in.parquet", a=[1.0, value, 3.0, value], b=[1, 2, 3, 4])
    assert f"2 x {name} in column 'a'" in refused(path, *NUMERIC)
    np.save(tmp_path / "in.npy", np.array([[1.0], [value], [1.0], [2.0]]))
    assert f"1 x {name} in column 0" in refused(tmp_path / "in.npy", *NUMERIC)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), "1D array|1-dimensional|2D array"),
        (np.zeros((5, 2, 2)), "dim 3|3-dimensional"),
        (np.zeros((0, 2)), "0 sample"),
        (np.zeros((5, 0)), "0 feature"),
        (np.zeros((5, 2), dtype=complex), "[Cc]omplex"),
        (np.array([["a", "b"]] * 5), "numeric|numbers|strings"),
        (np.array([[1, None]] * 5), "Python objects"),
        (np.zeros(5, dtype=[("a", float), ("b", float)]), "fields a, b"),
    ],
)
def test_arrays_that_are_no_table_of_numbers(refused, tmp_path, X, message):
    path = tmp_path / "in.npy"
    np.save(path, X)
    assert re.search(message, refused(path))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "no arrays"),
        ({"a": np.eye(3), "b": np.eye(3)}, r"a \(3 x 3 float64\), b \(3 x 3 float64\)"),
        ({"y": np.arange(3)}, "must be called X"),
        ({"X": np.eye(3), "o": np.array([None] * 3)}, "Python objects"),
        ({"X": np.eye(3), "coreselect": np.arange(3)}, "not the record of a selection"),
    ],
)
def test_npz_files_that_do_not_fit(refused, tmp_path, arrays, message):
    path = tmp_path / "in.npz"
    np.savez(path, **arrays)
    assert re.search(message, refused(path))


@pytest.mark.parametrize("name", ["indices", "indptr", "row", "col", "shape"])
def test_positions_in_sparse_files_are_whole_numbers(refused, tmp_path, name):
    path = tmp_path / "in.npz"
    matrix = sparse.csr_array(np.eye(4))
    sparse.save_npz(path, matrix if name.startswith("ind") else matrix.tocoo())
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **arrays | {name: arrays[name] + 0.25})
    assert f"{name!r} must hold whole numbers, got float64" in refused(path)


def test_arrays_of_the_wrong_length(refused, tmp_path):
    path = tmp_path / "in.npz"
    np.savez(path, X=np.eye(4), y=np.arange(3))
    for option in ("--target", "--input-weights"):
        assert "'y' in" in refused(path, option, "y")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0, 1.0, 1.0], "negative"),
        ([0.0, 0.0, 0.0, 0.0], "zero"),
        ([1.0, None, 1.0, 1.0], "NaN"),
        ([1.0, np.inf, 1.0, 1.0], "infinity"),
        (["a", "b", "c", "d"], "numbers"),
    ],
)
def test_weights(refused, tmp_path, weights, message):
    path = _save(tmp_path / "in.parquet", a=[1.0, 2.0, 3.0, 4.0], w=weights)
    assert message in refused(path, "--input-weights", "w")


def test_one_column_cannot_be_two_things(refused, parquet):
    words = ("--target", "a", "--input-weights", "a")
    assert "'a' cannot be" in refused(parquet, *words, code=2)
    words = ("--target", "a", "--columns", "a,b")
    assert "'a', which is the target" in refused(parquet, *words, code=2)
    words = ("--columns", "a", "--exclude", "b")
    assert "not allowed with" in refused(parquet, *words, code=2)
    words = ("--row-column", "z", "--weights-column", "z")
    assert "both 'z'" in refused(parquet, *words, code=2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "Empty CSV file"),
        ("a,b\n1,2,3\n", "row 2, with the header as row 1, has 3 cell(s)"),
        ("a,b\n", "has a header but no rows"),
    ],
)
def test_text_that_is_no_table(refused, tmp_path, content, message):
    path = tmp_path / "in.csv"
    path.write_text(content)
    assert message in refused(path)


def test_strata_need_a_target(refused, text):
    assert "--stratify" in refused(text, "--stratify", code=2)


def test_output_exists(cli, refused, npy, tmp_path):
    out = tmp_path / "out.npy"
    out.write_bytes(b"mine")
    assert "--force" in refused(npy, out=out)
    assert out.read_bytes() == b"mine"


def test_report_exists(refused, npy, tmp_path):
    report = tmp_path / "report.json"
    report.write_text("mine")
    assert "--json" in refused(npy, "--json", report)


def test_output_is_the_input(refused, npy, tmp_path):
    assert "same file as the input" in refused(npy, "--force", out=npy, code=2)
    link = tmp_path / "link.npy"
    link.symlink_to(npy)
    assert "same file" in refused(npy, "--force", out=link, code=2)
    assert "--json" in refused(npy, "--json", npy, "--force", code=2)
    assert np.load(npy).shape[0] == 1000


def test_output_folder(refused, npy, tmp_path):
    (tmp_path / "file").write_text("")
    assert "no folder" in refused(npy, out=tmp_path / "none" / "out.npy")
    assert "no folder" in refused(npy, out=tmp_path / "file" / "out.npy")
    (tmp_path / "folder.npy").mkdir()
    message = refused(npy, "--force", out=tmp_path / "folder.npy")
    assert "is a directory" in message


def test_output_not_writable(refused, npy, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "not writable" in refused(npy)


def test_output_of_another_family(refused, npy, parquet, tmp_path):
    for path, name in ((npy, "out.csv"), (parquet, "out.npz")):
        message = refused(path, out=tmp_path / name, code=2)
        assert f"cannot be written as {name[3:]}" in message
    message = refused(npy, out=tmp_path / "out.txt", code=2)
    assert "-o" in message
    assert "the suffix tells the format" in message
    message = refused(npy, out="/dev/stdout", code=2)
    assert "give - and --format" in message


def test_outputs_are_checked_before_the_work(cli, npy, tmp_path, monkeypatch):
    """A folder that is missing is found before rows are read."""
    from coreselect.cli import tables

    monkeypatch.setattr(tables, "read", lambda *_: pytest.fail("the file was read"))
    done = cli("select", npy, "-o", tmp_path / "no" / "out.npy", *METHOD)
    assert done.code == 1


def test_sparse_has_no_place_in_npy(refused, sparse_npz, tmp_path):
    assert "sparse matrix" in refused(sparse_npz, out=tmp_path / "out.npy")


def test_sparse_with_bad_values(refused, tmp_path):
    path = tmp_path / "in.npz"
    sparse.save_npz(path, sparse.csr_array(np.array([[np.nan, 0.0], [1.0, 0.0]] * 3)))
    assert "NaN" in refused(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\xe4,b\n1,1\n".encode("latin-1"), "not UTF-8; add --encoding latin-1"),
        (b"a,b\n", "has a header but no rows"),
    ],
    ids=["latin-1", "header alone"],
)
def test_text_that_cannot_be_rows(refused, tmp_path, content, words):
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    message = refused(path)
    assert words in message
    assert "in.csv" in message


@pytest.mark.parametrize("suffix", [".NPY", ".NPZ", ".Csv", ".PARQUET"])
def test_upper_case_suffixes_are_read_and_written(cli, tmp_path, suffix):
    X = np.arange(40.0).reshape(20, 2)
    path, out = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    if suffix == ".NPY":
        with open(path, "wb") as file:
            np.save(file, X)
    elif suffix == ".NPZ":
        with open(path, "wb") as file:
            sparse.save_npz(file, sparse.csr_array(X))
    elif suffix == ".Csv":
        path.write_text("a,b\n" + "\n".join(f"{a},{b}" for a, b in X) + "\n")
    else:
        pq.write_table(pa.table({"a": X[:, 0], "b": X[:, 1]}), path)
    assert cli("select", path, "-o", out, *METHOD).code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([path.name, out.name])
    again = cli("select", out, "-o", tmp_path / f"two{suffix}", *METHOD, "--dry-run")
    assert ": 3 rows" in again.out or "already" in again.err


@pytest.mark.parametrize("char", ["ab", "", "é", '"', "\n", "a"])
def test_delimiters(refused, npy, char):
    assert "is not one character" in refused(npy, "--delimiter", char, code=2)


@pytest.mark.parametrize("char", ["\\t", "\t", "tab"])
def test_a_tab_may_be_written_in_many_ways(cli, tmp_path, char):
    (tmp_path / "in.csv").write_text("a\tb\n" + "1\t2\n" * 9)
    out = tmp_path / "out.csv"
    words = ("select", tmp_path / "in.csv", "-o", out, *METHOD, "--delimiter", char)
    assert cli(*words).code == 0
    assert len(out.read_text().splitlines()) == 4


@pytest.mark.parametrize("kind", ["full", "closed"])
@pytest.mark.parametrize(
    "words",
    [
        ("methods",),
        ("methods", "--json"),
        ("--version",),
        ("--help",),
        ("select", "--help"),
        ("select", "IN", "-o", "none.csv", *METHOD, "--dry-run"),
        ("resample", "IN", "-o", "none.csv", "--method", "smote", "--dry-run"),
        ("compare", "IN", "--target", "y", "-n", 9, "--methods", "uniform"),
    ],
)
def test_standard_output_that_takes_nothing_is_named(
    cli, tmp_path, monkeypatch, kind, words
):
    path = tmp_path / "in.csv"
    path.write_text("a,y\n" + "".join(f"{i},{i % 4 == 0:d}\n" for i in range(40)))
    words = [path if word == "IN" else word for word in words]
    if "smote" in words:
        words += ["--target", "y"]
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full if kind == "full" else None)
        done = cli(*words)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(
        "coreselect: error: standard output: "
        + ("No space left on device" if kind == "full" else "Bad file descriptor")
    )


@pytest.mark.parametrize("kind", ["full", "closed"])
def test_nothing_is_written_where_standard_output_takes_nothing(
    cli, npy, tmp_path, monkeypatch, kind
):
    out = tmp_path / "out.npy"
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full if kind == "full" else None)
        done = cli("select", npy, "-o", out, *METHOD, "--json", "-")
    assert done.code == 1
    assert "standard output: " in done.err
    assert not out.exists()


def test_a_full_disk_is_named(cli, npy, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("coreselect.cli.source.ArraySource.write", fails)
    done = cli("select", npy, "-o", tmp_path / "out.npy", *METHOD)
    assert done.code == 1
    assert f"{tmp_path / 'out.npy'}: No space left on device" in done.err


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_classes_may_be_dates_or_hold_commas(cli, tmp_path, suffix):
    days = pa.array([datetime.date(2020 + i // 30, 1, 1) for i in range(40)])
    names = ["Oslo, N"] * 10 + ["x"] * 30
    table = pa.table({"a": np.arange(40.0), "day": days, "name": names})
    path, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    csv.write_csv(table, path) if suffix == "csv" else pq.write_table(table, path)
    words = ("resample", path, "-o", out, "--columns", "a", "--force", "--method")
    done = cli(*words, "smote", "--target", "day")
    assert done.code == 0, done.err
    assert "2020-01-01 30, 2021-01-01 30" in done.err
    how = ("--sampling-strategy", '"Oslo, N"=20')
    done = cli(*words, "smote", "--target", "name", *how)
    assert done.code == 0, done.err
    assert "Oslo, N 20, x 30" in done.err
