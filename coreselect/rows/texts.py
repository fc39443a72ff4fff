"""Several text files that are one table, to be written as one."""

from functools import reduce

from coreselect._files import require
from coreselect.rows.columns import column_types, listed
from coreselect.rows.dialects import NOT_UTF8
from coreselect.rows.parquet import difference
from coreselect.rows.progress import tell
from coreselect.rows.text import TextHolder, joined_type


class Texts:
    """Text files one after another; the type of a column fits its cells in all files.

    Parameters
    ----------
    paths : list of str
    **reading
        How text is read; see `coreselect.rows.files.READING`.

    Attributes
    ----------
    schema : pyarrow.Schema
    n_rows : int
    notes : dict of str to list of str
        What is unusual about a file, by its path.

    Raises
    ------
    ValueError
        If a file cannot be read, has text that is not UTF-8 where no encoding is given,
        or has other columns than the first one.
    """

    def __init__(self, paths, **reading):
        arrow = require("pyarrow", "io")
        files = [TextHolder(path, numeric=False, **reading) for path in paths]
        for path, file in zip(paths, files, strict=True):
            _require_text(path, file.schema)
        names = [file.names for file in files]
        bare = [arrow.schema([(name, arrow.null()) for name in own]) for own in names]
        for path, schema in zip(paths, bare, strict=True):
            if why := difference(bare[0], schema):
                raise ValueError(
                    f"{path!r} {why} in {paths[0]!r}. Files that are one table need "
                    "the same columns in one order."
                )
        kinds = zip(*(file.schema.types for file in files), strict=True)
        types = [reduce(joined_type, own) for own in kinds]
        self.schema = arrow.schema(list(zip(names[0], types, strict=True)))
        self.n_rows = sum(file.n_rows for file in files)
        self.notes = {path: f.notes for path, f in zip(paths, files, strict=True)}
        self._files = files

    def stream(self):
        """Yield the record batches of all rows."""
        n_read = 0
        for file in self._files:
            for batch in file.read_as(self.schema):
                yield batch
                n_read += len(batch)
                tell(n_read, self.n_rows, "row")


def _require_text(path, schema):
    """Raise if a column holds bytes, as text that is not UTF-8 is read."""
    types = column_types(schema)
    if odd := [repr(name) for name, kind in types.items() if str(kind) == "binary"]:
        raise ValueError(
            f"cannot read {path!r}: the text in column {listed(odd)} {NOT_UTF8}."
        )
