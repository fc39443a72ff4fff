"""What goes wrong on the command line, and how it is said in a line."""


class UsageError(Exception):
    """The command asks for something that cannot be: exit code 2."""


def one_line(message):
    """Return a message, or an exception's, as one line of text."""
    if isinstance(message, MemoryError):
        return "out of memory; " + (" ".join(str(message).split()) or "no details")
    if isinstance(message, OSError) and message.strerror and message.filename:
        return f"{message.filename}: {message.strerror}"
    text = message.args[0] if isinstance(message, KeyError) else message
    return " ".join(str(text).split()) or type(message).__name__


def some(names, limit=12):
    """Return the first names of a list as text, and how many more there are."""
    names = [str(name) for name in names]
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
