"""How much memory a command takes, and where its temporary files lie."""

import errno
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from coreselect._budget import memory_budget, shown_bytes

# Bytes that commands without a method take, however few the rows; measured. Methods say
# themselves what they need.
_LEAST = {"convert": 400_000_000, "report": 400_000_000}
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def limits(args):
    """Let a command keep to `--memory`, with its temporary files in `--scratch`."""
    memory, folder = getattr(args, "memory", None), getattr(args, "scratch", None)
    with ExitStack() as stack:
        if folder is not None:
            _require_folder(folder)
            stack.enter_context(_temporary_files_in(folder))
        if memory is not None:
            _require_enough(memory, getattr(args, "command", None))
            stack.enter_context(memory_budget(memory, folder))
        yield


def _require_enough(memory, command):
    """Raise if a command takes more memory than it may, whatever its input."""
    if memory < (least := _LEAST.get(command, 0)):
        raise MemoryError(
            f"{command} needs {shown_bytes(least)}, Python and its modules included, "
            f"but the memory budget is {shown_bytes(memory)}. Allow that much."
        )


def _require_folder(folder):
    if not os.path.isdir(folder):
        raise NotADirectoryError(
            f"--scratch {folder!r} is not a folder; make it first, or name another."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"--scratch {folder!r}: this folder is not writable.")


@contextmanager
def _temporary_files_in(folder):
    """Let all temporary files of the process be made in a folder."""
    before, tempfile.tempdir = tempfile.tempdir, os.path.abspath(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextmanager
def naming_full_folder():
    """Make errors of a full disk name the folder of temporary files."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise OSError(
            error.errno,
            f"the folder of temporary files {tempfile.gettempdir()!r} has no room "
            f"({os.strerror(error.errno)}); name another one with --scratch",
        ) from error


@contextmanager
def spooled(stream, suffix):
    """Yield the path of a temporary file with all bytes of a stream.

    A stream such as standard input can be read once only, but rows are read in several
    passes. The name of the file, which errors show, says where the rows come from.
    """
    with tempfile.TemporaryDirectory(prefix="coreselect-") as folder:
        path = Path(folder, f"standard-input{suffix}")
        with naming_full_folder(), open(path, "wb") as file:
            shutil.copyfileobj(stream, file, 2**20)
        yield path
