"""A line on standard error that shows the progress of a long run."""

import logging
import sys
import time
from contextlib import contextmanager

from coreselect._budget import shown_bytes

_PATIENCE = 0.5  # seconds before anything is shown
_EVERY = 0.1  # seconds between two changes of the line
_TITLES = {
    "block": "over the data:",
    "byte": "finding the types of columns:",
    "row": "writing rows:",
}


class Line:
    """One line on a terminal, rewritten in place; nothing is shown elsewhere.

    Parameters
    ----------
    stream : text stream, optional
        By default the current standard error.
    """

    def __init__(self, stream=None):
        self._stream = sys.stderr if stream is None else stream
        # There is no standard error after `2>&-`.
        self._live = self._stream is not None and self._stream.isatty()
        self._next = time.monotonic() + _PATIENCE
        self._width = 0

    def show(self, text):
        """Replace the line by `text`."""
        now = time.monotonic()
        # Terminals are slow: at most ten lines a second.
        if not self._live or now < self._next:
            return
        self._next = now + _EVERY
        self._write(text)

    def clear(self):
        """Erase the line."""
        if self._width:
            self._write("")

    def _write(self, text):
        end = "\r" if not text else ""
        self._stream.write("\r" + text.ljust(self._width) + end)
        self._stream.flush()
        self._width = len(text)


@contextmanager
def line():
    """Yield a `Line` that is erased afterwards."""
    progress = Line()
    try:
        yield progress
    finally:
        progress.clear()


class _Passes(logging.Handler):
    """Show how far passes are, which `coreselect.rows` logs."""

    def __init__(self, progress):
        super().__init__(logging.DEBUG)
        self._progress = progress
        self._number = 1
        self._done = 0

    def emit(self, record):
        if not hasattr(record, "done"):
            return
        what, done, total = record.what, record.done, record.total
        text = _TITLES[what]
        if what == "block":
            if done <= self._done:  # the count of blocks starts again with every pass
                self._number += 1
            self._done, text = done, f"pass {self._number} {text}"
        bar = ("#" * (20 * done // total)).ljust(20, ".")
        far = f"{what} {done:,} of {total:,}"
        if what == "byte":
            far = f"{shown_bytes(done)} of {shown_bytes(total)}"
        self._progress.show(f"{text} [{bar}] {far}")


@contextmanager
def passes():
    """Show passes over the data while the block runs, on a terminal only."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    logger = logging.getLogger("coreselect.rows")
    level = logger.level
    with line() as progress:
        handler = _Passes(progress)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
