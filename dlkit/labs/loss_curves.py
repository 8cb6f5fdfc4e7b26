"""Losses as curves over a single prediction: the computation behind LossLab's upper pictures.

With two classes the model gives one number z, the logit of "yes"; p = σ(z) is its probability.
"""

import numpy as np

from dlkit import losses
from dlkit.activations import sigmoid

REGRESSION = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")
"""Losses of a number; after a sigmoid they can also be taken for two classes."""

CROSSENTROPIES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)

CURVES = (*REGRESSION, *CROSSENTROPIES, "hinge", "kl_divergence")
"""Every loss with a curve over one prediction; CTC reads whole texts, TripletLoss three points."""


def make_loss(name, delta, label_smoothing, from_logits):
    """Return the loss of that name with those of the arguments that it takes.

    Parameters
    ----------
    name : str
        One of ``CURVES``.
    delta : float
        Of Huber.
    label_smoothing : float
        Of the cross-entropies; the sparse one has none.
    from_logits : bool
        Of the cross-entropies.

    Returns
    -------
    Loss
    """
    offered = {"delta": delta, "label_smoothing": label_smoothing, "from_logits": from_logits}
    takes = losses.LOSSES[name]().arguments()
    return losses.get(name, **{key: offered[key] for key in takes})


def of_number(loss, truth, prediction):
    """Return the loss of each prediction of a number, and its slope there.

    Parameters
    ----------
    loss : Loss
        One of ``REGRESSION``.
    truth, prediction : numpy.ndarray, shape (points,)

    Returns
    -------
    value, slope : numpy.ndarray, shape (points,)
        Not averaged: each point has a loss of its own.
    """
    t, y = truth[:, None], prediction[:, None]
    return loss.per_sample(t, y), loss.slope(t, y)[:, 0]


def of_probability(loss, truth, p):
    """Return the loss of each probability of "yes", and its slope ∂L/∂p.

    Parameters
    ----------
    loss : Loss
        Any of ``CURVES`` but ``hinge``, which takes scores; cross-entropies with
        ``from_logits=False``.
    truth : numpy.ndarray, shape (points,)
        0 or 1.
    p : numpy.ndarray, shape (points,)
        Between 0 and 1.

    Returns
    -------
    value, slope : numpy.ndarray, shape (points,)
    """
    return _on_two_outputs(loss, truth, p, 1 - p) or of_number(loss, truth, p)


def of_logit(loss, truth, z):
    """Return the loss of each logit, and its slope ∂L/∂z.

    Parameters
    ----------
    loss : Loss
        Any of ``CURVES``; cross-entropies with ``from_logits=True``. Hinge takes z as its score,
        and all others take p = σ(z).
    truth : numpy.ndarray, shape (points,)
        0 or 1.
    z : numpy.ndarray, shape (points,)

    Returns
    -------
    value, slope : numpy.ndarray, shape (points,)
    """
    if loss.name in CROSSENTROPIES:
        return _on_two_outputs(loss, truth, z, np.zeros_like(z)) or of_number(loss, truth, z)
    if loss.name == "hinge":
        return of_number(loss, 2 * truth - 1, z)
    p, slope_of_sigmoid = sigmoid.forward(z), sigmoid.derivative(z)
    value, slope = of_probability(loss, truth, p)
    return value, slope * slope_of_sigmoid  # chain rule


def _on_two_outputs(loss, truth, yes, no):
    """Value and slope of a loss that wants an output per class, or None for any other."""
    if loss.name not in (*CROSSENTROPIES[1:], "kl_divergence"):
        return None
    outputs = np.column_stack([no, yes])
    t = truth.astype(int) if loss.name.startswith("sparse") else np.column_stack([1 - truth, truth])
    slope = loss.slope(t, outputs)
    if loss.from_logits:
        return loss.per_sample(t, outputs), slope[:, 1]  # the logit of "no" stays at 0
    return loss.per_sample(t, outputs), slope[:, 1] - slope[:, 0]  # what p gains, 1 - p loses
