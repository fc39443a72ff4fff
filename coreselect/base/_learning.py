"""When selectors learn: in `fit`, or later if a fit had nothing to learn."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any

from sklearn.utils.validation import check_is_fitted

from coreselect._random import LEARN, stream
from coreselect._threads import threads_for
from coreselect.base._estimator import RowEstimator
from coreselect.base._fitted import AsFitted
from coreselect.base._outside import count_outside

_LATE = RLock()  # held while a selector learns after its fit


class LateLearner(RowEstimator):
    """Base of selectors, which learn as soon as something needs what is learned.

    Until then, ``_unlearned`` holds the rows, and further data of the method.
    """

    _fitted: AsFitted
    _state: Any
    _unlearned: Any

    def _forget(self):
        """Remove what an earlier fit learned and set."""
        for name in list(vars(self)):
            learned = name in ("_state", "_unlearned")
            if learned or (name[-1] == "_" and name[0] != "_"):
                delattr(self, name)

    def _learned(self):
        """Return what the method learned; learn it now if `fit` did not need it."""
        if "_state" not in vars(self):
            with _LATE:  # a second thread waits for the first
                if "_state" not in vars(self):
                    self._learn_now()
        return self._state

    def _learned_for(self, name):
        """Return what the method learned; there is no attribute `name` if it fails."""
        check_is_fitted(self, "selection_")
        try:
            return self._learned()
        except (ValueError, OSError) as error:
            message = f"{type(self).__name__} has no {name}: {error}"
            raise AttributeError(message) from error

    def _learn_now(self):
        if self._unlearned is None:
            raise ValueError(
                f"this {type(self).__name__} was fitted with "
                f"n_select={self._fitted.params['n_select']} and learned nothing; fit "
                "again with another size."
            )
        (rows, data), self._unlearned = self._unlearned, None
        before = set(vars(self))
        try:
            with threads_for(rows), self._as_fitted():
                rng = stream(self._seed, LEARN)
                state = self._ask(rows, rng, data)
                self._keep(rows, state)
                self.n_outside_, self.outside_weight_ = count_outside(
                    rows, self._inside(state)
                )
        except BaseException:  # the next attempt says the same
            for name in set(vars(self)) - before:
                delattr(self, name)
            self._unlearned = rows, data
            raise

    def __getstate__(self):
        """Learn first, if `fit` did not need to: pickles hold no data."""
        if vars(self).get("_unlearned") is not None:
            with suppress(ValueError, OSError):
                self._learned()
        state = super().__getstate__()
        return state | {"_unlearned": None} if "_unlearned" in state else state

    @contextmanager
    def _as_fitted(self):
        """Give parameters the values that they had in `fit` while hooks run."""
        fitted = self._fitted.params
        now = {name: getattr(self, name) for name in fitted}
        vars(self).update(fitted)
        try:
            yield
        finally:
            vars(self).update(now)
