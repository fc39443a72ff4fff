"""New rows that are copies of rows plus normal noise."""

import numbers
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtri

from coreselect._random import words_by_row
from coreselect.selection._parts import CHUNK, Part


@dataclass(frozen=True, eq=False)
class Jitters(Part):
    """Copies of rows plus normal noise.

    The noise of a new row depends only on the seed and the number of the row, so rows
    can be made again, in any blocks.

    Parameters
    ----------
    base : array-like of int of shape (n_new,)
    scale : array-like of float of shape (n_features,)
        Standard deviation of the noise.
    seed : int
    key : tuple of int
        The stream of `seed`.
    number : array-like of int of shape (n_new,)
        Numbers of the new rows in the stream.
    noise : ndarray of shape (n_new, n_features), optional
        The noise in units of `scale`, if another library drew it.
    """

    kind: ClassVar[str] = "jitter"
    per_row: ClassVar[tuple] = ("base", "number", "noise")
    integers: ClassVar[tuple] = ("number",)
    floats: ClassVar[tuple] = ("scale", "noise")

    scale: Any = None
    seed: int = 0
    key: tuple = ()
    number: Any = None
    noise: Any = None

    def __post_init__(self):
        if self.number is None:
            object.__setattr__(self, "number", np.arange(len(self)))
        super().__post_init__()
        wanted = (len(self), len(self.scale)) if np.ndim(self.scale) == 1 else None
        if wanted is None or np.shape(self.noise) not in ((), wanted):
            raise ValueError(
                f"scale needs one entry per feature, and noise one row per new row; "
                f"got shapes {np.shape(self.scale)} and {np.shape(self.noise)}."
            )
        for name, values in (("seed", [self.seed]), ("key", self.key)):
            for value in values:  # seeds have 128 bits
                if not isinstance(value, numbers.Integral) or value < 0:
                    raise TypeError(f"{name} must be an int >= 0, got {value!r}.")
        object.__setattr__(self, "key", tuple(int(k) for k in self.key))
        object.__setattr__(self, "seed", int(self.seed))

    def _width(self):
        return len(self.scale)

    def legacy_dtype(self, dtype):
        return np.result_type(dtype, np.float64)

    def _noise(self, start, stop):
        if self.noise is not None:
            return self.noise[start:stop] * self.scale
        # Noise is a function of the seed and the number of the new row. Numbers that
        # are nearly consecutive get one run of the generator, of which few rows are
        # unused.
        numbers, d = self.number[start:stop], len(self.scale)
        low, high = numbers.min(), numbers.max() + 1
        if high - low > 4 * len(numbers):  # far apart: row by row
            words = np.concatenate(
                [words_by_row(self.seed, self.key, int(n), 1, d) for n in numbers]
            )
        else:
            words = words_by_row(self.seed, self.key, int(low), int(high - low), d)
            words = words[numbers - low]
        # 53 bits name one of 2**53 cells of (0, 1); their middles are never 0 or 1.
        return ndtri(((words >> np.uint64(11)) + 0.5) * 2.0**-53) * self.scale

    def write(self, X, out):
        for start in range(0, len(self), CHUNK):
            stop = min(start + CHUNK, len(self))
            out[start:stop] = self._noise(start, stop) + X[self.base[start:stop]]

    def sparse_rows(self, X):
        dense = self._noise(0, len(self)) if len(self) else np.empty((0, X.shape[1]))
        return type(X)(dense + X[self.base].toarray(), dtype=X.dtype)
