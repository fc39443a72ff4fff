"""Pages made from the package itself, so that no list is kept by hand."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import coreselect

COLUMNS = ("Use it when", "Passes", "Cost", "Command line")


def write_all(folder):
    """Write the API pages and the which-selector tables into `folder`."""
    groups = {"coreselect": _top_level(), **_submodules()}
    _write(folder / "api.rst", _api_index(groups))
    for module, names in groups.items():
        for name in names:
            _write(folder / f"{module}.{name}.rst", _page(module, name))
    selectors, resamplers = coreselect.all_selectors(), coreselect.all_resamplers()
    _write(folder / "which_selector_table.md", _table("Selector", selectors))
    _write(folder / "which_resampler_table.md", _table("Resampler", resamplers))


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


def _api_index(groups):
    lines = ["API reference", "=============", ""]
    for module, names in groups.items():
        title = f"``{module}``"
        lines += [title, "-" * len(title), ""]
        lines += [".. list-table::", "   :widths: 30 70", ""]
        for name in names:
            summary = _summary(getattr(importlib.import_module(module), name))
            lines += [f"   * - :doc:`{name} <{module}.{name}>`", f"     - {summary}"]
        lines += [""]
    lines += [".. toctree::", "   :hidden:", ""]
    for module, names in groups.items():
        lines += [f"   {module}.{name}" for name in names]
    return lines


def _summary(thing):
    if not (inspect.isclass(thing) or callable(thing)):
        return f"``{thing!r}``"
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _page(module, name):
    thing = getattr(importlib.import_module(module), name)
    title = f"{module}.{name}".removeprefix("coreselect.")
    lines = [title, "=" * len(title), "", f".. currentmodule:: {module}", ""]
    if inspect.isclass(thing):
        lines += [f".. autoclass:: {name}"]
        if members := _own_methods(thing):
            lines += [f"   :members: {', '.join(members)}"]
    elif callable(thing):
        lines += [f".. autofunction:: {name}"]
    else:
        lines += [f".. py:data:: {name}", "", f"   ``{thing!r}``"]
    return lines


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
    rows = [(kind, *COLUMNS), ["---"] * (1 + len(COLUMNS))] + [
        (
            f"{{doc}}`{name} </generated/coreselect.{name}>`",
            cls.use_when,
            cls.passes,
            cls.cost,
            f"`{cls.cli_name}`",
        )
        for name, cls in classes.items()
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def _write(path: Path, lines):
    """Write only what has changed, so that Sphinx rebuilds as little as possible."""
    text = "\n".join(lines) + "\n"
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
