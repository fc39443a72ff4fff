"""The samplers in torch, Lightning and Hugging Face datasets: `make test-torch`."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect import RS2, UniformSelector, schedule_length
from coreselect.samplers import (
    RS2Sampler,
    ShardedSampler,
    SubsetSampler,
    WeightedSampler,
)

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader, Dataset  # noqa: E402

N = 1000


class Numbers(Dataset):
    """Row i is the number i."""

    def __len__(self):
        return N

    def __getitem__(self, row):
        assert type(row) is int
        return row


def epoch_of(loader):
    return torch.cat(list(loader)).tolist()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("persistent", [False, True])
def test_ten_epochs_of_a_tenth_are_every_row_once(workers, persistent):
    if persistent and not workers:
        pytest.skip("torch refuses persistent workers without workers")
    sampler = RS2Sampler(N, 0.1, random_state=0)
    loader = DataLoader(
        Numbers(),
        batch_size=32,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=persistent,
    )
    assert len(loader) == schedule_length(N, 0.1, 1, 32)
    epochs = [epoch_of(loader) for _ in range(10)]
    assert sorted(sum(epochs, [])) == list(range(N))  # noqa: RUF017
    rounds = RS2(0.1, random_state=0).fit(np.zeros((N, 1)))
    for t, rows in enumerate(epochs):
        assert rows == rounds.round(t).tolist()


@pytest.mark.parametrize("workers", [0, 2])
def test_without_batches_too(workers):
    """Here the loader makes two iterators of the sampler itself."""
    sampler = RS2Sampler(N, 50, random_state=0)
    loader = DataLoader(
        Numbers(), batch_size=None, sampler=sampler, num_workers=workers
    )
    for t in range(3):
        assert [int(row) for row in loader] == sampler.rows(t).tolist()


@pytest.mark.parametrize("workers", [0, 2])
def test_set_epoch(workers):
    sampler = RS2Sampler(N, 0.1, replacement=True, random_state=0)
    loader = DataLoader(Numbers(), 32, sampler=sampler, num_workers=workers)
    for epoch in (5, 2, 5):
        sampler.set_epoch(epoch)
        assert epoch_of(loader) == sampler.rows(epoch).tolist()


def test_a_selection_and_its_weights_by_row():
    selection = UniformSelector(100, random_state=0).fit_select(np.zeros((N, 1)))
    loader = DataLoader(
        Numbers(), 32, sampler=SubsetSampler(selection, random_state=0), num_workers=2
    )
    rows = epoch_of(loader)
    assert sorted(rows) == selection.indices.tolist()
    weights = torch.zeros(N)
    weights[torch.from_numpy(selection.indices.copy())] = 10.0
    assert float(weights[rows].sum()) == N


def test_weights_beyond_the_limit_of_torch():
    n = 2**24 + 1
    weights = np.zeros(n)
    weights[-1] = 1.0
    with pytest.raises(RuntimeError, match=r"2\^24"):
        list(torch.utils.data.WeightedRandomSampler(torch.from_numpy(weights), 2))
    assert list(WeightedSampler(weights, 2, random_state=0)) == [n - 1, n - 1]


def test_shards_in_loaders():
    rows = []
    for rank in range(2):
        sampler = ShardedSampler(RS2Sampler(N, 0.1, random_state=0), rank, 2)
        loader = DataLoader(Numbers(), 10, sampler=sampler, num_workers=1)
        rows += epoch_of(loader)
    assert sorted(rows) == sorted(RS2Sampler(N, 0.1, random_state=0))


def test_drop_last():
    sampler = RS2Sampler(N, 100, random_state=0)
    loader = DataLoader(Numbers(), 32, sampler=sampler, drop_last=True)
    assert len(list(loader)) == schedule_length(N, 100, 1, 32, drop_last=True)


def test_lightning_sets_the_epoch(tmp_path):
    """The trainer calls `set_epoch` of any sampler that has it."""
    lightning = pytest.importorskip("lightning")

    class Model(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(1, 1)
            self.seen = {}

        def training_step(self, batch, number):
            rows = self.seen.setdefault(self.current_epoch, [])
            rows += batch.tolist()
            return self.line(batch[:, None].float()).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=1e-9)

    sampler = RS2Sampler(N, 0.1, random_state=0)
    model = Model()
    trainer = lightning.Trainer(
        max_epochs=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(model, DataLoader(Numbers(), 25, sampler=sampler))
    for epoch in range(4):
        assert model.seen[epoch] == sampler.rows(epoch).tolist()


def test_hugging_face_select():
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"row": np.arange(N)})
    rounds = RS2(0.1, random_state=0).fit(np.zeros((N, 1)))
    for t in range(3):
        assert_array_equal(data.select(rounds.round(t))["row"], rounds.round(t))
    selection = rounds.selection_
    assert_array_equal(data.select(selection.indices)["row"], selection.indices)
    # What integers guard against: a mask is read as the rows 0 and 1.
    mask = np.array([True, False, True])
    assert list(data.select(mask)["row"]) == [1, 0, 1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_tensors_are_rows_and_taken_from_one_is_a_tensor(dtype, requires_grad):
    X = torch.arange(12.0).reshape(6, 2).to(dtype).requires_grad_(requires_grad)
    selector = UniformSelector(2, random_state=0).fit(X, X[:, 0], X[:, 1])
    taken = selector.selection_.take(X)
    assert isinstance(taken, torch.Tensor)
    assert taken.dtype == dtype
    at = selector.sample_indices_
    assert_array_equal(taken.detach().float(), np.arange(12.0).reshape(6, 2)[at])
