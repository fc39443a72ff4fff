"""Rows that workers of Dask read: in two processes, as from memory."""

import gc
import logging
import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.preprocessing import StandardScaler

import coreselect
import coreselect.rows
from coreselect import LeverageSelector
from coreselect.rows import merge_in_pairs
from coreselect.rows._results import merge_some, stacked

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

N = 240
RNG = np.random.default_rng(0)
X = RNG.standard_t(3, size=(N, 6))
Y = np.arange(N) % 2
WEIGHT = RNG.choice([0.0, 1.0, 2.5], size=N)
FRAME = pd.DataFrame(X, columns=list("abcdef")).assign(label=Y)


@pytest.fixture(scope="module")
def client():
    allowed = {"distributed.scheduler.allowed-failures": 1}
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        dask.config.set(allowed),
        distributed.LocalCluster(**how) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


ARRAYS = {
    "1 chunk": da.from_array(X, chunks=(N, -1)),
    "7 chunks": da.from_array(X, chunks=(35, -1)),
    "20 chunks": da.from_array(X, chunks=(12, -1)),
    "columns cut in three": da.from_array(X, chunks=(50, 2)),
    "empty chunks": da.from_array(X, chunks=((0, 100, 0, 140, 0), (6,))),
    "CSR": da.from_array(X, chunks=(50, -1)).map_blocks(sparse.csr_array),
    "unknown lengths": dd.from_pandas(FRAME[list("abcdef")], 5).to_dask_array(),
    "frame": dd.from_pandas(FRAME[list("abcdef")], 5),
}


def _pid(block):
    return np.full(len(block.weight), os.getpid())


def _same(rows, wanted):
    """Check what is selected with weights that leave rows out."""
    selector = LeverageSelector(20, random_state=0)
    first, second = (selector.fit_select(r, Y, WEIGHT) for r in (rows, wanted))
    assert first == second


@pytest.mark.parametrize("data", ARRAYS.values(), ids=ARRAYS)
def test_collections_give_the_rows_of_memory(data, client):
    memory = sparse.csr_array(X) if data is ARRAYS["CSR"] else X
    for block_rows in (32, None):
        rows = coreselect.rows.open(data, block_rows=block_rows)
        assert os.getpid() not in rows.map(_pid)
        _same(rows, coreselect.rows.open(memory, block_rows=block_rows))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    parts = folder / "parts"
    parts.mkdir()
    FRAME.to_parquet(folder / "rows.parquet", row_group_size=50)
    FRAME.to_csv(folder / "rows.csv", index=False)
    np.save(folder / "rows.npy", X)
    np.savez(folder / "rows.npz", X=X)
    for name, some in (("a", slice(0, 90)), ("b", slice(90, None))):
        FRAME[some].to_parquet(parts / f"{name}.parquet", row_group_size=40)
    return folder


SOURCES = {
    "Parquet": lambda folder: folder / "rows.parquet",
    "directory": lambda folder: folder / "parts",
    "glob": lambda folder: str(folder / "parts/*.parquet"),
    "list": lambda folder: sorted((folder / "parts").iterdir()),
    "data set": lambda folder: ds.dataset(folder / "parts"),
    "CSV": lambda folder: folder / "rows.csv",
    "npy": lambda folder: folder / "rows.npy",
    "npz": lambda folder: folder / "rows.npz",
}


@pytest.mark.parametrize("name", SOURCES)
def test_files_give_the_rows_of_memory(name, files, client, monkeypatch):
    exclude = None if name.startswith("np") else ["label"]
    monkeypatch.chdir(files)  # workers run elsewhere
    source = SOURCES[name](files if name == "data set" else Path())
    how = {"exclude": exclude, "block_rows": 32}
    rows = coreselect.rows.open(source, engine="dask", **how)
    assert os.getpid() not in rows.map(_pid)
    _same(rows, coreselect.rows.open(X, block_rows=32))


def test_lazy_frames_and_holders_go_to_workers(client):
    polars = pytest.importorskip("polars")
    rows = coreselect.rows.open(polars.from_pandas(FRAME).lazy(), engine="dask")
    assert os.getpid() not in rows.map(_pid)
    assert len(rows.take([3])) == 1


def test_features_are_made_on_workers(client):
    data = ARRAYS["7 chunks"]
    selector = LeverageSelector(20, features=StandardScaler(), random_state=0)
    given = (coreselect.rows.open(d, block_rows=32) for d in (data, X))
    first, second = map(selector.fit_select, given)
    assert first == second


EXAMPLES = [kind.examples()[0] for kind in coreselect.all_selectors().values()]


