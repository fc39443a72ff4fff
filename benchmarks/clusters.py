"""Workers of Dask beside this process: CPU time, bytes sent, waiting and memory.

::

    python -m benchmarks.clusters                  # 20,000,000 x 20 float32
    python -m benchmarks.clusters --rows 4000000 --folder DIR cpu sent

``cpu`` compares the CPU time of two workers with that of this process, on a Parquet
file, which TMPDIR or ``--folder`` holds. ``speed`` needs an idle machine: two workers
compared with one. ``sent`` counts what goes over the loopback device of Linux, so
nothing else may use it. All of it passes the scheduler, so it is there twice.
``waiting`` times passes over 10 MB that workers hold. ``memory`` is what this process
needs for an array that tasks make.
"""

import argparse
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import coreselect
from benchmarks.figures import Figure, line, medians
from benchmarks.memory import peak_of
from benchmarks.scale import FEATURES, write
from coreselect.rows import open as open_rows

COLUMNS = [f"x{j}" for j in range(FEATURES)]


@contextmanager
def cluster(n_workers=2):
    """Yield the client of workers of one thread, which are ready to compute."""
    from distributed import Client, LocalCluster

    how = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(n_workers, **how) as made, Client(made) as client:
        client.run(coreselect.warmup)
        yield client


def selectors():
    """Return the methods that are measured, by name."""
    how = {"n_select": 1000, "random_state": 0}
    return {
        "leverage": coreselect.LeverageSelector(**how),
        "kmeans": coreselect.KMeansSensitivitySelector(**how),
    }


def cpu(n_rows, path):
    """Yield the CPU time of workers, relative to that of this process."""
    coreselect.warmup()
    with cluster() as client:
        for name, selector in selectors().items():
            section = f"clusters: {name}, Parquet {n_rows:,} x {FEATURES} float32"
            found = {}
            for engine in ("local", "dask", "local", "dask"):
                rows = open_rows(path, columns=COLUMNS, engine=engine)
                start = _used(client, engine), time.perf_counter()
                chosen = selector.fit_select(rows)
                used = _used(client, engine) - start[0]
                found[engine] = (used, time.perf_counter() - start[1]), chosen
            (local, _), one = found["local"]
            (workers, seconds), other = found["dask"]
            yield Figure(section, "CPU time of this process", local, "s")
            name = "CPU time of workers, relative to it"
            yield Figure(section, name, workers / local, "x", at_most=1.3)
            yield Figure(section, "time with two workers", seconds, "s")
            yield Figure(section, "same rows and weights", one == other, at_least=1)


def _used(client, engine):
    """Return the CPU time of this process, or of all workers."""
    if engine == "local":
        return time.process_time()
    return sum(client.run(time.process_time).values())


def speed(n_rows, path):
    """Yield how much faster two workers are than one."""
    times = {}
    for n_workers in (1, 2):
        with cluster(n_workers):
            rows = open_rows(path, columns=COLUMNS, engine="dask")
            for name, selector in selectors().items():
                start = time.perf_counter()
                selector.fit_select(rows)
                times[name, n_workers] = time.perf_counter() - start
    for name in selectors():
        section = f"clusters: {name}, Parquet {n_rows:,} x {FEATURES} float32"
        ratio = times[name, 1] / times[name, 2]
        yield Figure(section, "two workers against one", ratio, "x", at_least=1.3)


def sent(n_rows, path):
    """Yield the bytes sent in a pass beyond eight a row and kept array."""
    import dask.array as da

    section = f"clusters: a pass over {n_rows:,} x {FEATURES}"
    weight = np.random.default_rng(0).random(n_rows)
    chunks = da.random.default_rng(0).random(
        (n_rows, FEATURES), chunks=(2**17, -1), dtype=np.float32
    )
    with cluster():
        for source, data in (("Parquet", path), ("array made by tasks", chunks)):
            how = {"columns": COLUMNS} if data is path else {}
            rows = open_rows(data, sample_weight=weight, engine="dask", **how)
            rows.check_finite()
            for kept, count in (("reduce", 1), ("map", 2)):
                before = _over_loopback()
                if kept == "reduce":
                    rows.reduce(_gram, np.add)
                else:
                    rows.map(_norms)
                more = (_over_loopback() - before) / 2 - 8 * count * n_rows
                name = f"sent by {kept} beyond {8 * count} bytes a row, {source}"
                yield Figure(section, name, more / 1e6, "MB", at_most=1)


def _gram(block):
    return block.X.T @ block.X


def _norms(block):
    return np.einsum("ij,ij->i", block.X, block.X, dtype=np.float64)


def _over_loopback():
    lines = Path("/proc/net/dev").read_text().splitlines()
    (found,) = (found for found in lines if found.strip().startswith("lo:"))
    return int(found.split(":")[1].split()[0])


def waiting(n_rows, path):
    """Yield how much longer passes over few rows take on workers."""
    import dask.array as da

    X = np.random.default_rng(0).normal(size=(65_536, FEATURES))
    with cluster():
        rows = open_rows(da.from_array(X, chunks=(10_000, -1)).persist())
        here = open_rows(X)
        calls = [lambda r=r: r.reduce(_gram, np.add) for r in (here, rows)]
        local, workers = medians(calls, 9)
    section = f"clusters: a persisted array of {X.nbytes / 1e6:.0f} MB"
    more = workers - local
    yield Figure(section, "a pass takes more than here", more, "s", at_most=0.3)


def memory(n_rows, path):
    """Yield the memory of the client for an array that tasks make."""
    n_rows = min(n_rows, 9_000_000)
    base, used = (peak_of(fit_made, n) for n in (1000, n_rows))
    size = 8 * FEATURES * n_rows / 1e9
    section = f"clusters: the client, for {size:.2g} GB made by tasks"
    more = (used - base - 16 * n_rows) / 1e6
    yield Figure(section, "peak beyond 16 bytes a row", more, "MB", at_most=250)


def fit_made(n_rows):
    """Select from an array that tasks make on two workers."""
    import dask.array as da

    with cluster():
        data = da.random.default_rng(0).normal(
            size=(n_rows, FEATURES), chunks=(100_000, -1)
        )
        for selector in selectors().values():
            selector.fit_select(data)


SECTIONS = {part.__name__: part for part in (cpu, speed, sent, waiting, memory)}


def figures(options):
    """Yield the figures of all sections, or of those that are named."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(getattr(options, "folder", None) or made)
        path = folder / f"rows{options.rows}.parquet"
        write(path, options.rows)
        for name in getattr(options, "only", None) or SECTIONS:
            yield from SECTIONS[name](options.rows, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", help="where the file is kept for the next run")
    for figure in figures(parser.parse_args()):
        print(figure.section, line(figure), flush=True)


if __name__ == "__main__":
    main()
