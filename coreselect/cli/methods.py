"""`coreselect methods`: list the methods, their cost and when to use each."""

import shutil
import textwrap

from . import outputs
from .catalogue import all_methods
from .record import dumps

_COLUMNS = ("method", "class", "passes", "cost", "when to use it")


def run(args):
    """Print the table, or write the list, and return the exit code."""
    rows = [
        (method.name, method.class_name, method.passes, method.cost, method.use_when)
        for method in all_methods().values()
    ]
    if args.json is None:
        outputs.show(f"{_table(rows)}\n")
        return 0
    keys = ("method", "class", "passes", "cost", "use_when")
    text = dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2) + "\n"
    outputs.check_outputs([], {"--json": args.json}, args.force)
    outputs.write_all([], args.force, {args.json: text})
    return 0


def _table(rows):
    """Return the table; the last column is wrapped to the width of the terminal."""
    short = outputs.aligned([row[:4] for row in [_COLUMNS, *rows]])
    heads = short.split("\n")
    margin = max(map(len, heads)) + 2
    room = max(24, shutil.get_terminal_size((100, 24)).columns - margin - 1)
    lines = []
    for head, row in zip(heads, [_COLUMNS, *rows], strict=True):
        parts = textwrap.wrap(row[4], room) or [""]
        lines.append(head.ljust(margin) + parts[0])
        lines += [" " * margin + part for part in parts[1:]]
    return "\n".join(line.rstrip() for line in lines)
