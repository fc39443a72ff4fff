"""Regression on selected rows: excess loss over the best fit, and time of the scores.

``python -m benchmarks.must_reach lewis regression`` prints the figures that must be
reached; the asv classes follow them over time.
"""

import numpy as np

from benchmarks import data
from benchmarks.data import DataUnavailable
from benchmarks.quality import calm, with_intercept

SIZE = 500
SEEDS = range(20)
MANY = 20_000  # rows from which fits go by the Gram matrix
POWERS = (0.5, 1, 1.5, 3, 4, 8, 20)


def least_squares(X, y, weight):
    """Return the coefficients that minimise the weighted sum of squares."""
    if len(X) > MANY:
        weighted = X * weight[:, None]
        return inverse(X.T @ weighted) @ (weighted.T @ y)
    root = np.sqrt(weight)
    return np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0]


def least_absolute(X, y, weight, n_iter=60):
    """Return approximate coefficients of least absolute deviations, by reweighting."""
    b = least_squares(X, y, weight)
    for _ in range(n_iter):
        r = np.abs(y - X @ b)
        b = least_squares(X, y, weight / np.maximum(r, 1e-6 * r.mean()))
    return b


def inverse(gram):
    """Return the pseudo-inverse of a Gram matrix."""
    scale = 1 / np.sqrt(gram.diagonal())
    values, vectors = np.linalg.eigh(gram * np.outer(scale, scale))
    kept = values > 1e-12 * values[-1]
    vectors = scale[:, None] * vectors[:, kept]
    return (vectors / values[kept]) @ vectors.T


FITS = {2: least_squares, 1: least_absolute}


def loss(X, y, b, p):
    """Return the sum of powers of absolute residuals."""
    return (np.abs(y - X @ b) ** p).sum()


def real(name):
    """Return standardised features with a column of ones, and the target."""
    X, y = data.load(name)
    return with_intercept(data.numeric(X)), np.asarray(y, dtype=np.float64)


def control():
    """Normal rows: no row matters more than another."""
    X = calm(20_000, 10)
    return X, X.sum(axis=1) + np.random.default_rng(1).standard_normal(len(X))


SETS = {
    "diamonds": lambda: real("diamonds"),
    "covtype": lambda: real("covtype"),
    "flat": control,
}


def first_order_best(X, y, b, p):
    """Return the scores that are best to first order, given the residuals.

    Let psi be the derivative of the loss and H its mean Hessian. To first order, the
    excess of a fit to independent draws is half the sum of ``psi(r)**2 x' H^-1 x /
    pi``, which is least for pi in proportion to ``|psi(r)| sqrt(x' H^-1 x)``. For p =
    1, H contains the density of the residuals at 0, estimated by a normal kernel.
    """
    r = np.abs(y - X @ b)
    if p == 2:
        # With plain residuals, rows that the fit passes through would never be drawn.
        slope, curvature = r + 0.3 * r.mean(), np.ones(len(X))
    else:
        slope, curvature = 1.0, np.exp(-0.5 * (r / np.median(r)) ** 2)
    lengths = np.einsum("ij,ij->i", X @ inverse(X.T @ (X * curvature[:, None])), X)
    return slope * np.sqrt(np.maximum(lengths, 0))


def excesses(X, y, p, size=SIZE, seeds=SEEDS):
    """Return excesses by scores, of uniform rows and at best; one row per seed."""
    from coreselect import LeverageSelector, LewisSelector, UniformSelector, draw

    fit = FITS[p]
    b = fit(X, y, np.ones(len(X)))
    best = loss(X, y, b, p)
    scored = LeverageSelector() if p == 2 else LewisSelector(p=p)
    scored.set_params(random_state=0).fit(X)
    uniform = UniformSelector(random_state=0).fit(X)
    scores = first_order_best(X, y, b, p)
    found = []
    for seed in seeds:
        selections = (
            scored.select(size, random_state=seed),
            uniform.select(size, random_state=seed),
            draw(scores, size, random_state=seed),
        )
        fits = [fit(*s.take(X, y), s.weights) for s in selections]
        found.append([loss(X, y, b, p) / best - 1 for b in fits])
    return np.array(found)


def ratio(above, below):
    """Return the ratio of two means and its standard error."""
    found = above.mean() / below.mean()
    parts = [(x.std(ddof=1) / x.mean()) ** 2 / len(x) for x in (above, below)]
    return found, found * np.sqrt(sum(parts))


