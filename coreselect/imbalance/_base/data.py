"""What methods of resampling work on: rows and their labels, as numbers of classes."""

import numbers
from functools import cached_property

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from coreselect._validation import naming
from coreselect.base import within_budget
from coreselect.neighbors import neighbor_lists, neighbors_in_blocks
from coreselect.rows import take_rows


class LabelledRows:
    """Rows with labels; those of weight 0 are left out.

    Parameters
    ----------
    rows : Rows
        All rows, with labels.

    Attributes
    ----------
    y : ndarray of shape (n_rows,)
        Labels; for one-hot labels the numbers of their columns.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    codes : ndarray of int64 of shape (n_rows,)
        ``y == classes[codes]``.
    weight : ndarray of shape (n_rows,) or None
        None: ones.
    kept : ndarray of int64 or None
        Numbers of these rows among all rows, if some are left out.
    n_rows, n_features, n_total : int
        `n_total` counts all rows.
    feature_names : list of str or None
    integral : bool
        Whether all features came as integers.
    """

    def __init__(self, rows):
        with naming("y"):
            labels = check_labels(rows.y)
        self._rows = rows.subset()
        self.kept, self.weight = self._rows.kept, self._rows.weight
        self.y = labels if self.kept is None else labels[self.kept]
        self.classes, self.codes = _encode(self.y)
        self.n_rows, self.n_total = self._rows.n_rows, rows.n_rows
        self.n_features, self.feature_names = rows.n_features, rows.feature_names
        self.integral = rows.integral

    @cached_property
    def X(self):
        """The rows, read when first asked for.

        An ndarray or CSR of shape (n_rows, n_features), float32 or float64, for methods
        that compute with the features. For the others (`_numeric` is False) a frame, or
        an array of any dtype.
        """
        return self._rows.whole().X

    def X_of(self, rows):
        """Return some rows; only these are read, unless all rows are held already."""
        if "X" in self.__dict__:
            return take_rows(self.X, rows)
        return self._rows.gather(rows).X

    def reduce(self, fn, merge):
        """Apply `fn` to every block of the rows and merge the results; see `Rows`."""
        return self._rows.reduce(fn, merge)

    def neighbors_of(self, rows, X, estimator):
        """Return the neighbours of some rows `X` among all rows, by `neighbor_lists`.

        For a number of neighbours, all rows are read in blocks. An object is fitted to
        all rows at once.
        """
        if isinstance(estimator, numbers.Integral) and "X" not in self.__dict__:
            return neighbors_in_blocks(self._rows, int(estimator), X, rows)
        return neighbor_lists(estimator, self.X, queries=X, exclude=rows)

    def check_finite(self):
        """Raise if features are NaN or infinite; rows are read block by block."""
        self._rows.check_finite()

    def keep_to_budget(self, resampler):
        """Read the rows in smaller blocks if a memory budget asks for it, or raise."""
        n_small = self.n_rows - int(np.bincount(self.codes).max())
        self._rows = within_budget(resampler, self._rows, n_small)

    def code_of(self, label):
        """Return the number of a class."""
        (found,) = np.flatnonzero(self.classes == label)
        return int(found)

    def rows_of(self, label):
        """Return the numbers of the rows of a class, ascending."""
        return np.flatnonzero(self.codes == self.code_of(label))

    def weights_of(self, rows):
        """Return the weights of some rows."""
        return np.ones(len(rows)) if self.weight is None else self.weight[rows]


def _encode(labels):
    """Return the classes, sorted, and the number of the class of every row."""
    # Counting takes O(n) where sorting takes O(n log n), and labels are mostly small
    # integers. Text is slow to sort: distinct values are found first, by hashing.
    if _is_narrow(labels):
        low = int(labels.min())
        above = labels.astype(np.int64) - low
        found = np.bincount(above) > 0
        classes = (np.flatnonzero(found) + low).astype(labels.dtype)
        return classes, (np.cumsum(found) - 1)[above]
    if labels.dtype.kind not in "OU":
        classes = np.unique(labels)
        return classes, np.searchsorted(classes, labels)
    values = labels.tolist()
    found = sorted(set(values))
    number = {label: code for code, label in enumerate(found)}
    classes = np.array(found, dtype=labels.dtype)
    return classes, np.fromiter(map(number.__getitem__, values), np.int64, len(values))


def _is_narrow(labels):
    """Return whether labels are integers of a small range: classes, not amounts."""
    if labels.ndim != 1 or labels.dtype.kind != "i" or len(labels) == 0:
        return False
    return int(labels.max()) - int(labels.min()) < len(labels) // 2


def check_labels(y):
    """Return an array of labels with one dimension; one-hot ones as column numbers."""
    if _is_narrow(y):
        return y
    # Text is recognised by its type alone; scikit-learn would sort all of it first.
    kinds = set(map(type, y.ravel().tolist())) if y.dtype == object else {y.dtype.type}
    if y.dtype == object and not kinds & {str, bytes}:  # numbers of nullable columns
        y = np.array(y.tolist())
    if y.ndim == 2 and y.shape[1] == 1:
        y = y.ravel()
    if y.ndim == 1 and kinds <= {str, np.str_}:
        return y
    if kinds & {str, bytes} and len(kinds) > 1:
        names = sorted(kind.__name__ for kind in kinds)
        raise ValueError(
            f"y has labels of several types, {names}; make them all strings."
        )
    kind = type_of_target(y)
    if kind not in ("binary", "multiclass"):
        check_classification_targets(y)
    if y.dtype.kind == "V":
        raise ValueError(f"y must hold one class per row, got an array of {y.dtype}.")
    if kind == "multilabel-indicator":
        if (y.sum(axis=1) > 1).any():
            raise ValueError(
                "Binary, multiclass and one-hot targets are supported. Multilabel and "
                "multioutput targets are not supported."
            )
        return y.argmax(axis=1)
    if y.ndim > 1:
        raise ValueError(
            "Multilabel and multioutput targets are not supported. y should be a 1d "
            f"array, got an array of shape {y.shape} instead."
        )
    return y
