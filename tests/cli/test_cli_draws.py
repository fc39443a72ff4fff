"""Estimates with standard errors, quotas, certain rows, exclusion and costs."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from coreselect import LeverageSelector, UniformSelector, certify

N = 300
LEVERAGE = ("--method", "leverage", "-n", 60, "--columns", "a,b")
UNIFORM = ("--method", "uniform", "-n", 60)


@pytest.fixture
def frame():
    """Two features, regions in text and as numbers, a price, a cost and a gap."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.standard_t(3, N),
            "b": rng.gamma(1.0, size=N),
            "region": rng.choice(["north", "south", "east"], N, p=[0.2, 0.5, 0.3]),
            "code": rng.integers(1, 4, N),
            "price": rng.gamma(2.0, size=N),
            "cost": rng.uniform(1, 3, N),
            "sold": rng.random(N) < 0.3,
            "gap": rng.gamma(1.0, size=N),
        }
    )
    frame.loc[::30, "gap"] = np.nan
    return frame


@pytest.fixture
def files(frame, tmp_path, monkeypatch):
    """The rows as CSV, Parquet and NPZ; the program runs beside them."""
    monkeypatch.chdir(tmp_path)
    frame.to_csv("in.csv", index=False)
    frame.to_parquet("in.parquet", index=False)
    others = {name: frame[name].to_numpy() for name in ("price", "cost", "code")}
    others["region"] = frame["region"].to_numpy().astype(str)
    others["pair"] = np.ones((N, 2))
    np.savez("in.npz", X=frame[["a", "b"]].to_numpy(), **others)
    (tmp_path / "must.txt").write_text("7\n\n 30 \n7\n")
    (tmp_path / "not.txt").write_bytes(b"\xef\xbb\xbf0\r\n299\r\n")
    return tmp_path


@pytest.fixture
def select(cli, files):
    """Select from a file; return the report and what was said."""

    def run(*words, source="in.csv", out=None):
        out = out or f"out{source[source.index('.') :]}"
        how = ("-o", out, "--force", "--json", "-")
        done = cli("select", source, *how, *words)
        assert done.code == 0, done.err
        return json.loads(done.out), done.err

    return run


@pytest.fixture
def refused(cli, files):
    """Select in vain; return the message, after checks on how it was refused."""

    def run(*words, code=1, source="in.csv"):
        out = f"out{source[source.index('.') :]}"
        before = sorted(files.rglob("*"))
        done = cli("select", source, "-o", out, *words)
        assert (done.code, done.out) == (code, ""), done.err
        assert sorted(files.rglob("*")) == before, "something was written"
        (line,) = (x for x in done.err.splitlines() if "error: " in x)
        return line

    return run


@pytest.mark.parametrize("source", ["in.csv", "in.parquet", "in.npz"])
def test_totals_are_estimated_as_python_estimates_them(select, frame, source):
    words = LEVERAGE[:4] if source == "in.npz" else LEVERAGE
    told, said = select(*words, "--estimate", "price,code", source=source)
    selection = LeverageSelector(60, random_state=0).fit_select(frame[["a", "b"]])
    for name in ("price", "code"):
        values = frame[name].to_numpy()[selection.indices]
        total, std = selection.estimate(values, return_std=True)
        entry = told["estimates"][name]
        assert_allclose([entry["total"], entry["std"]], [total, std])
        assert_allclose(entry["interval"], selection.interval(values))
        assert f"estimate of {name}: total {total:,.6g}, standard error " in said


def test_any_column_of_numbers_is_estimated(select, frame):
    """Features, booleans, the target, and columns with gaps, in the rows without."""
    words = ("--target", "price", "--estimate", "b,sold,price,b,gap", "--drop-missing")
    told, _ = select(*UNIFORM, "-n", N, *words)
    whole = frame[frame["gap"].notna()]
    assert list(told["estimates"]) == ["b", "sold", "price", "gap"]
    for name, entry in told["estimates"].items():
        assert_allclose(entry["total"], whole[name].sum())
        assert_allclose([entry["std"], np.ptp(entry["interval"])], 0)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--method", "tarot", "-n", 9), "made by tarot (seed 0)"),
        (("--method", "dpp", "-n", 9), "without known probabilities of pairs"),
        (("--method", "uniform", "-n", 1), "needs at least 2 rows"),
    ],
)
def test_what_has_no_standard_error_says_why(select, words, reason):
    told, said = select(*words, "--columns", "a,b", "--estimate", "price")
    entry = told["estimates"]["price"]
    assert entry["total"] > 0
    assert (entry["std"], entry["interval"]) == (None, None)
    assert reason in entry["reason"]
    assert reason in said
    for word in ("n_select", "`draw`", "fit again with n"):
        assert word not in entry["reason"]


