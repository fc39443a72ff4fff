"""`coreselect compare` as a new user runs it: 40,000 rows of nine mixed columns."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import Figure
from benchmarks.memory import ROOT

N = 40_000


def table():
    """Return six numbers with heavy tails, three columns of text, and the target y."""
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, size=(N, 6))
    words = {
        name: rng.choice([f"{name}{k}" for k in range(count)], N)
        for name, count in (("cut", 5), ("color", 7), ("clarity", 8))
    }
    effect = np.array([int(word[-1]) for word in words["cut"]])
    y = X @ np.arange(6) + effect + rng.normal(size=N)
    numbers = {f"x{j}": X[:, j] for j in range(6)}
    return pd.DataFrame({**numbers, **words, "y": y})


def figures(_):
    """Yield the seconds until the first row of the table, and until the end."""
    section = f"compare {N:,} x 9, mixed"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        table().to_parquet(path)
        words = [sys.executable, "-m", "coreselect", "compare", path, "--target", "y"]
        start, first = time.perf_counter(), None
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            for said in process.stdout:
                if said.startswith("uniform") and first is None:
                    first = time.perf_counter() - start
        last = time.perf_counter() - start
    assert process.returncode == 0
    yield Figure(section, "seconds to the first selection", first, "s", at_most=10)
    yield Figure(section, "seconds to the verdict", last, "s", at_most=90)
