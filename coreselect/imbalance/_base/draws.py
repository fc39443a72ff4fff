"""How rows are drawn, with the random numbers, rounding and order of this package.

A resampler asks the object it is given, an `OwnDraws` or an `ImblearnDraws`. Both have
the same methods, so no resampler needs to know which protocol it follows.
"""

import copy
import numbers

import numpy as np

from coreselect._quotas import largest_remainder, random_rounding
from coreselect._random import DRAW, LEARN, draw_seed, stream
from coreselect._validation import warn_user
from coreselect.imbalance._base import nominal
from coreselect.imbalance._base.deviations import deviations
from coreselect.imbalance._base.neighbors import most_frequent
from coreselect.neighbors import without_own
from coreselect.sampling import draw
from coreselect.selection import Interpolations, Jitters


def allocate(n_new, weights, rng):
    """Share out `n_new` rows over bases in proportion to weights; return the counts.

    Every base gets its share rounded down; what is left goes to bases drawn without
    repeats, with the fractions as their probabilities.
    """

    def choose(fractions, left):
        # With equal weights all fractions are equal: a simple random sample will do,
        # which costs less than a draw with unequal probabilities.
        if (weights == weights[0]).all():
            return rng.choice(len(weights), left, replace=False)
        return draw(fractions, left, random_state=rng).indices

    return random_rounding(weights, n_new, choose)


