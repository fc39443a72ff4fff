"""Every method from a file of every format: the rows are those that Python gets.

The matrix of containers and methods of `check_selector` ends here, as the command line
knows the methods of this package alone.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import coreselect

SELECTORS = {cls.cli_name: cls for cls in coreselect.all_selectors().values()}
RESAMPLERS = {cls.cli_name: cls for cls in coreselect.all_resamplers().values()}
N = 60


def data():
    """Rows of integers, which text holds as they are, and two classes."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([0, 1], [40, 20]))
    return rng.integers(0, 80, (N, 3)) + 9.0 * y[:, np.newaxis], y


def written(folder, suffix):
    """Write the rows in a format; return the path and the words for the target."""
    X, y = data()
    path = folder / f"rows.{suffix}"
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=y)
    if suffix == "csv":
        frame.to_csv(path, index=False)
    elif suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "npz":
        np.savez(path, X=X, y=y)
    else:
        np.save(path, X)
        return path, ()
    return path, ("--target", "y")


def read(path):
    """Return an output file as a frame or a structured array."""
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    return readers.get(path.suffix, np.load)(path)


@pytest.mark.parametrize("name", SELECTORS)
def test_selectors_choose_the_same_rows_from_every_format(cli, tmp_path, name):
    X, y = data()
    own = {"auto": {"estimator": "gaussian_mixture"}, "radius": {"radius": 0.5}}
    own = own.get(name, {})
    made = SELECTORS[name](n_select=3, random_state=0, **own)
    words = [part for key, value in own.items() for part in (f"--{key}", value)]
    for suffix in ("csv", "parquet", "npz", "npy"):
        path, target = written(tmp_path, suffix)
        out = tmp_path / f"out.{suffix}"
        done = cli(
            "select", path, "-o", out, *target, "--method", name, "-n", 3, *words
        )
        assert done.code == 0, (suffix, done.err)
        wanted = made.fit_select(X, y if target else None)
        found = read(out)
        order = np.argsort(wanted.indices)  # files keep the order of the rows
        assert_array_equal(found["row"], wanted.indices[order], suffix)
        assert_allclose(found["weight"], wanted.weights[order], rtol=1e-9)


@pytest.mark.parametrize("name", RESAMPLERS)
def test_resamplers_make_the_same_rows_from_every_table(cli, tmp_path, name):
    X, y = data()
    cls = RESAMPLERS[name]
    own = {"random_state": 0} if "random_state" in cls._get_param_names() else {}
    words = ["--method", name]
    if name == "smotenc":
        own["categorical_features"] = [2]
        words += ["--categorical", "c"]
    wanted = cls(**own).fit_select(X, y).take(X, y)
    for suffix in ("csv", "parquet"):
        path, target = written(tmp_path, suffix)
        out = tmp_path / f"out.{suffix}"
        done = cli("resample", path, "-o", out, *target, *words)
        assert done.code == 0, (suffix, done.err)
        found = read(out)
        assert_allclose(found[list("abc")], wanted[0], rtol=1e-12, err_msg=suffix)
        assert_array_equal(found["y"], wanted[1], suffix)
