"""The inputs of TAROT: rows at several checkpoints, targets, copies, classes."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels.nearest import row_hashes
from coreselect._numbers import power_of_two, to_dense
from coreselect._scratch import by_parts, count
from coreselect._validation import check_nonnegative, warn_user
from coreselect.neighbors.targets import MOST_POWER, require_near
from coreselect.rows import open as open_rows
from coreselect.rows.matrices import check_sparse
from coreselect.transport.distance import unit_rows
from coreselect.transport.neighbours import Targets, weighted_means
from coreselect.transport.whitening import Whitening, same_features

MOST_TARGETS = 2000  # more targets are replaced by that many weighted means


class TargetInPoolWarning(UserWarning):
    """Warning that rows are copies of targets: they are chosen first, and may leak."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """A map of rows to points whose Euclidean distances count: whitening and metric.

    For the chord metric, rows are scaled to length one, and classes may be appended.
    For the Euclidean metric, `origin` is subtracted and rows are divided by `unit`, a
    power of two. Distances must then be multiplied by `unit`, and rows with entries
    above `most` are refused.
    """

    whitening: Whitening
    metric: str
    classes: np.ndarray | None
    origin: np.ndarray | None = None
    unit: float = 1.0
    most: float = np.inf

    def __call__(self, block):
        then = unit_rows if self.metric == "chord" else None
        Z = self.whitening.apply(block.X, then)
        if self.origin is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                Z = require_near((Z - self.origin) / self.unit, self.most)
        if self.classes is None:
            return Z
        # The class indicators get two thirds of the squared length, the features one
        # third. Squared distances are then at most 4/3 within a class, and at least
        # 4/3 between classes.
        same = block.y[:, None] == self.classes
        return np.hstack([Z * np.sqrt(1 / 3), same * np.sqrt(2 / 3)])


def centred(embed, rows, targets):
    """Return an embedding centred at the mean of the targets, in units of their size.

    So neither offsets nor units of the features cost digits. If all targets are equal,
    the unit comes from the rows.
    """
    if embed.metric == "chord":
        return embed
    # Offsets from the first target are averaged, so that a large value that all targets
    # share does not take digits from the mean.
    first = embed(targets.gather(np.arange(1)))[0]
    total = targets.total_weight
    mean = targets.reduce(
        lambda block: (block.weight / total) @ (embed(block) - first), np.add
    )
    embed = replace(embed, origin=first + mean)
    for data in (targets, rows):
        largest = data.reduce(lambda block: np.abs(embed(block)).max(initial=0.0), max)
        if largest > 0:
            unit = 1 / power_of_two(largest)
            return replace(embed, unit=unit, most=2.0**MOST_POWER)
    return embed


class Aim(NamedTuple):
    """How rows are compared with targets, and these; `total` is the weight of all rows.

    None as `total` means the rows that are at hand.
    """

    embed: Embedding
    targets: Targets
    total: float | None = None


def aim_at(whitening, metric, rows, targets, classes, most, rng):
    """Return the `Aim` of rows at targets, or at `most` means of these."""
    whitening.check_features(rows.n_features)
    embed = centred(Embedding(whitening, metric, classes), rows, targets)
    return Aim(embed, gather_targets(targets, embed, most, rng))


def average_both(X, X_target, weights):
    """Average rows and targets over checkpoints, if they are lists of arrays.

    Anything else is returned unchanged.
    """
    listed, also = _is_listed(X), _is_listed(X_target)
    if weights is not None and not listed:
        raise ValueError(
            "checkpoints was given, but X is not a list of arrays, one for each "
            "checkpoint; pass such a list, or checkpoints=None."
        )
    if listed and also and len(X) != len(X_target):
        raise ValueError(
            f"X is a list of {len(X)} arrays, X_target one of {len(X_target)}; both "
            "need one for each checkpoint."
        )
    return (
        _average(X, weights, "X") if listed else X,
        _average(X_target, weights, "X_target") if also else X_target,
    )


def _is_listed(X):
    """Return whether X is a list of 2-dimensional arrays."""
    if not isinstance(X, (list, tuple)) or not X:
        return False
    return all(len(getattr(part, "shape", ())) == 2 for part in X)


def _average(X, weights, name):
    """Average a list of arrays of features, one for each checkpoint."""
    if weights is None:
        weights = np.ones(len(X))
    weights = check_nonnegative(weights, None, "checkpoints")
    if len(weights) != len(X) or not weights.any():
        raise ValueError(
            f"checkpoints has {len(weights)} weights for the {len(X)} arrays of "
            f"{name}; it needs one each, not all of them 0."
        )
    shapes = sorted({tuple(part.shape) for part in X})
    if len(shapes) > 1:
        raise ValueError(
            f"{name} is a list of arrays of shapes {shapes}; arrays of features at "
            "several checkpoints must have the same rows and columns."
        )
    for part in filter(sparse.issparse, X):
        check_sparse(part, name)
    if all(map(sparse.issparse, X)):
        parts = X
    else:
        parts = [p.toarray() if sparse.issparse(p) else np.asarray(p) for p in X]
    # Averages of embeddings, not of distances: a row near a target at one checkpoint
    # and far at another is between the two.
    shares = weights / weights.sum()
    return sum(part * float(w) for part, w in zip(parts, shares, strict=True))


def open_targets(rows, data, y_target, target_weight, name, see):
    """Open the targets of positive weight for `rows`; None stays None.

    ``see(data, y, sample_weight, name, roles)`` opens them as the method sees them.
    """
    if data is None:
        for role, value in (("y_target", y_target), ("target_weight", target_weight)):
            if value is not None:
                raise ValueError(f"{role} was given without X_target; pass both.")
        return None
    roles = ("y_target", "target_weight")
    targets = see(data, y_target, target_weight, name=name, roles=roles)
    targets.check_finite()
    same_features(rows, targets)
    return targets.subset()


def copies_of(rows, targets):
    """Return which rows of positive weight are copies of a target, by 64-bit hashes.

    If one of the two is float32 and the other float64, both are compared as float32.
    """
    # Hashes take 8 bytes per row and one pass, whatever the number of targets. With n
    # rows and m targets, a false copy has a probability of at most n m / 2**64.
    single = rows.dtype != targets.dtype

    def hashes_of(block):
        X = to_dense(block.X)
        return row_hashes(_as_single(X) if single else X)

    wanted = np.unique(targets.map(hashes_of))

    def is_copy(hashes, weight):
        # Searching all but the last hash keeps every position inside `wanted`.
        copies = wanted[np.searchsorted(wanted[:-1], hashes)] == hashes
        return copies if weight is None else copies & (weight > 0)

    return by_parts(is_copy, rows.map(hashes_of), rows.weight, dtype=bool)


def warn_of_copies(copies):
    """Warn that rows are copies of targets, given a mask of rows."""
    warn_user(
        f"{copies.sum()} of {len(copies)} rows of X are copies of rows of X_target. "
        "They are nearest to these and are chosen first. If the targets are kept for "
        "testing, that is a leak. Use exclude_duplicates=True to leave them out.",
        TargetInPoolWarning,
    )


def _as_single(X):
    """Return an array as float32; numbers beyond its range become its largest."""
    largest = np.finfo(np.float32).max
    return np.clip(X, -largest, largest).astype(np.float32)


def drop(rows, copies):
    """Return the rows with weight 0 for the copies; raise if none is left."""

    def left(copies, weight):
        return np.where(copies, 0.0, 1.0 if weight is None else weight)

    weight = by_parts(left, copies, rows.weight)
    if not count(lambda part: weight[part], weight):
        raise ValueError(
            "every row of X (of positive weight) is a copy of a target, so "
            "exclude_duplicates=True leaves no rows."
        )
    return open_rows(rows, sample_weight=weight)


def shared_classes(rows, targets, metric):
    """Return the classes of rows and targets together."""
    if rows.y is None:
        raise ValueError("y_target needs y: the classes of the rows of X.")
    if metric != "chord":
        raise ValueError(
            f"y_target needs metric='chord', got metric={metric!r}: distances are not "
            "bounded there, so classes cannot come before all distances."
        )
    if rows.y.ndim > 1 or targets.y.ndim > 1:
        raise ValueError("y and y_target must be 1-dimensional: one class per row.")
    # Numbers never equal text: 1 and "1" are two classes, so the types are named too.
    classes, wanted = _distinct(rows.y), _distinct(targets.y)
    missing = [c for c in wanted.tolist() if c not in set(classes.tolist())]
    if missing:
        kinds = _kind(classes), _kind(wanted)
        hint = ""
        if kinds[0] != kinds[1]:
            hint = f" (y holds {kinds[0]}, y_target {kinds[1]})"
        raise ValueError(
            f"y_target holds classes that no row of y has: {missing[:10]}{hint}; those "
            f"of y are {classes[:10].tolist()}."
        )
    return classes


def _distinct(y):
    """Return the distinct values of y, sorted if they can be."""
    try:
        return np.unique(y)
    except TypeError:  # numbers and text together
        values = dict.fromkeys(y.tolist())
        return np.fromiter(values, dtype=object, count=len(values))


def _kind(classes):
    text = [isinstance(value, (str, bytes)) for value in classes.tolist()]
    if all(text):
        return "text"
    return "numbers and text" if any(text) else "numbers"


def gather_targets(targets, embed, most, rng):
    """Return the embedded targets, or `most` weighted means if there are more."""
    if targets.n_rows <= most:
        weight = targets.each_weight()
        weight = weight / weight.max()
        return Targets(targets.map(embed), weight / weight.sum())
    Z, share = weighted_means(targets, embed, most, rng)
    return Targets(unit_rows(Z) if embed.metric == "chord" else Z, share)
