"""Pages made from the package itself, so that no list is kept by hand."""

import importlib
import inspect
import itertools
import logging
import pkgutil
import re
from pathlib import Path

from sklearn.base import BaseEstimator

import coreselect
from benchmarks.data import DataUnavailable, fetch
from coreselect._budget import shown_bytes

logger = logging.getLogger(__name__)
README = Path(__file__).parents[1] / "README.md"
COLUMNS = ("Use it when", "Passes", "Cost", "Command line")

# The sections of the index, each with its first sentence.
KINDS = {
    "Selectors": "They choose rows; see :doc:`/which_selector`.",
    "Resamplers": "They change the shares of classes by making and dropping rows.",
    "Estimators": "They fit a model to selected or resampled rows.",
    "Functions": "They work on arrays and tables, without a selector.",
    "Results": "What selectors, resamplers and functions return.",
    "Constants": "Names that parameters take.",
    "Warnings": "Each is a class, so that Python's filters can silence it alone.",
    "Extending": "Bases of new methods; see :doc:`/writing_a_selector`.",
}
MODULES = "What the methods are made of, as functions on arrays."

CITATION = f"""\
@software{{coreselect,
  author  = {{{{The coreselect developers}}}},
  title   = {{coreselect: pick the rows that matter}},
  version = {{{coreselect.__version__}}},
  year    = {{2026}},
  license = {{BSD-3-Clause}}
}}""".splitlines()


def write_all(folder):
    """Write the API pages and the which-selector tables into `folder`."""
    modules = {"coreselect": _top_level(), **_submodules()}
    _write(folder / "api.rst", _api_index(modules))
    for module, names in modules.items():
        for name in names:
            _write(folder / f"{module}.{name}.rst", _page(module, name))
    selectors, resamplers = coreselect.all_selectors(), coreselect.all_resamplers()
    _write(folder / "which_selector_table.md", _table("Selector", selectors))
    _write(folder / "which_resampler_table.md", _table("Resampler", resamplers))
    _write(folder / "memory_table.md", _memory_table({**selectors, **resamplers}))
    _write(folder / "citation.md", ["```bibtex", *CITATION, "```"])
    _write(folder / "demo.md", _block_of_the_readme("demo"))


def _top_level():
    return [name for name in coreselect.__all__ if not name.startswith("_")]


def _submodules():
    """Return public modules that list their names, but are not exported at the top."""
    top = {id(getattr(coreselect, name)) for name in _top_level()}
    found = {}
    for info in pkgutil.iter_modules(coreselect.__path__):
        if info.name.startswith("_") or info.name == "cli":
            continue
        module = importlib.import_module(f"coreselect.{info.name}")
        names = [
            name
            for name in getattr(module, "__all__", ())
            if id(getattr(module, name)) not in top
        ]
        if names:
            found[module.__name__] = names
    return found


def _api_index(modules):
    """Return the index: what is exported at the top by its kind, then the modules."""
    kinds = {kind: [] for kind in KINDS}
    for name in modules["coreselect"]:
        kinds[_kind(name)].append(name)
    lines = _heading("API reference", "=")
    for kind, names in kinds.items():
        lines += [*_heading(kind, "-"), KINDS[kind], "", *_list("coreselect", names)]
    lines += [*_heading("Modules", "-"), MODULES, ""]
    for module, names in modules.items():
        if module != "coreselect":
            title = f"``{module}``"
            lines += [*_heading(title, "~"), _summary(importlib.import_module(module))]
            lines += ["", *_list(module, names)]
    lines += [".. toctree::", "   :hidden:", ""]
    in_order = {**modules, "coreselect": itertools.chain(*kinds.values())}
    for module, names in in_order.items():
        lines += [f"   {module}.{name}" for name in names]
    return lines


def _kind(name):
    """Return the section of the index in which a name of the package is listed."""
    thing = getattr(coreselect, name)
    if not inspect.isclass(thing):
        return "Functions" if callable(thing) else "Constants"
    if name in coreselect.all_selectors():
        return "Selectors"
    if name in coreselect.all_resamplers():
        return "Resamplers"
    if issubclass(thing, Warning):
        return "Warnings"
    if issubclass(thing, (coreselect.BaseSelector, coreselect.BaseResampler)):
        return "Extending"
    return "Estimators" if issubclass(thing, BaseEstimator) else "Results"


