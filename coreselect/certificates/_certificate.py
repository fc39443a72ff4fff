"""The `Certificate` of a selection: bounds on its error, and how they are known."""

from dataclasses import asdict, dataclass
from html import escape
from math import floor, isfinite
from typing import Any


@dataclass(frozen=True)
class Certificate:
    """How far weighted sums over a selection are from the sums over all rows.

    It is returned by `coreselect.certify`; ``str(certificate)`` puts it into words.

    Parameters
    ----------
    objective : str
        Name of the sums, such as ``"least_squares"`` for sums of squares.
    epsilon : float
        Largest ``|ratio - 1|`` found. A ratio is a weighted sum over the selection,
        divided by the sum over all rows.
    lower, upper : float
        Smallest and largest ratio.
    kind : {"exact", "empirical"}
        Whether epsilon is the maximum over all models, or over those that were tried.
    scope : str
        The models that epsilon refers to.
    excess : float or None
        For regressions: relative difference between the objective over all rows at the
        coefficients fitted to the selection, and its minimum. Computed from all rows in
        float64, and not certified: unlike the other numbers it includes no bound of
        rounding errors, which grow with the condition number.
    n_queries : int or None
        Number of models that were tried, if not all.
    confidence : float or None
        Confidence level of `coverage`.
    coverage : float or None
        If not all models were tried: with at least this probability, another model
        drawn from the same distribution has an error of at most `epsilon`. The bound is
        distribution-free.
    n_left_out : int
        For exact certificates with dependent columns: the number of independent
        directions of models in which no row is longer than rounding errors of float64.
        They are left out; 0 means that all models are certified.

    Examples
    --------
    >>> from coreselect import UniformSelector, certify
    >>> X = [[1.0], [1.0], [1.0], [3.0]]
    >>> selection = UniformSelector(4).fit_select(X)  # all of them
    >>> bool(certify(selection, X, objective="pca").epsilon < 1e-12)
    True
    """

    objective: str
    epsilon: float
    lower: float
    upper: float
    kind: str
    scope: str
    excess: float | None = None
    n_queries: int | None = None
    confidence: float | Any = None
    coverage: float | Any = None
    n_left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the fields and the text as a dict that can be written as JSON.

        Infinite numbers, which JSON does not have, become None; the text shows them.
        """
        known = {
            name: None if isinstance(value, float) and not isfinite(value) else value
            for name, value in asdict(self).items()
        }
        return {**known, "text": str(self)}

    def _repr_html_(self):
        return f"<p>{escape(str(self))}</p>"

    def __str__(self) -> str:
        range_ = f"{self.lower:.4g} to {self.upper:.4g} times that over all rows"
        if self.kind == "exact":
            text = (
                f"{self.objective}: for {self.scope}, the weighted sum over the "
                f"selection is {range_} (epsilon {self.epsilon:.3g}, exact)."
            )
        else:
            text = (
                f"{self.objective}: for the {self.n_queries} models that were tried, "
                f"the weighted sum over the selection is {range_} (epsilon "
                f"{self.epsilon:.3g}, empirical: there may be worse ones)."
            )
            if self.coverage is not None and self.confidence is not None:
                text += (
                    f" With confidence {100 * self.confidence:.10g}%, at least "
                    f"{floor(1000 * self.coverage) / 10}% of {self.scope} are no worse."
                )
        if self.n_left_out:
            text += (
                f" Left out: {self.n_left_out} direction(s) in which the rows are 0 "
                "up to rounding."
            )
        if self.excess is not None:
            text += (
                f" Fitting on the selection costs {100 * self.excess:.3g}% more, over "
                "all rows, than the best fit (computed in float64)."
            )
        return text


def from_ratios(objective, lower, upper, kind, scope, **more):
    """Return the `Certificate` for given extreme ratios."""
    lower, upper = float(lower), float(upper)
    epsilon = max(abs(1 - lower), abs(upper - 1))
    return Certificate(objective, epsilon, lower, upper, kind, scope, **more)
