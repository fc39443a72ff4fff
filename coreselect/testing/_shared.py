"""The invariants that selectors and resamplers share."""

from copy import deepcopy

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from coreselect.rows import open as open_rows
from coreselect.selection import Selection, Synthesis
from coreselect.testing._instances import (
    at_an_allowed_size,
    chosen,
    data_for,
    ensure,
    ensure_same,
    in_parts,
    other_global_state,
    promises,
    quietly,
    seeded,
)
from coreselect.testing._travel import travelling

_TIMES = 7, 14  # how often the rows are repeated: samples of up to 420 are complete
_GROWTH = 3  # bytes for each further row, from which on a function holds its values
_SEEDS = 4


def check_input_unchanged(estimator):
    """Nothing that was passed in is modified; read-only arrays are fine."""
    given = data_for(estimator)
    before = deepcopy(given)
    # Read-only arrays also catch a write that is undone later.
    for array in given:
        array.flags.writeable = False
    quietly(seeded(estimator).fit_resample, *given)
    for a, b in zip(given, before, strict=True):
        ensure(np.array_equal(a, b), "an input array was modified")


def check_global_state(estimator):
    """The global random state is neither read nor moved."""
    X, y, _ = data_for(estimator)
    with other_global_state(1) as before:
        a = chosen(estimator, X, y)
        quietly(clone(estimator).fit, X, y)
        moved = not np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
        ensure(not moved, "the global random state was moved")
    with other_global_state(2):
        ensure_same(a, chosen(estimator, X, y), "the global random state was used", 0)


def check_layouts(estimator):
    """C, Fortran and CSR input, and float32 of the same values, give the same rows."""
    if not promises(estimator).layout_stable:
        return
    X, y, weight = data_for(estimator)
    X = X.astype(np.float32).astype(np.float64)  # so that float32 holds the same values
    X[::3, 1] = 0
    wanted = chosen(estimator, X, y, weight)
    layouts = {"Fortran": np.asfortranarray(X), "list": X.tolist()}
    if get_tags(estimator).input_tags.sparse:
        layouts |= {"CSR": sparse.csr_matrix(X), "csr_array": sparse.csr_array(X)}
    for name, layout in layouts.items():
        got = chosen(estimator, layout, y, weight)
        ensure_same(wanted, got, f"{name} input gave other rows", 1e-6)
    got = chosen(estimator, X.astype(np.float32), y, weight)
    ensure_same(wanted, got, "float32 input gave other rows", 1e-3)


def check_blocks_and_threads(estimator):
    """How rows are cut into blocks, and the number of threads, change no row."""
    X, y, weight = data_for(estimator)
    # Sums in another order differ in their last bits, so equal rows show that no
    # decision rests on these bits.
    with threadpool_limits(1):
        wanted = chosen(estimator, X, y, weight)
    with threadpool_limits(2):
        got = chosen(estimator, X, y, weight)
    ensure_same(wanted, got, "two threads gave other rows than one")
    for block_rows in (1, 7):
        rows = open_rows(X, y, weight, block_rows=block_rows)
        got = chosen(estimator, rows)
        ensure_same(wanted, got, f"blocks of {block_rows} rows gave other rows")


def check_functions_travel(estimator):
    """Functions of blocks may run in another process, and hold no values of rows."""
    if isinstance(getattr(estimator, "n_select", None), float):
        estimator = clone(estimator).set_params(n_select=10)  # of any number of rows
    few, many = (_repeated(data_for(estimator), times) for times in _TIMES)
    wanted = chosen(estimator, few)
    got, small = _sent(estimator, few)
    ensure_same(wanted, got, "another order of the blocks gave other rows", 0)
    large = _sent(estimator, many)[1]
    if not _growing(small, large, many.n_rows - few.n_rows):
        return
    # Samples in functions may be larger by chance: then the sizes overlap.
    for seed in range(1, _SEEDS):
        again = _sent(estimator, few, seed)[1]
        small = {name: max(size, again.get(name, 0)) for name, size in small.items()}
        again = _sent(estimator, many, seed)[1]
        large = {name: min(size, again.get(name, 0)) for name, size in large.items()}
    growing = _growing(small, large, many.n_rows - few.n_rows)
    ensure(
        not growing,
        f"{growing}: functions of blocks hold values of rows; keep these with the "
        "blocks, see Rows.keeping",
    )


def _repeated(data, times):
    data = (np.concatenate([values] * times) for values in data)
    return open_rows(*data, block_rows=150)


def _sent(estimator, rows, seed=0):
    """Return what is chosen if functions travel, and their sizes by name."""
    with travelling() as sizes:
        fit = seeded(estimator, seed).fit
        return quietly(fit, rows).selection_, sizes


def _growing(small, large, n_more):
    """Return the names of functions that hold several bytes for each further row."""
    return [
        name
        for name in sorted(small.keys() & large.keys())
        if large[name] - small[name] >= _GROWTH * n_more
    ]


def check_zero_weights(estimator):
    """Rows of weight 0 are as if they were not there, also in a view without them."""
    X, y, weight = data_for(estimator)
    weight[[0, 5, 17, 59]] = 0
    kept = np.flatnonzero(weight)
    without = chosen(estimator, X[kept], y[kept], weight[kept])
    for block_rows in (None, 7):
        view = open_rows(X, y, weight, block_rows=block_rows).subset()
        got = chosen(estimator, view)
        ensure_same(got, without, "a view is not a population of its own")
    if isinstance(without, Synthesis):
        without = without.renumber(kept, len(X))
    else:
        without = Selection(kept[without.indices], without.weights, len(X))
    got = chosen(estimator, X, y, weight)
    ensure_same(got, without, "rows of weight 0 changed the result")


def check_memory(estimator):
    """Only a class whose `passes` says "in memory" holds all rows at once."""
    if "in memory" not in getattr(estimator, "passes", ""):
        chosen(estimator, in_parts(*data_for(estimator)))


for _name, _check in list(globals().items()):
    if _name.startswith("check_"):
        globals()[_name] = at_an_allowed_size(_check)

SHARED = tuple(
    function for name, function in list(globals().items()) if name.startswith("check_")
)