def _heading(title, line):
    return [title, line * len(title), ""]


def _list(module, names):
    lines = [".. list-table::", "   :widths: 30 70", ""]
    for name in names:
        summary = _summary(getattr(importlib.import_module(module), name))
        lines += [f"   * - :doc:`{name} <{module}.{name}>`", f"     - {summary}"]
    return [*lines, ""]


def _summary(thing):
    if not (inspect.ismodule(thing) or callable(thing)):
        return f"``{thing!r}``"
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _page(module, name):
    thing = getattr(importlib.import_module(module), name)
    title = f"{module}.{name}".removeprefix("coreselect.")
    lines = [*_heading(title, "="), f".. currentmodule:: {module}", ""]
    if inspect.isclass(thing):
        lines += [f".. autoclass:: {name}"]
        if members := _own_methods(thing):
            lines += [f"   :members: {', '.join(members)}"]
    elif callable(thing):
        lines += [f".. autofunction:: {name}"]
    else:
        return [*lines, f".. py:data:: {name}", "", f"   ``{thing!r}``"]
    gallery = [
        f".. minigallery:: {module}.{name}",
        "   :add-heading: Examples using it",
    ]
    return [*lines, "", *gallery]


def _own_methods(cls):
    """Return public methods and properties, without those of scikit-learn's bases."""
    if issubclass(cls, Warning):
        return []
    ours = [base for base in cls.__mro__ if base.__module__.startswith("coreselect")]
    members = {}
    for base in reversed(ours):
        members.update(vars(base))
    return [name for name, member in members.items() if _is_ours(cls, name, member)]


def _is_ours(cls, name, member):
    """Return whether a method is ours; scikit-learn adds others (set_fit_request)."""
    if name.startswith("_") or not (inspect.getdoc(getattr(cls, name, None)) or ""):
        return False
    if isinstance(member, property):
        return True
    home = getattr(getattr(member, "__func__", member), "__module__", None) or ""
    return callable(getattr(cls, name)) and home.startswith("coreselect")


def _table(kind, classes):
    return _markdown(
        (kind, *COLUMNS),
        [
            (_link(name), cls.use_when, cls.passes, cls.cost, f"`{cls.cli_name}`")
            for name, cls in classes.items()
        ],
    )


def _memory_table(classes):
    sizes = 10**6, 10**8
    rows = []
    for name, cls in classes.items():
        example = cls.examples()[0]
        needs = [coreselect.estimate_memory(example, n, 20, "float32") for n in sizes]
        rows.append((_link(name), cls.passes, *map(shown_bytes, needs)))
    header = [f"memory, {n:,} x 20" for n in sizes]
    return _markdown(("method", "passes", *header), rows)


def _link(name):
    return f"{{doc}}`{name} </generated/coreselect.{name}>`"


def _markdown(header, rows):
    """Return a table as lines of Markdown."""
    rows = [header, ["---"] * len(header), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in row] for row in rows)
    return [f"| {' | '.join(row)} |" for row in escaped]


def examples_without_data(folder):
    """Return a pattern of the examples whose data cannot be had here, for the gallery.

    Examples with real data load them by name through `benchmarks.data`.
    """
    left_out = []
    for path in sorted(folder.glob("plot_*.py")):
        names = re.findall(r'load\("(\w+)"\)', path.read_text(encoding="utf-8"))
        try:
            for name in names:
                fetch(name)
        except DataUnavailable as error:
            left_out.append(re.escape(path.name))
            logger.info("%s is left out of the gallery: %s", path.name, error)
    return "|".join(["__init__", *left_out])


def _block_of_the_readme(name):
    """Return the lines between two marks of the README; tools/demo.py writes them."""
    text = README.read_text(encoding="utf-8")
    return text.split(f"<!-- {name} -->\n")[1].split(f"\n<!-- end of {name} -->")[:1]


def _write(path: Path, lines):
    """Write only what has changed, so that Sphinx rebuilds as little as possible."""
    text = "\n".join(lines) + "\n"
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
