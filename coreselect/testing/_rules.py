"""The invariants of `groups`, `quotas`, `cost`, `include` and `exclude`."""

import inspect

import numpy as np

from coreselect.base import RankSelector, ScoreSelector
from coreselect.selection import Selection
from coreselect.testing._instances import (
    at_an_allowed_size,
    chosen,
    data_for,
    ensure,
    ensure_same,
    promises,
    seeded,
    size_of,
)

_EXCLUDED = (0, 5, 17, 59)
_INCLUDED = (41,)


def _takes(selector, name):
    """Return whether `fit` takes an argument as `BaseSelector.fit` does."""
    taken = inspect.signature(selector.fit).parameters
    return name in taken and "exclude" in taken


def _groups():
    """Three groups, of 30, 20 and 10 rows."""
    return np.array(list("abcaba"))[np.arange(60) % 6]


def _at_size(selector, **params):
    """Return a seeded clone whose size is a number of rows, and that number."""
    size = size_of(seeded(selector).fit(*data_for(selector)))
    if isinstance(size, float):
        size = int(60 * size)
    return seeded(selector, n_select=size, **params), size


def _refused(selector, words, **given):
    try:
        selector.fit(*data_for(selector), **given)
    except ValueError as error:
        for word in words:
            ensure(word in str(error), f"the error does not name {word}: {error}")
    else:
        raise AssertionError(f"{words[-1]} was accepted: {[*given]}")


def _by_name(selector, argument):
    return type(selector).__name__, argument


def check_exclude(selector):
    """Rows of `exclude` are as if they were not there."""
    if not _takes(selector, "exclude"):
        return
    X, y, weight = data_for(selector)
    kept = np.delete(np.arange(60), _EXCLUDED)
    without = chosen(selector, X[kept], y[kept], weight[kept])
    wanted = Selection(kept[without.indices], without.weights, 60)
    for excluded in (_EXCLUDED, np.isin(np.arange(60), _EXCLUDED)):
        got = seeded(selector).fit_select(X, y, weight, exclude=excluded)
        ensure_same(got, wanted, "rows of exclude changed the result")
    if not promises(selector).repeats:
        all_rows = seeded(selector, n_select=60)
        got = all_rows.fit_select(X, y, weight, exclude=_EXCLUDED)
        ensure(
            np.array_equal(np.sort(got.indices), kept),
            "a selection of all rows is not all but those of exclude",
        )


def check_include(selector):
    """Rows of `include` are in, with their own weights, and count in the size."""
    if not _takes(selector, "include"):
        return
    X, y, weight = data_for(selector)
    selector, size = _at_size(selector)
    if "include" not in promises(selector).rules:
        _refused(selector, _by_name(selector, "include"), include=_INCLUDED)
        return
    if size == 0:
        return
    fitted = selector.fit(X, y, weight, include=_INCLUDED, exclude=_EXCLUDED)
    for made in (fitted.selection_, fitted.select(max(1, size - 1), random_state=1)):
        wanted = size if made is fitted.selection_ else max(1, size - 1)
        if promises(selector).exact_size:
            ensure(len(made) == wanted, f"{len(made)} of {wanted} rows with include")
        ensure(np.isin(_INCLUDED, made.indices).all(), "a row of include is missing")
        own = weight[made.indices] == made.weights
        ensure(
            isinstance(selector, RankSelector)
            or own[np.isin(made.indices, _INCLUDED)].all(),
            "a row of include does not have its own weight",
        )
        ensure(not np.isin(_EXCLUDED, made.indices).any(), "a row of exclude is in")
    none = weight.copy()
    none[list(_INCLUDED)] = 0
    for words, given in (
        (("include", "n_select"), {"include": np.arange(size + 1)}),
        (("include", "exclude"), {"include": _INCLUDED, "exclude": _INCLUDED}),
        (("include", "row 60"), {"include": [60]}),
    ):
        if size < 60:
            _refused(selector, words, **given)
    try:
        selector.fit(X, y, none, include=_INCLUDED)
    except ValueError as error:
        ensure("weight 0" in str(error), f"does not speak of weight 0: {error}")
    else:
        raise AssertionError("a row of weight 0 was accepted in include")


