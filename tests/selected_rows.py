"""What every selector and resampler chooses on awkward data, printed as JSON.

`tests/test_machines.py` runs this as a program, under several settings of the libraries
below, and compares what is printed.
"""

import json
import warnings

import numpy as np
from scipy import sparse
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

import coreselect
from coreselect.vectorsum import caratheodory, least_squares_coreset


def _normal(rng, n=240):
    return rng.standard_normal((n, 4)) * rng.choice([0.5, 1.0, 4.0], size=(n, 1))


def _dependent(rng, n=240):
    """A copy, a sum, a difference on another scale, and a constant."""
    X = rng.standard_normal((n, 3))
    sums = [X[:, 0], X[:, 0] + X[:, 1], 1e3 * (X[:, 1] - X[:, 2]), np.full(n, 2024.0)]
    return np.column_stack([X, *sums])


def _grid(rng):
    """Every point of a grid: all distances and most scores are there several times."""
    return np.stack(np.meshgrid(*[np.arange(6.0) / 10] * 3), axis=-1).reshape(-1, 3)


def _zero_rows(rng):
    X = _normal(rng)
    X[rng.random(len(X)) < 0.3] = 0.0
    return X


def _csr(rng):
    X = _normal(rng)
    X[rng.random(X.shape) < 0.6] = 0.0
    return sparse.csr_matrix(X)


# Rows here are equally far from several others, or equal.
TIED = {"ties", "grid", "duplicates", "zero rows"}
DATA = {
    "normal": _normal,
    "dependent": _dependent,
    "ties": lambda rng: rng.integers(3, size=(240, 3)) / 10,
    "grid": _grid,
    "duplicates": lambda rng: np.repeat(_normal(rng, 60), 4, axis=0),
    "float32": lambda rng: _normal(rng).astype(np.float32),
    "CSR": _csr,
    "zero rows": _zero_rows,
    "many rows": lambda rng: _normal(rng, 1200),
    "embeddings": lambda rng: rng.standard_normal((240, 60)),
}


def _labels(rng, n):
    """Three classes, the smallest a tenth of the rows."""
    return rng.permutation(np.digitize(np.arange(n) / n, [0.1, 0.35]))


def _fitted(method, X, y, weight):
    """Return the rows a fit chooses and their numbers, or why it chooses none."""
    names = [p for p in method.get_params() if p.split("__")[-1] == "random_state"]
    method.set_params(**dict.fromkeys(names, 0))
    try:
        selection = method.fit(X, y, weight).selection_
    except (TypeError, ValueError) as error:
        return {"rows": [type(error).__name__], "numbers": []}
    rows, numbers = [selection.indices], [selection.weights]
    if hasattr(selection, "base"):
        rows += [selection.base, selection.neighbor, selection.labels]
        numbers.append(np.nan_to_num(selection.step))
    return _listed(np.concatenate(rows), np.concatenate(numbers))


def _listed(rows, numbers):
    return {"rows": rows.tolist(), "numbers": numbers.tolist()}


def chosen(name):
    """Return what every example of every export chooses on a data set, by its name."""
    rng = np.random.default_rng(len(name))
    X = DATA[name](rng)
    y = _labels(rng, X.shape[0])
    weight = rng.choice([0.5, 1.0, 3.0], size=X.shape[0])
    classes = [*coreselect.all_selectors().values()]
    classes += coreselect.all_resamplers().values()
    found = {
        f"{method.__name__} {number}": _fitted(example, X, y, weight)
        for method in classes
        for number, example in enumerate(method.examples())
        # Solvers of other libraries break ties by the last bits of a product.
        if name not in TIED or get_tags(example).selector_tags.layout_stable
    }
    found["caratheodory"] = _listed(*caratheodory(X, weight))
    if X.shape[1] < 10:
        target = X @ np.ones(X.shape[1]) + rng.standard_normal(X.shape[0])
        exact = least_squares_coreset(X, target, weight)
        found["least_squares_coreset"] = _listed(exact.indices, exact.weights)
    return found


if __name__ == "__main__":
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(json.dumps({name: chosen(name) for name in DATA}))
