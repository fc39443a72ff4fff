"""`--engine dask`: workers read the rows, which stay the same; faults are a line."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from coreselect.rows import _rows

distributed = pytest.importorskip("distributed")

WORDS = ("--method", "leverage", "-n", 50)
COLUMNS = ("--columns", "a,b,c")


@pytest.fixture(scope="module")
def scheduler():
    """The address of a cluster in this process."""
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(processes=False, **how) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("form", ["parquet", "text", "npy"])
def test_the_same_rows_are_selected(cli, request, tmp_path, scheduler, form):
    path = request.getfixturevalue(form)
    columns = () if form == "npy" else COLUMNS
    outs = [tmp_path / f"{name}{path.suffix}" for name in "ab"]
    for out, engine in zip(outs, [(), ("--engine", "dask")], strict=True):
        more = (*engine, "--scheduler", scheduler) if engine else ()
        done = cli("select", path, "-o", out, *WORDS, *columns, *more)
        assert done.code == 0, done.err
    if form != "parquet":  # its record names the output
        assert outs[0].read_bytes() == outs[1].read_bytes()


def test_workers_read_where_they_are_asked_to(
    cli, parquet, tmp_path, scheduler, monkeypatch
):
    """Passes of `resample`, of `report`, and over complete rows, too."""
    passes, results = [], _rows.results_of

    def counted(*args):
        passes.append(1)
        return results(*args)

    monkeypatch.setattr(_rows, "results_of", counted)
    few = tmp_path / "few.parquet"
    assert cli("select", parquet, "-o", few, *WORDS, *COLUMNS).code == 0
    assert not passes
    given = ("--engine", "dask", "--scheduler", scheduler, *COLUMNS)
    out, page = tmp_path / "out.parquet", tmp_path / "page.html"
    smote = ("--target", "label", "--method", "smote", "--sampling-strategy", "all")
    for words in (
        ("select", parquet, "-o", out, *WORDS, "--drop-missing"),
        ("resample", parquet, "-o", out, *smote),
        ("report", parquet, few, "-o", page),
    ):
        passes.clear()
        done = cli(*words, "--force", *given)
        assert done.code == 0, done.err
        assert passes, words


def test_arrays_in_memory_are_refused(cli, npz, tmp_path, scheduler):
    words = (*WORDS, "--engine", "dask", "--scheduler", scheduler)
    done = cli("select", npz, "-o", tmp_path / "out.npz", *words)
    assert (done.code, done.out) == (1, "")
    assert f"error: --engine dask: '{npz}' is in the memory of this" in done.err
    assert done.err.endswith("or leave out --engine.\n")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--scheduler", "tcp://x:1"), 2, "--scheduler is for --engine dask"),
        (("--engine", "spark"), 2, "argument --engine: 'spark' is not one of local, d"),
        (
            ("--engine", "dask", "--scheduler", "x"),
            1,
            "--scheduler x: no scheduler of Dask answers there (missing port number",
        ),
        (
            ("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"),
            1,
            "--scheduler tcp://127.0.0.1:9: no scheduler of Dask answers there (Timed",
        ),
    ],
)
def test_clusters_that_are_not_there(
    cli, parquet, tmp_path, monkeypatch, words, code, message
):
    monkeypatch.setattr("coreselect.cli.engines._PATIENCE", 0.3)
    before = sorted(tmp_path.iterdir())
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *WORDS, *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err.splitlines()[0]
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_package_is_named(cli, parquet, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = (*WORDS, "--engine", "dask")
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *words)
    assert done.code == 1
    assert "this needs distributed, which is not installed" in done.err
    assert "[dask]" in done.err


def test_workers_that_do_not_start_are_a_line(cli, parquet, tmp_path, monkeypatch):
    def failing(**how):
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr(distributed, "LocalCluster", failing)
    out = tmp_path / "out.parquet"
    done = cli("select", parquet, "-o", out, *WORDS, *COLUMNS, "--engine", "dask")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "coreselect: error: --engine dask: the workers did not start (Nanny failed to "
        "start); run the command again, or leave out --engine.\n"
    )


def test_a_lost_scheduler_is_a_line(cli, parquet, tmp_path, monkeypatch):
    monkeypatch.setattr("coreselect.cli.engines._PATIENCE", 2)
    how = {"n_workers": 1, "processes": False, "protocol": "tcp"}
    with distributed.LocalCluster(dashboard_address=":0", **how) as cluster:
        results = _rows.results_of

        def lost(*args):
            cluster.close()
            return results(*args)

        monkeypatch.setattr(_rows, "results_of", lost)
        words = (*WORDS, *COLUMNS, "--engine", "dask")
        out = tmp_path / "out.parquet"
        words += ("--scheduler", cluster.scheduler_address)
        done = cli("select", parquet, "-o", out, *words)
    assert (done.code, done.out, out.exists()) == (1, "", False)
    (line,) = done.err.splitlines()
    assert line == (
        f"coreselect: error: '{parquet}': the scheduler of Dask was lost, or dropped "
        "the tasks, before all rows were read. Run the command again."
    )


INTERRUPTED = """
import os, signal, sys
from coreselect.cli import main
from coreselect.rows import _rows
results = _rows.results_of
def interrupted(*args):
    for found in results(*args):
        os.killpg(0, signal.SIGINT)  # as a terminal does: to workers as well
        yield found
if __name__ == "__main__":
    _rows.results_of = interrupted
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs Unix")
def test_ctrl_c_stops_a_cluster_of_this_machine(npy, tmp_path):
    """One line, whatever the processes of the workers do; no file is left."""
    scratch, code = tmp_path / "scratch", tmp_path / "interrupted.py"
    scratch.mkdir()
    code.write_text(INTERRUPTED)
    np.save(npy, np.ones((1000, 3)))
    words = ["select", npy, "-o", tmp_path / "out.npy", *WORDS, "--engine", "dask"]
    words = [sys.executable, code, *words, "--scratch", scratch]
    done = subprocess.run(
        list(map(str, words)),
        capture_output=True,
        text=True,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    said = "coreselect: interrupted; nothing was written\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", said)
    assert list(scratch.iterdir()) == []
    assert sorted(tmp_path.iterdir()) == sorted([npy, code, scratch])
