"""Rows that a stream holds: features, targets, weights and positions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect._typing import Array, Floats, Integers
from coreselect.rows import drop_columns
from coreselect.rows.columns import column_types
from coreselect.rows.frames import as_frame, is_frame, select_columns
from coreselect.rows.take import as_table, take_array
from coreselect.rows.tensors import as_numpy


@dataclass(frozen=True)
class Held:
    """Some rows of a stream.

    Attributes
    ----------
    X : ndarray, CSR or data frame of n_rows rows
    y : ndarray or None
    weight : ndarray of shape (n_rows,)
        Positive.
    index : ndarray of int64 of shape (n_rows,)
        Positions in the stream, ascending.
    """

    X: Any
    y: Array | None
    weight: Floats
    index: Integers

    @property
    def n_rows(self) -> int:
        return len(self.index)

    def take(self, places: Integers) -> Held:
        """Return rows by their places here."""
        y = None if self.y is None else self.y[places]
        return Held(
            take_array(self.X, places), y, self.weight[places], self.index[places]
        )

    def only(self, mask: Any) -> Held:
        """Return the rows where a mask is True."""
        return self if mask.all() else self.take(np.flatnonzero(mask))

    def shifted(self, by: int) -> Held:
        """Return the rows at later positions."""
        return replace(self, index=self.index + by)


def joined(parts: list[Held]) -> Held:
    """Return the rows of several parts, one below the other."""
    if len(parts) == 1:
        return parts[0]
    y = None if parts[0].y is None else np.concatenate([part.y for part in parts])
    weight, index = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("weight", "index")
    )
    return Held(_below([part.X for part in parts]), y, weight, index)


def _below(pieces):
    if sparse.issparse(pieces[0]):
        return sparse.vstack(pieces, format="csr")
    if isinstance(pieces[0], np.ndarray):
        return np.concatenate(pieces)
    wrapped = [nw.from_native(piece, eager_only=True) for piece in pieces]
    schemas = [piece.schema for piece in wrapped]
    if not hasattr(pieces[0], "iloc"):  # pandas finds common types by itself
        mixed = [c for c in schemas[0] if len({schema[c] for schema in schemas}) > 1]
        number = [nw.col(mixed).cast(nw.Float64())] if mixed else []
        wrapped = [piece.with_columns(*number) for piece in wrapped]
    return nw.concat(wrapped, how="vertical").to_native()


def plain(X: Any, named: list[str]) -> Any:
    """Return rows as an array, as CSR or as a frame without the columns `named`."""
    if sparse.issparse(X):
        return X.tocsr()
    if is_frame(X):
        return drop_columns(as_frame(X), named)
    return as_table(X) if isinstance(X, (list, tuple)) else np.asarray(as_numpy(X))


def kind_of(X: Any) -> str:
    """Return what holds rows: "array", "CSR", or the library of a frame."""
    if sparse.issparse(X):
        return "CSR"
    if isinstance(X, np.ndarray):
        return "array"
    return str(nw.from_native(X, eager_only=True).implementation.value)


def content_of(values: Array) -> str:
    """Return what an array holds: "numbers" or "other values"."""
    return "numbers" if values.dtype.kind in "biuf" else "other values"


def check_joinable(values: Array, before: Array, name: str) -> None:
    """Raise if no array can hold both new values and earlier ones."""
    try:
        np.concatenate([before[:0], values[:0]])
    except TypeError:
        raise TypeError(
            f"{name} holds values of dtype {values.dtype}, which no array can hold "
            f"beside the {before.dtype} so far; convert them to the same dtype."
        ) from None


def like_before(X: Any, before: Any, name: str = "X") -> Any:
    """Return new rows such that they can be put below earlier ones, or raise."""
    kind, kind_before = kind_of(X), kind_of(before)
    if kind != kind_before:
        raise TypeError(
            f"{name} is held by {kind}, but the rows so far by {kind_before}; use the "
            "same kind of container for all."
        )
    if kind == "CSR":
        return type(before)(X)  # the first batch says whether matrices or arrays
    if kind == "array":
        what, what_before = content_of(X), content_of(before)
        if (what, X.shape[1:]) != (what_before, before.shape[1:]):
            raise ValueError(
                f"{name} holds {what} in rows of shape {X.shape[1:]}, but rows so far "
                f"are {what_before} of shape {before.shape[1:]}; pass one kind of rows."
            )
        check_joinable(X, before, name)
        return X
    wanted, types = column_types(before), column_types(X)
    if lacking := [column for column in wanted if column not in types]:
        raise ValueError(
            f"{name} lacks the columns {lacking} of the rows so far; pass the same "
            "columns in every batch."
        )
    chosen = select_columns(X, list(wanted))
    if hasattr(X, "iloc"):
        return chosen
    schemas = [nw.from_native(frame, eager_only=True).schema for frame in (X, before)]
    for column, dtype in wanted.items():
        # Numbers differ in type between CSV files, where some have whole numbers only.
        kinds = [schema[column] for schema in schemas]
        numbers = all(kind.is_integer() or kind.is_float() for kind in kinds)
        if types[column] != dtype and not numbers:
            raise TypeError(
                f"column {column!r} of {name} is {types[column]}, but was {dtype} so "
                "far; cast it."
            )
    return chosen
