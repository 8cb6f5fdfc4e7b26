"""What the loop asks of an engine: NumPy's and Keras's answer the same few questions."""

from typing import Protocol, runtime_checkable

import numpy as np

from dlkit import checks, randomness


@runtime_checkable
class Engine(Protocol):
    """A model, its data and its optimizer, ready to train some batches at a time.

    The constructor of an engine takes ``(model, data, config)`` and checks all of them before any
    work. It remembers the model's weights of that moment: they are what `reset` brings back.
    """

    name: str
    batches_per_epoch: int

    def begin_epoch(self, epoch):
        """Put the samples in the order of ``epoch`` (counted from 1), see `epoch_order`."""

    def run(self, first, count):
        """Train on batches ``first`` to ``first + count - 1`` of this epoch (counted from 0).

        Returns
        -------
        numpy.ndarray, shape (count,), float64
            Loss of each batch, before its update.
        """

    def train_metrics(self):
        """Return this epoch's running means by name: ``loss``, and ``accuracy`` or ``mae``.

        Each batch weighs as many samples as it has, as in Keras.
        """

    def evaluate(self, part):
        """Return loss and metrics of ``part`` (``"train"`` or ``"validation"``) with the weights
        of now: ``(loss, {"accuracy": ...})``; ``(None, {})`` if there are no such data."""

    def predict(self, x):
        """Return the model's outputs for ``x``, first axis the samples."""

    def weights(self):
        """Return a copy of all weights and moving statistics, for `set_weights`."""

    def set_weights(self, weights):
        """Bring back what `weights` returned; the optimizer's state stays."""

    def snapshot(self):
        """Return a copy of everything that a step changes: weights, optimizer, random state."""

    def restore(self, snapshot):
        """Bring back what `snapshot` returned, to the bit."""

    def reset(self):
        """Go back to the initial weights, a fresh optimizer and the first random numbers."""

    def reconfigure(self, config):
        """Take another `TrainingConfig` without building the model anew, then `reset`.

        Raises ``ValueError`` and changes nothing if the model cannot be trained so.
        """

    def set_learning_rate(self, value):
        """Use another learning rate from the next step on."""


def all_done(epochs):
    """Return why a run ends that has come to the last of its epochs."""
    return f"all {epochs} epochs are done" if epochs > 1 else "its one epoch is done"


def epoch_order(number, seed, epoch, shuffle=True):
    """Return the order in which one epoch takes the samples; both engines use it.

    Parameters
    ----------
    number : int
        How many samples there are.
    seed : int
        The configuration's seed.
    epoch : int
        Counted from 1.
    shuffle : bool
        False leaves the samples as they are.

    Returns
    -------
    numpy.ndarray, shape (number,), int64
        A permutation that depends on the arguments alone, and not on what ran before.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """
    number = checks.whole_number("number", number, minimum=0, maximum=checks.LARGEST_LENGTH)
    seed = checks.whole_number("seed", seed, minimum=0)
    epoch = checks.whole_number("epoch", epoch)
    if not checks.truth_value("shuffle", shuffle):
        return np.arange(number)
    return np.random.default_rng(randomness.stream(seed, "shuffling", epoch)).permutation(number)
