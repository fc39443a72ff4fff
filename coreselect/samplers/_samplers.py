"""The samplers: `rows(epoch)` says everything, the rest is the protocol."""

import numpy as np

from coreselect._kernels.draws import locate
from coreselect._random import DRAW, draw_seed, stream
from coreselect._validation import (
    Boolean,
    as_array,
    check_count,
    check_nonnegative,
    check_size,
)
from coreselect.samplers._rounds import Rounds, seed_of_rounds, smallest_keys

_CHUNK = 65_536  # rows that become Python ints at a time
_MOST_ROWS = 2**62  # row numbers and positions are int64


class Sampler:
    """The protocol of samplers over rows that depend on a seed and an epoch.

    Subclasses write ``rows(epoch)``, an array of row numbers, and ``__len__``.

    A second pass without `set_epoch` goes on to the next epoch: nobody trains on one
    and the same subset for want of a call.
    """

    def __init__(self):
        self.epoch = 0
        self._position = 0  # rows of this epoch that were handed out
        self._begun = False

    def rows(self, epoch):
        """Return the row numbers of an epoch, in order.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        ndarray of int64
        """
        raise TypeError(f"{type(self).__name__} must define rows(epoch).")

    def __iter__(self):
        # All of it runs at the first `next`: loaders make iterators they never use.
        if self._begun:
            self._to(self.epoch + 1)
        self._begun = True
        rows = self.rows(self.epoch)
        for start in range(self._position, len(rows), _CHUNK):
            for offset, row in enumerate(rows[start : start + _CHUNK].tolist()):
                self._position = start + offset + 1
                yield row

    def set_epoch(self, epoch):
        """Say which epoch the next pass is; without it, passes count up from 0.

        After `load_state_dict`, the epoch of the state goes on where it was.

        Parameters
        ----------
        epoch : int
        """
        epoch = check_count(epoch, "epoch")
        # The epoch that a state was loaded for goes on from its position.
        if self._begun or epoch != self.epoch:
            self._to(epoch)

    def _to(self, epoch):
        self.epoch, self._position, self._begun = epoch, 0, False

    def state_dict(self):
        """Return what `load_state_dict` needs to go on from here.

        Returns
        -------
        dict
            Plain ints: the epoch, how many of its rows were handed out, and the seed.
            A loader with workers asks for rows ahead of the batches it has returned.
        """
        return {
            "epoch": self.epoch,
            "position": self._position,
            "seed": self._seed,
        }

    def load_state_dict(self, state):
        """Go on from where another sampler of the same kind and data was.

        Parameters
        ----------
        state : dict
            From `state_dict`.
        """
        missing = {"epoch", "position", "seed"} - set(state)
        if missing:
            raise ValueError(
                f"state has no {', '.join(sorted(missing))}; pass what state_dict "
                "returned."
            )
        position = check_count(state["position"], "position")
        if position > (longest := self._longest()):
            raise ValueError(
                f"state is {position} rows into an epoch of {longest}: it comes from "
                "a sampler with more rows."
            )
        self._seed = check_count(state["seed"], "seed")
        self._seeded()
        self._to(check_count(state["epoch"], "epoch"))
        if position >= len(self):
            self.epoch += 1  # that epoch was over
        else:
            self._position = position

    def _seeded(self):
        """Do what follows from a seed."""

    def _longest(self):
        """Return how many rows an epoch has in any process."""
        return len(self)

    def _is_seeded(self):
        """Whether epochs are the same in all processes."""
        return self.random_state is not None


