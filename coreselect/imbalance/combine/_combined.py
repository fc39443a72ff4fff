"""New rows from SMOTE, then cleaning of all rows."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from coreselect._validation import Integer, OrNone
from coreselect.imbalance._base import PROTOCOL, BaseResampler, OverSampler, Resampled
from coreselect.imbalance.over.smote import SMOTE


@dataclass(frozen=True)
class Sampler:
    """A constructor parameter: a sampler of a kind."""

    kind: type
    example: str

    def __call__(self, name, value):
        if not isinstance(value, self.kind):
            raise TypeError(
                f"{name} must be a sampler of coreselect such as {self.example}(), got "
                f"{value!r}."
            )


class CombinedResampler(BaseResampler):
    """Base of methods that make rows and then drop some of all.

    Subclasses have a parameter that holds the cleaning method, and give its name and
    class.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As of `SMOTE`.
    random_state : None, int, RandomState or Generator
    smote : OverSampler, optional
    n_jobs : int, optional
    protocol : {"coreselect", "imblearn"}
    """

    parameter_checks = {
        **BaseResampler.parameter_checks,
        "smote": OrNone(Sampler(OverSampler, "SMOTE")),
        "n_jobs": OrNone(Integer()),
        "protocol": PROTOCOL,
    }
    _cleaner: str  # name of the parameter
    _cleaner_class: type

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        random_state=None,
        smote=None,
        n_jobs=None,
        protocol="coreselect",
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.smote = smote
        self.n_jobs = n_jobs
        self.protocol = protocol

    def _validate_estimator(self):
        """Set the two samplers; imbalanced-learn's tests call it by this name."""
        cleaner = getattr(self, self._cleaner)
        if cleaner is None:
            cleaner = self._cleaner_class(sampling_strategy="all", n_jobs=self.n_jobs)
        if self.smote is None:  # not cloned: it moves the user's RandomState
            self.smote_ = SMOTE(
                sampling_strategy=self.sampling_strategy,
                random_state=self.random_state,
                protocol=self.protocol,
            )
        else:
            self.smote_ = clone(self.smote)
        setattr(self, f"{self._cleaner}_", clone(cleaner))

    def _resample(self, data, draws):
        self._validate_estimator()
        made = self.smote_.fit(data.X, data.y, data.weight).selection_
        cleaner = getattr(self, f"{self._cleaner}_")
        rows, labels = made.take(data.X, data.y)
        rows = draws.before_cleaning(rows, data.integral, made.truncate)
        order = cleaner.fit(rows, labels).sample_indices_
        mask = np.zeros(len(made), dtype=bool)
        mask[order] = True
        return Resampled(made.keep(mask), (np.cumsum(mask) - 1)[order])
