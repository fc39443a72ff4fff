"""Standard input as IN and standard output as OUT, both written as `-`.

Rows are read in several passes, and outputs are written whole or not at all: so both go
through temporary files, which the commands see as any other file.
"""

import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from coreselect._folders import format_of

from . import outputs
from .errors import UsageError
from .memory import spooled

FORMATS = ("csv", "tsv", "parquet")
_WRITERS = ("select", "dedupe", "resample")  # commands whose OUT is a table


@contextmanager
def standard_streams(args):
    """Let a command read and write temporary files where its arguments say `-`."""
    reads = getattr(args, "input", None) == "-"
    writes = args.command in _WRITERS and args.output == "-"
    if not (reads or writes):
        if getattr(args, "format", None) is not None:
            raise UsageError(
                "--format tells the format of -, standard input or output; that of a "
                "file is told by its suffix"
            )
        yield
        return
    suffix = _suffix(args, reads)
    if writes and args.json == "-":
        raise UsageError(
            "-o - and --json - cannot both be printed; name a file for one"
        )
    with ExitStack() as stack:
        if reads:
            if sys.stdin is None:
                raise UsageError("IN is -, but there is no standard input")
            if sys.stdin.isatty():
                outputs.say("reading rows from the terminal; Ctrl-D ends them")
            path = stack.enter_context(spooled(sys.stdin.buffer, suffix))
            args.input = str(path)
            outputs.STANDING_FOR[args.input] = "standard input"
        if writes:
            folder = stack.enter_context(tempfile.TemporaryDirectory("", "coreselect-"))
            args.output = str(Path(folder, f"standard-output{suffix}"))
            outputs.STANDING_FOR[args.output] = "standard output"
        yield
        if writes and Path(args.output).exists():  # there is none after --dry-run
            outputs.show_file(args.output)


def _suffix(args, reads):
    """Return the suffix of the format of `-`."""
    if args.format is not None:
        return f".{args.format}"
    suffix = format_of(args.input)
    if not reads and suffix.removeprefix(".") in FORMATS:
        return suffix
    words = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    where = "IN is -" if reads else "-o is -"
    raise UsageError(f"{where}: say its format with --format {words}")
