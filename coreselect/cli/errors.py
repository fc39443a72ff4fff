"""Errors of the command line, and messages in one line."""


class UsageError(Exception):
    """The command itself is wrong, whatever the data: exit code 2."""


def one_line(message):
    """Return a message, or that of an exception, as one line of text."""
    if isinstance(message, MemoryError) and "memory budget" not in str(message):
        return "out of memory; " + (" ".join(str(message).split()) or "no details")
    if isinstance(message, OSError) and message.strerror:
        name = "" if message.filename is None else f"{message.filename}: "
        message = name + message.strerror
    text = message.args[0] if isinstance(message, KeyError) else message
    return " ".join(str(text).split()) or type(message).__name__


def some(names, limit=12):
    """Return the first names of a list as text, with the number of those left out."""
    names = [str(name) for name in names]
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
