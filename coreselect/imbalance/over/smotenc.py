"""SMOTE for rows with nominal and continuous columns (Chawla et al. 2002, section 6).

The squared distance of two rows of a class is that of their continuous columns, plus
``m**2`` for every nominal column in which they differ. Here m is the median of the
standard deviations of the continuous columns in the class.
"""

from __future__ import annotations

import numbers
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder

from coreselect._typing import Checks, NeighborsLike, Seed, Strategy
from coreselect.base import Holds, RowEstimator
from coreselect.imbalance._base import OverSampler
from coreselect.imbalance._base.neighbors import alone, neighbors_object, require_rows
from coreselect.imbalance._base.nominal import mixed_neighbors, one_hot, ranges_of
from coreselect.imbalance._base.parameters import Estimator
from coreselect.imbalance.over._columns import (
    column_numbers,
    encode_columns,
    first_rows,
    nominal_columns,
    nominal_table,
)
from coreselect.imbalance.over._continuous import (
    Faults,
    faults_of,
    hold_integers,
    names_of,
    numbers_of,
)
from coreselect.neighbors import neighbor_lists
from coreselect.rows import Rows
from coreselect.rows.columns import column_types, listed
from coreselect.rows.frames import is_frame
from coreselect.rows.sources import is_stored
from coreselect.selection import Votes


def check_categorical(name, value):
    """Raise unless `value` is "auto" or can name the nominal columns."""
    if isinstance(value, str):
        if value != "auto":
            raise ValueError(
                f"{name} must be 'auto' or a list of columns, got {value!r}."
            )
    elif not isinstance(value, (list, tuple, np.ndarray)) and not hasattr(
        value, "__array__"
    ):
        raise TypeError(f"{name} must be 'auto' or a list of columns, got {value!r}.")


