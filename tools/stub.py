"""Write coreselect/__init__.pyi, which tells editors and type checkers the names.

The package loads its names on first use, so tools that read its source see none of
them. The stub says where each is defined; a test compares it with the exports.
"""

from pathlib import Path

import coreselect
from coreselect import _EXPORTS, _SUBMODULES

STUB = Path(coreselect.__file__).with_suffix(".pyi")

TEMPLATE = """\
# Made by `make tables` from the exports in __init__.py.

{submodules}
{names}

__version__: str
__all__ = {exported}

def all_selectors() -> dict[str, type[BaseSelector]]: ...
def all_resamplers() -> dict[str, type[BaseResampler]]: ...
"""


def stub():
    """Return the text of the stub that fits the exports."""
    # In stubs, only the form with `as` exports what it imports.
    names = [
        f"from coreselect.{home} import {name} as {name}"
        for name, home in _EXPORTS.items()
    ]
    submodules = [f"from coreselect import {name} as {name}" for name in _SUBMODULES]
    return TEMPLATE.format(
        submodules="\n".join(submodules),
        names="\n".join(sorted(names)),
        exported=coreselect.__all__,
    )


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
