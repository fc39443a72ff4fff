"""What is known of the error of a selection, in numbers and in words."""

from dataclasses import asdict, dataclass
from math import floor, isfinite


@dataclass(frozen=True)
class Certificate:
    """How far weighted sums over a selection are from those over all rows.

    Made by `coreselect.certify`; ``str(certificate)`` says what it means.

    Parameters
    ----------
    objective : str
        Which sums: that of squares for ``"least_squares"``, and so on.
    epsilon : float
        Largest ``|ratio - 1|`` found, of a weighted sum over the selection to the sum
        over all rows.
    lower, upper : float
        Smallest and largest ratio.
    kind : {"exact", "empirical"}
        Whether epsilon is the maximum over all models, or over those that were tried.
    scope : str
        Which models epsilon is about.
    excess : float or None
        Of regressions: by how much, relative to the least there is, the objective over
        all rows exceeds it at the coefficients fitted to the selection. Exact.
    n_queries : int or None
        Number of models that were tried, if not all.
    confidence : float or None
        Of the statement on `coverage`.
    coverage : float or None
        If not all were tried: a model drawn at random like those tried has an error of
        at most `epsilon` with at least this probability. The bound is
        distribution-free.
    n_left_out : int
        Of exact certificates: the number of independent directions of models in which
        no row is longer than the rounding of float64, where columns depend on each
        other. Those are left out; 0 means that all models are certified.

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
    confidence: float | None = None
    coverage: float | None = None
    n_left_out: int = 0

    def as_dict(self):
        """Return the numbers and words as a dict that JSON can hold.

        Infinite numbers, which JSON does not know, are None; the text names them.
        """
        known = {
            name: None if isinstance(value, float) and not isfinite(value) else value
            for name, value in asdict(self).items()
        }
        return {**known, "text": str(self)}

    def __str__(self):
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
            if self.coverage is not None:
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
                f" The fit to the selection has an objective over all rows that is "
                f"{self.excess:.3g} times the least one above it (exact)."
            )
        return text


def from_ratios(objective, lower, upper, kind, scope, **more):
    """Make a `Certificate` of the extreme ratios."""
    lower, upper = float(lower), float(upper)
    epsilon = max(abs(1 - lower), abs(upper - 1))
    return Certificate(objective, epsilon, lower, upper, kind, scope, **more)
