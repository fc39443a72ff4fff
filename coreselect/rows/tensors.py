"""Tensors of torch and similar libraries, recognised without importing torch."""


def is_tensor(values):
    """Return whether `values` is a tensor of torch or of a similar library."""
    return all(hasattr(values, name) for name in ("detach", "cpu", "numpy", "dtype"))


def as_numpy(values):
    """Return a tensor as a NumPy array; anything else is returned unchanged.

    The tensor is detached from its gradient and copied from its device. NumPy has no
    bfloat16, so such a tensor becomes float32, which holds the same numbers.
    """
    if not is_tensor(values):
        return values
    values = values.detach().cpu()
    if str(values.dtype).endswith("bfloat16"):
        values = values.float()
    if hasattr(values, "resolve_neg"):
        values = values.resolve_conj().resolve_neg()
    return values.numpy()