class OwnDraws:
    """This package's draws: a random stream for every class, and exact totals.

    Parameters
    ----------
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    rng : Generator
        Random numbers of the fit; in what `of_class` returns, those of the class.
    truncates : bool
        Whether fractions of rows, and of values in integer columns, are cut off instead
        of rounded.
    """

    truncates = False

    def __init__(self, random_state):
        # Every class draws from a numbered stream of this seed. So its rows do not
        # depend on which other classes are resampled, or in which order.
        self.seed = draw_seed(random_state)
        self.code, self.rng = None, stream(self.seed, LEARN)
        self._results = {}

    @staticmethod
    def check_random_state(value):
        """Raise unless `value` is a random state."""
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        kinds = (np.random.RandomState, np.random.Generator)
        fits = value is None or isinstance(value, kinds) or (whole and value >= 0)
        if not fits:
            raise ValueError(
                "random_state must be None, an int of at least 0, a RandomState or a "
                f"Generator, got {value!r}."
            )

    @staticmethod
    def check_allocation(allocation):
        """Raise unless new rows can be shared out over their bases in this way."""

    # --- random numbers ---

    def of_class(self, code):
        """Return the draws for a class, given its number; each class has a stream."""
        # The copy shares `_results`, so that what is fitted once serves all classes.
        own = copy.copy(self)
        own.code, own.rng = code, stream(self.seed, DRAW, code)
        return own

    def anew(self):
        """Return the draws for a resampler inside the one that asks."""
        return self

    def legacy(self):
        """Return a `RandomState` for code of other libraries."""
        # As many bits as a seed has; 32 bits collide among some ten thousand fits.
        words = self.rng.integers(2**32, size=4, dtype=np.uint32)
        return np.random.RandomState(words)

    def seed_estimator(self, estimator, given):
        """Set the random state of an estimator.

        Parameters
        ----------
        estimator : estimator
            What is fitted: a clone of `given`, or the default.
        given : estimator or None
            The user's; a random state that is set there stays.
        """
        if "random_state" not in estimator.get_params():
            return
        # `given` is asked, not `estimator`, which was seeded for the class before.
        if given is None or given.get_params()["random_state"] is None:
            estimator.set_params(random_state=int(self.rng.integers(2**31)))

    def classifier_state(self, random):
        """Return the random state of a default classifier; `random` is of `legacy`."""
        return random.randint(np.iinfo(np.int32).max)

    def result(self, fit, *arguments):
        """Return the result of a function that is called once for all classes."""
        # Fits that all classes share, such as an SVM on all rows, are done once.
        if fit.__name__ not in self._results:
            self._results[fit.__name__] = fit(*arguments)
        return self._results[fit.__name__]

    # --- new rows ---

    def segments(self, bases, targets, lists, n_new, weights, *, pairs=False, step=1.0):
        """Draw bases, neighbours and steps of new rows.

        Parameters
        ----------
        bases : ndarray of int64 of shape (n_bases,)
            Row numbers.
        targets : ndarray of int64
            Row numbers that `lists` points into.
        lists : ndarray of int64 of shape (n_bases, n_neighbors)
        n_new : int
        weights : ndarray of shape (n_bases,)
            New rows are shared out over bases in proportion to these.
        pairs : bool
            Draw bases with repeats, instead of sharing out the new rows evenly.
        step : float
            Steps lie between 0 and this number.
        """
        choose = self.with_repeats if pairs else self.evenly
        rows = choose(len(bases), n_new, weights)
        columns, steps = self.columns_and_steps(lists.shape[1], n_new)
        return Interpolations(bases[rows], targets[lists[rows, columns]], step * steps)

    def columns_and_steps(self, n_neighbors, n_new):
        """Draw a place in a list of neighbours, and a step, for each new row."""
        return self.rng.integers(n_neighbors, size=n_new), self.rng.random(n_new)

    def with_repeats(self, n_rows, size, weights):
        """Draw numbers below `n_rows`, with repeats."""
        return self.rng.choice(n_rows, size, p=weights / weights.sum())

    def evenly(self, n_rows, size, weights):
        """Share `size` out over the numbers below `n_rows`, which come in order."""
        return np.repeat(np.arange(n_rows), allocate(size, weights, self.rng))

    def share_out(self, n_new, shares, rounding):
        """Turn shares into numbers of new rows; `rounding` is imbalanced-learn's."""
        return largest_remainder(shares, n_new)

    def two_parts(self, n_new, first, second):
        """Split `n_new` by a draw from Beta(10, 10); a part without bases gets none."""
        n_first = int(self.rng.beta(10, 10) * (n_new + 1))
        # Totals are exact: without bases, a part leaves its share to the other one.
        if not len(first) or not len(second):
            n_first = n_new if len(first) else 0
        return n_first, n_new - n_first

    def shortened(self, made, foreign):
        """Shorten the steps towards rows of other classes, where `foreign` is true."""
        # Half of a step that is uniform on [0, 1) is uniform on [0, 1/2): new rows stay
        # nearer to their own class.
        step = np.where(foreign, made.step / 2, made.step)
        return Interpolations(made.base, made.neighbor, step)

    def base_weights(self, weights):
        """Return the weights by which new rows are shared out among bases."""
        return weights

    def fall_back(self, label, rows, why, instead="as in SMOTE", error=None):
        """Tell whether new rows are made for a class that a method cannot handle.

        Parameters
        ----------
        label : object
            The class.
        rows : ndarray of int64
            Its rows; a class of one row gets a warning of its own elsewhere.
        why, instead : str
            What is missing, and how new rows are made.
        error : Exception, optional
            What imbalanced-learn raises; None if it leaves the class as it is.
        """
        if len(rows) > 1:
            warn_user(f"class {label}: {why}. New rows are made {instead}.")
        return True

    def or_all(self, rows, all_rows):
        """Return `rows`, or all rows of the class if there are none."""
        return rows if len(rows) else all_rows

    def floats(self, X):
        """Return rows in float64: squares and sums of float32 may overflow."""
        return X.astype(np.float64, copy=False)

    # --- new rows with noise, or with categories ---

    def spread(self, X, n_rows):
        """Return the number of rows for the bandwidth, and standard deviations.

        Parameters
        ----------
        X : {ndarray, CSR} of shape (n_class, n_features)
            The rows of a class.
        n_rows : int
            Number of rows of all classes.
        """
        return X.shape[0], deviations(X)

    def jitters(self, base, scale):
        """Return copies of rows with normal noise."""
        # The recipe holds a seed, not the noise: `take` draws it anew for every block.
        return Jitters(base, scale, self.seed, (LEARN, self.code))

    def nominal_gap(self, X, integers):
        """Return the median deviation m of the columns, and m / sqrt(2).

        Parameters
        ----------
        X : {ndarray, CSR} of shape (n_rows, n_features)
            The continuous columns of a class.
        integers : bool
            Whether they hold integers.
        """
        # In two one-hot columns that differ, gaps of m / sqrt(2) add up to m squared.
        X = X.toarray() if hasattr(X, "toarray") else X
        median = float(np.median(deviations(X)))
        return median, median / np.sqrt(2)

    def votes(self, codes, lists, voters, gap):
        """Return a row with the winning code for each new row and nominal column.

        Parameters
        ----------
        codes : ndarray of int64 of shape (n_rows, n_columns)
        lists : ndarray of int64 of shape (n_lists, length)
            The rows that vote together.
        voters : ndarray of int64 of shape (n_new,)
            Which list votes for each new row.
        gap : float
            What imbalanced-learn adds up for each vote.
        """
        donor = np.empty((len(voters), codes.shape[1]), dtype=np.int64)
        for j in range(codes.shape[1]):
            uniforms = self.rng.random(len(voters))
            donor[:, j] = nominal.vote(codes[:, j], lists, voters, uniforms)
        return donor

    def value_difference_lists(self, table, n_neighbors):
        """Return every row of a `ValueDifferences`, followed by its neighbours."""
        own = np.arange(len(table.codes))[:, None]
        return np.hstack([own, table.neighbors(n_neighbors)])

    def found_lists(self, found):
        """Return every row followed by what a neighbours object found for it."""
        own = np.arange(len(found))[:, None]
        return np.hstack([own, without_own(found, own.ravel())])

    # --- kept rows ---

    def sample(self, n_rows, size, replace):
        """Draw `size` of the numbers below `n_rows`; they come in ascending order."""
        return np.sort(self.rng.choice(n_rows, size=size, replace=replace))

    def thinned(self, rows, size):
        """Return `size` of some rows, or all of them if there are no more."""
        # A permutation, not a sample: with the same seed, fewer rows are then a part of
        # more rows, so that curves over the size do not jump.
        if size >= len(rows):
            return rows
        return rows[self.rng.permutation(len(rows))[:size]]

    def order(self, positions):
        """Return the order of `fit_resample`, or None for the order of row numbers."""
        return

    def highest(self, values, size):
        """Return positions of the `size` highest values, ascending; first of ties."""
        # Values that differ only by rounding errors are ties on every machine.
        rounded = np.round(values, 9)
        return np.sort(np.argsort(-rounded, kind="stable")[:size])

    def smallest_class(self, codes):
        """Return the number of the smallest class, the lowest of equally small ones."""
        return int(np.argmin(np.bincount(codes)))

    def is_enough(self, n_found, size):
        """Tell whether candidates are not looked for further."""
        return n_found >= size

    def seeds(self, n_rows, n_seeds):
        """Draw positions of the rows that a store begins with."""
        return self.rng.choice(n_rows, min(n_seeds, n_rows), replace=False)

    def condenses(self, code, smallest):
        """Tell whether a class is condensed; the smallest is the store, and is kept."""
        return code != smallest

    def passed_over(self, rows):
        """Return, for each row of a class, the position that is not judged again."""
        return np.arange(len(rows))

    def misjudged(self, data, rows, lists, estimator):
        """Tell which rows of a class the votes of their neighbours give to another."""
        return most_frequent(data.codes[lists]) != data.codes[rows]

    # --- centroids ---

    def means(self, numbers, centers):
        """Return the cluster of each row, and the centroids if they are not the means.

        Parameters
        ----------
        numbers : ndarray of int64 of shape (n_rows,)
            The cluster that k-means put each row in.
        centers : ndarray of shape (n_clusters, n_features)
        """
        # An empty cluster has no mean, so it gets the last row of a largest one. The
        # new row is the mean of the members, computed when it is taken: k-means' own
        # centres are means up to its tolerance only, and sums would not be exact.
        sizes = np.bincount(numbers, minlength=len(centers))
        for empty in np.flatnonzero(sizes == 0):
            largest = np.argmax(sizes)
            numbers[np.flatnonzero(numbers == largest)[-1]] = empty
            sizes[largest] -= 1
            sizes[empty] = 1
        return numbers, None

    def representatives(self, X, rows, centers, nearest):
        """Return a row for each centre; `nearest` holds the nearest member of each."""
        return nearest

    # --- what comes back ---

    def before_cleaning(self, rows, is_integral, truncates):
        """Return rows made so far as a cleaning method sees them."""
        return rows

    @staticmethod
    def relabelled(rows):
        """Return the rows of `fit_resample` with the index that they come back with."""
        return rows
