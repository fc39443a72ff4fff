"""`make demo`: the two commands on data that ship with scikit-learn."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

DEMO = Path(__file__).parents[2] / "tools" / "demo.py"


@pytest.mark.slow
def test_the_demo_writes_real_output(tmp_path):
    """273,280 pixels, 1,000 selected; a comparison with figures in it."""
    pytest.importorskip("PIL")
    done = subprocess.run(
        [sys.executable, DEMO, "demo-output"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(DEMO.parents[1]), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "demo-output"
    pixels = pq.read_table(folder / "china.parquet")
    selected = pq.read_table(folder / "china-selected.parquet")
    assert (pixels.num_rows, selected.num_rows) == (273_280, 1000)
    taken = pixels.take(selected["row"].to_numpy())
    assert selected.select(pixels.column_names).equals(taken)
    text = (folder / "digits-compared.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert rows[0]["method"] == "all rows"
    assert float(rows[0]["score"]) > 0.9
    assert {row["size"] for row in rows[1:]} == {"200", "500", "1000"}
    for path in folder.iterdir():
        assert path.name in done.stdout, "the demo does not say where it lies"
    weights = selected["weight"].to_numpy()
    red = weights @ selected["red"].to_numpy() / weights.sum()
    assert red == pytest.approx(np.mean(pixels["red"]), rel=0.1)
