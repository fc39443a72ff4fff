"""Where passes over rows run: in this process, or on the workers of Dask."""

import os
import sys

from coreselect._files import is_path, require
from coreselect.rows._workers import pack
from coreselect.rows.dask import is_dask_array, is_dask_frame

ENGINES = ("auto", "local", "dask")
_MOST_BYTES = 2**24  # that a holder has when it is sent


def engine_of(data, engine):
    """Return the engine for data: what is asked for, and "local" where it must be."""
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r} must be one of {', '.join(ENGINES)}.")
    collection = is_dask_array(data) or is_dask_frame(data)
    return "local" if engine == "auto" and not collection else engine


def absolute(data):
    """Return paths that workers understand too, which have other current folders."""
    if is_path(data):
        return os.path.abspath(data)
    return [os.path.abspath(path) for path in data]


def require_workers(holder, name):
    """Raise unless workers of Dask are there, and can read the rows of a holder."""
    client_of("dask", holder)
    if not getattr(holder, "in_file", False):
        raise ValueError(
            f"engine='dask': {name} is in the memory of this process, and is not sent "
            "to workers. Pass a file that they can read, or a collection of Dask; or "
            "leave out engine."
        )
    try:
        raw, _ = pack(holder)
    except Exception as error:  # pickle raises many kinds
        raise TypeError(
            f"engine='dask': {name} cannot be sent to workers: {error}"
        ) from error
    if len(raw) > _MOST_BYTES:
        raise ValueError(
            f"engine='dask': {name} holds its rows in memory, {len(raw)} bytes of it, "
            "which are not sent to workers. Write it to a file with "
            "coreselect.rows.write, and pass its path; or leave out engine."
        )


def client_of(engine, holder):
    """Return the client of Dask whose workers read a holder; None if none does."""
    if engine == "local" or not holder.n_features:
        return None  # rows without features need no reading
    if engine == "dask":
        require("distributed", "dask")
    elif "distributed" not in sys.modules:
        return None
    from dask.base import get_scheduler
    from distributed import Client
    from distributed.worker import thread_state

    client = getattr(get_scheduler(), "__self__", None)
    if isinstance(client, Client) and not hasattr(thread_state, "key"):
        return client
    if engine == "dask":
        raise RuntimeError(
            "engine='dask' needs the client of a cluster of Dask. Start one first, for "
            "example with client = distributed.Client(); or leave out engine, so that "
            "this process reads the rows."
        )
    return None  # in a task, too: it would wait for tasks that may wait for it
