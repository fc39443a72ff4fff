"""Turn the lower bounds of setup.cfg into pins: ``numpy>=1.26`` to ``numpy==1.26``.

Prints a constraints file of the run-time dependencies and of the extras with libraries
that the package works with. Tools (pytest, ruff, ...) are not pinned, since their
versions do not matter to users.
"""

import configparser
import re
import sys

LIBRARIES = ("io", "dask", "plot", "cli", "torch", "demo")
FRAMES = ("pandas", "polars", "imbalanced-learn")  # met in tests, never required


def lower_bounds(path):
    """Yield ``(name, version)`` of every library in the setup.cfg at `path`."""
    config = configparser.ConfigParser()
    config.read(path, encoding="utf-8")
    extras = config["options.extras_require"]
    lines = config["options"]["install_requires"].splitlines()
    lines += [line for extra in LIBRARIES for line in extras[extra].splitlines()]
    lines += [s for s in extras["test"].splitlines() if s.split(">=")[0] in FRAMES]
    for line in filter(None, map(str.strip, lines)):
        if line.startswith("coreselect["):
            continue
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", line)
        if match is None:
            raise SystemExit(f"{path}: {line!r} is not of the form name>=version")
        yield match.groups()


if __name__ == "__main__":
    for name, version in lower_bounds(sys.argv[1]):
        print(f"{name}=={version}")
