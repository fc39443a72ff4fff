"""Where the values of rows live changes no selection and no new row."""

import pytest

from coreselect import _scratch
from coreselect._budget import memory_budget
from coreselect.rows import open as open_rows
from coreselect.testing._instances import chosen, data_for
from coreselect.testing._shared import ensure_same
from tests.test_common import EXAMPLES, RESAMPLERS, marked


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(example, id=repr(example), marks=marks)
        for example, marks in marked([*EXAMPLES, *RESAMPLERS])
    ],
)
def test_scratch_files_change_nothing(estimator, monkeypatch):
    X, y, weight = data_for(estimator)
    weight[::11] = 0
    rows = open_rows(X, y, weight, block_rows=16)
    whole = chosen(estimator, rows)
    monkeypatch.setattr(_scratch, "_PART", 7)
    in_parts = chosen(estimator, rows)
    monkeypatch.setattr(_scratch, "_SHARE", 2**62)  # not even a byte stays in memory
    with memory_budget("8GB"):
        in_files = chosen(estimator, rows)
    ensure_same(whole, in_parts, "parts gave other rows", 1e-12)
    ensure_same(in_parts, in_files, "scratch files gave other rows", 0)
