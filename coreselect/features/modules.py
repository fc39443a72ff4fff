"""Gradients and outputs of PyTorch modules, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from coreselect._files import require
from coreselect._random import draw_seed
from coreselect._typing import Array, Seed
from coreselect.features.projection import check_components, projected
from coreselect.rows.tensors import as_numpy, is_tensor


def torch_features(
    module: Any,
    batches: Any,
    *,
    loss: Callable[..., Any] | None = None,
    n_components: int | None = None,
    random_state: Seed = None,
) -> Array:
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
    check_components(n_components)
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
            part = projected(part.astype(np.float64), n_components, seed)
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
    # gradients are taken with respect to these alone, row by row. The copies
    # are detached: the graph of a training loop around this call is not extended.
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
