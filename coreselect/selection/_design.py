"""How rows were drawn, as far as standard errors need it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from coreselect._typing import Array, Floats, Integers
from coreselect._validation import OneOf, as_array, check_vector

_ARRAYS = {  # dimensions and type of each array
    "expected": (1, np.float64),
    "hits": (1, np.int64),
    "strata": (1, np.int64),
    "strata_sizes": (1, np.float64),
    "order": (1, np.int64),
    "columns": (2, np.float64),
    "landings": (2, np.float64),
    "vectors": (2, np.float64),
    "calibrated": (2, np.float64),
}
_ROUNDING = 1e-9  # a probability this little above one is one
NAMES = (
    "poisson",
    "priority",
    "multinomial",
    "pivotal",
    "systematic",
    "random",
    "balanced",
    "projection",
)


def _checked(given, name, ndim, n_rows):
    """Return a new array of finite numbers; whole ones where these are needed."""
    array = as_array(given, name)
    if array.ndim != ndim or n_rows not in (None, len(array)):
        raise ValueError(
            f"{name} must have {ndim} dimension(s) and one row for each of the "
            f"{n_rows} selected rows, got an array of shape {array.shape}."
        )
    columns = array.reshape(len(array), *array.shape[1:] or (1,)).T
    checked = [check_vector(column, None, name) for column in columns]
    found = np.array(checked).T.reshape(array.shape)
    if _ARRAYS[name][1] is np.int64 and (found != np.rint(found)).any():
        raise ValueError(f"{name} must hold whole numbers.")
    return found


@dataclass(frozen=True, eq=False)
class SamplingDesign:
    """How the rows of a selection were drawn; standard errors are computed from it.

    All arrays but `landings` are about the selected rows, in the order of
    ``Selection.indices``. They are copied, and read-only.

    Parameters
    ----------
    name : str
        The sampling design: one of those of `coreselect.draw`; ``"random"``, a random
        sample of fixed size in each stratum; or ``"projection"``, a projection DPP.
    expected : ndarray of shape (n_selected,)
        Inclusion probabilities; expected hits where rows are drawn with repeats. Under
        ``"priority"`` they are conditional on the threshold.
    hits : ndarray of int of shape (n_selected,) or None
        How often each row was drawn; None means once.
    strata : ndarray of int of shape (n_selected,) or None
        Group of each row, if the groups were drawn from separately. Under
        ``"multinomial"``, -1 is for rows that had to be in.
    strata_sizes : ndarray of shape (n_selected,) or None
        How many rows (or draws) of its group were expected, for each row; of all rows
        without `strata`. Fractions were rounded up or down at random. None means whole
        numbers.
    order : ndarray of int of shape (n_selected,) or None
        Places of the rows in the order in which they were visited; None means the order
        of the rows.
    columns : ndarray of shape (n_selected, n_columns) or None
        Balancing columns, times input weights; those for the size may be left out.
    landings : ndarray of shape (n_landings, n_columns) or None
        By how much the totals of `columns` would be off if the last rows, for which no
        exact balance was left, had been decided again and again.
    vectors : ndarray of shape (n_selected, rank) or None
        Rows of the orthonormal basis of a projection DPP: ``vectors @ vectors.T`` is
        its kernel on the selected rows.
    calibrated : ndarray of shape (n_selected, n_columns) or None
        Columns on whose totals the weights were calibrated.
    earlier : SamplingDesign or None
        How the rows were drawn from which these rows were drawn (`Selection.then`).

    Raises
    ------
    ValueError
        If the name is unknown, an array has another shape, a number of expected hits
        is not positive, a probability is above 1, hits are below 1, or ``"projection"``
        has no `vectors`.

    See Also
    --------
    Selection.estimate : Estimates with standard errors.

    Examples
    --------
    Rows that were drawn elsewhere, each with probability 1/10:

    >>> from coreselect import SamplingDesign, Selection
    >>> design = SamplingDesign("poisson", expected=[0.1, 0.1, 0.1])
    >>> selection = Selection([4, 9, 25], [10.0, 10.0, 10.0], 30, design=design)
    >>> total, std = selection.estimate([1.0, 1.0, 2.0], return_std=True)
    >>> total, round(std, 2)
    (40.0, 23.24)
    """

    name: str
    expected: Floats
    hits: Integers | None = None
    strata: Integers | None = None
    strata_sizes: Floats | None = None
    order: Integers | None = None
    columns: Floats | None = None
    landings: Floats | None = None
    vectors: Floats | None = None
    calibrated: Floats | None = None
    earlier: SamplingDesign | None = None

    if TYPE_CHECKING:  # the fields have narrower types than what they are made from

        def __init__(
            self,
            name: str,
            expected: ArrayLike,
            hits: ArrayLike | None = None,
            strata: ArrayLike | None = None,
            strata_sizes: ArrayLike | None = None,
            order: ArrayLike | None = None,
            columns: ArrayLike | None = None,
            landings: ArrayLike | None = None,
            vectors: ArrayLike | None = None,
            calibrated: ArrayLike | None = None,
            earlier: SamplingDesign | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        OneOf(*NAMES)("name", self.name)
        n_rows = len(np.atleast_1d(as_array(self.expected, "expected")))
        for name, (ndim, dtype) in _ARRAYS.items():
            given = getattr(self, name)
            if given is not None or name == "expected":
                length = None if name == "landings" else n_rows
                array = _checked(given, name, ndim, length).astype(dtype)
                array.flags.writeable = False
                object.__setattr__(self, name, array)
        self._check_values()
        if self.earlier is None:
            return
        if not isinstance(self.earlier, SamplingDesign):
            raise TypeError(f"earlier must be a SamplingDesign, got {self.earlier!r}.")
        if len(self.earlier) != n_rows:
            raise ValueError(
                f"earlier is about {len(self.earlier)} rows, but {n_rows} are selected."
            )

    def _check_values(self) -> None:
        """Raise if arrays of the right shapes do not describe any draw."""
        if not (self.expected > 0).all():
            raise ValueError("expected must be positive for every selected row.")
        most = self.expected.max(initial=0.0)
        counted = self.hits is not None or self.name == "multinomial"
        if most > 1 + _ROUNDING and not counted:
            raise ValueError(
                f"expected holds {most:g}, but inclusion probabilities are at most 1; "
                "if rows were drawn with repeats, use name='multinomial' and hits."
            )
        if self.hits is not None and (self.hits < 1).any():
            raise ValueError(
                f"hits must be at least 1, got {self.hits.min()}: a row that was not "
                "drawn is not among the selected rows."
            )
        if self.name == "projection" and self.vectors is None:
            raise ValueError(
                "vectors is None, but name='projection' needs the rows of the "
                "orthonormal basis, from which probabilities of pairs are computed."
            )
        if self.landings is not None and (
            self.columns is None or self.columns.shape[1] != self.landings.shape[1]
        ):
            raise ValueError("landings must have as many columns as columns has.")

    def __len__(self) -> int:
        return len(self.expected)

    @property
    def times_drawn(self) -> Floats:
        """Hits over expected hits: the factor that the draw put on input weights."""
        return (1.0 if self.hits is None else self.hits) / self.expected

    def take(self, rows: Integers) -> Self:
        """Return the design as far as it is about some of the selected rows.

        Parameters
        ----------
        rows : ndarray of int of shape (n_taken,)
            Positions among the selected rows.

        Returns
        -------
        SamplingDesign
        """
        taken: dict[str, Any] = {
            name: array[rows]
            for name, array in self._arrays().items()
            if name != "landings"
        }
        if self.order is None and (rows[1:] < rows[:-1]).any():
            taken["order"] = rows  # the order of the rows must not be lost
        if self.earlier is not None:
            taken["earlier"] = self.earlier.take(rows)
        return replace(self, **taken)

    def then(self, later: SamplingDesign, rows: Integers) -> SamplingDesign:
        """Return the design of rows that were drawn from the selected rows.

        Parameters
        ----------
        later : SamplingDesign
        rows : ndarray of int of shape (n_drawn,)
            Positions of the drawn rows among the selected rows.

        Returns
        -------
        SamplingDesign
            That of `later`; its `earlier` designs end with this one.
        """
        before = self if later.earlier is None else self.then(later.earlier, rows)
        if before is self:
            before = self.take(rows)
        return replace(later, earlier=before)

    def calibrated_on(self, columns: Floats) -> SamplingDesign:
        """Return the design of a selection whose weights were calibrated.

        Parameters
        ----------
        columns : ndarray of shape (n_selected, n_columns)
            Their weighted totals are those of all rows of the data.

        Returns
        -------
        SamplingDesign
            Calibrated in all phases: the totals are right whatever the first phase
            drew.
        """
        earlier = self.earlier and self.earlier.calibrated_on(columns)
        return replace(self, calibrated=columns, earlier=earlier)

    def to_arrays(self, prefix: str = "") -> dict[str, Array]:
        """Return all that is kept as arrays by name, for a file.

        Parameters
        ----------
        prefix : str
            What the names begin with.

        Returns
        -------
        dict of str to ndarray
        """
        arrays = {prefix + name: array for name, array in self._arrays().items()}
        arrays[f"{prefix}name"] = np.array(self.name)
        if self.earlier is not None:
            arrays |= self.earlier.to_arrays(f"{prefix}earlier.")
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array], prefix: str = "") -> Self | None:
        """Return the design that `to_arrays` took apart.

        Parameters
        ----------
        arrays : dict of str to ndarray
            May hold other arrays too.
        prefix : str
            What the names begin with.

        Returns
        -------
        SamplingDesign or None
            None if there is none, or one of a later version of the package.
        """
        name = str(arrays.get(f"{prefix}name"))
        if name not in NAMES:
            return None
        given: dict[str, Any] = {key: arrays.get(prefix + key) for key in _ARRAYS}
        return cls(name, **given, earlier=cls.from_arrays(arrays, f"{prefix}earlier."))

    def _arrays(self) -> dict[str, Array]:
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return {name: array for name, array in arrays.items() if array is not None}
