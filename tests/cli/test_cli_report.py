"""`report` shows selections from every format, and refuses those from other data."""

import html
import json
import re
import shlex

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from coreselect import LeverageSelector, Selection
from coreselect.cli.record import fingerprint
from coreselect.cli.tables import read

pytest.importorskip("matplotlib")

LEVERAGE = ("--method", "leverage", "-n", 40)


@pytest.fixture
def plain(table, tmp_path):
    """The columns of `table` that text can hold, as a Parquet file."""
    path = tmp_path / "plain.parquet"
    pq.write_table(table.select(["name", "a", "b", "c", "label", "time"]), path)
    return path


@pytest.fixture
def select(cli, tmp_path):
    """Select 40 rows of a file; return the paths of the rows and of the record."""

    def run(path, *words, suffix=None):
        few = tmp_path / f"few{suffix or path.suffix}"
        record = tmp_path / "few.json"
        done = cli(
            "select", path, "-o", few, "--json", record, "--force", *LEVERAGE, *words
        )
        assert done.code == 0, done.err
        return few, record

    return run


@pytest.fixture
def page(cli, tmp_path):
    """Make a page; return its text."""

    def run(*words):
        path = tmp_path / "page.html"
        done = cli("report", *words, "-o", path, "--force")
        assert done.code == 0, done.err
        text = re.sub(
            "<style>.*?</style>|<[^>]*>",
            " ",
            path.read_text(encoding="utf-8"),
            flags=re.S,
        )
        return " ".join(html.unescape(text).split())

    return run


@pytest.mark.parametrize("kind", ["parquet", "text", "npy", "npz", "sparse_npz"])
def test_every_format_of_a_selection_is_read(kind, select, page, request):
    path = request.getfixturevalue(kind)
    few, record = select(path)
    for source in (few, record):
        text = page(path, source)
        assert "40 of 1,000 rows" in text
        known = source == record or kind not in ("text", "npy")
        assert ("Method leverage seed 0" in text) == known
        assert ("has no place for the method" in text) != known


def test_a_saved_selection_is_read(parquet, page, tmp_path):
    path = tmp_path / "saved.npz"
    X = np.column_stack([pq.read_table(parquet)[c].to_numpy() for c in "abc"])
    LeverageSelector(30, random_state=4).fit_select(X).save(path)
    text = page(parquet, path)
    assert "30 of 1,000 rows" in text
    assert "Method leverage seed 4" in text


def test_the_page_tells_what_was_recorded(parquet, select, page):
    few, record = select(
        parquet, "--target", "b", "--fit-intercept", "--alpha", "0.5", "--seed", "7",
        "--certify", "least_squares", "--columns", "a,c",
    )  # fmt: skip
    text = page(parquet, few)
    certificate = json.loads(record.read_text())["certificate"]["text"]
    assert f"When the rows were selected: {certificate}" in text
    assert "b target" in text
    assert "label" in text  # columns that were not seen are compared as well
    assert "alpha=0.5" in text


