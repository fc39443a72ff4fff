"""New rows that are means of groups of rows, or centres of clusters."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from coreselect._validation import as_array
from coreselect.selection._parts import Part


@dataclass(frozen=True, eq=False)
class Centroids(Part):
    """Weighted means of groups of rows.

    Parameters
    ----------
    base : array-like of int of shape (n_new,)
        A member of each group, from which values that cannot be averaged are copied.
    members : array-like of int of shape (n_members,)
        The rows of the first group, then those of the second, and so on.
    sizes : array-like of int of shape (n_new,)
        Number of members of each group.
    member_weight : array-like of float of shape (n_members,), optional
        Weight of each member in the mean.
    values : ndarray of shape (n_new, n_features), optional
        The new rows themselves, if they are not the means but centres of a clustering.
    """

    kind: ClassVar[str] = "centroid"
    per_row: ClassVar[tuple] = ("base", "sizes", "values")
    row_numbers: ClassVar[tuple] = ("base", "members")
    integers: ClassVar[tuple] = ("sizes",)
    floats: ClassVar[tuple] = ("member_weight",)

    members: Any = ()
    sizes: Any = ()
    member_weight: Any = None
    values: Any = None

    def __post_init__(self):
        if self.values is not None:
            object.__setattr__(self, "values", as_array(self.values, "values"))
            if self.values.ndim != 2 or self.values.dtype.kind not in "biuf":
                raise ValueError(
                    f"values must be a table of numbers, got an array of shape "
                    f"{self.values.shape} and dtype {self.values.dtype}."
                )
        super().__post_init__()
        n = int(self.sizes.sum())
        if len(self.members) != n or self.sizes.min(initial=0) < 0:
            raise ValueError(
                f"sizes must hold the number of members of each group and add up to "
                f"{len(self.members)}, got the sum {n} and the least number "
                f"{self.sizes.min(initial=n)}."
            )
        self._check_length("member_weight", n, f"{n} members")

    def keep(self, chosen):
        # Members of all groups lie in one array, so those of the kept groups are
        # gathered group by group.
        positions = np.arange(len(self))[chosen]
        starts = np.cumsum(self.sizes) - self.sizes
        places = [
            np.arange(starts[i], starts[i] + self.sizes[i], dtype=np.int64)
            for i in positions
        ]
        inside = np.concatenate([np.empty(0, dtype=np.int64), *places])
        weight = self.member_weight
        return replace(
            self,
            base=self.base[chosen],
            sizes=self.sizes[chosen],
            members=self.members[inside],
            member_weight=None if weight is None else weight[inside],
            values=None if self.values is None else self.values[chosen],
        )

    def _width(self):
        return None if self.values is None else self.values.shape[1]

    def legacy_dtype(self, dtype):
        return dtype if self.values is None else np.result_type(dtype, self.values)

    def _mixing(self, n_rows):
        """Return the sparse matrix whose product with X is the means."""
        group = np.repeat(np.arange(len(self)), self.sizes)
        weight = self.member_weight
        weight = np.ones(len(group)) if weight is None else weight
        total = np.bincount(group, weight, len(self))
        shares = weight / total[group]
        shape = (len(self), n_rows)
        return sparse.csr_array((shares, (group, self.members)), shape=shape)

    def write(self, X, out):
        if self.values is not None:
            out[:] = self.values
        else:
            rows, part = self.on_used(X.shape[0])
            out[:] = part._mixing(len(rows)) @ X[rows].astype(np.float64)

    def sparse_rows(self, X):
        if self.values is not None:
            return type(X)(self.values, dtype=X.dtype)
        return type(X)(self._mixing(X.shape[0]) @ X, dtype=X.dtype)
