"""Which rows must, may and must not be drawn, how many of each group, at what cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from coreselect._filling import in_range, scaled
from coreselect._quotas import bounded_quotas
from coreselect._scratch import by_parts
from coreselect._typing import Booleans, Floats, Integers
from coreselect._validation import warn_user
from coreselect.sampling._chances import fill, rake
from coreselect.sampling._rule_checks import checked_cost, checked_quotas
from coreselect.sampling.groups import Groups, row_mask
from coreselect.sampling.turns import Purse, Turns

_EPS = 1e-9  # bounds this close to a whole number are whole
_ROUNDING = 1e-12  # relative; sums of costs may exceed a budget by this
_FREE = 2.0**-400  # costs far below or above a budget are moved this near to it


@dataclass(frozen=True, eq=False)
class Rules:
    """What a draw of rows must respect; made by `of`.

    Attributes
    ----------
    groups : Groups or None
        The groups that `quotas` are about.
    quotas : dict
        For numbers of groups: the least and the most rows, as fractions of the size
        (`Fraction`) or numbers (int).
    musts, banned : ndarray of bool of shape (n_rows,) or None
        Rows that must be in, and that must not.
    cost : ndarray of shape (n_rows,) or None
    budget : float or None
        What the drawn rows may cost together; takes the place of a size.
    """

    groups: Groups | Any = None
    quotas: dict[int, tuple[Any, Any]] | None = None
    musts: Booleans | Any = None
    banned: Booleans | Any = None
    cost: Floats | Any = None
    budget: float | Any = None

    @classmethod
    def of(
        cls,
        n_rows: int,
        *,
        groups: Groups | None = None,
        quotas: Any = None,
        include: Any = None,
        exclude: Any = None,
        cost: Any = None,
        budget: float | None = None,
        of: str = "scores",
    ) -> Rules:
        """Check arguments of users about the rows of `of`.

        `groups` are made by `Groups.of`.
        """
        musts = banned = None
        if include is not None or exclude is not None:
            musts = row_mask(include, n_rows, "include", of)
            banned = row_mask(exclude, n_rows, "exclude", of)
            both = np.flatnonzero(musts & banned)
            if len(both):
                raise ValueError(
                    f"include and exclude both name {len(both)} row(s), the first is "
                    f"row {both[0]}; name each row in one of them."
                )
        if quotas is not None:
            quotas = checked_quotas(quotas, groups)
        return cls(groups, quotas, musts, banned, *checked_cost(cost, budget, n_rows))

    def __getitem__(self, rows: Any) -> Rules:
        """Return the rules for some of the rows, or for all in another order."""
        given = (self.musts, self.banned, self.cost)
        musts, banned, cost = (None if v is None else v[rows] for v in given)
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, groups=groups, musts=musts, banned=banned, cost=cost)

    @property
    def n_musts(self) -> int:
        """How many rows must be in."""
        return 0 if self.musts is None else int(np.count_nonzero(self.musts))

    @property
    def conditions(self) -> str:
        """What all selections that respect quotas and musts have in common."""
        said = ["with the same limits for groups"] if self.quotas is not None else []
        if self.n_musts:
            said.append("with the required rows among them")
        return " and ".join(said)

    @property
    def reorder(self) -> bool:
        """Whether the first rows of a ranking may not be those that respect them."""
        return self.quotas is not None or self.n_musts > 0

    def check_design(self, design: str, name: str = "strata") -> None:
        """Raise if a sampling design cannot respect the rules."""
        if self.cost is not None and not self.cost.all():
            raise ValueError(
                f"cost must be positive, got 0 at position {np.argmin(self.cost)}; "
                "give rows that cost nothing a tiny cost, and they will be drawn."
            )
        if self.budget is not None and design in ("priority", "multinomial"):
            raise ValueError(
                f"design={design!r} cannot meet a budget: it draws a fixed number of "
                "rows, whatever they cost; use pivotal, systematic, balanced or "
                "poisson."
            )
        if self.groups is not None and self.groups.overlap and design != "balanced":
            raise ValueError(
                f"{name} has groups that overlap (a column of bools each), which only "
                f"design='balanced' can draw from, got design={design!r}."
            )

    def check_size(self, size: int, given: Any, name: str) -> None:
        """Raise if a size has no room for the rows that must be in, or for quotas."""
        if self.n_musts > size:
            raise ValueError(
                f"include names {self.n_musts} rows, more than {name}={given!r} "
                f"({size} rows) has room for; name fewer rows, or raise the size."
            )
        if self.quotas is not None:
            self.bounds(size, name)

    def bounds(self, size: int | Any, name: str = "size") -> tuple[Floats, Floats]:
        """Return the least and the most rows of each group, rows that must be in too.

        Raises
        ------
        ValueError
            If no `size` rows meet the quotas; it names the group and both numbers.
        """
        groups = self.groups
        low: list[Any] = [Fraction(0)] * groups.n
        high: list[Any] = [None] * groups.n
        for code, (least, most) in (self.quotas or {}).items():
            shares = isinstance(least, Fraction) or isinstance(most, Fraction)
            if size is None and shares:
                raise ValueError(
                    f"quotas gives group {groups.labels[code]!r} a share of the size, "
                    "but with a budget there is no size; give numbers of rows."
                )
            low[code] = least * size if isinstance(least, Fraction) else Fraction(least)
            if most is not None:
                most = most * size if isinstance(most, Fraction) else Fraction(most)
            high[code] = most
            if most is not None and low[code] > most:
                raise ValueError(
                    f"quotas[{groups.labels[code]!r}]: the least is more than the "
                    f"most, {float(low[code]):g} rows against {float(most):g}."
                )
        self._check_bounds(low, high, size, name)
        most = [np.inf if bound is None else float(bound) for bound in high]
        return np.array([float(bound) for bound in low]), np.array(most)

    def _check_bounds(self, low, high, size, name):
        groups = self.groups
        musts = self._musts_of_groups()
        there = groups.totals(1.0 if self.banned is None else ~self.banned)
        for label, least, most, n_musts, n_rows in zip(
            groups.labels, low, high, musts, there, strict=True
        ):
            if least > n_rows:
                raise ValueError(
                    f"quotas asks for {float(least):g} rows of group {label!r}, which "
                    f"has only {n_rows:g} rows; ask for fewer."
                )
            if size is not None and least > size:
                raise ValueError(
                    f"quotas asks for {float(least):g} rows of group {label!r}, more "
                    f"than {name}={size} rows in all; ask for fewer, or raise the size."
                )
            if most is not None and n_musts > most:
                raise ValueError(
                    f"include names {n_musts:g} rows of group {label!r}, but quotas "
                    f"allows only {float(most):g}; name fewer, or raise the quota."
                )
        if size is None or groups.overlap:
            return
        if sum(low) > size:
            named = [
                f"{float(least):g} of {label!r}"
                for label, least in zip(groups.labels, low, strict=True)
                if least
            ]
            shown = ", ".join(named[:10]) + (", ..." if len(named) > 10 else "")
            raise ValueError(
                f"quotas asks for {float(sum(low)):g} rows in all ({shown}), more than "
                f"{name}={size}; ask for fewer, or raise the size."
            )
        room = [n if m is None else min(m, n) for m, n in zip(high, there, strict=True)]
        if sum(room) < size <= there.sum():
            raise ValueError(
                f"quotas allows only {float(sum(room)):g} rows in all, fewer than "
                f"{name}={size}; allow more rows of some group, or lower the size."
            )

    def open_scores(self, scores: Floats) -> Floats:
        """Return the scores, with 0 for rows that must be in or must not."""
        if self.musts is None:
            return scores
        return by_parts(
            lambda score, must, banned: np.where(must | banned, 0.0, score),
            *(scores, self.musts, self.banned),
        )

    def chances(self, scores: Floats, size: int | Any) -> Floats | None:
        """Return inclusion probabilities that meet quotas or a budget; None without.

        Parameters
        ----------
        scores : ndarray of shape (n_rows,)
            What `open_scores` returned.
        size : int or None
            Number of rows, with those that must be in; None with a budget.

        Returns
        -------
        ndarray of shape (n_rows,) or None
            0 for the rows that must be in.
        """
        if self.quotas is None and self.budget is None:
            return None
        if self.budget is not None:
            cost, exponent = scaled(self.cost)
            total = np.ldexp(self.budget, -exponent) - self._cost_of_musts(
                cost, exponent
            )
            # The variance of a total of values near the scores is smallest so.
            scores = scaled(scores)[0] / np.sqrt(self.cost)
        else:
            cost, total = None, size - self.n_musts
        if self.quotas is None:
            return fill(scores, total, cost)
        groups = self.groups
        low, high = self._left_bounds(scores, size)
        scores = np.where(groups.in_any(high <= 0), 0.0, scores)
        if groups.overlap:
            chances = rake(scores, total, cost, groups, low, high)
        elif cost is not None:
            chances = self._within_budget(scores, total, cost, low, high)
        else:
            there = groups.totals(scores > 0)
            high = np.minimum(high, there)
            totals = groups.totals(fill(scores, min(total, there.sum())))
            wanted = bounded_quotas(totals, min(total, high.sum()), low, high)
            chances = self._filled(scores, wanted)
        self._warn_of_no_room(scores, chances)
        return chances

    def _within_budget(self, scores, total, cost, low, high):
        """Return chances that cost `total`, for groups that do not overlap."""
        # With a factor common to all rows, the cost lies between these two.
        groups = self.groups
        least, most = self._filled(scores, low), self._filled(scores, high)
        if least @ cost > total * (1 + _EPS):
            raise ValueError(
                f"quotas asks for rows that cost {least @ cost / total:.4g} times as "
                f"much, on average, as budget={self.budget:g} leaves for them; ask for "
                "fewer, or raise the budget."
            )
        if most @ cost <= total:
            return most
        return rake(scores, total, cost, groups, low, high)

    def _filled(self, scores, wanted):
        """Return chances that add up to a number in each group."""
        groups = self.groups
        chances = np.zeros(len(scores))
        for code, rows in groups.members():
            chances[rows] = fill(scores[rows], wanted[code])
        return chances

    def hit_scores(self, scores: Floats, size: int) -> Floats:
        """Return scores whose shares of draws with repeats meet the quotas."""
        if self.quotas is None:
            return in_range(scores)
        groups = self.groups
        low, high = self._left_bounds(scores, size)
        totals = groups.totals(in_range(scores))
        wanted = bounded_quotas(totals, size - self.n_musts, low, high)
        shares = np.zeros(len(scores))
        for code, rows in groups.members():
            near, _ = scaled(scores[rows])
            if near.any():
                shares[rows] = near * (wanted[code] / near.sum())
        self._warn_of_no_room(np.where(groups.in_any(high <= 0), 0, scores), shares)
        return shares

    def _musts_of_groups(self):
        """Return how many rows of each group must be in."""
        return self.groups.totals(0.0 if self.musts is None else self.musts)

    def _left_bounds(self, scores, size):
        """Return bounds of the numbers of rows beside those that must be in."""
        low, high = self.bounds(size)
        inside = self._musts_of_groups()
        low, high = np.maximum(low - inside, 0), high - inside
        self._check_there(scores, low)
        return low, high

    def _warn_of_no_room(self, scores, chances):
        """Warn of groups that could be drawn from, if quotas did not use up the size.

        Groups whose quota is 0 have scores of 0 here.
        """
        groups = self.groups
        missed = (scores > 0) & (chances == 0)
        if not groups.overlap:  # in others, single chances may be too small for a float
            missed &= groups.in_any(groups.totals(chances) == 0)
        if missed.any():
            counts = zip(groups.labels, groups.totals(missed), strict=True)
            names = ", ".join(repr(label) for label, count in counts if count)
            warn_user(
                f"quotas leave no place for {np.count_nonzero(missed)} row(s) (of "
                f"groups {names or 'without a quota'}): they can never be drawn, and "
                "weighted sums estimate sums over the other rows. Give these groups a "
                "quota; 0 says that this is meant."
            )

    def _check_there(self, scores, low):
        groups = self.groups
        there = groups.totals(scores > 0)
        for label, least, n_rows in zip(groups.labels, low, there, strict=True):
            if least > n_rows:
                raise ValueError(
                    f"quotas asks for {least:g} further rows of group {label!r}, but "
                    f"only {n_rows:g} of its rows have a positive score; ask for fewer."
                )

    def _cost_of_musts(self, cost, exponent):
        """Return what rows that must be in cost, in units of ``2**exponent``."""
        spent = 0.0 if self.musts is None else float(cost[self.musts].sum())
        total = float(np.ldexp(spent, exponent))
        if total > self.budget * (1 + _ROUNDING):
            raise ValueError(
                f"budget={self.budget:g} is less than the {total:g} that the "
                f"{self.n_musts} rows of include cost; raise it, or name fewer rows."
            )
        return spent

    def whole_bounds(self, size: int) -> tuple[Integers, Integers]:
        """Return the least and the most rows of each group as whole numbers.

        A bound that is not whole is rounded so that it is still met, where the other
        bounds and the size allow that; else to the other side.
        """
        low, high = self.bounds(size)
        least, most = np.floor(low + _EPS), np.ceil(high - _EPS)
        above, below = np.ceil(low - _EPS), np.floor(high + _EPS)
        tight = above <= below
        inner = np.where(tight, above, least), np.where(tight, below, most)
        if inner[0].sum() <= size <= inner[1].sum():
            least, most = inner
        return least, most

    def turns(self, size: int) -> Turns:
        """Return which rows may be picked one after the other, for `size` rows."""
        if self.quotas is None:
            return Turns(self.musts)
        groups = self.groups
        low, high = self.whole_bounds(size)
        count = self._musts_of_groups()
        need = np.maximum(low - count, 0)
        spare = size - self.n_musts - need.sum()
        return Turns(self.musts, groups.codes, need, high - count, spare)

    def purse(self) -> Purse:
        """Return which rows may be picked one after the other, within the budget."""
        # In a unit in which costs that matter are near the budget, which is near one.
        budget, exponent = np.frexp(self.budget * (1 + _ROUNDING))
        with np.errstate(over="ignore", under="ignore"):
            cost = np.clip(np.ldexp(self.cost, -exponent), _FREE, 1 / _FREE)
            self._cost_of_musts(cost, exponent)
        if self.n_musts == 0 and cost.min() > budget:
            raise ValueError(
                f"budget={self.budget:g} pays for no row: the cheapest costs "
                f"{self.cost.min():g}; raise it."
            )
        return Purse(self.musts, cost, float(budget), _FREE)

    def first_of(self, ranking: Integers, size: int) -> Integers:
        """Return the first `size` rows of a ranking that together respect the rules.

        Rows that must be in come first, also those that the ranking lacks. A row is
        passed over if its group is full, or if the places that are left are needed for
        other groups.
        """
        if self.musts is None and self.quotas is None:
            return ranking[:size]
        turns = self.turns(size)
        found = []
        if self.musts is not None:
            ranked = ranking[self.musts[ranking]]
            further = np.setdiff1d(np.flatnonzero(self.musts), ranked)
            found = [*ranked.tolist(), *further.tolist()]
        others = ranking if self.musts is None else ranking[~self.musts[ranking]]
        for row in others.tolist():
            if len(found) >= size:
                break
            if turns.is_open(row):
                turns.take(row)
                found.append(row)
        return np.array(found, dtype=np.int64)


NO_RULES = Rules()
