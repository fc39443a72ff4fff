"""Sums of leverage scores, which are ranks, for designs with dependent columns.

``python -m benchmarks.ranks`` makes 3,000 designs of constants, dummies, copies and
sums, of 500 to 50,000 rows and columns of scales from 1e-6 to 1e6, and compares the sum
of their leverage scores with the rank in extended precision; ``--designs 300`` makes
fewer. The exit status is 1 if any of them is wrong.
"""

import argparse
import sys

import numpy as np

from benchmarks import extended
from coreselect.linalg import leverage_scores

DESIGNS = 3000


def design(seed, most_rows=50_000):
    """Return dependent columns, and whether an intercept counts.

    Scaled and added columns are rounded to float64, so they depend up to rounding.
    """
    rng = np.random.default_rng(seed)
    n = int(np.exp(rng.uniform(np.log(500), np.log(most_rows))))
    columns = list(rng.standard_normal((rng.integers(1, 5), n)))
    if rng.random() < 0.3:
        columns[0] = columns[0] + 10.0 ** rng.uniform(0, 3)
    for _ in range(rng.integers(1, 4)):
        kind = rng.choice(["constants", "dummies", "copies", "sums"])
        if kind == "constants":
            values = [2024.0, 0.1, 7.3, 1e5 / 3]
            columns += [np.full(n, v) for v in rng.choice(values, rng.integers(1, 3))]
        elif kind == "dummies":
            codes = rng.integers(0, rng.integers(2, 9), n)
            columns += list((codes == np.unique(codes)[:, None]).astype(float))
        elif kind == "copies":
            columns.append(columns[rng.integers(len(columns))])
        else:
            some = rng.choice(len(columns), min(3, len(columns)), replace=False)
            columns.append(sum(columns[k] for k in some))
    X = np.column_stack(columns)[:, rng.permutation(len(columns))]
    X *= 10.0 ** rng.uniform(-6, 6, len(columns))
    return X, bool(rng.random() < 0.5)


def wrong(seed, most_rows=50_000):
    """Return what is wrong with the scores of a design, or None."""
    X, fit_intercept = design(seed, most_rows)
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    rank = extended.rank(A)
    found = leverage_scores(X, fit_intercept=fit_intercept).sum()
    if abs(found - rank) < 1e-6:
        return None
    return f"seed {seed}, {A.shape[0]} x {A.shape[1]}: {found:.9g} for {rank}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=DESIGNS)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.designs)
    found = [words for words in map(wrong, seeds) if words]
    print("\n".join([*found, f"{len(found)} of {len(seeds)} ranks are wrong"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