@pytest.mark.parametrize("kind", ["parquet", "npz"])
def test_selections_of_selections_know_both_draws(select, frame, kind):
    told, _ = select(*UNIFORM, source=f"in.{kind}", out=f"out.{kind}")
    assert told["design"] == {"name": "pivotal"}
    words = "-n", 20, "--estimate", "price"
    told, _ = select(*UNIFORM, *words, source=f"out.{kind}", out=f"o.{kind}")
    assert told["design"] == told["earlier"]["design"] == {"name": "pivotal"}
    first = UniformSelector(60, random_state=0).fit_select(frame[["price"]])
    part = first.take(frame[["price"]])
    second = UniformSelector(20, random_state=0).fit_select(part, None, first.weights)
    both = first.then(second)
    entry, values = told["estimates"]["price"], both.take(frame["price"])
    estimate = both.estimate(values, return_std=True)
    assert_allclose([entry["total"], entry["std"]], estimate)
    assert entry["std"] > second.estimate(values, return_std=True)[1]


def test_where_the_first_draw_is_unknown_there_is_no_standard_error(select):
    """That of the second draw alone would be too small."""
    for source, out, words in (
        ("in.csv", "o.csv", ["--from-selection"]),  # has no place for the design
        ("in.parquet", "o.parquet", ["--input-weights", "cost"]),
    ):
        select(*UNIFORM, source=source, out=out)
        words += ["-n", 20, "--estimate", "price"]
        told, _ = select(*UNIFORM, *words, source=out, out="p.csv")
        entry = told["estimates"]["price"]
        assert (told["design"], entry["std"]) == (None, None)
        assert "IN is a selection itself" in entry["reason"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("region", "--estimate names 'region', which does not hold one number per row"),
        ("prize", "--estimate, in 'in.csv': there is no column 'prize'"),
        ("prize", "Did you mean 'price'?"),
        ("price,gap", "--estimate price,gap: 10 of 300 rows miss a value; --drop-m"),
    ],
)
def test_columns_that_cannot_be_estimated_are_named(refused, column, message):
    assert message in refused(*UNIFORM, "--estimate", column)


def test_arrays_that_cannot_be_estimated_are_named(refused):
    for name in ("region", "pair"):
        message = refused(*UNIFORM, "--estimate", name, source="in.npz")
        assert f"--estimate names {name!r}, which does not hold one number" in message


def test_infinite_values_are_named(cli, files, frame):
    frame.assign(price=np.inf).to_parquet("odd.parquet")
    done = cli(
        *("select", "odd.parquet", "-o", "out.csv", *UNIFORM), "--estimate", "price"
    )
    assert done.code == 1
    assert "--estimate price: values must be finite" in done.err


def rows_of(frame, told):
    """The rows that were written, by their numbers."""
    written = pd.read_csv(told["output"])
    pd.testing.assert_frame_equal(
        written[frame.columns], frame.iloc[written["row"]].reset_index(drop=True)
    )
    return written


@pytest.mark.parametrize("source", ["in.csv", "in.parquet", "in.npz"])
@pytest.mark.parametrize("column", ["region", "code"])
def test_quotas_are_met_as_in_python(select, frame, source, column):
    labels = ("north", "south") if column == "region" else (3, 1)
    quotas = {labels[0]: 0.4, labels[1]: (None, 10)}
    words = ("--groups-column", column, "--quota", f"{labels[0]}=40%")
    words += ("--quota", f"{labels[1]}=:10", *LEVERAGE[: 4 if "z" in source else None])
    told, _ = select(*words, source=source)
    selector = LeverageSelector(60, quotas=quotas, random_state=0)
    wanted = selector.fit_select(frame[["a", "b"]], groups=frame[column].to_numpy())
    assert (frame[column].iloc[wanted.indices] == labels[0]).sum() == 24
    assert (frame[column].iloc[wanted.indices] == labels[1]).sum() <= 10
    assert told["total_weight"] == pytest.approx(wanted.weights.sum())
    assert told["groups_column"] == column
    if source == "in.csv":
        assert_allclose(rows_of(frame, told)["row"], wanted.indices)


