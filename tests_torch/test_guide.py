"""The code of the guide's page about torch: `make test-torch`."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "torch.md"


def test_the_code_of_the_page_runs():
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    names = {}
    exec("\n".join(code), names)  # each block goes on where the one before stopped
    assert names["steps"] == 160
    assert names["schedule"].last_epoch == 160
    assert len(names["selection"]) == 1000
    assert names["gradients"].shape == (10_000, 256)
    assert names["hidden"].shape == (10_000, 32)
    assert len(names["chosen"]) <= 500
