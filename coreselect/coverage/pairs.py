"""Pairs of candidates and clients whose similarities are stored."""

from __future__ import annotations

import numpy as np

from coreselect._kernels import facility as kernels
from coreselect._typing import Floats


class Stored:
    """Pairs that matter, candidate by candidate: as a source, and for the certificate.

    Attributes
    ----------
    starts, found, values : ndarray
        Candidate j may serve the clients ``found[starts[j]:starts[j + 1]]``.
    base : ndarray of shape (n_clients,)
        Only similarities above it are here.
    served : ndarray of shape (n_clients,)
        What clients had when the pairs were stored.
    """

    exact = True

    def __init__(self, starts, found, values, weight, base):
        self.starts, self.found, self.values = starts, found, values
        self.n_rows = len(starts) - 1
        self.weight, self.base, self.served = weight, base, base

    def gains(self, candidates, served):
        pairs = self.starts, self.found, self.values
        return kernels.stored_gains(*pairs, candidates, self.weight, served)

    def column(self, candidate, served):
        """Return the clients that a candidate serves better, and how well."""
        here = slice(self.starts[candidate], self.starts[candidate + 1])
        better = self.values[here] > served[self.found[here]]
        return self.found[here][better], self.values[here][better]

    def count_servers(self, candidates, served):
        pairs = self.starts, self.found, self.values
        return kernels.count_servers(*pairs, candidates, served)


def stored(parts: list, weight: Floats, base: Floats) -> Stored:
    """Join parts, each the counts, clients and similarities of some candidates."""
    # Parts are removed one by one as they are copied, so that memory holds little more
    # than one copy of all pairs.
    counts = np.concatenate([part[0] for part in parts])
    starts = np.concatenate([[0], np.cumsum(counts)])
    found = np.empty(starts[-1], dtype=np.int32)
    values, at = np.empty(starts[-1]), 0
    parts.reverse()
    while parts:
        _, clients, similarities = parts.pop()
        stop = at + len(clients)
        found[at:stop], values[at:stop], at = clients, similarities, stop
    return Stored(starts, found, values, weight, base.copy())
