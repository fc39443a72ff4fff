"""A small method on each seam, as a third party would write it, and wrong ones."""

from dataclasses import replace

import numpy as np

from coreselect.base import (
    LawSelector,
    Learned,
    RankSelector,
    ScoreSelector,
    SelectorTags,
)
from coreselect.selection import SamplingDesign
from coreselect.streams import StreamMixin
from coreselect.streams._engine import Engine


class NormSelector(ScoreSelector):
    """Score: weight times squared norm."""

    def _scores(self, block, state):
        X = block.X.toarray() if hasattr(block.X, "toarray") else block.X
        return block.weight * (X.astype(np.float64) ** 2).sum(axis=1)


class WindowSelector(LawSelector):
    """Rows next to each other on a circle, from a uniform start."""

    def _learn(self, rows, rng):
        return rows.n_rows

    def _sample(self, state, size, rng):
        rows = (rng.integers(state) + np.arange(size)) % state
        return rows, np.ones(size), np.full(size, size / state)


class FarthestSelector(RankSelector):
    """Rows by their distance to the mean, farthest first; weights share the total."""

    def _learn(self, rows, size, rng):
        def totals(block):
            X = block.X.toarray() if hasattr(block.X, "toarray") else block.X
            return np.append(block.weight @ X.astype(np.float64), block.weight.sum())

        total = rows.reduce(totals, np.add)
        mean = total[:-1] / total[-1]

        def distance(block):
            X = block.X.toarray() if hasattr(block.X, "toarray") else block.X
            return ((X - mean) ** 2).sum(axis=1)

        # Values within 1e-9 of each other are ties: the lowest row goes first.
        distances = rows.map(distance)
        rounded = np.round(distances / distances.max(), 6)
        return np.argsort(-rounded, kind="stable"), total[-1]

    def _rank(self, state, size, rng):
        order, total = state
        return order[:size], np.full(size, total / size)


class QualitySelector(ScoreSelector):
    """Score: a number per row given to fit; uniform without."""

    def fit(self, X, y=None, sample_weight=None, *, quality=None):
        return self._fit(X, y, sample_weight, per_row={"quality": quality})

    def _learn(self, rows, rng):
        quality = rows.per_row.get("quality")
        return None if quality is None else Learned(None, own=quality)

    def _scores(self, block, _):
        return block.weight * block.values.get("own", 1.0)


class SeededSelector(ScoreSelector):
    """Score: weight times distance to a row drawn by weight."""

    def _learn(self, rows, rng):
        weight = np.ones(rows.n_rows) if rows.weight is None else rows.weight
        place = np.searchsorted(np.cumsum(weight), rng.random() * weight.sum())
        return self._dense(rows.gather([place]))

    def _scores(self, block, seed):
        return block.weight * (0.1 + ((self._dense(block) - seed) ** 2).sum(axis=1))

    def _dense(self, block):
        X = block.X.toarray() if hasattr(block.X, "toarray") else block.X
        return X.astype(np.float64)

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.random_scores = True
        return tags


# --- each of these breaks one promise ---


class SeedOfLateRows(SeededSelector):
    """Scores that depend on the order of rows, on average over seeds too."""

    def _learn(self, rows, rng):
        return self._dense(rows.gather([rows.n_rows - 1 - rng.integers(3)]))


class SeedWithoutWeights(SeededSelector):
    """Scores from a seed that forgets the weights."""

    def _learn(self, rows, rng):
        return self._dense(rows.gather([rng.integers(rows.n_rows)]))

    def _scores(self, block, seed):
        return super()._scores(block, seed) / block.weight


class NaiveWeights(WindowSelector):
    """Weights that pretend rows near the end are drawn less often."""

    def _sample(self, state, size, rng):
        rows, hits, expected = super()._sample(state, size, rng)
        return rows, hits * (1 + rows / state), expected


class Boastful(WindowSelector):
    """Tells another sampling design than that of its weights."""

    def _design(self, state, indices, hits, expected):
        return SamplingDesign("random", expected / 2)


class OneMore(WindowSelector):
    """A row too many."""

    def _sample(self, state, size, rng):
        return super()._sample(state, size + 1, rng)


class Careless(WindowSelector):
    """Uses the global random state."""

    def _sample(self, state, size, rng):
        rows = np.random.permutation(state)[:size]  # noqa: NPY002
        return rows, np.ones(size), np.full(size, size / state)


class Vandal(NormSelector):
    """Changes the rows it was given."""

    def _scores(self, block, state):
        scores = super()._scores(block, state)
        if isinstance(block.X, np.ndarray) and block.X.flags.writeable:
            block.X *= 2
        else:
            block.X.flags.writeable = True
            block.X *= 2
        return scores


