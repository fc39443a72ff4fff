"""`coreselect resample`: rows, provenance, classes by their text, and refusals."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import coreselect
from coreselect.cli.catalogue import names_of_methods

N, RARE = 200, 30


@pytest.fixture
def uneven():
    """200 rows, 30 of them of the class "1": numbers, a category, text and a list."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([1, 0], [RARE, N - RARE]))
    return pa.table(
        {
            "id": [f"{i:04d}" for i in range(N)],
            "a": rng.standard_normal(N) + y,
            "b": rng.integers(0, 9, N),
            "shop": pa.array(rng.choice(["u", "v", "w"], N)).dictionary_encode(),
            "y": y,
            "list": pa.array([[i] * (i % 3) for i in range(N)]),
        }
    )


@pytest.fixture
def rows(uneven, tmp_path):
    """`uneven` as a Parquet file."""
    path = tmp_path / "rows.parquet"
    pq.write_table(uneven, path, row_group_size=64)
    return path


@pytest.fixture
def cells(uneven, tmp_path):
    """`uneven` without its list as CSV."""
    path = tmp_path / "rows.csv"
    parts = uneven.drop_columns(["list"]).to_pylist()
    lines = [",".join(parts[0])] + [",".join(map(str, r.values())) for r in parts]
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_new_rows_are_those_of_the_class(cli, rows, uneven, tmp_path):
    """Features a and b as SMOTE makes them; text and lists of new rows are empty."""
    out = tmp_path / "out.parquet"
    words = ("--method", "smote", "--columns", "a,b", "--seed", 3)
    done = cli("resample", rows, "-o", out, "--target", "y", *words)
    assert done.code == 0
    assert "200 of 200 rows and 140 new (interpolate)" in done.err
    made = pq.read_table(out)
    X = np.column_stack([uneven["a"], uneven["b"]])
    y = uneven["y"].to_numpy()
    wanted = coreselect.SMOTE(random_state=3).fit(X, y).selection_
    both = np.column_stack([made["a"], made["b"]])
    assert_allclose(both[:, 0], wanted.take(X)[:, 0], rtol=1e-13)
    assert_array_equal(both[:, 1], np.rint(wanted.take(X)[:, 1]))
    assert_array_equal(made["y"].to_numpy(), wanted.take_labels(y))
    assert made.slice(0, N).select(uneven.column_names) == uneven
    assert made["id"].slice(N).null_count == made["list"].slice(N).null_count == 140
    assert made.schema.field("shop").type == uneven.schema.field("shop").type


def test_provenance_rebuilds_every_row(cli, rows, uneven, tmp_path):
    out = tmp_path / "out.parquet"
    cli("resample", rows, "-o", out, "--target", "y", "--method", "smote",
        "--columns", "a")  # fmt: skip
    made = pq.read_table(out)
    a, row = uneven["a"].to_numpy(), made["row"].to_numpy()
    assert_array_equal(row[:N], np.arange(N))
    assert made["kind"].to_pylist() == ["kept"] * N + ["interpolate"] * 140
    new = made.slice(N)
    neighbor, step = new["neighbor"].to_numpy(), new["step"].to_numpy()
    base = row[N:]
    assert_allclose(new["a"], a[base] + step * (a[neighbor] - a[base]), atol=1e-12)
    assert made["neighbor"].slice(0, N).null_count == N


def test_csv_keeps_its_text_and_gets_new_rows_below(cli, cells, rows, tmp_path):
    out, other = tmp_path / "out.csv", tmp_path / "other.parquet"
    words = ("--target", "y", "--method", "smote", "--columns", "a,b")
    assert cli("resample", cells, "-o", out, *words).code == 0
    assert cli("resample", rows, "-o", other, *words).code == 0
    lines, given = out.read_text().splitlines(), cells.read_text().splitlines()
    assert lines[0] == given[0] + ",row,weight,kind,neighbor,step"
    assert lines[1] == given[1] + ",0,1.0,kept,,"
    assert len(lines) == len(given) + 140
    made, wanted = read(out), pq.read_table(other)
    assert [r["id"] for r in made[N:]] == [""] * 140
    assert_allclose([float(r["a"]) for r in made], wanted["a"], rtol=1e-12)
    assert [int(r["b"]) for r in made] == wanted["b"].to_pylist()