def test_groups_and_costs_are_no_features(select, frame):
    """They leave what is seen, and stay in the written rows."""
    words = ("--exclude", "region,price,sold,gap", "--groups-column", "code")
    told, said = select("--method", "leverage", "-n", 60, *words)
    assert told["n_features"] == 3
    assert "code (group)" in said
    rows_of(frame, told)
    words = ("--exclude", "region,price,sold,gap,code", "--cost-column", "cost")
    told, said = select("--method", "leverage", "--budget", 90, *words)
    assert told["n_features"] == 2
    assert "cost (cost)" in said
    rows_of(frame, told)


def test_groups_without_quotas_get_their_shares(select, frame):
    told, _ = select(*UNIFORM, "--groups-column", "region")
    counts = rows_of(frame, told)["region"].value_counts()
    expected = frame["region"].value_counts() / 5
    assert (abs(counts - expected) < 1).all()


@pytest.mark.parametrize(
    ("column", "label", "value"),
    [
        ("code", "3", 3),
        ("code", "3.0", 3),
        ("sold", "true", True),
        ("sold", "False", False),
        ("day", "2024-01-02", "2024-01-02"),
        ("odd", "a=b:c,d", "a=b:c,d"),
        ("half", "0.50", 0.5),
        ("large", str(2**60 + 1), 2**60 + 1),  # a float is 2**60
    ],
)
def test_groups_are_named_as_they_are_written(cli, files, frame, column, label, value):
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(N) % 3, "D")
    odd = np.where(np.arange(N) % 2, "a=b:c,d", "e")
    half = np.arange(N) % 2 / 2
    more = frame.assign(day=days.date, odd=odd, half=half)
    more["large"] = 2**60 + np.arange(N) % 2
    for name in ("more.csv", "more.parquet"):
        write = more.to_csv if name.endswith("csv") else more.to_parquet
        write(name, index=False)
        words = ("--groups-column", column, "--quota", f"{label}=12", *UNIFORM)
        done = cli("select", name, "-o", "out.csv", "--force", *words)
        assert done.code == 0, done.err
        assert (pd.read_csv("out.csv")[column] == value).sum() == 12


def test_rows_of_files_are_in_or_out_as_in_python(select, frame):
    words = ("--include-file", "must.txt", "--exclude-file", "not.txt")
    told, said = select(*LEVERAGE, *words)
    selector = LeverageSelector(60, random_state=0)
    how = {"include": [7, 30], "exclude": [0, 299]}
    wanted = selector.fit_select(frame[["a", "b"]], **how)
    written = rows_of(frame, told)
    assert_allclose(written["row"], wanted.indices)
    assert_allclose(written["weight"], wanted.weights)
    assert set(how["include"]) <= set(written["row"])
    assert not set(how["exclude"]) & set(written["row"])
    assert "--include-file must.txt: 2 rows must be selected" in said
    assert "--exclude-file not.txt: 2 rows are left out" in said
    assert told["n_excluded"] == 2


def test_row_numbers_are_those_of_the_file_whatever_is_dropped(select, frame):
    """Rows 0, 30, ... miss a value; the others keep their numbers."""
    words = ("--exclude", "region", "--drop-missing", "--exclude-file", "not.txt")
    told, _ = select("--method", "leverage", "-n", N, *words)
    rows = set(rows_of(frame, told)["row"])
    assert rows == set(np.flatnonzero(frame["gap"].notna())) - {299}


def test_errors_number_rows_as_the_file_does(refused, frame):
    """Row 31 is the 29th that misses no value."""
    weight = np.where(np.arange(N) == 31, -1.0, 1.0)
    for weights, words, said in (
        (weight, (), "must not be negative, got -1.0 in row 31"),
        (weight + (weight < 0), ("--include-file", "one.txt"), "the first is row 31;"),
    ):
        frame.assign(weight=weights).to_csv("in.csv", index=False)
        Path("one.txt").write_text("31")
        how = ("--input-weights", "weight", "--row-column", "r", *words)
        how += ("--weights-column", "w", "--drop-missing")
        assert said in refused(*UNIFORM, "--columns", "gap", *how)


