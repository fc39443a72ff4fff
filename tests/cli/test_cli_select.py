"""`coreselect select`: what is written for every format."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import RS2, LeverageSelector, UniformSelector
from coreselect.rows.large_numbers import LargeNumbers
from coreselect.rows.writing import write_npz

from .conftest import N, features

LEVERAGE = ("--method", "leverage", "-n", 60, "--columns", "a,b,c")
MATRIX = ("--method", "leverage", "-n", 60)


def expected(table, **parameters):
    """The selection that the Python API makes of the same rows."""
    selector = LeverageSelector(n_select=60, random_state=0, **parameters)
    return selector.fit(features(table)).selection_


def read_text(path, delimiter=","):
    """The header and the rows of a text file, as text."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file, delimiter=delimiter)
    return header, rows


def test_parquet_keeps_columns_schema_order_and_metadata(cli, table, parquet, tmp_path):
    """Dictionary, timestamp, nested and null cells pass through as they are."""
    out = tmp_path / "out.parquet"
    assert cli("select", parquet, "-o", out, *LEVERAGE).code == 0
    written = pq.read_table(out)
    selection = expected(table)
    assert_array_equal(written["row"], selection.indices)
    assert_array_equal(written["weight"], selection.weights)
    taken = table.take(pa.array(selection.indices))
    assert written.select(table.schema.names).to_pylist() == taken.to_pylist()
    assert written.schema.names == [*table.schema.names, "row", "weight"]
    for field in pq.read_schema(parquet):
        assert written.schema.field(field.name).equals(field)
    assert written.schema.metadata[b"who"] == b"me"
    assert {"row": pa.int64(), "weight": pa.float64()} == {
        name: written.schema.field(name).type for name in ("row", "weight")
    }


def _groups(path):
    meta = pq.ParquetFile(path).metadata
    return [meta.row_group(g) for g in range(meta.num_row_groups)]


def test_parquet_is_written_in_parts(cli, table, parquet, tmp_path, monkeypatch):
    """More rows than one part holds: nothing is lost where parts meet."""
    monkeypatch.setattr("coreselect.rows.writing._CHUNK_ROWS", 256)
    out = tmp_path / "out.parquet"
    assert cli("select", parquet, "-o", out, "--method", "uniform", "-n", 700).code == 0
    sizes = [group.num_rows for group in _groups(out)]
    assert len(sizes) > 1
    assert all(256 <= size < 256 + 130 for size in sizes[:-1])
    written = pq.read_table(out)
    taken = table.take(pa.array(written["row"].to_numpy()))
    assert written.select(table.schema.names).to_pylist() == taken.to_pylist()


def test_text_is_copied_as_it_stands(cli, tmp_path):
    """Leading zeros, odd numbers, quoted newlines and delimiters, a byte order mark."""
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = [
        ["007", "1.50", 'say "hi"', "é"],
        ["0x1", "1e3", "two\r\nlines", ""],
        ["", "+.5", "a,b", "\t"],
        ["  ", "-0", "", "日本"],
    ]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "x", "text", "other"], *rows[:2]])
        file.write("\r\n")  # a blank line is no row
        writer.writerows(rows[2:])
    assert cli("select", path, "-o", out, "--method", "uniform", "-n", 4).code == 0
    header, written = read_text(out)
    assert header == ["id", "x", "text", "other", "row", "weight"]
    assert written == [[*row, str(i), "1.0"] for i, row in enumerate(rows)]
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert out.read_bytes().count(b"\r\n") == 5 + 1  # rows, and within a cell


def test_text_in_another_encoding_and_long_cells_pass_through(cli, tmp_path):
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    long = b"z" * 200_000
    path.write_bytes(b"x,text\n1,caf\xe9\n2," + long + b"\n")
    assert cli("select", path, "-o", out, "--method", "uniform", "-n", 2).code == 0
    assert out.read_bytes() == (
        b"x,text,row,weight\n1,caf\xe9,0,1.0\n2," + long + b",1,1.0\n"
    )


def test_cells_of_several_lines_across_blocks(cli, tmp_path, monkeypatch):
    """A block of text may end within a quoted cell."""
    monkeypatch.setattr("coreselect.rows.text.BLOCK_BYTES", (1000,))
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    cell = '"' + "first\n" * 60 + '"'
    path.write_text("x,text\n" + f"1,{cell}\n" * 50)
    done = cli("select", path, "-o", out, "--method", "uniform", "-n", 50)
    assert done.code == 0, done.err
    assert [row[1] for row in read_text(out)[1]] == ["first\n" * 60] * 50