def test_parquet_to_csv_and_back(cli, rows, tmp_path):
    out = tmp_path / "out.csv"
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", "smote")
    assert done.code == 1
    assert "column 'list' holds" in done.err
    assert not out.exists()


def test_columns_that_may_not_be_empty_may_be_in_the_output(cli, uneven, tmp_path):
    path, out = tmp_path / "strict.parquet", tmp_path / "out.parquet"
    schema = uneven.schema.set(0, uneven.schema.field("id").with_nullable(False))
    pq.write_table(uneven.cast(schema), path)
    done = cli("resample", path, "-o", out, "--target", "y", "--method", "smote")
    assert done.code == 0, done.err
    assert pq.read_table(out)["id"].null_count == 140


def test_a_copied_row_has_all_columns(cli, rows, uneven, tmp_path):
    out = tmp_path / "out.parquet"
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", "random-over")
    assert done.code == 0
    made = pq.read_table(out)
    names = uneven.column_names
    assert made.select(names) == uneven.take(made["row"].combine_chunks())
    assert set(made["kind"].slice(N).to_pylist()) == {"copy"}


def test_dropping_rows_is_a_selection(cli, rows, uneven, tmp_path):
    out = tmp_path / "out.parquet"
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", "random-under",
               "--weights", "prior")  # fmt: skip
    assert done.code == 0
    made = pq.read_table(out)
    assert made.column_names == [*uneven.column_names, "row", "weight"]
    assert made.select(uneven.column_names) == uneven.take(made["row"].combine_chunks())
    weight, y = made["weight"].to_numpy(), made["y"].to_numpy()
    assert_allclose([weight[y == 0].sum(), weight[y == 1].sum()], [N - RARE, RARE])


def test_provenance_in_a_file_of_its_own(cli, rows, uneven, tmp_path):
    out, origin, both = (tmp_path / f"{n}.parquet" for n in ("out", "origin", "both"))
    words = ("--target", "y", "--method", "smote-undersample", "--under", "50")
    done = cli("resample", rows, "-o", out, "--provenance", origin, *words)
    assert done.code == 0
    cli("resample", rows, "-o", both, *words)
    together = pq.read_table(both)
    added = ["row", "weight", "kind", "neighbor", "step"]
    assert pq.read_table(out).equals(together.drop_columns(added))
    assert pq.read_table(origin).equals(together.select(added))
    assert len(together) == 3 * RARE + 2 * RARE


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("minority", {"0": 170, "1": 170}),
        ("0.5", {"0": 170, "1": 85}),
        ("1=40", {"0": 170, "1": 40}),
        ("1=40,0=175", {"0": 175, "1": 40}),
    ],
)
def test_strategies(cli, rows, tmp_path, how, wanted):
    """Classes are named as the file shows them, here whole numbers."""
    out = tmp_path / "out.parquet"
    words = ("--method", "smote", "--sampling-strategy", how, "--json", "-")
    done = cli("resample", rows, "-o", out, "--target", "y", *words)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["classes_out"] == wanted
    assert report["classes_in"] == {"0": 170, "1": 30}
    assert report["n_new"] == sum(wanted.values()) - N


@pytest.mark.parametrize(("classes", "cleaned"), [("1,", [1]), ("0,1", [0, 1])])
def test_classes_to_clean(cli, rows, tmp_path, classes, cleaned):
    done = cli("resample", rows, "-o", tmp_path / "out.parquet", "--target", "y",
               "--method", "tomek-links", "--sampling-strategy", classes,
               "--json", "-")  # fmt: skip
    report = json.loads(done.out)
    before, after = report["classes_in"], report["classes_out"]
    assert [c for c in (0, 1) if after[str(c)] < before[str(c)]] == cleaned


