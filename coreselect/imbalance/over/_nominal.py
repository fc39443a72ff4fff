"""Rows with nominal columns: which they are, codes, neighbours and votes."""

import numbers

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.base import clone

from coreselect._kernels import nominal as kernels
from coreselect._threads import count_threads, run_rounds
from coreselect.rows.frames import is_frame

_BLOCK_VALUES = 2**23  # of a block of distances: 64 MB
_NOTHING = ("NAType", "NaTType")  # of pandas
_NOT_OF_NUMPY = (nw.Int128, nw.UInt128)
_RUN = 1024  # rows whose neighbours a thread finds at a time


def is_pandas(X):
    """Tell whether X is a pandas data frame."""
    return hasattr(X, "iloc")


def nominal_columns(X):
    """Return the numbers of the categorical columns of a data frame."""
    if not is_frame(X):
        raise ValueError(
            "When `categorical_features='auto'`, the input data should be a "
            "pandas.DataFrame or another data frame with categorical columns. Got "
            f"{type(X)} instead; name the columns by their numbers."
        )
    dtypes = nw.from_native(X, eager_only=True).schema.dtypes()
    kinds = (nw.Categorical, nw.Enum)
    return np.flatnonzero([isinstance(dtype, kinds) for dtype in dtypes])


def column_numbers(chosen, names, n_features):
    """Return the numbers of columns given by number, name or mask.

    Parameters
    ----------
    chosen : array-like of int, str or bool
    names : list of str or None
    n_features : int
    """
    chosen = np.asarray(chosen)
    if chosen.ndim != 1:
        raise ValueError(
            f"categorical_features must be 1-dimensional, got shape {chosen.shape}."
        )
    if len(chosen) == 0:
        return np.empty(0, dtype=np.int64)
    if chosen.dtype == bool:
        if len(chosen) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(chosen)} columns, but X has "
                f"{n_features}."
            )
        return np.flatnonzero(chosen)
    if chosen.dtype.kind in "iu":
        if chosen.min() < -n_features or chosen.max() >= n_features:
            raise ValueError(
                f"categorical_features: all features must be in [0, {n_features - 1}] "
                f"or [-{n_features}, 0], got {chosen.tolist()}."
            )
        found = chosen.astype(np.int64) % n_features
    else:
        found = np.array([_place(name, names) for name in chosen.tolist()])
    if len(np.unique(found)) < len(found):
        raise ValueError(
            f"categorical_features names a column twice: {chosen.tolist()}."
        )
    return found


def _place(name, names):
    if not isinstance(name, str):
        raise TypeError(
            f"categorical_features must hold column numbers, names or a mask, got "
            f"{name!r}."
        )
    if names is None:
        raise ValueError(
            f"categorical_features names a column, {name!r}, but X has no names; use "
            "column numbers, or pass X as a data frame."
        )
    if name not in names:
        raise ValueError(
            f"categorical_features names {name!r}, which is no column of X: {names}."
        )
    return names.index(name)


def take_columns(X, columns):
    """Return some columns: of pandas a frame, of CSR a CSR, else an array."""
    if sparse.issparse(X):
        return X.tocsc()[:, columns].tocsr()
    if is_pandas(X):
        return X.iloc[:, columns]
    if not is_frame(X):
        return X[:, columns]
    frame = nw.from_native(X, eager_only=True)
    found = [frame[:, int(column)] for column in columns]
    if not any(s.null_count() or s.dtype in _NOT_OF_NUMPY for s in found) and all(
        series.dtype.is_numeric() for series in found
    ):
        return np.column_stack([series.to_numpy() for series in found])
    table = np.empty((len(frame), len(columns)), dtype=object)
    for j, series in enumerate(found):
        table[:, j] = series.to_list()
    return table


def encode_columns(encoder, X, names):
    """Return what an encoder makes of nominal columns; errors call a column by name."""
    try:
        return encoder.fit_transform(X)
    except (TypeError, ValueError):
        for j, name in enumerate(names):
            try:
                clone(encoder).fit_transform(take_columns(X, [j]))
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"X: the nominal column {name!r} has values that cannot be put in "
                    f"order; make all of them text, or numbers. {error}"
                ) from error
        raise


