"""Names in messages: those that were misspelt, and those that a terminal would obey.

Only the standard library is imported.
"""

import difflib


def suggestion(word, known):
    """Return a sentence such as `` Did you mean 'price'?``, or nothing.

    Parameters
    ----------
    word : object
        The name that was not found.
    known : iterable of object
        The existing names; those that are not text are ignored. Case, and
        ``_`` beside ``-`` or a space, make no difference.

    Returns
    -------
    str
        The sentence opens with a space, so that it can follow another one. It is empty
        if no name is close.

    Examples
    --------
    >>> from coreselect._words import suggestion
    >>> suggestion("Prize", ["carat", "price"])
    " Did you mean 'price'?"
    >>> suggestion("zebra", ["carat", "price"])
    ''
    """
    if not isinstance(word, str):
        return ""
    plain = {}
    for name in known:
        if isinstance(name, str) and name.strip():
            plain.setdefault(_plain(name), name)
    found = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.7)
    return f" Did you mean {plain[found[0]]!r}?" if found else ""


def printable(text):
    r"""Return text for a terminal, with control characters as Python writes them.

    Ends of lines stay. Names of columns come from files of others, and a terminal obeys
    what it is sent.

    Examples
    --------
    >>> from coreselect._words import printable
    >>> print(printable("a\x1b[31m\tb"))
    a\x1b[31m\tb
    """
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _plain(name):
    return name.strip().casefold().replace("_", "-").replace(" ", "-")
