r"""
Accuracy against time: a fresh subset every epoch
=================================================

A perceptron is trained in three ways: on all rows in every epoch, on a new random tenth
in every epoch (RS2), and on the same tenth in all epochs. The number of epochs is the
same for all.
"""

# %%
# The data and the model
# ----------------------

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from coreselect import RS2, UniformSelector

X, y = make_classification(
    n_samples=25_000,
    n_features=20,
    n_informative=12,
    n_classes=5,
    n_clusters_per_class=4,
    class_sep=2.0,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    X.astype(np.float32), y, test_size=5000, random_state=0, stratify=y
)
n, classes = len(X_train), np.unique(y)
n_epochs, fraction, seeds = 15, 0.1, range(3)


def train(rows_of_epoch, seed):
    """Return test accuracy and seconds of training after every epoch."""
    model = MLPClassifier(
        (64,), learning_rate_init=0.005, batch_size=64, random_state=seed
    )
    accuracy, seconds, spent = [], [], 0.0
    for epoch in range(n_epochs):
        start = time.perf_counter()
        rows = rows_of_epoch(epoch)
        model.partial_fit(X_train[rows], y_train[rows], classes=classes)
        spent += time.perf_counter() - start
        accuracy.append(model.score(X_test, y_test))
        seconds.append(spent)
    return accuracy, seconds


# %%
# Which rows in which epoch
# -------------------------
#
# RS2 adds a single call to a training loop: ``round(t)``.


def all_rows(seed):
    """Every row in every epoch, in a new order."""
    rng = np.random.default_rng(seed)
    return lambda epoch: rng.permutation(n)


def fresh_rows(seed):
    """A new tenth in every epoch."""
    return RS2(fraction, random_state=seed).fit(X_train).round


def static_rows(seed):
    """One tenth, in a new order in every epoch."""
    rng = np.random.default_rng(seed)
    rows = UniformSelector(fraction, random_state=seed).fit(X_train).sample_indices_
    return lambda epoch: rng.permutation(rows)


ways = {"all rows": all_rows, "RS2, a tenth": fresh_rows, "one tenth": static_rows}
results = {
    name: [train(way(seed), seed) for seed in seeds] for name, way in ways.items()
}

# %%
# Accuracy against time
# ---------------------
#
# Lines are medians over three seeds; thin lines are single runs. After fifteen epochs
# RS2 has used every row once or twice, while the static tenth has used the same 2,000
# rows fifteen times.

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, runs), colour in zip(results.items(), ("C7", "C0", "C1"), strict=True):
    accuracy, seconds = np.moveaxis(np.array(runs), 1, 0)
    for one in range(len(runs)):
        axis.plot(seconds[one], accuracy[one], color=colour, alpha=0.25, linewidth=1)
    axis.plot(
        np.median(seconds, axis=0),
        np.median(accuracy, axis=0),
        color=colour,
        marker="o",
        markersize=4,
        label=name,
    )
axis.set(xscale="log", xlabel="seconds of training", ylabel="accuracy", ylim=(0.65, 1))
axis.grid(alpha=0.3)
axis.legend(frameon=False)
axis.set_title("Fifteen epochs each")
plt.show()

# %%
# Training on the static tenth stops improving. RS2 stays on the curve of all rows,
# since without replacement T epochs on a fresh tenth are T / 10 ordinary epochs. The
# benchmark ``rs2_time_to_accuracy.py`` compares this with subsets chosen by leverage,
# by k-center and by scores of a network.

for name, runs in results.items():
    final = [accuracy[-1] for accuracy, _ in runs]
    print(f"{name:13} accuracy {np.mean(final):.3f}")
