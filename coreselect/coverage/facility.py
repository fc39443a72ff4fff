"""Greedy facility location: exact, without a matrix of all similarities.

The value of a set S is ``f(S) = sum_i w_i max(s_ij for j in S)``. Each step adds the
row that raises it the most. After some picks, few pairs are left whose similarity
exceeds what the client has. These are stored once, and the rest of the search is over
them alone.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from coreselect._typing import Booleans, Floats
from coreselect.coverage.certificate import CoverageCertificate
from coreselect.coverage.dual import Bounds, improve
from coreselect.coverage.lazy import TIE, Search
from coreselect.coverage.pairs import Stored
from coreselect.sampling.turns import Turns

_PAIR_BYTES = 12
_BUDGET = 2**29  # bytes for stored pairs
_CHEAP = 2**21  # pairs that are stored at once, or beyond what the search needs
_FACTORS = (0.0, 0.25, 0.5, 0.65, 0.8, 0.9, 0.95)
_FIRST = 8  # picks before pairs that are left are counted
_SHARE = 0.02  # of all pairs: fewer than this are stored if the budget allows
_PATIENCE = 64  # picks after which any number of pairs within the budget is stored


class Served:
    """How well clients are served so far, and by which pick.

    Attributes
    ----------
    best : ndarray of shape (n_clients,)
        The largest similarity to a pick; 0 before the first one.
    """

    def __init__(self, n_clients: int) -> None:
        self.best = np.zeros(n_clients)
        self._own = np.zeros(n_clients)  # similarity to the pick that they belong to
        self._taken: list[Any] = []

    def enter(self, source: Any, pick: int) -> float:
        """Enter a pick and return its gain."""
        found, values = source.column(pick, self.best)
        gain = (source.weight[found] * (values - self.best[found])).sum()
        # Clients move to a pick that is better by more than rounding, so that ties stay
        # with the earlier one.
        moved = values > self._own[found] * (1.0 + TIE)
        self._taken.append(found[moved].astype(np.int32))
        self._own[found[moved]] = values[moved]
        self.best[found] = values
        return float(gain)

    def weights(self, size: int, weight: Floats) -> Any:
        """Return the weight of the clients that belong to each of the first picks."""
        # A client that resembles no pick belongs to the first one.
        owner = np.zeros(len(self.best), dtype=np.int64)
        for pick, clients in enumerate(self._taken[:size]):
            owner[clients] = pick
        return np.bincount(owner, weight, size)


class Greedy(Search):
    """The greedy search for a source of similarities.

    Parameters
    ----------
    source : FromDistances, FromFunction or Stored

    Attributes
    ----------
    served : Served
    pairs : Stored or None
        The pairs that were left when they were stored.
    """

    def __init__(self, source: Any) -> None:
        self.source = source
        self.served = Served(len(source.weight))
        self._noted: list[tuple[float, Floats]] = []
        self.pairs: Any = source if isinstance(source, Stored) else None
        self.stored_after = 0
        n_pairs = source.n_rows * len(source.weight)
        if n_pairs <= _CHEAP and self._fits(n_pairs):
            self._store(0)
            first = self.source.gains(np.arange(source.n_rows), self.served.best)
        else:
            first = source.first_gains()
        super().__init__(first)

    def again(self) -> Self:
        other = super().again()
        other.served, other._noted = Served(len(self.source.weight)), []
        return other

    def _store(self, n_picks):
        """Store the pairs that still matter, and more that a certificate can use."""
        if self.pairs is None:
            source, best = self.source, self.served.best
            for factor in _FACTORS:
                if source.count(factor * best) <= _CHEAP:
                    best = factor * best
                    break
            self.pairs = self.source = source.store(best)
            self.pairs.served = self.served.best.copy()
            self.stored_after = n_picks

    def _fits(self, n_pairs):
        return 1.2 * n_pairs * _PAIR_BYTES <= _BUDGET  # counts are estimates

    def add(self, row: int, gain: float) -> None:
        super().add(row, self.served.enter(self.source, row))
        if self.pairs is None:
            self._store_if_few()

    def find(self, allowed: Booleans | None, cost: Any = None) -> tuple[int, float]:
        source, best, bounds = self.source, self.served.best, self.lazy.bounds
        confirm = None if source.exact else lambda rows: source.confirm(rows, best)
        found = self.lazy.best(
            lambda rows: np.minimum(source.gains(rows, best), bounds[rows]),
            confirm,
            self.value,
            allowed,
            cost=cost,
        )
        t = len(self.order)
        if self.pairs is None and t & (t - 1) == 0:
            self._note()
        return found

    def _note(self):
        """Note bounds of gains; they certify prefixes that had no stored pairs."""
        bounds = self.lazy.bounds.copy()
        bounds[self.order] = 0.0
        self._noted.append((self.value, bounds))

    def _store_if_few(self):
        t = len(self.order)
        # Counting is as dear as a step, so it is done after 8, 10, 12, 15, ... picks.
        if t < _FIRST or t % (t // 4):
            return
        source = self.source
        n_pairs = source.count(self.served.best)
        few = n_pairs <= _SHARE * source.n_rows * len(source.weight)
        if self._fits(n_pairs) and (few or t >= _PATIENCE):
            self._store(t)

    def chosen(self, bounds: Any = None) -> Chosen:
        """Return the rows that were chosen.

        Parameters
        ----------
        bounds : Bounds or BudgetBounds, optional
            What the best rows are bounded for; by default, for any of their number.
        """
        size = len(self.order)
        if self.pairs is None and self._fits(self.source.count(self.served.best)):
            self._store(size)
        self._note()
        bounds = bounds or Bounds(self.source.n_rows, size, Turns())
        return Chosen(self, bounds, self._noted)


class Chosen:
    """Rows in the order of their choice, with what is known of them and of the best.

    Attributes
    ----------
    order : ndarray of int64 of shape (size,)
    gains : ndarray of shape (size,)
    values : ndarray of shape (size + 1,)
        The value of every prefix, from that of no row on.
    full_values : ndarray of shape (size + 1,)
        The same for the clients of `serve_all`.
    """

    def __init__(self, greedy: Greedy, bounds: Any, noted: Any) -> None:
        self.order = np.array(greedy.order, dtype=np.int64)
        self.gains = np.array(greedy.gains)
        self.values = np.concatenate([[0.0], np.cumsum(self.gains)])
        self.full_values, self.fresh = self.values, None
        self.served, self.weight = greedy.served, greedy.source.weight
        self._bounds, self._pairs = bounds, greedy.pairs
        self._after = greedy.stored_after
        for value, above in noted:
            bounds.enter(value, above, bounds.size)

    def __getstate__(self) -> dict[str, Any]:
        self._finish()  # pickles hold no pairs
        return vars(self)

    def _finish(self):
        """Improve the bounds, after which no pairs are needed."""
        if self._pairs is not None:
            picks = self.order[self._after :].tolist()
            improve(self._pairs, self._bounds, picks, self.values)
            self._pairs = None

    def certificate(
        self, size: int, exponent: int = 0, budget: Any = None
    ) -> CoverageCertificate:
        """Return the certificate of the first picks, with values times a power of 2.

        `budget` is what they cost, or may cost.
        """
        self._finish()
        value = float(self.values[size])
        bound = max(value, self._bounds.at(size))
        with np.errstate(over="ignore"):
            value, bound = (float(np.ldexp(v, exponent)) for v in (value, bound))
        return CoverageCertificate(
            value, bound, size, "facility location", False, budget
        )

    def weights(self, size: int) -> Floats:
        """Return the weight of the clients that are most similar to each pick."""
        return self.served.weights(size, self.weight)

    def serve_all(self, source: Any, fresh: Any = None) -> None:
        """Assign the clients of another source to the picks; weights are theirs.

        `fresh` is a selection of these clients.
        """
        self.fresh = fresh
        self.served, self.weight = Served(len(source.weight)), source.weight
        gains = [self.served.enter(source, pick) for pick in self.order]
        self.full_values = np.concatenate([[0.0], np.cumsum(gains)])
