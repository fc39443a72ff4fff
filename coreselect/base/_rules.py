"""Which rows must, may and must not be selected, and how many of each group.

`fit` takes `groups`, `cost`, `include` and `exclude`; the constructor takes `quotas`,
and `budget` where rows are drawn by scores.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from coreselect._scratch import by_parts, largest, taken, where
from coreselect._typing import Integers
from coreselect._validation import OrNone, Real
from coreselect.rows import Rows
from coreselect.sampling.groups import Groups, numbered
from coreselect.sampling.rules import NO_RULES, Rules

BUDGET = OrNone(Real(0, strict=True))
_COLUMNS = ("groups", "cost")  # may be columns of a frame or a file


class GivenRules(NamedTuple):
    """What users said in `fit` about single rows and groups."""

    groups: Any = None
    cost: Any = None
    include: Any = None
    exclude: Any = None


NO_GIVEN = GivenRules()


def columns_named(selector: Any, given: dict[str, Any]) -> dict[str, str]:
    """Return the keywords of the `fit` of a selector that are names of columns."""
    known = (*_COLUMNS, *selector.row_values)
    return {k: given[k] for k in known if isinstance(given.get(k), str)}


def _check_asked(selector, given):
    """Raise if a selector cannot do what it was asked, or if something is missing."""
    name, obeys = type(selector).__name__, selector.row_rules
    asked = ["quotas"] if selector.quotas is not None else []
    asked += [key for key, value in given.items() if value is not None]
    for argument in asked:
        about = "quotas" if argument == "groups" else argument
        if not {argument, about} & {*obeys}:
            raise ValueError(
                f"{name} cannot take {argument}: {selector.no_rules}. Leave {argument} "
                "out, or use a selector that draws rows by scores, such as "
                "UniformSelector or LeverageSelector."
            )
    if "quotas" in asked and "groups" not in asked:
        raise ValueError(
            f"quotas={selector.quotas!r} needs the groups that it is about: pass "
            "groups to fit, one label per row."
        )
    if "groups" not in obeys and "groups" in asked and "quotas" not in asked:
        raise ValueError(
            f"groups changes nothing in {name} without quotas; give its constructor "
            "quotas={group: number of rows}, or leave groups out."
        )
    if selector._is_named(selector.n_select) and {*asked} - {"exclude"}:
        raise ValueError(
            f"n_select={selector.n_select!r} lets {name} find its size, which "
            f"{' and '.join(sorted({*asked} - {'exclude'}))} would change; give "
            "n_select as a number."
        )


def with_rules(rows: Rows, selector: Any, rules: GivenRules) -> Rows:
    """Return rows that carry what was said about them, without those of `exclude`.

    Rows that must not be selected get weight 0, so nothing is learned from them. The
    `Rules` travel with the rows, until `population` takes them.
    """
    if rules is NO_GIVEN and selector.quotas is None:  # `fit` takes none of them
        return rows
    named = {k: rows.per_row.pop(k) for k in _COLUMNS if k in rows.per_row}
    given = rules._asdict() | named
    _check_asked(selector, given)
    if selector.budget is None and all(value is None for value in given.values()):
        return rows
    if given["groups"] is not None:
        given["groups"] = Groups.of(given["groups"], rows.n_rows, "groups")
    found = Rules.of(
        rows.n_rows,
        of=rows.name,
        quotas=selector.quotas,
        budget=selector.budget,
        **given,
    )
    if "groups" in selector.row_rules:
        found.check_design(selector.design, "groups")
    elif found.groups is not None and found.groups.overlap:
        raise ValueError(
            f"groups overlaps (a column of bools for each group), but "
            f"{type(selector).__name__} needs one group for each row; pass one label "
            "per row."
        )
    if found.banned is not None and found.banned.any():
        weight = _zeroed(rows, found.banned)
        if not largest(weight):
            raise ValueError(
                "exclude names every row (of positive weight), so none is left; name "
                "fewer rows."
            )
        rows = rows.reweighted(weight)
    if found.n_musts == 0:
        found = replace(found, musts=None, banned=None)
    rows.per_row["rules"] = found
    return rows


class Population(NamedTuple):
    """The rows that a method learns from, and what it must respect.

    Attributes
    ----------
    rows : Rows
        All rows; those that it does not learn from have weight 0.
    rules : Rules
        About the rows of positive weight that were given.
    musts : ndarray of int64
        Rows that must be in but that the method does not learn from.
    """

    rows: Rows
    rules: Rules
    musts: Integers


def population(rows: Rows, musts_apart: bool) -> Population:
    """Take the rules from rows; with `musts_apart`, also the rows that must be in."""
    rules, none = rows.per_row.pop("rules", NO_RULES), np.empty(0, dtype=np.int64)
    positive: Any = slice(None)
    if rows.weight is not None and rules is not NO_RULES:
        weight = rows.weight
        positive = where(lambda rows: weight[rows], weight)
        _check_weights(rules, weight)
    if not (musts_apart and rules.n_musts):
        return Population(rows, rules[positive], none)
    musts = np.flatnonzero(rules.musts)
    others = rows.reweighted(_zeroed(rows, rules.musts))
    return Population(others, rules[positive], musts)


def _zeroed(rows, left_out):
    """Return the weights of rows, with 0 for those that are left out."""
    return by_parts(
        lambda out, weight: np.where(out, 0.0, 1.0 if weight is None else weight),
        *(left_out, rows.weight),
    )


def _check_weights(rules, weight):
    if rules.n_musts and not weight[rules.musts].all():
        found = np.flatnonzero(rules.musts & (weight == 0))
        raise ValueError(
            f"include names {len(found)} row(s) of weight 0, the first is row "
            f"{found[0]}; such rows do not count: leave them out of include, or give "
            "them a weight."
        )


def crossed(strata: Integers | None, rules: Rules, musts_apart: bool) -> Any:
    """Return strata such that each of them lies in one group, group by group."""
    groups = rules.groups
    if groups is None:
        return strata
    if groups.overlap:
        if strata is not None:
            raise ValueError(
                "stratify=True cannot be met beside groups that overlap (a column of "
                "bools each); add a column for each class to groups, and use "
                "stratify=False."
            )
        return None
    codes = groups.codes
    if musts_apart and rules.musts is not None:
        codes = taken(codes, where(lambda rows: ~rules.musts[rows], rules.musts))
    if strata is None:
        return numbered(lambda rows: codes[rows], codes)[1]
    n_classes = int(largest(strata)) + 1
    return numbered(
        lambda rows: codes[rows].astype(np.int64) * n_classes + strata[rows],
        *(codes, strata),
    )[1]
