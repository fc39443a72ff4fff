"""`make demo`: its figures are those of the README, and its parts do what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.data import DataUnavailable
from coreselect import compare
from tools import demo, demo_data
from tools.readme import README

DEMO = Path(__file__).parents[1] / "tools" / "demo.py"


@pytest.mark.slow
def test_the_quick_demo_runs_and_agrees_with_the_readme(tmp_path):
    """If the README had other figures, the exit code would be 1."""
    command = [sys.executable, DEMO, "--quick", "demo-output"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 chosen rows do what 1,000 random rows do" in done.stdout
    assert "logistic is not better than uniform here" in done.stdout
    assert re.search(r"at most \d{3} MB of memory", done.stdout)
    folder = tmp_path / "demo-output"
    assert pq.read_table(folder / "few.parquet").num_rows == 1000
    written = ["report.html", "demo.png", "table.csv"]
    assert all((folder / name).stat().st_size for name in written)
    *_, last = done.stdout.split("\n4. ")
    assert all(name in last for name in written)


def test_without_a_network_the_demo_generates_rows_and_says_so(monkeypatch):
    def unavailable(name):
        raise DataUnavailable("no network")

    monkeypatch.setattr(demo_data, "load", unavailable)
    name, X, y, real = demo_data.table()
    assert "generated" in name
    assert not real
    assert set(X["sex"]) == {"female", "male"}
    found = compare(X, y, methods=["leverage"], sizes=[100, 1000], n_seeds=5, cv=4)
    assert "100 chosen rows do what 1,000 random rows do" in demo.headline(found)


def test_other_figures_than_those_of_the_readme_are_found(capsys):
    _, X, y, _ = demo_data.table()
    found = compare(X[:2000], y[:2000], methods=["leverage"], sizes=[50], n_seeds=2)
    assert demo.check("2,000 rows", found) == 1
    assert "README.md lacks: | 50 rows |" in capsys.readouterr().out
    assert README.name == "README.md"
