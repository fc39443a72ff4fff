"""Instances of selectors for the checks, the data that they see, and assertions."""

from contextlib import contextmanager, suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.utils import get_tags

from coreselect.estimators import CoresetEstimator
from coreselect.rows import Rows
from coreselect.rows import open as open_rows
from coreselect.rows.arrays import ArrayHolder


def _data(n=60, d=4):
    """Rows with a few large ones, weights of several sizes, two classes."""
    rng = np.random.default_rng(7)
    X = rng.standard_normal((n, d)) * rng.choice([0.5, 1.0, 4.0], size=(n, 1))
    weight = rng.choice([0.5, 1.0, 3.0], size=n)
    return X, np.arange(n) % 2, weight


def _seeded(selector, seed=0, **params):
    if params.get("n_select", "auto") != "auto" and hasattr(selector, "epsilon"):
        params["epsilon"] = None  # belongs to n_select="auto"
    return clone(selector).set_params(random_state=seed, **params)


def _promises(selector):
    return get_tags(selector).selector_tags


def _assert(condition, message):
    if not condition:
        raise AssertionError(message)


def _size_of(fitted):
    """Return n_select, or the size of the selection where it is none."""
    size = fitted.n_select
    return len(fitted.selection_) if size is None or isinstance(size, str) else size


def _is_bound(error):
    """Return whether an error says which sizes the data do not allow."""
    text = str(error)
    return "n_select" in text and ("rank" in text or "classes" in text)


def _at_an_allowed_size(check):
    """Let a check of an instance whose size our data do not allow take another one."""

    @wraps(check)
    def checked(selector):
        try:
            check(selector)
        except (AssertionError, ValueError) as error:
            if not (_promises(selector).bounded and _is_bound(error)):
                raise
            for size in (20, 10, 5, 4, 3, 2):
                other = clone(selector).set_params(n_select=size)
                try:
                    other.fit(*_data())
                except ValueError:
                    continue
                break
            check(other)

    return checked


def _assert_same(a, b, message, rtol=1e-9):
    _assert(
        np.array_equal(a.indices, b.indices)
        and np.allclose(a.weights, b.weights, rtol=rtol, atol=0),
        f"{message}: {a.indices} and {b.indices}",
    )


class _InParts:
    """A holder of rows that never gives all of them at once."""

    def __init__(self, holder):
        self._inner = holder

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def again(self, *, numeric):
        return _InParts(self._inner.again(numeric=numeric))

    def blocks(self, bounds):
        _assert(
            bounds != [(0, self.n_rows)],
            "all rows were held at once, but `passes` does not say 'in memory'",
        )
        return self._inner.blocks(bounds)


def in_parts(X, y, weight):
    """Return `Rows` in blocks of 7 that refuse ``whole()``."""
    return Rows(_InParts(ArrayHolder(X)), y, weight, block_rows=7)


def containers(X, sparse_too):
    """Yield the same rows in everything that holds rows, as far as it is installed."""
    yield "list", X.tolist()
    yield "Fortran", np.asfortranarray(X)
    if sparse_too:
        yield "CSR", sparse.csr_array(X)
    columns = {f"x{j}": column for j, column in enumerate(X.T)}
    for library, frame in (("pandas", "DataFrame"), ("polars", "DataFrame")):
        with suppress(ImportError):
            yield library, getattr(import_module(library), frame)(columns)
    with suppress(ImportError):
        yield "pyarrow", import_module("pyarrow").table(columns)
    yield "Rows", open_rows(X)
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.npy")
        np.save(path, X)
        yield "npy file", path
        with suppress(ImportError):
            import_module("pyarrow")
            path = path.with_suffix(".csv")
            header = ",".join(columns)
            np.savetxt(path, X, "%.17g", ",", header=header, comments="")
            yield "CSV file", path


def least_squares(selector, rows, y, weight):
    """Let a CoresetEstimator fit least squares and predict; return its selection."""
    model = CoresetEstimator(LinearRegression(fit_intercept=False), selector)
    predicted = model.fit(rows, y, weight).predict(rows)
    _assert(predicted.shape == np.shape(y), f"predictions have shape {predicted.shape}")
    return model.selector_.selection_


@contextmanager
def other_global_state(seed):
    """Yield the words of a global random state, and restore the caller's afterwards."""
    given = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield np.random.get_state()[1].copy()  # noqa: NPY002
    finally:
        np.random.set_state(given)  # noqa: NPY002
