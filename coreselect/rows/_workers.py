"""Passes over rows that workers of Dask read.

A task reads consecutive blocks, applies a function to each of them, and folds what it
returns. Blocks are the same as in one process, and results are merged in the same
order. So the results are the same too.
"""

import io
import pickle
import time
from collections import deque
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import islice
from math import ceil

import numpy as np

from coreselect._files import require
from coreselect.rows._memory import reused_memory
from coreselect.rows.dask import Here, NotHere, Partitions
from coreselect.rows.finite import NotFinite, seen_of

_TASKS = 8  # of a pass, for every worker
_RUN_BYTES = 2**28  # of float64, in the partitions that a task needs at once
_KEPT_BYTES = 2**26  # of what is kept for rows, in tasks that read files
_LARGE = {"distributed.admin.large-graph-warning-threshold": 2**60}


def pack(thing):
    """Return an object as bytes, and its `Partitions`, which are left out."""
    cloudpickle = require("cloudpickle", "dask")
    partitions = []

    class Pickler(cloudpickle.Pickler):
        def persistent_id(self, part):
            if not isinstance(part, Partitions):
                return None
            if not any(part is other for other in partitions):
                partitions.append(part)
            return True

    file = io.BytesIO()
    Pickler(file).dump(thing)
    return file.getvalue(), partitions


class _Unpickler(pickle.Unpickler):
    def __init__(self, raw, here):
        super().__init__(io.BytesIO(raw))
        self._here = here

    def persistent_load(self, _):
        return self._here


def fold_run(raw, run, first, *parts):
    """Return what a pass notes of the blocks of a run, and their folded results.

    Errors of the data are returned, not raised, because Dask would log them.

    Parameters
    ----------
    raw : bytes
        The packed holder of the rows, the function of blocks, and how to fold.
    run : Run
    first : bool or None
        For `seen_of`; None if blocks need no check.
    *parts : arrays or frames
        Parts of the partitions of a collection that hold the rows of the run.
    """
    here = Here(parts, run.bounds[0][0])
    holder, fn, fold = _Unpickler(raw, here).load()
    notes = []

    def found():
        for number, X, block in run.blocks(holder):
            if first is not None:
                notes.append((number, seen_of(X, first=first)))
            if block.X.shape[0]:
                yield number, block.rows, fn(block)

    results = found()
    try:
        with reused_memory():
            return notes, _folded(results, run, fold)
    except (NotFinite, NotHere) as error:
        return error


def _folded(results, run, fold):
    """Return the folded results of a run; of one without rows, nothing."""
    if run.rows.start < run.rows.stop:
        return fold(results, run.number, run.number + len(run.bounds))
    return list(results)


def results_of(client, holder, whole, fn, fold, look, name):
    """Yield the runs of a pass, in order, with what `fold_run` returns for them.

    Parameters
    ----------
    client : distributed.Client
    holder : object
    whole : Run
        All blocks.
    fn, fold : callable
    look : callable
        Tells how the blocks of some numbers are checked.
    name : str
        The name of the data in error messages.
    """
    raw, partitions = pack((holder, fn, fold))
    dask, distributed = require("dask", "dask"), require("distributed", "dask")
    with _telling(client, name):
        n_threads = client.nthreads()
    cuts = _cuts(whole.bounds, holder, n_threads, reads_once=bool(partitions))
    # Tasks of a collection may share others, so they are submitted together. Of those
    # that read files, as many are under way as keep few values of rows in memory.
    several = len(cuts)
    if not partitions:
        share = sum(array.nbytes for array in whole.kept) / _KEPT_BYTES
        several = max(int(several / max(1, share)), 2 * sum(n_threads.values()), 1)
    waiting = deque()

    def ready():
        run, future = waiting.popleft()
        try:
            with _telling(client, name):
                found = future.result()
        except distributed.KilledWorker as error:
            suspects = [run, *_suspects(waiting)]
            raise RuntimeError(_killed(error, suspects, holder, name)) from error
        if isinstance(found, Exception):
            raise found
        return run, *found

    with _telling(client, name):
        packed = client.submit(bytes, raw, pure=False)
    try:
        task = dask.delayed(fold_run, pure=False)
        for runs in _together(whole.cut(cuts), several):
            tasks = [
                task(packed, run, look(_numbers(run)), *_parts(partitions, run))
                for run in runs
            ]
            # What is kept for the rows is in the graph, which Dask warns of.
            with _telling(client, name), dask.config.set(_LARGE):
                waiting.extend(zip(runs, client.compute(tasks), strict=True))
            whole.release()
            while len(waiting) > several:
                yield ready()
        while waiting:
            yield ready()
    finally:
        # An error holds the futures for as long as somebody holds it.
        if client.status == "running":
            client.cancel([packed, *(future for _, future in waiting)])


