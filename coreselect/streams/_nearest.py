"""Streams of rows that are chosen by their distances to a sample of targets.

A leaf or a node keeps the rows that are among the ``n_select + 1`` nearest of some
target, with their own weights. No other row can be among the `n_select` rows that
targets choose by turns or in rounds, whatever rows come later. So the selection is that
of all rows of the stream.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from operator import add
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.utils.metaestimators import available_if

from coreselect._random import LEARN, stream
from coreselect._typing import Column, RowsLike
from coreselect.neighbors import nearest_lists
from coreselect.neighbors.targets import MOST_POWER, require_near
from coreselect.rows import open as open_rows
from coreselect.streams._engine import Engine
from coreselect.streams._mixin import StreamMixin
from coreselect.transport import Whitening
from coreselect.transport.inputs import (
    MOST_TARGETS,
    aim_at,
    copies_of,
    open_targets,
    warn_of_copies,
)
from coreselect.transport.orders import LIST_ENTRIES
from coreselect.transport.whitening import fit_whitening

_ARRAYS = ("center", "scale", "matrix")  # of a `Whitening`
_WORTH = 4  # entries of lists for each row, at most, that are made to drop some rows
_RUNNING = ("rounds", "round_robin")  # strategies that need no more than nearest rows


class NearestEngine(Engine):
    """The rows that may be selected, the targets, and the weight of all rows."""

    compared_apart = (*Engine.compared_apart, "target", "whitening")

    def __init__(self, selector, window, seed):
        super().__init__(selector, window, seed)
        self.targets = self.aim = None  # before the first batch
        self.total = ()  # numbers whose exact sum is the weight of all rows

    def _checked(self, rows, X_target=None, target_weight=None):
        seen = self._seen(rows)
        if self.aim is None:
            self._open_targets(rows, X_target, target_weight)
        elif X_target is not None or target_weight is not None:
            name = "target_weight" if X_target is None else "X_target"
            raise ValueError(
                f"{name} was fixed by the first batch; leave it out, or begin another "
                "stream."
            )
        embed = self.aim.embed
        seen.reduce(lambda block: len(require_near(embed(block))), add)
        copies = copies_of(seen, self.targets)
        if copies.any():
            if self.selector.exclude_duplicates:
                rows = rows.reweighted(np.where(copies, 0.0, rows.each_weight()))
            else:
                warn_of_copies(copies)
        weights = [rows.n_rows] if rows.weight is None else rows.weight.tolist()
        self.total = _summed([*self.total, *weights])
        return rows

    def _open_targets(self, rows, X_target, target_weight):
        selector, name = self.selector._for_part(self.size), "X_target"
        if X_target is None and selector.target is not None:
            X_target, name = selector.target, "target"
        if X_target is None:
            raise ValueError(
                "X_target is missing: without it the rows themselves are the target, "
                f"and a stream has not seen them all; pass X_target in the first batch "
                f"to partial_fit, or target to {type(selector).__name__}."
            )
        seen, _ = selector._see(rows.reweighted(None), None, None)
        targets = open_targets(
            seen, X_target, None, target_weight, name, selector._see_also
        )
        X = targets.gather(np.arange(targets.n_rows)).X
        self._aim_at(X.toarray() if sparse.issparse(X) else X, targets.weight)

    def _aim_at(self, X, weight):
        """Take targets: an array as the method sees it, and weights or None."""
        self.targets = open_rows(X, sample_weight=weight, name="X_target")
        whitening, metric = self.selector.whitening, self.selector.metric
        if whitening is None:
            whitening = fit_whitening([self.targets], None)
        rng = stream(self.seed, LEARN)
        aim = aim_at(
            whitening, metric, self.targets, self.targets, None, MOST_TARGETS, rng
        )
        if metric == "euclidean":
            if np.isinf(aim.embed.most):
                raise ValueError(
                    "all rows of X_target are equal. Their distances cannot be scaled "
                    "before all rows are seen; use metric='chord'."
                )
            # All lists need one unit of distances, whatever rows come later.
            embed = replace(aim.embed, most=2.0 ** (MOST_POWER - 4))
            aim = aim._replace(embed=embed)
        most = LIST_ENTRIES // len(aim.targets.Z) - 1
        if self.size > most:
            raise ValueError(
                f"n_select={self.size} is too large for a stream, which keeps as many "
                f"rows for each of {len(aim.targets.Z)} targets; use at most {most}."
            )
        self.aim = aim

    def _reduce(self, held, level, start):
        k = self.size + 1  # one more, so that all rows are told from `n_select` rows
        # Making lists takes a time by their entries. Few rows are not worth it, as most
        # of them would be in some list.
        if held.n_rows <= max(k, k * len(self.aim.targets.Z) // _WORTH):
            return held
        rows = self._seen(self._opened(held))
        found, _ = nearest_lists(rows, self.aim.embed, self.aim.targets.Z, k)
        return held.take(np.unique(found))

    def _fit(self, rows, size, seed):
        aim = self.aim._replace(total=fsum(self.total))
        return super()._fit(rows, size, seed, targets=aim, classes=None)

    def merge(self, other: Engine) -> None:
        """Take what another engine holds; its rows follow."""
        assert isinstance(other, NearestEngine)
        one, two = self._about_targets(), other._about_targets()
        if not all(map(_same, one, two)):
            raise ValueError(
                "other has different targets or a different whitening; merge streams "
                f"with the same ones. More than {MOST_TARGETS} targets are replaced by "
                "means that depend on random_state, which must then be the same."
            )
        super().merge(other)
        self.total = _summed([*self.total, *other.total])

    def _about_targets(self):
        embed, (Z, share), _ = self.aim
        whitening = [getattr(embed.whitening, name) for name in _ARRAYS]
        X, weight = self.targets.whole().X, self.targets.weight
        return [*whitening, X, weight, Z, share]

    def drop(self, indices: Any) -> None:
        """Refuse: rows that would take the places of dropped ones are gone."""
        name = type(self.selector).__name__
        raise ValueError(
            f"drop: a stream of {name} cannot forget rows, because those that would "
            "take their places are not kept; give such rows weight 0 beforehand, or "
            "begin another stream."
        )

    def packed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a header and arrays, for bytes, of all but rows and columns."""
        header: dict[str, Any] = {"total": list(self.total), "whitening": None}
        arrays = {"targets": self.targets.whole().X}
        if self.targets.weight is not None:
            arrays["target_weight"] = self.targets.weight
        whitening = self.selector.whitening
        if whitening is not None:
            kept = vars(whitening)
            header["whitening"] = {k: v for k, v in kept.items() if k not in _ARRAYS}
            for name in _ARRAYS:
                if kept[name] is not None:
                    arrays[name] = kept[name]
        return header, arrays

    def unpack(self, header: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Take what `packed` returned."""
        self.total = tuple(map(float, header["total"]))
        if not np.isfinite(self.total).all():
            raise ValueError("the weight of all rows is not finite.")
        self._aim_at(arrays["targets"], arrays.get("target_weight"))


def _summed(numbers):
    """Return few numbers with exactly the same sum, whatever the order of these."""
    numbers, parts = list(numbers), []
    try:
        while part := fsum(numbers):
            parts.append(part)
            numbers.append(-part)
    except OverflowError:
        raise ValueError(
            "sample_weight of all rows so far adds up to more than float64 holds; "
            "divide the weights by a constant."
        ) from None
    return tuple(parts)


def _same(mine, theirs):
    return (mine is None) == (theirs is None) and np.array_equal(mine, theirs)


def _can_stream(selector):
    """Raise unless running lists of nearest rows give what `fit` selects."""
    strategy, whitening = selector.strategy, selector.whitening
    if strategy in _RUNNING and (whitening is None or isinstance(whitening, Whitening)):
        return True
    raise AttributeError(
        f"{type(selector).__name__} has partial_fit only with strategy='rounds' or "
        "'round_robin' and a whitening that is fitted, such as "
        "coreselect.transport.whiten(first_rows, X_target), or None; got "
        f"strategy={strategy!r}, whitening={whitening!r}."
    )


class NearestStreamMixin(StreamMixin):
    """Give `TAROT` streams; this mixin comes first among its bases."""

    _engine_class = NearestEngine
    _has_windows = False

    @available_if(_can_stream)
    def partial_fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        X_target: RowsLike | None = None,
        target_weight: Column = None,
    ) -> Self:
        """Take the next rows of a stream.

        Only with ``strategy="rounds"`` or ``"round_robin"``, an int as `n_select`, and
        as `whitening` a fitted `Whitening` or None.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `fit` takes, as one batch. All batches must have the same
            columns, in the same kind of container; types of numbers may differ.
        y : array-like of shape (n_rows,), str or None
            Values of the rows for `coreset_`, or the column that holds them. Pass y in
            every batch or in none. It does not affect the selection.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights, or the column that holds them; None means ones.
        X_target : like X, of shape (n_targets, n_features)
            The target sample, in the first batch only, unless the parameter `target` is
            given.
        target_weight : array-like of shape (n_targets,), str or None
            Non-negative weights of the targets, in the first batch only.

        Returns
        -------
        self
            With `selection_` and `coreset_`, which are made when they are read.

        Raises
        ------
        AttributeError
            If `strategy` or `whitening` does not allow streams.
        TypeError, ValueError
            If the batch does not match earlier ones; the stream then stays as it was.

        Notes
        -----
        The selected rows are those that `fit` selects from all rows, however the rows
        are cut into batches. At each level of a binary tree, at most the ``n_select +
        1`` nearest rows of every target are kept; far fewer if targets share them. The
        last ``max(8192, 8 n_select)`` rows are kept, too.
        `merge` is exact, too. `drop` and windows are refused: the rows that would take
        the places of others are gone.
        """
        return self._take(
            X, y, sample_weight, X_target=X_target, target_weight=target_weight
        )

    def _begin(self: Any) -> Engine:
        if self.checkpoints is not None:
            raise ValueError(
                f"checkpoints={self.checkpoints!r}: partial_fit of "
                f"{type(self).__name__} takes one array of rows; average those of the "
                "checkpoints beforehand."
            )
        return super()._begin()

    def _learned(self: Any) -> Any:
        if "_fitted" not in vars(self) and "_stream" in vars(self):
            raise ValueError("only fit sets it, and this holds a stream.")
        return super()._learned()  # type: ignore[misc]

    @classmethod
    def _unpacked(cls, header: dict[str, Any], arrays: dict[str, Any]) -> dict:
        params, kept = super()._unpacked(header, arrays), header["whitening"]
        whitening = None
        if kept is not None:
            found: dict[str, Any] = {name: arrays.get(name) for name in _ARRAYS}
            whitening = Whitening(**found, **kept)
        return params | {"whitening": whitening}
