"""Allocation beside equal sizes, shares and the oracle, at equal budget.

::

    python -m benchmarks.allocation
    python -m benchmarks.must_reach allocation

Three groups with a linear model each, of 80, 15 and 5 % of the population; rows of the
smaller groups cost more and are noisier. The excess of least squares with n rows is
``s**2 d / (n - d - 1)`` in expectation, so that the best sizes are known: the oracle's.
"""

import sys
from types import SimpleNamespace

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks.figures import Figure, line
from coreselect.allocation import (
    AllocationSelector,
    RoundAllocator,
    allocate,
    learning_curves,
    neyman,
)

D, BUDGET = 10, 3000
SHARE = np.array([0.8, 0.15, 0.05])
COST = np.array([1.0, 2.0, 4.0])
DEVIATION = np.array([1.0, 2.0, 4.0])
NAMES = ["large", "small", "rare"]
SEEDS = 20


def excess(sizes):
    """Return the expected excess loss of every group."""
    return DEVIATION**2 * D / (sizes - D - 1)


def oracle(objective):
    """Return the best sizes, as if the excess were known."""
    slope = DEVIATION**2
    if objective == "mean":
        slope = np.sqrt(SHARE * DEVIATION**2 / COST)
    return D + 1 + slope * (BUDGET - (D + 1) * COST.sum()) / (COST @ slope)


def by_share():
    return BUDGET * SHARE / (COST @ SHARE)


def equal():
    return np.full(3, BUDGET / COST.sum())


def by_pilot(losses_of, n_rounds=6):
    """Return Neyman's sizes by the losses of a first round of equal sizes.

    A loss of ``c / n`` that counts by its share is a variance ``(W S)**2 / n`` with
    ``S = sqrt(c / W)``.
    """
    pilot = equal() / n_rounds
    deviation = np.sqrt(losses_of(pilot) * pilot / SHARE)
    found = neyman(SHARE, deviation, BUDGET, cost=COST)
    return np.maximum(found.relaxed, pilot)


def in_rounds(objective, n_rounds, losses_of):
    """Return the sizes that a `RoundAllocator` collects."""
    rounds = RoundAllocator(
        BUDGET,
        cost=dict(zip(NAMES, COST, strict=True)),
        weight=dict(zip(NAMES, SHARE, strict=True)),
        objective=objective,
    )
    for _ in range(n_rounds):
        rounds.ask(BUDGET / n_rounds)
        sizes = np.array([rounds.sizes[name] for name in NAMES])
        rounds.tell(dict(zip(NAMES, losses_of(sizes), strict=True)))
    return sizes


def noisy(rng):
    """Return a function that measures losses with 10 % noise."""
    return lambda sizes: excess(sizes) * (1 + 0.1 * rng.normal(size=3))


def simulated():
    """Yield weighted and worst losses of each way to share the budget."""
    ways = {
        "by share": lambda rng: by_share(),
        "equal sizes": lambda rng: equal(),
        "Neyman from a pilot": lambda rng: by_pilot(noisy(rng)),
        "6 rounds": lambda rng: in_rounds("mean", 6, noisy(rng)),
        "10 rounds for the worst": lambda rng: in_rounds("worst", 10, noisy(rng)),
        "oracle": lambda rng: oracle("mean"),
        "oracle for the worst": lambda rng: oracle("worst"),
    }
    section = f"least squares in 3 groups, losses 10 % off, {SEEDS} seeds"
    weighted, worst = {}, {}
    for name, way in ways.items():
        losses = [excess(way(np.random.default_rng(seed))) for seed in range(SEEDS)]
        weighted[name], worst[name] = (
            SHARE @ np.transpose(losses),
            np.max(losses, axis=1),
        )
        for kind, found in (("weighted", weighted[name]), ("worst", worst[name])):
            yield Figure(section, f"{kind} excess, {name}", found.mean())
            error = found.std(ddof=1) / np.sqrt(SEEDS)
            if error > 1e-12:
                yield Figure(section, f"  standard error of {kind}, {name}", error)
    mean = weighted["6 rounds"].mean()
    ratio = mean / weighted["oracle"].mean()
    yield Figure(section, "weighted, 6 rounds / oracle", ratio, "x", at_most=1.05)
    ratio = weighted["by share"].mean() / mean
    yield Figure(section, "weighted, by share / 6 rounds", ratio, "x", at_least=1.5)
    ratio = (
        worst["10 rounds for the worst"].mean() / worst["oracle for the worst"].mean()
    )
    yield Figure(section, "worst, 10 rounds / oracle", ratio, "x", at_most=1.05)


