"""The one place that holds numba flags.

Kernels compile on first use (explicit signatures would refuse read-only, Fortran and
float32 arrays), release the GIL, and are cached where a cache directory can be
written. ``CORESELECT_NO_CACHE=1`` turns the cache off, ``NUMBA_DISABLE_JIT=1`` the
compiler. Full ``fastmath`` is never used: it breaks tests for NaN.
"""

import os

from numba import njit

# May be used where a kernel only adds up products of finite numbers.
SUMS = frozenset({"reassoc", "contract", "arcp", "nsz"})


def jit(function=None, *, fastmath=False):
    """Compile `function` lazily, with the cache where there is one."""
    if function is None:
        return lambda f: jit(f, fastmath=fastmath)
    flags = {"nogil": True, "fastmath": set(fastmath) if fastmath else False}
    if os.environ.get("CORESELECT_NO_CACHE", "0") not in ("", "0"):
        return njit(**flags)(function)
    try:
        return njit(cache=True, **flags)(function)
    except RuntimeError:  # no writable cache directory: compile in every process
        return njit(**flags)(function)