def _together(runs, several):
    """Yield lists of runs whose tasks are submitted together."""
    runs = iter(runs)
    while found := list(islice(runs, several)):
        yield found


def _numbers(run):
    return range(run.number, run.number + len(run.bounds))


def _parts(partitions, run):
    """Return delayed parts of a collection with the rows of a run."""
    if not partitions:
        return []
    (found,) = partitions
    return found.within(run.bounds[0][0], run.bounds[-1][1])


def _cuts(bounds, holder, n_threads, *, reads_once):
    """Return the numbers of the blocks at which tasks begin.

    Where the source has parts, such as row groups, tasks begin with them, as far as
    blocks allow.
    """
    n_blocks, size = len(bounds), bounds[0][1] - bounds[0][0]
    n_tasks = _TASKS * max(1, len(n_threads))
    edges = getattr(holder, "edges", None)
    if reads_once:
        # Workers make the partitions that one task needs on several of them, and then
        # send them. So a task has one partition, unless there are very many.
        n_bytes = 8 * bounds[-1][1] * holder.n_features
        n_parts = 0 if edges is None else min(len(edges) - 1, 8 * n_tasks)
        n_tasks = max(n_tasks, ceil(n_bytes / _RUN_BYTES), n_parts)
    cuts = _evenly(n_blocks, n_tasks)
    if edges is None:
        return cuts
    # A task that begins in a part of a file reads it from its start. One that begins a
    # little after it skips less than a block.
    edges = np.asarray(edges)
    nearest = np.abs(edges - size * cuts[:, np.newaxis]).argmin(axis=1)
    found = np.unique(-(-edges[nearest] // size))
    found = np.union1d(found[found < n_blocks], [0])
    enough = min(n_blocks, sum(n_threads.values()))
    return found if len(found) >= enough else _evenly(n_blocks, enough)


def _evenly(n_blocks, n_tasks):
    n_tasks = min(n_blocks, n_tasks)
    return np.arange(n_tasks) * n_blocks // n_tasks


def _suspects(waiting):
    """Yield the runs of those tasks that failed as all their workers died."""
    # Tasks that wait on a worker count as failed if another task kills it. So the task
    # that caused the failure is one of those that failed, but not always the first.
    time.sleep(0.2)  # until all that failed are known here
    killed = require("distributed", "dask").KilledWorker
    for run, future in waiting:
        if future.status == "error" and isinstance(future.exception(), killed):
            yield run


def _killed(error, runs, holder, name):
    """Return the error for runs whose workers died."""
    ends = [(run.bounds[0][0], run.bounds[-1][1]) for run in runs]
    rows = " or ".join(f"{start} to {stop - 1}" for start, stop in ends)
    where = getattr(holder, "where", None)
    found = [where(*end) for end in ends] if where else [name]
    return (
        f"{name}: {error.allowed_failures + 1} workers died while they read rows "
        f"{rows} of {', '.join(dict.fromkeys(found))}, most likely because memory ran "
        "out. Make blocks smaller, with block_rows or a smaller "
        "coreselect.memory_budget, or give workers more memory."
    )


@contextmanager
def _telling(client, name):
    """Turn errors of the cluster into ones that say what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error} All workers must find files under the path that this process has."
        ) from error
    except (CancelledError, OSError) as error:
        if isinstance(error, OSError) and client.status == "running":
            raise  # of a file
        raise RuntimeError(
            f"{name}: the scheduler of Dask was lost, or dropped the tasks, before all "
            "rows were read. Connect a new client, open the rows again, and start "
            "anew."
        ) from error
