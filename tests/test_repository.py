"""The package as a whole: what it exports, documents, imports and ships."""

import ast
import configparser
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from numpydoc.validate import validate

import coreselect
from coreselect.testing import check_selector
from tools.readme import renewed

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "coreselect").rglob("*.py"))
HEAVY = "sklearn numba ot pandas pyarrow dask torch matplotlib rich".split()


def run(*command, **options):
    """Run a command from the root of the repository; return its standard output."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def public_objects():
    """Every name that `coreselect` and its public modules say they export."""
    found = {f"coreselect.{name}" for name in coreselect.__all__}
    for info in pkgutil.iter_modules(coreselect.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"coreselect.{info.name}")
            names = getattr(module, "__all__", ())
            found |= {f"{module.__name__}.{name}" for name in names}
    return sorted(found)


def resolve(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def methods():
    """Public methods of the public classes that have a docstring of their own."""
    return [
        f"{path}.{name}"
        for path in public_objects()
        if inspect.isclass(cls := resolve(path))
        for name, member in vars(cls).items()
        if not name.startswith("_")
        and inspect.isfunction(function := getattr(member, "__func__", member))
        and function.__module__.startswith("coreselect")
        and (function.__doc__ or not inspect.getdoc(getattr(cls, name)))
    ]


# --- Imports --------------------------------------------------------------------------


def test_import_drags_in_no_heavy_package():
    code = "import coreselect, sys; print(*(set(sys.modules) & set(sys.argv[1:])))"
    assert run(sys.executable, "-c", code, *HEAVY).split() == []


def test_help_of_the_command_line_drags_in_no_heavy_package():
    """`--help` is instant only while it imports nothing that it does not need."""
    code = """
import sys
from coreselect.cli import main
try:
    main(["--version"])
except SystemExit:
    pass
print("imported:", *(set(sys.modules) & set(sys.argv[1:])))
"""
    assert run(sys.executable, "-c", code, *HEAVY).splitlines()[-1] == "imported:"


def test_imports_go_down_the_floors():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert "Contracts: 1 kept, 0 broken." in run(sys.executable, "-c", code)


def imports(path, top_level_only=False):
    """Names of the modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    """Return the room of a file: its folder in the package, or its own name there."""
    return path.relative_to(ROOT / "coreselect").parts[0].removesuffix(".py")


def test_private_modules_and_names_stay_in_their_room():
    """A name without underscore is open to other rooms, one with it is not."""
    for path in SOURCES:
        for name in imports(path):
            top, _, rest = name.partition(".")
            room, _, inside = rest.partition(".")
            if top == "coreselect" and room != room_of(path):
                private = [
                    part for part in inside.split(".") if re.match("_[a-z]", part)
                ]
                assert not private, (path, name)


def test_numba_only_in_kernels():
    for path in SOURCES:
        if "_kernels" not in path.parts:
            assert not [m for m in imports(path) if m.split(".")[0] == "numba"], path


def test_private_names_of_scikit_learn_only_in_one_file():
    for path in SOURCES:
        if path.name != "_sklearn.py":
            private = [m for m in imports(path) if re.match(r"sklearn\..*\b_[a-z]", m)]
            assert not private, (path, private)


def test_extras_and_pot_are_imported_on_demand():
    """Importing POT pulls in torch where that is installed: no file does it at once."""
    late = {"ot", "pandas", "polars", "pyarrow", "dask", "torch", "matplotlib", "rich"}
    for path in SOURCES:
        found = {m.split(".")[0] for m in imports(path, top_level_only=True)} & late
        assert not found, (path, found)


def test_no_global_random_state():
    wrong = re.compile(r"\bnp\.random\.(?:seed|rand|randn|choice|shuffle)\(")
    for path in SOURCES:
        if path.parent.name != "testing":  # it seeds the global state to see it unused
            assert not wrong.search(path.read_text(encoding="utf-8")), path


# --- Exports --------------------------------------------------------------------------


def test_exports_exist_once_and_are_listed():
    assert len(set(coreselect.__all__)) == len(coreselect.__all__)
    assert set(coreselect.__all__) <= set(dir(coreselect))
    assert all(resolve(path) is not None for path in public_objects())
    with pytest.raises(AttributeError, match="no_such_name"):
        coreselect.no_such_name  # noqa: B018


