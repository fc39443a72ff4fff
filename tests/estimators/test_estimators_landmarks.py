"""Landmarks: the Nystroem map on selected rows. Inducing points: these rows."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import make_regression
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import laplacian_kernel, rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from coreselect import (
    SMOTE,
    GreedyDPPSelector,
    KCenterSelector,
    LeverageSelector,
    Selection,
    UniformSelector,
    inducing_points,
    rows,
)
from coreselect.estimators import Landmarks
from tests.estimators.recorders import CountingSelector


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((60, 4))


def reference(X, Z, gamma):
    """The Nystroem approximation of the kernel, without a root."""
    K, inner = rbf_kernel(X, Z, gamma=gamma), rbf_kernel(Z, gamma=gamma)
    return K @ np.linalg.solve(inner + 1e-12 * np.eye(len(Z)), K.T)


def _expected_failures(landmarks):
    if not isinstance(landmarks.selector, UniformSelector):
        return {}
    reason = "weighted rows and repeated rows are selected by different draws"
    return {
        "check_sample_weight_equivalence_on_dense_data": reason,
        "check_sample_weight_equivalence_on_sparse_data": reason,
    }


@parametrize_with_checks(
    [
        Landmarks(KCenterSelector(4), gamma=0.5),
        Landmarks(UniformSelector(5, random_state=0)),
    ],
    expected_failed_checks=_expected_failures,
)
def test_sklearn_checks(estimator, check):
    check(estimator)


def test_products_of_features_are_the_nystroem_approximation(X):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        data = rng.standard_normal((30, rng.integers(1, 6)))
        if seed % 3 == 0:
            data = data.round()  # ties and copies
        if seed % 4 == 0:
            data = data.astype(np.float32)
        made = Landmarks(UniformSelector(8, random_state=seed), gamma=0.3).fit(data)
        found = made.transform(data)
        wanted = reference(data.astype(float), made.landmarks_, 0.3)
        assert_allclose(found @ found.T, wanted, atol=1e-5)


def test_the_root_is_symmetric_and_follows_the_order_of_the_landmarks(X):
    made = Landmarks(GreedyDPPSelector(7, gamma=0.2), gamma=0.2).fit(X)
    root = made.normalization_
    assert_allclose(root, root.T, atol=1e-12)
    assert_allclose(
        root @ root @ rbf_kernel(made.landmarks_, gamma=0.2), np.eye(7), atol=1e-9
    )
    assert_array_equal(made.landmarks_, X[made.selection_.indices])
    assert_array_equal(made.landmark_indices_, made.selector_.sample_indices_)
    # Landmarks in another order give the same columns in that order.
    other = Landmarks(UniformSelector(1.0), gamma=0.2).fit(X[made.landmark_indices_])
    assert_allclose(other.transform(X), made.transform(X), atol=1e-9)
    back = Landmarks(UniformSelector(1.0), gamma=0.2).fit(
        X[made.landmark_indices_[::-1]]
    )
    assert_allclose(back.transform(X)[:, ::-1], made.transform(X), atol=1e-9)


def test_features_equal_those_of_scikit_learn_where_it_has_them(X):
    """Scikit-learn's Nystroem with the same rows, well-conditioned."""
    theirs = Nystroem(gamma=0.4, n_components=9, random_state=0).fit(X)
    ours = Landmarks(UniformSelector(1.0), gamma=0.4).fit(theirs.components_)
    assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-7)


def test_copies_among_the_landmarks_change_no_product(X):
    few = X[:6]
    once = Landmarks(UniformSelector(1.0), gamma=0.3).fit(few).transform(X)
    twice = Landmarks(UniformSelector(1.0), gamma=0.3).fit(np.repeat(few, 2, axis=0))
    found = twice.transform(X)
    assert found.shape == (60, 12)
    assert_allclose(found[:, ::2], found[:, 1::2], atol=1e-8)
    assert_allclose(found @ found.T, once @ once.T, atol=1e-8)
    # Near-copies, too: no feature is large.
    near = np.concatenate([few, few + 1e-9])
    found = Landmarks(UniformSelector(1.0), gamma=0.3).fit(near).transform(X)
    assert_allclose(found @ found.T, once @ once.T, atol=1e-6)


