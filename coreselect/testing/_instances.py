"""The data and the instances that checks use, and how failures are reported."""

import re
import warnings
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
from coreselect.rows import Rows, write
from coreselect.rows import open as open_rows
from coreselect.rows.arrays import ArrayHolder
from coreselect.selection import Synthesis

CLASS_SIZES = (12, 20, 28)  # rows of the three classes that resamplers see


def is_resampler(estimator):
    """Return whether an estimator changes the shares of classes."""
    return get_tags(estimator).estimator_type == "sampler"


def data_for(estimator):
    """Return rows, classes and weights for the checks of a selector or a resampler."""
    X, y, weight = class_data() if is_resampler(estimator) else data()
    positive = get_tags(estimator).input_tags.positive_only
    return np.abs(X) if positive else X, y, weight


def data():
    """Rows with a few large ones, weights of several sizes, two classes."""
    rng = np.random.default_rng(7)
    n = 60
    X = rng.standard_normal((n, 4)) * rng.choice([0.5, 1.0, 4.0], size=(n, 1))
    weight = rng.choice([0.5, 1.0, 3.0], size=n)
    return X, np.arange(n) % 2, weight


def class_data():
    """Rows of three overlapping classes, the last column of small integers; weights."""
    rng = np.random.default_rng(7)
    y = rng.permutation(np.repeat(np.arange(3), CLASS_SIZES))
    X = rng.standard_normal((len(y), 4)) + 0.8 * y[:, np.newaxis]
    X[:, -1] = rng.integers(3, size=len(y))
    return X, y, rng.choice([0.5, 1.0, 3.0], size=len(y))


def seeded(estimator, seed=0, **params):
    """Return a clone with a random state, also in what is inside a resampler."""
    if params.get("n_select", "auto") != "auto" and hasattr(estimator, "epsilon"):
        params["epsilon"] = None  # belongs to n_select="auto"
    estimator = clone(estimator).set_params(**params)
    return estimator.set_params(**dict.fromkeys(random_states(estimator), seed))


def random_states(estimator):
    """Return the names of the parameters that the checks set to a seed."""
    if not is_resampler(estimator):
        return ["random_state"]
    names = estimator.get_params()
    return [name for name in names if re.search("(^|__)random_state$", name)]


def quietly(method, *arguments):
    """Call a method and ignore its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return method(*arguments)


def chosen(estimator, *arguments):
    """Fit a clone with seed 0; return the selection or the synthesis."""
    fit = seeded(estimator).fit
    if is_resampler(estimator):  # these may warn of our small classes
        return quietly(fit, *arguments).selection_
    return fit(*arguments).selection_


def promises(estimator):
    """Return the tags that say what an estimator promises."""
    return get_tags(estimator).selector_tags


def ensure(condition, message):
    """Raise an AssertionError, also where Python ignores assert statements."""
    if not condition:
        raise AssertionError(message)


def size_of(fitted):
    """Return n_select, or the number of selected rows if it is not a number."""
    size = fitted.n_select
    return len(fitted.selection_) if size is None or isinstance(size, str) else size


def is_bound(error):
    """Return whether an error says which sizes the data do not allow."""
    text = str(error)
    return "n_select" in text and ("rank" in text or "classes" in text)


def at_an_allowed_size(check):
    """Let a check use another size if our data do not allow that of the instance."""

    @wraps(check)
    def checked(selector):
        # Examples of third parties may ask for more rows than our data can give. The
        # error must say so; then the check runs at the largest size that works.
        try:
            check(selector)
        except (AssertionError, ValueError) as error:
            if not (promises(selector).bounded and is_bound(error)):
                raise
            for size in (20, 10, 5, 4, 3, 2):
                other = clone(selector).set_params(n_select=size)
                try:
                    other.fit(*data())
                except ValueError:
                    continue
                break
            check(other)

    return checked


def ensure_same(a, b, message, rtol=1e-9):
    """Ensure that two results keep and make the same rows, with the same weights."""
    ensure(type(a) is type(b), f"{message}: {a} and {b}")
    alike = np.array_equal(a.indices, b.indices)
    ensure(alike, f"{message}: {a.indices} and {b.indices}")
    if isinstance(a, Synthesis):
        alike = (
            np.array_equal(a.labels, b.labels)
            and np.array_equal(a.base, b.base)
            and np.array_equal(a.neighbor, b.neighbor)
            and np.allclose(a.step, b.step, rtol=rtol, equal_nan=True)
        )
        ensure(alike, f"{message}: other rows are made")
    alike = np.allclose(a.weights, b.weights, rtol=rtol, atol=0)
    ensure(alike, f"{message}: weights {a.weights} and {b.weights}")


class _InParts:
    """A holder of rows that never gives all of them at once."""

    def __init__(self, holder):
        self._inner = holder

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def again(self, *, numeric):
        return _InParts(self._inner.again(numeric=numeric))

    def blocks(self, bounds):
        ensure(
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
    yield "holder", ArrayHolder(X)
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
            parts = [Path(folder, f"part-{i}.parquet") for i in range(3)]
            for path, rows in zip(parts, np.array_split(X, 3), strict=True):
                write(path, dict(zip(columns, rows.T, strict=True)))
            yield "Parquet files", parts


def least_squares(selector, rows, y, weight):
    """Let a CoresetEstimator fit least squares and predict; return its selection."""
    model = CoresetEstimator(LinearRegression(fit_intercept=False), selector)
    predicted = model.fit(rows, y, weight).predict(rows)
    ensure(predicted.shape == np.shape(y), f"predictions have shape {predicted.shape}")
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
