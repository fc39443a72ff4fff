"""The checks of resamplers: each broken promise is caught, by its own words."""

import numpy as np
import pytest

from coreselect import SMOTE, testing
from coreselect.imbalance import CleaningSampler, OverSampler, UnderSampler
from coreselect.selection import Copies, Interpolations


class Copying(OverSampler):
    """Keeps all promises: copies of rows, drawn in proportion to their weights."""

    def _new_rows(self, data, label, rows, n_new, draws):
        share = data.weights_of(rows) / data.weights_of(rows).sum()
        return [Copies(draws.rng.choice(rows, n_new, p=share))]


class First(UnderSampler):
    """Keeps all promises: the first rows of each class."""

    def _kept_rows(self, data, draws):
        wanted = self.sampling_strategy_
        rows = [data.rows_of(label)[: wanted.get(label)] for label in data.classes]
        return np.concatenate(rows)


class Dropping(CleaningSampler):
    """Keeps all promises: rows whose first number is negative go."""

    def _kept_rows(self, data, draws):
        X = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
        targeted = np.isin(data.y, list(self.sampling_strategy_))
        return np.flatnonzero(~targeted | (X[:, 0] >= 0))


@pytest.mark.parametrize("resampler", [Copying(), First(), Dropping()], ids=repr)
def test_good_methods_pass(resampler):
    testing.check_selector(resampler)


class OneShort(Copying):
    def _new_rows(self, data, label, rows, n_new, draws):
        return super()._new_rows(data, label, rows, n_new - 1, draws)


class Careless(Copying):
    def _new_rows(self, data, label, rows, n_new, draws):
        return [Copies(np.random.choice(rows, n_new))]  # noqa: NPY002


class Blind(Copying):
    """Reads the order in memory, that is nothing it should."""

    def _new_rows(self, data, label, rows, n_new, draws):
        flags = getattr(data.X, "flags", None)
        start = int(flags is not None and flags.f_contiguous)
        return [Copies(np.roll(rows, start)[np.arange(n_new) % len(rows)])]


class NamesMatter(Copying):
    def _new_rows(self, data, label, rows, n_new, draws):
        start = len(str(label)) if isinstance(label, str) else 0
        return [Copies(np.roll(rows, start)[np.arange(n_new) % len(rows)])]


class CountsZeros(Copying):
    """Asks how many rows there were before those of weight 0 were left out."""

    def _new_rows(self, data, label, rows, n_new, draws):
        return [Copies(np.roll(rows, data.n_total)[np.arange(n_new) % len(rows)])]


class OwnOrder(First):
    """Leaves a row of the minority out."""

    def _kept_rows(self, data, draws):
        return super()._kept_rows(data, draws)[1:]

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.exact_size = True
        return tags


class TooHeavy(First):
    def _selection(self, data, order):
        found = super()._selection(data, order)
        kept = found.selection
        heavier = type(kept)(kept.indices, 2 * kept.weights, data.n_rows)
        return found._replace(selection=heavier)


class NaNTaker(Copying):
    _numeric = False


class Predicting(Copying):
    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize(
    ("resampler", "words"),
    [
        (OneShort(), "promised were exactly"),
        (Careless(), "the same seed: other rows are made"),
        (Blind(), "Fortran .* other rows are made"),
        (NamesMatter(), "names of classes changed new rows"),
        (CountsZeros(), "rows of weight 0 changed the result: other rows are made"),
        (OwnOrder(), "promised were exactly"),
        (TooHeavy(), "weights of the classes add up to"),
        (NaNTaker(), "NaN: bad input was accepted"),
        (Predicting(), "must have no predict"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_promises_are_caught(resampler, words):
    with pytest.raises(AssertionError, match=words):
        testing.check_selector(resampler)


def test_a_row_off_its_segment_is_caught(monkeypatch):
    write = Interpolations.write

    def off(self, X, out):
        write(self, X, out)
        out[-1] += 1e-9

    monkeypatch.setattr(Interpolations, "write", off)
    with pytest.raises(AssertionError, match="not on the line"):
        testing.check_on_segments(SMOTE(k_neighbors=2))


def test_a_method_that_uses_global_random_state_is_caught():
    with pytest.raises(AssertionError, match="global random state was moved"):
        testing.check_global_state(Careless())


@pytest.mark.parametrize("cls", [OverSampler, UnderSampler, CleaningSampler])
def test_a_class_without_its_hook_says_which(cls):
    with pytest.raises(TypeError, match=f"{cls.__name__} must define _"):
        cls().fit(np.arange(6.0)[:, np.newaxis], [0, 0, 1, 1, 1, 1])
