"""Losses: each value with its gradient right below it, and the registry LOSSES.

In every class t is the truth, y the prediction and e = y - t the error; ``per_sample`` is the
formula and ``slope`` its derivative with respect to y. K is the length of the last axis.
"""

import numpy as np

from dlkit import checks
from dlkit.activation_base import snake_case
from dlkit.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from dlkit.ctc import CTC
from dlkit.loss_base import EPSILON, Loss, check_probabilities
from dlkit.triplet import TripletLoss


class MeanSquaredError(Loss):
    """L = mean_k (y - t)²: the loss of regression; one far point weighs a lot."""

    def per_sample(self, y_true, y_pred):
        return np.mean((y_pred - y_true) ** 2, axis=-1)

    def slope(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / y_pred.shape[-1]


class MeanAbsoluteError(Loss):
    """L = mean_k |y - t|: every point pulls equally hard; the slope at 0 is taken as 0."""

    def per_sample(self, y_true, y_pred):
        return np.mean(np.abs(y_pred - y_true), axis=-1)

    def slope(self, y_true, y_pred):
        return np.sign(y_pred - y_true) / y_pred.shape[-1]


class Huber(Loss):
    """L = mean_k: e² / 2 where |e| ≤ delta, else delta |e| - delta² / 2 (Huber 1964).

    Parameters
    ----------
    delta : float
        Where the square turns into a straight line; above 0.
    """

    def __init__(self, delta=1.0):
        self.delta = checks.number("delta", delta, above=0)

    def per_sample(self, y_true, y_pred):
        e, delta = y_pred - y_true, self.delta
        return np.mean(
            np.where(np.abs(e) <= delta, e * e / 2, delta * np.abs(e) - delta**2 / 2), -1
        )

    def slope(self, y_true, y_pred):
        return np.clip(y_pred - y_true, -self.delta, self.delta) / y_pred.shape[-1]

    def arguments(self):
        return {"delta": self.delta}


class LogCosh(Loss):
    """L = mean_k log cosh(y - t): like e² / 2 near 0 and like |e| - log 2 far away.

    Written as |e| + log(1 + exp(-2 |e|)) - log 2, which never overflows.
    """

    def per_sample(self, y_true, y_pred):
        size = np.abs(y_pred - y_true)
        return np.mean(size + np.log1p(np.exp(-2 * size)) - np.log(2), axis=-1)

    def slope(self, y_true, y_pred):
        return np.tanh(y_pred - y_true) / y_pred.shape[-1]


class Hinge(Loss):
    """L = mean_k max(1 - t y, 0), t = ±1 (labels 0 and 1 are read as -1 and 1).

    Right answers beyond the margin of 1 cost nothing (Cortes and Vapnik 1995).
    """

    task_type = "classification"

    def targets(self, y_true, y_pred):
        t = super().targets(y_true, y_pred)
        return np.where(t == 0, -1, t).astype(t.dtype)

    def per_sample(self, y_true, y_pred):
        return np.mean(np.maximum(1 - y_true * y_pred, 0), axis=-1)

    def slope(self, y_true, y_pred):
        return -y_true * (1 - y_true * y_pred > 0) / y_pred.shape[-1]

    def check_shapes(self, y_true, y_pred):
        super().check_shapes(y_true, y_pred)
        labels = set(np.unique(y_true).tolist())
        if not (labels <= {0, 1} or labels <= {-1, 1}):
            listing = ", ".join(f"{label:g}" for label in sorted(labels)[:5])
            raise ValueError(f"y_true must hold -1 and 1 (or 0 and 1), but holds {listing}.")

    def metrics(self, y_true, y_pred):
        return {"accuracy": float(np.mean((y_pred > 0) == (self.targets(y_true, y_pred) > 0)))}


class KLDivergence(Loss):
    """L = Σ_k t log(t / y): how far the distribution y is from the distribution t.

    Both are cut to 1e-7 … 1 first, as in Keras (Kullback and Leibler 1951).
    """

    task_type = "classification"

    def per_sample(self, y_true, y_pred):
        t, y = np.clip(y_true, EPSILON, 1), np.clip(y_pred, EPSILON, 1)
        return np.sum(t * np.log(t / y), axis=-1)

    def slope(self, y_true, y_pred):
        t, y = np.clip(y_true, EPSILON, 1), np.clip(y_pred, EPSILON, 1)
        return -t / y * (y == y_pred)

    def check_domain(self, y_true, y_pred):
        check_probabilities("y_true", y_true)
        check_probabilities("y_pred", y_pred)

    def metrics(self, y_true, y_pred):
        truth = self.targets(y_true, y_pred).argmax(axis=-1)
        return {"accuracy": float(np.mean(y_pred.argmax(axis=-1) == truth))}


_REGRESSION = (MeanSquaredError, MeanAbsoluteError, Huber, LogCosh)
_CROSSENTROPIES = (BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy)
LOSSES = {
    snake_case(kind.__name__): kind
    for kind in (*_REGRESSION, *_CROSSENTROPIES, Hinge, KLDivergence, CTC, TripletLoss)
}
ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}