def quality(options):
    """Compare excesses on real data with the limits.

    "At best" uses probabilities from the residuals of the fit to all rows, which are
    unknown before the fit. No scores of X alone can be expected to do better.
    """
    from benchmarks.figures import Figure

    limits = {"diamonds": 0.1, "covtype": 1 / 3, "flat": None}
    for name, load in SETS.items():
        try:
            X, y = load()
        except DataUnavailable as reason:
            print(f"{name}: skipped, {reason}")
            continue
        for size in (SIZE, 10 * SIZE):
            for p, scores in ((2, "leverage"), (1, "Lewis p = 1")):
                # A tie needs more draws to be recognised, and these fits are small.
                seeds = range(200) if name == "flat" else SEEDS
                ours, uniform, best = excesses(X, y, p, size, seeds).T
                section = f"{name}, {size} rows, loss |r|^{p}: mean relative excess"
                yield Figure(section, f"{scores}", ours.mean())
                yield Figure(section, "uniform", uniform.mean())
                share, error = ratio(ours, uniform)
                what = f"{scores} over uniform"
                limit = limits[name] if size == SIZE else None
                yield Figure(section, what, share, at_most=limit)
                yield Figure(section, f"{what}: standard error", error)
                if size == SIZE:
                    share, _ = ratio(best, uniform)
                    yield Figure(section, "at best over uniform", share)


def kinds_of_rows():
    """Return kinds of rows that may be hard for iterations for Lewis weights."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((300, 10))
    hot = np.eye(6)[rng.integers(0, 6, 1000)]
    return [
        normal,
        rng.standard_t(3, (2000, 60)),
        rng.standard_t(1, (2000, 20)),
        rng.standard_t(1, (2000, 20)) * np.exp(rng.standard_normal((2000, 1))),
        np.hstack([hot, rng.standard_t(2, (1000, 6))]),
        rng.standard_normal((22, 20)),
        normal[:, :4] * np.geomspace(1e-100, 1, 300)[:, None],
        np.vander(np.linspace(-1, 1, 500), 8),
        rng.standard_t(2, (1000, 10)) * np.geomspace(1, 1e-5, 10),
        np.vstack([normal, 1e8 * normal[:1]]),
    ]


def lewis(options):
    """Measure residuals and iterations on heavy tails, and time per leverage pass."""
    from benchmarks.figures import Figure, medians
    from coreselect.linalg import leverage_scores, lewis_weights

    X = np.random.default_rng(0).standard_t(1, size=(100_000, 20))
    section = "Lewis weights, 100,000 x 20, Cauchy rows"
    level = np.abs(np.log(leverage_scores(X) / (20 / len(X)))).max()
    for p in POWERS:
        found = lewis_weights(X, p, full_output=True)
        predicted = np.log(level / 1e-8) / np.log((p + 2) / abs(p - 2))
        name = f"p = {p}: "
        yield Figure(section, name + "residual", found.residual, at_most=1e-8)
        most = np.ceil(predicted) + 3
        yield Figure(section, name + "iterations", found.n_iter, at_most=most)
    X = np.random.default_rng(0).standard_normal((1_000_000, 20))
    calls = [lambda: lewis_weights(X, 1), lambda: leverage_scores(X)]
    ours, base = medians(calls, min(3, options.repeat))
    section = "Lewis weights, ten kinds of rows"
    for p in (0.1, 0.2, *POWERS, 5, 12, 30, 50, 100, 200, 300):
        residuals = [
            lewis_weights(A, p, max_iter=4000, full_output=True).residual
            for A in kinds_of_rows()
        ]
        yield Figure(section, f"p = {p}: residual", max(residuals), at_most=1e-8)
    section = "Lewis weights, 1,000,000 x 20, p = 1"
    yield Figure(section, "seconds", ours, "s")
    yield Figure(section, "times as long as leverage_scores", ours / base, at_most=30)


class Excess:
    """Excess of a fit to 500 rows, mean over 20 seeds, and that of uniform rows."""

    params = (["diamonds", "covtype", "flat"], [2, 1])
    param_names = ("data", "p")
    timeout = 600

    def setup_cache(self):
        """Compute each pair of figures once."""
        found = {}
        for name, load in SETS.items():
            try:
                X, y = load()
            except DataUnavailable:
                continue
            for p in FITS:
                found[name, p] = excesses(X, y, p).mean(axis=0)
        return found

    def track_scores(self, found, name, p):
        """Excess by leverage scores for p = 2, Lewis weights for p = 1."""
        return found[name, p][0] if (name, p) in found else np.nan

    def track_uniform(self, found, name, p):
        """Excess of as many uniform rows."""
        return found[name, p][1] if (name, p) in found else np.nan

    track_scores.unit = track_uniform.unit = "relative excess"


class Lewis:
    """Lewis weights of 100,000 x 20 heavy-tailed numbers."""

    params = (POWERS,)
    param_names = ("p",)
    timeout = 300

    def setup(self, p):
        """Make the rows; compile the kernels."""
        from coreselect.linalg import lewis_weights

        self.X = np.random.default_rng(0).standard_t(1, size=(100_000, 20))
        lewis_weights(self.X[:2000], p)

    def time_weights(self, p):
        """Time to a residual of 1e-8."""
        from coreselect.linalg import lewis_weights

        lewis_weights(self.X, p)

    def track_residual(self, p):
        """Relative error of the weights in their equation."""
        from coreselect.linalg import lewis_weights

        return lewis_weights(self.X, p, full_output=True).residual
