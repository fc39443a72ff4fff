"""The command line: ``coreselect select``, ``resample``, ``compare``, ``methods``.

Standard output carries what was asked for (a plan, a table, JSON) and nothing else;
messages and progress go to standard error. Exit codes: 0 done; 1 something is wrong
with the data or a file, or the run was interrupted, and nothing is written; 2 the
command asks for something that cannot be. What a command needs is imported when it
runs, so that ``--help`` and ``--version`` are instant.
"""

import importlib
import os
import sys
import warnings

from .errors import UsageError, one_line
from .parsers import command_line

_EXPECTED = (OSError, ValueError, TypeError, ImportError, MemoryError)


def main(argv=None):
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : list of str or None, default=None
        The arguments after the program's name; None takes those of the process.

    Returns
    -------
    int
        0 done, 1 a problem of the data or the files, 2 a problem of the command.

    Examples
    --------
    >>> from coreselect.cli import main
    >>> main(["select", "data.csv", "-o", "few.csv", "-n", "1.5"])
    2
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            args = command_line().parse_args(argv)
            command = importlib.import_module(f"{__name__}.{args.command}")
            code = command.run(args)
            _flush()
            return code
        except SystemExit as stop:  # argparse has said what it had to say
            return stop.code
        except KeyboardInterrupt:
            return _fail("interrupted; nothing was written", 1)
        except BrokenPipeError:
            return _reader_has_gone()
        except UsageError as error:
            return _fail(f"error: {one_line(error)}", 2)
        except _EXPECTED as error:
            if getattr(error, "filename", None) == "standard output":
                _reader_has_gone()
            return _fail(f"error: {one_line(error)}", 1)


def _flush():
    """Let what was printed arrive, or say where it did not."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def _fail(message, code):
    print(f"coreselect: {message}", file=sys.stderr)
    return code


def _show_warning(message, *_):
    print(f"coreselect: warning: {one_line(message)}", file=sys.stderr)


def _reader_has_gone():
    """Let what is still buffered go nowhere: `coreselect methods | head` is fine."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass
    return 1