def test_the_commands_on_the_page_work(text, select, page, cli, tmp_path):
    """The first one selects the same rows again, the second one makes the same page."""
    few, record = select(text, "--exclude", "a", "--alpha", "0.5", "--fit-intercept")
    made = page(text, record)
    _, first, second = re.split("in the shell", made[made.index("Do it again") + 13 :])
    command = shlex.split(first[: first.index("Make this page")])
    again = tmp_path / "again.csv"
    command[command.index("-o") + 1] = str(again)
    assert cli(*command[1:]).code == 0
    assert again.read_text() == few.read_text()
    second, code = second.split("In Python")
    assert cli(*shlex.split(second)[1:], "--force").code == 0
    names = {}
    code = code.split("Made by")[0].replace(" rows =", "; rows =", 1)
    exec(re.sub(r" (selector|selection) = ", r"; \1 = ", code).strip(), names)
    wanted = read(again).values("row")
    assert names["selection"].indices.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    "words",
    [
        ("--method", "radius", "--radius", "0.9", "--scores-column", "c"),
        ("--method", "diversity", "-n", "9", "--utility-column", "size"),
        ("--method", "dpp", "-n", "9", "--quality-column", "size"),
    ],
)
def test_the_command_names_columns_of_values(text, page, cli, tmp_path, words):
    """Also for a method with an option that must be given."""
    rows = tmp_path / "sized.csv"
    lines = text.read_text().splitlines()
    sized = [f"{line},{i % 7}" for i, line in enumerate(lines)]
    rows.write_text("\n".join([f"{lines[0]},size", *sized[1:]]) + "\n")
    few, record, again = (tmp_path / f for f in ("few.csv", "few.json", "again.csv"))
    words = ("--columns", "a,b", *words)
    assert cli("select", rows, "-o", few, "--json", record, *words).code == 0
    made = page(rows, record)
    shown = made[made.index("in the shell") + 13 : made.index("Make this page")]
    command = shlex.split(shown)
    command[command.index("-o") + 1] = str(again)
    assert cli(*command[1:]).code == 0
    assert again.read_text() == few.read_text()
    name = words[-2].removeprefix("--").removesuffix("-column")
    assert f"# {name}: the column '{words[-1]}'" in made


def test_the_command_for_rows_without_duplicates_selects_them(
    text, page, cli, tmp_path
):
    few, again = tmp_path / "few.parquet", tmp_path / "again.parquet"
    words = ("--similarity", 0.9, "--scores-column", "c", "--columns", "a,b")
    assert cli("dedupe", text, "-o", few, *words).code == 0
    made = page(text, few)
    shown = made[made.index("in the shell") + 13 : made.index("Make this page")]
    command = shlex.split(shown)
    command[command.index("-o") + 1] = str(again)
    assert cli(*command[1:]).code == 0
    assert pq.read_table(again).equals(pq.read_table(few))


def test_a_selection_of_a_selection_is_shown_in_the_first_file(
    plain, select, cli, page, tmp_path
):
    few, _ = select(plain)
    fewer = tmp_path / "fewer.parquet"
    assert cli("select", few, "-o", fewer, "--method", "uniform", "-n", 9).code == 0
    text = page(plain, fewer)
    assert "9 of 1,000 rows" in text
    assert "selection.then(later)" in text
    done = cli("report", few, fewer, "-o", tmp_path / "no.html")
    assert "made from 1000 rows" in done.err
    # The first selection was written as CSV, which keeps no record.
    few, _ = select(plain, suffix=".csv")
    last = tmp_path / "last.parquet"
    words = ("--from-selection", "--method", "uniform", "-n", 9)
    assert cli("select", few, "-o", last, *words).code == 0
    text = page(plain, last)
    assert "An earlier selection" in text
    assert "9 of 1,000 rows" in text


def refused(cli, tmp_path, *words):
    path = tmp_path / "no.html"
    done = cli("report", *words, "-o", path)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert not path.exists()
    return done.err


def test_selections_of_other_data_are_refused(plain, select, cli, tmp_path):
    csv, _ = select(plain, suffix=".csv")
    few, record = select(plain)
    table = pq.read_table(plain)
    other = tmp_path / "other.parquet"
    for change, of_parquet, of_csv in (
        (
            table.slice(1),
            "made from 1000 rows, and",
            "row 999 is not|differs between row",
        ),
        (table.rename_columns({"a": "z"}), "columns of other names", None),
        (
            table.set_column(1, "a", pa.array(["x"] * 1000)),
            "numbers in other ones",
            None,
        ),
        (
            table.take(np.arange(1000)[::-1]),
            "differs between row",
            "differs between row",
        ),
    ):
        pq.write_table(change, other)
        for source in (few, record):
            assert re.search(of_parquet, refused(cli, tmp_path, other, source))
        if of_csv is not None:
            assert re.search(of_csv, refused(cli, tmp_path, other, csv))
    saved = tmp_path / "saved.npz"
    Selection([1, 2], [3.0, 4.0], 7).save(saved)
    assert "made from 7 rows" in refused(cli, tmp_path, plain, saved)


