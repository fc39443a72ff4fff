"""How many rows a method needs beside uniform sampling, with an interval.

The mean score of a method is a curve over its sizes. It is made monotone by isotonic
regression and interpolated linearly in the logarithm of the size. A method and uniform
sampling are compared at the lower of their two scores at the largest size: the *factor*
is the number of rows that the method needs for this score, over the number that uniform
sampling needs. Swapping the two inverts the factor; equal curves have a factor of 1.

The interval is a bootstrap over seeds. Both methods have the same splits and the same
seeds, so seeds are resampled together for both. A percentile interval of few seeds is
too narrow; its two levels are therefore expanded as in [1]_.

References
----------
.. [1] T. C. Hesterberg, "What teachers should know about the bootstrap", The American
   Statistician 69(4), 2015, :doi:`10.1080/00031305.2015.1089789`.
"""

from functools import lru_cache
from math import exp
from typing import NamedTuple

import numpy as np
from scipy import stats

FEWEST_SEEDS = 5  # with fewer, seeds that agree by chance look like a certain result
_RESAMPLES = 9999
NEAR_ONE = 1e-6  # a factor that differs from 1 by less does so by rounding
_TIE = 1e-9  # relative: a smaller difference of two scores is one of rounding


class Verdict(NamedTuple):
    """How a method compares with uniform sampling.

    Parameters
    ----------
    method : str
    kind : {"better", "partly", "level", "worse", "unknown", "failed"}
        ``"better"`` and ``"worse"`` at some size, and at no size the reverse;
        ``"partly"`` is better at some sizes and worse at others; ``"level"`` is within
        the noise of the seeds. ``"unknown"`` stands for too few seeds, ``"failed"`` for
        no result beside one of uniform sampling.
    size : int
        The size whose scores the factor is about: the largest one, or a smaller one if
        the two are level beyond it.
    level_beyond : bool
        Whether there are larger sizes, at which the difference is within the noise.
    score : float
        The score that both reach, at which rows are counted.
    rows, uniform_rows : float
        The number of rows that each of them needs for it.
    factor : float
        `rows` over `uniform_rows`; NaN if there are not two sizes to compare.
    low, high : float
        The 95 % interval of the factor; NaN without one.
    at_most, at_least : bool
        Whether the score is reached at the smallest size already, by the method or by
        uniform sampling: the factor is then a bound.
    better_at, worse_at : tuple of int
        The sizes at which the difference exceeds the noise, all sizes together at 5 %.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import compare
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> y = X.sum(axis=1)
    >>> found = compare(X, y, methods=["leverage"], sizes=[20, 40], n_seeds=1)
    >>> found.verdicts()[0].kind
    'unknown'
    """

    method: str
    kind: str
    size: int = 0
    level_beyond: bool = False
    score: float = np.nan
    rows: float = np.nan
    uniform_rows: float = np.nan
    factor: float = np.nan
    low: float = np.nan
    high: float = np.nan
    at_most: bool = False
    at_least: bool = False
    better_at: tuple = ()
    worse_at: tuple = ()


def judge(method, sizes, scores, uniform):
    """Compare a method with uniform sampling.

    Parameters
    ----------
    method : str
    sizes : list of int
        The sizes at which both have scores, ascending.
    scores, uniform : array-like of shape (n_seeds, n_sizes)
        Scores of the same seeds; greater is better.

    Returns
    -------
    Verdict
    """
    if not len(sizes):
        return Verdict(method, "failed")
    scores, uniform = np.asarray(scores, float), np.asarray(uniform, float)
    better, worse = differing(sizes, scores, uniform, level=0.05 / len(sizes))
    told = _told(sizes, scores, uniform, {*better, *worse})
    ahead = told["high"] < 1 - NEAR_ONE or bool(better)
    behind = told["low"] > 1 + NEAR_ONE or bool(worse)
    kind = {(True, False): "better", (False, True): "worse", (True, True): "partly"}
    kind = kind.get((ahead, behind), "level")
    if len(scores) < FEWEST_SEEDS:
        kind = "unknown"
    return Verdict(method, kind, better_at=better, worse_at=worse, **told)


def _told(sizes, scores, uniform, apart):
    """Return the factor to tell, as a dict of fields of `Verdict`.

    It is that of the scores at the largest size. If its interval holds 1, because all
    methods are as good as they get there, it is that of the largest smaller size at
    which the two differ by more than noise.
    """
    found = []
    for n in range(len(sizes), 1, -1):
        if n < len(sizes) and sizes[n - 1] not in apart:
            continue
        ours, theirs = scores[:, :n], uniform[:, :n]
        needs = _needs(sizes[:n], ours.mean(axis=0), theirs.mean(axis=0))
        low = high = np.nan
        if len(scores) >= FEWEST_SEEDS:
            low, high = _interval(sizes[:n], ours, theirs)
        found.append({**needs, "size": sizes[n - 1], "low": low, "high": high})
        if not low - NEAR_ONE <= 1 <= high + NEAR_ONE:
            return {**found[-1], "level_beyond": n < len(sizes)}
    return found[0] if found else {"size": sizes[-1], "low": np.nan, "high": np.nan}


