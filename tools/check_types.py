"""Check the code of README.md and the documentation with pyright and mypy.

Every page becomes one module, as a reader would type it: the lines behind ``>>>`` and
the blocks of Python, in their order. Lines keep their numbers.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^(```+)(\w*).*?\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)
PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)")
SETTINGS = {
    "extraPaths": [str(ROOT)],
    "typeCheckingMode": "standard",
    # Types guessed from the code of packages without types (scikit-learn, pandas, ...)
    # are often wrong: KMeans(n_init=5) would be an error, since its default is a text.
    "useLibraryCodeForTypes": False,
    # Torch, LightGBM and other packages that the pages mention need not be there.
    "reportMissingImports": False,
    "reportMissingModuleSource": False,
    # Pages show values by writing them.
    "reportUnusedExpression": False,
    "reportUnusedCoroutine": False,
}


def pages():
    """Paths of all pages that hold code."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code_of(text):
    """Return the Python code of a page; every line stays where it is."""
    lines = [""] * len(text.splitlines())
    for block in BLOCK.finditer(text):
        _, language, body = block.groups()
        first = text.count("\n", 0, block.start(3))
        for number, line in enumerate(body.splitlines(), first):
            if language == "python":
                lines[number] = line
            elif language == "pycon" and PROMPT.match(line):
                lines[number] = line[4:]
    return "\n".join(lines) + "\n"


def pyright(folder):
    """Return what pyright says of the modules in a folder: one line per error."""
    (folder / "pyrightconfig.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    command = [BIN / "basedpyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "-p", folder], capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout)
    if not found["summary"]["filesAnalyzed"]:
        raise SystemExit(f"pyright read no file: {done.stderr}")
    return [
        f"{said['file']}:{said['range']['start']['line'] + 1}: {said['message']}"
        for said in found["generalDiagnostics"]
        if said["severity"] == "error"
    ]


def mypy(folder):
    """Return what mypy says of the modules in a folder: one line per error."""
    # Pages use a name again for something else.
    command = [BIN / "mypy", "--no-error-summary", "--allow-redefinition"]
    done = subprocess.run(
        [*command, *sorted(folder.glob("*.py"))],
        cwd=ROOT,  # for the settings in pyproject.toml
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode > 1:
        raise SystemExit(f"mypy failed: {done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def main():
    with tempfile.TemporaryDirectory() as temporary:
        for path in pages():
            name = path.relative_to(ROOT).with_suffix(".py").as_posix()
            text = code_of(path.read_text(encoding="utf-8"))
            Path(temporary, name.replace("/", "__")).write_text(text, encoding="utf-8")
        errors = [*pyright(Path(temporary)), *mypy(Path(temporary))]
    for error in errors:
        shown = re.sub(r"^.*/([^/]*)\.py:", r"\1.md:", error)
        print(shown.replace("__", "/"))
    return f"{len(errors)} errors" if errors else 0


if __name__ == "__main__":
    sys.exit(main())
