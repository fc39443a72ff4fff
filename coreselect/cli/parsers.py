"""The parser of the whole command line. Nothing heavy is imported, so help is instant.

A command is one module in `arguments` with a function `add_arguments(parser, words)`,
one module here with a function `run(args)`, and one line in `COMMANDS`.
"""

import argparse
import importlib
import re
from os.path import exists

from coreselect._words import suggestion

from . import outputs
from .errors import one_line, some

COMMANDS = {
    "select": "write the rows of a file that matter, with weights",
    "dedupe": "drop near-duplicates: rows within a radius of a row that is kept",
    "resample": "change the class shares by making or dropping rows",
    "compare": "train on all rows and on selections, side by side",
    "report": "write a page on how alike selected rows and all rows are",
    "convert": "write text larger than memory as a Parquet file",
    "methods": "list the methods, their cost and when to use each",
}
_UNKNOWN = "unrecognized arguments: "
_MISSING = "the following arguments are required: "
_NO_VALUE = re.compile(r"(--[\w-]+): expected one argument$")


class Parser(argparse.ArgumentParser):
    """An argument parser whose arguments are added on first use.

    Parameters
    ----------
    fill : callable, optional
        ``fill(parser, words)`` adds the arguments of a command to its parser.
    """

    def __init__(self, *args, fill=None, **kwargs):
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, allow_abbrev=False, **kwargs)
        self._fill = fill

    def parse_known_args(self, args=None, namespace=None):
        if self._fill is None:
            return super().parse_known_args(args, namespace)
        # A command gets its options only once it is the one that was called.
        fill, self._fill = self._fill, None
        fill(self, args)
        self._refuse_unknown_options(args)
        found, extras = super().parse_known_args(args, namespace)
        if extras:
            self.error(f"unrecognized arguments: {' '.join(extras)}")
        return found, extras

    def _refuse_unknown_options(self, words):
        """Raise an error that names all unknown options and close matches."""
        known, said = self._option_string_actions, []
        for word in words[: words.index("--") if "--" in words else None]:
            flag = word.partition("=")[0]
            if flag.startswith("--") and flag not in known:
                said.append(f"there is no option {flag}.{self._meant(flag, known)}")
        if said:
            self.error(" ".join(said))

    def _meant(self, flag, known):
        from .catalogue import methods_with

        names = methods_with(flag.removeprefix("--").replace("-", "_"))
        if names and "--method" in known:
            return f" It belongs to --method {some(names, 3)}."
        return suggestion(flag, [name for name in known if name.startswith("--")])

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            close = suggestion(value, action.choices)
            known = ", ".join(action.choices)
            raise argparse.ArgumentError(
                action, f"{value!r} is not one of {known}.{close}"
            )

    def _described(self, missing):
        """Return missing arguments as they are typed, with what they can be."""
        said, names = [], missing.split(", ")
        for action in self._actions:
            flags = action.option_strings
            if ("/".join(flags) or action.metavar) in names:
                choices = getattr(action, "known", action.choices)
                text = " ".join([*flags[:1], action.metavar or "NAME"])
                if choices is not None:
                    text += f" (one of {', '.join(choices)})"
                if "-n" in flags:
                    text += self._in_place_of_size()
                said.append(text)
        return ", ".join(said)

    def _in_place_of_size(self):
        known = self._option_string_actions
        others = {"epsilon": "the error to reach", "budget": "what the rows may cost"}
        return "".join(
            f" or --{name} X, {what}"
            for name, what in others.items()
            if f"--{name}" in known
        )

    def format_help(self):
        size = self._option_string_actions.get("-n")
        # Its required value is what stands in the usage without brackets.
        if size is not None and self._in_place_of_size():
            size.required = False
        return super().format_help()

    def print_help(self, file=None):
        # argparse is silent about output that cannot be written.
        outputs.show(self.format_help())

    def error(self, message):
        if message.startswith(_MISSING):
            message = f"missing: {self._described(message.removeprefix(_MISSING))}"
        if found := _NO_VALUE.search(message):
            message += f"; one that begins with a hyphen is written {found[1]}=-..."
        words = message.removeprefix(_UNKNOWN).split()
        if words and message.startswith(_UNKNOWN) and all(map(exists, words)):
            message += "; quote a glob, so that it names the files as one table"
        problem = f"coreselect: error: {one_line(message)}\n"
        self.exit(2, f"{problem}Try: {self.prog} --help\n")


class _Version(argparse.Action):
    """Print the version; the package is imported only then."""

    def __call__(self, parser, namespace, values, option_string=None):
        from coreselect import __version__

        outputs.show(f"coreselect {__version__}\n")
        parser.exit()


def command_line():
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="coreselect",
        description="Pick the rows that matter: few rows with weights out of many.",
        epilog="`coreselect COMMAND --help` shows the options of a command.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        text = f"{summary[0].upper()}{summary[1:]}."
        commands.add_parser(name, help=summary, description=text, fill=_filler(name))
    return parser


def _filler(command):
    def fill(parser, words):
        module = importlib.import_module(f"{__package__}.arguments.{command}")
        module.add_arguments(parser, words)

    return fill
