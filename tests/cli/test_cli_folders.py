"""Directories and quoted globs of Parquet files on the command line."""

import pyarrow.parquet as pq
import pytest

RANDOM_OVER = ("--method", "random-over", "--target", "label", "--columns", "a,b")
LEVERAGE = ("--method", "leverage", "-n", 20, "--seed", 0)


@pytest.fixture
def folder(table, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for start in (0, 300, 700):
        part = table.slice(start, {0: 300, 300: 400, 700: 300}[start])
        pq.write_table(part, folder / f"from-{start:03}.parquet")
    return folder


@pytest.fixture(params=["directory", "glob"])
def given(request, folder):
    return folder if request.param == "directory" else folder / "*.parquet"


def test_a_selection_is_that_of_one_file(cli, given, parquet, tmp_path):
    written = []
    for data in (parquet, given):
        out = tmp_path / f"few-{len(written)}.parquet"
        done = cli("select", data, "-o", out, *LEVERAGE)
        assert done.code == 0, done.err
        written.append(pq.read_table(out))
    assert written[0] == written[1]


def test_every_command_takes_them(cli, given, tmp_path):
    few, more, other = (tmp_path / f"{name}.parquet" for name in "abc")
    page = tmp_path / "page.html"
    jobs = [
        ("select", given, "-o", few, *LEVERAGE),
        ("report", given, few, "-o", page),
        ("compare", given, "-n", 20, "--target", "label", "--methods", "uniform"),
        ("resample", given, "-o", more, *RANDOM_OVER),
        ("dedupe", given, "-o", other, "--radius", 0.1, "--columns", "a,b"),
    ]
    for job in jobs:
        done = cli(*job)
        assert done.code == 0, (job[0], done.err)
    assert pq.read_metadata(few).num_rows == 20
    assert given.name in page.read_text()


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("few.parquet", "would be one of the files of the input"),
        ("from-300.parquet", "is the same file as the input"),
    ],
)
def test_the_output_is_no_part_of_the_input(cli, given, folder, out, message):
    before = sorted(folder.iterdir())
    done = cli("select", given, "-o", folder / out, *LEVERAGE, "--force")
    assert done.code == 2
    assert message in done.err
    assert sorted(folder.iterdir()) == before


def test_other_files_may_be_written_beside_the_input(cli, folder):
    (folder / "in").mkdir()
    given = ("select", folder / "*.parquet", *LEVERAGE)
    assert cli(*given, "-o", folder / "in" / "few.parquet").code == 0


def test_a_glob_that_the_shell_expands(cli, folder, tmp_path):
    paths = sorted(folder.iterdir())
    done = cli("select", *paths, "-o", tmp_path / "few.parquet", *LEVERAGE)
    assert done.code == 2
    assert "quote a glob" in done.err


def test_a_glob_of_nothing(cli, folder, tmp_path):
    data = folder / "no-*.parquet"
    done = cli("select", data, "-o", tmp_path / "few.parquet", *LEVERAGE)
    assert done.code == 1
    assert "no-*.parquet': there is no such file" in done.err
