"""Tables mean the same in every format: what is missing, what is an index, records."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

UNIFORM = ("--method", "uniform", "-n", 5, "--seed", 0)
# The class of one row is missing: blank or NA in text, null in Parquet.
LABELS = ["u", "v", None, "u", "v", "u", "v", "u", "v", "u"]


def _both(folder, missing, **columns):
    """Write a table as Parquet and as CSV, None as the text `missing`."""
    table = pa.table(columns)
    pq.write_table(table, folder / "rows.parquet")
    lines = [",".join(columns)]
    for row in table.to_pylist():
        lines.append(",".join(missing if v is None else str(v) for v in row.values()))
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    return folder / "rows.parquet", folder / "rows.csv"


@pytest.mark.parametrize("missing", ["", "NA", "null", '""'])
def test_what_is_missing_is_the_same_in_text_and_parquet(cli, tmp_path, missing):
    x = np.arange(10.0)
    files = _both(tmp_path, missing, x=x, label=LABELS, w=[None, *range(9)])
    for words in (
        ("select", *UNIFORM, "--columns", "x", "--target", "label"),
        ("select", *UNIFORM, "--columns", "x", "--input-weights", "w"),
        ("select", "--method", "lightweight", "-n", 5, "--features", "numeric"),
        (
            "compare",
            "--target",
            "label",
            "--columns",
            "x",
            "--methods",
            "uniform",
            "-n",
            3,
        ),
        ("resample", "--method", "random-under", "--target", "label"),
    ):
        told = []
        for path in files:
            out = () if words[0] == "compare" else ("-o", f"{path}.out{path.suffix}")
            done = cli(words[0], path, *out, *words[1:])
            assert done.code == 1
            told.append(done.err.replace(path.name, "FILE"))
        assert told[0] == told[1]
        assert " 1 " in told[0]


def test_missing_text_comes_out_of_csv_as_null(cli, tmp_path):
    _, text = _both(tmp_path, "", x=np.arange(10.0), label=LABELS)
    out = tmp_path / "out.parquet"
    assert cli("select", text, "-o", out, "--method", "uniform", "-n", 10).code == 0
    assert pq.read_table(out)["label"].to_pylist() == LABELS


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_an_index_without_a_name_is_no_feature(cli, tmp_path, name):
    frame = pd.DataFrame({"a": np.arange(9.0), "b": 1.5}, index=np.arange(9) + 50)
    path = tmp_path / name
    frame.to_csv(path) if name.endswith("csv") else frame.to_parquet(path)
    done = cli("select", path, "-o", tmp_path / "out.csv", *UNIFORM, "--dry-run")
    assert "2: a, b\n" in done.out
    assert " (index)" in done.out


@pytest.mark.parametrize(
    ("words", "features"),
    [
        ([], "2: a, c\n"),
        (["--exclude", ""], "2: a, c\n"),
        (["--exclude", '"",c'], "1: a\n"),
        (["--columns", 'a,""'], "2: a, \n"),
    ],
)
def test_a_column_without_a_name_can_be_named(cli, tmp_path, words, features):
    path = tmp_path / "rows.csv"
    path.write_text(",a,c\n" + "".join(f"{i},{i},2\n" for i in range(9)))
    out = tmp_path / "out.csv"
    done = cli("select", path, "-o", out, *UNIFORM, *words, "--dry-run")
    assert done.code == 0, done.err
    assert features in done.out


def test_a_column_without_a_name_further_on_is_excluded_by_it(cli, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,,c\n" + "".join(f"{i},{i},2\n" for i in range(9)))
    words = ("select", path, "-o", tmp_path / "out.csv", *UNIFORM, "--dry-run")
    assert "3: a, , c\n" in cli(*words).out
    assert "2: a, c\n" in cli(*words, "--exclude", "").out


RECORDS = {
    "deep": "[" * 200_000,
    "a list": "[1]",
    "a number": "1",
    "not JSON": "{",
    "not UTF-8": b"\xff\xfe",
    "columns of a wrong type": json.dumps({"row_column": [1], "weights_column": {}}),
    "columns that are null": json.dumps({"row_column": None, "weights_column": None}),
    "provenance of a wrong type": json.dumps({"provenance_columns": 5}),
    "provenance that is text": json.dumps({"provenance_columns": "a"}),
    "an index that is text": json.dumps({"index_columns": "a"}),
    "an index of wrong types": json.dumps({"index_columns": [{}, 3, ["a"]]}),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("key", ["coreselect", "pandas"])
def test_records_that_cannot_be_read_are_no_records(cli, tmp_path, record, key):
    table = pa.table({"a": np.arange(9.0), "b": np.arange(9.0)})
    path = tmp_path / "rows.parquet"
    pq.write_table(table.replace_schema_metadata({key: record}), path)
    done = cli("select", path, "-o", tmp_path / "out.csv", *UNIFORM, "--dry-run")
    assert done.code == 0, done.err
    assert "2: a, b\n" in done.out


CSR = sparse.csr_array(np.eye(6))
BROKEN = {
    "columns beyond": {"indices": np.array([0, 1, 2, 3, 10**8, 5])},
    "columns below": {"indices": np.array([0, 1, 2, 3, -(10**8), 5])},
    "pointers that fall": {"indptr": np.array([0, 10**8, 2, 3, 4, 5, 6])},
}


@pytest.mark.parametrize("parts", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("kind", [b"csr", b"csc"])
def test_sparse_files_that_point_outside_are_refused(cli, tmp_path, parts, kind):
    path = tmp_path / "rows.npz"
    arrays = {"data": CSR.data, "indices": CSR.indices, "indptr": CSR.indptr} | parts
    np.savez(path, format=np.array(kind), shape=np.array((6, 6)), **arrays)
    done = cli("select", path, "-o", tmp_path / "out.npz", *UNIFORM)
    assert done.code == 1
    assert "damaged sparse matrix" in done.err


OF_NO_KERNEL = {
    "text": pa.array(["a", None, "b"] * 4, pa.string_view()),
    "bytes": pa.array([b"a", None, b"b"] * 4, pa.binary_view()),
    "list": pa.array([["a"], None, ["b", "c"]] * 4, pa.list_(pa.string_view())),
    "struct": pa.array([{"k": "a"}, None, {}] * 4, pa.struct({"k": pa.string_view()})),
    "map": pa.array([[("k", "v")], None, []] * 4, pa.map_("string", pa.string_view())),
    "category": pa.array(["a", None, "b"] * 4).dictionary_encode(),
}


@pytest.mark.parametrize("name", OF_NO_KERNEL)
@pytest.mark.parametrize("method", ["random-over", "smote", "random-under"])
def test_columns_of_types_that_pyarrow_cannot_take_are_written(
    cli, tmp_path, name, method
):
    column = OF_NO_KERNEL[name]
    table = pa.table({"x": np.arange(12.0), "y": [0, 0, 1] * 4, "more": column})
    path, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    pq.write_table(table, path)
    neighbours = ("--k-neighbors", 2) if method == "smote" else ()
    words = ("--method", method, "--columns", "x", "--target", "y", *neighbours)
    done = cli("resample", path, "-o", out, *words, "--row-column", "no")
    assert done.code == 0, done.err
    made = pq.read_table(out).to_pylist()
    values = pq.read_table(path)["more"].to_pylist()
    assert len(made) == (8 if method == "random-under" else 16)
    for row in made:
        known = method != "smote" or row["kind"] == "kept"
        assert row["more"] == (values[row["no"]] if known else None)
    out = tmp_path / "out.csv"
    done = cli("select", path, "-o", out, "--columns", "x", *UNIFORM)
    assert done.code == (1 if name in ("list", "struct", "map") else 0), done.err
