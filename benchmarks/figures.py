"""Measured figures with their limits, and medians of calls that take turns."""

import statistics
import time
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured figure; `limit` is the largest that will do, or the smallest."""

    section: str
    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def reached(self):
        """Whether the figure keeps its limit; None for a figure without one."""
        if self.at_most is not None:
            return bool(self.value <= self.at_most)
        if self.at_least is not None:
            return bool(self.value >= self.at_least)
        return None


def seconds(call):
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def medians(calls, repeat):
    """Median seconds of each call; the calls take turns, the first turn is dropped."""
    turns = [[seconds(call) for call in calls] for _ in range(repeat + 1)]
    return [statistics.median(column) for column in zip(*turns[1:], strict=True)]


def line(figure):
    """Show a figure as one line of the table."""
    verdict = {None: "", True: "reached", False: "MISSED"}[figure.reached]
    limit = ""
    if figure.at_most is not None:
        limit = f"<= {figure.at_most:g} {figure.unit}"
    elif figure.at_least is not None:
        limit = f">= {figure.at_least:g} {figure.unit}"
    value = f"{figure.value:.4g} {figure.unit}"
    return f"  {figure.name:60} {value:>12}  {limit:>11}  {verdict}".rstrip()
