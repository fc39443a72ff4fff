"""Quotas, certain rows, rows left out, and budgets, for every selector."""

import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_validate

import coreselect
from coreselect import (
    RS2,
    TAROT,
    CoresetEstimator,
    DPPSelector,
    GreedyDPPSelector,
    KMeansSensitivitySelector,
    LeverageSelector,
    RankSelector,
    UniformSelector,
    VolumeSelector,
    draw,
)
from coreselect.rows import open as open_rows
from tests.base.stranger import EveryOtherSelector, FirstColumnSelector, LongestSelector

N = 240
rng = np.random.default_rng(5)
X = rng.standard_normal((N, 3)) * rng.choice([0.5, 2.0], size=(N, 1))
Y = rng.integers(2, size=N)
GROUP = np.array(list("aaabbc"))[rng.integers(6, size=N)]
COST = rng.choice([1.0, 2.0, 5.0], size=N)
WEIGHT = rng.choice([0.5, 1.0, 3.0], size=N)
MUSTS, BANNED = np.array([7, 30, 31]), np.array([0, 1, 99])
OTHERS = np.setdiff1d(np.arange(N), BANNED)

RESPECTS = [name for name, cls in coreselect.all_selectors().items()]


def counts(selection):
    return {label: int((GROUP[selection.indices] == label).sum()) for label in "abc"}


# --- scores ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:quotas leave no place")
@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("design", ["pivotal", "systematic", "priority", "balanced"])
def test_quotas_are_met_also_beside_strata_and_later_sizes(design, stratify):
    selector = LeverageSelector(
        60, quotas={"a": 20, "b": 0.5}, design=design, stratify=stratify, random_state=0
    )
    chosen = selector.fit_select(X, Y, WEIGHT, groups=GROUP, include=MUSTS)
    assert counts(chosen) == {"a": 20, "b": 30, "c": 10}
    assert counts(selector.select(44, random_state=3)) == {"a": 20, "b": 22, "c": 2}
    assert_array_equal(chosen.weights[np.isin(chosen.indices, MUSTS)], WEIGHT[MUSTS])
    if stratify and design != "priority":
        # Classes keep their expected numbers within the groups.
        inside = GROUP[chosen.indices] == "c"
        in_class = Y[chosen.indices][inside].sum()
        ones = [Y[s.indices][GROUP[s.indices] == "c"].sum() for s in _many(selector)]
        if design != "balanced":
            assert np.ptp([*ones, in_class]) <= 1


def _many(selector, n=20):
    return [selector.select(random_state=r) for r in range(n)]


def test_a_score_selector_draws_as_draw_does():
    selector = LeverageSelector(40, quotas={"a": 9}, random_state=3)
    chosen = selector.fit_select(X, Y, groups=GROUP, include=MUSTS)
    wanted = draw(
        selector.scores_,
        40,
        strata=GROUP,
        quotas={"a": 9},
        include=MUSTS,
        random_state=3,
    )
    assert chosen == wanted
    assert_array_equal(chosen.design.expected, wanted.design.expected)


def test_groups_without_quotas_are_strata():
    selector = UniformSelector(40, random_state=0).fit(X, groups=GROUP)
    share = {label: 40 * (label == GROUP).mean() for label in "abc"}
    for chosen in _many(selector):
        for label, count in counts(chosen).items():
            assert abs(count - share[label]) < 1
    # Without groups, the numbers vary more.
    free = UniformSelector(40, random_state=0).fit(X)
    assert np.ptp([counts(s)["a"] for s in _many(free)]) > 2


def test_numbers_in_y_are_visited_in_order_within_groups():
    selector = LeverageSelector(30, stratify=True, quotas={"c": 12}, random_state=0)
    chosen = selector.fit_select(X, X[:, 0], groups=GROUP)
    assert counts(chosen)["c"] == 12
    assert chosen.design.order is not None


def test_groups_that_overlap():
    matrix = pd.DataFrame({"big": X[:, 0] > 0, "old": X[:, 1] > 0})
    quotas = {"big": 20, "old": (24, None)}
    selector = UniformSelector(40, quotas=quotas, design="balanced", random_state=0)
    chosen = selector.fit_select(X, groups=matrix).indices
    assert matrix["big"][chosen].sum() == 20
    assert matrix["old"][chosen].sum() >= 24
    with pytest.raises(ValueError, match=r"groups has groups that overlap.*balanced"):
        UniformSelector(40, quotas=quotas).fit(X, groups=matrix)
    with pytest.raises(ValueError, match="RS2 needs one group for each row"):
        RS2(40, quotas=quotas).fit(X, groups=matrix)
    with pytest.raises(ValueError, match="stratify=True"):
        selector.set_params(stratify=True).fit(X, Y, groups=matrix)


