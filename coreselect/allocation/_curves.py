"""Learning curves as arrays, and the checks of what is given for every group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coreselect._typing import Floats
from coreselect._validation import Real, as_array, check_vector, is_number, naming


class Curves(NamedTuple):
    """Power laws of the groups; every array has shape (n_groups,)."""

    groups: list
    sigma: Floats
    power: Floats
    floor: Floats
    pooled: Floats
    pooled_power: Floats


def as_curves(curves: Any) -> Curves:
    """Return curves that are given as an array or as what `learning_curves` returns."""
    if hasattr(curves, "pooled_power"):
        return Curves(*(getattr(curves, name) for name in Curves._fields))
    with naming("curves"):
        array = as_array(curves, "curves")
        if array.ndim != 2 or array.shape[1] not in (2, 3) or not len(array):
            raise ValueError(
                "curves must have one row per group, with the columns sigma, power and "
                f"perhaps floor; got an array of shape {array.shape}."
            )
        columns = [
            check_vector(column, None, f"curves, column {name}")
            for name, column in zip(("sigma", "power", "floor"), array.T, strict=False)
        ]
    sigma, power, *more = columns
    floor = more[0] if more else np.zeros(len(sigma))
    for name, column, wrong, words in (
        ("sigma", sigma, sigma < 0, "must not be negative"),
        ("power", power, power <= 0, "must be above 0"),
        ("floor", floor, floor < 0, "must not be negative"),
    ):
        if wrong.any():
            group = int(np.argmax(wrong))
            raise ValueError(
                f"curves: {name} {words}, got {column[group]:g} for group {group}."
            )
    none, one = np.zeros(len(sigma)), np.ones(len(sigma))
    return Curves(list(range(len(sigma))), sigma, power, floor, none, one)


def per_group(values: Any, groups: list, name: str, default: float) -> Floats:
    """Return one finite number for each group.

    Parameters
    ----------
    values : None, number, array-like of shape (n_groups,) or dict of group to number
        None, and groups that a dict lacks, get the default.
    """
    if values is None:
        return np.full(len(groups), default)
    if isinstance(values, dict):
        unknown = [group for group in values if group not in groups]
        if unknown:
            raise ValueError(
                f"{name} names the group {unknown[0]!r}, but the groups are "
                f"{', '.join(map(repr, groups))}."
            )
        values = [values.get(group, default) for group in groups]
        if not np.isfinite(default):
            return _with_infinity(values, groups, name)
    if is_number(values):
        if values != np.inf or np.isfinite(default):
            Real()(name, values)
        values = np.full(len(groups), float(values))
    array = as_array(values, name)
    if not np.isfinite(default):
        return _with_infinity(array, groups, name)
    return check_vector(array, len(groups), name, of="groups")


def _with_infinity(values, groups, name):
    """Return numbers of groups where infinity is allowed."""
    array = as_array(values, name)
    infinite = array == np.inf
    array = np.where(infinite, 0.0, array) if array.dtype.kind in "iuf" else array
    return np.where(
        infinite, np.inf, check_vector(array, len(groups), name, of="groups")
    )


def refuse(array: Floats, groups: list, name: str, wrong: Any, words: str) -> None:
    """Raise if a number of a group is wrong."""
    if np.any(wrong):
        at = int(np.argmax(wrong))
        raise ValueError(f"{name} {words}, got {array[at]:g} for group {groups[at]!r}.")


def check_costs(cost: Any, groups: list) -> Floats:
    """Return the cost of a row of each group; 1 by default."""
    array = per_group(cost, groups, "cost", 1.0)
    refuse(array, groups, "cost", array <= 0, "must be above 0")
    return array
