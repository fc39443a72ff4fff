"""Continuous columns beside nominal ones: their numbers, and what is wrong in them."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from coreselect.imbalance.over._columns import take_columns
from coreselect.rows.arrays import block_dtype
from coreselect.rows.columns import (
    are_integers,
    column_types,
    listed,
    not_numbers,
    refuse_nulls,
    with_kinds,
)
from coreselect.rows.frames import FrameHolder, count_nulls, is_frame


class Faults(NamedTuple):
    """What is wrong in the continuous columns of some rows; two of these merge.

    Attributes
    ----------
    others : dict of name to str
        Columns that are not numbers, and what they hold.
    nulls : dict of name to int
        Missing values of the columns of a frame.
    not_finite : set of names
        Columns with NaN or infinity.
    """

    others: dict
    nulls: dict
    not_finite: set

    def merge(self, other):
        """Return what is wrong in the rows of both."""
        others = {**self.others, **other.others}
        for name in self.others.keys() & other.others.keys():
            kinds = self.others[name].split(", "), other.others[name].split(", ")
            if kinds[0] != kinds[1]:
                others[name] = ", ".join(sorted(set(kinds[0]).union(kinds[1])))
        names = self.nulls.keys() | other.nulls.keys()
        nulls = {n: self.nulls.get(n, 0) + other.nulls.get(n, 0) for n in names}
        return Faults(others, nulls, self.not_finite | other.not_finite)

    def refuse(self, names):
        """Raise if anything is wrong in these columns."""
        if others := {name: self.others[name] for name in names if name in self.others}:
            raise ValueError(
                "X has columns that are not in categorical_features and not numbers: "
                f"{with_kinds(others)}. Name them there, or leave them out."
            )
        refuse_nulls({name: self.nulls[name] for name in names if name in self.nulls})
        if wrong := [repr(name) for name in names if name in self.not_finite]:
            raise ValueError(
                "Input X contains NaN or infinity in columns that are not in "
                f"categorical_features: {listed(wrong)}. Remove these rows, or impute "
                "them first."
            )


def faults_of(X, columns):
    """Return what is wrong in the continuous columns, given by number, of rows X."""
    names = names_of(X, columns)
    if others := not_numbers(X, names):
        return Faults(others, {}, set())
    if is_frame(X) and (nulls := count_nulls(X, names)):
        return Faults({}, nulls, set())
    numbers = numbers_of(X, columns)
    if sparse.issparse(numbers):
        at = np.unique(numbers.indices[~np.isfinite(numbers.data)])
    else:
        at = np.flatnonzero(~np.isfinite(numbers).all(axis=0))
    return Faults({}, {}, {names[j] for j in at})


def numbers_of(X, columns):
    """Return the continuous columns of rows X as an array or CSR of numbers."""
    names = names_of(X, columns)
    if is_frame(X):
        holder = FrameHolder(X, names)
        (numbers,) = holder.blocks([(0, holder.n_rows)])
        return numbers
    numbers = check_array(
        take_columns(X, columns), accept_sparse="csr", ensure_all_finite=False
    )
    if hold_integers(X, columns):
        return numbers
    return numbers.astype(block_dtype(numbers.dtype), copy=False)


def hold_integers(X, columns):
    """Tell whether all of these columns hold integers, by their types."""
    types = column_types(X)
    return are_integers(types[name] for name in names_of(X, columns))


def names_of(X, columns):
    """Return the names of columns given by number."""
    names = list(column_types(X))
    return [names[j] for j in columns]
