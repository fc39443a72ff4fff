"""Scores of any size to inclusion probabilities: ``min(1, scale * score)``.

The scale that makes them add up to a size is found by "water-filling". Numbers are
scaled by powers of two only, so that nothing is rounded on the way.
"""

import numpy as np

from coreselect._kernels.draws import split_large

_REACH = 8  # how far above its lower bound the water-filling scale is searched
_STEEP = 2.0**800  # a scale for which scores of one and near zero are far apart
_CERTAIN = 2.0**900  # stands for scores that are far above the others


def scaled(values, *, even=False):
    """Divide numbers by a power of two near the largest; return them and its exponent.

    With `even`, the exponent is, so that roots are exact as well, and the largest comes
    to lie between 1 and 4. Nothing is rounded unless it underflows.
    """
    exponent = int(np.frexp(values.max(initial=0.0))[1])
    if even:
        exponent = (exponent - 1) // 2 * 2
    return np.ldexp(values, -exponent) if exponent else values, exponent


def in_range(scores):
    """Scale scores whose sums or quotients would overflow or underflow."""
    largest = scores.max(initial=0.0)
    return scores if 2.0**-300 < largest < 2.0**300 else scaled(scores)[0]


def probabilities(scores, scale):
    """Return ``min(1, scale * score)``; an infinite scale takes all positive scores."""
    if np.isinf(scale):
        return (scores > 0).astype(np.float64)
    with np.errstate(over="ignore"):  # what overflows is certain
        return np.minimum(1.0, scale * scores)


def water_fill(scores, size):
    """Solve ``sum(min(1, scale * scores)) = size``.

    Returns
    -------
    scores : ndarray
        Those of `scores`, divided by a power of two; some certain ones are replaced.
    scale : float
        Infinite where `size` reaches the number of positive scores.
    n_certain : int
        Number of rows with ``scale * score >= 1``.
    """
    if size == 0:
        return scores, 0.0, 0
    if size >= np.count_nonzero(scores):
        return scores, np.inf, len(scores)
    near = in_range(scores)
    scale, n_certain = _fill(near, size)
    if not scale >= _STEEP:
        return near, scale, n_certain
    # Beside these certain rows the others are next to nothing: each such step takes
    # hundreds of powers of two off their range, so that four steps are the most.
    out = near >= 1 / _STEEP
    n_out = int(np.count_nonzero(out))
    if n_out == size:
        return out.astype(np.float64), 1.0, size
    rest, scale, n_certain = water_fill(np.where(out, 0.0, scores), size - n_out)
    return np.where(out, _CERTAIN, rest), scale, n_out + n_certain


def _fill(scores, size):
    """Return the scale, and the number of certain rows, of scores near one.

    From `_STEEP` on, the scale is no more than a lower bound.
    """
    scale = size / scores.sum()
    while True:
        # `scale` is a lower bound; at most _REACH * size scores come this near to it.
        capacity = min(len(scores), _REACH * size + _REACH)
        large, rest = split_large(scores, 1 / (_REACH * scale), capacity)
        found = _fill_above(np.sort(large)[::-1], rest, size)
        # The loop ends: each round multiplies `scale` by _REACH, and NaN is not more.
        if not _REACH * scale < found < _STEEP:
            return found, int(np.count_nonzero(probabilities(large, found) == 1.0))
        scale = found


def _fill_above(large, rest, size):
    """Solve the same for descending scores `large` and others that stay below one.

    If the others would not stay below one, the result is a better lower bound.
    """
    # tails[k]: the sum of all scores but the k largest.
    tails = np.append(rest + np.cumsum(large[::-1])[::-1], rest)
    n_large = min(len(large), size)
    # Scores may leave next to nothing, or 0 of 0, to those below them.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scales = (size - np.arange(n_large + 1)) / tails[: n_large + 1]
        enough = scales[:n_large] * large[:n_large] <= 1.0
    if enough.any():
        return scales[np.argmax(enough)]
    # Rounding may find `size` certain rows beside others of next to no score.
    return 1.0 / large[size - 1] if n_large == size else scales[-1]
