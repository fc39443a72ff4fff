"""Empirical certificates: the worst of many random models, and of models near these.

Take the largest error of N models that were drawn independently. With confidence
1 - c**N, it bounds the error of another such model with probability at least c. This
holds for any distribution of models. Local ascent can only raise the reported error.
"""

import numpy as np
from scipy import sparse

from coreselect._numbers import in_units
from coreselect.linalg import leverage_whitening
from coreselect.neighbors import NearestCenters, check_centers

_ROUNDS = 12  # rounds of ascent, one pass over the data each
_CANDIDATES = 8  # models tried in each round


def totals(rows, loss, queries):
    """Return the weighted sum of a loss over all rows, for every query."""

    def of_block(block):
        return np.array([block.weight @ loss(block, query) for query in queries])

    return rows.reduce(of_block, np.add)


def worst(rows, selection, loss, draw, queries, n_queries, rng, move):
    """Return the extreme ratios over queries, and over those of a local ascent.

    `loss(block, query)` gives one number per row. `queries` are tried if given, else
    `n_queries` that `draw(rng)` draws. Ascent starts from the worst ones: `move(query,
    step, rng)` gives a query nearby; None means no ascent. The result is the smallest
    and the largest ratio, and the number of queries tried.
    """
    chosen = rows.gather(selection.indices)._replace(weight=selection.weights)

    def ratios(tried):
        full = totals(rows, loss, tried)
        part = np.array([chosen.weight @ loss(chosen, query) for query in tried])
        with np.errstate(divide="ignore", invalid="ignore"):
            found = part / full
        return np.where(full == 0, np.where(part == 0, 1.0, np.inf), found)

    if queries is None:
        queries = [draw(rng) for _ in range(n_queries)]
    found = ratios(queries)
    if not np.isfinite(found).any():
        return found.min(), found.max(), len(queries)
    lower, upper, n_tried = found.min(), found.max(), len(queries)
    if move is None:
        return lower, upper, n_tried
    # Climb from the smallest ratio downwards and from the largest upwards. The step is
    # halved if no candidate is better.
    for best, sign in ((int(found.argmin()), -1), (int(found.argmax()), 1)):
        query, value, step = queries[best], sign * found[best], 0.5
        for _ in range(_ROUNDS):
            near = [move(query, step, rng) for _ in range(_CANDIDATES)]
            tried = sign * ratios(near)
            n_tried += len(near)
            k = int(np.argmax(tried))
            if tried[k] > value:
                query, value = near[k], tried[k]
            else:
                step /= 2
        lower, upper = min(lower, sign * value), max(upper, sign * value)
    return lower, upper, n_tried


def coverage(confidence, n_queries):
    """Return the coverage of the largest of N errors at a confidence level."""
    return float((1 - confidence) ** (1 / n_queries))


# --- linear models ----------------------------------------------------------------


def linear_queries(rows, fit_intercept):
    """Return functions that draw and move coefficients, scaled to the data.

    Linear functions with these coefficients have a root mean square of about 0.1 to 10
    over the rows.
    """
    whitening = leverage_whitening(rows, fit_intercept=fit_intercept)
    # Coefficients are T z: the linear function then has values A T z, with A T
    # orthonormal. So its size over all rows is the length of z, whatever the units and
    # the dependence of the columns.
    transform = whitening.transform
    if whitening.scale is not None:
        transform = transform * whitening.scale[:, None]
    total = rows.total_weight
    transform = transform * np.sqrt(total / max(1, transform.shape[1]))

    def draw(rng):
        size = 10.0 ** rng.uniform(-1, 1)
        return size * transform @ rng.standard_normal(transform.shape[1])

    def move(query, step, rng):
        return query * np.exp(0.3 * step * rng.standard_normal()) + step * draw(rng)

    return draw, move


def residual_queries(rows, n_features, fit_intercept):
    """Return functions that draw and move coefficients of regressions.

    `rows` are `WithTargets` with a single target, which is column `n_features`.
    """
    # A residual is a linear function of features and targets whose coefficient of the
    # target is -1: a drawn one is divided by that coefficient.
    draw_any, _ = linear_queries(rows, fit_intercept)

    def draw(rng):
        whole = draw_any(rng)
        target = whole[n_features]
        return np.delete(whole, n_features) / (-target if target else 1.0)

    def move(query, step, rng):
        return query + step**2 * (draw(rng) - query)

    return draw, move


def user_loss(function):
    """Turn ``function(X, y, query)`` into a loss of blocks that checks its result."""

    def loss(block, query):
        values = np.asarray(function(block.X, block.y, query), dtype=np.float64)
        if values.shape != (block.X.shape[0],):
            raise ValueError(
                f"objective must return one loss per row, shape ({block.X.shape[0]},), "
                f"but returned shape {values.shape}."
            )
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                "objective must return finite losses of at least 0, but returned "
                f"{values[row]} for row {block.start + row} and the query {query!r}."
            )
        return values

    return loss


# --- clusters ---------------------------------------------------------------------


def cluster_queries(rows, selection, n_clusters, scale):
    """Return functions that draw and move centres.

    With equal probability, a draw consists of rows drawn by weight among all rows, or
    of k-means++ seeds of the selected rows.
    """
    from sklearn.cluster import kmeans_plusplus

    # Both kinds of draws matter: rows drawn among all may lie where the selection has
    # none, and seeds of the selection are what a fit to it would start from.
    X = in_units(rows.gather(selection.indices).X, scale)
    k = min(n_clusters, X.shape[0])
    weight = rows.each_weight()
    chance = np.cumsum(weight) / weight.sum()

    def draw(rng):
        if rng.random() < 0.5:
            at = np.searchsorted(chance, rng.random(n_clusters))
            found = rows.gather(np.minimum(at, rows.n_rows - 1)).X
        else:
            seed = int(rng.integers(2**31))
            found = kmeans_plusplus(
                X, k, sample_weight=selection.weights, random_state=seed
            )[0]
            found = found / scale
        found = found.toarray() if sparse.issparse(found) else found
        return np.array(found, dtype=np.float64)

    def move(query, step, rng):
        moved = query.copy()
        # Half of the moves replace one centre, half jitter all of them. The division by
        # the largest entry keeps the standard deviation from overflowing.
        at = rng.integers(len(query))
        if rng.random() < 0.5:
            moved[at] = draw(rng)[0]
        else:
            largest = abs(query).max() or 1.0
            spread = largest * ((query / largest).std(axis=0) + 1e-12)
            moved += step * spread * rng.standard_normal(query.shape)
        return moved

    return draw, move


def distance_to_centers(scale, power):
    """Return the loss of centres: a power of `scale` times the nearest distance."""
    # The scale cancels in ratios of sums, and keeps squares from over- and underflow.

    def loss(block, centers):
        centers = check_centers(centers, block.X.shape[1])
        return NearestCenters(centers, scale).find(block.X)[1] ** (power / 2)

    return loss