def test_all_rows_equal_and_a_single_row():
    for data in (np.full((5, 2), 3.0), [[3.0, 3.0]]):
        made = Landmarks(UniformSelector(1.0)).fit(data)
        found = made.transform(data)
        assert_allclose(found @ found.T, np.ones((len(data), len(data))))
        assert made.kernel_error(data) < 1e-9
    nothing = Landmarks(UniformSelector(1.0), kernel="linear").fit(np.zeros((3, 2)))
    assert_array_equal(nothing.transform(np.ones((2, 2))), np.zeros((2, 3)))
    assert nothing.kernel_error(np.zeros((3, 2))) == 0


def test_gamma_is_one_over_the_median_squared_distance():
    X = np.array([[0.0], [1.0], [3.0], [3.0]])  # squares 1, 9, 9, 4, 4 and a copy
    assert Landmarks(UniformSelector(2)).fit(X).gamma_ == 1 / 4
    weight = [1, 1, 1, 0]  # squares 1, 9, 4
    assert Landmarks(UniformSelector(2)).fit(X, None, weight).gamma_ == 1 / 4
    assert Landmarks(UniformSelector(2)).fit(X, None, [1, 1, 0, 0]).gamma_ == 1
    assert Landmarks(UniformSelector(2), gamma=3).fit(X).gamma_ == 3.0
    assert Landmarks(UniformSelector(2), kernel="linear").fit(X).gamma_ is None


@pytest.mark.parametrize("kernel", ["rbf", "linear", laplacian_kernel])
def test_kernel_error_is_the_share_of_the_trace(X, kernel):
    made = Landmarks(UniformSelector(3, random_state=1), kernel=kernel).fit(X)
    found = made.transform(X)
    if kernel == "rbf":
        K = rbf_kernel(X, gamma=made.gamma_)
    else:
        K = X @ X.T if kernel == "linear" else kernel(X)
    wanted = np.trace(K - found @ found.T) / np.trace(K)
    assert_allclose(made.kernel_error(X), wanted, rtol=1e-9)
    whole = Landmarks(UniformSelector(1.0), kernel=kernel).fit(X)
    assert whole.kernel_error(X) < 1e-8


@pytest.mark.parametrize(
    "given", ["list", "float32", "fortran", "csr", "pandas", "polars", "csv", "parquet"]
)
def test_containers_and_files_give_the_same_features(X, given, tmp_path):
    X = X.astype(np.float32).astype(np.float64)
    made = Landmarks(KCenterSelector(6))
    wanted = made.fit(X).transform(X)
    frame = pd.DataFrame(X, columns=list("abcd"))
    if given == "csv":
        frame.to_csv(tmp_path / "x.csv", index=False)
    if given == "parquet":
        frame.to_parquet(tmp_path / "x.parquet")
    data = {
        "list": X.tolist(),
        "float32": X.astype(np.float32),
        "fortran": np.asfortranarray(X),
        "csr": sparse.csr_array(X),
        "pandas": frame,
        "polars": pl.from_pandas(frame),
        "csv": tmp_path / "x.csv",
        "parquet": str(tmp_path / "x.parquet"),
    }[given]
    assert_allclose(made.fit(data).transform(data), wanted, atol=1e-9)
    assert sparse.issparse(made.landmarks_) == (given == "csr")
    small = rows.open(data, block_rows=7)
    assert_allclose(made.transform(small), wanted, atol=1e-9)
    if given in ("list", "float32", "fortran", "csr"):  # dense and CSR in turn
        assert_allclose(made.transform(X), wanted, atol=1e-9)
        assert_allclose(made.transform(sparse.csr_array(X)), wanted, atol=1e-9)


