"""Streams as bytes: an npz archive of arrays, and a JSON text that says what they are.

There are no pickles in it, so bytes from elsewhere run no code. Arrays are not
compressed, so none can be larger than the bytes themselves.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect.streams._engine import Columns, Engine
from coreselect.streams._held import Held, joined, kind_of
from coreselect.streams._nodes import Node, State

FORMAT = "coreselect stream"
VERSION = 1
_OBJECTS = "{} holds Python objects, which to_bytes cannot keep; use numbers or text."
_IO = "install pyarrow (the extra coreselect[io]) to turn streams of frames into bytes."


def pack(engine: Engine, name: str, params: dict[str, Any]) -> bytes:
    """Return the bytes of a stream of the selector class `name`."""
    state, columns = engine.state, engine.columns
    rows = joined(state.holding() or [columns.first])
    arrays: dict[str, Any] = {"weight": rows.weight, "index": rows.index}
    if rows.y is not None:
        arrays["y"] = _plain_array(rows.y, "y")
    arrays |= _pack_rows(rows.X)
    more, further = engine.packed()
    arrays |= further
    header = more | {
        "format": FORMAT,
        "version": VERSION,
        "selector": name,
        "params": params,
        "window": engine.window,
        "seed": str(engine.seed),  # of 128 bits
        "weighted": engine.weighted,
        "kind": kind_of(rows.X),
        "n_features": columns.n_features,
        "matrix": sparse.isspmatrix(rows.X),
        "names": _names(columns.feature_names),
        "features": _names(columns.features),
        "n_seen": state.n_seen,
        "start": state.start,
        "nodes": [[n.level, n.start, n.stop, n.held.n_rows] for n in state.nodes],
    }
    arrays["header"] = np.array(json.dumps(header))
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _names(names):
    return None if names is None else [_name(name) for name in names]


def _name(name):
    return name.item() if isinstance(name, np.generic) else name


def _plain_array(array, name):
    if array.dtype.kind != "O":
        return array
    if all(isinstance(value, str) for value in array.flat):
        return array.astype(str)
    raise TypeError(_OBJECTS.format(name))


def _pack_rows(X):
    kind = kind_of(X)
    if kind == "array":
        return {"X": _plain_array(X, "X")}
    if kind == "CSR":
        return {"data": X.data, "indices": X.indices, "indptr": X.indptr}
    pa = _arrow()
    if hasattr(X, "iloc"):
        table = _from_pandas(pa, X)
    else:
        table = nw.from_native(X, eager_only=True).to_arrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {"arrow": np.frombuffer(sink.getvalue(), dtype=np.uint8)}


def _from_pandas(pa, X):
    # Arrow turns names into text; pandas finds integers again, but only if all are.
    if {type(name) for name in X.columns} not in ({str}, {int}):
        raise TypeError(
            f"the column names {list(X.columns)[:5]!r} cannot be kept in bytes; use "
            "text for all of them, or integers for all."
        )
    try:
        return pa.Table.from_pandas(X)
    except pa.ArrowException as error:
        raise TypeError(f"{_OBJECTS.format('X')} {error}") from error


def _arrow():
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ImportError(_IO) from error
    return pa


def unpack(raw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header of bytes, and their arrays; raise if they hold no stream."""
    if not isinstance(raw, (bytes, bytearray, memoryview)):
        raise TypeError(f"raw must be bytes that to_bytes made, got {raw!r:.80}.")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            kept = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED for info in kept):
                raise ValueError("arrays are compressed.")
            if sum(info.file_size for info in kept) > len(raw):
                raise ValueError("arrays are larger than the bytes.")
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise ValueError("they hold something else.")
            arrays = {name: file[name] for name in file.files if name != "header"}
    except Exception as error:  # its class depends on the damage
        raise ValueError(
            f"raw does not hold a stream that to_bytes wrote, or is cut: {error}"
        ) from error
    version = header.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise ValueError(
            f"raw was written in format {version!r}, but this version of coreselect "
            f"reads formats up to {VERSION}; update coreselect."
        )
    return header, arrays


def restore(engine: Engine, header: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Fill a new engine with what `unpack` found; check that it fits together."""
    try:
        _restore(engine, header, arrays)
    except Exception as error:
        raise ValueError(f"raw is damaged: {error}") from error


def _ensure(condition, what):
    if not condition:
        raise ValueError(f"{what}.")


def _restore(engine, header, arrays):
    rows = Held(
        _rows(header, arrays), arrays.get("y"), arrays["weight"], arrays["index"]
    )
    n_rows, n_seen, start = len(rows.weight), header["n_seen"], header["start"]
    _ensure(rows.weight.dtype == np.float64 and rows.weight.ndim == 1, "weights")
    _ensure(rows.index.dtype == np.int64, "positions are not integers")
    _ensure(rows.index.shape == (n_rows,), "positions and weights differ in number")
    _ensure(rows.y is None or len(rows.y) == n_rows, "y has another length")
    _ensure(rows.X.shape[0] == n_rows, "X has another number of rows")
    positive = np.isfinite(rows.weight) & (rows.weight > 0)
    _ensure(positive.all(), "a weight is not positive")
    counts = [header["n_features"], n_seen, start]
    counts += [count for node in header["nodes"] for count in node]
    whole = [type(count) is int and 0 <= count < 2**62 for count in counts]
    _ensure(all(whole), "a size is impossible")
    first = header["nodes"][0][1] if header["nodes"] else start
    nodes, done, end = [], 0, first
    for level, begin, stop, count in header["nodes"]:
        _ensure(begin == end < stop, "nodes do not follow each other")
        nodes.append(Node(level, begin, stop, _part(rows, done, count, begin, stop)))
        done, end = done + count, stop
    _ensure(end == start <= n_seen, "nodes and rows do not fit together")
    last = _part(rows, done, n_rows - done, start, n_seen)
    _ensure(n_seen - start <= engine.counter.leaf, "the last leaf is too large")
    none = rows.take(np.arange(0))
    names, features = header["names"], header["features"]
    kinds = [type(name) for name in names] if isinstance(names, list) else None
    named = names is None or kinds == [str] * counts[0]
    _ensure(named, "names of columns do not fit")
    engine.unpack(header, arrays)
    engine.columns = Columns(header["n_features"], names, features, none)
    engine.weighted = bool(header["weighted"])
    engine.state = State(n_seen, tuple(nodes), start, (last,))
    opened = engine._opened(rows) if n_rows else None
    _ensure(opened is None or opened.n_features == header["n_features"], "features")
    if opened is not None:
        opened.check_finite()


def _part(rows, first, count, start, stop):
    """Return some rows, which must lie in a range of positions."""
    _ensure(first + count <= len(rows.index), "there are fewer rows than sizes say")
    part = rows.take(np.arange(first, first + count))
    index = part.index
    inside = not count or (start <= index[0] and index[-1] < stop)
    _ensure(inside and (np.diff(index) > 0).all(), "positions are out of order")
    return part


def _rows(header, arrays):
    kind = header["kind"]
    if kind == "array":
        return arrays["X"]
    if kind == "CSR":
        parts = arrays["data"], arrays["indices"], arrays["indptr"]
        shape = len(parts[2]) - 1, header["n_features"]
        make = sparse.csr_matrix if header.get("matrix") else sparse.csr_array
        X = make(parts, shape=shape)
        X.check_format(full_check=True)
        return X
    pa = _arrow()
    table = pa.ipc.open_stream(pa.py_buffer(arrays["arrow"])).read_all()
    table.validate(full=True)
    if kind == "pandas":
        return table.to_pandas()
    return nw.from_arrow(table, backend=kind).to_native()
