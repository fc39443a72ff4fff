"""Messages of the library in the words of the shell: `n_select` becomes `-n`."""

import re
import shlex

# Arguments of Python that every command has under another name.
_COMMON = {
    "n_select": "-n",
    "random_state": "--seed",
    "sample_weight": "--input-weights",
    "y": "--target",
    "features": "--features",
    "columns": "--columns",
    "exclude": "--exclude",
    "delimiter": "--delimiter",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "header": "--no-header",
    "objective": "--certify",
    "categorical_features": "--categorical",
    "methods": "--methods",
    "quotas": "--quota",
    "groups": "--groups-column",
    "cost": "--cost-column",
    "include": "--include-file",
    "engine": "--engine",
}
# A quoted name stays as it is; so does a word that is part of a longer one or a path.
_PIECES = re.compile(
    r"""(?P<option>--[\w-]+|DATA|SELECTION)=(?P<given>'[^']*'|"[^"]*")"""
    r"""|(?P<quoted>(?<![\w=])(?:'[^']*'|"[^"]*")(?!\w))"""
    r"""|(?<![\w./-])(?P<pass>pass )?(?P<name>[A-Za-z]\w*)"""
    r"""(?:=(?P<value>'[^']*'|"[^"]*"|[\w.+-]*\w))?"""
    r"""(?![\w/-]|\.\w)"""
)
_QUOTES = "'\""
# Some arguments are English words too, such as `columns`. They are taken for arguments
# only if one of these follows.
_VERBS = re.compile(
    r"\s*(?::|is zero |(?:must|has|contains|names|asks|gives|changes|allows|cannot) )"
)
# These are arguments behind further words, too.
_RULES = ("quotas", "groups", "cost", "include", "exclude")
_BEFORE = re.compile(
    r"(?:take|[Ll]eave|rows of|named in|out of|which|without|but|and) $"
)
_QUOTAS = "its constructor quotas={group: number of rows}", "--quota GROUP=N"
# Ways out that are others in a shell.
_WAYS_OUT = {
    "name another one in memory_budget, or allow more memory": "name another one with "
    "--scratch, or give more --memory",
    "Connect a new client, open the rows again, and start anew.": "Run the command "
    "again.",
    "block_rows or a smaller coreselect.memory_budget": "a smaller --memory",
    "but the memory budget is": "but --memory is",
    "or leave out engine": "or leave out --engine",
    "a dict of class to number of rows.": "numbers of rows, such as "
    "--sampling-strategy a=500,b=200.",
    ", or, if names of folders hold values, pyarrow.dataset.dataset(folder, "
    "partitioning='hive').": ".",
}
_COMPARED = re.compile(r" [<>]=? ?[\d.]")
# What scikit-learn's checks make every estimator say.
_SCIKIT_LEARN = (
    "requires y to be passed, but the target y is None",
    "needs y, the column to predict",
)
# NumPy shows a value as `np.str_('a')`, and scikit-learn its messages with it.
_NUMPY = re.compile(r"\bnp\.\w+\(('[^']*'|\"[^\"]*\"|[^()'\"]*)\)")
# Elsewhere X is a name, as in "must be called X".
_DATA = re.compile(r"(?:^|: |\b(?:[Ii]nput|of|in|for|to) )$")
_OPTION = re.compile(r"--[\w-]+ $")
_SELECTOR = re.compile(r"(?:`draw` or )?\ba selector (?=that)")
_POSITION = re.compile(r"\bat position (?=\d)")


def in_shell_words(message, flags=None, source=None):
    """Return a message with the options of the command in place of Python's arguments.

    Parameters
    ----------
    message : str
    flags : dict of str to str, optional
        The options of the method by parameter, and what to call classes.
    source : str, optional
        The input file, which Python calls X.
    """
    known = {**_COMMON, **(flags or {})}
    message = message.replace(*_SCIKIT_LEARN).replace(*_QUOTAS)
    for way in _WAYS_OUT.items():
        message = message.replace(*way)
    message = _NUMPY.sub(r"\1", message)
    message = _POSITION.sub("in row ", message)
    message = _SELECTOR.sub("a method ", message)
    if source is not None:
        known["X"] = repr(source)

    def said(found):
        name, value = found["name"], found["value"]
        if found["option"]:  # whatever its value is called
            return _assigned(found["option"], found["given"])
        before = message[: found.start()]
        is_name = name == "X" and not _DATA.search(before)
        # `--target y` names a column: the message speaks the shell's language already.
        if name not in known or is_name or _OPTION.search(before):
            return found[0]
        flag = known[name]
        if value is not None:
            verb = "add " if found["pass"] else ""
            return verb + _assigned(flag, value)
        if not before:  # a method that a message is about
            flag = flag.removeprefix("--method ")
        is_word = name.islower() and "_" not in name and name != "y"
        is_argument = (
            _COMPARED.match(message, found.end())
            or (found.start() == 0 and _VERBS.match(message, found.end()))
            or (name in _RULES and _BEFORE.search(before))
        )
        return found[0] if is_word and not is_argument else (found["pass"] or "") + flag

    return _PIECES.sub(said, message)


def _assigned(flag, value):
    """Return an option with its value, as it is typed."""
    if value == "TableFeatures":
        value = "auto"
    if value == "None":
        return f"no {flag}"
    if value == "True" or flag.startswith("--no-"):
        return flag
    if value == "False":
        return f"--no-{flag.removeprefix('--')}"
    return f"{flag} {shlex.quote(value.strip(_QUOTES))}"
