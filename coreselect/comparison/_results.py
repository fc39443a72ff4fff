"""The results of a comparison: those of one method at one size, and all of them."""

import statistics
from dataclasses import dataclass, field
from math import nan
from typing import Any

from coreselect.comparison._sentences import sentences
from coreselect.comparison._tables import as_html, as_text
from coreselect.comparison._verdict import differing, judge

ALL_ROWS = "all rows"
UNIFORM = "uniform"
COLUMNS = (
    "method",
    "size",
    "score",
    "sd",
    "difference",
    "select_seconds",
    "fit_seconds",
    "note",
)


@dataclass(frozen=True)
class Result:
    """Fits of one method at one size, one per seed.

    Parameters
    ----------
    method : str
        ``"all rows"`` stands for all training rows.
    size : int
        Number of rows that was asked for.
    n_rows : float
        Mean number of distinct rows that were selected.
    select_seconds : float
        Median time of a selection; NaN for all rows.
    fit_seconds : float
        Median time of a fit of the estimator.
    scores : list of float
        Score on the held-out rows, one per seed; with several folds the mean over them.
        Empty if the method failed.
    failure : str, optional
        Why the method failed.
    warnings : list of str, optional
        Warnings of its fits, one line per kind.

    Examples
    --------
    >>> from coreselect.comparison import Result
    >>> Result("uniform", 100, 100, 0.01, 0.02, [0.5, 0.7]).mean
    0.6
    """

    method: str
    size: int
    n_rows: float
    select_seconds: float
    fit_seconds: float
    scores: list[float]
    failure: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The mean score; NaN if the method failed."""
        return statistics.fmean(self.scores) if self.scores else nan

    @property
    def sd(self) -> float:
        """The standard deviation of the scores; NaN of fewer than two."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else nan


