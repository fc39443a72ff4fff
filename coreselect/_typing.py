"""Short names for the types of arguments and results, for annotations."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray


class HasShape(Protocol):
    """A table: a data frame, a sparse matrix, a Dask collection, ..."""

    @property
    def shape(self) -> Any: ...


class HasRows(Protocol):
    """Opened rows: `coreselect.rows.Rows`."""

    n_rows: int
    n_features: int


class HasSchema(Protocol):
    """A data set or a lazy frame: it has columns, and its rows are read when needed."""

    @property
    def schema(self) -> Any: ...


class HasTransform(Protocol):
    """A transformer of scikit-learn."""

    def transform(self, X: Any) -> Any: ...


class HasNeighbors(Protocol):
    """A nearest-neighbours estimator of scikit-learn."""

    @property
    def kneighbors(self) -> Callable[..., Any]: ...


# What a result or an attribute is.
Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]
# An array or a CSR matrix: SciPy has no types.
Matrix: TypeAlias = Any

# What an argument may be.
RowsLike: TypeAlias = (
    ArrayLike | HasShape | HasRows | HasSchema | Sequence[Any] | os.PathLike[str]
)
# One value per row, or the name of the column that holds them.
Column: TypeAlias = ArrayLike | None
Seed: TypeAlias = int | np.random.RandomState | np.random.Generator | None
Size: TypeAlias = int | float
AutoSize: TypeAlias = Size | Literal["auto"] | None
PlainDesign: TypeAlias = Literal[
    "pivotal", "systematic", "poisson", "priority", "multinomial"
]
Design: TypeAlias = PlainDesign | Literal["balanced"]
BalanceOn: TypeAlias = Literal["auto", "linear", "quadratic"]
# For groups: numbers of rows, shares, or pairs of the least and the most.
Quotas: TypeAlias = dict[Any, Any] | None
Features: TypeAlias = Literal["auto"] | Sequence[Any] | Array | HasTransform | None
NeighborsLike: TypeAlias = int | HasNeighbors
# How many rows of which class a resampler makes or keeps, and which it cleans.
Strategy: TypeAlias = str | float | dict[Any, int] | Callable[..., Any]
CleaningStrategy: TypeAlias = str | Sequence[Any] | Callable[..., Any]

# A check of a constructor parameter takes its name and its value.
Check: TypeAlias = Callable[[str, Any], None]
Checks: TypeAlias = dict[str, Check]
