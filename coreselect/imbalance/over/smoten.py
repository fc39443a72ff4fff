"""SMOTE for nominal columns, by the value difference metric (Chawla et al. 2002).

Two values of a column have the distance ``sum_c |P(c | value 1) - P(c | value 2)|``,
where P is the share of class c among all rows with the value. The distance of two rows
is the sum of the squares over the columns (Stanfill and Waltz 1986).
"""

from __future__ import annotations

import numbers
import warnings
from typing import Any, Literal

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import check_array

from coreselect._typing import Checks, NeighborsLike, Seed, Strategy
from coreselect._validation import naming
from coreselect.imbalance._base import OverSampler
from coreselect.imbalance._base.neighbors import alone, neighbors_object, require_rows
from coreselect.imbalance._base.nominal import (
    ValueDifferences,
    class_shares,
    ranges_of,
    vote,
)
from coreselect.imbalance._base.parameters import Estimator
from coreselect.imbalance.over._columns import (
    encode_columns,
    is_pandas,
    take_columns,
    without_na,
)
from coreselect.selection import Votes


class SMOTEN(OverSampler):
    """Make new rows of nominal columns.

    Every column of a new row gets the most frequent value among a row of the class and
    its neighbours by the value difference metric; ties go to the first category [1]_.

    Parameters
    ----------
    categorical_encoder : encoder, optional
        Numbers the categories of each column from zero; by default `OrdinalEncoder`.
    sampling_strategy : str, float, dict or callable, default="auto"
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
    k_neighbors : int or object with ``kneighbors``, default=5
        Number of neighbours inside the class. An object must accept
        ``metric="precomputed"`` and count the row itself as a neighbour; it is fitted
        to all distances of a class.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        "coreselect" shares new rows out evenly over the rows of the class, and prefers
        the lowest of rows at equal distances. "imblearn" draws bases at random and
        takes the neighbours that imbalanced-learn takes.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_
        As for `SMOTE`.
    categorical_encoder_ : encoder
        Fitted to all rows.
    nn_k_ : object
        The neighbours object of imbalanced-learn.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If a class has at most `k_neighbors` rows, or a column of floats holds NaN.

    See Also
    --------
    SMOTENC : Nominal and continuous columns.

    Notes
    -----
    The search costs O(T² d) for a class of T rows; memory is O(T k) and one number per
    category and class. Only for a neighbours object all T x T distances are held.

    All new rows of one base are equal, and a value that is rare in the class never
    wins. So new rows are less varied than the rows of the class, and most are copies of
    frequent ones. `RandomOverSampler` does nearly the same for less.

    Missing values in frames and in arrays of objects (None, NaN, NA, NaT) are a
    category of their own; NaN in an array of floats is refused.

    Input weights count in the shares of classes, and rows become bases in proportion to
    them. A class of one row gets copies of it, with a warning.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer, "SMOTE: synthetic
       minority over-sampling technique", Journal of Artificial Intelligence Research 16
       (2002), 321-357, :doi:`10.1613/jair.953`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SMOTEN
    >>> X = np.array([["a"]] * 6 + [["b"]] * 3, dtype=object)
    >>> y = np.array([0] * 6 + [1] * 3)
    >>> X_new, y_new = SMOTEN(k_neighbors=2, random_state=0).fit_resample(X, y)
    >>> X_new[9:].ravel().tolist()
    ['b', 'b', 'b']
    """

    cli_name = "smoten"
    cost = "O(T² d)"
    use_when = "New rows of a small class are wanted, and all columns are nominal."
    parameter_checks: Checks = {
        "categorical_encoder": Estimator(("fit_transform", "inverse_transform")),
    }
    _numeric = False
    _strings = True
    _temporary = ("_table",)

    def __init__(
        self,
        categorical_encoder: Any = None,
        *,
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
        self.categorical_encoder = categorical_encoder
        self.k_neighbors = k_neighbors

    @classmethod
    def examples(cls):
        return [cls(k_neighbors=1), cls(k_neighbors=1, protocol="imblearn")]

    def _begin(self, data, draws):
        X = data.X
        if sparse.issparse(X):
            warnings.warn(
                "Passing a sparse matrix to SMOTEN is not really efficient since it is "
                "converted to a dense array internally.",
                DataConversionWarning,
                stacklevel=2,
            )
            X = X.toarray()
        with naming("X"):
            X = check_array(without_na(_as_table(X)), dtype=None)
        if self.categorical_encoder is None:
            self.categorical_encoder_ = OrdinalEncoder(dtype=np.int32)
        else:
            self.categorical_encoder_ = clone(self.categorical_encoder)
        names = data.feature_names or range(data.n_features)
        codes = np.asarray(encode_columns(self.categorical_encoder_, X, names))
        codes = np.asfortranarray(codes, dtype=np.int64)
        bounds = ranges_of(self.categorical_encoder_.categories_)
        n_classes = len(data.classes)
        shares = class_shares(codes, bounds, data.codes, n_classes, data.weight)
        self._table = ValueDifferences(codes, bounds, shares)
        self.nn_k_ = neighbors_object(self.k_neighbors)
        if "metric" in self.nn_k_.get_params():
            self.nn_k_.set_params(metric="precomputed")

    def _new_rows(self, data, label, rows, n_new, draws):
        codes = self._table.codes
        lists = rows[self._voters(rows, label, draws)]
        bases = draws.evenly(len(rows), n_new, data.weights_of(rows))
        columns = np.arange(codes.shape[1])
        # All new rows of a base are alike, as the vote draws no random numbers.
        donor = np.empty((n_new, len(columns)), dtype=np.int64)
        for j in columns:
            donor[:, j] = vote(codes[:, j], lists, bases, 0.0)
        base = rows[bases]
        return [Votes(base, base, np.zeros(n_new), columns=columns, donor=donor)]

    def _voters(self, rows, label, draws):
        """Return, for every row of a class, the positions of it and its neighbours."""
        if len(rows) == 1:
            return alone(label)
        require_rows("k_neighbors", self.k_neighbors, len(rows), f"class {label}")
        table = self._table._replace(codes=self._table.codes[rows])
        if isinstance(self.k_neighbors, numbers.Integral):
            return draws.value_difference_lists(table, self.k_neighbors)
        distances = table.distances(0, len(rows))
        fitted = self.nn_k_.fit(distances)
        return draws.found_lists(fitted.kneighbors(distances, return_distance=False))


def _as_table(X):
    """Return a frame as an array of objects or numbers; anything else as it is.

    What is missing becomes None; NaN of NumPy's floats stays.
    """
    if is_pandas(X):
        thin = [(c, t) for c, t in X.dtypes.items() if str(t).startswith("Sparse")]
        X = X.astype({name: dtype.subtype for name, dtype in thin}) if thin else X
        numbers = [isinstance(t, np.dtype) and t.kind == "f" for t in X.dtypes]
        missing = X.isna().to_numpy() & ~np.array(numbers)
        if not missing.any():
            return X.to_numpy()
        table = X.to_numpy(dtype=object, copy=True)
        table[missing] = None
        return table
    if isinstance(X, np.ndarray) or not hasattr(X, "columns"):
        return X
    return take_columns(X, range(nw.from_native(X, eager_only=True).shape[1]))
