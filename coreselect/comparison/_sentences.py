"""Verdicts in words: one sentence per method."""

from math import isnan

from coreselect.comparison._verdict import FEWEST_SEEDS, NEAR_ONE


def sentences(verdicts, score_name, failures=()):
    """Return verdicts in words, one sentence per entry; one sentence names all ties.

    Parameters
    ----------
    verdicts : list of Verdict
    score_name : str
    failures : dict of str to str
        The reasons of methods without any result.
    """
    failures = dict(failures)
    apart = [v for v in verdicts if v.kind != "level" and v.method not in failures]
    found = [_sentence(verdict, score_name) for verdict in apart]
    if ties := [v.method for v in verdicts if v.kind == "level"]:
        verb = "is" if len(ties) == 1 else "are"
        found.append(
            f"{_listed(ties)} {verb} not better than uniform here: the difference is "
            "within the noise of the seeds"
        )
    found += [f"{method} failed: {why}" for method, why in failures.items()]
    if any(v.kind == "unknown" for v in verdicts):
        found.append(
            f"With fewer than {FEWEST_SEEDS} seeds there is no interval: all of this "
            "may be chance"
        )
    return [f"{text.rstrip('.')}." for text in found]


def _sentence(verdict, score_name):
    name, (factor, outside) = verdict.method, _factor(verdict, score_name)
    at = {"better": verdict.better_at, "worse": verdict.worse_at}
    at = {way: _listed(f"{n:,}" for n in sizes) for way, sizes in at.items() if sizes}
    others = [f"{way} than uniform at {sizes} rows" for way, sizes in at.items()]
    if verdict.kind == "failed":
        return f"{name} has no score beside one of uniform sampling"
    if verdict.kind == "unknown":
        told = f"seems to need {factor}" if factor else "needs more seeds for a verdict"
        return f"{name} {told}"
    if not outside:
        return f"{name} is {' and '.join(others)}"
    text = f"{name} needs {factor}{_interval(verdict)}"
    if verdict.kind == "partly":
        return f"{text}, but it is {' and '.join(others)}"
    if verdict.kind == "worse":
        text = f"{text}: it is worse than uniform here"
    else:
        rows, uniform = round(verdict.rows), round(verdict.uniform_rows)
        text = f"{text}: {rows:,} of its rows do what {uniform:,} uniform rows do"
    beyond = f"; beyond {verdict.size:,} rows the difference is within the noise"
    return text + beyond * verdict.level_beyond


def _factor(verdict, score_name):
    """Return how many of uniform's rows are needed, and whether 1 is ruled out."""
    if isnan(verdict.factor):
        return "", False
    outside = verdict.high < 1 - NEAR_ONE or verdict.low > 1 + NEAR_ONE
    goal = f"for {score_name} {verdict.score:.3g}"
    if abs(verdict.factor - 1) < NEAR_ONE:
        return f"as many rows as uniform {goal}", outside
    if verdict.factor > 1:
        bound = "at least " if verdict.at_least else ""
        return f"{bound}{verdict.factor:.2g} times uniform's rows {goal}", outside
    bound = "at most " if verdict.at_most else ""
    return f"{bound}{verdict.factor:.2g} of uniform's rows {goal}", outside


def _interval(verdict):
    if verdict.at_most:
        return f" (95 % interval: up to {verdict.high:.2g})"
    if verdict.at_least:
        return f" (95 % interval: {verdict.low:.2g} or more)"
    return f" (95 % interval {verdict.low:.2g} to {verdict.high:.2g})"


def _listed(names):
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
