"""Selecting from what `coreselect select` wrote: a selection of a selection."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import LeverageSelector

from .conftest import features

NUMERIC = ("--method", "leverage", "--features", "numeric")
FIRST = (*NUMERIC, "-n", 200, "--seed", 1)
SECOND = (*NUMERIC, "-n", 50, "--seed", 2)


def both(table):
    """Two selections in a row by the Python API, in the row numbers of the first."""
    X = features(table)
    first = LeverageSelector(200, random_state=1).fit(X).selection_
    second = LeverageSelector(50, random_state=2)
    return first.then(second.fit(X[first.indices], None, first.weights).selection_)


def read(path, row="row", weight="weight"):
    """Row numbers, weights and all names in a file."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
    elif path.suffix == ".csv":
        table = pa.csv.read_csv(path)
    else:
        found = np.load(path)
        names = found.dtype.names if path.suffix == ".npy" else set(found)
        return found[row], found[weight], names
    return table[row].to_numpy(), table[weight].to_numpy(), table.column_names


@pytest.mark.parametrize("form", ["parquet", "npy", "npz", "sparse_npz"])
@pytest.mark.parametrize("names", [("row", "weight"), ("key", "mass")])
def test_metadata_tells_what_an_earlier_run_wrote(
    cli, table, form, names, request, tmp_path
):
    """Added columns are no features, weights count, row numbers are the first's."""
    path = request.getfixturevalue(form)
    once, twice = (tmp_path / f"{x}{path.suffix}" for x in ("once", "twice"))
    options = ("--row-column", names[0], "--weights-column", names[1])
    assert cli("select", path, "-o", once, *FIRST, *options).code == 0
    done = cli("select", once, "-o", twice, *SECOND)
    assert done.code == 0, done.err
    assert f"its weights '{names[1]}' are used as input weights" in done.err
    row, weight, found = read(twice, *names)
    selection = both(table)
    assert_array_equal(row, selection.indices)
    assert_allclose(weight, selection.weights, rtol=1e-9)
    assert set(found) == set(read(once, *names)[2])


@pytest.mark.parametrize("form", ["parquet", "npz"])
def test_the_record_notes_the_selection_before(cli, form, request, tmp_path):
    """As `Selection.then` does: how the input was selected is not forgotten."""
    path = request.getfixturevalue(form)
    once, twice, last = (tmp_path / f"{n}{path.suffix}" for n in "abc")
    for source, out, words in (
        (path, once, FIRST), (once, twice, SECOND),
        (twice, last, ("--method", "uniform", "-n", 5)),
    ):  # fmt: skip
        assert cli("select", source, "-o", out, *words).code == 0
    first, second, third = map(_record, (once, twice, last))
    assert "earlier" not in first
    for record in (first, second):  # a file holds its own design, of both draws
        assert record["design"].pop("arrays")
    assert second["earlier"] == first
    assert third["earlier"] == second
    assert (third["method"], third["seed"]) == ("uniform", 0)


def _record(path):
    if path.suffix == ".npz":
        return json.loads(np.load(path)["coreselect"].item())
    return json.loads(pq.read_schema(path).metadata[b"coreselect"])


def test_text_needs_to_be_told(cli, table, text, tmp_path):
    """CSV has no metadata: a clash, until --from-selection explains it."""
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    columns = ("--columns", "a,b,c")
    assert cli("select", text, "-o", once, *FIRST, *columns).code == 0
    done = cli("select", once, "-o", twice, *SECOND, *columns)
    assert done.code == 1
    for hint in ("'row', 'weight'", "--row-column", "--from-selection"):
        assert hint in done.err
    assert not twice.exists()
    # Without --columns: the two are no features either.
    done = cli("select", once, "-o", twice, *SECOND, "--from-selection")
    assert done.code == 0, done.err
    row, weight, names = read(twice)
    selection = both(table)
    assert_array_equal(row, selection.indices)
    assert_allclose(weight, selection.weights, rtol=1e-9)
    assert names == ["name", "a", "b", "c", "label", "row", "weight"]


