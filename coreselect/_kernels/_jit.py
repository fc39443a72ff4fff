"""The one place that holds numba flags.

Kernels are compiled on first use, because explicit signatures would refuse read-only,
Fortran-ordered and float32 arrays. They release the GIL, and are cached on disk if a
cache directory is writable. ``CORESELECT_NO_CACHE=1`` turns the cache off,
``NUMBA_DISABLE_JIT=1`` the compiler. Full ``fastmath`` is never used, because it breaks
tests for NaN.
"""

import os

from numba import njit

# These flags let sums run in vector registers: terms are added in another order, and
# products fused with sums. They suit kernels that only add up products, and whose
# results may differ in the last bits from one processor to the next.
SUMS = frozenset({"reassoc", "contract", "arcp", "nsz"})


def jit(function=None, *, fastmath=False):
    """Compile `function` lazily, with a disk cache if possible."""
    if function is None:
        return lambda f: jit(f, fastmath=fastmath)
    # Without the GIL, threads run kernels at the same time. `parallel` is not used: its
    # reductions would add in an order that depends on the number of threads.
    flags = {"nogil": True, "fastmath": set(fastmath) if fastmath else False}
    if os.environ.get("CORESELECT_NO_CACHE", "0") not in ("", "0"):
        return njit(**flags)(function)
    try:
        return njit(cache=True, **flags)(function)
    except RuntimeError:  # no writable cache directory: compile in every process
        return njit(**flags)(function)
