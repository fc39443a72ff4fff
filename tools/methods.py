"""Write the descriptions of all methods that the command line reads."""

import json

import coreselect
from coreselect.cli.catalogue import PATH
from coreselect.cli.describe import described


def text():
    """Return what the file should hold: one method per exported class."""
    known = {**coreselect.all_selectors(), **coreselect.all_resamplers()}
    entries = [described(cls) for cls in known.values()]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
