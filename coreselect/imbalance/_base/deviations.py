"""Standard deviations of columns, without overflow or loss."""

import numpy as np
from scipy import sparse


def deviations(X):
    """Return the standard deviation of every column of an array or sparse matrix.

    Sums run in float64, about the mean and in units of each column's largest gap:
    neither many rows nor any scale of float32 or float64 spoils them.
    """
    # The mean is taken first: the difference of a mean of squares and a squared mean
    # would lose all digits if the mean is large beside the deviation.
    if not sparse.issparse(X):
        X = np.asarray(X, dtype=np.float64)
        center = X.mean(axis=0)
        # The sum of values near the largest float overflows; that of their parts does
        # not.
        if not np.isfinite(center).all():
            center = (X / len(X)).sum(axis=0)
        gaps = X - center
        unit = _units(np.abs(gaps).max(axis=0))
        return unit * np.sqrt(np.square(gaps / unit).mean(axis=0))
    # Only the stored entries of a sparse column are visited; its zeros are counted.
    X = sparse.csc_array(X, dtype=np.float64)
    counts = np.diff(X.indptr)
    unit = _units(abs(X).max(axis=0).toarray().ravel())
    column = np.repeat(np.arange(X.shape[1]), counts)
    values = X.data / unit[column]
    mean = np.bincount(column, values, X.shape[1]) / X.shape[0]
    squares = np.bincount(column, (values - mean[column]) ** 2, X.shape[1])
    squares += (X.shape[0] - counts) * mean**2
    return unit * np.sqrt(squares / X.shape[0])


def _units(largest):
    """Return the largest absolute values of columns, with 1 for 0."""
    return np.where(largest > 0, largest, 1.0)
