"""`--memory` and `--scratch`: the same rows, no trace, and errors in a line."""

import errno
import io
import os
import re
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from coreselect import _scratch
from coreselect._budget import current_budget
from coreselect.cli import main
from coreselect.cli import memory as limited

LEVERAGE = ("--method", "leverage", "-n", 50, "--columns", "a,b,c")
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def everything_in_scratch(monkeypatch):
    """Let arrays of any size go to scratch files, and be read in small parts."""
    monkeypatch.setattr(_scratch, "_SHARE", 2**40)
    monkeypatch.setattr(_scratch, "_PART", 7)


COMMANDS = {
    "select": ("select", "IN", "-o", "OUT.parquet", *LEVERAGE),
    "quotas": (
        *("select", "IN", "-o", "OUT.parquet", *LEVERAGE, "--groups-column", "label"),
        *("--quota", "x=10", "--drop-missing"),
    ),
    "dedupe": ("dedupe", "IN", "-o", "OUT.csv", "--radius", 1, "--columns", "a,b,c"),
    "resample": (
        *("resample", "IN", "-o", "OUT.csv", "--target", "label", "--method", "smote"),
        *("--columns", "a,b,c", "--sampling-strategy", "all"),
    ),
    "compare": (
        *("compare", "IN", "--target", "label", "-n", 20, "--csv", "OUT.csv"),
        *("--seeds", 1, "--methods", "uniform", "--columns", "a,b,c"),
    ),
    "convert": ("convert", "IN", "OUT.parquet"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_every_command_gives_the_same_rows(
    cli, parquet, table, tmp_path, scratch, everything_in_scratch, words
):
    flat = table.drop_columns(["list", "struct"])
    pq.write_table(flat, parquet, row_group_size=130)
    limits = ("--memory", "2GB", "--scratch", scratch)
    for folder, more in (("a", ()), ("b", limits)):
        (tmp_path / folder).mkdir()
        given = [
            str(parquet)
            if word == "IN"
            else str(word).replace("OUT", str(tmp_path / folder / "out"))
            for word in words
        ]
        done = cli(*given, *more)
        assert done.code == 0, done.err
    (a,), (b,) = ([*(tmp_path / folder).iterdir()] for folder in "ab")
    assert _without_times(a) == _without_times(b)
    assert list(scratch.iterdir()) == []
    assert current_budget() is None


def _without_times(path):
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    return frame[[c for c in frame if "seconds" not in c]].to_csv()


def test_a_report_is_that_without_a_budget(cli, parquet, tmp_path, scratch):
    pytest.importorskip("jinja2")
    few = tmp_path / "few.parquet"
    assert cli("select", parquet, "-o", few, *LEVERAGE).code == 0
    words = ("report", parquet, few, "-o", tmp_path / "page.html", "--columns", "a,b")
    done = cli(*words, "--memory", "2GB", "--scratch", scratch)
    assert done.code == 0, done.err


def test_temporary_files_lie_in_the_scratch_folder(
    cli, monkeypatch, tmp_path, scratch, everything_in_scratch
):
    """Those of n numbers, copies of complete rows, and standard input and output."""
    folders, before = set(), tempfile.tempdir
    for name in ("mkdtemp", "TemporaryFile"):
        make = getattr(tempfile, name)

        def made(*args, make=make, name=name, **how):
            folders.add((name, how.get("dir") or tempfile.gettempdir()))
            return make(*args, **how)

        monkeypatch.setattr(tempfile, name, made)
    text = "a,b\n" + "1,2\n3,\n5,6\n7,9\n" * 20
    stdin = SimpleNamespace(buffer=io.BytesIO(text.encode()), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)
    out = tmp_path / "out.csv"
    words = ("select", "-", "--format", "csv", "-o", out, "--method", "leverage", "-n")
    words += (9, "--drop-missing", "--memory", "2GB", "--scratch", scratch)
    done = cli(*words)
    assert done.code == 0, done.err
    assert folders == {("mkdtemp", str(scratch)), ("TemporaryFile", str(scratch))}
    assert tempfile.tempdir == before


@pytest.mark.parametrize("value", ["1XB", "0", "-3GB", "", "1e3MB", "many", "NaN"])
def test_what_is_no_size(cli, parquet, tmp_path, value):
    out = tmp_path / "out.parquet"
    done = cli("select", parquet, "-o", out, *LEVERAGE, f"--memory={value}")
    assert done.code == 2
    assert f"--memory: {value!r} is not a number of bytes such as 800MB" in done.err


def test_too_little_memory_is_a_line_with_what_is_needed(cli, parquet, old):
    words = ("select", parquet, "-o", old, "--force", *LEVERAGE, "--memory", "10MB")
    done = cli(*words)
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(
        r"coreselect: error: leverage needs \d+ MB for 1,000 rows of 3 features \(.*"
        r"\), but --memory is 10 MB\. Allow that much, .*\.\n",
        done.err,
    )
    assert old.read_bytes() == b"precious"


def test_too_little_memory_for_text_is_a_line_too(cli, text, tmp_path):
    done = cli("convert", text, tmp_path / "out.parquet", "--memory", "100MB")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "coreselect: error: convert needs 400 MB, Python and its modules included, but "
        "--memory is 100 MB. Allow that much.\n"
    )
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("more", [(), ("--memory", "1GB")])
@pytest.mark.parametrize("name", ["none", "rows.parquet"])
def test_what_is_no_scratch_folder(cli, parquet, tmp_path, name, more):
    before = sorted(tmp_path.iterdir())
    words = (*LEVERAGE, "--scratch", tmp_path / name, *more)
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *words)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"coreselect: error: --scratch '{tmp_path / name}' is not a folder; make it "
        "first, or name another.\n"
    )
    assert sorted(tmp_path.iterdir()) == before


