"""Features for data selection: the gradient of a model's loss at each row.

For models that are linear in their last layer, the gradient of the loss of one row is
the product of the residual and the input of that layer, so no differentiation is
needed. Wide gradients are projected onto a few hundred columns, which nearly keeps
inner products (Johnson and Lindenstrauss).
"""

from collections.abc import Mapping
from copy import copy

import numpy as np
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from coreselect._files import require
from coreselect._random import LEARN, draw_seed, words_by_row
from coreselect._validation import Integer, check_target
from coreselect.losses import targets_of
from coreselect.rows import open as open_rows
from coreselect.rows.files import has_columns
from coreselect.rows.take import native_column
from coreselect.rows.tensors import as_numpy, is_tensor

__all__ = ["gradient_features", "project", "torch_features"]

_ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "logistic": lambda z: 1 / (1 + np.exp(-np.clip(z, -700, 700))),
}


def gradient_features(estimator, X, y, *, n_components=None, random_state=None):
    """Compute the gradient of each row's loss in the last layer of a fitted model.

    Parameters
    ----------
    estimator : fitted estimator
        A `LinearRegression`, `Ridge`, `LogisticRegression`, `MLPRegressor` or
        `MLPClassifier` of scikit-learn.
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Columns of a frame or a file are found by name if the estimator was fitted to
        names.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Targets; the estimator must know their classes.
    n_components : int, optional
        Project the gradients to this number of columns; see `project`.
    random_state : None, int, RandomState or Generator
        Of the projection.

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_outputs * (n_inputs + 1))
        Or (n_rows, n_components). For each output: the residual times the inputs of the
        last layer, then the residual. These are the gradients of half the squared
        error, or of the log loss, in the coefficients and the intercept (if there is
        one). Penalties do not count.

    Raises
    ------
    TypeError
        For other estimators; a selector takes any array of features instead.
    ValueError
        If y holds classes that the estimator does not know, or has another number of
        outputs.

    Notes
    -----
    One pass; O(n d) for linear models, a forward pass for networks. A binary classifier
    has one output. Gradients of rows and targets are comparable only if they come from
    the same model; average those of several checkpoints.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect.features import gradient_features
    >>> X, y = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 6.0])
    >>> gradient_features(LinearRegression().fit(X, y), X, y).round(2)
    array([[-0.5, -0.5],
           [ 2. ,  1. ],
           [-1.5, -0.5]])
    """
    _check_components(n_components)
    last = _last_layer(_nameless(estimator))
    rows = _open_for(estimator, X)
    y = check_target(native_column(y), rows.n_rows)
    if y is None:
        raise ValueError("y is None, but the gradient of a loss needs the targets.")
    targets = _targets(estimator, y)

    def of_block(block, targets):
        inputs, outputs = last(_dense(block.X))
        residual = outputs - targets
        if getattr(estimator, "fit_intercept", True):
            inputs = np.column_stack([inputs, np.ones(len(inputs))])
        # One outer product of residuals and inputs per row, flattened.
        gradient = (residual[:, :, None] * inputs[:, None, :]).reshape(len(inputs), -1)
        if n_components is None:
            return gradient
        return _projected(gradient, n_components, seed)

    seed = draw_seed(random_state)
    return rows.map(of_block, targets)


def project(G, n_components, *, random_state=None):
    """Project rows to fewer columns, which nearly keeps their inner products.

    Parameters
    ----------
    G : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
    n_components : int
        Columns of the result; 256 to 512 suffice for most purposes.
    random_state : None, int, RandomState or Generator
        The same seed gives the same projection; use one seed for rows and targets.

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_components)

    Notes
    -----
    A sparse embedding: half of every feature, with a random sign, is added to each of
    four columns drawn at random. Inner products are unbiased, and those of rows of
    length one have a standard deviation of at most ``sqrt(2 / n_components)``. O(4 n
    n_features).

    References
    ----------
    .. [1] D. Kane, J. Nelson, "Sparser Johnson-Lindenstrauss transforms", JACM 61,
       2014.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.features import project
    >>> G = np.random.default_rng(0).normal(size=(3, 10_000)) / 100
    >>> P = project(G, 400, random_state=0)
    >>> P.shape, bool(abs(P @ P.T - G @ G.T).max() < 0.2)
    ((3, 400), True)
    """
    _check_components(n_components, optional=False)
    seed = draw_seed(random_state)
    return open_rows(G, name="G").map(
        lambda block: _projected(block.X, n_components, seed)
    )


