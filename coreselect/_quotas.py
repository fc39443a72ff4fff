"""Share out a whole number among groups: how many rows each of them gets.

The exact quota of a group is ``total * share / sum(shares)``, or the nearest that its
bounds allow. Both ways of rounding give the quota rounded down or up, and add up to
the total: `largest_remainder` always in the same way, `random_rounding` without bias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from coreselect._kernels.draws import pivot, start_pivot
from coreselect._typing import Floats, Integers

_EPS = 1e-9  # a fraction of a row below this is rounding error


def largest_remainder(
    shares: Any, total: int, low: Any = None, high: Any = None
) -> Integers:
    """Round quotas down; those of the largest fractions, the first of equal ones, up.

    Parameters
    ----------
    shares : ndarray of shape (n_groups,), non-negative
        Only their ratios matter. Remainders of integers are exact.
    total : int
    low, high : int or array-like of int of shape (n_groups,), optional
        The least and the most that each group gets.

    Returns
    -------
    ndarray of int64 of shape (n_groups,)

    Raises
    ------
    ValueError
        If no numbers within the bounds add up to `total`.
    """
    if shares.dtype.kind in "iu" and shares.any() and low is None and high is None:
        # Products of Python ints do not overflow.
        counts, all_shares = shares.tolist(), int(shares.sum())
        parts = [divmod(count * total, all_shares) for count in counts]
        whole, rest = np.array(parts, dtype=np.int64).T
    else:
        quotas = bounded_quotas(shares, total, low, high)
        whole = np.floor(quotas).astype(np.int64)
        rest = np.round(quotas - whole, 9)  # rounding errors decide nothing
    whole[np.argsort(-rest, kind="stable")[: total - whole.sum()]] += 1
    return whole


def random_rounding(
    shares: Any,
    total: int,
    choose: Callable[..., Any],
    low: Any = None,
    high: Any = None,
) -> Integers:
    """Round quotas down or up at random, so that their means are exact.

    Parameters
    ----------
    shares, total, low, high
        As for `largest_remainder`.
    choose : callable
        ``choose(fractions, n)`` draws n positions without repeats, with the fractions
        as inclusion probabilities.

    Returns
    -------
    ndarray of int64 of shape (n_groups,)

    Raises
    ------
    ValueError
        If no numbers within the bounds add up to `total`.
    """
    quotas = bounded_quotas(shares, total, low, high)
    whole = np.floor(quotas + _EPS).astype(np.int64)
    fractions = np.where(quotas - whole > _EPS, quotas - whole, 0.0)
    if left := int(total - whole.sum()):
        whole[choose(fractions, left)] += 1
    return whole


def pivotal(fractions: Floats, uniforms: Floats) -> Integers:
    """Draw positions by pivotal sampling; the fractions add up to a whole number."""
    last = start_pivot(1)
    chosen = pivot(fractions, 1.0, uniforms, None, 0, last)
    return np.append(chosen, last.rows) if last.chances[0] > 0.5 else chosen


def bounded_quotas(
    shares: Any, total: int, low: Any = None, high: Any = None
) -> Integers:
    """Return ``clip(c * shares, low, high)`` with the c that makes it add up.

    Groups of share 0 get more than `low` only if all others are at `high`. Bounds that
    no quotas meet, and shares that are negative or not finite, raise a ValueError.
    """
    if not (np.isfinite(shares).all() and (shares >= 0).all()):
        raise ValueError(f"shares must be finite and at least 0, got {shares!r}.")
    low = np.broadcast_to(0 if low is None else low, shares.shape).astype(np.float64)
    high = np.broadcast_to(np.inf if high is None else high, shares.shape)
    _check_bounds(total, low, high)
    most = np.where(shares > 0, high, low)
    if total > most.sum():
        return bounded_quotas(np.where(shares > 0, 0.0, 1.0), total, most, high)
    # Without bounds, c would be left / sum(shares). If clipping then gives too much,
    # the right c is smaller, and the groups below `low` stay there; if too little,
    # those above `high` do. So every round fixes a group that is out of bounds.
    quotas, left, free = low.copy(), total - low[shares == 0].sum(), shares.nonzero()[0]
    while len(free):
        wanted = left * (shares[free] / shares[free].sum())
        clipped = np.clip(wanted, low[free], high[free])
        excess = (clipped - wanted).sum()
        fixed = clipped > wanted if excess > 0 else clipped < wanted
        if excess == 0:
            fixed[:] = True
        quotas[free[fixed]] = clipped[fixed]
        left -= clipped[fixed].sum()
        free = free[~fixed]
    return quotas


def members(groups: Integers) -> list[Integers]:
    """Return the row numbers of each group 0, 1, ..., ascending."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.cumsum(np.bincount(groups))[:-1])


def _check_bounds(total: int, low: Any, high: Any) -> None:
    if (low > high).any():
        group = int(np.argmax(low > high))
        raise ValueError(
            f"low must not be above high, got low={low[group]:g} and "
            f"high={high[group]:g} for group {group}."
        )
    for name, bound, beyond in (
        ("low", low.sum(), low.sum() > total),
        ("high", high.sum(), high.sum() < total),
    ):
        if beyond:
            raise ValueError(
                f"{name} adds up to {bound:g}, {'more' if name == 'low' else 'less'} "
                f"than the {total} rows to share out."
            )
