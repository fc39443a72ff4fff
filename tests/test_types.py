"""What editors and type checkers see: names, signatures and types."""

import jedi
import pytest

import coreselect
from tools.stub import STUB, stub


def test_the_stub_fits_the_exports():
    """A new export is in the stub after `make tables`."""
    assert STUB.read_text(encoding="utf-8") == stub()


@pytest.mark.parametrize(
    ("written", "completed"),
    [
        ("coreselect.Lev", "LeverageSelector"),
        ("coreselect.SMOTET", "SMOTETomek"),
        ("coreselect.lin", "linalg"),
        ("coreselect.linalg.lev", "leverage_scores"),
        ("coreselect.LeverageSelector().sele", "select"),
        ("coreselect.LeverageSelector().fit([[1.0]]).select().wei", "weights"),
    ],
)
def test_editors_complete(written, completed):
    script = jedi.Script(f"import coreselect\n{written}")
    assert completed in [found.name for found in script.complete()]


def test_editors_complete_every_name():
    found = jedi.Script("import coreselect\ncoreselect.").complete()
    names = {name for name in dir(coreselect) if not name.startswith("__")}
    assert {name.name for name in found} >= names - {"importlib"}
