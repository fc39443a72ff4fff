"""Memory that tasks free and soon need again, on workers of Dask."""

import ctypes
import os
from contextlib import contextmanager
from threading import Lock

_MMAP, _TRIM = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of glibc's mallopt
_LARGEST = 2**25  # the most that glibc takes for the first
_HELD = 2**28

_lock = Lock()
_users = 0


@contextmanager
def reused_memory():
    """Let this process keep memory that is freed, until the last user leaves.

    Dask lets its workers return all freed memory at once, by an environment variable.
    Then every array of some MB costs page faults anew, which double the CPU time of
    passes over blocks. Where the variable is not set, nothing is done.
    """
    trim = os.environ.get("MALLOC_TRIM_THRESHOLD_")
    libc = None if trim is None or os.name == "nt" else ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        yield
        return
    mapped = int(os.environ.get("MALLOC_MMAP_THRESHOLD_", 2**17))
    _count(1, lambda: _set(libc, _LARGEST, _HELD))
    try:
        yield
    finally:
        _count(-1, lambda: (_set(libc, mapped, int(trim)), libc.malloc_trim(0)))


def _count(step, call):
    """Count users; call a function for the first that comes or the last that goes."""
    global _users
    with _lock:
        before, _users = _users, _users + step
        if 0 in (before, _users):
            call()


def _set(libc, mapped, trim):
    libc.mallopt(_MMAP, mapped)
    libc.mallopt(_TRIM, trim)