def test_categories(cli, rows, uneven, tmp_path):
    out = tmp_path / "out.parquet"
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", "smotenc",
               "--exclude", "id")  # fmt: skip
    assert done.code == 0, done.err
    made = pq.read_table(out)
    assert made["shop"].null_count == 0
    assert made.schema.field("shop").type == uneven.schema.field("shop").type
    assert set(made["shop"].to_pylist()) == {"u", "v", "w"}


def test_categories_by_name(cli, rows, uneven, tmp_path):
    """A column of numbers that stand for categories keeps to these numbers."""
    out = tmp_path / "out.parquet"
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", "smotenc",
               "--exclude", "id", "--categorical", "b,shop")  # fmt: skip
    assert done.code == 0, done.err
    made = pq.read_table(out)
    rare = set(uneven.filter(uneven["y"].to_numpy() == 1)["b"].to_pylist())
    assert set(made["b"].slice(N).to_pylist()) <= rare


def test_input_weights(cli, uneven, tmp_path):
    """Rows of weight 0 are dropped; the others keep theirs; weights are no feature."""
    path, out = tmp_path / "w.parquet", tmp_path / "out.parquet"
    weight = np.arange(N) % 4
    pq.write_table(uneven.append_column("w", pa.array(weight)), path)
    done = cli("resample", path, "-o", out, "--target", "y", "--method", "smote",
               "--input-weights", "w")  # fmt: skip
    assert done.code == 0, done.err
    made = pq.read_table(out)
    kept = made["row"].to_numpy()[np.array(made["kind"].to_pylist()) == "kept"]
    assert_array_equal(kept, np.flatnonzero(weight))
    assert_allclose(made["weight"].to_numpy()[: len(kept)], weight[kept])


def test_selecting_from_resampled_rows(cli, rows, tmp_path):
    """What says where rows come from is no feature afterwards; weights count."""
    made, few = tmp_path / "made.parquet", tmp_path / "few.parquet"
    cli("resample", rows, "-o", made, "--target", "y", "--method", "smote")
    done = cli("select", made, "-o", few, "--method", "uniform", "-n", "50",
               "--dry-run", "--target", "y", "--features", "numeric")  # fmt: skip
    assert "2: a, b" in done.out
    assert "neighbor (of a resampling)" in done.out
    done = cli("select", made, "-o", few, "--method", "uniform", "-n", "50")
    assert done.code == 0, done.err
    rest = pq.read_table(few)
    assert rest["row"].to_numpy().max() < N


def test_resampling_a_selection_keeps_the_first_row_numbers(cli, rows, tmp_path):
    few, made = tmp_path / "few.parquet", tmp_path / "made.parquet"
    cli("select", rows, "-o", few, "--method", "uniform", "-n", "120")
    done = cli("resample", few, "-o", made, "--target", "y", "--method", "smote")
    assert done.code == 0, done.err
    first, table = pq.read_table(few), pq.read_table(made)
    known = set(first["row"].to_pylist())
    assert set(table["row"].to_pylist()) == known
    assert set(table["neighbor"].to_pylist()) - {None} <= known
    assert_allclose(table["weight"].to_numpy()[:120], first["weight"])


def test_resampling_twice_needs_a_file_for_provenance(cli, rows, tmp_path):
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    cli("resample", rows, "-o", once, "--target", "y", "--method", "smote")
    words = ("resample", once, "-o", twice, "--target", "y", "--method", "tomek-links")
    assert cli(*words).code == 0  # drops rows only: nothing to be said twice
    words = ("resample", once, "-o", twice, "--target", "y", "--method", "smote",
             "--sampling-strategy", "1=190,0=190", "--force")  # fmt: skip
    done = cli(*words)
    assert done.code == 1
    assert "has a column called 'kind' already; use --provenance FILE" in done.err
    assert cli(*words, "--provenance", tmp_path / "origin.csv").code == 0