def torch_features(module, batches, *, loss=None, n_components=None, random_state=None):
    """Compute the gradients or the outputs of a PyTorch module for each row.

    Parameters
    ----------
    module : torch.nn.Module
        Its mode (training or evaluation) and device are kept.
    batches : iterable of tensors, or of pairs (inputs, targets)
        For example a `torch.utils.data.DataLoader` that does not shuffle.
    loss : callable, optional
        ``loss(outputs, targets)`` for a batch of one row. Features are then its
        gradients in all parameters that require one, and batches are pairs. None:
        features are the outputs of the module, such as hidden states, flattened; of a
        tuple, the first tensor. `module` may then be any function of a batch.
    n_components : int, optional
        Project every batch to this number of columns; see `project`.
    random_state : None, int, RandomState or Generator
        Of the projection.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_parameters) or (n_rows, n_components)

    Raises
    ------
    ImportError
        If torch is not installed (extra ``torch``).

    Notes
    -----
    Needs memory for the gradients of one batch, rows times parameters, on the device of
    the module and in float64 on the host; freeze parameters that are not to count.
    Batch normalisation in training mode has no gradient per row: use ``module.eval()``.

    Examples
    --------
    >>> from coreselect.features import torch_features
    >>> import torch  # doctest: +SKIP
    >>> data = torch.utils.data.TensorDataset(inputs, targets)  # doctest: +SKIP
    >>> batches = torch.utils.data.DataLoader(data, batch_size=64)  # doctest: +SKIP
    >>> loss = torch.nn.functional.cross_entropy  # doctest: +SKIP
    >>> G = torch_features(module, batches, loss=loss)  # doctest: +SKIP
    """
    _check_components(n_components)
    torch = require("torch", "torch")
    for name, value in (("module", module), ("loss", loss)):
        if not callable(value) and (name, value) != ("loss", None):
            raise TypeError(f"{name} must be callable, got {value!r}.")
    if not hasattr(batches, "__iter__"):
        raise TypeError(f"batches must be an iterable of tensors, got {batches!r}.")
    seed = draw_seed(random_state)
    of_batch = _outputs(torch, module) if loss is None else _gradients(module, loss)
    parts = []
    for batch in batches:
        part = as_numpy(of_batch(batch))
        part = part.reshape(len(part), -1)
        if n_components is not None:
            part = _projected(part.astype(np.float64), n_components, seed)
        parts.append(part.astype(np.float32))
    if not parts:
        raise ValueError("batches is empty, so there are no features.")
    return np.concatenate(parts)


def _outputs(torch, module):
    def of_batch(batch):
        with torch.no_grad():
            return _one_tensor(
                module(batch[0] if isinstance(batch, (list, tuple)) else batch)
            )

    return of_batch


def _one_tensor(output):
    """Return the first tensor of a tuple, or the only one of a dict."""
    if isinstance(output, (list, tuple)) and output:
        return _one_tensor(output[0])
    if isinstance(output, Mapping) and len(output) == 1:
        return _one_tensor(next(iter(output.values())))
    if isinstance(output, Mapping):
        raise ValueError(
            f"module returns a dict with {list(output)}; pass a module, or a function, "
            "that returns one of them."
        )
    if not (is_tensor(output) and output.ndim):
        raise ValueError(
            "module must return a tensor with one row for each row of a batch, got "
            f"{type(output).__name__}."
        )
    return output


def _gradients(module, loss):
    """Return a function from a batch to the gradients of its rows."""
    from torch.func import functional_call, grad, vmap

    # `functional_call` runs the module with parameters that it is given, so that
    # gradients are taken with respect to these alone, row by row. Detached copies
    # keep the graph of a training loop around this call out of it.
    trained = {k: v.detach() for k, v in module.named_parameters() if v.requires_grad}
    if not trained:
        raise ValueError(
            "module has no parameter that requires a gradient; unfreeze those that "
            "count (requires_grad_(True)), or leave loss out for its outputs."
        )
    fixed = {k: v.detach() for k, v in module.named_parameters() if k not in trained}
    fixed |= {k: v.detach() for k, v in module.named_buffers()}

    def of_row(parameters, inputs, target):
        outputs = functional_call(module, (parameters, fixed), (inputs.unsqueeze(0),))
        return loss(outputs, target.unsqueeze(0))

    # vmap runs all rows of a batch at once, each as a batch of one row.
    of_rows = vmap(grad(of_row), in_dims=(None, 0, 0), randomness="different")

    def of_batch(batch):
        import torch

        if not isinstance(batch, (list, tuple)) or len(batch) != 2:
            raise ValueError("with a loss, batches must be pairs (inputs, targets).")
        gradients = of_rows(trained, *batch)
        return torch.cat([g.flatten(1) for g in gradients.values()], dim=1)

    return of_batch