def differing(sizes, scores, uniform, *, level=0.05):
    """Return the sizes at which a method is better and worse than uniform sampling.

    The differences of paired seeds are tested at this level, both sides together: by
    Student's t, and with enough seeds also by Wilcoxon's signed ranks, each at half
    the level. Rare failures of uniform sampling inflate the variance, which hides
    differences from t but not from ranks.

    Returns
    -------
    better, worse : tuple of int
    """
    gaps = np.asarray(scores, float) - np.asarray(uniform, float)
    if len(gaps) < 2:
        return (), ()
    tie = _TIE * np.maximum(1, np.abs(uniform).max(axis=0))
    signs = [_sign(*pair, level) for pair in zip(gaps.T, tie, strict=True)]
    better, worse = (
        tuple(n for n, sign in zip(sizes, signs, strict=True) if sign == way)
        for way in (1, -1)
    )
    return better, worse


def _sign(gaps, tie, level):
    """Return 1 or -1 if the mean of some differences is above or below 0, else 0."""
    n, mean = len(gaps), gaps.mean()
    if abs(mean) <= tie:
        return 0
    by_ranks = 2.0 ** (1 - n) <= level / 2  # what signed ranks can reach with n seeds
    level = level / 2 if by_ranks else level
    noise = stats.t.ppf(1 - level / 2, n - 1) * gaps.std(ddof=1) / np.sqrt(n)
    beyond = abs(mean) > noise
    if by_ranks and not beyond:
        way = "greater" if mean > 0 else "less"
        beyond = stats.wilcoxon(gaps, alternative=way).pvalue <= level / 2
    return int(np.sign(mean)) * bool(beyond)


def _needs(sizes, scores, uniform):
    """Return the rows that both need for the score that both reach, as a dict."""
    logs = np.log(sizes)
    ours, theirs = _monotone(scores[None]), _monotone(uniform[None])
    goal = np.minimum(ours[:, -1], theirs[:, -1])
    need, uniform_need = _needed(logs, ours, goal)[0], _needed(logs, theirs, goal)[0]
    return {
        "score": float(goal[0]),
        "rows": exp(need),
        "uniform_rows": exp(uniform_need),
        "factor": exp(need - uniform_need),
        "at_most": bool(need == logs[0] < uniform_need),
        "at_least": bool(uniform_need == logs[0] < need),
    }


def _interval(sizes, scores, uniform):
    """Return the ends of the 95 % interval of the factor."""
    logs, n = np.log(sizes), len(scores)
    shares = _resamples(n)
    ours, theirs = _monotone(shares @ scores), _monotone(shares @ uniform)
    goal = np.minimum(ours[:, -1], theirs[:, -1])
    factors = np.exp(_needed(logs, ours, goal) - _needed(logs, theirs, goal))
    level = stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    low, high = np.quantile(factors, [level, 1 - level], method="nearest")
    return float(low), float(high)


@lru_cache(maxsize=4)
def _resamples(n):
    """Return the share of each of n seeds in every resample, of shape (resamples, n).

    They are fixed: the same scores always have the same interval.
    """
    rng = np.random.default_rng(0)
    return rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES) / n


def _monotone(curves):
    """Return the isotonic regression of every row, by its min-max formula.

    The value at i is the greatest, over starts a <= i, of the least mean of curve[a:b],
    over ends b > i. There are few sizes, so all means are computed.
    """
    n = curves.shape[1]
    sums = np.concatenate([np.zeros((len(curves), 1)), curves.cumsum(axis=1)], axis=1)
    out = np.full(curves.shape, -np.inf)
    for start in range(n):
        lengths = np.arange(1, n - start + 1)
        means = (sums[:, start + 1 :] - sums[:, [start]]) / lengths
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        out[:, start:] = np.maximum(out[:, start:], least)
    return out


def _needed(logs, curves, goal):
    """Return the log of the least size at which each monotone curve reaches its goal.

    Every curve reaches it; a goal below the first score gives the first size.
    """
    slack = _TIE * np.maximum(1, np.abs(goal))  # sums that are equal but for rounding
    reached = curves >= (goal - slack)[:, None]
    last = reached.argmax(axis=1)
    before, each = np.maximum(last - 1, 0), np.arange(len(curves))
    rise = curves[each, last] - curves[each, before]
    share = (goal - curves[each, before]) / np.where(rise > 0, rise, 1.0)
    share = np.clip(share, 0.0, 1.0)
    return np.where(
        last == 0, logs[0], logs[before] + share * (logs[last] - logs[before])
    )