def test_dry_run_writes_nothing(cli, rows, tmp_path):
    out = tmp_path / "out.parquet"
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", "smote",
               "--k-neighbors", "3", "--dry-run")  # fmt: skip
    assert done.code == 0
    assert "0 170, 1 30" in done.out
    assert "k_neighbors=3" in done.out
    assert "3: a, b, shop" in done.out
    assert not out.exists()


@pytest.mark.parametrize(("method", "said"), [("random-over", True), ("smote", False)])
def test_dry_run_says_if_no_column_is_looked_at(cli, rows, tmp_path, method, said):
    done = cli("resample", rows, "-o", tmp_path / "out.parquet", "--target", "y",
               "--method", method, "--dry-run")  # fmt: skip
    assert done.code == 0
    assert ("not looked at" in done.out) is said


def test_same_seed_same_rows(cli, rows, tmp_path):
    def made(name, seed):
        out = tmp_path / name
        cli("resample", rows, "-o", out, "--target", "y", "--method", "smote",
            "--seed", seed)  # fmt: skip
        return pq.read_table(out)

    assert made("1.parquet", 1).equals(made("2.parquet", 1))
    assert not made("3.parquet", 2).equals(made("1b.parquet", 1))


@pytest.mark.parametrize("name", names_of_methods(selects=False))
def test_every_method_runs(cli, rows, tmp_path, name):
    out = tmp_path / "out.parquet"
    columns = ["--columns", "shop"] if name == "smoten" else ["--exclude", "id"]
    done = cli("resample", rows, "-o", out, "--target", "y", "--method", name, *columns)
    assert done.code == 0, done.err
    made = pq.read_table(out)
    assert set(made["y"].to_pylist()) == {0, 1}
    assert {"row", "weight"} < set(made.column_names)


@pytest.mark.parametrize("name", names_of_methods(selects=False))
def test_help_shows_the_options_of_a_method(cli, name):
    done = cli("resample", "--method", name, "--help")
    assert done.code == 0
    assert f"options of the method {name}" in done.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["--method", "smite"],
            2,
            "there is no method 'smite'. Did you mean 'smote'? Choose from: ",
        ),
        ([], 2, "missing: --method NAME (one of random-over, smote,"),
        (["--method", "leverage"], 2, "use `coreselect select`"),
        (["--method", "smote", "--sampling-strategy", "2"], 2, "ratio 2 is not in"),
        (["--method", "smote", "--sampling-strategy", "0=1,b"], 2, "is neither one"),
        (["--method", "smote", "--sampling-strategy", "5=9"], 1, "class '5'; the tar"),
        (
            ["--method", "smote", "--sampling-strategy", "1=9"],
            1,
            "need at least that many",
        ),
        (["--method", "smote", "--k-neighbors", "40"], 1, "--k-neighbors 40"),
        (
            ["--method", "smote", "--columns", "a,y"],
            2,
            "names 'y', which is the target",
        ),
        (["--method", "adasyn", "--columns", "a,id"], 1, "not numbers: 'id'"),
        (["--method", "tomek-links", "--columns", "a,id"], 1, "not numbers: 'id'"),
        (["--method", "adasyn", "--categorical", "b"], 2, "takes no --categorical"),
        (["--method", "smote", "--row-column", "a"], 1, "columns called 'a' already"),
    ],
)
def test_refusals(cli, rows, tmp_path, words, code, message):
    out = tmp_path / "out.parquet"
    done = cli("resample", rows, "-o", out, "--target", "y", *words)
    assert done.code == code
    assert message in done.err
    assert not out.exists()


@pytest.mark.parametrize("odd", ["0.25", "inf"])
def test_measurements_are_no_classes(cli, tmp_path, odd):
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    whole = "".join(f"{i},{i % 2}.0\n" for i in range(9))
    path.write_text(f"a,y\n{whole}1,{odd}\n")
    words = ("-o", out, "--target", "y", "--method", "random-over")
    done = cli("resample", path, *words)
    assert done.code == 1
    assert f"--target y holds {odd}" in done.err
    assert not out.exists()


