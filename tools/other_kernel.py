"""Print settings, as words for `env`, under which linear algebra rounds otherwise.

::

    env $(python tools/other_kernel.py) python -m pytest tests/linalg/test_linalg.py

The BLAS takes another of its kernels, NumPy leaves its vector instructions aside, and
numba compiles for a processor without any beyond the least. All of it runs on every
machine; where a library has no such choice, its part is left out.
"""

import platform

import numpy as np
import scipy.linalg  # noqa: F401  (which brings a BLAS of its own)
from threadpoolctl import threadpool_info

# The kernel for any processor of a kind, and one for where that is the machine's own.
KERNELS = {"x86_64": ("Nehalem", "Core2"), "aarch64": ("ARMV8",)}


def settings():
    """Return the settings by name."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    found = {"NUMBA_CPU_NAME": "generic"}
    own = {info.get("architecture", "").lower() for info in threadpool_info()}
    for kernel in KERNELS.get(machine, ()):
        if kernel.lower() not in own:
            found["OPENBLAS_CORETYPE"] = kernel
            break
    # NumPy refuses the names of features that are not there, or that it cannot miss.
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    if simd.get("found"):
        found["NPY_DISABLE_CPU_FEATURES"] = ",".join(simd["found"])
    return found


if __name__ == "__main__":
    print(*(f"{name}={value}" for name, value in settings().items()))
