"""How rows are drawn in imbalanced-learn 0.14: its random numbers, rounding, defects.

`ImblearnDraws` has the methods of `OwnDraws`, where they are described.
"""

import numbers

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state
from sklearn.utils.sparsefuncs import mean_variance_axis

from coreselect._kernels.nominal import most_frequent as most_frequent_codes
from coreselect.imbalance._base.neighbors import most_frequent
from coreselect.selection import Interpolations, Jitters

_BLOCK_VALUES = 2**23  # of a block of distances: 64 MB


class ImblearnDraws:
    """imbalanced-learn's draws.

    It calls `check_random_state` anew in many places. With an int, each of these starts
    from the same numbers (`_restarted`); elsewhere the numbers go on (`rng`).

    Parameters
    ----------
    random_state : None, int or RandomState
        None stands for a state of its own, not for NumPy's global one.
    """

    truncates = True

    def __init__(self, random_state):
        # One state for the fit, as two places that draw without a seed must go on.
        own = np.random.RandomState() if random_state is None else random_state
        self.state, self.rng = own, check_random_state(own)

    @staticmethod
    def check_random_state(value):
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if value is None or isinstance(value, np.random.RandomState):
            return
        if not whole or not 0 <= value < 2**32:
            raise ValueError(
                "random_state must be None, an int from 0 to 2**32 - 1 or a "
                f"RandomState, got {value!r}."
            )

    @staticmethod
    def check_allocation(allocation):
        if allocation == "even":
            raise ValueError(
                "allocation='even' is not what imbalanced-learn does; use "
                "protocol='coreselect', or allocation='pairs'."
            )

    # --- random numbers ---

    def of_class(self, code):
        return self

    def anew(self):
        return type(self)(self.state)

    def _restarted(self):
        return check_random_state(self.state)

    def legacy(self):
        return self.rng

    def seed_estimator(self, estimator, given):
        # It seeds its own defaults only; a user's estimator stays as it is.
        if given is None:
            estimator.set_params(random_state=self.state)

    def classifier_state(self, random):
        return self.state

    def result(self, fit, *arguments):
        # It fits anew for every class, which moves the numbers of a `RandomState`.
        return fit(*arguments)

    # --- new rows ---

    def segments(self, bases, targets, lists, n_new, weights, *, pairs=False, step=1.0):
        # One number stands for a base and a neighbour: a place in the flat table.
        random = self._restarted()
        drawn = random.randint(low=0, high=lists.size, size=n_new)
        steps = step * random.uniform(size=n_new)
        rows = drawn // lists.shape[1]
        return Interpolations(bases[rows], targets[lists.ravel()[drawn]], steps)

    def columns_and_steps(self, n_neighbors, n_new):
        columns = self.rng.choice(n_neighbors, size=n_new)
        return columns, self.rng.uniform(size=n_new)

    def with_repeats(self, n_rows, size, weights):
        return self.rng.choice(n_rows, size=size, replace=True)

    def evenly(self, n_rows, size, weights):
        return self._restarted().choice(n_rows, size=size, replace=True)

    def share_out(self, n_new, shares, rounding):
        # Each number is rounded by itself, so that totals may differ from `n_new`.
        return rounding(shares / shares.sum() * n_new).astype(np.int64)

    def two_parts(self, n_new, first, second):
        n_first = int(self.rng.beta(10, 10) * (n_new + 1))
        # A part without bases loses its share: fewer rows are made than asked for.
        return n_first if len(first) else 0, n_new - n_first if len(second) else 0

    def shortened(self, made, foreign):
        # The gap is shrunk first and multiplied by the step again, so that a new row
        # lies an eighth of the way from its base on average.
        shrink = np.ones(len(made))
        random = self._restarted()
        shrink[foreign] = random.uniform(low=0.0, high=0.5, size=foreign.sum())
        return Interpolations(made.base, made.neighbor, made.step, shrink)

    def base_weights(self, weights):
        # It knows no weights of rows.
        return np.ones(len(weights))

    def fall_back(self, label, rows, why, instead="as in SMOTE", error=None):
        if error is not None:
            raise error
        return False

    def or_all(self, rows, all_rows):
        return rows

    def floats(self, X):
        return X

    # --- new rows with noise, or with categories ---

    def spread(self, X, n_rows):
        # The bandwidth is for the number of all rows; deviations have X's precision.
        if sparse.issparse(X):
            return n_rows, np.sqrt(mean_variance_axis(X, axis=0)[1])
        return n_rows, np.std(X, axis=0)

    def jitters(self, base, scale):
        return Jitters(base, scale, noise=self.rng.randn(len(base), len(scale)))

    def nominal_gap(self, X, integers):
        _, variances = mean_variance_axis(sparse.csr_matrix(X), axis=0)
        median = np.median(np.sqrt(variances))
        # imbalanced-learn writes it into the table of continuous columns, which cuts it
        # off to an integer if these hold integers.
        dtype = np.int64 if integers else X.dtype
        return median, np.asarray(median / np.sqrt(2)).astype(dtype).item()

    def votes(self, codes, lists, voters, gap):
        random = self._restarted()
        donor = np.empty((len(voters), codes.shape[1]), dtype=np.int64)
        for j in range(codes.shape[1]):
            donor[:, j] = vote(codes[:, j], lists, voters, random, gap)
        return donor

    def value_difference_lists(self, table, n_neighbors):
        return precomputed_lists(table, n_neighbors + 1)

    def found_lists(self, found):
        return np.ascontiguousarray(found)

    # --- kept rows ---

    def sample(self, n_rows, size, replace):
        return self.rng.choice(n_rows, size=size, replace=replace)

    def thinned(self, rows, size):
        return rows[self.rng.permutation(len(rows))[:size]]

    def order(self, positions):
        return positions

    def highest(self, values, size):
        # All rows from a percentile on are kept, which are more if there are ties.
        percent = (1.0 - size / len(values)) * 100.0
        return np.flatnonzero(values >= np.percentile(values, percent))

    def smallest_class(self, codes):
        sizes = np.bincount(codes)
        # Among classes of equal size, the one that appears first in y.
        return int(codes[np.argmax(sizes[codes] == sizes.min())])

    def is_enough(self, n_found, size):
        return True

    def seeds(self, n_rows, n_seeds):
        return self.rng.randint(low=0, high=n_rows, size=n_seeds)  # may repeat

    def condenses(self, code, smallest):
        return True

    def passed_over(self, rows):
        # It passes over the row whose *position* in the class is the *number* of a row
        # in the store.
        return rows

    def misjudged(self, data, rows, lists, estimator):
        if hasattr(estimator, "predict"):
            fitted = clone(estimator).fit(data.X, data.y)
            return fitted.predict(data.X[rows]) != data.y[rows]
        # A row takes part in the vote on itself.
        votes = np.column_stack([data.codes[rows], data.codes[lists[:, :-1]]])
        return most_frequent(votes) != data.codes[rows]

    # --- centroids ---

    def means(self, numbers, centers):
        return numbers, centers

    def representatives(self, X, rows, centers, nearest):
        # Any row of the class may be nearest to a centre, also twice.
        search = NearestNeighbors(n_neighbors=1).fit(X)
        return rows[search.kneighbors(centers, return_distance=False)[:, 0]]

    # --- what comes back ---

    def before_cleaning(self, rows, is_integral, truncates):
        # The first step has already brought the rows back to the user's dtype.
        if not is_integral:
            return rows
        how = "trunc" if truncates else "rint"
        if sparse.issparse(rows):
            return getattr(rows, how)()
        return getattr(np, how)(rows)

    @staticmethod
    def relabelled(rows):
        return rows.reset_index(drop=True) if hasattr(rows, "iloc") else rows


