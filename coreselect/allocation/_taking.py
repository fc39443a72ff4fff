"""The rounds of one fit: equal sizes first, then those that the curves say."""

from __future__ import annotations

import logging

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import type_of_target

from coreselect._typing import Integers
from coreselect.allocation._allocate import share_out
from coreselect.allocation._curves import Curves
from coreselect.allocation._learning import fitted_curves
from coreselect.allocation._measure import FEWEST, LOW, loss_of, measure

logger = logging.getLogger("coreselect.allocation")

_REPEATS = 5  # splits to measure the losses
_MOST_CLASSES = 50  # whole numbers with more distinct values are amounts, not classes


class Taking:
    """The rounds of one fit."""

    def __init__(self, selector, rows, names, costs, drawers, weight, rng):
        self.names, self.costs, self.drawers = names, costs, drawers
        self.weight, self.objective = weight / weight.sum(), selector.objective
        self.rows, self.rng = rows, rng
        self.curves, self.allocation = None, None
        self._estimator = selector.estimator
        self._most = np.array([float(drawer.most) for drawer in drawers])

    def run(self, money: float, n_rounds: int) -> list:
        """Return the sizes after each round, (n_rounds, n_groups)."""
        n_groups = len(self.names)
        if self.costs.sum() > money:  # not one row of each
            return [self._few(money)]
        first = max(money / n_rounds, min(money, LOW * self.costs.sum()))
        if n_groups == 1 or n_rounds == 1:
            first = money
        held = self._share(first, np.zeros(n_groups))
        history = [held]
        for number in range(2, n_rounds + 1):
            spend = max(money * number / n_rounds, self.costs @ held)
            if self.costs @ held >= money * (1 - 1e-12) or (held >= self._most).all():
                break
            self.curves = self._measured(held) or self.curves
            held = self._share(spend, held)
            logger.info("round %d: sizes %s", number, held.tolist())
            history.append(held)
        return history

    def _few(self, money):
        """Take a row each of the groups of the largest weight, as far as money goes."""
        sizes = np.zeros(len(self.names), dtype=np.int64)
        for group in np.argsort(-self.weight, kind="stable"):
            if self.costs[group] <= money:
                sizes[group], money = 1, money - self.costs[group]
        return sizes

    def _share(self, money, held):
        """Return the sizes that money buys, equal ones without curves."""
        ones, zeros = np.ones(len(held)), np.zeros(len(held))
        aim = {"curves": Curves(self.names, ones, ones, zeros, zeros, ones)}
        if self.curves is None:
            aim["objective"] = "worst"
        else:
            aim = {"curves": self.curves, "weight": self.weight}
            aim["objective"] = self.objective
        self.allocation = share_out(
            money, cost=self.costs, lower=held, upper=self._most, **aim
        )
        return self.allocation.sizes

    def _measured(self, held):
        """Return the curves by the rows taken so far; None if these are too few."""
        if held.min() < FEWEST:
            return None
        taken = [d.draw(n)[0] for d, n in zip(self.drawers, held.tolist(), strict=True)]
        block = self.rows.gather(np.concatenate(taken))
        estimator = self._estimator or _default_estimator(block.y)
        measured = measure(
            estimator,
            lambda indices: (block.X[indices], block.y[indices]),
            np.repeat(np.arange(len(held)), held),
            self.names,
            loss=loss_of(estimator, None),
            sizes=None,
            n_repeats=_REPEATS,
            seed=int(self.rng.integers(2**63)),
            n_columns=block.X.shape[1],
        )
        return fitted_curves(self.names, measured, _REPEATS)


def _default_estimator(y):
    """Return an estimator for classes or numbers."""
    many = y.dtype.kind in "iuf" and len(np.unique(y)) > _MOST_CLASSES
    if many or type_of_target(y).startswith("continuous"):
        return make_pipeline(StandardScaler(with_mean=False), Ridge())
    return make_pipeline(
        StandardScaler(with_mean=False), LogisticRegression(max_iter=1000)
    )


def sequence_of(history: list) -> Integers:
    """Return the group of each row in the order of taking.

    Within a round, the rows of a group are spread evenly.
    """
    before, parts = np.zeros_like(history[0]), []
    for sizes in history:
        more = sizes - before
        groups = np.repeat(np.arange(len(more)), more)
        place = np.concatenate([(np.arange(n) + 0.5) / n for n in more if n] or [[]])
        parts.append(groups[np.argsort(place, kind="stable")])
        before = sizes
    return np.concatenate(parts)
