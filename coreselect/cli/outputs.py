"""Outputs of a command: checked before the work begins, written whole or not at all."""

import errno
import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from coreselect._files import atomic_path, check_writable
from coreselect._folders import is_many, located, would_join
from coreselect._words import printable

from .errors import UsageError
from .memory import naming_full_folder
from .record import dumps

STANDARD_OUTPUT = "standard output"


def check_outputs(inputs, outputs, force):
    """Raise unless every output can be written, and none of them is an input.

    Parameters
    ----------
    inputs : list of path
    outputs : dict of str to path or None
        Paths by option; None and `-` (standard output) need no check.
    force : bool
        Whether existing files may be replaced.
    """
    # By the real path: a link to the input would be replaced by the output.
    seen = {}
    for given in inputs:
        paths = located(given) if is_many(given) else [given]
        seen |= {_real(path): f"the input {path!r}" for path in paths}
    for option, path in outputs.items():
        if path is None or path == "-":
            continue
        if (other := seen.get(_real(path))) is not None:
            raise UsageError(f"{option} {path!r} is the same file as {other}")
        if larger := [given for given in inputs if would_join(path, given)]:
            raise UsageError(
                f"{option} {path!r} would be one of the files of the input "
                f"{larger[0]!r} from then on; write it elsewhere"
            )
        seen[_real(path)] = option
        check_writable(path, option)
        if Path(path).exists() and not force:
            raise FileExistsError(
                f"{option} {str(path)!r} exists already; --force replaces it."
            )


def _real(path):
    return os.path.normcase(os.path.realpath(path))


def write_all(jobs, force, texts):
    """Write several files under temporary names; rename them once all are written.

    Texts for standard output are printed before the files are renamed, so that a failed
    write to it leaves no file.

    Parameters
    ----------
    jobs : list of (path, callable)
        ``callable(temporary_path)`` writes a file.
    force : bool
        Whether existing files may be replaced.
    texts : dict of path to str
        Texts to write likewise; that of `-` is printed, and that of None left out.
    """
    named = {path: text for path, text in texts.items() if path not in (None, "-")}
    with ExitStack() as stack:
        for path, write in [*map(_text_job, named, named.values()), *jobs]:
            temporary = stack.enter_context(atomic_path(path, overwrite=force))
            stands = str(path) in STANDING_FOR  # it lies among the temporary files
            with naming_full_folder() if stands else _naming(path):
                write(temporary)
        if "-" in texts:
            show(texts["-"])


def _text_job(path, text):
    return path, lambda temporary: temporary.write_text(text, encoding="utf-8")


@contextmanager
def _naming(path):
    """Make errors of the system, such as a full disk, name the file."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        # Libraries leave out the file, and sometimes the number of the error.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error


def write_with_report(args, jobs, report):
    """Write files as `write_all` does, and the report as JSON if it was asked for."""
    told = dumps({"input": args.input, "output": args.output, **report}, indent=2)
    write_all(jobs, args.force, {args.json: f"{told}\n"})


def show(text):
    """Print text to standard output; an error says that it could not be written."""
    with _standard_output() as stream:
        stream.write(with_names(text))


def show_file(path):
    """Print the bytes of a file to standard output."""
    with _standard_output() as stream, open(path, "rb") as file:
        shutil.copyfileobj(file, stream.buffer, 2**20)


@contextmanager
def _standard_output():
    with _naming(STANDARD_OUTPUT):
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        yield sys.stdout
        sys.stdout.flush()


# Temporary files that stand for standard input or output, and what messages call them.
STANDING_FOR: dict[str, str] = {}


def with_names(text):
    """Return a text with the names of temporary files that stand for a stream."""
    for path, name in STANDING_FOR.items():
        text = text.replace(repr(path), name).replace(path, name)
    return text


def say(message):
    """Print a message to standard error, if there is one."""
    if sys.stderr is None:  # `print` would take standard output
        return
    print(f"coreselect: {printable(with_names(message))}", file=sys.stderr)


def aligned(rows):
    """Return rows of text as a table."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
