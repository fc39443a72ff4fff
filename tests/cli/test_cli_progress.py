"""Progress: shown to a terminal, and only there; gone when the work is done."""

import io
import logging
from types import SimpleNamespace

import numpy as np
import pytest

from coreselect import rows
from coreselect._budget import shown_bytes
from coreselect.cli import progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    return stream


def _two_passes():
    data = rows.open(np.ones((600, 2)), block_rows=256)
    for _ in range(2):
        data.reduce(lambda block: block.X.sum(), lambda a, b: a + b)


def test_passes_are_counted_and_cleared(terminal):
    with progress.passes():
        _two_passes()
    shown = [text.strip() for text in terminal.getvalue().split("\r")]
    assert shown[1].startswith("pass 1 over the data: [######")
    assert shown[3].endswith("block 3 of 3")
    assert shown[4].startswith("pass 2 ")
    assert shown[-2:] == ["", ""]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_text_is_followed_by_bytes_and_rows(terminal, tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    rows.write(path, {"a": np.arange(400_000)})
    with progress.passes():
        rows.write(tmp_path / "rows.parquet", rows.open(path))
    shown = [text.strip() for text in terminal.getvalue().split("\r")]
    size = shown_bytes(path.stat().st_size)
    assert any(
        text.startswith("finding the types of columns: [###") and text.endswith(size)
        for text in shown
    )
    assert shown[-3] == f"writing rows: [{'#' * 20}] row 400,000 of 400,000"


def test_the_logger_is_left_as_it_was(terminal):
    logger = logging.getLogger("coreselect.rows")
    level, handlers = logger.level, list(logger.handlers)
    logger.setLevel(logging.ERROR)
    try:
        with pytest.raises(KeyboardInterrupt), progress.passes():
            raise KeyboardInterrupt
        assert (logger.level, logger.handlers) == (logging.ERROR, handlers)
    finally:
        logger.setLevel(level)


def test_nothing_is_shown_elsewhere(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress.passes(), progress.line() as line:
        line.show("something")
        _two_passes()
    assert stream.getvalue() == ""


def test_short_work_shows_nothing(terminal, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 60.0)
    with progress.passes():
        _two_passes()
    assert terminal.getvalue() == ""


def test_a_shorter_text_covers_a_longer_one(terminal):
    line = progress.Line()
    line.show("abcdef")
    line.show("xy")
    line.clear()
    assert terminal.getvalue() == "\rabcdef\rxy    \r  \r"


def test_compare_shows_what_it_does(terminal, tmp_path):
    from coreselect.cli import main

    np.savez(tmp_path / "in.npz", X=np.eye(40), y=np.arange(40) % 2)
    words = ["compare", tmp_path / "in.npz", "--target", "y", "-n", "9", "--seeds", 1]
    assert main([str(word) for word in words]) == 0
    assert "uniform, seed 1 of 1 (fit 2 of" in terminal.getvalue()
