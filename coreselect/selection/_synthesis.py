"""The result of an over-sampler: kept rows, and recipes for new ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Array, Column, Floats, Integers
from coreselect._validation import as_array, check_count, check_nonnegative
from coreselect.rows import Rows, drop_columns, take_rows
from coreselect.rows import open as open_rows
from coreselect.rows.sources import has_columns
from coreselect.selection._build import build
from coreselect.selection._frames import number_rows
from coreselect.selection._parts import as_numbers, check_parts, read_only
from coreselect.selection._record import Record
from coreselect.selection._selection import check_indices
from coreselect.selection._storage import Stored, parts_from_arrays, parts_to_arrays


@dataclass(frozen=True, eq=False, repr=False)
class Synthesis(Stored):
    """Kept rows and recipes for new rows: the result of an over-sampler.

    It holds no data: `take` and `blocks` apply the recipes to X and y, and give the
    same rows every time.

    Parameters
    ----------
    indices : array-like of int of shape (n_kept,)
        Numbers of the kept rows, unique.
    parts : sequence
        Recipes, each of which makes a run of new rows: `Copies`, `Interpolations`,
        `Votes`, `Jitters` or `Centroids` of `coreselect.selection`.
    labels : array-like of shape (n_new,)
        Class of each new row.
    n_total : int
        Number of rows of the data.
    weights : array-like of float of shape (n_kept + n_new,), optional
        Weights of the kept rows, then of the new ones; ones by default.
    truncate : bool
        Do as imbalanced-learn does: cut off the fractions in columns of integers
        instead of rounding them, and let dense arrays become floats where new rows are
        jittered or are the centres of a clustering.
    record : Record, optional
        How the rows were made; not part of what makes syntheses equal.

    Attributes
    ----------
    indices, weights : ndarray, read-only
    labels : ndarray of shape (n_new,), read-only
    kinds : ndarray of str of shape (n_new,)
    base, neighbor : ndarray of int64 of shape (n_new,)
        The rows that each new row was made from; `neighbor` is -1 where there is none.
    step : ndarray of float64 of shape (n_new,)
        Where each new row lies between `base` (0) and `neighbor` (1); NaN where there
        is no neighbor.
    n_kept, n_new, n_total : int
    record : Record or None
        Method, parameters and seed; None where they are unknown.

    Raises
    ------
    ValueError
        If row numbers repeat or lie outside ``range(n_total)``, or lengths differ.

    See Also
    --------
    Selection : Rows with weights, none of them new.

    Notes
    -----
    The rows are the kept ones in the order of `indices`, then the new ones part by
    part. Dtypes are kept: in a column of integers, computed values are rounded to the
    nearest number that the dtype holds. In pandas, kept rows keep their index labels.
    If the index holds unique integers, and its dtype or int64 has room for more, new
    rows get the next integers; otherwise each gets the label of its base row.

    An interpolated row takes 24 bytes of memory, whatever the number of features.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import Synthesis
    >>> from coreselect.selection import Interpolations
    >>> X = np.array([[0.0, 0.0], [4.0, 8.0], [9.0, 9.0]])
    >>> synthesis = Synthesis([0, 1, 2], [Interpolations([0], [1], [0.25])], ["a"], 3)
    >>> synthesis.take(X)
    array([[0., 0.],
           [4., 8.],
           [9., 9.],
           [1., 2.]])
    """

    indices: Integers
    parts: tuple[Any, ...]
    labels: Array
    n_total: int
    weights: Floats = field(default=None)  # type: ignore[arg-type]
    truncate: bool = False
    record: Record | Any = field(default=None, kw_only=True)

    if TYPE_CHECKING:  # the fields have narrower types than what they are made from

        def __init__(
            self,
            indices: ArrayLike,
            parts: Sequence[Any],
            labels: ArrayLike,
            n_total: int,
            weights: Column = None,
            truncate: bool = False,
            *,
            record: Record | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        n_total = check_count(self.n_total, "n_total")
        indices = check_indices(self.indices, n_total)
        parts = check_parts(self.parts, n_total)
        n_new = sum(map(len, parts))
        labels = read_only(as_array(self.labels, "labels"))
        if labels.shape != (n_new,):
            raise ValueError(
                f"labels has shape {labels.shape} for {n_new} new rows; it needs one "
                "each."
            )
        n_rows = len(indices) + n_new
        weights = np.ones(n_rows) if self.weights is None else self.weights
        weights = check_nonnegative(weights, n_rows, "weights").copy()
        weights.flags.writeable = False
        for name, value in {
            "indices": indices,
            "parts": parts,
            "labels": labels,
            "n_total": n_total,
            "weights": weights,
            "truncate": bool(self.truncate),
        }.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return self.n_kept + self.n_new

    @property
    def n_kept(self) -> int:
        """Number of kept rows."""
        return len(self.indices)

    @property
    def n_new(self) -> int:
        """Number of new rows."""
        return len(self.labels)

    @property
    def kinds(self) -> Array:
        """The kind of each new row."""
        return np.repeat([p.kind for p in self.parts], [len(p) for p in self.parts])

    @property
    def base(self) -> Integers:
        """The row that each new row was made from."""
        return self._joined([part.base for part in self.parts], np.int64)

    @property
    def neighbor(self) -> Integers:
        """The row towards which each new row lies; -1 where there is none."""
        return self._joined([part.direction()[0] for part in self.parts], np.int64)

    @property
    def step(self) -> Floats:
        """Where each new row lies from base to neighbor; NaN where there is none."""
        return self._joined([part.direction()[1] for part in self.parts], np.float64)

    @staticmethod
    def _joined(pieces, dtype):
        return np.concatenate([np.empty(0, dtype), *pieces]).astype(dtype, copy=False)

    def take(self, X: Any, y: Any = None) -> Any:
        """Return the rows: the kept ones, and below them the new ones.

        Parameters
        ----------
        X : array, frame, sparse matrix, list of lists, path or Rows
            The `n_total` rows that the synthesis was made from. An array may be
            1-dimensional. Values that are not numbers, such as text and dates, are
            copied from `base`.
        y : array, series, frame or list of n_total labels, str or None
            Labels, or the column of `X` (in a npz file, the array) that holds them; a
            new row gets the label of its base row.

        Returns
        -------
        X_rows or (X_rows, y_rows)
            In the containers of the arguments; only the first if `y` is None.

        Raises
        ------
        ValueError
            If an argument does not have `n_total` rows, or X does not fit the recipes.
        """
        if X is None:
            raise TypeError("X must be what the synthesis was made from, got None.")
        if isinstance(y, str) and not _has_columns(X):  # another array of a npz file
            y = open_rows(X, y, numeric=False).y
        named = isinstance(y, str)
        for name, rows in (("X", X), ("y", None if named else y)):
            if rows is not None:
                self._check_count(rows, name)
        copied = [y] if named else []
        rows = build(X, self.indices, self.parts, copied=copied, truncate=self.truncate)
        if y is None:
            return rows
        if named:
            return drop_columns(rows, [y]), rows[y]
        return rows, self.take_labels(y)

    def take_labels(self, y: Any) -> Any:
        """Return the labels of the kept rows, then of the new ones.

        Parameters
        ----------
        y : array, series, frame or list of n_total labels
            A new row gets the label of its base row.

        Returns
        -------
        labels
            In a container of the same kind.
        """
        self._check_count(y, "y")
        source = np.concatenate([self.indices, self.base])
        return number_rows(take_rows(y, source), y, self.n_kept, source)

    def blocks(
        self, X: Any, y: Any = None, *, block_rows: int = 2**16
    ) -> Iterator[Any]:
        """Yield the rows of `take` in blocks.

        Parameters
        ----------
        X, y
            As in `take`.
        block_rows : int
            Number of rows per block; the last one may have fewer.

        Yields
        ------
        X_rows or (X_rows, y_rows)
        """
        block_rows = check_count(block_rows, "block_rows")
        if block_rows == 0:
            raise ValueError("block_rows must be at least 1, got 0.")
        for start in range(0, len(self), block_rows):
            mask = np.zeros(len(self), dtype=bool)
            mask[start : start + block_rows] = True
            yield self.keep(mask).take(X, y)

    def keep(self, mask: ArrayLike) -> Synthesis:
        """Return a synthesis with some of the rows.

        Parameters
        ----------
        mask : array-like of bool of shape (n_kept + n_new,)
            Whether to keep each of the rows that `take` returns.

        Returns
        -------
        Synthesis
        """
        mask = as_array(mask, "mask")
        if mask.dtype != bool or mask.shape != (len(self),):
            raise ValueError(
                f"mask must hold a bool for each of the {len(self)} rows, got an array "
                f"of dtype {mask.dtype} and shape {mask.shape}."
            )
        parts, start = [], self.n_kept
        for part in self.parts:
            chosen = mask[start : start + len(part)]
            start += len(part)
            if chosen.any():
                parts.append(part if chosen.all() else part.keep(chosen))
        return replace(
            self,
            indices=self.indices[mask[: self.n_kept]],
            parts=tuple(parts),
            labels=self.labels[mask[self.n_kept :]],
            weights=self.weights[mask],
        )

    def renumber(self, rows: ArrayLike, n_total: int) -> Synthesis:
        """Return the synthesis in the row numbers of larger data.

        Parameters
        ----------
        rows : array-like of int of shape (self.n_total,)
            Row i of this synthesis is row ``rows[i]`` of the larger data.
        n_total : int
            Number of rows of the larger data.

        Returns
        -------
        Synthesis
        """
        rows = as_numbers(rows, "rows")
        if rows.shape != (self.n_total,):
            raise ValueError(
                f"rows has shape {rows.shape}; it needs one number for each of the "
                f"{self.n_total} rows."
            )
        parts = tuple(part.renumber(rows) for part in self.parts)
        return replace(self, indices=rows[self.indices], parts=parts, n_total=n_total)

    def provenance(self) -> dict[str, Array]:
        """Return where every row comes from, as columns by name.

        Returns
        -------
        dict of str to ndarray of shape (n_kept + n_new,)
            ``kind`` ("kept" or the kind of the new row), ``base`` (the number of a kept
            row), ``neighbor`` (-1: none), ``step`` (NaN: none) and ``weight``.
        """
        none = np.full(self.n_kept, -1)
        return {
            "kind": np.concatenate([np.full(self.n_kept, "kept"), self.kinds]),
            "base": np.concatenate([self.indices, self.base]),
            "neighbor": np.concatenate([none, self.neighbor]),
            "step": np.concatenate([np.full(self.n_kept, np.nan), self.step]),
            "weight": np.array(self.weights),
        }

    def _arrays(self):
        return {
            "indices": self.indices,
            "labels": self.labels,
            "n_total": self.n_total,
            "weights": self.weights,
            "truncate": self.truncate,
            **parts_to_arrays(self.parts),
        }

    @classmethod
    def _of(cls, arrays):
        return cls(
            arrays["indices"],
            parts_from_arrays(arrays),
            arrays["labels"],
            np.asarray(arrays["n_total"]).item(),
            arrays["weights"],
            np.asarray(arrays["truncate"]).item(),
        )

    def __repr__(self) -> str:
        return (
            f"Synthesis({self.n_kept} of {self.n_total} rows kept, {self.n_new} new"
            f"{self._made()})"
        )

    def _made(self):
        kinds = list(dict.fromkeys(part.kind for part in self.parts))
        return f": {', '.join(kinds)}" if kinds else ""

    def _facts(self):
        labels, counts = np.unique(self.labels, return_counts=True)
        facts = {
            "kept rows": f"{self.n_kept} of {self.n_total}",
            "new rows": f"{self.n_new}{self._made()}",
            "total weight": f"{self._total_weight():.6g}",
        }
        for label, count in zip(labels[:10], counts[:10], strict=True):
            facts[f"new of class {label}"] = f"{count}"
        return facts


def _has_columns(X):
    return X.columns is not None if isinstance(X, Rows) else has_columns(X)
