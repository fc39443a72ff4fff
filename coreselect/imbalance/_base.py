"""What all resamplers share: checks, strategies, weights, randomness, verbs, tags."""

import numbers
import re
import warnings
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import InputTags, Tags, TargetTags, check_random_state
from sklearn.utils.validation import check_is_fitted

from coreselect._random import DRAW, draw_seed, stream
from coreselect._validation import OneOf
from coreselect.base import DroppedWeightsWarning, SamplerTags, SelectorTags
from coreselect.imbalance._data import open_data
from coreselect.imbalance._strategy import (
    CLEAN,
    OVER,
    UNDER,
    check_strategy,
    resolve_strategy,
)
from coreselect.rows import drop_columns, take_rows
from coreselect.selection import Selection, Synthesis
from coreselect.selection._build import build, column_of

PROTOCOL = OneOf("coreselect", "imblearn")
WEIGHTS = OneOf("ones", "prior")


class Outcome(NamedTuple):
    """What `_resample` returns where `fit_resample` has an order of its own.

    Attributes
    ----------
    result : Selection or Synthesis
    order : ndarray of int64
        Of a selection the row numbers, which may repeat, in the order of
        `fit_resample`; of a synthesis, positions among its rows.
    """

    result: Any
    order: Any = None


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter cannot be what it is."""


def _check_random_state(name, value, *, legacy):
    """Raise unless `value` is a random state; of imbalanced-learn's, no Generator."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    kinds = (np.random.RandomState, *(() if legacy else (np.random.Generator,)))
    if value is None or isinstance(value, kinds) or (whole and value >= 0):
        return
    names = "a RandomState" if legacy else "a RandomState, a Generator"
    raise ValueError(
        f"{name} must be None, an int of at least 0 or {names}, got {value!r}."
    )


def _as_scikit_learn(message, name, owner):
    """Return a message in the words that users of imbalanced-learn may look for."""
    found = re.fullmatch(f"{name} must be (.*), got (.*)\\.", message, flags=re.DOTALL)
    if found is None:
        return message
    wanted, value = found.groups()
    return f"The '{name}' parameter of {owner} must be {wanted}. Got {value} instead."


@dataclass(slots=True)
class _InputTags(InputTags):
    dataframe: bool = True


@dataclass(slots=True)
class _Tags(Tags):
    selector_tags: SelectorTags | None = None
    sampler_tags: SamplerTags | None = None


