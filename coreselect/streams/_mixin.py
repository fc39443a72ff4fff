"""What gives a selector streams: `StreamMixin`."""

from __future__ import annotations

import numbers
from contextlib import contextmanager
from copy import copy
from typing import Any, Self

import numpy as np

from coreselect._random import draw_seed
from coreselect._typing import Seed
from coreselect._validation import Integer, OrNone, warn_user
from coreselect.base import as_transformer
from coreselect.selection import Selection
from coreselect.streams._bytes import restore, unpack
from coreselect.streams._engine import Engine, check_rows
from coreselect.streams._verbs import Verbs

WINDOW = OrNone(Integer(1))


class StreamRestartedWarning(UserWarning):
    """A stream began in a selector that was fitted, and does not hold its rows."""


def _differ(a, b):
    """Return whether two values of a parameter are not the same."""
    if a is b:
        return False
    try:
        return bool(a != b)
    except ValueError:  # arrays
        return not np.array_equal(a, b)


class StreamMixin(Verbs):
    """Give a selector `partial_fit`; this mixin comes first among its bases.

    For selectors whose `fit` respects weights as copies of rows do, so that a weighted
    row can stand for others that were selected from before. That holds for methods that
    score rows as `ScoreSelector` asks for. It does not hold for determinantal and
    volume laws, under which a row never comes beside its copies.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import ScoreSelector
    >>> from coreselect.streams import StreamMixin
    >>> class NormSelector(StreamMixin, ScoreSelector):
    ...     def _scores(self, block, state):
    ...         return block.weight * (block.X**2).sum(axis=1)
    >>> selector = NormSelector(5, random_state=0)
    >>> for length in (1.0, 2.0, 4.0):
    ...     selector = selector.partial_fit(length * np.eye(10))
    >>> selector.selection_.n_total, len(selector.selection_)
    (30, 5)
    """

    _in_stream = False  # whether this selects from part of a stream, and nothing else
    _engine_class: type[Engine] = Engine
    _has_windows = True

    def _begin(self: Any) -> Engine:
        self._check_parameters()
        check_rows(self.n_select)
        name = type(self).__name__
        for parameter in ("quotas", "budget"):
            if getattr(self, parameter) is not None:
                raise ValueError(
                    f"{parameter}={getattr(self, parameter)!r}: partial_fit of {name} "
                    f"cannot take {parameter}, which is about all rows of fit; leave "
                    "it out."
                )
        if as_transformer(self.features) is not None:
            raise ValueError(
                f"features={self.features!r}: partial_fit of {name} cannot fit a "
                "transformer, for it sees no more than part of the rows; transform "
                "the batches, and leave features out or name columns."
            )
        seed, given = draw_seed(self.random_state), self.random_state
        if "_fitted" in vars(self):
            warn_user(
                f"partial_fit of this {name} begins a stream without the rows that "
                "were passed to fit, since fit keeps no rows.",
                StreamRestartedWarning,
            )
        template = type(self)(**self.get_params(deep=False))
        template.random_state = given if isinstance(given, numbers.Integral) else None
        return self._engine_class(template, None, seed)

    def _engine(self: Any, verb: str) -> Engine:
        engine = super()._engine(verb)
        began = engine.selector.get_params(deep=False)
        for name, now in self.get_params(deep=False).items():
            if name != "random_state" and _differ(now, began[name]):
                raise ValueError(
                    f"{name}={now!r}, but {name} was {began[name]!r} when the stream "
                    "began. Set it back, or begin another stream with "
                    "sklearn.base.clone of this selector."
                )
        return engine

    def _take_over(self: Any, engine: Engine) -> None:
        self._forget()
        vars(self).pop("_fitted", None)
        super()._take_over(engine)

    @contextmanager
    def _stream_or_fit(self: Any) -> Any:
        """Keep the stream of this selector if the fit that would replace it fails."""
        try:
            yield
        except BaseException:
            if "_stream" in vars(self):
                self._take_over(self._stream)
            raise

    def _see(self: Any, *given: Any, **more: Any) -> Any:
        with self._stream_or_fit():
            return super()._see(*given, **more)  # type: ignore[misc]

    def _fit_seen(self: Any, *given: Any, **more: Any) -> Any:
        with self._stream_or_fit():
            super()._fit_seen(*given, **more)  # type: ignore[misc]
        vars(self).pop("_stream", None)
        return self

    def _for_part(self: Any, size: int) -> Any:
        """Return a selector for part of a stream."""
        made = copy(self)  # which holds parameters only
        made.n_select, made._in_stream = size, True
        return made

    def select(
        self: Any, n_select: Any = None, *, random_state: Seed = None
    ) -> Selection:
        """Return the selection made by `fit`, or make another without the data.

        Parameters
        ----------
        n_select : int or float, optional
            Number of rows, or a fraction in (0, 1] of them; by default that of `fit`.
            After `partial_fit`, an int, and at most that of the stream.
        random_state : None, int, RandomState or Generator
            None uses the seed of `fit`: the result is repeatable and equals
            `selection_` at the fitted size.

        Returns
        -------
        Selection
        """
        engine = vars(self).get("_stream")
        if engine is not None:
            return engine.selection(n_select, random_state)
        return super().select(n_select, random_state=random_state)  # type: ignore[misc]

    @classmethod
    def _unpacked(cls, header: dict[str, Any], arrays: dict[str, Any]) -> dict:
        """Return the parameters that are in bytes."""
        return header["params"]

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return a selector with the stream that `to_bytes` wrote.

        Parameters
        ----------
        raw : bytes

        Returns
        -------
        selector

        Raises
        ------
        TypeError, ValueError
            If `raw` is cut, damaged, of a newer version, or not from `to_bytes` of this
            class.
        """
        header, arrays = unpack(raw)
        if header.get("selector") != cls.__name__:
            raise ValueError(
                f"raw holds a stream of {header.get('selector')!r}; use from_bytes of "
                "that class."
            )
        if header.get("window") is not None:
            raise ValueError(
                f"raw holds a stream with window={header['window']}; use "
                "coreselect.streams.Stream.from_bytes."
            )
        made = made_from(cls, header, arrays)
        engine = restored(made, header, arrays)
        made._take_over(engine)
        return made


def made_from(cls, header, arrays):
    """Return a selector of a class with the parameters that bytes hold."""
    try:
        made = cls(**cls._unpacked(header, arrays))
        made._check_parameters()
        check_rows(made.n_select)
    except Exception as error:
        raise ValueError(f"raw is damaged: {error}") from error
    return made


def restored(selector, header, arrays):
    """Return an engine with what bytes hold."""
    template = type(selector)(**selector.get_params(deep=False))
    try:
        WINDOW("window", header["window"])
        seed = int(header["seed"])
        np.random.SeedSequence(seed)  # refuses what is no seed
        engine = selector._engine_class(template, header["window"], seed)
    except Exception as error:
        raise ValueError(f"raw is damaged: {error}") from error
    restore(engine, header, arrays)
    return engine
