"""Base of `Selection` and `Synthesis`: files, pickles, comparison, HTML."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import fields
from html import escape
from typing import Any, Self

import numpy as np

from coreselect._files import atomic_path, path_text
from coreselect._typing import Floats, Integers
from coreselect._validation import naming
from coreselect.rows import count_rows
from coreselect.selection._centroids import Centroids
from coreselect.selection._jitters import Jitters
from coreselect.selection._parts import Copies, Interpolations, Votes
from coreselect.selection._picture import picture_of_weights
from coreselect.selection._record import Record, recorded

KINDS = {c.kind: c for c in (Copies, Interpolations, Votes, Jitters, Centroids)}


class Stored(ABC):
    """Weighted rows that can be saved, compared and shown."""

    indices: Integers
    weights: Floats
    n_total: int
    record: Record | Any  # None if unknown, which most users need not check

    __hash__ = None  # type: ignore[assignment]  # arrays inside: not hashable

    def __eq__(self, other):
        if not isinstance(other, type(self)):
            return NotImplemented
        mine, theirs = self._arrays(), other._arrays()
        return mine.keys() == theirs.keys() and all(
            np.array_equal(mine[name], theirs[name]) for name in mine
        )

    def __reduce__(self):
        arrays = self._arrays() | self._more_arrays()
        return _restored, (type(self), arrays, self.record)

    @abstractmethod
    def _arrays(self) -> dict[str, Any]:
        """Return all that is kept, as arrays by name."""

    def _more_arrays(self) -> dict[str, Any]:
        """Return what is kept too, but is no part of what makes two equal."""
        return {}

    @classmethod
    @abstractmethod
    def _of(cls, arrays: dict[str, Any]) -> Self:
        """Make an instance from what `_arrays` and `_more_arrays` returned."""

    @abstractmethod
    def _facts(self) -> dict[str, str]:
        """Return what a notebook shows, as texts by name."""

    @property
    def effective_sample_size(self) -> float:
        """Kish's effective size, ``sum(w)**2 / sum(w**2)``; 0 if there are no rows."""
        largest = self.weights.max(initial=0.0)
        if largest == 0:
            return 0.0
        shares = self.weights / largest  # squares of huge or tiny weights stay finite
        return float(shares.sum() ** 2 / (shares**2).sum())

    def _total_weight(self):
        with np.errstate(over="ignore"):
            return self.weights.sum()

    def _check_count(self, rows, name):
        with naming(name):
            n = count_rows(rows)
        if n != self.n_total:
            raise ValueError(
                f"{name} has {n} rows, but the {type(self).__name__.lower()} was made "
                f"from {self.n_total}."
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to an ``.npz`` file, whole or not at all."""
        name = path_text(path)
        if not name.endswith(".npz"):
            raise ValueError(f"path must end in .npz, got {name!r}.")
        arrays: dict[str, Any] = {
            key: np.asarray(array)
            for key, array in (self._arrays() | self._more_arrays()).items()
        }
        for key, array in arrays.items():
            if array.dtype == object:  # labels; files hold no pickles
                arrays[key] = array.astype(str)
        if self.record is not None:
            arrays["record"] = np.array(self.record.to_json())
        with atomic_path(name) as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file was not written by `save` of this class.
        """
        # A damaged file fails in many ways (zip, NumPy, our own checks), all of which
        # mean the same to the user. A missing file is another matter.
        path = path_text(path)
        with open(path, "rb") as raw:
            try:
                with np.load(raw) as file:
                    arrays = dict(file)
                record = arrays.pop("record", None)
                if record is not None:
                    record = Record.from_json(record.item())
                return _restored(cls, arrays, record)
            except Exception as error:  # its class depends on the damage
                raise ValueError(
                    f"{path!r} does not hold a {cls.__name__}: {error}"
                ) from error

    def _repr_html_(self):
        facts = self._facts()
        if self.record is not None:
            facts["made by"] = str(self.record)
        cells = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in facts.items()
        )
        if picture := picture_of_weights(self.weights):
            cells += f'<tr><td colspan="2">{picture}</td></tr>'
        return f"<table><caption>{type(self).__name__}</caption>{cells}</table>"


def _restored(cls, arrays, record):
    return recorded(cls._of(arrays), record)


def parts_to_arrays(parts):
    """Return the fields of parts as arrays called "number.field"."""
    found = {"kinds": np.array([part.kind for part in parts], dtype=str)}
    for number, part in enumerate(parts):
        for field in fields(part):
            value = getattr(part, field.name)
            if value is not None:  # seeds have 128 bits, which no integer array holds
                value = str(value) if field.name == "seed" else value
                found[f"{number}.{field.name}"] = value
    return found


def parts_from_arrays(arrays):
    """Return the parts that `parts_to_arrays` took apart."""
    found = [{} for _ in arrays["kinds"]]
    for name, value in arrays.items():
        number, dot, field = name.partition(".")
        if dot:
            found[int(number)][field] = int(str(value)) if field == "seed" else value
    kinds = arrays["kinds"].tolist()
    return [KINDS[kind](**part) for kind, part in zip(kinds, found, strict=True)]
