r"""Probabilities of a classifier for other class shares than those of its training.

Let classes have shares :math:`\pi_c` where predictions are wanted, and :math:`\rho_c`
in the training, and let the rows of a class have the same distribution in both. By
Bayes' rule

.. math:: p(c \mid x) \propto p_\rho(c \mid x) \, \pi_c / \rho_c,

a shift of the logits by :math:`\log(\pi_c / \rho_c)`. If, of two classes, all rows of
the second were kept and a share :math:`\beta` of the first, this is
:math:`\beta p_\rho / (\beta p_\rho - p_\rho + 1)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from coreselect._typing import Floats
from coreselect._validation import as_array, check_nonnegative


def shift_priors(
    proba: ArrayLike, trained_priors: ArrayLike, priors: ArrayLike
) -> Floats:
    """Convert class probabilities to other class shares than those of the training.

    Parameters
    ----------
    proba : array-like of shape (n_rows, n_classes)
        Probabilities under the shares of the training.
    trained_priors : array-like of shape (n_classes,)
        Shares of the classes in the training, in any unit, such as numbers of rows.
    priors : array-like of shape (n_classes,)
        Shares of the classes where predictions are wanted, in any unit.

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_classes)
        Each row adds up to one.

    Raises
    ------
    ValueError
        If lengths differ, a share is negative or not finite, a class has the share 0 in
        the training but not in `priors`, or `priors` is 0 for every class that a row of
        `proba` allows.

    Notes
    -----
    O(n_rows x n_classes). Exact if only the shares differ, that is for random over- and
    under-sampling and for class weights. A sampler that makes rows or chooses them by
    their features (SMOTE, cleaning) changes more than the shares; those changes remain.

    References
    ----------
    .. [1] M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs of a
       classifier to new a priori probabilities", Neural Computation 14, 2002,
       :doi:`10.1162/089976602753284446`.
    .. [2] A. Dal Pozzolo, O. Caelen, R. Johnson, G. Bontempi, "Calibrating probability
       with undersampling for unbalanced classification", IEEE SSCI, 2015,
       :doi:`10.1109/SSCI.2015.33`.

    Examples
    --------
    Trained on equally many rows of both classes, used where the second is one in ten:

    >>> from coreselect.calibration import shift_priors
    >>> shift_priors([[0.5, 0.5], [0.1, 0.9]], [1, 1], [9, 1]).round(3)
    array([[0.9, 0.1],
           [0.5, 0.5]])
    """
    proba = as_array(proba, "proba")
    if proba.ndim != 2 or not proba.shape[1]:
        raise ValueError(
            "proba must have shape (n_rows, n_classes), one column per class, got an "
            f"array of shape {proba.shape}."
        )
    n_classes = proba.shape[1]
    flat = check_nonnegative(proba.ravel(), proba.size, "proba")
    proba = flat.reshape(proba.shape)
    old = check_shares(trained_priors, n_classes, "trained_priors")
    new = check_shares(priors, n_classes, "priors")
    if ((old == 0) & (new > 0)).any():
        column = int(np.argmax((old == 0) & (new > 0)))
        raise ValueError(
            f"trained_priors is 0 for the class of column {column}, but priors is not: "
            "a classifier that never saw a class knows nothing of it."
        )
    # In logarithms, so that no share is too small and no product underflows.
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(new > 0, np.log(new) - np.log(old), -np.inf)
        logits = np.log(proba) + np.where(np.isnan(shift), -np.inf, shift)
    if len(logits) and not np.isfinite(logits.max(axis=1)).all():
        row = int(np.argmin(np.isfinite(logits.max(axis=1))))
        raise ValueError(
            f"priors is 0 for all classes that have a probability above 0 in row "
            f"{row} of proba; give at least one of them a positive share."
        )
    return softmax(logits, axis=1)


def check_shares(values, n_classes, name):
    """Return shares of classes as float64; raise if one is negative or all are 0."""
    shares = check_nonnegative(values, None, name)
    if len(shares) != n_classes:
        raise ValueError(
            f"{name} has {len(shares)} values for {n_classes} classes; it needs one "
            "each."
        )
    if not shares.any():
        raise ValueError(f"{name} is zero for every class; give one a positive share.")
    return shares