def test_every_selector_is_exported_and_says_what_it_is():
    """A selector in `selectors/` that is missing from the exports is not forgotten."""
    selectors = coreselect.all_selectors()
    for info in pkgutil.iter_modules(coreselect.selectors.__path__):
        if info.name.startswith("_"):  # bases of several selectors
            continue
        module = importlib.import_module(f"coreselect.selectors.{info.name}")
        for name, thing in vars(module).items():
            home = getattr(thing, "__module__", None) or ""  # a file, or a folder
            here = inspect.isclass(thing) and f"{home}.".startswith(
                f"{module.__name__}."
            )
            if here and issubclass(thing, coreselect.BaseSelector) and name[0] != "_":
                assert selectors.get(name) is thing
    for cls in selectors.values():
        assert all((cls.cli_name, cls.passes, cls.cost, cls.use_when))
        assert cls.examples()
    names = [cls.cli_name for cls in selectors.values()]
    assert len(set(names)) == len(names)


# --- Documentation --------------------------------------------------------------------

# One summary line that begins with a capital and ends with a full stop; no parameter
# described that does not exist; sections named and ordered as numpydoc has them.
ALWAYS = set("GL05 GL06 GL07 GL08 SS01 SS02 SS03 SS04 PR02 PR03 PR10".split())
# Of what a user calls by name also: every parameter, and what is returned.
COMPLETE = ALWAYS | {"PR01", "RT01", "YD01"}
# What users are handed but do not make, and bases that are there to be subclassed.
NOT_CALLED = {f"coreselect.rows.{name}" for name in ("Block", "Holder", "Rows")}
BASES = {f"coreselect.{name}Selector" for name in ("Base", "Score", "Law", "Rank")}
BASES |= {"coreselect.BaseResampler"}

CALLED = [path for path in public_objects() if callable(resolve(path))]


def problems(path, codes):
    return [(code, text) for code, text in validate(path)["errors"] if code in codes]


@pytest.mark.parametrize("path", CALLED)
def test_docstring(path):
    assert not problems(path, ALWAYS if path in NOT_CALLED else COMPLETE)


@pytest.mark.parametrize("path", methods())
def test_docstring_of_method(path):
    assert not problems(path, ALWAYS)


@pytest.mark.parametrize("path", sorted(set(CALLED) - NOT_CALLED - BASES))
def test_docstring_has_an_example(path):
    thing = resolve(path)
    if inspect.isclass(thing) and issubclass(thing, Warning):
        return
    assert ">>> " in inspect.getdoc(thing)


def test_the_guide_to_writing_a_selector_works(tmp_path, monkeypatch):
    """Its example, as a user's own module, passes the checks that the page promises."""
    page = (ROOT / "docs" / "writing_a_selector.md").read_text(encoding="utf-8")
    code, resampler = re.findall(r"```python\n(.*?)```", page, flags=re.S)
    (tmp_path / "lightweight_of_the_guide.py").write_text(code, encoding="utf-8")
    (tmp_path / "midpoints_of_the_guide.py").write_text(resampler, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("lightweight_of_the_guide")
    check_selector(module.LightweightSelector(n_select=10))
    module = importlib.import_module("midpoints_of_the_guide")
    check_selector(module.MidpointOverSampler())


# --- The repository -------------------------------------------------------------------


def test_readme_names_the_two_commands_and_ci_runs_one():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme
    assert "pip install ." in readme
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.rstrip().endswith("make test")


def test_readme_works_on_a_package_page():
    """A relative link leads nowhere there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)]*)\)", readme)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_install_commands_work_without_a_release():
    """There is no release yet: pip finds coreselect in a checkout only."""
    for path in [*SOURCES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install (-\S+ )*['\"]?coreselect", text), path


def test_citation_has_the_version_and_licence():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {coreselect.__version__}\n" in citation
    assert "\nlicense: BSD-3-Clause\n" in citation


def test_readme_lists_every_selector():
    """A new method is in the README after `make tables`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert renewed(readme) == readme
    with pytest.raises(SystemExit, match="0 places"):
        renewed(readme.replace("<!-- selectors -->", ""))


def test_dependencies_have_lower_bounds_only():
    """Upper bounds and pins belong into constraints.txt."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    lines = [config["options"]["install_requires"], *extras.values()]
    for line in filter(None, "\n".join(lines).splitlines()):
        assert re.fullmatch(r"coreselect\[[\w,]+\]|[\w.\[\]-]+>=[\d.]+", line), line


def test_constraints_are_plain_pins():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if not line.startswith("#")]
    assert pins
    assert [p for p in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", p)] == []


@pytest.mark.slow
def test_wheel_holds_the_package_and_its_types(tmp_path):
    source = tmp_path / "source"  # a build leaves files behind where it runs
    shutil.copytree(ROOT / "coreselect", source / "coreselect")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    run(*pip, "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source))
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(n for n in names if n.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    assert {"coreselect/py.typed", "coreselect/__init__.pyi"} <= set(names)
    assert {n for n in names if ".dist-info/" not in n} == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "coreselect").rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "License-Expression: BSD-3-Clause" in text
    assert f"Version: {coreselect.__version__}" in text
