"""The figures that coreselect must reach, measured as ratios in one run.

::

    python -m benchmarks.must_reach                    # everything, some minutes
    python -m benchmarks.must_reach accuracy import    # some sections
    python -m benchmarks.must_reach parquet --rows 2000000
    python -m benchmarks.must_reach --json figures.json

Times are medians over several runs in one process, with the two sides of a ratio taken
in turn. The exit status is 1 if a figure misses its limit. The Parquet section writes a
file of 1.6 GB into a temporary folder (TMPDIR chooses where) and removes it.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import (
    allocation,
    balanced,
    calibrated,
    clusters,
    comparing,
    estimates,
    extended,
    regression,
    scale,
    standard_errors,
    streams,
)
from benchmarks.figures import Figure, line, medians, seconds
from benchmarks.memory import ROOT

# --- Leverage scores beside QR and the Gram matrix ------------------------------------


def leverage(options):
    """Time leverage scores of a 1,000,000 x 50 array relative to QR and ``X.T @ X``."""
    from coreselect.linalg import leverage_scores

    X = np.random.default_rng(0).standard_normal((1_000_000, 50))

    def by_qr():
        Q, _ = np.linalg.qr(X)
        return np.einsum("ij,ij->i", Q, Q)

    ours, gram = medians([lambda: leverage_scores(X), lambda: X.T @ X], options.repeat)
    (qr,) = medians([by_qr], max(2, options.repeat // 2))
    error = np.max(np.abs(leverage_scores(X) / by_qr() - 1))
    section = "leverage 1,000,000 x 50"
    yield Figure(section, "seconds, leverage_scores", ours, "s")
    yield Figure(section, "seconds, numpy QR and row norms", qr, "s")
    yield Figure(section, "seconds, X.T @ X", gram, "s")
    yield Figure(section, "times faster than QR", qr / ours, "x", at_least=12)
    yield Figure(section, "times as long as X.T @ X", ours / gram, "x", at_most=3.5)
    yield Figure(section, "largest relative difference from QR", error, at_most=1e-9)


# --- Accuracy beside extended precision -----------------------------------------------


def accuracy(options):
    """Compare `solver="auto"` row by row with a QR in extended precision."""
    from coreselect import LeverageSelector
    from coreselect.linalg import leverage_scores

    if not extended.AVAILABLE:
        print("accuracy: skipped, long double is no wider than double here")
        return
    section = "accuracy 10,000 x 20"
    for rows in ("normal", "heavy-tailed"):
        for condition, limit in ((1e4, 1e-9), (1e10, 1e-5)):
            X = extended.matrix(10_000, 20, condition, rows)
            exact = extended.leverage_scores(X)
            error = np.max(np.abs(leverage_scores(X) / exact - 1).astype(float))
            squared = np.max(np.abs(_by_inverse_gram(X) / exact - 1).astype(float))
            name = f"{rows} rows, condition {condition:.0e}"
            yield Figure(section, f"{name}: relative error", error, at_most=limit)
            yield Figure(section, f"{name}: of an inverted Gram matrix", squared)

    rng = np.random.default_rng(1)
    basis = extended.matrix(10_000, 12, 1e2, "heavy-tailed")
    X = np.column_stack([basis, basis @ rng.standard_normal((12, 8))])
    exact = extended.leverage_scores(basis)
    error = np.max(np.abs(leverage_scores(X) / exact - 1).astype(float))
    yield Figure(section, "rank 12 of 20: relative error", error, at_most=1e-9)
    missed = abs(LeverageSelector(10).fit(X).rank_ - 12)
    yield Figure(section, "rank 12 of 20: error of the rank", missed, at_most=0)

    X = extended.matrix(1_000_000, 20, 1e10, "normal")
    missed = abs(LeverageSelector(10).fit(X).rank_ - 20)
    name = "1,000,000 x 20, condition 1e10: error of the rank"
    yield Figure(section, name, missed, at_most=0)
    missed = abs(leverage_scores(X).sum() - 20)
    name = "1,000,000 x 20, condition 1e10: error of the sum"
    yield Figure(section, name, missed, at_most=1e-4)


def _by_inverse_gram(X):
    return np.einsum("ij,ij->i", X @ np.linalg.inv(X.T @ X), X)


# --- Drawing --------------------------------------------------------------------------


def drawing(options):
    """Time `draw` of 10,000 from 10,000,000 beside a cumulative sum and a search."""
    from coreselect import draw

    size = 10_000
    scores = np.random.default_rng(0).lognormal(sigma=1, size=10_000_000)

    def baseline():
        total = np.cumsum(scores)
        ticks = (0.5 + np.arange(size)) * (total[-1] / size)
        return np.searchsorted(total, ticks)

    def ours(design):
        return lambda: draw(scores, size, design=design, random_state=0)

    calls = [baseline, ours("systematic"), ours("pivotal")]
    base, systematic, pivotal = medians(calls, options.repeat)
    section = "draw 10,000 of 10,000,000"
    yield Figure(section, "seconds, cumsum and searchsorted", base, "s")
    name = "times as long, {}"
    ratio = systematic / base
    yield Figure(section, name.format("systematic"), ratio, "x", at_most=1.5)
    yield Figure(section, name.format("pivotal"), pivotal / base, "x", at_most=3)


# --- Rounds of RS2 -------------------------------------------------------------------


def rounds(options):
    """Time rounds of 1,000,000 of 10,000,000 rows relative to a permutation."""
    from coreselect.samplers import RS2Sampler

    n, size = 10_000_000, 1_000_000
    sampler = RS2Sampler(n, 0.1, random_state=0)
    uneven = RS2Sampler(n, 999_983, random_state=0)  # round 10 is across two cycles
    rng = np.random.default_rng(0)
    ratios, crossing, times = [], [], []
    for turn in range(options.repeat + 1):
        base = seconds(lambda: rng.permutation(size))
        ours = seconds(lambda turn=turn: sampler.rows(turn % 10))
        across = seconds(lambda: uneven.rows(10))
        if turn:
            ratios.append(ours / base)
            crossing.append(across / base)
            times.append(ours)
    section = "rounds of 1,000,000 of 10,000,000"
    yield Figure(section, "seconds, RS2", statistics.median(times), "s")
    ratio = statistics.median(ratios)
    yield Figure(section, "times rng.permutation", ratio, "x", at_most=2.5)
    ratio = statistics.median(crossing)
    yield Figure(section, "across two cycles, beside one permutation", ratio, "x")
    counts = np.zeros(n, dtype=np.int64)
    for t in range(10):
        counts[sampler.rows(t)] += 1
    missed = np.count_nonzero(counts != 1)
    yield Figure(section, "rows not once in ten rounds", missed, at_most=0)


# --- Threads --------------------------------------------------------------------------


def threads(options):
    """Compare CPU times of small products on two threads and on one."""
    from sklearn.datasets import load_digits
    from threadpoolctl import threadpool_limits

    from coreselect import LogisticSelector

    X, y = load_digits(return_X_y=True)
    X, y = X[:1347], y[:1347] > 4

    def cpu_seconds(n_threads):
        with threadpool_limits(n_threads):
            start = time.process_time()
            LogisticSelector(100, random_state=0).fit(X, y)
            return time.process_time() - start

    turns = [[cpu_seconds(n) for n in (2, 1)] for _ in range(options.repeat + 1)]
    two, one = np.median(turns[1:], axis=0)
    section = "LogisticSelector, 1,347 digits"
    yield Figure(section, "CPU seconds on two threads", two, "s")
    yield Figure(section, "times as long as on one", two / one, "x", at_most=1.5)


# --- A Parquet file larger than what may be held --------------------------------------

FEATURES = 20

SELECT = """
import json, sys, time
import numpy as np
from benchmarks.memory import peak
from coreselect import LeverageSelector
path, how, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = path
if how == "memory":
    import pyarrow.parquet as pq
    file = pq.ParquetFile(path)
    shape = file.metadata.num_rows, file.metadata.num_columns
    data = np.empty(shape, dtype=np.float32)
    start = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        for j, column in enumerate(table.columns):
            data[start : start + len(table), j] = column.to_numpy()
        start += len(table)