def test_wide_dense_rows_far_from_the_origin_match_their_csr():
    """Dense rows are centred to expand squares; CSR rows cannot be."""
    X = np.random.default_rng(0).standard_normal((40, 80)) + 3
    dense = Landmarks(KCenterSelector(6), gamma=0.01).fit(X)
    thin = Landmarks(KCenterSelector(6), gamma=0.01).fit(sparse.csr_array(X))
    for made in (dense, thin):
        for data in (X, sparse.csr_array(X)):
            assert_allclose(made.transform(data), dense.transform(X), atol=1e-9)


def test_columns_of_fit_are_found_in_later_frames_and_files(X, tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd"))
    full = frame.assign(word="x", y=np.arange(60.0), w=1.0)
    full.to_parquet(tmp_path / "x.parquet")
    wanted = Landmarks(KCenterSelector(5)).fit(frame).transform(frame)
    for data in (full, tmp_path / "x.parquet"):
        made = Landmarks(KCenterSelector(5)).fit(data, "y", "w")
        assert made.feature_names_in_.tolist() == list("abcd")
        for later in (full, frame, tmp_path / "x.parquet"):
            assert_allclose(made.transform(later), wanted)
    with pytest.raises(ValueError, match="now missing"):
        made.transform(frame[["a", "b"]])
    with pytest.raises(ValueError, match=r"X has 3 features.*fitted with 4"):
        made.transform(rows.open(X[:, :3]))


def test_names_of_features_and_output_as_a_frame(X):
    made = Landmarks(UniformSelector(3, random_state=0)).fit(X)
    names = ["landmarks0", "landmarks1", "landmarks2"]
    assert made.get_feature_names_out().tolist() == names
    frame = made.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == names


def test_the_selector_gets_targets_weights_and_keywords(X):
    y, weight = np.arange(60.0), np.ones(60)
    weight[:30] = 0
    made = Landmarks(UniformSelector(5, random_state=0)).fit(
        X, y, weight, selector_params={"include": [59]}
    )
    assert 59 in made.landmark_indices_
    assert made.landmark_indices_.min() >= 30
    stratified = UniformSelector(20, stratify=True, random_state=0)
    made = Landmarks(stratified).fit(X, np.arange(60) % 2)
    assert (made.landmark_indices_ % 2).sum() == 10
    counting = CountingSelector(5)
    Landmarks(counting).fit_transform(X, y)
    assert not hasattr(counting, "selection_")  # a clone was fitted


def test_grids_reach_the_selector(X):
    X, y = make_regression(100, 4, random_state=0)
    model = make_pipeline(Landmarks(UniformSelector(5, random_state=0)), Ridge())
    grid = {"landmarks__selector__n_select": [3, 30], "landmarks__gamma": [None, 0.1]}
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert search.best_params_["landmarks__selector__n_select"] == 30
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert_array_equal(again.predict(X), search.predict(X))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Landmarks(Ridge()), r"selector must be a selector .* got Ridge\(\)"),
        (Landmarks(UniformSelector), "selector must be a selector .* got <class"),
        (Landmarks(UniformSelector(0)), "selected none of 60 rows"),
        (Landmarks(UniformSelector(3), kernel="poly"), "kernel must be one of"),
        (Landmarks(UniformSelector(3), gamma=0), "gamma must be"),
        (Landmarks(UniformSelector(3), gamma=1e30), "gamma=1e.30 is out of scale"),
        (Landmarks(UniformSelector(3), gamma=1e-30), "gamma=1e-30 is out of scale"),
        (
            Landmarks(UniformSelector(3), kernel=lambda A, B: A),
            r"kernel must return an array of shape \(3, 3\)",
        ),
        (
            Landmarks(UniformSelector(3), kernel=lambda A, B: -(A @ B.T)),
            "kernel must be positive semidefinite",
        ),
        (Landmarks(SMOTE(random_state=0)), r"selector=SMOTE.* makes new rows"),
    ],
)
def test_bad_parameters_are_named(X, made, message):
    with pytest.raises((TypeError, ValueError), match=message):
        made.fit(X, np.arange(60) % 2)


