"""Which columns of a table a resampler sees, and which of them are categories."""

from typing import NamedTuple

from . import outputs
from .catalogue import Method, find
from .errors import UsageError, some
from .options import given

# Types of columns that hold categories.
_NOMINAL = ("string", "large_string", "string_view", "dictionary", "bool")
_DISTINCT = 0.9  # a column of text with this share of distinct values identifies rows


class Columns(NamedTuple):
    """What a resampler sees of a table.

    Attributes
    ----------
    method : Method
        The one that was named, or one in its place that takes categories.
    features : list of str
    categories : list of str
        Those features that are categories, if the method tells them apart.
    """

    method: Method
    features: list
    categories: list


def columns_of(source, args, roles):
    """Decide what the resampler of a command sees; say it in one line."""
    for name in args.categorical or ():
        source.require(name, "--categorical")
    cls = args.chosen.load()
    seen = source.features(args.columns, args.exclude, roles, numeric=False)
    if cls._strings is True and cls._allow_nan:  # it only copies or drops rows
        return _checked(Columns(args.chosen, seen, []), args)
    named = {*(args.columns or ()), *(args.categorical or ())}
    identifiers = [
        name
        for name in seen
        if name not in named and _is_text(source, name) and _differs(source, name)
    ]
    text = [n for n in seen if _is_text(source, n) and n not in identifiers]
    method = _in_place_of(args, source, text, seen)
    # For a method that wraps another one, `_strings` is not settled by the class.
    if method.load()._strings is not True:
        if not (args.columns or set(seen) & set(source.numeric)):
            raise ValueError(
                f"{method.name} needs columns of numbers, and {args.input!r} has none "
                f"beside {some(roles)}; random-over and random-under take any columns, "
                "and smoten takes categories."
            )
        features = source.features(args.columns, args.exclude, roles)
        return _told(Columns(method, features, []), source, args, roles, identifiers)
    features = seen  # the method refuses named columns it cannot take
    if args.columns is None:
        features = [n for n in seen if n in source.numeric or n in text]
    # Text can be nothing else, whatever else is named.
    others = args.categorical or [n for n in features if _is_nominal(source, n)]
    categories = [n for n in features if n in others or n in text]
    found = Columns(method, features, categories)
    return _told(found, source, args, roles, identifiers)


def _in_place_of(args, source, text, seen):
    """Return the method; one that takes categories in place of SMOTE, where needed."""
    if args.chosen.name != "smote" or not (text or args.categorical):
        return args.chosen
    numbers = set(seen) & set(source.numeric) - set(args.categorical or ())
    method = find("smotenc" if numbers else "smoten", selects=False)
    known = {option["name"] for option in method.options}
    held = text or args.categorical
    why = f"{some(held)} hold{'s' if len(held) == 1 else ''} categories"
    for name in given(args, "method"):
        if name not in known:
            raise UsageError(
                f"{method.name} would run in place of smote, since {why}, but it has "
                f"no {args.flags[name]}; name the columns of numbers with --columns"
            )
    outputs.say(f"{method.name} runs in place of smote, since {why}")
    return method


def _told(columns, source, args, roles, identifiers):
    """Say which columns are seen."""
    _checked(columns, args)
    why = dict.fromkeys(identifiers, "nearly every value differs")
    ignored = [
        f"{name} ({why.get(name, kind)})"
        for name, kind in source.ignored(columns.features, args.exclude, roles)
        if name != args.target
    ]
    categories = columns.categories
    numbers = [name for name in columns.features if name not in categories]
    said = [
        f"{kind}{some(names)}"
        for kind, names in (
            ("", numbers),
            ("categories: ", categories),
            ("not seen: ", ignored),
        )
        if names
    ]
    outputs.say(f"features: {'; '.join(said)}")
    return columns


def _checked(columns, args):
    """Raise if `--categorical` does not suit the method and the columns."""
    if not args.categorical:
        return columns
    if "categorical_features" not in columns.method.load()._get_param_names():
        raise UsageError(f"the method {columns.method.name} takes no --categorical")
    for name in args.categorical:
        if name not in columns.features:
            raise UsageError(f"--categorical names {name!r}, which is not a feature")
    return columns


def _is_nominal(source, name):
    return source.types[name].startswith(_NOMINAL)


def _is_text(source, name):
    return _is_nominal(source, name) and name not in source.numeric


def _differs(source, name):
    """Return whether nearly every value of a column differs from all others."""
    column = source.read([name]).column(name)
    n_values = len(column) - column.null_count
    return n_values > 1 and len(column.unique().drop_null()) >= _DISTINCT * n_values