def test_a_selection_of_no_rows_says_that_it_has_no_standard_error(select):
    for method in ("uniform", "kcenter"):
        words = ("--method", method, "-n", 0, "--columns", "a", "--estimate", "price")
        told, _ = select(*words)
        assert told["estimates"]["price"]["reason"].startswith("a selection of no rows")


def test_usage_says_what_takes_the_place_of_a_size(cli):
    for method, shown in (("uniform", "[-n N]"), ("tarot", "NAME -n N")):
        assert shown in cli("select", "--method", method, "--help").out


def test_rows_are_bought_within_a_budget(select, frame):
    words = ("--cost-column", "cost", "--budget", 90, "--estimate", "cost")
    told, _ = select(*LEVERAGE[:2], *LEVERAGE[4:], *words)
    selector = LeverageSelector(None, budget=90, random_state=0)
    wanted = selector.fit_select(frame[["a", "b"]], cost=frame["cost"])
    assert_allclose(rows_of(frame, told)["row"], wanted.indices)
    assert told["estimates"]["cost"]["std"] > 0
    assert told["cost_column"] == "cost"


def test_balanced_draws_are_those_of_python(select, frame):
    words = ("--columns", "a,b", "--design", "balanced", "--estimate", "b")
    told, said = select(*UNIFORM, *words)
    selector = UniformSelector(60, design="balanced", random_state=0)
    wanted = selector.fit_select(frame[["a", "b"]])
    assert_allclose(rows_of(frame, told)["row"], wanted.indices)
    assert "features: a, b" in said
    total, std = wanted.estimate(frame["b"].iloc[wanted.indices], return_std=True)
    assert_allclose([total, std], [told["estimates"]["b"][k] for k in ("total", "std")])


def test_certificates_are_about_rows_that_may_be_selected(select, frame, tmp_path):
    out = np.flatnonzero(np.abs(frame["a"]) > 2)
    (tmp_path / "far.txt").write_text("\n".join(map(str, out)))
    words = ("--exclude-file", "far.txt", "--certify", "pca")
    told, _ = select(*LEVERAGE, *words)
    selection = LeverageSelector(60, random_state=0).fit_select(
        frame[["a", "b"]], exclude=out
    )
    weight = np.isin(np.arange(N), out, invert=True).astype(float)
    wanted = certify(
        selection, frame[["a", "b"]], objective="pca", sample_weight=weight
    )
    assert_allclose(told["certificate"]["epsilon"], wanted.epsilon)


def test_a_plan_shows_the_rules_and_checks_them(cli, files):
    words = ("--groups-column", "region", "--quota", "north=9", "--dry-run")
    done = cli("select", "in.csv", "-o", "out.csv", *UNIFORM, *words)
    assert "quotas={'north': 9}" in done.out
    done = cli(
        *("select", "in.csv", "-o", "out.csv", *UNIFORM, *words),
        *("--quota", "nort=1"),
    )
    assert done.code == 1


def test_the_report_says_how_to_select_again(cli, select, files):
    words = ("--groups-column", "code", "--quota", "3=10", "--quota", "1=.1:.2")
    words += ("--include-file", "must.txt", "--exclude-file", "not.txt")
    select(*LEVERAGE, *words, source="in.parquet")
    done = cli("report", "in.parquet", "out.parquet", "-o", "page.html")
    assert done.code == 0, done.err
    page = (files / "page.html").read_text()
    for said in (
        "--quota 3=10 --quota 1=0.1:0.2 --groups-column code",
        "--include-file must.txt --exclude-file not.txt",
        "2 rows must not be selected (--exclude-file)",
    ):
        assert said in page


