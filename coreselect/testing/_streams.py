"""The invariants of selectors that take streams."""

import numpy as np

from coreselect.streams import Stream
from coreselect.testing._instances import (
    at_an_allowed_size,
    data_for,
    ensure,
    ensure_same,
    promises,
    seeded,
)

_SIZE = 10
_REPEATS = 100  # streams in the statistical check
_Z = 4.5  # |z| that a right stream passes about once in 150,000 times
_PLAIN = {"budget": None, "quotas": None, "features": None}


def _for_streams(selector, seed=0):
    """Return a clone whose parameters `partial_fit` takes; None if it has none."""
    if not hasattr(selector, "partial_fit"):
        return None
    names = selector.get_params(deep=False)
    given = {name: value for name, value in _PLAIN.items() if name in names}
    return seeded(selector, seed, n_select=_SIZE, **given)


def _fed(stream, step, *arrays):
    for start in range(0, len(arrays[0]), step):
        stream.partial_fit(*(array[start : start + step] for array in arrays))
    return stream


def check_batches(selector):
    """Batches of any size select the rows that `fit` selects from all of them."""
    if _for_streams(selector) is None:
        return
    X, y, weight = data_for(selector)
    weight[[0, 5, 17, 59]] = 0
    wanted = _for_streams(selector).fit_select(X, y, weight)
    for step in (1, 7, 60):
        fed = _fed(_for_streams(selector), step, X, y, weight)
        ensure_same(fed.selection_, wanted, f"batches of {step} rows gave other rows")
    rows = fed.coreset_
    ensure(np.array_equal(rows.X, X[rows.indices]), "coreset_.X is not the rows")
    ensure(np.array_equal(rows.y, y[rows.indices]), "coreset_.y is not the rows")
    restored = type(fed).from_bytes(fed.to_bytes())
    ensure_same(restored.selection_, wanted, "to_bytes changed the stream", 0)
    parts = [_fed(_for_streams(selector), 9, *half) for half in _halves(X, y, weight)]
    merged = parts[0].merge(parts[1]).selection_
    ensure_same(merged, wanted, "merged streams gave other rows")


def _halves(*arrays):
    return [a[:30] for a in arrays], [a[30:] for a in arrays]


def check_drop(selector):
    """A dropped row never comes back; the weights of the others stay unbiased."""
    if _for_streams(selector) is None:
        return
    # In a window, leaves are a quarter of it: there are four, of 30 rows each.
    X, y, weight = (np.concatenate([a, a]) for a in data_for(selector))
    # Rows of one length have similar scores, so that means of weights are near normal.
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    dropped = np.arange(0, len(X), 9)
    group = np.random.default_rng(3).permutation(len(X)) % 6
    group[dropped] = 6
    totals = np.zeros((_REPEATS, 7))
    for seed in range(_REPEATS):
        stream = Stream(_for_streams(selector, seed), window=len(X))
        stream.partial_fit(X[:70], y[:70], weight[:70])
        stream.drop(dropped[dropped < 70])
        stream.partial_fit(X[70:], y[70:], weight[70:])
        made = stream.drop(dropped).selection_
        ensure(made.n_total == len(X), "n_total is not the number of rows seen")
        totals[seed] = np.bincount(group[made.indices], made.weights, 7)
        ensure(totals[seed, 6] == 0, "a dropped row was selected")
        if not promises(selector).unbiased:
            return
    aimed = np.bincount(group, weight, 7)
    aimed[6], totals[:, 6] = aimed[:6].sum(), totals.sum(axis=1)
    error = totals.std(axis=0, ddof=1) / np.sqrt(_REPEATS)
    z = (totals.mean(axis=0) - aimed) / np.maximum(error, 1e-9 * weight.max())
    ensure(
        (abs(z) < _Z).all(),
        f"weights of a stream are biased: groups and all rows weigh {aimed}, estimates "
        f"average {totals.mean(axis=0)}, z={z}",
    )


for _name, _check in list(globals().items()):
    if _name.startswith("check_"):
        globals()[_name] = at_an_allowed_size(_check)

STREAMS = [c for name, c in list(globals().items()) if name.startswith("check_")]