def test_no_size_and_no_budget_is_refused():
    with pytest.raises(TypeError, match="got None; give a number of rows, or budget"):
        UniformSelector(None).fit(X, cost=COST)
    with pytest.raises(TypeError, match="got None; use an int"):
        TAROT(None).fit(X)


@pytest.mark.parametrize("design", ["pivotal", "systematic", "poisson", "balanced"])
def test_budgets_are_spent(design):
    selector = LeverageSelector(None, budget=100.0, design=design, random_state=0)
    selector.fit(X, Y, WEIGHT, cost=COST, include=MUSTS, exclude=BANNED)
    made = _many(selector, 200)
    spent = np.array([COST[s.indices].sum() for s in made])
    assert abs(spent.mean() - 100) < 4.5 * max(spent.std() / 200**0.5, 0.01)
    totals = np.array([s.weights.sum() for s in made])
    true = WEIGHT[OTHERS].sum()
    assert abs(totals.mean() - true) < 4.5 * totals.std() / 200**0.5
    with pytest.raises(ValueError, match=r"n_select=5: the size depends on budget=100"):
        selector.select(5)


# --- what is certain and what is left out ---------------------------------------------

UNBIASED = [
    LeverageSelector(30),
    KMeansSensitivitySelector(30, design="priority"),
    UniformSelector(30, design="multinomial"),
    LeverageSelector(40, design="balanced"),
    DPPSelector(20),
    VolumeSelector(12),
    coreselect.VolumeRescaledSelector(20),
    RS2(30),
    RS2(30, replacement=True),
    EveryOtherSelector(30),
    FirstColumnSelector(30),
]


@pytest.mark.parametrize("selector", UNBIASED, ids=lambda s: f"{type(s).__name__}")
def test_totals_are_those_of_all_rows_but_the_excluded(selector):
    # Few rows, so that no row is rare.
    few = slice(0, 60)
    x, weight = X[few] + 1, WEIGHT[few]
    fitted = selector.set_params(random_state=0)
    fitted.fit(x, None, weight, include=MUSTS, exclude=[0, 1])
    totals, naive = [], []
    for r in range(400):
        chosen = fitted.select(random_state=r)
        value = (np.arange(60) % 3 == 0) + 0.5
        totals.append(chosen.estimate(value[chosen.indices]))
        certain = np.isin(chosen.indices, MUSTS)
        assert certain.sum() == 3
        assert_array_equal(chosen.weights[certain], weight[MUSTS])
        # A sampler that weighs rows of include as if they had been drawn.
        naive.append(totals[-1] + 2 * weight[MUSTS] @ value[MUSTS])
    true = (weight * value)[2:].sum()
    error = max(np.std(totals) / 400**0.5, 1e-9 * true)
    assert abs(np.mean(totals) - true) < 4.5 * error
    assert abs(np.mean(naive) - true) > 4.5 * error


def test_errors_of_laws_count_certain_rows():
    selector = DPPSelector(9, kernel="linear")
    with pytest.raises(
        ValueError, match=r"n_select=6 is .*without the 3 row\(s\) of incl"
    ):
        selector.fit(X, include=MUSTS)


def test_inclusion_probabilities_of_laws_hold_certain_rows():
    selector = DPPSelector(6, random_state=0).fit(X, include=MUSTS, exclude=BANNED)
    chances = selector.inclusion_probabilities()
    assert_array_equal(chances[MUSTS], 1)
    assert_array_equal(chances[BANNED], 0)
    assert_allclose(chances.sum(), 6)
    hits = coreselect.VolumeRescaledSelector(20, random_state=0)
    hits = hits.fit(X, include=MUSTS).expected_hits()
    assert_array_equal(hits[MUSTS], 1)
    assert_allclose(hits.sum(), 20)