def without_na(X):
    """Return nominal columns with None for NA and NaT, which encoders do not take."""
    if not is_pandas(X):
        return _array_without_na(X)
    made = X.copy(deep=False)
    for name, dtype in X.dtypes.items():
        column, kind = X[name], type(getattr(dtype, "na_value", None)).__name__
        if str(dtype) == "object":
            values = _array_without_na(column.to_numpy())
        elif column.hasnans and (kind in _NOTHING or dtype.kind in "mM"):
            values = column.to_numpy(dtype=object, na_value=None)
        else:
            continue
        made[name] = type(column)(values, index=X.index, dtype=object)
    return made


def _array_without_na(X):
    if X.dtype.kind in "mM":
        return X.astype(object)  # of NaT, None
    if X.dtype != object:
        return X
    missing = np.fromiter(map(_is_na, X.flat), dtype=bool, count=X.size)
    missing = missing.reshape(X.shape)
    if not missing.any():
        return X
    X = X.copy()
    X[missing] = None
    return X


def _is_na(value):
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return type(value).__name__ in _NOTHING


def ranges_of(categories):
    """Return where the codes of each column begin if they are numbered on, and end."""
    return np.concatenate([[0], np.cumsum([len(values) for values in categories])])


def mixed_neighbors(X, codes, gap, n_neighbors):
    """Find the nearest other rows of all rows.

    Parameters
    ----------
    X : ndarray of shape (n, n_continuous)
    codes : ndarray of int of shape (n, n_nominal)
    gap : float
        Distance of two rows that differ in one nominal column only.
    n_neighbors : int

    Returns
    -------
    ndarray of int64 of shape (n, n_neighbors)
        Nearest first; of rows at the same distance, the lowest.
    """
    largest = max(np.ptp(X, axis=0).max(initial=0.0), gap)
    unit = np.ldexp(1.0, -int(np.clip(np.frexp(largest)[1], -1000, 1000)))
    columns = np.ascontiguousarray(X.T, dtype=np.float64) * unit
    codes = np.ascontiguousarray(codes.T, dtype=np.uint32)
    distances = np.full((len(X), n_neighbors), np.inf)
    lists = np.zeros((len(X), n_neighbors), dtype=np.int64)
    price = float(np.square(gap * unit))

    def search(start, stop):
        found = distances[start:stop], lists[start:stop]
        kernels.mixed_neighbors(columns, codes, price, start, *found)

    _on_all_threads(search, len(X))
    return lists


def one_hot(codes, bounds, value):
    """Return codes as a CSR of `value` in the column of each code, else zero."""
    n, q = codes.shape
    columns = (codes + bounds[:-1]).ravel()
    starts = np.arange(0, n * q + 1, q)
    return sparse.csr_matrix(
        (np.full(n * q, value), columns, starts), shape=(n, bounds[-1])
    )


