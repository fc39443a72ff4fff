"""The command line: ``coreselect select``, ``resample``, ``compare``, ``methods``.

Standard output has only the requested result (a plan, a table, JSON); messages and
progress go to standard error. Exit codes: 0 success; 1 a problem with the data or a
file; 2 a problem with the command itself; 130 interrupted. Nothing is written unless
the code is 0. A command imports what it needs when it runs, so ``--help`` and
``--version`` are instant.
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
        The arguments after the program's name; None means those of the process.

    Returns
    -------
    int
        0 success, 1 a problem with the data or a file, 2 a problem with the command,
        130 interrupted by Ctrl-C.

    Examples
    --------
    >>> from coreselect.cli import main
    >>> main(["select", "data.csv", "-o", "few.csv", "-n", "1.5"])
    2
    """
    # One line for each warning, without the source line that Python would add.
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            args = command_line().parse_args(argv)
            # Other commands and what they import stay unread.
            command = importlib.import_module(f"{__name__}.{args.command}")
            return command.run(args)
        except SystemExit as stop:  # argparse has printed its message
            return stop.code
        except KeyboardInterrupt:
            return _fail("interrupted; nothing was written", 130)
        except BrokenPipeError:
            return _reader_has_gone()
        except UsageError as error:
            return _fail(f"error: {one_line(error)}", 2)
        except _EXPECTED as error:
            if getattr(error, "filename", None) == "standard output":
                _reader_has_gone()
            return _fail(f"error: {one_line(error)}", 1)


def _fail(message, code):
    print(f"coreselect: {message}", file=sys.stderr)
    return code


def _show_warning(message, *_):
    print(f"coreselect: warning: {one_line(message)}", file=sys.stderr)


def _reader_has_gone():
    """Discard buffered output, so that `coreselect methods | head` ends quietly."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass
    return 1
