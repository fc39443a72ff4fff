"""Write the tables of selectors and resamplers in README.md from the classes."""

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


def renewed(text):
    """Return the text of a README with its tables as they should be."""
    for kind in CLASSES:
        text, found = re.subn(
            rf"(<!-- {kind} -->\n).*?(\n<!-- end of {kind} -->)",
            lambda match, kind=kind: match[1] + table(kind) + match[2],
            text,
            flags=re.DOTALL,
        )
        if found != 1:
            raise SystemExit(f"{README} has {found} places for the table of {kind}.")
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
