"""Tensors of torch and their like, known by what they can do: torch is not imported."""


def is_tensor(values):
    """Tell whether `values` is a tensor of torch or of a library like it."""
    return all(hasattr(values, name) for name in ("detach", "cpu", "numpy", "dtype"))


def as_numpy(values):
    """Return a tensor as a NumPy array; whatever else comes back as it is.

    Gradients are left behind and devices read from. NumPy has no bfloat16: such a
    tensor becomes float32, which holds the same numbers.
    """
    if not is_tensor(values):
        return values
    values = values.detach().cpu()
    if str(values.dtype).endswith("bfloat16"):
        values = values.float()
    if hasattr(values, "resolve_neg"):
        values = values.resolve_conj().resolve_neg()
    return values.numpy()
