"""What selectors and resamplers share: parameter checks, `fit_resample`, tags."""

from __future__ import annotations

import inspect
import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from coreselect import _sklearn  # noqa: F401  # before classes with fit_resample
from coreselect._typing import Array, Checks, Column, Floats, Integers, RowsLike
from coreselect.base._memory import DataSize, Holds
from coreselect.base._tags import SamplerTags, SelectorTags, with_own_tags
from coreselect.rows import Rows, drop_columns
from coreselect.rows.frames import is_frame
from coreselect.selection import Selection


class DroppedWeightsWarning(UserWarning):
    """Rows were returned without their weights, which are not all equal."""


def set_features(estimator: Any, n_features: int, names: Any) -> None:
    """Set the attributes that scikit-learn keeps about the features of a fit."""
    estimator.n_features_in_ = n_features
    if names is not None:
        estimator.feature_names_in_ = np.asarray(names, dtype=object)
    elif hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_


class RowEstimator(BaseEstimator):
    """Base of `BaseSelector` and `BaseResampler`: rows go in, weighted rows come out.

    These write ``_resampled(X, y, sample_weight, **fit_params)``, which fits and
    returns the rows and their targets.
    """

    # The command line, the generated pages and the checks read these.
    cli_name: str
    passes: str
    cost: str
    use_when: str
    holds: Holds = Holds(per_row=64, whole=True, copies=32)
    selection_: Selection
    features_: Any
    sample_indices_: Integers
    sample_weight_: Floats
    n_features_in_: int
    feature_names_in_: Array
    parameter_checks: Checks = {}

    def __init_subclass__(cls, **kwargs):
        # Metadata that `fit` takes can be requested for `fit_resample`, too.
        names = list(inspect.signature(cls.fit).parameters)[3:]
        cls.__metadata_request__fit_resample = dict.fromkeys(names)
        super().__init_subclass__(**kwargs)

    def _holds(self, data: DataSize) -> Holds:
        """Return what a fit to data of this size holds, which parameters may change."""
        return self.holds

    @classmethod
    def examples(cls) -> list[Self]:
        """Return instances that the checks run on; small data suffice for them."""
        return [cls()]

    def fit(self, X: RowsLike, y: Column = None, sample_weight: Column = None) -> Self:
        """Learn from all rows and make a selection."""
        raise TypeError(f"{type(self).__name__} must define fit(X, y, sample_weight).")

    def fit_select(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        **fit_params: Any,
    ) -> Selection:
        """Fit and return what was selected; arguments are those of `fit`."""
        return self.fit(X, y, sample_weight, **fit_params).selection_

    def fit_resample(
        self, X: RowsLike, y: Any, sample_weight: Column = None, **fit_params: Any
    ) -> tuple[Any, Any]:
        """Fit and return the rows, as imbalanced-learn's samplers do.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        **fit_params
            Further arguments of `fit`.

        Returns
        -------
        X_resampled, y_resampled
            In containers of the kind that was passed, without the columns of X that
            were named as `y`, ``sample_weight`` or another argument of `fit`. The
            weights are in ``sample_weight_``; if they are not all equal, a
            `DroppedWeightsWarning` says so.
        """
        roles = (y, sample_weight, fit_params.get("groups"), fit_params.get("cost"))
        named = [name for name in roles if isinstance(name, str)]
        named += X.named if isinstance(X, Rows) else []
        rows, targets = self._resampled(X, y, sample_weight, **fit_params)
        weights = self.sample_weight_
        if len(weights) and np.ptp(weights) > 1e-9 * weights.max():
            warnings.warn(
                "fit_resample returns rows without their weights, which differ here "
                f"({weights.min():.3g} to {weights.max():.3g}): they are in "
                "sample_weight_, in the order of the rows. Pass them to what is fitted "
                "next, or use CoresetEstimator, which does so.",
                DroppedWeightsWarning,
                stacklevel=2,
            )
        # Arrays of a npz file that were named as targets or weights are not part of X.
        return (drop_columns(rows, named) if is_frame(rows) else rows), targets

    def _check_parameters(self):
        for name, check in self.parameter_checks.items():
            check(name, getattr(self, name))

    def _selector_tags(self):
        return SelectorTags()

    def _sampler_tags(self):
        return SamplerTags()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        return with_own_tags(tags, self._selector_tags(), self._sampler_tags())
