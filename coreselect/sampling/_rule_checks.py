"""Checks of the arguments that make `Rules`."""

from __future__ import annotations

import numbers

import numpy as np

from coreselect._validation import (
    Real,
    as_written,
    check_count,
    check_vector,
    is_number,
)
from coreselect._words import suggestion


def checked_quotas(quotas, groups):
    """Return quotas by the number of the group, as pairs of bounds."""
    if groups is None:
        raise ValueError("quotas needs the groups that it is about: pass strata.")
    if not isinstance(quotas, dict):
        raise TypeError(
            "quotas must be a dict from groups to numbers of rows, shares of the size, "
            f"or pairs (least, most), got {quotas!r}."
        )
    numbers_of = {label: code for code, label in enumerate(groups.labels)}
    found = {}
    for label, quota in quotas.items():
        if label not in numbers_of:
            known = ", ".join(map(repr, list(numbers_of)[:10]))
            known += ", ..." if len(numbers_of) > 10 else ""
            raise ValueError(
                f"quotas names group {label!r}, which has no rows; the groups are "
                f"{known}.{suggestion(label, numbers_of)}"
            )
        pair = quota if isinstance(quota, (tuple, list)) else (quota, quota)
        if len(pair) != 2:
            raise ValueError(
                f"quotas[{label!r}] must be a number or a pair (least, most), got "
                f"{quota!r}."
            )
        least = 0 if pair[0] is None else _bound(pair[0], label)
        most = None if pair[1] is None else _bound(pair[1], label)
        if type(least) is type(most) and least > most:
            raise ValueError(
                f"quotas[{label!r}]: the least, {pair[0]!r}, is more than the most, "
                f"{pair[1]!r}."
            )
        found[numbers_of[label]] = least, most
    return found


def _bound(value, label):
    """Return a bound of a quota as an int, or as a share of the size."""
    name = f"quotas[{label!r}]"
    if not is_number(value):
        raise TypeError(f"{name} must be numbers of rows or shares, got {value!r}.")
    if isinstance(value, numbers.Integral):
        return check_count(value, name)
    if not 0 <= value <= 1:
        raise ValueError(
            f"{name} must be an int (rows) or a float from 0 to 1 (share of the size), "
            f"got {value!r}."
        )
    return as_written(float(value))


def checked_cost(cost, budget, n_rows):
    if (cost is None) != (budget is None):
        here, missing = ("cost", "budget") if budget is None else ("budget", "cost")
        raise ValueError(f"{here} changes nothing without {missing}; give both.")
    if cost is None:
        return None, None
    Real(0, strict=True)("budget", budget)
    cost = check_vector(cost, n_rows, "cost")
    if len(cost) and cost.min() < 0:
        row = int(np.argmin(cost))
        raise ValueError(
            f"cost must not be negative, got {cost[row]:g} at position {row}."
        )
    return cost, float(budget)
