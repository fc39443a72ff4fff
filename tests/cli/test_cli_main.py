"""What holds for every command: start-up, exit codes, interrupts, broken pipes."""

import json
import subprocess
import sys
import warnings

import pytest

import coreselect
from coreselect.cli import main
from coreselect.cli.errors import one_line, some

LEVERAGE = ("--method", "leverage", "-n", 10, "--features", "numeric")


def _python(code, **kwargs):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, **kwargs
    )


def test_help_and_version_import_nothing_heavy():
    """Help of the program and of every command, without NumPy or anything on top."""
    code = (
        "import sys; from coreselect.cli import main\n"
        "for words in ['--help'], ['--version'], ['select', '--help'], "
        "['resample', '--help'], ['compare', '--help'], ['report', '--help'], "
        "['dedupe', '--help'], ['convert', '--help'], ['methods', '--help']:\n"
        "    assert main(words) == 0\n"
        "heavy = {'numpy', 'sklearn', 'scipy', 'pyarrow', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = _python(code)
    assert done.returncode == 0, done.stderr
    for expected in ("compare", f"coreselect {coreselect.__version__}", "--dry-run"):
        assert expected in done.stdout


def test_runs_as_a_module():
    words = [sys.executable, "-m", "coreselect", "--version"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (
        0,
        f"coreselect {coreselect.__version__}\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("select",),
        ("select", "in.csv", "-o", "out.csv", "--nonsense"),
        ("select", "in.csv", "-o", "out.csv", "-n", "3", "--meth", "uniform"),
        ("compare", "in.csv", "-n", "3"),
        ("compare", "in.csv", "-n", "3", "--target", "y", "--json", "-", "--csv", "-"),
    ],
)
def test_usage_errors_are_two_lines_and_exit_code_2(cli, words):
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert err.startswith("coreselect: error: ")
    assert len(err.splitlines()) <= 2


def test_interrupt_while_writing_leaves_nothing(cli, parquet, tmp_path, monkeypatch):
    """Ctrl-C between two parts of the output: one line, exit code 130, no file."""
    from coreselect.rows.tables import TableHolder

    parts = TableHolder.stream

    def interrupted(self, at):
        yield from parts(self, at)
        raise KeyboardInterrupt

    monkeypatch.setattr(TableHolder, "stream", interrupted)
    before = sorted(tmp_path.iterdir())
    json_path, out_path = tmp_path / "out.json", tmp_path / "out.parquet"
    done = cli("select", parquet, "-o", out_path, *LEVERAGE, "--json", json_path)
    assert done.code == 130
    last = done.err.splitlines()[-1]
    assert last == "coreselect: interrupted; nothing was written"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("form", ["text", "npy", "npz", "sparse_npz"])
def test_failure_while_writing_keeps_what_stood_there(
    cli, form, request, tmp_path, monkeypatch
):
    """The disk is full after all rows: the old output is as it was."""
    from coreselect.cli import select

    path = request.getfixturevalue(form)
    read = select.tables.read

    def full_disk(*args, **how):
        source = read(*args, **how)
        write = source.write

        def failing(*args):
            write(*args)
            raise OSError(28, "No space left on device")

        source.write = failing
        return source

    monkeypatch.setattr(select.tables, "read", full_disk)
    out = path.with_name(f"out{path.suffix}")
    out.write_bytes(b"precious")
    before = sorted(tmp_path.iterdir())
    done = cli("select", path, "-o", out, *LEVERAGE, "--force")
    assert done.code == 1
    assert "No space left" in done.err
    assert out.read_bytes() == b"precious"
    assert sorted(tmp_path.iterdir()) == before


def test_broken_pipe_is_quiet():
    """The reader goes before anything is printed: no traceback, no message."""
    code = (
        "import os, sys; from coreselect.cli import main\n"
        "reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1)\n"
        "sys.exit(main(['methods']))"
    )
    done = _python(code)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_reader_of_a_pipe_may_go_early():
    """`coreselect methods | head -1`: the rest is dropped without a traceback."""
    words = [sys.executable, "-m", "coreselect", "methods"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, **pipe) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() in (0, 1)


def test_missing_extra_says_what_to_install(cli, parquet, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *LEVERAGE)
    assert done.code == 1
    assert "pip install '.[io]'" in done.err


def test_warnings_are_one_line(capsys, monkeypatch):
    def warn():
        warnings.warn("something\n  is odd", UserWarning, stacklevel=1)
        return {}

    monkeypatch.setattr("coreselect.cli.methods.all_methods", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["methods"]) == 0
    assert capsys.readouterr().err == "coreselect: warning: something is odd\n"


def test_methods_lists_every_selector(cli):
    done = cli("methods")
    assert done.code == 0
    known = {**coreselect.all_selectors(), **coreselect.all_resamplers()}
    for cls in known.values():
        lines = done.out.splitlines()
        line = next(x for x in lines if x.split()[0] == cls.cli_name)
        assert cls.__name__ in line
        assert cls.passes in line
        assert cls.cost in line
        assert cls.use_when.split()[0] in line


def test_methods_as_json(cli, tmp_path):
    printed = json.loads(cli("methods", "--json").out)
    path = tmp_path / "methods.json"
    assert cli("methods", "--json", path).code == 0
    assert json.loads(path.read_text()) == printed
    known = {**coreselect.all_selectors(), **coreselect.all_resamplers()}
    assert {entry["class"] for entry in printed} == set(known)
    assert set(printed[0]) == {"method", "class", "passes", "cost", "use_when"}
    assert cli("methods", "--json", path).code == 1, "must not overwrite"
    assert cli("methods", "--json", path, "--force").code == 0


def test_every_error_becomes_one_line():
    assert one_line(ValueError("a\n  b")) == "a b"
    assert one_line(OSError(2, "No such file", "x.csv")) == "x.csv: No such file"
    assert one_line(MemoryError()) == "out of memory; no details"
    assert one_line(ValueError()) == "ValueError"
    assert some("abcde", limit=3) == "a, b, c and 2 more"


def test_no_name_of_a_column_reaches_the_terminal_as_a_command(cli, tmp_path):
    """A terminal would obey what stands between the colours."""
    path = tmp_path / "rows.csv"
    rows = "".join(f"{i},{'xyz'[i % 3]},{i % 7}\n" for i in range(40))
    path.write_text(f"a,\x1b[31mred,c\n{rows}")
    done = cli("compare", path, "--target", "c", "-n", "9", "--methods", "uniform")
    assert done.code == 0
    assert r"\x1b[31mred" in done.out
    assert "\x1b" not in done.out + done.err
