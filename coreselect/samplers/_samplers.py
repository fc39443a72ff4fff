"""The samplers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from coreselect._kernels.draws import locate, rows_found, start_search
from coreselect._random import DRAW, draw_seed, stream
from coreselect._typing import Integers, Seed, Size
from coreselect._validation import (
    Boolean,
    as_array,
    check_count,
    check_nonnegative,
    check_size,
)
from coreselect.samplers._protocol import EpochSampler
from coreselect.samplers.rounds import Rounds, seed_of_rounds, smallest_keys

if TYPE_CHECKING:
    from coreselect.selection import Selection


_MOST_ROWS = 2**62  # row numbers and positions are int64


class RS2Sampler(EpochSampler):
    """Give a fresh random subset of the rows in every epoch.

    Epoch t is round t of `coreselect.RS2` with the same `random_state`.

    Parameters
    ----------
    n : int
        Number of rows of the data set.
    n_select : int or float
        Number of rows per epoch, or a fraction in (0, 1] of all rows; at least one row.
    replacement : bool, default=False
        False: every row comes once before any row comes again. True: epochs are
        independent. In either case no row comes twice in an epoch.
    random_state : None, int, RandomState or Generator
        An int (or `state_dict`) gives the same epochs in another process.

    Attributes
    ----------
    epoch : int
        The current epoch, or the next one between passes.

    Raises
    ------
    TypeError, ValueError
        If `n` or `n_select` is not a valid number of rows, or an epoch would be empty.

    See Also
    --------
    coreselect.RS2 : The same rounds with strata, scores and weights.
    coreselect.schedule_length : Number of steps in such epochs.

    Notes
    -----
    An epoch of m rows takes O(m) time, and for `n` above 65,536 also O(m) memory. After
    ``load_state_dict`` the sampler has the seed of the saved one.

    Examples
    --------
    >>> from coreselect.samplers import RS2Sampler
    >>> sampler = RS2Sampler(6, 1 / 3, random_state=0)
    >>> epochs = [list(sampler) for _ in range(3)]
    >>> [len(epoch) for epoch in epochs], sorted(sum(epochs, []))
    ([2, 2, 2], [0, 1, 2, 3, 4, 5])
    """

    def __init__(
        self,
        n: int,
        n_select: Size,
        *,
        replacement: bool = False,
        random_state: Seed = None,
    ) -> None:
        super().__init__()
        self.n = check_count(n, "n")
        if self.n > _MOST_ROWS:
            raise ValueError(f"n must be at most 2**62, got {n}.")
        self.n_select = n_select
        self._size = min(check_size(n_select, self.n), self.n)
        if self._size == 0:
            raise ValueError(
                f"n_select={n_select!r} of n={n} rows leaves none for an epoch; use a "
                "larger n_select."
            )
        Boolean()("replacement", replacement)
        self.replacement = bool(replacement)
        self.random_state = random_state
        self._seed = seed_of_rounds(draw_seed(random_state))
        self._seeded()

    def _seeded(self):
        self._rounds = Rounds(self.n, self._size, self.replacement, self._seed)

    def __len__(self) -> int:
        return self._size

    def rows(self, epoch: int) -> Integers:
        return self._rounds.rows(check_count(epoch, "epoch"))


class SubsetSampler(EpochSampler):
    """Give the rows of a selection in every epoch, in a new order.

    Parameters
    ----------
    selection : Selection or array-like of int
        A selection, or row numbers.
    shuffle : bool, default=True
        False keeps the order of the selection.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    epoch : int
        The current epoch, or the next one between passes.

    Raises
    ------
    TypeError, ValueError
        If `selection` does not hold row numbers. Boolean masks are refused, since other
        libraries read them as the rows 0 and 1.

    See Also
    --------
    RS2Sampler : Another subset in every epoch.

    Notes
    -----
    The sampler does not use the weights of a selection. They belong in the loss: the
    data set returns ``weights[row]`` with each row.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.samplers import SubsetSampler
    >>> sampler = SubsetSampler(Selection([1, 5, 7], [2.0, 2.0, 4.0], 8))
    >>> sorted(sampler)
    [1, 5, 7]
    """

    def __init__(
        self,
        selection: Selection | ArrayLike,
        *,
        shuffle: bool = True,
        random_state: Seed = None,
    ) -> None:
        super().__init__()
        rows = as_array(getattr(selection, "indices", selection), "selection")
        if rows.dtype.kind == "b":
            raise TypeError(
                "selection must hold row numbers, got a boolean mask; use "
                "numpy.flatnonzero(mask)."
            )
        if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
            raise TypeError(
                "selection must be a Selection or a 1-dimensional array of row "
                f"numbers, got an array of shape {rows.shape} and dtype {rows.dtype}."
            )
        if len(rows) and rows.min() < 0:
            raise ValueError(
                f"selection must hold row numbers of at least 0, got {rows.min()}."
            )
        Boolean()("shuffle", shuffle)
        self._rows = rows.astype(np.int64)
        self.shuffle = bool(shuffle)
        self.random_state = random_state
        self._seed = draw_seed(random_state)

    def _is_seeded(self):
        return not self.shuffle or super()._is_seeded()

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, epoch: int) -> Integers:
        if not self.shuffle:
            return self._rows.copy()
        return stream(self._seed, DRAW, check_count(epoch, "epoch")).permutation(
            self._rows
        )


class WeightedSampler(EpochSampler):
    """Draw rows in proportion to weights in every epoch, from any number of rows.

    Parameters
    ----------
    weights : array-like of shape (n_rows,)
        Non-negative; only their ratios matter.
    n_draws : int
        Number of rows per epoch.
    replacement : bool, default=True
        Whether a row may come several times in an epoch. If False, rows are drawn one
        by one, each in proportion to the weights of the rows left.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    epoch : int
        The current epoch, or the next one between passes.

    Raises
    ------
    TypeError, ValueError
        If a weight is negative or not finite, all weights are zero, or fewer than
        `n_draws` are positive and ``replacement=False``.

    Notes
    -----
    ``torch.utils.data.WeightedRandomSampler`` takes at most 2**24 rows; this sampler
    takes any number. An epoch takes O(n_rows + n_draws log n_draws).

    Examples
    --------
    >>> from coreselect.samplers import WeightedSampler
    >>> sampler = WeightedSampler([0.0, 1.0, 3.0], 2, replacement=False)
    >>> sorted(sampler)
    [1, 2]
    """

    def __init__(
        self,
        weights: ArrayLike,
        n_draws: int,
        *,
        replacement: bool = True,
        random_state: Seed = None,
    ) -> None:
        super().__init__()
        self._weights = check_nonnegative(weights, None, "weights")
        self.n_draws = check_count(n_draws, "n_draws")
        Boolean()("replacement", replacement)
        self.replacement = bool(replacement)
        positive = int(np.count_nonzero(self._weights))
        if positive == 0 and self.n_draws:
            raise ValueError("weights are all zero; at least one must be positive.")
        if not replacement and positive < self.n_draws:
            raise ValueError(
                f"weights has {positive} positive values, fewer than n_draws="
                f"{n_draws}; use replacement=True or fewer draws."
            )
        if positive and self.replacement:
            self._weights = self._weights / self._weights.max()
        elif positive:
            # Ratios of weights may underflow; differences of logarithms do not.
            with np.errstate(divide="ignore"):  # weight 0: never
                logs = np.log(self._weights)
            self._log_weights = logs - logs.max()
        self.random_state = random_state
        self._seed = draw_seed(random_state)

    def __len__(self) -> int:
        return self.n_draws

    def rows(self, epoch: int) -> Integers:
        rng = stream(self._seed, DRAW, check_count(epoch, "epoch"))
        if self.n_draws == 0:
            return np.empty(0, dtype=np.int64)
        if not self.replacement:
            return smallest_keys(self._log_weights, self.n_draws, rng)[0]
        thresholds = np.sort(rng.random(self.n_draws)) * self._weights.sum()
        search = start_search(thresholds)
        locate(self._weights, 0.0, None, 0, thresholds, search)
        return rng.permutation(rows_found(search))
