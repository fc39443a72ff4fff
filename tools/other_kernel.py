"""Print environment variables that make linear algebra round differently.

::

    env $(python tools/other_kernel.py) python -m pytest tests/linalg/test_linalg.py

The BLAS uses another kernel, NumPy uses no optional vector instructions, and numba
compiles for the oldest processor. The settings work on every machine; what a library
cannot change is left out.
"""

import platform

import numpy as np
import scipy.linalg  # noqa: F401  (which brings a BLAS of its own)
from threadpoolctl import threadpool_info

# The kernel for any processor, and another for machines that use it by default.
KERNELS = {"x86_64": ("Nehalem", "Core2"), "aarch64": ("ARMV8",)}


def settings():
    """Return the environment variables as a dict."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    found = {"NUMBA_CPU_NAME": "generic"}
    own = {info.get("architecture", "").lower() for info in threadpool_info()}
    for kernel in KERNELS.get(machine, ()):
        if kernel.lower() not in own:
            found["OPENBLAS_CORETYPE"] = kernel
            break
    # NumPy refuses names of features that the machine lacks or that it always needs.
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    if simd.get("found"):
        found["NPY_DISABLE_CPU_FEATURES"] = ",".join(simd["found"])
    return found


if __name__ == "__main__":
    print(*(f"{name}={value}" for name, value in settings().items()))
