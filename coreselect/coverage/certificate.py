"""The certificate of a selection that covers rows: how far it can be from the best."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import isfinite, isnan
from typing import Any


@dataclass(frozen=True)
class CoverageCertificate:
    """What a selection reaches, and what no selection of its size can exceed.

    Parameters
    ----------
    value : float
        What the selection reaches.
    bound : float
        What the best selection of the same size, under the same rules, reaches at most
        (a value that should be large) or at least (a value that should be small).
    size : int
        Number of selected rows.
    quantity : str
        What is measured, such as ``"radius"``.
    smaller_is_better : bool
    budget : float, optional
        What the rows may cost together, if this takes the place of their number.
    conditions : str
        What the selections that the bound is for have in common, such as
        ``"with the same limits for groups"``.
    full_value : float, optional
        The value for all rows, if `value` and `bound` are about some of them.

    Examples
    --------
    >>> from coreselect.coverage import CoverageCertificate
    >>> certificate = CoverageCertificate(2.0, 1.0, 3, "radius", True)
    >>> certificate.share
    0.5
    >>> print(certificate)
    radius: 2 with 3 rows; no 3 rows reach less than 1 (proven share of the best 0.5).
    """

    value: float
    bound: float
    size: int
    quantity: str
    smaller_is_better: bool
    budget: float | None = None
    conditions: str = ""
    full_value: float | None = None

    @property
    def share(self) -> float:
        """How good the selection is, as a proven share of the best: at most 1.

        It is NaN if value and bound are both infinite in float64.
        """
        small, large = self.value, self.bound
        if self.smaller_is_better:
            small, large = large, small
        if large == small and isfinite(large):  # both may be 0
            return 1.0
        return float(small / large)

    def as_dict(self) -> dict[str, Any]:
        """Return all parameters but the direction, the share and the text as a dict."""
        names = ("value", "bound", "share", "size", "budget", "quantity", "conditions")
        found = {name: getattr(self, name) for name in (*names, "full_value")}
        return found | {"text": str(self)}

    def _repr_html_(self):
        return f"<p>{escape(str(self))}</p>"

    def __str__(self) -> str:
        rows = f"{self.size} row{'' if self.size == 1 else 's'}"
        best = "less" if self.smaller_is_better else "more"
        others, reach = rows, "reaches" if self.size == 1 else "reach"
        if self.budget is not None:
            others, reach = f"rows that cost at most {self.budget:.6g}", "reach"
        if self.conditions:
            others += f", {self.conditions},"
        everywhere = ""
        if self.full_value is not None:
            everywhere = f" For all rows: {self.full_value:.4g}."
        share = f"proven share of the best {self.share:.3g}"
        if isnan(self.share):
            share = "nothing is proven: divide what is measured by a power of ten"
        return (
            f"{self.quantity}: {self.value:.4g} with {rows}; no {others} {reach} "
            f"{best} than {self.bound:.4g} ({share}).{everywhere}"
        )