def test_rows_left_out_are_not_counted_as_outside():
    zeros = X.copy()
    zeros[:20] = 0
    selector = LeverageSelector(30, random_state=0)
    selector.fit(zeros, exclude=np.arange(20))
    assert selector.n_outside_ == 0
    with pytest.warns(coreselect.OutsidePopulationWarning, match="10 of 230"):
        selector.fit(zeros, exclude=np.arange(10))
    # A row that is in for certain is not outside, whatever its score.
    selector.fit(zeros, exclude=np.arange(10), include=np.arange(10, 20))
    assert selector.n_outside_ == 0


@pytest.mark.parametrize("name", RESPECTS)
def test_nothing_changes_without_rules(name):
    selector = coreselect.all_selectors()[name].examples()[0].set_params(random_state=0)
    if "exclude" not in inspect.signature(selector.fit).parameters:
        return
    rows = np.abs(X)  # some selectors take no negative numbers
    wanted = selector.fit_select(rows, Y)
    given = {"include": []} if "include" in selector.row_rules else {}
    assert selector.fit_select(rows, Y, exclude=np.zeros(N, bool), **given) == wanted


def test_sizes_that_are_settled_respect_the_rules():
    selector = UniformSelector(N, random_state=0)
    everything = selector.fit_select(X, exclude=BANNED, include=MUSTS)
    assert_array_equal(everything.indices, OTHERS)
    with pytest.raises(ValueError, match=r"quotas allows only .* fewer than n_select"):
        selector.set_params(quotas={"a": (0, 5)}).fit(X, groups=GROUP)
    with pytest.raises(ValueError, match="include names 3 rows, more than n_select=0"):
        UniformSelector(0).fit(X, include=MUSTS)
    only = DPPSelector(3).fit_select(X, include=MUSTS)
    assert_array_equal(only.indices, MUSTS)
    fitted = DPPSelector(N, random_state=0).fit(X, include=MUSTS)
    assert_array_equal(fitted.sample_indices_, np.arange(N))
    assert np.isin(MUSTS, fitted.select(8).indices).all()


# --- rankings and rounds --------------------------------------------------------------


def greedy(L, size, musts, need, room):
    """Pick row by row, by determinants."""
    picked = []
    left = size - len(musts) - sum(need.values())
    for _ in range(size):
        gains = np.full(len(L), -np.inf)
        candidates = [m for m in musts if m not in picked] or range(len(L))
        for row in candidates:
            group, is_must = GROUP[row], row in musts
            open_group = is_must or (
                room[group] > 0 and (need.get(group, 0) > 0 or left > 0)
            )
            if row not in picked and open_group:
                inside = [*picked, row]
                gains[row] = np.linalg.slogdet(L[np.ix_(inside, inside)])[1]
        row = int(np.argmax(gains))
        picked.append(row)
        if row not in musts:
            group = GROUP[row]
            room[group] -= 1
            if need.get(group, 0) > 0:
                need[group] -= 1
            else:
                left -= 1
    return picked


def test_greedy_picks_start_from_certain_rows_and_keep_places():
    few = np.arange(40)
    L = np.exp(-((X[few, None] - X[few]) ** 2).sum(axis=2))
    selector = GreedyDPPSelector(8, gamma=1.0, quotas={"c": 3, "a": (None, 2)})
    groups = GROUP[:40]
    chosen = selector.fit_select(X[few], groups=groups, include=[3, 5]).indices
    inside = {g: int((groups[[3, 5]] == g).sum()) for g in "abc"}
    need = {"c": 3 - inside["c"]}
    room = {"a": 2 - inside["a"], "b": 99, "c": 3 - inside["c"]}
    assert_array_equal(chosen, greedy(L, 8, [3, 5], need, room))
    # Copies of a certain row add nothing, and are in all the same.
    twice = np.vstack([X[few], X[3]])
    again = GreedyDPPSelector(8, gamma=1.0).fit_select(twice, include=[3, 40])
    assert set(again.indices[:2]) == {3, 40}
    assert len(again) == 8


@pytest.mark.parametrize("strategy", ["rounds", "round_robin", "facility"])
def test_rankings_pass_over_full_groups(strategy):
    target = X[:30] + 0.1
    plain = TAROT(N, strategy=strategy, random_state=0).fit(X, X_target=target)
    ranking = plain.select(N - 1).indices
    selector = TAROT(12, strategy=strategy, quotas={"a": 3, "c": 4}, random_state=0)
    chosen = selector.fit_select(X, X_target=target, groups=GROUP, include=MUSTS)
    assert counts(chosen) == {"a": 3, "b": 5, "c": 4}
    assert set(chosen.indices[:3]) == set(MUSTS)
    assert_allclose(chosen.weights.sum(), N)
    # Of each group, the first in the ranking of all rows.
    for label in "abc":
        wanted = [r for r in ranking if GROUP[r] == label and r not in MUSTS]
        got = [r for r in chosen.indices if GROUP[r] == label and r not in MUSTS]
        assert got == wanted[: len(got)]
    assert counts(selector.select(9)) == {"a": 3, "b": 2, "c": 4}
    assert selector.plan_.shape[0] == 12


