"""Parts as arrays, and back."""

from dataclasses import fields

from coreselect.selection._centroids import Centroids
from coreselect.selection._jitters import Jitters
from coreselect.selection._parts import Copies, Interpolations, Votes

KINDS = {c.kind: c for c in (Copies, Interpolations, Votes, Jitters, Centroids)}


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
