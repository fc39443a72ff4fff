"""How rows were drawn, as far as standard errors need it."""

from __future__ import annotations

from dataclasses import dataclass

from coreselect._typing import Floats, Integers


@dataclass(frozen=True, eq=False)
class SamplingDesign:
    """How the rows of a selection were drawn; standard errors are computed from it.

    All arrays are about the selected rows, in the order of ``Selection.indices``.

    Attributes
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
        Group of each row, if the groups were drawn from separately.
    order : ndarray of int of shape (n_selected,) or None
        Places of the rows in the order in which they were visited; None means the order
        of the rows.
    columns : ndarray of shape (n_selected, n_columns) or None
        Balancing columns, times input weights.
    vectors : ndarray of shape (n_selected, rank) or None
        Rows of the orthonormal basis of a projection DPP: ``vectors @ vectors.T`` is
        its kernel on the selected rows.
    calibrated : ndarray of shape (n_selected, n_columns) or None
        Columns on whose totals the weights were calibrated.
    earlier : SamplingDesign or None
        How the rows were drawn from which these rows were drawn (`Selection.then`).
    """

    name: str
    expected: Floats
    hits: Integers | None = None
    strata: Integers | None = None
    order: Integers | None = None
    columns: Floats | None = None
    vectors: Floats | None = None
    calibrated: Floats | None = None
    earlier: SamplingDesign | None = None