@pytest.mark.parametrize("replacement", [False, True])
def test_rounds_hold_quotas_and_certain_rows(replacement):
    sampler = RS2(
        24, quotas={"a": 6, "b": 0.25}, replacement=replacement, random_state=0
    )
    sampler.fit(X, groups=GROUP, include=MUSTS, exclude=BANNED)
    seen = set()
    for t in range(40):
        rows = sampler.round(t)
        assert len(rows) == len(set(rows)) == 24
        assert np.isin(MUSTS, rows).all()
        assert not np.isin(BANNED, rows).any()
        assert counts(sampler.select(round=t)) == {"a": 6, "b": 6, "c": 12}
        assert set(sampler.select(round=t).indices) == set(rows)
        seen |= set(rows)
    assert_allclose(sampler.coverage(40), len(seen) / len(OTHERS))
    assert sampler.coverage(0) == 0
    first = [np.flatnonzero(np.isin(sampler.round(t), MUSTS))[0] for t in range(20)]
    assert len(set(first)) > 3  # not always at the beginning
    # Classes keep their shares within the groups.
    sampler.set_params(stratify=True).fit(X, Y, groups=GROUP)
    for t in range(5):
        rows = sampler.round(t)
        assert counts(sampler.select(round=t)) == {"a": 6, "b": 6, "c": 12}
        for label, n in (("a", 6), ("b", 6), ("c", 12)):
            wanted = n * Y[label == GROUP].mean()
            assert abs(Y[rows][GROUP[rows] == label].sum() - wanted) < 1


class _Longest(LongestSelector):
    """A ranking of a stranger that respects quotas."""

    row_rules = ("quotas", "include", "exclude")

    def _rank(self, state, size, rng):
        order, total = state
        return self._first_of(order, size), total / size


def test_a_stranger_can_respect_quotas_with_a_line():
    selector = _Longest(10, quotas={"a": 2, "b": 3})
    chosen = selector.fit_select(X, groups=GROUP, include=[5])
    assert counts(chosen) == {"a": 2, "b": 3, "c": 5}
    assert chosen.indices[0] == 5
    longest = np.argsort(-np.linalg.norm(X, axis=1), kind="stable")
    wanted = [r for r in longest if GROUP[r] == "b" and r != 5]
    got = [r for r in chosen.indices if GROUP[r] == "b" and r != 5]
    assert got == wanted[: len(got)]
    assert isinstance(selector, RankSelector)


# --- columns of frames and files, and what passes the arguments on --------------------

FRAME = pd.DataFrame(X, columns=["x", "y", "z"]).assign(
    region=GROUP, price=COST, weight=WEIGHT, target=Y
)


def _file(tmp_path):
    path = tmp_path / "rows.csv"
    FRAME.to_csv(path, index=False)
    return path


