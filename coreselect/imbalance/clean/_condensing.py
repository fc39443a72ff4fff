"""Hart's condensing: the store of rows that the others are judged by."""

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier

from coreselect._kernels.condensing import condense
from coreselect._kernels.nearest import listed_sq_distances
from coreselect.imbalance._base.neighbors import most_frequent
from coreselect.neighbors import nearest_neighbors
from coreselect.neighbors.lists import as_points, scaled_rows


class SmallestClass:
    """The rows of the smallest class, by which rows of another class are judged.

    Parameters
    ----------
    data : LabelledRows
    n_neighbors : None, int or classifier
    n_jobs : int or None
    draws : OwnDraws or ImblearnDraws
    """

    def __init__(self, data, n_neighbors, n_jobs, draws):
        self.data, self.n_jobs, self.draws = data, n_jobs, draws
        self.n_neighbors = n_neighbors
        self.smallest = draws.smallest_class(data.codes)
        self.rows = np.flatnonzero(data.codes == self.smallest)

    @property
    def is_own(self):
        """Whether votes are counted here, not by the user's classifier."""
        return not hasattr(self.n_neighbors, "predict")

    def fitted(self, chosen):
        """Return a classifier fitted to the smallest class and some rows of another."""
        rows = np.append(self.rows, chosen)
        if self.is_own:
            k = self.n_neighbors or 1
            found = KNeighborsClassifier(n_neighbors=k, n_jobs=self.n_jobs)
        else:
            found = clone(self.n_neighbors)
        return found.fit(self.data.X[rows], self.data.y[rows])

    def require(self, n_seeds):
        """Return how many rows vote; raise if the store has fewer."""
        k = (self.n_neighbors or 1) if self.is_own else 1
        if len(self.rows) + n_seeds < k:
            raise ValueError(
                f"n_neighbors={k} is more than the {len(self.rows)} rows of the "
                f"smallest class and {n_seeds} seeds: use "
                f"n_neighbors={len(self.rows) + n_seeds} at most, or more n_seeds_S."
            )
        return k

    def misjudged(self, rows, seeds, code):
        """Tell which rows of a class the smallest class and the seeds judge wrongly."""
        k, stored = self.require(len(seeds)), np.append(self.rows, seeds)
        if not self.is_own:
            return self.fitted(seeds).predict(self.data.X[rows]) != self.data.y[rows]
        if len(rows) == 0:
            return np.zeros(0, dtype=bool)
        X = self.data.X
        lists, _ = nearest_neighbors(X[stored], k, queries=X[rows], n_jobs=self.n_jobs)
        return most_frequent(self.data.codes[stored[lists]]) != code

    def condensed(self, rows, seeds, code):
        """Return the rows of a class that enter the store (Hart's rule).

        Parameters
        ----------
        rows : ndarray of int64
            All rows of the class.
        seeds : ndarray of int64
            Positions in `rows`.
        code : int

        Returns
        -------
        ndarray of int64
            Positions in `rows`: the seeds, then the others in order.
        """
        k = self.require(len(seeds))
        passed_over = self.draws.passed_over(rows)
        if not self.is_own:
            return self._condense_with(rows, seeds, passed_over)
        # All rows of the store have the same class, so nothing is ever judged wrongly.
        if code == self.smallest:
            return seeds
        # Every list starts with the nearest rows of the smallest class, found once. The
        # kernel merges each row that enters the store into the lists of the rows still
        # to be judged, and never searches again.
        X = scaled_rows(self.data.X)
        own, other = as_points(X[rows]), as_points(X[self.rows])
        n_found = min(k, len(self.rows))
        found, _ = nearest_neighbors(
            X[self.rows], n_found, queries=X[rows], n_jobs=self.n_jobs
        )
        squares = np.full((len(rows), k), np.inf)
        squares[:, :n_found] = listed_sq_distances(other, own, found)
        foreign = np.ones((len(rows), k), dtype=bool)
        # In scikit-learn, equal votes go to the class that comes first.
        wins_ties = bool(code < self.smallest)
        return condense(own, squares, foreign, seeds, passed_over, wins_ties)

    def _condense_with(self, rows, seeds, passed_over):
        """Condense with the user's classifier, fitted anew after every row."""
        # A row that is judged rightly stays so until another enters, so each fit looks
        # only for the next row that is judged wrongly.
        X, y = self.data.X, self.data.y
        order, done = list(seeds), np.zeros(len(rows), dtype=bool)
        done[[i for i in passed_over[seeds] if i < len(rows)]] = True
        at = 0
        while at < len(rows):
            judged = self.fitted(rows[order]).predict(X[rows[at:]])
            wrong = np.flatnonzero((judged != y[rows[at:]]) & ~done[at:])
            if len(wrong) == 0:
                break
            at += wrong[0]
            order.append(at)
            if passed_over[at] < len(rows):
                done[passed_over[at]] = True
            at += 1
        return np.array(order, dtype=np.int64)
