"""How long a learning-rate schedule must be for a training in rounds."""

from __future__ import annotations

from coreselect._typing import Size
from coreselect._validation import Boolean, Integer, check_size


def schedule_length(
    n: int, n_select: Size, rounds: int, batch_size: int, drop_last: bool = False
) -> int:
    """Count the optimiser steps of a training in rounds.

    A learning-rate schedule must end when training ends. A schedule made for epochs on
    all rows has gone a tenth of its way when a training on tenths of the rows is over,
    so its rate has hardly changed.

    Parameters
    ----------
    n : int
        Number of rows.
    n_select : int or float
        Rows per round, or a fraction in (0, 1] of all rows.
    rounds : int
        Number of rounds.
    batch_size : int
        Rows per step.
    drop_last : bool, default=False
        Whether rows of a round that do not fill a batch are left out.

    Returns
    -------
    int
        Steps in all rounds together.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or `drop_last` leaves no batch.

    Examples
    --------
    >>> from coreselect import schedule_length
    >>> schedule_length(50_000, 0.1, rounds=200, batch_size=128)
    8000
    >>> schedule_length(50_000, 1.0, rounds=200, batch_size=128)
    78200
    """
    for name, value in (("n", n), ("rounds", rounds), ("batch_size", batch_size)):
        Integer(1)(name, value)
    Boolean()("drop_last", drop_last)
    size = min(check_size(n_select, n), n)
    if size == 0:
        raise ValueError(
            f"n_select={n_select!r} of n={n} rows leaves none to train on."
        )
    if not drop_last:
        return int(rounds) * -(-size // int(batch_size))
    if size < batch_size:
        raise ValueError(
            f"drop_last=True leaves nothing: a round has {size} rows, and a batch is "
            f"batch_size={batch_size}. Use drop_last=False or a smaller batch_size."
        )
    return int(rounds) * (size // int(batch_size))
