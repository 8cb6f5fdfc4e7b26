"""What LossLab shows of one loss: its line, the same without the wrong points, and who pulls."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dlkit.labs.loss_curves import CROSSENTROPIES, make_loss, of_logit, of_number, of_probability
from dlkit.labs.loss_data import Sample, snow_or_rain, thermometers
from dlkit.labs.loss_fit import Fit, balancing, fit, pulls
from dlkit.loss_base import Loss


@dataclass(frozen=True)
class Data:
    """Which points the lines are fitted to.

    Parameters
    ----------
    task : str
        ``"regression"`` (thermometers) or ``"classification"`` (snow or rain).
    outliers : int
        How many points are wrong.
    distance : float
        By how much, in °C.
    snow : int
        Snowy days in 100; for classification only.
    balance : bool
        Whether both classes weigh alike; for classification only.
    seed : int
    """

    task: str
    outliers: int
    distance: float
    snow: int = 0
    balance: bool = False
    seed: int = 0

    @property
    def classes(self):
        """Whether the truth is one of two classes."""
        return self.task == "classification"

    def sample(self):
        """Return the points."""
        if self.classes:
            return snow_or_rain(self.outliers, self.distance, self.snow, self.seed)
        return thermometers(self.outliers, self.distance, self.seed)


@dataclass(frozen=True, eq=False)
class Measured:
    """A loss and what came of it.

    Parameters
    ----------
    loss : Loss
    sample : Sample
    line, clean : Fit
        With all points, and without the wrong ones.
    pull : numpy.ndarray, shape (points,)
        How hard each point pulls the clean line up, as a share of all pull there.
    """

    loss: Loss
    sample: Sample
    line: Fit
    clean: Fit
    pull: np.ndarray

    @property
    def wrong_share(self):
        """The share of the pull that comes from the wrong points, between 0 and 1."""
        return float(np.abs(self.pull[self.sample.wrong]).sum())

    @property
    def accuracy(self):
        """The share of the rightly noted days that the line gets right."""
        right = ~self.sample.wrong
        return float(np.mean((self.line(self.sample.x) > 0)[right] == self.sample.y[right]))

    @property
    def found(self):
        """How many of the truly snowy days the line calls snowy, and how many there are."""
        snowy = ~self.sample.wrong & (self.sample.y == 1)
        return int(np.sum(self.line(self.sample.x)[snowy] > 0)), int(snowy.sum())


def measure(name, delta, label_smoothing, data):
    """Return what a loss makes of the data; the fits are kept.

    Parameters
    ----------
    name : str
        One of ``loss_curves.CURVES``.
    delta, label_smoothing : float
        Of the losses that have them.
    data : Data

    Returns
    -------
    Measured
    """
    # What a loss has not must not make it a new one.
    delta = delta if name == "huber" else 1.0
    label_smoothing = label_smoothing if name in CROSSENTROPIES[:2] else 0.0
    return _measure(name, float(delta), float(label_smoothing), data)


@lru_cache(maxsize=512)
def _measure(name, delta, label_smoothing, data):
    loss = make_loss(name, delta, label_smoothing, from_logits=True)
    sample, classes = data.sample(), data.classes
    weights = balancing(sample.y) if classes and data.balance else np.ones(len(sample.y))
    right = ~sample.wrong
    line = fit(loss, sample.x, sample.y, weights, classes)
    clean = line
    if data.outliers:
        clean = fit(loss, sample.x[right], sample.y[right], weights[right], classes)
    return Measured(
        loss, sample, line, clean, pulls(loss, sample.x, sample.y, weights, classes, clean)
    )


def curve(loss, truth, given, over):
    """Return loss and slope of each prediction, as the loss is given it.

    Parameters
    ----------
    loss : Loss
        With ``from_logits`` as ``over`` says.
    truth : float
    given : numpy.ndarray, shape (points,)
        Numbers, logits or probabilities.
    over : str
        ``"number"``, ``"logit"`` or ``"probability"``.

    Returns
    -------
    value, slope : numpy.ndarray, shape (points,)
    """
    of = {"number": of_number, "logit": of_logit, "probability": of_probability}[over]
    return of(loss, np.full(given.shape, float(truth)), given)