start = time.perf_counter()
selection = LeverageSelector(size, random_state=0).fit(data).selection_
seconds = time.perf_counter() - start
np.savez(sys.argv[4], indices=selection.indices, weights=selection.weights)
print(json.dumps({"seconds": seconds, "peak": peak()}))
"""


def parquet(options):
    """Select 10,000 rows of a file; peak memory, and the same rows as from memory."""
    section = f"Parquet {options.rows:,} x {FEATURES} float32"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        _write(path, options.rows)
        yield Figure(section, "size of the file", path.stat().st_size / 1e6, "MB")
        from_file, chosen = _select(path, "file")
        from_memory, expected = _select(path, "memory")
    yield Figure(section, "seconds, from the file", from_file["seconds"], "s")
    yield Figure(section, "seconds, from memory", from_memory["seconds"], "s")
    peak = from_file["peak"] / 1e6
    yield Figure(section, "peak memory, from the file", peak, "MB", at_most=800)
    yield Figure(section, "peak memory, from memory", from_memory["peak"] / 1e6, "MB")
    differ = len(np.setxor1d(chosen["indices"], expected["indices"]))
    yield Figure(section, "rows that differ from memory", differ, at_most=0)
    if not differ:
        gap = np.max(np.abs(chosen["weights"] / expected["weights"] - 1))
        name = "largest relative difference of weights"
        yield Figure(section, name, gap, at_most=1e-9)


def _write(path, n_rows, group=250_000):
    """Write rows with heavy tails, one row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = [f"x{j}" for j in range(FEATURES)]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for start in range(0, n_rows, group):
            n = min(group, n_rows - start)
            X = rng.standard_normal((FEATURES, n), dtype=np.float32)
            X /= np.sqrt(rng.standard_exponential(n, dtype=np.float32) + 1e-6)
            table = pa.Table.from_arrays([pa.array(x) for x in X], schema=schema)
            writer.write_table(table, row_group_size=group)