@pytest.mark.slow
@pytest.mark.parametrize("selector", EXAMPLES, ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_every_selector_selects_the_rows_of_memory(selector, client):
    positive = np.abs(X)
    data = da.from_array(positive, chunks=(35, 4))
    selector.set_params(random_state=0)
    given = (coreselect.rows.open(d, Y, block_rows=64) for d in (data, positive))
    first, second = map(selector.fit_select, given)
    assert first == second


def test_results_of_any_runs_merge_to_the_same():
    """Wherever tasks begin, and whatever blocks are empty."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = int(rng.integers(1, 40))
        there = [k for k in range(n) if rng.random() < rng.choice([0.4, 1.0])]
        wanted = merge_in_pairs(((k, str(k)) for k in there), _tree)
        cuts = np.unique([0, *rng.integers(0, n, size=rng.integers(0, 6)), n]).tolist()
        parts = []
        for first, stop in pairwise(cuts):
            own = ((k, str(k)) for k in there if first <= k < stop)
            parts += merge_some(own, _tree, first, stop)
        assert merge_in_pairs(parts, _tree) == wanted


def _tree(a, b):
    return f"({a} {b})"


@pytest.mark.parametrize("name", ["Parquet", "7 chunks"])
def test_passes_tell_how_far_they_are(name, files, client, caplog):
    data = ARRAYS[name] if name in ARRAYS else SOURCES[name](files)
    rows = coreselect.rows.open(data, block_rows=32, engine="dask")
    with caplog.at_level(logging.DEBUG, "coreselect.rows"):
        rows.map(_pid)
    records = [r for r in caplog.records if r.name == "coreselect.rows"]  # not Dask's
    done = [record.done for record in records]
    assert done == sorted(done)
    assert done[-1] == records[0].total == 8


def test_what_is_not_finite_is_counted_on_all_workers(client):
    bad = X.copy()
    bad[200, 3], bad[3, 1] = np.nan, np.inf
    for data, message in (
        (da.from_array(bad, chunks=(35, -1)), "1 x infinity in column 1, 1 x NaN in"),
        (dd.from_pandas(FRAME.assign(e=bad[:, 3]), 5), "1 in column 'e'"),
    ):
        rows = coreselect.rows.open(data, block_rows=32)
        with pytest.raises(ValueError, match=message):
            rows.reduce(_pid, np.add)


def _drawn(n_rows, height):
    """Return other numbers each time."""
    return np.random.default_rng().normal(size=(height or n_rows, 2))


def _wait_until_forgotten(client):
    """Wait until the scheduler holds no result that a later pass could find."""
    gc.collect()
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        time.sleep(0.01)


def test_collections_that_change_are_named(client):
    part = dask.delayed(_drawn, pure=False)(30, None)
    data = da.from_delayed(part, (30, 2), float)
    for engine in ("auto", "local"):
        rows = coreselect.rows.open(data, block_rows=8, engine=engine)
        rows.check_finite()
        _wait_until_forgotten(client)
        with pytest.raises(ValueError, match=r"X: rows 0 to 7 are not what they were"):
            rows.map(_pid)
        _wait_until_forgotten(client)
    held = coreselect.rows.open(data.persist(), block_rows=8)
    held.check_finite()
    held.map(_pid)


def test_partitions_of_other_heights_are_named(client):
    data = da.from_delayed(dask.delayed(_drawn, pure=False)(30, 31), (30, 2), float)
    with pytest.raises(ValueError, match="partition 0 had 30 rows, and has 31 now"):
        coreselect.rows.open(data).check_finite()


def test_files_that_change_are_named(tmp_path, client):
    path = tmp_path / "rows.npy"
    np.save(path, X)
    rows = coreselect.rows.open(path, engine="dask")
    rows.check_finite()
    np.save(path, X[:100])
    with pytest.raises(ValueError, match=r"rows.npy' changed while it was read"):
        rows.map(_pid)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="All workers must find files"):
        rows.map(_pid)


def test_memory_is_not_sent(client):
    for data in (X, FRAME, sparse.csr_array(X), X.tolist()):
        with pytest.raises(ValueError, match="is in the memory of this process"):
            coreselect.rows.open(data, engine="dask")
    with pytest.raises(ValueError, match="engine was set when these Rows were opened"):
        coreselect.rows.open(coreselect.rows.open(X), engine="dask")
    with pytest.raises(ValueError, match="engine='spark' must be one of auto, local"):
        coreselect.rows.open(X, engine="spark")


def test_without_a_client_the_way_out_is_named(files, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "distributed", None)
        with pytest.raises(ImportError, match="needs distributed, which is not inst"):
            coreselect.rows.open(SOURCES["npy"](files), engine="dask")
    with (
        dask.config.set(scheduler="threads"),
        pytest.raises(RuntimeError, match="engine='dask' needs the client"),
    ):
        coreselect.rows.open(SOURCES["npy"](files), engine="dask")


def _first_time(path):
    """Return whether nobody asked before."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def test_a_killed_worker_costs_time_only(client, tmp_path):
    mark = tmp_path / "killed"

    def gram(block):
        if block.start == 96 and _first_time(mark):
            os.kill(os.getpid(), signal.SIGKILL)
        return block.X.T @ block.X

    data = ARRAYS["7 chunks"]
    rows, memory = (coreselect.rows.open(d, block_rows=32) for d in (data, X))
    found = rows.reduce(gram, np.add)
    assert mark.exists()
    assert_array_equal(found, memory.reduce(gram, np.add))


def test_blocks_that_kill_workers_are_named(client, files):
    def kill(block):
        if block.start == 96:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    path = SOURCES["directory"](files)
    rows = coreselect.rows.open(path, engine="dask", block_rows=32)
    said = r"2 workers died .* rows .*96 to 1.* of .*b.parquet'.*memory_budget"
    with pytest.raises(RuntimeError, match=said):
        rows.reduce(kill, np.add)


def _slow(block):
    time.sleep(0.2)
    return block.X[:, 0]


def test_a_lost_scheduler_is_named(client):
    how = {"n_workers": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster):
        rows = coreselect.rows.open(ARRAYS["7 chunks"], block_rows=8)
        found = rows.results(_slow, stacked)
        next(found)
        cluster.close()
        with pytest.raises(RuntimeError, match="X: the scheduler of Dask was lost"):
            list(found)
