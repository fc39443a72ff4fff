"""Parse and run a command; an error becomes one line and an exit code."""

import importlib
import os
import re
import shlex
import signal
import sys
import threading
import warnings
from contextlib import contextmanager

from . import outputs
from .engines import workers
from .errors import UsageError, one_line
from .memory import limits
from .parsers import command_line
from .phrases import in_shell_words
from .streams import standard_streams

_EXPECTED = (OSError, ValueError, TypeError, ImportError, MemoryError, RuntimeError)


def run(argv):
    """Run the command line and return its exit code; see `coreselect.cli.main`."""
    flags, sources = {}, []  # for messages, once the command is known
    outputs.STANDING_FOR.clear()

    def told(message):
        said = in_shell_words(one_line(message), flags, *sources)
        if flags.get("features") is None:  # the command has no such option
            said = re.sub(r" Selectors [^.]* --features auto\.", "", said)
        if "drop_missing" in flags:
            said = said.replace("Remove these rows", "Use --drop-missing")
        return said

    def show_warning(message, *_):
        outputs.say(f"warning: {told(message)}")

    # One line for each warning, without the source line that Python would add.
    with warnings.catch_warnings(), _ending_as_by_ctrl_c():
        warnings.showwarning = show_warning
        try:
            args = command_line().parse_args(argv)
            flags.update(getattr(args, "flags", {}))
            for option in ("features", "drop_missing"):
                if hasattr(args, option):
                    flags[option] = f"--{option.replace('_', '-')}"
            if getattr(args, "exclude_file", None) is not None:
                flags["exclude"] = "--exclude-file"
            for name, (option, column) in _columns(args).items():
                flags[name] = f"{option} {shlex.quote(column)}"
            # Other commands and their imports are not loaded.
            command = importlib.import_module(f"{__package__}.{args.command}")
            with limits(args), workers(args), standard_streams(args):
                sources += [args.input] if hasattr(args, "input") else []
                return command.run(args)
        except SystemExit as stop:  # argparse has printed its message
            return stop.code
        except BrokenPipeError:
            return _reader_has_gone()
        except UsageError as error:
            return _fail(f"error: {one_line(error)}", 2)
        except _EXPECTED as error:
            if getattr(error, "filename", None) == "standard output":
                _reader_has_gone()
            return _fail(f"error: {told(error)}", 1)


@contextmanager
def _ending_as_by_ctrl_c():
    """Answer SIGTERM, with which batch systems end jobs, as Ctrl-C."""

    def interrupt(*_):
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _columns(args):
    """Return the columns that options of `fit` name, where a command has them."""
    if not hasattr(args, "cost_column"):
        return {}
    from .rules import columns_named

    return columns_named(args)


def _fail(message, code):
    outputs.say(message)
    return code


def _reader_has_gone():
    """Discard buffered output, so that `coreselect methods | head` ends quietly."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass
    return 1
