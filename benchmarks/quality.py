"""How well a selection represents all rows, and data to try it on."""

import numpy as np

from benchmarks import data


def whitening(X):
    """Return W such that ``W.T @ X.T @ X @ W`` is the identity on the span of X."""
    gram = np.asarray((X.T @ X).todense() if hasattr(X, "todense") else X.T @ X)
    scale = 1 / np.sqrt(np.where(gram.diagonal() > 0, gram.diagonal(), 1))
    values, vectors = np.linalg.eigh(gram * np.outer(scale, scale))
    kept = values > 1e-10 * values[-1]
    return scale[:, None] * vectors[:, kept] / np.sqrt(values[kept])


def gram_error(X, selection, white):
    """Return the relative error of the weighted Gram matrix, in spectral norm.

    The smallest e with ``(1 - e) G <= sum of w x x' over the selection <= (1 + e) G``,
    where G is the Gram matrix of all rows. 0 is perfect; 1 or more means that some
    direction may be lost.
    """
    Z = selection.take(X) @ white
    weighted = Z.T @ (selection.weights[:, None] * Z)
    return np.linalg.norm(weighted - np.eye(len(weighted)), 2)


def with_intercept(X):
    """Standardised columns and a column of ones."""
    spread = X.std(axis=0)
    Z = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.column_stack([np.ones(len(X)), Z])


def heavy(n_rows=100_000, n_features=20):
    """Rows with heavy tails: Student's t with two degrees of freedom."""
    return np.random.default_rng(0).standard_t(2, size=(n_rows, n_features))


def calm(n_rows=100_000, n_features=20):
    """Normal rows: no row matters more than another."""
    return np.random.default_rng(0).standard_normal((n_rows, n_features))


def real(name):
    """Return a function that loads the numeric columns of a real data set."""

    def load():
        return with_intercept(data.numeric(data.load(name)[0]))

    return load


DATA = {
    "heavy": heavy,
    "calm": calm,
    "covtype": real("covtype"),
    "diamonds": real("diamonds"),
    "hipparcos": real("hipparcos"),
    "puma32h": real("puma32h"),
}
