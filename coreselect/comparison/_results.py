"""The results of a comparison: those of one method at one size, and all of them."""

import statistics
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Result:
    """Fits of one method at one size, one per seed.

    Parameters
    ----------
    method : str
        ``"full"`` stands for all training rows.
    size : int
        Number of rows that was asked for.
    n_rows : float
        Mean number of distinct rows that were selected.
    select_seconds : float or None
        Median time of a selection, None for all rows.
    fit_seconds : float
        Median time of a fit of the estimator.
    scores : list of float
        Score on the held-out rows, one per seed.

    Examples
    --------
    >>> from coreselect.comparison import Result
    >>> Result("uniform", 100, 100, 0.01, 0.02, [0.5, 0.7]).mean
    0.6
    """

    method: str
    size: int
    n_rows: float
    select_seconds: float | None
    fit_seconds: float
    scores: list

    @property
    def mean(self):
        """The mean score."""
        return statistics.fmean(self.scores)

    @property
    def sd(self):
        """The standard deviation of the scores, None of a single one."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Comparison:
    """The results of `coreselect.compare`.

    Parameters
    ----------
    full : Result
        All training rows.
    results : list of Result
        One per method and size, uniform sampling first.
    notes : list of str
        Warnings and failures, one line per kind, method and size.
    task : {"classification", "regression"}
    estimator : str
        Name of what was fitted.
    score : str
        Name of the score.
    n_train, n_test, n_features : int
    n_classes : int or None
        None for numbers.
    n_seeds : int

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import compare
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> found = compare(X, X.sum(axis=1), methods=[], sizes=[20], n_seeds=1)
    >>> [(result.method, result.size) for result in found.results]
    [('uniform', 20)]
    """

    full: Result
    results: list
    notes: list
    task: str
    estimator: str
    score: str
    n_train: int
    n_test: int
    n_features: int
    n_classes: int | None
    n_seeds: int

    def rows(self, *, full=False):
        """Return one dict per method and size, in the order of `results`.

        Parameters
        ----------
        full : bool
            Whether the first dict is for all training rows.
        """
        return [
            {
                "method": result.method,
                "size": result.size,
                "n_rows": result.n_rows,
                "select_seconds": result.select_seconds,
                "fit_seconds": result.fit_seconds,
                "scores": result.scores,
                "score_mean": result.mean,
                "score_sd": result.sd,
                "difference": result.mean - self.full.mean,
            }
            for result in [*([self.full] if full else []), *self.results]
        ]

    def to_frame(self):
        """Return a pandas data frame: all rows first, then one row per method and size.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "Comparison.to_frame needs pandas: pip install pandas. "
                "Comparison.rows() returns the same as a list of dicts."
            ) from error
        return pd.DataFrame(self.rows(full=True)).drop(columns="scores")

    def best(self, size):
        """Return the name of the method with the highest mean score at a size.

        Raises
        ------
        ValueError
            If no method was run at that size.
        """
        found = [result for result in self.results if result.size == size]
        if not found:
            sizes = sorted({result.size for result in self.results})
            raise ValueError(f"size={size!r} was not compared; choose from {sizes}.")
        return max(found, key=lambda result: result.mean).method

    def summary(self):
        """Return one sentence per size: the best method beside uniform and all rows."""
        lines = [
            f"All {self.n_train:,} training rows: {self.score} {self.full.mean:.4f}."
        ]
        for size in sorted({result.size for result in self.results}):
            at = {r.method: r for r in self.results if r.size == size}
            uniform, best = at["uniform"], at[self.best(size)]
            line = f"{size:,} rows: uniform sampling {_with_sd(uniform)}"
            if best is not uniform:
                line += f", {best.method} {_with_sd(best)}"
                gap = best.mean - uniform.mean
                if self.n_seeds < 2 or gap <= 2 * _error_of_gap(best, uniform):
                    line += " (the difference is within the noise of the seeds)"
            lines.append(line + ".")
        return "\n".join(lines)


def _with_sd(result):
    return f"{result.mean:.4f}" + ("" if result.sd is None else f" ± {result.sd:.4f}")


def _error_of_gap(a, b):
    """Return the standard error of the difference of two mean scores."""
    return np.sqrt((a.sd**2 + b.sd**2) / len(a.scores))
