"""`sampling_strategy`: how many rows to make, or to keep, of which class.

The meanings are those of imbalanced-learn.
"""

import numbers

import numpy as np

from coreselect._validation import as_written, half_up, is_bool, is_number, naming

OVER = "over-sampling"
UNDER = "under-sampling"
CLEAN = "clean-sampling"
STRATEGY_NAMES = ("minority", "majority", "not minority", "not majority", "all", "auto")


def check_strategy(name, value):
    """Raise unless `value` is one of the forms of a sampling strategy."""
    if isinstance(value, str):
        known = value in STRATEGY_NAMES
    elif is_number(value):
        known = 0 < value <= 1
    else:
        known = isinstance(value, (dict, list)) or (
            callable(value) and not isinstance(value, type)
        )
    if not known:
        kind = ValueError if isinstance(value, (str, numbers.Real)) else TypeError
        raise kind(
            f"{name} must be one of {STRATEGY_NAMES}, a ratio in the range (0, 1], a "
            f"dict of class to number of rows, a list of classes or a function of y, "
            f"got {value!r}."
        )


def resolve_strategy(strategy, y, sampling_type, *, truncate=False, counts=None):
    """Return how many rows of each class to make (over-sampling) or to keep.

    Parameters
    ----------
    strategy : str, float, dict, list or callable
    y : ndarray of shape (n_rows,)
        Labels.
    sampling_type : {"over-sampling", "under-sampling", "clean-sampling"}
    truncate : bool
        Truncate the number of rows that a ratio gives, as imbalanced-learn does,
        instead of rounding it.
    counts : dict, optional
        Number of rows of each class of `y`, in the order of the classes, if known.

    Returns
    -------
    dict
        Class to number of rows, in the order of the classes. For a cleaning method only
        the keys matter.
    """
    check_strategy("sampling_strategy", strategy)
    if counts is None:
        labels, numbers_of = np.unique(y, return_counts=True)
        counts = dict(zip(labels, numbers_of.tolist(), strict=True))
    if len(counts) < 2:
        raise ValueError(
            f"The target 'y' needs to have more than 1 class. Got {len(counts)} class "
            "instead"
        )
    if isinstance(strategy, str):
        found = _named(strategy, counts, sampling_type)
    elif isinstance(strategy, dict):
        found = _from_dict(strategy, counts, sampling_type)
    elif isinstance(strategy, list):
        found = _from_list(strategy, counts, sampling_type)
    elif isinstance(strategy, numbers.Real):
        if len(counts) > 2:
            raise ValueError(
                f"sampling_strategy={float(strategy):g} is a ratio, which needs a "
                f"binary target; y has {len(counts)} classes. Give a dict of class to "
                "number of rows."
            )
        found = _from_ratio(float(strategy), counts, sampling_type, truncate)
    else:
        found = _from_dict(strategy(y), counts, sampling_type)
    return dict(sorted(found.items()))


def _named(name, counts, sampling_type):
    over = sampling_type == OVER
    majority = max(counts, key=counts.get)  # the first of equal ones
    minority = min(counts, key=counts.get)
    if name == "majority" and over:
        raise ValueError(
            "sampling_strategy='majority' is not for over-samplers: the largest class "
            "sets the size. Use 'minority', 'not minority' or 'all'."
        )
    if name == "minority" and not over:
        raise ValueError(
            "sampling_strategy='minority' is not for methods that drop rows: the "
            "smallest class sets the size. Use 'majority', 'not majority' or 'all'."
        )
    if name == "auto":
        name = "not majority" if over else "not minority"
    targets = {
        "minority": [minority],
        "majority": [majority],
        "not minority": [label for label in counts if label != minority],
        "not majority": [label for label in counts if label != majority],
        "all": list(counts),
    }[name]
    if over:
        return {label: counts[majority] - counts[label] for label in targets}
    return dict.fromkeys(targets, counts[minority])


def named(labels):
    """Return classes as a message shows them, without the names of NumPy's types."""
    labels = [getattr(label, "tolist", lambda x=label: x)() for label in labels]
    return ", ".join(map(repr, labels))


def _require_classes(wanted, counts):
    with naming("sampling_strategy"):
        unknown = [label for label in wanted if label not in counts]
    if unknown:
        raise ValueError(
            f"sampling_strategy names classes that are not present in y: "
            f"{named(unknown)}. The classes are {named(counts)}."
        )


def _from_dict(strategy, counts, sampling_type):
    if not isinstance(strategy, dict):
        raise TypeError(
            f"a function given as sampling_strategy must return a dict, it returned "
            f"{strategy!r}."
        )
    _require_classes(strategy, counts)
    for label, n in strategy.items():
        if is_bool(n) or not isinstance(n, numbers.Integral):
            raise TypeError(
                f"sampling_strategy must give each class an int, got {n!r} for class "
                f"{label!r}."
            )
    if any(n < 0 for n in strategy.values()):
        raise ValueError(
            f"sampling_strategy must give no class a negative number of rows, got "
            f"{strategy}."
        )
    if sampling_type == CLEAN:
        raise ValueError(
            "sampling_strategy must not be a dict for cleaning methods, which find out "
            "themselves how many rows to drop; give a list of classes."
        )
    over = sampling_type == OVER
    for label, n in strategy.items():
        if (n < counts[label]) if over else (n > counts[label]):
            kind, bound = ("over", "at least") if over else ("under", "at most")
            raise ValueError(
                f"sampling_strategy asks for {n} rows of class {named([label])}, which "
                f"has {counts[label]}: {kind}-samplers need {bound} that many."
            )
    if over:
        return {label: int(n) - counts[label] for label, n in strategy.items()}
    return {label: int(n) for label, n in strategy.items()}


def _from_list(strategy, counts, sampling_type):
    if sampling_type != CLEAN:
        raise ValueError(
            "sampling_strategy must not be a list of classes, except for cleaning "
            "methods; give a dict of class to number of rows."
        )
    _require_classes(strategy, counts)
    return dict.fromkeys(strategy, min(counts.values()))


def _from_ratio(ratio, counts, sampling_type, truncate):
    # imbalanced-learn truncates products of floats. We take the ratio as it is written:
    # 0.29 of 100 rows are 29 rows, though the product of the floats is a little less.
    whole, ratio = (int, ratio) if truncate else (half_up, as_written(ratio))
    if sampling_type == CLEAN:
        raise ValueError(
            f"sampling_strategy={float(ratio):g} is a ratio, which cleaning methods do "
            "not take: they find out themselves how many rows to drop. Give a list of "
            "classes."
        )
    majority, minority = max(counts, key=counts.get), min(counts, key=counts.get)
    over = sampling_type == OVER
    if over:
        wanted = counts[majority] * ratio
        found = {c: whole(wanted - n) for c, n in counts.items() if c != majority}
        possible = min(found.values()) >= 0
    else:
        found = {c: whole(counts[minority] / ratio) for c in counts if c != minority}
        possible = all(n <= counts[c] for c, n in found.items())
    if not possible:
        limit = "over-sampler cannot drop" if over else "under-sampler cannot make"
        raise ValueError(
            f"sampling_strategy={float(ratio):g} is below the present ratio, "
            f"{counts[minority] / counts[majority]:.4g}: an {limit} rows. Give a "
            "larger ratio."
        )
    return found