def test_groups_and_costs_may_be_columns(tmp_path):
    selector = LeverageSelector(40, quotas={"c": 11}, random_state=0)
    wanted = selector.fit_select(X, Y, WEIGHT, groups=GROUP)
    numbers = FRAME.drop(columns="price")
    for data in (numbers, _file(tmp_path)):
        more = {"columns": ["x", "y", "z"]} if data is not numbers else {}
        rows = open_rows(data, "target", "weight", per_row={"groups": "region"}, **more)
        assert selector.fit_select(rows) == wanted
    assert selector.fit_select(numbers, "target", "weight", groups="region") == wanted
    assert selector.n_features_in_ == 3
    budget = LeverageSelector(None, budget=90, random_state=0)
    wanted = budget.fit_select(X, Y, WEIGHT, cost=COST)
    named = {"y": "target", "sample_weight": "weight", "cost": "price"}
    assert budget.fit_select(FRAME, **named) == wanted
    assert budget.fit_select(_file(tmp_path), **named) == wanted
    with pytest.warns(coreselect.base.DroppedWeightsWarning):
        frame, _ = UniformSelector(30, quotas={"c": 9}).fit_resample(
            FRAME, "target", groups="region"
        )
    assert list(frame) == ["x", "y", "z", "price", "weight"]
    with pytest.raises(ValueError, match=r"groups.*'nowhere'"):
        selector.fit(FRAME, groups="nowhere")
    with pytest.raises(ValueError, match="groups='region' names a column, but these"):
        selector.fit(open_rows(numbers), groups="region")


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        (coreselect.DiversitySelector(9), "utility"),
        (coreselect.RadiusSelector(0.8), "scores"),
        (coreselect.RS2(40, replacement=True, random_state=0), "scores"),
        (coreselect.DPPSelector(9, random_state=0), "quality"),
        (coreselect.GreedyDPPSelector(9), "quality"),
        (coreselect.ProjectionDPPSelector(3, random_state=0), "quality"),
    ],
)
def test_values_of_rows_may_be_columns(selector, name, tmp_path):
    assert name in selector.row_values
    frame = FRAME[["x", "y", "z", "price"]]
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    wanted = selector.fit_select(X, **{name: COST})
    assert wanted != selector.fit_select(X)
    for data in (frame, path):
        assert selector.fit_select(data, **{name: "price"}) == wanted
    assert selector.n_features_in_ == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", coreselect.base.DroppedWeightsWarning)
        kept, _ = selector.fit_resample(frame, Y, **{name: "price"})
    assert list(kept) == ["x", "y", "z", "price"]
    with pytest.raises(ValueError, match=rf"{name}.*'nowhere'"):
        selector.fit(frame, **{name: "nowhere"})
    with pytest.raises((TypeError, ValueError), match=f"{name}='price'"):
        selector.fit(X, **{name: "price"})


