"""Rows of a `datasets.Dataset` of the package itself: `make test-torch`."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import coreselect.rows
from coreselect import (
    CoresetEstimator,
    LeverageSelector,
    RandomOverSampler,
    UniformSelector,
)

datasets = pytest.importorskip("datasets")

N = 3000
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
COLUMNS = {
    "a": X[:, 0],
    "b": X[:, 1],
    "text": [f"row {i}" for i in range(N)],
    "label": np.arange(N) % 3 // 2,
}


def _in_memory(folder):
    return datasets.Dataset.from_dict(COLUMNS)


def _mapped(folder):
    _in_memory(folder).save_to_disk(folder / "saved")
    return datasets.load_from_disk(folder / "saved")


def _with_an_index(folder):
    shuffled = np.random.default_rng(1).permutation(N)
    return _mapped(folder).select(shuffled).select(np.argsort(shuffled))


def _of_two(folder):
    data = _in_memory(folder)
    parts = [data.select(range(100)), data.select(range(100, N))]
    return datasets.concatenate_datasets(parts).with_format("numpy")


@pytest.fixture(params=[_in_memory, _mapped, _with_an_index, _of_two])
def data(request, tmp_path, monkeypatch):
    data = request.param(tmp_path)

    def refuse(self, key):
        raise AssertionError("rows must not be read as dicts")

    monkeypatch.setattr(datasets.Dataset, "_getitem", refuse)
    return data


def test_rows_are_those_of_memory(data):
    rows = coreselect.rows.open(data, "label", block_rows=512)
    assert rows.feature_names == ["a", "b"]
    assert_array_equal(rows.map(lambda b: b.X), X)
    assert_array_equal(rows.y, COLUMNS["label"])
    assert_array_equal(rows.gather([2999, 0, 7, 7]).X, X[[2999, 0, 7, 7]])
    selector = LeverageSelector(50, random_state=0)
    assert selector.fit_select(data, "label") == selector.fit_select(X)


def test_taken_rows_are_a_data_set(data, monkeypatch):
    selection = UniformSelector(9, random_state=0).fit_select(data)
    taken = selection.take(data)
    assert isinstance(taken, datasets.Dataset)
    monkeypatch.undo()
    assert list(taken["text"]) == [f"row {i}" for i in selection.indices]


def test_estimators_and_resamplers_take_data_sets(data):
    from sklearn.tree import DecisionTreeClassifier

    model = CoresetEstimator(DecisionTreeClassifier(), UniformSelector(60))
    assert model.fit(data, "label").predict(data).shape == (N,)
    made, y = RandomOverSampler(random_state=0).fit_resample(data, "label")
    assert made.num_rows == len(y) == 4000


def test_iterable_data_sets_are_spooled(tmp_path):
    stream = _in_memory(tmp_path).to_iterable_dataset()
    with pytest.raises(TypeError, match="X is a IterableDataset"):
        coreselect.rows.open(stream)
    batches = stream.iter(batch_size=500)
    path = coreselect.rows.spool(batches, tmp_path / "rows.parquet")
    assert_array_equal(coreselect.rows.open(path, exclude=["label"]).whole().X, X)
