"""One method on each seam, as somebody who does not know this package would write it.

Each needs what `docs/writing_a_selector.md` says, and nothing else.
"""

import numpy as np

from coreselect import LawSelector, RankSelector, ScoreSelector
from coreselect.base import LearnedAttribute


def _dense(block):
    return block.X.toarray() if hasattr(block.X, "toarray") else block.X


class FirstColumnSelector(ScoreSelector):
    """Select rows by the size of their first number."""

    cli_name = "first-column"
    passes = "2"
    cost = "O(n)"
    use_when = "The first column is a size."
    largest_ = LearnedAttribute()

    def _learn(self, rows, rng):
        self.largest_ = rows.reduce(lambda block: abs(_dense(block)[:, 0]).max(), max)
        return self.largest_

    def _scores(self, block, largest):
        return block.weight * (0.1 + abs(_dense(block)[:, 0]) / largest)


class EveryOtherSelector(LawSelector):
    """Select rows at equal distances, from a random start."""

    cli_name = "every-other"
    passes = "1"
    cost = "O(m)"
    use_when = "Rows are in random order."

    def _learn(self, rows, rng):
        return rows.n_rows

    def _sample(self, n_rows, size, rng):
        places = np.floor((rng.random() + np.arange(size)) * n_rows / size)
        return places.astype(int), 1.0, size / n_rows


class LongestSelector(RankSelector):
    """Select the longest rows, longest first."""

    cli_name = "longest"
    passes = "1"
    cost = "O(n d)"
    use_when = "Long rows are wanted."

    def _learn(self, rows, size, rng):
        lengths = rows.map(lambda block: (_dense(block).astype(float) ** 2).sum(axis=1))
        total = rows.reduce(lambda block: block.weight.sum(), lambda a, b: a + b)
        return np.argsort(-lengths.round(3), kind="stable")[:size], total

    def _rank(self, state, size, rng):
        order, total = state
        return order[:size], total / size
