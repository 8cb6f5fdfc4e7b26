"""The curves of a run, read from anywhere, and the few numbers that a diagnosis asks of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dlkit import checks
from dlkit.training.layer_curves import read_layers

ACCURACIES = (
    "accuracy",
    "acc",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)


FEWEST_VALIDATED = 10
"""Samples of validation below which its curves say nothing: one sample is more than 10 points of
accuracy, and the rules look for gaps from 8 points on."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What a run left behind, one entry per epoch, with the measures taken from it.

    Parameters
    ----------
    loss : ndarray, shape (epochs,)
        Training loss.
    val_loss, accuracy, val_accuracy : ndarray, shape (epochs,), optional
        None where they were not recorded.
    batch_losses : ndarray, shape (batches,)
        Loss of each batch; empty where unknown.
    stop_reason : str
        Why the run ended, in words; "" where unknown.
    config : TrainingConfig, optional
        What the run was asked to do.
    baseline_loss, baseline_accuracy : float, optional
        What the best constant prediction reaches.
    layers : tuple of LayerCurves
        Empty where layers were not recorded.
    unscaled : str
        A sentence if the training inputs are far from mean 0 and standard deviation 1, else "".
    too_few_validated : int
        Samples of a validation part that is too small, whose curves were left out; else 0.
    """

    loss: np.ndarray
    val_loss: np.ndarray | None = None
    accuracy: np.ndarray | None = None
    val_accuracy: np.ndarray | None = None
    batch_losses: np.ndarray = ()
    stop_reason: str = ""
    config: object = None
    baseline_loss: float | None = None
    baseline_accuracy: float | None = None
    layers: tuple = ()
    unscaled: str = ""
    too_few_validated: int = 0

    @property
    def epochs(self):
        """Epochs that were finished."""
        return len(self.loss)

    @property
    def finite(self):
        """Whether every loss is a finite number, of epochs and of batches."""
        known = [self.loss, np.asarray(self.batch_losses, dtype=float)]
        known += [] if self.val_loss is None else [self.val_loss]
        return all(np.isfinite(values).all() for values in known)

    @property
    def start(self):
        """The loss before learning: of the best constant, or the first batch, or the first epoch."""
        if self.baseline_loss is not None:
            return self.baseline_loss
        if len(self.batch_losses) and np.isfinite(self.batch_losses[0]):
            return abs(float(self.batch_losses[0]))
        return abs(float(self.loss[0]))

    @property
    def end(self):
        """The training loss at the end: the median of the last three epochs."""
        return float(np.median(self.loss[-3:]))

    @property
    def val_end(self):
        """The validation loss at the end: the median of the last three epochs."""
        return float(np.median(self.val_loss[-3:]))

    @property
    def best(self):
        """Index of the epoch with the lowest validation loss (training loss if there is none)."""
        return int(np.argmin(self.loss if self.val_loss is None else self.val_loss))

    @property
    def explained(self):
        """Share of the starting loss that training has removed, 1 at most."""
        return (self.start - self.end) / self.start if self.start > 0 else 0.0

    @property
    def steadiness(self):
        """How much of the early pace of falling is left: fall of the second half / of the first.

        0 for a curve that has gone flat, 1 for a straight line, more for one that speeds up. It
        is 0 as well if the second half's fall is no larger than its own jitter.
        """
        half = self.epochs // 2
        early, late = self.loss[0] - self.loss[half], self.loss[half] - self.loss[-1]
        steps = -np.diff(self.loss[half:])
        jitter = steps.std() / np.sqrt(len(steps)) if len(steps) else 0.0
        if late <= 2 * jitter or late <= 1e-6 * self.start:
            return 0.0
        return late / early if early > 0 else np.inf

    @property
    def flat(self):
        """Whether the second half of the run took less than 4 % of the starting loss away."""
        half = self.epochs // 2
        return abs(float(np.median(self.loss[half : half + 3])) - self.end) < 0.04 * self.start

    @property
    def at_chance(self):
        """Whether the run ends no better than guessing.

        With the data known: training and validation loss of the best constant. Without: cross-entropy
        and accuracy of even guesses among K classes belong together, log K and 1 / K; or an
        accuracy of about one half or less has not grown since the first epoch.
        """
        if self.baseline_loss is not None:
            if self.val_loss is not None:
                held_out = self.val_end > 0.95 * self.baseline_loss
                return held_out and self.end > 0.925 * self.baseline_loss
            lucky = self.accuracy is not None and (
                np.median(self.accuracy[-3:]) > self.baseline_accuracy + 0.05
            )
            return self.end > 0.97 * self.baseline_loss and not lucky
        if self.accuracy is None:
            return False
        accuracy = float(np.median(self.accuracy[-3:]))
        grown = accuracy - float(self.accuracy[0])
        # Two classes: a loss just below log 2 goes with an accuracy well above one half already.
        even = accuracy <= (1.1 if self.end < 1.0 else 1.4) * np.exp(-self.end)
        return self.end >= 0.5 and bool(even or (accuracy < 0.55 and grown < 0.03))

    @property
    def good_accuracy(self):
        """Whether accuracy has come most of the way from guessing to 1; None if not recorded."""
        if self.accuracy is None:
            return None
        known = self.accuracy if self.val_accuracy is None else self.val_accuracy
        floor = 0.5 if self.baseline_accuracy is None else self.baseline_accuracy
        return float(np.median(known[-3:])) >= floor + 0.6 * (1 - floor)

    @property
    def below_zero(self):
        """Whether the loss starts at 0 or goes below it, so that shares of it mean nothing."""
        return bool(self.epochs) and bool(self.loss[0] <= 0 or self.loss.min() < 0)

    @property
    def largest_class_only(self):
        """Whether the accuracy is no more than the share of one large class, which hides others."""
        if self.accuracy is None or self.baseline_accuracy is None or self.baseline_accuracy < 0.8:
            return False
        return float(np.median(self.accuracy[-3:])) <= self.baseline_accuracy + 0.005

    def jumps(self, values, share, floor):
        """Return the indices at which a curve rises by more than ``share`` of its last value.

        Parameters
        ----------
        values : ndarray, shape (epochs,)
        share : float
            Rise relative to the value before it.
        floor : float
            Rises below this share of the starting loss do not count.
        """
        rise = np.diff(values)
        before = np.abs(values[:-1])
        return np.flatnonzero((rise > share * before) & (rise > floor * self.start)) + 1


def read_curves(history, data=None):
    """Return the `Curves` of a run.

    Parameters
    ----------
    history : History, Keras History, or mapping of lists
        Must have ``loss``; ``val_loss``, ``accuracy`` and ``val_accuracy`` are used if there.
    data : Data, optional
        What the run was trained on: tells what guessing would reach.

    Returns
    -------
    Curves

    Raises
    ------
    TypeError, ValueError
        If it is no history, if ``loss`` is missing, or if the lists are not numbers of one length.
    """
    values = columns(history)
    if "loss" not in values:
        keys = ", ".join(map(repr, values)) or "nothing"
        raise ValueError(f"history must hold 'loss', one number per epoch, but it holds {keys}.")
    found = {"loss": "loss"} | ({"val_loss": "val_loss"} if "val_loss" in values else {})
    for key in ACCURACIES:
        if key in values and "accuracy" not in found:
            found["accuracy"] = key
            if f"val_{key}" in values:
                found["val_accuracy"] = f"val_{key}"
    curves = {field: values[key] for field, key in found.items()}
    for field in ("accuracy", "val_accuracy"):
        curve = curves.get(field, np.zeros(1))
        known = curve[np.isfinite(curve)]
        if ((known < 0) | (known > 1)).any():
            raise ValueError(
                f"{found[field]!r} must lie between 0 and 1, but reaches {known.max():g}. "
                "Divide percentages by 100."
            )
    few = _too_few_validated(data)
    if few and np.isfinite(curves.get("val_loss", np.nan)).all():
        curves = {name: curve for name, curve in curves.items() if not name.startswith("val_")}
    else:
        few = 0
    batch_losses = getattr(history, "batch_losses", None)
    config = getattr(history, "config", None)
    baseline_loss, baseline_accuracy = baseline(data, config)
    return Curves(
        **curves,
        batch_losses=np.asarray(() if batch_losses is None else batch_losses, dtype=float),
        stop_reason=str(getattr(history, "stop_reason", None) or ""),
        config=config,
        baseline_loss=baseline_loss,
        baseline_accuracy=baseline_accuracy,
        layers=read_layers(history),
        unscaled=unscaled(data),
        too_few_validated=few,
    )


def columns(history):
    """Return the lists of a history as arrays, one entry per epoch.

    Parameters
    ----------
    history : History, Keras History, or mapping of lists

    Returns
    -------
    dict of str to ndarray
        Lists that are None are left out.

    Raises
    ------
    TypeError, ValueError
        If it is no history, or if the lists are not numbers, of one length.
    """
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping):
        raise TypeError(
            "history must be a History or a dictionary of lists such as {'loss': [...], "
            f"'val_loss': [...]}}, but got {checks.describe(history)}."
        )
    if not values and values is not history:  # a run that has not finished an epoch yet
        values = {"loss": []}
    curves = {str(key): _curve(key, list_) for key, list_ in values.items() if list_ is not None}
    lengths = {key: len(curve) for key, curve in curves.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{key!r} has {length}" for key, length in lengths.items())
        raise ValueError(f"The lists in history must have one entry per epoch, but {listing}.")
    return curves


def baseline(data, config=None):
    """Return loss and accuracy of the best constant prediction, None each where unknown.

    Cross-entropy: the entropy of the class shares; accuracy: the share of the largest class; mean
    squared error: the variance of the targets. All of the training part. With class weights
    nothing is known: such a run is to be good at rare classes, which costs loss and accuracy.
    """
    if data is None or getattr(config, "class_weight", None) is not None:
        return None, None
    for name in ("task_type", "x_train", "y_train"):
        if not hasattr(data, name):
            raise TypeError(f"data must be a Data, but got {checks.describe(data)}.")
    loss = getattr(config, "loss", None)
    loss = str(getattr(loss, "name", loss) or "").replace("_", "").lower()
    if data.task_type == "regression":
        known = loss in ("", "mse", "meansquarederror")
        return (float(data.y_train.var(axis=0).mean()) if known else None), None
    shares = np.bincount(data.labels("train").ravel()) / data.labels("train").size
    shares = shares[shares > 0]
    known = loss == "" or loss.endswith("crossentropy")
    return (float(-(shares * np.log(shares)).sum()) if known else None), float(shares.max())


def unscaled(data):
    """Return a sentence if the training inputs as a whole are far from where layers expect them."""
    if data is None or data.x_train.dtype.kind != "f":
        return ""
    mean, spread = float(data.x_train.mean()), float(data.x_train.std())
    if abs(mean) <= 3 * max(spread, 1e-12) and 0.01 <= spread <= 10:
        return ""
    return f"The training inputs have mean {mean:.3g} and standard deviation {spread:.3g}."


def _too_few_validated(data):
    """Return how many samples validate if they are too few to tell anything, else 0."""
    part = getattr(data, "x_validation", None)
    return 0 if part is None or len(part) >= FEWEST_VALIDATED else len(part)


def _curve(name, values):
    return checks.array(
        f"history[{name!r}]", values, ndim=1, finite=False, dtype="float64", allow_empty=True
    )
