"""Rows of whatever holds them: every Arrow type, and tensors."""

import decimal

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

import coreselect.rows
from coreselect import Selection
from coreselect.rows import take_rows
from coreselect.rows.tensors import as_numpy

ORDERS = [[], [7], [11, 0, 7, 7], list(range(12)), list(range(11, -1, -1))]
TEXT = pa.array(["a", None, "longer than what fits into a view"] * 4, pa.string_view())


class Wrapped(pa.ExtensionType):
    """Text in views, by another name."""

    def __init__(self, storage):
        super().__init__(storage, "coreselect.wrapped")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls(storage)


def _nested(kind, *values):
    return pa.array([*values, None, values[0]] * (12 // (len(values) + 2)), kind)


COLUMNS = {
    "string_view": TEXT,
    "binary_view": _nested(pa.binary_view(), b"a", b"b"),
    "list": _nested(pa.list_(pa.int64()), [1], [2, 3]),
    "list of views": _nested(pa.list_(pa.string_view()), ["a"], ["b", "c"]),
    "fixed list of views": _nested(pa.list_(pa.string_view(), 1), ["a"], ["b"]),
    "list view": _nested(pa.list_view(pa.string_view()), ["a"], []),
    "struct of views": _nested(pa.struct({"k": pa.string_view()}), {"k": "a"}, {}),
    "map to views": _nested(pa.map_("int8", pa.string_view()), [(1, "a")], []),
    "runs": pa.RunEndEncodedArray.from_arrays(
        pa.array([2, 3, 12], pa.int32()), pa.array([1.5, None, 2.5])
    ),
    "runs of text": pa.RunEndEncodedArray.from_arrays(
        pa.array([5, 12], pa.int32()), pa.array(["a", "b"])
    ),
    "dictionary": _nested(pa.string(), "a", "b").dictionary_encode(),
    "dictionary of views": pa.DictionaryArray.from_arrays(
        pa.array([0, None, 1] * 4), pa.array(["a", "b"], pa.string_view())
    ),
    "extension": pa.ExtensionArray.from_storage(
        Wrapped(pa.int64()), pa.array(range(12))
    ),
    "extension of views": pa.ExtensionArray.from_storage(Wrapped(TEXT.type), TEXT),
    "null": pa.nulls(12),
    "decimal": pa.array([decimal.Decimal(1)] * 12, pa.decimal256(40, 2)),
    "interval": _nested(pa.month_day_nano_interval(), (1, 2, 3), (4, 5, 6)),
}


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("name", COLUMNS)
def test_rows_of_every_arrow_type(name, order):
    column = COLUMNS[name]
    wanted = [column[i].as_py() for i in order]
    cut = pa.chunked_array([column.slice(0, 5), column.slice(5, 0), column.slice(5)])
    batch = pa.record_batch({"more": column, "x": np.arange(12.0)})
    table = pa.table({"more": cut, "x": np.arange(12.0)})
    for data in (column, cut):
        taken = take_rows(data, order)
        assert type(taken) is type(data)
        assert taken.type == column.type
        assert taken.to_pylist() == wanted
    for data in (batch, table):
        taken = take_rows(data, order)
        assert taken.schema == data.schema
        assert taken.column("more").to_pylist() == wanted
    rows = coreselect.rows.open(table, columns=["x"])
    assert_array_equal(rows.gather(order).X[:, 0], order)


class Tensor:
    """What torch's tensors do, as far as rows are concerned."""

    def __init__(self, values, dtype=None, *, grad=False, device="cpu"):
        self._values = np.asarray(values)
        self.dtype = dtype or f"torch.{self._values.dtype}"
        self._grad, self._device = grad, device

    @property
    def shape(self):
        return self._values.shape

    def __len__(self):
        return len(self._values)

    def __getitem__(self, rows):
        assert rows.flags.writeable, "torch warns"
        return Tensor(self._values[rows], self.dtype, grad=self._grad)

    def __array__(self, dtype=None, copy=None):
        return self.numpy()

    def detach(self):
        return Tensor(self._values, self.dtype, device=self._device)

    def cpu(self):
        return Tensor(self._values, self.dtype, grad=self._grad)

    def float(self):
        return Tensor(self._values.astype(np.float32))

    def numpy(self):
        if self._grad or self._device != "cpu" or "bfloat16" in self.dtype:
            raise TypeError("no NumPy array of this tensor")
        return self._values


KINDS = {
    "plain": {},
    "with gradient": {"grad": True},
    "elsewhere": {"device": "cuda"},
    "bfloat16": {"dtype": "torch.bfloat16"},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_tensors_are_rows_targets_and_weights(kind):
    X = np.arange(12.0, dtype=np.float32).reshape(6, 2)
    rows = coreselect.rows.open(
        Tensor(X, **kind), Tensor(X[:, 0], **kind), Tensor(X[:, 1], **kind)
    )
    assert rows.dtype == np.float32
    assert_array_equal(rows.map(lambda b: b.X), X)
    assert_array_equal(rows.y, X[:, 0])
    assert_array_equal(rows.weight, X[:, 1])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_taken_from_a_tensor_is_a_tensor(kind):
    X = np.arange(12.0).reshape(6, 2)
    given = Tensor(X, **kind)
    selection = Selection([4, 1], [1.0, 1.0], 6)
    for taken in (
        selection.take(given),
        take_rows(given, [4, 1]),
        coreselect.rows.open(given).take([4, 1]),
    ):
        assert isinstance(taken, Tensor)
        assert taken.dtype == given.dtype
        assert_array_equal(taken._values, X[[4, 1]])


def test_what_is_no_tensor_stays_as_it_is():
    for value in (np.ones(3), [1], None, "path"):
        assert as_numpy(value) is value


def test_rows_of_other_sequences_are_a_list():
    assert take_rows(range(5, 9), [3, 0]) == [8, 5]