def check_quotas(selector):
    """Groups get their quotas; what cannot be met is refused."""
    if not _takes(selector, "groups"):
        return
    X, y, weight = data_for(selector)
    groups, rules = _groups(), promises(selector).rules
    selector, size = _at_size(selector)
    if size < 2 or "quotas" not in selector.get_params(deep=False):
        return
    quotas = {"a": size // 2, "b": (1, None)}
    if "quotas" not in rules:
        selector.set_params(quotas=quotas)
        _refused(selector, _by_name(selector, "quotas"), groups=groups)
        return
    selector.set_params(quotas=quotas)
    fitted = selector.fit(X, y, weight, groups=groups)
    for made in (fitted.selection_, fitted.select(size, random_state=1)):
        if promises(selector).exact_size:
            in_a = np.count_nonzero(groups[made.indices] == "a")
            ensure(in_a == size // 2, f"group a got {in_a} rows, not {size // 2}")
            ensure((groups[made.indices] == "b").any(), "group b got no row")
            ensure(len(made) == size, f"{len(made)} rows, not {size}")
    for words, bad in (
        (("quotas", "'a'"), {"a": 31}),
        (("quotas", "'z'"), {"z": 1}),
        (("quotas", "'a'"), {"a": size + 1, "b": 1}),
    ):
        _refused(selector.set_params(quotas=bad), words, groups=groups)
    _refused(selector.set_params(quotas=quotas), ("quotas", "groups"))


def check_groups(selector):
    """Groups without quotas get their expected number of rows, or need quotas."""
    if not _takes(selector, "groups"):
        return
    X, y, weight = data_for(selector)
    groups = _groups()
    selector, _ = _at_size(selector)
    if "groups" not in promises(selector).rules:
        _refused(selector, _by_name(selector, "groups"), groups=groups)
        return
    if not isinstance(selector, ScoreSelector) or not promises(selector).exact_size:
        return
    fitted = selector.fit(X, y, weight, groups=groups)
    counts = [
        np.bincount(groups[fitted.select(random_state=r).indices] == "a", minlength=2)
        for r in range(20)
    ]
    if selector.design != "balanced" and not selector.stratify:
        ensure(np.ptp(counts, axis=0).max() <= 1, "a group's number of rows varies")


def check_cost(selector):
    """Draws cost the budget on average, ranked rows at most; others refuse costs."""
    if not _takes(selector, "cost"):
        return
    X, y, weight = data_for(selector)
    cost = 1.0 + np.arange(60) % 3
    if "cost" not in promises(selector).rules:
        _refused(_at_size(selector)[0], _by_name(selector, "cost"), cost=cost)
        return
    _refused(_at_size(selector)[0], ("cost", "budget"), cost=cost)
    if getattr(selector, "design", None) in ("priority", "multinomial") or (
        "budget" not in selector.get_params(deep=False)
    ):
        return
    paid = seeded(selector, n_select=None, budget=30.0)
    _refused(paid, ("budget", "cost"))
    fitted = paid.fit(X, y, weight, cost=cost, include=_INCLUDED)
    ensure(np.isin(_INCLUDED, fitted.sample_indices_).all(), "include is not in")
    spent = [cost[fitted.select(random_state=r).indices].sum() for r in range(50)]
    if not promises(paid).unbiased:  # an "auto" size is gone from it
        ensure(max(spent) <= 30.0, f"rows cost {max(spent)}, more than the budget")
        return
    z = (np.mean(spent) - 30.0) / max(np.std(spent, ddof=1) / 50**0.5, 0.05)
    ensure(abs(z) < 4.5, f"rows cost {np.mean(spent)} on average, the budget is 30")


for _name, _check in list(globals().items()):
    if _name.startswith("check_"):
        globals()[_name] = at_an_allowed_size(_check)

RULES = tuple(
    function for name, function in list(globals().items()) if name.startswith("check_")
)