class BlockBound(ScoreSelector):
    """Scores that depend on how rows are cut into blocks."""

    def _scores(self, block, state):
        return block.weight / len(block.weight)


class BlockBalanced(NormSelector):
    """Balances what depends on how rows are cut into blocks."""

    def _balance(self, block, state):
        return block.X - block.X.mean(axis=0)


class AllAtOnce(ScoreSelector):
    """Holds all rows at once, and says nothing about it."""

    passes = "1"

    def _learn(self, rows, rng):
        return rows.whole().X.shape[1]

    def _scores(self, block, state):
        return block.weight


class Hoarder(ScoreSelector):
    """Holds a value of every row in its state, and finds those of a block by number."""

    def _learn(self, rows, rng):
        return rows.map(lambda block: block.weight.copy())

    def _scores(self, block, values):
        return values[block.rows]


class Scribbler(NormSelector):
    """Writes sums outside of the function of blocks."""

    def _learn(self, rows, rng):
        sums = [1.0]
        rows.map(lambda block: sums.append(block.weight.sum()) or block.weight)
        return sums

    def _scores(self, block, sums):
        return super()._scores(block, None) + block.weight * sum(sums)


class Clinging(NormSelector):
    """Asks the rows from within a function of blocks."""

    def _learn(self, rows, rng):
        return rows.map(lambda block: block.weight / rows.total_weight).max()

    def _scores(self, block, largest):
        return super()._scores(block, None) + block.weight * largest


class Eager(NormSelector):
    """Learns whatever the size."""

    def _strata(self, rows):
        self._learn(rows, None)


class RowBound(ScoreSelector):
    """Scores that depend on the order of rows."""

    def _scores(self, block, state):
        return block.weight * (1.0 + block.start + np.arange(len(block.weight)))


class WeightBlind(ScoreSelector):
    """Scores that forget the input weights."""

    def _scores(self, block, state):
        return np.ones(len(block.weight))


class Deaf(NormSelector):
    """Hears nothing of rows that must or must not be in."""

    def fit(
        self,
        X,
        y=None,
        sample_weight=None,
        *,
        groups=None,
        cost=None,
        include=None,
        exclude=None,
    ):
        return self._fit(X, y, sample_weight)


class Bold(FarthestSelector):
    """Claims to respect quotas and certain rows, but ranks as ever."""

    row_rules = ("quotas", "include", "exclude")


class Shrinking(WindowSelector):
    """Promises repeats, gives fewer; but claims an exact size."""

    def _sample(self, state, size, rng):
        rows, hits, expected = super()._sample(state, max(1, size - 1), rng)
        return rows, hits, expected

    def _selector_tags(self):
        return SelectorTags()


class SeenRows(NormSelector):
    """`fit_resample` returns what the method sees."""

    def _resampled(self, X, y, sample_weight):
        rows, targets = super()._resampled(X, y, sample_weight)
        return self.features_.transform(rows) if self.features_ else rows, targets


class Peeking(QualitySelector):
    """Reads X although it says that it does not."""

    def fit(self, X, y=None, sample_weight=None):
        lengths = [len(str(row)) for row in X]
        return self._fit(X, y, sample_weight, per_row={"quality": lengths})

    def _selector_tags(self):
        return SelectorTags(reads_features=False)


# --- of streams ---


class StreamedNorms(StreamMixin, NormSelector):
    """Takes streams."""


class Forgetful(StreamedNorms):
    """Drawn rows of a stream keep their input weights."""

    def _begin(self):
        engine = super()._begin()
        reduce = engine._reduce

        def wrong(held, level, start):
            found = reduce(held, level, start)
            own = held.weight[np.searchsorted(held.index, found.index)]
            return replace(found, weight=own)

        engine._reduce = wrong
        return engine


class _Redistributes(Engine):
    def drop(self, indices):
        total = sum(part.weight.sum() for part in self.state.holding())
        super().drop(indices)
        left = sum(part.weight.sum() for part in self.state.holding())
        for part in self.state.holding():
            object.__setattr__(part, "weight", part.weight * (total / left))


class Redistributing(StreamedNorms):
    """The weights of dropped rows go to those that are left."""

    def _begin(self):
        engine = super()._begin()
        engine.__class__ = _Redistributes
        return engine


class BatchBound(StreamedNorms):
    """Each batch changes the seed."""

    def partial_fit(self, X, y=None, sample_weight=None):
        super().partial_fit(X, y, sample_weight)
        self._stream.seed += 1
        return self