def test_data_out_of_range_are_named(X):
    with pytest.raises(ValueError, match="scale X"):
        Landmarks(UniformSelector(3)).fit(X * 1e200)
    with pytest.raises(ValueError, match="NaN"):
        Landmarks(UniformSelector(3)).fit(np.where(X > 2, np.nan, X))
    with pytest.raises(TypeError, match=r"fit got \['quality'\], which KCenter"):
        Landmarks(KCenterSelector(3)).fit(X, selector_params={"quality": np.ones(60)})
    with pytest.raises(TypeError, match="selector_params"):
        Landmarks(UniformSelector(3)).fit(X, selector_params=[1])


# --- inducing points ---


def test_inducing_points_are_a_copy_of_the_distinct_rows():
    X = np.array([[0.0, 1], [2, 3], [0, 1], [-0.0, 1], [4, 5]])
    chosen = Selection([4, 2, 0, 3], np.ones(4), 5)
    points = inducing_points(chosen, X)
    assert_array_equal(points, [[4, 5], [0, 1]])
    assert points.dtype == np.float64
    assert points.flags.writeable
    assert not np.shares_memory(points, X)
    for data in (X.astype(np.float32), sparse.csr_array(X), pd.DataFrame(X)):
        assert_array_equal(inducing_points(chosen, data), points)


def test_inducing_points_of_a_file(tmp_path):
    X = np.random.default_rng(0).standard_normal((50, 3))
    frame = pd.DataFrame(X, columns=list("abc")).assign(kind="x")
    frame.to_parquet(tmp_path / "x.parquet")
    chosen = LeverageSelector(7, random_state=0).fit_select(X)
    found = inducing_points(chosen, tmp_path / "x.parquet")
    assert_array_equal(found, X[chosen.indices])


def test_greedy_rows_leave_a_gaussian_process_less_variance_than_covering_ones():
    """Each pick of greedy volume takes the row of largest conditional variance."""
    X = np.random.default_rng(0).standard_normal((300, 2))
    gamma = 0.5

    def variance(selector):
        Z = inducing_points(selector.fit_select(X), X)
        return 1 - np.diagonal(reference(X, Z, gamma))

    greedy = variance(GreedyDPPSelector(12, gamma=gamma))
    uniform = [variance(UniformSelector(12, random_state=s)).max() for s in range(9)]
    assert greedy.max() < min(uniform)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Selection([], [], 3), "selection is empty"),
        (Selection([0], [1.0], 2), "X has 3 rows"),
        ([0], "selection must be a Selection"),
    ],
)
def test_bad_selections_are_named(chosen, message):
    with pytest.raises((TypeError, ValueError), match=message):
        inducing_points(chosen, np.eye(3))


@pytest.mark.parametrize("holder", [np.array, sparse.csr_array])
def test_linear_kernels_out_of_scale_are_named(X, holder):
    landmarks = Landmarks(UniformSelector(5, random_state=0), kernel="linear")
    wanted = landmarks.fit(holder(X)).transform(holder(X))
    for scale in (2.0**-500, 2.0**500):
        found = landmarks.fit(holder(X * scale)).transform(holder(X * scale))
        assert_allclose(found / scale, wanted, rtol=1e-5, atol=1e-6)
    for scale in (1e-170, 1e160):
        with pytest.raises(ValueError, match="out of scale with kernel='linear'"):
            landmarks.fit(holder(X * scale))
    zeros = landmarks.fit(holder(np.zeros((9, 2)))).transform(holder(np.ones((3, 2))))
    assert not zeros.any()


def test_points_have_the_columns_that_are_passed(X):
    frame = pd.DataFrame(X).rename(columns=str).assign(w=1.0)
    selection = UniformSelector(5, random_state=0).fit_select(frame, sample_weight="w")
    wanted = inducing_points(selection, X)
    columns = list(frame.columns[:-1])
    assert_array_equal(inducing_points(selection, frame[columns]), wanted)
    opened = rows.open(frame, columns=columns)
    assert_array_equal(inducing_points(selection, opened), wanted)