class RS2Sampler(Sampler):
    """Give a fresh random subset of the rows in every epoch.

    Epoch t is round t of `coreselect.RS2` with the same `random_state`.

    Parameters
    ----------
    n : int
        Number of rows of the data set.
    n_select : int or float
        Rows an epoch, or the fraction in (0, 1] of all rows; at least one row.
    replacement : bool, default=False
        False: every row once before any comes again. True: independent epochs. In
        either case no row comes twice in an epoch.
    random_state : None, int, RandomState or Generator
        An int (or `state_dict`) for equal epochs in another process.

    Attributes
    ----------
    epoch : int
        The epoch that is running, or comes next.

    Raises
    ------
    TypeError, ValueError
        If `n` or `n_select` is no size, or leaves no row.

    See Also
    --------
    coreselect.RS2 : The same rounds with strata, scores and weights.
    coreselect.schedule_length : How many steps such epochs make.

    Notes
    -----
    An epoch costs O(rows of it), beyond 65,536 rows also in memory. After
    ``load_state_dict`` the sampler has the seed of the other one.

    Examples
    --------
    >>> from coreselect.samplers import RS2Sampler
    >>> sampler = RS2Sampler(6, 1 / 3, random_state=0)
    >>> epochs = [list(sampler) for _ in range(3)]
    >>> [len(epoch) for epoch in epochs], sorted(sum(epochs, []))
    ([2, 2, 2], [0, 1, 2, 3, 4, 5])
    """

    def __init__(self, n, n_select, *, replacement=False, random_state=None):
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
        self._seed = seed_of_rounds(random_state)
        self._seeded()

    def _seeded(self):
        self._rounds = Rounds(self.n, self._size, self.replacement, self._seed)

    def __len__(self):
        return self._size

    def rows(self, epoch):
        """Return the row numbers of an epoch, in random order.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        ndarray of int64
        """
        return self._rounds.rows(check_count(epoch, "epoch"))


class SubsetSampler(Sampler):
    """Give the rows of a selection in every epoch, in a fresh order.

    Parameters
    ----------
    selection : Selection or array-like of int
        What a selector selected, or row numbers.
    shuffle : bool, default=True
        False keeps the order of the selection.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    epoch : int
        The epoch that is running, or comes next.

    Raises
    ------
    TypeError, ValueError
        If `selection` holds no row numbers. A boolean mask is none: some libraries
        read it as the rows 0 and 1.

    See Also
    --------
    RS2Sampler : Another subset in every epoch.

    Notes
    -----
    The weights of a selection belong into the loss, looked up by row number
    (``weights[row]`` in the data set); the sampler does not use them.

    Examples
    --------
    >>> from coreselect import Selection
    >>> from coreselect.samplers import SubsetSampler
    >>> sampler = SubsetSampler(Selection([1, 5, 7], [2.0, 2.0, 4.0], 8))
    >>> sorted(sampler)
    [1, 5, 7]
    """

    def __init__(self, selection, *, shuffle=True, random_state=None):
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

    def __len__(self):
        return len(self._rows)

    def rows(self, epoch):
        """Return the row numbers of an epoch.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        ndarray of int64
        """
        if not self.shuffle:
            return self._rows.copy()
        return stream(self._seed, DRAW, check_count(epoch, "epoch")).permutation(
            self._rows
        )


class WeightedSampler(Sampler):
    """Draw rows in proportion to weights in every epoch, of however many rows.

    Parameters
    ----------
    weights : array-like of shape (n_rows,)
        Non-negative; only their ratios matter.
    n_draws : int
        Rows an epoch.
    replacement : bool, default=True
        Whether a row may come several times in an epoch. False: rows are drawn one by
        one in proportion to the weights of those left.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    epoch : int
        The epoch that is running, or comes next.

    Raises
    ------
    TypeError, ValueError
        If a weight is negative or not finite, all are zero, or fewer are positive than
        rows are to be drawn without replacement.

    Notes
    -----
    ``torch.utils.data.WeightedRandomSampler`` stops at 2**24 rows; this one does not.
    O(n_rows + n_draws log n_draws) an epoch.

    Examples
    --------
    >>> from coreselect.samplers import WeightedSampler
    >>> sampler = WeightedSampler([0.0, 1.0, 3.0], 2, replacement=False)
    >>> sorted(sampler)
    [1, 2]
    """

    def __init__(self, weights, n_draws, *, replacement=True, random_state=None):
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
            # Quotients of weights may underflow, differences of logarithms do not.
            with np.errstate(divide="ignore"):  # weight 0: never
                logs = np.log(self._weights)
            self._log_weights = logs - logs.max()
        self.random_state = random_state
        self._seed = draw_seed(random_state)

    def __len__(self):
        return self.n_draws

    def rows(self, epoch):
        """Return the row numbers of an epoch, in the order drawn.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        ndarray of int64
        """
        rng = stream(self._seed, DRAW, check_count(epoch, "epoch"))
        if self.n_draws == 0:
            return np.empty(0, dtype=np.int64)
        if not self.replacement:
            return smallest_keys(self._log_weights, self.n_draws, rng)[0]
        thresholds = np.sort(rng.random(self.n_draws)) * self._weights.sum()
        return rng.permutation(locate(self._weights, 0.0, thresholds))