def test_files_number_the_rows_of_in(select):
    """Not those that an earlier selection was made from: a line says so."""
    select(*UNIFORM, source="in.parquet")
    words = ("--include-file", "must.txt", "-n", 20)
    _, said = select(*UNIFORM, *words, source="out.parquet", out="later.csv")
    assert "'row' counts those of an earlier file" in said
    assert set(pd.read_parquet("out.parquet")["row"].iloc[[7, 30]]) <= set(
        pd.read_csv("later.csv")["row"]
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"row\n1\n", "line 1: 'row' is not a row number; write one whole number"),
        (b"1\n\n-1\n", "line 3: '-1' is not a row number"),
        (b"1.0\n", "line 1: '1.0' is not a row number"),
        (b"1,2\n", "line 1: '1,2' is not a row number"),
        ("\u0663\n".encode(), "is not a row number"),
        (b"1\n300\n", "line 2: there is no row 300; rows are numbered 0 to 299"),
        (b"9" * 5000, "there is no row 999"),
        (b"\xff\xfe1\n", "list.txt: this is no text; write one row number per line"),
        (b"7\n", None),
        (b"7", None),
        (b"7\r8\r", None),
        (b"", None),
        (b"\r\n\r\n", None),
    ],
)
@pytest.mark.parametrize("option", ["--include-file", "--exclude-file"])
def test_files_of_row_numbers(cli, refused, files, content, message, option):
    (files / "list.txt").write_bytes(content)
    words = (*UNIFORM, option, "list.txt")
    if message is None:
        done = cli("select", "in.csv", "-o", "out.csv", *words)
        assert done.code == 0, done.err
    else:
        said = refused(*words)
        assert said.startswith(f"coreselect: error: {option} list.txt")
        assert message in said
        assert len(said) < 200


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        ("--quota=a=1", "missing: -n N or --epsilon X, the error to reach or --bu", 2),
        (
            "--quota a=1",
            "or --budget X, what the rows may cost, --groups-column COL",
            2,
        ),
        ("--budget 3", "missing: --cost-column COL", 2),
        ("--cost-column cost -n 3", "missing: --budget X", 2),
        ("--cost-column=cost", "missing: --budget X", 2),
        ("--quota a=1 --budget 3", "missing: --groups-column COL, --cost-column C", 2),
        ("-n 3 --budget 3 --cost-column cost", "-n 3 and --budget: give the number", 2),
        ("-n 9 --groups-column regon", "Did you mean 'region'?", 1),
        ("-n 9 --groups-column gap", "--groups-column gap: 10 of 300 rows miss", 1),
        ("--budget 9 --cost-column gap", "--cost-column gap: 10 of 300 rows miss", 1),
        (
            "--budget 9 --cost-column region",
            "--cost-column names 'region', which do",
            1,
        ),
        (
            "--budget 9 --cost-column loss",
            "--cost-column loss must not be negative, got -3 in row 299.",
            1,
        ),
        (
            "--budget 9 --cost-column loss --drop-missing --columns gap",
            "--cost-column loss must not be negative, got -3 in row 299.",
            1,
        ),
        ("--budget 0 --cost-column cost", "--budget: must be finite and above 0", 2),
        ("--budget 9 --cost-column cost --groups-column cost", "both name 'cost'; ", 2),
        (
            "--budget 9 --cost-column cost --groups-column code --quota 3=.2",
            "--quota gives group 3 a share of the size, but with a budget",
            1,
        ),
        (
            "--budget 1 --cost-column cost --include-file must.txt",
            "rows of --include-file cost; raise it, or name fewer rows",
            1,
        ),
        (
            "--budget 9 --cost-column cost --design priority",
            "--design priority cannot meet a budget",
            1,
        ),
        (
            "--budget 9 --cost-column cost --design multinomial",
            "use pivotal, systematic, balanced or poisson.",
            1,
        ),
        (
            "-n 9 --groups-column region --quota north=60% --quota south=60%",
            "10.8 rows in all (5.4 of 'north', 5.4 of 'south'), more than -n 9; ask",
            1,
        ),
        (
            "-n 5 --columns a,b --design balanced --balance-on quadratic",
            "too many for the 5 rows that are left to draw; use -n 6 or more, or --bal",
            1,
        ),
        (
            "--budget 3 --cost-column cost --design balanced --balance-on quadratic",
            "use a larger budget, or --balance-on auto",
            1,
        ),
        (
            "-n 9 --groups-column region --quota nort=3",
            "column 'region' has; its groups are east, north, south. Did you mean 'no",
            1,
        ),
        ("-n 9 --groups-column code --quota 4=3", "its groups are 1, 2, 3.", 1),
        ("-n 9 --groups-column code --quota x=3", "--quota names group 'x'", 1),
        ("-n 9 --groups-column code --quota 3=3 --quota 3.0=3", "group '3' twice", 2),
        (
            "-n 9 --groups-column code --quota 3=10",
            "--quota asks for 10 rows of group 3, more than -n 9 rows in all",
            1,
        ),
        (
            "-n 299 --groups-column region --quota north=200",
            "--quota asks for 200 rows of group 'north', which has only",
            1,
        ),
        (
            "-n 1 --include-file must.txt",
            "--include-file names 2 rows, more than -n 1 (1 rows) has room for",
            1,
        ),
        (
            "-n 9 --include-file none.txt",
            "--include-file none.txt: there is no such",
            1,
        ),
        ("-n 9 --include-file .", "--include-file . is a directory", 1),
        (
            "-n 9 --include-file must.txt --exclude-file must.txt",
            "--include-file and --exclude-file both name 2 row(s), such as 7",
            1,
        ),
        (
            "-n 9 --include-file must.txt --drop-missing --columns gap",
            "--include-file must.txt names 1 row(s) that miss a value, such as row 30,",
            1,
        ),
        (
            "--epsilon .5 --groups-column region",
            "--epsilon lets leverage find its size, which --groups-column would change",
            2,
        ),
        (
            "-n 9 --groups-column code --quota -1=5",
            "--quota: expected one argument; one that begins with a hyphen",
            2,
        ),
        ("-n 9 --quota north", "'north' is not GROUP=N, such as north=100", 2),
        ("-n 9 --columns code --groups-column code", "'code', which is the group", 2),
    ],
)
def test_what_cannot_be_is_named(refused, frame, words, message, code):
    loss = np.where(np.arange(N) < 299, 1, -3)
    frame.assign(loss=loss).to_csv("in.csv", index=False)
    method = (
        "--method",
        "leverage",
        *(() if "--columns" in words else ("--columns", "a")),
    )
    assert message in refused(*method, *words.split(), code=code)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "--method dpp --groups-column region --quota north=3",
            "Leave --quota out, or use a method that draws rows by scores, such as",
        ),
        (
            "--method volume --groups-column region",
            "volume cannot take --groups-column region: ",
        ),
        (
            "--method rs2 --groups-column region",
            "give --quota GROUP=N, or leave --groups-column region out.",
        ),
        ("--method tarot --cost-column cost", "tarot cannot take --cost-column cost: "),
        (
            "--method rs2 --budget 3",
            "no option --budget. It belongs to --method uniform",
        ),
    ],
)
def test_methods_that_cannot_obey_a_rule_say_so(refused, words, message):
    code = 2 if "no option" in message else 1
    assert message in refused(*words.split(), "-n", 9, "--columns", "a,b", code=code)


