"""Make new rows of data frames, with the dtypes of their columns."""

from itertools import chain

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect.rows import count_rows, take_rows
from coreselect.rows.columns import column_types, integer_dtype, is_arrow, not_numbers
from coreselect.rows.frames import FrameHolder, as_frame, is_thin, thin_matrix
from coreselect.selection._arrays import cast


def build_frame(X, indices, parts, copied, truncate):
    """Return kept and new rows of a frame; columns are addressed by position."""
    kept = take_rows(X, indices)
    if not parts:
        return kept
    types, copied = column_types(X), set(copied)
    numpys = {name: t for name, t in types.items() if isinstance(t, np.dtype)}
    foreign = {name: dtype for name, dtype in numpys.items() if not dtype.isnative}
    if foreign:  # pandas cannot join or take columns in the other byte order
        X = X.astype({name: dtype.newbyteorder("=") for name, dtype in foreign.items()})
        return build_frame(X, indices, parts, copied, truncate).astype(foreign)
    # Each part is made in three steps: copies of its base rows, with all dtypes as they
    # are; then the computed columns, as one block of numbers; then columns whose values
    # come from other rows, such as voted categories.
    features = [j for j, name in enumerate(types) if name not in copied]
    others = not_numbers(X, [name for name in types if name not in copied])
    is_text = [name in others for name in types]
    pieces = [kept]
    for part in parts:
        taken = part.copied_columns(len(features))
        wanted = zip(features, taken, strict=True)
        computed = [j for j, own in wanted if not (own or is_text[j])]
        columns = _computed(X, part, computed, list(types.items()), truncate)
        for column in np.flatnonzero(taken):
            rows = part.rows_of_column(column)
            if not np.array_equal(rows, part.base):
                place = [features[column]]
                columns.append((place, _columns(X, place, rows)))
        pieces.append(_replaced(X, take_rows(X, part.base), columns))
    wrapped = [nw.from_native(piece, eager_only=True) for piece in pieces]
    made = nw.concat(wrapped, how="vertical").to_native()
    bases = np.concatenate([indices, *(part.base for part in parts)])
    return number_rows(made, X, len(indices), bases)


def build_batch(X, indices, parts, copied, truncate):
    """Return kept and new rows of a record batch of pyarrow."""
    import pyarrow as pa

    table = build_frame(as_frame(X), indices, parts, copied, truncate)
    columns = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=X.schema)


def _columns(X, places, rows):
    """Return rows of some columns of a frame, as a frame."""
    if hasattr(X, "iloc"):
        return X.iloc[rows, places]
    frame = nw.from_native(X, eager_only=True)
    names = frame.columns  # by position, polars loses a column without a name
    return take_rows(frame.select([names[j] for j in places]).to_native(), rows)


def _computed(X, part, places, types, truncate):
    """Return the computed columns of new rows, as (positions, frame) for each dtype."""
    if not places:
        return []
    rows, small = part.numbers_only().on_used(count_rows(X))
    small.check_width(len(places))
    numbers = _columns(X, places, rows)
    if is_thin(numbers):
        made = sparse.csc_array(small.sparse_rows(thin_matrix(numbers).tocsr()))
    else:
        holder = FrameHolder(numbers)
        (block,) = holder.blocks([(0, len(rows))])
        made = np.empty((len(part), len(places)), dtype=holder.dtype)
        small.write(block, made)
    # One frame per dtype, not per column: pandas adds columns one by one very slowly.
    groups = {}
    for at, place in enumerate(places):
        groups.setdefault(str(types[place][1]), []).append(at)
    found = []
    for group in groups.values():
        chosen = [places[at] for at in group]
        names, dtype = [types[place][0] for place in chosen], types[chosen[0]][1]
        found.append((chosen, _typed(X, made[:, group], names, dtype, truncate)))
    return found


