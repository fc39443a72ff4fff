"""Whitening against closed forms, ZCA and scikit-learn's Ledoit-Wolf estimate."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.covariance import ledoit_wolf
from sklearn.preprocessing import StandardScaler

from coreselect import TAROT
from coreselect.rows import open as open_rows
from coreselect.transport import nearest, whiten
from tests._kernels import reference_transport as reference


def correlated(n=500, p=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) + 3.0


def cosines(Z):
    Z = Z / np.linalg.norm(Z, axis=1)[:, None]
    return Z @ Z.T


def test_cholesky_gives_identity_covariance_of_rows_and_targets_together():
    X, T = correlated(400), correlated(80, seed=1)
    together = np.vstack([X, T])
    Z = whiten(X, T, method="cholesky").transform(together)
    assert_allclose(np.cov(Z.T, bias=True), np.eye(6), atol=1e-8)
    assert_allclose(Z.mean(axis=0), 0, atol=1e-12)


def test_the_transposed_factor_does_not_whiten():
    """The released code multiplies by the inverse factor from the wrong side."""
    X = correlated()
    centred = X - X.mean(axis=0)
    L = np.linalg.cholesky(np.cov(X.T, bias=True))
    wrong = centred @ np.linalg.inv(L)
    assert np.abs(np.cov(wrong.T, bias=True) - np.eye(6)).max() > 0.1
    right = centred @ np.linalg.inv(L).T
    ours = whiten(X, method="cholesky").transform(X)
    assert_allclose(ours @ ours.T, right @ right.T, atol=1e-9)


def test_cosines_are_those_of_zca():
    X = correlated()
    Z = whiten(X, method="cholesky").transform(X)
    assert_allclose(cosines(Z), cosines(reference.zca(X)), atol=1e-12)


def test_pca_of_full_rank_gives_the_same_cosines():
    X = correlated()
    Z = whiten(X, method="pca").transform(X)
    assert_allclose(cosines(Z), cosines(reference.zca(X)), atol=1e-11)


@pytest.mark.parametrize(("n", "p"), [(50, 30), (30, 50), (2000, 5)])
def test_the_estimate_and_its_inverse_are_shrunk(n, p):
    """The first as Ledoit and Wolf say, the second by features per row."""
    X = correlated(n, p)
    standard = StandardScaler().fit_transform(X)
    covariance, shrinkage = ledoit_wolf(standard)
    whitening = whiten(X)
    assert_allclose(whitening.shrinkage, shrinkage, rtol=1e-9)
    share = min(1, p / n)
    assert whitening.standardised == share
    wanted = (1 - share) * np.linalg.inv(covariance) + share * np.eye(p)
    assert_allclose(whitening.matrix @ whitening.matrix.T, wanted, atol=1e-8)
    assert_allclose(whitening.scale, 1 / X.std(axis=0), rtol=1e-10)


def clouds(seed, n, p, kind):
    """Rows of five clouds with their numbers, and 20 targets from the first."""
    rng = np.random.default_rng(seed)
    # Coordinates of equal spread, or of falling spread as those of embeddings.
    spread = np.arange(1, p + 1) ** (-0.5 if kind == "embedding" else 0.0)
    size = 1.0 if kind == "embedding" else 0.5
    turn = np.linalg.qr(rng.standard_normal((p, p)))[0]
    centers = size * rng.standard_normal((5, p))
    cloud = rng.integers(5, size=n)
    X = (centers[cloud] + rng.standard_normal((n, p))) * spread @ turn
    T = (centers[0] + rng.standard_normal((20, p))) * spread @ turn
    return X, cloud, T


def share_found(seed, n, p, kind, transform):
    """Share of the ten rows nearest to targets that come from their cloud."""
    X, cloud, T = clouds(seed, n, p, kind)
    Z, U = transform(X, T)
    _, distance = nearest(U, Z, 1, metric="chord")
    return np.mean(cloud[np.argsort(distance[:, 0])[:10]] == 0)


def standardised(X, T):
    both = StandardScaler().fit(np.vstack([X, T]))
    return both.transform(X), both.transform(T)


def whitened(X, T):
    whitening = whiten(X, T)
    return whitening.transform(X), whitening.transform(T)


def shrunk_once(X, T):
    """As whitened, but with Ledoit and Wolf's estimate alone."""
    both = StandardScaler().fit(np.vstack([X, T]))
    Z, U = both.transform(X), both.transform(T)
    estimate, _ = ledoit_wolf(np.vstack([Z, U]))
    root = np.linalg.cholesky(np.linalg.inv(estimate))
    return Z @ root, U @ root


@pytest.mark.parametrize("kind", ["equal", "embedding"])
@pytest.mark.parametrize(("n", "p"), [(100, 200), (100, 100), (100, 50), (500, 200)])
def test_many_features_find_the_cloud_of_the_targets(n, p, kind):
    """As well as standardised features do, over ten seeds; shrinking once does not."""
    found = {
        transform: np.mean(
            [share_found(seed, n, p, kind, transform) for seed in range(10)]
        )
        for transform in (standardised, whitened, shrunk_once)
    }
    assert found[whitened] > found[standardised] - 0.1
    assert found[shrunk_once] < found[standardised] - 0.2


def test_repeated_rows_and_weights_agree():
    X = correlated(60)
    copies = np.arange(60) % 3 + 1
    weighted = whiten(open_rows(X, sample_weight=copies), method="cholesky")
    repeated = whiten(np.repeat(X, copies, axis=0), method="cholesky")
    assert_allclose(weighted.transform(X), repeated.transform(X), atol=1e-10)


