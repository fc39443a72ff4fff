"""Features of torch modules, whatever their tensors: `make test-torch`."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from coreselect.features import torch_features
from coreselect.rows import take_rows

torch = pytest.importorskip("torch")


def test_tensors_of_any_kind_become_features():
    """bfloat16, autocast, outputs with a gradient, tuples, dicts, one number a row."""
    X = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    net = torch.nn.Linear(4, 3)
    with torch.no_grad():
        wanted = net(X).numpy()
    for module in (
        net,
        lambda batch: (net(batch), "more"),
        lambda batch: {"logits": net(batch)},
        lambda batch: torch.enable_grad()(net)(batch),
    ):
        assert_allclose(torch_features(module, X.split(16)), wanted, atol=1e-6)
    assert torch_features(lambda batch: batch[:, 0], X.split(16)).shape == (40, 1)
    half = net.bfloat16()
    assert_allclose(torch_features(half, X.bfloat16().split(16)), wanted, atol=0.05)
    net = net.float()
    codes = torch.arange(40) % 3
    pairs = list(zip(X.split(16), codes.split(16), strict=True))
    loss = torch.nn.functional.cross_entropy
    full = torch_features(net, pairs, loss=loss)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_allclose(torch_features(net, pairs, loss=loss), full, atol=0.1)
    coarse = [(x.bfloat16(), y) for x, y in pairs]
    assert_allclose(torch_features(half.bfloat16(), coarse, loss=loss), full, atol=0.1)


def test_what_gives_no_features_is_named():
    net, batches = torch.nn.Linear(4, 3), torch.zeros(8, 4).split(4)
    pairs = [(batch, batch) for batch in batches]
    loss = torch.nn.functional.mse_loss
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        torch_features(net.requires_grad_(False), pairs, loss=loss)
    with pytest.raises(ValueError, match=r"module returns a dict with \['a', 'b'\]"):
        torch_features(lambda batch: {"a": batch, "b": batch}, batches)
    with pytest.raises(ValueError, match=r"module must return a tensor.*NoneType"):
        torch_features(lambda batch: None, batches)
    for arguments, name in (((5, []), "module"), ((net, 5), "batches")):
        with pytest.raises(TypeError, match=rf"^{name} must be"):
            torch_features(*arguments)
    with pytest.raises(TypeError, match=r"^loss must be callable"):
        torch_features(net, pairs, loss="mse")


def test_rows_of_a_tensor_are_a_tensor():
    X = torch.arange(12.0).reshape(4, 3)
    taken = take_rows(X, np.array([2, 0]))
    assert isinstance(taken, torch.Tensor)
    assert torch.equal(taken, X[[2, 0]])
