"""The protocol of samplers: iteration, epochs and state, all from `rows(epoch)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coreselect._typing import Integers, Seed
from coreselect._validation import check_count

_CHUNK = 65_536  # rows that become Python ints at a time


class EpochSampler:
    """Base of the samplers, whose rows depend on a seed and an epoch.

    Subclasses write ``rows(epoch)``, an array of row numbers, and ``__len__``.

    A second pass without `set_epoch` is the next epoch, so that a loop that never calls
    it does not train on the same subset forever.
    """

    random_state: Seed

    def __init__(self) -> None:
        self.epoch = 0
        self._position = 0  # rows of this epoch that were handed out
        self._begun = False

    def rows(self, epoch: int) -> Integers:
        """Return the row numbers of an epoch, in order.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        ndarray of int64
        """
        raise TypeError(f"{type(self).__name__} must define rows(epoch).")

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} must define __len__.")

    def __iter__(self) -> Iterator[int]:
        # A generator: nothing runs before the first `next`, since loaders also make
        # iterators that they never use.
        if self._begun:
            self._to(self.epoch + 1)
        self._begun = True
        rows = self.rows(self.epoch)
        for start in range(self._position, len(rows), _CHUNK):
            for offset, row in enumerate(rows[start : start + _CHUNK].tolist()):
                self._position = start + offset + 1
                yield row

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next pass; without it, passes count up from 0.

        The epoch of a loaded state continues at its position.

        Parameters
        ----------
        epoch : int
        """
        epoch = check_count(epoch, "epoch")
        if self._begun or epoch != self.epoch:
            self._to(epoch)

    def _to(self, epoch):
        self.epoch, self._position, self._begun = epoch, 0, False

    def state_dict(self) -> dict[str, int]:
        """Return the state that `load_state_dict` continues from.

        Returns
        -------
        dict
            Ints: the epoch, the number of its rows that were handed out, and the seed.
            A loader with workers takes rows before it returns their batches.
        """
        return {
            "epoch": self.epoch,
            "position": self._position,
            "seed": self._seed,
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from the `state_dict` of a sampler of the same class and data."""
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
        self._seed = check_count(state["seed"], "seed", most=2**128 - 1)
        self._seeded()
        self._to(check_count(state["epoch"], "epoch"))
        if position >= len(self):
            self.epoch += 1  # that epoch was over
        else:
            self._position = position

    def _seeded(self):
        """Update what depends on the seed."""

    def _longest(self):
        """Return the largest number of rows that an epoch has in a process."""
        return len(self)

    def _is_seeded(self):
        """Return whether epochs are the same in all processes."""
        return self.random_state is not None


class ShardedSampler(EpochSampler):
    """Give one process of several its share of another sampler.

    Process `rank` gets rows ``rank, rank + world_size, ...`` of every epoch. Every
    process computes the whole epoch, so they need not communicate.

    Parameters
    ----------
    sampler : RS2Sampler, SubsetSampler, WeightedSampler or ShardedSampler
        The same in all processes: same arguments, same int as ``random_state``.
    rank : int
        Number of this process.
    world_size : int
        Number of processes.

    Attributes
    ----------
    epoch : int
        The current epoch, or the next one between passes.

    Raises
    ------
    TypeError, ValueError
        If `rank` is not below `world_size`, or `sampler` has no seed, so that its
        epochs differ from process to process.

    Notes
    -----
    Together the shares are exactly the epoch: no row is left out or repeated, and their
    sizes differ by at most one. If processes must make equally many steps (as under
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

    def __init__(self, sampler: Any, rank: int, world_size: int) -> None:
        super().__init__()
        if not isinstance(sampler, EpochSampler):
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
        self.sampler: Any = sampler
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

    def __len__(self) -> int:
        return len(range(self.rank, len(self.sampler), self.world_size))

    def rows(self, epoch: int) -> Integers:
        return self.sampler.rows(epoch)[self.rank :: self.world_size]