def _typed(X, values, names, dtype, truncate):
    """Return computed columns of one dtype as a frame of the kind of `X`."""
    plain = integer_dtype(dtype)
    if sparse.issparse(values):
        if plain is not None:
            values.data = cast(values.data, plain, truncate)
        return type(X).sparse.from_spmatrix(values, columns=names).astype(dtype)
    if plain is not None:
        values = cast(values, plain, truncate)
    if hasattr(X, "iloc"):
        return type(X)(values, columns=names).astype(dtype)
    columns = dict(zip(names, np.asfortranarray(values).T, strict=True))
    if is_arrow(X):
        import pyarrow as pa

        # Casting an array to its own type costs several times what making it does.
        arrays = [pa.array(column) for column in columns.values()]
        if arrays[0].type != dtype:
            arrays = [array.cast(dtype) for array in arrays]
        return pa.table(arrays, names=list(columns))
    backend = nw.from_native(X, eager_only=True).implementation
    made = [
        nw.new_series(name, column, backend=backend).cast(dtype).to_frame()
        for name, column in columns.items()
    ]
    return nw.concat(made, how="horizontal").to_native()


def _replaced(X, new, columns):
    """Return new rows with some columns replaced, as `_computed` returns these."""
    if not columns:
        return new
    if hasattr(X, "iloc"):
        # Replacing columns in place would let pandas change their dtypes. So the pieces
        # are put side by side and brought into the order of the columns.
        there = [place for places, _ in columns for place in places]
        rest = np.setdiff1d(np.arange(X.shape[1]), there)
        pieces = [new.iloc[:, rest], *(made for _, made in columns)]
        for piece in pieces[1:]:
            piece.index = new.index
        space = nw.get_native_namespace(X)
        made = space.concat(pieces, axis=1).iloc[:, np.argsort([*rest, *there])]
        made.columns = X.columns
        return made
    if not is_arrow(X):
        made = [nw.from_native(m, eager_only=True).iter_columns() for _, m in columns]
        new = nw.from_native(new, eager_only=True)
        return new.with_columns(*chain.from_iterable(made)).to_native()
    values = list(new.columns)
    for places, made in columns:
        for place, column in zip(places, made.columns, strict=True):
            values[place] = column
    return type(X).from_arrays(values, schema=X.schema)


def number_rows(made, X, n_kept, source):
    """Give the new rows of a pandas object labels; kept rows keep theirs.

    If the index holds unique integers, and its dtype or int64 has room for more, new
    rows get the next integers; otherwise each gets the label of its base row.
    """
    index = getattr(X, "index", None)
    if index is None or not hasattr(made, "iloc"):
        return made
    numpys = isinstance(index.dtype, np.dtype)
    if numpys and not index.dtype.isnative:  # pandas cannot index these
        index = index.astype(index.dtype.newbyteorder("="))
    labels = index[source]
    n_new = len(source) - n_kept
    dtype = _dtype_to_number_on(index, n_new)
    if dtype is not None:
        numpy_dtype = getattr(dtype, "numpy_dtype", dtype)
        numbers = np.arange(n_new, dtype=numpy_dtype)
        numbers += numpy_dtype.type(int(index.max()) + 1) if n_new else 0
        kept = np.asarray(labels[:n_kept], dtype=numpy_dtype)
        labels = np.concatenate([kept, numbers])
    made = made.reset_index(drop=True)  # a new object; the user's does not change
    plain = dtype is None or isinstance(dtype, np.dtype)
    if not plain or not np.array_equal(labels, np.arange(len(labels))):
        made.index = labels
    if not plain:
        made.index = made.index.astype(dtype)
    made.index.names = index.names
    return made


def _dtype_to_number_on(index, n_new):
    """Return the dtype of the index if new rows get the next integers, else None."""
    unfit = getattr(index, "nlevels", 1) > 1 or index.dtype.kind not in "iu"
    if unfit or not len(index) or index.hasnans or not index.is_unique:
        return None
    last = int(index.max()) + n_new
    for dtype in (index.dtype, np.dtype(np.int64)):
        if last <= np.iinfo(getattr(dtype, "numpy_dtype", dtype)).max:
            return dtype
    return None
