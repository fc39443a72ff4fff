"""Which features resamplers read: the rows they need, and no more at a time."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder

from coreselect import (
    ADASYN,
    SMOTE,
    SMOTENC,
    BorderlineSMOTE,
    RandomOverSampler,
    RandomUnderSampler,
    SmoteUndersample,
    TomekLinks,
)
from coreselect.rows import Rows
from coreselect.rows.arrays import ArrayHolder
from coreselect.testing._instances import ensure_same

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = np.repeat([0, 1, 2], [60, 18, 12])[RNG.permutation(90)]
WEIGHT = np.where(np.arange(90) % 7 == 3, 0.0, RNG.uniform(0.5, 2.0, 90))
BLOCK = 16


class Counting(ArrayHolder):
    """Rows in memory that note which of them were read, and how."""

    def __init__(self, data, name="X", *, numeric=True, seen=None):
        super().__init__(data, name, numeric=numeric)
        self.blocks_read, self.gathered = seen or ([], [])

    def again(self, *, numeric):
        seen = self.blocks_read, self.gathered
        return Counting(self._data, numeric=numeric, seen=seen)

    def blocks(self, bounds):
        for start, stop in bounds:
            self.blocks_read.append((start, stop))
            yield self._part(slice(start, stop))

    def gather(self, indices):
        self.gathered.append(np.asarray(indices))
        return super().gather(indices)


def read(resampler, data=X, weight=None, *, numeric=True):
    """Fit to counted rows; return the holder, after a look at the result."""
    holder = Counting(data, numeric=numeric)
    found = resampler.fit_select(Rows(holder, Y, weight, block_rows=BLOCK))
    ensure_same(found, resampler.fit_select(data, Y, weight), "other rows", rtol=0)
    return holder


ONCE = [(start, min(90, start + BLOCK)) for start in range(0, 90, BLOCK)]


@pytest.mark.parametrize("protocol", ["coreselect", "imblearn"])
@pytest.mark.parametrize("cls", [RandomOverSampler, RandomUnderSampler])
def test_random_samplers_read_no_features(cls, protocol):
    holder = read(cls(random_state=0, protocol=protocol))
    assert holder.blocks_read == holder.gathered == []


@pytest.mark.parametrize("kind", [np.asarray, np.float32, sparse.csr_array])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["ones", "weights"])
@pytest.mark.parametrize("protocol", ["coreselect", "imblearn"])
@pytest.mark.parametrize(
    ("resampler", "classes"),
    [
        (SMOTE(random_state=0), [1, 2]),
        (SMOTE(sampling_strategy="minority", random_state=0), [2]),
        (RandomOverSampler(shrinkage=0.5, random_state=0), [1, 2]),
        (SmoteUndersample(random_state=0), [2]),
    ],
    ids=["SMOTE", "SMOTE, one class", "shrinkage", "SmoteUndersample"],
)
def test_one_class_is_held_at_a_time(resampler, classes, protocol, weight, kind):
    """A pass looks for NaN in blocks; then the rows of each class come alone."""
    holder = read(resampler.set_params(protocol=protocol), kind(X), weight)
    assert holder.blocks_read == ONCE
    there = np.ones(90, bool) if weight is None else weight > 0
    assert len(holder.gathered) == len(classes)
    for label, rows in zip(classes, holder.gathered, strict=True):
        assert_array_equal(rows, np.flatnonzero((label == Y) & there))


@pytest.mark.parametrize("kind", [np.asarray, np.rint, sparse.csr_array])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["ones", "weights"])
@pytest.mark.parametrize("protocol", ["coreselect", "imblearn"])
@pytest.mark.parametrize(
    ("resampler", "n_searches"),
    [
        (BorderlineSMOTE(random_state=0), 1),
        (BorderlineSMOTE(kind="borderline-2", random_state=0), 2),
        (ADASYN(random_state=0), 1),
    ],
    ids=["borderline-1", "borderline-2", "ADASYN"],
)
def test_a_class_meets_all_rows_in_blocks(
    resampler, n_searches, protocol, weight, kind
):
    """A pass looks for NaN; then each class is read once, and searches all rows."""
    holder = read(resampler.set_params(protocol=protocol), kind(X), weight)
    assert holder.blocks_read == ONCE * (1 + 2 * n_searches)
    there = np.ones(90, bool) if weight is None else weight > 0
    for label, rows in zip([1, 2], holder.gathered, strict=True):
        assert_array_equal(rows, np.flatnonzero((label == Y) & there))


@pytest.mark.parametrize("kind", [np.asarray, np.float32, sparse.csr_array])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["ones", "weights"])
@pytest.mark.parametrize("protocol", ["coreselect", "imblearn"])
def test_a_class_is_read_with_a_row_for_each_category(protocol, weight, kind):
    """A pass finds the first row of each value; then these and the class are read."""
    data = np.column_stack([X, np.arange(90) // 40])
    sampler = SMOTENC([3], random_state=0, protocol=protocol)
    holder = read(sampler, kind(data), weight, numeric=False)
    assert holder.blocks_read == ONCE
    types, first, *read_later = holder.gathered
    assert types.size == 0
    there = np.ones(90, bool) if weight is None else weight > 0
    assert_array_equal(first, [0, 40, 80 if weight is None else 81])
    for label, rows in zip([1, 2], read_later, strict=True):
        own = np.flatnonzero((label == Y) & there)
        assert_array_equal(rows, np.union1d(first, own))


def test_an_encoder_is_fitted_to_all_rows_at_once():
    encoder = OneHotEncoder(handle_unknown="ignore")
    sampler = SMOTENC([0], categorical_encoder=encoder, random_state=0)
    holder = read(sampler, np.rint(X), numeric=False)
    assert holder.blocks_read == [*ONCE, (0, 90)]


def test_an_object_is_fitted_to_all_rows_at_once():
    holder = read(ADASYN(n_neighbors=NearestNeighbors(n_neighbors=4), random_state=0))
    assert holder.blocks_read == [*ONCE, (0, 90)]


def test_the_count_shows_a_method_that_holds_all_rows():
    holder = read(TomekLinks())
    assert holder.blocks_read == [(0, 90)]


@pytest.mark.parametrize("resampler", [SMOTE(), SmoteUndersample()], ids=repr)
def test_nan_in_a_row_that_no_new_row_needs_is_refused(resampler):
    bad = X.copy()
    bad[np.flatnonzero(Y == 0)[-1], 1] = np.nan
    with pytest.raises(ValueError, match="1 x NaN in column 1"):
        resampler.fit(Rows(Counting(bad), Y, block_rows=BLOCK))
