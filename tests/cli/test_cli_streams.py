"""Standard input and output in place of files: `-` with `--format`."""

import io
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

LEVERAGE = ("--method", "leverage", "-n", "20", "--columns", "a,b,c")


class _Input:
    """What `sys.stdin` is to the command line."""

    def __init__(self, content):
        self.buffer = io.BytesIO(content)

    def isatty(self):
        return False


@pytest.fixture
def pipe(monkeypatch, capfdbinary):
    """Run a command with some bytes as its standard input."""
    from coreselect.cli import main

    def run(content, *words):
        monkeypatch.setattr(sys, "stdin", None if content is None else _Input(content))
        code = main([str(word) for word in words])
        out, err = capfdbinary.readouterr()
        return code, out, err.decode()

    return run


@pytest.mark.parametrize("kind", ["text", "tabbed", "parquet"])
@pytest.mark.parametrize("ends", ["in", "out", "both"])
def test_streams_hold_what_files_would(pipe, tmp_path, request, kind, ends):
    path = request.getfixturevalue(kind)
    out = tmp_path / f"out{path.suffix}"
    form = path.suffix.removeprefix(".")
    assert pipe(None, "select", path, "-o", out, *LEVERAGE)[0] == 0
    wanted = out.read_bytes()
    source = path if ends == "out" else "-"
    target = out if ends == "in" else "-"
    content = None if ends == "out" else path.read_bytes()
    words = ("select", source, "-o", target, "--format", form, "--force", *LEVERAGE)
    code, printed, err = pipe(content, *words)
    assert code == 0, err
    found = out.read_bytes() if ends == "in" else printed
    if kind == "parquet":  # its metadata name the input
        found, wanted = (pq.read_table(io.BytesIO(x)) for x in (found, wanted))
        assert found.equals(wanted)
    else:
        assert found == wanted
    name = "standard output" if target == "-" else str(out)
    assert f"wrote {name}: 20 of 1,000 rows" in err
    assert "coreselect-" not in err, "temporary files must not be named"


def test_the_format_of_the_output_may_be_another_one(pipe, parquet):
    words = (
        "select",
        parquet,
        "-o",
        "-",
        "--format",
        "csv",
        "--exclude",
        "list,struct",
    )
    code, out, err = pipe(None, *words, "--method", "uniform", "-n", "5")
    assert code == 1, "nested columns cannot be text"
    assert out == b""
    assert "--format" not in err


def test_without_a_format_the_output_has_that_of_the_input(pipe, text):
    code, out, _ = pipe(None, "select", text, "-o", "-", *LEVERAGE)
    assert code == 0
    assert len(pd.read_csv(io.BytesIO(out))) == 20


def test_rows_are_resampled_in_a_pipe(pipe, text):
    words = ("--format", "csv", "--method", "random-under", "--target", "label")
    code, out, err = pipe(text.read_bytes(), "resample", "-", "-o", "-", *words)
    assert code == 0, err
    assert pd.read_csv(io.BytesIO(out))["label"].value_counts().nunique() == 1


def test_rows_are_compared_in_a_pipe(pipe, text):
    words = ("--format", "csv", "--target", "label", "-n", "20", "--seeds", "1")
    code, out, err = pipe(text.read_bytes(), "compare", "-", *words, "--csv", "-")
    assert code == 0, err
    assert "uniform" in out.decode()


def test_a_plan_is_text(pipe, text):
    words = ("--format", "csv", "--dry-run", *LEVERAGE)
    code, out, _ = pipe(text.read_bytes(), "select", "-", "-o", "-", *words)
    assert code == 0
    assert out.startswith(b"input        standard input: 1,000 rows\n")
    assert b"output       standard output: all columns" in out


@pytest.mark.parametrize(
    ("content", "words", "code", "message"),
    [
        (b"a\n1\n", ("-", "-o", "x.csv"), 2, "IN is -: say its format with --format"),
        (None, ("IN.npy", "-o", "-"), 2, "-o is -: say its format with --format csv"),
        (None, ("IN.csv", "-o", "x.csv", "--format", "csv"), 2, "of -, standard input"),
        (None, ("-", "-o", "x.csv", "--format", "csv"), 2, "no standard input"),
        (b"a\n", ("-", "-o", "x.csv", "--format", "csv"), 1, "standard input has a he"),
        (b"", ("-", "-o", "-", "--format", "csv"), 1, "standard input"),
        (b"no", ("-", "-o", "-", "--format", "parquet"), 1, "standard input"),
        (
            b"a\n1\n",
            ("-", "-o", "-", "--format", "csv", "--json", "-"),
            2,
            "cannot both be printed",
        ),
    ],
)
def test_what_a_stream_cannot_be_is_said(
    pipe, text, npy, monkeypatch, tmp_path, content, words, code, message
):
    monkeypatch.chdir(tmp_path)
    files = {"IN.csv": text, "IN.npy": npy}
    words = [files.get(word, word) for word in words]
    found, out, err = pipe(content, "select", *words, "--method", "uniform", "-n", "1")
    assert (found, out) == (code, b"")
    assert message in err
    assert "coreselect-" not in err
    assert not (tmp_path / "x.csv").exists()


def test_the_reader_of_the_rows_may_go_early(text):
    words = ["select", str(text), "-o", "-", "--method", "uniform", "-n", "900"]
    with subprocess.Popen(
        [sys.executable, "-m", "coreselect", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        err = process.stderr.read().decode()
        assert "Traceback" not in err
        assert process.wait() in (0, 1)


@pytest.mark.parametrize("command", ["select", "compare"])
def test_messages_go_nowhere_without_standard_error(pipe, text, monkeypatch, command):
    words = {
        "select": ("-o", "-", "--format", "csv", "--method", "uniform", "-n", "3"),
        "compare": ("--target", "a", "--csv", "-", "-n", "20", "--seeds", "1"),
    }
    monkeypatch.setattr(sys, "stderr", None)
    code, out, _ = pipe(b"", command, text, *words[command])
    assert code == 0
    assert b"coreselect:" not in out
    assert len(out.splitlines()) == {"select": 4, "compare": 5}[command]
