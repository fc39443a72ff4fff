"""Base of methods that make new rows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from coreselect._typing import Seed, Strategy
from coreselect.imbalance._base.resampler import BaseResampler
from coreselect.imbalance._base.strategy import OVER
from coreselect.selection import Synthesis, merge_parts


class OverSampler(BaseResampler):
    """Base of methods that add rows to classes.

    Subclasses write ``_new_rows(data, label, rows, n_new, draws)``, which returns a
    list of parts with `n_new` new rows in all; only under protocol "imblearn" may there
    be another number. `rows` are the numbers of the rows of the class in `data`, and
    `draws` draws random numbers for it.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        Which classes get new rows, and how many.
    random_state : None, int, RandomState or Generator
    protocol : {"coreselect", "imblearn"}
        Whose random numbers, rounding and order are followed.
    """

    _sampling_type = OVER
    _exact = ("coreselect",)
    _temporary: tuple = ()  # attributes as large as the data, which are not kept

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.protocol = protocol

    def _new_rows(
        self, data: Any, label: Any, rows: Any, n_new: int, draws: Any
    ) -> Any:
        """Return a list of parts with `n_new` rows of class `label` in all."""
        raise TypeError(
            f"{type(self).__name__} must define _new_rows(data, label, rows, n_new, "
            "draws)."
        )

    def _resample(self, data, draws):
        try:
            return self._synthesis(data, draws)
        finally:
            for name in self._temporary:
                self.__dict__.pop(name, None)

    def _synthesis(self, data, draws):
        """Ask the method for new rows of every class that gets some."""
        self._begin(data, draws)
        parts, labels = [], []
        for label, n_new in self.sampling_strategy_.items():
            if n_new == 0:
                continue
            code = data.code_of(label)
            rows, own = data.rows_of(label), draws.of_class(code)
            made = self._new_rows(data, label, rows, n_new, own)
            parts += [part for part in made if len(part)]
            labels.append(np.repeat(data.classes[[code]], sum(map(len, made))))
        parts = merge_parts(parts)
        return Synthesis(
            np.arange(data.n_rows),
            parts,
            np.concatenate([data.classes[:0], *labels]),
            data.n_rows,
            _weights(data, parts),
            truncate=draws.truncates,
        )

    def _begin(self, data, draws):
        """Do what comes before the first class."""


def _weights(data, parts):
    """Return the weights of all rows, then those of new rows, interpolated alike."""
    if data.weight is None:
        return np.ones(data.n_rows + sum(map(len, parts)))
    found = [data.weight]
    for part in parts:
        own = data.weight[part.base]
        neighbor, step = part.direction()
        # Beyond its base (SVMSMOTE), a new row has the weight of its base; a copy has
        # no step.
        share = np.clip(np.nan_to_num(step), 0.0, 1.0)
        found.append((1 - share) * own + share * data.weight[neighbor])
    return np.concatenate(found)
