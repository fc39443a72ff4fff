"""Parts as arrays, and back."""

import os
from dataclasses import fields

from coreselect.selection._centroids import Centroids
from coreselect.selection._jitters import Jitters
from coreselect.selection._parts import Copies, Interpolations, Votes

KINDS = {c.kind: c for c in (Copies, Interpolations, Votes, Jitters, Centroids)}


def as_path(path):
    """Return a path as text."""
    try:
        return os.fspath(path)
    except TypeError as error:
        raise TypeError(f"path must be a path or a string, got {path!r}.") from error


def npz_path(path):
    """Return a path that ends in .npz as text."""
    path = as_path(path)
    if not path.endswith(".npz"):
        raise ValueError(f"path must end in .npz, got {path!r}.")
    return path


def to_arrays(part):
    """Return the fields of a part by name, as arrays that npz files hold."""
    found = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if value is not None:
            found[field.name] = str(value) if field.name == "seed" else value
    return found


def from_arrays(kind, arrays):
    """Return the part that `to_arrays` took apart."""
    arrays = dict(arrays)
    if "seed" in arrays:
        arrays["seed"] = int(str(arrays["seed"]))
    return KINDS[kind](**arrays)


def by_part(arrays):
    """Return the arrays called "number.name" by number, and then by name."""
    found = {}
    for name, value in arrays.items():
        number, _, field = name.partition(".")
        found.setdefault(number, {})[field] = value
    return found