def precomputed_lists(table, n_neighbors):
    """Return what a precomputed search finds, the row itself among them.

    Which of several rows at the same distance it finds is up to ``numpy.argpartition``,
    so this asks the same question, for a block of rows at a time.
    """
    n = len(table.codes)
    block = max(1, _BLOCK_VALUES // (n * table.shares.shape[1]))
    lists = np.empty((n, n_neighbors), dtype=np.int64)
    # The whole T x T table would not fit in memory; rows are partitioned one by one, so
    # that blocks of rows give the same lists.
    for start in range(0, n, block):
        stop = min(n, start + block)
        distances = table.distances(start, stop)
        found = np.argpartition(distances, n_neighbors - 1, axis=1)
        lists[start:stop] = found[:, :n_neighbors]
    return lists


def vote(codes, lists, voters, random, value=1.0):
    """Choose the most frequent code of each list of rows; ties are broken at random.

    Parameters
    ----------
    codes : ndarray of int64 of shape (n,)
    lists : ndarray of int64 of shape (n_lists, length)
    voters : ndarray of int64 of shape (n_new,)
        Which list votes for each new row.
    random : RandomState
    value : float
        What a vote counts. If it is so small that all sums look alike, every code ties
        with every other.
    """
    if value > 1e-8 + 1e-5 * value * lists.shape[1]:
        donors, counts = most_frequent_codes(codes, lists)
    else:
        donors, counts = _all_alike(codes, lists, value)
    starts = np.cumsum(counts) - counts
    sizes = counts[voters]
    ends = np.cumsum(sizes)
    # It permutes all candidates of all new rows, and takes the first of each new row.
    order = random.permutation(int(ends[-1]))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    first = np.minimum.reduceat(place, ends - sizes)
    return donors[starts[voters] + order[first] - (ends - sizes)]


def _all_alike(codes, lists, value):
    """Return what `most_frequent` does if sums of `value` are compared by isclose."""
    present, first, numbers_of = np.unique(
        codes, return_index=True, return_inverse=True
    )
    # imbalanced-learn codes values as one-hot columns; all columns with nearly the
    # largest sum tie. If sums are below isclose's absolute tolerance, even columns
    # without votes tie.
    sums = np.zeros((len(lists), len(present)))
    rows = np.arange(len(lists))[:, None]
    np.add.at(sums, (rows, numbers_of[lists]), value)
    ties = np.isclose(sums, sums.max(axis=1, keepdims=True))
    return first[np.nonzero(ties)[1]], ties.sum(axis=1)
