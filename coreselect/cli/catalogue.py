"""The methods that commands can name, known without importing any of them.

`methods.json` holds the descriptions of all exported methods; `make tables` renews it.
A class that is exported but not described there is described when it is first needed.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import coreselect
from coreselect._words import suggestion

from .errors import UsageError

PATH = Path(__file__).parent / "methods.json"
_COMMANDS = {True: "select", False: "resample"}


class Method(NamedTuple):
    """A selector or resampler, as `coreselect.cli.describe` describes it."""

    name: str
    class_name: str
    selects: bool  # else it resamples
    passes: str
    cost: str
    use_when: str
    needs_size: bool
    needs_target: bool
    options: list

    def load(self):
        """Return the class."""
        return getattr(coreselect, self.class_name)

    def check(self, option):
        """Return the check of the values of one of the `options`."""
        found = self.load()
        return {**getattr(found, "select_checks", {}), **found.parameter_checks}[
            option["name"]
        ]


@cache
def _stored():
    entries = json.loads(PATH.read_text(encoding="utf-8"))
    return {entry["class_name"]: Method(**entry) for entry in entries}


def all_methods():
    """Return every exported `Method` by its command line name, selectors first."""
    found = [
        _stored().get(name) or _described(name)
        for home in ("selectors.", "imbalance.")
        for name, module in coreselect._EXPORTS.items()
        if module.startswith(home)
    ]
    return {method.name: method for method in found if method is not None}


def _described(name):
    from .describe import described

    exported = getattr(coreselect, name)
    return Method(**described(exported)) if hasattr(exported, "cli_name") else None


def names_of_methods(*, selects):
    """Return the command line names of all selectors, or of all resamplers."""
    return [m.name for m in all_methods().values() if m.selects is selects]


def methods_with(parameter):
    """Return the names of the methods that have an option for a parameter."""
    return [
        method.name
        for method in all_methods().values()
        if any(parameter in (o["name"], o.get("flag")) for o in method.options)
    ]


def find(name, *, selects):
    """Return the `Method` called `name`: its own name or that of its class.

    Case, hyphens and the ending "Selector" make no difference.
    """
    known = all_methods()
    by_word = {}
    for method in known.values():
        for word in (method.class_name, method.name):
            by_word[_plain(word)] = method
    found = by_word.get(_plain(name))
    if found is None:
        names = names_of_methods(selects=selects)
        raise UsageError(
            f"there is no method {name!r}.{suggestion(name, names)} Choose from: "
            f"{', '.join(names)}"
        )
    if found.selects is not selects:
        what = "selects rows" if found.selects else "resamples classes"
        raise UsageError(
            f"{name!r} {what}; use `coreselect {_COMMANDS[found.selects]}`"
        )
    return found


def _plain(name):
    return "".join(filter(str.isalnum, name.lower())).removesuffix("selector")
