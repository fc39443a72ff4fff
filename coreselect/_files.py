"""Paths, files that are written whole or not at all, and optional packages."""

import importlib
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

TEXT = (".csv", ".tsv")
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}  # of text


def is_path(data: Any) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether `data` is the path of a file: text or an os.PathLike."""
    return isinstance(data, (str, os.PathLike))


def path_text(path: Any) -> str:
    """Return a path as text; raise unless it is one."""
    if not is_path(path):
        raise TypeError(f"path must be a path or a string, got {path!r}.")
    return os.fspath(path)


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a path in lower case, such as ``.csv``.

    Compressed text has that of the text: ``.csv`` for ``rows.csv.gz``.
    """
    return _suffixes(path)[0]


def compression_of(path):
    """Return how text at a path is compressed, by its name; None if it is not."""
    return COMPRESSIONS.get(_suffixes(path)[1])


def _suffixes(path):
    """Return the suffix of the format, and that of the compression of text."""
    stem, last = os.path.splitext(os.fspath(path).lower())
    inner = os.path.splitext(stem)[1]
    return (inner, last) if last in COMPRESSIONS and inner in TEXT else (last, "")


def existing(path, name=None):
    """Return a path as text; raise unless a file is there.

    `name` is the argument that errors name.
    """
    path = os.fspath(path)
    said = repr(path) if name is None else f"{name}={path!r}"
    if os.path.isdir(path):
        raise IsADirectoryError(f"{said} is a directory; name one file in it.")
    if not os.path.exists(path):
        raise FileNotFoundError(f"{said}: there is no such file.")
    return path


def require(module: str, extra: str) -> Any:
    """Import an optional module; the error names the extra that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f"this needs {package}, which is not installed: pip install {package}, "
            f"or pip install '.[{extra}]' in the source folder of coreselect"
        ) from error


def check_writable(path, name="cannot write"):
    """Raise unless a file can be written at `path`; errors open with `name`."""
    given, path = str(path), Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(f"{name} {given!r}: it is a directory; name a file.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{name} {given!r}: there is no folder {str(path.parent)!r}."
        )
    if path.exists() and not path.is_file():
        raise OSError(f"{name} {given!r}: it is a device, not a file.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{name} {given!r}: the folder {str(path.parent)!r} is not writable."
        )
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{name} {given!r}: the file is write-protected.")


@contextmanager
def atomic_path(path, *, overwrite=True):
    """Yield a temporary path, which is renamed to `path` after the block.

    On any exception, an interrupt included, the temporary file is removed and an
    existing file at `path` stays as it was. A symbolic link is followed; a file that is
    replaced keeps its permissions.

    Raises
    ------
    FileExistsError
        If `path` exists and `overwrite` is False.
    FileNotFoundError, IsADirectoryError, PermissionError
        If no file can be written there.
    """
    check_writable(path)
    given, path = str(path), Path(os.path.realpath(path))
    _refuse_existing(path, given, overwrite)
    # In the same folder, since a rename is atomic only within one file system. Long
    # names are cut: the suffix of `mkstemp` would make them longer than systems allow.
    suffix = "".join(_suffixes(path))
    handle, name = tempfile.mkstemp(
        prefix=f".{path.stem[:50]}-", suffix=suffix, dir=path.parent
    )
    temporary = Path(name)
    try:
        os.close(handle)
        yield temporary
        # Another process may have written the file meanwhile.
        _refuse_existing(path, given, overwrite)
        temporary.chmod(_mode(path))
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _refuse_existing(path, given, overwrite):
    if not overwrite and path.exists():
        raise FileExistsError(f"{given!r} exists already and is not overwritten.")


def _mode(path):
    """Return the permissions of the file at `path`, or those a new one would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    # The mask can only be read by setting it. Files of `mkstemp` are private otherwise.
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def stamp_of(path):
    """Return size, modification time and inode: they change when a file is written."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def require_same(path, stamp):
    """Raise if the file changed since it had this stamp."""
    if stamp_of(existing(path, "X")) != stamp:
        raise ValueError(
            f"{path!r} changed while it was read; open it again once nobody writes to "
            "it."
        )