def get(loss, **arguments):
    """Return a loss by name, class, instance or saved configuration.

    Parameters
    ----------
    loss : str, type, Loss or dict
        ``"mean_squared_error"``, ``"MeanSquaredError"``, ``"mse"``, the class, an instance, or
        what ``get_config`` gave.
    **arguments
        For the constructor: ``get("huber", delta=0.5)``. They replace those of an instance.

    Returns
    -------
    Loss

    Raises
    ------
    TypeError, ValueError
        If it is unknown (the nearest name is suggested), or an argument is wrong.
    """
    if isinstance(loss, Loss):
        return _make(type(loss), {**loss.arguments(), **arguments}) if arguments else loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        return _make(loss, arguments)
    if isinstance(loss, dict) and "name" in loss:
        settings = {key: value for key, value in loss.items() if key != "name"}
        loss, arguments = loss["name"], {**settings, **arguments}
    if isinstance(loss, str):
        camel = {kind.__name__: name for name, kind in LOSSES.items()}
        loss = camel.get(loss, ALIASES.get(loss.lower(), loss))
    return _make(LOSSES[checks.choice("loss", loss, LOSSES)], arguments)


def _make(kind, arguments):
    known = list(kind().arguments()) if arguments else []
    for given in arguments:
        if given not in known:
            listing = ", ".join(known) or "none"
            raise TypeError(f"{kind.__name__} has no argument {given!r}; it knows: {listing}.")
    return kind(**arguments)


def default_loss(y, output_activation, output_shape):
    """Return the loss that fits the labels and the last activation of a network.

    Parameters
    ----------
    y : numpy.ndarray
        The truth: whole-number labels, one-hot rows, or numbers to regress.
    output_activation : str
        The name of the last activation; cross-entropy is taken on probabilities after
        ``"softmax"`` and ``"sigmoid"``, on logits after any other.
    output_shape : tuple of int
        The network's, without the batch.

    Returns
    -------
    Loss
        Cross-entropy after softmax or sigmoid and for whole-number labels with several outputs,
        else `MeanSquaredError`.

    Raises
    ------
    TypeError, ValueError
        If ``y`` holds no numbers, or another argument is of the wrong type.
    """
    y = checks.array("y", y)
    checks.text("output_activation", output_activation)
    output_shape = checks.shape("output_shape", output_shape)
    classes = output_shape[-1]
    one_hot = y.shape[1:] == tuple(output_shape)
    if output_activation == "sigmoid":
        return BinaryCrossentropy()
    labels = y.dtype.kind in "iub" and not one_hot and classes > 1
    if output_activation == "softmax":
        return CategoricalCrossentropy() if one_hot else SparseCategoricalCrossentropy()
    return SparseCategoricalCrossentropy(from_logits=True) if labels else MeanSquaredError()
