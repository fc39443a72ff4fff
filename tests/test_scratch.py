"""Arrays in scratch files: the same numbers, in nameless files, reserved first."""

import errno
import gc
import os
import pickle
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect import _scratch
from coreselect._budget import bytes_of, current_budget, memory_budget, shown_bytes
from coreselect._scratch import (
    by_parts,
    empty,
    gathered,
    is_stored,
    largest,
    located,
    mapped,
    parts,
    release,
    running,
    taken,
    total,
    where,
)

RNG = np.random.default_rng(0)


def in_scratch(array):
    return _scratch._pages(array) is not None


@pytest.fixture(params=["memory", "scratch"])
def home(request, monkeypatch):
    monkeypatch.setattr(_scratch, "_PART", 7)
    if request.param == "memory":
        yield
        return
    with memory_budget(64):  # every array of a byte or more
        yield


def test_functions_by_parts_give_what_numpy_gives(home):
    values = by_parts(np.abs, RNG.normal(size=100))
    assert in_scratch(values) == (current_budget() is not None)
    doubled = by_parts(lambda a, b: a if b is None else a + b, values, None)
    assert_array_equal(doubled, values)
    assert_array_equal(by_parts(np.add, values, values), 2 * values)
    assert total(values) == pytest.approx(values.sum(), rel=1e-14)
    assert largest(values) == values.max()
    assert largest(values[:0]) == 0
    numbers = where(lambda rows: values[rows] > 0.5, values)
    assert_array_equal(numbers, np.flatnonzero(values > 0.5))
    assert_array_equal(taken(values, numbers), values[numbers])
    table = empty((100, 3), np.float32)
    for rows in parts(table, values):
        table[rows] = values[rows, None]
    assert_array_equal(taken(table, numbers)[:, 1], values[numbers].astype(np.float32))


def test_rows_here_and_there_are_those_of_numpy(home):
    values = by_parts(np.abs, RNG.normal(size=100))
    table = empty((100, 3))
    table[:] = RNG.normal(size=(100, 3))
    numbers = RNG.integers(100, size=40)
    for array in (values, table, table[:, :2]):
        assert_array_equal(gathered(array, numbers), array[numbers])
        assert_array_equal(gathered(array, numbers[:0]), array[numbers[:0]])
    values[30:50] = 0.0
    sums = running(values)
    assert_array_equal(sums, np.cumsum(values))
    goals = np.concatenate([RNG.random(50) * sums[-1], sums[RNG.permutation(100)]])
    for some in (goals, goals[:0], [-1.0, 2 * sums[-1]]):
        some = np.asarray(some)
        found = located(sums, some)
        assert_array_equal(found, np.searchsorted(sums, some, side="right"))


def test_parts_of_wide_tables_have_fewer_rows(home):
    table = empty((10, 3))
    sizes = [rows.stop - rows.start for rows in parts(np.arange(10), table)]
    assert sizes == [2] * 5


def test_a_large_table_of_a_file_needs_no_budget(monkeypatch):
    monkeypatch.setattr(_scratch, "LARGE_TABLE", 800)
    assert in_scratch(empty((101, 1), of_file=True))
    assert not in_scratch(empty((100, 1), of_file=True))
    assert not in_scratch(empty((101, 1)))
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not in_scratch(empty((101, 1), of_file=True))


def test_sums_are_the_same_wherever_the_array_lives():
    values = RNG.lognormal(size=1_000_000)
    with memory_budget("10MB"):
        stored = by_parts(lambda part: part, values)
        assert in_scratch(stored)
        assert total(stored) == total(values)


def test_scratch_files_have_no_name_and_go_with_the_array(tmp_path):
    with memory_budget(64, scratch=tmp_path):
        array = empty(1000)
        array[:] = np.arange(1000)
        assert not os.listdir(tmp_path)
    part = array[10:20]
    del array
    gc.collect()
    assert_array_equal(part, np.arange(10, 20))  # a view keeps the file
    assert_array_equal(pickle.loads(pickle.dumps(part)), part)


def test_pages_of_others_are_left_alone(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(100_000))
    changed = np.load(tmp_path / "a.npy", mmap_mode="c")
    changed[:] = 1.0  # only in memory: the system would forget it
    for _ in parts(changed):
        pass
    assert changed.all()


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(50, 3), (0, 3), (50,)])
def test_pages_of_npy_files_are_let_go_of(tmp_path, order, shape):
    values = np.asarray(RNG.normal(size=shape), order=order)
    np.save(tmp_path / "a.npy", values)
    opened = mapped(np.lib.format.open_memmap(tmp_path / "a.npy", mode="r"))
    assert is_stored(opened)
    assert is_stored(opened[10:20])
    assert not is_stored(values)
    assert not opened.flags.writeable
    assert_array_equal(opened, values)
    release(opened)
    assert_array_equal(opened, values)


def test_a_full_scratch_folder_is_an_error_before_anything_is_written(monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", full)
    with memory_budget(64), pytest.raises(OSError, match="has no room for 800 bytes"):
        empty(100)


def test_the_smallest_budget_counts_in_every_thread():
    with memory_budget("2GB"), memory_budget("1GB"), memory_budget("3GB"):
        found = []
        thread = threading.Thread(target=lambda: found.append(current_budget()))
        thread.start()
        thread.join()
        assert found[0].limit == 10**9
    assert current_budget() is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("800MB", 8 * 10**8), ("1.5 GiB", 3 * 2**29), ("2kb", 2000), ("77", 77), (5, 5)],
)
def test_sizes(text, size):
    assert bytes_of(text, "limit") == size


@pytest.mark.parametrize("wrong", ["", "GB", "1XB", "-1GB", "1.2.3MB", "0GB", "0.1"])
def test_sizes_that_are_none(wrong):
    with pytest.raises(ValueError, match="limit must be a number of bytes"):
        bytes_of(wrong, "limit")


@pytest.mark.parametrize("wrong", [0, -5, 1.5, None, True, np.nan])
def test_limits_that_are_no_number_of_bytes(wrong):
    error = ValueError if type(wrong) is int else TypeError
    with pytest.raises(error, match="limit"), memory_budget(wrong):
        pass


def test_a_scratch_folder_that_is_none(tmp_path):
    with (
        pytest.raises(TypeError, match="scratch must be the path"),
        memory_budget(9, 5),
    ):
        pass
    with pytest.raises(NotADirectoryError, match="scratch="):
        memory_budget("1GB", tmp_path / "no").__enter__()


def test_bytes_as_people_write_them():
    shown = [shown_bytes(n) for n in (12, 1234, 12_345_678, 4_200_000_000)]
    assert shown == ["12 bytes", "1.2 kB", "12 MB", "4.2 GB"]
