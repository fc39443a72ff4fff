"""Lazy greedy: gains only fall, so a gain that was computed earlier bounds it now.

A step evaluates the candidates of the largest bounds, until no other bound can matter
[Minoux 1978]. The order is that of plain greedy: every candidate that may be the best,
or tie with it, is evaluated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._typing import Booleans, Floats

TIE = 1e-9  # gains this close to the best, relatively, are ties
NOISE = 1e-13  # share of the value that rounding of a gain may be
NOTHING = 1e-12  # gains below this share of the value count as zero
_BATCH = 32  # candidates evaluated at a time
_FEW = 4  # candidates whose gains are computed in float64 at a time


def least_tie(best: float, value: float) -> float:
    """Return the least gain that ties with the best one, at a value so far."""
    return best - TIE * abs(best) - NOISE * (abs(value) + abs(best))


class LazyBounds:
    """Bounds of the gains of all candidates, which fall as rows are chosen.

    Parameters
    ----------
    bounds : ndarray of float64 of shape (n,)
        Upper bounds for all candidates.

    Attributes
    ----------
    open : ndarray of bool of shape (n,)
        The candidates that may be chosen; those chosen are closed by the caller.
    """

    def __init__(self, bounds: Floats) -> None:
        self.bounds, self.open = bounds, np.ones(len(bounds), dtype=bool)

    def best(
        self,
        evaluate: Any,
        confirm: Any = None,
        value: float = 0.0,
        allowed: Booleans | None = None,
        *,
        can_fall: bool = False,
    ) -> tuple[int, float]:
        """Find the open candidate of the largest gain, the lowest among ties.

        Parameters
        ----------
        evaluate : callable
            Returns the gains of an array of candidates; upper bounds of them if there
            is `confirm`.
        confirm : callable, optional
            Returns the gains themselves.
        value : float
            Of the rows chosen so far.
        allowed : ndarray of bool of shape (n,), optional
            Which open candidates may be chosen now; all by default.
        can_fall : bool
            Whether gains can be negative. If not, gains below 1e-12 of the value count
            as zero, and the lowest open candidate is next if there is no larger one.

        Returns
        -------
        candidate : int
        gain : float
        """
        bounds, exact = self.bounds, confirm is None
        open_ = self.open if allowed is None else self.open & allowed
        known = np.zeros(len(bounds), dtype=np.int8)  # 1: evaluated, 2: exact
        best, floor = -np.inf, -np.inf if can_fall else NOTHING * value
        while True:
            least = max(least_tie(best, value) if best > -np.inf else best, floor)
            may = np.flatnonzero(open_ & (known < 2) & (bounds > least))
            if not len(may):
                break
            if len(may) > _BATCH:
                may = may[np.argpartition(-bounds[may], _BATCH - 1)[:_BATCH]]
            may = may[np.lexsort((may, -bounds[may]))]
            if known[may[0]]:
                few = may[known[may] == 1][:_FEW]
                bounds[few], known[few] = confirm(few), 2
            else:
                few = may[known[may] == 0]
                bounds[few] = evaluate(few)
                known[few] = 1 + exact
            sure = few[known[few] == 2]
            if len(sure):
                best = max(best, float(bounds[sure].max()))
        if best <= floor:
            # Nothing is gained any more: the lowest row is next.
            first = int(np.argmax(open_))
            return first, max(0.0, float((confirm or evaluate)(np.array([first]))[0]))
        ties = open_ & (known == 2) & (bounds >= least_tie(best, value))
        chosen = int(np.argmax(ties))
        return chosen, float(bounds[chosen])
