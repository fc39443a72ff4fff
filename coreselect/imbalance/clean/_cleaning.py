"""Editing by neighbours: the parts that cleaning methods share."""

import numpy as np
from sklearn.base import clone

from coreselect.imbalance._base.neighbors import most_frequent, require_rows
from coreselect.imbalance._base.strategy import CLEAN, resolve_strategy
from coreselect.neighbors import nearest_neighbors, without_own

SPARE = 3  # how many more neighbours are searched than the first pass needs


class RemainingNeighbors:
    """The nearest neighbours among the rows that remain while others are dropped.

    Lists of neighbours are somewhat longer than asked for. As long as enough rows of a
    list remain, they are the nearest ones; only the other lists are searched again.

    Parameters
    ----------
    estimator : int or object with ``kneighbors``
        An object is cloned and fitted to the remaining rows at every call.
    data : LabelledRows
    n_jobs : int, optional
    spare : int
        How many more rows than asked for each list holds.

    Attributes
    ----------
    alive : ndarray of bool of shape (n_rows,)
        Which rows remain.
    """

    def __init__(self, estimator, data, n_jobs=None, spare=0):
        self.estimator, self.n_jobs = estimator, n_jobs
        self.X, self.y, self.spare = data.X, data.y, spare
        self.alive = np.ones(data.n_rows, dtype=bool)
        self._lists = np.full((data.n_rows, 0), -1)

    def find(self, rows, k):
        """Return the numbers of the k nearest remaining rows of some rows."""
        if hasattr(self.estimator, "kneighbors"):
            return self._asked(rows, k)
        n_left = int(self.alive.sum())
        require_rows("n_neighbors", k, n_left, "the rows that remain")
        # A list holds the nearest rows of all that remained when it was made. Rows only
        # go, so its first k rows that are still there are the nearest of those left.
        there = self._there(rows)
        short = rows[there.sum(axis=1) < k]
        if len(short):
            self._search(short, k)
            there = self._there(rows)
        first = np.argsort(~there, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(self._lists[rows], first, axis=1)

    def _there(self, rows):
        lists = self._lists[rows]
        return (lists >= 0) & self.alive[lists]

    def _search(self, rows, k):
        """Search the neighbours of some rows, or of all if these are many."""
        # A search of all remaining rows computes every pair once. So it costs half as
        # much per row as a search of some, and the other lists get longer too.
        left = np.flatnonzero(self.alive)
        k = min(k + self.spare, len(left) - 1)
        X = self.X if len(left) == len(self.alive) else self.X[left]
        if 2 * len(rows) >= len(left):
            rows = left
            found, _ = nearest_neighbors(X, k, n_jobs=self.n_jobs)
        else:
            found, _ = nearest_neighbors(
                X,
                k,
                queries=self.X[rows],
                exclude=np.searchsorted(left, rows),
                n_jobs=self.n_jobs,
            )
        width = max(k, self._lists.shape[1])
        lists = np.full((len(self.alive), width), -1)
        lists[:, : self._lists.shape[1]] = self._lists
        lists[rows] = -1
        lists[rows, :k] = left[found]
        self._lists = lists

    def _asked(self, rows, k):
        """Ask the user's object."""
        # It counts the row itself, which is asked for too and then removed.
        left = np.flatnonzero(self.alive)
        fitted = clone(self.estimator)
        if self.n_jobs is not None:
            fitted.set_params(n_jobs=self.n_jobs)
        labels = [self.y[left]] if hasattr(fitted, "predict") else []
        fitted.fit(self.X[left], *labels)
        found = fitted.kneighbors(
            self.X[rows], n_neighbors=k + 1, return_distance=False
        )
        return left[without_own(found, np.searchsorted(left, rows))]


def n_neighbors_of(estimator):
    """Return how many neighbours a parameter asks for, the row itself not counted."""
    if hasattr(estimator, "kneighbors"):
        return estimator.n_neighbors - 1
    return int(estimator)


def edit_once(data, remaining, strategy, k, kind):
    """Drop the rows whose neighbours disagree (Wilson); return how many there were.

    Parameters
    ----------
    data : LabelledRows
    remaining : RemainingNeighbors
    strategy : str or list
        Classes that rows are dropped from. A name refers to the classes as they are
        now.
    k : int
    kind : {"all", "mode"}
        Whether all neighbours must agree, or their most frequent class.
    """
    # All rows are judged before any is dropped: the order of rows does not matter.
    left = np.flatnonzero(remaining.alive)
    codes = data.codes[left]
    rows = left[np.isin(codes, targeted(data, strategy, codes))]
    labels, own = data.codes[remaining.find(rows, k)], data.codes[rows]
    if kind == "all":
        agree = (labels == own[:, None]).all(axis=1)
    else:
        agree = most_frequent(labels) == own
    remaining.alive[rows[~agree]] = False
    return np.count_nonzero(~agree)


def targeted(data, strategy, codes):
    """Return the numbers of the classes that a cleaning strategy names."""
    if isinstance(strategy, str):
        return list(resolve_strategy(strategy, codes, CLEAN))
    return [data.code_of(label) for label in strategy]


def class_by_class(data, rows):
    """Return rows in the order of imbalanced-learn: sorted by class, then by number."""
    return rows[np.argsort(data.codes[rows], kind="stable")]


def is_overdone(data, remaining, smallest, *, allow_minority=False):
    """Return whether a class is gone, or smaller than the smallest one was."""
    # More passes would only shrink the classes that the smallest one is compared with.
    before = np.bincount(data.codes)
    after = np.bincount(data.codes[remaining.alive], minlength=len(before))
    others = np.delete(after, smallest)
    smaller = (others < before[smallest]).any() and not allow_minority
    return bool(smaller or (after == 0).any())