def _select(path, how, size=10_000):
    """Select in a separate process; return its report and the selection."""
    out = path.with_name(f"{how}.npz")
    command = [sys.executable, "-c", SELECT, path, how, str(size), out]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise SystemExit(f"selecting from {how} failed:\n{done.stderr}")
    with np.load(out) as chosen:
        return json.loads(done.stdout.splitlines()[-1]), dict(chosen)


# --- Import ---------------------------------------------------------------------------

HEAVY = "sklearn numba ot pandas pyarrow dask torch matplotlib".split()

IMPORT = f"""
import sys, time
start = time.perf_counter()
import coreselect
seconds = time.perf_counter() - start
print(seconds, sum(name in sys.modules for name in {HEAVY}))
"""


def importing(options):
    """Time ``import coreselect`` in new processes, and list what it imports."""
    times, dragged = [], 0
    for _ in range(max(5, options.repeat)):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        first, second = done.stdout.split()
        times.append(float(first))
        dragged = max(dragged, int(second))
    seconds = statistics.median(times)
    yield Figure("import", "seconds, import coreselect", seconds, "s", at_most=0.15)
    yield Figure("import", "heavy packages it imports", dragged, at_most=0)


# --- The command line -----------------------------------------------------------------


def command_line(options):
    """Time commands that only print what they know, in seconds of processor time."""
    for words, limit in (
        ("--help", 0.15),
        ("methods", 0.4),
        ("select --method leverage --help", 0.4),
        ("resample --method smote --help", 0.4),
    ):
        times = []
        for _ in range(max(5, options.repeat)):
            before = os.times()
            command = [sys.executable, "-m", "coreselect", *words.split()]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            user = after.children_user - before.children_user
            times.append(user + after.children_system - before.children_system)
        seconds = statistics.median(times)
        name = f"processor seconds, coreselect {words}"
        yield Figure("command line", name, seconds, "s", at_most=limit)


# --- Clustering -----------------------------------------------------------------------


def clustering(options):
    """Time seeds and sensitivities beside k-means++; distortion beside uniform rows."""
    from benchmarks import clustering

    yield from clustering.figures(options)


# --- The command ----------------------------------------------------------------------

SECTIONS = {
    "leverage": leverage,
    "accuracy": accuracy,
    "draw": drawing,
    "balanced": balanced.figures,
    "allocation": allocation.figures,
    "calibrate": calibrated.figures,
    "standard_errors": standard_errors.figures,
    "rounds": rounds,
    "threads": threads,
    "parquet": parquet,
    "import": importing,
    "command_line": command_line,
    "clustering": clustering,
    "lewis": regression.lewis,
    "regression": regression.quality,
    "compare": comparing.figures,
    "streams": streams.figures,
    "scale": scale.figures,
    "clusters": clusters.figures,
    "estimates": estimates.figures,
}


def machine():
    """Describe the machine."""
    from threadpoolctl import threadpool_info

    blas = {
        f"{info['internal_api']} {info.get('architecture', '')}".strip()
        for info in threadpool_info()
    }
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "threads of": ", ".join(sorted(blas)),
    }


def main(arguments=None):
    """Measure some sections, print a table and return the exit status."""
    parser = argparse.ArgumentParser(
        description="Measure the figures that coreselect must reach."
    )
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--repeat", type=int, default=7, help="runs per median")
    parser.add_argument("--rows", type=int, default=20_000_000, help="of the Parquet")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {sorted(unknown)}; there are {list(SECTIONS)}")

    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    figures = []
    for name in options.sections or SECTIONS:
        for figure in SECTIONS[name](options):
            if not figures or figures[-1].section != figure.section:
                print(f"\n{figure.section}")
            figures.append(figure)
            print(line(figure), flush=True)
    if options.json:
        rows = [{**figure._asdict(), "reached": figure.reached} for figure in figures]
        report = {"machine": machine(), "figures": rows}
        Path(options.json).write_text(json.dumps(report, indent=1, default=float))
    missed = sum(figure.reached is False for figure in figures)
    held = sum(figure.reached is True for figure in figures)
    print(f"\n{held} limits reached, {missed} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