def test_from_selection_by_other_names(cli, table, text, tmp_path):
    """Through CSV with names of one's own, and on to Parquet, which keeps them."""
    once, twice = tmp_path / "once.csv", tmp_path / "twice.parquet"
    names = ("--row-column", "r", "--weights-column", "w")
    assert cli("select", text, "-o", once, *FIRST, *names).code == 0
    done = cli("select", once, "-o", twice, *SECOND, *names, "--from-selection")
    assert done.code == 0, done.err
    assert_array_equal(read(twice, "r", "w")[0], both(table).indices)
    kept = json.loads(pq.read_schema(twice).metadata[b"coreselect"])
    assert (kept["row_column"], kept["weights_column"]) == ("r", "w")


def test_new_names_rename(cli, table, parquet, tmp_path):
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    assert cli("select", parquet, "-o", once, *FIRST).code == 0
    assert cli("select", once, "-o", twice, *SECOND, "--row-column", "r").code == 0
    row, _, names = read(twice, "r")
    assert_array_equal(row, both(table).indices)
    assert names == [*table.column_names, "r", "weight"]


def test_other_input_weights_replace_the_earlier_ones(cli, table, tmp_path):
    """Said on stderr; the old weights are still replaced, and are no feature."""
    path, once, twice = (tmp_path / f"{x}.parquet" for x in ("in", "once", "twice"))
    own = np.linspace(1.0, 2.0, table.num_rows)
    pq.write_table(table.append_column("own", pa.array(own)), path)
    words = ("--exclude", "own")
    assert cli("select", path, "-o", once, *FIRST, *words).code == 0
    done = cli("select", once, "-o", twice, *SECOND, "--input-weights", "own")
    assert done.code == 0, done.err
    assert "input weights are 'own'" in done.err
    assert "'weight', are not used" in done.err
    first = LeverageSelector(200, random_state=1).fit(features(table)).selection_
    second = LeverageSelector(50, random_state=2).fit(
        features(table)[first.indices], None, own[first.indices]
    )
    assert_array_equal(read(twice)[0], first.indices[second.selection_.indices])
    assert_allclose(read(twice)[1], second.selection_.weights)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("row", ()),
        ("weight", ()),
        ("mine", ("--weights-column", "mine")),
        ("mine", ("--row-column", "mine")),
    ],
)
def test_any_other_clash_is_an_error(cli, table, tmp_path, column, words):
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table.append_column(column, table["a"]), path)
    done = cli("select", path, "-o", out, *FIRST, *words)
    assert done.code == 1
    assert f"columns called '{column}' already" in done.err
    assert not out.exists()


def test_a_clash_beside_an_earlier_selection(cli, parquet, tmp_path):
    """Names may be those of the earlier selection, not those of other columns."""
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    assert cli("select", parquet, "-o", once, *FIRST).code == 0
    done = cli("select", once, "-o", twice, *SECOND, "--weights-column", "a")
    assert done.code == 1
    assert "columns called 'a' already" in done.err


def test_arrays_clash_too(cli, npz, npy, tmp_path):
    for path, name in ((npz, "number"), (npz, "coreselect"), (npy, "X")):
        out = tmp_path / f"out{path.suffix}"
        words = ("--method", "uniform", "-n", 3, "--row-column", name)
        done = cli("select", path, "-o", out, *words)
        assert done.code == 1
        assert f"arrays called '{name}' already" in done.err
        assert not out.exists()


def test_metadata_that_outlived_its_columns_says_nothing(cli, table, parquet, tmp_path):
    """Someone dropped the weights from the file: it counts as any other file."""
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    assert cli("select", parquet, "-o", once, *FIRST).code == 0
    pq.write_table(pq.read_table(once).drop_columns(["weight", "row"]), once)
    done = cli("select", once, "-o", twice, *SECOND)
    assert done.code == 0
    assert "output of a selection" not in done.err
    assert read(twice)[0].max() < 200


def test_row_numbers_must_be_row_numbers(cli, tmp_path):
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("x,row,weight\n1,0.5,1\n2,3,1\n")
    words = ("--method", "uniform", "-n", 1, "--from-selection")
    done = cli("select", path, "-o", out, *words)
    assert done.code == 1
    assert "'row'" in done.err
    assert "whole numbers" in done.err
    assert not out.exists()


def test_written_columns_cannot_be_named_as_features(cli, parquet, tmp_path):
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    assert cli("select", parquet, "-o", once, *FIRST).code == 0
    done = cli("select", once, "-o", twice, *SECOND, "--columns", "a,row")
    assert done.code == 1
    assert "'row', which an earlier selection wrote" in done.err
