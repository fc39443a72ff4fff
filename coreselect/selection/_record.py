"""How a selection was made."""

from __future__ import annotations

import json
import numbers
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from coreselect import __version__
from coreselect._typing import Seed

if TYPE_CHECKING:
    from coreselect.selection._selection import Selection


@dataclass(frozen=True)
class Record:
    """How a selection was made.

    Attributes
    ----------
    method : str
        The method's name on the command line, or the name of its class if it has none.
    parameters : dict of str to JSON value
        Texts stand for values that JSON does not know, such as estimators.
    seed : int or None
        The int given as ``random_state``; None if nothing or no int was given.
    input_weights : bool
        Whether the rows came with weights.
    version : str
        Version of coreselect.
    later : tuple of (Record or None)
        How this selection was selected from again, by `Selection.then`; None where that
        is unknown.
    """

    method: str
    parameters: dict[str, Any]
    seed: int | None = None
    input_weights: bool = False
    version: str = __version__
    later: tuple[Record | Any, ...] = ()

    @classmethod
    def of(cls, estimator: Any, input_weights: bool) -> Self:
        """Return the record of a selector or resampler that is being fitted."""
        parameters = estimator.get_params(deep=False)
        seed = _seed(parameters.pop("random_state", None))
        name = getattr(estimator, "cli_name", type(estimator).__name__)
        plain = {key: _plain(value) for key, value in parameters.items()}
        return cls(name, plain, seed, input_weights)

    def but(self, random_state: Seed = None, **parameters: Any) -> Self:
        """Return the record of a draw with another random state or other parameters.

        Those that are None stay as they are.
        """
        given = {k: _plain(v) for k, v in parameters.items() if v is not None}
        seed = self.seed if random_state is None else _seed(random_state)
        return replace(self, parameters=self.parameters | given, seed=seed)

    def then(self, other: Record | None) -> Self:
        """Return the record of a selection from this selection."""
        more = (None,) if other is None else (replace(other, later=()), *other.later)
        return replace(self, later=(*self.later, *more))

    def to_json(self) -> str:
        """Return the record as text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the record that `to_json` wrote."""
        return cls._of_dict(json.loads(text))

    @classmethod
    def _of_dict(cls, found):
        later = tuple(other and cls._of_dict(other) for other in found["later"])
        # A later version of the package may have written further fields.
        known = {field.name: found[field.name] for field in fields(cls)}
        return cls(**known | {"later": later})

    def __str__(self):
        seed = "" if self.seed is None else f" (seed {self.seed})"
        later = [
            ", then an unknown method" if o is None else f", then {o}"
            for o in self.later
        ]
        return f"{self.method}{seed}{''.join(later)}"


def recorded(selection: Selection, record: Record) -> Selection:
    """Return a selection that was made just now, and let it keep its record."""
    object.__setattr__(selection, "record", record)
    return selection


def record_of_draw(size, design, base_weight, random_state, *, strata, **given):
    """Return the record of a call of `coreselect.draw`.

    Other arguments that hold values of rows are recorded if they were `given`.
    """
    parameters = {"size": _plain(size), "design": design, "strata": strata}
    parameters |= {name: _plain(value) for name, value in given.items() if value}
    return Record("draw", parameters, _seed(random_state), base_weight is not None)


def _seed(random_state):
    is_int = isinstance(random_state, numbers.Integral)
    return int(random_state) if is_int else None


def _plain(value):
    """Return a value as types that JSON has."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, range)):
        return [_plain(inner) for inner in value]
    return getattr(value, "__qualname__", None) or str(value)
