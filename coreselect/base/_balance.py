"""What the selections of a score selector balance: columns of numbers, and their names.

The columns that a hook gives are made independent of each other and of a column of
ones, in their order: each keeps what those before it do not explain. Products of two of
the results then are columns, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._numbers import orthonormal_in_order
from coreselect._typing import Array, Floats, Integers
from coreselect.sampling.groups import (
    TooManyColumns,
    check_columns,
    is_continuous,
)

# "auto" takes at most these columns: ten with their squares and products, and the ones.
# A draw takes some 4 * 66**2 products for each row.
MOST = 66
_SHARE = 2  # "auto" takes at most one column for so many rows to draw
_MOST_CLASSES = 10
_DEPENDENT = 1e-10  # relative to a column: less than this beside others is rounding


class Balance(NamedTuple):
    """Balancing columns, the most important first.

    Attributes
    ----------
    columns : ndarray of float64 of shape (n_rows, n_columns)
    names : list of str
    balance_on : str
        The parameter of that name.
    """

    columns: Floats
    names: list[str]
    balance_on: str

    def leading(self, n_left: int, n_strata: int, *, asked_for: bool) -> int:
        """Return how many of the columns a draw balances.

        `n_left` rows are drawn beside those that are in with certainty. `asked_for`
        says whether a user chose columns for this size.
        """
        if asked_for and self.balance_on != "auto":
            return len(self.names)
        if self.balance_on == "auto":
            n_columns = n_left // _SHARE - n_strata
        else:
            n_columns = n_left - n_strata - 1
        return max(0, min(n_columns, len(self.names)))

    def visits(self, n_columns: int, scores: Floats, weight: Floats | None) -> Integers:
        """Return the rows in the order in which a draw visits them.

        No exact balance is left for the last rows of a draw, so those come first whose
        columns are large beside their chances: by steps of a factor of two, and within
        these in row order.
        """
        columns = self.columns[:, :n_columns]
        with np.errstate(divide="ignore"):
            size = 0.5 * np.log2(np.einsum("ij,ij->i", columns, columns))
            size += 0.0 if weight is None else np.log2(weight)
            size -= np.where(scores > 0, np.log2(scores), np.inf)
        # Steps begin below the largest, so that no unit of weights matters, and not
        # where equal rows lie.
        steps = np.floor(size.max() - size + 0.3)
        return np.argsort(np.minimum(steps, 2**15 - 1).astype(np.int16), kind="stable")

    @contextmanager
    def explaining(self, size: int | None) -> Iterator[None]:
        """Say in an error of the draw which parameters asked for so many columns."""
        try:
            yield
        except TooManyColumns as error:
            lack = error.n_columns - error.n_rows
            more = "a larger budget"
            if size is not None:
                more = f"n_select={size + lack} or more"
            raise ValueError(
                f"balance_on={self.balance_on!r} asks to balance {error.n_columns} "
                "independent columns (with those that fix the size and the strata), "
                f"too many for the {error.n_rows} rows that are left to draw; use "
                f"{more}, or balance_on='auto', which takes as many columns as there "
                "is room for."
            ) from error


def targets_of(y: Array | None, *, classes: bool) -> tuple[Floats | None, list[str]]:
    """Return y as columns of numbers, and their names.

    Each class but the last has a column of zeros and ones. With `classes`, up to ten
    different numbers are classes, too. More classes than ten have no columns.
    """
    numbers = y is not None and y.dtype.kind in "biuf"
    if y is None or not (numbers or y.ndim == 1):
        return None, []
    if y.ndim == 1 and (classes or not numbers):
        try:
            found, codes = np.unique(y, return_inverse=True)
        except TypeError:  # of types that cannot be sorted
            return None, []
        if len(found) <= _MOST_CLASSES:
            indicators = (codes[:, None] == np.arange(len(found) - 1)).astype(float)
            return indicators, [f"y={name}" for name in found[:-1]]
    if not numbers:
        return None, []
    columns = y.reshape(len(y), -1).astype(np.float64)
    return columns, numbered("y", columns.shape[1]) if y.ndim > 1 else ["y"]


def numbered(name: str, n_columns: int) -> list[str]:
    """Return names of columns without names."""
    return [f"{name}{k}" for k in range(n_columns)]


def features_of(block: Any, most: int | None) -> Floats:
    """Return the first features of a block as a dense array."""
    X = block.X[:, :most]
    return X.toarray() if sparse.issparse(X) else X


def learn_balance(selector: Any, rows: Any, state: Any) -> Balance:
    """Return the `Balance` of rows, in two passes.

    `selector` holds no values of rows; `state` is what it learned.
    """
    name = f"what {type(selector).__name__}._balance(block, state) returns"
    balance_on, degree = selector.balance_on, selector._balance_degree()
    most = MOST if balance_on == "auto" else sys.maxsize

    def hook(block):
        found = selector._balance(block, state)
        return check_columns(found, len(block.weight), name)[:, : most - 1]

    # Classes that are strata are balanced anyway.
    strata = selector.stratify and not is_continuous(rows.y)
    y = rows.y if selector._balances_y and not strata else None
    targets, target_names = targets_of(y, classes=selector._y_holds_classes)
    view = rows.again()
    view.y = targets
    exponents, factor = view.reduce(
        lambda block: _factor_of(hook(block), block.weight), _joined
    )
    transform = orthonormal_in_order(factor, _DEPENDENT) * np.sqrt(rows.total_weight)
    # The first column is that of ones.
    kept = np.flatnonzero(transform.any(axis=1))[1:] - 1
    transform = transform[:, 1:]
    pairs = []
    if balance_on != "linear":
        pairs = [(k, k) for k in range(len(kept))]
        pairs += combinations(range(len(kept)), 2)
    pairs = pairs[: most - 1 - len(kept)]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def columns(block):
        linear = _with_ones(hook(block), exponents) @ transform
        products = linear[:, first] * linear[:, second]
        if degree != 2:
            sq_sizes = 1.0 + np.einsum("ij,ij->i", linear, linear)
            products *= (sq_sizes ** (degree / 2 - 1))[:, None]
        return np.hstack([np.ones((len(linear), 1)), linear, products])

    features = rows.feature_names or numbered("x", rows.n_features)
    names = selector._balance_names(features, target_names)[: most - 1]
    if len(names) != len(exponents) - 1:
        names = numbered("column ", len(exponents) - 1)
    names = [names[k] for k in kept]
    products = [f"{names[i]}*{names[j]}" for i, j in pairs]
    return Balance(view.map(columns), ["1", *names, *products], balance_on)


def _with_ones(columns, exponents):
    """Return columns after one of ones, divided by powers of two."""
    columns = np.column_stack([np.ones(len(columns)), columns])
    return np.ldexp(columns, -exponents)


def _factor_of(columns, weight):
    """Return exponents of powers of two, and R of the weighted columns over these."""
    # Powers of two change no digits, and keep squares from overflowing.
    exponents = np.frexp(np.abs(columns).max(axis=0))[1]
    exponents = np.append(0, exponents).astype(np.int64)
    weighted = _with_ones(columns, exponents) * np.sqrt(weight)[:, None]
    return exponents, np.linalg.qr(weighted, mode="r")


def _joined(a, b):
    """Return what `_factor_of` gives for the rows of both."""
    exponents = np.maximum(a[0], b[0])
    stacked = np.vstack([np.ldexp(r, e - exponents) for e, r in (a, b)])
    return exponents, np.linalg.qr(stacked, mode="r")
