"""Certificates compared with the truth in exact arithmetic.

``python -m benchmarks.certified`` certifies selections of 300 random problems (float32
and float64, offsets to 1e8, condition numbers to 1e15) and checks each bound with whole
numbers. Every float is a whole multiple of some power of two, so matrices of sums are
exact, and so is the number of their negative eigenvalues. The exit status is 1 if any
certificate is below the truth.
"""

import argparse
import sys
from fractions import Fraction
from itertools import combinations

import numpy as np

from coreselect import LeverageSelector, Selection, UniformSelector, certify
from coreselect.linalg import leverage_whitening
from coreselect.rows import open as open_rows

PROBLEMS = 300
SCALE = 200  # binary places that hold every number here
OBJECTIVES = ("least_squares", "ridge", "pca", "least_absolute")


def problem(seed):
    """Return arguments of `certify`, the selection first."""
    rng = np.random.default_rng(seed)
    n, d = 40, int(rng.integers(1, 5))
    objective = OBJECTIVES[seed % 4]
    fit_intercept = bool(rng.random() < 0.5)
    if objective == "least_absolute":
        d = 1 if fit_intercept else int(rng.integers(1, 3))
    X = rng.standard_normal((n, d))
    if d > 1 and rng.random() < 0.6:
        X[:, -1] = X[:, 0] + 10.0 ** -rng.uniform(0, 15) * X[:, -1]
    elif d > 2 and rng.random() < 0.5:
        X[:, 1:3] = np.eye(2)[rng.integers(0, 2, n)]
    if rng.random() < 0.7:
        X += 10.0 ** rng.uniform(0, 8)
    X *= 10.0 ** rng.uniform(-3, 3, d)
    y = X @ rng.standard_normal(d) + 10.0 ** -rng.uniform(0, 8) * rng.standard_normal(n)
    if rng.random() < 0.5:
        X, y = X.astype(np.float32), y.astype(np.float32)
    weight = rng.uniform(0.5, 3, n) if rng.random() < 0.3 else None
    size = int(rng.integers(5, 35))
    method = rng.choice(["leverage", "uniform", "all"])
    if method == "all":
        selection = Selection(np.arange(n), np.ones(n) if weight is None else weight, n)
    else:
        cls = LeverageSelector if method == "leverage" else UniformSelector
        selection = cls(size, random_state=seed).fit_select(X, None, weight)
    more = {"objective": objective, "fit_intercept": fit_intercept}
    more |= {"sample_weight": weight, "alpha": float(10.0 ** rng.uniform(-3, 1))}
    return selection, X, y, more


def exact(values):
    """Return floats times ``2**SCALE``, as Python ints."""
    values = np.asarray(values, dtype=np.float64)
    found = [Fraction(value) * 2**SCALE for value in values.ravel().tolist()]
    assert all(value.denominator == 1 for value in found)
    whole = [int(value) for value in found]
    return np.array(whole, dtype=object).reshape(values.shape)


def gram(A, weight):
    """Return ``sum weight a a'`` of whole numbers as fractions."""
    found = A.T @ (A * weight[:, None])
    return np.array([[Fraction(x) for x in row] for row in found], dtype=object)


def negative(matrix):
    """Return the number of negative eigenvalues of a symmetric matrix of fractions."""
    matrix, count = matrix.copy(), 0
    while len(matrix):
        at = next((k for k in range(len(matrix)) if matrix[k, k]), None)
        if at is None:
            across = np.argwhere(matrix != 0)
            if not len(across):
                break
            i, j = across[0]  # a sum of two rows and columns has a pivot
            matrix[i] += matrix[j]
            matrix[:, i] += matrix[:, j]
            continue
        pivot, row = matrix[at, at], matrix[at]
        count += pivot < 0
        matrix = matrix - np.outer(row, row) / pivot
        kept = np.arange(len(matrix)) != at
        matrix = matrix[np.ix_(kept, kept)]
    return count


def columns(X, y, objective, fit_intercept):
    """Return the columns of the problem, exactly."""
    parts = [exact(X)]
    if objective != "pca":
        parts.append(exact(y)[:, None])
    if fit_intercept:
        parts.append(exact(np.ones((len(X), 1))))
    return np.hstack(parts)


def wrong(seed):
    """Return what is wrong with the certificate of a problem, or None."""
    selection, X, y, more = problem(seed)
    found = certify(selection, X, None if more["objective"] == "pca" else y, **more)
    n = len(X)
    weight = more["sample_weight"]
    weight = exact(np.ones(n) if weight is None else weight)
    chosen = np.zeros(n)
    chosen[selection.indices] = selection.weights
    A = columns(X, y, more["objective"], more["fit_intercept"])
    low, high = Fraction(found.lower), found.upper
    if more["objective"] == "least_absolute":
        if found.n_left_out:
            A = A @ exact(directions(A, weight))
        good = within(A, weight, exact(chosen), low, high)
    else:
        full, part = gram(A, weight), gram(A, exact(chosen))
        if more["objective"] == "ridge":
            penalty = np.zeros(len(full))
            penalty[: X.shape[1]] = more["alpha"]
            added = np.diag(exact(penalty)) * 4**SCALE  # A counts twice, weights once
            full, part = full + added, part + added
        if more["objective"] == "pca" and more["fit_intercept"]:
            full, part = centred(full), centred(part)
        good = negative(part - low * full) <= found.n_left_out
        if np.isfinite(high):
            below = negative(Fraction(high) * full - part)
            good = good and below <= found.n_left_out
    if good and found.epsilon >= max(1 - found.lower, found.upper - 1):
        return None
    return f"seed {seed}: {found}"


def directions(A, weight):
    """Return the directions that float64 can tell from zero."""
    A, weight = (np.asarray(x / 2**SCALE, dtype=np.float64) for x in (A, weight))
    rows = open_rows(A, sample_weight=weight)
    found = leverage_whitening(rows)
    scale = 1.0 if found.scale is None else found.scale[:, None]
    return scale * found.transform


def centred(sums):
    """Return a Gram matrix at the best intercept, the last column."""
    return sums[:-1, :-1] - np.outer(sums[:-1, -1], sums[:-1, -1]) / sums[-1, -1]


def within(A, weight, chosen, low, high):
    """Return whether the ratios of sums of absolute values lie between two numbers."""
    if A.shape[1] == 1:
        vertices = [np.array([1], dtype=object)]
    elif A.shape[1] == 2:
        vertices = [np.array([-row[1], row[0]]) for row in A]
    else:
        vertices = [np.cross(a, b) for a, b in combinations(A, 2)]
    for v in vertices:
        size = abs(A @ v)
        full, part = weight @ size, chosen @ size
        if part < low * full or (np.isfinite(high) and part > Fraction(high) * full):
            return False
    return True


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=PROBLEMS)
    options = parser.parse_args(arguments)
    found = [words for seed in range(options.problems) if (words := wrong(seed))]
    wanted = f"{len(found)} of {options.problems} certificates are below the truth"
    print("\n".join([*found, wanted]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
