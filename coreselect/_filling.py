"""Turn scores of any magnitude into inclusion probabilities ``min(1, scale * score)``.

"Water-filling" finds the scale that makes them add up to a size. Scores are multiplied
by powers of two only, which rounds nothing.
"""

from __future__ import annotations

import numpy as np

from coreselect._kernels.draws import split_large
from coreselect._scratch import by_parts, count, largest, parts, total
from coreselect._typing import Floats

_REACH = 8  # the scale is searched up to this multiple of a lower bound
_STEEP = 2.0**800  # at such a scale, some scores are negligible beside others
_CERTAIN = 2.0**900  # the score of rows that are certain whatever the others are


def scaled(values: Floats, *, even: bool = False) -> tuple[Floats, int]:
    """Divide numbers by a power of two near the largest; return them and its exponent.

    With `even`, the exponent is even, so that square roots are exact too, and the
    largest result lies between 1 and 4. Only numbers that underflow are rounded.
    """
    exponent = int(np.frexp(largest(values))[1])
    if even:
        exponent = (exponent - 1) // 2 * 2
    if not exponent:
        return values, 0
    return by_parts(lambda part: np.ldexp(part, -exponent), values), exponent


def in_range(scores: Floats) -> Floats:
    """Return scores whose sums and quotients do not overflow or underflow."""
    return scores if 2.0**-300 < largest(scores) < 2.0**300 else scaled(scores)[0]


def probabilities(scores: Floats, scale: float) -> Floats:
    """Return ``min(1, scale * score)``; an infinite scale takes all positive scores."""
    if np.isinf(scale):
        return (scores > 0).astype(np.float64)
    with np.errstate(over="ignore"):  # infinity becomes 1
        return np.minimum(1.0, scale * scores)


def water_fill(scores: Floats, size: int) -> tuple[Floats, float, int]:
    """Solve ``sum(min(1, scale * scores)) = size``.

    Returns
    -------
    scores : ndarray
        The scores divided by a power of two; those of certain rows may be replaced.
    scale : float
        Infinite if no more than `size` scores are positive.
    n_certain : int
        Number of rows with ``scale * score >= 1``.
    """
    if size == 0:
        return scores, 0.0, 0
    if size >= count(lambda rows: scores[rows], scores):
        return scores, np.inf, len(scores)
    near = in_range(scores)
    scale, n_certain = _fill(near, size)
    if not scale >= _STEEP:
        return near, scale, n_certain
    # The other scores are negligible beside those of these certain rows, so they are
    # scaled by themselves. Each step takes hundreds of powers of two off the range of
    # the scores, which doubles limit to about 2100, so there are at most four steps.
    out = by_parts(lambda part: part >= 1 / _STEEP, near, dtype=bool)
    n_out = count(lambda rows: out[rows], out)
    if n_out == size:
        return by_parts(lambda part: part, out), 1.0, size
    others = by_parts(lambda part, out: np.where(out, 0.0, part), scores, out)
    rest, scale, n_certain = water_fill(others, size - n_out)
    filled = by_parts(lambda part, out: np.where(out, _CERTAIN, part), rest, out)
    return filled, scale, n_out + n_certain


def _fill(scores: Floats, size: int) -> tuple[float, int]:
    """Return the scale and the number of certain rows, for scores that are `in_range`.

    A scale of `_STEEP` or more is only a lower bound.
    """
    scale = size / total(scores)
    while True:
        large, rest = _split(scores, 1 / (_REACH * scale), size)
        found = _fill_above(np.sort(large)[::-1], rest, size)
        # The loop ends, since each round multiplies `scale` by _REACH or more, and
        # comparisons with NaN are false.
        if not _REACH * scale < found < _STEEP:
            return found, int(np.count_nonzero(probabilities(large, found) == 1.0))
        scale = found


def _split(scores: Floats, threshold: float, size: int) -> tuple[Floats, float]:
    """Return the scores that reach a threshold, and the sum of the others."""
    # `scale` is a lower bound. At most _REACH * size scores reach the threshold, since
    # scores times `scale` add up to at most `size`.
    most = _REACH * size + _REACH
    found = [
        split_large(scores[rows], threshold, min(rows.stop - rows.start, most))
        for rows in parts(scores)
    ]
    large, rest = zip(*found, strict=True)
    return np.concatenate(large), float(np.sum(rest))


def _fill_above(large: Floats, rest: float, size: int) -> float:
    """Return the scale for descending scores `large`, and others that add up to `rest`.

    The others are taken to have probabilities below one; if they have not, the result
    is a better lower bound.
    """
    # tails[k]: the sum of all scores but the k largest.
    tails = np.append(rest + np.cumsum(large[::-1])[::-1], rest)
    n_large = min(len(large), size)
    # The sum of the scores below may be tiny, or 0 where no row is left to draw.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scales = (size - np.arange(n_large + 1)) / tails[: n_large + 1]
        enough = scales[:n_large] * large[:n_large] <= 1.0
    if enough.any():
        return scales[np.argmax(enough)]
    # By rounding, there may be `size` certain rows beside others of tiny scores.
    return 1.0 / large[size - 1] if n_large == size else scales[-1]
