"""What the command line knows about a method, derived from its class.

Constructor parameters become options through the `parameter_checks` of the class,
keywords of its `select` through its `select_checks`, and keywords of its `fit` become
options `--NAME-file`; its `row_values` become options `--NAME-column`, too. The
descriptions of all exported methods lie in `methods.json` (see
`coreselect.cli.catalogue`), so that help needs to import no method.
"""

import inspect
import re
import textwrap

from coreselect._validation import Boolean, Integer, OneOf, OrNone, OrWord, Real
from coreselect.base import BaseSelector

# What `select` and `resample` have options for themselves.
_COMMON = ("n_select", "random_state", "quotas")
_FIT_COMMON = (
    *("X", "y", "sample_weight"),
    *("groups", "cost", "include", "exclude"),
)
_KINDS = {Boolean: "boolean", OneOf: "choice", Integer: "integer", Real: "real"}
_STRATEGY = "sampling_strategy"


def described(cls):
    """Return what is known about the class of a method, as a dict for JSON.

    Parameters
    ----------
    cls : type
        A selector or a resampler.

    Returns
    -------
    dict
        The fields of `coreselect.cli.catalogue.Method`.
    """
    parameters = inspect.signature(cls).parameters
    named = getattr(cls, "named_sizes", ())
    examples = cls.examples() if hasattr(cls, "examples") else []
    tags = [example.__sklearn_tags__() for example in examples]
    return {
        "name": cls.cli_name,
        "class_name": cls.__name__,
        "selects": issubclass(cls, BaseSelector),
        "passes": getattr(cls, "passes", ""),
        "cost": getattr(cls, "cost", ""),
        "use_when": getattr(cls, "use_when", ""),
        "needs_size": "n_select" in parameters and None not in named,
        "needs_target": bool(tags) and all(t.target_tags.required for t in tags),
        "options": [*_parameters(cls), *_select_keywords(cls), *_files(cls)],
    }


def _parameters(cls):
    return _plain_options(cls, "method", cls.parameter_checks)


def _select_keywords(cls):
    return _plain_options(cls.select, "select", getattr(cls, "select_checks", {}))


def _plain_options(function, where, checks):
    """Yield the options for parameters whose values can be written in a shell."""
    texts = parameter_texts(function)
    for name, parameter in inspect.signature(function).parameters.items():
        check = checks.get(name)
        if isinstance(check, OrNone | OrWord):  # is given by leaving the option out
            check = check.check
        # Parameters with other checks (estimators, functions) do not become options.
        kind = next((k for c, k in _KINDS.items() if isinstance(check, c)), None)
        if name == _STRATEGY:
            kind = "strategy"
        elif kind is None or name in _COMMON:
            continue
        text = re.sub(r"\bNone(?: means|:) ", "by default ", texts.get(name, ""))
        if parameter.default not in (None, parameter.empty):
            text = f"{text} (default: {parameter.default})".strip()
        yield {
            "name": name,
            "where": where,
            "kind": kind,
            "choices": getattr(check, "options", None),
            "required": parameter.default is parameter.empty,
            "help": text,
        }


def _files(cls):
    """Yield the options for arguments of `fit` that not every method has."""
    row_arguments = getattr(cls, "row_arguments", {})
    for name, parameter in inspect.signature(cls.fit).parameters.items():
        keyword = parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        )
        if not keyword or name in ("self", *_FIT_COMMON):
            continue
        kinds = (
            "a .npy file, a CSV file with one column, or FILE:COLUMN of a Parquet file"
        )
        if name in row_arguments:
            kinds = "a file of rows with the same features as IN"
        yield {
            "name": name,
            "where": "rows" if name in row_arguments else "fit",
            "kind": "file",
            "flag": f"{row_arguments.get(name, name)}_file",
            "required": False,
            "help": f"`{name}` of fit: {kinds}",
        }
        if name in getattr(cls, "row_values", ()):
            yield {
                "name": name,
                "where": "column",
                "kind": "column",
                "flag": f"{name}_column",
                "required": False,
                "help": f"`{name}` of fit: the column of IN that holds it",
            }


def parameter_texts(function):
    """Return the first sentence about every parameter in a numpydoc docstring."""
    doc = inspect.getdoc(function) or ""
    found = re.search(r"^Parameters\n-+\n(.*?)(?:^[^\n]+\n-+\n|\Z)", doc, re.M | re.S)
    texts = {}
    for entry in re.split(r"^(?=\S)", found[1], flags=re.M)[1:] if found else ():
        head, _, body = entry.partition("\n")
        sentence = re.split(r"(?<=\.)\s|\n\s*\n", textwrap.dedent(body).strip())[0]
        for name in head.partition(":")[0].split(","):
            texts[name.strip()] = " ".join(sentence.split()).rstrip(".")
    return texts