class ShardedSampler(Sampler):
    """Give one process of several its share of another sampler.

    Process `rank` gets rows ``rank, rank + world_size, ...`` of every epoch. All
    processes know all epochs, so they need not talk to each other.

    Parameters
    ----------
    sampler : RS2Sampler, SubsetSampler, WeightedSampler or ShardedSampler
        Equal in all processes: same arguments, same int as ``random_state``.
    rank : int
        Number of this process.
    world_size : int
        Number of processes.

    Attributes
    ----------
    epoch : int
        The epoch that is running, or comes next.

    Raises
    ------
    TypeError, ValueError
        If `rank` is not below `world_size`, or the epochs of `sampler` differ from
        process to process for want of a seed.

    Notes
    -----
    The shares make up the epoch exactly: no row is left out or given twice, and sizes
    differ by one at most. Where processes must make equally many steps (as under
    DistributedDataParallel), choose a number of rows that `world_size` divides.

    Lightning shards samplers by itself: pass the inner sampler, or this one together
    with ``Trainer(use_distributed_sampler=False)``.

    Examples
    --------
    >>> from coreselect.samplers import RS2Sampler, ShardedSampler
    >>> shards = [
    ...     ShardedSampler(RS2Sampler(100, 10, random_state=0), rank, world_size=2)
    ...     for rank in (0, 1)
    ... ]
    >>> rows = [set(shard) for shard in shards]
    >>> len(rows[0]), len(rows[1]), len(rows[0] | rows[1])
    (5, 5, 10)
    """

    def __init__(self, sampler, rank, world_size):
        super().__init__()
        if not isinstance(sampler, Sampler):
            raise TypeError(
                "sampler must be an RS2Sampler, a SubsetSampler or a WeightedSampler, "
                f"got {sampler!r}."
            )
        self.world_size = check_count(world_size, "world_size")
        self.rank = check_count(rank, "rank")
        if self.rank >= self.world_size:
            raise ValueError(
                f"rank must be below world_size={world_size}, got {rank}; ranks count "
                "from 0."
            )
        if self.world_size > 1 and not sampler._is_seeded():
            raise ValueError(
                "sampler has random_state=None, so its epochs differ from process to "
                "process; give it the same int everywhere."
            )
        self.sampler = sampler
        self.random_state = sampler.random_state
        self._to(sampler.epoch)

    @property
    def _seed(self):
        return self.sampler._seed

    @_seed.setter
    def _seed(self, seed):
        self.sampler._seed = seed

    def _seeded(self):
        self.sampler._seeded()

    def _longest(self):
        return -(-self.sampler._longest() // self.world_size)

    def _is_seeded(self):
        return self.sampler._is_seeded()

    def __len__(self):
        return len(range(self.rank, len(self.sampler), self.world_size))

    def rows(self, epoch):
        """Return the row numbers of this process in an epoch.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        ndarray of int64
        """
        return self.sampler.rows(epoch)[self.rank :: self.world_size]