class SMOTENC(OverSampler):
    """Make new rows with nominal and continuous columns.

    Continuous columns are interpolated, as in `SMOTE`. A nominal column gets the most
    frequent value among the neighbours of the base row, which itself has no vote; ties
    are broken at random [1]_.

    Parameters
    ----------
    categorical_features : "auto" or array-like, default="auto"
        The nominal columns: their numbers, names, or a mask. "auto": the categorical
        columns of a data frame.
    categorical_encoder : encoder, optional
        A one-hot encoder with one column per category; by default `OneHotEncoder`. Only
        its categories are used. An encoder given here is fitted to all rows at once.
    sampling_strategy : str, float, dict or callable, default="auto"
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
    k_neighbors : int or object with ``kneighbors``, default=5
        Number of neighbours inside the class. An object must count the row itself as a
        neighbour; it is fitted to one-hot columns with the value ``m / sqrt(2)``.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        Whose random numbers, rounding and order are followed.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, nn_k_
        As for `SMOTE`.
    categorical_features_, continuous_features_ : ndarray of int64
        Numbers of the columns.
    categorical_encoder_ : encoder
        Fitted to the nominal columns.
    median_std_ : dict
        The median m of each class with new rows.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If there are no nominal or no continuous columns, if a class has at most
        `k_neighbors` rows, or if continuous columns hold NaN or infinity.

    See Also
    --------
    SMOTE : Continuous columns only.
    SMOTEN : Nominal columns only.

    Notes
    -----
    The search costs O(T² d) for a class of T rows. One pass over blocks of rows looks
    for NaN and for the values of nominal columns. Then `fit` holds one class at a time,
    that is T (d + k) numbers, and a row for each category. With a
    `categorical_encoder`, it holds all rows.

    Nominal columns may hold strings, numbers or missing values, which are a category of
    their own. Sparse X is made dense: the nominal columns block by block, the
    continuous ones class by class.

    If the median deviation is zero, nominal columns do not count in distances. If the
    continuous columns have very different scales, the widest one outweighs the nominal
    ones, as m is a median: scale first.

    Rows become bases in proportion to their input weights, which do not enter m. A
    class of one row gets copies of it, with a warning.

    Under ``protocol="imblearn"`` new rows are those of imbalanced-learn, except where
    neighbours are at equal distances. If all continuous columns hold integers, it
    truncates m / sqrt(2) to an integer. If that is zero, it draws nominal values from
    all categories, whatever the neighbours have; the protocol does the same.

    The paper found no gain over under-sampling alone on its mixed data (Adult).

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer, "SMOTE: synthetic
       minority over-sampling technique", Journal of Artificial Intelligence Research 16
       (2002), 321-357, :doi:`10.1613/jair.953`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SMOTENC
    >>> X = np.array([[0.0, "a"], [1.0, "a"], [2.0, "a"], [9.0, "b"], [8.0, "b"],
    ...               [7.0, "c"], [6.0, "b"], [5.0, "c"]], dtype=object)
    >>> y = [1, 1, 1, 0, 0, 0, 0, 0]
    >>> sampler = SMOTENC([1], k_neighbors=2, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> y_new[8:], X_new[8:, 1].tolist()
    ([1, 1], ['a', 'a'])
    """

    cli_name = "smotenc"
    passes = (
        "2, and 1 for each class that gets new rows; with a categorical_encoder: all "
        "rows in memory"
    )
    cost = "O(T² d)"
    holds = Holds(per_row=48, blocks=2, per_small=48)
    use_when = "New rows of a small class are wanted, and some columns are nominal."
    parameter_checks: Checks = {
        "categorical_features": check_categorical,
        "categorical_encoder": Estimator(("fit_transform", "inverse_transform")),
    }
    _numeric = False
    _strings = True
    _temporary = ("_first", "_codes", "_bounds", "_integers")

    def __init__(
        self,
        categorical_features: ArrayLike = "auto",
        *,
        categorical_encoder: Any = None,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        k_neighbors: NeighborsLike = 5,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            protocol=protocol,
        )
        self.categorical_features = categorical_features
        self.categorical_encoder = categorical_encoder
        self.k_neighbors = k_neighbors

    @classmethod
    def examples(cls):
        few = {"categorical_features": [-1], "k_neighbors": 1}
        return [cls(**few), cls(protocol="imblearn", **few)]

    def _holds(self, data):
        return self.holds if self.categorical_encoder is None else RowEstimator.holds

    def _open(self, X, y, sample_weight):
        auto = isinstance(self.categorical_features, str)
        if auto and not (isinstance(X, Rows) or is_stored(X)):
            # Said before y is looked at, as imbalanced-learn does.
            _split_columns(X, nominal_columns(X))
        return super()._open(X, y, sample_weight)

    def _begin(self, data, draws):
        empty = data.X_of(np.arange(0))  # columns and their types
        self._find_columns(data, empty)
        nominal, continuous = self.categorical_features_, self.continuous_features_
        seen = data.reduce(partial(_look, nominal, continuous), _merged)
        seen.faults.refuse(names_of(empty, continuous))
        self._first = seen.rows()
        self._integers = hold_integers(empty, continuous)
        self._encode(data)
        self.nn_k_ = neighbors_object(self.k_neighbors)
        self.median_std_ = {}

    def _find_columns(self, data, empty):
        if isinstance(self.categorical_features, str):
            nominal = nominal_columns(empty)
        else:
            nominal = column_numbers(
                self.categorical_features, data.feature_names, data.n_features
            )
        found = _split_columns(empty, nominal)
        self.categorical_features_, self.continuous_features_ = found

    def _encode(self, data):
        """Fit the encoder; set the codes of all rows if it may need all of them."""
        if self.categorical_encoder is None:
            # Its categories are the values in order, so one row for each is enough.
            X = data.X_of(self._first)
            numbers = numbers_of(X, self.continuous_features_)
            self.categorical_encoder_ = OneHotEncoder(
                handle_unknown="ignore",
                dtype=np.float64 if self._integers else numbers.dtype,
            )
        else:
            X = data.X
            self.categorical_encoder_ = clone(self.categorical_encoder)
        nominal = self.categorical_features_
        ones = encode_columns(
            self.categorical_encoder_, nominal_table(X, nominal), names_of(X, nominal)
        )
        self._bounds = ranges_of(self.categorical_encoder_.categories_)
        codes = self._codes_in(ones)
        self._codes = None if self.categorical_encoder is None else codes

    def _codes_in(self, ones):
        """Return the codes in a one-hot table, numbered from zero in each column."""
        ones = sparse.csr_matrix(ones)
        n_ones = ones.shape[0] * len(self.categorical_features_)
        if ones.shape[1] != self._bounds[-1] or ones.nnz != n_ones:
            raise ValueError(
                "SMOTENC requires a one-hot encoding with one column per category for "
                "the categorical features. The provided `categorical_encoder` produced "
                f"{ones.shape[1]} columns for {self._bounds[-1]} categories. Pass "
                "an encoder that keeps all categories, such as "
                "`OneHotEncoder(handle_unknown='ignore')`."
            )
        # A row of a one-hot table has one entry per nominal column. In order, these are
        # the codes, which need one number per column, not one per category.
        ones.sort_indices()
        columns = ones.indices.reshape(ones.shape[0], -1).astype(np.int64)
        return np.asfortranarray(columns - self._bounds[:-1])

    def _new_rows(self, data, label, rows, n_new, draws):
        # The first row of each value is read too. Columns then have the type that they
        # have in all rows: a class without nulls may have another. And imblearn's draws
        # may choose a value that the class does not have.
        read = np.union1d(self._first, rows)
        places = np.searchsorted(read, rows)
        table = data.X_of(read)
        X = numbers_of(table, self.continuous_features_)[places]
        if self._codes is None:
            table = nominal_table(table, self.categorical_features_)
            codes = self._codes_in(self.categorical_encoder_.transform(table))
        else:
            codes = self._codes[read]
        del table
        median, gap = draws.nominal_gap(X, self._integers)
        # Where m is zero, so is the gap, and nominal columns do not count in distances.
        self.median_std_[label] = median
        lists = self._neighbors(X, codes[places], gap, label)
        part = draws.segments(rows, rows, lists, n_new, data.weights_of(rows))
        donor = draws.votes(
            codes,
            places[lists],
            np.searchsorted(rows, part.base),
            gap if median else 1.0,
        )
        return [
            Votes(
                part.base,
                part.neighbor,
                part.step,
                columns=self.categorical_features_,
                donor=read[donor],
            )
        ]

    def _neighbors(self, X, codes, gap, label):
        """Return the neighbours of the rows of a class, by position."""
        if X.shape[0] == 1:
            return alone(label)
        require_rows("k_neighbors", self.k_neighbors, X.shape[0], f"class {label}")
        if isinstance(self.k_neighbors, numbers.Integral):
            X = X.toarray() if sparse.issparse(X) else X
            return mixed_neighbors(X, codes, np.sqrt(2.0) * gap, self.k_neighbors)
        ones = one_hot(codes, self._bounds, gap)
        encoded = sparse.hstack((X, ones), format="csr", dtype=ones.dtype)
        return neighbor_lists(self.k_neighbors, encoded)