def test_estimators_and_pipelines_pass_the_arguments_on(tmp_path):
    selector = LeverageSelector(40, quotas={"c": 11}, random_state=0)
    wanted = selector.fit_select(X, Y, groups=GROUP, include=MUSTS)
    for data, groups in ((X, GROUP), (FRAME[["x", "y", "z", "region"]], "region")):
        model = CoresetEstimator(
            Ridge(fit_intercept=False), selector, memory=str(tmp_path / "memory")
        )
        model.fit(data, Y, groups=groups, selector_params={"include": MUSTS})
        assert model.selector_.selection_ == wanted
        assert model.predict(data).shape == (N,)
    with pytest.warns(coreselect.base.DroppedWeightsWarning):
        rows, _ = selector.fit_resample(X, Y, groups=GROUP, include=MUSTS)
    assert_array_equal(rows, X[wanted.indices])


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "given", "words"),
    [
        (UniformSelector(9, quotas={"a": 3}), {}, "needs the groups"),
        (UniformSelector(9, quotas=[3]), {"groups": GROUP}, "quotas must be a dict"),
        (UniformSelector(9, quotas={"z": 3}), {"groups": GROUP}, "quotas .*'z'"),
        (UniformSelector(9, quotas={"a": 10}), {"groups": GROUP}, "more than n_select"),
        (
            UniformSelector(200, quotas={"a": 150}),
            {"groups": GROUP},
            r"150 rows of group 'a', which has only \d+ rows",
        ),
        (UniformSelector(9), {"groups": GROUP[:-1]}, "groups must hold one group"),
        (UniformSelector(9), {"cost": COST}, "cost .*without budget"),
        (UniformSelector(None, budget=9), {}, "budget .*without cost"),
        (UniformSelector(9, budget=9), {"cost": COST}, "n_select=9 and budget=9"),
        (UniformSelector(None, budget=9), {"cost": -COST}, "cost must not be neg"),
        (UniformSelector(None, budget=9), {"cost": 0 * COST}, "cost must be positive"),
        (UniformSelector(None, budget=-9), {"cost": COST}, "budget"),
        (
            UniformSelector(None, budget=2),
            {"cost": COST, "include": MUSTS},
            "budget=2 is less than",
        ),
        (
            UniformSelector(None, budget=50, quotas={"a": 0.5}),
            {"cost": COST, "groups": GROUP},
            "share of the size",
        ),
        (
            UniformSelector(None, budget=50, design="priority"),
            {"cost": COST},
            "design='priority' cannot meet a budget",
        ),
        (UniformSelector(9), {"include": [N]}, f"include: there is no row {N}"),
        (UniformSelector(9), {"include": np.arange(10)}, "include .*n_select=9"),
        (UniformSelector(9), {"include": [3], "exclude": [3]}, "include and exclude"),
        (UniformSelector(9), {"exclude": np.arange(N)}, "exclude names every row"),
        (UniformSelector(9), {"exclude": [0.5]}, "exclude must hold row numbers"),
        (
            UniformSelector("auto", epsilon=0.5),
            {"include": [3]},
            "n_select='auto' lets UniformSelector find its size",
        ),
        (TAROT("auto"), {"include": [3]}, "n_select='auto' lets TAROT"),
        (DPPSelector(None), {"include": [3]}, "n_select=None lets DPPSelector"),
        (VolumeSelector(9, quotas={"a": 3}), {"groups": GROUP}, "VolumeSelector"),
        (LongestSelector(9), {"include": [3]}, "LongestSelector cannot take include"),
        (RS2(9), {"groups": GROUP}, "groups changes nothing in RS2 without quotas"),
        (RS2(9), {"cost": COST}, "RS2 cannot take cost"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_met_is_refused(selector, given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        selector.fit(X, Y, **given)


def test_rows_of_weight_0_cannot_be_certain():
    weight = WEIGHT.copy()
    weight[[7, 31]] = 0
    for selector in (UniformSelector(9), DPPSelector(9), GreedyDPPSelector(9)):
        with pytest.raises(ValueError, match=r"include names 2 row.*weight 0.* row 7"):
            selector.fit(X, Y, weight, include=MUSTS)


# --- what must not matter -------------------------------------------------------------

BY_RULES = [
    LeverageSelector(40, quotas={"a": 9, "b": 0.4}),
    LeverageSelector(60, quotas={"a": 9, "b": 0.4}, design="balanced"),
    LeverageSelector(None, budget=80.0),
    RS2(40, quotas={"a": 9}),
    GreedyDPPSelector(12, quotas={"a": 3}),
    TAROT(12, quotas={"a": 3}),
    DPPSelector(12),
]


@pytest.mark.parametrize("selector", BY_RULES, ids=lambda s: type(s).__name__)
def test_units_blocks_layouts_and_rows_of_weight_0_change_no_row(selector):
    weight = WEIGHT.copy()
    weight[200:] = 0
    selector.set_params(random_state=0)
    given = {"include": MUSTS, "exclude": BANNED}
    if selector.quotas:
        given["groups"] = GROUP
    if selector.budget:
        given["cost"] = COST
    wanted = selector.fit_select(X, None, weight, **given)
    for exponent in (-500, 500):
        made = selector.fit_select(X, None, np.ldexp(weight, exponent), **given)
        assert_array_equal(made.indices, wanted.indices)
        assert_allclose(np.ldexp(made.weights, -exponent), wanted.weights)
    rows = open_rows(X, None, weight, block_rows=7)
    assert selector.fit_select(rows, **given).indices.tolist() == [*wanted.indices]
    made = selector.fit_select(np.asfortranarray(X), None, weight, **given)
    assert_array_equal(made.indices, wanted.indices)
    some = {k: v[:200] if len(v) == N else v for k, v in given.items()}
    made = selector.fit_select(X[:200], None, weight[:200], **some)
    assert_array_equal(made.indices, wanted.indices)
    assert_allclose(made.weights, wanted.weights)
    restored = pickle.loads(pickle.dumps(selector))
    assert restored.select(random_state=4) == selector.select(random_state=4)


def test_metadata_routing_cuts_groups_and_masks_to_the_folds():
    selector = LeverageSelector(40, quotas={"c": 11}, random_state=0)
    mask = np.isin(np.arange(N), MUSTS)
    with config_context(enable_metadata_routing=True):
        asking = selector.set_fit_request(groups=True, include=True)
        model = CoresetEstimator(Ridge(fit_intercept=False), asking)
        done = cross_validate(
            model,
            X,
            Y.astype(float),
            cv=3,
            params={"groups": GROUP, "include": mask},
            return_estimator=True,
            return_indices=True,
        )
    for fitted, train in zip(done["estimator"], done["indices"]["train"], strict=True):
        chosen = train[fitted.selector_.sample_indices_]
        assert np.count_nonzero(GROUP[chosen] == "c") == 11
        assert np.isin(np.intersect1d(MUSTS, train), chosen).all()
