"""Measured figures with their limits, and medians of interleaved calls."""

import statistics
import time
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured figure with its largest or smallest allowed value."""

    section: str
    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def reached(self):
        """Return whether the figure keeps its limit; None if it has none."""
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
    """Return the median seconds of each of some interleaved calls but the first."""
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
