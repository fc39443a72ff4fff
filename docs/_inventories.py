"""Inventories for links to other packages, made from lists: no network is needed."""

import zlib


def write_all(lists, folder):
    """Write an inventory per list; return the mapping that intersphinx takes."""
    folder.mkdir(exist_ok=True)
    mapping = {}
    for path in sorted(lists.glob("*.txt")):
        address, page, *names = path.read_text(encoding="utf-8").split("\n")
        target = folder / f"{path.stem}.inv"
        target.write_bytes(_inventory(path.stem, page, filter(None, names)))
        mapping[path.stem] = (address, str(target))
    return mapping


def _inventory(project, page, names):
    """Return an inventory in Sphinx's format, version 2."""
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {project}\n"
        "# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = []
    for line in names:
        role, name, *own_page = line.split()
        lines.append(f"{name} py:{role} 1 {(*own_page, page)[0].format(name=name)} -\n")
    return head.encode() + zlib.compress("".join(lines).encode())
