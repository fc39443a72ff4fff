"""The parameter `features`: what a method sees of the rows."""

import inspect

from sklearn.base import clone
from sklearn.utils import get_tags

from coreselect._random import FEATURES, stream
from coreselect.rows.seen import (
    for_transformer,
    see_columns,
    see_nothing,
    see_through,
)

MOST_ROWS = 100_000  # of a file, to fit a transformer to


def check_features(features):
    """Raise unless `features` is None, "auto", a list of columns or a transformer."""
    if features is None or (isinstance(features, str) and features == "auto"):
        return
    if isinstance(features, type):
        raise TypeError(
            f"features must be a transformer, not its class: {features.__name__}()."
        )
    if hasattr(features, "fit"):
        for name in ("transform", "get_params"):  # without the latter, no clone
            if not hasattr(features, name):
                raise TypeError(
                    f"features={features!r} has no {name}; give a transformer, such as "
                    "sklearn.preprocessing.StandardScaler()."
                )
        return
    no_list = (str, bytes, dict, set, frozenset)
    if isinstance(features, no_list) or not hasattr(features, "__len__"):
        hint = f"; for one column: [{features!r}]" if isinstance(features, str) else ""
        raise TypeError(
            "features must be None, a list of columns, a transformer or 'auto', got "
            f"{features!r}{hint}."
        )
    if not len(features):
        raise ValueError(
            "features is empty: name at least one column, or leave it out to use all "
            "columns of numbers."
        )


def as_transformer(features):
    """Return the transformer that `features` stands for; None if it is none."""
    if isinstance(features, str):
        from coreselect.features import TableFeatures

        return TableFeatures()
    return features if hasattr(features, "fit") else None


def see(rows, features, seed, *, reads_features=True):
    """Return the rows as a method sees them, and the fitted transformer or None.

    A transformer is fitted to the rows of positive weight: to all that are in memory,
    and to at most `MOST_ROWS` random ones of a file.
    """
    transformer = as_transformer(features)
    if reads_features and transformer is not None:
        transformer, fitted_to = clone(transformer), rows.subset()
        _fit(transformer, fitted_to, seed)
        note = f" (fitted to {MOST_ROWS:,} rows of it)" if _is_large(fitted_to) else ""
        return see_through(rows, transformer, note=note), transformer
    seen = see_alike(rows, features, None)  # columns that do not exist are named
    return (seen if reads_features else see_nothing(rows)), None


def see_alike(rows, features, fitted):
    """Return rows as a method sees them whose `features` were fitted before."""
    if fitted is not None:
        return see_through(rows, fitted)
    is_list = features is not None and as_transformer(features) is None
    return see_columns(rows, list(features)) if is_list else rows


def _is_large(rows):
    return rows.in_file and rows.n_rows > MOST_ROWS


def _fit(transformer, rows, seed):
    if _is_large(rows):
        rng = stream(seed, FEATURES)
        numbers = rng.choice(rows.n_rows, MOST_ROWS, replace=False, shuffle=False)
        numbers.sort()
        block = rows.gather(numbers)
    else:
        block = rows.whole()
    # Some ask for y although they ignore it, some take none.
    taken = inspect.signature(transformer.fit).parameters
    takes_y = "y" in taken or any(p.kind is p.VAR_POSITIONAL for p in taken.values())
    target = (block.y,) if takes_y else ()
    try:
        transformer.fit(for_transformer(block.X), *target)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"features={type(transformer).__name__} cannot be fitted to {rows.name}: "
            f"{error}"
        ) from error


def with_inputs_of(tags, features):
    """Return tags that say which X a selector takes."""
    inputs, transformer = tags.input_tags, as_transformer(features)
    if not tags.selector_tags.reads_features:
        inputs.allow_nan = inputs.string = inputs.categorical = True
    elif transformer is not None:
        given = get_tags(transformer).input_tags
        inputs.sparse &= given.sparse
        inputs.allow_nan, inputs.string = given.allow_nan, given.string
        inputs.categorical = given.categorical
    return tags
