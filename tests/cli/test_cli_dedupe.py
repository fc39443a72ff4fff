"""`coreselect dedupe`: near-duplicates in files of every format."""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from coreselect import RadiusSelector
from coreselect.cli import main

from .conftest import features

ROWS = "a,b,s\n0,0,1\n0.1,0,2\n5,5,0\n5,5.05,9\n9,9,3\n"
AB = ("--columns", "a,b")


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


def test_kept_rows_are_those_of_the_selector(cli, table, parquet, tmp_path):
    out, report = tmp_path / "out.parquet", tmp_path / "dropped.csv"
    words = ("--radius", 0.5, "--columns", "a,b,c", "--report", report)
    assert cli("dedupe", parquet, "-o", out, *words).code == 0
    wanted = RadiusSelector(0.5).fit(features(table))
    order = np.argsort(wanted.sample_indices_)
    written = pq.read_table(out)
    assert_array_equal(written["row"], wanted.sample_indices_[order])
    assert_array_equal(written["weight"], wanted.sample_weight_[order])
    taken = table.take(pa.array(wanted.sample_indices_[order]))
    assert written.select(table.schema.names).to_pylist() == taken.to_pylist()
    dropped, absorbed_by = np.loadtxt(report, delimiter=",", skiprows=1).T
    by = wanted.absorbed_by_
    assert_array_equal(dropped, np.flatnonzero(by != np.arange(len(by))))
    assert_array_equal(absorbed_by, by[dropped.astype(int)])


def test_text_is_copied_cell_by_cell(cli, rows, tmp_path):
    out = tmp_path / "out.csv"
    assert (
        cli("dedupe", rows, "-o", out, "--radius", 0.5, *AB, "--order", "first").code
        == 0
    )
    assert out.read_text().split() == [
        "a,b,s,row,weight", "0,0,1,0,2.0", "5,5,0,2,2.0", "9,9,3,4,1.0"
    ]  # fmt: skip


def test_scores_decide_which_rows_are_kept(cli, rows):
    words = ("--radius", 0.5, "--scores-column", "s", "-o", "-")
    done = cli("dedupe", rows, *words)
    lines = list(csv.DictReader(done.out.splitlines()))
    assert [line["row"] for line in lines] == ["1", "3", "4"]
    assert "not seen: s (score)" in done.err


def test_select_says_what_a_size_costs(cli, rows):
    """With all rows, near-duplicates stay; with few, rows have no near one."""
    words = ("--method", "radius", "--radius", 0.5, "--columns", "a,b", "-o", "-")
    n_rows = len(ROWS.split()) - 1
    for size, n_written, said in (
        ((), 3, None),
        (
            ("-n", n_rows),
            n_rows,
            "-n asks for all rows, so near-duplicates are kept: 2;",
        ),
        (("-n", 1), 1, "rows farther than the radius from every kept row: 3;"),
    ):
        done = cli("select", rows, *words, *size)
        assert done.code == 0, done.err
        assert len(done.out.splitlines()) == 1 + n_written
        if said is None:
            assert "leave -n out" not in done.err
        else:
            assert said in done.err


def test_columns_of_text_do_not_change_the_unit_of_the_radius(cli, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,t\n0,x\n30,y\n100,x\n130,y\n")
    done = cli("dedupe", path, "-o", "-", "--radius", 40, "--order", "first")
    assert [line["a"] for line in csv.DictReader(done.out.splitlines())] == ["0", "100"]
    assert "not seen: t (string)" in done.err
    path.write_text("a,b\n0,1\n30,\n")
    done = cli("dedupe", path, "-o", "-", "--radius", 40)
    assert done.code == 1
    assert "--drop-missing" in done.err


def test_similarity_is_that_of_directions(cli, tmp_path):
    path, out = tmp_path / "rows.npy", tmp_path / "out.npy"
    np.save(path, [[1.0, 0.0], [0.0, 2.0], [0.01, 7.0], [-1.0, 0.0]])
    words = ("--similarity", 0.95, "--order", "first")
    assert cli("dedupe", path, "-o", out, *words).code == 0
    written = np.load(out)
    assert written["row"].tolist() == [0, 1, 3]
    assert written["weight"].tolist() == [1, 2, 1]


def test_rows_with_missing_values_keep_their_numbers(cli, tmp_path):
    path, report = tmp_path / "rows.csv", tmp_path / "report.csv"
    path.write_text("a,s\n1,2\n,1\n1.1,3\n4,\n8,1\n")
    words = ("--radius", 0.5, "--drop-missing", "--scores-column", "s")
    done = cli("dedupe", path, "-o", "-", *words, "--report", report)
    lines = list(csv.DictReader(done.out.splitlines()))
    assert [line["row"] for line in lines] == ["2", "4"]
    assert report.read_text().split() == ["row,absorbed_by", "0,2"]
    done = cli("dedupe", path, "-o", "-", "--radius", 0.5, "--scores-column", "s")
    assert done.code == 1
    assert "--scores-column s: 1 of 5 rows miss a value; --drop-missing" in done.err


def test_selections_of_selections_keep_the_first_numbers(cli, rows, tmp_path):
    half, report = tmp_path / "half.parquet", tmp_path / "report.csv"
    words = ("--method", "uniform", "-n", 4, "--seed", 1)
    table = pa.table({"a": [0.0, 9.0, 0.1, 5.0, 20.0]})
    pq.write_table(table, tmp_path / "rows.parquet")
    assert cli("select", tmp_path / "rows.parquet", "-o", half, *words).code == 0
    first = pq.read_table(half)["row"].to_pylist()
    assert {0, 2} <= set(first)
    out = tmp_path / "out.parquet"
    words = ("--radius", 0.5, "--order", "first", "--report", report)
    assert cli("dedupe", half, "-o", out, *words).code == 0
    assert pq.read_table(out)["row"].to_pylist() == [row for row in first if row != 2]
    assert report.read_text().split() == ["row,absorbed_by", "2,0"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "one of the arguments --radius --similarity is required"),
        (["--radius", "0"], 2, "0 is not a positive number"),
        (["--radius", "x"], 2, "'x' is not a number"),
        (["--similarity", "1"], 2, "1 is not a cosine from -1 to below 1"),
        (["--radius", "1", "--similarity", "0.5"], 2, "not allowed with argument"),
        (
            ["--similarity", "0.5", "--metric", "euclidean"],
            2,
            "--similarity is about cosines",
        ),
        (["--radius", "1", "--report", "-", "-o", "-"], 2, "-o - and --report -"),
        (["--radius", "1", "--scores-column", "z"], 1, "--scores-column"),
        (["--radius", "1", "--metric", "cosine", *AB], 1, "row(s) of zeros"),
    ],
)
def test_what_is_wrong_is_said(rows, tmp_path, capsys, words, code, said):
    output = [] if "-o" in words else ["-o", str(tmp_path / "out.csv")]
    assert main(["dedupe", str(rows), *output, *words]) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_outputs_are_not_replaced_unless_told(cli, rows, tmp_path):
    report = tmp_path / "report.csv"
    report.write_text("mine")
    words = ("--radius", 0.5, *AB, "--report", report, "-o", tmp_path / "out.csv")
    done = cli("dedupe", rows, *words)
    assert done.code == 1
    assert "--report" in done.err
    assert report.read_text() == "mine"
    assert cli("dedupe", rows, *words, "--force").code == 0
