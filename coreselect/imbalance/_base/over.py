"""Base of methods that make rows."""

import numpy as np

from coreselect._validation import OneOf
from coreselect.base import SelectorTags
from coreselect.imbalance._base.resampler import BaseResampler
from coreselect.imbalance._base.strategy import OVER
from coreselect.selection import Synthesis, merge_parts

PROTOCOL = OneOf("coreselect", "imblearn")


class OverSampler(BaseResampler):
    """Base of methods that add rows to classes.

    Subclasses write ``_new_rows(data, label, rows, n_new)``: a list of parts with
    `n_new` new rows in all (another number under protocol "imblearn" only), made from
    rows of `data`; `rows` are the numbers of the rows of the class.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        Which classes, and how many rows they shall have.
    random_state : None, int, RandomState or Generator
    protocol : {"coreselect", "imblearn"}
        Whose random numbers, rounding and order.
    """

    parameter_checks = {
        **BaseResampler.parameter_checks,
        "protocol": PROTOCOL,
    }
    _sampling_type = OVER
    _exact = True

    def __init__(
        self, *, sampling_strategy="auto", random_state=None, protocol="coreselect"
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.protocol = protocol

    def _new_rows(self, data, label, rows, n_new):
        """Return a list of parts with `n_new` rows of class `label` in all."""
        raise TypeError(
            f"{type(self).__name__} must define _new_rows(data, label, rows, n_new)."
        )

    def _resample(self, data):
        self._begin(data)
        parts, labels = [], []
        for label, n_new in self.sampling_strategy_.items():
            if n_new == 0:
                continue
            made = self._new_rows(data, label, data.rows_of(label), n_new)
            parts += [part for part in made if len(part)]
            n_made = sum(map(len, made))
            labels.append(np.repeat(data.classes[[data.code_of(label)]], n_made))
        parts = merge_parts(parts)
        return Synthesis(
            np.arange(data.n_rows),
            parts,
            np.concatenate([data.classes[:0], *labels]),
            data.n_rows,
            _weights(data, parts),
            truncate=self._is_imblearn(),
        )

    def _begin(self, data):
        """Do what comes before the first class."""

    def _selector_tags(self):
        exact = self._exact and not self._is_imblearn()
        return SelectorTags(unbiased=False, exact_size=exact)


def _weights(data, parts):
    """Return the weights of all rows and of the new ones.

    A new row weighs what its base and its neighbour do, each by how near it is.
    """
    if data.weight is None:
        return np.ones(data.n_rows + sum(map(len, parts)))
    found = [data.weight]
    for part in parts:
        own = data.weight[part.base]
        neighbor, step = part.direction()
        share = np.clip(np.nan_to_num(step), 0.0, 1.0)
        found.append((1 - share) * own + share * data.weight[neighbor])
    return np.concatenate(found)
