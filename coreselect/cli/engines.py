"""What reads the rows: this process, or the workers of a cluster of Dask."""

import logging
import signal
import tempfile
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker

from coreselect._files import require

from .errors import UsageError

ENGINES = ("local", "dask")
_LOGGERS = ("distributed", "distributed.client", "tornado", "asyncio")
_PATIENCE = 10  # seconds to connect to a scheduler


@contextmanager
def workers(args):
    """Let the workers that `--engine dask` asks for be there while a command runs."""
    engine = getattr(args, "engine", "local")
    scheduler = getattr(args, "scheduler", None)
    if scheduler is not None and engine != "dask":
        raise UsageError("--scheduler is for --engine dask")
    if engine != "dask":
        yield
        return
    distributed = require("distributed", "dask")
    with _silent(), ExitStack() as stack:
        address = scheduler
        if address is None:
            address = stack.enter_context(_cluster(distributed))
        stack.enter_context(_client(distributed, address))
        yield


@contextmanager
def _silent():
    """Keep the logs of Dask off the terminal: an error is one line."""
    loggers = list(map(logging.getLogger, _LOGGERS))
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _cluster(distributed):
    """Yield a cluster of one worker per core, whose files are removed afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="coreselect-") as folder,
        require("dask", "dask").config.set({"temporary-directory": folder}),
    ):
        how = {"threads_per_worker": 1, "dashboard_address": ":0"}
        try:
            with _interrupts_held():
                cluster = distributed.LocalCluster(silence_logs="CRITICAL", **how)
        except (OSError, RuntimeError) as error:
            raise RuntimeError(
                f"--engine dask: the workers did not start ({str(error).rstrip('.')}); "
                "run the command again, or leave out --engine."
            ) from error
        with cluster:
            yield cluster


@contextmanager
def _interrupts_held():
    """Hold Ctrl-C back; processes that start meanwhile never get it.

    A terminal sends it to all processes, and each worker would print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its own start would let Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _client(distributed, address):
    try:
        client = distributed.Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"--scheduler {address}: no scheduler of Dask answers there ({error})"
        ) from error
    with client:
        yield