def class_shares(codes, bounds, classes, n_classes, weight=None):
    """Return the share of every class among the rows with a code.

    Parameters
    ----------
    codes : ndarray of int of shape (n, n_nominal)
    bounds : ndarray of int of shape (n_nominal + 1,)
        Of `ranges_of`.
    classes : ndarray of int of shape (n,)
    n_classes : int
    weight : ndarray of shape (n,), optional

    Returns
    -------
    ndarray of shape (bounds[-1], n_classes)
        Zero for codes that no row has.
    """
    places = (codes + bounds[:-1]) * n_classes + classes[:, None]
    weights = np.repeat(1.0 if weight is None else weight, codes.shape[1])
    if weight is None:
        weights = None
    counts = np.bincount(places.ravel(), weights, bounds[-1] * n_classes)
    counts = counts.reshape(-1, n_classes).astype(np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


def vdm_neighbors(codes, bounds, shares, n_neighbors):
    """Find the nearest other rows of all rows by the value difference metric.

    Parameters
    ----------
    codes : ndarray of int of shape (n, n_nominal)
    bounds, shares : ndarray
        Of `ranges_of` and `class_shares`.
    n_neighbors : int

    Returns
    -------
    ndarray of int64 of shape (n, n_neighbors)
        Nearest first; of rows at the same distance, the lowest.
    """
    own = [np.unique(codes[:, c], return_inverse=True) for c in range(codes.shape[1])]
    values = [start + found for start, (found, _) in zip(bounds, own, strict=False)]
    bounds = ranges_of(values)  # codes that these rows do not have are left out
    shares = shares[np.concatenate(values)]
    columns = [start + code for start, (_, code) in zip(bounds, own, strict=False)]
    distances = np.full((len(codes), n_neighbors), np.inf)
    lists = np.zeros((len(codes), n_neighbors), dtype=np.int64)
    columns = np.array(columns, dtype=np.uint32)

    def search(start, stop):
        found = distances[start:stop], lists[start:stop]
        kernels.vdm_neighbors(columns, bounds, shares, start, *found)

    _on_all_threads(search, len(codes))
    return lists


def _on_all_threads(search, n):
    """Call ``search(start, stop)`` for runs of rows that make up ``range(n)``."""
    runs = [(start, min(n, start + _RUN)) for start in range(0, n, _RUN)]
    run_rounds(search, [runs], count_threads())


def vdm_distances(codes, bounds, shares, start, stop):
    """Return the distances of some rows to all, in the sums of imbalanced-learn."""
    total = np.zeros((stop - start, len(codes)))
    for c, first in enumerate(bounds[:-1]):
        values = shares[first + codes[:, c]]
        gaps = np.abs(values[None] - values[start:stop, None])
        total += np.sum(gaps, axis=-1) ** 2
    return total


def vdm_lists_imblearn(codes, bounds, shares, n_neighbors):
    """Return what a precomputed search finds, the row itself among them.

    Which of several rows at the same distance it finds is up to ``numpy.argpartition``,
    so this asks the same question, for a block of rows at a time.
    """
    n = len(codes)
    block = max(1, _BLOCK_VALUES // (n * shares.shape[1]))
    lists = np.empty((n, n_neighbors), dtype=np.int64)
    for start in range(0, n, block):
        stop = min(n, start + block)
        distances = vdm_distances(codes, bounds, shares, start, stop)
        found = np.argpartition(distances, n_neighbors - 1, axis=1)
        lists[start:stop] = found[:, :n_neighbors]
    return lists


def vote(codes, lists, voters, uniforms):
    """Choose the most frequent code of lists of rows; of several, one at random.

    Parameters
    ----------
    codes : ndarray of int64 of shape (n,)
    lists : ndarray of int64 of shape (n_lists, length)
    voters : ndarray of int64 of shape (n_new,)
        Which list votes for each new row.
    uniforms : ndarray of shape (n_new,) or 0.0
        In [0, 1); zero takes the lowest code.

    Returns
    -------
    ndarray of int64 of shape (n_new,)
        A row with the chosen code each.
    """
    donors, counts = kernels.most_frequent(codes, lists)
    starts = np.cumsum(counts) - counts
    chosen = np.floor(uniforms * counts[voters]).astype(np.int64)
    return donors[starts[voters] + chosen]


def vote_imblearn(codes, lists, voters, random, value=1.0):
    """Vote as imbalanced-learn does, with its random numbers.

    Parameters
    ----------
    codes, lists, voters
        As in `vote`.
    random : RandomState
    value : float
        What a code counts there. If it is so small that all sums look alike, every code
        ties with every other.
    """
    if value > 1e-8 + 1e-5 * value * lists.shape[1]:
        donors, counts = kernels.most_frequent(codes, lists)
    else:
        donors, counts = _all_alike(codes, lists, value)
    starts = np.cumsum(counts) - counts
    sizes = counts[voters]
    ends = np.cumsum(sizes)
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
    sums = np.zeros((len(lists), len(present)))
    rows = np.arange(len(lists))[:, None]
    np.add.at(sums, (rows, numbers_of[lists]), value)
    ties = np.isclose(sums, sums.max(axis=1, keepdims=True))
    return first[np.nonzero(ties)[1]], ties.sum(axis=1)


def is_number(value):
    """Tell whether a parameter is a number of neighbours, not an object."""
    return isinstance(value, numbers.Integral)
