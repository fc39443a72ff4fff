"""A new resampler is one file and one line in the table of exports."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import coreselect
from coreselect.cli import main
from docs import _generate

PAGE = Path(coreselect.__file__).parents[1] / "docs" / "writing_a_selector.md"


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """The resampler of the guide, as one more file of the package."""
    *_, code = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.S)
    (tmp_path / "midpoints.py").write_text(code, encoding="utf-8")
    over = import_module("coreselect.imbalance.over")
    monkeypatch.setattr(over, "__path__", [*over.__path__, str(tmp_path)])
    monkeypatch.setitem(
        coreselect._EXPORTS, "MidpointOverSampler", "imbalance.over.midpoints"
    )
    yield coreselect.MidpointOverSampler
    vars(coreselect).pop("MidpointOverSampler", None)


def test_it_is_listed_and_described(stranger):
    assert coreselect.all_resamplers()["MidpointOverSampler"] is stranger
    table = "\n".join(_generate._table("Resampler", coreselect.all_resamplers()))
    assert stranger.use_when in table


def test_the_command_line_runs_it(stranger, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.random(30), "y": ["x"] * 10 + ["z"] * 20})
    frame.to_csv(tmp_path / "in.csv", index=False)
    words = ["--target", "y", "--method", "midpoints", "-o", str(tmp_path / "out.csv")]
    assert main(["resample", str(tmp_path / "in.csv"), *words]) == 0
    assert pd.read_csv(tmp_path / "out.csv")["y"].value_counts().to_dict() == {
        "x": 20,
        "z": 20,
    }


def test_it_follows_either_protocol(stranger):
    X, y = np.arange(30.0)[:, None] ** 2, np.repeat([0, 1], [10, 20])
    for protocol in ("coreselect", "imblearn"):
        sampler = stranger(random_state=0, protocol=protocol).fit(X, y)
        synthesis = sampler.selection_
        middle = (X[synthesis.base] + X[synthesis.neighbor]) / 2
        np.testing.assert_array_equal(synthesis.take(X)[30:], middle)
