"""The base of all resamplers: it opens rows, asks the method, and sets attributes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils import InputTags, TargetTags
from sklearn.utils.validation import check_is_fitted

from coreselect._threads import threads_for
from coreselect._typing import CleaningStrategy, Column, RowsLike, Strategy
from coreselect._validation import Integer, OneOf, OrNone, as_array, check_target
from coreselect.base import (
    RowEstimator,
    SamplerTags,
    SelectorTags,
    set_features,
)
from coreselect.imbalance._base.data import LabelledRows, check_labels
from coreselect.imbalance._base.draws import OwnDraws
from coreselect.imbalance._base.imblearn_draws import ImblearnDraws
from coreselect.imbalance._base.parameters import (
    InvalidParameterError,
    Neighbors,
    as_scikit_learn,
)
from coreselect.imbalance._base.strategy import OVER, check_strategy, resolve_strategy
from coreselect.rows import open as open_rows
from coreselect.rows import take_rows
from coreselect.rows.columns import refuse_columns
from coreselect.rows.frames import is_frame
from coreselect.selection import Record, Selection, Synthesis, build, recorded

PROTOCOLS = {"coreselect": OwnDraws, "imblearn": ImblearnDraws}
# Checks of constructor parameters that mean the same in all resamplers.
_CHECKS = {
    "sampling_strategy": check_strategy,
    "k_neighbors": Neighbors(),
    "m_neighbors": Neighbors(),
    "n_neighbors": Neighbors(),
    "n_jobs": OrNone(Integer()),
    "weights": OneOf("ones", "prior"),
    "protocol": OneOf(*PROTOCOLS),
}


class Resampled(NamedTuple):
    """A result of `_resample` whose rows have an order of their own.

    Attributes
    ----------
    selection : Selection or Synthesis
    order : ndarray of int64 or None
        The order of `fit_resample`: for a `Selection` the row numbers, which may
        repeat; for a `Synthesis` positions among its rows. None: ascending.
    """

    selection: Any
    order: Any = None


@dataclass(slots=True)
class _InputTags(InputTags):
    dataframe: bool = True


class BaseResampler(OneToOneFeatureMixin, RowEstimator):
    """Base of methods that make or drop rows to change the shares of the classes.

    Subclass `OverSampler`, `UnderSampler` or `CleaningSampler`. For a method that both
    makes and drops rows, subclass this class and write ``_resample(data, draws)``.

    Parameters
    ----------
    sampling_strategy : str, float, dict, list or callable
        Which classes change, and how many rows they get.
    """

    passes = "1 (all rows in memory)"

    _sampling_type = OVER
    _estimator_type = "sampler"  # imbalanced-learn looks for this
    _numeric = True  # features must be finite numbers
    _strings = False
    _allow_nan = False
    _gives_indices = False  # whether `sample_indices_` is set
    _exact: tuple = ()  # protocols whose class totals are what the strategy says
    _keeps_index = False  # whether pandas frames keep theirs under each protocol

    def __init__(
        self, *, sampling_strategy: Strategy | CleaningStrategy = "auto"
    ) -> None:
        self.sampling_strategy = sampling_strategy

    def __init_subclass__(cls, **kwargs):
        # A class names the checks of its own parameters; others are known already.
        super().__init_subclass__(**kwargs)
        known = {**_CHECKS, **super(cls, cls).parameter_checks}
        known |= vars(cls).get("parameter_checks", {})
        names = inspect.signature(cls.__init__).parameters
        cls.parameter_checks = {name: known[name] for name in names if name in known}

    selection_: Any  # a Selection or a Synthesis

    if TYPE_CHECKING:

        def fit_select(self, *args: Any, **fit_params: Any) -> Any: ...

    # --- verbs ---

    def fit(self, X: RowsLike, y: Column = None, sample_weight: Column = None) -> Self:
        """Learn from the rows, and decide which to keep and how to make new ones.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes.
        y : array-like of shape (n_rows,) or (n_rows, n_classes), or str
            Labels, one-hot labels, or the column of a file or frame that holds labels;
            None only if X is opened `Rows` that hold them.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are as if they were not there.

        Returns
        -------
        self
            With `selection_`.
        """
        self._check_parameters()
        self._fit(self._open(X, y, sample_weight))
        return self

    def select(self) -> Selection | Synthesis:
        """Return what `fit` decided.

        Returns
        -------
        Selection or Synthesis
            A `Synthesis` if rows are made, else a `Selection`.
        """
        check_is_fitted(self, "selection_")
        return self.selection_

    def _resampled(self, X, y, sample_weight):
        self._check_parameters()
        opened = self._open(X, y, sample_weight)
        order = self._fit(opened)
        named = y if isinstance(y, str) else None
        y = opened.y if y is None or named else y
        # A column vector comes back as imbalanced-learn returns it: one-dimensional.
        if isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] == 1:
            y = y.ravel()
        result = self.selection_
        if isinstance(result, Selection):
            rows, labels = opened.take(order), take_rows(y, order)
        else:
            # Columns of labels and weights are not features: they are copied by name.
            rows = build(
                X, result.indices, result.parts,
                copied=opened.named, truncate=result.truncate,
            )  # fmt: skip
            labels = result.take_labels(y)
            if order is not None:
                rows, labels = take_rows(rows, order), take_rows(labels, order)
        if not self._keeps_index:
            relabelled = self._protocol().relabelled
            rows, labels = relabelled(rows), relabelled(labels)
        return rows, rows[named] if named and is_frame(rows) else labels

    # --- what `fit` does ---

    def _open(self, X, y, sample_weight):
        """Open what was given as `Rows` with labels."""
        how = {"numeric": self._numeric, "keep_sparse": True}
        try:
            rows = open_rows(X, y, sample_weight, **how)
        except ValueError:
            if not (y is None or isinstance(y, str)):
                # Wrong labels are said before wrong lengths.
                labels = as_array(y, "y")
                check_labels(check_target(labels, len(np.atleast_1d(labels))))
            raise
        if rows.y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        return rows

    def _fit(self, rows):
        """Do what every `fit` does; return the order of `fit_resample`, or None."""
        data = LabelledRows(rows)
        data.keep_to_budget(self)
        if self._numeric:  # refuse NaN and infinity, also where no row is made
            data.X if self.holds.whole else data.check_finite()
        set_features(self, data.n_features, data.feature_names)
        self.sampling_strategy_ = resolve_strategy(
            self.sampling_strategy,
            data.y,
            self._sampling_type,
            truncate=self._protocol().truncates,
            counts=dict(
                zip(data.classes, np.bincount(data.codes).tolist(), strict=True)
            ),
        )
        draws = self._protocol()(getattr(self, "random_state", None))
        with threads_for(data, pairs=True):
            found = self._resample(data, draws)
        if not isinstance(found, Resampled):
            found = Resampled(found)
        if not isinstance(found[0], Selection):  # new rows need a value in each column
            refuse_columns(rows.left_out, rows.name)
        return self._finish(found, data)

    def _check_parameters(self):
        try:
            super()._check_parameters()
            if hasattr(self, "random_state"):
                self._protocol().check_random_state(self.random_state)
        except (TypeError, ValueError) as error:
            message = as_scikit_learn(str(error), type(self).__name__)
            raise InvalidParameterError(message) from error

    def _finish(self, found, data):
        """Set the fitted attributes, with row numbers among all rows."""
        result, order = found
        if isinstance(result, Selection):
            # A row that comes back several times shares its weight among its copies.
            order = result.indices if order is None else np.asarray(order, np.int64)
            weights = np.zeros(data.n_rows)
            weights[result.indices] = result.weights
            hits = np.bincount(order, minlength=data.n_rows)
            weights = weights[order] / hits[order]
            if data.kept is not None:
                order = data.kept[order]
                result = Selection(
                    data.kept[result.indices], result.weights, data.n_total
                )
            indices = order
        else:
            weights = result.weights if order is None else result.weights[order]
            if data.kept is not None:
                result = result.renumber(data.kept, data.n_total)
            indices = np.concatenate([result.indices, result.base])
            indices = indices if order is None else indices[order]
        self.selection_ = recorded(result, Record.of(self, data.weight is not None))
        self.sample_weight_ = np.array(weights, dtype=np.float64)
        if self._gives_indices:
            self.sample_indices_ = indices
        return order

    def _protocol(self):
        """Return the class whose random numbers, rounding and order are followed."""
        return PROTOCOLS[getattr(self, "protocol", "coreselect")]

    # --- what a subclass fills in ---

    def _resample(self, data: Any, draws: Any) -> Any:
        """Return a `Selection` or `Synthesis` in the row numbers of `data`.

        It draws random numbers by the methods of `draws` only. Where `fit_resample` has
        an order of its own, it returns a `Resampled`.
        """
        raise TypeError(f"{type(self).__name__} must define _resample(data, draws).")

    def _selector_tags(self):
        exact = getattr(self, "protocol", "coreselect") in self._exact
        reads = self._reads_features()
        return SelectorTags(unbiased=False, exact_size=exact, reads_features=reads)

    def _reads_features(self):
        return True

    def _sampler_tags(self):
        return SamplerTags(sample_indices=self._gives_indices)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "sampler"
        tags.target_tags = TargetTags(required=True)
        tags.transformer_tags = None
        tags.input_tags = _InputTags(
            sparse=True, string=self._strings, allow_nan=self._allow_nan
        )
        return tags
