"""Write the descriptions of all methods that the command line reads."""

import json

import coreselect
from coreselect.cli.catalogue import PATH
from coreselect.cli.describe import described


def text():
    """Return what the file should hold: one method per exported class."""
    known = {**coreselect.all_selectors(), **coreselect.all_resamplers()}
    entries = ",\n".join(_written(described(cls)) for cls in known.values())
    return f"[\n{entries}\n]\n"


def _written(entry):
    """Return a description as JSON, with one line for each option."""
    options = ",\n  ".join(map(_json, entry["options"]))
    head = _json({**entry, "options": []}).removesuffix("]}")
    return f"{head}\n  {options}]}}"


def _json(value):
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
