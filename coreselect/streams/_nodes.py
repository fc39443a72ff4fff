"""Merge-and-reduce: a binary counter of nodes, each a weighted sample of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from coreselect._typing import Integers
from coreselect.streams._held import Held, joined

_PIECES = 64  # of the last leaf, before they are joined

# (held rows, level, first position) -> at most as many rows as a node holds
Reduce = Callable[[Held, int, int], Held]


@dataclass(frozen=True)
class Node:
    """Weighted rows that stand for all rows from `start` up to `stop`.

    Its rows were drawn ``level + 1`` times, each time from the rows drawn before.
    """

    level: int
    start: int
    stop: int
    held: Held

    def shifted(self, by: int) -> Node:
        """Return the node at later positions."""
        start, stop = self.start + by, self.stop + by
        return replace(self, start=start, stop=stop, held=self.held.shifted(by))


@dataclass(frozen=True)
class State:
    """What a stream holds. It never changes: each change makes another state.

    Attributes
    ----------
    n_seen : int
        Number of rows so far, those of weight 0 included.
    nodes : tuple of Node
        Earlier positions first, without gaps; the last ends at `start`.
    start : int
        Position of the first row of the last leaf, which is not full yet.
    pieces : tuple of Held
        The rows of the last leaf, as they came.
    """

    n_seen: int = 0
    nodes: tuple[Node, ...] = ()
    start: int = 0
    pieces: tuple[Held, ...] = ()

    def holding(self) -> list[Held]:
        """Return all held rows, in parts."""
        return [*(node.held for node in self.nodes), *self.pieces]

    def only(self, keep: Callable[[Integers], Integers]) -> State:
        """Return the state without the rows at positions where `keep` is False."""
        nodes = tuple(
            replace(node, held=node.held.only(keep(node.held.index)))
            for node in self.nodes
        )
        pieces = tuple(piece.only(keep(piece.index)) for piece in self.pieces)
        return replace(self, nodes=nodes, pieces=pieces)


@dataclass(frozen=True)
class Counter:
    """How states grow.

    Attributes
    ----------
    leaf : int
        Number of positions in a leaf.
    most : int or None
        Nodes are not merged beyond so many positions.
    reduce : callable
    """

    leaf: int
    most: int | None
    reduce: Reduce

    def append(self, state: State, held: Held, n_rows: int) -> State:
        """Return the state after `n_rows` further positions.

        `held` has those of their rows that count, numbered by their positions.
        """
        end = state.n_seen + n_rows
        while state.n_seen < end:
            if state.n_seen - state.start == self.leaf:
                state = self.closed(state)
            stop = min(end, state.start + self.leaf)
            first, last = np.searchsorted(held.index, [state.n_seen, stop])
            inside = last - first == held.n_rows
            piece = held if inside else held.take(np.arange(first, last))
            pieces = (*state.pieces, piece)
            if len(pieces) > _PIECES:
                pieces = (joined(list(pieces)),)
            state = replace(state, n_seen=stop, pieces=pieces)
        return state

    def closed(self, state: State) -> State:
        """Return the state after the last leaf has become a node."""
        start, stop = state.start, state.n_seen
        if start == stop:
            return state
        held = self.reduce(joined(list(state.pieces)), 0, start)
        nodes = self._pushed(state.nodes, Node(0, start, stop, held))
        return State(stop, nodes, stop)

    def followed(self, state: State, other: State) -> State:
        """Return the state after the rows of another stream have come, too."""
        by = state.n_seen
        pieces = tuple(piece.shifted(by) for piece in other.pieces)
        if not other.nodes:  # as if these rows had come here
            return self.append(state, joined(list(pieces)), other.n_seen)
        nodes = self.closed(state).nodes
        for node in other.nodes:
            nodes = self._pushed(nodes, node.shifted(by))
        return State(by + other.n_seen, nodes, by + other.start, pieces)

    def _pushed(self, nodes, node):
        """Append a node, and merge neighbours until levels descend."""
        nodes = [*nodes, node]
        # Small nodes before a large one, which come from another stream, are merged
        # among themselves first, so that few rows are drawn once more.
        while self._merges(nodes, -2) and nodes[-2].level < node.level:
            nodes[-3:-1] = [self._merged(*nodes[-3:-1])]
        while self._merges(nodes, -1):
            nodes[-2:] = [self._merged(*nodes[-2:])]
        return tuple(nodes)

    def _merges(self, nodes, last):
        """Return whether a node and the one before it are to be merged."""
        if len(nodes) < 1 - last:
            return False
        a, b = nodes[last - 1], nodes[last]
        fits = self.most is None or b.stop - a.start <= self.most
        return a.level <= max(b.level, nodes[-1].level) and fits

    def _merged(self, a, b):
        level = max(a.level, b.level) + 1
        held = self.reduce(joined([a.held, b.held]), level, a.start)
        return Node(level, a.start, b.stop, held)
