"""Parquet files that are one table together: a directory, a glob or a list of paths.

They are read in the order of their names, and their rows are numbered on from file to
file.
"""

import os
from glob import escape, glob, has_magic
from itertools import pairwise
from pathlib import PurePath

from coreselect._files import TEXT, existing, is_path, suffix_of

PARQUET = (".parquet", ".pq")


def is_list_of_files(data):
    """Return whether `data` is a list of paths.

    Texts are taken for texts, unless all name Parquet files or files that exist.
    """
    if not isinstance(data, (list, tuple)) or not data or not all(map(is_path, data)):
        return False
    return (
        any(isinstance(path, os.PathLike) for path in data)
        or all(map(_is_parquet, data))
        or all(map(os.path.isfile, data))
    )


def is_many(path):
    """Return whether a path stands for several files: a directory or a glob."""
    return os.path.isdir(path) or _is_glob(path)


def format_of(data):
    """Return the suffix of the format of files, in lower case, such as ``.csv``."""
    many = isinstance(data, (list, tuple)) or is_many(data)
    return ".parquet" if many else suffix_of(data)


def located(data, name=None):
    """Return the paths of the files that a path or a list stands for, sorted by name.

    `name` is the argument that errors name.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If a path leads to no file, or a directory or glob holds no Parquet file.
    ValueError
        If some of several files are not Parquet, or lie in folders of a directory.
    """
    if isinstance(data, (list, tuple)):
        paths = sorted(existing(path, name) for path in data)
        for path, after in pairwise(paths):
            if path == after:
                raise ValueError(f"{name or 'the list'} has the file {path!r} twice.")
        return _all_parquet(paths, name)
    path = os.fspath(data)
    said = repr(path) if name is None else f"{name}={path!r}"
    if os.path.isdir(path):
        return _in_folder(path, said)
    if not _is_glob(path):
        return [existing(path, name)]
    found = sorted(p for p in glob(path, recursive=True) if not os.path.isdir(p))
    if not found:
        raise FileNotFoundError(
            f"{said}: there is no such file, and none of such a name."
        )
    return _all_parquet(found, name)


def texts_in(path):
    """Return the text files that a directory or glob stands for, sorted by name.

    There are none if there are Parquet files. Other files in a directory are left
    alone; if a glob matches some, beside text, they are an error.
    """
    if not is_many(path):
        return []
    is_folder = os.path.isdir(path)
    pattern = os.path.join(escape(path), "[!_]*") if is_folder else path
    found = sorted(p for p in glob(pattern, recursive=True) if not os.path.isdir(p))
    if any(map(_is_parquet, found)):
        return []
    texts = [p for p in found if suffix_of(p) in TEXT]
    if others := [p for p in found if texts and not is_folder and p not in texts]:
        raise ValueError(f"{others[0]!r} is not text; give a glob without it.")
    return texts


def would_join(path, data):
    """Return whether a new file would be among those of a directory or a glob."""
    if not is_many(data) or not _is_parquet(path):
        return False
    inside = PurePath(os.path.realpath(path))
    if os.path.isdir(data):
        return inside.parent == PurePath(os.path.realpath(data))
    return inside.match(os.path.realpath(data))


def _is_parquet(path):
    return suffix_of(path) in PARQUET


def _is_glob(path):
    """Return whether a path is a pattern, and not the name of a file."""
    return has_magic(os.fspath(path)) and not os.path.exists(path)


def _all_parquet(paths, name):
    """Return paths; raise unless all are of Parquet files."""
    for path in paths:
        if not _is_parquet(path):
            said = repr(path) if name is None else f"{name}: {path!r}"
            raise ValueError(
                f"{said} is not a Parquet file, and several files are one table only "
                "if all are; give a glob such as 'folder/*.parquet', or write others "
                "as Parquet first (for text, with coreselect convert)."
            )
    return paths


def _in_folder(folder, said):
    """Return the Parquet files in a folder; other files are left alone."""
    with os.scandir(folder) as entries:
        # Hidden files, and those with an underscore, belong to programs.
        shown = [entry for entry in entries if entry.name[0] not in "._"]
        folders = [entry.path for entry in shown if entry.is_dir()]
        found = [entry.path for entry in shown if not entry.is_dir()]
    for inner in folders:
        # Their names often hold values of a column, as in year=2024.
        below = os.path.join(escape(inner), "**", "*")
        if any(map(_is_parquet, glob(below, recursive=True))):
            raise ValueError(
                f"{said} has Parquet files in the folder {os.path.basename(inner)!r}; "
                f"give the glob {os.path.join(folder, '**', '*.parquet')!r}, or, if "
                "names of folders hold values, pyarrow.dataset.dataset(folder, "
                "partitioning='hive')."
            )
    found = sorted(filter(_is_parquet, found))
    if not found:
        way_out = "; coreselect convert makes one of the text in it"
        raise IsADirectoryError(
            f"{said} is a directory without Parquet files"
            f"{way_out if texts_in(folder) else ''}."
        )
    return found


def refuse_other_order(data, name, arrays):
    """Raise if files are listed in another order than that of their rows.

    `arrays` are the arguments that were given one value per row.
    """
    if not (arrays and is_list_of_files(data)):
        return
    paths = list(map(os.fspath, data))  # paths and texts sort in different ways
    if paths != sorted(paths):
        raise ValueError(
            f"{name} is a list of files that are read in the order of their names, but "
            f"lists them in another; sort it, and {arrays[0]} with it."
        )