class BaseResampler(OneToOneFeatureMixin, BaseEstimator):
    """Change the shares of the classes: rows with labels go in, others come out.

    Subclass `OverSampler`, `UnderSampler` or `CleaningSampler`, or this class for a
    method that both makes and drops rows, and write ``_resample(data)``.

    Parameters
    ----------
    sampling_strategy : str, float, dict, list or callable
        Which classes, and how many rows of them.
    """

    # What the command line, the generated pages and the checks say of a class.
    cli_name: ClassVar[str]
    passes: ClassVar[str]
    cost: ClassVar[str]
    use_when: ClassVar[str]
    parameter_checks: ClassVar[dict] = {"sampling_strategy": check_strategy}

    _sampling_type: ClassVar[str] = OVER
    _estimator_type: ClassVar[str] = "sampler"  # what imbalanced-learn looks for
    _numeric: ClassVar[bool] = True  # features must be finite numbers
    _sparse: ClassVar[bool] = True
    _strings: ClassVar[bool] = False
    _allow_nan: ClassVar[bool] = False
    _gives_indices: ClassVar[bool] = False  # whether `sample_indices_` is set
    _exact: ClassVar[bool] = False  # class totals are what the strategy says
    _keeps_index: ClassVar[bool] = False  # under protocol imblearn, of pandas frames

    def __init__(self, *, sampling_strategy="auto"):
        self.sampling_strategy = sampling_strategy

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [cls()]

    # --- verbs ---

    def fit(self, X, y=None, sample_weight=None):
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
        self._fit(X, y, sample_weight)
        return self

    def select(self):
        """Return what `fit` decided.

        Returns
        -------
        Selection or Synthesis
            A `Synthesis` if rows are made, else a `Selection`.
        """
        check_is_fitted(self, "selection_")
        return self.selection_

    def fit_select(self, X, y=None, sample_weight=None):
        """Fit and return the selection or synthesis; arguments are those of `fit`."""
        return self.fit(X, y, sample_weight).selection_

    def fit_resample(self, X, y, sample_weight=None):
        """Fit and return the rows, as imbalanced-learn's samplers do.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        X_resampled, y_resampled
            In the containers that came in; columns of X that were named as `y` or
            ``sample_weight`` are left out of it. Weights do not fit in here: they are
            in ``sample_weight_``, and a `DroppedWeightsWarning` says so if they are
            unequal.
        """
        order = self._fit(X, y, sample_weight)
        weights = self.sample_weight_
        if len(weights) and np.ptp(weights) > 1e-9 * weights.max():
            warnings.warn(
                f"fit_resample returns rows without their weights, which differ here "
                f"({weights.min():.3g} to {weights.max():.3g}): they are in "
                "sample_weight_, in the order of the rows; pass them to what is fitted "
                "next.",
                DroppedWeightsWarning,
                stacklevel=2,
            )
        made = self._take(X, y, order)
        roles = [name for name in (y, sample_weight) if isinstance(name, str)]
        labels = column_of(made[0], y) if isinstance(y, str) else made[1]
        return drop_columns(made[0], roles), labels

    def _take(self, X, y, order):
        """Return the rows of X and y in the order of `fit_resample`."""
        result = self.selection_
        named = isinstance(y, str)
        if isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] == 1:
            y = y.ravel()
        if isinstance(result, Selection):
            rows = take_rows(X, order)
            labels = None if named else take_rows(y, order)
        else:
            # The column of labels is copied by name; weights are no features either.
            rows = build(
                X, result.indices, result.parts,
                copied=self._roles, truncate=result.truncate,
            )  # fmt: skip
            labels = None if named else result.take_labels(y)
            if order is not None:
                rows = take_rows(rows, order)
                labels = None if named else take_rows(labels, order)
        if self._is_imblearn() and not self._keeps_index:
            rows, labels = _without_index(rows), _without_index(labels)
        return rows, labels

    # --- what `fit` does ---

    def _fit(self, X, y, sample_weight):
        """Do what every `fit` does; return the order of `fit_resample`, or None."""
        self._check_parameters()
        self._roles = [name for name in (y, sample_weight) if isinstance(name, str)]
        data = self._open(X, y, sample_weight)
        self.n_features_in_ = data.n_features
        if data.feature_names is not None:
            self.feature_names_in_ = np.asarray(data.feature_names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.sampling_strategy_ = resolve_strategy(
            self.sampling_strategy,
            data.y,
            self._sampling_type,
            truncate=self._is_imblearn(),
            counts=dict(
                zip(data.classes, np.bincount(data.codes).tolist(), strict=True)
            ),
        )
        if not self._is_imblearn():  # else the state of a RandomState would move
            self._seed = draw_seed(getattr(self, "random_state", None))
        outcome = self._resample(data)
        if not isinstance(outcome, Outcome):
            outcome = Outcome(outcome)
        return self._finish(outcome, data)

    def _open(self, X, y, sample_weight):
        """Check what was given; return it as `Data`."""
        return open_data(
            self, X, y, sample_weight, numeric=self._numeric, sparse_input=self._sparse
        )

    def _check_parameters(self):
        checks = dict(self.parameter_checks)
        if hasattr(self, "random_state"):
            legacy = self._is_imblearn()
            checks["random_state"] = partial(_check_random_state, legacy=legacy)
        for name, check in checks.items():
            value = getattr(self, name)
            try:
                check(name, value)
            except (TypeError, ValueError) as error:
                message = _as_scikit_learn(str(error), name, type(self).__name__)
                raise InvalidParameterError(message) from error

    def _finish(self, outcome, data):
        """Set the fitted attributes in the numbers of all rows."""
        result, order = outcome
        if isinstance(result, Selection):
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
        self.selection_ = result
        self.sample_weight_ = np.array(weights, dtype=np.float64)
        if self._gives_indices:
            self.sample_indices_ = indices
        return order

    def _is_imblearn(self):
        return getattr(self, "protocol", "coreselect") == "imblearn"

    def _stream(self, data, label):
        """Return the own random numbers of a class (protocol coreselect)."""
        return stream(self._seed, DRAW, data.code_of(label))

    def _legacy_random(self):
        """Return the `RandomState` that imbalanced-learn would use at this point."""
        return check_random_state(self._legacy_state())

    def _legacy_state(self):
        """Return `random_state`; of None a state of ours, not NumPy's global one."""
        if self.random_state is not None:
            return self.random_state
        return self.__dict__.setdefault("_own_random", np.random.RandomState())

    # --- what a subclass fills in ---

    def _resample(self, data):
        """Return a `Selection` or `Synthesis` in the row numbers of `data`.

        Or an `Outcome`, where the order of `fit_resample` is another one.
        """
        raise TypeError(f"{type(self).__name__} must define _resample(data).")

    def _selector_tags(self):
        return SelectorTags(unbiased=False, exact_size=self._exact)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inherited = {field.name: getattr(tags, field.name) for field in fields(tags)}
        given = {
            field.name: getattr(tags.input_tags, field.name)
            for field in fields(tags.input_tags)
        }
        inherited["input_tags"] = _InputTags(
            **given
            | {
                "sparse": self._sparse,
                "string": self._strings,
                "allow_nan": self._allow_nan,
            }
        )
        inherited["estimator_type"] = "sampler"
        inherited["target_tags"] = TargetTags(required=True)
        inherited["transformer_tags"] = None
        return _Tags(
            **inherited,
            selector_tags=self._selector_tags(),
            sampler_tags=SamplerTags(sample_indices=self._gives_indices),
        )


def _without_index(rows):
    """Return a pandas object with the default index; anything else as it is."""
    return rows.reset_index(drop=True) if hasattr(rows, "iloc") else rows


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

    parameter_checks: ClassVar[dict] = {
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
        neighbor, step = part.about()
        share = np.clip(np.nan_to_num(step), 0.0, 1.0)
        found.append((1 - share) * own + share * data.weight[neighbor])
    return np.concatenate(found)


class UnderSampler(BaseResampler):
    """Base of methods that keep some rows of classes.

    Subclasses write ``_kept_rows(data)``: numbers of the rows kept, of all classes, in
    imbalanced-learn's order; they may repeat.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        Which classes, and how many rows they shall have.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept, which undoes the change of class shares.
    """

    parameter_checks: ClassVar[dict] = {
        **BaseResampler.parameter_checks,
        "weights": WEIGHTS,
    }
    _sampling_type = UNDER
    _gives_indices = True

    def __init__(self, *, sampling_strategy="auto", weights="ones"):
        super().__init__(sampling_strategy=sampling_strategy)
        self.weights = weights

    def _kept_rows(self, data):
        """Return the numbers of the kept rows in imbalanced-learn's order."""
        raise TypeError(f"{type(self).__name__} must define _kept_rows(data).")

    def _resample(self, data):
        return self._selection(data, self._kept_rows(data))

    def _selection(self, data, order):
        """Return the outcome of keeping rows `order`, with the weights asked for."""
        order = np.asarray(order, dtype=np.int64)
        indices, hits = np.unique(order, return_counts=True)
        weights = data.weights_of(indices) * hits
        if self.weights == "prior":
            before = np.bincount(data.codes, minlength=len(data.classes))
            after = np.bincount(data.codes[order], minlength=len(data.classes))
            with np.errstate(divide="ignore"):
                weights = weights * (before / after)[data.codes[indices]]
        return Outcome(Selection(indices, weights, data.n_rows), order)


class CleaningSampler(UnderSampler):
    """Base of methods that drop rows of classes, however many that are.

    Subclasses write ``_kept_rows(data)``, as of `UnderSampler`; the keys of
    ``sampling_strategy_`` are the classes that rows are dropped from.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Which classes.
    weights : {"ones", "prior"}
        As of `UnderSampler`.
    """

    _sampling_type = CLEAN
