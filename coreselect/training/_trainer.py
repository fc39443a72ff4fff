"""Training in rounds: an estimator with `partial_fit` on a fresh subset each round."""

from __future__ import annotations

import inspect
import time
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from coreselect._inner import InnerMixin, delegated, inner_has
from coreselect._random import LEARN, draw_seed, stream
from coreselect._sklearn import CallbackSupportMixin, with_callbacks
from coreselect._typing import Column, RowsLike
from coreselect._validation import Boolean, Integer, Real
from coreselect.rows import count_rows, take_rows
from coreselect.training._targets import classes_for, is_wide, take, unusual, with_rows


def _delegated(name, summary):
    rows = "array-like or sparse matrix of shape (n_rows, n_features)"
    return delegated("RepeatedSubsetTrainer", name, summary, rows)


class RepeatedSubsetTrainer(
    InnerMixin, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator
):
    """Train an estimator in rounds, each on a fresh subset of the rows.

    In round t the estimator's `partial_fit` sees the rows of ``sampler.round(t)``,
    batch by batch.

    Parameters
    ----------
    estimator : estimator with `partial_fit`
        A clone of it is trained: SGDClassifier, MLPClassifier, naive Bayes,
        MiniBatchKMeans.
    sampler : RS2
        A clone of it is fitted to the rows to train on.
    n_rounds : int
        Rounds in all, including those before a resumption.
    batch_size : int
        Rows per call of `partial_fit`; a round with fewer rows is one batch.
    validation_fraction : float, default=0.0
        Share of the rows, in [0, 1), that is held out; the estimator's `score` on them
        is taken after every round. For classifiers, the shares of the classes are kept.
    target_score : float or None, default=None
        Training stops after the first round with at least this score.

    Attributes
    ----------
    estimator_ : estimator
        The trained estimator.
    sampler_ : RS2
        The fitted sampler. Its row numbers count the rows that are not held out.
    history_ : list of dict
        One per round: ``round``, ``n_seen`` (rows so far, including repeats),
        ``seconds`` (of sampling and training so far, without scoring), ``score`` (None
        without rows to score).
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.
    classes_ : ndarray
        For classifiers.

    Raises
    ------
    TypeError
        If `estimator` has no `partial_fit`, or `sampler` no `round`.
    ValueError
        If a parameter is out of range, `target_score` comes without rows to score, or
        training is resumed with other data or another `validation_fraction`.

    See Also
    --------
    RS2 : What the rounds are, and when they help.
    schedule_length : The number of steps, for the learning-rate schedule.

    Notes
    -----
    Time and memory are those of `partial_fit` on ``n_rounds * n_select`` rows. Set a
    constant or inverse-scaling learning rate for that many rows; most rates for full
    epochs are too small for few steps.

    ``fit(X, y, resume=True)`` with the same data continues an interrupted fit from the
    next batch, also after pickling, and a finished one if `n_rounds` has been raised.
    The result is that of an uninterrupted fit.

    With scikit-learn 1.9 or newer, ``set_callbacks(ProgressBar())`` shows the rounds; a
    callback may end the training.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from coreselect import RS2, RepeatedSubsetTrainer
    >>> X, y = load_digits(return_X_y=True)
    >>> trainer = RepeatedSubsetTrainer(
    ...     MultinomialNB(), RS2(0.1, random_state=0), n_rounds=5, batch_size=64
    ... ).fit(X, y)
    >>> [entry["n_seen"] for entry in trainer.history_]
    [180, 360, 540, 720, 900]
    >>> bool(trainer.score(X, y) > 0.85)
    True
    """

    def __init__(
        self,
        estimator: Any,
        sampler: Any,
        *,
        n_rounds: int,
        batch_size: int,
        validation_fraction: float = 0.0,
        target_score: float | None = None,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.n_rounds = n_rounds
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.target_score = target_score

    @with_callbacks
    def fit(self, X: RowsLike, y: Column = None, *, resume: bool = False) -> Self:
        """Train for the rounds that are still to come.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or None
        resume : bool, default=False
            Whether to continue where the last fit stopped, with the same data and with
            the estimator and sampler that were set when it began. Without an earlier
            fit, training starts from the beginning.

        Returns
        -------
        self
        """
        self._check_parameters()
        Boolean()("resume", resume)
        X, y = with_rows(X, "X"), with_rows(y, "y")
        keywords = self._keywords(y)
        if not (resume and hasattr(self, "history_")):
            self._begin(X, y)
        else:
            self._check_resumable(X, y)
        missing = max(0, self.n_rounds - len(self.history_))
        task = self._init_callback_context(max_subtasks=missing)
        task.call_on_fit_task_begin(estimator=self, X=X, y=y)
        # The split depends only on its seed, so training resumes with the same split.
        train, held_out = self._split(y, self._n_rows, self._split_seed)
        validation = None
        if held_out is not None:
            validation = take_rows(X, held_out), take(y, held_out)
        while len(self.history_) < self.n_rounds and not self._reached():
            part = task.subcontext(task_name="round")
            part.call_on_fit_task_begin(estimator=self, X=X, y=y)
            self._round(X, y, train, keywords)
            self._record(validation)
            if part.call_on_fit_task_end(
                estimator=self, X=X, y=y, reconstruction_attributes=self._fitted
            ):
                break
        task.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes=self._fitted
        )
        return self

    _seen_by = "sampler_"

    predict = _delegated("predict", "Predict a class, a value or a cluster for rows.")
    predict_proba = _delegated("predict_proba", "Predict class probabilities.")
    predict_log_proba = _delegated("predict_log_proba", "Predict their logarithms.")
    decision_function = _delegated("decision_function", "Score rows for each class.")
    transform = _delegated("transform", "Transform rows.")

    @available_if(inner_has("transform"))
    def fit_transform(self, X: RowsLike, y: Column = None) -> Any:
        """Train, then transform all rows; parameters are those of `fit`."""
        return self.fit(X, y).transform(X)

    @available_if(inner_has("score"))
    def score(
        self, X: RowsLike, y: Column = None, sample_weight: Column = None
    ) -> float:
        """Score the trained estimator on any rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or None
        sample_weight : array-like of shape (n_rows,) or None

        Returns
        -------
        float
        """
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._call("score", X, y, **weights)

    def _call(self, name, *data, **params):
        check_is_fitted(self)
        return getattr(self.estimator_, name)(*data, **params)

    def _check_parameters(self):
        for name in ("estimator", "sampler"):
            if isinstance(value := getattr(self, name), type):
                raise TypeError(
                    f"{name} must be an object, got the class {value.__name__}; write "
                    f"{value.__name__}(...)."
                )
        if not hasattr(self.estimator, "partial_fit"):
            raise TypeError(
                f"estimator {type(self.estimator).__name__} has no partial_fit, so it "
                "cannot be trained in rounds; use one that has, such as SGDClassifier, "
                "or CoresetEstimator with one selection."
            )
        if not (hasattr(self.sampler, "fit") and hasattr(self.sampler, "round")):
            raise TypeError(
                f"sampler must have fit and round, as RS2 has, got {self.sampler!r}; "
                "the order is RepeatedSubsetTrainer(estimator, sampler)."
            )
        Integer(1)("n_rounds", self.n_rounds)
        Integer(1)("batch_size", self.batch_size)
        Real(0)("validation_fraction", self.validation_fraction)
        if self.validation_fraction >= 1:
            raise ValueError(
                "validation_fraction must be below 1, got "
                f"{self.validation_fraction}: rows are needed to train on."
            )
        if self.target_score is not None:
            Real()("target_score", self.target_score)
            if self.validation_fraction == 0:
                raise ValueError(
                    f"target_score={self.target_score} needs rows to score: set "
                    "validation_fraction above 0."
                )

    def _check_resumable(self, X, y):
        """Raise unless data and held-out rows may be those that training began with."""
        for name, data in (("X", X), ("y", y)):
            if data is not None and count_rows(data) != self._n_rows:
                raise ValueError(
                    f"{name} has {count_rows(data)} rows, but training began with "
                    f"{self._n_rows}: resume=True needs the same data. Use "
                    "resume=False to begin anew."
                )
        if self.validation_fraction != self._validation_fraction:
            raise ValueError(
                f"validation_fraction is {self.validation_fraction}, but training "
                f"began with {self._validation_fraction}: other rows would be held "
                "out. Use resume=False to begin anew."
            )

    def _keywords(self, y):
        """Return what `partial_fit` gets beside rows and targets."""
        if y is None and get_tags(self.estimator).target_tags.required:
            raise ValueError(
                f"{type(self.estimator).__name__} requires y to be passed, but the "
                "target y is None."
            )
        accepted = inspect.signature(self.estimator.partial_fit).parameters
        if "classes" in accepted and y is not None:
            return {"classes": classes_for(self.estimator, y)}
        return {}

    def _begin(self, X, y):
        """Fit the sampler and forget all earlier training."""
        start = time.perf_counter()
        estimator, sampler = clone(self.estimator), clone(self.sampler)
        n_rows = count_rows(X)
        # Of a clone, as a RandomState moves on when a seed is drawn from it.
        split_seed = draw_seed(clone(sampler).random_state)
        train, _ = self._split(y, n_rows, split_seed)
        data = (X, y) if train is None else (take_rows(X, train), take(y, train))
        sampler = sampler.fit(*data)
        if len(sampler.round(0)) == 0:
            raise ValueError(
                f"sampler {self.sampler!r} makes empty rounds; use a larger n_select."
            )
        # Only now, so that the last training can still continue if this one fails to
        # begin.
        self.estimator_, self.sampler_ = estimator, sampler
        self._n_rows, self._split_seed = n_rows, split_seed
        self._validation_fraction = self.validation_fraction
        self.history_ = []
        self._n_seen = 0  # rows of whole batches, in all rounds
        self._n_done = 0  # those of the current round
        self._seconds = time.perf_counter() - start

    def _split(self, y, n_rows, split_seed):
        """Return the rows to train on and those held out; None, None for all."""
        if self.validation_fraction == 0:
            return None, None
        classes = None
        if y is not None and is_classifier(self.estimator) and not is_wide(y):
            counts = np.unique(y, return_counts=True)[1]
            n_held_out = n_rows * self.validation_fraction
            # scikit-learn stratifies only if each class can be in both parts.
            if counts.min() > 1 and n_held_out >= len(counts):
                classes = y
        seed = stream(split_seed, LEARN).integers(2**32)
        train, held_out = train_test_split(
            np.arange(n_rows),
            test_size=self.validation_fraction,
            random_state=int(seed),
            stratify=classes,
        )
        return np.sort(train), np.sort(held_out)

    def _round(self, X, y, train, keywords):
        """Train on the rows of the current round that are still to come."""
        start = time.perf_counter()
        rows = self.sampler_.round(len(self.history_))
        if train is not None:
            rows = train[rows]
        while self._n_done < len(rows):
            batch = rows[self._n_done : self._n_done + self.batch_size]
            targets = () if y is None else (take_rows(y, batch),)
            try:
                self.estimator_.partial_fit(take_rows(X, batch), *targets, **keywords)
            except ValueError as error:
                if not (reason := unusual(y)):
                    raise
                name = type(self.estimator_).__name__
                raise ValueError(f"{name}: {error} ({reason})") from error
            # Counted after each batch, so that an interrupted round can continue.
            self._n_done += len(batch)
            self._n_seen += len(batch)
            now = time.perf_counter()
            self._seconds += now - start
            start = now

    def _record(self, validation):
        """Close the current round."""
        score = None
        if validation is not None:
            score = float(self.estimator_.score(*validation))
        entry = {
            "round": len(self.history_),
            "n_seen": self._n_seen,
            "seconds": self._seconds,
            "score": score,
        }
        self._n_done = 0
        self.history_.append(entry)

    def _reached(self):
        """Return whether the last round has reached the target."""
        if self.target_score is None or not self.history_:
            return False
        score = self.history_[-1]["score"]
        return score is not None and score >= self.target_score

    def _fitted(self):
        """Return what a callback needs to make a copy that can predict."""
        return {"estimator_": self.estimator_, "sampler_": self.sampler_}