def test_only_ratios_of_weights_count():
    X, T = correlated(60), correlated(20, seed=1)
    w = np.arange(60) % 3 + 1.0
    a = whiten(open_rows(X, sample_weight=w), T)
    b = whiten(open_rows(X, sample_weight=1e-200 * w), T)
    assert_allclose(a.transform(X), b.transform(X), rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e200])
@pytest.mark.parametrize("method", ["shrinkage", "cholesky", "pca"])
def test_units_of_features_do_not_matter(scale, method):
    X = correlated()
    units = np.array([1, scale, 1, 1, scale, 1])
    plain = whiten(X, method=method).transform(X)
    scaled = whiten(X * units, method=method).transform(X * units)
    assert_allclose(plain @ plain.T, scaled @ scaled.T, atol=1e-6)


def test_a_far_origin_costs_no_more_than_its_digits():
    X = np.round(correlated() * 2**10) / 2**10
    far = whiten(X + 2.0**30, method="cholesky").transform(X + 2.0**30)
    assert_allclose(np.cov(far.T, bias=True), np.eye(6), atol=1e-8)


def test_constant_columns_are_left_out():
    X = np.column_stack([correlated(), np.full(500, 1e6 / 3)])
    for method in ("shrinkage", "cholesky", "pca"):
        Z = whiten(X, method=method).transform(X)
        without = whiten(X[:, :-1], method=method).transform(X[:, :-1])
        assert_allclose(Z @ Z.T, without @ without.T, atol=1e-7)


def test_equal_rows_whiten_to_zero():
    X = np.full((20, 3), 0.1)
    for method in ("shrinkage", "cholesky", "pca"):
        Z = whiten(X, method=method).transform(X)
        assert_array_equal(Z, np.zeros((20, Z.shape[1])))


def test_dependent_columns_get_a_ridge():
    X = correlated()
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    whitening = whiten(X, method="cholesky")
    assert whitening.ridge == 1e-5
    assert np.isfinite(whitening.transform(X)).all()
    assert whiten(X[:, :-1], method="cholesky").ridge == 0


def test_pca_keeps_a_component_for_ten_rows():
    assert whiten(correlated(50, 30), method="pca").n_components == 5
    assert whiten(correlated(500, 6), method="pca").n_components == 6


def test_few_rows_without_shrinkage_are_warned_about():
    """All whitened rows are then equally far apart: cosines are -1 / (N - 1)."""
    X = np.random.default_rng(0).standard_normal((50, 100))
    with pytest.warns(UserWarning, match="50 rows for 100 features"):
        whitening = whiten(X, method="cholesky")
    noise = cosines(whitening.transform(X))[np.triu_indices(50, 1)]
    assert_allclose(noise, -1 / 49, atol=1e-3)
    spread = cosines(whiten(X).transform(X))[np.triu_indices(50, 1)]
    assert spread.std() > 0.05


def test_sparse_float32_and_blocks_agree():
    X = np.round(correlated(), 3).astype(np.float32)
    X[::3, 1] = 0
    wanted = whiten(X.astype(np.float64)).transform(X)
    assert_allclose(whiten(X).transform(X), wanted, rtol=1e-9, atol=1e-9)
    S = sparse.csr_array(X)
    assert_allclose(whiten(S).transform(S), wanted, rtol=1e-9, atol=1e-9)
    blocks = whiten(open_rows(X, block_rows=7))
    assert_allclose(blocks.transform(X), wanted, rtol=1e-9, atol=1e-9)


def test_a_whitening_can_be_kept():
    X, later = correlated(), correlated(seed=3)
    whitening = whiten(X)
    restored = pickle.loads(pickle.dumps(whitening))
    assert_array_equal(whitening.transform(later), restored.transform(later))


def test_none_leaves_features_alone():
    X = correlated()
    assert_array_equal(whiten(X, method=None).transform(X), X)


@pytest.mark.parametrize("method", ["shrinkage", "cholesky", "pca"])
@pytest.mark.parametrize("size", [1e-310, 1.7e308])
def test_columns_that_float64_cannot_whiten_are_named(method, size):
    X = np.random.default_rng(0).uniform(-1, 1, (60, 3))
    X[:, 1] = np.where(X[:, 1] > 0, size, -size)
    with pytest.raises(ValueError, match="column 1 of X cannot be whitened"):
        whiten(X, method=method)


def test_no_whitening_gives_or_takes_numbers_that_are_not_finite():
    X = np.random.default_rng(0).normal(size=(60, 2))
    whitening = whiten(X * 1e-5)
    with pytest.raises(ValueError, match="rows of X are not finite after whitening"):
        whitening.transform(X * 1e306)
    nan = np.array([[np.nan, 1.0], [1.0, 1.0]])
    wrong = {"center": nan[0], "scale": nan[0], "matrix": nan}
    for name, values in wrong.items():
        with pytest.raises(ValueError, match=f"{name} must hold finite numbers"):
            replace(whitening, **{name: values})
    object.__setattr__(whitening, "scale", np.array([np.nan, 1.0]))  # as from a pickle
    with pytest.raises(ValueError, match="not finite after whitening"):
        TAROT(5, whitening=whitening).fit(X, X_target=X[:9] + 0.1)


def test_bad_input_is_named():
    X = correlated()
    with pytest.raises(ValueError, match="method must be one of"):
        whiten(X, method="zca")
    with pytest.raises(ValueError, match="X_target has 2 features, but X has 6"):
        whiten(X, X[:, :2])
    with pytest.raises(ValueError, match="X has 2 features, but this whitening"):
        whiten(X).transform(X[:, :2])
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN in column 2"):
        whiten(X)