def _fails(*args, **how):
    raise OSError(*FULL.args)


@pytest.fixture
def holes(table, parquet):
    """A file in which a row misses a value."""
    values = [None, *table["a"].to_pylist()[1:]]
    pq.write_table(table.set_column(1, "a", [values]), parquet)
    return parquet


@pytest.fixture
def old(parquet):
    """An output that stands there already."""
    path = parquet.with_name("old.parquet")
    path.write_bytes(b"precious")
    return path


def test_a_full_scratch_disk_is_a_line(
    cli, parquet, old, scratch, monkeypatch, everything_in_scratch
):
    monkeypatch.setattr(os, "posix_fallocate", _fails, raising=False)
    monkeypatch.setattr(os, "truncate", _fails)
    words = (*LEVERAGE, "--force", "--memory", "2GB", "--scratch", scratch)
    done = cli("select", parquet, "-o", old, *words)
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"coreselect: error: the scratch folder '{scratch}' has no")
    assert line.endswith("name another one with --scratch, or give more --memory")
    assert old.read_bytes() == b"precious"
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("what", ["copy", "standard input", "standard output"])
def test_a_full_folder_of_temporary_files_is_a_line(
    cli, request, parquet, old, scratch, monkeypatch, what
):
    words, source = ("--force", "--scratch", scratch), parquet
    if what == "copy":
        monkeypatch.setattr("coreselect.cli.source.write_table", _fails)
        words += ("--drop-missing",)
        request.getfixturevalue("holes")
    elif what == "standard input":
        stdin = SimpleNamespace(buffer=io.BytesIO(b"a\n1\n"), isatty=lambda: False)
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(limited.shutil, "copyfileobj", _fails)
        source, words = "-", (*words, "--format", "parquet")
    else:
        monkeypatch.setattr("coreselect.cli.source.write_table", _fails)
        words, old = (*words, "--format", "parquet"), "-"
    done = cli("select", source, "-o", old, *LEVERAGE, *words)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1] == (
        f"coreselect: error: the folder of temporary files '{scratch}' has no room "
        "(No space left on device); name another one with --scratch"
    )
    assert old == "-" or old.read_bytes() == b"precious"
    assert list(scratch.iterdir()) == []


INTERRUPTED = """
import os, signal, sys
from coreselect.cli import main
from coreselect.rows.parquet import ParquetHolder
blocks = ParquetHolder.blocks
def interrupted(self, bounds):
    for number, block in enumerate(blocks(self, bounds)):
        yield block
        if os.listdir({scratch!r}):  # the complete rows are copied already
            print("interrupted", flush=True)
            os.kill(os.getpid(), signal.{name})
ParquetHolder.blocks = interrupted
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ctrl_c_in_a_pass_leaves_no_trace(holes, old, scratch, name):
    """A real signal to a real process, in the middle of a pass over a copy of rows."""
    words = ["select", holes, "-o", old, *LEVERAGE, "--force", "--drop-missing"]
    words += ["--memory", "2GB", "--scratch", scratch]
    code = INTERRUPTED.format(scratch=str(scratch), name=name)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (130, "interrupted\n"), done.stderr
    said = "coreselect: interrupted; nothing was written"
    assert done.stderr.splitlines()[-1] == said
    assert old.read_bytes() == b"precious"
    assert list(scratch.iterdir()) == []
    assert sorted(holes.parent.iterdir()) == sorted([old, holes, scratch])


def test_errors_leave_no_budget_and_no_scratch_folder(parquet, tmp_path, scratch):
    before = tempfile.tempdir
    words = ["select", str(parquet), "-o", str(tmp_path / "out.csv"), "--columns", "z"]
    words += ["--method", "uniform", "-n", "5", "--memory", "1GB", "--scratch"]
    assert main([*words, str(scratch)]) == 1
    assert current_budget() is None
    assert tempfile.tempdir == before