def test_quotes_that_read_in_two_ways_are_refused(cli, tmp_path, monkeypatch):
    """If the copied rows cannot be the rows that were counted, nothing is written."""
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("x\n1\n2\n")
    scan = "coreselect.rows.text._Text.scan"
    notes = {}, {}, LargeNumbers()
    monkeypatch.setattr(scan, lambda _: (pa.schema({"x": pa.int64()}), 1, notes))
    done = cli("select", path, "-o", out, "--method", "uniform", "-n", 1)
    assert done.code == 1
    assert "can be read in two ways" in done.err
    assert not out.exists()


def test_delimiter(cli, tmp_path):
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("x;y\n1;a,b\n2;c\n")
    words = ("--method", "uniform", "-n", 1.0, "--delimiter", ";")
    assert cli("select", path, "-o", out, *words).code == 0
    assert out.read_text() == "x;y;row;weight\n1;a,b;0;1.0\n2;c;1;1.0\n"


@pytest.mark.parametrize("source", ["text", "tabbed", "parquet"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_same_seed_same_rows_in_every_table_format(
    cli, table, source, suffix, request, tmp_path
):
    path = request.getfixturevalue(source)
    if source == "parquet":
        pq.write_table(table.drop_columns(["list", "struct"]), path)
    out = tmp_path / f"out{suffix}"
    done = cli("select", path, "-o", out, *LEVERAGE)
    assert done.code == 0, done.err
    selection = expected(table)
    if suffix == ".parquet":
        written = pq.read_table(out)
    else:
        tab = pa.csv.ParseOptions(delimiter="\t" if suffix == ".tsv" else ",")
        written = pa.csv.read_csv(out, parse_options=tab)
    assert_array_equal(written["row"], selection.indices)
    assert_allclose(written["weight"], selection.weights, rtol=1e-12)
    taken = table.take(pa.array(selection.indices))
    for name in ("a", "name", "label"):
        assert written[name].to_pylist() == taken[name].to_pylist()


def test_text_cannot_hold_nested_columns(cli, parquet, tmp_path):
    done = cli("select", parquet, "-o", tmp_path / "out.csv", *LEVERAGE)
    assert done.code == 1
    assert "'list' holds list<" in done.err
    assert not (tmp_path / "out.csv").exists()


def test_npy_becomes_a_structured_array(cli, table, npy, tmp_path):
    out = tmp_path / "out.npy"
    np.save(npy, features(table).astype(np.float32))
    assert cli("select", npy, "-o", out, *MATRIX).code == 0
    written = np.load(out)
    assert written.dtype.names == ("X", "row", "weight")
    assert written["X"].dtype == np.float32
    assert_array_equal(written["X"], np.load(npy)[written["row"]])
    assert len(written) == 60


def test_npz_takes_what_has_a_value_a_row(cli, table, npz, tmp_path):
    out = tmp_path / "out.npz"
    assert cli("select", npz, "-o", out, *MATRIX, "--target", "label").code == 0
    before, after = np.load(npz), np.load(out)
    assert set(after) == {*before, "row", "weight", "coreselect"}
    assert_array_equal(after["row"], expected(table).indices)
    for name in ("X", "label", "number"):
        assert_array_equal(after[name], before[name][after["row"]])
    assert_array_equal(after["notes"], before["notes"])
    assert json.loads(str(after["coreselect"]))["target"] == "label"


def test_npz_with_any_names(cli, tmp_path):
    """The only 2-D array holds the features; even a parameter's name is a good name."""
    path, out = tmp_path / "in.npz", tmp_path / "out.npz"
    arrays = {"things": np.eye(5), "y": np.arange(5), "z": np.zeros((5, 2, 2))}
    np.savez_compressed(path, **arrays)
    with np.load(path) as stored:
        assert set(stored) == set(arrays)
    assert cli("select", path, "-o", out, "--method", "uniform", "-n", 3).code == 0
    after = np.load(out)
    assert_array_equal(after["things"], np.eye(5)[after["row"]])
    assert after["z"].shape == (3, 2, 2)


@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix", "csc_array", "coo_matrix"])
def test_sparse_npz_stays_sparse(cli, table, tmp_path, kind):
    path, out = tmp_path / "in.npz", tmp_path / "out.npz"
    matrix = getattr(sparse, kind)(features(table))
    sparse.save_npz(path, matrix)
    assert cli("select", path, "-o", out, *MATRIX).code == 0
    written, more = sparse.load_npz(out), np.load(out)
    assert written.format == "csr"
    assert isinstance(written, sparse.sparray) == isinstance(matrix, sparse.sparray)
    assert_array_equal(more["row"], expected(table).indices)
    assert_array_equal(written.toarray(), features(table)[more["row"]])


def test_npy_and_npz_convert(cli, table, npy, npz, tmp_path):
    """Arrays with a value per row become fields; what has no place in npy is named."""
    assert cli("select", npy, "-o", tmp_path / "a.npz", *MATRIX).code == 0
    assert_array_equal(np.load(tmp_path / "a.npz")["row"], expected(table).indices)
    done = cli("select", npz, "-o", tmp_path / "b.npy", *MATRIX)
    assert done.code == 1
    assert "a .npy file cannot hold the array 'notes'" in done.err
    arrays = {k: v for k, v in np.load(npz).items() if k != "notes"}
    np.savez(npz, **arrays)
    assert cli("select", npz, "-o", tmp_path / "b.npy", *MATRIX).code == 0
    written = np.load(tmp_path / "b.npy")
    assert written.dtype.names == ("X", "label", "number", "row", "weight")
    assert_array_equal(written["number"], written["row"])


def test_roles_are_no_features(cli, table, tmp_path):
    """Target, weights and excluded columns; the weights count."""
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    weight = np.linspace(0.0, 3.0, N)
    more = {"y": np.arange(N), "w": weight, "junk": np.ones(N)}
    for name, values in more.items():
        table = table.append_column(name, pa.array(values))
    pq.write_table(table, path)
    words = ("--method", "leverage", "-n", 60, "--target", "y", "--exclude", "junk")
    words += ("--input-weights", "w", "--features", "numeric")
    done = cli("select", path, "-o", out, *words)
    assert done.code == 0, done.err
    selector = LeverageSelector(60, random_state=0)
    selection = selector.fit(features(table), sample_weight=weight).selection_
    written = pq.read_table(out)
    assert_array_equal(written["row"], selection.indices)
    assert_allclose(written["weight"], selection.weights)
    assert_array_equal(written["w"], weight[selection.indices])


def test_method_options_reach_the_selector(cli, table, text, tmp_path):
    out = tmp_path / "out.csv"
    words = ("--fit-intercept", "--alpha", 2.0, "--design", "systematic", "--stratify")
    done = cli(
        "select", text, "-o", out, *LEVERAGE, *words, "--target", "label", "--json", "-"
    )
    parameters = json.loads(done.out)["parameters"]
    assert parameters.pop("n_select") == 60
    assert parameters == {
        "fit_intercept": True,
        "alpha": 2.0,
        "balance_on": "auto",
        "budget": None,
        "quotas": None,
        "epsilon": None,
        "design": "systematic",
        "stratify": True,
        "solver": "auto",
        "features": None,
    }
    labels = np.array(table["label"].to_pylist())
    selector = LeverageSelector(
        60,
        fit_intercept=True,
        alpha=2.0,
        design="systematic",
        stratify=True,
        random_state=0,
    )
    selection = selector.fit(features(table), labels).selection_
    assert_array_equal([int(row[-2]) for row in read_text(out)[1]], selection.indices)


@pytest.mark.parametrize(("n", "count"), [("10%", 100), ("0.25", 250), ("0", 0)])
def test_fractions_and_nothing(cli, parquet, text, npz, tmp_path, n, count):
    for path in (parquet, text, npz):
        out = tmp_path / f"out{path.suffix}"
        done = cli("select", path, "-o", out, "--method", "uniform", "-n", n)
        assert done.code == 0, done.err
        assert f": {count} of 1,000 rows" in done.err
    assert pq.read_table(tmp_path / "out.parquet").num_rows == count
    assert len(read_text(tmp_path / "out.csv")[1]) == count
    assert np.load(tmp_path / "out.npz")["X"].shape == (count, 3)


def test_json_report(cli, table, parquet, tmp_path):
    out, report = tmp_path / "out.parquet", tmp_path / "out.json"
    words = (*LEVERAGE, "--seed", 5, "--json", report)
    assert cli("select", parquet, "-o", out, *words).code == 0
    told = json.loads(report.read_text())
    weights = pq.read_table(out)["weight"].to_numpy()
    assert told["method"] == "leverage"
    assert told["seed"] == 5
    assert (told["n_in"], told["n_out"], told["n_features"]) == (N, 60, 3)
    assert told["total_weight"] == pytest.approx(weights.sum())
    assert told["effective_sample_size"] == pytest.approx(
        weights.sum() ** 2 / (weights**2).sum()
    )
    assert {"coreselect", "numpy", "scikit-learn"} <= set(told["versions"])
    kept = json.loads(pq.read_schema(out).metadata[b"coreselect"])
    assert kept["design"].pop("arrays")  # of the rows, for the next selection
    assert {k: told[k] for k in kept} == kept
    assert (kept["row_column"], kept["weights_column"]) == ("row", "weight")


def test_dry_run_says_what_would_be_done(cli, parquet, tmp_path):
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "out.parquet"
    words = (*LEVERAGE, "--dry-run", "--json", tmp_path / "x.json", "--alpha", 1.5)
    done = cli("select", parquet, "-o", out, *words)
    assert done.code == 0
    for text in ("1,000 rows", "3: a, b, c", "name (string)", "alpha=1.5", "seed 0"):
        assert text in done.out
    assert LeverageSelector.passes in done.out
    assert sorted(tmp_path.iterdir()) == before


def test_the_index_of_a_frame_is_no_feature(cli, tmp_path):
    pandas = pytest.importorskip("pandas")
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    index = pandas.Index(np.arange(100, 120), name="key")
    frame = pandas.DataFrame({"x": np.arange(20.0)}, index=index)
    frame.to_parquet(path)
    done = cli("select", path, "-o", out, "--method", "uniform", "-n", 5, "--dry-run")
    assert "1: x\n" in done.out
    assert "key (index)" in done.out
    assert cli("select", path, "-o", out, "--method", "uniform", "-n", 5).code == 0
    written = pandas.read_parquet(out)
    assert_array_equal(written.index, 100 + written["row"])


def test_force_replaces_and_seed_matters(cli, text, tmp_path):
    out = tmp_path / "out.csv"
    seen = []
    for seed in (0, 1, 0):
        words = ("--method", "uniform", "-n", 20, "--seed", seed, "--force")
        assert cli("select", text, "-o", out, *words).code == 0
        seen.append(out.read_bytes())
    assert seen[0] == seen[2] != seen[1]


def test_uniform_rows_are_those_of_the_library(cli, npy, tmp_path):
    out = tmp_path / "out.npy"
    assert cli("select", npy, "-o", out, "--method", "uniform", "-n", 9).code == 0
    selection = UniformSelector(9, random_state=0).fit(np.load(npy)).selection_
    assert_array_equal(np.load(out)["row"], selection.indices)


def test_a_round_of_rs2(cli, table, parquet, tmp_path):
    """`--round` goes to `select`, and into the record."""
    out, report = tmp_path / "out.parquet", tmp_path / "out.json"
    words = ("--method", "rs2", "-n", "10%", "--round", 3, "--columns", "a,b,c")
    done = cli("select", parquet, "-o", out, *words, "--json", report)
    assert done.code == 0
    sampler = RS2(0.1, random_state=0).fit(features(table))
    assert_array_equal(pq.read_table(out)["row"], np.sort(sampler.round(3)))
    assert json.loads(report.read_text())["parameters"]["round"] == 3
    plan = cli("select", parquet, "-o", out, *words, "--dry-run", "--force")
    assert "round=3" in plan.out


def test_a_sparse_file_keeps_an_array_called_x(cli, tmp_path):
    """Beside a sparse matrix, X is an array like any other."""
    X = sparse.csr_array(np.eye(6))
    path, out = tmp_path / "in.npz", tmp_path / "out.npz"
    write_npz(path, {"matrix": X, "X": np.arange(6)}, matrix="matrix")
    assert cli("select", path, "-o", out, "--method", "uniform", "-n", 6).code == 0
    with np.load(out) as stored:
        assert stored["X"].tolist() == list(range(6))
    assert (sparse.load_npz(out) != X).nnz == 0
