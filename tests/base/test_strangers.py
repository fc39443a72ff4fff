"""A new selector is one file, and one line in `coreselect/__init__.py`."""

import inspect
import sys

import numpy as np
import pytest

import coreselect
from coreselect.cli import main
from coreselect.testing import check_selector
from tests.base import stranger

CLASSES = [
    stranger.FirstColumnSelector,
    stranger.EveryOtherSelector,
    stranger.LongestSelector,
]


@pytest.fixture
def exported(monkeypatch):
    """Export the classes of the file, one line each."""
    monkeypatch.setitem(sys.modules, "coreselect.selectors.stranger", stranger)
    for cls in CLASSES:
        monkeypatch.setitem(coreselect._EXPORTS, cls.__name__, "selectors.stranger")
        monkeypatch.setattr(coreselect, cls.__name__, cls, raising=False)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_checks_pass(cls):
    check_selector(cls(10))


def test_one_line_puts_a_class_on_the_command_line(exported, tmp_path, capsys):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).standard_normal((50, 3)))
    assert {cls.__name__ for cls in CLASSES} <= set(coreselect.all_selectors())
    assert main(["methods"]) == 0
    table = capsys.readouterr().out
    for cls in CLASSES:
        assert cls.cli_name in table
        out = tmp_path / f"{cls.cli_name}.npz"
        words = ["select", tmp_path / "rows.npy", "--method", cls.cli_name]
        assert main([str(word) for word in [*words, "-n", 5, "-o", out]]) == 0
        assert len(np.load(out)["weight"]) == 5


def test_no_class_of_the_file_needs_more_than_documented_hooks():
    hooks = {"_learn", "_scores", "_sample", "_rank"}
    for cls in CLASSES:
        private = {name for name in vars(cls) if name[0] == "_" and name[1] != "_"}
        own = {name for name in private if inspect.isfunction(getattr(cls, name))}
        assert own <= hooks
