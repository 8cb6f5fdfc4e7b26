"""The learning-rate range test: one short run whose rate grows with every batch."""

import dataclasses
import math

import numpy as np

from dlkit import checks
from dlkit.network import Network
from dlkit.training import owners
from dlkit.training.config import TrainingConfig, check_config
from dlkit.training.engine import engine_for
from dlkit.training.memory import remember

RISE = 4.0  # the run ends where the smoothed loss is this many times its lowest value
WARM_UP = 5  # steps before that may happen: the first batches differ by chance


@dataclasses.dataclass(frozen=True, eq=False)
class LearningRateRange:
    """What a range test saw; see `find_learning_rate`.

    Parameters
    ----------
    learning_rates : numpy.ndarray, shape (steps,), float64
        The rate of each step that was taken, rising.
    losses : numpy.ndarray, shape (steps,), float64
        Loss of each batch, before its step.
    smoothed : numpy.ndarray, shape (steps,), float64
        Their moving average.
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray

    @property
    def _lowest(self):
        return int(np.argmin(self.smoothed))

    @property
    def steepest(self):
        """The rate where the smoothed loss falls fastest over ``log(rate)``; None if it never does.

        Looked for before the lowest point of the curve, and after it has left its first level for
        good: while the rates are tiny, the average only jumps by chance. The level is the median of
        the first quarter; it is left where a tenth of the fall is done.
        """
        stop = self._lowest + 1
        if stop < 3:
            return None
        slopes = np.gradient(self.smoothed[:stop], np.log(self.learning_rates[:stop]))
        level, lowest = np.median(self.smoothed[: -(-stop // 4)]), self.smoothed[stop - 1]
        above = np.flatnonzero(self.smoothed[:stop] >= level - 0.1 * (level - lowest))
        first = int(above[-1]) if level > lowest else 0
        steepest = first + int(np.argmin(slopes[first:]))
        return float(self.learning_rates[steepest]) if slopes[steepest] < 0 else None

    @property
    def one_tenth(self):
        """A tenth of the rate at which the smoothed loss is lowest; None if it never fell."""
        return None if self.steepest is None else float(self.learning_rates[self._lowest] / 10)

    @property
    def suggestion(self):
        """The smaller one of `steepest` and `one_tenth`; None if the loss never fell."""
        return None if self.steepest is None else min(self.steepest, self.one_tenth)

    @property
    def summary(self):
        """What was found, in words."""
        first, last = self.learning_rates[0], self.learning_rates[-1]
        tried = f"Learning rates from {first:.2g} to {last:.2g} in {len(self.losses)} steps: "
        if self.suggestion is None:
            return tried + (
                "the loss never fell, so nothing is suggested. Try more steps, a smaller minimum, "
                "or look at the data and the loss."
            )
        return tried + (
            f"the loss falls fastest at {self.steepest:.2g}; a tenth of the rate of the lowest "
            f"loss is {self.one_tenth:.2g}. Suggested: {self.suggestion:.2g}."
        )


def find_learning_rate(
    model, data, config=None, *, minimum=1e-5, maximum=10.0, steps=200, smoothing=0.95
):
    r"""Train for a moment with a growing learning rate, and suggest one from the losses.

    The rate of step ``i`` is :math:`\eta_i = \eta_{min} (\eta_{max}/\eta_{min})^{i/(n-1)}`. The
    losses are smoothed, :math:`s_i = (\beta s_{i-1} + (1-\beta) L_i)` and divided by
    :math:`1-\beta^{i+1}`. The test ends early where the smoothed loss is four times its lowest
    value, or not finite. Two rules read the curve: where it falls fastest, and a tenth of the rate
    where it is lowest. The model is left as it was: weights, moving statistics, random numbers;
    a job that rests on it goes on as if nothing had been.

    Parameters
    ----------
    model : Network or keras.Model
        Trained for ``steps`` batches, then put back.
    data : Data
        Its training part is used.
    config : TrainingConfig, optional
        Optimizer, batch size, loss and seed; its learning rate and schedule are not used.
    minimum, maximum : float
        The first and the last learning rate, ``0 < minimum < maximum``.
    steps : int
        Batches to train on, 10 or more.
    smoothing : float
        :math:`\beta`, at least 0 and below 1; 0 leaves the losses as they are.

    Returns
    -------
    LearningRateRange
        With ``suggestion``, ``steepest``, ``one_tenth`` and the curve.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or model, data and configuration do not fit each other.
    RuntimeError
        If a job is training the Keras model now.

    Notes
    -----
    Source: L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017,
    section 3.3. The suggestion depends on the optimizer and the batch size: test again when you
    change them.
    """
    config = check_config(TrainingConfig() if config is None else config)
    minimum = checks.number("minimum", minimum, above=0)
    maximum = checks.number("maximum", maximum, above=0)
    if minimum >= maximum:
        raise ValueError(
            f"minimum must be below maximum, but got minimum={minimum:g} and maximum={maximum:g}."
        )
    steps = checks.whole_number("steps", steps, minimum=10, maximum=100_000)
    smoothing = checks.number("smoothing", smoothing, minimum=0, below=1)
    config = config.replace(
        learning_rate=minimum,
        learning_rate_schedule=None,
        gradient_accumulation_steps=1,  # each batch has a learning rate, and a step, of its own
        record_layers=False,
    )
    if isinstance(model, Network):
        model = model.copy()
    with owners.borrowed(model):
        put_back = remember(model)  # making an engine begins Keras's optimizer and seeds anew
        try:
            engine = engine_for(model, data, config)
            return _range_test(engine, np.geomspace(minimum, maximum, steps), smoothing)
        finally:
            put_back()


def _range_test(engine, rates, smoothing):
    losses, smoothed, average = [], [], 0.0
    for step, rate in enumerate(rates):
        epoch, batch = divmod(step, engine.batches_per_epoch)
        if batch == 0:
            engine.begin_epoch(epoch + 1)
        engine.set_learning_rate(float(rate))
        (loss,) = engine.run(batch, 1)
        if not math.isfinite(loss):
            break
        average = smoothing * average + (1 - smoothing) * float(loss)
        losses.append(float(loss))
        smoothed.append(average / (1 - smoothing ** (step + 1)))
        if step >= WARM_UP and smoothed[-1] > RISE * min(smoothed):
            break
    if not losses:
        raise ValueError(
            f"data give a loss that is not finite at the very first step (learning rate "
            f"{rates[0]:g}): look for values that are far too large, or lower minimum."
        )
    return LearningRateRange(rates[: len(losses)], np.array(losses), np.array(smoothed))
