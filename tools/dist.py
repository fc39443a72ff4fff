"""Build the distributions and try them as a stranger would; `make dist` runs this.

The source distribution must hold every tracked file, and some of its tests run from the
unpacked folder. The wheel is installed into a fresh environment of every Python that
setup.cfg names and this machine has.
"""

import configparser
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
TESTS = "tests/test_repository.py tests/sampling tests/selection"
PIP = "-m pip install --quiet --disable-pip-version-check".split()

# Run by the Python that has only the wheel, in an empty folder.
SMOKE = """
import subprocess, sys
from pathlib import Path
import coreselect
for name in (*coreselect.__all__, *dir(coreselect)):
    getattr(coreselect, name)
rows = "".join(f"{i % 7},{i * i % 11}\\n" for i in range(100))
Path("data.csv").write_text("size,price\\n" + rows)
for options in (
    ["--help"],
    ["methods"],
    "select data.csv -o few.csv -n 10 --method leverage --target price".split(),
):
    done = subprocess.run([Path(sys.executable).parent / "coreselect", *options],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
assert len(Path("few.csv").read_text().splitlines()) == 11
"""


def run(*command, cwd=ROOT):
    """Run a command; stop with what it wrote if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return done.stdout


def build():
    """Return the paths of a new source distribution and of the wheel built from it."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST)
    (source,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    return source, wheel


def unpack(source, folder):
    """Unpack the source distribution; stop if a tracked file is not in it."""
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    if (ROOT / ".git").exists():
        tracked = run("git", "ls-files").splitlines()
        missing = [name for name in tracked if not (unpacked / name).exists()]
        if missing:
            raise SystemExit(f"MANIFEST.in leaves out {', '.join(missing)}")
    return unpacked


def interpreters():
    """Return the tested versions of Python that this machine has, by version."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    words = config["metadata"]["classifiers"].split("Python :: 3.")[1:]
    found = {}
    for minor in (word.split()[0] for word in words):
        name = f"python3.{minor}"
        # A launcher may exist for a version that does not.
        if shutil.which(name) and not subprocess.call(
            [name, "-c", ""], stderr=subprocess.DEVNULL
        ):
            found[f"3.{minor}"] = name
        else:
            print(f"Python 3.{minor}: not on this machine, so not tried")
    return found


def try_wheel(wheel, python, folder):
    """Install the wheel into a fresh environment, and use it there."""
    folder.mkdir()
    run(python, "-m", "venv", folder / "venv")
    fresh = folder / "venv" / "bin" / "python"
    run(fresh, *PIP, f"{wheel}[cli]")
    run(fresh, "-W", "error:::coreselect", "-c", SMOKE, cwd=folder)


if __name__ == "__main__":
    source, wheel = build()
    print(f"built {source.name} and {wheel.name}")
    with tempfile.TemporaryDirectory() as temporary:
        temporary = Path(temporary)
        unpacked = unpack(source, temporary / "source")
        tests = [*TESTS.split(), "-m", "not slow", "-q", "-p", "no:cacheprovider"]
        last = run(sys.executable, "-m", "pytest", *tests, cwd=unpacked).splitlines()[
            -1
        ]
        print(f"tests from the unpacked source: {last}")
        for version, python in interpreters().items():
            try_wheel(wheel, python, temporary / version)
            print(f"Python {version}: the wheel installs and works")
