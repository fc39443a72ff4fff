"""Gradient features against finite differences of the losses; projections."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC

from coreselect.features import gradient_features, project, torch_features
from coreselect.rows import open as open_rows


def data(n_classes=3, n=40):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 4))
    return X, np.array(["a", "b", "c"])[rng.integers(n_classes, size=n)]


def fit_a_little(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)


def numeric(losses, parameter, step=1e-6):
    """Central differences of every row's loss in the entries of an array."""
    columns = []
    for place in np.ndindex(parameter.shape):
        old = parameter[place]
        values = []
        for shift in (step, -step):
            parameter[place] = old + shift
            values.append(losses())
        parameter[place] = old
        columns.append((values[0] - values[1]) / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(fit_intercept=False)])
def test_gradients_of_squared_errors(model):
    X, _ = data()
    y = X @ [1.0, 2.0, 3.0, 4.0] + np.random.default_rng(1).standard_normal(40)
    model.fit(X, y)
    model.coef_ = np.array(model.coef_)

    def losses():
        return (model.predict(X) - y) ** 2 / 2

    got = gradient_features(model, X, y)
    assert_allclose(got[:, :4], numeric(losses, model.coef_), atol=1e-7)
    assert got.shape[1] == 4 + model.fit_intercept
    if model.fit_intercept:
        assert_allclose(got[:, 4], model.predict(X) - y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_of_log_losses(n_classes):
    X, y = data(n_classes)
    model = LogisticRegression().fit(X, y)

    def losses():
        margins = model.decision_function(X)
        if n_classes == 2:
            return np.logaddexp(0, np.where(y == "b", -margins, margins))
        of_class = log_softmax(margins, axis=1) * (y[:, None] == model.classes_)
        return -of_class.sum(axis=1)

    outputs = 1 if n_classes == 2 else 3
    got = gradient_features(model, X, y).reshape(40, outputs, 5)
    wanted = numeric(losses, model.coef_).reshape(40, outputs, 4)
    assert_allclose(got[:, :, :4], wanted, atol=1e-7)
    assert_allclose(got[:, :, 4], numeric(losses, model.intercept_), atol=1e-7)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_gradients_of_a_network_that_predicts_numbers(activation):
    X, _ = data()
    Y = X[:, :2] ** 2
    model = MLPRegressor(
        hidden_layer_sizes=(5, 3), activation=activation, max_iter=20, random_state=0
    )
    fit_a_little(model, X, Y)

    def losses():
        return ((model.predict(X) - Y) ** 2).sum(axis=1) / 2

    got = gradient_features(model, X, Y).reshape(40, 2, 4)
    wanted = numeric(losses, model.coefs_[-1]).reshape(40, 3, 2)
    assert_allclose(got[:, :, :3], wanted.transpose(0, 2, 1), atol=1e-6)
    assert_allclose(got[:, :, 3], numeric(losses, model.intercepts_[-1]), atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_of_a_network_that_predicts_classes(n_classes):
    X, y = data(n_classes)
    model = MLPClassifier(hidden_layer_sizes=(5,), max_iter=20, random_state=0)
    fit_a_little(model, X, y)

    def losses():
        probabilities = model.predict_proba(X)
        return -np.log((probabilities * (y[:, None] == model.classes_)).sum(axis=1))

    outputs = 1 if n_classes == 2 else 3
    got = gradient_features(model, X, y).reshape(40, outputs, 6)
    wanted = numeric(losses, model.coefs_[-1]).reshape(40, 5, outputs)
    assert_allclose(got[:, :, :5], wanted.transpose(0, 2, 1), atol=1e-6)


def test_sparse_rows_and_projected_gradients():
    X, y = data()
    model = LogisticRegression().fit(X, y)
    G = gradient_features(model, X, y)
    assert_allclose(gradient_features(model, sparse.csr_array(X), y), G, atol=1e-12)
    projected = gradient_features(model, X, y, n_components=7, random_state=3)
    assert_allclose(projected, project(G, 7, random_state=3), atol=1e-12)


def test_bad_input_is_named():
    X, y = data()
    with pytest.raises(TypeError, match="gradients of SVC have no closed form"):
        gradient_features(SVC().fit(X, y), X, y)
    model = LogisticRegression().fit(X, y)
    with pytest.raises(
        ValueError, match="classes that the estimator was not fitted to"
    ):
        gradient_features(model, X, np.full(40, "z"))
    with pytest.raises(ValueError, match="y has 3 values for 40 rows"):
        gradient_features(model, X, y[:3])
    with pytest.raises(ValueError, match="y is None"):
        gradient_features(model, X, None)
    with pytest.raises(ValueError, match="n_components must be at least 1"):
        project(X, 0)


@pytest.mark.parametrize("bad", [0, -1, 2.5])
def test_bad_numbers_of_components_are_named(bad):
    X, _ = data()
    model = LinearRegression().fit(X, X[:, 0])
    message = "n_components must be (an int|at least 1), got"
    for call in (
        lambda: gradient_features(model, X, X[:, 0], n_components=bad),
        lambda: project(X, bad),
        lambda: torch_features(None, [], n_components=bad),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call()


def test_another_number_of_outputs_is_named():
    X, _ = data()
    network = MLPRegressor(hidden_layer_sizes=(2,), max_iter=2)
    for model, given, known in (
        (LinearRegression(), 1, 2),
        (Ridge(), 3, 1),
        (network, 1, 2),
    ):
        fit_a_little(model, X, X[:, 0] if known == 1 else X[:, :known])
        message = f"y has {given} outputs, but the estimator was fitted to {known}"
        with pytest.raises(ValueError, match=message):
            gradient_features(model, X, X[:, :given])
    one = LinearRegression().fit(X, X[:, 0])
    assert_array_equal(
        gradient_features(one, X, X[:, :1]), gradient_features(one, X, X[:, 0])
    )


def test_columns_are_found_by_the_names_that_the_model_was_fitted_to(tmp_path):
    X, y = data()
    frame = pd.DataFrame(X, columns=["d", "a", "c", "b"])
    model = LogisticRegression().fit(frame, y)
    other = frame[["a", "b", "c", "d"]].assign(more=1.0)
    other.to_parquet(tmp_path / "rows.parquet")
    wanted = gradient_features(model, frame, y)
    assert_array_equal(gradient_features(model, other, y), wanted)
    assert_array_equal(gradient_features(model, tmp_path / "rows.parquet", y), wanted)
    assert_array_equal(gradient_features(model, X, y), wanted)
    assert hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match="no column 'd'"):
        gradient_features(model, other[["a", "b"]], y)
    with pytest.raises(ValueError, match="X has the columns"):
        gradient_features(model, open_rows(other), y)


# --- projection -----------------------------------------------------------------------


def test_inner_products_are_unbiased_within_the_stated_error():
    """Mean over 400 seeds within 4.5 standard errors; a sign-free twin is far off."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 50))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    pair = np.stack([a, b])
    products = np.array(
        [_product(project(pair, 20, random_state=s)) for s in range(400)]
    )
    spread = products.std(ddof=1)
    assert spread < np.sqrt(2 / 20)
    assert abs(products.mean() - a @ b) < 4.5 * spread / 20
    blind = np.array(
        [_product(project(np.abs(pair), 20, random_state=s)) for s in range(400)]
    )
    assert abs(blind.mean() - a @ b) > 4.5 * blind.std(ddof=1) / 20


def _product(P):
    return P[0] @ P[1]


def test_the_same_seed_projects_sparse_and_dense_rows_alike():
    G = np.random.default_rng(0).standard_normal((5, 30))
    wanted = project(G, 8, random_state=1)
    assert_allclose(project(sparse.csr_array(G), 8, random_state=1), wanted, atol=1e-14)
    assert_array_equal(
        project(G[2:4], 8, random_state=1).round(12), wanted[2:4].round(12)
    )
    assert not np.allclose(project(G, 8, random_state=2), wanted)


# --- torch ----------------------------------------------------------------------------


def test_torch_gradients_are_those_of_the_closed_form():
    torch = pytest.importorskip("torch")
    X, y = data()
    codes = np.searchsorted(["a", "b", "c"], y)
    model = LogisticRegression().fit(X, y)
    linear = torch.nn.Linear(4, 3).double()
    with torch.no_grad():
        linear.weight[:] = torch.tensor(model.coef_)
        linear.bias[:] = torch.tensor(model.intercept_)
    pairs = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(codes))
    batches = torch.utils.data.DataLoader(pairs, batch_size=16)
    got = torch_features(linear, batches, loss=torch.nn.functional.cross_entropy)
    wanted = gradient_features(model, X, y).reshape(40, 3, 5)
    assert got.dtype == np.float32
    assert_allclose(got[:, :12], wanted[:, :, :4].reshape(40, 12), atol=1e-6)
    assert_allclose(got[:, 12:], wanted[:, :, 4], atol=1e-6)
    linear.bias.requires_grad_(False)
    fewer = torch_features(linear, batches, loss=torch.nn.functional.cross_entropy)
    assert_allclose(fewer, got[:, :12], atol=1e-6)
    small = torch_features(
        linear, batches, loss=torch.nn.functional.cross_entropy, n_components=6,
        random_state=1,
    )  # fmt: skip
    assert_allclose(small, project(fewer, 6, random_state=1), atol=1e-5)


def test_torch_outputs_are_features_too():
    torch = pytest.importorskip("torch")
    X, _ = data()
    net = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU()).double()
    batches = torch.tensor(X).split(16)
    with torch.no_grad():
        assert_allclose(
            torch_features(net, batches), net(torch.tensor(X)).numpy(), atol=1e-6
        )
    with pytest.raises(ValueError, match="batches is empty"):
        torch_features(net, [])
    with pytest.raises(ValueError, match="batches must be pairs"):
        torch_features(net, batches, loss=torch.nn.functional.mse_loss)


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install '\.\[torch\]'"):
        torch_features(None, [])