@pytest.mark.parametrize("case", [str.lower, str.title, str.upper])
def test_bools_of_new_rows_are_written_as_those_of_the_file(cli, tmp_path, case):
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    cells = [(i % 7, case(str(i % 5 == 0)), case(str(i < 12))) for i in range(40)]
    path.write_text("\n".join(["a,on,y", *(",".join(map(str, c)) for c in cells)]))
    words = ("--target", "y", "--method", "random-over")
    assert cli("resample", path, "-o", out, *words).code == 0
    rows = read(out)
    assert len(rows) == 56
    for name in ("on", "y"):
        assert {row[name] for row in rows} == {case("true"), case("false")}


def test_missing_classes_and_arrays_are_refused(cli, tmp_path, npz):
    path = tmp_path / "gaps.parquet"
    pq.write_table(pa.table({"a": [1.0, 2.0, 3.0], "y": ["u", None, "v"]}), path)
    words = ("--target", "y", "--method", "smote")
    done = cli("resample", path, "-o", tmp_path / "o.parquet", *words)
    assert done.code == 1
    assert "1 of 3 rows have no class" in done.err
    path = tmp_path / "gaps.csv"
    path.write_text("a,y\n1.5,u\n2.5,\n3.5,v\n")
    done = cli("resample", path, "-o", tmp_path / "o.csv", *words)
    assert done.code == 1
    assert "1 of 3 rows have no class" in done.err
    done = cli("resample", npz, "-o", tmp_path / "o.npz", *words)
    assert done.code == 2
    assert "resample works on tables" in done.err


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_bytes_are_no_classes(cli, tmp_path, suffix):
    path = tmp_path / f"bytes{suffix}"
    path.write_bytes("a,y\n1.5,n\xe9\n2.5,no\n".encode("latin1"))
    if suffix == ".parquet":
        pq.write_table(pa.table({"a": [1.5, 2.5], "y": [b"u", b"v"]}), path)
    words = ("--target", "y", "--method", "smote")
    done = cli("resample", path, "-o", tmp_path / f"o{suffix}", *words)
    assert done.code == 1
    assert "--target y: this column holds bytes. Convert it to text" in done.err


def test_lists_are_no_classes(cli, tmp_path):
    path = tmp_path / "lists.parquet"
    pq.write_table(pa.table({"a": [1.5, 2.5], "y": [[1], [2]]}), path)
    words = ("--target", "y", "--method", "smote")
    done = cli("resample", path, "-o", tmp_path / "o.parquet", *words)
    assert done.code == 1
    assert "--target y: this column holds list<" in done.err
    assert "a class must be a number, a text, a date or a boolean" in done.err


def test_words_of_a_dictionary_that_no_row_has_are_no_classes(cli, tmp_path):
    path, out = tmp_path / "words.parquet", tmp_path / "o.parquet"
    words = pa.array(["no", "never", "yes"])
    classes = pa.DictionaryArray.from_arrays(pa.array([0, 0, 0, 2]), words)
    pq.write_table(pa.table({"a": [1.5, 2.5, 3.5, 4.5], "y": classes}), path)
    done = cli("resample", path, "-o", out, "--target", "y", "--method", "random-over")
    assert done.code == 0
    assert "classes: no 3, yes 3" in done.err
    assert pq.read_table(out)["y"].to_pylist() == ["no"] * 3 + ["yes"] * 3


def test_select_sends_resamplers_away(cli, rows, tmp_path):
    done = cli(
        "select", rows, "-o", tmp_path / "o.parquet", "-n", 5, "--method", "smote"
    )
    assert done.code == 2
    assert "use `coreselect resample`" in done.err


def test_methods_lists_resamplers(cli):
    names = {entry["method"] for entry in json.loads(cli("methods", "--json").out)}
    assert set(names_of_methods(selects=False)) < names
