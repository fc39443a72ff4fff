"""The report of `AutoCoreset.explain`: what a coreset guarantees, and its errors."""

from dataclasses import dataclass

import numpy as np

_RCOND = 1e-10
_EXACT = 1e-9  # relative error of a cost; rounding leaves less


@dataclass(frozen=True)
class Explanation:
    """How far held-out queries are from those that a coreset is exact for.

    Let L be the loss matrix of the queries with a column of ones appended. The losses
    at a held-out query are ``L a + r``, where r is the least squares residual. The
    error of the coreset's cost there is exactly ``a @ gap + sum(u * r)``, where u are
    the coreset's weights and ``gap`` the errors at the queries themselves.

    Attributes
    ----------
    guarantee : str
        In words: at which queries costs are exact.
    gap : ndarray of shape (n_queries,)
        Relative error of the coreset's cost at the queries.
    residual : ndarray of shape (n_held_out,)
        Root mean square of r over the standard deviation of the losses.
    coefficients : ndarray of shape (n_held_out,)
        Euclidean norm of a, with the columns of L divided by their means.
    bound : ndarray of shape (n_held_out,)
        ``|a| @ |gap| + sum(u * |r|)`` over the cost of all rows. No query with these
        coefficients and residuals has a larger relative error.
    error : ndarray of shape (n_held_out,)
        The actual relative error at the held-out queries.
    """

    guarantee: str
    gap: np.ndarray
    residual: np.ndarray
    coefficients: np.ndarray
    bound: np.ndarray
    error: np.ndarray

    @classmethod
    def of_all_rows(cls):
        """Return the explanation of a selection of all rows, which needs no query."""
        nothing = np.empty(0)
        guarantee = "All rows are selected: every cost is exact."
        return cls(guarantee, nothing, nothing, nothing, nothing, nothing)

    def __str__(self):
        if not len(self.gap):
            return self.guarantee
        largest = np.abs(self.gap).max(initial=0.0)
        at_queries = f"at all {len(self.gap)} queries: {largest:.2g}"
        lines = [
            self.guarantee,
            f"Largest relative error {at_queries}.",
        ]
        if not len(self.error):
            return "\n".join(lines)
        lines += [
            "At held-out queries, with an upper bound computed from the residuals:",
            f"{'residual':>10}{'|a|':>10}{'bound':>10}{'error':>10}",
        ]
        for row in zip(
            self.residual, self.coefficients, self.bound, self.error, strict=True
        ):
            lines.append("".join(f"{value:>10.3g}" for value in row))
        return "\n".join(lines)


def explain(matrix, held_out, weight, indices, weights, guarantee=None):
    """Return the `Explanation` of a coreset.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_queries)
        Losses at the queries.
    held_out : ndarray of shape (n_rows, n_held_out)
    weight : ndarray of shape (n_rows,)
    indices, weights : ndarray of shape (m,)
        The coreset.
    guarantee : str, optional
        Text for `Explanation.guarantee`; None counts the queries with exact costs.
    """
    share = weight / weight.sum()
    chosen = weights / weight.sum()
    means = share @ matrix
    scale = np.where(means > 0, means, 1.0)
    A = np.column_stack([matrix / scale, np.ones(len(weight))])
    sums = share @ A
    gap = chosen @ A[indices] - sums
    root = np.sqrt(share)[:, None]
    coefficients, *_ = np.linalg.lstsq(root * A, root * held_out, rcond=_RCOND)
    residual = held_out - A @ coefficients
    centred = held_out - share @ held_out
    cost = share @ held_out
    cost_scale = np.where(cost > 0, cost, 1.0)

    def rms(values):
        return np.sqrt(share @ values**2)

    spread = rms(centred)
    # The columns include ones, so the weighted mean of r over all rows is 0 up to
    # rounding, and the coreset's sum of r alone is its error.
    most = np.abs(coefficients).T @ np.abs(gap) + chosen @ np.abs(residual[indices])
    return Explanation(
        guarantee=guarantee or _exactness(gap[:-1]),
        gap=gap[:-1],
        residual=rms(residual) / np.where(spread > 0, spread, 1.0),
        coefficients=np.linalg.norm(coefficients, axis=0),
        bound=most / cost_scale,
        error=(chosen @ held_out[indices] - cost) / cost_scale,
    )


def _exactness(gap):
    n_exact = np.count_nonzero(np.abs(gap) < _EXACT)
    if n_exact:
        exact = (
            f"Costs are exact at {n_exact} of the {len(gap)} queries, and at every "
            "combination of their losses and a constant."
        )
    else:
        exact = "Costs are exact at no query, only close to those of all rows."
    return f"{exact} Nothing is guaranteed for other parameters."