def test_the_list_of_rows_is_not_overwritten(cli, files):
    (files / "list.csv").write_text("7\n")
    words = ("-o", "list.csv", "--force", "--include-file", "list.csv")
    done = cli("select", "in.csv", *UNIFORM, *words)
    assert done.code == 2
    assert "-o 'list.csv' is the same file as the input" in done.err
    assert (files / "list.csv").read_text() == "7\n"


def test_rows_are_left_out_of_a_comparison(cli, files, frame):
    """It is the comparison of the other rows."""
    (files / "list.txt").write_text("\n".join(map(str, range(100, 200))))
    frame.drop(index=range(100, 200)).to_csv("rest.csv", index=False)
    words = ("--target", "price", "-n", 50, "--methods", "uniform", "--seeds", 1)
    tables = []
    for source, *more in (("in.csv", "--exclude-file", "list.txt"), ("rest.csv",)):
        done = cli("compare", source, *words, *more, "--csv", "-")
        assert done.code == 0, done.err
        tables.append(pd.read_csv(io.StringIO(done.out))["score"])
    assert_allclose(*tables)
    done = cli("compare", "in.csv", *words, "--exclude-file", "must.npz")
    assert done.code == 1
    assert "--exclude-file must.npz: there is no such file" in done.err
    (files / "list.txt").write_text("\n".join(map(str, range(N))))
    done = cli("compare", "in.csv", *words, "--exclude-file", "list.txt")
    assert done.code == 1
    assert "--exclude-file names every row" in done.err
