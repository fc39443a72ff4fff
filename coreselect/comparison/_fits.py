"""The fits of a comparison: all rows, then every method for every seed and size."""

import logging
import statistics
import time
import warnings
from contextlib import contextmanager
from math import isfinite, nan

from sklearn.base import clone

from coreselect.base import ScoreSelector
from coreselect.comparison._results import ALL_ROWS, UNIFORM, Result
from coreselect.estimators import fit_on_selection

logger = logging.getLogger("coreselect.comparison")


def fits(trial, selectors, sizes, seeds, *, tell=None):
    """Yield a `Result` for all rows, then one for every method and size.

    A method that fails gives a result with the reason.

    Parameters
    ----------
    trial : Trial
    selectors : dict of str to selector
        Uniform sampling first.
    sizes : list of int
    seeds : sequence of int
        The same for every method, so that results are paired.
    tell : callable, optional
        ``tell(text, done, total)`` is called before every fit, with the numbers of fits
        that are done and of all.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, once the results of the seeds that are done were yielded.
    ValueError
        If the estimator cannot be fitted to all rows, or if uniform sampling fails at
        every size, since there is nothing to compare with then.
    """
    runs = len(trial.folds) * (1 + len(selectors) * len(sizes) * len(seeds))
    done = 0

    def step(text):
        nonlocal done
        if tell is not None:
            tell(text, done, runs)
        done += 1

    yield _told(_all_rows(trial, step))
    for name, selector in selectors.items():
        tallies = [_Tally(name, size) for size in sizes]
        try:
            _fill(tallies, trial, selector, seeds, step)
        except KeyboardInterrupt:
            yield from (_told(tally.result()) for tally in tallies if tally.scores)
            raise
        if name == UNIFORM and all(tally.failure for tally in tallies):
            raise ValueError(f"{name}: {tallies[0].failure}")
        yield from (_told(tally.result()) for tally in tallies)


def _told(result):
    key = result.method, result.size
    if result.failure:
        logger.info("%s, %d rows failed: %s", *key, result.failure)
    else:
        logger.info("%s, %d rows: %.4f", *key, result.mean)
    return result


def _all_rows(trial, step):
    """Fit all training rows, once per fold."""
    tally = _Tally(ALL_ROWS, trial.n_train)
    scores = []
    for fold in trial.folds:
        step("fitting all rows")
        with tally.noting():
            start = time.perf_counter()
            model = trial.fit_all(fold)
            tally.fit_seconds.append(time.perf_counter() - start)
            scores.append(trial.score(model, fold))
    tally.n_rows, tally.scores = [trial.n_train], [statistics.fmean(scores)]
    return tally.result()


def _fill(tallies, trial, selector, seeds, step):
    """Fit one method for every seed and size; seeds that are done stay in the tallies.

    All sizes of a seed come together, so that a method learns once per seed.
    """
    name = tallies[0].method
    for number, seed in enumerate(seeds, 1):
        scores = [[] for _ in tallies]
        for fold in trial.folds:
            learner = _Learner(selector, fold, seed)
            for tally, found in zip(tallies, scores, strict=True):
                step(f"{name}, seed {number} of {len(seeds)}")
                if tally.failure:
                    continue
                with tally.noting():
                    try:
                        found.append(_score(trial, fold, learner, tally))
                    # Whatever one method cannot do here, the others go on.
                    except Exception as error:
                        tally.failure = _in_words(error)
                        logger.debug("%s, %d rows", name, tally.size, exc_info=True)
        for tally, found in zip(tallies, scores, strict=True):
            if not tally.failure:
                tally.scores.append(statistics.fmean(found))


def _score(trial, fold, learner, tally):
    """Select, fit, and return the score; the tally notes what it took."""
    selection, seconds = learner.select(tally.size)
    start = time.perf_counter()
    model = fit_on_selection(trial.estimator, selection, fold.X_train, fold.y_train)
    tally.fit_seconds.append(time.perf_counter() - start)
    tally.select_seconds.append(seconds)
    tally.n_rows.append(len(selection))
    score = trial.score(model, fold)
    if not isfinite(score):
        raise ValueError(f"the score of the fitted estimator is {score}")
    return score


def _in_words(error):
    words = " ".join(str(error).split())
    known = isinstance(error, (ValueError, TypeError)) and words
    return words if known else f"{type(error).__name__}: {words}".rstrip(": ")


class _Learner:
    """Selects rows in several sizes with one seed, and learns once if it can.

    The scores of a score selector serve every size. The seconds of a selection are
    always those of learning and drawing.
    """

    def __init__(self, selector, fold, seed):
        # A clone for every seed, so that no fit can lean on an earlier one.
        self._selector = clone(selector).set_params(random_state=seed)
        self._learns_once = isinstance(selector, ScoreSelector)
        self._fold = fold
        self._seconds = None

    def select(self, size):
        """Return a selection and the seconds that it takes."""
        start = time.perf_counter()
        if self._seconds is not None and self._learns_once:
            selection = self._selector.select(size)
            return selection, self._seconds + time.perf_counter() - start
        self._selector.set_params(n_select=size)
        self._selector.fit(self._fold.X_train, self._fold.y_train)
        self._seconds = time.perf_counter() - start
        return self._selector.selection_, self._seconds


class _Tally:
    """What the fits of one method at one size have given so far."""

    def __init__(self, method, size):
        self.method = method
        self.size = size
        self.select_seconds, self.fit_seconds = [], []
        self.n_rows, self.scores = [], []
        self.failure = ""
        self._warnings = {}

    @contextmanager
    def noting(self):
        """Keep warnings for the result instead of showing them."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for one in caught:
            if not issubclass(one.category, (DeprecationWarning, FutureWarning)):
                messages = self._warnings.setdefault(one.category.__name__, [])
                messages.append(" ".join(str(one.message).split()))

    def result(self):
        """Return the `Result`."""
        notes = [f"{len(m)} x {k}: {m[0]}" for k, m in self._warnings.items()]
        failed = bool(self.failure)
        return Result(
            self.method,
            self.size,
            nan if failed else statistics.fmean(self.n_rows),
            nan if failed else _median(self.select_seconds),
            nan if failed else _median(self.fit_seconds),
            [] if failed else self.scores,
            self.failure,
            notes,
        )


def _median(values):
    return statistics.median(values) if values else nan