class _Seen(NamedTuple):
    """What a pass sees in some rows.

    Attributes
    ----------
    faults : Faults
    first : list of dict
        For each nominal column, the number of the first row of each value.
    """

    faults: Faults
    first: list

    def rows(self):
        """Return the numbers of the first rows, ascending."""
        found = [np.fromiter(first.values(), np.int64) for first in self.first]
        return np.unique(np.concatenate(found))


def _look(nominal, continuous, block):
    """Return what is seen in a block; columns are given by number."""
    X = block.X.tocsc() if sparse.issparse(block.X) else block.X
    first = []
    for column in nominal:
        found = first_rows(X, column)
        first.append({value: block.start + row for value, row in found.items()})
    return _Seen(faults_of(X, continuous), first)


def _merged(earlier, later):
    pairs = zip(earlier.first, later.first, strict=True)
    return _Seen(earlier.faults.merge(later.faults), [b | a for a, b in pairs])


def _split_columns(X, nominal):
    """Return the numbers of nominal and of continuous columns; there must be both."""
    continuous = np.setdiff1d(np.arange(X.shape[1]), nominal)
    for columns, only, missing, instead in (
        (continuous, "categorical", "numerical", "SMOTEN"),
        (nominal, "numerical", "categorical", "SMOTE"),
    ):
        if len(columns) == 0:
            found = ""
            if is_frame(X) and not len(nominal_columns(X)):
                kinds = listed(sorted({str(t) for t in column_types(X).values()}))
                found = f" (No column of X is categorical; their types: {kinds}.)"
            raise ValueError(
                f"SMOTE-NC is not designed to work only with {only} features; X has "
                f"{X.shape[1]} feature(s). It requires some {missing} features; use "
                f"{instead}, or name the nominal columns in categorical_features."
                f"{found}"
            )
    return nominal, continuous