def test_the_same_columns_in_another_format_are_the_same_data(
    plain, select, page, tmp_path
):
    few, _ = select(plain)
    table = pq.read_table(plain)
    turned = tmp_path / "turned.parquet"
    pq.write_table(table.select(table.column_names[::-1]), turned)
    assert "40 of 1,000 rows" in page(turned, few)
    csv = tmp_path / "plain.csv"
    pacsv.write_csv(table, csv)
    assert fingerprint(read(csv)) == fingerprint(read(plain))
    assert "40 of 1,000 rows" in page(csv, few)


def test_rows_that_were_left_out_are_no_part_of_the_page(text, page, cli, tmp_path):
    """Every ninth row misses its target; row numbers stay those of the file."""
    lines = text.read_text().splitlines()
    holed = [
        line.rpartition(",")[0] + "," if i % 9 == 1 else line
        for i, line in enumerate(lines)
    ]
    path, few, record = (tmp_path / name for name in ("h.csv", "few.csv", "few.json"))
    path.write_text("\n".join(holed) + "\n")
    words = (
        "--columns",
        "a,b",
        "--target",
        "label",
        "--drop-missing",
        "--json",
        record,
    )
    assert cli("select", path, "-o", few, *LEVERAGE, *words).code == 0
    shown = page(path, record)
    assert "40 of 888 rows" in shown
    assert "112 rows that miss a value were left out before" in shown
    assert "label target" in shown
    typed = "--target label --seed 0 --columns a,b --drop-missing"
    assert typed in shown
    holed[int(read(few).values("row")[0]) + 1] = "x,1,,2,x"
    path.write_text("\n".join(holed) + "\n")
    assert "made from other data" in refused(cli, tmp_path, path, record)


def test_dates_are_told_apart_by_the_second(plain, select, cli, tmp_path):
    few, _ = select(plain)
    table = pq.read_table(plain)
    place = table.schema.get_field_index("time")
    later = pa.array(table["time"].to_numpy() + np.timedelta64(1, "s"))
    other = tmp_path / "later.parquet"
    pq.write_table(table.set_column(place, "time", later), other)
    assert "'time' differs between row" in refused(cli, tmp_path, other, few)


def test_bad_input_is_named(text, select, cli, tmp_path):
    few, record = select(text)
    assert "there is no column 'row'" in refused(cli, tmp_path, text, text)
    bare = tmp_path / "bare.json"
    bare.write_text("{}")
    assert "is not a report that" in refused(cli, tmp_path, text, bare)
    few.unlink()
    assert "there is no such file" in refused(cli, tmp_path, text, record)
    assert "there is no such file" in refused(cli, tmp_path, text, tmp_path / "x.csv")
    few, _ = select(text)
    message = refused(cli, tmp_path, text, few, "--weights-column", "name")
    assert "'name'" in message
    assert "must hold numbers" in message
    for flag in ("--target", "--exclude", "--columns", "--input-weights"):
        assert "no column 'z'" in refused(cli, tmp_path, text, few, flag, "z")
    done = cli("report", text, few, "-o", few, "--force")
    assert "is the same file as" in done.err
    out = tmp_path / "old.html"
    out.write_text("old")
    assert "--force replaces it" in cli("report", text, few, "-o", out).err
    assert out.read_text() == "old"


@pytest.mark.parametrize("cell", ["0.5", "-1"])
def test_a_column_that_holds_no_row_numbers_is_named(text, cli, tmp_path, cell):
    rows, out = tmp_path / "rows.csv", tmp_path / "page.html"
    rows.write_text(f"row,weight\n{cell},1\n")
    done = cli("report", text, rows, "-o", out)
    assert done.code == 1
    assert "'row' in " in done.err
    assert "--row-column" in done.err
    assert not out.exists()


def test_columns_can_be_chosen_and_the_page_printed(text, select, cli):
    few, _ = select(text)
    done = cli("report", text, few, "-o", "-", "--columns", "a,label")
    assert done.code == 0
    assert done.out.startswith("<!doctype html>")
    assert ">a<" in done.out
    assert ">b<" not in done.out
