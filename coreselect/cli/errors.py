"""Errors of the command line, and messages in one line."""

import re

_PASSED = re.compile(
    r"\b(pass )?(delimiter|decimal|encoding|header)=('(?:[^'\\]|\\.)*'|False\b)"
)


class UsageError(Exception):
    """The command itself is wrong, whatever the data: exit code 2."""


def one_line(message):
    """Return a message, or that of an exception, as one line of text."""
    if isinstance(message, MemoryError):
        return "out of memory; " + (" ".join(str(message).split()) or "no details")
    if isinstance(message, OSError) and message.strerror and message.filename:
        return f"{message.filename}: {message.strerror}"
    text = message.args[0] if isinstance(message, KeyError) else message
    return " ".join(as_options(str(text)).split()) or type(message).__name__


def as_options(message):
    """Return a message with the options of the shell for arguments of Python.

    They are those that say how text is read.
    """

    def option(found):
        words, name, value = found.groups()
        words = "add " if words else ""
        return f"{words}--no-header" if name == "header" else f"{words}--{name} {value}"

    return _PASSED.sub(option, message)


def some(names, limit=12):
    """Return the first names of a list as text, with the number of those left out."""
    names = [str(name) for name in names]
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
