"""Code that makes a selection again, from its record."""

import inspect

import coreselect
from coreselect._validation import OrNone

_RULES = {"quotas": "groups", "budget": "cost"}  # and what `fit` needs for them


def python_code(record, *, has_target, input_weights, opened=None, further=None):
    """Return Python code that makes a selection again.

    Parameters
    ----------
    record : Record
    has_target : bool
        Whether a target is known, which `fit` may need.
    input_weights : bool
        Whether the rows had weights.
    opened : str, optional
        Code that opens the rows with their target and weights.
    further : dict of str to str, optional
        What further arguments of `fit` held, such as ``{"groups": "column 'region'"}``.

    Returns
    -------
    str
    """
    steps = [record, *record.later]
    given = ["X", *(["y"] if has_target else [])]
    given += ["sample_weight=w"] if input_weights else []
    lines = ["import coreselect", ""]
    if opened is not None:
        given = ["rows"]
        lines += [f"rows = {opened}"]
    needed = [_RULES[name] for name in _RULES if record.parameters.get(name)]
    for name, what in (dict.fromkeys(needed, "as in `fit`") | (further or {})).items():
        lines += [f"# {name}: {what}"]
        given += [f"{name}={name}"]
    for number, step in enumerate(steps):
        if number:
            taken = "*selection.take(X, y)" if has_target else "selection.take(X)"
            given = [taken, "sample_weight=selection.weights"]
        name = "later" if number else "selection"
        lines += _step(step, name, ", ".join(given))
        if number:
            lines += ["selection = selection.then(later)"]
    return "\n".join(lines)


def _step(record, name, given):
    cls = record and _class_of(record.method)
    if cls is None:
        method = "an unknown method" if record is None else record.method
        return [f"# {name}: by {method}; there is no code for it"]
    known, unknown = parameters_of(cls, record)
    lines = [f"# {key} was {value}" for key, value in unknown.items()]
    arguments = [f"{key}={value!r}" for key, value in known.items()]
    if record.seed is None:
        lines += ["# its seed is not known: the rows will be others"]
    else:
        arguments += [f"random_state={record.seed}"]
    made = f"coreselect.{cls.__name__}({', '.join(arguments)})"
    return [*lines, f"selector = {made}", f"{name} = selector.fit_select({given})"]


def _class_of(method):
    """Return the selector class of a method's name; None for others, such as draw."""
    for name, cls in coreselect.all_selectors().items():
        if method in (cls.cli_name, name):
            return cls
    return None


def parameters_of(cls, record):
    """Return the parameters in a record that differ from their defaults.

    Returns
    -------
    known : dict
        Those that a program can pass on.
    unknown : dict of str to str
        Those of which the record holds a text, such as estimators.
    """
    defaults = inspect.signature(cls).parameters
    known, unknown = {}, {}
    for name, value in record.parameters.items():
        if name not in defaults:
            unknown[name] = value
        elif name == "n_select" or value != defaults[name].default:
            plain = not isinstance(value, str) or _is_word(cls, name, value)
            (known if plain else unknown)[name] = value
    return known, unknown


def _is_word(cls, name, value):
    """Return whether a text is the value of a parameter, not the name of an object."""
    check = cls.parameter_checks.get(name)
    inner = check.check if isinstance(check, OrNone) else check
    return value == "auto" or value in getattr(inner, "options", ())
