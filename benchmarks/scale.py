"""Files larger than memory: peak memory, time, and the same rows, under a budget.

::

    python -m benchmarks.scale                     # 20,000,000 x 20, some 40 minutes
    python -m benchmarks.scale --rows 4000000 lewis tarot
    python -m benchmarks.must_reach scale

Every fit runs in a process of its own. Its peak counts Python, its modules (about 320
MB) and compiled kernels. Files are made in a temporary folder (TMPDIR chooses where)
and removed, or kept and used again in the folder of ``--folder``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, line
from benchmarks.memory import ROOT, peak

FEATURES = 20
BUDGET = "800MB"
N_SELECT = 1000
# Bytes for each row without a budget: scores, targets and weights, and what else a
# method keeps for every row.
MOST_BYTES = {"lewis": 40, "logistic": 40}
METHODS = ("uniform", "leverage", "kmeans", "lewis", "logistic", "tarot")


def selector_of(method):
    """Return a selector and the further arguments of its `fit`."""
    import coreselect

    how = {"n_select": N_SELECT, "random_state": 0}
    rng = np.random.default_rng(1)
    targets = rng.normal(1, 1, size=(100, FEATURES)).astype(np.float32)
    return {
        "uniform": lambda: (coreselect.UniformSelector(**how), {}),
        "leverage": lambda: (coreselect.LeverageSelector(**how), {}),
        "kmeans": lambda: (coreselect.KMeansSensitivitySelector(**how), {}),
        "lewis": lambda: (coreselect.LewisSelector(**how), {}),
        "logistic": lambda: (coreselect.LogisticSelector(**how), {"y": "y"}),
        "tarot": lambda: (coreselect.TAROT(**how), {"X_target": targets}),
        "projection_dpp": lambda: (
            coreselect.ProjectionDPPSelector(FEATURES, random_state=0),
            {},
        ),
    }[method]()


def one(method, path, budget, out):
    """Fit once; write the rows, and print seconds and peak memory as JSON."""
    from contextlib import nullcontext

    import coreselect
    from coreselect.rows import open as open_rows

    coreselect.warmup()
    selector, data = selector_of(method)
    warm = peak()
    names = [f"x{j}" for j in range(FEATURES)]
    bounded = coreselect.memory_budget(budget) if budget else nullcontext()
    start, cpu = time.perf_counter(), time.process_time()
    with bounded:
        rows = open_rows(path, columns=names, y=data.pop("y", None))
        selection = selector.fit(rows, **data).selection_
    found = {"seconds": time.perf_counter() - start}
    found |= {"cpu": time.process_time() - cpu, "peak": peak(), "warm": warm}
    np.savez(out, indices=selection.indices, weights=selection.weights)
    print(json.dumps(found))


def fitted(method, path, budget=""):
    """Fit in a new process; return its report and the selection."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "selection.npz")
        command = [sys.executable, "-m", "benchmarks.scale", "--one"]
        command += [method, str(path), budget, str(out)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{method}, {path}, {budget}:\n{done.stderr[-2000:]}")
        with np.load(out) as found:
            return json.loads(done.stdout.splitlines()[-1]), dict(found)


def write(path, n_rows, group=250_000):
    """Write three clusters of heavy-tailed rows, and two classes, part by part."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.exists():
        return
    rng = np.random.default_rng(0)
    fields = [(f"x{j}", pa.float32()) for j in range(FEATURES)]
    schema = pa.schema([*fields, ("y", pa.int8())])
    part = path.with_suffix(".part")
    with pq.ParquetWriter(
        part, schema, use_dictionary=False, compression="none"
    ) as writer:
        for start in range(0, n_rows, group):
            n = min(group, n_rows - start)
            X = rng.standard_normal((FEATURES, n), dtype=np.float32)
            X *= rng.exponential(1, n).astype(np.float32)
            X += 3 * rng.integers(0, 3, n).astype(np.float32)
            y = np.where(X[0] + rng.standard_normal(n) > 2, 1, -1).astype(np.int8)
            writer.write_table(pa.table([*X, y], schema=schema))
    part.replace(path)


def _same(section, one, other, what):
    """Yield how far two selections are apart."""
    differ = len(np.setxor1d(one["indices"], other["indices"]))
    yield Figure(section, f"rows that differ {what}", differ, at_most=0)
    if not differ:
        a, b = one["weights"], other["weights"]  # of ranked rows, some may be 0
        gap = np.max(np.abs(a - b) / np.maximum(b, 1e-9 * b.max()))
        name = f"largest relative difference of weights {what}"
        yield Figure(section, name, gap, at_most=1e-12)


def of_method(method, folder, n_rows):
    """Yield the figures of a method, with a file and a quarter of its rows."""
    section = f"scale: {method}, Parquet {n_rows:,} x {FEATURES} float32"
    whole, quarter = (
        folder / f"rows{n_rows}.parquet",
        folder / f"rows{n_rows // 4}.parquet",
    )
    write(whole, n_rows)
    write(quarter, n_rows // 4)
    large, chosen = fitted(method, whole, BUDGET)
    small, _ = fitted(method, quarter, BUDGET)
    free, freely = fitted(method, whole)
    free_small, _ = fitted(method, quarter)
    name = f"peak under a budget of {BUDGET}"
    yield Figure(section, name, large["peak"] / 1e6, "MB", at_most=800)
    more = (large["peak"] - small["peak"]) / 1e6
    yield Figure(section, "more than for a quarter of the rows", more, "MB", at_most=60)
    yield Figure(section, "seconds under the budget", large["seconds"], "s")
    yield Figure(section, "seconds without a budget", free["seconds"], "s")
    ratio = large["cpu"] / small["cpu"]
    name = "times the CPU time of a quarter"
    yield Figure(section, name, ratio, "x", at_most=4.4)
    per_row = (free["peak"] - free_small["peak"]) / (n_rows - n_rows // 4)
    most = MOST_BYTES.get(method, 24)
    yield Figure(section, "bytes a row without a budget", per_row, "B", at_most=most)
    yield from _same(section, chosen, freely, "under the budget")


def projection(folder, n_rows):
    """Yield the peak of projection DPPs beside that of leverage scores."""
    section = f"scale: ProjectionDPPSelector, Parquet {n_rows:,} x {FEATURES} float32"
    path = folder / f"rows{n_rows}.parquet"
    write(path, n_rows)
    ours, chosen = fitted("projection_dpp", path, BUDGET)
    free, freely = fitted("projection_dpp", path)
    leverage, _ = fitted("leverage", path, BUDGET)
    more = (ours["peak"] - leverage["peak"]) / 1e6
    yield Figure(section, "peak above leverage's, under 800 MB", more, "MB", at_most=60)
    yield Figure(section, "seconds under the budget", ours["seconds"], "s")
    yield Figure(section, "seconds without a budget", free["seconds"], "s")
    yield from _same(section, chosen, freely, "under the budget")


def figures(options):
    """Yield the figures of all methods."""
    # A process that compiles kernels takes more; the others find them in the cache.
    warm = [sys.executable, "-c", "import coreselect; coreselect.warmup()"]
    subprocess.run(warm, cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(getattr(options, "folder", None) or made)
        for method in getattr(options, "methods", None) or METHODS:
            yield from of_method(method, folder, options.rows)
        yield from projection(folder, min(options.rows, 1_000_000))


def main():
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", help=f"of {', '.join(METHODS)}")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", help="where files are kept for the next run")
    for figure in figures(parser.parse_args()):
        print(figure.section, line(figure), flush=True)


if __name__ == "__main__":
    main()