def _check_components(n_components, optional=True):
    """Raise unless `n_components` is an int of at least 1, or None where it may be."""
    if not (optional and n_components is None):
        Integer(1)("n_components", n_components)


# --- the last layers ------------------------------------------------------------------


def _open_for(estimator, X):
    """Open rows with the columns that the estimator was fitted to, in that order."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return open_rows(X)
    if has_columns(X):
        return open_rows(X, columns=list(names))
    rows = open_rows(X)
    if rows.feature_names and list(rows.feature_names) != list(names):
        raise ValueError(
            f"X has the columns {rows.feature_names[:10]}, but the estimator was "
            f"fitted to {list(names)[:10]}."
        )
    return rows


def _nameless(estimator):
    """Return the estimator without its feature names: blocks of rows have none."""
    if not hasattr(estimator, "feature_names_in_"):
        return estimator
    estimator = copy(estimator)
    del estimator.feature_names_in_
    return estimator


def _last_layer(estimator):
    """Return a function from rows to the inputs and the outputs of the last layer."""
    if isinstance(estimator, (LinearRegression, Ridge)):
        check_is_fitted(estimator)
        return lambda X: (X, np.reshape(estimator.predict(X), (len(X), -1)))
    if isinstance(estimator, LogisticRegression):
        check_is_fitted(estimator)
        return lambda X: (X, _probabilities(estimator, X))
    if isinstance(estimator, (MLPClassifier, MLPRegressor)):
        check_is_fitted(estimator)
        return lambda X: _network(estimator, X)
    raise TypeError(
        f"gradients of {type(estimator).__name__} have no closed form here; for "
        "estimator, pass a linear or logistic regression or an MLP of scikit-learn, "
        "use torch_features, or give any array of features to the selector."
    )


def _probabilities(estimator, X):
    # With two classes, there is one output, and the two residuals would be each other's
    # negative.
    probabilities = estimator.predict_proba(X)
    return probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities


def _network(estimator, X):
    """Return the inputs of the last layer, and the outputs of a network."""
    # The gradient in the last layer is the outer product of its inputs and residuals.
    # scikit-learn does not return the inputs, so the hidden layers are applied here.
    hidden = X
    for weights, bias in zip(
        estimator.coefs_[:-1], estimator.intercepts_[:-1], strict=True
    ):
        hidden = _ACTIVATIONS[estimator.activation](hidden @ weights + bias)
    if isinstance(estimator, MLPClassifier):
        return hidden, _probabilities(estimator, X)
    return hidden, np.reshape(estimator.predict(X), (len(X), -1))


def _targets(estimator, y):
    """Return targets as an array of shape (n_rows, n_outputs)."""
    targets = targets_of(estimator, y)
    if not hasattr(estimator, "classes_"):
        return targets
    onehot = np.eye(len(estimator.classes_))[targets]
    return onehot[:, 1:] if len(estimator.classes_) == 2 else onehot


# --- projection -----------------------------------------------------------------------


def _dense(X):
    return (X.toarray() if sparse.issparse(X) else X).astype(np.float64, copy=False)


def _embedding(n_features, n_components, seed):
    """Return the sparse matrix by which rows are multiplied."""
    words = words_by_row(seed, (LEARN,), 0, n_features, 4)
    # The sign is the lowest bit and the column comes from the upper 53, so that both
    # are independent. Words belong to features: wider rows keep the columns of others.
    signs = np.where(words & 1, 0.5, -0.5)
    columns = ((words >> 11) * 2.0**-53 * n_components).astype(np.int64)
    features = np.repeat(np.arange(n_features), 4)
    return sparse.csr_array(
        (signs.ravel(), (features, columns.ravel())), shape=(n_features, n_components)
    )


def _projected(X, n_components, seed):
    embedding = _embedding(X.shape[1], n_components, seed)
    product = X @ embedding
    return product.toarray() if sparse.issparse(product) else np.asarray(product)
