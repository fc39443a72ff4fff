"""Numba kernels: pure functions on arrays, without randomness or input checks.

Every kernel has a slow NumPy twin in the files ``tests/reference*.py``.
"""

import importlib
import pkgutil


def warmup() -> None:
    """Compile the kernels now, so that the first call does not have to wait.

    This is useful in services. Compiling all kernels takes about half a minute. If a
    cache directory is writable, that is needed once; loading takes a second or two.

    Examples
    --------
    >>> import coreselect
    >>> coreselect.warmup()
    """
    # Numba compiles for the types of the arguments. So each module calls its kernels on
    # the smallest arrays of the types that they get later: float32 bounds, read-only
    # steps, unsigned codes.
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{__name__}.{module.name}").warmup()
