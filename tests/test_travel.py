"""Functions of blocks run in another process, in another order: the same results."""

import multiprocessing
import os
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from coreselect import (
    Landmarks,
    UniformSelector,
    certificates,
    clustering,
    dpp,
    features,
    linalg,
    metrics,
    neighbors,
    transport,
    vectorsum,
)
from coreselect._numbers import to_dense
from coreselect.approximation import Basis
from coreselect.rows import Block
from coreselect.rows import open as open_rows
from coreselect.testing import _travel as travel
from coreselect.testing._instances import chosen, data_for, quietly
from tests.test_common import EXAMPLES, RESAMPLERS, marked


def _start():
    warnings.simplefilter("error")


def _there(raw, blocks):
    """Run a packed function on blocks that were sent; see `elsewhere`."""
    blocks = [
        Block(X, y, np.broadcast_to(1.0, X.shape[0]) if w is None else w, *others)
        for X, y, w, *others in blocks
    ]
    return travel.run(raw, blocks)


@pytest.fixture(scope="module")
def elsewhere():
    """A function that runs packed functions in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1, _start) as pool:

        def run(raw, blocks):
            # Weights of one are broadcast, which pickles do not keep.
            sent = [b._replace(weight=_weights(b)) for b in blocks]
            return pool.apply(_there, (raw, [tuple(block) for block in sent]))

        yield run


def _weights(block):
    return None if block.weight.strides == (0,) else block.weight


def test_functions_run_in_another_process(elsewhere):
    rows = open_rows(np.zeros((9, 1)), block_rows=2)
    with travel.travelling(elsewhere):
        found = rows.map(lambda block: np.full(len(block.X), os.getpid()))
    assert len(set(found)) == 1
    assert found[0] != os.getpid()


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(example, id=repr(example), marks=marks)
        for example, marks in marked([*EXAMPLES, *RESAMPLERS])
    ],
)
def test_every_export_chooses_the_same(estimator, elsewhere):
    """To the last bit, with weights and without, where squares overflow too."""
    X, y, weight = data_for(estimator)
    for given in ((X, y, weight), (1e160 * X, y, None)):
        rows = open_rows(*given, block_rows=13)
        wanted = _result(estimator, rows)
        with travel.travelling(elsewhere):
            got = _result(estimator, rows)
        assert wanted == got


def _result(estimator, rows):
    try:
        made = quietly(chosen, estimator, rows)
    except (TypeError, ValueError) as error:
        return str(error)
    return made.indices.tolist(), made.weights.tolist()


RNG = np.random.default_rng(3)
X = RNG.standard_normal((90, 3)) * RNG.choice([0.2, 1.0, 6.0], size=(90, 1))
Y = X @ [1.0, -2.0, 0.5] + RNG.standard_normal(90)
WEIGHT = RNG.choice([0.0, 1.0, 2.5], size=90)
PICKED = UniformSelector(20, random_state=0).fit(X, Y, WEIGHT).selection_


def _approximated(rows):
    basis = Basis(lambda points: np.column_stack([points, points**2]), X)
    return basis.U, basis.evaluate(X[:5])


def _certified(rows):
    rows.y, rows.weight = Y, WEIGHT
    return [
        (found.lower, found.upper)
        for objective in ("least_squares", "pca", "least_absolute", "kmeans")
        for found in [
            certificates.certify(
                PICKED, rows, objective=objective, n_queries=9, random_state=0
            )
        ]
    ]


def _by_landmarks(rows):
    mapped = Landmarks(UniformSelector(9, random_state=0)).fit(rows)
    return mapped.transform(rows), mapped.kernel_error(rows)


def _gradients(rows):
    model = LogisticRegression().fit(X, Y > 0)
    return features.gradient_features(
        model, rows, Y > 0, n_components=2, random_state=0
    )


FUNCTIONS = {
    "leverage": linalg.leverage_scores,
    "QR": lambda rows: linalg.leverage_scores(rows, solver="qr"),
    "sketch": lambda rows: linalg.leverage_scores(
        rows, solver="sketch", random_state=0
    ),
    "Lewis": lambda rows: linalg.lewis_weights(rows, 1.0),
    "l_p": lambda rows: linalg.lp_sensitivities(rows, 1.0, random_state=0),
    "l_p exact": lambda rows: linalg.lp_sensitivities(rows, 1.5, method="exact"),
    "lightweight": clustering.lightweight_scores,
    "k-means": lambda rows: clustering.seed_centers(rows, 4, random_state=0),
    "nearest": lambda rows: transport.nearest(rows, X[:7] + 0.1, 5),
    "chord": lambda rows: transport.nearest(rows, X[:7], 5, metric="chord"),
    "whiten": lambda rows: transport.whiten(rows).matrix,
    "centres": lambda rows: neighbors.nearest_centers(rows, X[:4]),
    "kernel": lambda rows: neighbors.KernelRows(rows).columns([3, 5]),
    "diagonal": lambda rows: neighbors.KernelRows(rows, kernel=_kernel).diagonal(),
    "wide": lambda rows: neighbors.KernelRows(np.tile(X, 30)).columns([3]),
    "Nystroem": lambda rows: (
        dpp.nystroem_features(
            rows, n_components=9, quality=1 + WEIGHT, random_state=0
        ).features
    ),
    "volume": lambda rows: dpp.sample_volume(rows, 9, random_state=0),
    "Caratheodory": vectorsum.caratheodory,
    "exact": lambda rows: vectorsum.least_squares_coreset(rows, Y, WEIGHT).indices,
    "landmarks": _by_landmarks,
    "project": lambda rows: features.project(rows, 2, random_state=0),
    "gradients": _gradients,
    "approximation": _approximated,
    "certificates": _certified,
    "covered": lambda rows: metrics.covering_radius(PICKED, rows),
}


def _kernel(A, B):
    A, B = (np.asarray(to_dense(Z)) for Z in (A, B))
    return (1.0 + A @ B.T) ** 2


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_on_arrays_find_the_same(name, elsewhere):
    function = FUNCTIONS[name]
    for data in (X, sparse.csr_array(X)):
        rows = open_rows(data, block_rows=13)
        wanted = function(rows)
        with travel.travelling(elsewhere):
            got = function(rows)
        assert_array_equal(np.hstack(_flat(wanted)), np.hstack(_flat(got)))


def _flat(found):
    """Return what a function finds as a list of 1-dimensional arrays."""
    if hasattr(found, "__dict__"):
        found = tuple(vars(found).values())
    if isinstance(found, tuple):
        return [part for value in found for part in _flat(value)]
    return [np.ravel(found)]
