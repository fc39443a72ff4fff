"""SMOTE for nominal columns compared with imbalanced-learn: time and peak memory.

::

    python -m benchmarks.nominal                 # all, about a minute
    python -m benchmarks.nominal smotenc --repeat 3

Interleaved runs of both in one process return the same rows bit for bit. Memory is the
peak of a process that does nothing else, less that of one that only imports and
compiles. The exit status is 1 if a figure misses its limit.
"""

import argparse
import sys
from functools import partial

import numpy as np

from benchmarks.figures import Figure, line, medians
from benchmarks.memory import GIB, peak_of


def mixed(n=50_000, minority=0.1, n_categories=20):
    """Return five columns of numbers, five of categories, and two classes."""
    rng = np.random.default_rng(0)
    y = (rng.random(n) < minority).astype(int)
    numbers = rng.standard_normal((n, 5)) + y[:, None]
    return np.hstack([numbers, rng.integers(n_categories, size=(n, 5))]), y


def smotenc(options):
    """Time SMOTENC at 50,000 rows with five columns of 20 categories."""
    from imblearn.over_sampling import SMOTENC as Original

    from coreselect import SMOTENC

    for minority in (0.1, 0.3):
        X, y = mixed(minority=minority)
        nominal = list(range(5, 10))
        mine = SMOTENC(nominal, random_state=0, protocol="imblearn")
        plain = SMOTENC(nominal, random_state=0)
        other = Original(nominal, random_state=0)
        calls = [partial(s.fit_resample, X, y) for s in (mine, plain, other)]
        same = np.array_equal(calls[0]()[0], calls[2]()[0])
        ours, default, theirs = medians(calls, options.repeat)
        section = f"SMOTENC, 50,000 rows, {minority:.0%} in the small class"
        yield Figure(section, "same rows as imbalanced-learn", same, at_least=1)
        yield Figure(section, "seconds, protocol='imblearn'", ours, "s")
        yield Figure(section, "seconds, protocol='coreselect'", default, "s")
        yield Figure(section, "seconds, imbalanced-learn", theirs, "s")
        yield Figure(section, "times faster", theirs / ours, "x", at_least=10)


def many_categories():
    """Resample 40,000 rows (a fifth of a small class) with 90,000 categories in all."""
    from coreselect import SMOTENC

    rng = np.random.default_rng(0)
    n = 40_000
    nominal = [rng.permutation(n), rng.permutation(n), rng.integers(10_000, size=n)]
    X = np.column_stack([rng.standard_normal((n, 2)), *nominal])
    y = (np.arange(n) < n // 5).astype(int)
    SMOTENC([2, 3, 4], random_state=0).fit_resample(X, y)


def many_rows():
    """Resample a small class of 20,000 nominal rows."""
    from coreselect import SMOTEN

    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [30_000, 20_000])
    SMOTEN(random_state=0).fit_resample(rng.integers(12, size=(50_000, 8)), y)


def nothing():
    """Import the same modules as the other functions."""
    from coreselect import SMOTEN, SMOTENC

    X, y = mixed(200)
    SMOTENC([5], random_state=0).fit_resample(X, y)
    SMOTEN(random_state=0).fit_resample(X[:, 5:], y)


def memory(options):
    """Measure peaks where whole tables of votes and distances take 86 and 3.2 GB."""
    base, votes, rows = map(peak_of, (nothing, many_categories, many_rows))
    section = "peak memory above imports"
    name = "GiB, SMOTENC, 40,000 rows, 90,000 categories"
    yield Figure(section, name, (votes - base) / GIB, "GiB", at_most=2)
    name = "GiB, SMOTEN, a class of 20,000 rows"
    yield Figure(section, name, (rows - base) / GIB, "GiB", at_most=0.5)


SECTIONS = {"smotenc": smotenc, "memory": memory}


def main(arguments=None):
    """Measure some sections, print a table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--repeat", type=int, default=3, help="runs per median")
    options = parser.parse_args(arguments)
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {sorted(unknown)}; there are {list(SECTIONS)}")
    missed = 0
    for name in options.sections or SECTIONS:
        for figure in SECTIONS[name](options):
            print(f"{figure.section}\n{line(figure)}", flush=True)
            missed += figure.reached is False
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