@dataclass(frozen=True, repr=False)
class Comparison:
    """The results of `coreselect.compare`.

    Printed, or shown in a notebook, it is the table and the verdict.

    Parameters
    ----------
    full : Result
        All training rows.
    results : list of Result
        One per method and size, uniform sampling first.
    task : {"classification", "regression"} or None
        None if the estimator is neither a classifier nor a regressor.
    estimator : str
        Name of what was fitted.
    score : str
        Name of the score.
    n_train, n_test, n_features : int
        Numbers of training rows and held-out rows (of the first fold), and of features
        that methods and estimator see.
    n_classes : int or None
        None for numbers.
    n_seeds : int
    features : str
        What became of each column, if `TableFeatures` made the features.
    target : str
        What is predicted: the name of the column, if it has one.
    notes : list of str
        What applies to all results, such as sizes that were left out.
    complete : bool
        False if the comparison was interrupted: results are missing.

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
    results: list[Result]
    task: str | None
    estimator: str
    score: str
    n_train: int
    n_test: int
    n_features: int
    n_classes: int | None
    n_seeds: int
    features: str = ""
    target: str = "y"
    notes: list[str] = field(default_factory=list)
    complete: bool = True

    @property
    def methods(self) -> list[str]:
        """The names of the methods, uniform sampling first."""
        return list(dict.fromkeys(result.method for result in self.results))

    @property
    def sizes(self) -> list[int]:
        """The numbers of rows, ascending."""
        return sorted({result.size for result in self.results})

    def rows(self, *, ranked: bool = False) -> list[dict[str, Any]]:
        """Return one dict per method and size, after one of all training rows.

        The keys are the columns of `to_frame`, and ``n_rows`` and ``scores``, the
        number of distinct rows and the score of every seed.

        Parameters
        ----------
        ranked : bool
            Whether to sort by size, and the best method of every size first, instead
            of the order in which methods were given.
        """
        order = self.results
        if ranked:  # NaN, of methods that failed, last
            order = sorted(order, key=lambda r: (r.size, not r.scores, -r.mean))
        return [self._row(result) for result in [self.full, *order]]

    def _row(self, result):
        notes = [f"failed: {result.failure}"] if result.failure else []
        n_scores, difference = len(result.scores), nan
        if 0 < n_scores < self.n_seeds and result.method != ALL_ROWS:
            notes.append(f"{n_scores} of {self.n_seeds} seeds")
        if result.scores and (uniform := self._at(UNIFORM, result.size)):
            scores, others = _paired(result, uniform)
            difference = statistics.fmean(scores) - statistics.fmean(others)
            if result.method != UNIFORM and _is_noise(result.size, scores, others):
                notes.append("within noise")
        return {
            "method": result.method,
            "size": result.size,
            "score": result.mean,
            "sd": result.sd,
            "difference": difference,
            "select_seconds": result.select_seconds,
            "fit_seconds": result.fit_seconds,
            "note": "; ".join([*notes, *result.warnings]),
            "n_rows": result.n_rows,
            "scores": result.scores,
        }

    def _at(self, method, size):
        """Return the result of a method at a size if it has scores, else None."""
        wanted = (r for r in self.results if (r.method, r.size) == (method, size))
        return next((result for result in wanted if result.scores), None)

    def to_frame(self) -> Any:
        """Return a pandas data frame: all rows first, then one row per method and size.

        Its columns are ``method`` (all training rows are ``"all rows"``), ``size``,
        ``score`` (the mean over seeds), ``sd`` (their standard deviation),
        ``difference`` (from the score of uniform sampling of the same size),
        ``select_seconds``, ``fit_seconds`` and ``note``: why the method failed,
        ``"within noise"`` if it differs from uniform sampling by no more than seeds do
        (paired seeds, 95 %), and warnings.

        Raises
        ------
        ImportError
            If pandas is not installed; `rows` needs nothing.
        """
        pandas = _pandas()
        return pandas.DataFrame(self.rows(), columns=list(COLUMNS))

    def best(self, size: int) -> str:
        """Return the name of the method with the highest mean score at a size.

        Parameters
        ----------
        size : int
            One of `sizes`.

        Raises
        ------
        ValueError
            If no method has a score at that size.
        """
        found = [r for r in self.results if r.size == size and r.scores]
        if not found:
            raise ValueError(
                f"size={size!r} was not compared; choose from {self.sizes}."
            )
        return max(found, key=lambda result: result.mean).method

    def verdicts(self) -> list[Any]:
        """Return a `Verdict` for every method but uniform sampling."""
        return [self._verdict(name) for name in self.methods if name != UNIFORM]

    def _verdict(self, name):
        at = {n: (self._at(name, n), self._at(UNIFORM, n)) for n in self.sizes}
        pairs = {n: _paired(*pair) for n, pair in at.items() if all(pair)}
        ours, uniform = (
            [
                list(scores)
                for scores in zip(*(p[side] for p in pairs.values()), strict=False)
            ]
            for side in (0, 1)
        )
        return judge(name, list(pairs), ours, uniform)

    def summary(self) -> str:
        """Return the verdict in words, one sentence per line."""
        found = f"{self.score} {self.full.mean:.3g}"
        lines = [f"All {self.n_train:,} training rows reach {found}."]
        scored = {result.method for result in self.results if result.scores}
        failures = {
            result.method: result.failure
            for result in reversed(self.results)
            if result.failure and result.method not in scored
        }
        lines += sentences(self.verdicts(), self.score, failures)
        if not self.complete:
            lines.append("The comparison was interrupted: results are missing.")
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> Any:
        """Draw the scores against the sizes; needs the extra ``plot``.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default that of a new figure.

        Returns
        -------
        coreselect.plot.ComparisonDisplay
        """
        from coreselect.plot import ComparisonDisplay

        return ComparisonDisplay.from_results(self, ax=ax)

    def heading(self) -> str:
        """Return numbers of rows, estimator, score and seeds, in two lines."""
        kind = f"{self.n_classes} classes" if self.n_classes else "numbers"
        return (
            f"{self.n_train:,} training rows, {self.n_test:,} held out, "
            f"{self.n_features:,} features, target {self.target} ({kind})\n"
            f"{self.estimator}, score: {self.score}, seeds: {self.n_seeds}"
        )

    def table(self) -> str:
        """Return the results as lines of text, by size and the best method first."""
        return as_text(self.rows(ranked=True), self.score)

    def __repr__(self) -> str:
        return f"{self.heading()}\n\n{self.table()}\n\n{self.summary()}"

    def _repr_html_(self):
        return as_html(
            self.heading(), self.rows(ranked=True), self.score, self.summary()
        )


def _paired(result, other):
    """Return the scores of both for the seeds that both have, in their order."""
    n_seeds = min(len(result.scores), len(other.scores))
    return result.scores[:n_seeds], other.scores[:n_seeds]


def _is_noise(size, scores, others):
    if len(scores) < 2:
        return False
    return differing([size], [[s] for s in scores], [[s] for s in others]) == ((), ())


def _pandas():
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "Comparison.to_frame needs pandas: pip install pandas. "
            "Comparison.rows() returns the same as a list of dicts."
        ) from error
    return pandas
