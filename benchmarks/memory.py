"""Peak memory of this process, or of a new one that makes a single call."""

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GIB = 2**30


def peak():
    """Return the largest resident size in bytes that this program has had.

    On Linux, `ru_maxrss` is of no use: it survives fork and exec, so a child never
    reports less than its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def peak_of(function, *arguments):
    """Return the peak of a new process that only calls a function of a module.

    Parameters
    ----------
    function : callable
        Must be found by its module and name.
    *arguments : numbers and str
    """
    module = inspect.getmodule(function)
    name = module.__spec__.name  # also of a module that is run as __main__
    call = json.dumps([name, function.__name__, *map(_plain, arguments)])
    command = [sys.executable, "-m", "benchmarks.memory", call]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name}.{function.__name__} failed:\n{done.stderr}")
    return int(done.stdout.splitlines()[-1])


def hold(n_bytes):
    """Allocate and touch a number of bytes, which `peak_of` must report."""
    return b"x" * n_bytes


def _plain(argument):
    return str(argument) if isinstance(argument, Path) else argument


if __name__ == "__main__":
    name, function, *arguments = json.loads(sys.argv[1])
    getattr(importlib.import_module(name), function)(*arguments)
    print(peak())
