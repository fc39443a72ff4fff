"""Write the tables of methods in README.md from the classes, and other blocks."""

import re
from pathlib import Path

import coreselect

README = Path(__file__).parent.parent / "README.md"
CLASSES = {
    "selectors": coreselect.all_selectors,
    "resamplers": coreselect.all_resamplers,
}


def table(kind):
    """Return the table of `kind`, "selectors" or "resamplers", as Markdown."""
    rows = [
        (f"`{name}`", cls.use_when, cls.cost.replace("^2", "²"))
        for name, cls in CLASSES[kind]().items()
    ]
    head = [(kind.capitalize()[:-1], "When to use it", "Cost"), ("---",) * 3]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def with_block(text, name, block):
    """Return the text of a README with another block between the marks of `name`."""
    marks = rf"(<!-- {name} -->\n)(?:.*?\n)?(<!-- end of {name} -->)"
    text, found = re.subn(
        marks, lambda match: f"{match[1]}{block}\n{match[2]}", text, flags=re.DOTALL
    )
    if found != 1:
        raise SystemExit(f"{README} has {found} places for the block {name}.")
    return text


def renewed(text):
    """Return the text of a README with its tables as they should be."""
    for kind in CLASSES:
        text = with_block(text, kind, table(kind))
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