def rows(rng, n=40_000):
    """Return rows of three groups with a model each, and the group of each."""
    group = rng.choice(3, n, p=SHARE)
    Z = rng.normal(size=(n, D))
    X = np.hstack([Z * (group == g)[:, None] for g in range(3)])
    return X, X.sum(axis=1) + DEVIATION[group] * rng.normal(size=n), group


def drawn():
    """Yield what models reach that are fitted to rows of each way."""
    section = f"models fitted to drawn rows, {SEEDS} data sets"
    model = LinearRegression(fit_intercept=False)
    found = {"by share": [], "equal sizes": [], "4 rounds": [], "oracle": []}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        X, y, group = rows(rng)
        selector = AllocationSelector(budget=BUDGET, estimator=model, random_state=seed)
        costs = dict(enumerate(COST))
        taken = selector.fit_select(X, y, groups=group, cost=costs).indices
        sizes = {
            "by share": by_share(),
            "equal sizes": equal(),
            "oracle": oracle("mean"),
        }
        members = [np.flatnonzero(group == g) for g in range(3)]
        chosen = {"4 rounds": taken} | {
            name: np.concatenate(
                [
                    rng.choice(rows_of, int(n), replace=False)
                    for rows_of, n in zip(members, s, strict=True)
                ]
            )
            for name, s in sizes.items()
        }
        for name, numbers in chosen.items():
            error = model.fit(X[numbers], y[numbers]).coef_ - 1
            found[name].append((error.reshape(3, D) ** 2).sum(axis=1))
    weighted = {name: np.mean(losses, axis=0) @ SHARE for name, losses in found.items()}
    for name, losses in found.items():
        error = (losses @ SHARE).std(ddof=1) / np.sqrt(SEEDS)
        yield Figure(section, f"weighted excess, {name}", weighted[name])
        yield Figure(section, f"  standard error, {name}", error)
        yield Figure(section, f"worst excess, {name}", np.max(losses, axis=1).mean())
    ratio = weighted["by share"] / weighted["4 rounds"]
    yield Figure(section, "weighted, by share / 4 rounds", ratio, "x", at_least=1.5)


def told():
    """Yield what is reported where there is nothing to gain, and of a floor."""
    section, told = "what is reported", 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        Z, group = rng.normal(size=(600, 3)), np.arange(600) % 2
        y = Z.sum(axis=1) + rng.normal(size=600)
        curves = learning_curves(LinearRegression(), Z, y, group, random_state=seed)
        told += any("No gain" in note for note in allocate(200, curves).notes)
    name = f"of {SEEDS} shared models, reported as no gain"
    yield Figure(section, name, told, at_least=SEEDS)
    curves = [[1, 1, 0], [1, 1, 0.1]]
    worst = allocate(30, curves, objective="worst")
    regret = allocate(30, curves, objective="regret")
    name = "rows that a floor of .1 takes of 30, worst"
    yield Figure(section, name, worst.sizes[1])
    yield Figure(section, "reported as trapped", len(worst.notes), at_least=1)
    yield Figure(section, "rows under regret", regret.sizes[1], at_most=15)


def figures(options=None):
    """Yield all figures."""
    yield from simulated()
    yield from drawn()
    yield from told()


class Allocation:
    """asv: the ratios that have limits."""

    timeout = 600

    def track_rounds_beside_oracle(self):
        """At most 1.05."""
        return self._value(simulated, "weighted, 6 rounds / oracle")

    def track_share_beside_rounds_on_drawn_rows(self):
        """At least 1.5."""
        return self._value(drawn, "weighted, by share / 4 rounds")

    def _value(self, section, name):
        (value,) = (figure.value for figure in section() if figure.name == name)
        return float(value)


def main():
    missed = 0
    for figure in figures(SimpleNamespace()):
        print(line(figure))
        missed += figure.reached is False
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
