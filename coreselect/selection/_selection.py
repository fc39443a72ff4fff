"""The result of a selection: row numbers, each with a weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Array, Booleans, Floats, Integers
from coreselect._validation import as_array, check_count, check_vector
from coreselect.rows import take_rows
from coreselect.selection._design import SamplingDesign
from coreselect.selection._estimates import Estimates
from coreselect.selection._record import Record
from coreselect.selection._storage import Stored


def check_indices(indices: ArrayLike, n_total: int) -> Integers:
    """Return unique row numbers as a new, read-only array of int64."""
    indices = as_array(indices, "indices")
    if indices.ndim != 1 or (len(indices) and indices.dtype.kind not in "iu"):
        raise ValueError(
            f"indices must be a 1-dimensional array of row numbers, got an array "
            f"of shape {indices.shape} and dtype {indices.dtype}."
        )
    if len(indices):
        low, high = indices.min(), indices.max()
        if low < 0 or high >= n_total:
            raise ValueError(
                f"indices must lie in range(n_total={n_total}), got "
                f"{low if low < 0 else high}."
            )
        ascending = (indices[1:] > indices[:-1]).all()
        if not ascending and len(np.unique(indices)) < len(indices):
            raise ValueError("indices must not repeat; add up their weights.")
    indices = indices.astype(np.int64)  # a copy: ours to make read-only
    indices.flags.writeable = False
    return indices


def check_selection(selection: Any, n_rows: int, name: str = "X") -> None:
    """Raise unless `selection` is a `Selection` made from `n_rows` rows."""
    if not isinstance(selection, Selection):
        raise TypeError(
            f"selection must be a Selection, got {type(selection).__name__}; a fitted "
            "selector has it as selection_, and Selection(indices, weights, n_total) "
            "makes one."
        )
    if selection.n_total != n_rows:
        raise ValueError(
            f"{name} has {n_rows} rows, but the selection was made from "
            f"{selection.n_total}; pass all rows that it was made from."
        )


@dataclass(frozen=True, eq=False, repr=False)
class Selection(Estimates, Stored):
    """Selected rows, each with a weight.

    ``sum(weights * f(X[indices]))`` estimates ``sum(f(X))`` (with input weights w:
    ``sum(w * f(X))``) without bias wherever the rows were drawn. Selections are made by
    selectors and by `coreselect.draw`.

    Parameters
    ----------
    indices : array-like of int of shape (n_selected,)
        Unique row numbers; ascending when drawn, best first when ranked.
    weights : array-like of float of shape (n_selected,)
        What each row stands for, input weights included. Positive; ranked rows may have
        weight 0.
    n_total : int
        Number of rows of the data.
    record : Record, optional
        How the rows were selected; not part of what makes selections equal.
    design : SamplingDesign, optional
        How the rows were drawn, which standard errors need; not part of what makes
        selections equal.

    Attributes
    ----------
    indices : ndarray of int64 of shape (n_selected,), read-only
    weights : ndarray of float64 of shape (n_selected,), read-only
    n_total : int
    effective_sample_size : float
    record : Record or None
        Method, parameters and seed; None where they are unknown.
    design : SamplingDesign or None
        None for rows that were not drawn, or by a law that is unknown.

    Raises
    ------
    ValueError
        If row numbers repeat or lie outside ``range(n_total)``, or a weight is
        negative or not finite.

    Examples
    --------
    >>> from coreselect import Selection
    >>> selection = Selection([0, 2], [1.0, 3.0], n_total=4)
    >>> selection.take(["a", "b", "c", "d"])
    ['a', 'c']
    >>> selection.estimate([10.0, 20.0])
    70.0
    """

    indices: Integers
    weights: Floats
    n_total: int
    record: Record | Any = field(default=None, kw_only=True)
    design: SamplingDesign | Any = field(default=None, kw_only=True)

    if TYPE_CHECKING:  # the fields have narrower types than what they are made from

        def __init__(
            self,
            indices: ArrayLike,
            weights: ArrayLike,
            n_total: int,
            *,
            record: Record | None = None,
            design: SamplingDesign | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        n_total = check_count(self.n_total, "n_total")
        indices = check_indices(self.indices, n_total)
        weights = check_vector(self.weights, len(indices), "weights", of="indices")
        if len(weights) and weights.min() < 0:
            raise ValueError(f"weights must not be negative, got {weights.min()}.")
        weights = weights.copy()
        weights.flags.writeable = False
        object.__setattr__(self, "indices", indices)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "n_total", n_total)
        if self.design is not None and len(self.design) != len(indices):
            raise ValueError(
                f"design is about {len(self.design)} rows, but indices has "
                f"{len(indices)}."
            )

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[Array]:
        return iter((self.indices, self.weights))

    def _arrays(self):
        return {
            "indices": self.indices,
            "weights": self.weights,
            "n_total": self.n_total,
        }

    @classmethod
    def _of(cls, arrays):
        n_total = np.asarray(arrays["n_total"]).item()
        design = SamplingDesign.from_arrays(arrays, "design.")
        return cls(arrays["indices"], arrays["weights"], n_total, design=design)

    def _more_arrays(self):
        return {} if self.design is None else self.design.to_arrays("design.")

    def take(self, *arrays: Any) -> Any:
        """Return the selected rows of whatever holds rows.

        Parameters
        ----------
        *arrays : array, frame, series, sparse matrix, list, tuple, path or None
            Each with `n_total` rows, or None, which stays None. A path names a file.
            Frames keep index, column names and dtypes.

        Returns
        -------
        rows or tuple of rows
            In containers of the same kinds; a tuple if there are several arguments.

        Raises
        ------
        ValueError
            If an argument does not have `n_total` rows.
        """
        taken = []
        for position, rows in enumerate(arrays):
            if rows is not None:
                self._check_count(rows, f"argument {position} of take")
                rows = take_rows(rows, self.indices)
            taken.append(rows)
        return taken[0] if len(taken) == 1 else tuple(taken)

    def then(self, later: Selection) -> Selection:
        """Return a selection from these rows in the row numbers of the data.

        Parameters
        ----------
        later : Selection
            Made from the rows of this selection (``later.n_total == len(self)``), whose
            weights were given as ``sample_weight``.

        Returns
        -------
        Selection
            Its record is that of this selection, with that of `later` noted in it. Its
            design has both phases, if both are known.
        """
        if not isinstance(later, Selection):
            raise TypeError(f"later must be a Selection, got {later!r}.")
        if later.n_total != len(self):
            raise ValueError(
                f"the later selection was made from {later.n_total} rows, but this one "
                f"has {len(self)}."
            )
        design = None
        if self.design is not None and later.design is not None:
            design = self.design.then(later.design, later.indices)
        return Selection(
            self.indices[later.indices],
            later.weights,
            self.n_total,
            record=self.record and self.record.then(later.record),
            design=design,
        )

    def mask(self) -> Booleans:
        """Return a boolean array of shape (n_total,), True at the selected rows."""
        mask = np.zeros(self.n_total, dtype=bool)
        mask[self.indices] = True
        return mask

    def __repr__(self) -> str:
        return (
            f"Selection({len(self)} of {self.n_total} rows, total weight "
            f"{self._total_weight():.6g}, effective {self.effective_sample_size:.4g})"
        )

    def _facts(self):
        facts = {
            "rows": f"{len(self)} of {self.n_total}",
            "total weight": f"{self._total_weight():.6g}",
            "effective size": f"{self.effective_sample_size:.4g}",
        }
        if len(self):
            facts["weights"] = f"{self.weights.min():.4g} to {self.weights.max():.4g}"
        return facts
