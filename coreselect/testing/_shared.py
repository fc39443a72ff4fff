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
