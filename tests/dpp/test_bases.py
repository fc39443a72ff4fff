"""Bases in scratch files: the same samples, whatever the data and the seed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import (
    ChristoffelSelector,
    DPPSelector,
    ProjectionDPPSelector,
    VolumeRescaledSelector,
    VolumeSelector,
    _scratch,
)
from coreselect._budget import memory_budget
from coreselect.dpp import ProjectionDPP
from coreselect.dpp.bases import basis_of
from coreselect.linalg import leverage_whitening
from coreselect.rows import open as open_rows

N = 300


def _normal(rng):
    return rng.standard_normal((N, 4)) * rng.lognormal(size=(N, 1))


def _dependent(rng):
    X = _normal(rng)
    return np.column_stack([X, X[:, 0] - X[:, 1], np.full(N, 2024.0), np.zeros(N)])


def _ill_conditioned(rng):
    """Whitened rows are orthonormal up to 1e-6 only, and are corrected."""
    left = np.linalg.qr(rng.standard_normal((N, 4)))[0]
    right = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    return left * np.geomspace(1, 1e-11, 4) @ right


def _csr(rng):
    X = _normal(rng)
    X[rng.random(X.shape) < 0.6] = 0.0
    return sparse.csr_array(X)


DATA = {
    "normal": _normal,
    "weights": _normal,
    "dependent": _dependent,
    "ill-conditioned": _ill_conditioned,
    "duplicates": lambda rng: np.repeat(_normal(rng)[: N // 5], 5, axis=0),
    "ties": lambda rng: np.tile(np.eye(4), (N // 4, 1)),  # equal singular values
    "float32": lambda rng: _normal(rng).astype(np.float32),
    "CSR": _csr,
}
SELECTORS = [
    ProjectionDPPSelector(random_state=0),
    ProjectionDPPSelector(3, random_state=0),
    VolumeSelector(20, random_state=0),
    VolumeSelector(3, alpha=0.1, fit_intercept=True, random_state=0),
    VolumeRescaledSelector(30, n_repeats=3, random_state=0),
    ChristoffelSelector(40, min_eigenvalue=0.1, random_state=0),
    DPPSelector(3, kernel="linear", random_state=0),
    DPPSelector(3, n_components=5, gamma=99.0, random_state=0),  # far from landmarks
]


@pytest.fixture
def tiny(monkeypatch):
    """Blocks of few rows, parts of fewer, and a budget that holds nothing."""
    monkeypatch.setattr(_scratch, "_PART", 50)
    monkeypatch.setattr(_scratch, "_SHARE", 2**62)
    with memory_budget("8GB"):
        yield


def _samples(selector, X, weight):
    """Return several selections of one fit."""
    selector.fit(open_rows(X, sample_weight=weight, block_rows=64))
    return [selector.select(random_state=seed) for seed in range(8)]


@pytest.mark.filterwarnings("ignore:.* can never draw")
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
def test_samples_are_the_same_in_scratch_files(selector, data, request):
    rng = np.random.default_rng(0)
    X = DATA[data](rng)
    weight = rng.choice([0.0, 0.5, 3.0], size=N) if data == "weights" else None
    in_memory = _samples(selector, X, weight)
    request.getfixturevalue("tiny")
    for one, other in zip(in_memory, _samples(selector, X, weight), strict=True):
        assert_array_equal(one.indices, other.indices)
        assert_allclose(one.weights, other.weights, rtol=1e-12)


def test_a_basis_of_a_file_is_no_burden(tmp_path, monkeypatch):
    """It is in a scratch file without a budget, and outlives the file it is from."""
    X = _normal(np.random.default_rng(0))
    np.save(tmp_path / "X.npy", X)
    monkeypatch.setattr(_scratch, "LARGE_TABLE", 100)
    for selector in (ProjectionDPPSelector(), VolumeRescaledSelector(30)):
        expected = selector.set_params(random_state=0).fit(X).select(random_state=1)
        selector.fit(tmp_path / "X.npy")
        (tmp_path / "X.npy").rename(tmp_path / "gone.npy")
        assert selector.select(random_state=1) == expected
        (tmp_path / "gone.npy").rename(tmp_path / "X.npy")
    rows = open_rows(tmp_path / "X.npy")
    basis = basis_of(rows, leverage_whitening(rows))
    assert _scratch._pages(basis) is not None
    assert _scratch._pages(ProjectionDPP(tmp_path / "X.npy").basis) is not None
    np.save(tmp_path / "U.npy", basis)
    process = ProjectionDPP(tmp_path / "U.npy")
    assert _scratch._pages(process.basis) is not None
    assert_array_equal(process.basis, basis)
