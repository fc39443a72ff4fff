"""How much memory the process may take: `memory_budget`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from threading import Lock
from typing import NamedTuple

_UNITS = {"": 1, "B": 1}
_UNITS |= {f"{name}B": 1000**power for power, name in enumerate("KMGT", 1)}
_UNITS |= {f"{name}IB": 1024**power for power, name in enumerate("KMGT", 1)}


class Budget(NamedTuple):
    """Bytes that the process may take, and the folder of its scratch files."""

    limit: int
    scratch: str | None


_LOCK = Lock()
_budgets: list[Budget] = []  # of all threads: what is bounded is the process


def current_budget() -> Budget | None:
    """Return the smallest budget that holds now; None if none does."""
    with _LOCK:
        return min(_budgets, key=lambda budget: budget.limit, default=None)


@contextmanager
def memory_budget(
    limit: int | str, scratch: str | os.PathLike[str] | None = None
) -> Iterator[None]:
    """Bound the memory of the process while methods run; the rows stay the same.

    Parameters
    ----------
    limit : int or str
        Bytes, or text such as ``"1GB"`` (10**9 bytes) or ``"1.5GiB"`` (2**30 each).
        They count the whole process: Python and its modules, about 350 MB, and all
        that you hold yourself.
    scratch : str or os.PathLike, optional
        The folder of scratch files, by default that of temporary files. They have no
        name, and vanish when they are not needed any more.

    Yields
    ------
    None

    Raises
    ------
    MemoryError
        In `fit`, before rows are read, if these and the method need more. The error
        says how much.
    TypeError, ValueError
        If `limit` is not a number of bytes.
    NotADirectoryError
        If `scratch` is not a folder.

    See Also
    --------
    estimate_memory : Says what a fit takes without a budget.

    Notes
    -----
    Under a budget, large arrays with a value for every row (weights, targets, scores)
    live in scratch files and are read in parts, and blocks of rows are smaller if that
    is needed. What `fit` needs is known from the method and the size of the data; the
    data count if they are in memory, but nothing else that you hold. Data in memory
    stay there: pass the path of a file. Draws that are balanced, in another order, or
    with quotas or costs take more memory: see `coreselect.draw`. New rows that
    resamplers make, and what `take` and `fit_resample` return, are not counted. If
    several budgets hold, the smallest one counts, in all threads.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LeverageSelector, memory_budget
    >>> X = np.random.default_rng(0).normal(size=(1000, 3))
    >>> with memory_budget("1GB"):
    ...     selection = LeverageSelector(10, random_state=0).fit_select(X)
    >>> selection == LeverageSelector(10, random_state=0).fit_select(X)
    True
    """
    if not isinstance(scratch, str | os.PathLike | None):
        raise TypeError(f"scratch must be the path of a folder, got {scratch!r}.")
    folder = None if scratch is None else os.fspath(scratch)
    if folder is not None and not os.path.isdir(folder):
        raise NotADirectoryError(
            f"scratch={folder!r} is not a folder; make it first, or name another."
        )
    budget = Budget(bytes_of(limit, "limit"), folder)
    with _LOCK:
        _budgets.append(budget)
    try:
        yield
    finally:
        with _LOCK:
            _budgets.remove(budget)


def bytes_of(size: int | str, name: str) -> int:
    """Return a number of bytes, which may be text with a unit."""
    if isinstance(size, str):
        match = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]*)\s*", size)
        unit = _UNITS.get(match[2].upper()) if match else None
        try:
            number = float(match[1]) * unit if match and unit else 0.0
        except ValueError:
            number = 0.0
        if number < 1:
            raise ValueError(
                f"{name} must be a number of bytes such as '800MB', '1.5GB' or '2GiB', "
                f"got {size!r}."
            )
        return int(number)
    # Durations of NumPy derive from its integers. They are known by name, so that the
    # command line can show its help without NumPy.
    not_bytes = type(size).__name__ in ("bool", "timedelta64")
    if not_bytes or not isinstance(size, Integral):
        raise TypeError(
            f"{name} must be an int, in bytes, or text such as '1GB'; got {size!r}."
        )
    if size < 1:
        raise ValueError(f"{name} must be at least 1 byte, got {size}.")
    return int(size)


def shown_bytes(size: int) -> str:
    """Return a number of bytes as people write it, such as 1.2 GB."""
    for unit, digits in (("GB", 9), ("MB", 6), ("kB", 3)):
        if size >= 10**digits:
            number = size / 10**digits
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size} bytes"
