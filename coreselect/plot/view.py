"""Rows of any content as points, for pictures and distances."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from coreselect.features import TableFeatures
from coreselect.rows import count_rows, take_rows
from coreselect.rows.seen import for_transformer

_MOST_VALUES = 2**22  # of a sample, so that its singular values take about a second
_MOST_COLUMNS = 300  # wider rows are projected first


class Sample(NamedTuple):
    """Some rows of a population and some chosen ones, in the user's kind of container.

    Attributes
    ----------
    rows : array, sparse matrix or data frame of n_sample rows
    chosen : the same of n_chosen rows
    numbers : ndarray of int64 of shape (n_sample,)
        Row numbers of the sample, ascending.
    n_total : int
        Number of rows that the sample was drawn from.
    """

    rows: Any
    chosen: Any
    numbers: np.ndarray
    n_total: int

    @property
    def is_whole(self):
        """Whether the sample holds all rows."""
        return len(self.numbers) == self.n_total


def sample_of(rows, chosen, *, most=5000):
    """Return a `Sample` of rows that were opened with ``numeric=False``.

    Parameters
    ----------
    rows : Rows
    chosen : array-like of int of shape (n_chosen,)
    most : int
        Largest size of the sample; fewer rows are drawn if they are wide.

    Returns
    -------
    Sample
    """
    wide = min(rows.n_features, _MOST_COLUMNS) if rows.is_sparse else rows.n_features
    most = min(rows.n_rows, most, max(1000, _MOST_VALUES // max(1, wide)))
    # Drawn at random: every k-th row would mislead where a file is periodic.
    rng = np.random.default_rng(0)
    numbers = np.sort(rng.choice(rows.n_rows, most, replace=False, shuffle=False))
    # One pass over a file serves both.
    both = np.union1d(numbers, np.asarray(chosen, dtype=np.int64))
    X = rows.gather(both).X
    parts = [take_rows(X, np.searchsorted(both, at)) for at in (numbers, chosen)]
    return Sample(*parts, numbers, rows.n_rows)


class View(NamedTuple):
    """The rows of a `Sample` as standardised numbers.

    Attributes
    ----------
    rows : ndarray of shape (n_sample, n_columns)
    chosen : ndarray of shape (n_chosen, n_columns)
    sample : Sample
    projected : bool
        Whether the columns are principal directions of more columns.
    """

    rows: np.ndarray
    chosen: np.ndarray
    sample: Sample
    projected: bool


def view_of(sample, transformer=None):
    """Return the `View` of a `Sample`.

    Parameters
    ----------
    sample : Sample
    transformer : fitted transformer, optional
        Makes numbers of rows. By default a `TableFeatures`, fitted to the sample.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        If no column says anything about the rows.
    """
    rows, chosen = sample.rows, sample.chosen
    wide = False
    if transformer is None and sparse.issparse(rows):
        wide = rows.shape[1] > _MOST_COLUMNS
        if not wide:
            rows, chosen = rows.toarray(), chosen.toarray()
    if transformer is None:
        transformer = _projection(rows) if wide else TableFeatures()
        transformer.fit(for_transformer(rows))
    rows = _numbers(rows, transformer)
    # Transformers refuse tables without rows.
    none = np.empty((0, rows.shape[1]))
    chosen = _numbers(chosen, transformer) if count_rows(chosen) else none
    return View(rows, chosen, sample, wide)


def _projection(rows):
    """Return a transformer of wide sparse rows, which never become dense."""
    most = max(1, min(50, *np.subtract(rows.shape, 1)))
    return make_pipeline(MaxAbsScaler(), TruncatedSVD(most, random_state=0))


def _numbers(rows, transformer):
    values = transformer.transform(for_transformer(rows))
    values = values.toarray() if sparse.issparse(values) else values
    return np.asarray(values, dtype=np.float64)


class Directions(NamedTuple):
    """Principal directions of the sample of a `View`.

    Attributes
    ----------
    center : ndarray of shape (n_columns,)
    scaled : ndarray of shape (n_columns, rank)
        Directions, divided by the singular values.
    singular : ndarray of shape (rank,)
    """

    center: np.ndarray
    scaled: np.ndarray
    singular: np.ndarray

    def plane(self, values):
        """Return positions in the two leading directions."""
        found = (values - self.center) @ (self.scaled * self.singular)[:, :2]
        return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))

    def leverage(self, values, sample):
        """Return the leverage of rows among all rows, with an intercept.

        It is exact if `sample` holds all rows. Otherwise the sample stands for them,
        and a row that lies far from the sample counts itself, so that no leverage
        exceeds one.
        """
        share = len(sample.numbers) / sample.n_total
        own = share * (((values - self.center) @ self.scaled) ** 2).sum(axis=1)
        if not sample.is_whole:
            own = own / (1 + own)
        return np.minimum(own + 1 / sample.n_total, 1.0)


def directions_of(view):
    """Return the `Directions` of a view."""
    center = view.rows.mean(axis=0)
    _, singular, right = np.linalg.svd(view.rows - center, full_matrices=False)
    used = singular > singular.max(initial=0.0) * 1e-10
    singular, right = singular[used], right[used]
    # Signs are free; fixed ones make pictures that can be compared.
    largest = np.argmax(np.abs(right), axis=1)
    right = right * np.sign(right[np.arange(len(right)), largest])[:, None]
    return Directions(center, right.T / singular, singular)
